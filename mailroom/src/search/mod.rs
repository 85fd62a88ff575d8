//! Search in one opened account, with or without diacritics. Text terms go to the full-text index; the rest is a filter.

mod hit;
mod query;

pub use hit::Hit;

use store::{Clause, EmailId, EmailRow, Found, IndexRow, MailboxId, Role};

use crate::{Access, Error, Right, limits};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    Any,
    Subject,
    From,
    To,
    Body,
}

/// One text condition: all words must be there, together and in order where `phrase`.
#[derive(Clone, Debug)]
pub struct Words {
    pub field: Field,
    pub text: String,
    pub phrase: bool,
}

/// A page search as typed: words, "phrases", từ:/from:, đến:/to:, trước:, sau:, có:tệp.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub words: Vec<Words>,
    pub before: Option<i64>,
    pub after: Option<i64>,
    pub with_files: bool,
    pub mailbox: Option<MailboxId>,
}

/// A page of what a search found.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// Of all pages, bounded by SEARCH_HITS_MAX.
    pub total: usize,
    /// How many of them have the words with the tones as typed: they stand first. `None` where no mark was typed.
    pub exact: Option<usize>,
    pub rows: Vec<EmailRow>,
}

impl Query {
    pub fn parse(typed: &str) -> Query {
        query::parse(typed)
    }
}

impl Access {
    /// Emails that have these words, for IMAP SEARCH TEXT/BODY/SUBJECT/FROM/TO. UIDs ascending.
    pub async fn search_uids(&self, mailbox: MailboxId, words: &Words) -> Result<Vec<u32>, Error> {
        self.need(Right::Read).await?;
        self.own(mailbox).await?;
        // IMAP looks for any part of a text; the beginning of a word is the part people type (RFC 9051 §6.4.4).
        let Some(clause) = clause(words, true) else {
            return Ok(Vec::new());
        };
        // All of them, of the whole account: the snapshot knows which are here.
        let store = self.room.store();
        let found = store.search(self.account, &[clause], usize::MAX).await?;
        let snapshot = self.snapshot(mailbox).await?;
        Ok(found_in(&snapshot.rows, found).map(|row| row.uid).collect())
    }

    /// The total and a page of rows of `results`.
    pub async fn search(
        &self,
        query: &Query,
        offset: usize,
        rows: usize,
    ) -> Result<(usize, Vec<EmailRow>), Error> {
        let results = self.results(query, offset, rows).await?;
        Ok((results.total, results.rows))
    }

    /// For the pages: letters with the tones as typed, newest first, then those that only sound alike, newest first.
    /// A query of filters only (dates, files) looks at the newest letters of the mailbox asked for, or of the Inbox.
    pub async fn results(
        &self,
        query: &Query,
        offset: usize,
        rows: usize,
    ) -> Result<Results, Error> {
        self.need(Right::Read).await?;
        if let Some(mailbox) = query.mailbox {
            self.own(mailbox).await?;
        }
        let rows = rows.min(limits::LIST_ROWS_MAX);
        let found = self.found(query).await?;
        let exact = found.exact.unwrap_or(0).min(found.emails.len());
        let (first, others) = found.emails.split_at(exact);
        let filtered = query.before.is_some() || query.after.is_some() || query.with_files;
        let (total, exact, page) = if filtered {
            let mut kept = self.that_pass(query, first).await?;
            let exact = kept.len();
            kept.append(&mut self.that_pass(query, others).await?);
            let page = kept.iter().skip(offset).take(rows).cloned().collect();
            (kept.len(), exact, page)
        } else {
            let emails = found.emails.iter().skip(offset).take(rows);
            let window: Vec<EmailId> = emails.copied().collect();
            let page = self.room.store().emails(&window).await?;
            (found.emails.len(), exact, page)
        };
        Ok(Results {
            total,
            exact: found.exact.map(|_| exact),
            rows: self.as_read(page).await?,
        })
    }

