//! Letters kept apart: committed like any other, in no mailbox, so that no mail program and no search meets them. They stay
//! until their owner takes or removes them. Decides nothing about what is suspicious.

use crate::Error;
use crate::db::{Row, Value, values};
use crate::deliver::{self, INSERT_EVENT, event_values};
use crate::id::*;
use crate::listed::{Listed, insert};
use crate::noun::*;
use crate::store::Store;

pub(crate) const INSERT: Listed = Listed::new(
    "iiiittii",
    "INSERT INTO quarantine (id, account_id, body_id, trace_id, recipient, reason, received_at, told) VALUES {}",
);
macro_rules! rows {
    ($end:literal) => {
        concat!(
            "SELECT q.id, q.body_id, q.trace_id, q.recipient, q.reason, q.received_at, d.from_name, d.from_address, \
             d.subject, d.preview, d.attachments FROM quarantine q JOIN derived d ON d.body_id = q.body_id \
             WHERE q.account_id = $1",
            $end
        )
    };
}
const LIST: &str = rows!(" AND q.id < $2 ORDER BY q.id DESC LIMIT $3");
const ONE: &str = rows!(" AND q.id = $2");
const COUNT: &str = "SELECT COUNT(*) FROM quarantine WHERE account_id = $1";
const UNTOLD: &str = "SELECT account_id, COUNT(*), MAX(id) FROM quarantine WHERE told = 0 GROUP BY account_id \
     ORDER BY account_id LIMIT $1";
const TOLD: &str =
    "UPDATE quarantine SET told = 1 WHERE account_id = $1 AND id <= $2 AND told = 0 RETURNING id";
const TAKE: &str = "DELETE FROM quarantine WHERE id = $1 AND account_id = $2 RETURNING trace_id";
const WAITING: &str = "SELECT COUNT(*), MIN(received_at) FROM quarantine WHERE received_at < $1";
pub(crate) const SQL: &[&str] = &[LIST, ONE, COUNT, UNTOLD, TOLD, TAKE, WAITING];
pub(crate) const LISTED: &[&Listed] = &[&INSERT];

/// A letter that is kept apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    pub id: QuarantineId,
    pub body: BodyId,
    pub trace: Option<TraceId>,
    /// The envelope recipient it was for.
    pub recipient: String,
    pub reason: String,
    /// Unix ms.
    pub received_at: i64,
    pub from_name: String,
    pub from_address: String,
    pub subject: String,
    pub preview: String,
    pub attachments: u32,
}

/// An account with letters kept apart of which its owner was not told yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untold {
    pub account: AccountId,
    pub letters: u64,
    /// The newest of them.
    pub last: QuarantineId,
}

fn quarantined(row: &Row) -> Result<Quarantined, Error> {
    Ok(Quarantined {
        id: QuarantineId(row.int(0)?),
        body: BodyId(row.int(1)?),
        trace: row.opt_int(2)?.map(TraceId),
        recipient: row.text(3)?,
        reason: row.text(4)?,
        received_at: row.int(5)?,
        from_name: row.text(6)?,
        from_address: row.text(7)?,
        subject: row.text(8)?,
        preview: row.text(9)?,
        attachments: row.small(10)?,
    })
}

/// The row of a copy that is kept apart. Why, the trace says already.
pub(crate) fn row(id: i64, copy: &LocalCopy, body: BodyId, trace: Option<&NewTrace>) -> Vec<Value> {
    let reason = trace
        .into_iter()
        .flat_map(|trace| &trace.events)
        .find(|event| event.event == "quarantined" && event.recipient == copy.recipient)
        .map_or("", |event| event.detail.as_str());
    values![
        id,
        copy.account,
        body,
        trace.map(|trace| trace.id),
        &copy.recipient,
        reason,
        copy.received_at,
        0i64,
    ]
}

impl Store {
    /// Letters of an account that are kept apart, newest first, older than `before`.
    pub async fn quarantine(
        &self,
        account: AccountId,
        before: Option<QuarantineId>,
        rows: usize,
    ) -> Result<Vec<Quarantined>, Error> {
        let before = before.map_or(i64::MAX, |id| id.0);
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let found = self.rows(LIST, values![account, before, rows]).await?;
        found.iter().map(quarantined).collect()
    }

    pub async fn quarantine_one(
        &self,
        account: AccountId,
        id: QuarantineId,
    ) -> Result<Option<Quarantined>, Error> {
        let row = self.row(ONE, values![account, id]).await?;
        row.as_ref().map(quarantined).transpose()
    }

    pub async fn quarantine_count(&self, account: AccountId) -> Result<u64, Error> {
        let row = self.row(COUNT, values![account]).await?;
        row.map_or(Ok(0), |row| Ok(u64::try_from(row.int(0)?).unwrap_or(0)))
    }

    /// Letters kept apart since before a time: how many, and since when the first.
    pub async fn quarantined_before(&self, before: i64) -> Result<(u64, Option<i64>), Error> {
        let row = self.row(WAITING, values![before]).await?;
        let row = row.ok_or_else(|| Error::Broken("no count of quarantined letters".to_owned()))?;
        Ok((u64::try_from(row.int(0)?).unwrap_or(0), row.opt_int(1)?))
    }

    /// Accounts whose owners were not told of all their letters that are kept apart.
    pub async fn quarantine_untold(&self, rows: usize) -> Result<Vec<Untold>, Error> {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let found = self.rows(UNTOLD, values![rows]).await?;
        let untold = |row: &Row| {
            Ok(Untold {
                account: AccountId(row.int(0)?),
                letters: u64::try_from(row.int(1)?).unwrap_or(0),
                last: QuarantineId(row.int(2)?),
            })
        };
        found.iter().map(untold).collect()
    }

    pub async fn quarantine_told(&self, untold: Untold) -> Result<(), Error> {
        self.write(move |txn| {
            Box::pin(async move {
                let values = values![untold.account, untold.last];
                txn.conn.rows(TOLD, values).await.map(drop)
            })
        })
        .await
    }

    /// Ends it: delivered as given, or removed where nothing is given; the event joins the letter's trace. All in one
    /// transaction; `false` when somebody else ended it before.
    pub async fn quarantine_end(
        &self,
        account: AccountId,
        id: QuarantineId,
        delivery: Option<Delivery>,
        at: i64,
        event: NewEvent,
    ) -> Result<bool, Error> {
        let mut prepared = None;
        if let Some(delivery) = delivery {
            prepared = Some(deliver::prepare(delivery, self.bodies_folder()).await?);
        }
        self.write(move |txn| {
            Box::pin(async move {
                let gone = txn.conn.rows(TAKE, values![id, account]).await?;
                let Some(row) = gone.first() else {
                    return Ok(false);
                };
                let trace = row.opt_int(0)?.map(TraceId);
                if let Some(prepared) = &mut prepared {
                    prepared.trace_id = trace;
                    deliver::write(txn, &[&*prepared]).await?;
                }
                if let Some(trace) = trace {
                    let values = event_values(txn, trace, at, &event);
                    insert(&mut txn.conn, &INSERT_EVENT, values).await?;
                }
                Ok(true)
            })
        })
        .await
    }
}
