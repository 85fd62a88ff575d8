//! The outbox: one row per recipient elsewhere, leased by workers, settled after every attempt. Fair: domains are served
//! in turn, so that one dead domain with 50,000 due rows starves nobody. Knows no SMTP and decides no retry time.

mod lease;
mod queue;
mod reading;

pub(crate) use queue::{LISTED as QUEUE_LISTED, SQL as QUEUE_SQL};
pub use queue::{QueueAct, QueueCount, QueueDone, QueueFilter, QueueGroup, QueueRow};

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, LazyLock};

use sqlx::AssertSqlSafe;

use crate::Error;
use crate::clock::now_ms;
use crate::db::{Conn, Row, Value, values};
use crate::deliver::INSERT_EVENT;
use crate::id::*;
use crate::listed::{Listed, insert, listed_rows};
use crate::noun::*;
use crate::store::Store;
use crate::writer::Txn;

const DUE_DOMAINS: &str =
    "SELECT domain FROM destination WHERE next_at <= $1 ORDER BY next_at LIMIT $2";
const DUE_ROWS: &str = "SELECT id FROM outbox WHERE state = 'due' AND domain = $1 AND next_at <= $2 \
     ORDER BY next_at LIMIT $3";
const LEASE: Listed = Listed::new(
    "iti",
    "WITH v(k, w, u) AS (VALUES {}) UPDATE outbox SET state = 'leased', leased_by = v.w, lease_until = v.u \
     FROM v WHERE outbox.id = v.k AND state = 'due' RETURNING id",
);
const LEASED: Listed = Listed::new(
    "i",
    "WITH v(k) AS (VALUES {}) SELECT o.id, o.submission_id, o.trace_id, o.body_id, s.account_id, o.mail_from, o.recipient, \
     o.domain, o.notify, o.orcpt, s.envid, s.ret, o.smtputf8, s.requiretls, o.priority, o.attempts, o.created_at, \
     o.expires_at, o.delay_noticed_at, o.asked, o.list FROM v CROSS JOIN outbox o CROSS JOIN submission s \
     WHERE o.id = v.k AND s.id = o.submission_id ORDER BY o.next_at, o.id",
);
/// Every domain that now has due rows; a domain with several rows stands once, at its earliest.
pub(crate) const AWAIT: Listed = Listed::new(
    "ti",
    "INSERT INTO destination (domain, next_at) VALUES {} ON CONFLICT (domain) DO UPDATE SET \
     next_at = CASE WHEN excluded.next_at < destination.next_at THEN excluded.next_at ELSE destination.next_at END",
);
/// When a domain that was just served is due next; one that still has rows due goes to the end of the line.
const NEXT_OF: Listed = Listed::new(
    "ti",
    "WITH v(d, t) AS (VALUES {}), w AS MATERIALIZED (SELECT v.d AS d, v.t AS t, COALESCE((SELECT o.next_at FROM outbox o \
     WHERE o.state = 'due' AND o.domain = v.d ORDER BY o.next_at LIMIT 1), 9223372036854775807) AS n FROM v) \
     UPDATE destination SET next_at = CASE WHEN w.n < w.t THEN w.t ELSE w.n END FROM w WHERE destination.domain = w.d",
);
const NOTHING_DUE: &str = "DELETE FROM destination WHERE next_at = 9223372036854775807";
const SETTLE: Listed = Listed::new(
    "itiiiti",
    "WITH v(k, s, n, e, c, t, d) AS (VALUES {}) UPDATE outbox SET state = v.s, \
     next_at = COALESCE(v.n, next_at), attempts = attempts + 1, leased_by = NULL, lease_until = NULL, last_code = v.c, \
     last_text = v.t, ended_at = v.e, asked = NULL, delay_noticed_at = COALESCE(v.d, delay_noticed_at) FROM v WHERE outbox.id = v.k \
     AND ended_at IS NULL RETURNING id, trace_id, recipient, domain, next_at",
);
const INSERT_ATTEMPT: Listed = Listed::new(
    "iiitttttitt",
    "INSERT INTO attempt (id, outbox_id, at, outcome, host, ip, tls, certificate, code, \
     enhanced, text) VALUES {}",
);
const RELEASE_EXPIRED: &str = "UPDATE outbox SET state = 'due', leased_by = NULL, lease_until = NULL \
     WHERE state = 'leased' AND lease_until <= $1 RETURNING domain, next_at";
const RELEASE_WORKER: &str = "UPDATE outbox SET state = 'due', leased_by = NULL, lease_until = NULL \
     WHERE state = 'leased' AND leased_by = $1 RETURNING domain, next_at";
