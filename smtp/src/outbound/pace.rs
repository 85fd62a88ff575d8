//! How many connections one destination gets: grows while letters go through, halves when it is slow or says it is busy,
//! rests when nobody answers (as Postfix's queue manager does). Pure.

use super::limits;
use super::schedule;
use std::time::Duration;

/// What an attempt taught about the destination, whatever became of the recipients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lesson {
    /// A transaction came to its end, accepted or refused: it is alive and listening.
    Went,
    /// 421, a timeout or a broken connection in the middle: too much at once.
    Strained,
    /// No server could be reached at all.
    Dead,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pace {
    rest_first: Duration,
    limit: f64,
    dead_in_a_row: u32,
    /// A letter came to its end there since it was last dead.
    proven: bool,
    /// Unix ms; 0: not resting.
    rests_until: i64,
}

impl Pace {
    /// `rest_first`: how long to leave it alone after the first time nobody answered.
    pub fn new(rest_first: Duration) -> Self {
        Self {
            rest_first,
            limit: limits::CONNECTIONS_FIRST as f64,
            dead_in_a_row: 0,
            proven: false,
            rests_until: 0,
        }
    }

    /// Connections allowed at once where everybody's connections are more than half used: those nobody has heard of
    /// yet may all be dead, so each gets one.
    pub fn limit_in_a_crowd(&self) -> usize {
        if self.proven { self.limit() } else { 1 }
    }

    /// Rows worth holding for it.
    pub fn rows_max(&self) -> usize {
        if self.proven {
            limits::ROWS_PER_DESTINATION_MAX
        } else {
            limits::ROWS_UNPROVEN_MAX
        }
    }

    /// Connections allowed at once now.
    pub fn limit(&self) -> usize {
        if self.dead_in_a_row > 0 {
            1
        } else {
            self.limit as usize
        }
    }

    pub fn rests_until(&self) -> i64 {
        self.rests_until
    }

    pub fn is_resting(&self, now: i64) -> bool {
        now < self.rests_until
    }

    /// The rest ends now; what was learned about the destination stays until the next attempt.
    pub fn wake(&mut self) {
        self.rests_until = 0;
    }

    pub fn learn(&mut self, lesson: Lesson, now: i64) {
        match lesson {
            Lesson::Went => {
                // One more connection per round of successes, not per success.
                let most = limits::CONNECTIONS_PER_DESTINATION as f64;
                self.limit = (self.limit + 1.0 / self.limit.max(1.0)).min(most);
                self.dead_in_a_row = 0;
                self.proven = true;
                self.rests_until = 0;
            }
            Lesson::Strained => self.limit = (self.limit / 2.0).max(1.0),
            Lesson::Dead => {
                self.limit = 1.0;
                self.proven = false;
                // Attempts that ran side by side into the same wall count once.
                if now >= self.rests_until {
                    self.dead_in_a_row = self.dead_in_a_row.saturating_add(1);
                    let rest = schedule::rest(self.rest_first, self.dead_in_a_row).as_millis();
                    self.rests_until = now.saturating_add(i64::try_from(rest).unwrap_or(i64::MAX));
                }
            }
        }
    }

    /// Nothing worth remembering.
    pub fn is_ordinary(&self) -> bool {
        self.dead_in_a_row == 0 && self.limit >= limits::CONNECTIONS_FIRST as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_with_success_and_halves_under_strain() {
        let mut pace = Pace::new(Duration::from_secs(60));
        assert_eq!(pace.limit(), limits::CONNECTIONS_FIRST);
        for _ in 0..1_000 {
            pace.learn(Lesson::Went, 0);
        }
        assert_eq!(pace.limit(), limits::CONNECTIONS_PER_DESTINATION);
        pace.learn(Lesson::Strained, 0);
        assert_eq!(pace.limit(), limits::CONNECTIONS_PER_DESTINATION / 2);
        for _ in 0..20 {
            pace.learn(Lesson::Strained, 0);
        }
        assert_eq!(
            pace.limit(),
            1,
            "never none: somebody has to find out that it is better"
        );
    }

    #[test]
    fn who_has_taken_nothing_yet_gets_little_in_a_crowd() {
        let mut pace = Pace::new(Duration::from_secs(60));
        assert_eq!(pace.limit_in_a_crowd(), 1);
        assert_eq!(pace.rows_max(), limits::ROWS_UNPROVEN_MAX);
        pace.learn(Lesson::Went, 0);
        assert_eq!(pace.limit_in_a_crowd(), pace.limit());
        assert_eq!(pace.rows_max(), limits::ROWS_PER_DESTINATION_MAX);
        pace.learn(Lesson::Strained, 0);
        assert_eq!(pace.limit_in_a_crowd(), pace.limit());
        pace.learn(Lesson::Dead, 0);
        assert_eq!(pace.limit_in_a_crowd(), 1);
        assert_eq!(pace.rows_max(), limits::ROWS_UNPROVEN_MAX);
    }

    #[test]
    fn the_dead_rest_and_wake_with_the_first_success() {
        let mut pace = Pace::new(Duration::from_secs(60));
        pace.learn(Lesson::Dead, 1_000);
        assert!(pace.is_resting(1_000) && !pace.is_resting(61_000));
        pace.learn(Lesson::Dead, 2_000);
        assert_eq!(pace.rests_until(), 61_000, "side by side counts once");
        pace.learn(Lesson::Dead, 61_000);
        assert_eq!(pace.rests_until(), 61_000 + 120_000);
        assert_eq!(pace.limit(), 1);
        assert!(!pace.is_ordinary());
        pace.wake();
        assert!(!pace.is_resting(61_000) && pace.limit() == 1);
        pace.learn(Lesson::Went, 200_000);
        assert!(!pace.is_resting(200_000));
    }
}
