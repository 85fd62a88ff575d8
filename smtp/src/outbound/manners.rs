//! Which servers take BDAT as they say (RFC 3030), learned by sending to them and forgotten after a while. Bounded; in memory
//! only: after a start everybody is asked carefully again. Decides nothing about a letter.

use super::limits;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// How a server that offers CHUNKING is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Manner {
    /// Nobody knows yet: one harmless line goes first, in a chunk of its own.
    #[default]
    Untried,
    /// It took a letter by BDAT: envelope and letter may go in one write.
    Proven,
    /// BDAT failed there: DATA.
    Data,
}

/// What was learned, by address of the server.
#[derive(Default)]
pub struct Manners(Mutex<HashMap<SocketAddr, (Manner, i64)>>);

impl Manners {
    pub fn of(&self, server: SocketAddr, now: i64) -> Manner {
        let learned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match learned.get(&server) {
            Some((manner, until)) if now < *until => *manner,
            _ => Manner::Untried,
        }
    }

    /// Remembers it for a while. Where too many are remembered all are forgotten: it costs each of them one careful letter.
    pub fn learn(&self, server: SocketAddr, manner: Manner, now: i64) {
        let mut learned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if learned.len() >= limits::MANNERS_MAX && !learned.contains_key(&server) {
            learned.retain(|_, (_, until)| now < *until);
            if learned.len() >= limits::MANNERS_MAX {
                learned.clear();
            }
        }
        learned.insert(server, (manner, now + limits::MANNERS_MS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manners_are_remembered_for_a_while_and_never_without_bound() {
        let manners = Manners::default();
        let at = |n: usize| SocketAddr::from(([10, 0, (n / 250) as u8, (n % 250) as u8], 25));
        assert_eq!(manners.of(at(0), 0), Manner::Untried);
        manners.learn(at(0), Manner::Data, 5);
        assert_eq!(manners.of(at(0), 4 + limits::MANNERS_MS), Manner::Data);
        assert_eq!(manners.of(at(0), 5 + limits::MANNERS_MS), Manner::Untried);
        for n in 0..3 * limits::MANNERS_MAX {
            manners.learn(at(n), Manner::Proven, 5);
            let held = manners
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .len();
            assert!(held <= limits::MANNERS_MAX);
        }
    }
}
