//! Bounds of reading one letter. Each names its unit and why it is where it is.

/// Nested multiparts followed; deeper ones are taken as one opaque part (real letters stay below 10).
pub(crate) const DEPTH_MAX: usize = 20;
/// Parts read of one letter (the largest real digest seen has a few hundred).
pub(crate) const PARTS_MAX: usize = 500;
/// Header fields read of one part.
pub(crate) const HEADERS_MAX: usize = 2_000;
/// Bytes read of one header field's value (a To: list of 5,000 addresses is about 200 kB).
pub(crate) const HEADER_BYTES_MAX: usize = 256 * 1024;
/// Mailboxes kept of one field.
pub(crate) const MAILBOXES_MAX: usize = 5_000;
/// Message ids kept of References (RFC 5322 sets no bound; threads longer than this are cut at the old end).
pub(crate) const REFERENCES_MAX: usize = 200;
/// Bytes of body text read per part before decoding of the charset.
pub(crate) const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Elements kept open in one HTML body.
pub(crate) const HTML_DEPTH_MAX: usize = 256;
/// A coding found with less than this is asked about: below it every twentieth short text is read wrongly.
pub(crate) const CONVINCING_MIN: f32 = 0.85;
/// Characters of a preview.
pub(crate) const PREVIEW_CHARS_MAX: usize = 200;
/// Bytes of text that go into the search index of one letter.
pub(crate) const SEARCH_BYTES_MAX: usize = 1024 * 1024;
