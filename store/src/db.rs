//! One connection type for both databases: values in, rows out. Knows no table. The drivers are used natively,
//! because sqlx's Any driver copies every text and blob twice and rebuilds the column list for each row.

use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, Postgres, Row as _, SqlSafeStr, Sqlite};

use crate::Error;
use crate::dialect::Dialect;

/// A bound value; NULL keeps its type, which PostgreSQL wants to know.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Int(Option<i64>),
    Real(f64),
    Text(Option<String>),
    Blob(Option<Vec<u8>>),
}

macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}
pub(crate) use values;

macro_rules! from_ints {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Value { fn from(value: $kind) -> Self { Value::Int(Some(i64::from(value))) } }
        impl From<Option<$kind>> for Value { fn from(value: Option<$kind>) -> Self { Value::Int(value.map(i64::from)) } }
    )*};
}
from_ints!(i64, i32, u32, u16, u8, i8, bool);

macro_rules! from_ids {
    ($($kind:ident),*) => {$(
        impl From<crate::id::$kind> for Value { fn from(id: crate::id::$kind) -> Self { Value::Int(Some(id.0)) } }
        impl From<Option<crate::id::$kind>> for Value { fn from(id: Option<crate::id::$kind>) -> Self { Value::Int(id.map(|id| id.0)) } }
    )*};
}
from_ids!(
    DomainId,
    UnitId,
    PrincipalId,
    AccountId,
    MailboxId,
    EmailId,
    BodyId,
    ThreadId,
    SubmissionId,
    OutboxId,
    AttemptId,
    TraceId,
    QuarantineId,
    CredentialId,
    SourceId,
    AssignmentId,
    AssigneeId,
    SubscriptionId,
    EventId
);

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Real(value)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(Some(clean(value.to_owned())))
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(Some(clean(value)))
    }
}
impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Value::from(value.as_str())
    }
}
impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Value::Text(value.map(clean))
    }
}
impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        Value::Text(value.map(|text| clean(text.to_owned())))
    }
}
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Value::Blob(Some(value))
    }
}
impl From<Option<Vec<u8>>> for Value {
    fn from(value: Option<Vec<u8>>) -> Self {
        Value::Blob(value)
    }
}

/// PostgreSQL refuses NUL in text, and SQLite's functions stop at it: shown text never keeps one.
/// The original bytes are in the body (promise 3).
fn clean(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

/// A connection to either database, owned or borrowed from a pool.
pub(crate) enum Conn {
    Lite(Box<SqliteConnection>),
    LitePool(PoolConnection<Sqlite>),
    Pg(Box<PgConnection>),
    PgPool(PoolConnection<Postgres>),
}

enum Link<'c> {
    Lite(&'c mut SqliteConnection),
    Pg(&'c mut PgConnection),
}

impl Conn {
    pub fn dialect(&self) -> Dialect {
        match self {
            Conn::Lite(_) | Conn::LitePool(_) => Dialect::Sqlite,
            Conn::Pg(_) | Conn::PgPool(_) => Dialect::Postgres,
        }
    }

    fn link(&mut self) -> Link<'_> {
        match self {
            Conn::Lite(conn) => Link::Lite(conn),
            Conn::LitePool(conn) => Link::Lite(conn),
            Conn::Pg(conn) => Link::Pg(conn),
            Conn::PgPool(conn) => Link::Pg(conn),
        }
    }

    /// All rows of a statement.
    pub fn rows(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        let sql = sql.into_sql_str();
        Box::pin(async move {
            match self.link() {
                Link::Lite(conn) => {
                    let rows = sqlx::query_with(sql, lite_arguments(values)?)
                        .fetch_all(conn)
                        .await?;
                    Ok(rows.into_iter().map(Row::Lite).collect())
                }
                Link::Pg(conn) => {
                    let rows = sqlx::query_with(sql, pg_arguments(values)?)
                        .fetch_all(conn)
                        .await?;
                    Ok(rows.into_iter().map(Row::Pg).collect())
                }
            }
        })
    }

    /// The first row of a statement, if any.
    pub fn row(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> BoxFuture<'_, Result<Option<Row>, Error>> {
        let sql = sql.into_sql_str();
        Box::pin(async move {
            match self.link() {
                Link::Lite(conn) => {
                    let row = sqlx::query_with(sql, lite_arguments(values)?)
                        .fetch_optional(conn)
                        .await?;
                    Ok(row.map(Row::Lite))
                }
                Link::Pg(conn) => {
                    let row = sqlx::query_with(sql, pg_arguments(values)?)
                        .fetch_optional(conn)
                        .await?;
                    Ok(row.map(Row::Pg))
                }
            }
        })
    }

    /// Runs a statement; the number of rows it touched.
    pub fn run(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        let sql = sql.into_sql_str();
        Box::pin(async move {
            match self.link() {
                Link::Lite(conn) => Ok(sqlx::query_with(sql, lite_arguments(values)?)
                    .execute(conn)
                    .await?
                    .rows_affected()),
                Link::Pg(conn) => Ok(sqlx::query_with(sql, pg_arguments(values)?)
                    .execute(conn)
                    .await?
                    .rows_affected()),
            }
        })
    }

    /// Runs text without values, several statements in one round trip.
    pub fn raw(&mut self, sql: impl SqlSafeStr) -> BoxFuture<'_, Result<(), Error>> {
        let sql = sql.into_sql_str();
        Box::pin(async move {
            match self.link() {
                Link::Lite(conn) => sqlx::raw_sql(sql).execute(conn).await.map(drop)?,
                Link::Pg(conn) => sqlx::raw_sql(sql).execute(conn).await.map(drop)?,
            }
            Ok(())
        })
    }

    /// Runs a statement over arrays (PostgreSQL only).
    pub fn run_arrays(
        &mut self,
        sql: impl SqlSafeStr,
        arrays: PgArguments,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        let sql = sql.into_sql_str();
        Box::pin(async move {
            match self.link() {
                Link::Lite(_) => Err(no_arrays()),
                Link::Pg(conn) => Ok(sqlx::query_with(sql, arrays)
                    .execute(conn)
                    .await?
                    .rows_affected()),
            }
        })
    }

    /// All rows of a statement over arrays (PostgreSQL only).
    pub fn rows_arrays(
        &mut self,
        sql: impl SqlSafeStr,
        arrays: PgArguments,
    ) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        let sql = sql.into_sql_str();
        Box::pin(async move {
            match self.link() {
                Link::Lite(_) => Err(no_arrays()),
                Link::Pg(conn) => {
                    let rows = sqlx::query_with(sql, arrays).fetch_all(conn).await?;
                    Ok(rows.into_iter().map(Row::Pg).collect())
                }
            }
        })
    }

    /// Closes an owned connection in order; one from a pool goes back.
    pub async fn close(self) -> Result<(), Error> {
        use sqlx::Connection as _;
        match self {
            Conn::Lite(conn) => conn.close().await?,
            Conn::Pg(conn) => conn.close().await?,
            Conn::LitePool(_) | Conn::PgPool(_) => {}
        }
        Ok(())
    }

    /// Prepares a statement without running it.
    pub async fn prepare(&mut self, sql: impl SqlSafeStr) -> Result<(), Error> {
        use sqlx::Executor as _;
        match self.link() {
            Link::Lite(conn) => conn.prepare(sql.into_sql_str()).await.map(drop)?,
            Link::Pg(conn) => conn.prepare(sql.into_sql_str()).await.map(drop)?,
        }
        Ok(())
    }
}

