//! How much of what was broken is read right. Knows the prototype's figures; measures no time.

use std::fmt::Write as _;

use viet::{Coding, Context, decode_as, encode_as, read_bytes, repair};

use crate::sampling::{LENGTHS, SNIPPETS_MAX, has_marks, percent, snippets};

/// Exact and ignoring case, by length: what the prototype reached on other texts, 500 snippets to a cell.
type Mark = [(f64, f64); 4];

const CODINGS: [(Coding, Mark); 10] = [
    (
        Coding::Tcvn3,
        [(92.6, 94.4), (97.4, 99.8), (96.4, 100.0), (94.4, 100.0)],
    ),
    (
        Coding::Vni,
        [(95.2, 95.2), (99.4, 99.4), (100.0, 100.0), (100.0, 100.0)],
    ),
    (
        Coding::Windows1258,
        [(94.4, 94.4), (98.8, 98.8), (100.0, 100.0), (100.0, 100.0)],
    ),
    (
        Coding::Viscii,
        [(95.2, 95.2), (98.8, 98.8), (100.0, 100.0), (100.0, 100.0)],
    ),
    (
        Coding::Vps,
        [(94.0, 95.0), (97.8, 98.6), (98.4, 100.0), (98.6, 100.0)],
    ),
    (
        Coding::Vn1,
        [(94.8, 96.2), (98.6, 99.2), (97.2, 100.0), (95.0, 100.0)],
    ),
    (
        Coding::VietwareX,
        [(84.8, 84.8), (98.2, 98.2), (100.0, 100.0), (100.0, 100.0)],
    ),
    (
        Coding::BkHcm2,
        [(85.2, 85.2), (98.0, 98.0), (100.0, 100.0), (100.0, 100.0)],
    ),
    (
        Coding::VietwareF,
        [(70.4, 71.2), (93.0, 94.6), (97.8, 100.0), (91.8, 100.0)],
    ),
    (
        Coding::BkHcm1,
        [(75.6, 76.0), (95.6, 97.2), (97.6, 100.0), (98.6, 100.0)],
    ),
];

/// The snippet table: raw bytes without a label. A cell below the prototype, or not above it at the shortest length,
/// bears a sign.
pub fn by_coding(title: &str, text: &str, fails: bool) {
    let cx = Context::default();
    println!(
        "{title}: raw bytes without a label, % exact/ignoring case (prototype); ! below it, = not above it where it must be"
    );
    let mut counts = [0; 4];
    for (coding, marks) in CODINGS {
        let mut row = format!("{:13}", coding.to_string());
        for (at, (length, mark)) in LENGTHS.into_iter().zip(marks).enumerate() {
            let (mut n, mut exact, mut folded) = (0, 0, 0);
            for text in snippets(text, length, SNIPPETS_MAX) {
                let Some(raw) = encode_as(&text, coding).filter(|_| has_marks(&text)) else {
                    continue;
                };
                n += 1;
                let read = read_bytes(&raw, None, &cx);
                let same = read.text.to_lowercase() == text.to_lowercase();
                exact += usize::from(read.text == text);
                folded += usize::from(same);
                if fails && (!same || (length == 50 && read.text != text)) {
                    println!("  {coding} [{text}] -> [{}] as {}", read.text, read.coding);
                }
            }
            if let Some(count) = counts.get_mut(at) {
                *count = n;
            }
            let _ = write!(
                row,
                " {}",
                cell(percent(exact, n), percent(folded, n), mark, length)
            );
        }
        println!("{row}");
    }
    println!("snippets per cell: {counts:?}");
}

fn cell(exact: f64, folded: f64, mark: (f64, f64), length: usize) -> String {
    let round = |value: f64| (value * 10.0).round() / 10.0;
    let (exact, folded) = (round(exact), round(folded));
    let sign = if exact < mark.0 || folded < mark.1 {
        '!'
    } else if length == 10 && (exact <= mark.0 || folded <= mark.1) {
        '='
    } else {
        ' '
    };
    format!(
        "{exact:5.1}/{folded:5.1} ({:5.1}/{:5.1}){sign}",
        mark.0, mark.1
    )
}

/// Whole subjects and names, each alone.
pub fn whole_lines(title: &str, texts: &str, fails: bool) {
    let cx = Context::default();
    print!("{title}, ignoring case:");
    for (coding, _) in CODINGS {
        let (mut n, mut good) = (0, 0);
        for text in texts.lines().filter(|line| has_marks(line)) {
            let Some(raw) = encode_as(text, coding) else {
                continue;
            };
            let read = read_bytes(&raw, None, &cx);
            let same = read.text.to_lowercase() == text.to_lowercase();
            n += 1;
            good += usize::from(same);
            if fails && !same {
                println!("  {coding} [{text}] -> [{}] as {}", read.text, read.coding);
            }
        }
        print!(" {coding} {good}/{n}");
    }
    println!();
}

/// Legacy letters inside valid UTF-8, and damages that must be undone.
pub fn damages(title: &str, source: &str, fails: bool) {
    let cx = Context::default();
    type Form = (&'static str, fn(&str) -> Option<String>);
    let forms: [Form; 7] = [
        ("clean", |text| Some(text.to_owned())),
        ("decomposed", |text| {
            use unicode_normalization::UnicodeNormalization;
            Some(text.nfd().collect())
        }),
        ("tcvn3 letters", |text| {
            encode_as(text, Coding::Tcvn3).map(|raw| decode_as(&raw, Coding::Windows1252))
        }),
        ("vni letters", |text| {
            encode_as(text, Coding::Vni).map(|raw| decode_as(&raw, Coding::Windows1252))
        }),
        ("mojibake", |text| {
            encode_as(text, Coding::Mojibake).and_then(|raw| String::from_utf8(raw).ok())
        }),
        ("mojibake twice", |text| {
            encode_as(text, Coding::MojibakeTwice).and_then(|raw| String::from_utf8(raw).ok())
        }),
        ("references", |text| {
            encode_as(text, Coding::CharRefs).and_then(|raw| String::from_utf8(raw).ok())
        }),
    ];
    println!("{title}: inside valid UTF-8, % ignoring case");
    for (name, form) in forms {
        let mut row = format!("{name:14}");
        for length in LENGTHS {
            let (mut n, mut good) = (0, 0);
            for text in snippets(source, length, SNIPPETS_MAX) {
                let Some(broken) = form(&text).filter(|_| has_marks(&text)) else {
                    continue;
                };
                n += 1;
                let read = repair(&broken, &cx);
                let same = read.text.to_lowercase() == text.to_lowercase();
                good += usize::from(same);
                if fails && !same {
                    println!("  {name} [{text}] -> [{}]", read.text);
                }
            }
            let _ = write!(row, "  {:6.1}", percent(good, n));
        }
        println!("{row}");
    }
}
