//! A letter from outside (or from one of us to one of us) becomes one Delivery. Parses once, repairs once, decides the target
//! mailbox per recipient, and returns only after the commit (promise 1).

pub(crate) mod fields;

use crate::{Error, Mailroom};
use bytes::Bytes;
use store::*;

/// The peer as the SMTP session knows it.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    pub ip: String,
    pub helo: String,
    pub tls: String,
}

/// One accepted envelope recipient.
#[derive(Clone, Debug)]
pub struct RcptTo {
    pub address: String,
    pub notify: Option<String>,
    pub orcpt: Option<String>,
    pub resolved: crate::directory::Recipient,
}

/// What checks/* said about where this belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Inbox,
    Junk,
}

#[derive(Clone, Debug)]
pub struct Incoming {
    pub trace: TraceId,
    pub peer: Peer,
    /// "" for the null sender.
    pub mail_from: String,
    pub recipients: Vec<RcptTo>,
    /// As received after dot-unstuffing, CRLF lines; without our trace fields.
    pub raw: Bytes,
    pub smtputf8: bool,
    /// The Authentication-Results value without the field name; "" when not checked.
    pub auth_results: String,
    pub verdict: Verdict,
    /// Why (for the trace), in short words.
    pub reasons: Vec<String>,
    pub envid: Option<String>,
    pub ret: Option<String>,
}

/// Refusals at the end of data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// 554 5.4.6
    Loop,
    /// 452 4.2.2, for every recipient
    OverQuota,
    /// 554 5.6.0
    Unreadable,
}

impl Mailroom {
    pub fn new_trace(&self) -> TraceId {
        todo!()
    }
    /// Writes Return-Path, Received (with the trace id) and Authentication-Results in front, stores, commits.
    pub async fn receive(&self, incoming: Incoming) -> Result<Result<TraceId, Refused>, Error> {
        todo!("{incoming:?}")
    }
    /// Records that mail was refused in the dialogue (promise 2). Never waits for the writer.
    pub fn refused(
        &self,
        peer: &Peer,
        mail_from: &str,
        rcpt_to: &str,
        code: u16,
        reason: &str,
    ) -> TraceId {
        todo!("{peer:?}{mail_from}{rcpt_to}{code}{reason}")
    }
}
