//! The two doors of the crate: bytes with a charset label, and text that is already Unicode. Orders the steps;
//! each step lives in its own file.

use std::borrow::Cow;

use encoding_rs::Encoding;

use crate::coding::{Coding, Label};
use crate::decode::{nfc, western, western_bytes};
use crate::detect::Hints;
use crate::{clean, legacy, mojibake, refs, stray, utf7, viqr};

/// A text and what was done to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired<'a> {
    /// The text in NFC; borrowed when nothing had to be done.
    pub text: Cow<'a, str>,
    /// What the text was found to be in.
    pub coding: Coding,
    /// How sure that is, 0 to 1.
    pub confidence: f32,
}

impl Repaired<'_> {
    /// Cuts the tie to the source.
    #[must_use]
    pub fn into_owned(self) -> Repaired<'static> {
        Repaired {
            text: Cow::Owned(self.text.into_owned()),
            coding: self.coding,
            confidence: self.confidence,
        }
    }
}

/// What is known about the letter a text comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Context {
    /// The coding found in the body: lowers the bar for the same coding in the subject, names and file names.
    pub body_coding: Option<Coding>,
}

/// Rounds after which a text that still changes is given back as it came.
const ROUNDS_MAX: usize = 6;

/// Repairs Unicode text that may hold legacy letters, mojibake or character references.
///
/// ```
/// use viet::{Context, repair};
/// let cx = Context::default();
/// assert_eq!(repair("C«ng v¨n sè 12", &cx).text, "Công văn số 12");
/// assert_eq!(repair("CÃ´ng vÄƒn", &cx).text, "Công văn");
/// assert_eq!(repair("Gi&#7845;y m&#7901;i", &cx).text, "Giấy mời");
/// assert_eq!(repair("façade, Müller", &cx).text, "façade, Müller");
/// ```
#[must_use]
pub fn repair<'a>(text: &'a str, cx: &Context) -> Repaired<'a> {
    if let Some(coding) = clean::coding_of_clean(text) {
        return Repaired {
            text: Cow::Borrowed(text),
            coding,
            confidence: 1.0,
        };
    }
    repair_with(
        text,
        Hints {
            label: None,
            near: cx.body_coding,
            raw: false,
            undone: false,
            around: 0.0,
        },
    )
}

fn repair_with(text: &str, hints: Hints) -> Repaired<'_> {
    let start = nfc(text);
    let mut steps = Steps::default();
    let mut current: Option<String> = None;
    let mut hints = hints;
    for _ in 0..ROUNDS_MAX {
        let Some(next) = one_round(current.as_deref().unwrap_or(&start), hints, &mut steps) else {
            let text = current.map_or(start, Cow::Owned);
            return Repaired {
                confidence: steps.confidence(),
                coding: steps.coding(&text),
                text,
            };
        };
        if !steps.codings.is_empty() {
            // label and bytes have had their say
            hints = Hints {
                near: hints.near,
                ..Hints::default()
            };
        }
        hints.undone = steps.mojibake > 0 && steps.codings.is_empty();
        if clean::coding_of_clean(&next).is_some() {
            let coding = steps.coding(&next);
            return Repaired {
                text: Cow::Owned(next),
                coding,
                confidence: steps.confidence(),
            };
        }
        current = Some(next);
    }
    // never settles: not a text we understand
    let coding = plain_coding(&start);
    Repaired {
        text: start,
        coding,
        confidence: 0.0,
    }
}

fn plain_coding(text: &str) -> Coding {
    if text.is_ascii() {
        Coding::Ascii
    } else {
        Coding::Utf8
    }
}

/// What the rounds have found.
#[derive(Default)]
struct Steps {
    refs: bool,
    mojibake: usize,
    codings: Vec<Coding>,
    sure: Option<f32>,
}

