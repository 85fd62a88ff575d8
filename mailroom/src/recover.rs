//! A forgotten account, given back at the unit's desk: the administrator of the unit's subtree makes a one-time slip (hashed,
//! single use, 15 minutes); the person sets a new passphrase on the phone. The administrator never reads the mail. (DOMAIN §5)

use crate::signin::PasswordFault;
use crate::{Actor, Error, Mailroom};
use store::*;

/// A slip, told once.
#[derive(Clone)]
pub struct Slip {
    pub url: String,
    /// The same secret for typing: groups of letters without look-alikes.
    pub code: String,
    pub expires_at: i64,
    pub name: String,
    pub address: String,
    /// A second approver in another account must confirm before it works.
    pub needs_second: bool,
    pub id: CredentialId,
}

/// What the person sees when opening a slip.
#[derive(Clone, Debug)]
pub struct SlipHolder {
    pub name: String,
    pub address: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlipFault {
    /// Unknown, used, expired or revoked: one answer for all.
    NotValid,
    /// Waits for the second approver.
    NotApproved,
}

impl Mailroom {
    /// Units this actor administers (roots of subtrees); empty for everybody else. The console administers all.
    pub async fn administers(&self, actor: &Actor) -> Result<Vec<Unit>, Error> {
        todo!("{actor:?}")
    }
    /// People of the actor's subtree by name, staff number or address, without diacritics.
    pub async fn find_people(
        &self,
        actor: &Actor,
        typed: &str,
        rows: usize,
    ) -> Result<Vec<(Principal, Option<Unit>)>, Error> {
        todo!("{actor:?}{typed}{rows}")
    }
    pub async fn slip_make(&self, actor: &Actor, person: PrincipalId) -> Result<Slip, Error> {
        todo!("{actor:?}{person}")
    }
    pub async fn slip_approve(&self, actor: &Actor, slip: CredentialId) -> Result<(), Error> {
        todo!("{actor:?}{slip}")
    }
    pub async fn slips_waiting(
        &self,
        actor: &Actor,
    ) -> Result<Vec<(CredentialId, Principal, String, i64)>, Error> {
        todo!("{actor:?}")
    }
    /// Looks at a slip without using it.
    pub async fn slip_open(
        &self,
        code: &str,
        peer_ip: &str,
    ) -> Result<Result<SlipHolder, SlipFault>, Error> {
        todo!("{}{peer_ip}", code.len())
    }
    /// Uses it: new passphrase; all sessions, app passwords and subscriptions end; audited. Returns who signed in.
    pub async fn slip_use(
        &self,
        code: &str,
        passphrase: &str,
        peer_ip: &str,
    ) -> Result<Result<Result<Actor, PasswordFault>, SlipFault>, Error> {
        todo!("{}{}{peer_ip}", code.len(), passphrase.len())
    }
    /// Audit rows of the actor's subtree, newest first: (at, actor, action, target, detail).
    pub async fn audit_of(
        &self,
        actor: &Actor,
        rows: usize,
    ) -> Result<Vec<(i64, String, String, String, String)>, Error> {
        todo!("{actor:?}{rows}")
    }
    /// Checks the hash chain; the first broken row if any.
    pub async fn audit_verify(&self) -> Result<Option<i64>, Error> {
        todo!()
    }
}
