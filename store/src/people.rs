//! Principals with their addresses, lists and memberships. A principal that has mail has an account of the same number.

use crate::Error;
use crate::clock::now_ms;
use crate::db::{Row, values};
use crate::id::*;
use crate::mailbox;
use crate::noun::*;
use crate::search::fold;
use crate::store::Store;
use crate::writer::Txn;

macro_rules! principal_columns {
    ($rest:literal) => {
        concat!(
            "SELECT principal.id, principal.kind, principal.unit_id, principal.name, principal.title, \
             principal.staff_no, principal.phone, principal.status, principal.sensitive, \
             COALESCE((SELECT address.address FROM address WHERE address.principal_id = principal.id \
             AND address.kind = 'primary' LIMIT 1), ''), principal.last_seen_at ",
            $rest
        )
    };
}
const PRINCIPAL: &str = principal_columns!("FROM principal WHERE principal.id = $1");
const BY_STAFF_NO: &str = principal_columns!(
    "FROM principal WHERE principal.staff_no = $1 ORDER BY principal.id LIMIT 1"
);
const BY_ADDRESS: &str = principal_columns!(
    ", found.kind, found.valid_until FROM address found JOIN principal ON principal.id = found.principal_id \
     WHERE found.address = $1"
);
const FIND: &str = principal_columns!(
    "FROM principal LEFT JOIN unit ON unit.id = principal.unit_id WHERE principal.name_fold LIKE $1 \
     AND principal.name_fold LIKE $2 AND principal.name_fold LIKE $3 AND principal.name_fold LIKE $4 \
     AND principal.name_fold LIKE $5 AND ($6 = '' OR substr(unit.path, 1, length($6)) = $6) \
     ORDER BY principal.name, principal.id LIMIT $7"
);
const LIST: &str = principal_columns!(
    "FROM principal LEFT JOIN unit ON unit.id = principal.unit_id \
     WHERE ($1 = '' OR substr(unit.path, 1, length($1)) = $1) ORDER BY principal.name, principal.id LIMIT $2 OFFSET $3"
);
const ADD: &str = "INSERT INTO principal (id, kind, unit_id, name, title, name_fold, staff_no, phone, status, sensitive, \
     created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'active', $9, $10)";
const ACCOUNT_ADD: &str = "INSERT INTO account (id, modseq, used_bytes, quota_bytes, uid_validity, settings, created_at) \
     VALUES ($1, 0, 0, $2, 0, '{}', $3)";
const ADDRESS_ADD: &str = "INSERT INTO address (address, principal_id, kind, valid_until, created_at) \
     VALUES ($1, $2, $3, $4, $5)";
const ADDRESS_REMOVE: &str = "DELETE FROM address WHERE address = $1 AND kind <> 'primary'";
const ADDRESSES: &str = "SELECT address, kind, valid_until FROM address WHERE principal_id = $1 \
     ORDER BY kind DESC, created_at, address";
const STATUS: &str = "UPDATE principal SET status = $2 WHERE id = $1";
const SEEN: &str =
    "UPDATE principal SET last_seen_at = $2 WHERE id = $1 AND COALESCE(last_seen_at, 0) < $2";
const UPDATE: &str = "UPDATE principal SET name = $2, title = $3, unit_id = $4, staff_no = $5, phone = $6, sensitive = $7 \
     WHERE id = $1";
const REFOLD: &str = "UPDATE principal SET name_fold = $2 WHERE id = $1";
const MEMBERS: &str = "SELECT address FROM list_member WHERE list_id = $1 ORDER BY address";
const MEMBER_ADD: &str = "INSERT INTO list_member (list_id, address) VALUES ($1, $2) ON CONFLICT (list_id, address) DO NOTHING";
const MEMBER_REMOVE: &str = "DELETE FROM list_member WHERE list_id = $1 AND address = $2";
const MEMBERSHIP_SET: &str = "INSERT INTO membership (principal_id, account_id, rights, from_at, until_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (principal_id, account_id) DO UPDATE SET rights = excluded.rights, \
     from_at = excluded.from_at, until_at = excluded.until_at";
const MEMBERSHIP_END: &str = "DELETE FROM membership WHERE principal_id = $1 AND account_id = $2";
const MEMBERSHIPS: &str = "SELECT principal_id, account_id, rights, from_at, until_at FROM membership \
     WHERE principal_id = $1 ORDER BY account_id";
