//! The store itself: opened once, cheap to clone. Reads take a connection of the pool; every write goes through the
//! one writer, so that order, UIDs and MODSEQs have one source.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use sqlx::SqlSafeStr;
use tokio::sync::{Notify, broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::Error;
use crate::answer::AnswerDue;
use crate::body::BodyCache;
use crate::db::{Conn, Row, Value};
use crate::deliver::{self, Roles};
use crate::dialect::Dialect;
use crate::feed::{self, Wake, Wakes};
use crate::id::IdMaker;
use crate::limits::{WAKES, WRITER_QUEUE};
use crate::met::Met;
use crate::noun::{Delivery, Placed};
use crate::open::{self, Config, Connect, DataLock, NodeLock, Pool};
use crate::search::Index;
use crate::sending::Counted;
use crate::trace::Refusals;
use crate::writer::{Request, Txn, Work, Writer};

/// The newest ids of the tables that grow.
const NEWEST: &str = "SELECT (SELECT MAX(id) FROM body), (SELECT MAX(id) FROM email), (SELECT MAX(id) FROM trace), \
     (SELECT MAX(id) FROM trace_event), (SELECT MAX(id) FROM outbox), (SELECT MAX(id) FROM attempt), \
     (SELECT MAX(id) FROM audit), (SELECT MAX(id) FROM assignment_event), (SELECT MAX(id) FROM principal), \
     (SELECT MAX(id) FROM mailbox), (SELECT MAX(id) FROM credential), (SELECT MAX(id) FROM quarantine)";
const NEWEST_COLUMNS: usize = 12;
pub(crate) const SQL: &[&str] = &[NEWEST];

/// The store of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Store(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub pool: Pool,
    pub connect: Connect,
    pub data: PathBuf,
    pub node: u8,
    pub ids: Arc<IdMaker>,
    pub wake: broadcast::Sender<Wake>,
    pub bodies: BodyCache,
    pub search: Index,
    pub refusals: Refusals,
    pub index: Arc<Notify>,
    pub leasing: tokio::sync::Mutex<()>,
    requests: Mutex<Option<mpsc::Sender<Request>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in self
            .tasks
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
        {
            task.abort();
        }
    }
}

impl Store {
    /// Opens the store, bringing its tables up to date.
    pub async fn open(config: Config) -> Result<Store, Error> {
        let connect = Connect::from(&config)?;
        std::fs::create_dir_all(config.data.join("bodies"))
            .map_err(|cause| Error::Broken(format!("{}: {cause}", config.data.display())))?;
        let turn = open::opening_turn(&config.data).await?;
        connect.migrate().await?;
        let pool = connect.readers(&config.limits).await?;
        let (requests, waiting) = mpsc::channel(WRITER_QUEUE);
        let (wake, _) = broadcast::channel(WAKES);
        let ids = Arc::new(IdMaker::new(config.node));
        // A clock that was set back must not give an id again.
        if let Some(row) = pool.conn().await?.row(NEWEST, vec![]).await? {
            for column in 0..NEWEST_COLUMNS {
                ids.go_on_after(row.opt_int(column)?.unwrap_or(0));
            }
        }
        let index = Arc::new(Notify::new());
        let sender = ids.next(crate::clock::now_ms());
        let txn = Txn {
            conn: connect.writer().await?,
            wakes: Wakes::default(),
            ids: Arc::clone(&ids),
            roles: Roles::default(),
        };
        let writer = Writer::new(
            txn,
            connect.clone(),
            sender,
            wake.clone(),
            Arc::clone(&index),
        );
        let search = Index::open(&config.data, &config.limits).await?;
        let store = Store(Arc::new(Inner {
            pool,
            connect,
            node: config.node,
            bodies: BodyCache::new(config.limits.body_cache_bytes),
            data: config.data,
            ids,
            wake,
            search,
            refusals: Refusals::default(),
            index,
            leasing: tokio::sync::Mutex::default(),
            requests: Mutex::new(Some(requests)),
            writer: Mutex::new(Some(tokio::spawn(writer.run(waiting)))),
            tasks: Mutex::default(),
        }));
        store.start_tasks(sender).await?;
        // Only now: a new index is emptied once more when its tasks start.
        drop(turn);
        Ok(store)
    }

    /// Tasks hold the store weakly, so that dropping the last clone ends them.
    async fn start_tasks(&self, sender: i64) -> Result<(), Error> {
        crate::search::queue_if_lost(self).await?;
        let mut tasks = vec![
            tokio::spawn(crate::search::keep_index(
                Arc::downgrade(&self.0),
                Arc::clone(&self.0.index),
            )),
            tokio::spawn(crate::trace::write_refusals(Arc::downgrade(&self.0))),
        ];
        if let Some(conn) = crate::checkpoint::connection(&self.0.connect).await? {
            let checkpoints = crate::checkpoint::keep_log_short(Arc::downgrade(&self.0), conn);
            tasks.push(tokio::spawn(checkpoints));
        }
        if let Some(mut listener) = self.0.pool.listener().await? {
            let (wake, index) = (self.0.wake.clone(), Arc::clone(&self.0.index));
            tasks.push(tokio::spawn(async move {
                loop {
                    let wakes = match listener.try_recv().await {
                        Ok(Some(notice)) => feed::heard(notice.payload(), sender),
                        // The connection was lost; what came meanwhile is not known.
                        Ok(None) => Some(Wake::everybody()),
                        Err(cause) => {
                            tracing::warn!(%cause, "cannot listen to PostgreSQL");
                            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                            None
                        }
                    };
                    if let Some(wakes) = wakes {
                        // Nobody listening is no failure.
                        let _ = wake.send(wakes);
                        index.notify_one();
                    }
                }
            }));
        }
        self.0
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .append(&mut tasks);
        Ok(())
    }

