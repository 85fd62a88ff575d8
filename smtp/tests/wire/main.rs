//! The doors over real sockets, with TLS and a real mailroom on a private store: the transcripts again, and what only a
//! socket can show (handshakes, limits by address, PROXY, a stopping server, letters arriving byte for byte).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod checks;
#[path = "../common/mod.rs"]
mod common;
mod dkim;
#[path = "../outbound/dns.rs"]
mod dns;
mod doors;
mod forward;
mod later;
mod published;
mod scram;
mod senders;
mod success;
mod tolerance;
mod town;
mod transcripts;