    /// The rows of hits that pass the filters, in their order.
    async fn that_pass(&self, query: &Query, hits: &[EmailId]) -> Result<Vec<EmailRow>, Error> {
        let mut kept = Vec::new();
        for some in hits.chunks(limits::SEARCH_READ_ROWS) {
            let rows = self.room.store().emails(some).await?;
            kept.extend(rows.into_iter().filter(|row| passes(query, row)));
        }
        Ok(kept)
    }

    /// Hits in their order.
    async fn found(&self, query: &Query) -> Result<Found, Error> {
        let mut all: Vec<Clause> = query
            .words
            .iter()
            .filter_map(|words| clause(words, false))
            .collect();
        if all.is_empty() {
            let emails = self.newest(query.mailbox).await?;
            return Ok(Found {
                emails,
                exact: None,
            });
        }
        // The last word may still be being typed.
        if let (Some(last), Some(words)) = (all.last_mut(), query.words.last()) {
            last.prefix = !words.phrase;
        }
        let store = self.room.store();
        let Some(mailbox) = query.mailbox else {
            let rows = limits::SEARCH_HITS_MAX;
            return Ok(store.search_by_tones(self.account, &all, rows).await?);
        };
        let found = store
            .search_by_tones(self.account, &all, usize::MAX)
            .await?;
        let snapshot = self.snapshot(mailbox).await?;
        let here = |found: Vec<EmailId>| {
            let rows = found_in(&snapshot.rows, found);
            let mut here: Vec<EmailId> = rows.map(|row| row.email).collect();
            here.sort_unstable_by(|a, b| b.cmp(a));
            here
        };
        let mut exact = found.emails;
        let others = exact.split_off(found.exact.unwrap_or(0).min(exact.len()));
        let mut emails = here(exact);
        let exact = found.exact.map(|_| emails.len());
        emails.append(&mut here(others));
        emails.truncate(limits::SEARCH_HITS_MAX);
        Ok(Found { emails, exact })
    }

    /// The newest letters of a mailbox, or of the Inbox.
    async fn newest(&self, mailbox: Option<MailboxId>) -> Result<Vec<EmailId>, Error> {
        let mailbox = match mailbox {
            Some(mailbox) => mailbox,
            None => {
                let store = self.room.store();
                store.mailbox_by_role(self.account, Role::Inbox).await?.id
            }
        };
        let snapshot = self.snapshot(mailbox).await?;
        let rows = snapshot.rows.iter().rev();
        let rows = rows.take(limits::SEARCH_HITS_MAX);
        Ok(rows.map(|row| row.email).collect())
    }
}

/// The rows that were found, in their order; `found` is newest first.
fn found_in(rows: &[IndexRow], mut found: Vec<EmailId>) -> impl Iterator<Item = &IndexRow> {
    found.reverse();
    // Rows stand in the order they came in, mostly that of the ids too: then nothing is looked for.
    let mut next = 0;
    rows.iter().filter(move |row| {
        if found.get(next) != Some(&row.email) {
            match found.binary_search(&row.email) {
                Ok(at) => next = at,
                Err(_) => return false,
            }
        }
        next += 1;
        true
    })
}

/// As the index asks; `None` when no word is in it.
fn clause(words: &Words, prefix: bool) -> Option<Clause> {
    let list: Vec<String> = viet::tokens(&words.text)
        .map(|token| token.text.to_owned())
        .take(limits::SEARCH_WORDS_MAX)
        .collect();
    let field = match words.field {
        Field::Any => store::Field::Any,
        Field::Subject => store::Field::Subject,
        Field::From => store::Field::From,
        Field::To => store::Field::To,
        Field::Body => store::Field::Body,
    };
    (!list.is_empty()).then_some(Clause {
        field,
        words: list,
        phrase: words.phrase,
        prefix,
    })
}

fn passes(query: &Query, row: &EmailRow) -> bool {
    query.before.is_none_or(|before| row.received_at < before)
        && query.after.is_none_or(|after| row.received_at >= after)
        && (!query.with_files || row.attachments > 0)
}