impl Steps {
    fn coding(&self, text: &str) -> Coding {
        match (self.codings.as_slice(), self.mojibake, self.refs) {
            ([one], _, _) => *one,
            ([_, _, ..], _, _) => Coding::Mixed,
            ([], 0, true) => Coding::CharRefs,
            ([], 0, false) => plain_coding(text),
            ([], 1, _) => Coding::Mojibake,
            ([], _, _) => Coding::MojibakeTwice,
        }
    }

    fn confidence(&self) -> f32 {
        self.sure.unwrap_or(1.0)
    }
}

/// One step forward, or `None` when nothing is left to do.
fn one_round(text: &str, hints: Hints, steps: &mut Steps) -> Option<String> {
    let changed = |next: &str| next != text;
    let next = refs::decode(text);
    if changed(&next) {
        steps.refs = true;
        return Some(nfc(&next).into_owned());
    }
    let next = if hints.raw {
        Cow::Borrowed(text)
    } else {
        mojibake::undo(text)
    };
    if changed(&next) {
        steps.mojibake += 1;
        return Some(nfc(&next).into_owned());
    }
    if !hints.raw
        && let Some(next) = stray::undo(text).filter(|next| changed(next))
    {
        steps.codings.push(Coding::Windows1258);
        return Some(next);
    }
    if let Some(outcome) = legacy::repair(text, hints)
        && changed(&outcome.text)
    {
        for coding in outcome.codings {
            if !steps.codings.contains(&coding) {
                steps.codings.push(coding);
            }
        }
        steps.sure = Some(steps.sure.unwrap_or(1.0).min(outcome.confidence));
        return Some(nfc(&outcome.text).into_owned());
    }
    let next = viqr::find(text, hints.near == Some(Coding::Viqr))?;
    if !changed(&next) {
        return None;
    }
    steps.codings.push(Coding::Viqr);
    Some(nfc(&next).into_owned())
}

/// Reads the bytes of a part body or a header with the charset its label claims.
///
/// Valid UTF-8 beats every Western, unknown or Vietnamese label; another country's label is obeyed when the bytes fit
/// it; everything else is weighed.
///
/// ```
/// use viet::{Coding, Context, read_bytes};
/// let cx = Context::default();
/// let read = read_bytes(b"Quy\xd5t \xae\xdenh v\xd2 vi\xd6c khen th\xad\xebng", Some("iso-8859-1"), &cx);
/// assert_eq!((read.text.as_ref(), read.coding), ("Quyết định về việc khen thưởng", Coding::Tcvn3));
/// assert_eq!(read_bytes("Họp".as_bytes(), Some("us-ascii"), &cx).text, "Họp");
/// assert_eq!(read_bytes(b"Gru\xdfe aus K\xf6ln", None, &cx).text, "Gruße aus Köln");
/// ```
#[must_use]
pub fn read_bytes<'a>(raw: &'a [u8], label: Option<&str>, cx: &Context) -> Repaired<'a> {
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    let label = Label::of(label);
    if let Label::Foreign(encoding) = label
        && let Some(text) = obey(raw, encoding)
    {
        return text;
    }
    if label == Label::Utf7
        && let Some(text) = utf7::decode(raw).filter(|text| text.as_bytes() != raw)
    {
        return Repaired {
            text: Cow::Owned(nfc(&text).into_owned()),
            coding: Coding::Utf8,
            confidence: 1.0,
        };
    }
    if label == Label::Vietnamese(Coding::Viqr) && raw.is_ascii() {
        let text = crate::decode_as(raw, Coding::Viqr);
        return Repaired {
            text: Cow::Owned(text),
            coding: Coding::Viqr,
            confidence: 1.0,
        };
    }
    let hints = Hints {
        label: if let Label::Vietnamese(coding) = label {
            Some(coding)
        } else {
            None
        },
        near: cx.body_coding,
        raw: false,
        undone: false,
        around: 0.0,
    };
    match utf8(raw) {
        Some(text) => match clean::coding_of_clean(text) {
            Some(coding) => Repaired {
                text: Cow::Borrowed(text),
                coding,
                confidence: 1.0,
            },
            None => read_by_chance_utf8(raw, text, label, hints)
                .unwrap_or_else(|| repair_with(text, hints)),
        },
        None => read_eight_bit(raw, label, hints).into_owned(),
    }
}

