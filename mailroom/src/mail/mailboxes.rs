//! Mailboxes of an opened account: found, made, renamed, removed. The special ones stay. (RFC 9051 §6.3)

use store::*;

use super::name;
use crate::{Access, Denied, Error, Right, limits};

impl Access {
    pub async fn mailboxes(&self) -> Result<Vec<Mailbox>, Error> {
        self.need(Right::Read).await?;
        Ok(self.room.store().mailboxes(self.account).await?)
    }

    /// By name; "INBOX" in any case (RFC 9051 §5.1).
    pub async fn mailbox(&self, name: &str) -> Result<Mailbox, Error> {
        self.need(Right::Read).await?;
        self.named(name).await
    }

    pub async fn mailbox_by_role(&self, role: Role) -> Result<Mailbox, Error> {
        self.need(Right::Read).await?;
        Ok(self
            .room
            .store()
            .mailbox_by_role(self.account, role)
            .await?)
    }

    /// Makes missing parents too. Refuses bad names (`Error::Bad`), existing ones (`Exists`).
    pub async fn mailbox_create(&self, name: &str) -> Result<Mailbox, Error> {
        self.need(Right::Write).await?;
        let name = name::normal(name.trim_end_matches('/'))?;
        let here = self.room.store().mailboxes(self.account).await?;
        if here.iter().any(|one| one.name == name) {
            return Err(Error::Exists);
        }
        let missing: Vec<&str> = name::parents(&name)
            .into_iter()
            .filter(|parent| !here.iter().any(|one| one.name == *parent))
            .collect();
        if here.len() + missing.len() >= limits::MAILBOXES_MAX {
            return Err(Denied::OverLimit.into());
        }
        for parent in missing {
            match self.room.store().mailbox_create(self.account, parent).await {
                // Another session made it a moment ago: that is what was wanted.
                Ok(_) | Err(store::Error::Exists(_)) => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        Ok(self
            .room
            .store()
            .mailbox_create(self.account, &name)
            .await?)
    }

    /// The special mailboxes stay: letters must always have a place to arrive in.
    pub async fn mailbox_delete(&self, name: &str) -> Result<(), Error> {
        self.need(Right::Write).await?;
        let mailbox = self.named(name).await?;
        if mailbox.role.is_some() {
            return Err(Denied::NotAllowed.into());
        }
        Ok(self.room.store().mailbox_delete(mailbox.id).await?)
    }

    /// Renaming INBOX moves its messages (RFC 9051 §6.3.6). The other special mailboxes keep their names.
    pub async fn mailbox_rename(&self, from: &str, to: &str) -> Result<(), Error> {
        self.need(Right::Write).await?;
        let to = name::normal(to.trim_end_matches('/'))?;
        let mailbox = self.named(from).await?;
        if mailbox.role == Some(Role::Inbox) {
            return self.inbox_moved_to(&mailbox, &to).await;
        }
        if mailbox.role.is_some() {
            return Err(Denied::NotAllowed.into());
        }
        if to
            .strip_prefix(&mailbox.name)
            .is_some_and(|rest| rest.starts_with('/'))
        {
            return Err(Error::Bad("a mailbox cannot move below itself".into()));
        }
        for parent in name::parents(&to) {
            match self.room.store().mailbox_create(self.account, parent).await {
                Ok(_) | Err(store::Error::Exists(_)) => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        Ok(self
            .room
            .store()
            .mailbox_rename(self.account, &mailbox.name, &to)
            .await?)
    }

    async fn inbox_moved_to(&self, inbox: &Mailbox, to: &str) -> Result<(), Error> {
        let target = self.mailbox_create(to).await?;
        let uids: Vec<u32> = self
            .snapshot(inbox.id)
            .await?
            .rows
            .iter()
            .map(|row| row.uid)
            .collect();
        if !uids.is_empty() {
            self.room
                .store()
                .move_to(inbox.id, &uids, target.id)
                .await?;
        }
        Ok(())
    }

    pub async fn mailbox_subscribe(&self, name: &str, subscribed: bool) -> Result<(), Error> {
        self.need(Right::Write).await?;
        let mailbox = self.named(name).await?;
        Ok(self
            .room
            .store()
            .mailbox_subscribe(mailbox.id, subscribed)
            .await?)
    }

    async fn named(&self, name: &str) -> Result<Mailbox, Error> {
        let found = self
            .room
            .store()
            .mailbox_by_name(self.account, &name::looked_up(name))
            .await?;
        found.ok_or(Error::Missing)
    }

    /// A mailbox by id, when it is one of this account.
    pub(crate) async fn own(&self, mailbox: MailboxId) -> Result<(), Error> {
        if self.room.0.snapshots.peek(self.account, mailbox).is_some() {
            return Ok(());
        }
        match self.room.store().mailbox(mailbox).await? {
            Some(row) if row.account == self.account => Ok(()),
            Some(_) => Err(Denied::NotYours.into()),
            None => Err(Error::Missing),
        }
    }
}