    /// Writes what waits, then closes every connection. Later calls are refused.
    pub async fn close(&self) {
        crate::trace::flush_refusals(self).await;
        let requests = self
            .0
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(requests);
        let tasks: Vec<_> = self
            .0
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
            .collect();
        for task in tasks {
            task.abort();
        }
        let writer = self
            .0
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer
            && let Err(cause) = writer.await
        {
            tracing::error!(%cause, "the writer ended badly");
        }
        self.0.search.close().await;
        self.0.pool.close().await;
    }

    /// Takes a data folder for one server; `Exists` when another server has it.
    pub fn lock_data(data: &Path) -> Result<DataLock, Error> {
        open::lock_data(data)
    }

    /// Takes this node's number on PostgreSQL; `Exists` when another server has it. Always free on SQLite.
    pub async fn lock_node(&self) -> Result<NodeLock, Error> {
        open::lock_node(&self.0.connect, self.0.node).await
    }

    pub fn ids(&self) -> &IdMaker {
        &self.0.ids
    }

    /// The next id; always greater than every one given before.
    pub fn next_id(&self, now: i64) -> i64 {
        self.0.ids.next(now)
    }

    pub fn dialect(&self) -> Dialect {
        self.0.pool.dialect()
    }

    /// Woken after each commit. Who lags reads the table after the own cursor.
    pub fn changes(&self) -> broadcast::Receiver<Wake> {
        self.0.wake.subscribe()
    }

    pub(crate) async fn read(&self) -> Result<Conn, Error> {
        self.0.pool.conn().await
    }

    pub(crate) async fn rows(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        self.read().await?.rows(sql, values).await
    }

    pub(crate) async fn row(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Option<Row>, Error> {
        self.read().await?.row(sql, values).await
    }

    async fn request(&self, request: Request) -> Result<(), Error> {
        let requests = self
            .0
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let closed = || Error::Later("the store is closed".to_owned());
        requests
            .ok_or_else(closed)?
            .send(request)
            .await
            .map_err(|_| closed())
    }

    /// Writes a delivery with all it stands for; committed and on disk when this returns (promise 1).
    pub async fn deliver(&self, delivery: Delivery) -> Result<Vec<Placed>, Error> {
        self.deliver_with(delivery, None, Vec::new()).await
    }

    /// The same with what goes into the same transaction: what it counts against the day's limits, and the automatic
    /// answers owed to it.
    pub async fn deliver_with(
        &self,
        delivery: Delivery,
        counted: Option<Counted>,
        answers: Vec<AnswerDue>,
    ) -> Result<Vec<Placed>, Error> {
        self.deliver_beside(delivery, counted, answers, Vec::new())
            .await
    }

    /// The same, with who met whom by it.
    pub async fn deliver_beside(
        &self,
        delivery: Delivery,
        counted: Option<Counted>,
        answers: Vec<AnswerDue>,
        met: Vec<Met>,
    ) -> Result<Vec<Placed>, Error> {
        let (id, raw) = (delivery.body.id, delivery.body.raw.clone());
        let mut prepared = deliver::prepare(delivery, self.bodies_folder()).await?;
        prepared.counted = counted;
        prepared.answers = answers;
        prepared.met = met;
        let (answer, answered) = oneshot::channel();
        self.request(Request::Deliver(Box::new(prepared), answer))
            .await?;
        let placed = answered
            .await
            .map_err(|_| Error::Later("the writer has gone".to_owned()))??;
        self.0.bodies.put(id, &raw);
        Ok(placed)
    }

    /// Writes several deliveries, all or none; committed and on disk when this returns (promise 1).
    pub async fn deliver_all(&self, all: Vec<Delivery>) -> Result<Vec<Vec<Placed>>, Error> {
        let mut prepared = Vec::with_capacity(all.len());
        for delivery in all {
            prepared.push(deliver::prepare(delivery, self.bodies_folder()).await?);
        }
        self.write(move |txn| {
            Box::pin(async move {
                let all: Vec<_> = prepared.iter().collect();
                deliver::write(txn, &all).await
            })
        })
        .await
    }

    /// Runs a job in the writer's transaction; committed when this returns, undone alone when it fails.
    pub(crate) async fn write<T, F>(&self, job: F) -> Result<T, Error>
    where
        F: for<'a> FnOnce(&'a mut Txn) -> BoxFuture<'a, Result<T, Error>> + Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work = Work {
            job: Some(job),
            outcome: None,
            answer,
        };
        self.request(Request::Job(Box::new(work))).await?;
        answered
            .await
            .map_err(|_| Error::Later("the writer has gone".to_owned()))?
    }
}
