//! A bound of its own for each look at DNS: what is late has no opinion, and nobody else's word is lost with it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Looks at DNS for one letter, and which of them came to nothing.
pub(super) struct Looks {
    time: Duration,
    late: Mutex<Vec<&'static str>>,
}

impl Looks {
    pub(super) fn within(time: Duration) -> Self {
        Self {
            time,
            late: Mutex::default(),
        }
    }

    /// What was asked, or `silent` when the time is over.
    pub(super) async fn ask<T>(
        &self,
        what: &'static str,
        asked: impl Future<Output = T>,
        silent: impl FnOnce() -> T,
    ) -> T {
        if let Ok(found) = tokio::time::timeout(self.time, asked).await {
            return found;
        }
        metrics::counter!("smtp_checks_timed_out_total", "check" => what).increment(1);
        let mut late = self.names();
        if !late.contains(&what) {
            late.push(what);
        }
        silent()
    }

    fn names(&self) -> MutexGuard<'_, Vec<&'static str>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the trace: which checks did not answer.
    pub(super) fn reason(&self) -> Option<String> {
        let late = self.names();
        (!late.is_empty()).then(|| format!("DNS did not answer in time: {}", late.join(", ")))
    }
}

/// The cause in results that never came.
pub(super) fn no_answer() -> mail_auth::Error {
    mail_auth::Error::Dns(mail_auth::DnsError::Resolver("no answer in time".into()))
}
