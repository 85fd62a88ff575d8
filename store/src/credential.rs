//! What principals prove themselves with, and their web sessions. Only hashes come here; no type shows them.

use crate::Error;
use crate::clock::now_ms;
use crate::db::{Row, values};
use crate::id::*;
use crate::noun::words;
use crate::store::Store;

const ADD: &str = "INSERT INTO credential (id, principal_id, kind, name, secret_hash, lookup, created_by, created_at, \
     expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
macro_rules! credential_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, principal_id, kind, name, secret_hash, created_by, created_at, expires_at, last_used_at, used_at, \
             revoked_at, scram FROM credential WHERE ",
            $rest
        )
    };
}
const CREDENTIAL: &str = credential_columns!("id = $1");
const OF: &str = credential_columns!("principal_id = $1 AND kind = $2 ORDER BY id");
const BY_LOOKUP: &str = credential_columns!("lookup = $1");
const UNUSED: &str = credential_columns!(
    "kind = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $2 ORDER BY id DESC LIMIT $3"
);
const USE: &str = "UPDATE credential SET used_at = $2, last_used_at = $2 WHERE id = $1 AND used_at IS NULL \
     AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";
const TOUCH: &str = "UPDATE credential SET last_used_at = $2 WHERE id = $1";
const SECRET: &str = "UPDATE credential SET secret_hash = $2 WHERE id = $1 AND revoked_at IS NULL";
const SCRAM: &str = "UPDATE credential SET scram = $2 WHERE id = $1 AND revoked_at IS NULL";
const REVOKE: &str = "UPDATE credential SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
const REVOKE_KIND: &str = "UPDATE credential SET revoked_at = $3 WHERE principal_id = $1 AND kind = $2 AND revoked_at IS NULL";
const SESSION_ADD: &str = "INSERT INTO session (token_hash, principal_id, csrf, device, ip, created_at, last_seen_at, \
     expires_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)";
macro_rules! session_columns {
    ($rest:literal) => {
        concat!(
            "SELECT token_hash, principal_id, csrf, device, ip, created_at, last_seen_at, expires_at, revoked_at \
             FROM session WHERE ",
            $rest
        )
    };
}
const SESSION: &str = session_columns!("token_hash = $1");
const SESSIONS: &str = session_columns!("principal_id = $1 ORDER BY last_seen_at DESC");
const SESSION_TOUCH: &str =
    "UPDATE session SET last_seen_at = $2, expires_at = $3, ip = $4 WHERE token_hash = $1";
const SESSION_REVOKE: &str =
    "UPDATE session SET revoked_at = $2 WHERE token_hash = $1 AND revoked_at IS NULL";
const SESSIONS_REVOKE: &str =
    "UPDATE session SET revoked_at = $2 WHERE principal_id = $1 AND revoked_at IS NULL";
