//! What a sort compares, as bytes: one string for each message, so that plain comparison gives the order asked for. Names
//! and subjects stand in Vietnamese alphabetical order, capitals aside; addresses as i;unicode-casemap. (RFC 5256 §3,
//! RFC 5957 §4, RFC 5051)

use crate::limits;
use crate::proto::{Criterion, SortKey, subject};
use mailroom::mail::LetterWords;
use store::{IndexRow, Worded};

/// Which of a letter's words a sort needs; None where the snapshot has all.
pub fn needed(criteria: &[Criterion]) -> Option<Worded> {
    let needed = |criterion: &Criterion| match criterion.by {
        SortKey::Arrival | SortKey::Size => None,
        SortKey::Date => Some(Worded::Dates),
        SortKey::Subject => Some(Worded::Subjects),
        SortKey::Cc | SortKey::From | SortKey::To | SortKey::DisplayFrom | SortKey::DisplayTo => {
            Some(Worded::People)
        }
    };
    criteria.iter().filter_map(needed).max()
}

/// The criteria that can still change an order: the first of each kind.
pub fn without_repeats(criteria: Vec<Criterion>) -> Vec<Criterion> {
    let mut kept: Vec<Criterion> = Vec::new();
    for criterion in criteria {
        if !kept.iter().any(|before| before.by == criterion.by) {
            kept.push(criterion);
        }
    }
    kept
}

/// What is compared of one message.
pub fn key(criteria: &[Criterion], row: &IndexRow, words: &LetterWords) -> Box<[u8]> {
    let mut key = Vec::with_capacity(64);
    for criterion in criteria {
        let start = key.len();
        match criterion.by {
            SortKey::Arrival => number(&mut key, row.received_at),
            // Without a date of its own it counts as sent when it came (RFC 5256 §2.2).
            SortKey::Date => number(&mut key, words.sent_at.unwrap_or(row.received_at)),
            SortKey::Size => number(&mut key, i64::from(row.size)),
            SortKey::Subject => collated(&mut key, &subject::base(&words.subject)),
            SortKey::DisplayFrom => collated(&mut key, &words.from.shown),
            SortKey::DisplayTo => collated(&mut key, &words.to.shown),
            SortKey::From => casemapped(&mut key, &words.from.mailbox),
            SortKey::To => casemapped(&mut key, &words.to.mailbox),
            SortKey::Cc => casemapped(&mut key, &words.cc.mailbox),
        }
        if criterion.reverse {
            for byte in key.iter_mut().skip(start) {
                *byte = !*byte;
            }
        }
    }
    key.into_boxed_slice()
}

/// Bytes that compare as the number does.
fn number(key: &mut Vec<u8>, number: i64) {
    key.extend_from_slice(&(number ^ i64::MIN).to_be_bytes());
}

/// Alphabetical order without capitals and signs; an empty text stands in front of all (RFC 5256 §3).
fn collated(key: &mut Vec<u8>, text: &str) {
    key.push(u8::from(!text.is_empty()));
    string(key, &viet::collate_key(&start_of(text).to_lowercase()));
}

fn casemapped(key: &mut Vec<u8>, text: &str) {
    string(key, start_of(text).to_uppercase().as_bytes());
}

