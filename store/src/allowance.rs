//! What single accounts may send to other servers on a day instead of the usual, until a moment. Who may give it, and how much, is
//! decided above.

use crate::Error;
use crate::db::values;
use crate::id::*;
use crate::store::Store;

const READ: &str = "SELECT messages, recipients, strangers, until_at, reason, set_by, set_at FROM sending_allowance \
     WHERE account_id = $1";
const SET: &str = "INSERT INTO sending_allowance (account_id, messages, recipients, strangers, until_at, reason, set_by, set_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (account_id) DO UPDATE SET messages = excluded.messages, \
     recipients = excluded.recipients, strangers = excluded.strangers, until_at = excluded.until_at, \
     reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at";
const END: &str = "DELETE FROM sending_allowance WHERE account_id = $1";
const SWEEP: &str = "DELETE FROM sending_allowance WHERE until_at < $1";
/// The alarm of the day may ring again.
const ALARM_AGAIN: &str = "UPDATE sent_day SET alarmed_at = NULL WHERE holder_id = $1 AND day = $2";
pub(crate) const SQL: &[&str] = &[READ, SET, END, SWEEP, ALARM_AGAIN];

/// Daily numbers of one account, and until when they count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub messages: i64,
    pub recipients: i64,
    pub strangers: i64,
    /// Unix ms; counts before it.
    pub until_at: i64,
    pub reason: String,
    /// Address of who gave it, or the console's name.
    pub set_by: String,
    pub set_at: i64,
}

impl Store {
    /// Also one whose time is over.
    pub async fn allowance(&self, account: AccountId) -> Result<Option<Allowance>, Error> {
        let Some(row) = self.row(READ, values![account]).await? else {
            return Ok(None);
        };
        Ok(Some(Allowance {
            messages: row.int(0)?,
            recipients: row.int(1)?,
            strangers: row.int(2)?,
            until_at: row.int(3)?,
            reason: row.text(4)?,
            set_by: row.text(5)?,
            set_at: row.int(6)?,
        }))
    }

    /// Gives it, in place of one before; the account's alarm of `day` may ring again.
    pub async fn allowance_set(
        &self,
        account: AccountId,
        given: Allowance,
        day: i64,
    ) -> Result<(), Error> {
        self.write(move |txn| {
            let Allowance {
                messages,
                recipients,
                strangers,
                until_at,
                reason,
                set_by,
                set_at,
            } = given;
            Box::pin(async move {
                let row = values![
                    account, messages, recipients, strangers, until_at, reason, set_by, set_at
                ];
                txn.conn.run(SET, row).await?;
                txn.conn.run(ALARM_AGAIN, values![account, day]).await?;
                Ok(())
            })
        })
        .await
    }

    /// Takes it back; `false`: there was none.
    pub async fn allowance_end(&self, account: AccountId) -> Result<bool, Error> {
        Ok(self.change_any(END, values![account]).await? > 0)
    }

    /// Forgets those that ended before a moment.
    pub async fn allowance_sweep(&self, before: i64) -> Result<(), Error> {
        self.change_any(SWEEP, values![before]).await.map(drop)
    }
}
