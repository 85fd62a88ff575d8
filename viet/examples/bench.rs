//! Measures the crate on invented texts: how many snippets of each coding and length are read right without a label,
//! how many foreign snippets are changed, and how fast clean and broken text is read. Writes nothing but its report.
//!
//! `cargo run --release -p viet --example bench [-- --fails] [VIETNAMESE.txt ...]`

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use viet::{Coding, Context, decode_as, encode_as, read_bytes, repair};

const VI: &str = include_str!("../tests/corpus/vi.txt");
const SUBJECTS: &str = include_str!("../tests/corpus/vi_subjects.txt");
const NAMES: &str = include_str!("../tests/corpus/vi_names.txt");

const FOREIGN: [(&str, &str, &str); 23] = [
    (
        "en",
        "windows-1252",
        include_str!("../tests/corpus/foreign/en.txt"),
    ),
    (
        "fr",
        "windows-1252",
        include_str!("../tests/corpus/foreign/fr.txt"),
    ),
    (
        "de",
        "windows-1252",
        include_str!("../tests/corpus/foreign/de.txt"),
    ),
    (
        "es",
        "windows-1252",
        include_str!("../tests/corpus/foreign/es.txt"),
    ),
    (
        "pt",
        "windows-1252",
        include_str!("../tests/corpus/foreign/pt.txt"),
    ),
    (
        "it",
        "windows-1252",
        include_str!("../tests/corpus/foreign/it.txt"),
    ),
    (
        "nl",
        "windows-1252",
        include_str!("../tests/corpus/foreign/nl.txt"),
    ),
    (
        "sv",
        "windows-1252",
        include_str!("../tests/corpus/foreign/sv.txt"),
    ),
    (
        "da",
        "windows-1252",
        include_str!("../tests/corpus/foreign/da.txt"),
    ),
    (
        "fi",
        "windows-1252",
        include_str!("../tests/corpus/foreign/fi.txt"),
    ),
    (
        "is",
        "windows-1252",
        include_str!("../tests/corpus/foreign/is.txt"),
    ),
    (
        "ca",
        "windows-1252",
        include_str!("../tests/corpus/foreign/ca.txt"),
    ),
    (
        "names",
        "windows-1252",
        include_str!("../tests/corpus/foreign/names.txt"),
    ),
    (
        "pl",
        "iso-8859-2",
        include_str!("../tests/corpus/foreign/pl.txt"),
    ),
    (
        "cs",
        "iso-8859-2",
        include_str!("../tests/corpus/foreign/cs.txt"),
    ),
    (
        "hu",
        "iso-8859-2",
        include_str!("../tests/corpus/foreign/hu.txt"),
    ),
    (
        "ro",
        "iso-8859-16",
        include_str!("../tests/corpus/foreign/ro.txt"),
    ),
    (
        "tr",
        "iso-8859-9",
        include_str!("../tests/corpus/foreign/tr.txt"),
    ),
    (
        "ru",
        "windows-1251",
        include_str!("../tests/corpus/foreign/ru.txt"),
    ),
    (
        "ru-koi8",
        "koi8-r",
        include_str!("../tests/corpus/foreign/ru.txt"),
    ),
    (
        "ja",
        "shift_jis",
        include_str!("../tests/corpus/foreign/ja.txt"),
    ),
    (
        "ja-euc",
        "euc-jp",
        include_str!("../tests/corpus/foreign/ja.txt"),
    ),
    ("zh", "gbk", include_str!("../tests/corpus/foreign/zh.txt")),
];

const CODINGS: [Coding; 10] = [
    Coding::Tcvn3,
    Coding::Vni,
    Coding::Windows1258,
    Coding::Viscii,
    Coding::Vps,
    Coding::Vn1,
    Coding::VietwareX,
    Coding::BkHcm2,
    Coding::VietwareF,
    Coding::BkHcm1,
];
const LENGTHS: [usize; 4] = [10, 20, 50, 200];
const SNIPPETS: usize = 500;

/// xorshift64*: the same snippets on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }
}

