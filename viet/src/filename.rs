//! File names: safe to store and show, and plain ASCII for old download dialogues. Touches no file system.

use unicode_normalization::UnicodeNormalization;

/// Longest name we hand on, in characters: 255 bytes is the limit of common file systems.
const NAME_CHARS_MAX: usize = 120;

/// The name without a path, control or direction characters, in NFC. Never empty.
///
/// ```
/// assert_eq!(viet::safe_file_name("C:\\Documents\\Lịch trực.xls"), "Lịch trực.xls");
/// assert_eq!(viet::safe_file_name("../../etc/passwd"), "passwd");
/// ```
#[must_use]
pub fn safe_file_name(name: &str) -> String {
    let last = name
        .trim_end_matches(['/', '\\'])
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default();
    let clean: String = last
        .nfc()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control() && !is_direction(*c))
        .map(|c| if is_forbidden(c) { '_' } else { c })
        .collect();
    let clean = clean.trim().trim_start_matches('.').trim_start();
    if clean.is_empty() {
        "tep".to_owned()
    } else {
        shorten(clean)
    }
}

/// The name in ASCII for `filename="..."`: marks dropped, signs that file systems refuse become `_`.
///
/// ```
/// assert_eq!(viet::ascii_file_name("."), "tep");
/// assert_eq!(viet::ascii_file_name("Số 5/QĐ: bản \"sao\".pdf"), "So 5_QD_ ban _sao_.pdf");
/// ```
#[must_use]
pub fn ascii_file_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.nfd() {
        match c {
            '\u{300}'..='\u{36f}' => {}
            'đ' => out.push('d'),
            'Đ' => out.push('D'),
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'Æ' => out.push_str("AE"),
            'ø' => out.push('o'),
            'Ø' => out.push('O'),
            '–' | '—' | '−' => out.push('-'),
            '‘' | '’' => out.push('\''),
            _ if c.is_whitespace() => out.push(' '),
            _ if c.is_control() || is_direction(c) => {}
            _ if is_forbidden(c) || !c.is_ascii() => out.push('_'),
            _ => out.push(c),
        }
    }
    // No name hides a file or is a folder's own.
    let out = out.trim().trim_start_matches('.').trim_start();
    if out.is_empty() {
        "tep".to_owned()
    } else {
        shorten(out)
    }
}

fn is_forbidden(c: char) -> bool {
    matches!(c, '\\' | '/' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

/// Direction overrides make `gpj.exe` look like `exe.jpg`.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
}

/// Cuts the stem of an overlong name and keeps its extension.
fn shorten(name: &str) -> String {
    if name.chars().count() <= NAME_CHARS_MAX {
        return name.to_owned();
    }
    let (stem, extension) = name
        .rsplit_once('.')
        .filter(|(_, e)| e.chars().count() <= 10)
        .unwrap_or((name, ""));
    let keep = NAME_CHARS_MAX.saturating_sub(extension.chars().count() + 1);
    let stem: String = stem.chars().take(keep).collect();
    if extension.is_empty() {
        stem
    } else {
        format!("{}.{extension}", stem.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe() {
        for (from, to) in [
            ("a\u{202e}gpj.exe", "agpj.exe"),
            ("Lie\u{302}n he\u{323}\u{302}.doc", "Liên hệ.doc"),
            ("", "tep"),
            ("...", "tep"),
            ("a\r\nb.txt", "a  b.txt"),
            ("so:1?.pdf", "so_1_.pdf"),
        ] {
            assert_eq!(safe_file_name(from), to);
        }
        let long = format!("{}.pdf", "ă".repeat(400));
        assert!(safe_file_name(&long).ends_with(".pdf"));
        assert!(safe_file_name(&long).chars().count() <= NAME_CHARS_MAX);
    }
}
