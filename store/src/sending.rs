//! What left for other servers on a day, by account and by unit, and whom an account has written to before. Counted in the
//! transaction that accepts the letter; knows no limit.

use std::collections::BTreeMap;

use crate::Error;
use crate::db::{Value, values};
use crate::id::*;
use crate::listed::{Listed, Rows, listed_rows};
use crate::store::Store;

const COUNT: Listed = Listed::new(
    "iiiii",
    "INSERT INTO sent_day (holder_id, day, messages, recipients, strangers) VALUES {} ON CONFLICT (holder_id, day) \
     DO UPDATE SET messages = sent_day.messages + excluded.messages, \
     recipients = sent_day.recipients + excluded.recipients, strangers = sent_day.strangers + excluded.strangers",
);
const WRITTEN: Listed = Listed::new(
    "iti",
    "INSERT INTO written_to (account_id, address, first_at) VALUES {} ON CONFLICT (account_id, address) DO NOTHING",
);
const KNOWN: Listed = Listed::new(
    "it",
    "WITH v(k, t) AS (VALUES {}) SELECT written_to.address FROM v CROSS JOIN written_to \
     WHERE written_to.account_id = v.k AND written_to.address = v.t",
);
const SENT: &str = "SELECT messages, recipients, strangers, alarmed_at FROM sent_day WHERE holder_id = $1 AND day = $2";
const ALARM: &str = "INSERT INTO sent_day (holder_id, day, messages, recipients, strangers, alarmed_at) \
     VALUES ($1, $2, 0, 0, 0, $3) ON CONFLICT (holder_id, day) DO UPDATE SET alarmed_at = excluded.alarmed_at \
     WHERE sent_day.alarmed_at IS NULL RETURNING holder_id";
const RESET: &str = "UPDATE sent_day SET messages = 0, recipients = 0, strangers = 0, alarmed_at = NULL \
     WHERE holder_id = $1 AND day = $2";
const SWEEP: &str = "DELETE FROM sent_day WHERE day < $1";
pub(crate) const SQL: &[&str] = &[SENT, ALARM, RESET, SWEEP];
pub(crate) const LISTED: &[&Listed] = &[&COUNT, &WRITTEN, &KNOWN];

/// What one accepted letter counts.
#[derive(Clone, Debug)]
pub struct Counted {
    pub account: AccountId,
    pub unit: Option<UnitId>,
    /// Days since 1970 where the installation is.
    pub day: i64,
    /// Addresses at other servers, in lower case, each once.
    pub recipients: Vec<String>,
    /// How many of them the account had never written to.
    pub strangers: i64,
}

/// What an account or a unit sent on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentDay {
    pub messages: i64,
    pub recipients: i64,
    pub strangers: i64,
    pub alarmed_at: Option<i64>,
}

/// The rows of a batch of letters: each counter and each address once, as one statement may not touch a row twice.
pub(crate) fn rows<'a>(all: impl Iterator<Item = &'a Counted>, now: i64, rows: &mut Vec<Rows>) {
    let mut counts: BTreeMap<(i64, i64), [i64; 3]> = BTreeMap::new();
    let mut written: BTreeMap<(AccountId, &str), ()> = BTreeMap::new();
    for one in all {
        let recipients = i64::try_from(one.recipients.len()).unwrap_or(i64::MAX);
        for holder in [Some(one.account.0), one.unit.map(|unit| unit.0)]
            .into_iter()
            .flatten()
        {
            let count = counts.entry((holder, one.day)).or_default();
            let [messages, to, strangers] = count;
            *messages += 1;
            *to += recipients;
            *strangers += one.strangers;
        }
        for address in &one.recipients {
            written.insert((one.account, address), ());
        }
    }
    let counts: Vec<Value> = counts
        .into_iter()
        .flat_map(|((holder, day), [messages, to, strangers])| {
            values![holder, day, messages, to, strangers]
        })
        .collect();
    let written: Vec<Value> = written
        .into_keys()
        .flat_map(|(account, address)| values![account, address, now])
        .collect();
    rows.extend([(&COUNT, counts), (&WRITTEN, written)]);
}

impl Store {
    /// What an account or a unit sent on a day.
    pub async fn sent_on(&self, holder: i64, day: i64) -> Result<SentDay, Error> {
        let Some(row) = self.row(SENT, values![holder, day]).await? else {
            return Ok(SentDay::default());
        };
        Ok(SentDay {
            messages: row.int(0)?,
            recipients: row.int(1)?,
            strangers: row.int(2)?,
            alarmed_at: row.opt_int(3)?,
        })
    }

    /// How many of these addresses an account has written to before.
    pub async fn written_to(
        &self,
        account: AccountId,
        addresses: &[String],
    ) -> Result<usize, Error> {
        let rows = addresses
            .iter()
            .map(|address| values![account, address])
            .collect();
        let mut conn = self.read().await?;
        Ok(listed_rows(&mut conn, &KNOWN, rows).await?.len())
    }

    /// Notes that an alarm was raised; `false`: it was raised before on that day.
    pub async fn alarm_once(&self, holder: i64, day: i64, now: i64) -> Result<bool, Error> {
        self.write(move |txn| {
            Box::pin(async move {
                let row = txn.conn.row(ALARM, values![holder, day, now]).await?;
                Ok(row.is_some())
            })
        })
        .await
    }

    /// Begins the day anew.
    pub async fn sent_reset(&self, holder: i64, day: i64) -> Result<(), Error> {
        self.change_any(RESET, values![holder, day]).await.map(drop)
    }

    /// Forgets days before one.
    pub async fn sent_sweep(&self, before: i64) -> Result<(), Error> {
        self.change_any(SWEEP, values![before]).await.map(drop)
    }
}
