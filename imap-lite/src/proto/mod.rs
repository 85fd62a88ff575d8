//! IMAP without I/O: bytes in, values out, values in, bytes out. Knows no socket, clock or store. (RFC 9051, RFC 3501)

pub mod command;
pub mod cursor;
pub mod date;
pub mod decode;
pub mod input;
mod parse;
mod parse_fetch;
mod parse_list;
mod parse_search;
mod parse_sort;
pub mod sequence;
pub mod subject;
pub mod utf7;
pub mod write;

pub use command::*;
pub use input::{Input, RawCommand, Step};
pub use parse::{Language, parse, secret as read_secret};
pub use sequence::{Ranges, SequenceSet};

#[cfg(test)]
mod tests;
