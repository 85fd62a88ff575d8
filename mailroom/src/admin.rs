//! Who may administer what: one check, by the unit's path, and the audit row that every act leaves. Administration never
//! opens mail (promise 7).

use store::*;

use crate::{Actor, Denied, Error, Mailroom, Means};

impl Mailroom {
    /// The console: acts as the installation itself (command line, demo). Every act is still audited. It has no mail and
    /// opens none.
    pub fn console(&self) -> Actor {
        Actor {
            principal: PrincipalId(0),
            address: String::new(),
            name: "console".into(),
            means: Means::Console,
            peer_ip: String::new(),
        }
    }

    /// The one check of administration: the actor administers a unit whose subtree holds `unit`. What belongs to no unit
    /// is the console's alone.
    pub(crate) async fn check_subtree(
        &self,
        actor: &Actor,
        unit: Option<UnitId>,
    ) -> Result<(), Error> {
        if actor.means == Means::Console {
            return Ok(());
        }
        let Some(unit) = unit else {
            return Err(Denied::NotYours.into());
        };
        let Some(unit) = self.store().unit(unit).await? else {
            return Err(Denied::NotYours.into());
        };
        let roots = self.administers(actor).await?;
        if roots.iter().any(|root| unit.path.starts_with(&root.path)) {
            Ok(())
        } else {
            Err(Denied::NotYours.into())
        }
    }

    /// What concerns the whole installation.
    pub(crate) fn check_console(actor: &Actor) -> Result<(), Error> {
        if actor.means == Means::Console {
            Ok(())
        } else {
            Err(Denied::NotAllowed.into())
        }
    }

    /// Units this actor administers (roots of subtrees); empty for everybody else. The console administers all.
    pub async fn administers(&self, actor: &Actor) -> Result<Vec<Unit>, Error> {
        if actor.means == Means::Console {
            let units = self.store().units_all().await?;
            return Ok(units
                .into_iter()
                .filter(|unit| unit.parent.is_none())
                .collect());
        }
        let active = self
            .store()
            .principal(actor.principal)
            .await?
            .is_some_and(|who| who.status == Status::Active);
        if !active {
            return Ok(Vec::new());
        }
        Ok(self.store().admin_units_of(actor.principal).await?)
    }

    /// Whether a principal administers anything.
    pub(crate) async fn is_admin(&self, principal: PrincipalId) -> Result<bool, Error> {
        Ok(!self.store().admin_units_of(principal).await?.is_empty())
    }

    /// Writes an audit row. `detail` holds no secret and no letter.
    pub(crate) async fn audit(
        &self,
        actor: &Actor,
        action: &str,
        target: &str,
        unit: Option<UnitId>,
        detail: &str,
    ) -> Result<(), Error> {
        let row = self.audit_row(actor, action, target, unit, detail);
        self.store().audit_append(row, self.now()).await?;
        Ok(())
    }

    /// The row itself, for what writes it in its own transaction.
    pub(crate) fn audit_row(
        &self,
        actor: &Actor,
        action: &str,
        target: &str,
        unit: Option<UnitId>,
        detail: &str,
    ) -> NewAudit {
        let who = if actor.address.is_empty() {
            &actor.name
        } else {
            &actor.address
        };
        let from = if actor.peer_ip.is_empty() {
            String::new()
        } else {
            format!(" [{}]", actor.peer_ip)
        };
        NewAudit {
            actor_id: (actor.principal.0 != 0).then_some(actor.principal),
            actor: who.clone(),
            action: action.to_owned(),
            target: target.to_owned(),
            unit,
            detail: format!("{detail}{from}").trim().to_owned(),
        }
    }
}
