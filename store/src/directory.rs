//! Domains and units: the tree of the administration. Who may change it is decided above.

use crate::Error;
use crate::clock::now_ms;
use crate::db::{Row, values};
use crate::id::*;
use crate::noun::*;
use crate::search::fold;
use crate::store::Store;

const DOMAINS: &str = "SELECT id, name, alias_of FROM domain ORDER BY name";
const DOMAIN_ADD: &str =
    "INSERT INTO domain (id, name, alias_of, created_at) VALUES ($1, $2, $3, $4)";
macro_rules! unit_columns {
    ($rest:literal) => {
        concat!(
            "SELECT unit.id, unit.parent_id, unit.code, unit.name, unit.path, unit.kind, unit.phone, unit.status, \
             unit.records_account_id FROM unit ",
            $rest
        )
    };
}
const UNIT: &str = unit_columns!("WHERE id = $1");
const UNIT_BY_CODE: &str = unit_columns!(
    "WHERE code = $1 OR id = (SELECT unit_id FROM unit_code WHERE unit_code.code = $1) ORDER BY code = $1 DESC LIMIT 1"
);
const UNITS_UNDER: &str = unit_columns!("WHERE substr(path, 1, length($1)) = $1 ORDER BY path");
const UNITS_ALL: &str = unit_columns!("ORDER BY path");
const UNIT_ADD: &str = "INSERT INTO unit (id, parent_id, code, name, name_fold, path, kind, phone, status, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'active', $9)";
const UNIT_CODE_ADD: &str = "INSERT INTO unit_code (code, unit_id, valid_from, valid_until) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (code) DO UPDATE SET unit_id = excluded.unit_id, valid_from = excluded.valid_from, \
     valid_until = excluded.valid_until";
const UNIT_UPDATE: &str = "UPDATE unit SET name = COALESCE($2, name), name_fold = COALESCE($3, name_fold), \
     phone = COALESCE($4, phone), status = COALESCE($5, status), kind = COALESCE($6, kind) WHERE id = $1";
const RECORDS_SET: &str = "UPDATE unit SET records_account_id = $2 WHERE id = $1";
const ADMIN_ADD: &str = "INSERT INTO unit_admin (principal_id, unit_id, created_at) VALUES ($1, $2, $3) \
     ON CONFLICT (principal_id, unit_id) DO NOTHING";
const ADMIN_REMOVE: &str = "DELETE FROM unit_admin WHERE principal_id = $1 AND unit_id = $2";
const ADMIN_UNITS: &str = unit_columns!(
    "JOIN unit_admin ON unit_admin.unit_id = unit.id WHERE unit_admin.principal_id = $1 ORDER BY unit.path"
);
/// The unit's own administrators first, then those of the units above it.
const CHAIN: &str = "SELECT unit_admin.principal_id, above.id FROM unit own JOIN unit above \
     ON substr(own.path, 1, length(above.path)) = above.path JOIN unit_admin ON unit_admin.unit_id = above.id \
     WHERE own.id = $1 ORDER BY length(above.path) DESC, unit_admin.created_at";
pub(crate) const SQL: &[&str] = &[
    DOMAINS,
    DOMAIN_ADD,
    UNIT,
    UNIT_BY_CODE,
    UNITS_UNDER,
    UNITS_ALL,
    UNIT_ADD,
    UNIT_CODE_ADD,
    UNIT_UPDATE,
    RECORDS_SET,
    ADMIN_ADD,
    ADMIN_REMOVE,
    ADMIN_UNITS,
    CHAIN,
];

#[derive(Clone, Debug)]
pub struct Domain {
    pub id: DomainId,
    pub name: String,
    /// Another local domain this one is an older name of.
    pub alias_of: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct NewUnit {
    pub parent: Option<UnitId>,
    pub code: String,
    pub name: String,
    pub kind: String,
    pub phone: String,
}

/// What changes of a unit; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct UnitChange {
    pub name: Option<String>,
    pub phone: Option<String>,
    pub kind: Option<String>,
    pub closed: Option<bool>,
}

fn unit_row(row: &Row) -> Result<Unit, Error> {
    Ok(Unit {
        id: UnitId(row.int(0)?),
        parent: row.opt_int(1)?.map(UnitId),
        code: row.text(2)?,
        name: row.text(3)?,
        path: row.text(4)?,
        kind: row.text(5)?,
        phone: row.text(6)?,
        closed: row.str(7)? == "closed",
        records_account: row.opt_int(8)?.map(AccountId),
    })
}

impl Store {
    pub async fn domains(&self) -> Result<Vec<Domain>, Error> {
        let rows = self.rows(DOMAINS, values![]).await?;
        rows.iter()
            .map(|row| {
                Ok(Domain {
                    id: DomainId(row.int(0)?),
                    name: row.text(1)?,
                    alias_of: row.opt_text(2)?,
                })
            })
            .collect()
    }

