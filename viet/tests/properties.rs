//! What must hold for every text: NFC out, repair and fold settle at once, right Vietnamese and foreign text stay,
//! nothing panics.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;
use unicode_normalization::is_nfc;
use viet::{Coding, Context, encode_as, fold, read_bytes, repair};

const VI: &str = include_str!("corpus/vi.txt");
const SUBJECTS: &str = include_str!("corpus/vi_subjects.txt");
const NAMES: &str = include_str!("corpus/vi_names.txt");

fn words() -> Vec<&'static str> {
    VI.split_whitespace()
        .chain(SUBJECTS.split_whitespace())
        .chain(NAMES.split_whitespace())
        .collect()
}

/// Runs of real words with real punctuation between them.
fn vietnamese() -> impl Strategy<Value = String> {
    let word = proptest::sample::select(words());
    let gap = proptest::sample::select(vec![
        " ", " ", " ", " ", ", ", "\n", "\n> ", " – ", " 12/4 ", " & ", "\u{a0}",
    ]);
    proptest::collection::vec((word, gap), 1..120)
        .prop_map(|pairs| pairs.into_iter().flat_map(|(w, g)| [w, g]).collect())
}

fn coding() -> impl Strategy<Value = Coding> {
    proptest::sample::select(Coding::CHOICES.to_vec())
}

/// Texts made of what repair looks for, in no sensible order.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            "Ã",
            "¡",
            "á»",
            "Â",
            "\u{a0}",
            "&#7841;",
            "&amp;#272;",
            "&#",
            "C«ng",
            "v¨n",
            "nöôùc",
            "Q§",
            "a^",
            "o+'",
            "u+.",
            "dd",
            "Ä",
            "‘",
            "æ",
            "\u{301}",
            "\u{323}",
            "h\u{301}nh",
            "ờ",
            "Đ",
            "\u{ad}",
            "\u{81}",
            "\n",
            " ",
            "> ",
            "ệ",
            "sè",
            "Þ",
        ])
        .prop_map(str::to_owned),
        "[a-zà-ỹ]{1,6}",
        "\\PC{1,4}",
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn right_vietnamese_is_never_changed(text in vietnamese()) {
        let read = repair(&text, &Context::default());
        prop_assert_eq!(read.text.as_ref(), text.as_str());
        prop_assert!(matches!(read.coding, Coding::Utf8 | Coding::Ascii));
    }

    #[test]
    fn right_vietnamese_stays_whatever_the_rest_of_the_letter_is_in(text in vietnamese(), near in coding()) {
        let read = repair(&text, &Context { body_coding: Some(near) });
        prop_assert_eq!(read.text.as_ref(), text.as_str());
    }

    #[test]
    fn repair_settles_at_once(text in nasty()) {
        let cx = Context::default();
        let once = repair(&text, &cx).text.into_owned();
        let twice = repair(&once, &cx).text.into_owned();
        prop_assert_eq!(&once, &twice);
        prop_assert!(is_nfc(&once));
    }

    #[test]
    fn repair_of_legacy_letters_settles_at_once(text in vietnamese(), coding in coding()) {
        let Some(raw) = encode_as(&text, coding) else { return Ok(()) };
        let cx = Context::default();
        let once = read_bytes(&raw, None, &cx).text.into_owned();
        prop_assert!(is_nfc(&once));
        let again = repair(&once, &cx);
        prop_assert_eq!(again.text.as_ref(), once.as_str());
    }

    #[test]
    fn any_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..600), coding in coding()) {
        for label in [None, Some("us-ascii"), Some("tcvn"), Some("viqr"), Some("windows-1258"), Some("iso-2022-jp"), Some("utf-8")] {
            let read = read_bytes(&raw, label, &Context { body_coding: Some(coding) });
            prop_assert!(is_nfc(&read.text));
            prop_assert!((0.0..=1.0).contains(&read.confidence));
        }
        prop_assert!(is_nfc(&viet::decode_as(&raw, coding)));
    }

    #[test]
    fn fold_settles_at_once(text in "\\PC{0,80}") {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn fold_forgets_marks_only(text in vietnamese()) {
        let folded = fold(&text);
        prop_assert!(folded.chars().all(|c| !('\u{c0}'..='\u{1ef9}').contains(&c)), "{}", folded);
        prop_assert_eq!(fold(&text.to_uppercase()), folded);
    }

    #[test]
    fn tokens_stand_where_they_say(text in "\\PC{0,80}") {
        let mut last = 0;
        for token in viet::tokens(&text) {
            prop_assert_eq!(&text[token.start..token.end], token.text);
            prop_assert!(token.start >= last && token.end > token.start && !token.folded.is_empty());
            last = token.end;
        }
    }

    #[test]
    fn file_names_are_safe(name in "\\PC{0,200}") {
        for safe in [viet::safe_file_name(&name), viet::ascii_file_name(&name)] {
            prop_assert!(!safe.is_empty() && !safe.contains(['/', '\\', ':', '"', '\0']) && safe != "." && safe != "..");
        }
        prop_assert!(viet::ascii_file_name(&name).is_ascii());
    }

    #[test]
    fn every_written_form_of_a_sentence_reads_the_same(at in 0..40usize, coding in coding()) {
        // sentences of fifty characters and more, the length at which the figures promise certainty
        let text = VI.lines().filter(|line| line.chars().count() > 50).nth(at).unwrap();
        let Some(raw) = encode_as(text, coding) else { return Ok(()) };
        let read = read_bytes(&raw, None, &Context::default());
        prop_assert_eq!(read.text.to_lowercase(), text.to_lowercase());
    }
}

#[test]
fn foreign_text_stays() {
    let cx = Context::default();
    let mut checked = 0;
    for entry in
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/foreign")).unwrap()
    {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines() {
            assert_eq!(repair(line, &cx).text, line);
            if let Some(raw) = encode_as(line, Coding::Windows1252) {
                assert_eq!(read_bytes(&raw, None, &cx).text, line);
                assert_eq!(read_bytes(&raw, Some("windows-1252"), &cx).text, line);
            }
            checked += 1;
        }
        assert_eq!(repair(&text, &cx).text, text);
    }
    assert!(checked > 250);
}

#[test]
fn the_body_helps_names_and_subjects() {
    for (text, coding) in [
        ("Hồ Thị Kỷ", Coding::Vps),
        ("Từ Gia Huệ", Coding::VietwareF),
        ("Tạ Bích Loan", Coding::Tcvn3),
        ("Khẩn", Coding::Tcvn3),
    ] {
        let raw = encode_as(text, coding).unwrap();
        let near = Context {
            body_coding: Some(coding),
        };
        assert_eq!(read_bytes(&raw, None, &near).text, text, "{coding}");
    }
}

#[test]
fn few_vietnamese_words_among_english_ones_are_read() {
    for text in [
        "Re: FW: Báo cáo Q3 (final) v2.xlsx",
        "Test mail: kiểm tra font",
        "FW: Hợp đồng lease ABC Corp",
        "Update phần mềm MISA v5.2",
        "Re: Quotation máy chủ Dell PowerEdge R740",
    ] {
        for coding in [
            Coding::Tcvn3,
            Coding::Vni,
            Coding::Windows1258,
            Coding::Viscii,
            Coding::Vps,
        ] {
            let raw = encode_as(text, coding).unwrap();
            assert_eq!(
                read_bytes(&raw, None, &Context::default()).text,
                text,
                "{coding}"
            );
        }
    }
}