const MEMBERS_OF: &str = "SELECT principal_id, account_id, rights, from_at, until_at FROM membership \
     WHERE account_id = $1 ORDER BY principal_id";
pub(crate) const SQL: &[&str] = &[
    PRINCIPAL,
    BY_STAFF_NO,
    BY_ADDRESS,
    FIND,
    LIST,
    ADD,
    ACCOUNT_ADD,
    ADDRESS_ADD,
    ADDRESS_REMOVE,
    ADDRESSES,
    STATUS,
    SEEN,
    UPDATE,
    REFOLD,
    MEMBERS,
    MEMBER_ADD,
    MEMBER_REMOVE,
    MEMBERSHIP_SET,
    MEMBERSHIP_END,
    MEMBERSHIPS,
    MEMBERS_OF,
];
/// Words one search for people takes; further ones are ignored.
const FIND_WORDS: usize = 5;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddressKind {
    Primary,
    Alias,
}

words!(AddressKind { Primary = "primary", Alias = "alias" });

use crate::noun::words;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub address: String,
    pub kind: AddressKind,
    pub valid_until: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct NewPrincipal {
    pub kind: PrincipalKind,
    pub unit: Option<UnitId>,
    pub name: String,
    pub title: String,
    pub staff_no: Option<String>,
    pub phone: Option<String>,
    pub sensitive: bool,
    /// The first is the primary one; lower case.
    pub addresses: Vec<String>,
    pub quota_bytes: i64,
    /// Whether it has mail: an account with the special mailboxes, subscribed.
    pub account: bool,
}

impl Default for NewPrincipal {
    fn default() -> Self {
        Self {
            kind: PrincipalKind::Individual,
            unit: None,
            name: String::new(),
            title: String::new(),
            staff_no: None,
            phone: None,
            sensitive: false,
            addresses: Vec::new(),
            quota_bytes: 0,
            account: true,
        }
    }
}

/// What changes of a principal; the outer `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct PrincipalChange {
    pub name: Option<String>,
    pub title: Option<String>,
    pub unit: Option<Option<UnitId>>,
    pub staff_no: Option<Option<String>>,
    pub phone: Option<Option<String>>,
    pub sensitive: Option<bool>,
}

/// Who may do what with another's account, from when until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub principal: PrincipalId,
    pub account: AccountId,
    /// Words of: read write send_as clerk owner.
    pub rights: String,
    pub from_at: i64,
    pub until_at: Option<i64>,
}

fn principal_row(row: &Row) -> Result<Principal, Error> {
    let (kind, status) = (row.str(1)?, row.str(7)?);
    Ok(Principal {
        id: PrincipalId(row.int(0)?),
        kind: PrincipalKind::parse(kind)
            .ok_or_else(|| Error::Broken(format!("a principal has the unknown kind {kind}")))?,
        unit: row.opt_int(2)?.map(UnitId),
        name: row.text(3)?,
        title: row.text(4)?,
        staff_no: row.opt_text(5)?,
        phone: row.opt_text(6)?,
        status: Status::parse(status)
            .ok_or_else(|| Error::Broken(format!("a principal has the unknown status {status}")))?,
        sensitive: row.flag(8)?,
        address: row.text(9)?,
        last_seen_at: row.opt_int(10)?,
    })
}

fn address_kind(word: &str) -> Result<AddressKind, Error> {
    AddressKind::parse(word)
        .ok_or_else(|| Error::Broken(format!("an address has the unknown kind {word}")))
}

fn membership_row(row: &Row) -> Result<Membership, Error> {
    Ok(Membership {
        principal: PrincipalId(row.int(0)?),
        account: AccountId(row.int(1)?),
        rights: row.text(2)?,
        from_at: row.int(3)?,
        until_at: row.opt_int(4)?,
    })
}

/// The findable words of a principal, each with a blank in front.
fn findable<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut words = String::new();
    for text in texts {
        for word in fold(text).split_whitespace() {
            words.push(' ');
            words.push_str(word);
        }
    }
    words
}

