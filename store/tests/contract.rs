//! The storage contract: every case runs on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod contract {
    pub mod mail;
}
