//! What happened to a letter, for its owner and for administrators (promise 2). Reads; never opens mail.

use store::*;

use crate::{Access, Actor, Denied, Error, Mailroom, Means, Right, limits};

/// One letter's whole way.
pub struct TraceStory {
    pub trace: Trace,
    pub events: Vec<TraceEvent>,
    /// Recipients at other servers, with every attempt.
    pub recipients: Vec<(OutboxRow, Vec<Attempt>)>,
}

impl Mailroom {
    /// The history of one letter. For the console; for who handed it in; for administrators, of what their own people sent
    /// or were sent.
    pub async fn trace(
        &self,
        actor: &Actor,
        id: TraceId,
    ) -> Result<(Trace, Vec<TraceEvent>), Error> {
        let Some((mut trace, events)) = self.store().trace(id).await? else {
            return Err(Error::Missing);
        };
        let own =
            trace.principal == Some(actor.principal) && self.is_active(actor.principal).await?;
        if own || self.sees_all(actor).await? {
            return Ok((trace, events));
        }
        let reach = match self.administers(actor).await?.is_empty() {
            true => Vec::new(),
            false => self.reach_of(actor).await?,
        };
        let mine = self.own_addresses(actor).await?;
        if let Some(sender) = trace.principal
            && self.is_within(sender, &reach).await?
        {
            self.hide_subject(&mut trace);
            return Ok((trace, events));
        }
        // A person sees what came to the own addresses, an administrator what came to the own people, and nothing of the
        // other recipients.
        let mut seen = Vec::new();
        let mut only_administers = true;
        for event in events.into_iter().take(limits::TRACE_EVENTS_MAX) {
            let to_me = mine.contains(&event.recipient.to_lowercase());
            if to_me || self.is_address_within(&event.recipient, &reach).await? {
                only_administers &= !to_me;
                seen.push(event);
            }
        }
        if seen.is_empty() {
            return Err(Denied::NotYours.into());
        }
        if only_administers {
            self.hide_subject(&mut trace);
        }
        Ok((trace, seen))
    }

    /// The same with what still waits, recipient by recipient, and every attempt at another server.
    pub async fn trace_story(&self, actor: &Actor, id: TraceId) -> Result<TraceStory, Error> {
        let (trace, events) = self.trace(actor, id).await?;
        let mut recipients = Vec::new();
        for row in self.store().outbox_of_trace(id).await? {
            if events.iter().any(|event| event.recipient == row.recipient) {
                let attempts = self.store().attempts(row.id).await?;
                recipients.push((row, attempts));
            }
        }
        Ok(TraceStory {
            trace,
            events,
            recipients,
        })
    }

    /// Letters by sender, recipient, time, subject or Message-ID, newest first. People find what they sent, or what was
    /// offered for one of their own addresses; administrators what their own people sent or were sent; the top unit's
    /// administrators and the console find all.
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

    /// As `trace_find`, in the office of an administrator; refused for everybody else.
    pub async fn trace_find_administered(
        &self,
        actor: &Actor,
        filter: &TraceFilter,
        rows: usize,
    ) -> Result<Vec<Trace>, Error> {
        let rows = rows.min(limits::LIST_ROWS_MAX);
        let mut found = Vec::new();
        for subtree in self.reach_of(actor).await? {
            let hidden = !subtree.is_empty() && !self.policy().administrators_see_subjects;
            let mut filter = filter.clone();
            if hidden {
                // Who may not read it may not guess it either.
                filter.subject.clear();
            }
            filter.subtree = subtree;
            let mut traces = self.store().trace_find(&filter, rows).await?;
            if hidden {
                for trace in &mut traces {
                    trace.subject.clear();
                }
            }
            found.extend(traces);
        }
        found.sort_by_key(|trace| std::cmp::Reverse((trace.at, trace.id)));
        found.dedup_by_key(|trace| trace.id);
        found.truncate(rows);
        Ok(found)
    }

    /// Whether this administrator is shown the subjects of other people's letters.
    pub async fn sees_subjects(&self, actor: &Actor) -> Result<bool, Error> {
        Ok(self.policy().administrators_see_subjects || self.sees_all(actor).await?)
    }

    fn hide_subject(&self, trace: &mut Trace) {
        if !self.policy().administrators_see_subjects {
            trace.subject.clear();
        }
    }

    async fn is_within(&self, who: PrincipalId, reach: &[String]) -> Result<bool, Error> {
        if reach.is_empty() {
            return Ok(false);
        }
        let Some(unit) = self.store().principal(who).await?.and_then(|one| one.unit) else {
            return Ok(false);
        };
        let Some(unit) = self.store().unit(unit).await? else {
            return Ok(false);
        };
        Ok(reach.iter().any(|path| unit.path.starts_with(path)))
    }

    async fn is_address_within(&self, address: &str, reach: &[String]) -> Result<bool, Error> {
        if reach.is_empty() {
            return Ok(false);
        }
        let Some(wanted) = crate::address::normal(address) else {
            return Ok(false);
        };
        match self.principal_at(&wanted).await? {
            Some(who) => self.is_within(who.id, reach).await,
            None => Ok(false),
        }
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
