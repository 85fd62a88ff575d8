//! What can go wrong with a command: the mailroom refused or failed, or the peer is gone.

use crate::reply::Reply;
use mailroom::Denied;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Room(#[from] mailroom::Error),
    /// Nobody is there to hear an answer.
    #[error("peer gone: {0}")]
    Gone(#[from] std::io::Error),
    /// The command cannot be carried out; the peer is told why.
    #[error("refused")]
    Refused(Reply),
}

impl From<Reply> for Error {
    fn from(reply: Reply) -> Self {
        Error::Refused(reply)
    }
}

/// What the peer is told of the mailroom's answer (response codes: RFC 9051 §7.1). The cause stays in the log.
pub fn reply_to(error: &mailroom::Error) -> Reply {
    match error {
        mailroom::Error::Later(_) => Reply::no("UNAVAILABLE", "Try again later"),
        mailroom::Error::Denied(Denied::NotYours) | mailroom::Error::Missing => {
            Reply::no("NONEXISTENT", "No such mailbox or message")
        }
        mailroom::Error::Denied(Denied::NotAllowed) => Reply::no("NOPERM", "Not allowed"),
        mailroom::Error::Denied(Denied::OverLimit) => Reply::no("OVERQUOTA", "Over quota"),
        mailroom::Error::Exists => Reply::no("ALREADYEXISTS", "Exists already"),
        mailroom::Error::Bad(_) => Reply::no("CANNOT", "Not possible with this name or value"),
        mailroom::Error::Broken(_) => {
            Reply::no("SERVERBUG", "The server failed; nothing was changed")
        }
    }
}
