//! Mailboxes and letters of an opened account: what IMAP and the pages do with mail. Reads come from rows made at delivery;
//! listing parses nothing. (RFC 9051, RFC 7162)

pub(crate) mod name;

use crate::{Access, Error};
use bytes::Bytes;
use std::sync::Arc;
use store::*;

/// A mailbox as all sessions that selected it share it: one immutable snapshot, replaced when the mailbox changes.
/// A session's view is an older snapshot; the difference of the two is what it still has to be told.
#[derive(Debug)]
pub struct Snapshot {
    pub mailbox: Mailbox,
    /// Sorted by UID: the sequence number of a message is its place here, from 1.
    pub rows: Vec<IndexRow>,
}

/// What APPEND and the pages hand in.
pub struct Append {
    pub raw: Bytes,
    pub flags: u32,
    pub keywords: Vec<String>,
    pub received_at: Option<i64>,
}

impl Access {
    pub async fn mailboxes(&self) -> Result<Vec<Mailbox>, Error> {
        todo!()
    }
    /// By name; "INBOX" in any case (RFC 9051 §5.1).
    pub async fn mailbox(&self, name: &str) -> Result<Mailbox, Error> {
        todo!("{name}")
    }
    pub async fn mailbox_by_role(&self, role: Role) -> Result<Mailbox, Error> {
        todo!("{role:?}")
    }
    /// Makes missing parents too. Refuses bad names (`Error::Bad`), existing ones (`Exists`).
    pub async fn mailbox_create(&self, name: &str) -> Result<Mailbox, Error> {
        todo!("{name}")
    }
    pub async fn mailbox_delete(&self, name: &str) -> Result<(), Error> {
        todo!("{name}")
    }
    /// Renaming INBOX moves its messages (RFC 9051 §6.3.6).
    pub async fn mailbox_rename(&self, from: &str, to: &str) -> Result<(), Error> {
        todo!("{from}{to}")
    }
    pub async fn mailbox_subscribe(&self, name: &str, subscribed: bool) -> Result<(), Error> {
        todo!("{name}{subscribed}")
    }

    /// The shared snapshot of a mailbox, up to date with every commit before this call.
    pub async fn snapshot(&self, mailbox: MailboxId) -> Result<Arc<Snapshot>, Error> {
        todo!("{mailbox}")
    }
    /// UIDs removed after a modseq (VANISHED, RFC 7162 §3.2.5).
    pub async fn vanished(&self, mailbox: MailboxId, after_modseq: i64) -> Result<Vec<u32>, Error> {
        todo!("{mailbox}{after_modseq}")
    }
    /// ENVELOPE and BODYSTRUCTURE ready to send, for UIDs in ascending order: (uid, envelope, structure).
    pub async fn envelopes(
        &self,
        mailbox: MailboxId,
        uids: &[u32],
    ) -> Result<Vec<(u32, Bytes, Bytes)>, Error> {
        todo!("{mailbox}{uids:?}")
    }
    /// The raw message, byte-exact.
    pub async fn body(&self, mailbox: MailboxId, uid: u32) -> Result<Bytes, Error> {
        todo!("{mailbox}{uid}")
    }
    /// A page of list rows, newest first, older than `before_uid`.
    pub async fn list(
        &self,
        mailbox: MailboxId,
        before_uid: Option<u32>,
        rows: usize,
        unseen_only: bool,
    ) -> Result<Vec<EmailRow>, Error> {
        todo!("{mailbox}{before_uid:?}{rows}{unseen_only}")
    }
    pub async fn email(&self, email: EmailId) -> Result<EmailRow, Error> {
        todo!("{email}")
    }
    pub async fn thread(&self, thread: ThreadId) -> Result<Vec<EmailRow>, Error> {
        todo!("{thread}")
    }

    pub async fn append(&self, mailbox: MailboxId, append: Append) -> Result<Placed, Error> {
        todo!("{mailbox}{}", append.flags)
    }
    /// Rows as they are now, and the UIDs refused by UNCHANGEDSINCE.
    pub async fn flags(
        &self,
        mailbox: MailboxId,
        uids: &[u32],
        change: FlagChange,
        unchanged_since: Option<i64>,
    ) -> Result<(Vec<IndexRow>, Vec<u32>), Error> {
        todo!("{mailbox}{uids:?}{change:?}{unchanged_since:?}")
    }
    pub async fn copy(
        &self,
        from: MailboxId,
        uids: &[u32],
        to: MailboxId,
    ) -> Result<Vec<(u32, Placed)>, Error> {
        todo!("{from}{uids:?}{to}")
    }
    pub async fn move_to(
        &self,
        from: MailboxId,
        uids: &[u32],
        to: MailboxId,
    ) -> Result<Vec<(u32, Placed)>, Error> {
        todo!("{from}{uids:?}{to}")
    }
    /// Removes for ever: those with \Deleted among `uids` (None: all with \Deleted). Returns the UIDs removed.
    pub async fn expunge(
        &self,
        mailbox: MailboxId,
        uids: Option<&[u32]>,
    ) -> Result<Vec<u32>, Error> {
        todo!("{mailbox}{uids:?}")
    }
    /// A listener for this account's changes.
    pub fn listen(&self) -> crate::feed::Listener {
        todo!()
    }
    pub async fn quota(&self) -> Result<(i64, i64), Error> {
        todo!()
    }
}