/// Longest text whose bytes may be valid UTF-8 by chance.
const CHANCE_BYTES_MAX: usize = 200;
/// Surer than this must a reading be that calls valid UTF-8 a chance.
const CHANCE_CONFIDENCE: f32 = 0.7;

/// Two bytes of VISCII or VPS may look like one letter of a far alphabet in the middle of a word: `tr߶ng`.
fn read_by_chance_utf8(
    raw: &[u8],
    text: &str,
    label: Label,
    hints: Hints,
) -> Option<Repaired<'static>> {
    if raw.len() > CHANCE_BYTES_MAX || label == Label::Utf8 {
        return None;
    }
    let is_far = |c: char| {
        matches!(c, '\u{180}'..='\u{2ff}' | '\u{370}'..='\u{7ff}')
            && !matches!(c, 'Ơ' | 'ơ' | 'Ư' | 'ư')
    };
    let mut before = ' ';
    // one such letter that is a whole word counts where a Vietnamese coding is expected: VISCII's "Đỗ" is "в"
    let expected = hints.near.or(hints.label).is_some_and(Coding::is_legacy);
    let is_word = |word: &str| word.chars().count() == 1 && word.chars().all(is_far);
    let mut glued = expected && text.split(' ').filter(|word| is_word(word)).count() == 1;
    for c in text.chars() {
        if c > '\u{7ff}' {
            return None;
        }
        glued |= (is_far(c) && before.is_ascii_alphabetic())
            || (is_far(before) && c.is_ascii_alphabetic());
        before = c;
    }
    if !glued {
        return None;
    }
    let read = repair_with(&western(raw), Hints { raw: true, ..hints }).into_owned();
    (read.coding.is_legacy() && read.confidence > CHANCE_CONFIDENCE).then_some(read)
}

/// The bytes as text when they are valid UTF-8. encoding_rs checks text above ASCII faster than `std` does.
fn utf8(raw: &[u8]) -> Option<&str> {
    match encoding_rs::UTF_8.decode_without_bom_handling_and_without_replacement(raw) {
        Some(Cow::Borrowed(text)) => Some(text),
        _ => None,
    }
}

/// A foreign label: obeyed when the bytes fit, unless they are plainly UTF-8 (single-byte charsets fit anything).
fn obey<'a>(raw: &'a [u8], encoding: &'static Encoding) -> Option<Repaired<'a>> {
    let is_utf8 = !raw.is_ascii() && std::str::from_utf8(raw).is_ok();
    if is_utf8 && encoding.is_single_byte() {
        return None;
    }
    let text = encoding.decode_without_bom_handling_and_without_replacement(raw)?;
    if is_utf8 && !encoding.is_single_byte() {
        let utf8 = std::str::from_utf8(raw).ok()?;
        if crate::score::score(utf8, crate::score::View::AsIs, false).good > 0 {
            return None;
        }
    }
    if raw.is_ascii() && encoding.is_ascii_compatible() && encoding != encoding_rs::ISO_2022_JP {
        return None;
    }
    let text = match text {
        Cow::Borrowed(text) => nfc(text),
        Cow::Owned(text) => Cow::Owned(nfc(&text).into_owned()),
    };
    Some(Repaired {
        text,
        coding: Coding::Labelled(encoding.name()),
        confidence: 1.0,
    })
}

/// Bytes that are not valid UTF-8.
fn read_eight_bit(raw: &[u8], label: Label, hints: Hints) -> Repaired<'static> {
    if let Some(text) = damaged_utf8(raw) {
        return repair_with(&text, hints).into_owned();
    }
    let as_is = western_lines(raw);
    let mut read = repair_with(&as_is, Hints { raw: true, ..hints }).into_owned();
    if read.coding == Coding::Utf8 {
        read.coding = Coding::Windows1252;
        if let Label::Vietnamese(coding) = label
            && !is_better_western(&as_is, coding, raw)
        {
            // nothing speaks against the label
            read.text = Cow::Owned(legacy::finish(legacy::decode(raw, coding), coding));
            read.coding = coding;
        }
    }
    read
}

