//! The one access check (promise 7). An `Access` proves that a principal may do this with that account; everything that
//! reads or writes mail is a method of it. It is made here and nowhere else, and looks again when rights change.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};

use store::{AccountId, Membership, PrincipalId, PrincipalKind, Status};

use crate::{Actor, Denied, Error, Mailroom, Means};

/// What a principal wants to do with an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    Read,
    Write,
    SendAs,
    /// To decide for the account: what it answers by itself, where its letters go.
    Keep,
}

/// The proof that `actor` may act on `account`. Cheap to clone; holds no connection.
#[derive(Clone)]
pub struct Access {
    pub(crate) room: Mailroom,
    pub(crate) actor: Actor,
    pub(crate) account: AccountId,
    found: Arc<Found>,
}

/// What the last look found, shared by all clones.
struct Found {
    rights: AtomicU8,
    epoch: AtomicU64,
    /// The rights end by themselves at this time (a delegation), unix ms.
    until_at: AtomicI64,
}

/// Which rights the check found (owner of the account, or a membership in force).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rights {
    pub read: bool,
    pub write: bool,
    pub send_as: bool,
    /// The owner, or who keeps a unit's mailbox; not a delegate.
    pub keep: bool,
}

impl Rights {
    const ALL: Rights = Rights {
        read: true,
        write: true,
        send_as: true,
        keep: true,
    };

    /// From the words of a membership: read write send_as clerk owner. Who keeps a mailbox reads it.
    pub(crate) fn from_words(words: &str) -> Rights {
        let mut rights = Rights::default();
        for word in words.split_whitespace() {
            match word {
                "read" => rights.read = true,
                "write" => (rights.read, rights.write) = (true, true),
                "send_as" => rights.send_as = true,
                "clerk" | "owner" => rights = Rights::ALL,
                _ => {}
            }
        }
        rights
    }

    fn bits(self) -> u8 {
        u8::from(self.read)
            | u8::from(self.write) << 1
            | u8::from(self.send_as) << 2
            | u8::from(self.keep) << 3
    }

    fn from_bits(bits: u8) -> Rights {
        Rights {
            read: bits & 1 != 0,
            write: bits & 2 != 0,
            send_as: bits & 4 != 0,
            keep: bits & 8 != 0,
        }
    }

    pub(crate) fn any(self) -> bool {
        self.bits() != 0
    }
}

impl Mailroom {
    /// Opens an account's mail for a principal: the principal's own account, or one it is a member of now.
    pub async fn open(&self, actor: &Actor, account: AccountId) -> Result<Access, Error> {
        // The epoch is read before the tables: a change in between is seen at the next look.
        let epoch = self.0.rights_epoch.load(Ordering::Acquire);
        let (rights, until_at) = self.rights_now(actor, account).await?;
        let found = Found {
            rights: AtomicU8::new(rights.bits()),
            epoch: AtomicU64::new(epoch),
            until_at: AtomicI64::new(until_at),
        };
        Ok(Access {
            room: self.clone(),
            actor: actor.clone(),
            account,
            found: Arc::new(found),
        })
    }

    /// The check itself. Administration and the console give no right to mail.
    async fn rights_now(&self, actor: &Actor, account: AccountId) -> Result<(Rights, i64), Error> {
        let not_yours = || Err(Denied::NotYours.into());
        if actor.means == Means::Console {
            return not_yours();
        }
        if !self.is_active(actor.principal).await? {
            return Err(Denied::NotAllowed.into());
        }
        if AccountId::from(actor.principal) == account {
            return match self.store().account(account).await {
                Ok(_) => Ok((Rights::ALL, i64::MAX)),
                Err(store::Error::Missing(_)) => not_yours(),
                Err(cause) => Err(cause.into()),
            };
        }
        let memberships = self.store().memberships_of(actor.principal).await?;
        let Some(membership) = memberships
            .into_iter()
            .find(|one| one.account == account && self.in_force(one))
        else {
            return not_yours();
        };
        let owner = self.store().principal(PrincipalId::from(account)).await?;
        if owner.is_none_or(|owner| owner.status == Status::Disabled) {
            return not_yours();
        }
        let rights = Rights::from_words(&membership.rights);
        if rights.any() {
            Ok((rights, membership.until_at.unwrap_or(i64::MAX)))
        } else {
            not_yours()
        }
    }

