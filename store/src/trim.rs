//! The change log's end: rows nobody can need any more go, oldest first and without gaps, so that what is left of an
//! account's log is always its newest part. Who asks for more than is left is told so and reads everything again.

use crate::Error;
use crate::db::values;
use crate::id::AccountId;
use crate::limits::{TRIM_ACCOUNTS, TRIM_STEPS};
use crate::store::Store;

/// Accounts in turn with the oldest row of their log and the slowest cursor that stands in it.
const OLDEST: &str = "SELECT account.id, (SELECT MIN(c.modseq) FROM change c WHERE c.account_id = account.id), \
     (SELECT c.at FROM change c WHERE c.account_id = account.id ORDER BY c.modseq, c.email_id LIMIT 1), \
     (SELECT MIN(s.cursor_modseq) FROM subscription s WHERE s.principal_id = account.id) \
     FROM account WHERE account.id > $1 ORDER BY account.id LIMIT $2";
const FIRST_SINCE: &str = "SELECT modseq FROM change WHERE account_id = $1 AND at >= $2 ORDER BY modseq, email_id LIMIT 1";
const NEWEST: &str = "SELECT MAX(modseq) FROM change WHERE account_id = $1";
const TRIM: &str = "DELETE FROM change WHERE account_id = $1 AND modseq < $2";
const KEPT: &str = "SELECT account.modseq, (SELECT MIN(c.modseq) FROM change c WHERE c.account_id = account.id) \
     FROM account WHERE account.id = $1";
pub(crate) const SQL: &[&str] = &[OLDEST, FIRST_SINCE, NEWEST, TRIM, KEPT];

/// One account's log as the trim finds it.
struct Log {
    account: AccountId,
    oldest: i64,
    oldest_at: i64,
    /// A device that has not been told of what comes after this.
    cursor: Option<i64>,
}

impl Store {
    /// Forgets changes older than `before` that every device's cursor has passed, and those older than `at_most` in any
    /// case; the newest row of an account stays. Returns how many.
    pub async fn changes_trim(&self, before: i64, at_most: i64) -> Result<u64, Error> {
        let (mut trimmed, mut after) = (0, AccountId(0));
        loop {
            let rows = self.rows(OLDEST, values![after, TRIM_ACCOUNTS]).await?;
            let Some(last) = rows.last() else {
                return Ok(trimmed);
            };
            after = AccountId(last.int(0)?);
            for row in &rows {
                if let (Some(oldest), Some(oldest_at)) = (row.opt_int(1)?, row.opt_int(2)?)
                    && oldest_at < before
                {
                    let log = Log {
                        account: AccountId(row.int(0)?),
                        oldest,
                        oldest_at,
                        cursor: row.opt_int(3)?,
                    };
                    trimmed += self.log_trim(log, before, at_most).await?;
                }
            }
        }
    }

    async fn log_trim(&self, log: Log, before: i64, at_most: i64) -> Result<u64, Error> {
        let mut end = self.first_since(log.account, before).await?;
        if let Some(cursor) = log.cursor {
            let told = cursor.saturating_add(1);
            let passed = if log.oldest_at < at_most {
                told.max(self.first_since(log.account, at_most).await?)
            } else {
                told
            };
            end = end.min(passed);
        }
        let (mut trimmed, mut from) = (0, log.oldest);
        // In pieces, so that no delivery waits long.
        while from < end {
            let until = from.saturating_add(TRIM_STEPS).min(end);
            trimmed += self.change_any(TRIM, values![log.account, until]).await?;
            from = until;
        }
        Ok(trimmed)
    }

    /// The first change at or after a time, or the newest one there is.
    async fn first_since(&self, account: AccountId, at: i64) -> Result<i64, Error> {
        if let Some(row) = self.row(FIRST_SINCE, values![account, at]).await? {
            return row.int(0);
        }
        let newest = self.row(NEWEST, values![account]).await?;
        let newest = newest.map(|row| row.opt_int(0)).transpose()?.flatten();
        Ok(newest.unwrap_or(0))
    }

    /// Whether the log still has everything an account did after a MODSEQ. Ask after reading the log: a trim may come
    /// between.
    pub async fn changes_reach(&self, account: AccountId, modseq: i64) -> Result<bool, Error> {
        let Some(row) = self.row(KEPT, values![account]).await? else {
            return Ok(false);
        };
        let newest = row.int(0)?;
        Ok(modseq >= row.opt_int(1)?.map_or(newest, |oldest| oldest - 1))
    }
}
