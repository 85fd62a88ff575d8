//! Assigned documents: what a document system gave to whom, and how far each is (DOMAIN 3.4). A PUT is decided by
//! revision and content in one transaction; an assignee's state only goes forward.

use std::collections::HashMap;

use crate::Error;
use crate::assigned::*;
use crate::clock::now_ms;
use crate::db::{Row, values};
use crate::deliver::INSERT_CHANGE;
use crate::flags;
use crate::id::*;
use crate::listed::insert;
use crate::noun::ChangeKind;
use crate::store::Store;
use crate::writer::Txn;

macro_rules! assignment_columns {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.source_id, a.external_id, a.revision, a.content_hash, a.action, a.number, a.notation, \
             a.type_code, a.type_name, a.issued_on, a.issuer_code, a.issuer_name, a.subject, a.urgency, a.document, \
             a.assigned_by, a.assigned_at, a.instruction, a.link_url, a.link_label, a.notify, a.status, a.status_reason, \
             a.created_at, a.updated_at ",
            $rest
        )
    };
}
const BY_EXTERNAL: &str =
    assignment_columns!("FROM assignment a WHERE a.source_id = $1 AND a.external_id = $2");
const BY_ID: &str = assignment_columns!("FROM assignment a WHERE a.id = $1");
const ADD: &str = "INSERT INTO assignment (id, source_id, external_id, revision, content_hash, action, number, notation, \
     type_code, type_name, issued_on, issuer_code, issuer_name, subject, subject_fold, urgency, document, assigned_by, \
     assigned_at, instruction, link_url, link_label, notify, status, status_reason, created_at, updated_at) VALUES \
     ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, '', \
     $25, $25)";
const UPDATE: &str = "UPDATE assignment SET revision = $2, content_hash = $3, action = $4, number = $5, notation = $6, \
     type_code = $7, type_name = $8, issued_on = $9, issuer_code = $10, issuer_name = $11, subject = $12, \
     subject_fold = $13, urgency = $14, document = $15, assigned_by = $16, assigned_at = $17, instruction = $18, \
     link_url = $19, link_label = $20, notify = $21, status = $22, updated_at = $23 WHERE id = $1";
const STATUS: &str =
    "UPDATE assignment SET status = $2, status_reason = $3, updated_at = $4 WHERE id = $1";
macro_rules! assignee_columns {
    ($rest:literal) => {
        concat!(
            "SELECT e.id, e.assignment_id, e.account_id, e.asked, e.resolved, e.role, e.due_at, e.note, e.state, \
             e.delivered_at, e.notified_at, e.seen_at, e.seen_by, e.acknowledged_at, e.acknowledged_by, e.next_remind_at, \
             e.reminded, e.ended_at FROM assignee e ",
            $rest
        )
    };
}
const ASSIGNEE: &str = assignee_columns!("WHERE e.id = $1");
const ASSIGNEES: &str = assignee_columns!("WHERE e.assignment_id = $1 ORDER BY e.id");
const OPEN: &str = assignee_columns!(
    "JOIN assignment a ON a.id = e.assignment_id WHERE e.account_id = $1 AND e.ended_at IS NULL \
     AND ($2 = 0 OR e.due_at < $2) AND ($3 = 0 OR e.due_at >= $3) \
     ORDER BY a.urgency DESC, e.due_at IS NULL, e.due_at, e.id DESC LIMIT $4"
);
const ALL: &str = assignee_columns!("WHERE e.account_id = $1 ORDER BY e.id DESC LIMIT $2");
const COUNTS: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN due_at < $2 THEN 1 ELSE 0 END), 0) AS BIGINT) \
     FROM assignee WHERE account_id = $1 AND ended_at IS NULL";
const TO_REMIND: &str = assignee_columns!(
    "WHERE e.next_remind_at IS NOT NULL AND e.next_remind_at <= $1 AND e.ended_at IS NULL ORDER BY e.next_remind_at LIMIT $2"
);
const REMINDED: &str =
    "UPDATE assignee SET next_remind_at = $2, reminded = reminded + 1 WHERE id = $1";
