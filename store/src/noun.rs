//! The nouns as Rust values: what goes into the tables and what comes out. No SQL, no rules.

use crate::id::*;

/// System flags of an Email as bits (RFC 9051 §2.3.2).
pub mod flag {
    pub const SEEN: u32 = 1;
    pub const ANSWERED: u32 = 2;
    pub const FLAGGED: u32 = 4;
    pub const DELETED: u32 = 8;
    pub const DRAFT: u32 = 16;
}

/// What a mailbox is for (RFC 8621 §2, RFC 6154).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    Inbox,
    Drafts,
    Sent,
    Junk,
    Trash,
    Archive,
}

impl Role {
    pub const ALL: [Role; 6] = [
        Role::Inbox,
        Role::Drafts,
        Role::Sent,
        Role::Junk,
        Role::Trash,
        Role::Archive,
    ];
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Inbox => "inbox",
            Role::Drafts => "drafts",
            Role::Sent => "sent",
            Role::Junk => "junk",
            Role::Trash => "trash",
            Role::Archive => "archive",
        }
    }
    pub fn parse(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == word)
    }
    /// The mailbox's name as IMAP clients know it; pages show the Vietnamese name of the role.
    pub fn name(self) -> &'static str {
        match self {
            Role::Inbox => "INBOX",
            Role::Drafts => "Drafts",
            Role::Sent => "Sent",
            Role::Junk => "Junk",
            Role::Trash => "Trash",
            Role::Archive => "Archive",
        }
    }
}

/// Enums that are words in the tables.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
            pub fn parse(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use words;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrincipalKind {
    Individual,
    Unit,
    Post,
    List,
    Service,
}

words!(PrincipalKind {
    Individual = "individual", Unit = "unit", Post = "post", List = "list", Service = "service",
});

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    Active,
    Disabled,
    Dormant,
}

words!(Status { Active = "active", Disabled = "disabled", Dormant = "dormant" });

#[derive(Clone, Debug)]
pub struct Principal {
    pub id: PrincipalId,
    pub kind: PrincipalKind,
    pub unit: Option<UnitId>,
    pub name: String,
    pub title: String,
    pub staff_no: Option<String>,
    pub phone: Option<String>,
    pub status: Status,
    /// Leader, clerk or administrator: recovery asks for a second approver.
    pub sensitive: bool,
    /// The primary address; empty where there is none.
    pub address: String,
    pub last_seen_at: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct Unit {
    pub id: UnitId,
    pub parent: Option<UnitId>,
    pub code: String,
    pub name: String,
    /// "/1/5/12/": a unit's subtree is every unit whose path starts with its own.
    pub path: String,
    pub kind: String,
    pub phone: String,
    pub closed: bool,
    pub records_account: Option<AccountId>,
}

/// The mail of a principal as a whole.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: AccountId,
    /// The highest MODSEQ given in this account.
    pub modseq: i64,
    pub used_bytes: i64,
    pub quota_bytes: i64,
    /// JSON text; the rooms above know its fields.
    pub settings: String,
}

#[derive(Clone, Debug)]
pub struct Mailbox {
    pub id: MailboxId,
    pub account: AccountId,
    pub name: String,
    pub role: Option<Role>,
    pub uid_validity: u32,
    pub uid_next: u32,
    /// HIGHESTMODSEQ of this mailbox (RFC 7162).
    pub modseq: i64,
    pub total: u32,
    pub unseen: u32,
    pub bytes: i64,
    pub subscribed: bool,
}

/// A body to be stored: raw bytes with the trace header fields already in front, and what was derived from them.
#[derive(Clone, Debug)]
pub struct NewBody {
    pub id: BodyId,
    pub raw: bytes::Bytes,
    pub derived: Derived,
}

