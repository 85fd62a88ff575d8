//! A forgotten account, given back at the unit's desk: the administrator of the unit's subtree makes a one-time slip (hashed,
//! single use, 15 minutes); the person sets a new passphrase on the phone. The administrator never reads the mail. (DOMAIN §5)

use store::*;

use crate::secret::throttle::Throttle;
use crate::secret::{code, digest_of, password};
use crate::signin::PasswordFault;
use crate::{Actor, Denied, Error, Mailroom, Means, limits};

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
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Keeps these hashes apart from those of other secrets.
const PURPOSE: &str = "slip";
/// What stands in `secret_hash` of a slip: nobody has confirmed yet, or it may be used.
const WAITS: &str = "waits";
const APPROVED: &str = "approved";
/// Where guesses at slips are counted: there is no account to count them for.
const NO_ACCOUNT: &str = "slip";

impl Mailroom {
    /// People of the actor's subtree by name, staff number or address, without diacritics.
    pub async fn find_people(
        &self,
        actor: &Actor,
        typed: &str,
        rows: usize,
    ) -> Result<Vec<(Principal, Option<Unit>)>, Error> {
        let rows = rows.min(limits::LIST_ROWS_MAX);
        let mut found: Vec<Principal> = Vec::new();
        let roots = if actor.means == Means::Console {
            vec![String::new()]
        } else {
            self.administers(actor)
                .await?
                .into_iter()
                .map(|unit| unit.path)
                .collect()
        };
        for path in roots {
            for one in self.store().principals_find(typed, &path, rows).await? {
                if !found.iter().any(|known| known.id == one.id) {
                    found.push(one);
                }
            }
        }
        found.truncate(rows);
        let mut people = Vec::with_capacity(found.len());
        for one in found {
            let unit = match one.unit {
                Some(unit) => self.store().unit(unit).await?,
                None => None,
            };
            people.push((one, unit));
        }
        Ok(people)
    }

    /// Makes a slip for a person of the actor's subtree. Earlier slips of this person end. Leaders, clerks, administrators
    /// and unit mailboxes need a second approver; one cannot make one for oneself.
    pub async fn slip_make(&self, actor: &Actor, person: PrincipalId) -> Result<Slip, Error> {
        let who = self
            .store()
            .principal(person)
            .await?
            .ok_or(Denied::NotYours)?;
        self.check_subtree(actor, who.unit).await?;
        if who.id == actor.principal
            || who.status == Status::Disabled
            || who.kind == PrincipalKind::List
        {
            return Err(Denied::NotAllowed.into());
        }
        let needs_second = actor.means != Means::Console && self.is_sensitive(&who).await?;
        let told = code::slip()?;
        let plain =
            code::read(&told).ok_or_else(|| Error::Broken("a slip cannot be read back".into()))?;
        let now = self.now();
        let life_ms = i64::try_from(self.policy().slip_life_secs)
            .unwrap_or(i64::MAX / 1000)
            .saturating_mul(1000);
        let expires_at = now.saturating_add(life_ms);
        self.store()
            .credentials_revoke_all(who.id, &[CredentialKind::Recovery], now)
            .await?;
        let id = self
            .store()
            .credential_add(NewCredential {
                principal: who.id,
                kind: CredentialKind::Recovery,
                name: actor.name.clone(),
                secret_hash: if needs_second { WAITS } else { APPROVED }.into(),
                lookup: Some(digest_of(PURPOSE, &plain)),
                created_by: (actor.principal.0 != 0).then_some(actor.principal),
                created_at: now,
                expires_at: Some(expires_at),
            })
            .await?;
        let detail = if needs_second {
            "waits for a second approver"
        } else {
            ""
        };
        self.audit(actor, "slip.make", &who.address, who.unit, detail)
            .await?;
        Ok(Slip {
            url: format!(
                "{}/khoi-phuc/{plain}",
                self.policy().web_base.trim_end_matches('/')
            ),
            code: told,
            expires_at,
            name: who.name,
            address: who.address,
            needs_second,
            id,
        })
    }

