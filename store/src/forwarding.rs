//! Where copies of an account's letters go, waiting for the code that was sent there or in force. Sends nothing; whether a
//! place may be forwarded to is decided above.

use crate::Error;
use crate::db::values;
use crate::id::*;
use crate::store::Store;

const GET: &str = "SELECT target, code_hash, code_until, wrong, set_by, set_at, active_at FROM forwarding \
     WHERE account_id = $1";
const SET: &str = "INSERT INTO forwarding (account_id, target, code_hash, code_until, wrong, set_by, set_at, active_at) \
     VALUES ($1, $2, $3, $4, 0, $5, $6, $7) ON CONFLICT (account_id) DO UPDATE SET target = excluded.target, \
     code_hash = excluded.code_hash, code_until = excluded.code_until, wrong = 0, set_by = excluded.set_by, \
     set_at = excluded.set_at, active_at = excluded.active_at";
/// A guess is counted before it is compared: two at once are two.
const GUESS: &str = "UPDATE forwarding SET wrong = wrong + 1 WHERE account_id = $1 AND wrong < $2 AND code_until > $3";
const CONFIRM: &str = "UPDATE forwarding SET code_hash = NULL, code_until = NULL, wrong = 0, active_at = $3 \
     WHERE account_id = $1 AND code_hash = $2";
const END: &str = "DELETE FROM forwarding WHERE account_id = $1";
const ACTIVE: &str = "SELECT account_id, target FROM forwarding WHERE active_at IS NOT NULL";
pub(crate) const SQL: &[&str] = &[GET, SET, GUESS, CONFIRM, END, ACTIVE];

/// Where copies of an account's letters go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// Lower case.
    pub target: String,
    /// Of the code that was sent there; `None` once it was typed, or where none is needed.
    pub code_hash: Option<String>,
    pub code_until: Option<i64>,
    /// Codes typed since it was sent.
    pub wrong: u32,
    pub set_by: PrincipalId,
    pub set_at: i64,
    /// In force since; `None`: waits for the code.
    pub active_at: Option<i64>,
}

impl Store {
    pub async fn forwarding(&self, account: AccountId) -> Result<Option<Forwarding>, Error> {
        let Some(row) = self.row(GET, values![account]).await? else {
            return Ok(None);
        };
        Ok(Some(Forwarding {
            target: row.text(0)?,
            code_hash: row.opt_text(1)?,
            code_until: row.opt_int(2)?,
            wrong: row.small(3)?,
            set_by: PrincipalId(row.int(4)?),
            set_at: row.int(5)?,
            active_at: row.opt_int(6)?,
        }))
    }

    /// Sets it in place of what was there.
    pub async fn forwarding_set(&self, account: AccountId, new: Forwarding) -> Result<(), Error> {
        let values = values![
            account,
            new.target,
            new.code_hash,
            new.code_until,
            new.set_by,
            new.set_at,
            new.active_at
        ];
        self.change_one(SET, values).await
    }

    /// Counts a guess at the code; false where no more are allowed or the code has run out.
    pub async fn forwarding_guess(
        &self,
        account: AccountId,
        guesses_max: u32,
        now: i64,
    ) -> Result<bool, Error> {
        let values = values![account, i64::from(guesses_max), now];
        Ok(self.change_any(GUESS, values).await? > 0)
    }

    /// Puts it in force where this is the hash of the code; whether it was.
    pub async fn forwarding_confirm(
        &self,
        account: AccountId,
        code_hash: &str,
        now: i64,
    ) -> Result<bool, Error> {
        Ok(self
            .change_any(CONFIRM, values![account, code_hash, now])
            .await?
            > 0)
    }

    /// Ends it; whether there was one.
    pub async fn forwarding_end(&self, account: AccountId) -> Result<bool, Error> {
        Ok(self.change_any(END, values![account]).await? > 0)
    }

    /// All in force: (account, target).
    pub async fn forwardings_active(&self) -> Result<Vec<(AccountId, String)>, Error> {
        let rows = self.rows(ACTIVE, values![]).await?;
        rows.iter()
            .map(|row| Ok((AccountId(row.int(0)?), row.text(1)?)))
            .collect()
    }
}
