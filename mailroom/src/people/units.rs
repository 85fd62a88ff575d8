//! Domains and the tree of units.

use store::*;

use crate::{Actor, Error, Mailroom, Means, address, limits};

impl Mailroom {
    /// Adds a domain of ours; `alias_of` names the newer domain whose addresses also receive under this one.
    pub async fn domain_add(
        &self,
        actor: &Actor,
        name: &str,
        alias_of: Option<&str>,
    ) -> Result<(), Error> {
        Self::check_console(actor)?;
        let name = address::normal_domain(name)
            .ok_or_else(|| Error::Bad(format!("{name}: không phải tên miền")))?;
        let alias_of = match alias_of {
            Some(newer) if self.is_local_domain(newer).await? => address::normal_domain(newer),
            Some(newer) => return Err(Error::Bad(format!("{newer}: tên miền chưa có"))),
            None => None,
        };
        self.store().domain_add(&name, alias_of.as_deref()).await?;
        self.0.domains.forget();
        self.audit(
            actor,
            "domain.add",
            &name,
            None,
            alias_of.as_deref().unwrap_or_default(),
        )
        .await
    }

    pub async fn unit_add(
        &self,
        actor: &Actor,
        code: &str,
        name: &str,
        parent_code: Option<&str>,
        kind: &str,
        phone: &str,
    ) -> Result<UnitId, Error> {
        let parent = self.unit_named(parent_code).await?.map(|unit| unit.id);
        self.check_subtree(actor, parent).await?;
        let code = code.trim();
        if code.is_empty()
            || code.chars().count() > limits::NAME_CHARS_MAX
            || code.chars().any(char::is_control)
        {
            return Err(Error::Bad("thiếu mã đơn vị".into()));
        }
        let unit = NewUnit {
            parent,
            code: code.to_owned(),
            name: super::accounts::checked_name(name)?,
            kind: kind.trim().to_owned(),
            phone: phone.trim().to_owned(),
        };
        let id = self.store().unit_add(unit).await?;
        self.audit(actor, "unit.add", code, Some(id), name).await?;
        Ok(id)
    }

    /// The units of the actor's subtrees; the console sees all.
    pub async fn units(&self, actor: &Actor) -> Result<Vec<Unit>, Error> {
        if actor.means == Means::Console {
            return Ok(self.store().units_all().await?);
        }
        let mut units: Vec<Unit> = Vec::new();
        for root in self.administers(actor).await? {
            for unit in self.store().units_under(&root.path).await? {
                if !units.iter().any(|known| known.id == unit.id) {
                    units.push(unit);
                }
            }
        }
        Ok(units)
    }

    /// By code; `Missing` when a code is given and nobody has it.
    pub(crate) async fn unit_named(&self, code: Option<&str>) -> Result<Option<Unit>, Error> {
        match code.map(str::trim).filter(|code| !code.is_empty()) {
            None => Ok(None),
            Some(code) => match self.store().unit_by_code(code).await? {
                Some(unit) => Ok(Some(unit)),
                None => Err(Error::Bad(format!("không có đơn vị mã {code}"))),
            },
        }
    }
}
