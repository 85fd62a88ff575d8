//! Which legacy coding a run of bytes is in, by comparing its readings. Decides on one run at a time; cutting a text
//! into runs is `legacy`'s work.

use crate::coding::Coding;
use crate::decode::by_table;
use crate::decode::nfc;
use crate::score::{Score, View, score};

/// What is known before looking.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hints {
    /// The label names this coding.
    pub label: Option<Coding>,
    /// The rest of the message is in this coding.
    pub near: Option<Coding>,
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
/// Bytes looked at to choose a coding; the whole text is checked afterwards.
const SAMPLE_BYTES: usize = 1500;

/// The coding of `raw`, whose reading as it stands is `as_is`; `None` when it had better stay as it is.
pub(crate) fn detect(raw: &[u8], as_is: &str, hints: Hints) -> Option<Found> {
    let sample = sample(raw);
    let standing = if sample.len() == raw.len() {
        score(as_is, View::AsIs, false)
    } else {
        score(&crate::decode::western(&sample), View::AsIs, false)
    };
    if is_two_byte_asian(&sample) {
        return None;
    }
    let mut best: Option<(Coding, f32, Score)> = None;
    for (coding, prior) in CANDIDATES {
        let Some(text) = by_table(&sample, coding) else {
            continue;
        };
        let reading = score(&nfc(&text), View::Candidate, coding.loses_capitals());
        let hinted = hints.label == Some(coding) || hints.near == Some(coding);
        let points = reading.points + prior + if hinted { 2.0 } else { 0.0 };
        if best.as_ref().is_none_or(|(_, top, _)| points > *top) {
            best = Some((coding, points, reading));
        }
    }
    let (coding, _, reading) = best?;
    let hinted = hints.label == Some(coding) || hints.near == Some(coding);
    accept(coding, &reading, &standing, hinted)
}

fn accept(coding: Coding, reading: &Score, standing: &Score, hinted: bool) -> Option<Found> {
    let gain = reading.points - standing.points;
    let evidence = reading.good + reading.legal / 2;
    if evidence == 0 || gain < if hinted { MARGIN_HINTED } else { MARGIN } {
        return None;
    }
    if reading.bad * 3 > reading.evidence() || reading.legal > reading.good * 2 {
        return None;
    }
    let rare = matches!(
        coding,
        Coding::VietwareX | Coding::VietwareF | Coding::BkHcm1 | Coding::BkHcm2
    );
    if rare && !hinted && (reading.good < 2 || reading.common == 0) {
        return None;
    }
    if !hinted && reading.good < 3 {
        let vietnamese_around = reading.plain > reading.alien;
        let odd = standing.odd > 0;
        let sure = reading.common >= 2;
        if !(vietnamese_around || odd || sure) {
            return None;
        }
    }
    Some(Found {
        coding,
        confidence: confidence(gain),
    })
}

/// 0.5 at no gain, close to 1 at ten points and more.
pub(crate) fn confidence(gain: f32) -> f32 {
    (1.0 - 0.5 * (-gain.max(0.0) / 4.0).exp()).clamp(0.0, 1.0)
}

/// The lines that say most about the coding: those with bytes above ASCII, up to a bound.
fn sample(raw: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if raw.len() <= SAMPLE_BYTES {
        return std::borrow::Cow::Borrowed(raw);
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
    std::borrow::Cow::Owned(out)
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
    high > letters * 2 && longest >= 4
}
