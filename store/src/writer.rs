//! The one writer with group commit: takes everything that waits, writes it in one transaction, commits once, answers
//! all, then wakes the feed. A failing request fails alone. Knows no table.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::AssertSqlSafe;
use tokio::sync::{Notify, broadcast, mpsc, oneshot};

use crate::Error;
use crate::db::{Conn, values};
use crate::deliver::{self, Prepared, Roles};
use crate::dialect::Dialect;
use crate::feed::{Wake, Wakes};
use crate::id::{BodyId, IdMaker};
use crate::limits::{
    BATCH_BYTES, BATCH_COPIES, BATCH_REQUESTS, FOREIGN_POLL_MS, LOST_COMMIT_MS,
    LOST_COMMIT_PAUSE_MS, PATIENCE_MS, SLOW_COMMIT_MS,
};
use crate::noun::Placed;
use crate::open::Connect;

/// The writer's transaction as a job sees it.
pub(crate) struct Txn {
    pub conn: Conn,
    pub wakes: Wakes,
    pub ids: Arc<IdMaker>,
    pub roles: Roles,
}

impl Txn {
    pub fn next_id(&self) -> i64 {
        self.ids.next(crate::clock::now_ms())
    }
}

pub(crate) type Answer<T> = oneshot::Sender<Result<T, Error>>;

pub(crate) enum Request {
    Deliver(Box<Prepared>, Answer<Vec<Placed>>),
    Job(Box<dyn Job>),
}

/// Something else to be done in the writer's transaction, answered after the commit.
pub(crate) trait Job: Send {
    fn run<'a>(&'a mut self, txn: &'a mut Txn) -> BoxFuture<'a, bool>;
    fn answer(self: Box<Self>, not_committed: Option<Error>);
}

pub(crate) struct Work<F, T> {
    pub job: Option<F>,
    pub outcome: Option<Result<T, Error>>,
    pub answer: Answer<T>,
}

impl<F, T> Job for Work<F, T>
where
    F: for<'a> FnOnce(&'a mut Txn) -> BoxFuture<'a, Result<T, Error>> + Send,
    T: Send,
{
    fn run<'a>(&'a mut self, txn: &'a mut Txn) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let Some(job) = self.job.take() else {
                return false;
            };
            let outcome = AssertUnwindSafe(job(txn)).catch_unwind().await;
            let outcome =
                outcome.unwrap_or_else(|_| Err(Error::Broken("a job panicked".to_owned())));
            let done = outcome.is_ok();
            self.outcome = Some(outcome);
            done
        })
    }

    fn answer(self: Box<Self>, not_committed: Option<Error>) {
        let outcome = match (self.outcome, not_committed) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(cause)) => Err(cause),
            (Some(done), None) => done,
            (None, None) => Err(Error::Broken("a job was not run".to_owned())),
        };
        // The caller may have gone away; the commit stands.
        let _ = self.answer.send(outcome);
    }
}

pub(crate) struct Writer {
    pub txn: Txn,
    pub connect: Connect,
    pub sender: i64,
    pub wake: broadcast::Sender<Wake>,
    pub index: Arc<Notify>,
    data_version: i64,
    looked_at: Instant,
}

type Delivered = (Box<Prepared>, Answer<Vec<Placed>>);

impl Writer {
    pub fn new(
        txn: Txn,
        connect: Connect,
        sender: i64,
        wake: broadcast::Sender<Wake>,
        index: Arc<Notify>,
    ) -> Writer {
        Writer {
            txn,
            connect,
            sender,
            wake,
            index,
            data_version: -1,
            looked_at: Instant::now(),
        }
    }

