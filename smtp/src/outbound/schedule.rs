//! When to try again, when to tell the sender that it takes long, when to give up. Pure: time comes in, time goes out (unix ms).

use super::limits;
use std::time::Duration;

/// What to do with a row after a `Later`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// Again at this time; `notice`: tell the sender now that it is delayed.
    Again { at: i64, notice: bool },
    /// The time is over: bounce.
    Expired,
}

/// What the schedule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub now: i64,
    /// Attempts made before this one.
    pub attempts: u32,
    pub created_at: i64,
    pub expires_at: i64,
    pub delay_noticed: bool,
    /// Above 0: urgent official mail; tried twice as often at first and noticed after 15 minutes.
    pub priority: i8,
    /// A random number: spreads what failed together.
    pub dice: u64,
}

/// The next step after a failed attempt. `delays` are seconds; the last one repeats.
pub fn next(row: Row, delays: &[u64]) -> Next {
    if row.now >= row.expires_at {
        return Next::Expired;
    }
    let index = usize::try_from(row.attempts).unwrap_or(usize::MAX);
    let last = delays.last().copied().unwrap_or(900);
    let mut delay_ms = delays
        .get(index)
        .copied()
        .unwrap_or(last)
        .saturating_mul(1_000);
    if row.priority > 0 {
        delay_ms = (delay_ms / 2).min(300_000);
    }
    // Jitter of a quarter either way, so that a thousand rows that failed together do not come back together.
    let delay_ms = delay_ms.max(1_000);
    let spread = delay_ms / 2;
    let jittered = delay_ms - spread / 2 + row.dice % (spread + 1);
    let at = row
        .now
        .saturating_add(i64::try_from(jittered).unwrap_or(i64::MAX));
    // One last try just before the end rather than a bounce without one.
    let at = at.min(row.expires_at.max(row.now + 1_000));
    let wait = if row.priority > 0 {
        limits::DELAY_NOTICE_URGENT
    } else {
        limits::DELAY_NOTICE
    };
    Next::Again {
        at,
        notice: !row.delay_noticed && row.now - row.created_at >= ms(wait),
    }
}

/// How long a destination rests (`first`, then doubled) after `failures` attempts in a row in which none of its servers answered.
pub fn rest(first: Duration, failures: u32) -> Duration {
    let doubled = first.saturating_mul(1 << failures.saturating_sub(1).min(10));
    doubled.min(limits::REST_MAX)
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    const DELAYS: [u64; 3] = [60, 300, 900];
    const DAY: i64 = 86_400_000;

    fn row(attempts: u32, now: i64) -> Row {
        Row {
            now,
            attempts,
            created_at: 0,
            expires_at: 5 * DAY,
            delay_noticed: false,
            priority: 0,
            dice: 0,
        }
    }

    fn at(row: Row) -> i64 {
        match next(row, &DELAYS) {
            Next::Again { at, .. } => at - row.now,
            Next::Expired => panic!("expired"),
        }
    }

    #[test]
    fn delays_follow_the_list_with_a_quarter_of_jitter() {
        for (attempts, delay) in [
            (0, 60_000),
            (1, 300_000),
            (2, 900_000),
            (3, 900_000),
            (u32::MAX, 900_000),
        ] {
            let mut seen = (i64::MAX, 0);
            for dice in 0..10_000_u64 {
                let wait = at(Row {
                    dice: dice.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                    ..row(attempts, 1_000)
                });
                seen = (seen.0.min(wait), seen.1.max(wait));
            }
            assert!(
                seen.0 >= delay * 3 / 4 && seen.1 <= delay * 5 / 4,
                "{attempts}: {seen:?}"
            );
            assert!(
                seen.1 - seen.0 > delay / 3,
                "{attempts}: no spread {seen:?}"
            );
        }
    }

    #[test]
    fn urgent_letters_never_wait_longer_than_five_minutes_or_so() {
        assert!(
            at(Row {
                priority: 1,
                dice: u64::MAX,
                ..row(9, 0)
            }) <= 375_000
        );
        assert!(
            at(Row {
                priority: 1,
                ..row(0, 0)
            }) < at(row(0, 0))
        );
    }

    #[test]
    fn the_end_comes_after_one_last_try() {
        let near = Row {
            expires_at: 5_000,
            ..row(2, 4_000)
        };
        assert_eq!(
            next(near, &DELAYS),
            Next::Again {
                at: 5_000,
                notice: false
            }
        );
        assert_eq!(next(Row { now: 5_000, ..near }, &DELAYS), Next::Expired);
    }

    #[test]
    fn the_sender_hears_of_a_delay_once() {
        let rows = [
            (3_600_000, 0, false, false),
            (4 * 3_600_000, 0, false, true),
            (4 * 3_600_000, 0, true, false),
            (15 * 60_000, 1, false, true),
            (14 * 60_000, 1, false, false),
        ];
        for (now, priority, delay_noticed, expected) in rows {
            let Next::Again { notice, .. } = next(
                Row {
                    priority,
                    delay_noticed,
                    ..row(1, now)
                },
                &DELAYS,
            ) else {
                panic!("expired")
            };
            assert_eq!(notice, expected, "{now} {priority} {delay_noticed}");
        }
    }

    #[test]
    fn a_dead_destination_rests_longer_and_longer_up_to_a_bound() {
        let minute = Duration::from_secs(60);
        assert_eq!(rest(minute, 1), minute);
        assert_eq!(rest(minute, 2), minute * 2);
        assert_eq!(rest(minute, u32::MAX), limits::REST_MAX);
    }

    #[test]
    fn an_empty_list_still_waits() {
        let Next::Again { at, .. } = next(row(0, 0), &[]) else {
            panic!("expired")
        };
        assert!(at >= 600_000);
    }
}
