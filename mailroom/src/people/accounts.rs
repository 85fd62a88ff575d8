//! Accounts: made, listed, disabled, found.

use store::*;

use crate::{Actor, Denied, Error, Mailroom, Means, address, limits};

#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    pub address: String,
    pub name: String,
    pub title: String,
    pub unit_code: Option<String>,
    pub staff_no: Option<String>,
    pub phone: Option<String>,
    pub kind: Option<PrincipalKindWord>,
    pub sensitive: bool,
    pub aliases: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKindWord {
    Individual,
    Unit,
    Post,
    List,
    Service,
}

impl From<PrincipalKindWord> for PrincipalKind {
    fn from(word: PrincipalKindWord) -> Self {
        match word {
            PrincipalKindWord::Individual => PrincipalKind::Individual,
            PrincipalKindWord::Unit => PrincipalKind::Unit,
            PrincipalKindWord::Post => PrincipalKind::Post,
            PrincipalKindWord::List => PrincipalKind::List,
            PrincipalKindWord::Service => PrincipalKind::Service,
        }
    }
}

impl PrincipalKindWord {
    /// As an office writes it in a list; "" is a person.
    pub(crate) fn parse(word: &str) -> Option<PrincipalKindWord> {
        Some(match viet::fold(word.trim()).as_str() {
            "" | "individual" | "ca nhan" | "nguoi" => PrincipalKindWord::Individual,
            "unit" | "don vi" => PrincipalKindWord::Unit,
            "post" | "chuc danh" => PrincipalKindWord::Post,
            "list" | "nhom" | "danh sach" => PrincipalKindWord::List,
            "service" | "dich vu" => PrincipalKindWord::Service,
            _ => return None,
        })
    }
}

impl Mailroom {
    /// Adds a principal with its account and special mailboxes; `password` None: no credential yet (a slip will make one).
    /// Only the console may give a password: whoever knows it could read the mail.
    pub async fn account_add(
        &self,
        actor: &Actor,
        account: NewAccount,
        password: Option<&str>,
    ) -> Result<PrincipalId, Error> {
        let unit = self.unit_named(account.unit_code.as_deref()).await?;
        self.check_subtree(actor, unit.as_ref().map(|unit| unit.id))
            .await?;
        if password.is_some() && actor.means != Means::Console {
            return Err(Denied::NotAllowed.into());
        }
        if password.is_some_and(str::is_empty) {
            return Err(Error::Bad("mật khẩu trống".into()));
        }
        let mut addresses = Vec::new();
        for one in std::iter::once(&account.address).chain(&account.aliases) {
            addresses.push(self.new_address(one).await?);
        }
        let name = checked_name(&account.name)?;
        let kind = PrincipalKind::from(account.kind.unwrap_or(PrincipalKindWord::Individual));
        let shown = addresses.first().cloned().unwrap_or_default();
        let id = self
            .store()
            .principal_add(NewPrincipal {
                kind,
                unit: unit.as_ref().map(|unit| unit.id),
                name,
                title: account.title.trim().to_owned(),
                staff_no: filled(account.staff_no),
                phone: filled(account.phone),
                sensitive: account.sensitive,
                addresses,
                quota_bytes: self.policy().quota_bytes_default,
                account: kind != PrincipalKind::List,
            })
            .await?;
        // The first mailbox of the unit itself is the one its records clerk keeps.
        if let Some(unit) = unit
            .as_ref()
            .filter(|unit| kind == PrincipalKind::Unit && unit.records_account.is_none())
        {
            self.store()
                .unit_records_set(unit.id, Some(id.into()))
                .await?;
        }
        if let Some(password) = password {
            let owner = self.store().principal(id).await?.ok_or(Error::Missing)?;
            self.password_set(&owner, password).await?;
        }
        self.directory_changed();
        self.audit(actor, "account.add", &shown, unit.map(|unit| unit.id), "")
            .await?;
        Ok(id)
    }

    /// An address that may be given: well formed, in a domain of ours, without the signs that mean something else.
    pub(crate) async fn new_address(&self, typed: &str) -> Result<String, Error> {
        let bad = |why: &str| Error::Bad(format!("{typed}: {why}"));
        let wanted = address::normal(typed).ok_or_else(|| bad("không phải địa chỉ thư"))?;
        let (local, domain) =
            address::split(&wanted).ok_or_else(|| bad("không phải địa chỉ thư"))?;
        if local.contains(['+', '"', '%', '!'])
            || local.starts_with('.')
            || local.ends_with('.')
            || local.contains("..")
        {
            return Err(bad("phần trước @ có ký tự không dùng được"));
        }
        if !self.is_local_domain(domain).await? {
            return Err(bad("tên miền không thuộc hệ thống"));
        }
        Ok(wanted)
    }

