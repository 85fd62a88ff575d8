//! The nouns of congthu and their tables on SQLite and PostgreSQL: bodies, mailboxes, the change log, the outbox,
//! the trace, people and their keys, assigned documents, devices. One writer commits for everybody (group commit).
//! No policy, no protocol: who may do what is decided above.

pub mod error;
pub mod id;
pub mod noun;

pub use error::Error;
pub use id::*;
pub use noun::*;

/// The store of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Store;
