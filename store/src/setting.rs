//! Settings of the installation, and counts for the metrics page.

use crate::Error;
use crate::db::values;
use crate::store::Store;

const GET: &str = "SELECT value FROM setting WHERE key = $1";
pub(crate) const SET: &str = "INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
/// Only where there is none: a secret made twice at the same time is kept once.
const SET_ONCE: &str =
    "INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
const STATS: &str = "SELECT (SELECT COUNT(*) FROM principal), (SELECT COUNT(*) FROM account), \
     (SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM mailbox), (SELECT CAST(COALESCE(SUM(used_bytes), 0) AS BIGINT) FROM account), \
     (SELECT COUNT(*) FROM index_queue), (SELECT COUNT(*) FROM outbox WHERE ended_at IS NULL), \
     (SELECT COUNT(*) FROM subscription), (SELECT COUNT(*) FROM assignment), \
     (SELECT COUNT(*) FROM trace), (SELECT COUNT(*) FROM change)";
pub(crate) const SQL: &[&str] = &[GET, SET, SET_ONCE, STATS];

/// Numbers for monitoring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub principals: i64,
    pub accounts: i64,
    pub emails: i64,
    pub used_bytes: i64,
    pub index_queue: i64,
    pub outbox_pending: i64,
    pub subscriptions: i64,
    pub assignments: i64,
    pub traces: i64,
    pub changes: i64,
    pub refusals_dropped: u64,
}

impl Store {
    pub async fn setting(&self, key: &str) -> Result<Option<String>, Error> {
        self.row(GET, values![key])
            .await?
            .map(|row| row.text(0))
            .transpose()
    }

    pub async fn setting_set(&self, key: &str, value: &str) -> Result<(), Error> {
        self.change_one(SET, values![key, value]).await
    }

    /// The value that stands under this key: the one given where there was none.
    pub async fn setting_once(&self, key: &str, value: &str) -> Result<String, Error> {
        self.change_one(SET_ONCE, values![key, value]).await?;
        let kept = self.setting(key).await?;
        kept.ok_or_else(|| Error::Broken(format!("the setting {key} was not kept")))
    }

    pub async fn stats(&self) -> Result<Stats, Error> {
        let row = self.row(STATS, values![]).await?;
        let row = row.ok_or_else(|| Error::Broken("no statistics".to_owned()))?;
        Ok(Stats {
            principals: row.int(0)?,
            accounts: row.int(1)?,
            emails: row.int(2)?,
            used_bytes: row.int(3)?,
            index_queue: row.int(4)?,
            outbox_pending: row.int(5)?,
            subscriptions: row.int(6)?,
            assignments: row.int(7)?,
            traces: row.int(8)?,
            changes: row.int(9)?,
            refusals_dropped: self.refusals_dropped(),
        })
    }
}
