//! App passwords: one secret per mail program, made by us, told once, taken back singly.

use store::*;

use crate::secret::{code, digest_of};
use crate::{Actor, Denied, Error, Mailroom, limits};

/// Keeps these hashes apart from those of other secrets.
pub(super) const PURPOSE: &str = "app password";

impl Mailroom {
    /// Makes an app password (told once) for mail programs.
    pub async fn app_password_add(&self, actor: &Actor, name: &str) -> Result<String, Error> {
        let owner = self
            .store()
            .principal(actor.principal)
            .await?
            .ok_or(Error::Missing)?;
        if owner.status != Status::Active {
            return Err(Denied::NotAllowed.into());
        }
        let held = self
            .store()
            .credentials_of(owner.id, CredentialKind::AppPassword)
            .await?;
        if held.iter().filter(|one| self.is_valid(one)).count() >= limits::APP_PASSWORDS_MAX {
            return Err(Denied::OverLimit.into());
        }
        let name: String = name
            .trim()
            .chars()
            .take(limits::DEVICE_NAME_CHARS_MAX)
            .collect();
        let told = code::app_password()?;
        let plain = code::read(&told)
            .ok_or_else(|| Error::Broken("an app password cannot be read back".into()))?;
        let new = NewCredential {
            principal: owner.id,
            kind: CredentialKind::AppPassword,
            name: name.clone(),
            secret_hash: digest_of(PURPOSE, &plain),
            lookup: None,
            created_by: Some(actor.principal),
            created_at: self.now(),
            expires_at: None,
        };
        let id = self.store().credential_add(new).await?;
        self.scram_keep(&owner, id, &plain).await?;
        self.audit(actor, "app_password.add", &owner.address, owner.unit, &name)
            .await?;
        Ok(told)
    }

    /// (id, name, made, last used) of those that still work.
    pub async fn app_passwords(
        &self,
        actor: &Actor,
    ) -> Result<Vec<(CredentialId, String, i64, Option<i64>)>, Error> {
        let held = self
            .store()
            .credentials_of(actor.principal, CredentialKind::AppPassword)
            .await?;
        Ok(held
            .into_iter()
            .filter(|one| self.is_valid(one))
            .map(|one| (one.id, one.name, one.created_at, one.last_used_at))
            .collect())
    }

    pub async fn app_password_revoke(&self, actor: &Actor, id: CredentialId) -> Result<(), Error> {
        let found = self.store().credential(id).await?;
        let Some(one) = found.filter(|one| {
            one.principal == actor.principal && one.kind == CredentialKind::AppPassword
        }) else {
            return Err(Denied::NotYours.into());
        };
        self.store().credential_revoke(one.id, self.now()).await?;
        self.rights_changed(actor.principal);
        let unit = self
            .store()
            .principal(actor.principal)
            .await?
            .and_then(|who| who.unit);
        self.audit(
            actor,
            "app_password.revoke",
            &actor.address,
            unit,
            &one.name,
        )
        .await
    }
}
