//! What a person typed into the search field, as conditions. Forgiving: what is not understood is searched as words.

use unicode_normalization::UnicodeNormalization;

use super::{Field, Query, Words};
use crate::time::parse_day;

/// Conditions of one search; the rest of a longer text is not looked at.
const WORDS_MAX: usize = 20;
/// Longest text looked at, characters.
const TYPED_CHARS_MAX: usize = 500;
/// A day in ms.
const DAY_MS: i64 = 86_400_000;

/// One piece: `name:value`, a "phrase" or words up to the next of those.
struct Piece {
    name: String,
    text: String,
    phrase: bool,
}

pub(super) fn parse(typed: &str) -> Query {
    let mut query = Query::default();
    let mut plain: Vec<String> = Vec::new();
    for piece in pieces(typed) {
        if piece.text.trim().is_empty() {
            continue;
        }
        let filtered = filter(&mut query, &piece);
        if filtered {
            continue;
        }
        match (field_of(&piece.name), piece.phrase) {
            // The index knows recipients as lists show them, by name where there is one: an address is looked for anywhere.
            (Some(Field::To), _) if piece.text.contains('@') => query.words.push(Words {
                field: Field::Any,
                text: piece.text,
                phrase: true,
            }),
            (Some(field), phrase) => query.words.push(Words {
                field,
                text: piece.text,
                phrase,
            }),
            (None, true) => query.words.push(Words {
                field: Field::Any,
                text: piece.text,
                phrase: true,
            }),
            // An unknown name is a word like any other: "V/v:", "12:30".
            (None, false) if piece.name.is_empty() => plain.push(piece.text),
            (None, false) => plain.push(format!("{}:{}", piece.name, piece.text)),
        }
    }
    if !plain.is_empty() {
        query.words.insert(
            0,
            Words {
                field: Field::Any,
                text: plain.join(" "),
                phrase: false,
            },
        );
    }
    query.words.truncate(WORDS_MAX);
    query
}

/// Dates and files; true when the piece was one.
fn filter(query: &mut Query, piece: &Piece) -> bool {
    match viet::fold(&piece.name).as_str() {
        "truoc" | "before" => match parse_day(&piece.text) {
            Some(day) => query.before = Some(day),
            None => return false,
        },
        // After a day means: from that day on, as people say "sau ngày 20/11" and expect the 20th not to be missing.
        "sau" | "after" => match parse_day(&piece.text) {
            Some(day) => query.after = Some(day),
            None => return false,
        },
        "ngai" | "ngay" | "on" => match parse_day(&piece.text) {
            Some(day) => (query.after, query.before) = (Some(day), Some(day + DAY_MS)),
            None => return false,
        },
        "co" | "has" => match viet::fold(&piece.text).as_str() {
            "tep" | "file" | "files" | "tap" | "attachment" => query.with_files = true,
            _ => return false,
        },
        _ => return false,
    }
    true
}

fn field_of(name: &str) -> Option<Field> {
    match viet::fold(name).as_str() {
        "tu" | "from" => Some(Field::From),
        "den" | "to" => Some(Field::To),
        "chu de" | "chude" | "trichyeu" | "subject" => Some(Field::Subject),
        "noidung" | "body" => Some(Field::Body),
        _ => None,
    }
}

fn pieces(typed: &str) -> Vec<Piece> {
    // Apple's keyboards may send letters and their marks apart: "từ:" is still one name.
    let chars: Vec<char> = typed.nfc().take(TYPED_CHARS_MAX).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let (name, value_at) = name_at(&chars, at);
        let (text, phrase, end) = value_at_place(&chars, value_at);
        found.push(Piece { name, text, phrase });
        at = end.max(at + 1);
    }
    found
}

/// "từ:" in front of a value, letters only, directly followed by something.
fn name_at(chars: &[char], at: usize) -> (String, usize) {
    let name: String = chars
        .iter()
        .skip(at)
        .take_while(|c| c.is_alphabetic())
        .collect();
    let colon = at + name.chars().count();
    let followed = chars.get(colon + 1).is_some_and(|c| !c.is_whitespace());
    if !name.is_empty() && chars.get(colon) == Some(&':') && followed {
        (name, colon + 1)
    } else {
        (String::new(), at)
    }
}

fn value_at_place(chars: &[char], at: usize) -> (String, bool, usize) {
    let closes = |open: char| match open {
        '"' => Some('"'),
        '“' | '”' | '„' => Some('”'),
        '«' => Some('»'),
        _ => None,
    };
    if let Some(close) = chars.get(at).copied().and_then(closes) {
        let inner: String = chars
            .iter()
            .skip(at + 1)
            .take_while(|c| **c != close && **c != '"')
            .collect();
        let end = at + 2 + inner.chars().count();
        return (inner.trim().to_owned(), true, end);
    }
    let word: String = chars
        .iter()
        .skip(at)
        .take_while(|c| !c.is_whitespace())
        .collect();
    let end = at + word.chars().count();
    (word, false, end)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn shown(typed: &str) -> String {
        let query = parse(typed);
        let mut out: Vec<String> = query
            .words
            .iter()
            .map(|words| {
                format!(
                    "{:?}={}{}",
                    words.field,
                    words.text,
                    if words.phrase { "!" } else { "" }
                )
            })
            .collect();
        out.extend(query.before.map(|at| format!("<{at}")));
        out.extend(query.after.map(|at| format!(">{at}")));
        if query.with_files {
            out.push("files".into());
        }
        out.join(" ")
    }

    #[test]
    fn searches_mean_what_was_typed() {
        for (typed, meant) in [
            ("đê biển", "Any=đê biển"),
            ("\"đê biển\" họp", "Any=họp Any=đê biển!"),
            ("từ:lan báo cáo", "Any=báo cáo From=lan"),
            ("from:\"Nguyễn Thị Lan\"", "From=Nguyễn Thị Lan!"),
            ("tu:lan đến:\"sở nội vụ\"", "From=lan To=sở nội vụ!"),
            ("“đê biển”", "Any=đê biển!"),
            ("trước:02/01/1970 có:tệp", "<61200000 files"),
            ("sau:01/01/1970 has:file x", "Any=x >-25200000 files"),
            ("ngày:1/1/1970", "<61200000 >-25200000"),
            ("trước:hôm_qua", "Any=trước:hôm_qua"),
            ("12:30 V/v: 2045/VP-HC", "Any=12:30 V/v: 2045/VP-HC"),
            ("từ: lan", "Any=từ: lan"),
            ("\"chưa đóng", "Any=chưa đóng!"),
            ("chude:họp", "Subject=họp"),
            ("tu\u{31b}\u{300}:lan", "From=lan"),
            ("to:lan@a.example", "Any=lan@a.example!"),
            ("TỪ:LAN ĐẾN:AN", "From=LAN To=AN"),
            ("co:tep co:gi", "Any=co:gi files"),
            ("", ""),
            ("   ", ""),
            ("\"\"", ""),
        ] {
            assert_eq!(shown(typed), meant, "{typed}");
        }
    }

    #[test]
    fn long_searches_are_bounded() {
        let query = parse(&"\"a\" ".repeat(1000));
        assert!(query.words.len() <= WORDS_MAX);
    }
}
