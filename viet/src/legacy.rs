//! Legacy letters inside Unicode text: `C«ng v¨n`. Cuts the text into lines and runs, lets `detect` decide on each, and
//! leaves words that are right as they stand. Mojibake and references are undone before.

use crate::capitals;
use crate::coding::Coding;
use crate::decode::{by_table, nfc, western_bytes};
use crate::detect::{Found, Hints, confidence, detect};
use crate::score::{View, score};
use crate::tables::cp1252_byte;

/// The repaired text and what was found in it.
pub(crate) struct Outcome {
    pub text: String,
    pub codings: Vec<Coding>,
    pub confidence: f32,
}

/// Repairs a text, or says `None` when nothing in it is legacy.
pub(crate) fn repair(text: &str, hints: Hints) -> Option<Outcome> {
    if !text.chars().any(is_legacy_letter) {
        return None;
    }
    if let Some(outcome) = repair_whole(text, hints) {
        return Some(outcome);
    }
    repair_lines(text, hints)
}

/// A character that a byte coding may have meant otherwise: above ASCII, or one of the controls that VISCII, VPS and
/// VN1 use for capitals.
fn is_legacy_letter(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, '\u{1}'..='\u{6}' | '\u{10}'..='\u{19}' | '\u{1c}'..='\u{1e}');
    }
    c != '\u{a0}' && cp1252_byte(c).is_some()
}

/// The whole text is in one coding.
fn repair_whole(text: &str, hints: Hints) -> Option<Outcome> {
    let raw = western_bytes(text)?;
    let found = detect(&raw, text, hints)?;
    let decoded = decode(&raw, found.coding);
    let reading = score(&decoded, View::Candidate, found.coding.loses_capitals());
    // a few strange words are names; many mean that other lines are coded otherwise
    if reading.bad * 12 > reading.evidence() && text.contains('\n') {
        return None;
    }
    Some(Outcome {
        text: finish(decoded, found.coding),
        codings: vec![found.coding],
        confidence: found.confidence,
    })
}

/// Decodes and composes.
pub(crate) fn decode(raw: &[u8], coding: Coding) -> String {
    let text = by_table(raw, coding).unwrap_or_default();
    nfc(&text).into_owned()
}

/// Gives lost capitals back.
pub(crate) fn finish(text: String, coding: Coding) -> String {
    if coding.loses_capitals() {
        capitals::restore(&text, coding)
    } else {
        text
    }
}

/// Line by line; lines of one quote level help each other.
fn repair_lines(text: &str, hints: Hints) -> Option<Outcome> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut codings = Vec::new();
    let mut sure = 1.0f32;
    let mut at = 0;
    while let Some(first) = lines.get(at) {
        let level = quote_level(first);
        let count = lines
            .get(at..)
            .unwrap_or_default()
            .iter()
            .take_while(|l| quote_level(l) == level)
            .count()
            .max(1);
        let group = lines.get(at..at + count).unwrap_or_default();
        at += count;
        let near = group_coding(group, hints).or(hints.near);
        for line in group {
            match repair_line(line, Hints { near, ..hints }) {
                Some((fixed, found)) => {
                    out.push_str(&fixed);
                    sure = sure.min(found.confidence);
                    if !codings.contains(&found.coding) {
                        codings.push(found.coding);
                    }
                }
                None => out.push_str(line),
            }
        }
    }
    (!codings.is_empty()).then_some(Outcome {
        text: out,
        codings,
        confidence: sure,
    })
}

fn quote_level(line: &str) -> usize {
    line.chars()
        .take_while(|c| matches!(c, '>' | ' ' | '|'))
        .filter(|c| *c != ' ')
        .count()
}

/// The coding of the lines of a group that can be legacy at all.
fn group_coding(group: &[&str], hints: Hints) -> Option<Coding> {
    let text: String = group
        .iter()
        .filter(|line| !line.is_ascii() && western_bytes(line).is_some())
        .copied()
        .collect();
    if text.is_empty() {
        return None;
    }
    let raw = western_bytes(&text)?;
    detect(&raw, &text, hints).map(|found| found.coding)
}

fn repair_line(line: &str, hints: Hints) -> Option<(String, Found)> {
    if !line.chars().any(is_legacy_letter) {
        return None;
    }
    if let Some(raw) = western_bytes(line)
        && let Some(found) = detect(&raw, line, hints)
    {
        return Some((finish(decode(&raw, found.coding), found.coding), found));
    }
    repair_runs(line, hints)
}

/// Most that the ASCII words of a line may say for or against a run in it.
const AROUND: f32 = 6.0;

/// One line with several codings: runs of words between those that are certainly Unicode.
fn repair_runs(line: &str, hints: Hints) -> Option<(String, Found)> {
    let words = split_words(line);
    let ascii: String = words
        .iter()
        .filter(|word| word.is_ascii())
        .copied()
        .collect();
    let around = score(&ascii, View::AsIs, false)
        .vietnamese
        .clamp(-AROUND, AROUND);
    let hints = Hints { around, ..hints };
    let mut out = String::with_capacity(line.len());
    let mut last: Option<Found> = None;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if !may_be_legacy(word) {
            out.push_str(word);
            at += 1;
            continue;
        }
        let len = words
            .get(at..)
            .unwrap_or_default()
            .iter()
            .take_while(|w| may_be_legacy(w))
            .count();
        let run = words.get(at..at + len).unwrap_or_default();
        at += len;
        // words that are right as they stand belong to their neighbours outside
        let is_fine = |word: &&str| stands(word);
        let head = run.iter().take_while(|w| is_fine(w)).count();
        let tail = run
            .iter()
            .rev()
            .take_while(|w| is_fine(w))
            .count()
            .min(run.len() - head);
        let core: String = run.get(head..run.len() - tail).unwrap_or_default().concat();
        out.push_str(&run.get(..head).unwrap_or_default().concat());
        match western_bytes(&core)
            .and_then(|raw| detect(&raw, &core, hints).map(|found| (raw, found)))
        {
            Some((raw, found)) => {
                out.push_str(&finish(decode(&raw, found.coding), found.coding));
                last = Some(found);
            }
            None => out.push_str(&core),
        }
        out.push_str(&run.get(run.len() - tail..).unwrap_or_default().concat());
    }
    last.map(|found| {
        (
            out,
            Found {
                confidence: found.confidence.min(confidence(4.0)),
                ..found
            },
        )
    })
}

/// Words with the white space behind them.
fn split_words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut from = 0;
    let mut in_space = false;
    for (at, c) in line.char_indices() {
        let space = c == ' ' || c == '\n' || c == '\t';
        if in_space && !space {
            words.push(line.get(from..at).unwrap_or_default());
            from = at;
        }
        in_space = space;
    }
    words.push(line.get(from..).unwrap_or_default());
    words
}

fn may_be_legacy(word: &str) -> bool {
    word.chars()
        .all(|c| c.is_ascii() || cp1252_byte(c).is_some())
}

/// True when a word needs no repair: plain ASCII or a Vietnamese syllable in use.
fn stands(word: &str) -> bool {
    let score = score(word, View::AsIs, false);
    score.bad == 0 && score.odd == 0 && score.legal == 0
}
