//! Writes the answers that are owed: one short letter each, to the return path, from the null sender, within the day's
//! sending limits, never about itself. What cannot be written now waits; what cannot be written at all is struck off.
//! (RFC 3834 §3, §4)

use std::sync::{Arc, Weak};
use std::time::Duration;

use store::*;
use tokio::sync::Notify;

use super::is_in_force;
use crate::compose::{self, Composed};
use crate::directory::Recipient;
use crate::receive::places::Places;
use crate::receive::{Peer, RcptTo, Verdict, fields};
use crate::room::Room;
use crate::{Error, Mailroom, derive, header, limits, mask};

/// Fields that keep programs from answering the answer. (RFC 3834 §5; the other is Exchange's)
const BY_ITSELF: &str = "Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\n";

/// Runs as long as the room: woken by letters, and now and then for what a crash or another process left.
pub(crate) async fn answer_what_is_owed(room: Weak<Room>, owed: Arc<Notify>) {
    let pause = Duration::from_secs(limits::ANSWERS_LOOK_EVERY_SECS);
    loop {
        tokio::select! {
            () = owed.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
        let Some(room) = room.upgrade().map(Mailroom) else {
            return;
        };
        if let Err(cause) = room.answer_all_due().await {
            tracing::warn!(%cause, "cannot see which answers are owed");
        }
    }
}

impl Mailroom {
    /// Writes every answer that is owed by now; how many left.
    pub async fn answer_all_due(&self) -> Result<usize, Error> {
        let _turn = self.0.answers_turn.lock().await;
        let mut left = 0;
        loop {
            let due = self
                .store()
                .answers_due(self.now(), limits::ANSWERS_AT_ONCE)
                .await?;
            let last = due.len() < limits::ANSWERS_AT_ONCE;
            for one in due {
                match self.answer(&one).await {
                    Ok(sent) => left += usize::from(sent),
                    Err(cause) => self.answer_put_off(&one, &cause).await?,
                }
            }
            if last {
                return Ok(left);
            }
        }
    }

    /// A fault of ours: tried again a few times, later and later.
    async fn answer_put_off(&self, due: &AnswerDue, cause: &Error) -> Result<(), Error> {
        tracing::warn!(trace = %due.trace, %cause, tries = due.tries, "an automatic answer was not written");
        if due.tries >= limits::ANSWER_TRIES_MAX {
            return Ok(self.store().answer_struck(due.id).await?);
        }
        let next_at = self.now() + limits::ANSWER_RETRY_MS * (i64::from(due.tries) + 1);
        Ok(self.store().answer_later(due.id, next_at).await?)
    }

    /// One answer; false where none is to be given any more.
    async fn answer(&self, due: &AnswerDue) -> Result<bool, Error> {
        let now = self.now();
        let set = self.store().auto_answer(due.account).await?;
        let owner = self.store().principal(due.account.into()).await?;
        let (Some(set), Some(owner)) = (set, owner) else {
            return self.unanswered(due, "nobody answers").await;
        };
        if !is_in_force(&set, now) || owner.status == Status::Disabled {
            return self.unanswered(due, "turned off meanwhile").await;
        }
        let Some(mut places) = self.answer_place(&due.recipient).await? else {
            return self.unanswered(due, "no single mailbox to answer to").await;
        };
        self.outside_to_sink(&mut places).await?;
        // A bound of its own: strangers who write must not use up what the absent person may send.
        let since = now - super::DAY_MS;
        if self.store().answers_since(due.account, since).await? >= limits::ANSWERS_DAY_MAX {
            return self.unanswered(due, "enough answers in 24 hours").await;
        }
        let delivery = self.answer_delivery(due, &set, &owner, &places).await?;
        let bytes = delivery.body.raw.len();
        let lately = now - limits::ANSWER_AGAIN_DAYS * super::DAY_MS;
        let answered = self
            .store()
            .answer_send(due, (now, lately), delivery)
            .await?;
        let Answered::Sent(placed) = answered else {
            return Ok(false);
        };
        self.0
            .sizes
            .grew(placed.iter().map(|one| one.account), bytes);
        metrics::counter!("congthu_auto_answers_total").increment(1);
        tracing::info!(trace = %due.trace, to = %mask(&due.recipient), "answered automatically");
        Ok(true)
    }

    async fn unanswered(&self, due: &AnswerDue, why: &str) -> Result<bool, Error> {
        tracing::info!(trace = %due.trace, to = %mask(&due.recipient), why, "not answered");
        self.store().answer_struck(due.id).await?;
        Ok(false)
    }

    /// Where the answer goes: one mailbox, here or elsewhere, never a list.
    async fn answer_place(&self, to: &str) -> Result<Option<Places>, Error> {
        let resolved = self.resolve(to).await?;
        let single = match &resolved {
            Recipient::Local { accounts, outside } => accounts.len() == 1 && outside.is_empty(),
            Recipient::Elsewhere { .. } | Recipient::Full(_) => true,
            Recipient::Returns { .. } | Recipient::Unknown | Recipient::Disabled => false,
        };
        let to = RcptTo {
            address: to.to_owned(),
            // Whoever wrote need not hear that an answer did not arrive.
            notify: Some("NEVER".into()),
            orcpt: None,
            resolved,
        };
        Ok(single.then(|| Places::of(&[to], Verdict::Inbox)))
    }

    async fn answer_delivery(
        &self,
        due: &AnswerDue,
        set: &AutoAnswer,
        owner: &Principal,
        places: &Places,
    ) -> Result<Delivery, Error> {
        let now = self.now();
        let trace = self.new_trace();
        let raw = self.answer_letter(due, set, owner, trace)?;
        let note = format!("trả lời tự động cho {}", due.trace);
        let mut events = places.events(&note);
        events.extend(places.outside().into_iter().map(|recipient| NewEvent {
            recipient,
            event: "queued",
            code: None,
            detail: note.clone(),
        }));
        Ok(Delivery {
            trace: Some(NewTrace {
                id: trace,
                direction: "local",
                at: now,
                peer_ip: String::new(),
                helo: String::new(),
                tls: String::new(),
                principal: Some(owner.id),
                mail_from: String::new(),
                auth_results: String::new(),
                events,
            }),
            body: derive::body(self.store(), now, raw.into()).await?,
            copies: places.copies(now),
            submission: places.submission(
                self,
                due.account,
                String::new(),
                &None,
                &None,
                false,
                now,
            ),
            replaces: Vec::new(),
        })
    }

    fn answer_letter(
        &self,
        due: &AnswerDue,
        set: &AutoAnswer,
        owner: &Principal,
        trace: TraceId,
    ) -> Result<Vec<u8>, Error> {
        let now = self.now();
        let subject = if set.subject.is_empty() {
            format!("Trả lời tự động: {}", due.subject)
        } else {
            set.subject.clone()
        };
        let letter = compose::letter(&Composed {
            from: (owner.name.clone(), owner.address.clone()),
            to: vec![(String::new(), due.recipient.clone())],
            subject: &subject,
            text: &set.text,
            message_id: self.new_message_id(&owner.address, now),
            in_reply_to: due.message_id.clone(),
            references: due.references.clone(),
            at: now,
            ..Composed::default()
        })?;
        let peer = Peer {
            helo: self.policy().host_name.clone(),
            ..Peer::default()
        };
        let mut front = fields::front(&fields::Arrival {
            host_name: &self.policy().host_name,
            peer: &peer,
            trace,
            mail_from: "",
            only_recipient: Some(&due.recipient),
            smtputf8: !due.recipient.is_ascii(),
            authenticated: false,
            auth_results: "",
            at: now,
        });
        front.push_str(BY_ITSELF);
        Ok(header::rewritten(front.as_bytes(), &letter, &[]))
    }
}
