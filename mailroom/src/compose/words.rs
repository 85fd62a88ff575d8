//! Vietnamese in header fields: UTF-8 NFC, encoded words cut at character borders, file names for new and old readers.
//! (RFC 2047, RFC 2231, RFC 5322 §2.2.3)

use base64::Engine as _;
use std::fmt::Write as _;
use unicode_normalization::UnicodeNormalization;

/// Length of an encoded word (RFC 2047 §2).
const WORD_BYTES_MAX: usize = 75;
/// Length of a line with encoded words (RFC 2047 §2).
const LINE_BYTES_MAX: usize = 76;
/// "=?UTF-8?B?" and "?=".
const WORD_FRAME: usize = 12;

/// NFC, line ends and other controls as spaces: what may stand in one header field.
pub(crate) fn clean(text: &str) -> String {
    text.nfc()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A field with free text (Subject): folded at 76, encoded where it must be.
pub(crate) fn text_field(name: &str, text: &str) -> String {
    let text = clean(text);
    let plain = text.is_ascii()
        && !text.contains("=?")
        && text.split(' ').all(|word| word.len() < LINE_BYTES_MAX - 2);
    let words: Vec<String> = if plain {
        text.split(' ').map(str::to_owned).collect()
    } else {
        encoded_words(&text, name.len() + 2)
    };
    fold(name, &words, " ")
}

/// A field with addresses; names are encoded or quoted.
pub(crate) fn address_field(name: &str, addresses: &[(String, String)]) -> String {
    let mut words = Vec::new();
    for (place, (shown, address)) in addresses.iter().enumerate() {
        let comma = if place + 1 < addresses.len() { "," } else { "" };
        let shown = clean(shown);
        if shown.is_empty() {
            words.push(format!("{address}{comma}"));
            continue;
        }
        words.extend(phrase(&shown, name.len() + 2));
        words.push(format!("<{address}>{comma}"));
    }
    fold(name, &words, " ")
}

/// A display name: as it is, quoted, or encoded.
fn phrase(shown: &str, column: usize) -> Vec<String> {
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~ ".contains(c);
    if !shown.is_ascii() || shown.contains("=?") || shown.len() > LINE_BYTES_MAX - 4 {
        encoded_words(shown, column)
    } else if shown.chars().all(atom) {
        vec![shown.to_owned()]
    } else {
        vec![format!(
            "\"{}\"",
            shown.replace('\\', "\\\\").replace('"', "\\\"")
        )]
    }
}

/// Encoded words, each whole characters only (RFC 2047 §5); the first one leaves room for what stands before it.
pub(crate) fn encoded_words(text: &str, column: usize) -> Vec<String> {
    let whole_line = (WORD_BYTES_MAX - WORD_FRAME) / 4 * 3;
    let first_line =
        (LINE_BYTES_MAX.saturating_sub(column + WORD_FRAME) / 4 * 3).clamp(12, whole_line);
    let mut room = first_line;
    let mut words = Vec::new();
    let mut piece = String::new();
    // A mark must not be parted from its letter either.
    for cluster in clusters(text) {
        if !piece.is_empty() && piece.len() + cluster.len() > room {
            words.push(b_word(&piece));
            piece.clear();
            room = whole_line;
        }
        for c in cluster.chars() {
            if piece.len() + c.len_utf8() > room {
                words.push(b_word(&piece));
                piece.clear();
                room = whole_line;
            }
            piece.push(c);
        }
    }
    if !piece.is_empty() {
        words.push(b_word(&piece));
    }
    words
}

/// Pieces that begin with a letter and end before the next one that is no combining mark.
fn clusters(text: &str) -> Vec<&str> {
    let starts: Vec<usize> = text
        .char_indices()
        .filter(|(at, c)| *at == 0 || !unicode_normalization::char::is_combining_mark(*c))
        .map(|(at, _)| at)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts
        .iter()
        .copied()
        .zip(ends)
        .filter_map(|(start, end)| text.get(start..end))
        .collect()
}

fn b_word(text: &str) -> String {
    format!(
        "=?UTF-8?B?{}?=",
        base64::engine::general_purpose::STANDARD.encode(text)
    )
}

/// Puts words on lines of at most 76; a word longer than a line stands alone.
pub(crate) fn fold(name: &str, words: &[String], between: &str) -> String {
    let mut text = format!("{name}:");
    let mut column = text.len();
    for word in words.iter() {
        if column + between.len() + word.len() > LINE_BYTES_MAX && column > name.len() + 1 {
            text.push_str("\r\n ");
            column = 1;
        } else {
            text.push_str(between);
            column += between.len();
        }
        text.push_str(word);
        column += word.len();
    }
    text.push_str("\r\n");
    text
}

/// `; name=…` or `; filename=…` in both styles: RFC 2231 for those who follow it, RFC 2047 in quotes for Outlook and
/// webmails that do not. New readers take the starred one (RFC 6266 §4.3 by analogy).
pub(crate) fn file_name_parameters(parameter: &str, file_name: &str) -> String {
    let name = clean(file_name).replace(['/', '\\', '"'], "_");
    if name.is_ascii() && name.len() < 60 {
        return format!(";\r\n {parameter}=\"{name}\"");
    }
    let mut text = format!(
        ";\r\n {parameter}=\"{}\"",
        encoded_words(&name, parameter.len() + 3).join("\r\n ")
    );
    text.push_str(&continued(parameter, &name));
    text
}

/// RFC 2231 §3 and §4.1: percent-encoded UTF-8 in numbered pieces.
fn continued(parameter: &str, name: &str) -> String {
    let mut pieces = vec![String::new()];
    for c in name.chars() {
        let mut bytes = [0u8; 4];
        let mut one = String::new();
        for byte in c.encode_utf8(&mut bytes).bytes() {
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                one.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(one, "%{byte:02X}");
            }
        }
        match pieces.last_mut() {
            Some(last) if last.len() + one.len() <= 50 => last.push_str(&one),
            _ => pieces.push(one),
        }
    }
    if let [only] = pieces.as_slice() {
        return format!(";\r\n {parameter}*=UTF-8''{only}");
    }
    pieces
        .iter()
        .enumerate()
        .fold(String::new(), |mut text, (place, piece)| {
            let charset = if place == 0 { "UTF-8''" } else { "" };
            // Writing to a String cannot fail.
            let _ = write!(text, ";\r\n {parameter}*{place}*={charset}{piece}");
            text
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use mail_parser::MessageParser;
    use proptest::prelude::*;

    const LONG: &str = "V/v báo cáo kết quả thực hiện nhiệm vụ phát triển kinh tế - xã hội năm 2026 của Ủy ban nhân dân tỉnh";

    fn subject_of(field: &str) -> String {
        let raw = format!("{field}\r\n");
        MessageParser::new()
            .parse(raw.as_bytes())
            .unwrap()
            .subject()
            .unwrap_or_default()
            .to_owned()
    }

    #[test]
    fn subjects_come_back_and_lines_are_short() {
        for subject in [
            LONG,
            "Họp",
            "plain",
            "a =?b",
            &"đ".repeat(500),
            &"plain words ".repeat(40),
            "e\u{323}\u{302}",
        ] {
            let field = text_field("Subject", subject);
            assert!(
                field.is_ascii() && field.split("\r\n").all(|line| line.len() <= 76),
                "{field}"
            );
            assert_eq!(subject_of(&field), clean(subject));
        }
        assert!(!text_field("Subject", "a\r\nBcc: b").contains("\r\nBcc"));
    }

    #[test]
    fn each_word_holds_whole_characters() {
        for word in encoded_words(&LONG.nfd().collect::<String>(), 0) {
            let inner = word
                .strip_prefix("=?UTF-8?B?")
                .unwrap()
                .strip_suffix("?=")
                .unwrap();
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(inner)
                .unwrap();
            let text = String::from_utf8(bytes).unwrap();
            assert!(
                !unicode_normalization::char::is_combining_mark(text.chars().next().unwrap()),
                "{text}"
            );
            assert!(word.len() <= 75);
        }
    }

    #[test]
    fn addresses_keep_their_names() {
        let to = [
            ("Nguyễn Văn Đạt".to_owned(), "dat@tinh.example".to_owned()),
            (
                "Tran, Binh \"B\"".to_owned(),
                "binh@tinh.example".to_owned(),
            ),
            (String::new(), "c@tinh.example".to_owned()),
        ];
        let field = address_field("To", &to);
        let raw = format!("{field}\r\n");
        let parsed = MessageParser::new().parse(raw.as_bytes()).unwrap();
        let found: Vec<(String, String)> = parsed
            .to()
            .unwrap()
            .iter()
            .map(|one| {
                (
                    one.name().unwrap_or_default().to_owned(),
                    one.address().unwrap_or_default().to_owned(),
                )
            })
            .collect();
        assert_eq!(found, to);
    }

    #[test]
    fn file_names_are_written_twice() {
        let text = file_name_parameters(
            "filename",
            "Báo cáo quý IV năm 2026 của Sở Nội vụ tỉnh.docx",
        );
        assert!(
            text.contains(" filename=\"=?UTF-8?B?")
                && text.contains(" filename*0*=UTF-8''B%C3%A1o%20c%C3%A1o"),
            "{text}"
        );
        assert_eq!(
            file_name_parameters("name", "a b.pdf"),
            ";\r\n name=\"a b.pdf\""
        );
        assert!(file_name_parameters("name", "họp.pdf").contains("name*=UTF-8''h%E1%BB%8Dp.pdf"));
        assert!(!file_name_parameters("name", "../x\"y.pdf").contains('/'));
    }

    proptest! {
        #[test]
        fn any_subject_comes_back(subject in "\\PC{0,120}") {
            let wanted = clean(&subject).split_whitespace().collect::<Vec<_>>().join(" ");
            let found = subject_of(&text_field("Subject", &subject));
            prop_assert_eq!(found.split_whitespace().collect::<Vec<_>>().join(" "), wanted);
        }
    }
}