    /// Runs until every sender of requests is gone.
    pub async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let poll = Duration::from_millis(FOREIGN_POLL_MS);
        let mut last = Last::default();
        loop {
            self.look_for_others().await;
            match tokio::time::timeout(poll, requests.recv()).await {
                Err(_idle) => {}
                Ok(None) => break,
                Ok(Some(first)) => {
                    let batch = gather(first, &mut requests, last).await;
                    let (number, begun) = (batch.0.len() + batch.1.len(), Instant::now());
                    self.write(batch).await;
                    last = Last {
                        requests: number,
                        took: begun.elapsed(),
                    };
                    // Whoever was just answered may have the next request at hand.
                    tokio::task::yield_now().await;
                }
            }
        }
        if let Err(cause) = self.txn.conn.close().await {
            tracing::warn!(%cause, "the writer's connection did not close cleanly");
        }
    }

    /// SQLite has no notifications: its data version tells that another process wrote.
    async fn look_for_others(&mut self) {
        if self.txn.conn.dialect() != Dialect::Sqlite
            || (self.data_version >= 0
                && self.looked_at.elapsed() < Duration::from_millis(FOREIGN_POLL_MS))
        {
            return;
        }
        self.looked_at = Instant::now();
        match self.txn.conn.row("PRAGMA data_version", values![]).await {
            Ok(row) => {
                let version = row.and_then(|row| row.int(0).ok()).unwrap_or(0);
                if self.data_version >= 0 && self.data_version != version {
                    self.txn.roles.clear();
                    // Nobody listening is no failure.
                    let _ = self.wake.send(Wake::everybody());
                    self.index.notify_one();
                }
                self.data_version = version;
            }
            Err(cause) => tracing::warn!(%cause, "could not look for other processes' writes"),
        }
    }

    async fn write(&mut self, (deliveries, mut jobs): (Vec<Delivered>, Vec<Box<dyn Job>>)) {
        let outcome = self.transaction(&deliveries, &mut jobs).await;
        let (placed, failure) = match outcome {
            Ok(placed) => (placed, None),
            Err(cause) => {
                self.recover(&cause).await;
                (Vec::new(), Some(later(&cause)))
            }
        };
        match &failure {
            None => self.tell(),
            Some(_) => drop(self.txn.wakes.take()),
        }
        let mut placed = placed.into_iter();
        for (_, answer) in deliveries {
            let outcome = match &failure {
                Some(cause) => Err(cause.again()),
                None => placed
                    .next()
                    .unwrap_or_else(|| Err(Error::Broken("a delivery was not written".to_owned()))),
            };
            // The caller may have gone away; the commit stands.
            let _ = answer.send(outcome);
        }
        for job in jobs {
            job.answer(failure.as_ref().map(Error::again));
        }
    }

    /// One transaction around everything; an error means that nothing was committed.
    async fn transaction(
        &mut self,
        deliveries: &[Delivered],
        jobs: &mut [Box<dyn Job>],
    ) -> Result<Vec<Result<Vec<Placed>, Error>>, Error> {
        self.begin().await?;
        let mut placed = Vec::new();
        if !deliveries.is_empty() {
            let all: Vec<&Prepared> = deliveries.iter().map(|(one, _)| one.as_ref()).collect();
            placed = match deliver::write(&mut self.txn, &all).await {
                Ok(placed) => placed.into_iter().map(Ok).collect(),
                Err(cause) => {
                    self.txn.conn.raw("ROLLBACK").await?;
                    self.begin().await?;
                    if all.len() == 1 {
                        vec![Err(cause)]
                    } else {
                        self.deliver_singly(&all).await?
                    }
                }
            };
        }
        for job in jobs {
            self.txn.conn.raw("SAVEPOINT one").await?;
            let done = job.run(&mut self.txn).await;
            let end = if done {
                "RELEASE SAVEPOINT one"
            } else {
                UNDO_ONE
            };
            self.txn.conn.raw(end).await?;
        }
        let payload = self.txn.wakes.payload(self.sender);
        let commit = self.txn.conn.dialect().commit(&payload);
        if let Err(cause) = self.txn.conn.raw(AssertSqlSafe(commit)).await {
            // The answer is missing, which does not say that the commit is.
            let mark = deliveries
                .iter()
                .zip(&placed)
                .find(|(_, done)| done.is_ok());
            match mark.map(|((one, _), _)| one.body()) {
                Some(body) if self.has_committed(body).await => {
                    tracing::warn!(%cause, "a commit lost its answer and stands");
                }
                _ => return Err(cause),
            }
        }
        Ok(placed)
    }

    /// Whether the batch that wrote this body stands, asked over a new connection of PostgreSQL. The writers' lock is
    /// taken first: whoever still commits for the lost connection holds it, so the answer is final.
    async fn has_committed(&mut self, body: BodyId) -> bool {
        if self.txn.conn.dialect() != Dialect::Postgres {
            return false;
        }
        let asked = async {
            loop {
                match self.look_for(body).await {
                    Ok(found) => return found,
                    Err(cause) => tracing::warn!(%cause, "cannot ask yet whether a commit stands"),
                }
                tokio::time::sleep(Duration::from_millis(LOST_COMMIT_PAUSE_MS)).await;
            }
        };
        let patience = Duration::from_millis(LOST_COMMIT_MS);
        tokio::time::timeout(patience, asked).await.unwrap_or(false)
    }

    async fn look_for(&mut self, body: BodyId) -> Result<bool, Error> {
        let mut conn = self.connect.writer().await?;
        let begin = conn.dialect().begin();
        conn.raw(AssertSqlSafe(begin)).await?;
        let found = conn.row(BODY_THERE, values![body]).await?.is_some();
        conn.raw("ROLLBACK").await?;
        self.txn.conn = conn;
        Ok(found)
    }

    async fn begin(&mut self) -> Result<(), Error> {
        let begin = self.txn.conn.dialect().begin();
        self.txn.conn.raw(AssertSqlSafe(begin)).await
    }

    /// After a batch failed: each delivery on its own, so that only the bad one fails.
    async fn deliver_singly(
        &mut self,
        all: &[&Prepared],
    ) -> Result<Vec<Result<Vec<Placed>, Error>>, Error> {
        let mut outcomes = Vec::with_capacity(all.len());
        for one in all {
            self.txn.conn.raw("SAVEPOINT one").await?;
            let outcome = deliver::write(&mut self.txn, &[*one]).await;
            let end = if outcome.is_ok() {
                "RELEASE SAVEPOINT one"
            } else {
                UNDO_ONE
            };
            self.txn.conn.raw(end).await?;
            outcomes.push(outcome.map(|mut placed| placed.pop().unwrap_or_default()));
        }
        Ok(outcomes)
    }

    /// Brings the connection back to where a transaction can begin, making a new one where it is gone.
    async fn recover(&mut self, cause: &Error) {
        tracing::error!(%cause, "a transaction was not committed");
        self.txn.roles.clear();
        let alive = self.txn.conn.raw("ROLLBACK").await.is_ok()
            || self.txn.conn.raw("SELECT 1").await.is_ok();
        if alive {
            return;
        }
        match self.connect.writer().await {
            Ok(conn) => self.txn.conn = conn,
            Err(cause) => tracing::error!(%cause, "the database cannot be reached"),
        }
    }

    fn tell(&mut self) {
        if std::mem::take(&mut self.txn.wakes.index) {
            self.index.notify_one();
        }
        if !self.txn.wakes.is_empty() {
            // Nobody listening is no failure.
            let _ = self.wake.send(self.txn.wakes.take());
        }
    }
}

