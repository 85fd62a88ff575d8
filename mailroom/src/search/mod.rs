//! Search in one opened account, with or without diacritics. Text terms go to the full-text index; the rest is a filter.

mod query;

use crate::{Access, Error};
use store::*;

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
        todo!("{mailbox}{words:?}")
    }
    /// For the pages: newest first, exact tones first among equals; the total (bounded by SEARCH_HITS_MAX) and a page of rows.
    pub async fn search(
        &self,
        query: &Query,
        offset: usize,
        rows: usize,
    ) -> Result<(usize, Vec<EmailRow>), Error> {
        todo!("{query:?}{offset}{rows}")
    }
}
