//! What a document system may do: prove itself, give and recall documents, read how far each is. (DOMAIN 3.4)

use serde_json::json;
use store::{
    AccountId, AssignmentStatus, NewAssignee, NewAssignment, NewSource, PrincipalKind, PutOutcome,
    Status,
};

use super::rules::{self, Checked};
use super::{AssigneePut, AssigneeState, AssignmentPut, AssignmentState, Put, Source};
use crate::secret::throttle::Throttle;
use crate::secret::{digest_of, same, token};
use crate::{Actor, Error, Mailroom, Means, address, limits, time};

/// Keeps these hashes apart from those of other secrets.
const PURPOSE: &str = "source token";
/// Longest life of a token (DOMAIN 3.4: 12 months, a leap year's).
const LIFE_DAYS_MAX: u32 = 366;
const DAY_MS: i64 = 86_400_000;

impl Mailroom {
    /// Registers a source; returns its bearer token, told once. `life_days` <= 366. With a unit it reaches only that unit's
    /// subtree.
    pub async fn source_add(
        &self,
        actor: &Actor,
        code: &str,
        name: &str,
        unit_code: Option<&str>,
        link_hosts: &[String],
        life_days: u32,
    ) -> Result<String, Error> {
        let unit = self.unit_named(unit_code).await?.map(|unit| unit.id);
        self.check_subtree(actor, unit).await?;
        let code = code.trim();
        let proper = !code.is_empty()
            && code.len() <= 50
            && code
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !proper || !(1..=LIFE_DAYS_MAX).contains(&life_days) {
            return Err(Error::Bad(
                "mã nguồn gồm chữ không dấu, số, dấu gạch; thời hạn từ 1 đến 366 ngày".into(),
            ));
        }
        if link_hosts
            .iter()
            .any(|host| host.is_empty() || host.contains(char::is_whitespace) || host.contains('/'))
        {
            return Err(Error::Bad(
                "máy chủ liên kết viết dạng qlvb.tinh.gov.vn".into(),
            ));
        }
        let told = token()?;
        let new = NewSource {
            code: code.to_owned(),
            name: name.trim().to_owned(),
            unit,
            token_hash: digest_of(PURPOSE, &told),
            token_expires_at: self.now() + i64::from(life_days) * DAY_MS,
            scopes: "assign".into(),
            link_hosts: link_hosts.join(" ").to_lowercase(),
            ..NewSource::default()
        };
        self.store().source_add(new).await?;
        self.audit(actor, "source.add", code, unit, name).await?;
        Ok(told)
    }

    /// A source by its code and token; the next token of a rotation counts too. Guesses are slowed.
    pub async fn source_sign_in(
        &self,
        source: &str,
        token: &str,
        peer_ip: &str,
    ) -> Result<Option<Source>, Error> {
        let now = self.now();
        let keys = Throttle::keys(source, peer_ip);
        if self.0.sources.wait_ms(&keys, now) > 0 {
            return Err(Error::Later("too many wrong tokens".into()));
        }
        let hash = digest_of(PURPOSE, token);
        let fits = |held: &store::Source| {
            let next = held
                .next_token_hash
                .as_ref()
                .zip(held.next_token_expires_at);
            same(&held.token_hash, &hash) && now < held.token_expires_at
                || next.is_some_and(|(held, end)| same(held, &hash) && now < end)
        };
        match self.store().source_by_code(source).await? {
            Some(held) if held.active && fits(&held) => {
                self.0.sources.passed(&keys);
                Ok(Some(Source {
                    id: held.id,
                    code: held.code,
                    name: held.name,
                    link_hosts: held
                        .link_hosts
                        .split_whitespace()
                        .map(str::to_owned)
                        .collect(),
                    unit: held.unit,
                }))
            }
            _ => {
                self.0.sources.failed(&keys, now);
                Ok(None)
            }
        }
    }

