//! Ids: time-ordered 63-bit numbers made by the program, one newtype per noun. Never allocated by a database,
//! so that a batch of rows can be written at once and a trace id can be told before the commit.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
    )+};
}

ids! {
    DomainId, UnitId,
    /// A person, unit, post, list or service. A principal that has mail has an account of the same number.
    PrincipalId,
    AccountId, MailboxId, EmailId, BodyId, ThreadId, SubmissionId, OutboxId, AttemptId,
    /// Told to the peer in the 250 reply and found again by `congthu trace`.
    TraceId,
    QuarantineId,
    CredentialId, SourceId, AssignmentId, AssigneeId, SubscriptionId, EventId,
}

impl From<PrincipalId> for AccountId {
    fn from(id: PrincipalId) -> Self {
        AccountId(id.0)
    }
}

impl From<AccountId> for PrincipalId {
    fn from(id: AccountId) -> Self {
        PrincipalId(id.0)
    }
}

/// Makes ids: 41 bits of milliseconds since 2025, 22 bits of node and sequence.
pub struct IdMaker {
    last: AtomicI64,
    node: i64,
}

const EPOCH_MS: i64 = 1_735_689_600_000; // 2025-01-01T00:00:00Z
const SEQUENCE_BITS: u32 = 22;
const NODE_BITS: u32 = 6;

impl IdMaker {
    /// `node` separates processes that write to one database at the same time (6 bits are used).
    pub fn new(node: u8) -> Self {
        Self {
            last: AtomicI64::new(0),
            node: i64::from(node) & ((1 << NODE_BITS) - 1),
        }
    }

    /// Goes on behind an id given earlier, whatever the clock says now.
    pub fn go_on_after(&self, id: i64) {
        self.last.fetch_max(id >> NODE_BITS, Ordering::AcqRel);
    }

    /// The next id; always greater than every one this maker gave before.
    pub fn next(&self, now_ms: i64) -> i64 {
        let floor = ((now_ms - EPOCH_MS).max(1)) << (SEQUENCE_BITS - NODE_BITS);
        let step = |last: i64| Some(floor.max(last + 1));
        let before = self
            .last
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, step)
            .unwrap_or(0);
        (floor.max(before + 1) << NODE_BITS) | self.node
    }
}

/// The smallest id that can have been made at a time: rows after a moment are found by id, without an index on times.
pub(crate) fn first_at(at_ms: i64) -> i64 {
    (at_ms.saturating_sub(EPOCH_MS))
        .max(0)
        .saturating_mul(1 << SEQUENCE_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_and_keep_their_node() {
        let maker = IdMaker::new(5);
        let mut last = 0;
        for step in 0..10_000 {
            let id = maker.next(EPOCH_MS + 10 + step / 100);
            assert!(id > last && id & 63 == 5, "{id} after {last}");
            last = id;
        }
    }

    #[test]
    fn times_find_ids() {
        let at = EPOCH_MS + 1_000_000;
        let id = IdMaker::new(7).next(at);
        assert!(first_at(at) <= id && id < first_at(at + 1));
        assert_eq!((first_at(0), first_at(i64::MIN)), (0, 0));
    }
}
