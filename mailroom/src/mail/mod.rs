//! Mailboxes and letters of an opened account: what IMAP and the pages do with mail. Reads come from rows made at delivery;
//! listing parses nothing. (RFC 9051, RFC 7162)

mod letters;
mod mailboxes;
pub(crate) mod name;
pub(crate) mod snapshot;
mod words;

pub use letters::Append;
pub use snapshot::Snapshot;
pub use words::{LetterWords, Person};
