//! Refusals and failures. A refusal (`Denied`) is a value the protocol tells its peer; an `Error` means we failed.

/// Why a principal may not do this; the same words for "is not there" and "is not yours".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Denied {
    /// No such thing, or not for this principal.
    NotYours,
    /// The thing is theirs but the right is missing (read-only membership, expired delegation, disabled account).
    NotAllowed,
    /// Over quota, too many, too large.
    OverLimit,
}

#[derive(thiserror::Error, Debug)]
pub enum Error {
    /// Try later: SMTP 451, IMAP NO [UNAVAILABLE], HTTP 503.
    #[error("try later: {0}")]
    Later(String),
    /// Not there, exists already, or otherwise refused by the rules; tell the user.
    #[error("refused: {0:?}")]
    Denied(Denied),
    #[error("exists already")]
    Exists,
    #[error("not found")]
    Missing,
    /// The caller's words make no sense (bad name, bad date); the text may be shown.
    #[error("bad input: {0}")]
    Bad(String),
    #[error("mailroom failed: {0}")]
    Broken(String),
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        Error::Denied(denied)
    }
}

impl From<store::Error> for Error {
    fn from(cause: store::Error) -> Self {
        match cause {
            store::Error::Later(text) => Error::Later(text),
            store::Error::Exists(_) => Error::Exists,
            store::Error::Missing(_) => Error::Missing,
            store::Error::Broken(text) => Error::Broken(text),
        }
    }
}