const NEXT_DUE: &str = "SELECT (SELECT next_at FROM destination ORDER BY next_at LIMIT 1), \
     (SELECT lease_until FROM outbox WHERE state = 'leased' ORDER BY lease_until LIMIT 1)";
const SET_STATE: &str = "UPDATE outbox SET state = $2, next_at = COALESCE($3, next_at), ended_at = $4 WHERE id = $1 \
     AND ended_at IS NULL AND state <> 'leased' RETURNING trace_id, recipient, domain, next_at";
macro_rules! outbox_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, submission_id, trace_id, body_id, mail_from, recipient, domain, priority, state, attempts, \
             next_at, expires_at, delay_noticed_at, last_code, last_text, created_at, ended_at FROM outbox WHERE ",
            $rest
        )
    };
}
const ROW: &str = outbox_columns!("id = $1");
const OF_TRACE: &str = outbox_columns!("trace_id = $1 ORDER BY id");
const PENDING: &str = outbox_columns!(
    "ended_at IS NULL AND ($1 = '' OR state = $1) AND ($2 = '' OR domain = $2) AND ($3 = '' OR mail_from = $3) \
     AND ($4 = '' OR recipient = $4) ORDER BY next_at, id LIMIT $5"
);
const COUNTS: &str =
    "SELECT state, COUNT(*), MIN(created_at) FROM outbox WHERE ended_at IS NULL GROUP BY state";
const TOP_DOMAINS: &str = "SELECT domain, COUNT(*) FROM outbox WHERE ended_at IS NULL GROUP BY domain \
     ORDER BY 2 DESC, 1 LIMIT $1";
const ATTEMPTS: &str = "SELECT id, at, outcome, host, ip, tls, certificate, code, enhanced, text FROM attempt \
     WHERE outbox_id = $1 ORDER BY id";
const SUBMISSION: &str = "SELECT id, account_id, body_id, trace_id, mail_from, envid, ret, priority, requiretls, created_at \
     FROM submission WHERE id = $1";
pub(crate) const SQL: &[&str] = &[
    DUE_DOMAINS,
    DUE_ROWS,
    NOTHING_DUE,
    RELEASE_EXPIRED,
    RELEASE_WORKER,
    NEXT_DUE,
    SET_STATE,
    ROW,
    OF_TRACE,
    PENDING,
    COUNTS,
    TOP_DOMAINS,
    ATTEMPTS,
    SUBMISSION,
];
pub(crate) const LISTED: &[&Listed] =
    &[&LEASE, &LEASED, &AWAIT, &NEXT_OF, &SETTLE, &INSERT_ATTEMPT];

/// An urgent row stands in the line as if it had waited this much longer, ms for each step of priority.
const URGENT_MS: i64 = 3_600_000;

/// Where a new row stands in the line. A release in the future is never moved forward (RFC 4865).
pub(crate) fn line_place(due_at: i64, priority: i8, now: i64) -> i64 {
    if due_at > now {
        due_at
    } else {
        due_at - i64::from(priority.max(0)) * URGENT_MS
    }
}

/// What state an outbox row is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutboxState {
    Due,
    Leased,
    Held,
    Sent,
    Never,
}

words!(OutboxState { Due = "due", Leased = "leased", Held = "held", Sent = "sent", Never = "never" });

/// An outbox row as pages and commands show it.
#[derive(Clone, Debug)]
pub struct OutboxRow {
    pub id: OutboxId,
    pub submission: SubmissionId,
    pub trace: TraceId,
    pub body: BodyId,
    pub mail_from: String,
    pub recipient: String,
    pub domain: String,
    pub priority: i8,
    pub state: OutboxState,
    pub attempts: u32,
    pub next_at: i64,
    pub expires_at: i64,
    pub delay_noticed_at: Option<i64>,
    pub last_code: Option<u32>,
    pub last_text: Option<String>,
    pub created_at: i64,
    pub ended_at: Option<i64>,
}

/// Which pending rows; an empty field takes all.
#[derive(Clone, Debug, Default)]
pub struct OutboxFilter {
    pub state: Option<OutboxState>,
    pub domain: String,
    pub mail_from: String,
    pub recipient: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    pub due: u64,
    pub leased: u64,
    pub held: u64,
    /// When the oldest pending row was made.
    pub oldest_at: Option<i64>,
}

/// One attempt of one recipient's history.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub id: AttemptId,
    pub at: i64,
    /// sent | later | never
    pub outcome: String,
    pub evidence: Evidence,
}

#[derive(Clone, Debug)]
pub struct Submission {
    pub id: SubmissionId,
    pub account: AccountId,
    pub body: BodyId,
    pub trace: TraceId,
    pub mail_from: String,
    pub envid: Option<String>,
    pub ret: Option<String>,
    pub priority: i8,
    pub requiretls: bool,
    pub created_at: i64,
}