/// Whole words, the number of characters that comes nearest to `length`.
fn snippet(words: &[&str], length: usize, dice: &mut Dice) -> String {
    let from = dice.below(words.len());
    let mut out = String::new();
    for word in words.iter().skip(from) {
        let (have, more) = (out.chars().count(), word.chars().count() + 1);
        if have > 0 && (have >= length || have + more - length.min(have + more) > length - have) {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

fn is_vietnamese(text: &str) -> bool {
    text.chars().any(|c| !c.is_ascii() && c.is_alphabetic())
}

fn recovery(texts: &[String], fails: bool) {
    let cx = Context::default();
    println!("raw bytes without a label, exact/ignoring case, % of {SNIPPETS} snippets per cell");
    println!(
        "{:14} {}",
        "coding",
        LENGTHS.map(|l| format!("{l:>13}")).join("")
    );
    for coding in CODINGS {
        let mut row = format!("{:14}", coding.to_string());
        for length in LENGTHS {
            let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ length as u64);
            let (mut n, mut exact, mut folded) = (0, 0, 0);
            let words: Vec<&str> = texts.iter().flat_map(|t| t.split_whitespace()).collect();
            let mut tries = 0;
            while n < SNIPPETS && tries < SNIPPETS * 20 {
                tries += 1;
                let text = snippet(&words, length, &mut dice);
                if !is_vietnamese(&text) {
                    continue;
                }
                let Some(raw) = encode_as(&text, coding) else {
                    continue;
                };
                n += 1;
                let read = read_bytes(&raw, None, &cx);
                let same = read.text.to_lowercase() == text.to_lowercase();
                exact += usize::from(read.text == text);
                folded += usize::from(same);
                if fails && !same && length <= 20 {
                    println!("  {coding} [{text}] -> [{}] as {}", read.text, read.coding);
                }
            }
            let percent = |k: usize| 100.0 * k as f64 / n.max(1) as f64;
            let _ = write!(row, "  {:5.1}/{:5.1}", percent(exact), percent(folded));
        }
        println!("{row}");
    }
}

/// Whole subjects and names, each alone.
fn whole_lines(title: &str, texts: &str, fails: bool) {
    let cx = Context::default();
    print!("{title}, ignoring case:");
    for coding in CODINGS {
        let (mut n, mut good) = (0, 0);
        for text in texts.lines().filter(|line| is_vietnamese(line)) {
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
fn unicode(texts: &[String], fails: bool) {
    let cx = Context::default();
    let words: Vec<&str> = texts.iter().flat_map(|t| t.split_whitespace()).collect();
    type Form = (&'static str, fn(&str) -> Option<String>);
    let forms: [Form; 6] = [
        ("clean", |text| Some(text.to_owned())),
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
    for (name, form) in forms {
        let mut row = format!("{name:14}");
        for length in LENGTHS {
            let mut dice = Dice(77 ^ length as u64);
            let (mut n, mut good) = (0, 0);
            while n < SNIPPETS {
                let text = snippet(&words, length, &mut dice);
                if !is_vietnamese(&text) {
                    continue;
                }
                let Some(broken) = form(&text) else { continue };
                n += 1;
                let read = repair(&broken, &cx);
                let same = read.text.to_lowercase() == text.to_lowercase();
                good += usize::from(same);
                if fails && !same {
                    println!("  {name} [{text}] -> [{}]", read.text);
                }
            }
            let _ = write!(row, "  {:11.1}", 100.0 * good as f64 / n as f64);
        }
        println!("{row}");
    }
}

/// Foreign text must stay: in UTF-8, with its label, and as bytes without one.
fn foreign(fails: bool) {
    let cx = Context::default();
    let (mut utf8, mut labelled, mut bare, mut n, mut n_bare) = (0, 0, 0, 0usize, 0usize);
    let by = std::cell::RefCell::new(std::collections::BTreeMap::<String, usize>::new());
    for (name, label, source) in FOREIGN {
        let encoding =
            encoding_rs::Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::WINDOWS_1252);
        let words: Vec<&str> = source.split_whitespace().collect();
        for length in LENGTHS {
            let mut dice = Dice(4242 ^ length as u64);
            for _ in 0..SNIPPETS {
                let text = snippet(&words, length, &mut dice);
                let (raw, _, lossy) = encoding.encode(&text);
                n += 1;
                let check = |count: &mut usize, read: viet::Repaired<'_>, want: &str, how: &str| {
                    if read.text != want {
                        *count += 1;
                        *by.borrow_mut().entry(format!("{name} {how}")).or_insert(0) += 1;
                        if fails {
                            println!(
                                "  {name} {how} [{want}] -> [{}] as {}",
                                read.text, read.coding
                            );
                        }
                    }
                };
                check(&mut utf8, repair(&text, &cx), &text, "utf-8");
                if lossy {
                    continue;
                }
                let (expected, _) = encoding.decode_without_bom_handling(&raw);
                check(
                    &mut labelled,
                    read_bytes(&raw, Some(label), &cx),
                    &expected,
                    "labelled",
                );
                if std::str::from_utf8(&raw).is_err() {
                    n_bare += 1;
                    let western = decode_as(&raw, Coding::Windows1252);
                    check(&mut bare, read_bytes(&raw, None, &cx), &western, "bare");
                }
            }
        }
    }
    if fails {
        println!("changed by language: {by:?}");
    }
    println!(
        "foreign snippets changed: UTF-8 {utf8} of {n}, labelled {labelled} of {n}, bare 8-bit {bare} of {n_bare}"
    );
}

fn speed() {
    let cx = Context::default();
    let rate = |name: &str, text: &str| {
        let mut big = String::new();
        while big.len() < 4 << 20 {
            big.push_str(text);
        }
        let mut best = f64::MAX;
        let mut borrowed = true;
        for _ in 0..10 {
            let start = Instant::now();
            let read = black_box(repair(black_box(&big), &cx));
            best = best.min(start.elapsed().as_secs_f64());
            borrowed &= matches!(read.text, std::borrow::Cow::Borrowed(_));
        }
        let mut best_bytes = f64::MAX;
        for _ in 0..10 {
            let start = Instant::now();
            black_box(read_bytes(black_box(big.as_bytes()), Some("utf-8"), &cx));
            best_bytes = best_bytes.min(start.elapsed().as_secs_f64());
        }
        let gigabytes = big.len() as f64 / 1e9;
        println!(
            "{name:22} repair {:6.2} GB/s   read_bytes {:6.2} GB/s   borrowed {borrowed}",
            gigabytes / best,
            gigabytes / best_bytes
        );
    };
    rate("clean Vietnamese", VI);
    for (name, _, source) in FOREIGN {
        if ["en", "fr", "de", "es", "sv", "pl", "ru", "ja", "zh"].contains(&name) {
            rate(name, source);
        }
    }
    for coding in [Coding::Tcvn3, Coding::Vni, Coding::Windows1258] {
        let mut text = String::new();
        while text.len() < 28_000 {
            text.push_str(VI);
        }
        let Some(mut raw) = encode_as(&text, coding) else {
            continue;
        };
        raw.truncate(20_000);
        let mut best = f64::MAX;
        for _ in 0..50 {
            let start = Instant::now();
            black_box(read_bytes(black_box(&raw), None, &cx));
            best = best.min(start.elapsed().as_secs_f64());
        }
        println!(
            "letter of {} bytes in {coding}: {:.3} ms",
            raw.len(),
            best * 1e3
        );
    }
}

fn main() -> std::io::Result<()> {
    let mut fails = false;
    let mut texts: Vec<String> = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--fails" => fails = true,
            path => texts.push(std::fs::read_to_string(path)?),
        }
    }
    if texts.is_empty() {
        texts = vec![VI.to_owned(), SUBJECTS.to_owned()];
    }
    recovery(&texts, fails);
    whole_lines("subjects", SUBJECTS, fails);
    whole_lines("names", NAMES, fails);
    unicode(&texts, fails);
    foreign(fails);
    speed();
    Ok(())
}
