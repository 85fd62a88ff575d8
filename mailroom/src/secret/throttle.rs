//! Failures slowed: per account seen from one address range, per range, and per account from everywhere. In memory and
//! bounded; a restart forgets, the audit does not.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Failures are counted within this time, ms.
const WINDOW_MS: i64 = 15 * 60_000;
/// The first pause, ms; each further failure doubles it.
const PAUSE_MS: i64 = 30_000;
/// The longest pause, ms: a locked-out official waits a quarter of an hour, not a day.
const PAUSE_MAX_MS: i64 = 15 * 60_000;
/// A whole office behind one address, or one account asked from everywhere, may fail this many times as often.
const WIDE_FACTOR: u32 = 10;
/// Keys kept; the oldest go first.
const KEYS_MAX: usize = 100_000;

#[derive(Clone, Copy)]
struct Count {
    failures: u32,
    first_at: i64,
    pause_until: i64,
}

/// What is counted.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Pair(String, String),
    Range(String),
    Account(String),
}

pub(crate) struct Throttle {
    failures_max: u32,
    counts: Mutex<HashMap<Key, Count>>,
}

impl Throttle {
    pub(crate) fn new(failures_max: u32) -> Self {
        Self {
            failures_max: failures_max.max(1),
            counts: Mutex::default(),
        }
    }

    /// The three keys of a try.
    pub(crate) fn keys(account: &str, peer_ip: &str) -> [Key; 3] {
        let range = range_of(peer_ip);
        [
            Key::Pair(account.to_owned(), range.clone()),
            Key::Range(range),
            Key::Account(account.to_owned()),
        ]
    }

    /// Milliseconds to wait before the next try is looked at; 0: now.
    pub(crate) fn wait_ms(&self, keys: &[Key], now: i64) -> i64 {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter()
            .filter_map(|key| counts.get(key))
            .map(|count| count.pause_until - now)
            .max()
            .unwrap_or(0)
            .max(0)
    }

    /// Counts a failure; true when it was the one that began a pause (worth an audit row, the others are not).
    pub(crate) fn failed(&self, keys: &[Key], now: i64) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() + keys.len() > KEYS_MAX {
            make_room(&mut counts, now);
        }
        let mut began = false;
        for key in keys {
            let max = match key {
                Key::Pair(..) => self.failures_max,
                Key::Range(_) | Key::Account(_) => self.failures_max.saturating_mul(WIDE_FACTOR),
            };
            let count = counts.entry(key.clone()).or_insert(Count {
                failures: 0,
                first_at: now,
                pause_until: 0,
            });
            if now - count.first_at > WINDOW_MS && count.pause_until <= now {
                *count = Count {
                    failures: 0,
                    first_at: now,
                    pause_until: 0,
                };
            }
            count.failures = count.failures.saturating_add(1);
            if count.failures >= max {
                let doubled = PAUSE_MS.saturating_mul(1 << (count.failures - max).min(10));
                began |= count.failures == max;
                count.pause_until = now + doubled.min(PAUSE_MAX_MS);
                count.first_at = now;
            }
        }
        began
    }

    /// The right secret: this account from this range starts anew. The wide counts stay, or one own account would
    /// wash away the guesses at all others.
    pub(crate) fn passed(&self, keys: &[Key]) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys.iter().filter(|key| matches!(key, Key::Pair(..))) {
            counts.remove(key);
        }
    }
}

fn make_room(counts: &mut HashMap<Key, Count>, now: i64) {
    counts.retain(|_, count| now - count.first_at <= WINDOW_MS || count.pause_until > now);
    if counts.len() > KEYS_MAX / 2 {
        let mut ages: Vec<i64> = counts.values().map(|count| count.first_at).collect();
        ages.sort_unstable();
        let middle = ages.get(ages.len() / 2).copied().unwrap_or(now);
        counts.retain(|_, count| count.first_at > middle);
    }
}

/// The range an address belongs to: /24 and /64 are what one subscriber or office holds.
pub(crate) fn range_of(peer_ip: &str) -> String {
    match peer_ip.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => peer_ip.chars().take(64).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_begins_grows_and_ends() {
        let throttle = Throttle::new(3);
        let keys = Throttle::keys("an@a.b", "203.0.113.7");
        assert!(!throttle.failed(&keys, 0) && !throttle.failed(&keys, 1));
        assert_eq!(throttle.wait_ms(&keys, 2), 0);
        assert!(throttle.failed(&keys, 2));
        assert_eq!(throttle.wait_ms(&keys, 2), PAUSE_MS);
        assert!(!throttle.failed(&keys, 3));
        assert_eq!(throttle.wait_ms(&keys, 3), 2 * PAUSE_MS);
        assert_eq!(throttle.wait_ms(&keys, 3 + 2 * PAUSE_MS), 0);
        for at in 0..30 {
            throttle.failed(&keys, at);
        }
        assert_eq!(throttle.wait_ms(&keys, 29), PAUSE_MAX_MS);
    }

    #[test]
    fn neighbours_share_a_range_and_others_do_not_suffer() {
        let throttle = Throttle::new(2);
        for at in 0..2 {
            throttle.failed(&Throttle::keys("an@a.b", "203.0.113.7"), at);
        }
        assert!(throttle.wait_ms(&Throttle::keys("an@a.b", "203.0.113.99"), 3) > 0);
        assert_eq!(
            throttle.wait_ms(&Throttle::keys("an@a.b", "203.0.114.7"), 3),
            0
        );
        assert_eq!(
            throttle.wait_ms(&Throttle::keys("binh@a.b", "203.0.113.7"), 3),
            0
        );
    }

    #[test]
    fn one_account_guessed_from_everywhere_is_slowed_too() {
        let throttle = Throttle::new(2);
        for at in 0..20u8 {
            throttle.failed(&Throttle::keys("an@a.b", &format!("198.51.{at}.1")), 0);
        }
        assert!(throttle.wait_ms(&Throttle::keys("an@a.b", "192.0.2.1"), 1) > 0);
    }

    #[test]
    fn success_forgets_the_pair_only() {
        let throttle = Throttle::new(2);
        let keys = Throttle::keys("an@a.b", "2001:db8::1");
        throttle.failed(&keys, 0);
        throttle.passed(&keys);
        throttle.failed(&keys, 1);
        assert_eq!(throttle.wait_ms(&keys, 2), 0);
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::new(2);
        for n in 0..(KEYS_MAX as i64) {
            throttle.failed(&[Key::Account(n.to_string())], n);
        }
        throttle.failed(
            &[Key::Account("last".into()), Key::Account("more".into())],
            1_000,
        );
        assert!(
            throttle
                .counts
                .lock()
                .map(|counts| counts.len())
                .unwrap_or(0)
                <= KEYS_MAX
        );
    }

    #[test]
    fn ranges() {
        for (ip, range) in [
            ("203.0.113.7", "203.0.113.0/24"),
            ("::ffff:203.0.113.7", "203.0.113.0/24"),
            ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(range_of(ip), range);
        }
    }
}
