//! The one access check (promise 7). An `Access` proves that a principal may do this with that account; everything that
//! reads or writes mail is a method of it. It is made here and nowhere else.

use crate::{Actor, Denied, Error, Mailroom};
use store::AccountId;

/// What a principal wants to do with an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    Read,
    Write,
    SendAs,
}

/// The proof that `actor` may act on `account`. Cheap to clone; holds no connection.
#[derive(Clone)]
pub struct Access {
    pub(crate) room: Mailroom,
    pub(crate) actor: Actor,
    pub(crate) account: AccountId,
    pub(crate) rights: Rights,
}

/// Which rights the check found (owner of the account, or a membership in force).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rights {
    pub read: bool,
    pub write: bool,
    pub send_as: bool,
}

impl Mailroom {
    /// Opens an account's mail for a principal: the principal's own account, or one it is a member of now.
    pub async fn open(&self, actor: &Actor, account: AccountId) -> Result<Access, Error> {
        todo!("{actor:?} {account}")
    }

    /// The actor's own account first, then every account it may read now (unit mailboxes, delegations), with names.
    pub async fn accounts_of(
        &self,
        actor: &Actor,
    ) -> Result<Vec<(AccountId, String, String, Rights)>, Error> {
        todo!("{actor:?}")
    }
}

impl Access {
    pub fn account(&self) -> AccountId {
        self.account
    }
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
    pub fn rights(&self) -> Rights {
        self.rights
    }
    pub(crate) fn need(&self, right: Right) -> Result<(), Denied> {
        let has = match right {
            Right::Read => self.rights.read,
            Right::Write => self.rights.write,
            Right::SendAs => self.rights.send_as,
        };
        if has { Ok(()) } else { Err(Denied::NotAllowed) }
    }
}
