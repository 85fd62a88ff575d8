//! Foreign text must stay: in UTF-8, with its label, and as bytes without one.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;
use viet::{Coding, Context, Repaired, decode_as, read_bytes, repair};

use crate::sampling::{LENGTHS, percent, snippets};

/// Snippets of one text and length.
const SNIPPETS_MAX: usize = 500;

macro_rules! texts {
    ($($name:literal $label:literal)*) => {
        [$(($name, $label, include_str!(concat!("../../tests/corpus/foreign/", $name, ".txt")))),*]
    };
}

/// Language, an 8-bit charset it was mailed in, text.
pub const TEXTS: [(&str, &str, &str); 23] = texts! {
    "en" "windows-1252" "fr" "windows-1252" "de" "windows-1252" "es" "windows-1252" "pt" "windows-1252"
    "it" "windows-1252" "nl" "windows-1252" "sv" "windows-1252" "da" "windows-1252" "fi" "windows-1252"
    "is" "windows-1252" "ca" "windows-1252" "names" "windows-1252" "pl" "iso-8859-2" "cs" "iso-8859-2"
    "hu" "iso-8859-2" "ro" "iso-8859-16" "tr" "iso-8859-9" "ru" "windows-1251" "ru" "koi8-r"
    "ja" "shift_jis" "ja" "euc-jp" "zh" "gbk"
};

#[derive(Default)]
struct Changed {
    counts: [usize; 3],
    of: [usize; 3],
    by: BTreeMap<String, usize>,
    fails: bool,
}

const WAYS: [&str; 3] = ["UTF-8", "labelled", "bare 8-bit"];

impl Changed {
    fn check(&mut self, way: usize, name: &str, read: &Repaired<'_>, want: &str) {
        if let Some(of) = self.of.get_mut(way) {
            *of += 1;
        }
        if read.text == want {
            return;
        }
        if let Some(count) = self.counts.get_mut(way) {
            *count += 1;
        }
        let how = WAYS.get(way).copied().unwrap_or_default();
        *self.by.entry(format!("{name} {how}")).or_insert(0) += 1;
        if self.fails {
            println!(
                "  {name} {how} [{want}] -> [{}] as {}",
                read.text, read.coding
            );
        }
    }

    fn text(&mut self, name: &str, label: &str, source: &str) {
        let cx = Context::default();
        let encoding =
            encoding_rs::Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::WINDOWS_1252);
        for length in LENGTHS {
            for text in snippets(source, length, SNIPPETS_MAX) {
                let text: String = text.nfc().collect();
                self.check(0, name, &repair(&text, &cx), &text);
                let (raw, _, lossy) = encoding.encode(&text);
                if lossy {
                    continue;
                }
                let (expected, _) = encoding.decode_without_bom_handling(&raw);
                let expected: String = expected.nfc().collect();
                self.check(1, name, &read_bytes(&raw, Some(label), &cx), &expected);
                if std::str::from_utf8(&raw).is_err() {
                    let western = decode_as(&raw, Coding::Windows1252);
                    self.check(2, name, &read_bytes(&raw, None, &cx), &western);
                }
            }
        }
    }
}

/// Counts the snippets that come back changed.
pub fn unchanged(folder: Option<&str>, fails: bool) -> std::io::Result<()> {
    let mut changed = Changed {
        fails,
        ..Changed::default()
    };
    match folder {
        None => {
            for (name, label, source) in TEXTS {
                changed.text(name, label, source);
            }
        }
        Some(folder) => {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                let stem = path
                    .file_stem()
                    .and_then(|s| s.to_str())
                    .unwrap_or_default();
                if let Some((name, label)) = stem.split_once('.') {
                    changed.text(name, label, &std::fs::read_to_string(&path)?);
                }
            }
        }
    }
    println!("foreign snippets changed, by language: {:?}", changed.by);
    for ((way, count), of) in WAYS.into_iter().zip(changed.counts).zip(changed.of) {
        println!("  {way}: {count} of {of} = {:.4} %", percent(count, of));
    }
    Ok(())
}