/// Makes the findable words again after a change.
async fn refold(txn: &mut Txn, id: PrincipalId) -> Result<(), Error> {
    let row = txn.conn.row(PRINCIPAL, values![id]).await?;
    let one = principal_row(&row.ok_or_else(|| Error::Missing(format!("principal {id}")))?)?;
    let rows = txn.conn.rows(ADDRESSES, values![id]).await?;
    let addresses = rows
        .iter()
        .map(|row| row.text(0))
        .collect::<Result<Vec<_>, _>>()?;
    let texts = [
        one.name.as_str(),
        one.title.as_str(),
        one.staff_no.as_deref().unwrap_or(""),
    ];
    let words = findable(
        texts
            .into_iter()
            .chain(addresses.iter().map(String::as_str)),
    );
    txn.conn.run(REFOLD, values![id, words]).await?;
    Ok(())
}

async fn add(txn: &mut Txn, id: PrincipalId, new: NewPrincipal) -> Result<(), Error> {
    let now = now_ms();
    let values = values![
        id,
        new.kind.as_str(),
        new.unit,
        &new.name,
        &new.title,
        "",
        new.staff_no.as_deref(),
        new.phone.as_deref(),
        new.sensitive,
        now,
    ];
    txn.conn.run(ADD, values).await?;
    for (place, address) in new.addresses.iter().enumerate() {
        let kind = if place == 0 {
            AddressKind::Primary
        } else {
            AddressKind::Alias
        };
        let until: Option<i64> = None;
        txn.conn
            .run(ADDRESS_ADD, values![address, id, kind.as_str(), until, now])
            .await?;
    }
    refold(txn, id).await?;
    if new.account {
        let account = AccountId::from(id);
        txn.conn
            .run(ACCOUNT_ADD, values![account, new.quota_bytes, now])
            .await?;
        for role in Role::ALL {
            mailbox::create(txn, account, role.name(), Some(role)).await?;
        }
    }
    Ok(())
}

impl Store {
    /// Adds a principal with its addresses and, where it has mail, its account; `Exists` when an address is taken.
    pub async fn principal_add(&self, new: NewPrincipal) -> Result<PrincipalId, Error> {
        let id = PrincipalId(self.next_id(now_ms()));
        self.write(move |txn| {
            Box::pin(async move {
                add(txn, id, new).await?;
                Ok(id)
            })
        })
        .await
    }

    pub async fn principal(&self, id: PrincipalId) -> Result<Option<Principal>, Error> {
        self.row(PRINCIPAL, values![id])
            .await?
            .as_ref()
            .map(principal_row)
            .transpose()
    }

    /// Whose address this is, of which kind and until when.
    pub async fn principal_by_address(
        &self,
        address: &str,
    ) -> Result<Option<(Principal, AddressKind, Option<i64>)>, Error> {
        let Some(row) = self.row(BY_ADDRESS, values![address]).await? else {
            return Ok(None);
        };
        Ok(Some((
            principal_row(&row)?,
            address_kind(row.str(11)?)?,
            row.opt_int(12)?,
        )))
    }

    pub async fn principal_by_staff_no(&self, staff_no: &str) -> Result<Option<Principal>, Error> {
        self.row(BY_STAFF_NO, values![staff_no])
            .await?
            .as_ref()
            .map(principal_row)
            .transpose()
    }

    /// People, units and lists by the beginnings of words of name, title, staff number or address, with or without
    /// diacritics, in any order; `unit_path` limits to a subtree ("" takes all).
    pub async fn principals_find(
        &self,
        typed: &str,
        unit_path: &str,
        rows: usize,
    ) -> Result<Vec<Principal>, Error> {
        let folded = fold(typed);
        let mut patterns = folded
            .split_whitespace()
            .map(|word| word.replace(['%', '_', '\\'], ""))
            .filter(|word| !word.is_empty())
            .map(|word| format!("% {word}%"));
        let mut values = Vec::new();
        for _ in 0..FIND_WORDS {
            values.extend(values![patterns.next().unwrap_or_else(|| "%".to_owned())]);
        }
        values.extend(values![unit_path, i64::try_from(rows).unwrap_or(i64::MAX)]);
        self.rows(FIND, values)
            .await?
            .iter()
            .map(principal_row)
            .collect()
    }

    /// Principals of a subtree ("" takes all), by name.
    pub async fn principals_list(
        &self,
        unit_path: &str,
        rows: usize,
        offset: usize,
    ) -> Result<Vec<Principal>, Error> {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        self.rows(LIST, values![unit_path, rows, offset])
            .await?
            .iter()
            .map(principal_row)
            .collect()
    }

