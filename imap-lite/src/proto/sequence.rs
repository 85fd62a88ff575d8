//! Sequence sets: message numbers or UIDs, ranges, "*" and "$"; and writing sets of UIDs short. (RFC 9051 §9, sequence-set)

use super::write::number;
use std::ops::Range;

/// A set as written by the client. `*` is kept as 0 until the mailbox is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SequenceSet {
    Ranges(Vec<(u32, u32)>),
    /// "$", the saved result of the last SEARCH (RFC 5182).
    Saved,
}

/// Sorted ranges that do not touch, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ranges(pub Vec<(u32, u32)>);

impl SequenceSet {
    pub fn parse(text: &[u8]) -> Option<SequenceSet> {
        if text == b"$" {
            return Some(SequenceSet::Saved);
        }
        let mut ranges = Vec::new();
        for item in text.split(|&byte| byte == b',') {
            let mut ends = item.splitn(2, |&byte| byte == b':');
            let first = end_of_range(ends.next()?)?;
            let last = match ends.next() {
                Some(last) => end_of_range(last)?,
                None => first,
            };
            // A range has no direction (RFC 9051 §9, seq-range); "*" is kept last.
            ranges.push(match (first, last) {
                (0, last) => (last, 0),
                (first, 0) => (first, 0),
                (first, last) => (first.min(last), first.max(last)),
            });
        }
        Some(SequenceSet::Ranges(ranges))
    }

    /// The largest number written (not `*`): a client that names more messages than there are is wrong.
    pub fn largest_named(&self) -> u32 {
        match self {
            SequenceSet::Ranges(ranges) => ranges.iter().map(|&(a, b)| a.max(b)).max().unwrap_or(0),
            SequenceSet::Saved => 0,
        }
    }

    /// With `*` as the largest number in use; `saved` is what `$` means. Nothing where nothing is in use.
    pub fn resolve(&self, largest: u32, saved: &Ranges) -> Ranges {
        let ranges = match self {
            SequenceSet::Saved => return saved.clone(),
            SequenceSet::Ranges(ranges) => ranges,
        };
        let star = |number: u32| if number == 0 { largest } else { number };
        let mut out: Vec<(u32, u32)> = ranges
            .iter()
            .map(|&(first, last)| (star(first), star(last)))
            .map(|(first, last)| (first.min(last), first.max(last)))
            .filter(|&(_, last)| last > 0)
            .collect();
        out.sort_unstable();
        Ranges(out).merged()
    }
}

fn end_of_range(text: &[u8]) -> Option<u32> {
    if text == b"*" {
        return Some(0);
    }
    let digits =
        text.iter().all(u8::is_ascii_digit) && text.first().is_some_and(|&byte| byte != b'0');
    digits
        .then(|| std::str::from_utf8(text).ok()?.parse().ok())
        .flatten()
}

impl Ranges {
    /// From numbers in ascending order.
    pub fn from_sorted(numbers: impl IntoIterator<Item = u32>) -> Ranges {
        let mut out: Vec<(u32, u32)> = Vec::new();
        for number in numbers {
            match out.last_mut() {
                Some((_, last)) if number <= last.saturating_add(1) => *last = number.max(*last),
                _ => out.push((number, number)),
            }
        }
        Ranges(out)
    }

    fn merged(self) -> Ranges {
        let mut out: Vec<(u32, u32)> = Vec::with_capacity(self.0.len());
        for (first, last) in self.0 {
            match out.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => out.push((first, last)),
            }
        }
        Ranges(out)
    }

    pub fn contains(&self, number: u32) -> bool {
        let after = self.0.partition_point(|&(first, _)| first <= number);
        after
            .checked_sub(1)
            .and_then(|at| self.0.get(at))
            .is_some_and(|&(_, last)| number <= last)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Places in a mailbox of `count` messages, the ranges being message numbers.
    pub fn places_by_number(&self, count: usize) -> Vec<Range<usize>> {
        self.0
            .iter()
            .filter_map(|&(first, last)| {
                let start = usize::try_from(first).ok()?.checked_sub(1)?;
                let end = usize::try_from(last).ok()?.min(count);
                (start < end).then_some(start..end)
            })
            .collect()
    }

    /// Places in a mailbox whose UIDs ascend, the ranges being UIDs.
    pub fn places_by_uid<T>(&self, rows: &[T], uid: impl Fn(&T) -> u32) -> Vec<Range<usize>> {
        self.0
            .iter()
            .filter_map(|&(first, last)| {
                let start = rows.partition_point(|row| uid(row) < first);
                let end = rows.partition_point(|row| uid(row) <= last);
                (start < end).then_some(start..end)
            })
            .collect()
    }

    /// "1:3,7".
    pub fn write(&self, out: &mut Vec<u8>) {
        for (at, &(first, last)) in self.0.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            number(out, u64::from(first));
            if last > first {
                out.push(b':');
                number(out, u64::from(last));
            }
        }
    }
}

/// "4,2,1:3" in the order given: COPYUID pairs two sets by position (RFC 4315 §3).
pub fn write_in_order(out: &mut Vec<u8>, numbers: &[u32]) {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    Ranges(runs).write(out);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn sets() {
        for (text, largest, expected) in [
            ("1", 9, Some("1")),
            ("1:3,2:5", 9, Some("1:5")),
            ("5:2", 9, Some("2:5")),
            ("*", 9, Some("9")),
            ("3:*", 9, Some("3:9")),
            ("12:*", 9, Some("9:12")),
            ("*:*", 9, Some("9")),
            ("4,1,2", 9, Some("1:2,4")),
            ("1:4294967295", 9, Some("1:4294967295")),
            ("4294967295,4294967294", 9, Some("4294967294:4294967295")),
            ("*", 0, Some("")),
            ("", 9, None),
            ("0", 9, None),
            ("01", 9, None),
            ("1,", 9, None),
            (":1", 9, None),
            ("1:2:3", 9, None),
            ("4294967296", 9, None),
            ("$,1", 9, None),
        ] {
            let resolved = SequenceSet::parse(text.as_bytes()).map(|set| {
                let mut out = Vec::new();
                set.resolve(largest, &Ranges::default()).write(&mut out);
                String::from_utf8(out).unwrap()
            });
            assert_eq!(resolved.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn places() {
        let rows = [3_u32, 5, 8, 9];
        let ranges = Ranges(vec![(1, 3), (6, 8), (10, 20)]);
        assert_eq!(ranges.places_by_uid(&rows, |uid| *uid), vec![0..1, 2..3]);
        assert_eq!(Ranges(vec![(2, 9)]).places_by_number(4), vec![1..4]);
        assert_eq!(
            Ranges(vec![(5, 9)]).places_by_number(4),
            Vec::<Range<usize>>::new()
        );
        assert!(
            ranges.contains(3) && ranges.contains(7) && !ranges.contains(4) && !ranges.contains(21)
        );
        let mut out = Vec::new();
        write_in_order(&mut out, &[7, 1, 2, 3, 2]);
        assert_eq!(out, b"7,1:3,2");
    }
}