/// A Vietnamese label over Latin-1 bytes: the Latin-1 letters must make more sense than the labelled ones.
fn is_better_western(as_is: &str, coding: Coding, raw: &[u8]) -> bool {
    use crate::score::{View, score};
    let standing = score(as_is, View::AsIs, false);
    let reading = score(
        &legacy::decode(raw, coding),
        View::Candidate,
        coding.loses_capitals(),
    );
    standing.points > reading.points
}

/// Lines that are valid UTF-8 as such, the others byte by byte as windows-1252 letters.
fn western_lines(raw: &[u8]) -> String {
    let mut out = String::with_capacity(raw.len() + raw.len() / 2);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        match std::str::from_utf8(line) {
            Ok(line) => out.push_str(line),
            Err(_) => out.push_str(&western(line)),
        }
    }
    out
}

/// UTF-8 with a few bytes cut or lost: lines that are valid are taken as UTF-8, the rest as far as it goes.
fn damaged_utf8(raw: &[u8]) -> Option<String> {
    let (mut sequences, mut errors) = (0usize, 0usize);
    let mut text = String::with_capacity(raw.len());
    for chunk in raw.utf8_chunks() {
        sequences += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        text.push_str(chunk.valid());
        let bad = chunk.invalid();
        if !bad.is_empty() {
            errors += 1;
            // what is left cannot hold enough letters to make up for it
            let left = raw.len().saturating_sub(text.len());
            if errors * 8 > sequences + left / 2 {
                return None;
            }
            // a character cut at the end of the text is no loss worth a sign
            if bad.len() > 1 || text.len() + bad.len() < raw.len() {
                text.push('\u{fffd}');
            }
        }
    }
    (sequences >= 3 && errors * 8 <= sequences).then_some(text)
}

/// Text whose letters above ASCII stand for bytes of unknown meaning, or for themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct Loose<'a> {
    /// The text; letters of a legacy coding appear as windows-1252 letters.
    pub text: Cow<'a, str>,
    /// The Vietnamese coding that the label named, when the bytes were not UTF-8.
    pub label: Option<Coding>,
    /// The foreign charset that was obeyed.
    pub foreign: Option<&'static str>,
}

/// Turns bytes into text without deciding on legacy codings, for formats with structure of their own (HTML): take the
/// text apart first, then use [`repair`], [`repair_labelled`] and [`repair_in_font`] on its pieces.
///
/// ```
/// let loose = viet::decode_loosely(b"<p>C\xabng v\xa8n</p>", Some("us-ascii"));
/// assert_eq!(loose.text, "<p>C«ng v¨n</p>");
/// ```
#[must_use]
pub fn decode_loosely<'a>(raw: &'a [u8], label: Option<&str>) -> Loose<'a> {
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    let label = Label::of(label);
    if let Label::Foreign(encoding) = label
        && let Some(read) = obey(raw, encoding)
    {
        return Loose {
            text: read.text,
            label: None,
            foreign: Some(encoding.name()),
        };
    }
    if label == Label::Utf7
        && let Some(text) = utf7::decode(raw)
    {
        return Loose {
            text: Cow::Owned(text),
            label: None,
            foreign: None,
        };
    }
    let named = if let Label::Vietnamese(coding) = label {
        Some(coding)
    } else {
        None
    };
    match std::str::from_utf8(raw) {
        Ok(text) => Loose {
            text: Cow::Borrowed(text),
            label: named.filter(|_| raw.is_ascii()),
            foreign: None,
        },
        Err(_) => match damaged_utf8(raw) {
            Some(text) => Loose {
                text: Cow::Owned(text),
                label: None,
                foreign: None,
            },
            None => Loose {
                text: Cow::Owned(western(raw)),
                label: named,
                foreign: None,
            },
        },
    }
}

