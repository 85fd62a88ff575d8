//! The text of office files: bytes as a whole file, and as the XML part inside a sound zip. The text is bounded and holds no
//! control character but line ends.
#![no_main]

use std::io::Write as _;

use extract::{Kind, TEXT_BYTES_MAX, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for (kind, part) in [
        (Kind::Docx, "word/document.xml"),
        (Kind::Xlsx, "xl/workbook.xml"),
        (Kind::Odf, "content.xml"),
    ] {
        check(kind, bytes);
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let names = [part, "word/styles.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml"];
        for name in names {
            let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
            zip.start_file(name, stored).unwrap();
            zip.write_all(bytes).unwrap();
        }
        check(kind, &zip.finish().unwrap().into_inner());
    }
    check(Kind::Plain, bytes);
});

fn check(kind: Kind, bytes: &[u8]) {
    if let Ok(text) = text(kind, bytes, None) {
        assert!(text.len() <= TEXT_BYTES_MAX);
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    }
}