    /// A further address of an account, until a time or for ever.
    pub async fn alias_add(
        &self,
        actor: &Actor,
        account: &str,
        alias: &str,
        until: Option<i64>,
    ) -> Result<(), Error> {
        let owner = self.find_address(account).await?.ok_or(Error::Missing)?;
        self.check_subtree(actor, owner.unit).await?;
        let alias = self.new_address(alias).await?;
        self.store()
            .address_add(owner.id, &alias, AddressKind::Alias, until)
            .await?;
        self.directory_changed();
        self.audit(actor, "alias.add", &owner.address, owner.unit, &alias)
            .await
    }

    pub async fn accounts_list(
        &self,
        actor: &Actor,
        unit_code: Option<&str>,
        offset: usize,
        rows: usize,
    ) -> Result<Vec<Principal>, Error> {
        let rows = rows.min(limits::LIST_ROWS_MAX.max(limits::ADMIN_ROWS_MAX));
        let paths = match self.unit_named(unit_code).await? {
            Some(unit) => {
                self.check_subtree(actor, Some(unit.id)).await?;
                vec![unit.path]
            }
            None if actor.means == Means::Console => vec![String::new()],
            None => self
                .administers(actor)
                .await?
                .into_iter()
                .map(|unit| unit.path)
                .collect(),
        };
        let Some((first, more)) = paths.split_first() else {
            return Err(Denied::NotAllowed.into());
        };
        if more.is_empty() {
            return Ok(self.store().principals_list(first, rows, offset).await?);
        }
        // Several subtrees, one of which may hold another: everybody once.
        let mut all: Vec<Principal> = Vec::new();
        for path in &paths {
            all.extend(
                self.store()
                    .principals_list(path, offset.saturating_add(rows), 0)
                    .await?,
            );
        }
        all.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
        all.dedup_by_key(|one| one.id);
        Ok(all.into_iter().skip(offset).take(rows).collect())
    }

    /// Closes an account (or opens it again): sessions end at once, mail to it is refused, nothing is deleted.
    pub async fn account_disable(
        &self,
        actor: &Actor,
        address: &str,
        disabled: bool,
    ) -> Result<(), Error> {
        let who = self.find_address(address).await?.ok_or(Error::Missing)?;
        self.check_subtree(actor, who.unit).await?;
        if who.id == actor.principal {
            return Err(Denied::NotAllowed.into());
        }
        let status = if disabled {
            Status::Disabled
        } else {
            Status::Active
        };
        self.store().principal_set_status(who.id, status).await?;
        if disabled {
            self.store().sessions_revoke_all(who.id, self.now()).await?;
            self.store().subscriptions_delete_all(who.id).await?;
        }
        self.rights_changed(who.id);
        let action = if disabled {
            "account.disable"
        } else {
            "account.enable"
        };
        self.audit(actor, action, &who.address, who.unit, "").await
    }

    /// Sets an account's quota in bytes.
    pub async fn quota_set(&self, actor: &Actor, address: &str, bytes: i64) -> Result<(), Error> {
        let who = self.find_address(address).await?.ok_or(Error::Missing)?;
        self.check_subtree(actor, who.unit).await?;
        if bytes < 0 {
            return Err(Error::Bad("hạn mức phải từ 0".into()));
        }
        self.store().account_quota_set(who.id.into(), bytes).await?;
        self.0.sizes.forget(who.id.into());
        self.audit(
            actor,
            "account.quota",
            &who.address,
            who.unit,
            &bytes.to_string(),
        )
        .await
    }

    /// Whose address this is, aliases and older domain names too.
    pub async fn find_address(&self, address: &str) -> Result<Option<Principal>, Error> {
        match address::normal(address) {
            Some(wanted) => self.principal_at(&wanted).await,
            None => Ok(None),
        }
    }

    /// The unit administrator to call, for "forgot" pages and help: (unit, name, phone).
    pub async fn helper_of(
        &self,
        principal: PrincipalId,
    ) -> Result<Option<(String, String, String)>, Error> {
        let Some(unit) = self
            .store()
            .principal(principal)
            .await?
            .and_then(|who| who.unit)
        else {
            return Ok(None);
        };
        for (admin, unit) in self.store().admins_of_unit_chain(unit).await? {
            // Nobody is sent to oneself for help.
            if admin == principal {
                continue;
            }
            let (who, unit) = (
                self.store().principal(admin).await?,
                self.store().unit(unit).await?,
            );
            if let (Some(who), Some(unit)) = (who.filter(|who| who.status == Status::Active), unit)
            {
                let phone = who
                    .phone
                    .filter(|phone| !phone.is_empty())
                    .unwrap_or(unit.phone);
                return Ok(Some((unit.name, who.name, phone)));
            }
        }
        Ok(None)
    }
}

pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

pub(super) fn checked_name(name: &str) -> Result<String, Error> {
    use unicode_normalization::UnicodeNormalization;
    let name: String = name.trim().nfc().collect();
    if name.is_empty()
        || name.chars().count() > limits::NAME_CHARS_MAX
        || name.chars().any(char::is_control)
    {
        return Err(Error::Bad("thiếu họ tên, hoặc họ tên quá dài".into()));
    }
    Ok(name)
}
