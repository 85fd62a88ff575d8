//! Lists of people taken in: added or changed line by line, never deleted. Addresses are proposed from names where the list
//! has none. (DOMAIN 4)

use std::collections::HashSet;

use store::*;

use super::csv::{self, Column, Line};
use super::{NewAccount, PrincipalKindWord, propose};
use crate::{Actor, Error, Mailroom, address};

/// Tries at a free number for a proposed address.
const NUMBERS_MAX: u32 = 999;

/// One line of an import: what happened, in words for the clerk.
#[derive(Clone, Debug)]
pub struct Imported {
    pub line: usize,
    pub address: String,
    pub outcome: ImportOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    Added,
    Unchanged,
    Updated,
    Refused(String),
}

impl Mailroom {
    /// CSV: address,name,unit_code,title,staff_no,phone,kind (headings in English or Vietnamese). Repeated import is a
    /// diff; nothing is deleted. Without an address one is proposed from the name, numbered where taken. `progress(done, total)`.
    pub async fn accounts_import(
        &self,
        actor: &Actor,
        csv: &str,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Vec<Imported>, Error> {
        let lines = csv::read(csv).map_err(Error::Bad)?;
        let mut claimed: HashSet<PrincipalId> = HashSet::new();
        let mut outcomes = Vec::with_capacity(lines.len());
        for (done, line) in lines.iter().enumerate() {
            let outcome = match self.import_line(actor, line, &mut claimed).await {
                Ok((address, outcome)) => Imported {
                    line: line.number,
                    address,
                    outcome,
                },
                Err(cause) => Imported {
                    line: line.number,
                    address: line.get(Column::Address).to_owned(),
                    outcome: ImportOutcome::Refused(refusal(cause)?),
                },
            };
            outcomes.push(outcome);
            progress(done + 1, lines.len());
        }
        Ok(outcomes)
    }

    async fn import_line(
        &self,
        actor: &Actor,
        line: &Line,
        claimed: &mut HashSet<PrincipalId>,
    ) -> Result<(String, ImportOutcome), Error> {
        let unit = self.unit_named(Some(line.get(Column::UnitCode))).await?;
        let (known, address) = self.whose_line(line, unit.as_ref(), claimed).await?;
        match known {
            Some(known) => {
                claimed.insert(known.id);
                let outcome = self.changed(actor, &known, line, unit).await?;
                Ok((known.address, outcome))
            }
            None => {
                let kind = PrincipalKindWord::parse(line.get(Column::Kind));
                let kind = kind.ok_or_else(|| {
                    Error::Bad(format!("loại không rõ: {}", line.get(Column::Kind)))
                })?;
                let account = NewAccount {
                    address: address.clone(),
                    name: line.get(Column::Name).to_owned(),
                    title: line.get(Column::Title).to_owned(),
                    unit_code: unit.map(|unit| unit.code),
                    staff_no: Some(line.get(Column::StaffNo).to_owned()),
                    phone: Some(line.get(Column::Phone).to_owned()),
                    kind: Some(kind),
                    sensitive: is_yes(line.get(Column::Sensitive)),
                    aliases: line
                        .get(Column::Aliases)
                        .split_whitespace()
                        .map(str::to_owned)
                        .collect(),
                };
                claimed.insert(self.account_add(actor, account, None).await?);
                Ok((address, ImportOutcome::Added))
            }
        }
    }

    /// Who the line is about, or the address for somebody new.
    async fn whose_line(
        &self,
        line: &Line,
        unit: Option<&Unit>,
        claimed: &HashSet<PrincipalId>,
    ) -> Result<(Option<Principal>, String), Error> {
        let typed = line.get(Column::Address);
        if !typed.is_empty() {
            let wanted = address::normal(typed)
                .ok_or_else(|| Error::Bad(format!("{typed}: không phải địa chỉ thư")))?;
            return Ok((self.principal_at(&wanted).await?, wanted));
        }
        let staff_no = line.get(Column::StaffNo);
        if !staff_no.is_empty()
            && let Some(known) = self.store().principal_by_staff_no(staff_no).await?
        {
            let address = known.address.clone();
            return Ok((Some(known), address));
        }
        let domains = self.domains().await?;
        let domain = domains
            .first()
            .ok_or_else(|| Error::Bad("chưa có tên miền".into()))?;
        let local = propose::local_part(line.get(Column::Name))
            .ok_or_else(|| Error::Bad("thiếu họ tên".into()))?;
        for number in 1..=NUMBERS_MAX {
            let candidate = propose::numbered(&local, domain, number);
            match self.principal_at(&candidate).await? {
                None => return Ok((None, candidate)),
                // The same name in the same unit, not met in this list yet: the person from the last import.
                Some(known) if is_same(&known, line, unit) && !claimed.contains(&known.id) => {
                    return Ok((Some(known), candidate));
                }
                Some(_) => {}
            }
        }
        Err(Error::Bad("không còn địa chỉ trống cho tên này".into()))
    }

    /// An empty cell leaves what is there.
    async fn changed(
        &self,
        actor: &Actor,
        known: &Principal,
        line: &Line,
        unit: Option<Unit>,
    ) -> Result<ImportOutcome, Error> {
        let new = |column: Column, old: &str| {
            let text = line.get(column);
            (!text.is_empty() && text != old).then(|| text.to_owned())
        };
        let moved = unit
            .as_ref()
            .map(|unit| unit.id)
            .filter(|unit| known.unit != Some(*unit));
        let change = PrincipalChange {
            name: new(Column::Name, &known.name),
            title: new(Column::Title, &known.title),
            unit: moved.map(Some),
            staff_no: new(
                Column::StaffNo,
                known.staff_no.as_deref().unwrap_or_default(),
            )
            .map(Some),
            phone: new(Column::Phone, known.phone.as_deref().unwrap_or_default()).map(Some),
            sensitive: (is_yes(line.get(Column::Sensitive)) && !known.sensitive).then_some(true),
        };
        let nothing = change.name.is_none()
            && change.title.is_none()
            && change.unit.is_none()
            && change.staff_no.is_none()
            && change.phone.is_none()
            && change.sensitive.is_none();
        if nothing {
            return Ok(ImportOutcome::Unchanged);
        }
        self.check_subtree(actor, known.unit).await?;
        if moved.is_some() {
            self.check_subtree(actor, moved).await?;
        }
        self.store().principal_update(known.id, change).await?;
        self.directory_changed();
        self.audit(
            actor,
            "account.update",
            &known.address,
            moved.or(known.unit),
            "import",
        )
        .await?;
        Ok(ImportOutcome::Updated)
    }
}

fn is_same(known: &Principal, line: &Line, unit: Option<&Unit>) -> bool {
    let staff_no = line.get(Column::StaffNo);
    let other_staff_no = !staff_no.is_empty()
        && known
            .staff_no
            .as_deref()
            .is_some_and(|held| held != staff_no);
    known.name == line.get(Column::Name)
        && known.unit == unit.map(|unit| unit.id)
        && !other_staff_no
}

fn is_yes(cell: &str) -> bool {
    matches!(
        viet::fold(cell.trim()).as_str(),
        "1" | "x" | "yes" | "true" | "co"
    )
}

/// A refused line is told to the clerk; a failure of ours ends the import.
fn refusal(cause: Error) -> Result<String, Error> {
    Ok(match cause {
        Error::Bad(text) => text,
        Error::Exists => "địa chỉ hoặc mã cán bộ đã có người khác dùng".into(),
        Error::Missing => "không tìm thấy".into(),
        Error::Denied(_) => "ngoài phạm vi quản trị".into(),
        broken => return Err(broken),
    })
}
