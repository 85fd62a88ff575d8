//! What IMAP tells of a letter without reading it again: ENVELOPE and BODYSTRUCTURE as bytes ready to send, made once at
//! delivery, and the map of its parts for BODY[section]. Pure; changes no byte of the letter, and never fails: a broken
//! letter gets a plain but valid answer. (RFC 9051 §7.5.2, RFC 2045, RFC 5322)

mod address;
mod envelope;
mod field;
mod parts;
mod structure;
mod words;
mod write;

#[cfg(test)]
mod tests;

pub use envelope::{Address, EnvelopeField, envelope_text, first_address};
pub use field::{Field, field_value, field_values, fields, header_of};
pub use parts::{Kind, Part, Piece, parts, piece};
pub use write::{nstring, string};

/// Every bound of this reading, with unit and reason.
pub mod limits {
    /// Levels of multipart and message/rfc822 that are opened; deeper ones are shown as one attachment.
    pub const DEPTH_MAX: usize = 32;
    /// Parts opened in one letter; what follows belongs to the last one. Real letters have tens.
    pub const PARTS_MAX: usize = 1_000;
    /// Addresses told of one header field; the letter itself keeps all.
    pub const ADDRESSES_MAX: usize = 2_000;
    /// Parameters read of one Content-Type or Content-Disposition.
    pub const PARAMETERS_MAX: usize = 64;
    /// Bytes of one header field that are looked at: no honest field is longer.
    pub const FIELD_BYTES_MAX: usize = 128 * 1024;
    /// Bytes of a boundary; RFC 2046 §5.1.1 allows 70, real mailers write more.
    pub const BOUNDARY_BYTES_MAX: usize = 256;
}

/// The ENVELOPE of a letter: "(date subject from sender reply-to to cc bcc in-reply-to message-id)". (RFC 9051 §7.5.2)
pub fn envelope(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    envelope::write(&mut out, field::header_of(raw));
    out
}

/// The extended BODYSTRUCTURE of a letter. (RFC 9051 §7.5.2)
pub fn structure(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    structure::write(&mut out, raw, &parts(raw));
    out
}

/// BODY, the form without extension fields, cut out of a BODYSTRUCTURE made by `structure`. (RFC 9051 §6.4.5)
pub fn body(structure: &[u8]) -> Vec<u8> {
    structure::without_extensions(structure)
}
