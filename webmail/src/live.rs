//! `/su-kien`: tells an open page that something changed, by server-sent events. Woken by the feed; tells only a number read
//! from the table, never content. Bounded in number, in life and in pace. (WHATWG HTML §9.2)

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::limits;
use crate::session::Signed;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use mailroom::Access;
use mailroom::feed::Listener;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use store::AccountId;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

/// One open stream of a session; its place is given back when the stream ends.
struct Place {
    key: String,
    by_session: Arc<Mutex<HashMap<String, usize>>>,
    _slot: OwnedSemaphorePermit,
}

impl Place {
    fn take(app: &App, key: &str) -> Result<Place, Fault> {
        let slot = app
            .streams
            .clone()
            .try_acquire_owned()
            .map_err(|_| Fault::TooMany(60))?;
        let by_session = app.streams_by_session.clone();
        {
            let mut open = by_session.lock().unwrap_or_else(PoisonError::into_inner);
            let count = open.entry(key.to_owned()).or_insert(0);
            if *count >= limits::STREAMS_PER_SESSION_MAX {
                return Err(Fault::TooMany(60));
            }
            *count += 1;
        }
        metrics::gauge!("congthu_web_streams").increment(1.0);
        Ok(Place {
            key: key.to_owned(),
            by_session,
            _slot: slot,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self
            .by_session
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.key);
            }
        }
        metrics::gauge!("congthu_web_streams").decrement(1.0);
    }
}

struct Watch {
    access: Access,
    listener: Listener,
    told: Option<i64>,
    ends: Instant,
    _place: Place,
}

/// `GET /su-kien?hop=account`: event `doi` with the number of the newest change.
pub async fn stream(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let account = asked.number("hop").unwrap_or(me.actor().principal.0);
    let access = app.room.open(me.actor(), AccountId(account)).await?;
    let place = Place::take(&app, &me.session.key)?;
    // Listening before the first look: a change between the two wakes us, it is not lost.
    let listener = access.listen();
    let watch = Watch {
        access,
        listener,
        told: None,
        ends: Instant::now() + limits::STREAM_LIFE_MAX,
        _place: place,
    };
    let events = stream::unfold(watch, next);
    let beat = KeepAlive::new().interval(limits::STREAM_HEARTBEAT);
    let mut answer = Sse::new(events).keep_alive(beat).into_response();
    // Proxies must not hold the events back.
    answer
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(answer)
}

async fn next(mut watch: Watch) -> Option<(Result<Event, Infallible>, Watch)> {
    loop {
        if watch.told.is_some() {
            tokio::select! {
                () = watch.listener.changed() => tokio::time::sleep(limits::STREAM_PAUSE).await,
                () = tokio::time::sleep_until(watch.ends) => return None,
            }
        }
        // The account may be closed or the membership ended meanwhile: then the stream ends.
        let newest = match newest(&watch.access).await {
            Ok(newest) => newest,
            Err(cause) => {
                tracing::debug!(%cause, "an event stream ends");
                return None;
            }
        };
        if watch.told != Some(newest) {
            watch.told = Some(newest);
            let event = Event::default().event("doi").data(newest.to_string());
            return Some((Ok(event), watch));
        }
    }
}

/// A number that differs whenever a list may look different.
async fn newest(access: &Access) -> Result<i64, mailroom::Error> {
    let mailboxes = access.mailboxes().await?;
    let (open, overdue) = access.assigned_counts().await?;
    let letters: i64 = mailboxes
        .iter()
        .map(|m| m.modseq.wrapping_mul(31).wrapping_add(i64::from(m.total)))
        .fold(0, i64::wrapping_add);
    Ok(letters.wrapping_add(i64::from(open) * 1_000_003 + i64::from(overdue) * 7))
}
