//! Assigned documents: a document system tells us who was given what; we tell the person and report back. (DOMAIN 3.4)

mod person;
pub(crate) mod rules;
mod source;

use serde::{Deserialize, Serialize};
use store::{AssigneeId, SourceId, UnitId};

/// A document system that has proven itself with its token.
#[derive(Clone, Debug)]
pub struct Source {
    pub id: SourceId,
    pub code: String,
    pub name: String,
    pub link_hosts: Vec<String>,
    pub unit: Option<UnitId>,
}

/// PUT body, as DOMAIN 3.4 names the fields. Unknown fields are refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignmentPut {
    pub revision: i64,
    #[serde(default = "assign_word")]
    pub action: String,
    pub document: Document,
    pub assignees: Vec<AssigneePut>,
    #[serde(default)]
    pub assigned_by: String,
    /// RFC 3339 with offset.
    pub assigned_at: String,
    #[serde(default)]
    pub instruction: String,
    #[serde(default)]
    pub link: Option<Link>,
    #[serde(default)]
    pub notify: Notify,
}

fn assign_word() -> String {
    "assign".into()
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    pub number: String,
    pub notation: String,
    pub type_code: String,
    pub type_name: String,
    pub issued_on: String,
    pub issuer: Issuer,
    pub subject: String,
    pub urgency: u8,
    pub secrecy: String,
    pub signer: Signer,
    pub pages: u32,
    pub document_id: String,
    pub arrival: Arrival,
    pub reply_to: Vec<String>,
}
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Issuer {
    pub code: String,
    pub name: String,
}
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signer {
    pub name: String,
    pub position: String,
    pub authority: String,
}
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Arrival {
    pub number: String,
    pub date: String,
    pub book: String,
}
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssigneePut {
    /// Exactly one of: mailbox, staff_no, unit_code + title.
    #[serde(default)]
    pub mailbox: Option<String>,
    #[serde(default)]
    pub staff_no: Option<String>,
    #[serde(default)]
    pub unit_code: Option<String>,
    #[serde(default)]
    pub title: Option<String>,
    /// lead | coordinate | inform | oversee
    #[serde(default = "lead_word")]
    pub role: String,
    /// RFC 3339 with offset.
    #[serde(default)]
    pub due_at: Option<String>,
    #[serde(default)]
    pub note: String,
}
fn lead_word() -> String {
    "lead".into()
}
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Link {
    pub url: String,
    pub label: String,
}
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notify {
    pub push: Option<bool>,
    pub mail: Option<bool>,
    pub remind: Vec<i64>,
}

/// How a PUT ended: 201, 200, 409, 412, or 422 with a Vietnamese reason.
#[derive(Clone, Debug)]
pub enum Put {
    Created(AssignmentState),
    Updated(AssignmentState),
    Replayed(AssignmentState),
    Conflict,
    Stale { current: i64 },
    Refused(String),
}

/// What the source reads back.
#[derive(Clone, Debug, Serialize)]
pub struct AssignmentState {
    pub external_id: String,
    pub revision: i64,
    pub status: String,
    pub assignees: Vec<AssigneeState>,
}
#[derive(Clone, Debug, Serialize)]
pub struct AssigneeState {
    pub asked: String,
    pub mailbox: String,
    pub resolved: bool,
    pub role: String,
    pub state: String,
    pub overdue: bool,
    pub due_at: Option<String>,
    pub delivered_at: Option<String>,
    pub notified_at: Option<String>,
    pub seen_at: Option<String>,
    pub acknowledged_at: Option<String>,
    pub acknowledged_by: Option<String>,
}

/// A row of "Văn bản được giao".
#[derive(Clone, Debug)]
pub struct AssignedRow {
    pub id: AssigneeId,
    pub number: String,
    pub notation: String,
    pub subject: String,
    pub urgency: u8,
    pub issuer: String,
    pub issued_on: String,
    pub assigned_by: String,
    pub assigned_at: i64,
    pub instruction: String,
    pub note: String,
    pub role: String,
    pub due_at: Option<i64>,
    pub overdue: bool,
    pub state: String,
    pub status: String,
    pub link_url: String,
    pub link_label: String,
    pub source_name: String,
    pub acknowledged_at: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AssignedFilter {
    Open,
    Overdue,
    DueSoon,
    All,
}