/// Computed once from a body, never the original (promise 3).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Derived {
    pub version: i64,
    pub subject: String,
    pub from_name: String,
    pub from_address: String,
    /// Recipients as shown in lists: names where given, else addresses, comma separated, bounded.
    pub to_text: String,
    pub date_at: Option<i64>,
    pub message_id: Option<String>,
    /// Hash of the first reference (or of the own Message-ID): letters of one conversation share it.
    pub thread_key: i64,
    pub preview: String,
    pub attachments: u32,
    /// 0 ordinary, 1 urgent (khẩn), 2 very urgent (thượng khẩn), 3 immediate (hỏa tốc).
    pub urgency: u8,
    pub coding: String,
    pub confidence: f64,
    pub envelope: Vec<u8>,
    pub structure: Vec<u8>,
    /// Everything findable, as text (not folded); the index folds it. The text of attached files is put behind it later
    /// (`FILE_MARK`).
    pub search_text: String,
    /// It has attached files whose text can be read: told when the letter is stored, not kept.
    pub readable_files: bool,
    /// An attached file that a computer runs when it is opened: told when the letter is stored, not kept.
    pub program: Option<String>,
}

/// Where a local copy goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Role(Role),
    Mailbox(MailboxId),
    /// In no mailbox: kept apart until its owner decides.
    Quarantine,
}

/// One message in one mailbox of one account, to be written.
#[derive(Clone, Debug)]
pub struct LocalCopy {
    pub account: AccountId,
    pub target: Target,
    pub flags: u32,
    pub keywords: Vec<String>,
    /// INTERNALDATE, unix ms.
    pub received_at: i64,
    /// The envelope recipient this copy is for (trace); empty for APPEND and Sent copies.
    pub recipient: String,
}

#[derive(Clone, Debug)]
pub struct NewTrace {
    pub id: TraceId,
    /// "in", "submit" or "local".
    pub direction: &'static str,
    pub at: i64,
    pub peer_ip: String,
    pub helo: String,
    pub tls: String,
    pub principal: Option<PrincipalId>,
    pub mail_from: String,
    pub auth_results: String,
    pub events: Vec<NewEvent>,
}

#[derive(Clone, Debug)]
pub struct NewEvent {
    pub recipient: String,
    pub event: &'static str,
    pub code: Option<u16>,
    pub detail: String,
}

/// A message for recipients elsewhere: one submission with one outbox row each.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    pub id: SubmissionId,
    /// Whose letter it is; AccountId(0) for the server's own reports.
    pub account: AccountId,
    pub mail_from: String,
    pub envid: Option<String>,
    pub ret: Option<String>,
    pub smtputf8: bool,
    pub requiretls: bool,
    pub priority: i8,
    pub due_at: i64,
    pub expires_at: i64,
    pub recipients: Vec<NewOutbox>,
}

#[derive(Clone, Debug)]
pub struct NewOutbox {
    pub recipient: String,
    pub domain: String,
    pub notify: Option<String>,
    pub orcpt: Option<String>,
    /// The list it goes through.
    pub list: Option<String>,
}

/// All that one `250` stands for; written in one transaction (promise 1).
#[derive(Clone, Debug)]
pub struct Delivery {
    pub trace: Option<NewTrace>,
    pub body: NewBody,
    pub copies: Vec<LocalCopy>,
    pub submission: Option<NewSubmission>,
    /// Emails that this one replaces in the same transaction (a draft that was sent or saved again).
    pub replaces: Vec<(MailboxId, u32)>,
}

/// Where a copy went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    pub account: AccountId,
    pub mailbox: MailboxId,
    pub email: EmailId,
    pub uid: u32,
    pub uid_validity: u32,
    pub modseq: i64,
}

/// A row of a mailbox's index: what IMAP needs of every message without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexRow {
    pub uid: u32,
    pub flags: u32,
    pub keywords: std::sync::Arc<[std::sync::Arc<str>]>,
    pub modseq: i64,
    pub email: EmailId,
    pub body: BodyId,
    pub size: u32,
    pub received_at: i64,
    pub saved_at: i64,
    pub thread: ThreadId,
}