fn start_of(text: &str) -> &str {
    let end = text.char_indices().nth(limits::SORT_CHARS_MAX);
    let end = end.map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

/// A string with an end that compares below whatever may follow in a longer one: 0 becomes 0 1, the end is 0 0.
fn string(key: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        key.push(byte);
        if byte == 0 {
            key.push(1);
        }
    }
    key.extend_from_slice(&[0, 0]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailroom::mail::Person;
    use std::sync::Arc;
    use store::{BodyId, EmailId, ThreadId};

    fn message(subject: &str, from: &str, sent_at: Option<i64>) -> (IndexRow, LetterWords) {
        let row = IndexRow {
            uid: 1,
            flags: 0,
            keywords: Arc::from([]),
            modseq: 1,
            email: EmailId(1),
            body: BodyId(1),
            size: 10,
            received_at: 50,
            saved_at: 0,
            thread: ThreadId(1),
        };
        let person = Person {
            mailbox: from.to_owned(),
            shown: from.to_owned(),
        };
        let words = LetterWords {
            uid: 1,
            sent_at,
            subject: subject.to_owned(),
            from: person,
            ..LetterWords::default()
        };
        (row, words)
    }

    fn by(by: SortKey, reverse: bool) -> Criterion {
        Criterion { reverse, by }
    }

    #[test]
    fn keys_compare_as_asked() {
        use SortKey::*;
        use std::cmp::Ordering::{Equal, Greater, Less};
        for (criteria, a, b, expected) in [
            (
                vec![by(Subject, false)],
                ("Re: ăn", "", None),
                ("Ba", "", None),
                Less,
            ),
            (
                vec![by(Subject, false)],
                ("đa", "", None),
                ("dà", "", None),
                Greater,
            ),
            // capitals do not count, the next criterion does
            (
                vec![by(Subject, false), by(Date, false)],
                ("HỌP", "", Some(2)),
                ("Re: họp", "", Some(1)),
                Greater,
            ),
            (
                vec![by(Subject, false), by(Date, true)],
                ("họp", "", Some(2)),
                ("họp", "", Some(1)),
                Less,
            ),
            // a beginning stands before the whole, whatever comes next; reversed behind it
            (
                vec![by(From, false), by(Subject, false)],
                ("z", "an", None),
                ("a", "anh", None),
                Less,
            ),
            (
                vec![by(From, true), by(Subject, false)],
                ("z", "an", None),
                ("a", "anh", None),
                Greater,
            ),
            (
                vec![by(Subject, false)],
                ("", "", None),
                ("?", "", None),
                Less,
            ),
            (
                vec![by(DisplayFrom, false)],
                ("", "Ân", None),
                ("", "An", None),
                Greater,
            ),
            // sent when it came: 50
            (
                vec![by(Date, false)],
                ("", "", None),
                ("", "", Some(50)),
                Equal,
            ),
            (
                vec![by(Date, false)],
                ("", "", Some(-1)),
                ("", "", Some(0)),
                Less,
            ),
            (
                vec![by(Size, true)],
                ("a", "", None),
                ("b", "", None),
                Equal,
            ),
            (
                vec![by(Arrival, false)],
                ("a", "", None),
                ("b", "", None),
                Equal,
            ),
        ] {
            let key = |(subject, from, sent_at): (&str, &str, Option<i64>)| {
                let (row, words) = message(subject, from, sent_at);
                super::key(&criteria, &row, &words)
            };
            assert_eq!(key(a).cmp(&key(b)), expected, "{criteria:?} {a:?} {b:?}");
        }
    }

    #[test]
    fn only_what_is_needed_is_read() {
        use SortKey::*;
        let needed = |keys: &[SortKey]| {
            let criteria: Vec<_> = keys.iter().map(|key| by(*key, false)).collect();
            super::needed(&criteria)
        };
        assert_eq!(needed(&[Arrival, Size]), None);
        assert_eq!(needed(&[Size, Date]), Some(Worded::Dates));
        assert_eq!(needed(&[Subject, Date]), Some(Worded::Subjects));
        assert_eq!(needed(&[Subject, DisplayTo]), Some(Worded::People));
        let many = vec![by(Date, true), by(Size, false), by(Date, false)];
        assert_eq!(without_repeats(many), [by(Date, true), by(Size, false)]);
    }

    #[test]
    fn a_key_is_bounded() {
        let (row, words) = message(&"ệ".repeat(100_000), "", None);
        let key = super::key(&[by(SortKey::Subject, false)], &row, &words);
        assert!(key.len() <= 8 * limits::SORT_CHARS_MAX, "{}", key.len());
    }
}
