//! All that differs between SQLite and PostgreSQL, in one file. Everything else is one SQL text.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use sqlx::AssertSqlSafe;

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

    /// Writes a placeholder. SQLite gets nameless ones in long statements: it looks names up one by one.
    fn placeholder(self, into: &mut String, number: usize) {
        match self {
            Dialect::Sqlite => into.push('?'),
            Dialect::Postgres => {
                // Writing to a String cannot fail.
                let _ = write!(into, "${number}");
            }
        }
    }

    /// `(?,?),(?,?)` or `($1,$2),($3,$4)`.
    pub(crate) fn tuples(self, rows: usize, columns: usize) -> String {
        let mut text = String::with_capacity(rows * columns * 4);
        let mut number = 0;
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ",(" });
            for column in 0..columns {
                if column > 0 {
                    text.push(',');
                }
                number += 1;
                self.placeholder(&mut text, number);
            }
            text.push(')');
        }
        text
    }

    /// A statement around a list of value tuples: `{}` in the template becomes the tuples. Each text is made
    /// once and kept, so that connections find their prepared statement again.
    pub(crate) fn listed(
        self,
        template: &'static str,
        rows: usize,
        columns: usize,
    ) -> AssertSqlSafe<Arc<str>> {
        static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let text = made
            .entry((self, template, rows))
            .or_insert_with(|| Arc::from(template.replacen("{}", &self.tuples(rows, columns), 1)));
        AssertSqlSafe(Arc::clone(text))
    }
}

/// Statements made so far, by database, template and rows.
type Made = HashMap<(Dialect, &'static str, usize), Arc<str>>;

/// Sizes in which lists are sent: few, so that every size has its prepared statement.
pub(crate) const CHUNKS: [usize; 4] = [64, 16, 4, 1];

/// The size of the next piece of a list of `left` items.
pub(crate) fn chunk(left: usize) -> usize {
    CHUNKS.into_iter().find(|size| *size <= left).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuples_are_written_for_each_database() {
        assert_eq!(Dialect::Sqlite.tuples(2, 2), "(?,?),(?,?)");
        assert_eq!(Dialect::Postgres.tuples(2, 2), "($1,$2),($3,$4)");
    }

    #[test]
    fn chunks_cover_a_list() {
        let mut left = 150;
        let mut sizes = Vec::new();
        while left > 0 {
            sizes.push(chunk(left));
            left -= chunk(left);
        }
        assert_eq!(sizes, [64, 64, 16, 4, 1, 1]);
    }
}
