//! Opening: connections of both databases with their settings, migrations, the lock on the data folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::Error;
use crate::db::{Conn, values};
use crate::dialect::{CHANNEL, Dialect, SERVER_LOCK};
use crate::limits::{
    BUSY_TIMEOUT_MS, Limits, READER_CACHE_KIB, STATEMENTS, WAL_CHECKPOINT_PAGES, WRITER_CACHE_KIB,
};

/// Where the store is.
#[derive(Clone, Debug)]
pub struct Config {
    /// `sqlite:///path/congthu.db` or `postgres://…`.
    pub url: String,
    /// Folder of the bodies and of the search index.
    pub data: PathBuf,
    /// Separates processes that write to one database at the same time (0 to 63).
    pub node: u8,
    pub limits: Limits,
}

impl Config {
    /// SQLite inside a data folder.
    pub fn sqlite(data: &Path) -> Config {
        Config {
            url: format!("sqlite://{}", data.join("congthu.db").display()),
            data: data.to_owned(),
            node: 0,
            limits: Limits::default(),
        }
    }
}

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/postgres");

/// How connections are made, again after a loss too.
#[derive(Clone)]
pub(crate) enum Connect {
    Lite(Box<SqliteConnectOptions>),
    Pg(Box<PgConnectOptions>),
}

impl Connect {
    pub fn from(config: &Config) -> Result<Connect, Error> {
        let url = &config.url;
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)?;
            return Ok(Connect::Lite(Box::new(lite_options(
                options,
                &config.limits,
            ))));
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url)?
                .statement_cache_capacity(STATEMENTS)
                .application_name("congthu")
                .options([("jit", "off")])
                .disable_statement_logging();
            return Ok(Connect::Pg(Box::new(options)));
        }
        Err(Error::Broken(
            "the database address begins with neither sqlite: nor postgres:".into(),
        ))
    }

    /// The writer's own connection.
    pub async fn writer(&self) -> Result<Conn, Error> {
        Ok(match self {
            Connect::Lite(options) => {
                let options = options
                    .as_ref()
                    .clone()
                    .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"));
                Conn::Lite(Box::new(SqliteConnection::connect_with(&options).await?))
            }
            Connect::Pg(options) => Conn::Pg(Box::new(PgConnection::connect_with(options).await?)),
        })
    }

    pub async fn readers(&self, limits: &Limits) -> Result<Pool, Error> {
        let wait = Duration::from_secs(30);
        Ok(match self {
            Connect::Lite(options) => {
                let options = options
                    .as_ref()
                    .clone()
                    .pragma("cache_size", format!("-{READER_CACHE_KIB}"))
                    .pragma("query_only", "1");
                let pool = SqlitePoolOptions::new()
                    .max_connections(limits.readers)
                    .min_connections(1)
                    .acquire_timeout(wait)
                    .idle_timeout(None)
                    .max_lifetime(None)
                    .test_before_acquire(false);
                Pool::Lite(pool.connect_with(options).await?)
            }
            Connect::Pg(options) => {
                let pool = PgPoolOptions::new()
                    .max_connections(limits.readers)
                    .acquire_timeout(wait)
                    .test_before_acquire(false);
                Pool::Pg(pool.connect_with(options.as_ref().clone()).await?)
            }
        })
    }

    pub async fn migrate(&self) -> Result<(), Error> {
        let broken = |cause: sqlx::migrate::MigrateError| Error::Broken(cause.to_string());
        match self {
            Connect::Lite(options) => {
                if let Some(folder) = options.get_filename().parent() {
                    std::fs::create_dir_all(folder)
                        .map_err(|cause| Error::Broken(cause.to_string()))?;
                }
                let mut conn = SqliteConnection::connect_with(options.as_ref()).await?;
                SQLITE
                    .run_direct(None, &mut conn, false)
                    .await
                    .map_err(broken)?;
                conn.close().await?;
            }
            Connect::Pg(options) => {
                let mut conn = PgConnection::connect_with(options).await?;
                POSTGRES
                    .run_direct(None, &mut conn, false)
                    .await
                    .map_err(broken)?;
                conn.close().await?;
            }
        }
        Ok(())
    }
}