    /// Whose recovery takes two: marked ones, administrators, and everything that is not one person's own.
    async fn is_sensitive(&self, who: &Principal) -> Result<bool, Error> {
        Ok(who.sensitive || who.kind != PrincipalKind::Individual || self.is_admin(who.id).await?)
    }

    /// The second approver: another principal than the maker and the person, whose subtree holds the person too.
    pub async fn slip_approve(&self, actor: &Actor, slip: CredentialId) -> Result<(), Error> {
        let (credential, who) = self.waiting_slip(slip).await?.ok_or(Denied::NotYours)?;
        self.check_subtree(actor, who.unit).await?;
        if credential.created_by == Some(actor.principal) || who.id == actor.principal {
            return Err(Denied::NotAllowed.into());
        }
        self.store()
            .credential_secret_set(credential.id, APPROVED)
            .await?;
        self.audit(
            actor,
            "slip.approve",
            &who.address,
            who.unit,
            &credential.name,
        )
        .await
    }

    async fn waiting_slip(
        &self,
        slip: CredentialId,
    ) -> Result<Option<(Credential, Principal)>, Error> {
        let Some(credential) = self.store().credential(slip).await? else {
            return Ok(None);
        };
        let waits = credential.kind == CredentialKind::Recovery
            && credential.secret_hash == WAITS
            && credential.used_at.is_none()
            && self.is_valid(&credential);
        if !waits {
            return Ok(None);
        }
        let who = self.store().principal(credential.principal).await?;
        Ok(who.map(|who| (credential, who)))
    }

    /// Slips this actor may confirm: (slip, person, made by, expires).
    pub async fn slips_waiting(
        &self,
        actor: &Actor,
    ) -> Result<Vec<(CredentialId, Principal, String, i64)>, Error> {
        let roots = self.administers(actor).await?;
        let mut waiting = Vec::new();
        if roots.is_empty() {
            return Ok(waiting);
        }
        let open = self
            .store()
            .credentials_unused(CredentialKind::Recovery, self.now(), limits::SLIPS_OPEN_MAX)
            .await?;
        for one in open.into_iter().filter(|one| one.secret_hash == WAITS) {
            let own = one.created_by == Some(actor.principal) || one.principal == actor.principal;
            let Some(person) = self
                .store()
                .principal(one.principal)
                .await?
                .filter(|_| !own)
            else {
                continue;
            };
            if self.check_subtree(actor, person.unit).await.is_ok() {
                waiting.push((one.id, person, one.name, one.expires_at.unwrap_or_default()));
            }
        }
        Ok(waiting)
    }

    /// Looks at a slip without using it.
    pub async fn slip_open(
        &self,
        code: &str,
        peer_ip: &str,
    ) -> Result<Result<SlipHolder, SlipFault>, Error> {
        Ok(self.slip(code, peer_ip).await?.map(|(_, who)| SlipHolder {
            name: who.name,
            address: who.address,
        }))
    }

    /// The valid slip of a code. Guesses are slowed by where they come from.
    async fn slip(
        &self,
        typed: &str,
        peer_ip: &str,
    ) -> Result<Result<(Credential, Principal), SlipFault>, Error> {
        let now = self.now();
        let keys = Throttle::keys(NO_ACCOUNT, peer_ip);
        // The count over all places is left out: one guesser must not close the desk for everybody.
        let keys = keys.get(..2).unwrap_or_default();
        if self.0.slips.wait_ms(keys, now) > 0 {
            return Err(Error::Later("too many wrong slips".into()));
        }
        let found = match code::read_slip(typed) {
            Some(plain) => {
                self.store()
                    .credential_by_lookup(&digest_of(PURPOSE, &plain))
                    .await?
            }
            None => None,
        };
        let valid = found.filter(|one| {
            one.kind == CredentialKind::Recovery && one.used_at.is_none() && self.is_valid(one)
        });
        let who = match &valid {
            Some(one) => self
                .store()
                .principal(one.principal)
                .await?
                .filter(|who| who.status != Status::Disabled),
            None => None,
        };
        let (Some(slip), Some(who)) = (valid, who) else {
            self.0.slips.failed(keys, now);
            return Ok(Err(SlipFault::NotValid));
        };
        if slip.secret_hash != APPROVED {
            return Ok(Err(SlipFault::NotApproved));
        }
        Ok(Ok((slip, who)))
    }