    pub async fn assignment_put(
        &self,
        source: &Source,
        external_id: &str,
        put: AssignmentPut,
    ) -> Result<Put, Error> {
        if let Err(reason) = rules::external_id(external_id) {
            return Ok(Put::Refused(reason));
        }
        let checked = match rules::check(&put, &source.link_hosts) {
            Ok(checked) => checked,
            Err(reason) => return Ok(Put::Refused(reason)),
        };
        let mut assignees: Vec<NewAssignee> = Vec::with_capacity(put.assignees.len());
        for (one, due_at) in put.assignees.iter().zip(&checked.due_at) {
            let Some((account, resolved)) = self.account_for(source, one).await? else {
                return Ok(Put::Refused(format!(
                    "Không xác định được người nhận {} và không có hộp thư văn thư để chuyển tới.",
                    rules::asked(one)
                )));
            };
            // The same person twice in one role would be one line to both sides.
            if assignees
                .iter()
                .any(|known| known.account == account && known.role == one.role)
            {
                continue;
            }
            assignees.push(NewAssignee {
                account,
                asked: rules::asked(one),
                resolved,
                role: one.role.clone(),
                due_at: *due_at,
                note: one.note.clone(),
                next_remind_at: None,
            });
        }
        let outcome = self
            .store()
            .assignment_put(self.new_assignment(source, external_id, put, checked, assignees))
            .await?;
        if let PutOutcome::Stale { current } = outcome {
            return Ok(Put::Stale { current });
        }
        if outcome == PutOutcome::Conflict {
            return Ok(Put::Conflict);
        }
        let state = self
            .assignment_state(source, external_id)
            .await?
            .ok_or(Error::Missing)?;
        Ok(match outcome {
            PutOutcome::Created(_) => Put::Created(state),
            PutOutcome::Updated(_) => Put::Updated(state),
            _ => Put::Replayed(state),
        })
    }

    fn new_assignment(
        &self,
        source: &Source,
        external_id: &str,
        put: AssignmentPut,
        checked: Checked,
        assignees: Vec<NewAssignee>,
    ) -> NewAssignment {
        let status = match put.action.as_str() {
            "recall" => AssignmentStatus::Recalled,
            "complete" => AssignmentStatus::Completed,
            _ => AssignmentStatus::Open,
        };
        let link = put.link.unwrap_or_default();
        NewAssignment {
            source: source.id,
            external_id: external_id.to_owned(),
            revision: put.revision,
            content_hash: checked.content_hash,
            action: put.action,
            number: put.document.number,
            notation: put.document.notation,
            type_code: put.document.type_code,
            type_name: put.document.type_name,
            issued_on: put.document.issued_on,
            issuer_code: put.document.issuer.code,
            issuer_name: put.document.issuer.name,
            subject: put.document.subject,
            urgency: put.document.urgency,
            document: checked.document,
            assigned_by: put.assigned_by,
            assigned_at: checked.assigned_at,
            instruction: put.instruction,
            link_url: link.url,
            link_label: link.label,
            notify: checked.notify,
            status,
            at: self.now(),
            assignees,
        }
    }

    /// The account of a selector and whether it was found; else the unit's records mailbox. `None`: not even that.
    async fn account_for(
        &self,
        source: &Source,
        one: &AssigneePut,
    ) -> Result<Option<(AccountId, bool)>, Error> {
        let mut unit = None;
        let found = match (&one.mailbox, &one.staff_no, &one.unit_code, &one.title) {
            (Some(mailbox), ..) => match address::normal(mailbox) {
                Some(wanted) => self.principal_at(&wanted).await?,
                None => None,
            },
            (_, Some(staff_no), ..) => self.store().principal_by_staff_no(staff_no).await?,
            (_, _, Some(code), Some(title)) => {
                unit = self.store().unit_by_code(code).await?;
                match &unit {
                    Some(unit) => self.titled(&unit.path, unit.id, title).await?,
                    None => None,
                }
            }
            _ => None,
        };
        let taken =
            found.filter(|who| who.kind != PrincipalKind::List && who.status != Status::Disabled);
        if let Some(who) = taken
            && self.reaches(source, who.unit).await?
        {
            return Ok(Some((who.id.into(), true)));
        }
        let unit = match unit {
            Some(unit) if self.reaches(source, Some(unit.id)).await? => Some(unit),
            _ => match source.unit {
                Some(unit) => self.store().unit(unit).await?,
                None => self
                    .store()
                    .units_all()
                    .await?
                    .into_iter()
                    .find(|unit| unit.parent.is_none()),
            },
        };
        let records = match unit {
            Some(unit) => self.records_above(unit).await?,
            None => None,
        };
        Ok(records.map(|account| (account, false)))
    }

    /// Exactly one active person of the unit with this title; two would be a guess.
    async fn titled(
        &self,
        path: &str,
        unit: store::UnitId,
        title: &str,
    ) -> Result<Option<store::Principal>, Error> {
        let wanted = viet::fold(title.trim());
        let mut found = None;
        for one in self
            .store()
            .principals_list(path, limits::EXPANSION_MAX, 0)
            .await?
        {
            if one.unit == Some(unit)
                && one.status == Status::Active
                && viet::fold(&one.title) == wanted
            {
                if found.is_some() {
                    return Ok(None);
                }
                found = Some(one);
            }
        }
        Ok(found)
    }

