//! The trace: one row per message offered to us or made here, and what happened to it per recipient (promise 2).
//! Mail refused in the dialogue is traced too, without ever slowing the mail that is taken.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use crate::Error;
use crate::db::{Row, values};
use crate::deliver::{INSERT_EVENT, event_values, insert_traces, trace_values};
use crate::id::*;
use crate::limits::{REFUSAL_BATCH, REFUSALS, SWEEP_TRACES};
use crate::listed::{Listed, insert};
use crate::noun::*;
use crate::store::{Inner, Store};

macro_rules! trace_columns {
    ($($rest:literal),+) => {
        concat!(
            "SELECT trace.id, trace.direction, trace.at, trace.peer_ip, trace.helo, trace.tls, trace.principal_id, \
             trace.mail_from, trace.from_address, trace.subject, trace.message_id, trace.size_bytes, trace.auth_results, \
             trace.body_id FROM trace WHERE ",
            $($rest),+
        )
    };
}
const TRACE: &str = trace_columns!("trace.id = $1");
const EVENTS: &str = "SELECT id, trace_id, at, recipient, event, code, detail FROM trace_event WHERE trace_id = $1 \
     ORDER BY at, id";
/// `$7` is a unit's path: only letters that somebody of that subtree handed in, or that came for an address of it.
macro_rules! found {
    ($front:literal) => {
        trace_columns!($front, "trace.at >= $1 AND trace.at < $2 \
             AND ($3 = '' OR lower(trace.mail_from) = lower($3) OR lower(trace.from_address) = lower($3)) \
             AND ($4 = '' OR trace.message_id = $4) AND ($5 = 0 OR trace.principal_id = $5) \
             AND ($7 = '' OR EXISTS (SELECT p.id FROM principal p, unit u WHERE p.id = trace.principal_id \
             AND u.id = p.unit_id AND substr(u.path, 1, length($7)) = $7) \
             OR EXISTS (SELECT e.id FROM trace_event e, address a, principal p, unit u WHERE e.trace_id = trace.id \
             AND a.address = lower(e.recipient) AND p.id = a.principal_id AND u.id = p.unit_id \
             AND substr(u.path, 1, length($7)) = $7)) ",
             "ORDER BY trace.at DESC, trace.id DESC LIMIT $6")
    };
}
const FIND: &str = found!("");
const FIND_RECIPIENT: &str = found!(
    "trace.id IN (SELECT trace_id FROM trace_event WHERE recipient IN ($8, lower($8)) AND at >= $1) AND "
);
const OF_BODY: &str = trace_columns!("trace.id = (SELECT trace_id FROM email WHERE id = $1)");
/// Traces older than a time whose recipients elsewhere have all ended.
const OLD: &str = "SELECT id FROM trace WHERE at < $1 AND NOT EXISTS (SELECT outbox.id FROM outbox \
     WHERE outbox.trace_id = trace.id AND outbox.ended_at IS NULL) ORDER BY at LIMIT $2";
const FORGET_ATTEMPTS: Listed = Listed::new(
    "i",
    "DELETE FROM attempt WHERE outbox_id IN (SELECT id FROM outbox WHERE trace_id IN (VALUES {}))",
);
const FORGET_SUBMISSIONS: Listed = Listed::new(
    "i",
    "DELETE FROM submission WHERE id IN (SELECT submission_id FROM outbox WHERE trace_id IN (VALUES {}))",
);
const FORGET_OUTBOX: Listed = Listed::new("i", "DELETE FROM outbox WHERE trace_id IN (VALUES {})");
const FORGET_EVENTS: Listed =
    Listed::new("i", "DELETE FROM trace_event WHERE trace_id IN (VALUES {})");
const FORGET_TRACES: Listed = Listed::new("i", "DELETE FROM trace WHERE id IN (VALUES {})");
pub(crate) const SQL: &[&str] = &[TRACE, EVENTS, FIND, FIND_RECIPIENT, OF_BODY, OLD];
pub(crate) const LISTED: &[&Listed] = &[
    &FORGET_ATTEMPTS,
    &FORGET_SUBMISSIONS,
    &FORGET_OUTBOX,
    &FORGET_EVENTS,
    &FORGET_TRACES,
];

/// Rows looked at for one page when words of the subject are asked for.
const FIND_LOOK: usize = 20;

