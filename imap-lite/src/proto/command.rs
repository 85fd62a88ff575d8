//! Commands as values. Nothing here does anything. (RFC 9051 §6)

use super::date::Day;
use super::sequence::SequenceSet;
use bytes::Bytes;

pub use mailroom::letter_imap::Piece;

/// A password as it came: never shown, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

/// One command with its tag.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    pub tag: String,
    pub command: Command,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Command {
    Capability,
    Noop,
    Logout,
    /// What the client says of itself (RFC 2971).
    Id(Vec<(String, String)>),
    StartTls,
    Login {
        user: String,
        password: Secret,
    },
    Authenticate {
        mechanism: String,
        initial: Option<Secret>,
    },
    Enable(Vec<String>),
    Select(Select),
    Create {
        mailbox: String,
    },
    Delete {
        mailbox: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Subscribe {
        mailbox: String,
    },
    Unsubscribe {
        mailbox: String,
    },
    List(List),
    Lsub {
        reference: String,
        pattern: String,
    },
    Namespace,
    Status {
        mailbox: String,
        items: Vec<StatusItem>,
    },
    Append {
        mailbox: String,
        messages: Vec<Message>,
    },
    Idle,
    Check,
    Close,
    Unselect,
    /// Some: UID EXPUNGE (RFC 4315).
    Expunge(Option<SequenceSet>),
    Search(Search),
    Sort(Sort),
    Fetch(Fetch),
    Store(Store),
    Copy(Transfer),
    Move(Transfer),
    GetQuota {
        root: String,
    },
    GetQuotaRoot {
        mailbox: String,
    },
}

/// SELECT and EXAMINE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    pub mailbox: String,
    pub read_only: bool,
    pub condstore: bool,
    pub qresync: Option<Qresync>,
}

/// What a returning client knows (RFC 7162 §3.2.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qresync {
    pub uid_validity: u32,
    pub modseq: u64,
    pub known: Option<SequenceSet>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    pub reference: String,
    pub patterns: Vec<String>,
    /// Anything of LIST-EXTENDED was asked for (RFC 5258).
    pub extended: bool,
    pub select_subscribed: bool,
    pub select_recursive: bool,
    pub select_special_use: bool,
    pub return_subscribed: bool,
    pub return_children: bool,
    pub return_special_use: bool,
    pub return_status: Vec<StatusItem>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusItem {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    Deleted,
    /// Bytes that EXPUNGE would free (RFC 9208 §4.1.4).
    DeletedStorage,
    Size,
    /// The largest message taken (RFC 7889).
    AppendLimit,
    HighestModSeq,
    MailboxId,
}

/// One message of an APPEND.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub flags: Flags,
    pub received_at: Option<i64>,
    pub raw: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flags {
    pub system: u32,
    pub keywords: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    pub uid: bool,
    pub set: SequenceSet,
    pub mailbox: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreHow {
    Set,
    Add,
    Remove,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    pub uid: bool,
    pub set: SequenceSet,
    pub unchanged_since: Option<u64>,
    pub how: StoreHow,
    pub silent: bool,
    pub flags: Flags,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    pub uid: bool,
    pub set: SequenceSet,
    pub items: Vec<Item>,
    pub changed_since: Option<u64>,
    pub vanished: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Uid,
    Flags,
    InternalDate,
    Size,
    ModSeq,
    EmailId,
    ThreadId,
    SaveDate,
    Envelope,
    /// The letter's first words, repaired (RFC 8970).
    Preview,
    Body,
    BodyStructure,
    Section(Section),
    Binary(Binary),
    /// Decoded size of a part (RFC 3516).
    BinarySize(Vec<u32>),
}

/// BODY[section]<partial> and the RFC822 items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub path: Vec<u32>,
    pub piece: Piece,
    /// HEADER.FIELDS or HEADER.FIELDS.NOT with names.
    pub fields: Option<Fields>,
    pub partial: Option<(u32, u32)>,
    pub peek: bool,
    /// Under which name the answer goes out: None for BODY[...], "RFC822" and its like otherwise.
    pub alias: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    pub not: bool,
    pub names: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    pub path: Vec<u32>,
    pub partial: Option<(u32, u32)>,
    pub peek: bool,
}

/// What ESEARCH is asked to return (RFC 9051 §6.4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SearchReturn {
    pub min: bool,
    pub max: bool,
    pub count: bool,
    pub all: bool,
    pub save: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    pub uid: bool,
    pub returns: Option<SearchReturn>,
    pub key: Key,
    /// Named only when not understood (RFC 9051 §6.4.4, BADCHARSET).
    pub bad_charset: bool,
    pub by_modseq: bool,
}

/// SORT: a SEARCH whose answer has an order (RFC 5256 §3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    pub criteria: Vec<Criterion>,
    pub search: Search,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Criterion {
    pub reverse: bool,
    pub by: SortKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    Arrival,
    Cc,
    Date,
    From,
    Size,
    Subject,
    To,
    /// By the names people see (RFC 5957 §4).
    DisplayFrom,
    DisplayTo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Before,
    On,
    Since,
}

/// Text keys of SEARCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    Text,
    Body,
    Subject,
    From,
    To,
    Cc,
    Bcc,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    All,
    Never,
    /// System flag bits, and whether they must be set.
    Flag(u32, bool),
    Keyword(String, bool),
    Received(When, Day),
    Sent(When, Day),
    Saved(When, Day),
    Larger(u64),
    Smaller(u64),
    Text(Where, String),
    Header(String, String),
    Numbers(SequenceSet),
    Uids(SequenceSet),
    ModSeq(u64),
    Older(u64),
    Younger(u64),
    EmailId(String),
    ThreadId(String),
    Not(Box<Key>),
    Or(Box<Key>, Box<Key>),
    And(Vec<Key>),
}
