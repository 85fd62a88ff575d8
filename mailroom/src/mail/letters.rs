//! Letters of an opened account: listed, read, marked, moved, appended, removed. (RFC 9051 §6.4, RFC 6851, RFC 7162)

use std::sync::Arc;

use bytes::Bytes;
use store::*;

use super::Snapshot;
use crate::{Access, Denied, Error, Right, derive, limits};

/// What APPEND and the pages hand in.
pub struct Append {
    pub raw: Bytes,
    pub flags: u32,
    pub keywords: Vec<String>,
    pub received_at: Option<i64>,
}

/// UIDs that were given and are not there, rising.
fn absent(snapshot: &Snapshot) -> Vec<u32> {
    let mut next = 1;
    let mut absent = Vec::new();
    for row in &snapshot.rows {
        absent.extend(next..row.uid);
        next = row.uid.saturating_add(1);
    }
    absent.extend(next..snapshot.mailbox.uid_next);
    absent
}

fn first_of(placed: &[Placed]) -> Result<Placed, Error> {
    placed
        .first()
        .copied()
        .ok_or_else(|| Error::Broken("nothing was placed".into()))
}

impl Access {
    /// The shared snapshot of a mailbox, up to date with every commit before this call.
    pub async fn snapshot(&self, mailbox: MailboxId) -> Result<Arc<Snapshot>, Error> {
        self.need(Right::Read).await?;
        self.room
            .0
            .snapshots
            .get(self.room.store(), self.account, mailbox)
            .await
    }

    /// UIDs removed after a modseq (VANISHED, RFC 7162 §3.2.5), rising. Where the log does not reach back so far, every UID
    /// that is not there now: more than was asked, as the RFC allows, and never less.
    pub async fn vanished(&self, mailbox: MailboxId, after_modseq: i64) -> Result<Vec<u32>, Error> {
        self.need(Right::Read).await?;
        self.own(mailbox).await?;
        let changes = self
            .room
            .store()
            .changes_since(mailbox, after_modseq)
            .await?;
        let store = self.room.store();
        if !store.changes_reach(self.account, after_modseq).await? {
            let snapshot = self.snapshot(mailbox).await?;
            return Ok(absent(&snapshot));
        }
        let mut uids: Vec<u32> = changes
            .iter()
            .filter(|change| change.kind == ChangeKind::Destroyed)
            .map(|change| change.uid)
            .collect();
        uids.sort_unstable();
        uids.dedup();
        Ok(uids)
    }

    /// ENVELOPE and BODYSTRUCTURE ready to send, for UIDs in ascending order: (uid, envelope, structure).
    pub async fn envelopes(
        &self,
        mailbox: MailboxId,
        uids: &[u32],
    ) -> Result<Vec<(u32, Bytes, Bytes)>, Error> {
        self.need(Right::Read).await?;
        self.own(mailbox).await?;
        let rows = self.room.store().envelopes(mailbox, uids).await?;
        Ok(rows
            .into_iter()
            .map(|(uid, _, envelope, structure)| (uid, envelope, structure))
            .collect())
    }

    /// The raw message, byte-exact.
    pub async fn body(&self, mailbox: MailboxId, uid: u32) -> Result<Bytes, Error> {
        self.need(Right::Read).await?;
        // Which body a UID has never changes: an old snapshot knows it as well as the table.
        let known = self.room.0.snapshots.peek(self.account, mailbox);
        if let Some(row) = known.as_ref().and_then(|snapshot| snapshot.row(uid)) {
            return Ok(self.room.store().body(row.body).await?);
        }
        self.own(mailbox).await?;
        let row = self
            .room
            .store()
            .email_at(mailbox, uid)
            .await?
            .ok_or(Error::Missing)?;
        Ok(self.room.store().body(row.body).await?)
    }