use crate::noun::words;

fn priority(row: &Row, column: usize) -> Result<i8, Error> {
    Ok(i8::try_from(row.int(column)?).unwrap_or(0))
}

fn leased_row(row: &Row) -> Result<Leased, Error> {
    Ok(Leased {
        id: OutboxId(row.int(0)?),
        submission: SubmissionId(row.int(1)?),
        trace: TraceId(row.int(2)?),
        body: BodyId(row.int(3)?),
        account: AccountId(row.int(4)?),
        mail_from: row.text(5)?,
        recipient: row.text(6)?,
        domain: row.text(7)?,
        notify: row.opt_text(8)?,
        orcpt: row.opt_text(9)?,
        envid: row.opt_text(10)?,
        ret: row.opt_text(11)?,
        smtputf8: row.flag(12)?,
        requiretls: row.flag(13)?,
        priority: priority(row, 14)?,
        attempts: row.small(15)?,
        created_at: row.int(16)?,
        expires_at: row.int(17)?,
        delay_noticed_at: row.opt_int(18)?,
        asked: row.opt_text(19)?.as_deref().and_then(Asked::parse),
        list: row.opt_text(20)?,
    })
}

fn outbox_row(row: &Row) -> Result<OutboxRow, Error> {
    let state = row.str(8)?;
    Ok(OutboxRow {
        id: OutboxId(row.int(0)?),
        submission: SubmissionId(row.int(1)?),
        trace: TraceId(row.int(2)?),
        body: BodyId(row.int(3)?),
        mail_from: row.text(4)?,
        recipient: row.text(5)?,
        domain: row.text(6)?,
        priority: priority(row, 7)?,
        state: OutboxState::parse(state)
            .ok_or_else(|| Error::Broken(format!("an outbox row has the unknown state {state}")))?,
        attempts: row.small(9)?,
        next_at: row.int(10)?,
        expires_at: row.int(11)?,
        delay_noticed_at: row.opt_int(12)?,
        last_code: row.opt_small(13)?,
        last_text: row.opt_text(14)?,
        created_at: row.int(15)?,
        ended_at: row.opt_int(16)?,
    })
}

/// Writes down when domains are due again.
pub(crate) async fn wait_for(
    conn: &mut Conn,
    rows: impl IntoIterator<Item = (String, i64)>,
) -> Result<(), Error> {
    insert(conn, &AWAIT, await_values(rows)).await
}

/// Each domain once, at its earliest: one statement may not touch a row twice.
pub(crate) fn await_values(rows: impl IntoIterator<Item = (String, i64)>) -> Vec<Value> {
    let mut earliest: BTreeMap<String, i64> = BTreeMap::new();
    for (domain, at) in rows {
        let first = earliest.entry(domain).or_insert(at);
        *first = at.min(*first);
    }
    earliest
        .into_iter()
        .flat_map(|(domain, at)| values![domain, at])
        .collect()
}