    /// Uses it: new passphrase; all sessions, app passwords and subscriptions end; audited. Returns who signed in.
    pub async fn slip_use(
        &self,
        code: &str,
        passphrase: &str,
        peer_ip: &str,
    ) -> Result<Result<Result<Actor, PasswordFault>, SlipFault>, Error> {
        let (slip, who) = match self.slip(code, peer_ip).await? {
            Ok(found) => found,
            Err(fault) => return Ok(Err(fault)),
        };
        if let Some(fault) = password::fault(passphrase, &who.name, &who.address) {
            return Ok(Ok(Err(fault)));
        }
        let now = self.now();
        // Atomic: of two who scan the same slip one gets in.
        if !self.store().credential_use(slip.id, now).await? {
            return Ok(Err(SlipFault::NotValid));
        }
        let actor = Actor {
            principal: who.id,
            address: who.address.clone(),
            name: who.name.clone(),
            means: Means::RecoverySlip,
            peer_ip: peer_ip.to_owned(),
        };
        // Old keys end before the new one works: who had them is out whatever happens next.
        let kinds = [
            CredentialKind::Password,
            CredentialKind::AppPassword,
            CredentialKind::Recovery,
        ];
        self.store()
            .credentials_revoke_all(who.id, &kinds, now)
            .await?;
        self.store().sessions_revoke_all(who.id, now).await?;
        self.store().subscriptions_delete_all(who.id).await?;
        // What a thief may have set up ends with the thief's keys: the owner turns it on again.
        if self.store().forwarding_end(who.id.into()).await? {
            self.directory_changed();
            self.audit(
                &actor,
                "forward.end",
                &who.address,
                who.unit,
                "account given back",
            )
            .await?;
        }
        self.password_set(&who, passphrase).await?;
        if who.status == Status::Dormant {
            self.store()
                .principal_set_status(who.id, Status::Active)
                .await?;
        }
        self.store().principal_seen(who.id, now).await?;
        self.audit(
            &actor,
            "slip.use",
            &who.address,
            who.unit,
            &format!("made by {}", slip.name),
        )
        .await?;
        Ok(Ok(Ok(actor)))
    }

    /// Audit rows of the actor's subtree, newest first: (at, actor, action, target, detail).
    pub async fn audit_of(
        &self,
        actor: &Actor,
        rows: usize,
    ) -> Result<Vec<(i64, String, String, String, String)>, Error> {
        let rows = rows.min(limits::LIST_ROWS_MAX);
        let paths = if actor.means == Means::Console {
            vec![String::new()]
        } else {
            self.administers(actor)
                .await?
                .into_iter()
                .map(|unit| unit.path)
                .collect()
        };
        let mut found: Vec<Audit> = Vec::new();
        for path in paths {
            found.extend(self.store().audit_list(&path, rows).await?);
        }
        found.sort_by_key(|row| std::cmp::Reverse(row.id));
        found.dedup_by_key(|row| row.id);
        found.truncate(rows);
        Ok(found
            .into_iter()
            .map(|row| (row.at, row.actor, row.action, row.target, row.detail))
            .collect())
    }

    /// Checks the hash chain; the first broken row if any.
    pub async fn audit_verify(&self) -> Result<Option<i64>, Error> {
        Ok(self.store().audit_verify().await?)
    }
}
