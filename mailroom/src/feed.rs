//! The feed wakes, the table tells (promise 4): listeners are woken here and then read `change` after their own cursor.

use store::AccountId;
use tokio::sync::broadcast;

/// Somebody committed something for these accounts (or for anybody: look for yourself).
#[derive(Clone, Debug)]
pub enum Wake {
    Accounts(std::sync::Arc<[AccountId]>),
    All,
}

#[derive(Clone)]
pub struct Feed {
    pub(crate) wakes: broadcast::Sender<Wake>,
    pub(crate) outbox: std::sync::Arc<tokio::sync::Notify>,
}

/// Waits for changes of one account (or of any).
pub struct Listener {
    pub(crate) wakes: broadcast::Receiver<Wake>,
    pub(crate) account: Option<AccountId>,
}

impl Listener {
    /// Returns when this account may have changed. A lagging listener returns at once: it will read the table.
    pub async fn changed(&mut self) {
        loop {
            match self.wakes.recv().await {
                Ok(Wake::Accounts(accounts)) => {
                    if self.account.is_none_or(|mine| accounts.contains(&mine)) {
                        return;
                    }
                }
                Ok(Wake::All) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}
