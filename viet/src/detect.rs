//! Which legacy coding a run of bytes is in, by comparing its readings. Decides on one run at a time; cutting a text
//! into runs is `legacy`'s work.

use std::borrow::Cow;

use crate::coding::Coding;
use crate::decode::{by_table, nfc, western};
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
}

/// The finding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub coding: Coding,
    pub confidence: f32,
}

/// Candidates and how much they must bring of their own: rare codings start behind.
const CANDIDATES: [(Coding, f32); 10] = [
    (Coding::Tcvn3, 0.6),
    (Coding::Vni, 0.6),
    (Coding::Windows1258, 0.5),
    (Coding::Viscii, 0.2),
    (Coding::Vps, 0.0),
    (Coding::Vn1, 0.1),
    (Coding::VietwareX, -0.6),
    (Coding::BkHcm2, -0.6),
    (Coding::VietwareF, -1.0),
    (Coding::BkHcm1, -1.0),
];

/// Points by which a reading must beat the text as it stands.
const MARGIN: f32 = 3.0;
/// With a label or a body in the same coding less will do.
const MARGIN_HINTED: f32 = 1.2;
/// Texts in which a repeated word counts once, in bytes.
const SHORT: usize = 200;
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
    let mut best: Option<(f32, Weighed)> = None;
    for (coding, prior) in CANDIDATES {
        let Some(text) = by_table(&sample, coding) else {
            continue;
        };
        let Some(weighed) = weigh(coding, &nfc(&text), &standing, hints) else {
            continue;
        };
        let points = weighed.reading.points - weighed.standing.points
            + prior
            + if weighed.hinted { 2.0 } else { 0.0 };
        if best.as_ref().is_none_or(|(top, _)| points > *top) {
            best = Some((points, weighed));
        }
    }
    best?.1.accept()
}

/// One reading against the text as it stands: only the words in which they differ.
struct Weighed {
    coding: Coding,
    reading: Score,
    standing: Score,
    /// words above ASCII that are Vietnamese in both readings
    shared: u32,
    hinted: bool,
    raw: bool,
}

fn weigh(coding: Coding, text: &str, standing: &str, hints: Hints) -> Option<Weighed> {
    let is_space = |c: char| c == ' ' || c == '\n';
    let (mut changed, mut before, mut same) = (String::new(), String::new(), String::new());
    let mut words = text.split(is_space);
    let mut differs = false;
    for was in standing.split(is_space) {
        let is = words.next()?;
        if is != was || was.is_ascii() {
            differs |= is != was;
            // a word said twice proves no more than once
            if is != was && text.len() < SHORT && changed.split(' ').any(|known| known == is) {
                continue;
            }
            changed.push_str(is);
            changed.push(' ');
            before.push_str(was);
            before.push(' ');
        } else {
            same.push_str(was);
            same.push(' ');
        }
    }
    if !differs {
        return None;
    }
    let both = score(&same, View::AsIs, false);
    Some(Weighed {
        coding,
        reading: score(&changed, View::Candidate, coding.loses_capitals()),
        standing: score(&before, View::AsIs, false),
        shared: both.good,
        hinted: hints.label == Some(coding) || hints.near == Some(coding),
        raw: hints.raw,
    })
}

impl Weighed {
    fn accept(&self) -> Option<Found> {
        let Weighed {
            coding,
            reading,
            standing,
            hinted,
            ..
        } = self;
        let (coding, hinted) = (*coding, *hinted);
        let gain = reading.points - standing.points;
        // Vietnamese as it stands, in text that is no mere bytes: not ours to change
        if standing.bad + standing.odd == 0 && standing.evidence() > 0 && !self.raw {
            return None;
        }
        // the other words are Vietnamese already, and this reading leaves nothing strange
        let completes = self.shared >= 1
            && standing.bad + standing.odd >= 1
            && reading.bad + reading.legal == 0
            && (reading.long >= 1 || standing.odd >= 1);
        if reading.evidence() == 0
            || gain
                < if hinted || completes {
                    MARGIN_HINTED
                } else {
                    MARGIN
                }
        {
            return None;
        }
        if reading.bad * 3 > reading.evidence() || reading.legal > reading.good * 2 {
            return None;
        }
        let found = Some(Found {
            coding,
            confidence: confidence(gain),
        });
        if hinted {
            return found;
        }
        let clearly_vietnamese = (reading.plain_long > 0 && reading.alien == 0)
            || (reading.plain_sure > 0
                && reading.common > 0
                && reading.bad == 0
                && self.standing.bad <= 1);
        let odd = standing.odd > 0 || completes;
        // "så må få": words of two letters alone are no evidence
        if reading.long == 0 && !odd && !clearly_vietnamese {
            return None;
        }
        let rare = matches!(
            coding,
            Coding::VietwareX | Coding::VietwareF | Coding::BkHcm1 | Coding::BkHcm2
        );
        let bare = self.raw && standing.odd > 0 && reading.bad + reading.legal == 0;
        if rare && (reading.common == 0 || (reading.good + self.shared < 2 && !bare)) {
            return None;
        }
        let enough = match reading.good {
            0 => false,
            1 => odd || clearly_vietnamese,
            2 => {
                odd || clearly_vietnamese
                    || reading.plain > reading.alien
                    || reading.common >= 2
                    || (reading.long >= 2 && reading.bad == 0 && reading.alien == 0 && gain >= 5.0)
            }
            _ => true,
        };
        found.filter(|_| enough)
    }
}

/// 0.5 at no gain, close to 1 at ten points and more.
pub(crate) fn confidence(gain: f32) -> f32 {
    (1.0 - 0.5 * (-gain.max(0.0) / 4.0).exp()).clamp(0.0, 1.0)
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