const ASSIGNEE_ADD: &str = "INSERT INTO assignee (id, assignment_id, account_id, asked, resolved, role, due_at, note, state, \
     delivered_at, next_remind_at, reminded) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'delivered', $9, $10, 0)";
const ASSIGNEE_UPDATE: &str = "UPDATE assignee SET due_at = $2, note = $3, next_remind_at = $4, ended_at = NULL WHERE id = $1";
const ASSIGNEE_END: &str =
    "UPDATE assignee SET ended_at = $2, next_remind_at = NULL WHERE id = $1 AND ended_at IS NULL";
const NOTIFIED: &str = "UPDATE assignee SET state = $2, notified_at = $3 WHERE id = $1";
const SEEN: &str = "UPDATE assignee SET state = $2, seen_at = $3, seen_by = $4 WHERE id = $1";
const ACKNOWLEDGED: &str = "UPDATE assignee SET state = $2, acknowledged_at = $3, acknowledged_by = $4, \
     seen_at = COALESCE(seen_at, $3), seen_by = COALESCE(seen_by, $4), next_remind_at = NULL WHERE id = $1";
const EVENT_ADD: &str = "INSERT INTO assignment_event (id, source_id, assignment_id, assignee_id, at, revision, kind, actor, \
     detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const EVENTS: &str = "SELECT v.id, v.assignment_id, a.external_id, v.assignee_id, v.at, v.revision, v.kind, v.actor, v.detail \
     FROM assignment_event v JOIN assignment a ON a.id = v.assignment_id WHERE v.source_id = $1 AND v.id > $2 \
     ORDER BY v.id LIMIT $3";
pub(crate) const SQL: &[&str] = &[
    BY_EXTERNAL,
    BY_ID,
    ADD,
    UPDATE,
    STATUS,
    ASSIGNEE,
    ASSIGNEES,
    OPEN,
    ALL,
    COUNTS,
    TO_REMIND,
    REMINDED,
    ASSIGNEE_ADD,
    ASSIGNEE_UPDATE,
    ASSIGNEE_END,
    NOTIFIED,
    SEEN,
    ACKNOWLEDGED,
    EVENT_ADD,
    EVENTS,
];

/// What an account's change row about an assignment means, in the column that holds UIDs of emails.
pub(crate) const GIVEN: i64 = 1;
const MOVED: i64 = 0;

/// Writes a change row for an assignee's account.
async fn tell(
    txn: &mut Txn,
    account: AccountId,
    assignee: AssigneeId,
    what: i64,
    at: i64,
) -> Result<(), Error> {
    let modseq = flags::step(txn, account, 1, 0).await?;
    let kind = ChangeKind::Assignment.number();
    let values = values![account, modseq, assignee.0, kind, 0i64, what, at];
    insert(&mut txn.conn, &INSERT_CHANGE, values).await?;
    if what == GIVEN {
        crate::device::hurry(txn, account, modseq).await?;
    }
    Ok(())
}

struct NewEvent<'e> {
    source: SourceId,
    assignment: AssignmentId,
    assignee: Option<AssigneeId>,
    at: i64,
    revision: i64,
    kind: &'e str,
    actor: &'e str,
    detail: &'e str,
}

async fn event(txn: &mut Txn, new: NewEvent<'_>) -> Result<(), Error> {
    let values = values![
        txn.next_id(),
        new.source,
        new.assignment,
        new.assignee,
        new.at,
        new.revision,
        new.kind,
        new.actor,
        new.detail,
    ];
    txn.conn.run(EVENT_ADD, values).await.map(drop)
}