    pub(crate) fn in_force(&self, membership: &Membership) -> bool {
        let now = self.now();
        membership.from_at <= now && membership.until_at.is_none_or(|until| now < until)
    }

    pub(crate) async fn is_active(&self, principal: PrincipalId) -> Result<bool, Error> {
        Ok(self
            .store()
            .principal(principal)
            .await?
            .is_some_and(|who| who.status == Status::Active))
    }

    /// The actor's own account first, then every account it may read now (unit mailboxes, delegations):
    /// (account, address, name, rights).
    pub async fn accounts_of(
        &self,
        actor: &Actor,
    ) -> Result<Vec<(AccountId, String, String, Rights)>, Error> {
        let mut accounts = Vec::new();
        if actor.means == Means::Console || !self.is_active(actor.principal).await? {
            return Ok(accounts);
        }
        if let Some(own) = self.store().principal(actor.principal).await?
            && own.kind != PrincipalKind::List
        {
            accounts.push((AccountId::from(own.id), own.address, own.name, Rights::ALL));
        }
        for membership in self.store().memberships_of(actor.principal).await? {
            let rights = Rights::from_words(&membership.rights);
            if !rights.read || !self.in_force(&membership) {
                continue;
            }
            if let Some(owner) = self
                .store()
                .principal(PrincipalId::from(membership.account))
                .await?
                && owner.status != Status::Disabled
            {
                accounts.push((membership.account, owner.address, owner.name, rights));
            }
        }
        Ok(accounts)
    }
}

impl Access {
    pub fn account(&self) -> AccountId {
        self.account
    }

    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// As the last look found them.
    pub fn rights(&self) -> Rights {
        Rights::from_bits(self.found.rights.load(Ordering::Acquire))
    }

    pub fn room(&self) -> &Mailroom {
        &self.room
    }

    /// Every method asks here first. Costs a load when nothing changed; looks at the tables when rights may have.
    pub(crate) async fn need(&self, right: Right) -> Result<(), Error> {
        let epoch = self.room.0.rights_epoch.load(Ordering::Acquire);
        let ended = self.found.until_at.load(Ordering::Acquire) <= self.room.now();
        if ended || self.found.epoch.load(Ordering::Acquire) != epoch {
            let (rights, until_at) = match self.room.rights_now(&self.actor, self.account).await {
                Ok(found) => found,
                Err(Error::Denied(denied)) => {
                    self.found.rights.store(0, Ordering::Release);
                    return Err(denied.into());
                }
                Err(cause) => return Err(cause),
            };
            self.found.rights.store(rights.bits(), Ordering::Release);
            self.found.until_at.store(until_at, Ordering::Release);
            self.found.epoch.store(epoch, Ordering::Release);
        }
        let rights = self.rights();
        let has = match right {
            Right::Read => rights.read,
            Right::Write => rights.write,
            Right::SendAs => rights.send_as,
            Right::Keep => rights.keep,
        };
        if has {
            Ok(())
        } else {
            Err(Denied::NotAllowed.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_give_rights() {
        for (words, bits) in [
            ("", 0),
            ("read", 1),
            ("write", 3),
            ("send_as", 4),
            ("read send_as", 5),
            ("clerk", 15),
            ("owner", 15),
            ("admin", 0),
        ] {
            assert_eq!(Rights::from_words(words).bits(), bits, "{words}");
            assert_eq!(Rights::from_bits(bits).bits(), bits);
        }
    }
}
