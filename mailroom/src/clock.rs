//! Time as a value: unix milliseconds from a clock that tests may hold. Nothing below the server reads the wall clock itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

#[derive(Clone)]
pub enum Clock {
    System,
    /// Stands still until a test moves it.
    Held(Arc<AtomicI64>),
}

impl Clock {
    /// Unix time in milliseconds.
    pub fn now(&self) -> i64 {
        match self {
            Clock::System => std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| {
                    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
                }),
            Clock::Held(at) => at.load(Ordering::Acquire),
        }
    }
}
