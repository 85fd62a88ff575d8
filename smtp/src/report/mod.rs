//! Daily reports between mail systems: what we saw of a domain's TLS (RFC 8460) and of letters in its name (RFC 9990), told to
//! those who ask for it in DNS; and the same from others about us. Never delays a letter: counts are kept in memory and written
//! down now and then.

mod dmarc;
mod read;
mod send;
mod tally;
mod tls;

pub(crate) use dmarc::{Done, Seen};
pub(crate) use read::Reader;
pub use read::read;
pub use send::{Config, run, send_due};
pub use tally::Tally;
pub(crate) use tls::{Failure, Ground};
