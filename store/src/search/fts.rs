//! The full-text index of both databases: FTS5 in a file of its own in the data folder, so that indexing never holds the
//! mail's writer and a search asks no server. It can be deleted: it is filled again from the mail.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::Mutex;

use super::numbers::{self, BLOCK, Numbers};
use super::words::{Asked, Document, Tones};
use super::{Entry, Field};
use crate::Error;
use crate::db::{Conn, values};
use crate::id::*;
use crate::limits::{Limits, SEARCH_BLOCKS};
use crate::open::{Config, Connect, Pool};

/// The ascii tokenizer takes what `viet` made as it is: it splits at blanks and keeps every letter beyond ASCII.
/// A letter's number is its row; its block stands in front of every term, so that a search walks only the account's own.
/// The body comes first: every posting of another column names it.
const TABLES: &str = "CREATE VIRTUAL TABLE IF NOT EXISTS letters USING fts5(body, subject, sender, recipients, \
     content='', contentless_delete=1, tokenize='ascii'); \
     CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value BIGINT NOT NULL);";
/// Terms gathered in memory before a piece of the index is written, bytes: one transaction, one piece.
const GATHER: &str = "INSERT INTO letters (letters, rank) VALUES ('hashsize', 33554432)";
const EMPTY: &str =
    "DROP TABLE IF EXISTS letters; DROP TABLE IF EXISTS owner; DROP TABLE IF EXISTS mark;";
const PUT: &str = "INSERT OR REPLACE INTO letters (rowid, subject, sender, recipients, body) VALUES ($1, $2, $3, $4, $5)";
const REMOVE: &str = "DELETE FROM letters WHERE rowid = $1";
/// One text of short numbers: a row of its own for each would cost ten times as much.
const FIND: &str =
    "SELECT string_agg(CAST(rowid - $2 AS TEXT), ' ') FROM letters WHERE letters MATCH $1";
const MARK: &str = "SELECT value FROM mark WHERE name = $1";
const MARK_SET: &str = "INSERT INTO mark (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
/// How terms are written here; another form means filling the index again.
const FORM: i64 = 3;

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
        writer.raw(numbers::TABLES).await?;
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
        for sql in [EMPTY, numbers::EMPTY, TABLES, numbers::TABLES] {
            writer.raw(sql).await?;
        }
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

    /// The newest letters that agree, newest first, `rows` or some more: in the order of their numbers, which is that of
    /// their ids but for letters that were committed at the same time.
    pub async fn find(
        &self,
        account: AccountId,
        asked: &[Asked],
        tones: Tones,
        rows: usize,
    ) -> Result<Vec<EmailId>, Error> {
        let blocks = numbers::blocks(&mut self.pool.conn().await?, account).await?;
        let mut found = Vec::new();
        let mut left = blocks.as_slice();
        while found.len() < rows && !left.is_empty() {
            // Where not everything is asked for, the newest may be enough: one, then as many as were walked already.
            let walked = match rows {
                usize::MAX => SEARCH_BLOCKS,
                _ => (blocks.len() - left.len()).clamp(1, SEARCH_BLOCKS),
            };
            let (some, rest) = left.split_at(walked.min(left.len()));
            let parts = some.iter().map(|block| self.find_in(*block, asked, tones));
            for mut part in futures_util::future::try_join_all(parts).await? {
                part.reverse();
                found.append(&mut part);
            }
            left = rest;
        }
        Ok(found)
    }

    /// The letters of one block, oldest first.
    async fn find_in(
        &self,
        block: i64,
        asked: &[Asked],
        tones: Tones,
    ) -> Result<Vec<EmailId>, Error> {
        let mut conn = self.pool.conn().await?;
        let values = values![match_text(block, asked, tones), block * BLOCK];
        let row = conn.row(FIND, values).await?;
        let text = row.map(|row| row.opt_text(0)).transpose()?.flatten();
        let mut found = parse_numbers(text.unwrap_or_default().as_bytes());
        // FTS5 walks rows in their order, though it does not promise it.
        if !found.is_sorted() {
            found.sort_unstable();
        }
        numbers::emails(&mut conn, block, &found).await
    }
}

/// Numbers written one after another.
fn parse_numbers(text: &[u8]) -> Vec<u32> {
    let mut numbers = Vec::with_capacity(text.len() / 5);
    let mut number = None;
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                number = Some(
                    number
                        .unwrap_or(0u32)
                        .wrapping_mul(10)
                        .wrapping_add(u32::from(byte - b'0')),
                )
            }
            _ => numbers.extend(number.take()),
        }
    }
    numbers.extend(number);
    numbers
}

fn closed() -> Error {
    Error::Later("the search index is closed".to_owned())
}

async fn write(writer: &mut Conn, entries: &[Entry], batch: i64) -> Result<(), Error> {
    let mut numbers = Numbers::of(writer, entries.iter().map(|entry| entry.email)).await?;
    for entry in entries {
        let Some(document) = &entry.document else {
            if let Some(number) = numbers.forget(writer, entry.email).await? {
                writer.run(REMOVE, values![number]).await?;
            }
            continue;
        };
        let number = numbers.number(writer, entry.account, entry.email).await?;
        let mut values = values![number];
        for text in field_texts(numbers::block_of(number), document) {
            values.extend(values![text]);
        }
        writer.run(PUT, values).await?;
    }
    numbers.keep(writer).await?;
    writer
        .run(MARK_SET, values!["batch", batch])
        .await
        .map(drop)
}

