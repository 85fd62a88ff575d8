//! Proving who one is: passwords (argon2id), app passwords, web sessions. Failures are slowed per account and address range;
//! unknown addresses cost the same time as wrong passwords.

use crate::{Actor, Error, Mailroom};

/// Which door.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    Imap,
    Submission,
    Web,
}

/// Why not. The peer is told only "wrong" or "later".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoEntry {
    Wrong,
    /// Too many failures: come back after this many seconds.
    Later(u64),
    /// Right secret, but this door takes app passwords only.
    AppPasswordOnly,
    Disabled,
}

/// A web session as made or found. The token is told once; only its hash is stored.
#[derive(Clone)]
pub struct WebSession {
    pub actor: Actor,
    pub csrf: String,
    pub expires_at: i64,
    /// Hash of the token, names the session in lists.
    pub key: String,
}

impl Mailroom {
    pub async fn sign_in(
        &self,
        door: Door,
        address: &str,
        secret: &str,
        peer_ip: &str,
    ) -> Result<Result<Actor, NoEntry>, Error> {
        todo!("{door:?}{address}{}{peer_ip}", secret.len())
    }
    /// Makes a web session; returns the opaque token for the cookie and the session.
    pub async fn session_start(
        &self,
        actor: &Actor,
        device: &str,
    ) -> Result<(String, WebSession), Error> {
        todo!("{actor:?}{device}")
    }
    pub async fn session(&self, token: &str, peer_ip: &str) -> Result<Option<WebSession>, Error> {
        todo!("{}{peer_ip}", token.len())
    }
    pub async fn session_end(&self, session: &WebSession) -> Result<(), Error> {
        todo!("{}", session.key)
    }
    pub async fn sessions_end_all(&self, actor: &Actor) -> Result<(), Error> {
        todo!("{actor:?}")
    }
    /// Makes an app password (told once) for mail programs.
    pub async fn app_password_add(&self, actor: &Actor, name: &str) -> Result<String, Error> {
        todo!("{actor:?}{name}")
    }
    pub async fn app_passwords(
        &self,
        actor: &Actor,
    ) -> Result<Vec<(store::CredentialId, String, i64, Option<i64>)>, Error> {
        todo!("{actor:?}")
    }
    pub async fn app_password_revoke(
        &self,
        actor: &Actor,
        id: store::CredentialId,
    ) -> Result<(), Error> {
        todo!("{actor:?}{id}")
    }
    pub async fn password_change(
        &self,
        actor: &Actor,
        old: &str,
        new: &str,
    ) -> Result<Result<(), PasswordFault>, Error> {
        todo!("{actor:?}{}{}", old.len(), new.len())
    }
}

/// Why a passphrase is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PasswordFault {
    WrongOld,
    TooShort,
    TooCommon,
    HoldsName,
}