/// Waits until no other process opens a store on this folder: SQLite has no lock for making tables, and a command beside the
/// first start would make the same ones. The turn ends when the file is closed.
pub(crate) async fn opening_turn(data: &Path) -> Result<File, Error> {
    let path = data.join("opening.lock");
    let take = move || {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        file.lock()?;
        Ok(file)
    };
    let taken: Result<std::io::Result<File>, _> = tokio::task::spawn_blocking(take).await;
    taken
        .map_err(|cause| Error::Broken(cause.to_string()))?
        .map_err(|cause| Error::Broken(format!("lock for opening: {cause}")))
}

/// WAL with synchronous=FULL: a commit is on disk when it returns (promise 1).
fn lite_options(options: SqliteConnectOptions, limits: &Limits) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))
        .statement_cache_capacity(STATEMENTS)
        .row_buffer_size(512)
        .pragma("temp_store", "memory")
        .pragma("mmap_size", limits.mmap_bytes.to_string())
        .pragma("wal_autocheckpoint", WAL_CHECKPOINT_PAGES.to_string())
        .disable_statement_logging()
}

/// Connections that read.
pub(crate) enum Pool {
    Lite(SqlitePool),
    Pg(PgPool),
}

impl Pool {
    pub async fn conn(&self) -> Result<Conn, Error> {
        Ok(match self {
            Pool::Lite(pool) => Conn::LitePool(pool.acquire().await?),
            Pool::Pg(pool) => Conn::PgPool(pool.acquire().await?),
        })
    }

    pub fn dialect(&self) -> Dialect {
        match self {
            Pool::Lite(_) => Dialect::Sqlite,
            Pool::Pg(_) => Dialect::Postgres,
        }
    }

    /// Listens to other processes, on PostgreSQL.
    pub async fn listener(&self) -> Result<Option<PgListener>, Error> {
        let Pool::Pg(pool) = self else {
            return Ok(None);
        };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.ignore_pool_close_event(false);
        listener.listen(CHANNEL).await?;
        Ok(Some(listener))
    }

    pub async fn close(&self) {
        match self {
            Pool::Lite(pool) => pool.close().await,
            Pool::Pg(pool) => pool.close().await,
        }
    }
}

/// Held as long as a server runs on a data folder.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

/// Held as long as a server runs as this node of a PostgreSQL database; ends with its connection.
pub struct NodeLock {
    _conn: Option<Conn>,
}

/// Takes the data folder for one server; `Exists` when another has it.
pub(crate) fn lock_data(data: &Path) -> Result<DataLock, Error> {
    std::fs::create_dir_all(data).map_err(|cause| Error::Broken(cause.to_string()))?;
    let path = data.join("congthu.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|cause| Error::Broken(format!("{}: {cause}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(DataLock { _file: file }),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Exists(format!(
            "a server already runs on {}",
            data.display()
        ))),
        Err(std::fs::TryLockError::Error(cause)) => Err(Error::Broken(cause.to_string())),
    }
}

pub(crate) const SQL_PG: &[&str] = &[TRY_NODE_LOCK];
const TRY_NODE_LOCK: &str =
    "SELECT CASE WHEN pg_try_advisory_lock($1) THEN 1::BIGINT ELSE 0::BIGINT END";

/// Takes a node number of a PostgreSQL database for one server; nothing to do on SQLite.
pub(crate) async fn lock_node(connect: &Connect, node: u8) -> Result<NodeLock, Error> {
    if matches!(connect, Connect::Lite(_)) {
        return Ok(NodeLock { _conn: None });
    }
    let mut conn = connect.writer().await?;
    let got = conn
        .row(TRY_NODE_LOCK, values![SERVER_LOCK + i64::from(node)])
        .await?;
    match got {
        Some(row) if row.flag(0)? => Ok(NodeLock { _conn: Some(conn) }),
        _ => Err(Error::Exists(format!(
            "a server already runs as node {node} of this database"
        ))),
    }
}
