//! Letters of every shape and what IMAP must say of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use proptest::prelude::*;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn envelopes() {
    for (header, expected) in [
        ("\r\n", r#"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"#),
        ("", r#"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"#),
        (
            "Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nFrom: Fred Foobar <foobar@Blurdybloop.example>\r\nSubject: afternoon\r\n meeting\r\nTo: mooch@owatagu.siam.edu.example\r\nMessage-Id: <B27@example>\r\n\r\nbody",
            r#"("Mon, 7 Feb 1994 21:52:25 -0800" "afternoon meeting" (("Fred Foobar" NIL "foobar" "Blurdybloop.example")) (("Fred Foobar" NIL "foobar" "Blurdybloop.example")) (("Fred Foobar" NIL "foobar" "Blurdybloop.example")) ((NIL NIL "mooch" "owatagu.siam.edu.example")) NIL NIL NIL "<B27@example>")"#,
        ),
        (
            "From: \"Trần, \\\"A\\\"\" <a@b.c>\r\nSubject: =?utf-8?B?R2nhuqV5IG3hu51p?=\r\n\r\n",
            "(NIL \"=?utf-8?B?R2nhuqV5IG3hu51p?=\" (({11}\r\nTrần, \"A\" NIL \"a\" \"b.c\")) (({11}\r\nTrần, \"A\" NIL \"a\" \"b.c\")) (({11}\r\nTrần, \"A\" NIL \"a\" \"b.c\")) NIL NIL NIL NIL NIL)",
        ),
    ] {
        assert_eq!(text(envelope(header.as_bytes())), expected, "{header:?}");
    }
}

#[test]
fn addresses() {
    for (value, expected) in [
        ("", "NIL"),
        (" , ,", "NIL"),
        ("a@b", r#"((NIL NIL "a" "b"))"#),
        ("a@b, c@d", r#"((NIL NIL "a" "b")(NIL NIL "c" "d"))"#),
        ("<a@b>", r#"((NIL NIL "a" "b"))"#),
        ("Ann B <a@b>", r#"(("Ann B" NIL "a" "b"))"#),
        ("\"Q, x\" <a@b>", r#"(("Q, x" NIL "a" "b"))"#),
        ("a@b (Ann)", r#"(("Ann" NIL "a" "b"))"#),
        ("(c) Ann (d (e)) <a@b>", r#"(("Ann" NIL "a" "b"))"#),
        ("a . b @ c . d", r#"((NIL NIL "a.b" "c.d"))"#),
        ("\"a b\"@c", r#"((NIL NIL "a b" "c"))"#),
        ("<\"a>b\"@c>", r#"((NIL NIL "a>b" "c"))"#),
        ("<@r,@s:a@b>", r#"((NIL "@r,@s" "a" "b"))"#),
        ("alone", r#"((NIL NIL "alone" ""))"#),
        (
            "undisclosed-recipients:;",
            r#"((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL))"#,
        ),
        (
            "My group: a@b, C <c@d>; e@f",
            r#"((NIL NIL "My group" NIL)(NIL NIL "a" "b")("C" NIL "c" "d")(NIL NIL NIL NIL)(NIL NIL "e" "f"))"#,
        ),
        (
            "open: a@b",
            r#"((NIL NIL "open" NIL)(NIL NIL "a" "b")(NIL NIL NIL NIL))"#,
        ),
        (
            "=?utf-8?Q?a,_b?= <a@b>",
            r#"(("=?utf-8?Q?a,_b?=" NIL "a" "b"))"#,
        ),
        (
            "=?utf-8?Q?a?=\r\n =?utf-8?Q?b?= <a@b>",
            r#"(("=?utf-8?Q?a?= =?utf-8?Q?b?=" NIL "a" "b"))"#,
        ),
        ("x@y <x@y>", r#"(("x@y" NIL "x" "y"))"#),
        ("\"open <a@b>", r#"((NIL NIL "open <a" "b>"))"#),
        ("<>", "NIL"),
        ("a@b <", r#"(("a@b" NIL "" ""))"#),
    ] {
        let mut out = Vec::new();
        address::write(&mut out, value.as_bytes());
        assert_eq!(text(out), expected, "{value:?}");
    }
}

#[test]
fn envelopes_are_read_back() {
    let letter = "Date: d\r\nSubject: a \\ \"q\" (\r\nFrom: Ann <a@b>, c@d\r\nCc: Tr\u{1ea7}n <e@f>\r\nMessage-ID: <x@y>\r\n\r\n";
    let envelope = envelope(letter.as_bytes());
    for (name, expected) in [
        ("date", Some("d")),
        ("Subject", Some("a \\ \"q\" (")),
        ("from", Some("Ann <a@b>,  <c@d>")),
        ("sender", Some("Ann <a@b>,  <c@d>")),
        ("cc", Some("Tr\u{1ea7}n <e@f>")),
        ("bcc", None),
        ("in-reply-to", None),
        ("message-id", Some("<x@y>")),
    ] {
        let found = envelope_text(&envelope, EnvelopeField::named(name).unwrap());
        assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{name}");
    }
    assert_eq!(EnvelopeField::named("x-other"), None);
    assert_eq!(envelope_text(b"(\"d\"", EnvelopeField::Subject), None);
}

#[test]
fn strings() {
    let long = "x".repeat(1_001);
    for (value, expected) in [
        (&b""[..], &b"\"\""[..]),
        (b"a\"b\\c", b"\"a\\\"b\\\\c\""),
        (b"a\rb", b"{3}\r\na\rb"),
        (b"a\0b", b"{2}\r\nab"),
        (b"\xff\xfe", b"{2}\r\n\xff\xfe"),
        (long.as_bytes(), format!("{{1001}}\r\n{long}").as_bytes()),
    ] {
        let mut out = Vec::new();
        string(&mut out, value);
        assert_eq!(out, expected);
    }
}

const PLAIN: &str = r#"("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" "#;

#[test]
fn structures() {
    let rows: Vec<(String, String)> = vec![
        (String::new(), format!("{PLAIN}0 0 NIL NIL NIL NIL)")),
        ("\r\nhi\r\n".into(), format!("{PLAIN}4 1 NIL NIL NIL NIL)")),
        ("no header at all".into(), format!("{PLAIN}0 0 NIL NIL NIL NIL)")),
        (
            "Content-Type: nonsense\r\n\r\nhi".into(),
            format!("{PLAIN}2 0 NIL NIL NIL NIL)"),
        ),
        (
            "Content-Type: text/html; charset=\"TCVN-5712\"\r\nContent-Transfer-Encoding: 8bit (raw)\r\n\r\nhi\r\n".into(),
            r#"("text" "html" ("charset" "TCVN-5712") NIL NIL "8bit" 4 1 NIL NIL NIL NIL)"#.into(),
        ),
        (
            "Content-Type: application/pdf; name*0*=utf-8''c%C3%B4ng; name*1=\" van.pdf\"\r\nContent-ID: <x@y>\r\nContent-Description: d\r\nContent-MD5: Q2hl\r\nContent-Disposition: attachment; filename=a.pdf\r\nContent-Language: vi, en\r\nContent-Location: http://x/\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n".into(),
            r#"("application" "pdf" ("name*" "utf-8''c%C3%B4ng%20van.pdf") "<x@y>" "d" "base64" 6 "Q2hl" ("attachment" ("filename" "a.pdf")) ("vi" "en") "http://x/")"#.into(),
        ),
        (
            "Content-Type: multipart/alternative; boundary=b\r\n\r\npre\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n\r\n--b--\r\nepilogue\r\n".into(),
            format!(r#"({PLAIN}3 0 NIL NIL NIL NIL)("text" "html" NIL NIL NIL "7bit" 5 1 NIL NIL NIL NIL) "alternative" ("boundary" "b") NIL NIL NIL)"#),
        ),
        // empty multipart, and one without a boundary
        (
            "Content-Type: multipart/mixed; boundary=b\r\n\r\nnothing\r\n".into(),
            format!(r#"({PLAIN}0 0 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL)"#),
        ),
        (
            "Content-Type: multipart/mixed\r\n\r\nnothing\r\n".into(),
            r#"("application" "octet-stream" NIL NIL NIL "7bit" 9 NIL NIL NIL NIL)"#.into(),
        ),
        // the outer boundary ends an inner multipart that never ended itself
        (
            "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/related; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--o\r\n\r\ny\r\n--o--\r\n".into(),
            format!(r#"(({PLAIN}1 0 NIL NIL NIL NIL) "related" ("boundary" "i") NIL NIL NIL){PLAIN}1 0 NIL NIL NIL NIL) "mixed" ("boundary" "o") NIL NIL NIL)"#),
        ),
        (
            "Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: s\r\n\r\nin\r\n\r\n--d--\r\n".into(),
            format!(r#"(("message" "rfc822" NIL NIL NIL "7bit" 18 (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL) {PLAIN}4 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL) "digest" ("boundary" "d") NIL NIL NIL)"#),
        ),
        (
            "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA".into(),
            r#"("application" "octet-stream" NIL NIL NIL "base64" 4 NIL NIL NIL NIL)"#.into(),
        ),
        // bare LF line ends, header ended by a boundary
        (
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/x\n--b\n\nz\n--b--\n".into(),
            format!(r#"(("text" "x" NIL NIL NIL "7bit" 0 0 NIL NIL NIL NIL){PLAIN}1 0 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL)"#),
        ),
    ];
    for (letter, expected) in rows {
        let letter = letter.as_bytes();
        let structure = structure(letter);
        assert_eq!(
            text(structure.clone()),
            expected,
            "{}",
            text(letter.to_vec())
        );
        check_list(&structure);
        check_list(&body(&structure));
    }
}

#[test]
fn bodies_are_structures_without_extensions() {
    let letter = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: \"s (\"\r\nContent-Type: text/html; x=y\r\n\r\nin\r\n--b\r\nContent-Type: image/png\r\nContent-Disposition: inline; a=b\r\nContent-Description: m\u{f4} t\u{1ea3}\r\n\r\nAAA\r\n--b--\r\n";
    assert_eq!(
        text(body(&structure(letter.as_bytes()))),
        format!(
            "({PLAIN}3 0)(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 50 (NIL \"\\\"s (\\\"\" NIL NIL NIL NIL NIL NIL NIL NIL) (\"text\" \"html\" (\"x\" \"y\") NIL NIL \"7bit\" 2 0) 3)(\"image\" \"png\" NIL NIL {{8}}\r\nmô tả \"7bit\" 3) \"mixed\")"
        )
    );
}

#[test]
fn sections_name_bytes_of_the_letter() {
    let inner = "Subject: in\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\ndeep\r\n--i\r\nX: y\r\n\r\nlast\r\n--i--\r\n";
    let letter = format!(
        "Subject: out\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\npre\r\n--o\r\nContent-Type: text/plain\r\n\r\nfirst\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--o--\r\n"
    );
    let root = parts(letter.as_bytes());
    use Piece::*;
    for (path, wanted, expected) in [
        (&[][..], Whole, Some(letter.as_str())),
        (
            &[],
            Header,
            Some("Subject: out\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n"),
        ),
        (&[], Mime, None),
        (&[1], Whole, Some("first")),
        (&[1], Mime, Some("Content-Type: text/plain\r\n\r\n")),
        (&[1], Header, None),
        (&[1, 1], Whole, None),
        (&[2], Whole, Some(inner)),
        (
            &[2],
            Header,
            Some("Subject: in\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n"),
        ),
        (
            &[2],
            Text,
            Some("--i\r\n\r\ndeep\r\n--i\r\nX: y\r\n\r\nlast\r\n--i--\r\n"),
        ),
        (&[2, 1], Whole, Some("deep")),
        (&[2, 2], Whole, Some("last")),
        (&[2, 2], Mime, Some("X: y\r\n\r\n")),
        (&[3], Whole, None),
        (&[0], Whole, None),
    ] {
        let found = piece(&root, path, wanted).map(|range| &letter[range]);
        assert_eq!(found, expected, "{path:?} {wanted:?}");
    }
    let plain = parts(b"A: b\r\n\r\nonly");
    assert_eq!(piece(&plain, &[1], Whole), Some(8..12));
    assert_eq!(piece(&plain, &[1], Mime), Some(0..8));
    assert_eq!(piece(&plain, &[2], Whole), None);
}

#[test]
fn depth_and_number_of_parts_are_bounded() {
    let mut deep = String::new();
    for level in 0..10_000 {
        deep.push_str(&format!(
            "Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"
        ));
    }
    check_list(&structure(deep.as_bytes()));
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(10_000);
    check_list(&structure(nested.as_bytes()));
    let wide = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
        "--b\r\n\r\nx\r\n".repeat(100_000)
    );
    let Kind::Multipart(children) = parts(wide.as_bytes()).kind else {
        panic!("no multipart")
    };
    assert!(children.len() < limits::PARTS_MAX);
}

/// One well-formed parenthesised list of strings, literals, numbers and NIL, and nothing behind it.
fn check_list(bytes: &[u8]) {
    let mut at = 0;
    let mut depth = 0;
    loop {
        match bytes[at] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'"' => {
                at += 1;
                while bytes[at] != b'"' {
                    if bytes[at] == b'\\' {
                        at += 1;
                        assert!(matches!(bytes[at], b'"' | b'\\'));
                    }
                    assert!(bytes[at] < 0x80 && !matches!(bytes[at], b'\r' | b'\n' | 0));
                    at += 1;
                }
            }
            b'{' => {
                let end = at + bytes[at..].iter().position(|&b| b == b'}').unwrap();
                let length: usize = std::str::from_utf8(&bytes[at + 1..end])
                    .unwrap()
                    .parse()
                    .unwrap();
                assert_eq!(&bytes[end..end + 3], b"}\r\n");
                assert!(!bytes[end + 3..end + 3 + length].contains(&0));
                at = end + 2 + length;
            }
            b' ' | b'N' | b'I' | b'L' | b'0'..=b'9' => {}
            other => panic!("byte {other} in {}", String::from_utf8_lossy(bytes)),
        }
        at += 1;
        if depth == 0 {
            assert_eq!(at, bytes.len());
            return;
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_give_valid_lists(pieces in prop::collection::vec(prop::sample::select(vec![
        &b"Content-Type: multipart/mixed; boundary=a\r\n"[..], b"Content-Type: message/rfc822\r\n", b"\r\n", b"\n", b"--a\r\n", b"--a--\r\n",
        b"--b\r\n", b"Content-Type: multipart/digest; boundary=\"b\"\r\n", b"Subject: \xff\0\"x\\\r\n folded\r\n", b"From: a (b <c@d>, \"e\r\n",
        b"To: g:;;:,<@>\r\n", b"Content-Disposition: x; y*0*=z; y*1=\"\r\n", b"text", b"Content-Type: text/\xe9; a=\"\xe9\"\r\n", b":", b"--",
    ]), 0..24)) {
        let letter = pieces.concat();
        check_list(&envelope(&letter));
        let structure = structure(&letter);
        check_list(&structure);
        check_list(&body(&structure));
    }

    #[test]
    fn any_noise_gives_valid_lists(letter in prop::collection::vec(any::<u8>(), 0..400)) {
        check_list(&envelope(&letter));
        check_list(&structure(&letter));
    }
}