/// A message's own row.
#[derive(Clone, Debug)]
pub struct Trace {
    pub id: TraceId,
    /// in | submit | local
    pub direction: String,
    pub at: i64,
    pub peer_ip: String,
    pub helo: String,
    pub tls: String,
    pub principal: Option<PrincipalId>,
    pub mail_from: String,
    pub from_address: String,
    pub subject: String,
    pub message_id: Option<String>,
    pub size: u64,
    pub auth_results: String,
    pub body: Option<BodyId>,
}

/// What happened to a message for one recipient.
#[derive(Clone, Debug)]
pub struct TraceEvent {
    pub id: EventId,
    pub trace: TraceId,
    pub at: i64,
    pub recipient: String,
    /// delivered | junk | quarantined | queued | held | sent | deferred | bounced | refused | dropped
    pub event: String,
    pub code: Option<u16>,
    pub detail: String,
}

/// Which messages; an empty field takes all.
#[derive(Clone, Debug, Default)]
pub struct TraceFilter {
    /// Envelope or header sender.
    pub sender: String,
    pub recipient: String,
    pub from_at: Option<i64>,
    pub until_at: Option<i64>,
    /// Words of the subject, with or without diacritics.
    pub subject: String,
    pub message_id: String,
    /// Handed in by this principal.
    pub principal: Option<PrincipalId>,
    /// A unit's path: handed in by its subtree or meant for it; "" is everything.
    pub subtree: String,
}

fn trace_row(row: &Row) -> Result<Trace, Error> {
    Ok(Trace {
        id: TraceId(row.int(0)?),
        direction: row.text(1)?,
        at: row.int(2)?,
        peer_ip: row.text(3)?,
        helo: row.text(4)?,
        tls: row.text(5)?,
        principal: row.opt_int(6)?.map(PrincipalId),
        mail_from: row.text(7)?,
        from_address: row.text(8)?,
        subject: row.text(9)?,
        message_id: row.opt_text(10)?,
        size: u64::try_from(row.int(11)?).unwrap_or(0),
        auth_results: row.text(12)?,
        body: row.opt_int(13)?.map(BodyId),
    })
}

fn event_row(row: &Row) -> Result<TraceEvent, Error> {
    Ok(TraceEvent {
        id: EventId(row.int(0)?),
        trace: TraceId(row.int(1)?),
        at: row.int(2)?,
        recipient: row.text(3)?,
        event: row.text(4)?,
        code: row.opt_int(5)?.and_then(|code| u16::try_from(code).ok()),
        detail: row.text(6)?,
    })
}

/// Refusals waiting to be written.
#[derive(Default)]
pub(crate) struct Refusals {
    waiting: Mutex<VecDeque<NewTrace>>,
    dropped: AtomicU64,
    came: Notify,
}

impl Refusals {
    fn take(&self) -> Vec<NewTrace> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let some = waiting.len().min(REFUSAL_BATCH);
        waiting.drain(..some).collect()
    }
}

