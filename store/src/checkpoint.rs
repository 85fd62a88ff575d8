//! Copying SQLite's write-ahead log back into the database file, beside the writer instead of inside its commits: a
//! delivery never waits for it. The data is safe in the log before and after (promise 1).

use std::sync::Weak;
use std::time::Duration;

use sqlx::AssertSqlSafe;

use crate::Error;
use crate::db::{Conn, values};
use crate::limits::{
    CHECKPOINT_MS, CHECKPOINT_PAGES, CHECKPOINT_RESTART_PAGES, CHECKPOINT_WAIT_MS,
};
use crate::open::Connect;
use crate::store::Inner;

/// Copies what readers and the writer leave free; waits for nobody.
const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// Lets the log begin again at its start; keeps the writer waiting for the little that is left.
const RESTART: &str = "PRAGMA wal_checkpoint(RESTART)";

/// Checkpoints until the store is gone.
pub(crate) async fn keep_log_short(store: Weak<Inner>, mut conn: Conn) {
    while store.strong_count() > 0 {
        if let Err(cause) = step(&mut conn).await {
            // The writer checkpoints by itself when the log grows far beyond the bound.
            tracing::warn!(%cause, "the write-ahead log could not be copied back");
        }
        tokio::time::sleep(Duration::from_millis(CHECKPOINT_MS)).await;
    }
}

/// A connection for checkpoints: it gives up early instead of holding the writer up behind a long reader.
pub(crate) async fn connection(connect: &Connect) -> Result<Option<Conn>, Error> {
    if matches!(connect, Connect::Pg(_)) {
        return Ok(None);
    }
    let mut conn = connect.writer().await?;
    let wait = format!("PRAGMA busy_timeout = {CHECKPOINT_WAIT_MS}");
    conn.row(AssertSqlSafe(wait), values![]).await?;
    Ok(Some(conn))
}

async fn step(conn: &mut Conn) -> Result<(), Error> {
    let pages = checkpoint(conn, PASSIVE).await?;
    if pages >= CHECKPOINT_RESTART_PAGES {
        checkpoint(conn, RESTART).await?;
    } else if pages >= CHECKPOINT_PAGES {
        // Most is copied already: another passive one catches up with what was written meanwhile.
        checkpoint(conn, PASSIVE).await?;
    }
    Ok(())
}

/// The number of pages in the log.
async fn checkpoint(conn: &mut Conn, how: &'static str) -> Result<i64, Error> {
    let row = conn.row(how, values![]).await?;
    row.map_or(Ok(0), |row| row.int(1))
}