const BODY_THERE: &str = "SELECT id FROM body WHERE id = $1";
pub(crate) const SQL: &[&str] = &[BODY_THERE];
const UNDO_ONE: &str = "ROLLBACK TO SAVEPOINT one; RELEASE SAVEPOINT one";

/// What the callers of a batch that was not committed are told: nothing was changed, try again.
fn later(cause: &Error) -> Error {
    match cause {
        Error::Broken(text) => Error::Broken(text.clone()),
        other => Error::Later(other.to_string()),
    }
}

/// Everything that waits, up to what one transaction should hold. Where a commit is slow and the last batch had
/// several requests, their callers get a moment to be part of this one too; alone, a letter waits for nobody.
async fn gather(first: Request, requests: &mut mpsc::Receiver<Request>, last: Last) -> Batch {
    let (mut deliveries, mut jobs) = (Vec::new(), Vec::new());
    let (mut copies, mut bytes) = (0, 0);
    let patience = last
        .patience()
        .map(|moment| tokio::time::Instant::now() + moment);
    let mut next = Some(first);
    while let Some(request) = next {
        match request {
            Request::Deliver(prepared, answer) => {
                copies += prepared.rows();
                bytes += prepared.bytes();
                deliveries.push((prepared, answer));
            }
            Request::Job(job) => jobs.push(job),
        }
        let gathered = deliveries.len() + jobs.len();
        if gathered >= BATCH_REQUESTS || copies >= BATCH_COPIES || bytes >= BATCH_BYTES {
            break;
        }
        next = requests.try_recv().ok();
        if let (None, Some(until)) = (&next, patience)
            && gathered < last.requests
        {
            next = tokio::time::timeout_at(until, requests.recv())
                .await
                .ok()
                .flatten();
        }
    }
    (deliveries, jobs)
}

/// What one transaction takes up.
type Batch = (Vec<Delivered>, Vec<Box<dyn Job>>);

/// The last batch.
#[derive(Clone, Copy, Default)]
struct Last {
    requests: usize,
    took: Duration,
}

impl Last {
    /// How long the next batch may wait for the callers of the last one: a part of what a commit costs them anyway.
    fn patience(self) -> Option<Duration> {
        let slow = self.took >= Duration::from_millis(SLOW_COMMIT_MS);
        (self.requests > 1 && slow).then(|| (self.took / 4).min(Duration::from_millis(PATIENCE_MS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_crowd_on_a_slow_disk_waits() {
        let last = |requests, ms| {
            Last {
                requests,
                took: Duration::from_millis(ms),
            }
            .patience()
        };
        assert_eq!(last(1, 50), None);
        assert_eq!(last(20, 1), None);
        assert_eq!(last(20, 6), Some(Duration::from_micros(1500)));
        assert_eq!(last(20, 1000), Some(Duration::from_millis(PATIENCE_MS)));
    }
}
