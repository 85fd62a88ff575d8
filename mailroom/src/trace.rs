//! What happened to a letter, for its owner and for administrators (promise 2). Reads; never opens mail.

use store::*;

use crate::{Access, Actor, Denied, Error, Mailroom, Means, Right, limits};

impl Mailroom {
    /// The history of one letter. For the console; for who handed it in; for administrators of the whole installation.
    pub async fn trace(
        &self,
        actor: &Actor,
        id: TraceId,
    ) -> Result<(Trace, Vec<TraceEvent>), Error> {
        let Some((trace, events)) = self.store().trace(id).await? else {
            return Err(Error::Missing);
        };
        if trace.principal == Some(actor.principal) || self.sees_all(actor).await? {
            return Ok((trace, events));
        }
        // A person sees what came to the own addresses, and nothing of the other recipients.
        let own = self.own_addresses(actor).await?;
        let events: Vec<TraceEvent> = events
            .into_iter()
            .filter(|event| own.contains(&event.recipient))
            .collect();
        if events.is_empty() {
            Err(Denied::NotYours.into())
        } else {
            Ok((trace, events))
        }
    }

    /// Letters by sender, recipient, time, subject or Message-ID, newest first. People find what they sent, or what was
    /// offered for one of their own addresses; administrators of the whole installation and the console find all.
    pub async fn trace_find(
        &self,
        actor: &Actor,
        filter: &TraceFilter,
        rows: usize,
    ) -> Result<Vec<Trace>, Error> {
        let rows = rows.min(limits::LIST_ROWS_MAX);
        if self.sees_all(actor).await? {
            return Ok(self.store().trace_find(filter, rows).await?);
        }
        let own = self.own_addresses(actor).await?;
        let mut filter = filter.clone();
        if !own.contains(&filter.recipient.to_lowercase()) {
            filter.principal = Some(actor.principal);
        }
        Ok(self.store().trace_find(&filter, rows).await?)
    }

    /// The console, and who administers a top unit.
    async fn sees_all(&self, actor: &Actor) -> Result<bool, Error> {
        Ok(actor.means == Means::Console
            || self
                .administers(actor)
                .await?
                .iter()
                .any(|unit| unit.parent.is_none()))
    }

    async fn own_addresses(&self, actor: &Actor) -> Result<Vec<String>, Error> {
        if !self.is_active(actor.principal).await? {
            return Ok(Vec::new());
        }
        Ok(self
            .store()
            .addresses_of(actor.principal)
            .await?
            .into_iter()
            .map(|one| one.address)
            .collect())
    }
}

impl Access {
    /// How a letter in this account came here.
    pub async fn trace_of(&self, email: EmailId) -> Result<Option<Trace>, Error> {
        self.need(Right::Read).await?;
        if self
            .room
            .store()
            .email(self.account, email)
            .await?
            .is_none()
        {
            return Err(Denied::NotYours.into());
        }
        Ok(self.room.store().trace_of_email(email).await?)
    }
}
