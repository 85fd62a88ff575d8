//! The feed wakes, the table tells (promise 4): after each commit listeners are told whose rows changed, here and,
//! through PostgreSQL's NOTIFY, in other processes. A lost wake-up costs delay, never a notice.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::id::AccountId;
use crate::limits::NOTIFY_ACCOUNTS;

/// Something was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    /// Whose change rows there are.
    pub accounts: Arc<[AccountId]>,
    /// Outbox rows were added or made due.
    pub outbox: bool,
    /// Another process wrote, or too much happened to name: everybody looks for themselves.
    pub all: bool,
}

impl Wake {
    /// Everybody looks for themselves.
    pub fn everybody() -> Wake {
        Wake {
            accounts: Arc::from([]),
            outbox: true,
            all: true,
        }
    }

    /// Whether a listener for this account has something to read.
    pub fn concerns(&self, account: AccountId) -> bool {
        self.all || self.accounts.contains(&account)
    }
}

/// What one transaction will wake.
#[derive(Default)]
pub(crate) struct Wakes {
    pub accounts: BTreeSet<AccountId>,
    pub outbox: bool,
    /// The full-text index has something to take.
    pub index: bool,
}

impl Wakes {
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty() && !self.outbox
    }

    pub fn take(&mut self) -> Wake {
        let accounts = std::mem::take(&mut self.accounts);
        Wake {
            accounts: accounts.into_iter().collect(),
            outbox: std::mem::take(&mut self.outbox),
            all: false,
        }
    }

    /// The notification for other processes: who sends, what woke, whose accounts.
    pub fn payload(&self, sender: i64) -> String {
        let mut text = format!("{sender} {} ", if self.outbox { "o" } else { "-" });
        if self.accounts.len() > NOTIFY_ACCOUNTS {
            text.push('*');
        } else {
            for (place, account) in self.accounts.iter().enumerate() {
                // Writing to a String cannot fail.
                let _ = write!(text, "{}{account}", if place == 0 { "" } else { "," });
            }
        }
        text
    }
}

/// Reads a notification; `None` for our own. One that is not understood wakes everybody.
pub(crate) fn heard(payload: &str, own: i64) -> Option<Wake> {
    let mut parts = payload.splitn(3, ' ');
    let sender = parts.next().and_then(|word| word.parse::<i64>().ok());
    if sender == Some(own) {
        return None;
    }
    let outbox = parts.next() == Some("o");
    let list = parts.next().unwrap_or("*");
    if list.is_empty() {
        return Some(Wake {
            accounts: Arc::from([]),
            outbox,
            all: false,
        });
    }
    let accounts: Option<Vec<AccountId>> = list
        .split(',')
        .map(|word| word.parse().ok().map(AccountId))
        .collect();
    Some(accounts.map_or_else(Wake::everybody, |accounts| Wake {
        accounts: accounts.into(),
        outbox,
        all: false,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_says_who_and_what() {
        let mut wakes = Wakes::default();
        wakes.accounts.extend([AccountId(7), AccountId(3)]);
        wakes.outbox = true;
        let payload = wakes.payload(99);
        assert_eq!(payload, "99 o 3,7");
        assert_eq!(heard(&payload, 99), None);
        assert_eq!(
            heard(&payload, 1),
            Some(Wake {
                accounts: Arc::from([AccountId(3), AccountId(7)]),
                outbox: true,
                all: false
            })
        );
        assert_eq!(heard("nonsense", 1), Some(Wake::everybody()));
    }

    #[test]
    fn many_accounts_become_everybody() {
        let mut wakes = Wakes::default();
        wakes.accounts.extend((0..1000).map(AccountId));
        assert!(wakes.payload(1).len() < 100);
        assert!(heard(&wakes.payload(1), 2).is_some_and(|wake| wake.all));
    }
}
