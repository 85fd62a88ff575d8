//! The queue of letters whose attached files are still to be read for the search. A letter is claimed for a time, so that
//! what dies with its process is due again; how often it is begun is counted before the work, so that a letter that
//! kills its reader is given up. Reads no file itself.

use crate::Error;
use crate::body::{cut, pack_text, unpack_text};
use crate::clock::now_ms;
use crate::db::{Value, values};
use crate::id::BodyId;
use crate::limits::{ATTACHED_DELAY_MS, SEARCH_TEXT_BYTES};
use crate::listed::Listed;
use crate::noun::Derived;
use crate::store::Store;

pub(crate) const INSERT_ATTACHED: Listed = Listed::new(
    "iii",
    "INSERT INTO attached_queue (body_id, tries, next_at) VALUES {}",
);
const DUE: &str = "SELECT body_id FROM attached_queue WHERE next_at <= $1 ORDER BY next_at LIMIT 1";
const CLAIM: &str = "UPDATE attached_queue SET tries = tries + 1, next_at = $2 WHERE body_id = \
     (SELECT body_id FROM attached_queue WHERE next_at <= $1 ORDER BY next_at LIMIT 1) RETURNING body_id, tries";
pub(crate) const QUEUE: &str = "INSERT INTO attached_queue (body_id, tries, next_at) VALUES ($1, 0, $2) \
     ON CONFLICT (body_id) DO UPDATE SET tries = 0, next_at = excluded.next_at";
const FORGET: &str = "DELETE FROM attached_queue WHERE body_id = $1";
const LATER: &str = "UPDATE attached_queue SET next_at = $2 WHERE body_id = $1";
const LEFT: &str = "SELECT COUNT(*) FROM attached_queue";
const TEXT: &str = "SELECT search_text FROM derived WHERE body_id = $1";
const TEXT_SET: &str = "UPDATE derived SET search_text = $2 WHERE body_id = $1";
pub(crate) const INDEXING: &str = "SELECT email.id FROM email JOIN index_queue ON index_queue.email_id = email.id \
     WHERE email.body_id = $1 LIMIT 1";
const HELD: &str = "SELECT id FROM email WHERE body_id = $1 LIMIT 1";
pub(crate) const SQL: &[&str] = &[
    DUE, CLAIM, QUEUE, FORGET, LATER, LEFT, TEXT, TEXT_SET, INDEXING, HELD,
];
pub(crate) const LISTED: &[&Listed] = &[&INSERT_ATTACHED];

/// Stands in the findable text before the name of each attached file whose text follows.
pub const FILE_MARK: char = '\u{1c}';

/// A letter to be read, and how often that was begun, this time included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachedDue {
    pub body: BodyId,
    pub tries: u32,
}

/// The row of a letter that is stored now, if it has files to read.
pub(crate) fn row(body: BodyId, derived: &Derived, now: i64) -> Vec<Value> {
    if derived.readable_files {
        values![body, 0i64, due_at(now)]
    } else {
        Vec::new()
    }
}

/// When a letter that came now is due: drafts written anew meanwhile need not be read.
pub(crate) fn due_at(now: i64) -> i64 {
    now + ATTACHED_DELAY_MS
}

impl Store {
    /// The next letter that is due, claimed for `lease_ms`.
    pub async fn attached_claim(&self, lease_ms: i64) -> Result<Option<AttachedDue>, Error> {
        let now = now_ms();
        // Usually there is none: then the writer is left alone.
        if self.row(DUE, values![now]).await?.is_none() {
            return Ok(None);
        }
        self.write(move |txn| {
            Box::pin(async move {
                let Some(row) = txn.conn.row(CLAIM, values![now, now + lease_ms]).await? else {
                    return Ok(None);
                };
                Ok(Some(AttachedDue {
                    body: BodyId(row.int(0)?),
                    tries: row.small(1)?,
                }))
            })
        })
        .await
    }

    /// Whether any mailbox still holds a letter with this body.
    pub async fn body_is_held(&self, body: BodyId) -> Result<bool, Error> {
        Ok(self.row(HELD, values![body]).await?.is_some())
    }

    /// Puts the text of the attached files (each begun by `FILE_MARK`, its name and a line end) behind the letter's own
    /// and has its emails indexed again; the letter leaves the queue, or is tried again after a time. False, and nothing is done, while the index is
    /// taking the letter as it was: then later.
    pub async fn attached_put(
        &self,
        body: BodyId,
        text: String,
        again_after_ms: Option<i64>,
    ) -> Result<bool, Error> {
        let again_at = again_after_ms.map(|after| now_ms() + after);
        self.write(move |txn| {
            Box::pin(async move {
                if txn.conn.row(INDEXING, values![body]).await?.is_some() {
                    return Ok(false);
                }
                if let Some(row) = txn.conn.row(TEXT, values![body]).await? {
                    let old = unpack_text(&row.blob(0)?)?;
                    let mut all = own_text(&old).to_owned();
                    all.push_str(&text);
                    if all != old {
                        let packed = pack_text(cut(&all, SEARCH_TEXT_BYTES))?;
                        txn.conn.run(TEXT_SET, values![body, packed]).await?;
                        let requeue = crate::listing::REQUEUE;
                        txn.conn.run(requeue, values![body]).await?;
                        txn.wakes.index = true;
                    }
                }
                match again_at {
                    Some(at) => txn.conn.run(LATER, values![body, at]).await?,
                    None => txn.conn.run(FORGET, values![body]).await?,
                };
                Ok(true)
            })
        })
        .await
    }

    /// The letter leaves the queue as it is: nothing to read in it, or given up.
    pub async fn attached_forget(&self, body: BodyId) -> Result<(), Error> {
        self.change_any(FORGET, values![body]).await.map(drop)
    }

    /// Another try after that time.
    pub async fn attached_later(&self, body: BodyId, after_ms: i64) -> Result<(), Error> {
        let at = now_ms() + after_ms;
        self.change_any(LATER, values![body, at]).await.map(drop)
    }

    /// Letters in the queue.
    pub async fn attached_left(&self) -> Result<i64, Error> {
        match self.row(LEFT, values![]).await? {
            Some(row) => row.int(0),
            None => Ok(0),
        }
    }
}

/// The letter's own findable text, without that of attached files.
pub fn own_text(search_text: &str) -> &str {
    search_text
        .split_once(FILE_MARK)
        .map_or(search_text, |(own, _)| own)
}

/// The text of attached files: (name, text).
pub fn file_texts(search_text: &str) -> impl Iterator<Item = (&str, &str)> {
    search_text
        .split(FILE_MARK)
        .skip(1)
        .map(|file| file.split_once('\n').unwrap_or((file, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_files_stand_behind_the_letters_own() {
        let all = "họp\nnội dung\u{1c}a.pdf\nmột\nhai\u{1c}b.txt\nba";
        assert_eq!(own_text(all), "họp\nnội dung");
        let files: Vec<_> = file_texts(all).collect();
        assert_eq!(files, [("a.pdf", "một\nhai"), ("b.txt", "ba")]);
        assert_eq!(own_text("họp"), "họp");
        assert_eq!(file_texts("họp").count(), 0);
    }
}
