//! Proving who one is: passwords (argon2id), app passwords, web sessions. Failures are slowed per account and address range;
//! unknown addresses cost the same time as wrong passwords.

mod app_password;
mod bearer;
mod password;
mod scram;
mod session;

use store::*;

use crate::secret::throttle::Throttle;
use crate::secret::{code, digest_of, same};
use crate::{Actor, Error, Mailroom, Means, address, mask};

pub use bearer::{BEARER_FAULT, Bearer};
pub use password::PasswordFault;
pub use scram::{Channel, Scram};
pub use session::{SignedIn, WebSession};

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

/// A principal's last visit is written down at most this often, ms.
const SEEN_EVERY_MS: i64 = 10 * 60_000;

/// Which secret it was.
enum Proof {
    Password,
    AppPassword(CredentialId),
}

impl Mailroom {
    pub async fn sign_in(
        &self,
        door: Door,
        address: &str,
        secret: &str,
        peer_ip: &str,
    ) -> Result<Result<Actor, NoEntry>, Error> {
        let now = self.now();
        let wanted = self.full_address(address).await?;
        let keys = Throttle::keys(&wanted, peer_ip);
        let wait_ms = self.0.sign_ins.wait_ms(&keys, now);
        if wait_ms > 0 {
            return Ok(Err(NoEntry::Later(
                u64::try_from(wait_ms).unwrap_or(1_000).div_ceil(1_000),
            )));
        }
        let mark = self.0.proven.mark(door, &wanted, secret);
        if let Some(mut actor) = self.0.proven.find(&mark, now) {
            actor.peer_ip = peer_ip.to_owned();
            return Ok(Ok(actor));
        }
        let principal = self.principal_at(&wanted).await?;
        let Some((principal, proof)) = self.proof(door, principal, secret, &mark).await? else {
            self.failed(&wanted, door, peer_ip, &keys, now).await?;
            return Ok(Err(NoEntry::Wrong));
        };
        if principal.status != Status::Active {
            return Ok(Err(NoEntry::Disabled));
        }
        let means = match proof {
            Proof::Password if door != Door::Web && !self.policy().clients_take_password => {
                return Ok(Err(NoEntry::AppPasswordOnly));
            }
            Proof::Password => Means::Password,
            Proof::AppPassword(_) => Means::AppPassword,
        };
        self.0.sign_ins.passed(&keys);
        let actor = Actor {
            principal: principal.id,
            address: principal.address.clone(),
            name: principal.name.clone(),
            means,
            peer_ip: peer_ip.to_owned(),
        };
        self.0.proven.keep(mark, &actor, now);
        self.entered(door, &actor, &principal, proof, now).await?;
        Ok(Ok(actor))
    }

    /// "an" is "an@" our first domain: people type what stands before the sign.
    async fn full_address(&self, typed: &str) -> Result<String, Error> {
        let typed = typed.trim();
        let full = if typed.contains('@') {
            typed.to_owned()
        } else {
            format!(
                "{typed}@{}",
                self.domains().await?.first().map_or("", String::as_str)
            )
        };
        // What is no address is nobody's: it goes on, so that it costs the same time.
        Ok(address::normal(&full).unwrap_or_else(|| full.chars().take(300).collect()))
    }

    /// Whose secret this is. Always computes one slow hash unless an app password fits, so that time tells nothing.
    async fn proof(
        &self,
        door: Door,
        principal: Option<Principal>,
        secret: &str,
        mark: &[u8; 32],
    ) -> Result<Option<(Principal, Proof)>, Error> {
        let Some(principal) = principal else {
            self.0.hashing.verify(secret, Vec::new(), || false).await?;
            return Ok(None);
        };
        if door != Door::Web
            && let Some(typed) = code::read_app_password(secret)
        {
            let hash = digest_of(app_password::PURPOSE, &typed);
            let held = self
                .store()
                .credentials_of(principal.id, CredentialKind::AppPassword)
                .await?;
            if let Some(one) = held
                .iter()
                .find(|one| self.is_valid(one) && same(&one.secret_hash, &hash))
            {
                self.scram_catch_up(&principal, one, &typed).await?;
                return Ok(Some((principal, Proof::AppPassword(one.id))));
            }
        }
        let held = self
            .store()
            .credentials_of(principal.id, CredentialKind::Password)
            .await?;
        let hashes = held
            .into_iter()
            .filter(|one| self.is_valid(one))
            .map(|one| one.secret_hash)
            .collect();
        let right = self
            .0
            .hashing
            .verify(secret, hashes, || {
                self.0.proven.find(mark, self.now()).is_some()
            })
            .await?;
        Ok(right.then_some((principal, Proof::Password)))
    }

    pub(crate) fn is_valid(&self, credential: &Credential) -> bool {
        credential.revoked_at.is_none() && credential.expires_at.is_none_or(|end| self.now() < end)
    }

    /// The failure that begins a pause is audited, the others are only counted: a flood of guesses cannot fill the audit.
    async fn failed(
        &self,
        wanted: &str,
        door: Door,
        peer_ip: &str,
        keys: &[crate::secret::throttle::Key],
        now: i64,
    ) -> Result<(), Error> {
        let paused = self.0.sign_ins.failed(keys, now);
        tracing::info!(account = %mask(wanted), ?door, peer_ip, paused, "sign-in failed");
        if !paused {
            return Ok(());
        }
        let known = self.principal_at(wanted).await?;
        let nobody = Actor {
            address: wanted.to_owned(),
            peer_ip: peer_ip.to_owned(),
            ..self.console()
        };
        let target = known.as_ref().map_or("", |one| one.address.as_str());
        self.audit(
            &nobody,
            "sign_in.paused",
            target,
            known.as_ref().and_then(|one| one.unit),
            &format!("{door:?}"),
        )
        .await
    }

    async fn entered(
        &self,
        door: Door,
        actor: &Actor,
        principal: &Principal,
        proof: Proof,
        now: i64,
    ) -> Result<(), Error> {
        let lately = principal
            .last_seen_at
            .is_some_and(|at| (0..SEEN_EVERY_MS).contains(&(now - at)));
        if !lately {
            self.store().principal_seen(principal.id, now).await?;
            if let Proof::AppPassword(id) = proof {
                self.store().credential_touch(id, now).await?;
            }
        }
        // Mail programs sign in all day long: one row per visit is enough.
        if door == Door::Web || !lately {
            self.audit(
                actor,
                "sign_in",
                &actor.address,
                principal.unit,
                &format!("{door:?}"),
            )
            .await?;
        }
        Ok(())
    }
}