    /// The records mailbox of a unit, or of the next one above that has one.
    async fn records_above(&self, unit: store::Unit) -> Result<Option<AccountId>, Error> {
        let mut at = Some(unit);
        for _ in 0..limits::UNIT_DEPTH_MAX {
            let Some(unit) = at else { break };
            if unit.records_account.is_some() {
                return Ok(unit.records_account);
            }
            at = match unit.parent {
                Some(parent) => self.store().unit(parent).await?,
                None => None,
            };
        }
        Ok(None)
    }

    /// A source bound to a unit assigns inside that unit's subtree only.
    async fn reaches(&self, source: &Source, unit: Option<store::UnitId>) -> Result<bool, Error> {
        let Some(root) = source.unit else {
            return Ok(true);
        };
        let (root, unit) = (
            self.store().unit(root).await?,
            match unit {
                Some(unit) => self.store().unit(unit).await?,
                None => None,
            },
        );
        Ok(root
            .zip(unit)
            .is_some_and(|(root, unit)| unit.path.starts_with(&root.path)))
    }

    pub async fn assignment_state(
        &self,
        source: &Source,
        external_id: &str,
    ) -> Result<Option<AssignmentState>, Error> {
        let Some((assignment, assignees)) = self.store().assignment(source.id, external_id).await?
        else {
            return Ok(None);
        };
        let now = self.now();
        let mut states = Vec::with_capacity(assignees.len());
        for one in assignees {
            let owner = self.store().principal(one.account.into()).await?;
            let acknowledged_by = match one.acknowledged_by {
                Some(who) => self.store().principal(who).await?.map(|who| who.name),
                None => None,
            };
            let done = one.ended_at.is_some() || assignment.status.is_over();
            states.push(AssigneeState {
                asked: one.asked,
                mailbox: owner.map(|owner| owner.address).unwrap_or_default(),
                resolved: one.resolved,
                role: one.role,
                state: one.state.as_str().into(),
                overdue: !done && one.due_at.is_some_and(|due| due < now),
                due_at: one.due_at.map(time::rfc3339),
                delivered_at: one.delivered_at.map(time::rfc3339),
                notified_at: one.notified_at.map(time::rfc3339),
                seen_at: one.seen_at.map(time::rfc3339),
                acknowledged_at: one.acknowledged_at.map(time::rfc3339),
                acknowledged_by,
            });
        }
        Ok(Some(AssignmentState {
            external_id: assignment.external_id,
            revision: assignment.revision,
            status: assignment.status.as_str().into(),
            assignees: states,
        }))
    }

    /// The source takes a document back: it leaves the lists, its row and an audit line stay (Decree 30/2020 art. 18).
    pub async fn assignment_recall(
        &self,
        source: &Source,
        external_id: &str,
        reason: &str,
    ) -> Result<Option<AssignmentState>, Error> {
        let Some((assignment, _)) = self.store().assignment(source.id, external_id).await? else {
            return Ok(None);
        };
        let reason: String = reason
            .chars()
            .filter(|c| !c.is_control())
            .take(limits::REASON_CHARS_MAX)
            .collect();
        if self
            .store()
            .assignment_status(
                assignment.id,
                AssignmentStatus::Recalled,
                &reason,
                self.now(),
            )
            .await?
        {
            let by = Actor {
                name: format!("source {}", source.code),
                means: Means::Console,
                ..self.console()
            };
            self.audit(&by, "assignment.recall", external_id, source.unit, &reason)
                .await?;
        }
        self.assignment_state(source, external_id).await
    }

    /// Events after a cursor: (cursor, JSON object).
    pub async fn assignment_events(
        &self,
        source: &Source,
        after: i64,
        rows: usize,
    ) -> Result<Vec<(i64, serde_json::Value)>, Error> {
        let events = self
            .store()
            .assignment_events(source.id, after, rows.min(limits::EVENT_ROWS_MAX))
            .await?;
        Ok(events
            .into_iter()
            .map(|event| {
                let value = json!({
                    "id": event.id.0.to_string(),
                    "type": event.kind,
                    "source": source.code,
                    "external_id": event.external_id,
                    "assignee": event.assignee.map(|id| id.0.to_string()),
                    "revision": event.revision,
                    "actor": event.actor,
                    "detail": event.detail,
                    "at": time::rfc3339(event.at),
                });
                (event.id.0, value)
            })
            .collect())
    }
}
