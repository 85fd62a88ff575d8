//! The audit chain: who did what to whom. Each row's hash covers the row before it, so that a changed, removed or
//! inserted row is found.

use aws_lc_rs::digest::{Context, SHA256};

use crate::Error;
use crate::db::{Row, values};
use crate::id::*;
use crate::store::Store;
use crate::writer::Txn;

const LAST: &str = "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1";
const APPEND: &str = "INSERT INTO audit (id, at, actor_id, actor, action, target, unit_id, detail, prev_hash, hash) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
macro_rules! audit_columns {
    ($rest:literal) => {
        concat!(
            "SELECT audit.id, audit.at, audit.actor_id, audit.actor, audit.action, audit.target, audit.unit_id, \
             audit.detail, audit.prev_hash, audit.hash FROM audit ",
            $rest
        )
    };
}
const LIST: &str = audit_columns!(
    "LEFT JOIN unit ON unit.id = audit.unit_id WHERE ($1 = '' OR substr(unit.path, 1, length($1)) = $1) \
     ORDER BY audit.id DESC LIMIT $2"
);
const WALK: &str = audit_columns!("WHERE audit.id > $1 ORDER BY audit.id LIMIT $2");
/// The number of rows and the newest hash are kept apart, so that rows cut off at the end are missed too.
const HEAD: &str = "SELECT value FROM setting WHERE key = 'audit_head'";
const HEAD_SET: &str = "INSERT INTO setting (key, value) VALUES ('audit_head', $1) ON CONFLICT (key) DO UPDATE SET \
     value = excluded.value";
pub(crate) const SQL: &[&str] = &[LAST, APPEND, LIST, WALK, HEAD, HEAD_SET];

/// Rows read in one piece when the chain is verified.
const WALK_ROWS: i64 = 1000;

#[derive(Clone, Debug, Default)]
pub struct NewAudit {
    pub actor_id: Option<PrincipalId>,
    pub actor: String,
    pub action: String,
    pub target: String,
    pub unit: Option<UnitId>,
    pub detail: String,
}

#[derive(Clone, Debug)]
pub struct Audit {
    pub id: i64,
    pub at: i64,
    pub actor_id: Option<PrincipalId>,
    pub actor: String,
    pub action: String,
    pub target: String,
    pub unit: Option<UnitId>,
    pub detail: String,
    pub prev_hash: String,
    pub hash: String,
}

fn audit_row(row: &Row) -> Result<Audit, Error> {
    Ok(Audit {
        id: row.int(0)?,
        at: row.int(1)?,
        actor_id: row.opt_int(2)?.map(PrincipalId),
        actor: row.text(3)?,
        action: row.text(4)?,
        target: row.text(5)?,
        unit: row.opt_int(6)?.map(UnitId),
        detail: row.text(7)?,
        prev_hash: row.text(8)?,
        hash: row.text(9)?,
    })
}

/// SHA-256 over the previous hash and every field; each field's length stands in front, so that text cannot move
/// from one field to the next.
fn link(row: &Audit) -> String {
    let number = |id: Option<i64>| id.map_or_else(String::new, |id| id.to_string());
    let fields = [
        row.prev_hash.clone(),
        row.id.to_string(),
        row.at.to_string(),
        number(row.actor_id.map(|id| id.0)),
        row.actor.clone(),
        row.action.clone(),
        row.target.clone(),
        number(row.unit.map(|id| id.0)),
        row.detail.clone(),
    ];
    let mut context = Context::new(&SHA256);
    for field in fields {
        context.update(&(field.len() as u64).to_be_bytes());
        context.update(field.as_bytes());
    }
    context
        .finish()
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Appends in the running transaction.
pub(crate) async fn append(txn: &mut Txn, new: NewAudit, now: i64) -> Result<i64, Error> {
    let last = txn.conn.row(LAST, values![]).await?;
    let (last_id, prev_hash) = match last {
        Some(row) => (row.int(0)?, row.text(1)?),
        None => (0, String::new()),
    };
    let clean = |text: String| text.replace('\0', "\u{fffd}");
    let mut row = Audit {
        // Another process's id may lie ahead of ours by a moment; the chain's order is the order of ids.
        id: txn.next_id().max(last_id + 1),
        at: now,
        actor_id: new.actor_id,
        actor: clean(new.actor),
        action: clean(new.action),
        target: clean(new.target),
        unit: new.unit,
        detail: clean(new.detail),
        prev_hash,
        hash: String::new(),
    };
    row.hash = link(&row);
    let (id, head) = (row.id, format!("{} {}", row.id, row.hash));
    let values = values![
        id,
        row.at,
        row.actor_id,
        row.actor,
        row.action,
        row.target,
        row.unit,
        row.detail,
        row.prev_hash,
        row.hash
    ];
    txn.conn.run(APPEND, values).await?;
    txn.conn.run(HEAD_SET, values![head]).await?;
    Ok(id)
}

impl Store {
    pub async fn audit_append(&self, new: NewAudit, now: i64) -> Result<i64, Error> {
        self.write(move |txn| Box::pin(append(txn, new, now))).await
    }

    /// Rows about a subtree ("" takes all), newest first.
    pub async fn audit_list(&self, unit_path: &str, rows: usize) -> Result<Vec<Audit>, Error> {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        self.rows(LIST, values![unit_path, rows])
            .await?
            .iter()
            .map(audit_row)
            .collect()
    }

    /// Walks the whole chain; the id of the first row that does not fit, if any. Rows missing at the end are told as
    /// the id of the row that should be the last.
    pub async fn audit_verify(&self) -> Result<Option<i64>, Error> {
        let mut conn = self.read().await?;
        let head = conn
            .row(HEAD, values![])
            .await?
            .map(|row| row.text(0))
            .transpose()?;
        let head_id = head
            .as_deref()
            .and_then(|head| head.split(' ').next())
            .and_then(|id| id.parse::<i64>().ok())
            .unwrap_or(0);
        let (mut after, mut prev, mut head_seen) = (0, String::new(), head.is_none());
        loop {
            let rows = conn.rows(WALK, values![after, WALK_ROWS]).await?;
            for row in &rows {
                let row = audit_row(row)?;
                if row.prev_hash != prev || row.hash != link(&row) {
                    return Ok(Some(row.id));
                }
                head_seen |= head.as_deref() == Some(&format!("{} {}", row.id, row.hash));
                (after, prev) = (row.id, row.hash);
            }
            if rows.is_empty() {
                return Ok((!head_seen).then_some(head_id));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_move_between_fields() {
        let row = |actor: &str, action: &str| Audit {
            id: 1,
            at: 2,
            actor_id: None,
            actor: actor.to_owned(),
            action: action.to_owned(),
            target: String::new(),
            unit: None,
            detail: String::new(),
            prev_hash: String::new(),
            hash: String::new(),
        };
        assert_ne!(link(&row("ab", "c")), link(&row("a", "bc")));
        assert_eq!(link(&row("a", "b")), link(&row("a", "b")));
        assert_eq!(link(&row("a", "b")).len(), 64);
    }
}