fn no_arrays() -> Error {
    Error::Broken("SQLite has no arrays".to_owned())
}

fn lite_arguments(values: Vec<Value>) -> Result<SqliteArguments, Error> {
    let mut arguments = SqliteArguments::default();
    Arguments::reserve(&mut arguments, values.len(), 0);
    for value in values {
        match value {
            Value::Int(value) => Arguments::add(&mut arguments, value),
            Value::Real(value) => Arguments::add(&mut arguments, value),
            Value::Text(value) => Arguments::add(&mut arguments, value),
            Value::Blob(value) => Arguments::add(&mut arguments, value),
        }
        .map_err(|cause| Error::Broken(cause.to_string()))?;
    }
    Ok(arguments)
}

fn pg_arguments(values: Vec<Value>) -> Result<PgArguments, Error> {
    let mut arguments = PgArguments::default();
    arguments.reserve(values.len(), values.len() * 16);
    for value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::Real(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Blob(value) => arguments.add(value),
        }
        .map_err(|cause| Error::Broken(cause.to_string()))?;
    }
    Ok(arguments)
}

/// A row of either database, read by column number.
pub(crate) enum Row {
    Lite(SqliteRow),
    Pg(PgRow),
}

macro_rules! getters {
    ($($name:ident -> $kind:ty),* $(,)?) => {$(
        pub fn $name(&self, column: usize) -> Result<$kind, Error> {
            Ok(match self {
                Row::Lite(row) => row.try_get_unchecked(column)?,
                Row::Pg(row) => row.try_get(column)?,
            })
        }
    )*};
}

impl Row {
    getters! {
        int -> i64,
        opt_int -> Option<i64>,
        real -> f64,
        text -> String,
        opt_text -> Option<String>,
        blob -> Vec<u8>,
        opt_blob -> Option<Vec<u8>>,
    }

    /// Text without copying it.
    pub fn str(&self, column: usize) -> Result<&str, Error> {
        Ok(match self {
            Row::Lite(row) => row.try_get_unchecked(column)?,
            Row::Pg(row) => row.try_get(column)?,
        })
    }

    pub fn flag(&self, column: usize) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    /// A number that fits 32 bits; a larger one means a damaged row.
    pub fn small(&self, column: usize) -> Result<u32, Error> {
        u32::try_from(self.int(column)?)
            .map_err(|_| Error::Broken(format!("column {column} is out of range")))
    }

    pub fn opt_small(&self, column: usize) -> Result<Option<u32>, Error> {
        Ok(self
            .opt_int(column)?
            .and_then(|value| u32::try_from(value).ok()))
    }
}
