//! The words of the pages: one file per language, Vietnamese is the source. A key that is missing shows itself in tests,
//! never to a person as an empty label.

use fluent::concurrent::FluentBundle;
use fluent::{FluentArgs, FluentResource, FluentValue};
use std::sync::LazyLock;

/// A number of things, whatever type counted it.
pub trait Count {
    fn count(&self) -> i64;
}

macro_rules! counts {
    ($($of:ty),+) => {$(
        impl Count for $of {
            fn count(&self) -> i64 {
                i64::try_from(*self).unwrap_or(i64::MAX)
            }
        }
    )+};
}

counts!(u32, u64, usize, i64);

impl<T: Count> Count for &T {
    fn count(&self) -> i64 {
        (*self).count()
    }
}

/// Which language a page speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lang {
    #[default]
    Vi,
    En,
}

pub(crate) const VI: &str = include_str!("../lang/vi.ftl");
pub(crate) const EN: &str = include_str!("../lang/en.ftl");

static BUNDLES: LazyLock<[FluentBundle<FluentResource>; 2]> =
    LazyLock::new(|| [bundle("vi", VI), bundle("en", EN)]);

fn bundle(code: &str, text: &str) -> FluentBundle<FluentResource> {
    let resource = match FluentResource::try_new(text.to_owned()) {
        Ok(resource) => resource,
        // What can be read is used; a test refuses files with faults.
        Err((resource, faults)) => {
            tracing::error!(lang = code, ?faults, "language file has faults");
            resource
        }
    };
    let mut bundle = FluentBundle::new_concurrent(vec![code.parse().unwrap_or_default()]);
    // Isolation marks would show as boxes on old phones; every language here is written left to right.
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}

impl Lang {
    pub const ALL: [Lang; 2] = [Lang::Vi, Lang::En];

    /// The code as HTML and cookies have it.
    pub fn code(self) -> &'static str {
        match self {
            Lang::Vi => "vi",
            Lang::En => "en",
        }
    }

    pub fn parse(code: &str) -> Option<Lang> {
        Lang::ALL.into_iter().find(|lang| lang.code() == code)
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        let [vi, en] = &*BUNDLES;
        match self {
            Lang::Vi => vi,
            Lang::En => en,
        }
    }

    fn write(self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let found = self.bundle().get_message(key).and_then(|m| m.value());
        let Some(pattern) = found else {
            tracing::error!(key, "words are missing");
            return key.to_owned();
        };
        let mut faults = Vec::new();
        self.bundle()
            .format_pattern(pattern, args, &mut faults)
            .into_owned()
    }

    /// Words without a gap.
    pub fn t(self, key: &str) -> String {
        self.write(key, None)
    }

    /// Words with one gap `{$x}`.
    pub fn tx(self, key: &str, x: impl std::fmt::Display) -> String {
        let mut args = FluentArgs::new();
        args.set("x", x.to_string());
        self.write(key, Some(&args))
    }

    /// Words with two gaps `{$x}` and `{$y}`.
    pub fn txy(self, key: &str, x: impl std::fmt::Display, y: impl std::fmt::Display) -> String {
        let mut args = FluentArgs::new();
        args.set("x", x.to_string());
        args.set("y", y.to_string());
        self.write(key, Some(&args))
    }

    /// Words about a count: `{$n}` picks the plural, `{$x}` is the number as written (1.234).
    pub fn tn(self, key: &str, n: impl Count) -> String {
        let n = n.count();
        let mut args = FluentArgs::new();
        args.set("n", FluentValue::from(n));
        args.set("x", self.number(n));
        self.write(key, Some(&args))
    }

    /// As `tn`, with a second gap `{$y}`.
    pub fn tny(self, key: &str, n: impl Count, y: impl std::fmt::Display) -> String {
        let n = n.count();
        let mut args = FluentArgs::new();
        args.set("n", FluentValue::from(n));
        args.set("x", self.number(n));
        args.set("y", y.to_string());
        self.write(key, Some(&args))
    }

    /// 1.234.567 in Vietnamese, 1,234,567 in English.
    pub fn number(self, n: i64) -> String {
        let mark = match self {
            Lang::Vi => '.',
            Lang::En => ',',
        };
        let digits = n.unsigned_abs().to_string();
        let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
        if n < 0 {
            out.push('-');
        }
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                out.push(mark);
            }
            out.push(digit);
        }
        out
    }

    /// "12 KB", "3,4 MB".
    pub fn bytes(self, bytes: u64) -> String {
        let comma = match self {
            Lang::Vi => ',',
            Lang::En => '.',
        };
        match bytes {
            0..1_000 => format!("{bytes} B"),
            1_000..1_000_000 => format!("{} KB", bytes.div_ceil(1_000)),
            1_000_000..1_000_000_000 => with_tenth(bytes / 100_000, comma, "MB"),
            _ => with_tenth(bytes / 100_000_000, comma, "GB"),
        }
    }
}

