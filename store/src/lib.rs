//! The nouns of congthu and their tables on SQLite and PostgreSQL: bodies, mailboxes, the change log, the outbox,
//! the trace, people and their keys, assigned documents, devices. One writer commits for everybody (group commit).
//! No policy, no protocol: who may do what is decided above.

mod allowance;
mod answer;
mod assigned;
mod assignment;
mod attached;
mod audit;
mod body;
mod checkpoint;
mod clock;
mod credential;
mod db;
mod deliver;
mod device;
mod dialect;
mod directory;
mod feed;
mod flags;
mod forwarding;
mod health;
mod listed;
mod listing;
mod mailbox;
mod met;
mod open;
mod outbox;
mod people;
mod quarantine;
mod quota;
mod reach;
mod report;
mod reread;
mod search;
mod sending;
mod setting;
mod source;
mod statements;
mod store;
mod trace;
mod trim;
mod worded;
mod writer;

pub mod error;
pub mod id;
pub mod limits;
pub mod noun;
#[cfg(feature = "testing")]
pub mod testing;

pub use allowance::Allowance;
pub use answer::{AnswerDue, Answered, AutoAnswer};
pub use assigned::{
    AssignedFilter, Assignee, AssigneeState, Assignment, AssignmentEvent, AssignmentStatus,
    NewAssignee, NewAssignment, PutOutcome,
};
pub use attached::{AttachedDue, FILE_MARK, file_texts, own_text};
pub use audit::{Audit, NewAudit};
pub use credential::{Credential, CredentialKind, NewCredential, NewSession, Session};
pub use device::{Arrived, Behind, NewSubscription, Subscription};
pub use dialect::Dialect;
pub use directory::{Domain, NewUnit, UnitChange};
pub use error::Error;
pub use feed::Wake;
pub use forwarding::Forwarding;
pub use health::{Attendance, Fullness, Heard, Often, PushAnswers};
pub use id::*;
pub use limits::Limits;
pub use listing::{EnvelopeRow, ListFilter};
pub use met::Met;
pub use noun::*;
pub use open::{Config, DataLock, NodeLock};
pub use outbox::{
    Attempt, OutboxCounts, OutboxFilter, OutboxRow, OutboxState, QueueAct, QueueCount, QueueDone,
    QueueFilter, QueueGroup, QueueRow, Submission,
};
pub use people::{Address, AddressKind, Membership, NewPrincipal, PrincipalChange};
pub use quarantine::{Quarantined, Untold};
pub use quota::Filling;
pub use report::{ReportDay, ReportKind, ReportSeen};
pub use reread::Reread;
pub use search::{Clause, Field, Found};
pub use sending::{Counted, SentDay};
pub use setting::Stats;
pub use source::{NewSource, Source};
pub use store::Store;
pub use trace::{Trace, TraceEvent, TraceFilter};
pub use worded::{Worded, WordedRow};
