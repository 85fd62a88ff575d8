//! A bar on standard error for work that takes more than a second; nothing where nobody looks.

use crate::limits;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Mutex;
use std::time::Instant;

/// Shows itself once the work has lasted `limits::PROGRESS_AFTER`.
pub struct Progress {
    since: Instant,
    what: &'static str,
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress {
    pub fn new(what: &'static str) -> Self {
        Progress {
            since: Instant::now(),
            what,
            bar: Mutex::new(None),
        }
    }

    pub fn at(&self, done: usize, total: usize) {
        if self.since.elapsed() < limits::PROGRESS_AFTER {
            return;
        }
        let Ok(mut bar) = self.bar.lock() else { return };
        let bar = bar.get_or_insert_with(|| shown(self.what));
        bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Ok(Some(bar)) = self.bar.get_mut() {
            bar.finish_and_clear();
        }
    }
}

fn shown(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}, còn {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar.set_message(what);
    bar
}