/// Repairs text of [`decode_loosely`] that came under a Vietnamese label: the label wins unless the text makes more
/// sense otherwise.
#[must_use]
pub fn repair_labelled(text: &str, label: Coding, cx: &Context) -> Repaired<'static> {
    if label == Coding::Viqr {
        return Repaired {
            text: Cow::Owned(viqr::decode(text)),
            coding: label,
            confidence: 1.0,
        };
    }
    let hints = Hints {
        label: Some(label),
        near: cx.body_coding,
        raw: false,
        undone: false,
        around: 0.0,
    };
    let mut read = repair_with(text, hints).into_owned();
    if matches!(read.coding, Coding::Utf8)
        && let Some(raw) = western_bytes(text)
        && !is_better_western(text, label, &raw)
    {
        read.text = Cow::Owned(legacy::finish(legacy::decode(&raw, label), label));
        read.coding = label;
    }
    read
}

/// Reads text of [`decode_loosely`] as the reader says. Lines that hold letters of no single-byte coding stay.
#[must_use]
pub fn repair_as(text: &str, choice: Coding) -> Repaired<'static> {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| match western_bytes(line) {
            Some(_)
                if matches!(
                    choice,
                    Coding::Mojibake | Coding::MojibakeTwice | Coding::Viqr | Coding::CharRefs
                ) =>
            {
                crate::decode_as(line.as_bytes(), choice)
            }
            Some(raw) if choice.is_legacy() => crate::decode_as(&raw, choice),
            _ => line.to_owned(),
        })
        .collect();
    Repaired {
        text: Cow::Owned(nfc(&lines.join("\n")).into_owned()),
        coding: choice,
        confidence: 1.0,
    }
}

/// Text under a font of a legacy coding (see [`crate::font_coding`]), decoded when that reads better than the text as
/// it stands. `None` when nothing changes; a font that draws capitals makes them real ones.
///
/// ```
/// use viet::{Coding, repair_in_font};
/// assert_eq!(repair_in_font("quyÕt ®Þnh", Coding::Tcvn3, true).as_deref(), Some("QUYẾT ĐỊNH"));
/// assert_eq!(repair_in_font("Chào các bạn", Coding::Vni, false), None);
/// ```
#[must_use]
pub fn repair_in_font(text: &str, coding: Coding, draws_capitals: bool) -> Option<String> {
    use crate::score::{View, score};
    let whole = nfc(text);
    let whole = mojibake::undo(&whole);
    let (mut reading, mut standing) = (0.0f32, 0.0f32);
    let mut lines: Vec<(&str, Option<String>)> = Vec::new();
    for line in whole.split('\n') {
        let decoded = western_bytes(line)
            .filter(|_| !line.is_ascii())
            .map(|raw| legacy::decode(&raw, coding));
        if let Some(decoded) = &decoded {
            let as_read = score(decoded, View::Candidate, coding.loses_capitals()).points;
            let as_is = score(line, View::AsIs, false).points;
            reading += as_read;
            standing += as_is;
            let better_as_it_is = as_is > as_read + 2.0;
            lines.push((line, Some(decoded.clone()).filter(|_| !better_as_it_is)));
        } else {
            lines.push((line, None));
        }
    }
    let accepted = reading > standing - 0.5;
    let joined: Vec<String> = lines
        .into_iter()
        .map(|(line, decoded)| {
            decoded
                .filter(|_| accepted)
                .unwrap_or_else(|| line.to_owned())
        })
        .collect();
    let mut fixed = joined.join("\n");
    if draws_capitals {
        fixed = fixed.to_uppercase();
    } else if accepted && coding.loses_capitals() && fixed != text {
        fixed = legacy::finish(fixed, coding);
    }
    (fixed != text).then_some(fixed)
}
