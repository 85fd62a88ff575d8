//! Full text: emails found by words, with or without diacritics. Terms are folded by `viet` and carry their account, so
//! that a search walks its own account's postings only. The index is derived data: filled from a queue by its own
//! task, never delaying a delivery; what is still in the queue is searched as text, so a fresh letter is found at once.

mod keep;
mod lite;
mod pg;
mod words;

pub(crate) use keep::{keep_index, queue_if_lost};
pub(crate) use words::{fold, fold_words};

use std::collections::HashSet;
use std::path::Path;

use crate::Error;
use crate::db::values;
use crate::id::*;
use crate::limits::{Limits, SEARCH_FRESH};
use crate::listed::{Listed, listed_rows};
use crate::open::Connect;
use crate::store::Store;
use words::{Asked, Document};

const QUEUED: &str = "SELECT email_id, body_id, gone FROM index_queue WHERE account_id = $1 ORDER BY email_id DESC LIMIT $2";
const IN_MAILBOX: Listed = Listed::new(
    "ii",
    "WITH v(m, k) AS (VALUES {}) SELECT email.id FROM v CROSS JOIN email WHERE email.id = v.k \
     AND email.mailbox_id = v.m",
);
const MAILBOX_IDS: &str = "SELECT id FROM email WHERE mailbox_id = $1";
pub(crate) const SQL: &[&str] = &[QUEUED, MAILBOX_IDS, keep::QUEUE, keep::QUEUE_ALL];
pub(crate) const LISTED: &[&Listed] = &[&IN_MAILBOX, &keep::DOCUMENTS, &keep::TAKEN];
pub(crate) const LISTED_PG: &[&Listed] = pg::LISTED;
pub(crate) const SQL_PG: &[&str] = pg::SQL;

/// Hits up to this many are checked one by one for their mailbox; for more the mailbox is read as a whole.
const FEW_HITS: usize = 4096;

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

/// All clauses must hold.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub all: Vec<Clause>,
    pub mailbox: Option<MailboxId>,
}

/// The full-text index of either database.
pub(crate) enum Search {
    Lite(Box<lite::Index>),
    Pg(pg::Index),
}

/// One email for the index.
pub(crate) struct Entry {
    pub email: EmailId,
    pub account: AccountId,
    /// `None`: it is gone, and leaves the index.
    pub document: Option<std::sync::Arc<Document>>,
}

impl Search {
    pub async fn open(connect: &Connect, data: &Path, limits: &Limits) -> Result<Search, Error> {
        Ok(match connect {
            Connect::Lite(_) => Search::Lite(Box::new(lite::Index::open(data, limits).await?)),
            Connect::Pg(_) => Search::Pg(pg::Index::new(connect.clone())),
        })
    }

    pub async fn close(&self) {
        match self {
            Search::Lite(index) => index.close().await,
            Search::Pg(index) => index.close().await,
        }
    }

    /// Emails of an account that match, newest first.
    async fn find(
        &self,
        store: &Store,
        account: AccountId,
        asked: &[Asked],
        rows: usize,
    ) -> Result<Vec<EmailId>, Error> {
        match self {
            Search::Lite(index) => index.find(account, asked, rows).await,
            Search::Pg(_) => pg::find(&mut store.read().await?, account, asked, rows).await,
        }
    }
}

/// Ids written one after another.
fn parse_ids(text: &str) -> Vec<EmailId> {
    text.split(' ')
        .filter_map(|id| id.parse().ok().map(EmailId))
        .collect()
}

impl Store {
    /// Emails of an account that have these words, newest first, at most `rows`. Letters committed before this call
    /// are found, indexed or not.
    pub async fn search(
        &self,
        account: AccountId,
        query: &Query,
        rows: usize,
    ) -> Result<Vec<EmailId>, Error> {
        let asked: Vec<Asked> = query.all.iter().map(Asked::from).collect();
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
            .find(self, account, &asked, rows.saturating_add(gone.len()))
            .await?;
        hits.retain(|email| !gone.contains(email));
        let waiting: HashSet<EmailId> = fresh.iter().map(|(email, _)| *email).collect();
        hits.retain(|email| !waiting.contains(email));
        for (email, body) in fresh {
            let document = Document::of(&self.derived(body).await?);
            if asked.iter().all(|one| one.found_in(&document)) {
                hits.push(email);
            }
        }
        hits.sort_unstable_by(|a, b| b.cmp(a));
        if let Some(mailbox) = query.mailbox {
            hits = self.only_in(mailbox, hits).await?;
        }
        hits.truncate(rows);
        Ok(hits)
    }

    async fn only_in(
        &self,
        mailbox: MailboxId,
        mut hits: Vec<EmailId>,
    ) -> Result<Vec<EmailId>, Error> {
        let mut conn = self.read().await?;
        let rows = if hits.len() <= FEW_HITS {
            let values = hits.iter().map(|email| values![mailbox, *email]).collect();
            listed_rows(&mut conn, &IN_MAILBOX, values).await?
        } else {
            conn.rows(MAILBOX_IDS, values![mailbox]).await?
        };
        let there = rows
            .iter()
            .map(|row| row.int(0).map(EmailId))
            .collect::<Result<HashSet<_>, _>>()?;
        hits.retain(|email| there.contains(email));
        Ok(hits)
    }
}
