//! What can go wrong in the store, split by what the caller can do about it.

#[derive(thiserror::Error, Debug)]
pub enum Error {
    /// The database is busy, full or away: the caller may try later (SMTP 451, IMAP NO [UNAVAILABLE]).
    #[error("try later: {0}")]
    Later(String),
    /// Something that must be unique is there already.
    #[error("exists already: {0}")]
    Exists(String),
    /// What was named is not there (any more).
    #[error("not found: {0}")]
    Missing(String),
    /// The store is broken or was misused; nothing was changed.
    #[error("store failed: {0}")]
    Broken(String),
}

impl From<sqlx::Error> for Error {
    fn from(cause: sqlx::Error) -> Self {
        match &cause {
            sqlx::Error::RowNotFound => Error::Missing(cause.to_string()),
            sqlx::Error::Database(refusal) if refusal.is_unique_violation() => {
                Error::Exists(refusal.to_string())
            }
            sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) | sqlx::Error::PoolClosed => {
                Error::Later(cause.to_string())
            }
            sqlx::Error::Database(refusal) if is_busy(refusal.as_ref()) => {
                Error::Later(cause.to_string())
            }
            _ => Error::Broken(cause.to_string()),
        }
    }
}

/// SQLITE_BUSY 5, SQLITE_LOCKED 6, SQLITE_FULL 13; PostgreSQL classes 40 (rollback), 53 (resources), 57 (operator), 08 (connection).
fn is_busy(refusal: &dyn sqlx::error::DatabaseError) -> bool {
    let code = refusal.code().unwrap_or_default();
    matches!(code.as_ref(), "5" | "6" | "13")
        || ["40", "53", "57", "08"]
            .iter()
            .any(|class| code.len() == 5 && code.starts_with(class))
}

impl Error {
    /// The same failure told to one more caller.
    pub(crate) fn again(&self) -> Error {
        match self {
            Error::Later(text) => Error::Later(text.clone()),
            Error::Exists(text) => Error::Exists(text.clone()),
            Error::Missing(text) => Error::Missing(text.clone()),
            Error::Broken(text) => Error::Broken(text.clone()),
        }
    }
}
