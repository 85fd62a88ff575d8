//! Assigned documents as the person sees them: listed, opened, acknowledged. Recalled and completed ones leave the open list.

use store::{Assignee, AssigneeId, Assignment};

use super::{AssignedFilter, AssignedRow};
use crate::{Access, Denied, Error, Right, limits};

/// "Sắp đến hạn": due within this time, ms: today and the two days after it.
const SOON_MS: i64 = 3 * 86_400_000;

impl Access {
    pub async fn assigned(
        &self,
        filter: AssignedFilter,
        rows: usize,
    ) -> Result<Vec<AssignedRow>, Error> {
        self.need(Right::Read).await?;
        let now = self.room.now();
        let wanted = match filter {
            AssignedFilter::Open => store::AssignedFilter::Open,
            AssignedFilter::Overdue => store::AssignedFilter::Overdue { now },
            AssignedFilter::DueSoon => store::AssignedFilter::DueSoon {
                now,
                until: now + SOON_MS,
            },
            AssignedFilter::All => store::AssignedFilter::All,
        };
        let found = self
            .room
            .store()
            .assignments_of(self.account, wanted, rows.min(limits::LIST_ROWS_MAX))
            .await?;
        let sources = self.room.store().sources().await?;
        Ok(found
            .into_iter()
            .map(|(assignment, assignee)| {
                let source = sources
                    .iter()
                    .find(|source| source.id == assignment.source)
                    .map(|source| source.name.clone());
                row(assignment, assignee, source.unwrap_or_default(), now)
            })
            .collect())
    }

    /// Opens one: marks it seen by the actor (the assignee, or a member of the mailbox, who is named as such).
    pub async fn assigned_open(&self, id: AssigneeId) -> Result<AssignedRow, Error> {
        self.need(Right::Read).await?;
        self.forward(id, store::AssigneeState::Seen).await
    }

    pub async fn acknowledge(&self, id: AssigneeId) -> Result<AssignedRow, Error> {
        self.need(Right::Write).await?;
        let (assignment, _) = self.mine(id).await?;
        if assignment.status.is_over() {
            return Err(Denied::NotAllowed.into());
        }
        self.forward(id, store::AssigneeState::Acknowledged).await
    }

    async fn forward(
        &self,
        id: AssigneeId,
        state: store::AssigneeState,
    ) -> Result<AssignedRow, Error> {
        let (assignment, _) = self.mine(id).await?;
        let now = self.room.now();
        if !assignment.status.is_over() {
            let who = self.actor.principal;
            self.room
                .store()
                .assignee_advance(id, state, Some(who), &self.actor.address, now)
                .await?;
        }
        let (assignment, assignee) = self.mine(id).await?;
        let sources = self.room.store().sources().await?;
        let source = sources
            .into_iter()
            .find(|source| source.id == assignment.source)
            .map(|source| source.name);
        Ok(row(assignment, assignee, source.unwrap_or_default(), now))
    }

    /// An assignee of this account; another's is as if it were not there.
    async fn mine(&self, id: AssigneeId) -> Result<(Assignment, Assignee), Error> {
        match self.room.store().assignee(id).await? {
            Some((assignment, assignee)) if assignee.account == self.account => {
                Ok((assignment, assignee))
            }
            _ => Err(Denied::NotYours.into()),
        }
    }

    /// (open, overdue) for badges.
    pub async fn assigned_counts(&self) -> Result<(u32, u32), Error> {
        self.need(Right::Read).await?;
        Ok(self
            .room
            .store()
            .assigned_counts(self.account, self.room.now())
            .await?)
    }
}

fn row(assignment: Assignment, assignee: Assignee, source_name: String, now: i64) -> AssignedRow {
    let done = assignee.ended_at.is_some() || assignment.status.is_over();
    AssignedRow {
        id: assignee.id,
        number: assignment.number,
        notation: assignment.notation,
        subject: assignment.subject,
        urgency: assignment.urgency,
        issuer: assignment.issuer_name,
        issued_on: assignment.issued_on,
        assigned_by: assignment.assigned_by,
        assigned_at: assignment.assigned_at,
        instruction: assignment.instruction,
        note: assignee.note,
        role: assignee.role,
        due_at: assignee.due_at,
        overdue: !done && assignee.due_at.is_some_and(|due| due < now),
        state: assignee.state.as_str().into(),
        status: assignment.status.as_str().into(),
        link_url: assignment.link_url,
        link_label: assignment.link_label,
        source_name,
        acknowledged_at: assignee.acknowledged_at,
    }
}
