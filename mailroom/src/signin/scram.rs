//! Signing in by SCRAM with an app password: the secret never travels. An account without verifiers, or no account at all,
//! gets a salt that looks like any other and stays the same.  (RFC 5802 §5, RFC 7677)

use aws_lc_rs::hmac;
use store::*;

use super::{Door, NoEntry, Proof, app_password};
use crate::secret::scram::{self, Challenge, First, Verifier, Verifiers};
use crate::secret::throttle::{Key, Throttle};
use crate::secret::{code, digest_of, token};
use crate::{Actor, Error, Mailroom, Means, address, mask};

pub use crate::secret::scram::Channel;

/// Where the key of salts is kept.
const KEY: &str = "scram.key";

/// An exchange after its first half. No `Debug`: it holds verifiers.
pub struct Scram {
    door: Door,
    wanted: String,
    throttle: [Key; 3],
    peer_ip: String,
    principal: Option<Principal>,
    challenge: Challenge,
    /// Every way of typing every app password of the account.
    keys: Vec<(CredentialId, Verifier)>,
}

impl Mailroom {
    /// Whether mail programs may be offered SCRAM: only where they use app passwords, whose verifiers we made.
    pub fn offers_scram(&self) -> bool {
        !self.policy().clients_take_password
    }

    /// The client's first message; the answer is the server's.
    pub async fn scram_begin(
        &self,
        door: Door,
        said: &str,
        channel: Channel<'_>,
        peer_ip: &str,
    ) -> Result<Result<(Scram, String), NoEntry>, Error> {
        let Some(first) = First::read(said, channel) else {
            return Ok(Err(NoEntry::Wrong));
        };
        let wanted = self.full_address(&first.user).await?;
        let throttle = Throttle::keys(&wanted, peer_ip);
        let wait_ms = self.0.sign_ins.wait_ms(&throttle, self.now());
        if wait_ms > 0 {
            return Ok(Err(NoEntry::Later(
                u64::try_from(wait_ms).unwrap_or(1_000).div_ceil(1_000),
            )));
        }
        let principal = self.principal_at(&wanted).await?;
        let named = principal
            .as_ref()
            .map_or(wanted.as_str(), |one| &one.address);
        let mut salt = self.salt_of(named).await?;
        let mut iterations = scram::ITERATIONS.get();
        let mut keys = Vec::new();
        if let Some(owner) = &principal {
            // Older ones first: where salts differ, the newest says which is asked for.
            let held = self.verifiers_of(owner.id).await?;
            if let Some((_, newest)) = held.last() {
                (salt, iterations) = (newest.salt.clone(), newest.iterations);
            }
            for (id, one) in held {
                if one.salt == salt && one.iterations == iterations {
                    keys.extend(one.keys.into_iter().map(|key| (id, key)));
                }
            }
        }
        let (challenge, answer) = first.challenge(&token()?, &salt, iterations);
        let exchange = Scram {
            door,
            wanted,
            throttle,
            peer_ip: peer_ip.to_owned(),
            principal,
            challenge,
            keys,
        };
        Ok(Ok((exchange, answer)))
    }

    /// The client's proof; the answer is the server's own, which tells the client that we know its secret too.
    pub async fn scram_finish(
        &self,
        exchange: Scram,
        said: &str,
    ) -> Result<Result<(Actor, String), NoEntry>, Error> {
        let Scram {
            door,
            wanted,
            throttle,
            peer_ip,
            principal,
            challenge,
            keys,
        } = exchange;
        let now = self.now();
        // Others may have failed for this account meanwhile.
        let wait_ms = self.0.sign_ins.wait_ms(&throttle, now);
        if wait_ms > 0 {
            return Ok(Err(NoEntry::Later(
                u64::try_from(wait_ms).unwrap_or(1_000).div_ceil(1_000),
            )));
        }
        let checked = challenge.check(said, keys.iter().map(|(_, key)| key));
        let proven = checked.and_then(|(place, last)| Some((keys.get(place)?.0, last)));
        let (Some(principal), Some((id, last))) = (principal, proven) else {
            self.failed(&wanted, door, &peer_ip, &throttle, now).await?;
            return Ok(Err(NoEntry::Wrong));
        };
        // Revoked between challenge and proof is revoked.
        let credential = self.store().credential(id).await?;
        if !credential.is_some_and(|one| self.is_valid(&one)) {
            return Ok(Err(NoEntry::Wrong));
        }
        if principal.status != Status::Active {
            return Ok(Err(NoEntry::Disabled));
        }
        self.0.sign_ins.passed(&throttle);
        let actor = Actor {
            principal: principal.id,
            address: principal.address.clone(),
            name: principal.name.clone(),
            means: Means::AppPassword,
            peer_ip,
        };
        let proof = Proof::AppPassword(id);
        self.entered(door, &actor, &principal, proof, now).await?;
        tracing::debug!(account = %mask(&wanted), "signed in by SCRAM");
        Ok(Ok((actor, last)))
    }

    /// Keeps the verifiers of an app password, in the ways it is typed: as shown, and without its hyphens.
    pub(super) async fn scram_keep(
        &self,
        owner: &Principal,
        credential: CredentialId,
        plain: &str,
    ) -> Result<(), Error> {
        let held = self.verifiers_of(owner.id).await?;
        let salt = match held.last() {
            Some((_, newest)) => newest.salt.clone(),
            None => self.salt_of(&owner.address).await?,
        };
        let shown = code::grouped(plain);
        let kept = Verifiers::of(&[&shown, plain], &salt);
        self.store()
            .credential_scram_set(credential, &kept.write())
            .await?;
        Ok(())
    }

    /// An app password of earlier days was told in clear: from now on it serves SCRAM too.
    pub(super) async fn scram_catch_up(
        &self,
        owner: &Principal,
        credential: &Credential,
        plain: &str,
    ) -> Result<(), Error> {
        let told = digest_of(app_password::PURPOSE, plain);
        if credential.scram.is_some() || told != credential.secret_hash {
            return Ok(());
        }
        self.scram_keep(owner, credential.id, plain).await
    }

    async fn verifiers_of(
        &self,
        owner: PrincipalId,
    ) -> Result<Vec<(CredentialId, Verifiers)>, Error> {
        let held = self
            .store()
            .credentials_of(owner, CredentialKind::AppPassword)
            .await?;
        Ok(held
            .iter()
            .filter(|one| self.is_valid(one))
            .filter_map(|one| Some((one.id, Verifiers::read(one.scram.as_deref()?)?)))
            .collect())
    }

    /// The salt of an address, whether anybody has it or not: who asks twice, or for many, learns nothing.
    async fn salt_of(&self, named: &str) -> Result<Vec<u8>, Error> {
        let made = || async {
            let key = match self.store().setting(KEY).await? {
                Some(key) => key,
                None => self.store().setting_once(KEY, &token()?).await?,
            };
            Ok::<_, Error>(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))
        };
        let key = self.0.salts.get_or_try_init(made).await?;
        // A mark behind "+" leads to the same person where there is one.
        let named = address::without_subaddress(named).unwrap_or_else(|| named.to_owned());
        let tag = hmac::sign(key, named.as_bytes());
        Ok(tag
            .as_ref()
            .iter()
            .take(scram::SALT_BYTES)
            .copied()
            .collect())
    }
}
