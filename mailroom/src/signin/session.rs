//! Web sessions: an opaque token of 256 bits in a cookie, only its hash in the table, ended by time, by idleness, by hand.

use store::*;

use crate::secret::{digest_of, token};
use crate::{Actor, Denied, Error, Mailroom, Means, limits};

/// Keeps these hashes apart from those of other secrets.
const PURPOSE: &str = "session";
/// A session's last use is written down at most this often, ms.
const TOUCH_EVERY_MS: i64 = 60_000;
/// Longest token looked at, bytes.
const TOKEN_BYTES_MAX: usize = 100;

/// A web session as made or found. The token is told once; only its hash is stored.
#[derive(Clone)]
pub struct WebSession {
    pub actor: Actor,
    pub csrf: String,
    pub expires_at: i64,
    /// Hash of the token, names the session in lists.
    pub key: String,
}

/// A device that is signed in, for the person's own list.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub key: String,
    pub device: String,
    pub ip: String,
    pub created_at: i64,
    pub last_seen_at: i64,
}

impl Mailroom {
    /// Makes a web session; returns the opaque token for the cookie and the session.
    pub async fn session_start(
        &self,
        actor: &Actor,
        device: &str,
    ) -> Result<(String, WebSession), Error> {
        let now = self.now();
        let token = token()?;
        let session = WebSession {
            actor: Actor {
                means: Means::WebSession,
                ..actor.clone()
            },
            csrf: crate::secret::token()?,
            expires_at: now.saturating_add(ms(self.policy().session_life_secs)),
            key: digest_of(PURPOSE, &token),
        };
        self.store()
            .session_add(NewSession {
                token_hash: session.key.clone(),
                principal: actor.principal,
                csrf: session.csrf.clone(),
                device: device
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(limits::DEVICE_NAME_CHARS_MAX)
                    .collect(),
                ip: actor.peer_ip.clone(),
                created_at: now,
                expires_at: session.expires_at,
            })
            .await?;
        Ok((token, session))
    }

    /// The session of a token, when it still holds and its principal is active.
    pub async fn session(&self, token: &str, peer_ip: &str) -> Result<Option<WebSession>, Error> {
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
            return Ok(None);
        }
        let key = digest_of(PURPOSE, token);
        let Some(found) = self.store().session_by_hash(&key).await? else {
            return Ok(None);
        };
        if !self.holds(&found) {
            return Ok(None);
        }
        let Some(principal) = self
            .store()
            .principal(found.principal)
            .await?
            .filter(|one| one.status == Status::Active)
        else {
            return Ok(None);
        };
        let now = self.now();
        if now - found.last_seen_at >= TOUCH_EVERY_MS {
            self.store()
                .session_touch(&key, now, found.expires_at, peer_ip)
                .await?;
        }
        Ok(Some(WebSession {
            actor: Actor {
                principal: principal.id,
                address: principal.address,
                name: principal.name,
                means: Means::WebSession,
                peer_ip: peer_ip.to_owned(),
            },
            csrf: found.csrf,
            expires_at: found.expires_at,
            key,
        }))
    }

    fn holds(&self, session: &Session) -> bool {
        let now = self.now();
        session.revoked_at.is_none()
            && now < session.expires_at
            && now - session.last_seen_at < ms(self.policy().session_idle_secs)
    }

    /// Ends a session; its devices are not pushed to any more.
    pub async fn session_end(&self, session: &WebSession) -> Result<(), Error> {
        self.store()
            .session_revoke(&session.key, self.now())
            .await?;
        self.store()
            .subscriptions_delete_session(&session.key)
            .await?;
        Ok(())
    }

    /// Ends one of the actor's own sessions, named by its key; its devices are not pushed to any more.
    pub async fn session_end_one(&self, actor: &Actor, key: &str) -> Result<(), Error> {
        let own = self.sessions(actor).await?;
        let Some(one) = own.into_iter().find(|one| one.key == key) else {
            return Err(Denied::NotYours.into());
        };
        self.store().session_revoke(&one.key, self.now()).await?;
        self.store().subscriptions_delete_session(&one.key).await?;
        let who = self.store().principal(actor.principal).await?;
        let unit = who.and_then(|who| who.unit);
        self.audit(actor, "session.end", &actor.address, unit, &one.device)
            .await
    }

    /// "Đăng xuất khỏi mọi thiết bị": sessions and their devices; app passwords stay.
    pub async fn sessions_end_all(&self, actor: &Actor) -> Result<(), Error> {
        self.store()
            .sessions_revoke_all(actor.principal, self.now())
            .await?;
        self.store()
            .subscriptions_delete_all(actor.principal)
            .await?;
        self.rights_changed(actor.principal);
        let unit = self
            .store()
            .principal(actor.principal)
            .await?
            .and_then(|who| who.unit);
        self.audit(actor, "session.end_all", &actor.address, unit, "")
            .await
    }

    /// Where the person is signed in, the most recently used first.
    pub async fn sessions(&self, actor: &Actor) -> Result<Vec<SignedIn>, Error> {
        let found = self.store().sessions_of(actor.principal).await?;
        Ok(found
            .into_iter()
            .filter(|one| self.holds(one))
            .map(|one| SignedIn {
                key: one.token_hash,
                device: one.device,
                ip: one.ip,
                created_at: one.created_at,
                last_seen_at: one.last_seen_at,
            })
            .collect())
    }
}

fn ms(secs: u64) -> i64 {
    i64::try_from(secs)
        .unwrap_or(i64::MAX / 1000)
        .saturating_mul(1000)
}