const SESSIONS_SWEEP: &str = "DELETE FROM session WHERE expires_at < $1 OR revoked_at < $1";
const SLIPS_SWEEP: &str = "DELETE FROM credential WHERE kind = 'recovery' AND expires_at < $1";
pub(crate) const SQL: &[&str] = &[
    SLIPS_SWEEP,
    ADD,
    CREDENTIAL,
    OF,
    BY_LOOKUP,
    UNUSED,
    USE,
    TOUCH,
    SECRET,
    SCRAM,
    REVOKE,
    REVOKE_KIND,
    SESSION_ADD,
    SESSION,
    SESSIONS,
    SESSION_TOUCH,
    SESSION_REVOKE,
    SESSIONS_REVOKE,
    SESSIONS_SWEEP,
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CredentialKind {
    Password,
    AppPassword,
    Recovery,
    Totp,
    Passkey,
}

words!(CredentialKind {
    Password = "password", AppPassword = "app_password", Recovery = "recovery", Totp = "totp", Passkey = "passkey",
});

/// Holds secrets' hashes: no `Debug`.
#[derive(Clone)]
pub struct NewCredential {
    pub principal: PrincipalId,
    pub kind: CredentialKind,
    pub name: String,
    pub secret_hash: String,
    /// A hash that finds a one-time link; unique.
    pub lookup: Option<String>,
    pub created_by: Option<PrincipalId>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
}

/// Holds secrets' hashes: no `Debug`.
#[derive(Clone)]
pub struct Credential {
    pub id: CredentialId,
    pub principal: PrincipalId,
    pub kind: CredentialKind,
    pub name: String,
    pub secret_hash: String,
    pub created_by: Option<PrincipalId>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub last_used_at: Option<i64>,
    pub used_at: Option<i64>,
    pub revoked_at: Option<i64>,
    /// SCRAM verifiers (RFC 5803), where the secret has them.
    pub scram: Option<String>,
}

/// Holds secrets' hashes: no `Debug`.
#[derive(Clone)]
pub struct NewSession {
    pub token_hash: String,
    pub principal: PrincipalId,
    pub csrf: String,
    pub device: String,
    pub ip: String,
    pub created_at: i64,
    pub expires_at: i64,
}

/// Holds secrets' hashes: no `Debug`.
#[derive(Clone)]
pub struct Session {
    pub token_hash: String,
    pub principal: PrincipalId,
    pub csrf: String,
    pub device: String,
    pub ip: String,
    pub created_at: i64,
    pub last_seen_at: i64,
    pub expires_at: i64,
    pub revoked_at: Option<i64>,
}

fn credential_row(row: &Row) -> Result<Credential, Error> {
    let kind = row.str(2)?;
    Ok(Credential {
        id: CredentialId(row.int(0)?),
        principal: PrincipalId(row.int(1)?),
        kind: CredentialKind::parse(kind)
            .ok_or_else(|| Error::Broken(format!("a credential has the unknown kind {kind}")))?,
        name: row.text(3)?,
        secret_hash: row.text(4)?,
        created_by: row.opt_int(5)?.map(PrincipalId),
        created_at: row.int(6)?,
        expires_at: row.opt_int(7)?,
        last_used_at: row.opt_int(8)?,
        used_at: row.opt_int(9)?,
        revoked_at: row.opt_int(10)?,
        scram: row.opt_text(11)?,
    })
}

fn session_row(row: &Row) -> Result<Session, Error> {
    Ok(Session {
        token_hash: row.text(0)?,
        principal: PrincipalId(row.int(1)?),
        csrf: row.text(2)?,
        device: row.text(3)?,
        ip: row.text(4)?,
        created_at: row.int(5)?,
        last_seen_at: row.int(6)?,
        expires_at: row.int(7)?,
        revoked_at: row.opt_int(8)?,
    })
}

impl Store {
    pub async fn credential_add(&self, new: NewCredential) -> Result<CredentialId, Error> {
        let id = CredentialId(self.next_id(now_ms()));
        let values = values![
            id,
            new.principal,
            new.kind.as_str(),
            new.name,
            new.secret_hash,
            new.lookup,
            new.created_by,
            new.created_at,
            new.expires_at,
        ];
        self.change_one(ADD, values).await?;
        Ok(id)
    }

    pub async fn credential(&self, id: CredentialId) -> Result<Option<Credential>, Error> {
        self.row(CREDENTIAL, values![id])
            .await?
            .as_ref()
            .map(credential_row)
            .transpose()
    }

    pub async fn credential_scram_set(&self, id: CredentialId, scram: &str) -> Result<(), Error> {
        self.change_one(SCRAM, values![id, scram]).await
    }

    /// All of one kind, revoked and used ones too.
    pub async fn credentials_of(
        &self,
        principal: PrincipalId,
        kind: CredentialKind,
    ) -> Result<Vec<Credential>, Error> {
        let rows = self.rows(OF, values![principal, kind.as_str()]).await?;
        rows.iter().map(credential_row).collect()
    }

    pub async fn credential_by_lookup(&self, lookup: &str) -> Result<Option<Credential>, Error> {
        self.row(BY_LOOKUP, values![lookup])
            .await?
            .as_ref()
            .map(credential_row)
            .transpose()
    }

    /// Those of one kind that end by themselves and are still to be used, of everybody, newest first.
    pub async fn credentials_unused(
        &self,
        kind: CredentialKind,
        now: i64,
        rows: usize,
    ) -> Result<Vec<Credential>, Error> {
        let limit = i64::try_from(rows).unwrap_or(i64::MAX);
        let rows = self
            .rows(UNUSED, values![kind.as_str(), now, limit])
            .await?;
        rows.iter().map(credential_row).collect()
    }

    /// Uses a one-time credential: `true` for the first caller only, and only while it is valid.
    pub async fn credential_use(&self, id: CredentialId, at: i64) -> Result<bool, Error> {
        Ok(self.change_any(USE, values![id, at]).await? == 1)
    }

    pub async fn credential_touch(&self, id: CredentialId, at: i64) -> Result<(), Error> {
        self.change_any(TOUCH, values![id, at]).await.map(drop)
    }

    /// Replaces the stored hash (approval of a slip, a stronger hash at sign-in).
    pub async fn credential_secret_set(
        &self,
        id: CredentialId,
        secret_hash: &str,
    ) -> Result<(), Error> {
        self.change_one(SECRET, values![id, secret_hash]).await
    }

    pub async fn credential_revoke(&self, id: CredentialId, at: i64) -> Result<bool, Error> {
        Ok(self.change_any(REVOKE, values![id, at]).await? == 1)
    }

    /// Revokes all of these kinds in one transaction. Returns how many.
    pub async fn credentials_revoke_all(
        &self,
        principal: PrincipalId,
        kinds: &[CredentialKind],
        at: i64,
    ) -> Result<u64, Error> {
        let kinds = kinds.to_vec();
        self.write(move |txn| {
            Box::pin(async move {
                let mut revoked = 0;
                for kind in kinds {
                    revoked += txn
                        .conn
                        .run(REVOKE_KIND, values![principal, kind.as_str(), at])
                        .await?;
                }
                Ok(revoked)
            })
        })
        .await
    }

    pub async fn session_add(&self, new: NewSession) -> Result<(), Error> {
        let values = values![
            new.token_hash,
            new.principal,
            new.csrf,
            new.device,
            new.ip,
            new.created_at,
            new.expires_at,
        ];
        self.change_one(SESSION_ADD, values).await
    }

    /// Revoked and expired ones too: the caller looks at the times.
    pub async fn session_by_hash(&self, token_hash: &str) -> Result<Option<Session>, Error> {
        self.row(SESSION, values![token_hash])
            .await?
            .as_ref()
            .map(session_row)
            .transpose()
    }

    pub async fn session_touch(
        &self,
        token_hash: &str,
        at: i64,
        expires_at: i64,
        ip: &str,
    ) -> Result<(), Error> {
        self.change_any(SESSION_TOUCH, values![token_hash, at, expires_at, ip])
            .await
            .map(drop)
    }

    pub async fn session_revoke(&self, token_hash: &str, at: i64) -> Result<bool, Error> {
        Ok(self
            .change_any(SESSION_REVOKE, values![token_hash, at])
            .await?
            == 1)
    }

    /// The most recently used first.
    pub async fn sessions_of(&self, principal: PrincipalId) -> Result<Vec<Session>, Error> {
        self.rows(SESSIONS, values![principal])
            .await?
            .iter()
            .map(session_row)
            .collect()
    }

    pub async fn sessions_revoke_all(&self, principal: PrincipalId, at: i64) -> Result<u64, Error> {
        self.change_any(SESSIONS_REVOKE, values![principal, at])
            .await
    }

    /// Forgets sessions that ended before a time. Returns how many.
    pub async fn sessions_sweep(&self, before: i64) -> Result<u64, Error> {
        self.change_any(SESSIONS_SWEEP, values![before]).await
    }

    /// Forgets slips that ran out before a time. Returns how many.
    pub async fn slips_sweep(&self, before: i64) -> Result<u64, Error> {
        self.change_any(SLIPS_SWEEP, values![before]).await
    }
}
