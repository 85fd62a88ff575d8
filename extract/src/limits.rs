//! Every bound of reading attached files, with unit and reason. Time and memory are bounded by whoever runs this.

/// Bytes of one file that is read at all; scans of hundreds of pages are larger and hold no text.
pub const FILE_BYTES_MAX: usize = 32 << 20;
/// Bytes unpacked of one office file, all its parts together: a zip of 1 MB can claim to hold terabytes.
pub const UNPACKED_BYTES_MAX: u64 = 64 << 20;
/// Parts of an office file that are opened (sheets, notes, headers and footers).
pub const PARTS_MAX: usize = 300;
/// Pages of a PDF that are read.
pub const PAGES_MAX: usize = 500;
/// Bytes unpacked of one page of a PDF, its fonts' tables included.
pub const PAGE_BYTES_MAX: usize = 16 << 20;
/// Bytes of text taken of one file: about 150 pages; what a person remembers of a document stands in front.
pub const TEXT_BYTES_MAX: usize = 384 << 10;
/// Bytes of raw plain text decoded; more than `TEXT_BYTES_MAX` because legacy codings may shrink.
pub const PLAIN_BYTES_MAX: usize = 2 * TEXT_BYTES_MAX;
/// Styles that lead to other styles followed: more is a loop.
pub const STYLE_DEPTH_MAX: usize = 20;
/// Fonts, styles and shared strings kept of one file.
pub const NAMES_MAX: usize = 1_000_000;
