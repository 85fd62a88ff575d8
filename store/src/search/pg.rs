//! The full-text index inside PostgreSQL: a tsvector per email with a GIN index. The field is the weight: A subject,
//! B from, C to, D body.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tokio::sync::Mutex;

use super::words::{Asked, Document, account_prefix};
use super::{Entry, Field, parse_ids};
use crate::Error;
use crate::db::{Conn, values};
use crate::id::*;
use crate::listed::{Listed, insert};
use crate::open::Connect;

const PUT: Listed = Listed::new(
    "it",
    "WITH v(k, t) AS (VALUES {}) INSERT INTO search_doc (email_id, terms) SELECT v.k, v.t::tsvector FROM v \
     ON CONFLICT (email_id) DO UPDATE SET terms = excluded.terms",
);
const REMOVE: Listed = Listed::new("i", "DELETE FROM search_doc WHERE email_id IN (VALUES {})");
const FIND: &str = "SELECT string_agg(CAST(email_id AS TEXT), ' ') FROM (SELECT email_id FROM search_doc \
     WHERE terms @@ $1::tsquery ORDER BY email_id DESC LIMIT $2) AS found";
pub(crate) const SQL: &[&str] = &[FIND];
pub(crate) const LISTED: &[&Listed] = &[&PUT, &REMOVE];

/// A tsvector's positions end here, and its bytes at 1 MB.
const POSITIONS: usize = 16_383;
const VECTOR_BYTES: usize = 900_000;
/// Positions kept of one word (the database drops further ones).
const SAME_WORD: usize = 255;
/// Between fields, so that no phrase reaches from one into the next.
const GAP: usize = 2;

pub(crate) struct Index {
    connect: Connect,
    writer: Mutex<Option<Conn>>,
}

impl Index {
    pub fn new(connect: Connect) -> Index {
        Index {
            connect,
            writer: Mutex::new(None),
        }
    }

    pub async fn close(&self) {
        if let Some(writer) = self.writer.lock().await.take()
            && let Err(cause) = writer.close().await
        {
            tracing::warn!(%cause, "the search index did not close cleanly");
        }
    }

    /// Takes entries and removes them from the queue, in one transaction.
    pub async fn take(
        &self,
        entries: &[Entry],
        taken: (&'static Listed, Vec<crate::db::Value>),
    ) -> Result<(), Error> {
        let mut guard = self.writer.lock().await;
        let mut writer = match guard.take() {
            Some(writer) => writer,
            None => self.connect.writer().await?,
        };
        // On an error the connection is dropped, and its transaction with it.
        writer.raw("BEGIN").await?;
        let (mut put, mut remove) = (Vec::new(), Vec::new());
        for entry in entries {
            match &entry.document {
                Some(document) => put.extend(values![entry.email, vector(entry.account, document)]),
                None => remove.extend(values![entry.email]),
            }
        }
        insert(&mut writer, &PUT, put).await?;
        insert(&mut writer, &REMOVE, remove).await?;
        insert(&mut writer, taken.0, taken.1).await?;
        writer.raw("COMMIT").await?;
        *guard = Some(writer);
        Ok(())
    }
}

pub(crate) async fn find(
    conn: &mut Conn,
    account: AccountId,
    asked: &[Asked],
    rows: usize,
) -> Result<Vec<EmailId>, Error> {
    let limit = i64::try_from(rows).unwrap_or(i64::MAX);
    let row = conn
        .row(FIND, values![query(account, asked), limit])
        .await?;
    let ids = row.map(|row| row.opt_text(0)).transpose()?.flatten();
    Ok(ids.as_deref().map(parse_ids).unwrap_or_default())
}

/// A document in tsvector's text form.
fn vector(account: AccountId, document: &Document) -> String {
    let prefix = account_prefix(account);
    let mut places: BTreeMap<&str, Vec<(usize, char)>> = BTreeMap::new();
    let mut position = 1;
    let mut bytes = 0;
    for (words, weight) in document.fields.iter().zip(['A', 'B', 'C', 'D']) {
        for word in words {
            bytes += 8;
            let known = places.entry(word).or_insert_with(|| {
                bytes += prefix.len() + word.len() + 8;
                Vec::new()
            });
            if known.len() < SAME_WORD {
                known.push((position.min(POSITIONS), weight));
            }
            position += 1;
            if bytes > VECTOR_BYTES {
                break;
            }
        }
        position += GAP;
    }
    let mut text = String::with_capacity(bytes);
    for (word, places) in places {
        // Terms are letters and digits: nothing to quote. Writing to a String cannot fail.
        let _ = write!(text, "'{prefix}{word}':");
        for (place, (position, weight)) in places.iter().enumerate() {
            let _ = write!(
                text,
                "{}{position}{weight}",
                if place == 0 { "" } else { "," }
            );
        }
        text.push(' ');
    }
    text
}

fn query(account: AccountId, asked: &[Asked]) -> String {
    let prefix = account_prefix(account);
    let mut parts = Vec::new();
    for one in asked {
        let weight = match one.field {
            Field::Any => "",
            Field::Subject => "A",
            Field::From => "B",
            Field::To => "C",
            Field::Body => "D",
        };
        for (place, phrase) in one.phrases.iter().enumerate() {
            let words: Vec<String> = phrase
                .iter()
                .enumerate()
                .map(|(word_place, word)| {
                    let last = word_place + 1 == phrase.len();
                    let star = if last && one.goes_on(place) { "*" } else { "" };
                    let colon = if star.is_empty() && weight.is_empty() {
                        ""
                    } else {
                        ":"
                    };
                    format!("'{prefix}{word}'{colon}{star}{weight}")
                })
                .collect();
            parts.push(format!("({})", words.join(" <-> ")));
        }
    }
    parts.join(" & ")
}

#[cfg(test)]
mod tests {
    use super::super::Clause;
    use super::*;
    use crate::noun::Derived;

    #[test]
    fn documents_and_queries_are_written_for_postgresql() {
        let document = Document::of(&Derived {
            subject: "Họp họp".to_owned(),
            search_text: "khẩn".to_owned(),
            ..Derived::default()
        });
        assert_eq!(
            vector(AccountId(1), &document),
            "'a1xhop':1A,2A 'a1xkhan':9D "
        );
        let clause = Clause {
            field: Field::Body,
            words: vec!["rất".to_owned(), "khẩ".to_owned()],
            phrase: true,
            prefix: true,
        };
        assert_eq!(
            query(AccountId(1), &[Asked::from(&clause)]),
            "('a1xrat':D <-> 'a1xkha':*D)"
        );
    }
}
