//! The text inside attached files, for the search: PDF, DOCX, XLSX, ODT, ODS and plain text, legacy Vietnamese fonts and
//! bytes repaired. Pure: bytes in, text out. It bounds what it reads and writes but neither time nor memory, because the
//! PDF reader may loop or swell: run it in a process of its own that can be killed (`congthu extract`).

mod docx;
mod limits;
mod odf;
mod package;
mod pdf;
mod plain;
mod runs;
mod xlsx;
mod xml;

pub use limits::{FILE_BYTES_MAX, TEXT_BYTES_MAX};

use runs::Runs;

/// A kind of file whose text can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Pdf,
    Docx,
    Xlsx,
    /// OpenDocument text and spreadsheets: one reader.
    Odf,
    Plain,
}

/// Short name, kind, file name extensions, media types.
type Row = (
    &'static str,
    Kind,
    &'static [&'static str],
    &'static [&'static str],
);
const KINDS: [Row; 5] = [
    (
        "pdf",
        Kind::Pdf,
        &["pdf"],
        &["application/pdf", "application/x-pdf"],
    ),
    (
        "docx",
        Kind::Docx,
        &["docx", "docm", "dotx"],
        &["application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
    ),
    (
        "xlsx",
        Kind::Xlsx,
        &["xlsx", "xlsm", "xltx"],
        &["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
    ),
    (
        "odf",
        Kind::Odf,
        &["odt", "ods", "ott", "ots"],
        &[
            "application/vnd.oasis.opendocument.text",
            "application/vnd.oasis.opendocument.spreadsheet",
        ],
    ),
    (
        "plain",
        Kind::Plain,
        &["txt", "csv", "text"],
        &["text/plain", "text/csv"],
    ),
];

impl Kind {
    /// The kind of a file by its name, else by its media type; the name is what the sender's machine went by.
    #[must_use]
    pub fn of(name: &str, media_type: &str) -> Option<Kind> {
        let extension = name
            .rsplit_once('.')
            .map(|(_, extension)| extension.to_ascii_lowercase())
            .unwrap_or_default();
        let by_name = KINDS.iter().find(|row| row.2.contains(&extension.as_str()));
        by_name
            .or_else(|| KINDS.iter().find(|row| row.3.contains(&media_type)))
            .map(|row| row.1)
    }

    /// As the command line of the reading process names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        KINDS
            .iter()
            .find(|row| row.1 == self)
            .map_or("plain", |row| row.0)
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Kind> {
        KINDS.iter().find(|row| row.0 == name).map(|row| row.1)
    }
}

/// Why a file gave no text.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unread {
    #[error("not a file of its kind: {0}")]
    Broken(String),
    #[error("larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
}

/// The text of a file, at most `TEXT_BYTES_MAX` bytes, NFC. `charset` is what the letter says of a plain text.
pub fn text(kind: Kind, bytes: &[u8], charset: Option<&str>) -> Result<String, Unread> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Unread::TooLarge);
    }
    match kind {
        Kind::Pdf => pdf::text(bytes),
        Kind::Docx => docx::text(bytes),
        Kind::Xlsx => xlsx::text(bytes),
        Kind::Odf => odf::text(bytes),
        Kind::Plain => Ok(plain::text(bytes, charset)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_name_and_by_type() {
        for (name, media_type, kind) in [
            ("Tờ trình.PDF", "application/octet-stream", Some(Kind::Pdf)),
            ("bang.xlsx", "", Some(Kind::Xlsx)),
            ("a.b.docx", "application/zip", Some(Kind::Docx)),
            (
                "tep",
                "application/vnd.oasis.opendocument.text",
                Some(Kind::Odf),
            ),
            ("so-lieu.csv", "text/csv", Some(Kind::Plain)),
            ("anh.jpg", "image/jpeg", None),
            ("tep-1.html", "text/html", None),
            ("", "", None),
        ] {
            assert_eq!(Kind::of(name, media_type), kind, "{name} {media_type}");
        }
        for row in KINDS {
            assert_eq!(Kind::parse(row.0), Some(row.1));
            assert_eq!(row.1.as_str(), row.0);
        }
        assert_eq!(Kind::parse("exe"), None);
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(128))]
        #[test]
        fn any_bytes_end_in_a_text_or_a_refusal(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600)) {
            for kind in [Kind::Docx, Kind::Xlsx, Kind::Odf, Kind::Plain] {
                if let Ok(text) = text(kind, &bytes, None) {
                    proptest::prop_assert!(text.len() <= TEXT_BYTES_MAX);
                }
            }
        }
    }
}
