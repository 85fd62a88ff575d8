//! Counts of today, in memory until they are written down. Bounded: what does not fit is counted as dropped.

use crate::limits::TALLY_KEYS_MAX;
use mailroom::{Clock, Error, Mailroom};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use store::{ReportDay, ReportKind};

/// Milliseconds of a day: reports cover whole UTC days (RFC 8460 §4.1, RFC 9990 §3.2).
pub(super) const DAY_MS: i64 = 86_400_000;

/// What was seen since it was last written down.
pub struct Tally {
    clock: Clock,
    counts: Mutex<HashMap<(ReportDay, String), i64>>,
}

impl Tally {
    pub fn new(clock: Clock) -> Tally {
        Tally {
            clock,
            counts: Mutex::default(),
        }
    }

    /// Counts one more of `detail` (JSON) for a domain, today.
    pub(super) fn count(&self, kind: ReportKind, domain: &str, detail: String) {
        let of = ReportDay {
            day: self.clock.now().div_euclid(DAY_MS),
            kind,
            domain: domain.trim_end_matches('.').to_ascii_lowercase(),
        };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (of, detail);
        if counts.len() >= TALLY_KEYS_MAX && !counts.contains_key(&key) {
            metrics::counter!("congthu_report_counts_dropped_total").increment(1);
            return;
        }
        *counts.entry(key).or_default() += 1;
    }

    /// Writes the counts down; what could not be written is counted again.
    pub async fn write_down(&self, room: &Mailroom) -> Result<(), Error> {
        let counts = std::mem::take(&mut *self.lock());
        if counts.is_empty() {
            return Ok(());
        }
        let rows = |counts: &HashMap<(ReportDay, String), i64>| {
            let row = |((of, detail), count): (&(ReportDay, String), &i64)| {
                (of.clone(), detail.clone(), *count)
            };
            counts.iter().map(row).collect()
        };
        let written = room.report_add(rows(&counts)).await;
        if written.is_err() {
            let mut now = self.lock();
            for (key, count) in counts {
                if now.len() < TALLY_KEYS_MAX || now.contains_key(&key) {
                    *now.entry(key).or_default() += count;
                }
            }
        }
        written
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(ReportDay, String), i64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
