//! The IMAP server: IMAP4rev1 and IMAP4rev2 over the mailroom. `proto` is the wire without I/O, `cmd` one file per command
//! and one table of what each needs and may disturb, `view` what a client believes of its mailbox, `serve` the only file
//! that knows sockets. Asks only the mailroom; knows no SQL and no rule of who may do what. (RFC 9051)

pub mod limits;
pub mod proto;

mod cmd;
mod error;
mod names;
mod reply;
mod serve;
mod session;
mod view;
mod wire;

pub use cmd::{TABLE, capabilities};
pub use serve::{Config, serve};
pub use session::{Peer, Session};
pub use wire::{Transport, Wire};
