//! Which legacy coding a run of bytes is in, by comparing its readings. Decides on one run at a time; cutting a text
//! into runs is `legacy`'s work.

use std::borrow::Cow;

use crate::coding::Coding;
use crate::decode::{by_table, nfc, western};
use crate::names;
use crate::score::{Score, View, score};

/// What is known before looking.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hints {
    /// The label names this coding.
    pub label: Option<Coding>,
    /// The rest of the message is in this coding.
    pub near: Option<Coding>,
    /// The letters are bytes that were no UTF-8: looking for mojibake among them is looking for chance.
    pub raw: bool,
    /// The letters came out of mojibake: whatever they say by chance was never meant to be read.
    pub undone: bool,
    /// What the words around say, as ln of how much likelier they are in Vietnamese.
    pub around: f32,
}

impl Hints {
    /// What label and body say for the text as it stands, where the coding they name would read it just so.
    fn for_standing(&self, sample: &[u8], standing: &str) -> f32 {
        let reads_so = |coding: Option<Coding>| {
            coding
                .and_then(|coding| by_table(sample, coding))
                .is_some_and(|text| nfc(&text) == standing)
        };
        if reads_so(self.near) {
            NEAR
        } else if reads_so(self.label) {
            LABELLED
        } else {
            0.0
        }
    }
}

/// The finding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub coding: Coding,
    pub confidence: f32,
}

/// Candidates, and ln of how much rarer they are than the most common ones.
const CANDIDATES: [(Coding, f32); 10] = [
    (Coding::Tcvn3, 0.0),
    (Coding::Vni, 0.0),
    (Coding::Windows1258, -0.5),
    (Coding::Viscii, -1.0),
    (Coding::Vps, -1.5),
    (Coding::Vn1, -1.5),
    (Coding::VietwareX, -2.5),
    (Coding::BkHcm2, -2.5),
    (Coding::VietwareF, -3.0),
    (Coding::BkHcm1, -3.0),
];

/// ln of how much likelier a reading must be than the text as it stands.
const MARGIN: f32 = 2.5;
/// A single word with nothing beside it: "hö" and "så" are whole subjects too.
const MARGIN_ALONE: f32 = 5.5;
/// With a label or a body in the same coding less will do.
const MARGIN_HINTED: f32 = 0.5;
/// How much likelier a coding is that the label names, and one that the rest of the letter is in.
const LABELLED: f32 = 4.0;
const NEAR: f32 = 4.0;
/// Bytes that are no UTF-8 are seldom Vietnamese as they stand.
const RAW_AS_IT_STANDS: f32 = -0.5;
/// ... but a single word of them with nothing beside it may well be.
const MARGIN_RAW_ALONE: f32 = 6.0;
/// How much likelier than Vietnamese as it stands; text that came as Unicode has the presumption.
const MARGIN_VIETNAMESE: f32 = 2.0;
/// Bytes looked at to choose a coding; the whole text is checked afterwards.
const SAMPLE_BYTES: usize = 700;

/// The coding of `raw`, whose reading as it stands is `as_is`; `None` when it had better stay as it is.
pub(crate) fn detect(raw: &[u8], as_is: &str, hints: Hints) -> Option<Found> {
    let sample = sample(raw);
    if is_two_byte_asian(&sample) {
        return None;
    }
    let standing: Cow<'_, str> = if sample.len() == raw.len() {
        Cow::Borrowed(as_is)
    } else {
        Cow::Owned(western(&sample))
    };
    let stands = score(&standing, View::AsIs, false);
    // Vietnamese as it stands, in text that is no mere bytes: not ours to change
    let suspect = hints.raw || (hints.undone && hints.near.is_some());
    if stands.bad + stands.odd == 0 && stands.evidence() > 0 && !suspect {
        return None;
    }
    let named = names::bonus(&standing);
    let (as_vietnamese, margin_vietnamese) = if hints.raw {
        let alone = stands.evidence() + stands.bad + stands.plain + stands.alien <= 1;
        (
            stands.vietnamese + RAW_AS_IT_STANDS + named + hints.for_standing(&sample, &standing),
            if alone { MARGIN_RAW_ALONE } else { 0.0 },
        )
    } else {
        (stands.vietnamese + named, MARGIN_VIETNAMESE)
    };
    let mut best: Option<(f32, Found)> = None;
    for (coding, prior) in CANDIDATES {
        let Some(text) = by_table(&sample, coding) else {
            continue;
        };
        let text = nfc(&text);
        if text == standing {
            continue;
        }
        let reading = score(&text, View::Candidate, coding.loses_capitals());
        let hinted = hints.label == Some(coding) || hints.near == Some(coding);
        let (margin, prior) = if hinted {
            let near = hints.near == Some(coding);
            (MARGIN_HINTED, if near { NEAR } else { LABELLED })
        } else {
            let alone = reading.evidence() + reading.bad + reading.plain + reading.alien <= 1;
            (if alone { MARGIN_ALONE } else { MARGIN }, prior)
        };
        let points = reading.vietnamese + prior + hints.around + names::bonus(&text);
        let gain = (points - stands.western - margin)
            .min(points - hints.around - as_vietnamese - margin_vietnamese.min(margin));
        if gain < 0.0
            || best.is_some_and(|(top, _)| top >= points)
            || !is_sensible(&reading, hinted)
        {
            continue;
        }
        let found = Found {
            coding,
            confidence: confidence(gain),
        };
        best = Some((points, found));
    }
    best.map(|(_, found)| found)
}

/// Enough of the words above ASCII are syllables in use.
fn is_sensible(reading: &Score, hinted: bool) -> bool {
    (reading.evidence() > 0 || hinted && reading.abbreviations > 0)
        && reading.bad * 3 <= reading.evidence()
        && reading.legal <= reading.good * 2
}

/// 0.5 at no gain, close to 1 at ten points and more.
pub(crate) fn confidence(gain: f32) -> f32 {
    (1.0 - 0.5 * (-gain.max(0.0) / 8.0).exp()).clamp(0.0, 1.0)
}

/// The lines that say most about the coding: those with bytes above ASCII, up to a bound.
fn sample(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.len() <= SAMPLE_BYTES {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(SAMPLE_BYTES + 80);
    for line in raw.split(|byte| *byte == b'\n') {
        if line.is_ascii() {
            continue;
        }
        let room = SAMPLE_BYTES.saturating_sub(out.len());
        if room == 0 {
            break;
        }
        let cut = line.get(..room).map_or(line, |head| {
            let end = head
                .iter()
                .rposition(|byte| *byte == b' ')
                .unwrap_or(head.len());
            head.get(..end).unwrap_or(head)
        });
        out.extend_from_slice(cut);
        out.push(b'\n');
    }
    Cow::Owned(out)
}

/// Long runs of high bytes with hardly any ASCII letter: Chinese, Japanese or Korean in two bytes.
fn is_two_byte_asian(raw: &[u8]) -> bool {
    let high = raw.iter().filter(|byte| **byte >= 0x80).count();
    let letters = raw.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let longest = raw
        .split(|byte| *byte < 0x80)
        .map(<[u8]>::len)
        .max()
        .unwrap_or(0);
    (high > letters * 2 && longest >= 6) || (high >= 8 && high > letters * 4)
}
