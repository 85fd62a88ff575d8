//! The outbox as administrators work on it: what waits by destination, and retry, hold, release, drop over many rows at
//! once. Touches no row that a worker holds; who may do it was decided above.

use super::*;
use crate::audit::{self, NewAudit};

/// Pending rows that fit; `$7` is a unit's path: only what accounts of that subtree sent.
macro_rules! fitting {
    ($front:literal, $rest:literal) => {
        concat!(
            $front,
            " FROM outbox WHERE ended_at IS NULL AND ($1 = '' OR state = $1) AND ($2 = '' OR domain = $2) \
             AND ($3 = '' OR lower(mail_from) = $3) AND ($4 = '' OR lower(recipient) = $4) AND ($5 = 0 OR trace_id = $5) \
             AND ($6 = 0 OR id = $6) AND ($7 = '' OR EXISTS (SELECT s.id FROM submission s, principal p, unit u \
             WHERE s.id = outbox.submission_id AND p.id = s.account_id AND u.id = p.unit_id \
             AND substr(u.path, 1, length($7)) = $7)) ",
            $rest
        )
    };
}
macro_rules! columns {
    ($rest:literal) => {
        fitting!(
            "SELECT id, submission_id, trace_id, body_id, mail_from, recipient, domain, priority, state, attempts, \
             next_at, expires_at, delay_noticed_at, last_code, last_text, created_at, ended_at, asked",
            $rest
        )
    };
}
const LIST: &str = columns!("ORDER BY next_at, id LIMIT $8");
const PIECE: &str = columns!("AND id > $8 ORDER BY id LIMIT $9");
const COUNT: &str = fitting!("SELECT state, COUNT(*)", "GROUP BY state");
/// Of every domain the row that was tried most often, with the numbers of the whole domain.
const GROUPS: &str = concat!(
    "SELECT id, submission_id, trace_id, body_id, mail_from, recipient, domain, priority, state, attempts, next_at, \
     expires_at, delay_noticed_at, last_code, last_text, created_at, ended_at, asked, number, held, leased, oldest_at, \
     soonest_at FROM (",
    fitting!(
        "SELECT id, submission_id, trace_id, body_id, mail_from, recipient, domain, priority, state, attempts, next_at, \
         expires_at, delay_noticed_at, last_code, last_text, created_at, ended_at, asked, \
         COUNT(*) OVER (PARTITION BY domain) AS number, \
         COUNT(CASE WHEN state = 'held' THEN 1 END) OVER (PARTITION BY domain) AS held, \
         COUNT(CASE WHEN state = 'leased' THEN 1 END) OVER (PARTITION BY domain) AS leased, \
         MIN(created_at) OVER (PARTITION BY domain) AS oldest_at, \
         MIN(CASE WHEN state = 'due' THEN next_at END) OVER (PARTITION BY domain) AS soonest_at, \
         ROW_NUMBER() OVER (PARTITION BY domain ORDER BY attempts DESC, id) AS place",
        ""
    ),
    ") AS ranked WHERE place = 1 ORDER BY number DESC, domain LIMIT $8"
);
const ACT: Listed = Listed::new(
    "ittii",
    "WITH v(k, s, a, n, e) AS (VALUES {}) UPDATE outbox SET state = v.s, asked = v.a, next_at = COALESCE(v.n, next_at), \
     ended_at = v.e FROM v WHERE outbox.id = v.k AND outbox.ended_at IS NULL AND outbox.state <> 'leased' \
     RETURNING id, trace_id, recipient, domain, next_at",
);
pub(crate) const SQL: &[&str] = &[LIST, PIECE, COUNT, GROUPS];
pub(crate) const LISTED: &[&Listed] = &[&ACT];

/// Which pending rows; an empty field takes all. Addresses and domains in lower case.
#[derive(Clone, Debug, Default)]
pub struct QueueFilter {
    pub state: Option<OutboxState>,
    pub domain: String,
    pub sender: String,
    pub recipient: String,
    pub trace: Option<TraceId>,
    pub row: Option<OutboxId>,
    /// A unit's path: only what accounts of its subtree sent; "" is everything, the server's own reports too.
    pub subtree: String,
}

impl QueueFilter {
    fn values(&self) -> Vec<Value> {
        values![
            self.state.map_or("", OutboxState::as_str),
            &self.domain,
            &self.sender,
            &self.recipient,
            self.trace.map_or(0, |id| id.0),
            self.row.map_or(0, |id| id.0),
            &self.subtree,
        ]
    }
}

/// A pending row, and what was asked for it and not done yet.
#[derive(Clone, Debug)]
pub struct QueueRow {
    pub row: OutboxRow,
    pub asked: Option<Asked>,
}