/// Writes refusals in the background, many in one transaction.
pub(crate) async fn write_refusals(store: Weak<Inner>) {
    loop {
        let Some(inner) = store.upgrade() else { return };
        let came =
            tokio::time::timeout(Duration::from_secs(1), inner.refusals.came.notified()).await;
        if came.is_ok() {
            // A moment's patience makes one transaction of a burst.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        flush_refusals(&Store(inner)).await;
    }
}

/// Writes the refusals that wait.
pub(crate) async fn flush_refusals(store: &Store) {
    loop {
        let some = store.0.refusals.take();
        if some.is_empty() {
            return;
        }
        let number = some.len();
        if let Err(cause) = store
            .write(move |txn| {
                Box::pin(async move {
                    let (mut traces, mut events) = (Vec::new(), Vec::new());
                    for trace in &some {
                        traces.extend(trace_values(trace, &Derived::default(), 0, None));
                        for event in &trace.events {
                            events.extend(event_values(txn, trace.id, trace.at, event));
                        }
                    }
                    insert_traces(&mut txn.conn, traces, events).await
                })
            })
            .await
        {
            tracing::error!(%cause, number, "refusals could not be traced");
            return;
        }
    }
}

impl Store {
    /// A message and what happened to it, oldest event first.
    pub async fn trace(&self, id: TraceId) -> Result<Option<(Trace, Vec<TraceEvent>)>, Error> {
        let mut conn = self.read().await?;
        let Some(row) = conn.row(TRACE, values![id]).await? else {
            return Ok(None);
        };
        let events = conn.rows(EVENTS, values![id]).await?;
        let events = events
            .iter()
            .map(event_row)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Some((trace_row(&row)?, events)))
    }

    /// The trace an email came with.
    pub async fn trace_of_email(&self, email: EmailId) -> Result<Option<Trace>, Error> {
        self.row(OF_BODY, values![email])
            .await?
            .as_ref()
            .map(trace_row)
            .transpose()
    }

    /// Messages, newest first.
    pub async fn trace_find(&self, filter: &TraceFilter, rows: usize) -> Result<Vec<Trace>, Error> {
        let words: Vec<String> = crate::search::fold_words(&filter.subject);
        let look = if words.is_empty() {
            rows
        } else {
            rows.saturating_mul(FIND_LOOK)
        };
        let from = filter.from_at.unwrap_or(0);
        let mut until = filter.until_at.unwrap_or(i64::MAX);
        let principal = filter.principal.map_or(0, |id| id.0);
        let mut found = Vec::new();
        let mut seen: Vec<TraceId> = Vec::new();
        // Bounded: each round moves `until` back in time, at most FIND_LOOK rounds.
        for _ in 0..FIND_LOOK {
            let limit = i64::try_from(look).unwrap_or(i64::MAX);
            let mut values = values![
                from,
                until,
                &filter.sender,
                &filter.message_id,
                principal,
                limit,
                &filter.subtree
            ];
            let page = if filter.recipient.is_empty() {
                self.rows(FIND, values).await?
            } else {
                values.extend(values![&filter.recipient]);
                self.rows(FIND_RECIPIENT, values).await?
            };
            let last_page = page.len() < look;
            for row in &page {
                let trace = trace_row(row)?;
                let again = seen.contains(&trace.id);
                let subject = crate::search::fold_words(&trace.subject);
                if !again && words.iter().all(|word| subject.contains(word)) {
                    seen.push(trace.id);
                    found.push(trace);
                    if found.len() == rows {
                        return Ok(found);
                    }
                }
            }
            let oldest = page.last().map(|row| row.int(2)).transpose()?;
            match oldest {
                // One later, so that rows of the same millisecond are not skipped.
                Some(at) if !last_page && at + 1 < until => until = at + 1,
                Some(at) if !last_page => until = at,
                _ => break,
            }
        }
        Ok(found)
    }

    /// Notes a message refused in the dialogue. Returns at once; `false` when too many wait and it was only counted.
    pub fn trace_refusal(&self, trace: NewTrace) -> bool {
        let refusals = &self.0.refusals;
        let mut waiting = refusals
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= REFUSALS {
            refusals.dropped.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        waiting.push_back(trace);
        refusals.came.notify_one();
        true
    }

    /// Refusals that were counted only, since the start.
    pub fn refusals_dropped(&self) -> u64 {
        self.0.refusals.dropped.load(Ordering::Relaxed)
    }

    /// Forgets traces older than a time with what was sent under them, a piece at a time so that no delivery waits
    /// long; what still waits to be sent is kept. Returns how many.
    pub async fn sweep_traces(&self, before: i64) -> Result<u64, Error> {
        let mut forgotten = 0;
        loop {
            let piece = i64::try_from(SWEEP_TRACES).unwrap_or(i64::MAX);
            let rows = self.rows(OLD, values![before, piece]).await?;
            let ids = rows
                .iter()
                .map(|row| row.int(0))
                .collect::<Result<Vec<_>, _>>()?;
            let number = ids.len();
            if number == 0 {
                return Ok(forgotten);
            }
            self.write(move |txn| {
                Box::pin(async move {
                    for what in LISTED {
                        let values = ids.iter().flat_map(|id| values![*id]).collect();
                        insert(&mut txn.conn, what, values).await?;
                    }
                    Ok(())
                })
            })
            .await?;
            forgotten += number as u64;
        }
    }

    /// Adds what happened to a message.
    pub async fn event_add(&self, trace: TraceId, at: i64, event: NewEvent) -> Result<(), Error> {
        self.write(move |txn| {
            Box::pin(async move {
                let values = event_values(txn, trace, at, &event);
                insert(&mut txn.conn, &INSERT_EVENT, values).await
            })
        })
        .await
    }
}
