//! Statements around a list of rows: one SQL text, sent as value tuples in a few fixed sizes to SQLite and as one array
//! per column to PostgreSQL, where a round trip costs more than a row.

use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;

use crate::Error;
use crate::db::{Conn, Row, Value};
use crate::dialect::{Dialect, chunk};
use crate::limits::LISTED_ROWS;

/// A statement with `VALUES {}` where the rows go.
pub(crate) struct Listed {
    /// One letter per column: i number, t text, r real, b bytes.
    pub kinds: &'static str,
    pub sql: &'static str,
}

impl Listed {
    pub const fn new(kinds: &'static str, sql: &'static str) -> Listed {
        Listed { kinds, sql }
    }

    pub fn columns(&self) -> usize {
        self.kinds.len()
    }
}

/// Runs a statement over rows given as one flat list of values, in order.
pub(crate) async fn insert(
    conn: &mut Conn,
    what: &'static Listed,
    values: Vec<Value>,
) -> Result<(), Error> {
    match conn.dialect() {
        Dialect::Sqlite => {
            for (rows, piece) in pieces(what.columns(), values, chunk) {
                conn.run(Dialect::Sqlite.listed(what, rows), piece).await?;
            }
        }
        Dialect::Postgres => {
            for (_, piece) in pieces(what.columns(), values, |left| left.min(LISTED_ROWS)) {
                let sql = Dialect::Postgres.listed(what, 0);
                conn.run_arrays(sql, arrays(what, piece)?).await?;
            }
        }
    }
    Ok(())
}

/// A statement and its rows, as one flat list of values.
pub(crate) type Rows = (&'static Listed, Vec<Value>);

/// Runs several inserts that do not need each other. PostgreSQL gets them as one statement: one round trip for all.
pub(crate) async fn insert_all(conn: &mut Conn, mut all: Vec<Rows>) -> Result<(), Error> {
    all.retain(|(_, values)| !values.is_empty());
    let large = all
        .iter()
        .any(|(what, values)| values.len() / what.columns() > LISTED_ROWS);
    if conn.dialect() == Dialect::Sqlite || large || all.len() < 2 {
        for (what, values) in all {
            insert(conn, what, values).await?;
        }
        return Ok(());
    }
    let sql = Dialect::Postgres.joined(&all.iter().map(|(what, _)| *what).collect::<Vec<_>>());
    let mut arguments = PgArguments::default();
    for (what, values) in all {
        add_arrays(&mut arguments, what, values)?;
    }
    conn.run_arrays(sql, arguments).await.map(drop)
}

/// Runs a statement over rows and collects what it returns, in no order.
pub(crate) async fn listed_rows(
    conn: &mut Conn,
    what: &'static Listed,
    rows: Vec<Vec<Value>>,
) -> Result<Vec<Row>, Error> {
    let values: Vec<Value> = rows.into_iter().flatten().collect();
    let mut returned = Vec::new();
    match conn.dialect() {
        Dialect::Sqlite => {
            for (rows, piece) in pieces(what.columns(), values, chunk) {
                let sql = Dialect::Sqlite.listed(what, rows);
                returned.append(&mut conn.rows(sql, piece).await?);
            }
        }
        Dialect::Postgres => {
            for (_, piece) in pieces(what.columns(), values, |left| left.min(LISTED_ROWS)) {
                let sql = Dialect::Postgres.listed(what, 0);
                returned.append(&mut conn.rows_arrays(sql, arrays(what, piece)?).await?);
            }
        }
    }
    Ok(returned)
}

/// Cuts a flat list of values into pieces of whole rows; `size` says how many of those left come next.
fn pieces(
    columns: usize,
    values: Vec<Value>,
    size: fn(usize) -> usize,
) -> impl Iterator<Item = (usize, Vec<Value>)> {
    let mut left = values.len() / columns.max(1);
    let mut values = values.into_iter();
    std::iter::from_fn(move || {
        if left == 0 {
            return None;
        }
        let rows = size(left);
        left -= rows;
        Some((rows, values.by_ref().take(rows * columns).collect()))
    })
}

/// One column of values on its way to PostgreSQL.
enum Column {
    Int(Vec<Option<i64>>),
    Real(Vec<f64>),
    Text(Vec<Option<String>>),
    Blob(Vec<Option<Vec<u8>>>),
}

/// The values by column.
fn arrays(what: &Listed, values: Vec<Value>) -> Result<PgArguments, Error> {
    let mut arguments = PgArguments::default();
    add_arrays(&mut arguments, what, values)?;
    Ok(arguments)
}

fn add_arrays(arguments: &mut PgArguments, what: &Listed, values: Vec<Value>) -> Result<(), Error> {
    let mut columns: Vec<Column> = what
        .kinds
        .chars()
        .map(|kind| match kind {
            't' => Column::Text(Vec::new()),
            'r' => Column::Real(Vec::new()),
            'b' => Column::Blob(Vec::new()),
            _ => Column::Int(Vec::new()),
        })
        .collect();
    let places = columns.len().max(1);
    for (number, value) in values.into_iter().enumerate() {
        match (columns.get_mut(number % places), value) {
            (Some(Column::Int(list)), Value::Int(value)) => list.push(value),
            (Some(Column::Real(list)), Value::Real(value)) => list.push(value),
            (Some(Column::Text(list)), Value::Text(value)) => list.push(value),
            (Some(Column::Blob(list)), Value::Blob(value)) => list.push(value),
            (_, value) => {
                let column = number % places;
                return Err(Error::Broken(format!(
                    "{value:?} in column {column} of {}",
                    what.sql
                )));
            }
        }
    }
    for column in columns {
        match column {
            Column::Int(list) => arguments.add(list),
            Column::Real(list) => arguments.add(list),
            Column::Text(list) => arguments.add(list),
            Column::Blob(list) => arguments.add(list),
        }
        .map_err(|cause| Error::Broken(cause.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::values;

    #[test]
    fn pieces_are_whole_rows_in_order() {
        let values: Vec<Value> = (0..14i64).flat_map(|number| values![number, "x"]).collect();
        let sizes: Vec<_> = pieces(2, values, chunk)
            .map(|(rows, piece)| (rows, piece.len()))
            .collect();
        assert_eq!(sizes, [(8, 16), (4, 8), (2, 4)]);
        assert_eq!(pieces(3, Vec::new(), chunk).count(), 0);
    }

    #[test]
    fn a_value_of_another_kind_is_refused() {
        const PAIR: Listed = Listed::new("it", "VALUES {}");
        assert!(arrays(&PAIR, values![1i64, "x", 2i64, "y"]).is_ok());
        assert!(arrays(&PAIR, values!["x", 1i64]).is_err());
    }
}