async fn put(txn: &mut Txn, new: NewAssignment) -> Result<PutOutcome, Error> {
    let held = txn
        .conn
        .row(BY_EXTERNAL, values![new.source, &new.external_id])
        .await?;
    let held = held.as_ref().map(assignment_row).transpose()?;
    if let Some(held) = &held {
        if new.revision < held.revision {
            return Ok(PutOutcome::Stale {
                current: held.revision,
            });
        }
        if new.revision == held.revision {
            return Ok(if new.content_hash == held.content_hash {
                PutOutcome::Replayed(held.id)
            } else {
                PutOutcome::Conflict
            });
        }
    }
    let (id, outcome, kind) = match &held {
        Some(held) => (held.id, PutOutcome::Updated(held.id), "updated"),
        None => {
            let id = AssignmentId(txn.next_id());
            (id, PutOutcome::Created(id), "created")
        }
    };
    let mut values = values![id];
    if held.is_none() {
        values.extend(values![new.source, &new.external_id]);
    }
    values.extend(values![
        new.revision,
        &new.content_hash,
        &new.action,
        &new.number,
        &new.notation,
        &new.type_code,
        &new.type_name,
        &new.issued_on,
        &new.issuer_code,
        &new.issuer_name,
        &new.subject,
        crate::search::fold(&new.subject),
        new.urgency,
        &new.document,
        &new.assigned_by,
        new.assigned_at,
        &new.instruction,
        &new.link_url,
        &new.link_label,
        &new.notify,
        new.status.as_str(),
        new.at,
    ]);
    txn.conn
        .run(if held.is_some() { UPDATE } else { ADD }, values)
        .await?;
    put_assignees(txn, id, &new).await?;
    let kind = if new.status.is_over() {
        new.status.as_str()
    } else {
        kind
    };
    event(
        txn,
        NewEvent {
            source: new.source,
            assignment: id,
            assignee: None,
            at: new.at,
            revision: new.revision,
            kind,
            actor: &new.assigned_by,
            detail: "",
        },
    )
    .await?;
    Ok(outcome)
}

/// Who stays keeps the state; who is new is told; who is no longer named has ended.
async fn put_assignees(txn: &mut Txn, id: AssignmentId, new: &NewAssignment) -> Result<(), Error> {
    let rows = txn.conn.rows(ASSIGNEES, values![id]).await?;
    let mut held: HashMap<(AccountId, String), Assignee> = HashMap::new();
    for row in &rows {
        let one = assignee_row(row)?;
        held.insert((one.account, one.role.clone()), one);
    }
    let over = new.status.is_over();
    for one in &new.assignees {
        let assignee = match held.remove(&(one.account, one.role.clone())) {
            Some(was) => {
                let remind = one
                    .next_remind_at
                    .filter(|_| was.state < AssigneeState::Acknowledged);
                let values = values![was.id, one.due_at, &one.note, remind];
                txn.conn.run(ASSIGNEE_UPDATE, values).await?;
                was.id
            }
            None => {
                let assignee = AssigneeId(txn.next_id());
                let values = values![
                    assignee,
                    id,
                    one.account,
                    &one.asked,
                    one.resolved,
                    &one.role,
                    one.due_at,
                    &one.note,
                    new.at,
                    one.next_remind_at,
                ];
                txn.conn.run(ASSIGNEE_ADD, values).await?;
                assignee
            }
        };
        if over {
            txn.conn
                .run(ASSIGNEE_END, values![assignee, new.at])
                .await?;
        }
        tell(
            txn,
            one.account,
            assignee,
            if over { MOVED } else { GIVEN },
            new.at,
        )
        .await?;
    }
    for gone in held.into_values().filter(|one| one.ended_at.is_none()) {
        txn.conn.run(ASSIGNEE_END, values![gone.id, new.at]).await?;
        tell(txn, gone.account, gone.id, MOVED, new.at).await?;
    }
    Ok(())
}

