//! Letters made of many texts in every coding, labelled and not, as old clients send them: the shares that must be read
//! right in all fields, and typed-without-marks Vietnamese that must stay as it is. Example letters of real clients
//! stand in `letter_vectors.rs`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use mailroom::letter::read;
use unicode_normalization::UnicodeNormalization;
use viet::{Coding, encode_as};

const SUBJECTS: &str = include_str!("../../viet/tests/corpus/vi_subjects.txt");
const NAMES: &str = include_str!("../../viet/tests/corpus/vi_names.txt");
const BODIES: &str = include_str!("../../viet/tests/corpus/vi.txt");

/// The names of the codings that mail has labels for.
const LABELLED: [(Coding, &str); 4] = [
    (Coding::Windows1258, "windows-1258"),
    (Coding::Viscii, "VISCII"),
    (Coding::Vps, "x-viet-vps"),
    (Coding::Vn1, "x-viet-tcvn5712"),
];

const ALL: [Coding; 10] = [
    Coding::Tcvn3,
    Coding::Vni,
    Coding::Windows1258,
    Coding::Viscii,
    Coding::Vps,
    Coding::Vn1,
    Coding::VietwareX,
    Coding::VietwareF,
    Coding::BkHcm1,
    Coding::BkHcm2,
];

/// What one letter says: a subject, a name and a paragraph, every name with another subject.
fn texts() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let (subjects, bodies): (Vec<&str>, Vec<&str>) =
        (SUBJECTS.lines().collect(), BODIES.lines().collect());
    NAMES.lines().enumerate().map(move |(at, name)| {
        (
            subjects[(at * 7) % subjects.len()],
            name,
            bodies[(at * 5) % bodies.len()],
        )
    })
}

fn letter(subject: &[u8], name: &[u8], label: Option<&str>, body: &[u8]) -> Vec<u8> {
    let mut raw = b"From: \"".to_vec();
    raw.extend(name);
    raw.extend(b"\" <a@huyen.example>\r\nTo: <b@tinh.example>\r\nSubject: ");
    raw.extend(subject);
    raw.extend(b"\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n");
    if let Some(label) = label {
        raw.extend(format!("Content-Type: text/plain; charset={label}\r\n").bytes());
    }
    raw.extend(b"\r\n");
    raw.extend(body);
    raw.extend(b"\r\n");
    raw
}

/// Bytes as a Q word under a label.
fn word(bytes: &[u8], label: &str) -> Vec<u8> {
    let text: String = bytes.iter().map(|byte| format!("={byte:02X}")).collect();
    format!("=?{label}?Q?{text}?=").into_bytes()
}

/// What is wrong in a letter, compared without regard to case: some codings have no capitals.
fn misses(raw: &[u8], subject: &str, name: &str, body: &str) -> Vec<String> {
    let read = read(raw);
    let from = read.from.first().map(|from| from.name.clone());
    [
        (read.subject, subject),
        (from.unwrap_or_default(), name),
        (read.text.trim().to_owned(), body),
    ]
    .into_iter()
    .filter(|(got, want)| got.to_lowercase() != want.to_lowercase())
    .map(|(got, want)| format!("{want} -> {got}"))
    .collect()
}

#[test]
fn rightly_labelled_letters_are_read_as_they_were_written() {
    for (coding, label) in LABELLED {
        for (subject, name, body) in texts() {
            let [s, n, b] = [subject, name, body].map(|text| encode_as(text, coding).unwrap());
            let raw = letter(&word(&s, label), &word(&n, label), Some(label), &b);
            let wrong = misses(&raw, subject, name, body);
            assert!(wrong.is_empty(), "{label}: {wrong:?}");
        }
    }
}

#[test]
fn letters_without_a_label_or_with_a_wrong_one_are_nearly_always() {
    let (mut letters, mut wrong) = (0, Vec::new());
    for coding in ALL {
        for label in [None, Some("iso-8859-1"), Some("us-ascii"), Some("utf-8")] {
            for (subject, name, body) in texts() {
                let encoded = [subject, name, body].map(|text| encode_as(text, coding));
                let [Some(s), Some(n), Some(b)] = encoded else {
                    continue;
                };
                letters += 1;
                let raw = letter(&s, &n, label, &b);
                for miss in misses(&raw, subject, name, body) {
                    wrong.push(format!("{coding} {label:?}: {miss}"));
                }
            }
        }
    }
    assert!(letters > 1_400, "{letters}");
    assert!(
        wrong.len() * 100 <= letters,
        "{} of {letters}: {wrong:#?}",
        wrong.len()
    );
}

#[test]
fn viqr_of_the_whole_letter_is_read() {
    for (subject, name, body) in texts() {
        let [s, n, b] = [subject, name, body].map(|text| encode_as(text, Coding::Viqr).unwrap());
        let wrong = misses(&letter(&s, &n, Some("us-ascii"), &b), subject, name, body);
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

#[test]
fn vietnamese_typed_without_marks_stays() {
    let plain = |text: &str| -> String {
        let text: String = text.replace('đ', "d").replace('Đ', "D").nfd().collect();
        text.chars().filter(char::is_ascii).collect()
    };
    let short = "Ai di? Toi. Xong roi nhe. Mai gap lai. Di dau? Chi Ha.";
    for (subject, name, body) in texts().chain([("Ai di? Toi.", "Vo Thi Ha.", short)]) {
        let [subject, name, body] = [subject, name, body].map(plain);
        let raw = letter(
            subject.as_bytes(),
            name.as_bytes(),
            Some("us-ascii"),
            body.as_bytes(),
        );
        let read = read(&raw);
        assert_eq!(
            (read.subject, read.from[0].name.clone(), read.text.trim()),
            (subject, name, body.trim())
        );
    }
}
