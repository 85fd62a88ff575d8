//! The room itself: made once over a store, with the tasks that hear it. Holds what is shared by all calls and nothing that
//! the tables do not know, apart from caches that may be lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use store::{PrincipalId, Store};

use crate::directory::Domains;
use crate::feed::Feed;
use crate::mail::snapshot::Snapshots;
use crate::outgoing::UnderWay;
use crate::published::Publisher;
use crate::quota::Disk;
use crate::receive::srs::Srs;
use crate::secret::{password::Hashing, proven::Proven, throttle::Throttle};
use crate::{Clock, Error, Mailroom, Policy, derive, kept, limits};

pub(crate) struct Room {
    pub store: Store,
    pub policy: Policy,
    pub clock: Clock,
    pub feed: Feed,
    pub snapshots: Snapshots,
    pub domains: Domains,
    pub addresses: kept::Addresses,
    pub sizes: kept::Sizes,
    pub away: kept::Standing<std::collections::HashSet<store::AccountId>>,
    pub forwards: kept::Standing<std::collections::HashMap<store::AccountId, String>>,
    /// Woken when automatic answers are owed.
    pub answers_owed: Arc<tokio::sync::Notify>,
    /// Held by whoever writes them: two at once would count a sending limit twice.
    pub answers_turn: tokio::sync::Mutex<()>,
    pub under_way: UnderWay,
    pub disk: Disk,
    pub hashing: Hashing,
    pub proven: Arc<Proven>,
    pub sign_ins: Throttle,
    pub slips: Throttle,
    pub sources: Throttle,
    /// Made at the first use, with the key that the table keeps.
    pub srs: tokio::sync::OnceCell<Srs>,
    /// The key that salts are made with, so that an account that does not exist has one too.
    pub salts: tokio::sync::OnceCell<aws_lc_rs::hmac::Key>,
    /// Who tells the DNS records of our domains.
    pub publisher: std::sync::OnceLock<Arc<dyn Publisher>>,
    /// Rises whenever somebody's rights may have changed: every `Access` looks again when it differs.
    pub rights_epoch: Arc<AtomicU64>,
}

impl Mailroom {
    /// Opens the mailroom over a store. Spawns one task that hears the store's changes and ends with it.
    pub fn new(store: Store, policy: Policy, clock: Clock) -> Result<Mailroom, Error> {
        let feed = Feed::new();
        let proven = Arc::new(Proven::new()?);
        let rights_epoch = Arc::new(AtomicU64::new(1));
        let domains = Domains::default();
        let others_wrote = {
            let (proven, epoch, domains) = (
                Arc::clone(&proven),
                Arc::clone(&rights_epoch),
                domains.clone(),
            );
            move || {
                proven.forget_all();
                domains.forget();
                epoch.fetch_add(1, Ordering::AcqRel);
            }
        };
        tokio::spawn(feed.clone().run(store.changes(), others_wrote));
        let room = Mailroom(Arc::new(Room {
            snapshots: Snapshots::new(store.changes()),
            sign_ins: Throttle::new(policy.sign_in_failures_max),
            slips: Throttle::new(policy.sign_in_failures_max),
            sources: Throttle::new(policy.sign_in_failures_max),
            hashing: Hashing::new(),
            srs: tokio::sync::OnceCell::new(),
            salts: tokio::sync::OnceCell::new(),
            publisher: std::sync::OnceLock::new(),
            store,
            policy,
            clock,
            feed,
            domains,
            addresses: kept::Addresses::default(),
            sizes: kept::Sizes::default(),
            away: kept::Standing::default(),
            forwards: kept::Standing::default(),
            answers_owed: Arc::default(),
            answers_turn: tokio::sync::Mutex::default(),
            under_way: UnderWay::default(),
            disk: Disk::default(),
            proven,
            rights_epoch,
        }));
        tokio::spawn(tidy_now_and_then(Arc::downgrade(&room.0)));
        tokio::spawn(crate::answering::answer_what_is_owed(
            Arc::downgrade(&room.0),
            Arc::clone(&room.0.answers_owed),
        ));
        Ok(room)
    }

    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// Unix ms by the room's clock.
    pub fn now(&self) -> i64 {
        self.0.clock.now()
    }

    /// Numbers for monitoring.
    pub async fn store_stats(&self) -> Result<store::Stats, Error> {
        Ok(self.store().stats().await?)
    }

    /// Mailbox indexes in memory: (mailboxes, rows).
    pub fn indexes_kept(&self) -> (usize, usize) {
        self.0.snapshots.size()
    }

    /// Whether mail can be taken now: the writer commits and a reader reads it back.
    pub async fn healthy(&self) -> Result<(), Error> {
        let at = self.now().to_string();
        self.store().setting_set("health", &at).await?;
        match self.store().setting("health").await? {
            Some(_) => Ok(()),
            None => Err(Error::Broken("a committed row cannot be read back".into())),
        }
    }

