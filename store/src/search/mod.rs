//! Full text: emails found by words, with or without diacritics. Terms are folded by `viet` and carry their account, so
//! that a search walks its own account's postings only. The index is derived data: filled from a queue by its own
//! task, never delaying a delivery; what is still in the queue is searched as text, so a fresh letter is found at once.

mod fts;
mod keep;
mod words;

pub(crate) use fts::Index;
pub(crate) use keep::{keep_index, queue_if_lost};
pub(crate) use words::{fold, fold_words};

use std::collections::HashSet;

use crate::Error;
use crate::db::values;
use crate::id::*;
use crate::limits::SEARCH_FRESH;
use crate::listed::Listed;
use crate::store::Store;
use words::{Asked, Document};

const QUEUED: &str = "SELECT email_id, body_id, gone FROM index_queue WHERE account_id = $1 ORDER BY email_id DESC LIMIT $2";
pub(crate) const SQL: &[&str] = &[QUEUED, keep::QUEUE, keep::QUEUE_ALL];
pub(crate) const LISTED: &[&Listed] = &[&keep::DOCUMENTS, &keep::TAKEN];

/// Where words are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    Any,
    Subject,
    From,
    To,
    Body,
}

/// Words that must all be in one email: side by side and in order where `phrase`; the last one may go on where `prefix`.
#[derive(Clone, Debug)]
pub struct Clause {
    pub field: Field,
    pub words: Vec<String>,
    pub phrase: bool,
    pub prefix: bool,
}

/// One email for the index.
pub(crate) struct Entry {
    pub email: EmailId,
    pub account: AccountId,
    /// `None`: it is gone, and leaves the index.
    pub document: Option<std::sync::Arc<Document>>,
}

/// Ids written one after another.
fn parse_ids(text: &str) -> Vec<EmailId> {
    text.split(' ')
        .filter_map(|id| id.parse().ok().map(EmailId))
        .collect()
}

impl Store {
    /// Emails of an account for which all clauses hold, newest first, at most `rows`. Letters committed before this
    /// call are found, indexed or not.
    pub async fn search(
        &self,
        account: AccountId,
        all: &[Clause],
        rows: usize,
    ) -> Result<Vec<EmailId>, Error> {
        let asked: Vec<Asked> = all.iter().map(Asked::from).collect();
        if asked.is_empty() || asked.iter().any(Asked::is_nothing) {
            return Ok(Vec::new());
        }
        // The queue first: an email leaves it only after it has entered the index.
        let limit = i64::try_from(SEARCH_FRESH).unwrap_or(i64::MAX);
        let queued = self.rows(QUEUED, values![account, limit]).await?;
        let (mut fresh, mut gone) = (Vec::new(), HashSet::new());
        for row in &queued {
            let email = EmailId(row.int(0)?);
            if row.flag(2)? {
                gone.insert(email);
            } else {
                fresh.push((email, BodyId(row.int(1)?)));
            }
        }
        let mut hits = self
            .0
            .search
            .find(account, &asked, rows.saturating_add(gone.len()))
            .await?;
        hits.retain(|email| !gone.contains(email));
        let waiting: HashSet<EmailId> = fresh.iter().map(|(email, _)| *email).collect();
        hits.retain(|email| !waiting.contains(email));
        let letters: Vec<_> = fresh.iter().map(|(_, body)| (account, *body)).collect();
        let rereads = self.rereads(&letters).await?;
        for (email, body) in fresh {
            let reread = rereads.get(&(account, body));
            let document = Document::of(&self.derived_as_read(body, reread).await?);
            if asked.iter().all(|one| one.found_in(&document)) {
                hits.push(email);
            }
        }
        hits.sort_unstable_by(|a, b| b.cmp(a));
        hits.truncate(rows);
        Ok(hits)
    }
}
