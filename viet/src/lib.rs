//! Vietnamese text as it reaches a mail server: legacy codings, fonts, mojibake and references read as they were
//! written; search keys, words, order and file names.
//!
//! The crate is pure: no I/O, no clock, no randomness, no global state but tables made once. Every text it returns is
//! NFC. It never changes Vietnamese that is right, and leaves other languages alone.
//!
//! ```
//! use viet::{Coding, Context, fold, read_bytes, repair};
//!
//! let cx = Context::default();
//! // a letter of 2004, TCVN3 bytes without a label
//! let body = read_bytes(b"B\xb8o c\xb8o t\xd7nh h\xd7nh ng\xcbp l\xf4t", None, &cx);
//! assert_eq!(body.text, "Báo cáo tình hình ngập lụt");
//! assert_eq!(body.coding, Coding::Tcvn3);
//! // the same letters inside valid UTF-8
//! assert_eq!(repair("T×nh h×nh ngËp lôt", &cx).text, "Tình hình ngập lụt");
//! // found by whoever types without marks
//! assert_eq!(fold(&body.text), "bao cao tinh hinh ngap lut");
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod capitals;
mod clean;
mod coding;
mod collate;
mod decode;
mod detect;
mod filename;
mod fold;
mod fonts;
mod legacy;
mod letters;
mod mojibake;
mod names;
mod refs;
mod repair;
mod score;
mod slots;
mod stray;
mod syllables;
mod tables;
mod toned;
mod utf7;
mod viqr;
mod western;

pub use coding::{Coding, UnknownCoding};
pub use collate::{collate_key, name_key};
pub use decode::{decode_as, encode_as};
pub use filename::{ascii_file_name, safe_file_name};
pub use fold::{Token, fold, phrase_match, rank, tokens};
pub use fonts::font_coding;
pub use refs::char_ref;
pub use repair::{
    Context, Loose, Repaired, decode_loosely, read_bytes, repair, repair_as, repair_in_font,
    repair_labelled,
};
pub use toned::toned;
