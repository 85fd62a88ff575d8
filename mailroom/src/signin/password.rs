//! The account's own passphrase: set, changed, judged.

use store::*;

use crate::secret::password;
use crate::secret::throttle::Throttle;
use crate::{Actor, Error, Mailroom};

/// Why a passphrase is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PasswordFault {
    WrongOld,
    TooShort,
    TooCommon,
    HoldsName,
}

impl Mailroom {
    /// Shortest passphrase in characters, for the page's hint.
    pub fn passphrase_chars_min(&self) -> usize {
        password::CHARS_MIN
    }

    /// Changes the passphrase; all other sessions end. Wrong old ones count as failed sign-ins.
    pub async fn password_change(
        &self,
        actor: &Actor,
        old: &str,
        new: &str,
    ) -> Result<Result<(), PasswordFault>, Error> {
        let owner = self
            .store()
            .principal(actor.principal)
            .await?
            .ok_or(Error::Missing)?;
        let now = self.now();
        let keys = Throttle::keys(&owner.address, &actor.peer_ip);
        if self.0.sign_ins.wait_ms(&keys, now) > 0 {
            return Err(Error::Later("too many wrong passphrases".into()));
        }
        let held = self
            .store()
            .credentials_of(owner.id, CredentialKind::Password)
            .await?;
        let hashes = held
            .into_iter()
            .filter(|one| self.is_valid(one))
            .map(|one| one.secret_hash)
            .collect();
        if !self.0.hashing.verify(old, hashes, || false).await? {
            self.0.sign_ins.failed(&keys, now);
            return Ok(Err(PasswordFault::WrongOld));
        }
        if let Some(fault) = password::fault(new, &owner.name, &owner.address) {
            return Ok(Err(fault));
        }
        self.password_set(&owner, new).await?;
        self.store().sessions_revoke_all(owner.id, now).await?;
        self.audit(actor, "password.change", &owner.address, owner.unit, "")
            .await?;
        Ok(Ok(()))
    }

    /// The new passphrase takes the place of every old one.
    pub(crate) async fn password_set(&self, owner: &Principal, secret: &str) -> Result<(), Error> {
        let secret_hash = self.0.hashing.hash(secret).await?;
        let now = self.now();
        self.store()
            .credentials_revoke_all(owner.id, &[CredentialKind::Password], now)
            .await?;
        let new = NewCredential {
            principal: owner.id,
            kind: CredentialKind::Password,
            name: String::new(),
            secret_hash,
            lookup: None,
            created_by: None,
            created_at: now,
            expires_at: None,
        };
        self.store().credential_add(new).await?;
        self.rights_changed(owner.id);
        Ok(())
    }
}
