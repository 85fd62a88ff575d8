//! What the directory and the accounts said a moment ago, so that a letter to fifty costs no hundred look-ups. May be lost at
//! any time; forgotten when somebody's rights or addresses change; never decides about access to mail.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use store::{AccountId, Principal};

/// How long an answer is believed without a wake, ms.
const LIFE_MS: i64 = 5_000;
/// How long an account's size is believed, ms. Deliveries here are added at once; what others add is seen after this.
const SIZE_LIFE_MS: i64 = 1_000;
/// Addresses and accounts kept: a merged province twice over. Beyond it everything is forgotten at once.
const KEPT_MAX: usize = 50_000;

/// Whose address it was: only addresses that exist, as guesses at others have no end.
#[derive(Default)]
pub(crate) struct Addresses(Mutex<HashMap<String, Owner>>);

struct Owner {
    epoch: u64,
    read_at: i64,
    until: Option<i64>,
    principal: Principal,
}

impl Addresses {
    pub(crate) fn find(&self, address: &str, epoch: u64, now: i64) -> Option<Principal> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = kept.get(address)?;
        let fresh = owner.epoch == epoch && (0..LIFE_MS).contains(&(now - owner.read_at));
        (fresh && owner.until.is_none_or(|until| now < until)).then(|| owner.principal.clone())
    }

    /// `epoch` as it was before the table was read: a change in between makes the answer old at once.
    pub(crate) fn keep(
        &self,
        address: &str,
        epoch: u64,
        now: i64,
        principal: &Principal,
        until: Option<i64>,
    ) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(
            address.to_owned(),
            Owner {
                epoch,
                read_at: now,
                until,
                principal: principal.clone(),
            },
        );
    }
}

/// One answer about the whole installation, kept for all letters: who answers by themselves, who has letters forwarded.
pub(crate) struct Standing<T>(Mutex<Option<Kept<T>>>);

/// (epoch, read at, the answer)
type Kept<T> = (u64, i64, Arc<T>);

impl<T> Default for Standing<T> {
    fn default() -> Self {
        Standing(Mutex::new(None))
    }
}

impl<T> Standing<T> {
    pub(crate) fn find(&self, epoch: u64, now: i64) -> Option<Arc<T>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (as_of, read_at, value) = kept.as_ref()?;
        let fresh = *as_of == epoch && (0..LIFE_MS).contains(&(now - read_at));
        fresh.then(|| Arc::clone(value))
    }

    /// `epoch` as it was before the table was read.
    pub(crate) fn keep(&self, epoch: u64, now: i64, value: T) -> Arc<T> {
        let value = Arc::new(value);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((epoch, now, Arc::clone(&value)));
        value
    }
}

/// How full accounts are, near enough for "to 110 %".
#[derive(Default)]
pub(crate) struct Sizes(Mutex<HashMap<AccountId, Size>>);

#[derive(Clone, Copy)]
struct Size {
    read_at: i64,
    used: i64,
    quota: i64,
}

impl Sizes {
    /// (used, quota) in bytes.
    pub(crate) fn find(&self, account: AccountId, now: i64) -> Option<(i64, i64)> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let size = kept.get(&account)?;
        (0..SIZE_LIFE_MS)
            .contains(&(now - size.read_at))
            .then_some((size.used, size.quota))
    }

    pub(crate) fn keep(&self, account: AccountId, now: i64, used: i64, quota: i64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(
            account,
            Size {
                read_at: now,
                used,
                quota,
            },
        );
    }

    /// A letter of this many bytes was placed there.
    pub(crate) fn grew(&self, accounts: impl Iterator<Item = AccountId>, bytes: usize) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for account in accounts {
            if let Some(size) = kept.get_mut(&account) {
                size.used = size.used.saturating_add(bytes);
            }
        }
    }

    pub(crate) fn forget(&self, account: AccountId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_and_age() {
        let sizes = Sizes::default();
        sizes.keep(AccountId(1), 0, 10, 100);
        sizes.grew([AccountId(1), AccountId(2)].into_iter(), 5);
        assert_eq!(sizes.find(AccountId(1), 999), Some((15, 100)));
        assert_eq!(sizes.find(AccountId(2), 0), None);
        assert_eq!(sizes.find(AccountId(1), 1_000), None);
        sizes.forget(AccountId(1));
        assert_eq!(sizes.find(AccountId(1), 0), None);
    }
}
