//! Automatic answers: what an account says while nobody reads, the answers owed, and whom it answered last. An answer is owed
//! from the transaction on that stores the letter, and written in the one that strikes it off: a crash neither doubles nor
//! loses it. Decides about no letter.

use crate::Error;
use crate::db::{Row, Value, values};
use crate::deliver::{self, prepare};
use crate::id::*;
use crate::listed::{Listed, Rows};
use crate::noun::{Delivery, Placed};
use crate::store::Store;

const GET: &str = "SELECT is_on, from_at, until_at, subject, text, set_by, set_at FROM auto_answer WHERE account_id = $1";
const SET: &str = "INSERT INTO auto_answer (account_id, is_on, from_at, until_at, subject, text, set_by, set_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (account_id) DO UPDATE SET is_on = excluded.is_on, \
     from_at = excluded.from_at, until_at = excluded.until_at, subject = excluded.subject, text = excluded.text, \
     set_by = excluded.set_by, set_at = excluded.set_at";
const ON: &str = "SELECT account_id FROM auto_answer WHERE is_on = 1";
const DUE: &str = "SELECT id, account_id, recipient, sender, subject, message_id, refs, trace_id, tries, next_at \
     FROM answer_due WHERE next_at <= $1 ORDER BY next_at, id LIMIT $2";
const STRIKE: &str = "DELETE FROM answer_due WHERE id = $1";
const LATER: &str = "UPDATE answer_due SET tries = tries + 1, next_at = $2 WHERE id = $1";
/// Only where the last answer is old enough: two letters at once are answered once.
const CLAIM: &str = "INSERT INTO answered (account_id, sender, at) VALUES ($1, $2, $3) \
     ON CONFLICT (account_id, sender) DO UPDATE SET at = excluded.at WHERE answered.at <= $4 RETURNING at";
const LAST: &str = "SELECT at FROM answered WHERE account_id = $1 AND sender = $2";
const SINCE: &str = "SELECT COUNT(*) FROM answered WHERE account_id = $1 AND at >= $2";
const FORGET: &str = "DELETE FROM answered WHERE account_id = $1";
const SWEEP: &str = "DELETE FROM answered WHERE at < $1";
pub(crate) const INSERT_DUE: Listed = Listed::new(
    "iitttttiii",
    "INSERT INTO answer_due (id, account_id, recipient, sender, subject, message_id, refs, trace_id, tries, next_at) \
     VALUES {}",
);
pub(crate) const SQL: &[&str] = &[
    GET, SET, ON, DUE, STRIKE, LATER, CLAIM, LAST, SINCE, FORGET, SWEEP,
];
pub(crate) const LISTED: &[&Listed] = &[&INSERT_DUE];

/// What an account answers by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoAnswer {
    pub is_on: bool,
    /// Letters from this time on are answered, unix ms; `None`: at once.
    pub from_at: Option<i64>,
    /// ... until before this one; `None`: until it is turned off.
    pub until_at: Option<i64>,
    /// "": the subject of the letter.
    pub subject: String,
    pub text: String,
    pub set_by: PrincipalId,
    pub set_at: i64,
}

/// An answer owed to a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerDue {
    pub id: i64,
    pub account: AccountId,
    /// The return path of the letter.
    pub recipient: String,
    /// Its author, lower case.
    pub sender: String,
    pub subject: String,
    pub message_id: Option<String>,
    pub references: Vec<String>,
    pub trace: TraceId,
    /// Begun so far.
    pub tries: u32,
    pub next_at: i64,
}

/// What became of an answer that was owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    Sent(Vec<Placed>),
    /// This sender had an answer lately: struck off without a letter.
    Lately,
    /// Somebody else saw to it.
    Gone,
}

/// The rows of answers owed, for the transaction that stores the letters.
pub(crate) fn rows<'a>(all: impl Iterator<Item = &'a AnswerDue>, rows: &mut Vec<Rows>) {
    let due: Vec<Value> = all
        .flat_map(|one| {
            values![
                one.id,
                one.account,
                &one.recipient,
                &one.sender,
                &one.subject,
                one.message_id.as_deref(),
                one.references.join(" "),
                one.trace,
                i64::from(one.tries),
                one.next_at,
            ]
        })
        .collect();
    rows.push((&INSERT_DUE, due));
}

