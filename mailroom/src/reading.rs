//! The readers' own choice of coding: kept for the letter and for its sender, per mailbox, so that whoever shares a
//! mailbox sees the same and nobody else sees anything of it. Changes no letter.

use std::time::Duration;

use store::{AccountId, BodyId, EmailId, EmailRow};
use viet::Coding;

use crate::{Access, Error, Mailroom, Right, derive, letter, limits};

/// The codings chosen for a letter: for itself, and for its sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    pub own: Option<Coding>,
    pub correspondent: Option<Coding>,
}

impl Access {
    /// Rows with the words this mailbox reads in them.
    pub(crate) async fn as_read(&self, mut rows: Vec<EmailRow>) -> Result<Vec<EmailRow>, Error> {
        let letters: Vec<(AccountId, BodyId)> =
            rows.iter().map(|row| (row.account, row.body)).collect();
        let rereads = self.room.store().rereads(&letters).await?;
        for row in &mut rows {
            if let Some(reread) = rereads.get(&(row.account, row.body)) {
                reread.over_row(row);
            }
        }
        Ok(rows)
    }

    /// The codings this mailbox chose for a letter and for its sender.
    pub async fn chosen_coding(&self, row: &EmailRow) -> Result<Chosen, Error> {
        self.need(Right::Read).await?;
        let store = self.room.store();
        let own = store.rereads(&[(self.account, row.body)]).await?;
        let own = own.into_values().next().map(|reread| reread.coding);
        let sender = store
            .coding_choice(self.account, &normal(&row.from_address))
            .await?;
        let parse = |name: Option<String>| name.and_then(|name| name.parse().ok());
        Ok(Chosen {
            own: parse(own),
            correspondent: parse(sender),
        })
    }

    /// Reads a letter in this coding from now on, and later ones of its sender in which nothing convincing is found;
    /// `None` leaves both to what is found.
    pub async fn choose_coding(&self, email: EmailId, choice: Option<Coding>) -> Result<(), Error> {
        self.need(Right::Write).await?;
        let row = self.email(email).await?;
        let store = self.room.store();
        let sender = normal(&row.from_address);
        if !sender.is_empty() {
            let name = choice.map(|coding| coding.to_string());
            let by = self.actor.principal;
            store
                .coding_choice_set(self.account, &sender, name.as_deref(), by)
                .await?;
        }
        self.room.reread(self.account, row.body, choice).await
    }
}

impl Mailroom {
    /// Writes down how a mailbox reads a letter.
    async fn reread(
        &self,
        account: AccountId,
        body: BodyId,
        choice: Option<Coding>,
    ) -> Result<(), Error> {
        let new = match choice {
            Some(choice) => {
                let raw = self.store().body(body).await?;
                let read = tokio::task::spawn_blocking(move || derive::reread(&raw, choice)).await;
                Some(read.map_err(|cause| Error::Broken(cause.to_string()))?)
            }
            None => None,
        };
        for _ in 0..limits::ATTACHED_WAITS_MAX {
            if self.store().reread_put(account, body, new.clone()).await? {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(limits::ATTACHED_WAIT_MS)).await;
        }
        Err(Error::Later("the index is busy with this letter".into()))
    }

    /// By better rules, for the mailboxes that read a letter in a coding of their choice.
    pub(crate) async fn reread_again(&self, body: BodyId, raw: bytes::Bytes) -> Result<(), Error> {
        for (account, name) in self.store().rereads_of(body).await? {
            let Ok(choice) = name.parse() else { continue };
            let raw = raw.clone();
            let read = tokio::task::spawn_blocking(move || derive::reread(&raw, choice)).await;
            let new = read.map_err(|cause| Error::Broken(cause.to_string()))?;
            let mut waits = 0;
            while !self
                .store()
                .reread_renew(account, body, new.clone())
                .await?
            {
                waits += 1;
                if waits > limits::ATTACHED_WAITS_MAX {
                    return Err(Error::Later("the index is busy with a letter".into()));
                }
                tokio::time::sleep(Duration::from_millis(limits::ATTACHED_WAIT_MS)).await;
            }
        }
        Ok(())
    }

    /// After a letter came in which nothing convincing was found: mailboxes that chose a coding for its sender list and
    /// find it so. Behind the delivery; until it is done, or when it is cut off, the page of the letter reads it so all
    /// the same.
    pub(crate) fn reread_by_choice(&self, sender: &str, body: BodyId, accounts: Vec<AccountId>) {
        let (room, sender) = (self.clone(), normal(sender));
        tokio::spawn(async move {
            if let Err(cause) = room.reread_all(&sender, body, &accounts).await {
                tracing::warn!(%cause, "a letter was not read as its readers chose");
            }
        });
    }

    async fn reread_all(
        &self,
        sender: &str,
        body: BodyId,
        accounts: &[AccountId],
    ) -> Result<(), Error> {
        for (account, name) in self.store().coding_choices(sender).await? {
            let Ok(coding) = name.parse() else { continue };
            if accounts.contains(&account) {
                self.reread(account, body, Some(coding)).await?;
            }
        }
        Ok(())
    }
}

/// Whether a letter as derived leaves room for a choice.
pub(crate) fn is_open(derived: &store::Derived) -> bool {
    let letter = letter::Letter {
        coding: derived.coding.parse().unwrap_or_default(),
        confidence: derived.confidence as f32,
        ..letter::Letter::default()
    };
    !derived.from_address.is_empty() && !letter::is_convincing(&letter)
}

fn normal(address: &str) -> String {
    crate::address::normal(address).unwrap_or_else(|| address.trim().to_lowercase())
}
