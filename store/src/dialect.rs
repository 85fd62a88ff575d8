//! All that differs between SQLite and PostgreSQL, in one file. Everything else is one SQL text.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use sqlx::AssertSqlSafe;

use crate::listed::Listed;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// The key of the lock that makes all writers of one PostgreSQL database take turns.
const WRITER_LOCK: i64 = 0x636f_6e67_7468_7531;
/// The key of the lock a serving node holds as long as it runs; the node number is added.
pub(crate) const SERVER_LOCK: i64 = 0x636f_6e67_7468_7600;
/// The channel other processes are woken on.
pub(crate) const CHANNEL: &str = "congthu";

impl Dialect {
    /// Begins the writer's transaction. Writers of several processes take turns, so that counters, the change
    /// log and the audit chain have one order; one round trip.
    pub(crate) fn begin(self) -> String {
        match self {
            Dialect::Sqlite => "BEGIN IMMEDIATE".to_owned(),
            Dialect::Postgres => format!("BEGIN; SELECT pg_advisory_xact_lock({WRITER_LOCK})"),
        }
    }

    /// Commits; on PostgreSQL the same round trip wakes the other processes. NOTIFY in front also makes a
    /// COMMIT of an aborted transaction an error instead of a silent rollback.
    pub(crate) fn commit(self, payload: &str) -> String {
        match self {
            Dialect::Sqlite => "COMMIT".to_owned(),
            Dialect::Postgres => {
                let quoted = payload.replace('\'', "''");
                format!("NOTIFY {CHANNEL}, '{quoted}'; COMMIT")
            }
        }
    }

    /// The text of a statement around `rows` rows: tuples on SQLite; on PostgreSQL one array per column, whatever the
    /// number of rows. Each text is made once and kept, so that connections find their prepared statement again.
    pub(crate) fn listed(self, what: &'static Listed, rows: usize) -> AssertSqlSafe<Arc<str>> {
        static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let text = made.entry((self, what.sql, rows)).or_insert_with(|| {
            let list = match self {
                Dialect::Sqlite => format!("VALUES {}", tuples(rows, what.columns())),
                Dialect::Postgres => unnest(what.kinds, 1),
            };
            Arc::from(what.sql.replacen("VALUES {}", &list, 1))
        });
        AssertSqlSafe(Arc::clone(text))
    }
}

impl Dialect {
    /// Several inserts as one statement of PostgreSQL; they may not need each other's rows.
    pub(crate) fn joined(self, all: &[&'static Listed]) -> AssertSqlSafe<String> {
        let mut text = String::new();
        let mut first = 1;
        for (place, what) in all.iter().enumerate() {
            let insert = what
                .sql
                .replacen("VALUES {}", &unnest(what.kinds, first), 1);
            first += what.columns();
            text.push_str(&match (place, place + 1 == all.len()) {
                (0, false) => format!("WITH part0 AS ({insert})"),
                (_, false) => format!(", part{place} AS ({insert})"),
                (_, true) => format!(" {insert}"),
            });
        }
        AssertSqlSafe(text)
    }
}

/// `(?,?),(?,?)`: nameless, because SQLite looks names up one by one.
fn tuples(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row; rows].join(",")
}

/// `SELECT * FROM UNNEST($1::BIGINT[],$2::TEXT[])`.
fn unnest(kinds: &str, first: usize) -> String {
    let columns: Vec<String> = kinds
        .chars()
        .enumerate()
        .map(|(place, kind)| {
            let kind = match kind {
                't' => "TEXT",
                'r' => "DOUBLE PRECISION",
                'b' => "BYTEA",
                _ => "BIGINT",
            };
            format!("${}::{kind}[]", place + first)
        })
        .collect();
    format!("SELECT * FROM UNNEST({})", columns.join(","))
}

/// Statements made so far, by database, template and rows.
type Made = HashMap<(Dialect, &'static str, usize), Arc<str>>;

/// Sizes in which lists are sent to SQLite: few, so that every size has its prepared statement.
pub(crate) const CHUNKS: [usize; 8] = [128, 64, 32, 16, 8, 4, 2, 1];

/// The size of the next piece of a list of `left` items.
pub(crate) fn chunk(left: usize) -> usize {
    CHUNKS.into_iter().find(|size| *size <= left).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_written_for_each_database() {
        const BOTH: Listed = Listed::new("it", "INSERT INTO x VALUES {} ON CONFLICT DO NOTHING");
        assert_eq!(
            &*Dialect::Sqlite.listed(&BOTH, 2).0,
            "INSERT INTO x VALUES (?,?),(?,?) ON CONFLICT DO NOTHING"
        );
        assert_eq!(
            &*Dialect::Postgres.listed(&BOTH, 2).0,
            "INSERT INTO x SELECT * FROM UNNEST($1::BIGINT[],$2::TEXT[]) ON CONFLICT DO NOTHING"
        );
        const OTHER: Listed = Listed::new("r", "INSERT INTO y VALUES {}");
        assert_eq!(
            Dialect::Postgres.joined(&[&OTHER, &OTHER]).0,
            "WITH part0 AS (INSERT INTO y SELECT * FROM UNNEST($1::DOUBLE PRECISION[])) \
             INSERT INTO y SELECT * FROM UNNEST($2::DOUBLE PRECISION[])"
        );
    }

    #[test]
    fn chunks_cover_a_list() {
        let mut left = 150;
        let mut sizes = Vec::new();
        while left > 0 {
            sizes.push(chunk(left));
            left -= chunk(left);
        }
        assert_eq!(sizes, [128, 16, 4, 2]);
    }
}
