//! Search in one opened account, with or without diacritics. Text terms go to the full-text index; the rest is a filter.

mod hit;
mod query;

pub use hit::Hit;

use store::{Clause, EmailId, EmailRow, IndexRow, MailboxId, Role};

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

    /// For the pages: newest first, exact tones first among equals; the total (bounded by SEARCH_HITS_MAX) and a page of rows.
    /// A query of filters only (dates, files) looks at the newest letters of the mailbox asked for, or of the Inbox.
    pub async fn search(
        &self,
        query: &Query,
        offset: usize,
        rows: usize,
    ) -> Result<(usize, Vec<EmailRow>), Error> {
        self.need(Right::Read).await?;
        if let Some(mailbox) = query.mailbox {
            self.own(mailbox).await?;
        }
        let rows = rows.min(limits::LIST_ROWS_MAX);
        let found = self.found(query).await?;
        let filtered = query.before.is_some() || query.after.is_some() || query.with_files;
        if !filtered {
            let total = found.len();
            let window: Vec<EmailId> = found.into_iter().skip(offset).take(rows).collect();
            let page = self.room.store().emails(&window).await?;
            let mut page = self.as_read(page).await?;
            tones_first(&mut page, query);
            return Ok((total, page));
        }
        let mut kept: Vec<EmailRow> = Vec::new();
        for some in found.chunks(limits::SEARCH_READ_ROWS) {
            kept.extend(
                self.room
                    .store()
                    .emails(some)
                    .await?
                    .into_iter()
                    .filter(|row| passes(query, row)),
            );
        }
        let total = kept.len();
        let page = kept.into_iter().skip(offset).take(rows).collect();
        let mut page = self.as_read(page).await?;
        tones_first(&mut page, query);
        Ok((total, page))
    }

    /// Hits, newest first.
    async fn found(&self, query: &Query) -> Result<Vec<EmailId>, Error> {
        let mut all: Vec<Clause> = query
            .words
            .iter()
            .filter_map(|words| clause(words, false))
            .collect();
        if all.is_empty() {
            let mailbox = match query.mailbox {
                Some(mailbox) => mailbox,
                None => {
                    self.room
                        .store()
                        .mailbox_by_role(self.account, Role::Inbox)
                        .await?
                        .id
                }
            };
            let snapshot = self.snapshot(mailbox).await?;
            return Ok(snapshot
                .rows
                .iter()
                .rev()
                .take(limits::SEARCH_HITS_MAX)
                .map(|row| row.email)
                .collect());
        }
        // The last word may still be being typed.
        if let (Some(last), Some(words)) = (all.last_mut(), query.words.last()) {
            last.prefix = !words.phrase;
        }
        let store = self.room.store();
        let Some(mailbox) = query.mailbox else {
            let rows = limits::SEARCH_HITS_MAX;
            return Ok(store.search(self.account, &all, rows).await?);
        };
        let found = store.search(self.account, &all, usize::MAX).await?;
        let snapshot = self.snapshot(mailbox).await?;
        let mut here: Vec<EmailId> = found_in(&snapshot.rows, found)
            .map(|row| row.email)
            .collect();
        here.sort_unstable_by(|a, b| b.cmp(a));
        here.truncate(limits::SEARCH_HITS_MAX);
        Ok(here)
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

/// On a page, letters of the same day stand by how well their subject has the tones as typed.
fn tones_first(page: &mut [EmailRow], query: &Query) {
    const DAY_MS: i64 = 86_400_000;
    let typed: String = query
        .words
        .iter()
        .map(|words| words.text.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    if typed.is_ascii() {
        return;
    }
    page.sort_by_cached_key(|row| {
        let rank = viet::rank(
            &typed,
            &format!("{} {} {}", row.subject, row.from_name, row.preview),
        );
        (
            std::cmp::Reverse(row.received_at.div_euclid(DAY_MS)),
            std::cmp::Reverse(rank),
            std::cmp::Reverse(row.email),
        )
    });
}
