//! Devices to be pushed to. What is owed to a device is what changed after its durable cursor: a restart loses no notice.

use store::{AssigneeId, PrincipalId, SubscriptionId};

use crate::lock_screen::Senders;
use crate::{Actor, Denied, Error, Mailroom, limits};

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
    /// Whom those letters are from, where that may be told.
    pub senders: Senders,
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

/// After a refusal a device is tried again this much later, ms: somebody must change something first.
const REFUSED_PAUSE_MS: i64 = 3_600_000;
/// Longest endpoint address, bytes.
const ENDPOINT_BYTES_MAX: usize = 2_000;

impl Mailroom {
    pub async fn subscribe(
        &self,
        actor: &Actor,
        subscription: NewSubscription,
    ) -> Result<SubscriptionId, Error> {
        if !self.is_active(actor.principal).await? {
            return Err(Denied::NotAllowed.into());
        }
        let url = url::Url::parse(&subscription.endpoint)
            .map_err(|_| Error::Bad("endpoint is no address".into()))?;
        let proper = matches!(url.scheme(), "https" | "http")
            && url.has_host()
            && subscription.endpoint.len() <= ENDPOINT_BYTES_MAX;
        if !proper || subscription.p256dh.len() > 200 || subscription.auth.len() > 100 {
            return Err(Error::Bad("not a push subscription".into()));
        }
        let held = self.store().subscriptions_of(actor.principal).await?;
        let known = held.iter().any(|one| one.endpoint == subscription.endpoint);
        if !known && held.len() >= limits::SUBSCRIPTIONS_MAX {
            // The oldest device is the one nobody holds any more.
            if let Some(oldest) = held
                .iter()
                .min_by_key(|one| one.last_push_at.unwrap_or(one.created_at))
            {
                self.store().subscription_delete(&oldest.endpoint).await?;
            }
        }
        let new = store::NewSubscription {
            principal: actor.principal,
            endpoint: subscription.endpoint,
            p256dh: subscription.p256dh,
            auth: subscription.auth,
            device: subscription
                .device
                .chars()
                .filter(|c| !c.is_control())
                .take(limits::DEVICE_NAME_CHARS_MAX)
                .collect(),
            session_hash: Some(subscription.session_key).filter(|key| !key.is_empty()),
            at: self.now(),
        };
        Ok(self.store().subscription_put(new).await?)
    }

    pub async fn unsubscribe(&self, actor: &Actor, endpoint: &str) -> Result<(), Error> {
        let held = self.store().subscriptions_of(actor.principal).await?;
        if !held.iter().any(|one| one.endpoint == endpoint) {
            return Err(Denied::NotYours.into());
        }
        self.store().subscription_delete(endpoint).await?;
        Ok(())
    }

    /// (id, device, endpoint, made)
    pub async fn subscriptions(
        &self,
        actor: &Actor,
    ) -> Result<Vec<(SubscriptionId, String, String, i64)>, Error> {
        let held = self.store().subscriptions_of(actor.principal).await?;
        Ok(held
            .into_iter()
            .map(|one| (one.id, one.device, one.endpoint, one.created_at))
            .collect())
    }

    /// The actor's own devices, for a trial push: nothing is owed and no cursor moves.
    pub async fn own_devices(&self, actor: &Actor) -> Result<Vec<Owed>, Error> {
        let held = self.store().subscriptions_of(actor.principal).await?;
        Ok(held
            .into_iter()
            .map(|one| Owed {
                subscription: one.id,
                principal: one.principal,
                endpoint: one.endpoint,
                p256dh: one.p256dh,
                auth: one.auth,
                letters: 0,
                senders: Senders::default(),
                assignments: 0,
                urgent: false,
                cursor: one.cursor,
                badge: 0,
                oldest_at: self.now(),
                due_at: None,
                assignees: Vec::new(),
            })
            .collect())
    }

    /// Devices that are owed something now (their `next_at` has come).
    pub async fn owed(&self, rows: usize) -> Result<Vec<Owed>, Error> {
        let behind = self.store().subscriptions_behind(self.now(), rows).await?;
        let mut owed = Vec::with_capacity(behind.len());
        for one in behind {
            // A push without names is better than none.
            let senders = self.senders_of(&one).await.unwrap_or_else(|cause| {
                tracing::warn!(subscription = %one.subscription.id, %cause, "senders not named");
                Senders::default()
            });
            owed.push(Owed {
                subscription: one.subscription.id,
                principal: one.subscription.principal,
                endpoint: one.subscription.endpoint,
                p256dh: one.subscription.p256dh,
                auth: one.subscription.auth,
                letters: one.letters,
                senders,
                assignments: u32::try_from(one.assignees.len()).unwrap_or(u32::MAX),
                urgent: one.urgency > 0,
                cursor: one.cursor,
                badge: one.badge,
                oldest_at: one.oldest_at,
                due_at: one.due_at,
                assignees: one.assignees,
            });
        }
        Ok(owed)
    }

    /// Settles a push. Told is told: the cursor moves on, and assignments among it count as notified.
    pub async fn pushed(&self, owed: &Owed, how: Pushed) -> Result<(), Error> {
        let now = self.now();
        match how {
            Pushed::Done => {
                self.store()
                    .subscription_advance(
                        owed.subscription,
                        owed.cursor,
                        now + limits::PUSH_QUIET_MS,
                        201,
                    )
                    .await?;
                for assignee in &owed.assignees {
                    self.store()
                        .assignee_advance(
                            *assignee,
                            store::AssigneeState::Notified,
                            None,
                            "push",
                            now,
                        )
                        .await?;
                }
            }
            Pushed::Gone => {
                self.store().subscription_delete(&owed.endpoint).await?;
            }
            // The cursor stays where it was: everything is still owed.
            Pushed::Later(at) => {
                self.store()
                    .subscription_advance(owed.subscription, 0, at, 503)
                    .await?
            }
            Pushed::Refused(code) => {
                tracing::warn!(subscription = %owed.subscription, code, "the push service refuses this device");
                self.store()
                    .subscription_advance(owed.subscription, 0, now + REFUSED_PAUSE_MS, code)
                    .await?;
            }
        }
        Ok(())
    }

    /// Wakes when any account changed, or after the next `next_at` of a device that is owed something.
    pub async fn owed_ready(&self) {
        let mut listener = self.0.feed.listen_to_any();
        let now = self.now();
        let wait_ms = match self.store().subscriptions_next_at(now).await {
            Ok(Some(at)) => u64::try_from(at - now)
                .unwrap_or(0)
                .clamp(1, limits::OWED_LOOK_EVERY_MS),
            Ok(None) => limits::OWED_LOOK_EVERY_MS,
            Err(cause) => {
                tracing::warn!(%cause, "cannot see which devices are owed something");
                1_000
            }
        };
        let due = tokio::time::sleep(std::time::Duration::from_millis(wait_ms));
        tokio::select! {
            () = listener.changed() => {}
            () = due => {}
        }
    }

    /// A listener for changes of any account, kept over many looks so that none is missed in between.
    pub fn listen_to_any(&self) -> crate::feed::Listener {
        self.0.feed.listen_to_any()
    }
}
