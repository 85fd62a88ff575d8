//! Devices to be pushed to. What is owed to a device is what changed after its durable cursor: a restart loses no notice.

use crate::{Actor, Error, Mailroom};
use store::*;

#[derive(Clone)]
pub struct NewSubscription {
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
    pub device: String,
    pub session_key: String,
}

/// A device with something to be told.
#[derive(Clone)]
pub struct Owed {
    pub subscription: SubscriptionId,
    pub principal: PrincipalId,
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
    /// Unseen letters that arrived in Inbox after the cursor, and assignments new after it.
    pub letters: u32,
    pub assignments: u32,
    pub urgent: bool,
    /// Advance to this when told.
    pub cursor: i64,
    /// Unread in Inbox, for the app badge.
    pub badge: u32,
    /// Committed when (ms): the oldest of what is owed, for measuring the way to the phone.
    pub oldest_at: i64,
    /// Deadline of the nearest new assignment, for the TTL.
    pub due_at: Option<i64>,
    pub assignees: Vec<AssigneeId>,
}

/// How the push service answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pushed {
    Done,
    /// 404 or 410: the device is gone, forget it.
    Gone,
    /// Try again not before this time (ms).
    Later(i64),
    /// 403 or malformed: keep it, tell the administrator.
    Refused(u16),
}

impl Mailroom {
    pub async fn subscribe(
        &self,
        actor: &Actor,
        subscription: NewSubscription,
    ) -> Result<SubscriptionId, Error> {
        todo!("{actor:?}{}", subscription.endpoint)
    }
    pub async fn unsubscribe(&self, actor: &Actor, endpoint: &str) -> Result<(), Error> {
        todo!("{actor:?}{endpoint}")
    }
    pub async fn subscriptions(
        &self,
        actor: &Actor,
    ) -> Result<Vec<(SubscriptionId, String, String, i64)>, Error> {
        todo!("{actor:?}")
    }
    /// Devices that are owed something now (their `next_at` has come).
    pub async fn owed(&self, rows: usize) -> Result<Vec<Owed>, Error> {
        todo!("{rows}")
    }
    pub async fn pushed(&self, owed: &Owed, how: Pushed) -> Result<(), Error> {
        todo!("{}{how:?}", owed.endpoint)
    }
    /// Wakes when any account changed, or after the next `next_at` of a device that is owed something.
    pub async fn owed_ready(&self) {
        todo!()
    }
}
