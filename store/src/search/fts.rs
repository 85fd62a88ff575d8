//! The full-text index of both databases: FTS5 in a file of its own in the data folder, so that indexing never holds the
//! mail's writer and a search asks no server. It can be deleted: it is filled again from the mail.

use std::collections::HashMap;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::Mutex;

use super::words::Asked;
use super::{Entry, Field, parse_ids};
use crate::Error;
use crate::db::{Conn, values};
use crate::id::*;
use crate::limits::Limits;
use crate::open::{Config, Connect, Pool};

/// The ascii tokenizer takes what `viet` made as it is: it splits at blanks and keeps every letter beyond ASCII.
/// An account has a short number here, because it stands in front of every term.
const TABLES: &str = "CREATE VIRTUAL TABLE IF NOT EXISTS letters USING fts5(subject, sender, recipients, body, \
     content='', contentless_delete=1, tokenize='ascii'); \
     CREATE TABLE IF NOT EXISTS owner (number INTEGER PRIMARY KEY, account BIGINT NOT NULL UNIQUE); \
     CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value BIGINT NOT NULL);";
/// Terms gathered in memory before a piece of the index is written, bytes: one transaction, one piece.
const GATHER: &str = "INSERT INTO letters (letters, rank) VALUES ('hashsize', 33554432)";
const EMPTY: &str =
    "DROP TABLE IF EXISTS letters; DROP TABLE IF EXISTS owner; DROP TABLE IF EXISTS mark;";
const PUT: &str = "INSERT OR REPLACE INTO letters (rowid, subject, sender, recipients, body) VALUES ($1, $2, $3, $4, $5)";
const REMOVE: &str = "DELETE FROM letters WHERE rowid = $1";
const FIND: &str = "SELECT string_agg(CAST(id AS TEXT), ' ') FROM (SELECT rowid AS id FROM letters WHERE letters MATCH $1 \
     ORDER BY rowid DESC LIMIT $2)";
const OWNER: &str = "SELECT number FROM owner WHERE account = $1";
const OWNER_ADD: &str = "INSERT INTO owner (account) VALUES ($1) RETURNING number";
const MARK: &str = "SELECT value FROM mark WHERE name = $1";
const MARK_SET: &str = "INSERT INTO mark (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
/// How terms are written here; another form means filling the index again.
const FORM: i64 = 2;

pub(crate) struct Index {
    pool: Pool,
    writer: Mutex<Option<Conn>>,
}

impl Index {
    pub async fn open(data: &Path, limits: &Limits) -> Result<Index, Error> {
        let config = Config {
            url: "sqlite::memory:".to_owned(),
            ..Config::sqlite(data)
        };
        let Connect::Lite(options) = Connect::from(&config)? else {
            return Err(Error::Broken("the search index is not SQLite".to_owned()));
        };
        let options: SqliteConnectOptions = (*options)
            .in_memory(false)
            .shared_cache(false)
            .filename(data.join("search.db"));
        let connect = Connect::Lite(Box::new(options));
        let mut writer = connect.writer().await?;
        writer.raw(TABLES).await?;
        let readers = Limits {
            readers: limits.readers.div_ceil(2),
            ..limits.clone()
        };
        Ok(Index {
            pool: connect.readers(&readers).await?,
            writer: Mutex::new(Some(writer)),
        })
    }

    pub async fn close(&self) {
        if let Some(writer) = self.writer.lock().await.take()
            && let Err(cause) = writer.close().await
        {
            tracing::warn!(%cause, "the search index did not close cleanly");
        }
        self.pool.close().await;
    }

    /// The generation this file was filled for, and the last batch it took.
    pub async fn marks(&self) -> Result<(i64, i64), Error> {
        let mut conn = self.pool.conn().await?;
        let mut marks = [0, 0, 0];
        for (mark, name) in marks.iter_mut().zip(["generation", "batch", "form"]) {
            if let Some(row) = conn.row(MARK, values![name]).await? {
                *mark = row.int(0)?;
            }
        }
        let [generation, batch, form] = marks;
        Ok(if form == FORM {
            (generation, batch)
        } else {
            (0, 0)
        })
    }

    /// Begins again with nothing.
    pub async fn empty(&self, generation: i64) -> Result<(), Error> {
        let mut guard = self.writer.lock().await;
        let writer = guard.as_mut().ok_or_else(closed)?;
        writer.raw(EMPTY).await?;
        writer.raw(TABLES).await?;
        writer.run(GATHER, values![]).await?;
        writer.run(MARK_SET, values!["form", FORM]).await?;
        writer
            .run(MARK_SET, values!["generation", generation])
            .await
            .map(drop)
    }

