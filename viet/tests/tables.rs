//! Every row of every table decodes to its letter, and every letter a coding can write survives the way there and back.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use unicode_normalization::UnicodeNormalization;
use viet::{Coding, decode_as, encode_as};

const TABLES: [(Coding, &str); 12] = [
    (Coding::Tcvn3, include_str!("../tables/tcvn3.tsv")),
    (Coding::Tcvn3, include_str!("../tables/tcvn5712_vn3.tsv")),
    (Coding::Vni, include_str!("../tables/vni_windows.tsv")),
    (
        Coding::Windows1258,
        include_str!("../tables/windows1258.tsv"),
    ),
    (Coding::Viscii, include_str!("../tables/viscii.tsv")),
    (Coding::Vps, include_str!("../tables/vps.tsv")),
    (Coding::Vn1, include_str!("../tables/tcvn5712_vn1.tsv")),
    (Coding::Vn2, include_str!("../tables/tcvn5712_vn2.tsv")),
    (Coding::VietwareX, include_str!("../tables/vietware_x.tsv")),
    (Coding::VietwareF, include_str!("../tables/vietware_f.tsv")),
    (Coding::BkHcm1, include_str!("../tables/bkhcm1.tsv")),
    (Coding::BkHcm2, include_str!("../tables/bkhcm2.tsv")),
];

fn rows(source: &str) -> Vec<(Vec<u8>, char, String)> {
    source
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let bytes = columns[0]
                .split(' ')
                .map(|hex| u8::from_str_radix(hex, 16).unwrap())
                .collect();
            let code = u32::from_str_radix(columns[1].strip_prefix("U+").unwrap(), 16).unwrap();
            (
                bytes,
                char::from_u32(code).unwrap(),
                columns.get(5).copied().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

/// Two letters on one byte: only the first can come back.
fn is_shared(rows: &[(Vec<u8>, char, String)], bytes: &[u8], c: char) -> bool {
    rows.iter()
        .find(|(other, _, _)| other == bytes)
        .is_some_and(|(_, first, _)| *first != c)
}

#[test]
fn every_row_decodes_to_its_letter() {
    let mut checked = 0;
    for (coding, source) in TABLES {
        let rows = rows(source);
        for (bytes, c, note) in &rows {
            if is_shared(&rows, bytes, *c) {
                continue;
            }
            let want: String = std::iter::once(*c).nfc().collect();
            assert_eq!(
                decode_as(bytes, coding),
                want,
                "{coding} {bytes:02x?} {note}"
            );
            checked += 1;
        }
    }
    assert!(checked > 1_300, "{checked}");
}

#[test]
fn every_row_survives_the_round_trip() {
    for (coding, source) in TABLES {
        let rows = rows(source);
        for (bytes, c, note) in &rows {
            let combining = ('\u{300}'..='\u{36f}').contains(c);
            if is_shared(&rows, bytes, *c)
                || note.contains("decode only")
                || combining
                || c.is_control()
            {
                continue;
            }
            let raw = encode_as(&c.to_string(), coding)
                .unwrap_or_else(|| panic!("{coding} cannot write {c}"));
            assert_eq!(decode_as(&raw, coding), c.to_string(), "{coding} {c}");
        }
    }
}

#[test]
fn viqr_rows_read_and_write() {
    for (bytes, c, _) in rows(include_str!("../tables/viqr.tsv")) {
        assert_eq!(decode_as(&bytes, Coding::Viqr), c.to_string());
        assert_eq!(encode_as(&c.to_string(), Coding::Viqr).unwrap(), bytes);
    }
}

#[test]
fn all_134_letters_in_every_coding_that_has_them() {
    let letters: String = include_str!("../tables/viqr.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split('\t').nth(2))
        .collect();
    assert_eq!(letters.chars().count(), 134);
    for coding in [
        Coding::Vni,
        Coding::Windows1258,
        Coding::Viscii,
        Coding::Vps,
        Coding::Vn1,
        Coding::VietwareX,
        Coding::BkHcm2,
        Coding::Viqr,
        Coding::Mojibake,
        Coding::MojibakeTwice,
        Coding::CharRefs,
    ] {
        let text: String = letters.chars().flat_map(|c| [c, 'x', ' ']).collect();
        let raw = encode_as(&text, coding).unwrap();
        assert_eq!(decode_as(&raw, coding), text, "{coding}");
    }
}

#[test]
fn combining_and_mixed_case_habits_are_read() {
    for (raw, coding, want) in [
        (&b"A\xf9"[..], Coding::Vni, "Á"),
        (b"a\xd9", Coding::Vni, "á"),
        (b"A\xb8", Coding::Tcvn3, "Á"),
        (b"\xcf\xc5 \xcf\xe5", Coding::BkHcm2, "Ệ Ệ"),
        (b"\x7d\xe1i", Coding::BkHcm1, "Đẫi"),
        (b"a\xb3", Coding::Vn2, "á"),
        (b"\xe2\xec", Coding::Windows1258, "ấ"),
        (b"\x93x\x94 \x96", Coding::Tcvn3, "“x” –"),
    ] {
        assert_eq!(decode_as(raw, coding), want, "{coding} {raw:02x?}");
    }
}