async fn wait_for_rows(txn: &mut Txn, rows: &[Row], columns: (usize, usize)) -> Result<(), Error> {
    let due = rows
        .iter()
        .map(|row| Ok((row.text(columns.0)?, row.int(columns.1)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    txn.wakes.outbox |= !due.is_empty();
    wait_for(&mut txn.conn, due).await
}

async fn settle(txn: &mut Txn, settlements: Vec<Settlement>) -> Result<(), Error> {
    let values = settlements.iter().map(|one| {
        let (state, next_at, ended_at) = match one.settled {
            Settled::Sent => ("sent", None, Some(one.at)),
            Settled::Later { next_at } => ("due", Some(next_at), None),
            Settled::Never => ("never", None, Some(one.at)),
        };
        let noticed = one.delay_noticed.then_some(one.at);
        let (code, text) = (one.evidence.code, &one.evidence.text);
        values![one.outbox, state, next_at, ended_at, code, text, noticed]
    });
    let rows = listed_rows(&mut txn.conn, &SETTLE, values.collect()).await?;
    let mut settled = BTreeMap::new();
    for row in &rows {
        settled.insert(row.int(0)?, row);
    }
    let (mut attempts, mut events, mut due) = (Vec::new(), Vec::new(), Vec::new());
    for one in &settlements {
        let Some(row) = settled.get(&one.outbox.0) else {
            continue;
        };
        let evidence = &one.evidence;
        let (outcome, event) = match one.settled {
            Settled::Sent => ("sent", "sent"),
            Settled::Later { .. } => ("later", "deferred"),
            Settled::Never => ("never", "bounced"),
        };
        attempts.extend(values![
            txn.next_id(),
            one.outbox,
            one.at,
            outcome,
            &evidence.host,
            &evidence.ip,
            &evidence.tls,
            &evidence.certificate,
            evidence.code,
            evidence.enhanced.as_deref(),
            &evidence.text,
        ]);
        let detail = [evidence.host.as_str(), evidence.text.as_str()].join(" ");
        let (trace, recipient) = (row.int(1)?, row.text(2)?);
        events.extend(values![
            txn.next_id(),
            trace,
            one.at,
            recipient,
            event,
            evidence.code,
            detail.trim()
        ]);
        if let Settled::Later { .. } = one.settled {
            due.push((row.text(3)?, row.int(4)?));
        }
    }
    insert(&mut txn.conn, &INSERT_ATTEMPT, attempts).await?;
    insert(&mut txn.conn, &INSERT_EVENT, events).await?;
    wait_for(&mut txn.conn, due).await
}

impl Store {
    /// Settles attempts: the row, its history and the trace, in one transaction. Rows that ended already stay as
    /// they are.
    pub async fn outbox_settle(&self, settlements: Vec<Settlement>) -> Result<(), Error> {
        self.write(move |txn| Box::pin(settle(txn, settlements)))
            .await
    }

    /// When the next row falls due or the next lease ends; `None`: nothing waits.
    pub async fn outbox_next_due(&self) -> Result<Option<i64>, Error> {
        let Some(row) = self.row(NEXT_DUE, values![]).await? else {
            return Ok(None);
        };
        Ok(match (row.opt_int(0)?, row.opt_int(1)?) {
            (Some(due), Some(lease)) => Some(due.min(lease)),
            (due, lease) => due.or(lease),
        })
    }

    /// Gives back what a worker had leased (it stopped, or starts again after a crash). Returns how many.
    pub async fn outbox_release_leases(&self, worker: &str) -> Result<usize, Error> {
        let worker = worker.to_owned();
        self.write(move |txn| {
            Box::pin(async move {
                let rows = txn.conn.rows(RELEASE_WORKER, values![worker]).await?;
                wait_for_rows(txn, &rows, (0, 1)).await?;
                Ok(rows.len())
            })
        })
        .await
    }

    async fn outbox_release_expired(&self, now: i64) -> Result<(), Error> {
        let next = self.row(NEXT_DUE, values![]).await?;
        let lease = match next {
            Some(row) => row.opt_int(1)?,
            None => None,
        };
        if lease.is_none_or(|until| until > now) {
            return Ok(());
        }
        self.write(move |txn| {
            Box::pin(async move {
                let rows = txn.conn.rows(RELEASE_EXPIRED, values![now]).await?;
                wait_for_rows(txn, &rows, (0, 1)).await
            })
        })
        .await
    }

    /// Holds a row, makes it due at a time, or ends it ("never": dropped). `false`: it ended already or is leased.
    pub async fn outbox_set_state(
        &self,
        id: OutboxId,
        state: OutboxState,
        next_at: Option<i64>,
        detail: &str,
    ) -> Result<bool, Error> {
        let detail = detail.to_owned();
        if !matches!(
            state,
            OutboxState::Due | OutboxState::Held | OutboxState::Never
        ) {
            return Err(Error::Broken(
                "an outbox row is settled, not set".to_owned(),
            ));
        }
        self.write(move |txn| {
            Box::pin(async move {
                let now = now_ms();
                let ended_at = (state == OutboxState::Never).then_some(now);
                let values = values![id, state.as_str(), next_at, ended_at];
                let Some(row) = txn.conn.row(SET_STATE, values).await? else {
                    return Ok(false);
                };
                let event = match state {
                    OutboxState::Never => "dropped",
                    OutboxState::Held => "held",
                    _ => "queued",
                };
                let no_code: Option<i64> = None;
                let (trace, recipient) = (row.int(0)?, row.text(1)?);
                let values = values![txn.next_id(), trace, now, recipient, event, no_code, detail];
                insert(&mut txn.conn, &INSERT_EVENT, values).await?;
                if state == OutboxState::Due {
                    wait_for_rows(txn, &[row], (2, 3)).await?;
                }
                Ok(true)
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgent_rows_stand_further_in_front_but_never_before_their_time() {
        assert_eq!(line_place(1000, 0, 1000), 1000);
        assert_eq!(
            line_place(10_000_000, 2, 10_000_000),
            10_000_000 - 7_200_000
        );
        assert_eq!(line_place(2000, 4, 1000), 2000);
        assert_eq!(line_place(1000, -3, 1000), 1000);
    }
}
