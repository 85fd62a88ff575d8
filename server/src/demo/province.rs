//! The province's people, units and documents as written in `demo/province.toml`. Values only.

use serde::Deserialize;

const TEXT: &str = include_str!("../../demo/province.toml");

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Province {
    pub domain: String,
    pub province: String,
    /// Local part of the mailbox that takes mail to the outside.
    pub sink: String,
    pub unit: Vec<Unit>,
    pub person: Vec<Person>,
    pub list: Vec<List>,
    pub source: Vec<Source>,
    pub document: Vec<Document>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    pub code: String,
    pub name: String,
    pub parent: Option<String>,
    pub kind: String,
    pub phone: String,
    /// Local part of the unit's own mailbox.
    pub mailbox: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub local: String,
    pub name: String,
    pub title: String,
    pub unit: String,
    pub staff_no: String,
    pub phone: String,
    pub role: String,
    pub password: String,
    pub clerk_of: Option<String>,
    pub admin_of: Option<String>,
    #[serde(default)]
    pub sensitive: bool,
    #[serde(default)]
    pub aliases: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    pub local: String,
    pub name: String,
    pub unit: String,
    pub members: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub code: String,
    pub name: String,
    pub link_hosts: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub id: String,
    pub number: String,
    pub notation: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub issuer: String,
    pub subject: String,
    pub urgency: u8,
    pub signer: String,
    pub to: String,
    pub role: String,
    pub by: String,
    pub instruction: String,
    /// Assigned so many days ago.
    pub day: i64,
    /// Due in so many days; negative is overdue.
    pub due: i64,
}

/// An account as the demo shows it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Shown {
    pub address: String,
    pub password: String,
    pub name: String,
    pub role: String,
}

impl Province {
    pub fn load() -> Result<Province, toml::de::Error> {
        toml::from_str(TEXT)
    }

    pub fn address(&self, local: &str) -> String {
        if local.contains('@') {
            local.to_owned()
        } else {
            format!("{local}@{}", self.domain)
        }
    }

    pub fn sink_address(&self) -> String {
        self.address(&self.sink)
    }

    /// Who can sign in, with what.
    pub fn shown(&self) -> Vec<Shown> {
        self.person
            .iter()
            .map(|person| Shown {
                address: self.address(&person.local),
                password: person.password.clone(),
                name: person.name.clone(),
                role: person.role.clone(),
            })
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_province_holds_together() {
        let province = Province::load().unwrap();
        let unit = |code: &str| province.unit.iter().any(|unit| unit.code == code);
        let mailbox = |name: &str| {
            province
                .unit
                .iter()
                .any(|unit| unit.mailbox.as_deref() == Some(name))
        };
        let person = |local: &str| province.person.iter().any(|person| person.local == local);
        for unit_row in &province.unit {
            assert!(
                unit_row.parent.as_deref().is_none_or(unit),
                "{}",
                unit_row.name
            );
        }
        for row in &province.person {
            assert!(unit(&row.unit), "{}", row.name);
            assert!(row.clerk_of.as_deref().is_none_or(mailbox), "{}", row.name);
            assert!(row.admin_of.as_deref().is_none_or(unit), "{}", row.name);
        }
        for list in &province.list {
            assert!(unit(&list.unit) && list.members.iter().all(|local| person(local)));
        }
        assert!(
            province
                .document
                .iter()
                .all(|document| person(&document.to))
        );
        assert!(province.person.len() >= 12 && (5..=9).contains(&province.unit.len()));
    }
}
