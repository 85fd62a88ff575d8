//! The public Vietnamese mail vectors, and what must hold for any bytes: reading never panics and attachments are found
//! where the letter says they are.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;

use mailroom::letter;
use proptest::prelude::*;
use serde_json::Value;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vn"))
}

fn json(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder().join(name)).unwrap()).unwrap()
}

fn letters() -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(folder().join("eml"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(path).unwrap(),
            )
        })
        .collect();
    all.sort();
    all
}

/// White space runs count as one, as in the scoring tool.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn all_public_letters_read_right() {
    let expected = json("expected.json");
    let letters = letters();
    assert_eq!(letters.len(), 125);
    let mut wrong = Vec::new();
    for (name, raw) in letters {
        let want = &expected[&name];
        let got = letter::score_json(&raw);
        for field in ["subject", "from_name", "text"] {
            let (w, g) = (
                squeeze(want[field].as_str().unwrap()),
                squeeze(got[field].as_str().unwrap()),
            );
            let folds = want["fold"]
                .as_array()
                .is_some_and(|fields| fields.iter().any(|f| f == field));
            let alternative = want["alt"][field]
                .as_array()
                .is_some_and(|all| all.iter().any(|a| squeeze(a.as_str().unwrap()) == g));
            if w != g && !alternative && !(folds && w.to_lowercase() == g.to_lowercase()) {
                wrong.push(format!("{name} {field}\n want {w}\n got  {g}"));
            }
        }
        if want["filenames"] != got["filenames"] {
            wrong.push(format!(
                "{name} filenames {} {}",
                want["filenames"], got["filenames"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn search_rank_sort_and_names_answer_right() {
    let (got, want) = (
        letter::score_aux(&json("aux.json")),
        json("aux_expected.json"),
    );
    for kind in ["search", "rank", "sort", "translit"] {
        assert_eq!(got[kind], want[kind], "{kind}");
    }
}

#[test]
fn attachments_are_where_the_letter_says() {
    let mut seen = 0;
    for (name, raw) in letters() {
        let read = letter::read(&raw);
        for attachment in &read.attachments {
            let bytes = letter::attachment(&raw, &attachment.part).unwrap();
            assert_eq!(bytes.len(), attachment.size, "{name}");
            assert!(bytes.starts_with(b"%PDF"), "{name}");
            assert!(
                attachment.body_start < attachment.body_end && attachment.body_end <= raw.len()
            );
            seen += 1;
        }
    }
    assert!(seen > 20);
}

#[test]
fn the_choice_of_the_reader_is_obeyed() {
    let raw = b"From: a@b.example\r\nSubject: x\r\n\r\nC\xabng v\xa8n\r\n";
    assert_eq!(letter::read(raw).text.trim(), "Công văn");
    assert_eq!(
        letter::read_with(raw, Some(viet::Coding::Windows1252))
            .text
            .trim(),
        "C«ng v¨n"
    );
}

#[test]
fn what_is_made_of_a_letter() {
    let raw = "From: =?utf-8?B?VOG6oQ==?= <ta@xa.example>\r\nTo: b@xa.example\r\nSubject: =?utf-8?Q?H=E1=BB=8Dp?=\r\n\
        Date: Fri, 1 Nov 2024 01:00:00 +0700\r\nMessage-ID: <1@xa.example>\r\nReferences: <a@x> <b@x>\r\n\
        Importance: High\r\nAuto-Submitted: auto-generated\r\nList-Id: <tin.xa.example>\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\r\nKính gửi anh,\r\n\r\nMời họp lúc 8 giờ.\r\n> thư cũ\r\n-- \r\nTạ\r\n";
    let read = letter::read(raw.as_bytes());
    assert_eq!(letter::preview(&read), "Mời họp lúc 8 giờ.");
    assert_eq!(read.date, Some(1_730_397_600_000));
    assert_eq!(read.message_id.as_deref(), Some("1@xa.example"));
    assert_eq!(read.references, ["a@x", "b@x"]);
    assert!(read.urgent && read.auto_submitted && read.list_id.is_some());
    let all = letter::search_text(&read);
    for part in ["Họp", "Tạ", "ta@xa.example", "b@xa.example", "Mời họp"] {
        assert!(all.contains(part), "{part}");
    }
}

fn sample() -> impl Strategy<Value = Vec<u8>> {
    proptest::sample::select(letters()).prop_map(|(_, raw)| raw)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        use_all(&raw);
    }

    #[test]
    fn any_header_is_read(value in proptest::collection::vec(any::<u8>(), 0..300), name in "(Subject|From|To|Content-Type|Content-Disposition|Date)") {
        let mut raw = format!("{name}: ").into_bytes();
        raw.extend(value);
        raw.extend(b"\r\n\r\nx");
        use_all(&raw);
    }

    #[test]
    fn damaged_letters_are_read(raw in sample(), cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..20)) {
        let mut raw = raw;
        for (at, byte, how) in cuts {
            if raw.is_empty() { break; }
            let at = at.index(raw.len());
            match how {
                0 => raw[at] = byte,
                1 => raw.insert(at, byte),
                _ => raw.truncate(at),
            }
        }
        use_all(&raw);
    }
}

fn use_all(raw: &[u8]) {
    let read = letter::read(raw);
    let _ = (letter::preview(&read), letter::search_text(&read));
    for attachment in &read.attachments {
        assert!(letter::attachment(raw, &attachment.part).is_some());
        assert!(!attachment.name.contains(['/', '\\']));
    }
    let _ = letter::read_with(raw, Some(viet::Coding::Vni));
}

#[test]
fn hostile_structures_stay_bounded() {
    let mut deep = Vec::new();
    for depth in 0..5_000 {
        deep.extend(
            format!("Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n")
                .bytes(),
        );
    }
    use_all(&deep);
    let wide: String = (0..20_000).map(|_| "--b\r\n\r\nx\r\n").collect();
    let wide = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{wide}");
    assert!(letter::read(wide.as_bytes()).attachments.len() <= 500);
    let many: String = (0..100_000).map(|n| format!("X-{n}: y\r\n")).collect();
    use_all(many.as_bytes());
    use_all(format!("Content-Type: text/html\r\n\r\n{}", "<b>".repeat(200_000)).as_bytes());
    use_all(format!("Content-Type: text/html\r\n\r\n{}", "<".repeat(200_000)).as_bytes());
    use_all(
        format!(
            "Content-Type: text/html\r\n\r\n{}",
            "<a b=\"".repeat(50_000)
        )
        .as_bytes(),
    );
    use_all(format!("Subject: {}\r\n\r\n", "=?utf-8?Q?".repeat(20_000)).as_bytes());
    use_all(format!("To: {}\r\n\r\n", "\"(<".repeat(20_000)).as_bytes());
    use_all(
        format!(
            "Subject: {}\r\n\r\n{}",
            "&#".repeat(20_000),
            "&amp;".repeat(50_000)
        )
        .as_bytes(),
    );
}
