//! Where a session stands. The data lives in the state that needs it and each step consumes the old state, so that a stale
//! one cannot be used.  (RFC 5321 §4.1.4)

use super::body::Body;
use super::data::Receiver;
use super::params::{MailParams, RcptParams};
use super::reply::Reply;
use super::sasl::Exchange;
use mailroom::receive::RcptTo;

/// How the peer introduced itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hello {
    pub name: String,
    /// EHLO, not HELO.
    pub extended: bool,
}

/// A transaction: sender, what was agreed, recipients so far.
#[derive(Clone, Debug)]
pub struct Mail {
    /// In its one spelling; empty for the null sender.
    pub sender: String,
    pub params: MailParams,
    pub recipients: Vec<RcptTo>,
    /// The first recipient too many has been recorded; the others need not be.
    pub overflow_told: bool,
}

/// A chunk under way (RFC 3030 §2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chunk {
    pub left: u64,
    pub last: bool,
}

pub enum State {
    /// Nothing said yet, or TLS has just begun (RFC 3207 §4.2).
    Silent,
    Greeted(Hello),
    /// In the middle of AUTH.
    Signing(Hello, Exchange),
    Mail(Hello, Mail),
    /// After 354.
    Data(Hello, Mail, Receiver),
    /// Between chunks.
    Chunks(Hello, Mail, Body),
    /// Inside a chunk.
    Chunk(Hello, Mail, Body, Chunk),
    /// Inside a chunk that nobody wants: its octets are not commands (RFC 3030 §2).
    Swallow {
        left: u64,
        then: Box<State>,
        reply: Reply,
    },
    /// The world has been asked; nothing happens until it answers.
    Asked(Pending),
    Closed,
}

/// What a session goes on with when the answer is there.
pub enum Pending {
    Sender(Hello, Mail),
    Recipient(Hello, Mail, String, RcptParams),
    SignIn(Hello),
    Message(Hello),
    /// A refusal is being written down; then it is told.
    Record(Box<State>, Reply),
}

impl State {
    /// Whether a transaction is open, one that a stopping server lets finish.
    pub fn in_transaction(&self) -> bool {
        match self {
            State::Mail(..)
            | State::Data(..)
            | State::Chunks(..)
            | State::Chunk(..)
            | State::Asked(_) => true,
            State::Swallow { then, .. } => then.in_transaction(),
            State::Silent | State::Greeted(_) | State::Signing(..) | State::Closed => false,
        }
    }
    /// Whether message bytes are expected, not commands.
    pub fn in_body(&self) -> bool {
        matches!(
            self,
            State::Data(..) | State::Chunk(..) | State::Swallow { .. }
        )
    }
    /// The state without its transaction (RSET, EHLO, end of message).
    pub fn reset(self) -> State {
        match self {
            State::Mail(hello, _) | State::Chunks(hello, ..) | State::Signing(hello, _) => {
                State::Greeted(hello)
            }
            other => other,
        }
    }
}
