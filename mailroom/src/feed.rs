//! The feed wakes, the table tells (promise 4): listeners are woken here and then read `change` after their own cursor.
//! One task hears the store and wakes only those whose account it was: ten thousand idle sessions cost nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use store::AccountId;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::{Notify, watch};

/// Slots of accounts nobody listens to any more are dropped when the map has grown by this many.
const SWEEP_EVERY: usize = 1_024;

#[derive(Clone)]
pub(crate) struct Feed(Arc<Slots>);

struct Slots {
    accounts: Mutex<Accounts>,
    any: watch::Sender<u64>,
    pub outbox: Notify,
}

#[derive(Default)]
struct Accounts {
    slots: HashMap<AccountId, watch::Sender<u64>>,
    sweep_at: usize,
}

/// Waits for changes of one account (or of any).
pub struct Listener(watch::Receiver<u64>);

impl Listener {
    /// Returns when this account may have changed since the last time it returned. What happened, the table tells.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // The mailroom is closing: nothing will come any more.
            std::future::pending::<()>().await;
        }
    }
}

impl Feed {
    pub(crate) fn new() -> Self {
        Feed(Arc::new(Slots {
            accounts: Mutex::default(),
            any: watch::channel(0).0,
            outbox: Notify::new(),
        }))
    }

    /// A listener for one account; what was committed before is not announced.
    pub(crate) fn listen(&self, account: AccountId) -> Listener {
        let mut accounts = self
            .0
            .accounts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if accounts.slots.len() >= accounts.sweep_at {
            accounts.slots.retain(|_, slot| slot.receiver_count() > 0);
            accounts.sweep_at = accounts.slots.len() + SWEEP_EVERY;
        }
        Listener(
            accounts
                .slots
                .entry(account)
                .or_insert_with(|| watch::channel(0).0)
                .subscribe(),
        )
    }

    /// A listener for every account.
    pub(crate) fn listen_to_any(&self) -> Listener {
        Listener(self.0.any.subscribe())
    }

    /// Rows may have become due in the outbox.
    pub(crate) async fn outbox_woken(&self) {
        self.0.outbox.notified().await;
    }

    fn wake(&self, wake: &store::Wake) {
        let accounts = self
            .0
            .accounts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if wake.all {
            for slot in accounts.slots.values() {
                slot.send_modify(|count| *count = count.wrapping_add(1));
            }
        } else {
            for slot in wake
                .accounts
                .iter()
                .filter_map(|account| accounts.slots.get(account))
            {
                slot.send_modify(|count| *count = count.wrapping_add(1));
            }
        }
        drop(accounts);
        if wake.all || !wake.accounts.is_empty() {
            self.0
                .any
                .send_modify(|count| *count = count.wrapping_add(1));
        }
        if wake.outbox {
            self.0.outbox.notify_waiters();
            self.0.outbox.notify_one();
        }
    }

    /// Hears the store until it closes. `others_wrote` runs when another process changed something.
    pub(crate) async fn run(
        self,
        mut wakes: Receiver<store::Wake>,
        others_wrote: impl Fn() + Send,
    ) {
        loop {
            match wakes.recv().await {
                Ok(wake) => {
                    // Ours always say what changed: one that does not comes from another process.
                    if wake.all || wake.accounts.is_empty() && !wake.outbox {
                        others_wrote();
                    }
                    self.wake(&wake);
                }
                Err(RecvError::Lagged(_)) => {
                    others_wrote();
                    self.wake(&store::Wake::everybody());
                }
                Err(RecvError::Closed) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn heard(listener: &mut Listener) -> bool {
        tokio::time::timeout(Duration::from_millis(20), listener.changed())
            .await
            .is_ok()
    }

    fn wake(accounts: &[i64]) -> store::Wake {
        store::Wake {
            accounts: accounts.iter().copied().map(AccountId).collect(),
            outbox: false,
            all: false,
        }
    }

    #[tokio::test]
    async fn only_those_concerned_are_woken() {
        let feed = Feed::new();
        let (mut one, mut two, mut any) = (
            feed.listen(AccountId(1)),
            feed.listen(AccountId(2)),
            feed.listen_to_any(),
        );
        feed.wake(&wake(&[1]));
        assert!(heard(&mut one).await && heard(&mut any).await && !heard(&mut two).await);
        feed.wake(&wake(&[1]));
        feed.wake(&wake(&[1]));
        assert!(heard(&mut one).await && !heard(&mut one).await);
        feed.wake(&store::Wake::everybody());
        assert!(heard(&mut one).await && heard(&mut two).await);
    }

    #[tokio::test]
    async fn forgotten_accounts_are_swept() {
        let feed = Feed::new();
        for account in 0..(3 * SWEEP_EVERY as i64) {
            drop(feed.listen(AccountId(account)));
        }
        let kept = feed
            .0
            .accounts
            .lock()
            .map(|accounts| accounts.slots.len())
            .unwrap_or(0);
        assert!(kept <= SWEEP_EVERY + 1, "{kept}");
    }
}
