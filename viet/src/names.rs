//! Personal names: how much likelier a reading is because it looks like a Vietnamese name. Knows which parts are common
//! and nothing of codings; a name it does not know counts neither way.

use std::collections::HashMap;
use std::sync::LazyLock;

const SOURCE: &str = include_str!("../tables/names.tsv");

/// Longest text that is taken for a name, in bytes, and its fewest and most words.
const BYTES_MAX: usize = 64;
const WORDS: std::ops::RangeInclusive<usize> = 2..=5;

/// How much likelier, in ln, a word is in its place than anywhere in running text.
const FAMILY: f32 = 3.5;
const MIDDLE: f32 = 2.5;
const GIVEN: f32 = 2.0;
/// ... and a word behind a family name that is no part of names.
const STRANGER: f32 = -2.0;

const IS_FAMILY: u8 = 1;
const IS_MIDDLE: u8 = 2;
const IS_GIVEN: u8 = 4;

static PARTS: LazyLock<HashMap<&'static str, u8>> = LazyLock::new(|| {
    let mut parts = HashMap::new();
    for line in SOURCE.lines().filter(|line| !line.starts_with('#')) {
        let Some((kind, list)) = line.split_once('\t') else {
            continue;
        };
        let bit = match kind {
            "family" => IS_FAMILY,
            "middle" => IS_MIDDLE,
            _ => IS_GIVEN,
        };
        for part in list.split(' ') {
            *parts.entry(part).or_insert(0) |= bit;
        }
    }
    parts
});

/// ln of how much likelier a text is as a name than as running text: 0 where it has not the shape of one (two to five
/// words, each with a capital at its head and none behind). Words in ASCII read alike in every coding and add nothing.
pub(crate) fn bonus(text: &str) -> f32 {
    let text = text.trim();
    if text.len() > BYTES_MAX || !WORDS.contains(&text.split(' ').count()) {
        return 0.0;
    }
    let last = text.split(' ').count() - 1;
    let mut sum = 0.0;
    let mut begins = false;
    for (at, word) in text.split(' ').enumerate() {
        let mut chars = word.chars();
        if !chars.next().is_some_and(char::is_uppercase)
            || !chars.all(|c| c.is_alphabetic() && !c.is_uppercase())
        {
            return 0.0;
        }
        let kinds = PARTS
            .get(word.to_lowercase().as_str())
            .copied()
            .unwrap_or(0);
        begins |= at == 0 && kinds & IS_FAMILY != 0;
        if word.is_ascii() {
            continue;
        }
        sum += match (at, kinds) {
            (0, kinds) if kinds & IS_FAMILY != 0 => FAMILY,
            (at, kinds) if at == last && kinds & IS_GIVEN != 0 => GIVEN,
            (1.., kinds) if at < last && kinds & (IS_MIDDLE | IS_FAMILY) != 0 => MIDDLE,
            (_, 0) if begins => STRANGER,
            _ => 0.0,
        };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_what_only_looks_like_them() {
        assert!(bonus("Hoàng Minh Nam") > bonus("Hồng Minh Nam"));
        assert!(bonus("Mai Minh Thơ") > bonus("Mai Minh Thể"));
        assert!(bonus("Phan Bá Hà") > bonus("Phan Bỏ Hà"));
        for text in [
            "Hoàng",
            "hoàng minh",
            "HOÀNG MINH",
            "Benoît Löwe",
            "Sở Y tế",
            "Họp: Lê",
        ] {
            assert!(bonus(text) <= 0.0, "{text}");
        }
    }
}