async fn advance(
    txn: &mut Txn,
    id: AssigneeId,
    state: AssigneeState,
    by: Option<PrincipalId>,
    actor: &str,
    at: i64,
) -> Result<bool, Error> {
    let row = txn.conn.row(ASSIGNEE, values![id]).await?;
    let held = assignee_row(&row.ok_or_else(|| Error::Missing(format!("assignee {id}")))?)?;
    if state <= held.state {
        return Ok(false);
    }
    let word = state.as_str();
    match state {
        AssigneeState::Accepted | AssigneeState::Delivered => return Ok(false),
        AssigneeState::Notified => txn.conn.run(NOTIFIED, values![id, word, at]).await?,
        AssigneeState::Seen => txn.conn.run(SEEN, values![id, word, at, by]).await?,
        AssigneeState::Acknowledged => {
            txn.conn
                .run(ACKNOWLEDGED, values![id, word, at, by])
                .await?
        }
    };
    let row = txn.conn.row(BY_ID, values![held.assignment]).await?;
    let missing = || Error::Broken(format!("assignment {} has gone", held.assignment));
    let assignment = assignment_row(&row.ok_or_else(missing)?)?;
    tell(txn, held.account, id, MOVED, at).await?;
    event(
        txn,
        NewEvent {
            source: assignment.source,
            assignment: assignment.id,
            assignee: Some(id),
            at,
            revision: assignment.revision,
            kind: word,
            actor,
            detail: "",
        },
    )
    .await?;
    Ok(true)
}

async fn set_status(
    txn: &mut Txn,
    id: AssignmentId,
    status: AssignmentStatus,
    reason: &str,
    at: i64,
) -> Result<bool, Error> {
    let row = txn.conn.row(BY_ID, values![id]).await?;
    let held = assignment_row(&row.ok_or_else(|| Error::Missing(format!("assignment {id}")))?)?;
    if held.status == status {
        return Ok(false);
    }
    txn.conn
        .run(STATUS, values![id, status.as_str(), reason, at])
        .await?;
    for row in txn.conn.rows(ASSIGNEES, values![id]).await? {
        let one = assignee_row(&row)?;
        if status.is_over() {
            txn.conn.run(ASSIGNEE_END, values![one.id, at]).await?;
        }
        tell(txn, one.account, one.id, MOVED, at).await?;
    }
    event(
        txn,
        NewEvent {
            source: held.source,
            assignment: id,
            assignee: None,
            at,
            revision: held.revision,
            kind: status.as_str(),
            actor: "",
            detail: reason,
        },
    )
    .await?;
    Ok(true)
}

impl Store {
    /// Stores an assignment as sent, or says why not.
    pub async fn assignment_put(&self, new: NewAssignment) -> Result<PutOutcome, Error> {
        self.write(move |txn| Box::pin(put(txn, new))).await
    }

    /// An assignment of a source with its assignees, ended ones too.
    pub async fn assignment(
        &self,
        source: SourceId,
        external_id: &str,
    ) -> Result<Option<(Assignment, Vec<Assignee>)>, Error> {
        let mut conn = self.read().await?;
        let Some(row) = conn.row(BY_EXTERNAL, values![source, external_id]).await? else {
            return Ok(None);
        };
        let assignment = assignment_row(&row)?;
        let rows = conn.rows(ASSIGNEES, values![assignment.id]).await?;
        Ok(Some((
            assignment,
            rows.iter().map(assignee_row).collect::<Result<_, _>>()?,
        )))
    }

    pub async fn assignment_by_id(&self, id: AssignmentId) -> Result<Option<Assignment>, Error> {
        self.row(BY_ID, values![id])
            .await?
            .as_ref()
            .map(assignment_row)
            .transpose()
    }

    /// What is assigned to an account: open ones the most urgent and the nearest deadline first, all newest first.
    pub async fn assignments_of(
        &self,
        account: AccountId,
        filter: AssignedFilter,
        rows: usize,
    ) -> Result<Vec<(Assignment, Assignee)>, Error> {
        let limit = i64::try_from(rows).unwrap_or(i64::MAX);
        let mut conn = self.read().await?;
        let rows = match filter {
            AssignedFilter::All => conn.rows(ALL, values![account, limit]).await?,
            AssignedFilter::Open => conn.rows(OPEN, values![account, 0i64, 0i64, limit]).await?,
            AssignedFilter::Overdue { now } => {
                conn.rows(OPEN, values![account, now, 0i64, limit]).await?
            }
            AssignedFilter::DueSoon { now, until } => {
                conn.rows(OPEN, values![account, until, now, limit]).await?
            }
        };
        drop(conn);
        self.with_assignments(&rows).await
    }

