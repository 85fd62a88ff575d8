//! The loop: asks the mailroom which devices are owed something, tells them, settles. A device's cursor moves only when the push
//! service took the push: a crash in between tells a person twice (the tag replaces the first), never not at all.

use crate::answer::{Answer, meaning};
use crate::endpoint::{self, Refused};
use crate::post::Poster;
use crate::sealed::Sealer;
use crate::words::notice;
use crate::{Config, Vapid, limits};
use mailroom::device::{Owed, Pushed};
use mailroom::{Clock, Mailroom};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use store::SubscriptionId;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// After the mailroom failed.
const PAUSE_BROKEN: Duration = Duration::from_secs(1);

struct Teller {
    config: Config,
    room: Mailroom,
    sealer: Sealer,
    poster: Poster,
    clock: Clock,
}

/// Runs until `shutdown`.
pub async fn run(config: Config, room: Mailroom, vapid: Vapid, shutdown: CancellationToken) {
    let poster = match Poster::new(&config) {
        Ok(poster) => poster,
        Err(cause) => {
            tracing::error!(%cause, "push is off");
            return shutdown.cancelled().await;
        }
    };
    let places = Arc::new(Semaphore::new(config.posts_max.max(1)));
    // Made before the first look, so that nothing committed in between is missed.
    let mut listener = room.listen_to_any();
    let teller = Arc::new(Teller {
        sealer: Sealer::new(vapid, config.contact.clone()),
        clock: config.clock.clone(),
        config,
        room: room.clone(),
        poster,
    });
    let mut telling: JoinSet<SubscriptionId> = JoinSet::new();
    let mut busy: HashSet<SubscriptionId> = HashSet::new();
    'look: loop {
        let owed = match room.owed(limits::OWED_ROWS).await {
            Ok(owed) => owed,
            Err(cause) => {
                tracing::warn!(%cause, "cannot see what is owed to devices");
                tokio::time::sleep(PAUSE_BROKEN).await;
                Vec::new()
            }
        };
        let more = owed.len() == limits::OWED_ROWS;
        // Devices being told while something new came for them: looked at again when they are done.
        let mut again: HashSet<SubscriptionId> = HashSet::new();
        for one in owed {
            if !busy.insert(one.subscription) {
                again.insert(one.subscription);
                continue;
            }
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let teller = teller.clone();
            telling.spawn(async move {
                let id = one.subscription;
                teller.tell(one).await;
                drop(place);
                id
            });
        }
        // A full look means that there may be more.
        let mut look_again = more;
        while !look_again {
            tokio::select! {
                () = shutdown.cancelled() => break 'look,
                () = listener.changed() => look_again = true,
                () = room.owed_ready() => look_again = true,
                Some(ended) = telling.join_next(), if !telling.is_empty() => {
                    let told = forget(ended, &mut busy);
                    look_again = told.is_none_or(|id| again.contains(&id));
                }
            }
        }
        if shutdown.is_cancelled() {
            break;
        }
        while let Some(ended) = telling.try_join_next() {
            forget(ended, &mut busy);
        }
    }
    let last = async { while telling.join_next().await.is_some() {} };
    if tokio::time::timeout(limits::LAST_WORDS, last)
        .await
        .is_err()
    {
        tracing::info!("pushes under way cut off at the stop; they are owed still");
    }
}

/// Which device is told now; `None`: a task failed and its device is not known.
fn forget(
    ended: Result<SubscriptionId, tokio::task::JoinError>,
    busy: &mut HashSet<SubscriptionId>,
) -> Option<SubscriptionId> {
    match ended {
        Ok(id) => {
            busy.remove(&id);
            Some(id)
        }
        Err(cause) => {
            // Forgetting all costs at most a push that is told twice.
            tracing::error!(%cause, "a push task failed");
            metrics::counter!("congthu_panics_total", "where" => "push").increment(1);
            busy.clear();
            None
        }
    }
}

impl Teller {
    async fn tell(&self, owed: Owed) {
        let started = self.clock.now();
        let answer = self.ask(&owed, started).await;
        let now = self.clock.now();
        let pushed = meaning(answer, now);
        let word = match pushed {
            Pushed::Done => "done",
            Pushed::Gone => "gone",
            Pushed::Later(_) => "later",
            Pushed::Refused(_) => "refused",
        };
        metrics::counter!("congthu_pushes_total", "outcome" => word).increment(1);
        if pushed == Pushed::Done {
            let way_ms = (now - owed.oldest_at).max(0) as f64;
            metrics::histogram!("congthu_push_seconds").record(way_ms / 1_000.0);
            tracing::info!(subscription = %owed.subscription, letters = owed.letters, assignments = owed.assignments, way_ms, "pushed");
        } else {
            tracing::warn!(subscription = %owed.subscription, ?answer, "push not taken");
        }
        if let Err(cause) = self.room.pushed(&owed, pushed).await {
            tracing::warn!(%cause, "a push could not be settled; it will be told again");
        }
    }

    async fn ask(&self, owed: &Owed, now: i64) -> Answer {
        let endpoint = match endpoint::check(
            &owed.endpoint,
            &self.config.hosts,
            self.config.allow_private_hosts,
        ) {
            Ok(endpoint) => endpoint,
            Err(why) => {
                tracing::warn!(subscription = %owed.subscription, ?why, "endpoint refused");
                return if why == Refused::Malformed {
                    Answer::Status(410, None)
                } else {
                    Answer::Forbidden
                };
            }
        };
        let notice = notice(owed, self.config.web_base.trim_end_matches('/'), now);
        match self.sealer.seal(owed, &endpoint, &notice, now) {
            Ok(sealed) => self.poster.post(sealed).await,
            Err(cause) => {
                tracing::warn!(subscription = %owed.subscription, host = %endpoint.host, %cause, "push not sealed");
                Answer::Forbidden
            }
        }
    }
}
