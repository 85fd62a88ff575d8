//! What became of a sent letter, per recipient, for its owner.

use std::collections::HashSet;

use store::*;

use crate::receive::places::FORWARDED;

use crate::{Access, Error, Right};

impl Access {
    /// Per-recipient fate of a sent letter, for its owner: (recipient, word, time, text). Words: delivered, queued, sent,
    /// deferred, bounced, dropped, held. For queued and deferred the time is that of the next try, else when it happened;
    /// the text is what the other server said.
    pub async fn fate(&self, email: EmailId) -> Result<Vec<(String, String, i64, String)>, Error> {
        self.need(Right::Read).await?;
        let row = self.email(email).await?;
        let Some(trace) = row.trace else {
            return Ok(Vec::new());
        };
        let Some((trace, events)) = self.room.store().trace(trace).await? else {
            return Ok(Vec::new());
        };
        // Who received a letter is not told who else did: the envelope holds Bcc.
        let own = trace.principal == Some(self.actor.principal)
            || row.mailbox == self.sent_mailbox().await?;
        if trace.direction != "submit" || !own {
            return Ok(Vec::new());
        }
        // Where a recipient's letters are forwarded is the recipient's matter.
        let forwarded: HashSet<String> = events
            .iter()
            .filter(|event| event.detail.starts_with(FORWARDED))
            .map(|event| event.recipient.clone())
            .collect();
        let mut fates: Vec<(String, String, i64, String)> = Vec::new();
        for event in events {
            if forwarded.contains(&event.recipient) {
                continue;
            }
            let fate = (
                event.recipient,
                word(&event.event).to_owned(),
                event.at,
                event.detail,
            );
            match fates.iter_mut().find(|known| known.0 == fate.0) {
                Some(known) => *known = fate,
                None => fates.push(fate),
            }
        }
        for waiting in self.room.store().outbox_of_trace(trace.id).await? {
            if let Some(known) = fates.iter_mut().find(|known| known.0 == waiting.recipient)
                && waiting.ended_at.is_none()
            {
                known.1 = if waiting.state == OutboxState::Held {
                    "held"
                } else if waiting.attempts == 0 {
                    "queued"
                } else {
                    "deferred"
                }
                .into();
                known.2 = waiting.next_at;
                known.3 = waiting.last_text.unwrap_or_default();
            }
        }
        Ok(fates)
    }

    /// What of a sent letter still waits to leave, for its owner: as `fate`, for the sentence that says why.
    pub async fn waiting(&self, email: EmailId) -> Result<Vec<QueueRow>, Error> {
        let fates = self.fate(email).await?;
        let trace = self.email(email).await?.trace;
        let Some(trace) = trace.filter(|_| !fates.is_empty()) else {
            return Ok(Vec::new());
        };
        let filter = QueueFilter {
            trace: Some(trace),
            ..QueueFilter::default()
        };
        let rows = self.room.policy().recipients_max;
        let mut waiting = self.room.store().queue_list(&filter, rows).await?;
        waiting.retain(|row| fates.iter().any(|fate| fate.0 == row.row.recipient));
        Ok(waiting)
    }

    async fn sent_mailbox(&self) -> Result<MailboxId, Error> {
        Ok(self
            .room
            .store()
            .mailbox_by_role(self.account, Role::Sent)
            .await?
            .id)
    }
}

/// A recipient of ours who has it as junk has it: where it lies is the recipient's matter.
fn word(event: &str) -> &str {
    match event {
        "junk" | "quarantined" => "delivered",
        "refused" => "bounced",
        other => other,
    }
}
