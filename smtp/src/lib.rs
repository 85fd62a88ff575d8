//! SMTP: the doors through which mail comes in (MX, submission) and the worker that takes mail out. Knows the protocol,
//! the checks on incoming mail and the sockets; never touches a mailbox table and never decides who may do what (mailroom does).

mod answer;
pub mod check;
mod cmd;
mod config;
mod delivered;
pub mod dkim;
pub mod dsn;
mod gate;
pub mod limits;
pub mod outbound;
pub mod proto;
pub mod report;
mod serve;

pub use config::{Config, Door, Limits};
pub use serve::serve;