/// A list row: an email with what lists show of it.
#[derive(Clone, Debug)]
pub struct EmailRow {
    pub email: EmailId,
    pub account: AccountId,
    pub mailbox: MailboxId,
    pub uid: u32,
    pub body: BodyId,
    pub thread: ThreadId,
    pub flags: u32,
    pub keywords: String,
    pub received_at: i64,
    pub size: u32,
    pub trace: Option<TraceId>,
    pub subject: String,
    pub from_name: String,
    pub from_address: String,
    pub to_text: String,
    pub preview: String,
    pub attachments: u32,
    pub urgency: u8,
    pub message_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Created,
    Flags,
    Destroyed,
    MailboxCreated,
    MailboxChanged,
    MailboxDestroyed,
    Assignment,
}

impl ChangeKind {
    pub fn number(self) -> i64 {
        match self {
            ChangeKind::Created => 1,
            ChangeKind::Flags => 2,
            ChangeKind::Destroyed => 3,
            ChangeKind::MailboxCreated => 4,
            ChangeKind::MailboxChanged => 5,
            ChangeKind::MailboxDestroyed => 6,
            ChangeKind::Assignment => 7,
        }
    }
    pub fn from_number(number: i64) -> Option<ChangeKind> {
        Some(match number {
            1 => ChangeKind::Created,
            2 => ChangeKind::Flags,
            3 => ChangeKind::Destroyed,
            4 => ChangeKind::MailboxCreated,
            5 => ChangeKind::MailboxChanged,
            6 => ChangeKind::MailboxDestroyed,
            7 => ChangeKind::Assignment,
            _ => return None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub account: AccountId,
    pub modseq: i64,
    pub email: EmailId,
    pub kind: ChangeKind,
    pub mailbox: MailboxId,
    pub uid: u32,
    pub at: i64,
}

/// One flag operation on several messages (RFC 9051 §6.4.6).
#[derive(Clone, Debug)]
pub enum FlagChange {
    Set { flags: u32, keywords: Vec<String> },
    Add { flags: u32, keywords: Vec<String> },
    Remove { flags: u32, keywords: Vec<String> },
}

/// An outbox row as leased by a worker.
#[derive(Clone, Debug)]
pub struct Leased {
    pub id: OutboxId,
    pub submission: SubmissionId,
    pub trace: TraceId,
    pub body: BodyId,
    pub account: AccountId,
    pub mail_from: String,
    pub recipient: String,
    pub domain: String,
    pub notify: Option<String>,
    pub orcpt: Option<String>,
    pub envid: Option<String>,
    pub ret: Option<String>,
    pub smtputf8: bool,
    pub requiretls: bool,
    pub priority: i8,
    pub attempts: u32,
    pub created_at: i64,
    pub expires_at: i64,
    pub delay_noticed_at: Option<i64>,
    /// What an administrator asked of the next attempt.
    pub asked: Option<Asked>,
    /// The list it goes through: the copy is this recipient's alone.
    pub list: Option<String>,
}

/// What an administrator asked of a waiting row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// Tried now, even where the destination rests.
    Retry,
    /// Ended without an attempt, with a report to the sender.
    Drop,
}

words!(Asked { Retry = "retry", Drop = "drop" });

/// What an attempt showed: goes into the recipient's history.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    pub host: String,
    pub ip: String,
    /// TLS version and cipher, or "" for clear text.
    pub tls: String,
    /// What was found of the peer's certificate: "trusted", "untrusted: …", "dane", "".
    pub certificate: String,
    pub code: Option<u16>,
    pub enhanced: Option<String>,
    pub text: String,
}

/// How a row is settled after an attempt.
#[derive(Clone, Debug)]
pub enum Settled {
    Sent,
    Later { next_at: i64 },
    Never,
}

#[derive(Clone, Debug)]
pub struct Settlement {
    pub outbox: OutboxId,
    pub at: i64,
    pub settled: Settled,
    pub evidence: Evidence,
    pub delay_noticed: bool,
}