    /// Adds a local domain (lower case, A-labels); `Exists` when it is there.
    pub async fn domain_add(&self, name: &str, alias_of: Option<&str>) -> Result<DomainId, Error> {
        let now = now_ms();
        let id = DomainId(self.next_id(now));
        self.change_one(DOMAIN_ADD, values![id, name, alias_of, now])
            .await?;
        Ok(id)
    }

    /// Adds a unit; `Exists` when the code is taken.
    pub async fn unit_add(&self, unit: NewUnit) -> Result<UnitId, Error> {
        let now = now_ms();
        let id = UnitId(self.next_id(now));
        self.write(move |txn| {
            Box::pin(async move {
                let above = match unit.parent {
                    None => "/".to_owned(),
                    Some(parent) => {
                        let row = txn.conn.row(UNIT, values![parent]).await?;
                        row.ok_or_else(|| Error::Missing(format!("unit {parent}")))?
                            .text(4)?
                    }
                };
                let path = format!("{above}{id}/");
                let name_fold = fold(&unit.name);
                let values = values![
                    id,
                    unit.parent,
                    unit.code,
                    unit.name,
                    name_fold,
                    path,
                    unit.kind,
                    unit.phone,
                    now
                ];
                txn.conn.run(UNIT_ADD, values).await?;
                Ok(id)
            })
        })
        .await
    }

    pub async fn unit_update(&self, id: UnitId, change: UnitChange) -> Result<(), Error> {
        let name_fold = change.name.as_deref().map(fold);
        let status = change
            .closed
            .map(|closed| if closed { "closed" } else { "active" });
        let values = values![
            id,
            change.name,
            name_fold,
            change.phone,
            status,
            change.kind
        ];
        self.change_one(UNIT_UPDATE, values).await
    }

    /// A further code of a unit: an older one, or one to come (Decision 20/2020).
    pub async fn unit_code_add(
        &self,
        unit: UnitId,
        code: &str,
        valid_from: Option<i64>,
        valid_until: Option<i64>,
    ) -> Result<(), Error> {
        self.change_one(UNIT_CODE_ADD, values![code, unit, valid_from, valid_until])
            .await
    }

    /// Names the mailbox kept by the unit's records clerk.
    pub async fn unit_records_set(
        &self,
        unit: UnitId,
        account: Option<AccountId>,
    ) -> Result<(), Error> {
        self.change_one(RECORDS_SET, values![unit, account]).await
    }

    pub async fn unit(&self, id: UnitId) -> Result<Option<Unit>, Error> {
        self.row(UNIT, values![id])
            .await?
            .as_ref()
            .map(unit_row)
            .transpose()
    }

    /// By its code, or by an older one.
    pub async fn unit_by_code(&self, code: &str) -> Result<Option<Unit>, Error> {
        self.row(UNIT_BY_CODE, values![code])
            .await?
            .as_ref()
            .map(unit_row)
            .transpose()
    }

    /// A unit and all below it, by its path.
    pub async fn units_under(&self, path: &str) -> Result<Vec<Unit>, Error> {
        self.rows(UNITS_UNDER, values![path])
            .await?
            .iter()
            .map(unit_row)
            .collect()
    }

    pub async fn units_all(&self) -> Result<Vec<Unit>, Error> {
        self.rows(UNITS_ALL, values![])
            .await?
            .iter()
            .map(unit_row)
            .collect()
    }

    pub async fn unit_admin_add(&self, principal: PrincipalId, unit: UnitId) -> Result<(), Error> {
        self.change_any(ADMIN_ADD, values![principal, unit, now_ms()])
            .await
            .map(drop)
    }

    pub async fn unit_admin_remove(
        &self,
        principal: PrincipalId,
        unit: UnitId,
    ) -> Result<(), Error> {
        self.change_any(ADMIN_REMOVE, values![principal, unit])
            .await
            .map(drop)
    }

    /// The units a principal administers (roots of subtrees).
    pub async fn admin_units_of(&self, principal: PrincipalId) -> Result<Vec<Unit>, Error> {
        self.rows(ADMIN_UNITS, values![principal])
            .await?
            .iter()
            .map(unit_row)
            .collect()
    }

    /// Who administers a unit, the nearest first: (principal, unit administered).
    pub async fn admins_of_unit_chain(
        &self,
        unit: UnitId,
    ) -> Result<Vec<(PrincipalId, UnitId)>, Error> {
        let rows = self.rows(CHAIN, values![unit]).await?;
        rows.iter()
            .map(|row| Ok((PrincipalId(row.int(0)?), UnitId(row.int(1)?))))
            .collect()
    }
}