fn due_row(row: &Row) -> Result<AnswerDue, Error> {
    Ok(AnswerDue {
        id: row.int(0)?,
        account: AccountId(row.int(1)?),
        recipient: row.text(2)?,
        sender: row.text(3)?,
        subject: row.text(4)?,
        message_id: row.opt_text(5)?,
        references: row.str(6)?.split_whitespace().map(str::to_owned).collect(),
        trace: TraceId(row.int(7)?),
        tries: row.small(8)?,
        next_at: row.int(9)?,
    })
}

impl Store {
    /// How many an account has answered since a time.
    pub async fn answers_since(&self, account: AccountId, since: i64) -> Result<i64, Error> {
        let row = self.row(SINCE, values![account, since]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    pub async fn auto_answer(&self, account: AccountId) -> Result<Option<AutoAnswer>, Error> {
        let Some(row) = self.row(GET, values![account]).await? else {
            return Ok(None);
        };
        Ok(Some(AutoAnswer {
            is_on: row.flag(0)?,
            from_at: row.opt_int(1)?,
            until_at: row.opt_int(2)?,
            subject: row.text(3)?,
            text: row.text(4)?,
            set_by: PrincipalId(row.int(5)?),
            set_at: row.int(6)?,
        }))
    }

    /// Sets it; everybody may be answered anew.
    pub async fn auto_answer_set(&self, account: AccountId, new: AutoAnswer) -> Result<(), Error> {
        self.write(move |txn| {
            Box::pin(async move {
                let values = values![
                    account,
                    new.is_on,
                    new.from_at,
                    new.until_at,
                    new.subject,
                    new.text,
                    new.set_by,
                    new.set_at
                ];
                txn.conn.run(SET, values).await?;
                txn.conn.run(FORGET, values![account]).await?;
                Ok(())
            })
        })
        .await
    }

    /// Accounts whose answers are turned on, whatever the dates.
    pub async fn auto_answers_on(&self) -> Result<Vec<AccountId>, Error> {
        let rows = self.rows(ON, values![]).await?;
        rows.iter().map(|row| Ok(AccountId(row.int(0)?))).collect()
    }

    /// Answers owed by now, oldest first.
    pub async fn answers_due(&self, now: i64, rows: usize) -> Result<Vec<AnswerDue>, Error> {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let due = self.rows(DUE, values![now, rows]).await?;
        due.iter().map(due_row).collect()
    }

    /// When an account last answered this sender.
    pub async fn answered_at(
        &self,
        account: AccountId,
        sender: &str,
    ) -> Result<Option<i64>, Error> {
        let row = self.row(LAST, values![account, sender]).await?;
        row.map(|row| row.int(0)).transpose()
    }

    /// Strikes an answer off without a letter.
    pub async fn answer_struck(&self, id: i64) -> Result<(), Error> {
        self.change_any(STRIKE, values![id]).await.map(drop)
    }

    /// Puts one off that could not be written now.
    pub async fn answer_later(&self, id: i64, next_at: i64) -> Result<(), Error> {
        self.change_any(LATER, values![id, next_at]).await.map(drop)
    }

    /// Writes the answer and strikes it off, in one transaction, unless this sender was answered after `lately`.
    pub async fn answer_send(
        &self,
        due: &AnswerDue,
        (now, lately): (i64, i64),
        delivery: Delivery,
    ) -> Result<Answered, Error> {
        let (id, account, sender) = (due.id, due.account, due.sender.clone());
        let prepared = prepare(delivery, self.bodies_folder()).await?;
        self.write(move |txn| {
            Box::pin(async move {
                if txn.conn.run(STRIKE, values![id]).await? == 0 {
                    return Ok(Answered::Gone);
                }
                let claim = values![account, sender, now, lately];
                if txn.conn.row(CLAIM, claim).await?.is_none() {
                    return Ok(Answered::Lately);
                }
                let placed = deliver::write(txn, &[&prepared]).await?;
                Ok(Answered::Sent(placed.into_iter().flatten().collect()))
            })
        })
        .await
    }

    /// Forgets answers before a time.
    pub async fn answered_sweep(&self, before: i64) -> Result<u64, Error> {
        self.change_any(SWEEP, values![before]).await
    }
}
