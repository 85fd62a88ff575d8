//! Accounts that grow full, and what their owners were told of it; the room left on the disk of the bodies.

use crate::Error;
use crate::db::values;
use crate::id::*;
use crate::store::Store;

const FILLING: &str = "SELECT id, used_bytes, quota_bytes, quota_told FROM account \
     WHERE quota_bytes > 0 AND (used_bytes >= quota_bytes / 10 * 8 OR quota_told > 0) ORDER BY id";
const TELL: &str = "UPDATE account SET quota_told = $2 WHERE id = $1 AND quota_told = $3";
pub(crate) const SQL: &[&str] = &[FILLING, TELL];

/// An account near its quota, or one whose owner was told that it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filling {
    pub account: AccountId,
    pub used_bytes: i64,
    pub quota_bytes: i64,
    /// Per cent the owner was last told of; 0: nothing yet.
    pub told: i64,
}

impl Store {
    pub async fn filling(&self) -> Result<Vec<Filling>, Error> {
        let rows = self.rows(FILLING, values![]).await?;
        rows.iter()
            .map(|row| {
                Ok(Filling {
                    account: AccountId(row.int(0)?),
                    used_bytes: row.int(1)?,
                    quota_bytes: row.int(2)?,
                    told: row.int(3)?,
                })
            })
            .collect()
    }

    /// Notes what an owner is told; `false`: somebody else noted it first.
    pub async fn filling_told(&self, one: Filling, told: i64) -> Result<bool, Error> {
        let changed = self
            .change_any(TELL, values![one.account, told, one.told])
            .await?;
        Ok(changed > 0)
    }

    /// (free, whole) blocks of the disk that holds the bodies.
    pub fn disk_blocks(&self) -> Result<(u64, u64), Error> {
        let found = rustix::fs::statvfs(&self.0.data)
            .map_err(|cause| Error::Later(format!("{}: {cause}", self.0.data.display())))?;
        Ok((found.f_bavail, found.f_blocks))
    }
}