    pub async fn principal_set_status(&self, id: PrincipalId, status: Status) -> Result<(), Error> {
        self.change_one(STATUS, values![id, status.as_str()]).await
    }

    /// Notes that a principal was here.
    pub async fn principal_seen(&self, id: PrincipalId, at: i64) -> Result<(), Error> {
        self.change_any(SEEN, values![id, at]).await.map(drop)
    }

    pub async fn principal_update(
        &self,
        id: PrincipalId,
        change: PrincipalChange,
    ) -> Result<(), Error> {
        self.write(move |txn| {
            Box::pin(async move {
                let row = txn.conn.row(PRINCIPAL, values![id]).await?;
                let missing = || Error::Missing(format!("principal {id}"));
                let was = principal_row(&row.ok_or_else(missing)?)?;
                let values = values![
                    id,
                    change.name.unwrap_or(was.name),
                    change.title.unwrap_or(was.title),
                    change.unit.unwrap_or(was.unit),
                    change.staff_no.unwrap_or(was.staff_no),
                    change.phone.unwrap_or(was.phone),
                    change.sensitive.unwrap_or(was.sensitive),
                ];
                txn.conn.run(UPDATE, values).await?;
                refold(txn, id).await
            })
        })
        .await
    }

    /// The addresses of a principal, the primary one first.
    pub async fn addresses_of(&self, id: PrincipalId) -> Result<Vec<Address>, Error> {
        let rows = self.rows(ADDRESSES, values![id]).await?;
        rows.iter()
            .map(|row| {
                Ok(Address {
                    address: row.text(0)?,
                    kind: address_kind(row.str(1)?)?,
                    valid_until: row.opt_int(2)?,
                })
            })
            .collect()
    }

    /// Adds an address; `Exists` when somebody has it.
    pub async fn address_add(
        &self,
        id: PrincipalId,
        address: &str,
        kind: AddressKind,
        valid_until: Option<i64>,
    ) -> Result<(), Error> {
        let address = address.to_owned();
        self.write(move |txn| {
            Box::pin(async move {
                let values = values![address, id, kind.as_str(), valid_until, now_ms()];
                txn.conn.run(ADDRESS_ADD, values).await?;
                refold(txn, id).await
            })
        })
        .await
    }

    /// Removes an alias. `false`: there was none, or it is a primary address.
    pub async fn address_remove(&self, address: &str) -> Result<bool, Error> {
        Ok(self.change_any(ADDRESS_REMOVE, values![address]).await? > 0)
    }

    pub async fn list_members(&self, list: PrincipalId) -> Result<Vec<String>, Error> {
        self.rows(MEMBERS, values![list])
            .await?
            .iter()
            .map(|row| row.text(0))
            .collect()
    }

    pub async fn list_member_add(&self, list: PrincipalId, address: &str) -> Result<(), Error> {
        self.change_any(MEMBER_ADD, values![list, address])
            .await
            .map(drop)
    }

    pub async fn list_member_remove(&self, list: PrincipalId, address: &str) -> Result<(), Error> {
        self.change_any(MEMBER_REMOVE, values![list, address])
            .await
            .map(drop)
    }

    /// Gives rights in another's account; empty rights end them.
    pub async fn membership_set(
        &self,
        principal: PrincipalId,
        account: AccountId,
        rights: &str,
        from_at: i64,
        until_at: Option<i64>,
    ) -> Result<(), Error> {
        if rights.is_empty() {
            return self
                .change_any(MEMBERSHIP_END, values![principal, account])
                .await
                .map(drop);
        }
        self.change_one(
            MEMBERSHIP_SET,
            values![principal, account, rights, from_at, until_at],
        )
        .await
    }

    pub async fn memberships_of(&self, principal: PrincipalId) -> Result<Vec<Membership>, Error> {
        self.rows(MEMBERSHIPS, values![principal])
            .await?
            .iter()
            .map(membership_row)
            .collect()
    }

    pub async fn members_of(&self, account: AccountId) -> Result<Vec<Membership>, Error> {
        self.rows(MEMBERS_OF, values![account])
            .await?
            .iter()
            .map(membership_row)
            .collect()
    }
}
