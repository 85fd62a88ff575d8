//! The queue of letters to other servers, for administrators: what waits and why; retry, hold, release, drop. A unit's
//! administrator sees what accounts of the own subtree sent; the top unit's and the console see all. Never opens mail.

use store::*;

use crate::{Actor, Denied, Error, Mailroom, Means, limits};

/// What one row of the queue page or command shows, with its history.
pub struct QueueStory {
    pub row: QueueRow,
    pub attempts: Vec<Attempt>,
}

/// What an act did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueOutcome {
    pub done: u64,
    /// Being sent at that moment, left alone.
    pub sending: u64,
}

impl Mailroom {
    /// Pending rows that fit, in the order they fall due.
    pub async fn queue_list(
        &self,
        actor: &Actor,
        filter: &QueueFilter,
        rows: usize,
    ) -> Result<Vec<QueueRow>, Error> {
        let rows = rows.min(limits::ADMIN_ROWS_MAX);
        let mut found = Vec::new();
        for filter in self.queue_reach(actor, filter).await? {
            found.extend(self.store().queue_list(&filter, rows).await?);
        }
        found.sort_by_key(|one| (one.row.next_at, one.row.id));
        found.truncate(rows);
        Ok(found)
    }

    /// What waits by domain, the fullest first.
    pub async fn queue_groups(
        &self,
        actor: &Actor,
        filter: &QueueFilter,
        groups: usize,
    ) -> Result<Vec<QueueGroup>, Error> {
        let groups = groups.min(limits::ADMIN_ROWS_MAX);
        let mut found: Vec<QueueGroup> = Vec::new();
        for filter in self.queue_reach(actor, filter).await? {
            for group in self.store().queue_groups(&filter, groups).await? {
                let same =
                    |known: &&mut QueueGroup| known.worst.row.domain == group.worst.row.domain;
                match found.iter_mut().find(same) {
                    Some(known) => join(known, group),
                    None => found.push(group),
                }
            }
        }
        found.sort_by_key(|group| std::cmp::Reverse(group.number));
        found.truncate(groups);
        Ok(found)
    }

    pub async fn queue_count(
        &self,
        actor: &Actor,
        filter: &QueueFilter,
    ) -> Result<QueueCount, Error> {
        let mut sum = QueueCount::default();
        for filter in self.queue_reach(actor, filter).await? {
            let count = self.store().queue_count(&filter).await?;
            sum.due += count.due;
            sum.held += count.held;
            sum.leased += count.leased;
        }
        Ok(sum)
    }

    /// One recipient's whole history.
    pub async fn queue_show(&self, actor: &Actor, row: OutboxId) -> Result<QueueStory, Error> {
        let filter = QueueFilter {
            row: Some(row),
            ..QueueFilter::default()
        };
        let found = self.queue_list(actor, &filter, 1).await?;
        let row = found.into_iter().next().ok_or(Denied::NotYours)?;
        let attempts = self.store().attempts(row.row.id).await?;
        Ok(QueueStory { row, attempts })
    }

    /// Does it to every row that fits, in pieces, each with its line in the traces and in the audit log. The worker of the
    /// running server hears of it at the commit. What is being sent at that moment is left alone and counted.
    pub async fn queue_act(
        &self,
        actor: &Actor,
        filter: &QueueFilter,
        act: QueueAct,
    ) -> Result<QueueOutcome, Error> {
        let unit = self
            .administers(actor)
            .await?
            .first()
            .filter(|_| actor.means != Means::Console)
            .map(|unit| unit.id);
        let (word, told) = words(act);
        let mut outcome = QueueOutcome::default();
        for filter in self.queue_reach(actor, filter).await? {
            let mut after = OutboxId(0);
            loop {
                let audited = self.audit_row(actor, word, &target(&filter), unit, "");
                let done = self
                    .store()
                    .queue_act(
                        &filter,
                        after,
                        limits::QUEUE_PIECE_ROWS,
                        act,
                        self.now(),
                        told,
                        audited,
                    )
                    .await?;
                outcome.done += done.rows;
                outcome.sending += done.leased;
                match done.last {
                    Some(last) => after = last,
                    None => break,
                }
            }
        }
        tracing::info!(word, rows = outcome.done, "queue");
        Ok(outcome)
    }

    /// The filter once for each subtree that the actor administers; refused for who administers nothing.
    async fn queue_reach(
        &self,
        actor: &Actor,
        filter: &QueueFilter,
    ) -> Result<Vec<QueueFilter>, Error> {
        let filter = QueueFilter {
            domain: filter.domain.trim().to_lowercase(),
            sender: filter.sender.trim().to_lowercase(),
            recipient: filter.recipient.trim().to_lowercase(),
            ..filter.clone()
        };
        let reach = self.reach_of(actor).await?;
        Ok(reach
            .into_iter()
            .map(|subtree| QueueFilter {
                subtree,
                ..filter.clone()
            })
            .collect())
    }

    /// The paths of the subtrees an actor administers, none inside another; "" is everything. Refused for who administers
    /// nothing.
    pub(crate) async fn reach_of(&self, actor: &Actor) -> Result<Vec<String>, Error> {
        let units = self.administers(actor).await?;
        if actor.means == Means::Console || units.iter().any(|unit| unit.parent.is_none()) {
            return Ok(vec![String::new()]);
        }
        if units.is_empty() {
            return Err(Denied::NotAllowed.into());
        }
        let mut paths: Vec<String> = units.into_iter().map(|unit| unit.path).collect();
        paths.sort();
        paths.dedup_by(|next, before| next.starts_with(before.as_str()));
        Ok(paths)
    }
}

fn join(known: &mut QueueGroup, other: QueueGroup) {
    known.number += other.number;
    known.held += other.held;
    known.leased += other.leased;
    known.oldest_at = known.oldest_at.min(other.oldest_at);
    known.soonest_at = match (known.soonest_at, other.soonest_at) {
        (Some(one), Some(two)) => Some(one.min(two)),
        (one, two) => one.or(two),
    };
    if other.worst.row.attempts > known.worst.row.attempts {
        known.worst = other.worst;
    }
}

/// The word of the audit log, and what the letter's own trace says.
fn words(act: QueueAct) -> (&'static str, &'static str) {
    match act {
        QueueAct::Retry => ("queue.retry", "quản trị viên yêu cầu gửi lại ngay"),
        QueueAct::Hold => ("queue.hold", "quản trị viên giữ lại"),
        QueueAct::Release => ("queue.release", "quản trị viên cho gửi tiếp"),
        QueueAct::Drop => ("queue.drop", "quản trị viên hủy, không báo lại người gửi"),
        QueueAct::DropTelling => ("queue.drop-notify", ""),
    }
}

/// What was named, for the audit log.
fn target(filter: &QueueFilter) -> String {
    let trace = filter.trace.map(|id| id.to_string()).unwrap_or_default();
    let row = filter.row.map(|id| id.to_string()).unwrap_or_default();
    let named: Vec<String> = [
        ("trace", trace.as_str()),
        ("row", row.as_str()),
        ("domain", &filter.domain),
        ("from", &filter.sender),
        ("to", &filter.recipient),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| format!("{name}={value}"))
    .collect();
    if named.is_empty() {
        "all".into()
    } else {
        named.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audit_log_names_what_was_named() {
        let filter = QueueFilter {
            domain: "hue.example".into(),
            row: Some(OutboxId(7)),
            ..QueueFilter::default()
        };
        assert_eq!(target(&filter), "row=7 domain=hue.example");
        assert_eq!(target(&QueueFilter::default()), "all");
    }
}