    /// Takes entries in one transaction, with the batch's number as its mark. Taking them again does no harm.
    pub async fn take(&self, entries: &[Entry], batch: i64) -> Result<(), Error> {
        let mut guard = self.writer.lock().await;
        let writer = guard.as_mut().ok_or_else(closed)?;
        writer.raw("BEGIN IMMEDIATE").await?;
        let taken = write(writer, entries, batch).await;
        writer
            .raw(if taken.is_ok() { "COMMIT" } else { "ROLLBACK" })
            .await?;
        taken
    }

    pub async fn find(
        &self,
        account: AccountId,
        asked: &[Asked],
        rows: usize,
    ) -> Result<Vec<EmailId>, Error> {
        let limit = i64::try_from(rows).unwrap_or(i64::MAX);
        let mut conn = self.pool.conn().await?;
        let Some(owner) = conn.row(OWNER, values![account]).await? else {
            return Ok(Vec::new());
        };
        let values = values![match_text(owner.int(0)?, asked), limit];
        let row = conn.row(FIND, values).await?;
        let ids = row.map(|row| row.opt_text(0)).transpose()?.flatten();
        Ok(ids.as_deref().map(parse_ids).unwrap_or_default())
    }
}

fn closed() -> Error {
    Error::Later("the search index is closed".to_owned())
}

async fn write(writer: &mut Conn, entries: &[Entry], batch: i64) -> Result<(), Error> {
    let mut owners: HashMap<AccountId, i64> = HashMap::new();
    for entry in entries {
        let Some(document) = &entry.document else {
            writer.run(REMOVE, values![entry.email]).await?;
            continue;
        };
        let number = match owners.get(&entry.account) {
            Some(number) => *number,
            None => {
                let number = owner(writer, entry.account).await?;
                owners.insert(entry.account, number);
                number
            }
        };
        let prefix = prefix(number);
        let mut values = values![entry.email];
        for words in &document.fields {
            let mut text = String::new();
            for word in words {
                text.push_str(&prefix);
                text.push_str(word);
                text.push(' ');
            }
            values.extend(values![text]);
        }
        writer.run(PUT, values).await?;
    }
    writer
        .run(MARK_SET, values!["batch", batch])
        .await
        .map(drop)
}

/// An account's number here, given when it is met first.
async fn owner(writer: &mut Conn, account: AccountId) -> Result<i64, Error> {
    if let Some(row) = writer.row(OWNER, values![account]).await? {
        return row.int(0);
    }
    let row = writer.row(OWNER_ADD, values![account]).await?;
    row.ok_or_else(|| Error::Broken("an account got no number".to_owned()))?
        .int(0)
}

/// What stands in front of every term: digits up to the first `x` are the account's number.
fn prefix(number: i64) -> String {
    format!("{number}x")
}

/// FTS5's query language. Terms hold letters and digits only, so nothing typed can change its meaning.
fn match_text(number: i64, asked: &[Asked]) -> String {
    let prefix = prefix(number);
    let mut parts = Vec::new();
    for one in asked {
        let field = match one.field {
            Field::Any => "",
            Field::Subject => "subject : ",
            Field::From => "sender : ",
            Field::To => "recipients : ",
            Field::Body => "body : ",
        };
        for (place, phrase) in one.phrases.iter().enumerate() {
            let words: Vec<String> = phrase
                .iter()
                .map(|word| format!("{prefix}{word}"))
                .collect();
            let star = if one.goes_on(place) { " *" } else { "" };
            parts.push(format!("{field}\"{}\"{star}", words.join(" ")));
        }
    }
    parts.join(" AND ")
}

#[cfg(test)]
mod tests {
    use super::super::Clause;
    use super::*;

    #[test]
    fn what_is_typed_cannot_change_the_query() {
        let clause = Clause {
            field: Field::Subject,
            words: vec!["họp\" OR body:*".to_owned(), "NEAR(xyz".to_owned()],
            phrase: false,
            prefix: true,
        };
        assert_eq!(
            match_text(35, &[Asked::from(&clause)]),
            "subject : \"35xhop 35xor 35xbody\" AND subject : \"35xnear 35xxyz\" *"
        );
    }
}
