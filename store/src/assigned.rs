//! Assigned documents as Rust values, and how they are read from their rows. The statements stand in `assignment`.

use crate::Error;
use crate::db::Row;
use crate::id::*;
use crate::noun::words;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AssignmentStatus {
    Open,
    InProgress,
    Completed,
    Recalled,
    Reassigned,
    Superseded,
}

words!(AssignmentStatus {
    Open = "open", InProgress = "in_progress", Completed = "completed", Recalled = "recalled",
    Reassigned = "reassigned", Superseded = "superseded",
});

impl AssignmentStatus {
    /// Nobody has to do anything any more.
    pub fn is_over(self) -> bool {
        !matches!(self, AssignmentStatus::Open | AssignmentStatus::InProgress)
    }
}

/// How far an assignee is; the order is the only way forward.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum AssigneeState {
    Accepted,
    Delivered,
    Notified,
    Seen,
    Acknowledged,
}

words!(AssigneeState {
    Accepted = "accepted", Delivered = "delivered", Notified = "notified", Seen = "seen", Acknowledged = "acknowledged",
});

#[derive(Clone, Debug)]
pub struct NewAssignment {
    pub source: SourceId,
    pub external_id: String,
    pub revision: i64,
    pub content_hash: String,
    /// assign | update | reassign | recall | complete
    pub action: String,
    pub number: String,
    pub notation: String,
    pub type_code: String,
    pub type_name: String,
    pub issued_on: String,
    pub issuer_code: String,
    pub issuer_name: String,
    pub subject: String,
    pub urgency: u8,
    /// The whole JSON as accepted.
    pub document: String,
    pub assigned_by: String,
    pub assigned_at: i64,
    pub instruction: String,
    pub link_url: String,
    pub link_label: String,
    pub notify: String,
    pub status: AssignmentStatus,
    pub at: i64,
    pub assignees: Vec<NewAssignee>,
}

#[derive(Clone, Debug)]
pub struct NewAssignee {
    pub account: AccountId,
    /// The selector as sent.
    pub asked: String,
    /// `false`: nobody was found for the selector; the unit's records mailbox got it.
    pub resolved: bool,
    /// lead | coordinate | inform | oversee
    pub role: String,
    pub due_at: Option<i64>,
    pub note: String,
    pub next_remind_at: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct Assignment {
    pub id: AssignmentId,
    pub source: SourceId,
    pub external_id: String,
    pub revision: i64,
    pub content_hash: String,
    pub action: String,
    pub number: String,
    pub notation: String,
    pub type_code: String,
    pub type_name: String,
    pub issued_on: String,
    pub issuer_code: String,
    pub issuer_name: String,
    pub subject: String,
    pub urgency: u8,
    pub document: String,
    pub assigned_by: String,
    pub assigned_at: i64,
    pub instruction: String,
    pub link_url: String,
    pub link_label: String,
    pub notify: String,
    pub status: AssignmentStatus,
    pub status_reason: String,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Clone, Debug)]
pub struct Assignee {
    pub id: AssigneeId,
    pub assignment: AssignmentId,
    pub account: AccountId,
    pub asked: String,
    pub resolved: bool,
    pub role: String,
    pub due_at: Option<i64>,
    pub note: String,
    pub state: AssigneeState,
    pub delivered_at: Option<i64>,
    pub notified_at: Option<i64>,
    pub seen_at: Option<i64>,
    pub seen_by: Option<PrincipalId>,
    pub acknowledged_at: Option<i64>,
    pub acknowledged_by: Option<PrincipalId>,
    pub next_remind_at: Option<i64>,
    pub reminded: u32,
    pub ended_at: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct AssignmentEvent {
    pub id: EventId,
    pub assignment: AssignmentId,
    pub external_id: String,
    pub assignee: Option<AssigneeId>,
    pub at: i64,
    pub revision: i64,
    /// created | updated | notified | seen | acknowledged | or a status
    pub kind: String,
    pub actor: String,
    pub detail: String,
}

/// How a PUT ended (201, 200, 409, 412, 200).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PutOutcome {
    Created(AssignmentId),
    Replayed(AssignmentId),
    /// The same revision with other content.
    Conflict,
    /// An older revision than the stored one.
    Stale {
        current: i64,
    },
    Updated(AssignmentId),
}

/// Which of an account's assignments. Times are now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AssignedFilter {
    Open,
    Overdue { now: i64 },
    DueSoon { now: i64, until: i64 },
    All,
}

pub(crate) fn assignment_row(row: &Row) -> Result<Assignment, Error> {
    let status = row.str(22)?;
    Ok(Assignment {
        id: AssignmentId(row.int(0)?),
        source: SourceId(row.int(1)?),
        external_id: row.text(2)?,
        revision: row.int(3)?,
        content_hash: row.text(4)?,
        action: row.text(5)?,
        number: row.text(6)?,
        notation: row.text(7)?,
        type_code: row.text(8)?,
        type_name: row.text(9)?,
        issued_on: row.text(10)?,
        issuer_code: row.text(11)?,
        issuer_name: row.text(12)?,
        subject: row.text(13)?,
        urgency: u8::try_from(row.int(14)?).unwrap_or(0),
        document: row.text(15)?,
        assigned_by: row.text(16)?,
        assigned_at: row.int(17)?,
        instruction: row.text(18)?,
        link_url: row.text(19)?,
        link_label: row.text(20)?,
        notify: row.text(21)?,
        status: AssignmentStatus::parse(status).ok_or_else(|| {
            Error::Broken(format!("an assignment has the unknown status {status}"))
        })?,
        status_reason: row.text(23)?,
        created_at: row.int(24)?,
        updated_at: row.int(25)?,
    })
}

pub(crate) fn assignee_row(row: &Row) -> Result<Assignee, Error> {
    let state = row.str(8)?;
    Ok(Assignee {
        id: AssigneeId(row.int(0)?),
        assignment: AssignmentId(row.int(1)?),
        account: AccountId(row.int(2)?),
        asked: row.text(3)?,
        resolved: row.flag(4)?,
        role: row.text(5)?,
        due_at: row.opt_int(6)?,
        note: row.text(7)?,
        state: AssigneeState::parse(state)
            .ok_or_else(|| Error::Broken(format!("an assignee has the unknown state {state}")))?,
        delivered_at: row.opt_int(9)?,
        notified_at: row.opt_int(10)?,
        seen_at: row.opt_int(11)?,
        seen_by: row.opt_int(12)?.map(PrincipalId),
        acknowledged_at: row.opt_int(13)?,
        acknowledged_by: row.opt_int(14)?.map(PrincipalId),
        next_remind_at: row.opt_int(15)?,
        reminded: row.small(16)?,
        ended_at: row.opt_int(17)?,
    })
}