    /// Forgets what ended long ago: sessions, bodies that no letter has any more. Runs by itself every hour.
    pub async fn tidy(&self) -> Result<(), Error> {
        let now = self.now();
        let sessions = self
            .store()
            .sessions_sweep(now - limits::SESSIONS_KEPT_MS)
            .await?;
        let bodies = self.store().sweep_bodies(now).await?;
        self.store()
            .report_seen_sweep(now - limits::REPORTS_SEEN_MS)
            .await?;
        self.store()
            .answered_sweep(now - limits::ANSWER_AGAIN_DAYS * 86_400_000)
            .await?;
        let kept_ms = limits::SENT_DAYS_KEPT * 86_400_000;
        self.store()
            .sent_sweep((now - kept_ms) / 86_400_000)
            .await?;
        self.store()
            .allowance_sweep(now - limits::ALLOWANCE_KEPT_MS)
            .await?;
        tracing::info!(sessions, bodies, "tidied");
        Ok(())
    }

    /// Forgets what grows with every letter and is needed for a time only: the change log beyond every cursor, traces
    /// beyond the policy's days with what was sent under them, slips that ran out. Runs by itself every day.
    pub async fn trim(&self) -> Result<(), Error> {
        let (now, store) = (self.now(), self.store());
        let changes = store
            .changes_trim(
                now - limits::CHANGES_KEPT_MS,
                now - limits::CHANGES_KEPT_AT_MOST_MS,
            )
            .await?;
        let kept = i64::from(self.policy().trace_keep_days) * 86_400_000;
        let traces = store.sweep_traces(now - kept).await?;
        store
            .met_sweep(now - limits::MET_KEPT_MS, limits::MET_ROWS_MAX)
            .await?;
        let slips = store.slips_sweep(now - limits::SLIPS_KEPT_MS).await?;
        tracing::info!(changes, traces, slips, "trimmed");
        Ok(())
    }

    /// Derives stored letters again whose derivation is older than the rules, after a body, at most `rows`; the last body
    /// done, to go on from, or `None` when nothing is left.
    pub async fn rederive(
        &self,
        after: store::BodyId,
        rows: usize,
    ) -> Result<Option<store::BodyId>, Error> {
        let bodies = self
            .store()
            .bodies_to_rederive(derive::VERSION, after, rows.min(limits::REDERIVE_ROWS_MAX))
            .await?;
        for body in &bodies {
            match self.store().body(*body).await {
                Ok(raw) => self.rederive_one(*body, raw).await?,
                // The last mailbox let go of it since they were listed.
                Err(store::Error::Missing(_)) => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        Ok(bodies.last().copied())
    }

    /// What everybody reads of a letter, and what mailboxes read that chose another coding for it.
    async fn rederive_one(&self, body: store::BodyId, raw: bytes::Bytes) -> Result<(), Error> {
        let derived = derive::derive(&raw).await?;
        let mut waits = 0;
        while !self.store().derived_put(body, derived.clone()).await? {
            waits += 1;
            if waits > limits::ATTACHED_WAITS_MAX {
                return Err(Error::Later("the index is busy with a letter".into()));
            }
            let wait = std::time::Duration::from_millis(limits::ATTACHED_WAIT_MS);
            tokio::time::sleep(wait).await;
        }
        self.reread_again(body, raw).await
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// Addresses, lists or people changed: what was kept of them is old.
    pub(crate) fn directory_changed(&self) {
        self.0.rights_epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Somebody's rights or credentials changed: proofs are forgotten and open accesses look again.
    pub(crate) fn rights_changed(&self, principal: PrincipalId) {
        self.0.proven.forget(principal);
        self.0.rights_epoch.fetch_add(1, Ordering::AcqRel);
    }
}

/// Holds the room weakly, so that dropping it ends the task.
async fn tidy_now_and_then(room: std::sync::Weak<Room>) {
    let mut ticks = 0u64;
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(limits::INDEXES_SWEEP_SECS)).await;
        let Some(room) = room.upgrade().map(Mailroom) else {
            return;
        };
        room.0.snapshots.drop_unused();
        if let Err(cause) = room.warn_of_quotas().await {
            tracing::warn!(%cause, "could not warn of full mailboxes");
        }
        if let Err(cause) = room.tell_of_quarantine().await {
            tracing::warn!(%cause, "could not tell of letters kept apart");
        }
        ticks += 1;
        let tidying = limits::TIDY_EVERY_SECS / limits::INDEXES_SWEEP_SECS;
        if ticks.is_multiple_of(tidying)
            && let Err(cause) = room.tidy().await
        {
            tracing::warn!(%cause, "could not tidy");
        }
        // The first time an hour after the start, so that a server started anew every day trims too.
        if ticks % (tidying * limits::TRIM_EVERY) == tidying
            && let Err(cause) = room.trim().await
        {
            tracing::warn!(%cause, "could not trim");
        }
    }
}