    /// Several raw messages at once, byte-exact: one place for each UID, empty where the message is gone. The caller
    /// bounds how many bytes that is.
    pub async fn bodies(
        &self,
        mailbox: MailboxId,
        uids: &[u32],
    ) -> Result<Vec<Option<Bytes>>, Error> {
        self.need(Right::Read).await?;
        self.own(mailbox).await?;
        let known = self.room.0.snapshots.peek(self.account, mailbox);
        let row = |uid: u32| known.as_ref().and_then(|snapshot| snapshot.row(uid));
        let ids: Vec<BodyId> = uids
            .iter()
            .filter_map(|uid| Some(row(*uid)?.body))
            .collect();
        let read = self.room.store().bodies(&ids).await?;
        let mut found = Vec::with_capacity(uids.len());
        for uid in uids {
            found.push(match row(*uid).and_then(|row| read.get(&row.body)) {
                Some(raw) => Some(raw.clone()),
                None => match self.body(mailbox, *uid).await {
                    Ok(raw) => Some(raw),
                    Err(Error::Missing) => None,
                    Err(cause) => return Err(cause),
                },
            });
        }
        Ok(found)
    }

    /// A page of list rows, newest first, older than `before_uid`.
    pub async fn list(
        &self,
        mailbox: MailboxId,
        before_uid: Option<u32>,
        rows: usize,
        unseen_only: bool,
    ) -> Result<Vec<EmailRow>, Error> {
        self.need(Right::Read).await?;
        self.own(mailbox).await?;
        let filter = ListFilter {
            unseen: unseen_only,
        };
        let rows = rows.min(limits::LIST_ROWS_MAX);
        let store = self.room.store();
        let page = store.list(mailbox, before_uid, rows, filter).await?;
        self.as_read(page).await
    }

    pub async fn email(&self, email: EmailId) -> Result<EmailRow, Error> {
        self.need(Right::Read).await?;
        let row = self.room.store().email(self.account, email).await?;
        let rows = self.as_read(row.into_iter().collect()).await?;
        rows.into_iter().next().ok_or(Error::Missing)
    }

    pub async fn thread(&self, thread: ThreadId) -> Result<Vec<EmailRow>, Error> {
        self.need(Right::Read).await?;
        let rows = self.room.store().thread(self.account, thread).await?;
        self.as_read(rows).await
    }

    /// Stores a message as handed in, byte-exact; committed when this returns (promise 1).
    pub async fn append(&self, mailbox: MailboxId, append: Append) -> Result<Placed, Error> {
        self.may_append(mailbox, std::slice::from_ref(&append))
            .await?;
        let delivery = self.appended(mailbox, append).await?;
        let placed = self.room.placed(delivery).await?;
        first_of(&placed)
    }

    /// Stores several, all or none (RFC 3502); their places in the order given.
    pub async fn append_all(
        &self,
        mailbox: MailboxId,
        all: Vec<Append>,
    ) -> Result<Vec<Placed>, Error> {
        self.may_append(mailbox, &all).await?;
        let bytes = all.iter().map(|one| one.raw.len()).sum();
        let mut deliveries = Vec::with_capacity(all.len());
        for append in all {
            deliveries.push(self.appended(mailbox, append).await?);
        }
        let placed = self.room.store().deliver_all(deliveries).await?;
        self.room.0.sizes.grew(std::iter::once(self.account), bytes);
        placed.iter().map(|one| first_of(one)).collect()
    }

    async fn may_append(&self, mailbox: MailboxId, all: &[Append]) -> Result<(), Error> {
        self.need(Right::Write).await?;
        self.own(mailbox).await?;
        let largest = all.iter().map(|one| one.raw.len()).max().unwrap_or(0);
        if largest > self.room.policy().message_bytes_max {
            return Err(Denied::OverLimit.into());
        }
        self.quota_for(all.iter().map(|one| one.raw.len()).sum())
            .await
    }