    async fn with_assignments(&self, rows: &[Row]) -> Result<Vec<(Assignment, Assignee)>, Error> {
        let mut both = Vec::with_capacity(rows.len());
        let mut conn = self.read().await?;
        for row in rows {
            let assignee = assignee_row(row)?;
            if let Some(row) = conn.row(BY_ID, values![assignee.assignment]).await? {
                both.push((assignment_row(&row)?, assignee));
            }
        }
        Ok(both)
    }

    /// (open, overdue) of an account.
    pub async fn assigned_counts(&self, account: AccountId, now: i64) -> Result<(u32, u32), Error> {
        let row = self.row(COUNTS, values![account, now]).await?;
        let row = row.ok_or_else(|| Error::Broken("no counts".to_owned()))?;
        Ok((row.small(0)?, row.small(1)?))
    }

    pub async fn assignee(&self, id: AssigneeId) -> Result<Option<(Assignment, Assignee)>, Error> {
        let rows: Vec<Row> = self.row(ASSIGNEE, values![id]).await?.into_iter().collect();
        Ok(self.with_assignments(&rows).await?.pop())
    }

    /// Moves an assignee forward; `false`: it was there already or further. `actor` names who did it, for the source.
    pub async fn assignee_advance(
        &self,
        id: AssigneeId,
        state: AssigneeState,
        by: Option<PrincipalId>,
        actor: &str,
        at: i64,
    ) -> Result<bool, Error> {
        let actor = actor.to_owned();
        self.write(move |txn| {
            Box::pin(async move { advance(txn, id, state, by, &actor, at).await })
        })
        .await
    }

    /// Recalls, completes or otherwise moves a whole assignment; `false`: it was so already.
    pub async fn assignment_status(
        &self,
        id: AssignmentId,
        status: AssignmentStatus,
        reason: &str,
        at: i64,
    ) -> Result<bool, Error> {
        let reason = reason.to_owned();
        self.write(move |txn| {
            Box::pin(async move { set_status(txn, id, status, &reason, at).await })
        })
        .await
    }

    /// What happened to a source's assignments after a cursor, in order.
    pub async fn assignment_events(
        &self,
        source: SourceId,
        after: i64,
        rows: usize,
    ) -> Result<Vec<AssignmentEvent>, Error> {
        let limit = i64::try_from(rows).unwrap_or(i64::MAX);
        let rows = self.rows(EVENTS, values![source, after, limit]).await?;
        rows.iter()
            .map(|row| {
                Ok(AssignmentEvent {
                    id: EventId(row.int(0)?),
                    assignment: AssignmentId(row.int(1)?),
                    external_id: row.text(2)?,
                    assignee: row.opt_int(3)?.map(AssigneeId),
                    at: row.int(4)?,
                    revision: row.int(5)?,
                    kind: row.text(6)?,
                    actor: row.text(7)?,
                    detail: row.text(8)?,
                })
            })
            .collect()
    }

    /// Open assignees whose reminder has come.
    pub async fn assignments_due_for_reminder(
        &self,
        now: i64,
        rows: usize,
    ) -> Result<Vec<(Assignment, Assignee)>, Error> {
        let limit = i64::try_from(rows).unwrap_or(i64::MAX);
        let rows = self.rows(TO_REMIND, values![now, limit]).await?;
        self.with_assignments(&rows).await
    }

    /// Notes that an assignee was reminded, and when the next reminder comes. The devices of the account are woken.
    pub async fn assignee_reminded(
        &self,
        id: AssigneeId,
        next_remind_at: Option<i64>,
    ) -> Result<(), Error> {
        self.write(move |txn| {
            Box::pin(async move {
                let row = txn.conn.row(ASSIGNEE, values![id]).await?;
                let held =
                    assignee_row(&row.ok_or_else(|| Error::Missing(format!("assignee {id}")))?)?;
                txn.conn.run(REMINDED, values![id, next_remind_at]).await?;
                tell(txn, held.account, id, GIVEN, now_ms()).await
            })
        })
        .await
    }
}
