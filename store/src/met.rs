//! Who has met whom: correspondents elsewhere that wrote, proven, to a mailbox here or were written to from it, and their
//! domains for the whole installation. Bounded and aged. Weighs nothing.

use std::collections::BTreeMap;

use crate::Error;
use crate::db::{Value, values};
use crate::id::{AccountId, TraceId};
use crate::listed::{Listed, Rows, listed_rows};
use crate::store::Store;

const INSERT_MET: Listed = Listed::new(
    "itiii",
    "INSERT INTO met (account_id, who, heard_at, written_at, seen_at) VALUES {} ON CONFLICT (account_id, who) \
     DO UPDATE SET heard_at = COALESCE(excluded.heard_at, met.heard_at), \
     written_at = COALESCE(excluded.written_at, met.written_at), seen_at = excluded.seen_at",
);
const KNOWN: Listed = Listed::new(
    "it",
    "WITH v(k, t) AS (VALUES {}) SELECT met.account_id FROM v CROSS JOIN met \
     WHERE met.account_id = v.k AND met.who = v.t",
);
const SWEEP: &str = "DELETE FROM met WHERE seen_at < $1";
const COUNT: &str = "SELECT COUNT(*) FROM met";
const SHORTEN: &str = "DELETE FROM met WHERE seen_at <= \
     (SELECT MAX(seen_at) FROM (SELECT seen_at FROM met ORDER BY seen_at LIMIT $1) AS oldest)";
const NOTED: &str = "SELECT 1 FROM trace_event WHERE trace_id = $1 AND detail LIKE $2 LIMIT 1";
pub(crate) const SQL: &[&str] = &[SWEEP, COUNT, SHORTEN, NOTED];
pub(crate) const LISTED: &[&Listed] = &[&INSERT_MET, &KNOWN];

/// One meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// `AccountId(0)`: anybody here.
    pub account: AccountId,
    /// An address, or "@domain" for anybody here; lower case.
    pub who: String,
    /// They wrote; else they were written to.
    pub heard: bool,
    pub at: i64,
}

/// The rows of a batch of letters: each pair once, as one statement may not touch a row twice.
pub(crate) fn rows<'a>(all: impl Iterator<Item = &'a Met>, rows: &mut Vec<Rows>) {
    let mut pairs: BTreeMap<(AccountId, &str), [Option<i64>; 2]> = BTreeMap::new();
    for one in all {
        let [heard, written] = pairs.entry((one.account, &one.who)).or_default();
        let place = if one.heard { heard } else { written };
        *place = (*place).max(Some(one.at));
    }
    let met: Vec<Value> = pairs
        .into_iter()
        .flat_map(|((account, who), [heard, written])| {
            values![account, who, heard, written, heard.max(written)]
        })
        .collect();
    rows.push((&INSERT_MET, met));
}

impl Store {
    /// Which of these (account, who) have met, by account; each account as often as it has.
    pub async fn have_met(&self, pairs: &[(AccountId, String)]) -> Result<Vec<AccountId>, Error> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let values = pairs
            .iter()
            .map(|(account, who)| values![*account, who])
            .collect();
        let rows = listed_rows(&mut self.read().await?, &KNOWN, values).await?;
        rows.iter().map(|row| Ok(AccountId(row.int(0)?))).collect()
    }

    /// Whether these words stand in what was written down of a letter's arrival.
    pub async fn noted_at_arrival(&self, trace: TraceId, words: &str) -> Result<bool, Error> {
        let row = self
            .row(NOTED, values![trace, format!("%{words}%")])
            .await?;
        Ok(row.is_some())
    }

    /// Forgets who was not seen since a time, and the longest silent ones beyond a number of rows; how many.
    pub async fn met_sweep(&self, before: i64, rows_max: i64) -> Result<u64, Error> {
        let aged = self.change_any(SWEEP, values![before]).await?;
        let rows = match self.row(COUNT, values![]).await? {
            Some(row) => row.int(0)?,
            None => 0,
        };
        if rows <= rows_max {
            return Ok(aged);
        }
        Ok(aged + self.change_any(SHORTEN, values![rows - rows_max]).await?)
    }
}
