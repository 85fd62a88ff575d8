//! Real small files of every kind, and files made to hurt: broken, bottomless and endless ones.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use extract::{Kind, TEXT_BYTES_MAX, Unread, text};
use std::io::Write as _;

fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/files/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|cause| panic!("{path}: {cause}"))
}

#[test]
fn every_kind_gives_its_text_in_right_vietnamese() {
    for (name, words) in [
        (
            "to-trinh.docx",
            &[
                "QUYẾT ĐỊNH\n",
                "tình hình ngập lụt",
                "Kế hoạch phòng chống bão & lũ số 77/KH-UBND",
                "Xã Vàm Xanh",
                "ỦY BAN NHÂN DÂN",
            ][..],
        ),
        (
            "so-lieu.xlsx",
            &[
                "Đê biển Tây",
                "Hạng mục vốn đầu tư công",
                "ngập lụt năm nay 2045.5 ghi trong ô",
            ],
        ),
        (
            "bien-ban.odt",
            &[
                "Biên bản cuộc họp\n",
                "Phần  cũ: tình hình ngập lụt",
                "Sở Nội vụ",
            ],
        ),
        ("bang-ke.ods", &["Cát Hải\n", "1.250.000 đồng"]),
        (
            "bao-cao.pdf",
            &[
                "ỦY BAN NHÂN DÂN XÃ VÀM XANH",
                "đê biển phía Tây giai đoạn 2026-2030",
                "2045/VP-HC.",
            ],
        ),
    ] {
        let kind = Kind::of(name, "").unwrap();
        let read = text(kind, &file(name), None).unwrap();
        for word in words {
            assert!(read.contains(word), "{name}: {word:?} in {read:?}");
        }
        assert!(!read.contains("đã xóa"), "{name}: deleted text is shown");
    }
}

#[test]
fn a_pdf_in_a_legacy_font_is_read() {
    let bytes = pdf(
        "BT /F1 12 Tf (T\\327nh h\\327nh ng\\313p l\\364t n\\250m nay) Tj ET",
        "",
    );
    assert_eq!(
        text(Kind::Pdf, &bytes, None).unwrap().trim(),
        "Tình hình ngập lụt năm nay"
    );
}

/// One page with these drawing commands; `more` goes into the page tree.
fn pdf(content: &str, more: &str) -> Vec<u8> {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Kids[3 0 R{more}]/Count 1>>"),
        "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/MediaBox[0 0 500 500]>>".to_owned(),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
        "<</Type/Font/Subtype/TrueType/BaseFont/VnTime/Encoding/WinAnsiEncoding>>".to_owned(),
    ];
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(out.len());
        write!(out, "{} 0 obj\n{object}\nendobj\n", number + 1).unwrap();
    }
    let start = out.len();
    write!(out, "xref\n0 6\n0000000000 65535 f \n").unwrap();
    for place in places {
        writeln!(out, "{place:010} 00000 n ").unwrap();
    }
    write!(
        out,
        "trailer<</Size 6/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    )
    .unwrap();
    out
}

#[test]
fn a_page_tree_that_leads_into_itself_ends() {
    let bytes = pdf("BT /F1 12 Tf (mot) Tj ET", " 2 0 R 3 0 R");
    assert!(text(Kind::Pdf, &bytes, None).unwrap_or_default().len() < TEXT_BYTES_MAX);
}

#[test]
fn broken_files_are_refused() {
    let whole = file("bao-cao.pdf");
    for (kind, bytes) in [
        (Kind::Pdf, &b"%PDF-1.7\nnothing"[..]),
        (Kind::Docx, b"PK\x03\x04"),
        (Kind::Docx, &file("so-lieu.xlsx")),
        (Kind::Xlsx, &whole),
        (Kind::Odf, b""),
    ] {
        assert!(
            matches!(text(kind, bytes, None), Err(Unread::Broken(_))),
            "{kind:?}"
        );
    }
    // What is left of a file that was cut off may be read, or not.
    let cut_off = text(Kind::Pdf, &whole[..whole.len() / 3], None);
    assert!(cut_off.unwrap_or_default().len() <= TEXT_BYTES_MAX);
    let large = vec![b'a'; extract::FILE_BYTES_MAX + 1];
    assert_eq!(text(Kind::Plain, &large, None), Err(Unread::TooLarge));
}

/// A zip whose one part unpacks to this many bytes.
fn bomb(part: &str, head: &str, bytes: usize) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(part, zip::write::SimpleFileOptions::default())
        .unwrap();
    zip.write_all(head.as_bytes()).unwrap();
    let piece = vec![b' '; 1 << 20];
    for _ in 0..bytes >> 20 {
        zip.write_all(&piece).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_zip_bomb_gives_what_stands_in_front_and_no_more() {
    let head = "<w:document><w:p><w:r><w:t>đầu trang</w:t></w:r></w:p>";
    let bytes = bomb("word/document.xml", head, 96 << 20);
    assert!(bytes.len() < 1 << 20, "{}", bytes.len());
    let read = text(Kind::Docx, &bytes, None).unwrap();
    assert!(read.starts_with("đầu trang"), "{read:?}");
    assert!(read.len() <= TEXT_BYTES_MAX);
}

#[test]
fn nesting_without_end_is_no_matter() {
    let deep = "<text:span>".repeat(200_000);
    let content = format!("<office:text><text:p>sâu {deep}đáy");
    let read = text(Kind::Odf, &bomb("content.xml", &content, 0), None).unwrap();
    assert_eq!(read.trim(), "sâu đáy");
}
