//! Mailbox names: what may be one, and its one spelling. '/' stands between levels. (RFC 9051 §5.1, RFC 5198)

use crate::{Error, limits};
use unicode_normalization::UnicodeNormalization;

/// Levels of folders in folders.
const DEPTH_MAX: usize = 16;

/// The stored form of a name: NFC, INBOX in capitals (also as the first level).
pub(crate) fn normal(name: &str) -> Result<String, Error> {
    let name: String = name.nfc().collect();
    let bad = |why: &str| Err(Error::Bad(why.to_owned()));
    if name.is_empty() || name.len() > limits::MAILBOX_NAME_BYTES_MAX {
        return bad("mailbox name is empty or too long");
    }
    if name.chars().any(|c| {
        c.is_control()
            || matches!(
                c,
                '*' | '%' | '\\' | '"' | '\u{2028}' | '\u{2029}' | '\u{fffd}'
            )
    }) {
        return bad("mailbox name holds a character that is not allowed");
    }
    let levels: Vec<&str> = name.split('/').collect();
    if levels.len() > DEPTH_MAX {
        return bad("mailbox name has too many levels");
    }
    if levels.iter().any(|level| {
        level.trim().is_empty() || *level != level.trim() || matches!(*level, "." | "..")
    }) {
        return bad("mailbox name has an empty or improper level");
    }
    Ok(inbox_in_capitals(&name))
}

/// The name to look up: never refused, only not found.
pub(crate) fn looked_up(name: &str) -> String {
    let name: String = name.nfc().collect();
    inbox_in_capitals(&name)
}

fn inbox_in_capitals(name: &str) -> String {
    let (first, rest) = name
        .split_once('/')
        .map_or((name, None), |(first, rest)| (first, Some(rest)));
    match (first.eq_ignore_ascii_case("INBOX"), rest) {
        (true, None) => "INBOX".into(),
        (true, Some(rest)) => format!("INBOX/{rest}"),
        (false, _) => name.to_owned(),
    }
}

/// "a/b/c" → ["a", "a/b"].
pub(crate) fn parents(name: &str) -> Vec<&str> {
    name.match_indices('/')
        .filter_map(|(at, _)| name.get(..at))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        for (typed, stored) in [
            ("inbox", Some("INBOX")),
            ("Inbox/Việc", Some("INBOX/Việc")),
            ("Công va\u{306}n/2026", Some("Công văn/2026")),
            ("inboxes", Some("inboxes")),
            ("a/../b", None),
            ("../etc/passwd", None),
            ("/a", None),
            ("a/", None),
            ("a//b", None),
            ("a\r\nb", None),
            ("a*", None),
            (" a", None),
            ("", None),
            ("a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", None),
        ] {
            assert_eq!(normal(typed).ok().as_deref(), stored, "{typed:?}");
        }
        assert!(normal(&"x".repeat(501)).is_err());
        assert_eq!(parents("a/b/c"), ["a", "a/b"]);
    }
}