/// What waits for one domain.
#[derive(Clone, Debug)]
pub struct QueueGroup {
    /// The row that was tried most often: its last words say why the domain waits.
    pub worst: QueueRow,
    pub number: u64,
    pub held: u64,
    pub leased: u64,
    pub oldest_at: i64,
    /// The next try of any of them; `None` when all are held or on their way.
    pub soonest_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCount {
    pub due: u64,
    pub held: u64,
    /// With a worker at this moment: nothing can be done to them.
    pub leased: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QueueAct {
    /// Due rows are tried now, even where the destination rests.
    Retry,
    /// Due rows wait until they are released.
    Hold,
    /// Held rows are due again.
    Release,
    /// Due and held rows end; nobody is told.
    Drop,
    /// Due and held rows end with a report to their sender, written by the outbound worker.
    DropTelling,
}

impl QueueAct {
    pub fn takes(self, state: OutboxState) -> bool {
        match self {
            QueueAct::Retry | QueueAct::Hold => state == OutboxState::Due,
            QueueAct::Release => state == OutboxState::Held,
            QueueAct::Drop | QueueAct::DropTelling => {
                matches!(state, OutboxState::Due | OutboxState::Held)
            }
        }
    }

    /// (new state, what the worker is asked, when due, when ended, word of the trace)
    fn change(self, now: i64) -> Change {
        match self {
            QueueAct::Retry => Change("due", Some("retry"), Some(now), None, Some("queued")),
            QueueAct::Hold => Change("held", None, None, None, Some("held")),
            QueueAct::Release => Change("due", Some("retry"), Some(now), None, Some("queued")),
            QueueAct::Drop => Change("never", None, None, Some(now), Some("dropped")),
            QueueAct::DropTelling => Change("due", Some("drop"), Some(now), None, None),
        }
    }
}

struct Change(
    &'static str,
    Option<&'static str>,
    Option<i64>,
    Option<i64>,
    Option<&'static str>,
);

/// What one piece of an act did.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueueDone {
    pub rows: u64,
    /// Rows that were on their way at that moment and were left alone.
    pub leased: u64,
    /// The last row looked at, to go on from; `None`: there are no more.
    pub last: Option<OutboxId>,
}

fn queue_row(row: &Row) -> Result<QueueRow, Error> {
    Ok(QueueRow {
        row: outbox_row(row)?,
        asked: row.opt_text(17)?.as_deref().and_then(Asked::parse),
    })
}

fn count(row: &Row, column: usize) -> Result<u64, Error> {
    Ok(u64::try_from(row.int(column)?).unwrap_or(0))
}

async fn act_on(
    txn: &mut Txn,
    (piece, most): (Vec<Value>, usize),
    act: QueueAct,
    now: i64,
    detail: String,
    audited: NewAudit,
) -> Result<QueueDone, Error> {
    let rows = txn.conn.rows(PIECE, piece).await?;
    let mut done = QueueDone::default();
    let Change(state, asked, next_at, ended_at, event) = act.change(now);
    let mut values = Vec::new();
    for row in &rows {
        let one = outbox_row(row)?;
        done.last = Some(one.id);
        done.leased += u64::from(one.state == OutboxState::Leased);
        if act.takes(one.state) {
            values.push(values![one.id, state, asked, next_at, ended_at]);
        }
    }
    let changed = listed_rows(&mut txn.conn, &ACT, values).await?;
    done.rows = changed.len() as u64;
    if rows.len() < most {
        done.last = None;
    }
    if changed.is_empty() {
        return Ok(done);
    }
    if let Some(event) = event {
        let mut events = Vec::new();
        for row in &changed {
            let (trace, recipient) = (row.int(1)?, row.text(2)?);
            let no_code: Option<i64> = None;
            events.extend(values![
                txn.next_id(),
                trace,
                now,
                recipient,
                event,
                no_code,
                &detail
            ]);
        }
        insert(&mut txn.conn, &INSERT_EVENT, events).await?;
    }
    if state == "due" {
        wait_for_rows(txn, &changed, (3, 4)).await?;
    }
    let detail = format!("{} người nhận; {}", done.rows, audited.detail);
    audit::append(txn, NewAudit { detail, ..audited }, now).await?;
    Ok(done)
}

impl Store {
    /// Pending rows in the order they fall due.
    pub async fn queue_list(
        &self,
        filter: &QueueFilter,
        rows: usize,
    ) -> Result<Vec<QueueRow>, Error> {
        let mut values = filter.values();
        values.extend(values![i64::try_from(rows).unwrap_or(i64::MAX)]);
        let found = self.rows(LIST, values).await?;
        found.iter().map(queue_row).collect()
    }

    pub async fn queue_count(&self, filter: &QueueFilter) -> Result<QueueCount, Error> {
        let mut found = QueueCount::default();
        for row in self.rows(COUNT, filter.values()).await? {
            match OutboxState::parse(row.str(0)?) {
                Some(OutboxState::Due) => found.due = count(&row, 1)?,
                Some(OutboxState::Held) => found.held = count(&row, 1)?,
                Some(OutboxState::Leased) => found.leased = count(&row, 1)?,
                _ => {}
            }
        }
        Ok(found)
    }

    /// What waits by domain, the fullest first.
    pub async fn queue_groups(
        &self,
        filter: &QueueFilter,
        groups: usize,
    ) -> Result<Vec<QueueGroup>, Error> {
        let mut values = filter.values();
        values.extend(values![i64::try_from(groups).unwrap_or(i64::MAX)]);
        let found = self.rows(GROUPS, values).await?;
        found
            .iter()
            .map(|row| {
                Ok(QueueGroup {
                    worst: queue_row(row)?,
                    number: count(row, 18)?,
                    held: count(row, 19)?,
                    leased: count(row, 20)?,
                    oldest_at: row.int(21)?,
                    soonest_at: row.opt_int(22)?,
                })
            })
            .collect()
    }

    /// One piece of an act: at most `rows` fitting rows after `after`, in one transaction with their trace and the audit
    /// row. A row that a worker holds is counted and left alone.
    #[allow(clippy::too_many_arguments)] // What is asked, of whom, by whom: passed on once.
    pub async fn queue_act(
        &self,
        filter: &QueueFilter,
        after: OutboxId,
        rows: usize,
        act: QueueAct,
        now: i64,
        detail: &str,
        audited: NewAudit,
    ) -> Result<QueueDone, Error> {
        let mut piece = filter.values();
        piece.extend(values![after, i64::try_from(rows).unwrap_or(i64::MAX)]);
        let detail = detail.to_owned();
        let done = self
            .write(move |txn| Box::pin(act_on(txn, (piece, rows), act, now, detail, audited)))
            .await?;
        Ok(done)
    }
}