/// What stands in front of every term: digits up to the first letter are the block's number.
fn prefix(block: i64, tones: Tones) -> String {
    match tones {
        Tones::Any => format!("{block}x"),
        Tones::Typed => format!("{block}y"),
    }
}

/// The fields of a letter as terms: folded, and where marks are in it the same words with their marks behind.
fn field_texts(block: i64, document: &Document) -> [String; 4] {
    let (folded, toned) = (prefix(block, Tones::Any), prefix(block, Tones::Typed));
    document.fields.each_ref().map(|words| {
        let mut text = String::with_capacity(2 * (words.folded.len() + words.toned.len()));
        for (prefix, words) in [(&folded, &words.folded), (&toned, &words.toned)] {
            for word in words.split_ascii_whitespace() {
                text.push_str(prefix);
                text.push_str(word);
                text.push(' ');
            }
        }
        text
    })
}

/// FTS5's query language. Terms hold letters and digits only, so nothing typed can change its meaning.
fn match_text(block: i64, asked: &[Asked], tones: Tones) -> String {
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
            let (words, tones) = phrase.words(tones);
            let prefix = prefix(block, tones);
            let words: Vec<String> = words.iter().map(|word| format!("{prefix}{word}")).collect();
            let star = if one.goes_on(place) { " *" } else { "" };
            parts.push(format!("{field}\"{}\"{star}", words.join(" ")));
        }
    }
    parts.join(" AND ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
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
        let asked = [Asked::from(&clause)];
        assert_eq!(
            match_text(35, &asked, Tones::Any),
            "subject : \"35xhop 35xor 35xbody\" AND subject : \"35xnear 35xxyz\" *"
        );
        assert_eq!(
            match_text(35, &asked, Tones::Typed),
            "subject : \"35yhọp 35yor 35ybody\" AND subject : \"35xnear 35xxyz\" *"
        );
    }

    #[test]
    fn numbers_are_read_as_they_were_written() {
        assert!(parse_numbers(b"").is_empty());
        assert_eq!(parse_numbers(b"0"), [0]);
        assert_eq!(parse_numbers(b"0 7 15999"), [0, 7, 15_999]);
    }

    /// Letters of two accounts, in turn; each with one word.
    fn entries(emails: std::ops::Range<i64>, word: Option<&str>) -> Vec<Entry> {
        let document = word.map(|word| {
            let derived = crate::noun::Derived {
                subject: word.to_owned(),
                ..Default::default()
            };
            std::sync::Arc::new(Document::of(&derived))
        });
        let entry = |email: i64| Entry {
            email: EmailId(email),
            account: AccountId(1 + i64::from(email % 100 == 0)),
            document: document.clone(),
        };
        emails.map(entry).collect()
    }

    #[tokio::test]
    async fn blocks_fill_are_walked_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path(), &Limits::default())
            .await
            .unwrap();
        index.empty(1).await.unwrap();
        let end = BLOCK + 1_000;
        index.take(&entries(1..end, Some("họp")), 1).await.unwrap();
        let asked = |word: &str| {
            [Asked::from(&Clause {
                field: Field::Any,
                words: vec![word.to_owned()],
                phrase: true,
                prefix: false,
            })]
        };
        let ours = |emails: std::ops::Range<i64>| -> Vec<EmailId> {
            let emails = emails.rev().filter(|email| email % 100 != 0);
            emails.map(EmailId).collect()
        };
        let find = async |word: &str, rows| {
            let asked = asked(word);
            let found = index.find(AccountId(1), &asked, Tones::Typed, rows);
            found.await.unwrap()
        };
        assert_eq!(find("họp", usize::MAX).await, ours(1..end));
        // The newest block is enough for a few; for more the one before it is walked too.
        assert_eq!(find("họp", 10).await[..10], ours(1..end)[..10]);
        assert_eq!(find("họp", 5_000).await, ours(1..end));
        assert!(find("hợp", usize::MAX).await.is_empty());
        let hop = asked("hop");
        let other = index.find(AccountId(2), &hop, Tones::Any, usize::MAX);
        assert_eq!(other.await.unwrap().len() as i64, (end - 1) / 100);
        // Taken again they keep their places.
        index.take(&entries(3..7, Some("mời")), 2).await.unwrap();
        assert_eq!(find("mời", usize::MAX).await, ours(3..7));
        assert_eq!(
            find("họp", usize::MAX).await,
            [ours(7..end), ours(1..3)].concat()
        );
        // The first block goes with its last letter; who comes then is found as ever.
        let old = end - 500;
        index.take(&entries(1..old, None), 3).await.unwrap();
        assert_eq!(find("họp", usize::MAX).await, ours(old..end));
        let mut conn = index.pool.conn().await.unwrap();
        let left = numbers::blocks(&mut conn, AccountId(1)).await.unwrap();
        assert_eq!(left.len(), 1);
        drop(conn);
        let more = end + 700;
        index
            .take(&entries(end..more, Some("họp")), 4)
            .await
            .unwrap();
        assert_eq!(find("họp", usize::MAX).await, ours(old..more));
        index.close().await;
    }
}
