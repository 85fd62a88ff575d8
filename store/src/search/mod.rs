//! Full text: emails found by words, with or without diacritics. Terms are folded by `viet` and carry a block of one
//! account's letters, so that a search walks its own account's postings only; the same words stand beside them as they are
//! spelled, to tell letters with the typed tones from those that merely sound alike. The index is derived data: filled from
//! a queue by its own task, never delaying a delivery; what is still in the queue is searched as text, so a fresh letter is
//! found at once.

mod fts;
mod keep;
mod numbers;
mod words;

pub(crate) use fts::Index;
pub(crate) use keep::{keep_index, queue_if_lost};
pub(crate) use words::{fold, fold_words};

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::Error;
use crate::db::values;
use crate::id::*;
use crate::limits::{SEARCH_BLOCKS, SEARCH_FRESH, SEARCH_FRESH_PART};
use crate::listed::{Listed, listed_rows};
use crate::listing::derived_row;
use crate::noun::Derived;
use crate::store::Store;
use words::{Asked, Document, Tones};

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
    pub document: Option<Arc<Document>>,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// With the typed tones first, the newest first among them; then the others likewise.
    pub emails: Vec<EmailId>,
    /// How many have the typed tones; `None` where no mark was typed.
    pub exact: Option<usize>,
}

/// An account's letters that the index has not taken yet.
struct Fresh {
    /// Those in which everything asked for is, and whether with the typed tones.
    hits: Vec<(EmailId, bool)>,
    /// All of them, and the ones that are gone: what the index says of them is not asked.
    queued: HashSet<EmailId>,
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
        let asked: Arc<[Asked]> = all.iter().map(Asked::from).collect();
        if asked.is_empty() || asked.iter().any(Asked::is_nothing) {
            return Ok(Vec::new());
        }
        let fresh = self.fresh(account, &asked).await?;
        self.found(account, &asked, Tones::Any, rows, &fresh).await
    }

    /// The same, those first that have the typed tones. Of more than `rows` the oldest of the others are left out first.
    pub async fn search_by_tones(
        &self,
        account: AccountId,
        all: &[Clause],
        rows: usize,
    ) -> Result<Found, Error> {
        let asked: Arc<[Asked]> = all.iter().map(Asked::from).collect();
        if asked.is_empty() || asked.iter().any(Asked::is_nothing) {
            return Ok(Found::default());
        }
        let fresh = self.fresh(account, &asked).await?;
        if !asked.iter().any(Asked::has_tones) {
            let emails = self.found(account, &asked, Tones::Any, rows, &fresh).await;
            return Ok(Found {
                emails: emails?,
                exact: None,
            });
        }
        let exact = self.found(account, &asked, Tones::Typed, rows, &fresh);
        let mut emails = exact.await?;
        let exact = emails.len();
        if exact < rows {
            let all = self.found(account, &asked, Tones::Any, rows, &fresh);
            // Both newest first.
            let mut known = emails.clone().into_iter().peekable();
            for email in all.await? {
                while known.next_if(|known| *known > email).is_some() {}
                if known.peek() != Some(&email) {
                    emails.push(email);
                }
            }
            emails.truncate(rows);
        }
        Ok(Found {
            emails,
            exact: Some(exact),
        })
    }

    /// Read before the index is asked: an email leaves the queue only after it has entered the index.
    async fn fresh(&self, account: AccountId, asked: &Arc<[Asked]>) -> Result<Fresh, Error> {
        let limit = i64::try_from(SEARCH_FRESH).unwrap_or(i64::MAX);
        let rows = self.rows(QUEUED, values![account, limit]).await?;
        let (mut waiting, mut queued) = (Vec::new(), HashSet::new());
        for row in &rows {
            let email = EmailId(row.int(0)?);
            queued.insert(email);
            if !row.flag(2)? {
                waiting.push((email, BodyId(row.int(1)?)));
            }
        }
        let letters: Vec<_> = waiting.iter().map(|(_, body)| (account, *body)).collect();
        let rereads = self.rereads(&letters).await?;
        let mut hits = Vec::new();
        // Few: letters in a coding their reader chose.
        for (email, body) in &waiting {
            if let Some(reread) = rereads.get(&(account, *body)) {
                let derived = self.derived_as_read(*body, Some(reread)).await?;
                let agrees = agrees(asked, &derived);
                hits.extend(agrees.map(|typed| (*email, typed)));
            }
        }
        waiting.retain(|(_, body)| !rereads.contains_key(&(account, *body)));
        for some in waiting.chunks(SEARCH_FRESH_PART * SEARCH_BLOCKS) {
            let parts: Vec<_> = some
                .chunks(SEARCH_FRESH_PART)
                .map(|part| self.fresh_hits(part.to_vec(), Arc::clone(asked)))
                .collect();
            hits.extend(futures_util::future::try_join_all(parts).await?.concat());
        }
        Ok(Fresh { hits, queued })
    }

    /// The hits among some letters, from their texts.
    async fn fresh_hits(
        &self,
        letters: Vec<(EmailId, BodyId)>,
        asked: Arc<[Asked]>,
    ) -> Result<Vec<(EmailId, bool)>, Error> {
        let bodies: HashSet<BodyId> = letters.iter().map(|(_, body)| *body).collect();
        let bodies = bodies.into_iter().map(|body| values![body]).collect();
        let rows = listed_rows(&mut self.read().await?, &keep::DOCUMENTS, bodies).await?;
        tokio::task::spawn_blocking(move || {
            let mut agreeing = HashMap::new();
            for row in &rows {
                let agrees = agrees(&asked, &derived_row(row)?);
                let body = BodyId(row.int(keep::DOCUMENT_BODY)?);
                agreeing.extend(agrees.map(|typed| (body, typed)));
            }
            let hit = |(email, body): &(EmailId, BodyId)| Some((*email, *agreeing.get(body)?));
            Ok(letters.iter().filter_map(hit).collect())
        })
        .await
        .map_err(|cause| Error::Broken(cause.to_string()))?
    }

    async fn found(
        &self,
        account: AccountId,
        asked: &[Asked],
        tones: Tones,
        rows: usize,
        fresh: &Fresh,
    ) -> Result<Vec<EmailId>, Error> {
        let index = &self.0.search;
        let enough = rows.saturating_add(fresh.queued.len());
        let mut hits = index.find(account, asked, tones, enough).await?;
        if !fresh.queued.is_empty() {
            hits.retain(|email| !fresh.queued.contains(email));
        }
        let fresh = fresh.hits.iter();
        hits.extend(fresh.filter_map(|(email, typed)| {
            let agrees = tones == Tones::Any || *typed;
            agrees.then_some(*email)
        }));
        hits.sort_unstable_by(|a, b| b.cmp(a));
        hits.truncate(rows);
        Ok(hits)
    }
}

/// Whether everything asked for is in a letter; if so, whether with the typed tones.
fn agrees(asked: &[Asked], derived: &Derived) -> Option<bool> {
    let all = |document: &Document, tones| asked.iter().all(|one| one.found_in(document, tones));
    let typed = || asked.iter().any(Asked::has_tones) && all(&Document::of(derived), Tones::Typed);
    all(&Document::folded(derived), Tones::Any).then(typed)
}
