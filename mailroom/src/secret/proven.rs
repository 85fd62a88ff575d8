//! Secrets proven a moment ago, so that a mail program that signs in for every folder costs microseconds, not an argon2.
//! Keeps no secret: only an HMAC under a key that dies with the process. Forgotten at once when a credential changes.

use aws_lc_rs::hmac;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use store::PrincipalId;

use crate::signin::Door;
use crate::{Actor, Error};

/// How long a proof is believed without a look at the table, ms: another process (the command line) that disables an
/// account is noticed by its wake-up at once, and after this time in any case.
const LIFE_MS: i64 = 60_000;
/// Proofs kept: two programs of every official of the largest province.
const KEPT_MAX: usize = 30_000;

struct Proof {
    actor: Actor,
    proven_at: i64,
}

pub(crate) struct Proven {
    key: hmac::Key,
    proofs: Mutex<HashMap<[u8; 32], Proof>>,
}

impl Proven {
    pub(crate) fn new() -> Result<Self, Error> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &crate::secret::random::<32>()?);
        Ok(Self {
            key,
            proofs: Mutex::default(),
        })
    }

    /// The name a proof is kept under.
    pub(crate) fn mark(&self, door: Door, address: &str, secret: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        let door = match door {
            Door::Imap => 1u8,
            Door::Submission => 2,
            Door::Web => 3,
        };
        context.update(&[door]);
        context.update(address.as_bytes());
        context.update(&[0]);
        context.update(secret.as_bytes());
        let mut mark = [0u8; 32];
        mark.copy_from_slice(context.sign().as_ref());
        mark
    }

    pub(crate) fn find(&self, mark: &[u8; 32], now: i64) -> Option<Actor> {
        let proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        proofs
            .get(mark)
            .filter(|proof| now - proof.proven_at < LIFE_MS && now >= proof.proven_at)
            .map(|proof| proof.actor.clone())
    }

    pub(crate) fn keep(&self, mark: [u8; 32], actor: &Actor, now: i64) {
        let mut proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        if proofs.len() >= KEPT_MAX {
            proofs.retain(|_, proof| now - proof.proven_at < LIFE_MS);
            if proofs.len() >= KEPT_MAX {
                proofs.clear();
            }
        }
        proofs.insert(
            mark,
            Proof {
                actor: actor.clone(),
                proven_at: now,
            },
        );
    }

    pub(crate) fn forget(&self, principal: PrincipalId) {
        self.proofs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, proof| proof.actor.principal != principal);
    }

    pub(crate) fn forget_all(&self) {
        self.proofs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Means;

    fn actor(id: i64) -> Actor {
        Actor {
            principal: PrincipalId(id),
            address: String::new(),
            name: String::new(),
            means: Means::AppPassword,
            peer_ip: String::new(),
        }
    }

    #[test]
    fn proofs_age_and_are_forgotten() {
        let proven = Proven::new().unwrap();
        let mark = proven.mark(Door::Imap, "an@a.b", "secret");
        assert_ne!(mark, proven.mark(Door::Submission, "an@a.b", "secret"));
        assert_ne!(mark, proven.mark(Door::Imap, "an@a.b", "secreT"));
        proven.keep(mark, &actor(1), 1_000);
        assert!(proven.find(&mark, 2_000).is_some());
        assert!(proven.find(&mark, 1_000 + LIFE_MS).is_none());
        proven.forget(PrincipalId(2));
        assert!(proven.find(&mark, 2_000).is_some());
        proven.forget(PrincipalId(1));
        assert!(proven.find(&mark, 2_000).is_none());
    }
}
