//! A letter from one of us: Sent copy where asked, local copies and outbox rows in one transaction. (RFC 6409)

use crate::receive::{Peer, RcptTo};
use crate::{Access, Actor, Error, Mailroom};
use bytes::Bytes;
use store::*;

#[derive(Clone, Debug)]
pub struct Outgoing {
    pub trace: TraceId,
    pub peer: Peer,
    pub mail_from: String,
    pub recipients: Vec<RcptTo>,
    pub raw: Bytes,
    pub smtputf8: bool,
    pub envid: Option<String>,
    pub ret: Option<String>,
    pub priority: i8,
}

/// A letter composed on the page.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub from: String,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
    pub subject: String,
    pub text: String,
    pub in_reply_to: Option<EmailId>,
    pub forward_of: Option<EmailId>,
    pub files: Vec<DraftFile>,
    /// The stored draft this one came from; it is removed when the letter is sent or saved again.
    pub replaces: Option<EmailId>,
    /// 0 ordinary … 3 immediate (hỏa tốc).
    pub urgency: u8,
}

#[derive(Clone, Debug)]
pub struct DraftFile {
    pub name: String,
    pub media_type: String,
    pub content: Bytes,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unsendable {
    NoRecipient,
    /// These addresses do not exist here.
    Unknown(Vec<String>),
    Malformed(Vec<String>),
    TooLarge,
    TooMany,
    MayNotSendAs,
}

impl Mailroom {
    /// Submission by SMTP: completes Date/Message-ID, removes Bcc, checks ownership again. No Sent copy (clients APPEND).
    pub async fn submit(
        &self,
        actor: &Actor,
        outgoing: Outgoing,
    ) -> Result<Result<TraceId, Unsendable>, Error> {
        todo!("{actor:?}{outgoing:?}")
    }
}

impl Access {
    /// Sends a composed letter: Sent copy, local copies, outbox rows, draft removed, \Answered set, in one transaction.
    pub async fn send(&self, draft: Draft) -> Result<Result<TraceId, Unsendable>, Error> {
        todo!("{draft:?}")
    }
    /// Saves to Drafts, replacing the earlier one.
    pub async fn save_draft(&self, draft: Draft) -> Result<EmailId, Error> {
        todo!("{draft:?}")
    }
    /// Per-recipient fate of a sent letter, for its owner.
    pub async fn fate(&self, email: EmailId) -> Result<Vec<(String, String, i64, String)>, Error> {
        todo!("{email}")
    }
}