fn with_tenth(tenths: u64, comma: char, unit: &str) -> String {
    match tenths % 10 {
        0 => format!("{} {unit}", tenths / 10),
        tenth => format!("{}{comma}{tenth} {unit}", tenths / 10),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// key -> text, in the order of the file.
    fn words(text: &str) -> BTreeMap<String, String> {
        let mut out: BTreeMap<String, String> = BTreeMap::new();
        let mut last = String::new();
        for line in text.lines() {
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            if line.starts_with(' ') {
                out.get_mut(&last).unwrap().push_str(line);
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{line}"));
            last = key.trim().to_owned();
            assert!(
                out.insert(last.clone(), value.trim().to_owned()).is_none(),
                "{last} stands twice"
            );
        }
        out
    }

    #[test]
    fn both_files_are_sound_and_hold_the_same_keys_and_gaps() {
        for text in [VI, EN] {
            if let Err((_, faults)) = FluentResource::try_new(text.to_owned()) {
                panic!("{faults:?}");
            }
        }
        let (vi, en) = (words(VI), words(EN));
        let missing: Vec<_> = vi.keys().filter(|k| !en.contains_key(*k)).collect();
        let extra: Vec<_> = en.keys().filter(|k| !vi.contains_key(*k)).collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "en lacks {missing:?}, has too many {extra:?}"
        );
        for (key, text) in &vi {
            for gap in ["$x", "$y"] {
                assert_eq!(text.contains(gap), en[key].contains(gap), "{key}: {gap}");
            }
        }
    }

    #[test]
    fn vietnamese_is_vietnamese() {
        // Words that are the same in both languages, checked by eye.
        const SAME: [&str; 3] = ["lang-vi", "lang-en", "brand"];
        let (vi, en) = (words(VI), words(EN));
        for (key, text) in &vi {
            if SAME.contains(&key.as_str()) {
                continue;
            }
            assert_ne!(text, &en[key], "{key} is not translated");
            let letters = text.replace("{$x}", "").replace("{$y}", "");
            assert!(!letters.is_empty(), "{key} is empty");
            for word in [
                " the ", " your ", "Please", " and ", "Inbox", "Search", "Send ", "Error",
            ] {
                assert!(!text.contains(word), "{key} holds English: {text}");
            }
            assert!(
                !text.chars().any(|c| ('\u{300}'..='\u{36f}').contains(&c)),
                "{key} is not NFC"
            );
        }
    }

    #[test]
    fn every_key_in_use_is_there() {
        let vi = words(VI);
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        let mut folders = vec![root.join("src"), root.join("templates")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        let mut all = String::new();
        let mut used = 0;
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for call in [".t(\"", ".tx(\"", ".txy(\"", ".tn(\"", ".tny(\""] {
                for part in text.split(call).skip(1) {
                    let key = part.split('"').next().unwrap();
                    if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !key.is_empty()
                    {
                        assert!(vi.contains_key(key), "{} asks for {key}", file.display());
                        used += 1;
                    }
                }
            }
            all.push_str(&text);
        }
        assert!(used > 100, "only {used} uses found");
        let unused: Vec<_> = vi
            .keys()
            .filter(|key| !all.contains(&format!("\"{key}\"")))
            .collect();
        assert!(unused.is_empty(), "nobody says {unused:?}");
    }

    #[test]
    fn numbers_and_sizes() {
        assert_eq!(Lang::Vi.number(1_234_567), "1.234.567");
        assert_eq!(Lang::En.number(-1_234), "-1,234");
        assert_eq!(Lang::Vi.bytes(999_u64), "999 B");
        assert_eq!(Lang::Vi.bytes(240_100_u64), "241 KB");
        assert_eq!(Lang::Vi.bytes(3_450_000_u64), "3,4 MB");
        assert_eq!(Lang::En.bytes(50_000_000_u64), "50 MB");
        assert_eq!(Lang::Vi.bytes(5_368_709_120), "5,3 GB");
    }
}
