//! "Trả lời tự động khi vắng mặt": what an account answers by itself, set by its owner or the keepers of a unit's mailbox, and
//! which letters are owed an answer. Owed answers are written by `job`. (RFC 3834)

mod job;
mod question;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use store::*;

use crate::access::{Access, Right};
use crate::{Error, Mailroom, limits};

pub(crate) use job::answer_what_is_owed;

const DAY_MS: i64 = 86_400_000;

/// What a person wrote into the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerWords {
    pub is_on: bool,
    /// The first moment, unix ms.
    pub from_at: Option<i64>,
    /// The moment after the last.
    pub until_at: Option<i64>,
    pub subject: String,
    pub text: String,
}

/// Why it was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AnswerFault {
    NoText,
    TooLong,
    /// The last day lies before the first.
    Backwards,
    /// The last day is over.
    Over,
}

/// A letter that was accepted, as far as answers are concerned.
pub(crate) struct Accepted<'a> {
    pub raw: &'a [u8],
    pub mail_from: &'a str,
    pub trace: TraceId,
}

impl Access {
    /// What this account answers by itself, as it was last set.
    pub async fn auto_answer(&self) -> Result<Option<AutoAnswer>, Error> {
        self.need(Right::Keep).await?;
        Ok(self.room.store().auto_answer(self.account).await?)
    }

    /// Sets it; audited without the words.
    pub async fn auto_answer_set(
        &self,
        words: AnswerWords,
    ) -> Result<Result<(), AnswerFault>, Error> {
        self.need(Right::Keep).await?;
        let now = self.room.now();
        if let Some(fault) = fault(&words, now) {
            return Ok(Err(fault));
        }
        let new = AutoAnswer {
            is_on: words.is_on,
            from_at: words.from_at,
            until_at: words.until_at,
            subject: words.subject.trim().to_owned(),
            text: words.text.trim_end().to_owned(),
            set_by: self.actor.principal,
            set_at: now,
        };
        self.room.store().auto_answer_set(self.account, new).await?;
        self.room.directory_changed();
        let owner = self.room.store().principal(self.account.into()).await?;
        let (address, unit) = owner.map_or_else(Default::default, |one| (one.address, one.unit));
        let detail = if words.is_on { "on" } else { "off" };
        self.room
            .audit(&self.actor, "answer.set", &address, unit, detail)
            .await?;
        Ok(Ok(()))
    }
}

fn fault(words: &AnswerWords, now: i64) -> Option<AnswerFault> {
    let backwards =
        matches!((words.from_at, words.until_at), (Some(from), Some(until)) if until <= from);
    if words.subject.chars().count() > limits::ANSWER_SUBJECT_CHARS_MAX
        || words.text.chars().count() > limits::ANSWER_TEXT_CHARS_MAX
    {
        return Some(AnswerFault::TooLong);
    }
    if !words.is_on {
        return None;
    }
    if words.text.trim().is_empty() {
        return Some(AnswerFault::NoText);
    }
    if backwards {
        return Some(AnswerFault::Backwards);
    }
    words
        .until_at
        .is_some_and(|until| until <= now)
        .then_some(AnswerFault::Over)
}

/// Whether it answers now.
fn is_in_force(answer: &AutoAnswer, now: i64) -> bool {
    answer.is_on
        && answer.from_at.is_none_or(|from| from <= now)
        && answer.until_at.is_none_or(|until| now < until)
}

impl Mailroom {
    /// Answers owed to a letter whose author is proven and that goes into these inboxes: only to accounts it names in To or
    /// Cc, and not where the author had one lately.
    pub(crate) async fn answers_owed(
        &self,
        letter: &Accepted<'_>,
        accounts: impl Iterator<Item = AccountId>,
    ) -> Result<Vec<AnswerDue>, Error> {
        let away = self.away().await?;
        let mut away: HashSet<AccountId> = accounts.filter(|one| away.contains(one)).collect();
        if away.is_empty() {
            return Ok(Vec::new());
        }
        let Some(asked) = question::of(letter.raw, letter.mail_from) else {
            return Ok(Vec::new());
        };
        if let Some(author) = self.principal_at(&asked.sender).await? {
            away.remove(&author.id.into());
        }
        let mut owed = Vec::new();
        for name in &asked.named {
            let Some(named) = self.principal_at(name).await? else {
                continue;
            };
            let account = AccountId::from(named.id);
            // Each account once, however often it is named.
            if away.remove(&account) && self.owes(account, &asked.sender).await? {
                owed.push(AnswerDue {
                    id: self.store().next_id(self.now()),
                    account,
                    recipient: letter.mail_from.to_owned(),
                    sender: asked.sender.clone(),
                    subject: asked.subject.clone(),
                    message_id: asked.message_id.clone(),
                    references: asked.references.clone(),
                    trace: letter.trace,
                    tries: 0,
                    next_at: self.now(),
                });
            }
        }
        Ok(owed)
    }

    async fn owes(&self, account: AccountId, sender: &str) -> Result<bool, Error> {
        let now = self.now();
        let on = self.store().auto_answer(account).await?;
        if !on.is_some_and(|on| is_in_force(&on, now)) {
            return Ok(false);
        }
        let last = self.store().answered_at(account, sender).await?;
        Ok(last.is_none_or(|at| at <= now - limits::ANSWER_AGAIN_DAYS * DAY_MS))
    }

    /// Accounts that answer by themselves; most letters cost no look at a table.
    async fn away(&self) -> Result<Arc<HashSet<AccountId>>, Error> {
        let epoch = self.0.rights_epoch.load(Ordering::Acquire);
        let now = self.now();
        if let Some(kept) = self.0.away.find(epoch, now) {
            return Ok(kept);
        }
        let accounts = self.store().auto_answers_on().await?;
        Ok(self.0.away.keep(epoch, now, accounts.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_at() {
        let words = AnswerWords {
            is_on: true,
            text: "Tôi đi công tác.".into(),
            ..AnswerWords::default()
        };
        let dated = |from, until| AnswerWords {
            from_at: from,
            until_at: until,
            ..words.clone()
        };
        for (words, expected) in [
            (words.clone(), None),
            (dated(Some(5), Some(20)), None),
            (dated(Some(20), Some(20)), Some(AnswerFault::Backwards)),
            (dated(None, Some(10)), Some(AnswerFault::Over)),
            (
                AnswerWords {
                    text: " \n".into(),
                    ..words.clone()
                },
                Some(AnswerFault::NoText),
            ),
            (AnswerWords::default(), None),
            (
                AnswerWords {
                    subject: "x".repeat(limits::ANSWER_SUBJECT_CHARS_MAX + 1),
                    ..words.clone()
                },
                Some(AnswerFault::TooLong),
            ),
        ] {
            assert_eq!(fault(&words, 10), expected, "{words:?}");
        }
    }

    #[test]
    fn the_last_moment_is_not_answered() {
        let answer = AutoAnswer {
            is_on: true,
            from_at: Some(10),
            until_at: Some(20),
            subject: String::new(),
            text: "x".into(),
            set_by: PrincipalId(1),
            set_at: 0,
        };
        for (now, answers) in [(9, false), (10, true), (19, true), (20, false)] {
            assert_eq!(is_in_force(&answer, now), answers, "{now}");
        }
        let off = AutoAnswer {
            is_on: false,
            ..answer
        };
        assert!(!is_in_force(&off, 15));
    }
}
