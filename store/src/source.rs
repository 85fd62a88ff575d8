//! Document systems that may assign documents: their tokens as hashes, two valid at once for rotation (DOMAIN 3.4).
//! Never holds a token itself.

use crate::Error;
use crate::clock::now_ms;
use crate::db::{Row, values};
use crate::id::*;
use crate::store::Store;

const SOURCE_ADD: &str = "INSERT INTO source (id, code, name, unit_id, token_hash, token_expires_at, scopes, link_hosts, \
     peer_nets, webhook_url, webhook_secret, status, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
     'active', $12)";
macro_rules! source_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, code, name, unit_id, token_hash, token_expires_at, next_token_hash, next_token_expires_at, scopes, \
             link_hosts, peer_nets, webhook_url, webhook_secret, status FROM source WHERE ",
            $rest
        )
    };
}
const SOURCE_BY_CODE: &str = source_columns!("code = $1");
const SOURCE_BY_TOKEN: &str = source_columns!("token_hash = $1 OR next_token_hash = $1 LIMIT 1");
const SOURCES: &str = source_columns!("id > 0 ORDER BY code");
const SOURCE_TOKEN: &str =
    "UPDATE source SET next_token_hash = $2, next_token_expires_at = $3 WHERE id = $1";
pub(crate) const SQL: &[&str] = &[
    SOURCE_ADD,
    SOURCE_BY_CODE,
    SOURCE_BY_TOKEN,
    SOURCES,
    SOURCE_TOKEN,
];

/// A document system. Holds secrets: no `Debug`.
#[derive(Clone, Default)]
pub struct NewSource {
    pub code: String,
    pub name: String,
    pub unit: Option<UnitId>,
    pub token_hash: String,
    pub token_expires_at: i64,
    /// Words, separated by blanks; so are the two below.
    pub scopes: String,
    pub link_hosts: String,
    pub peer_nets: String,
    pub webhook_url: Option<String>,
    pub webhook_secret: Option<String>,
}

/// Holds secrets: no `Debug`.
#[derive(Clone)]
pub struct Source {
    pub id: SourceId,
    pub code: String,
    pub name: String,
    pub unit: Option<UnitId>,
    pub token_hash: String,
    pub token_expires_at: i64,
    pub next_token_hash: Option<String>,
    pub next_token_expires_at: Option<i64>,
    pub scopes: String,
    pub link_hosts: String,
    pub peer_nets: String,
    pub webhook_url: Option<String>,
    pub webhook_secret: Option<String>,
    pub active: bool,
}

fn source_row(row: &Row) -> Result<Source, Error> {
    Ok(Source {
        id: SourceId(row.int(0)?),
        code: row.text(1)?,
        name: row.text(2)?,
        unit: row.opt_int(3)?.map(UnitId),
        token_hash: row.text(4)?,
        token_expires_at: row.int(5)?,
        next_token_hash: row.opt_text(6)?,
        next_token_expires_at: row.opt_int(7)?,
        scopes: row.text(8)?,
        link_hosts: row.text(9)?,
        peer_nets: row.text(10)?,
        webhook_url: row.opt_text(11)?,
        webhook_secret: row.opt_text(12)?,
        active: row.str(13)? == "active",
    })
}

impl Store {
    /// Registers a document system; `Exists` when the code is taken.
    pub async fn source_add(&self, new: NewSource) -> Result<SourceId, Error> {
        let now = now_ms();
        let id = SourceId(self.next_id(now));
        let values = values![
            id,
            new.code,
            new.name,
            new.unit,
            new.token_hash,
            new.token_expires_at,
            new.scopes,
            new.link_hosts,
            new.peer_nets,
            new.webhook_url,
            new.webhook_secret,
            now,
        ];
        self.change_one(SOURCE_ADD, values).await?;
        Ok(id)
    }

    pub async fn source_by_code(&self, code: &str) -> Result<Option<Source>, Error> {
        self.row(SOURCE_BY_CODE, values![code])
            .await?
            .as_ref()
            .map(source_row)
            .transpose()
    }

    /// By the hash of its token or of the next one; the caller looks at the times.
    pub async fn source_by_token_hash(&self, token_hash: &str) -> Result<Option<Source>, Error> {
        self.row(SOURCE_BY_TOKEN, values![token_hash])
            .await?
            .as_ref()
            .map(source_row)
            .transpose()
    }

    pub async fn sources(&self) -> Result<Vec<Source>, Error> {
        self.rows(SOURCES, values![])
            .await?
            .iter()
            .map(source_row)
            .collect()
    }

    /// Gives a source its next token beside the one it has (rotation).
    pub async fn source_next_token(
        &self,
        id: SourceId,
        token_hash: &str,
        expires_at: i64,
    ) -> Result<(), Error> {
        self.change_one(SOURCE_TOKEN, values![id, token_hash, expires_at])
            .await
    }
}