    async fn appended(&self, mailbox: MailboxId, append: Append) -> Result<Delivery, Error> {
        if self.room.is_disk_full() {
            return Err(Error::Later("the disk is below its reserve".into()));
        }
        let now = self.room.now();
        let body = derive::body(self.room.store(), now, append.raw).await?;
        let copy = LocalCopy {
            account: self.account,
            target: Target::Mailbox(mailbox),
            flags: append.flags,
            keywords: append.keywords,
            received_at: append.received_at.unwrap_or(now),
            recipient: String::new(),
        };
        Ok(Delivery {
            trace: None,
            body,
            copies: vec![copy],
            submission: None,
            replaces: Vec::new(),
        })
    }

    /// Refuses what is too large or more than the quota; letters from outside may go to 110 %, own copies not.
    pub(crate) async fn room_for(&self, bytes: usize) -> Result<(), Error> {
        if bytes > self.room.policy().message_bytes_max {
            return Err(Denied::OverLimit.into());
        }
        self.quota_for(bytes).await
    }

    async fn quota_for(&self, bytes: usize) -> Result<(), Error> {
        let (used, quota) = self.used_and_quota().await?;
        if used.saturating_add(i64::try_from(bytes).unwrap_or(i64::MAX)) > quota {
            return Err(Denied::OverLimit.into());
        }
        Ok(())
    }

    /// Rows as they are now, and the UIDs refused by UNCHANGEDSINCE.
    pub async fn flags(
        &self,
        mailbox: MailboxId,
        uids: &[u32],
        change: FlagChange,
        unchanged_since: Option<i64>,
    ) -> Result<(Vec<IndexRow>, Vec<u32>), Error> {
        self.need(Right::Write).await?;
        self.own(mailbox).await?;
        Ok(self
            .room
            .store()
            .flags(mailbox, uids, change, unchanged_since)
            .await?)
    }

    /// Copies inside the account; (uid there, place here) in the order of UIDs.
    pub async fn copy(
        &self,
        from: MailboxId,
        uids: &[u32],
        to: MailboxId,
    ) -> Result<Vec<(u32, Placed)>, Error> {
        self.need(Right::Write).await?;
        self.own(from).await?;
        self.own(to).await?;
        let snapshot = self.snapshot(from).await?;
        let bytes: usize = uids
            .iter()
            .filter_map(|uid| snapshot.row(*uid))
            .map(|row| row.size as usize)
            .sum();
        let (used, quota) = self.used_and_quota().await?;
        if used.saturating_add(i64::try_from(bytes).unwrap_or(i64::MAX)) > quota {
            return Err(Denied::OverLimit.into());
        }
        Ok(self.room.store().copy(from, uids, to).await?)
    }

    /// In one transaction (RFC 6851): a letter is never in both places or in none.
    pub async fn move_to(
        &self,
        from: MailboxId,
        uids: &[u32],
        to: MailboxId,
    ) -> Result<Vec<(u32, Placed)>, Error> {
        self.need(Right::Write).await?;
        self.own(from).await?;
        self.own(to).await?;
        Ok(self.room.store().move_to(from, uids, to).await?)
    }

    /// Removes for ever: those with \Deleted among `uids` (None: all with \Deleted). Returns the UIDs removed.
    pub async fn expunge(
        &self,
        mailbox: MailboxId,
        uids: Option<&[u32]>,
    ) -> Result<Vec<u32>, Error> {
        self.need(Right::Write).await?;
        self.own(mailbox).await?;
        let removed = self.room.store().expunge(mailbox, uids).await?;
        self.room.0.sizes.forget(self.account);
        Ok(removed)
    }

    /// A listener for this account's changes.
    pub fn listen(&self) -> crate::feed::Listener {
        self.room.0.feed.listen(self.account)
    }

    /// (used, allowed) in bytes.
    pub async fn quota(&self) -> Result<(i64, i64), Error> {
        self.need(Right::Read).await?;
        self.used_and_quota().await
    }

    async fn used_and_quota(&self) -> Result<(i64, i64), Error> {
        let account = self.room.store().account(self.account).await?;
        Ok((account.used_bytes, account.quota_bytes))
    }
}
