//! Letters of any bytes: ENVELOPE, BODYSTRUCTURE and BODY are well-formed, every section lies in the letter, and reading the
//! letter for people does not fall.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailroom::letter;
use mailroom::letter_imap::{EnvelopeField, Kind, Part, Piece, body, envelope, envelope_text, parts, piece, structure};

fuzz_target!(|bytes: &[u8]| {
    let envelope = envelope(bytes);
    check_list(&envelope);
    for name in ["date", "subject", "from", "cc", "message-id"] {
        if let Some(field) = EnvelopeField::named(name) {
            let _ = envelope_text(&envelope, field);
        }
    }
    let structure = structure(bytes);
    check_list(&structure);
    check_list(&body(&structure));
    let root = parts(bytes);
    check_part(&root, bytes.len());
    for path in [&[][..], &[1], &[2], &[1, 1], &[1, 2, 1]] {
        for wanted in [Piece::Whole, Piece::Header, Piece::Text, Piece::Mime] {
            if let Some(range) = piece(&root, path, wanted) {
                assert!(bytes.get(range).is_some());
            }
        }
    }
    let read = letter::read(bytes);
    let _ = (letter::preview(&read), letter::search_text(&read));
});

fn check_part(part: &Part, bytes: usize) {
    assert!(part.header.start <= part.header.end && part.header.end <= part.body.start);
    assert!(part.body.start <= part.body.end && part.body.end <= bytes);
    match &part.kind {
        Kind::Leaf => {}
        Kind::Message(inner) => check_part(inner, bytes),
        Kind::Multipart(children) => {
            assert!(!children.is_empty());
            children.iter().for_each(|child| check_part(child, bytes));
        }
    }
}

/// One list of strings, literals, numbers and NIL, and nothing behind it.
fn check_list(bytes: &[u8]) {
    let (mut at, mut depth) = (0, 0);
    loop {
        match bytes[at] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'"' => {
                at += 1;
                while bytes[at] != b'"' {
                    if bytes[at] == b'\\' {
                        at += 1;
                    }
                    assert!(bytes[at] < 0x80 && !matches!(bytes[at], b'\r' | b'\n' | 0));
                    at += 1;
                }
            }
            b'{' => {
                let end = at + bytes[at..].iter().position(|&byte| byte == b'}').unwrap();
                let length: usize = std::str::from_utf8(&bytes[at + 1..end]).unwrap().parse().unwrap();
                assert!(!bytes[end + 3..end + 3 + length].contains(&0));
                at = end + 2 + length;
            }
            b' ' | b'N' | b'I' | b'L' | b'0'..=b'9' => {}
            other => panic!("byte {other}"),
        }
        at += 1;
        if depth == 0 {
            assert_eq!(at, bytes.len());
            return;
        }
    }
}
