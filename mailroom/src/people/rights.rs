//! Who keeps which mailbox, who administers which unit, who is in which list. None of these acts may give mail to the one
//! who does it (promise 7).

use store::*;

use crate::access::Rights;
use crate::{Actor, Denied, Error, Mailroom, Means, address, limits};

impl Mailroom {
    /// Gives `member` rights in an account (words: read write send_as clerk owner; "" takes them back). A person's own
    /// mail is given by that person only; a unit's, post's or service's by administrators of its subtree, never to
    /// themselves.
    pub async fn membership_set(
        &self,
        actor: &Actor,
        member: &str,
        account: &str,
        rights: &str,
        until: Option<i64>,
    ) -> Result<(), Error> {
        let member = self.find_address(member).await?.ok_or(Error::Missing)?;
        let owner = self.find_address(account).await?.ok_or(Error::Missing)?;
        let own = actor.means != Means::Console && owner.id == actor.principal;
        if !own {
            self.check_subtree(actor, owner.unit).await?;
            let personal = owner.kind == PrincipalKind::Individual && actor.means != Means::Console;
            if personal || member.id == actor.principal {
                return Err(Denied::NotAllowed.into());
            }
        }
        if owner.kind == PrincipalKind::List
            || member.kind == PrincipalKind::List
            || member.id == owner.id
        {
            return Err(Error::Bad("không áp dụng cho địa chỉ này".into()));
        }
        let words: Vec<&str> = rights.split_whitespace().collect();
        let known = |word: &&str| Rights::from_words(word).any();
        if !words.iter().all(known) {
            return Err(Error::Bad(format!("quyền không rõ: {rights}")));
        }
        self.store()
            .membership_set(
                member.id,
                owner.id.into(),
                &words.join(" "),
                self.now(),
                until,
            )
            .await?;
        self.rights_changed(member.id);
        let detail = format!(
            "{}: {}",
            member.address,
            if words.is_empty() {
                "-".into()
            } else {
                words.join(" ")
            }
        );
        self.audit(actor, "membership.set", &owner.address, owner.unit, &detail)
            .await
    }

    /// Makes somebody administrator of a unit and all below it, or ends it. Done by the console or from above: nobody
    /// makes colleagues of the own rank, nor oneself.
    pub async fn unit_admin_set(
        &self,
        actor: &Actor,
        address: &str,
        unit_code: &str,
        is_admin: bool,
    ) -> Result<(), Error> {
        let who = self.find_address(address).await?.ok_or(Error::Missing)?;
        let unit = self
            .unit_named(Some(unit_code))
            .await?
            .ok_or(Error::Missing)?;
        self.check_subtree(actor, unit.parent).await?;
        if who.id == actor.principal || who.kind != PrincipalKind::Individual {
            return Err(Denied::NotAllowed.into());
        }
        if is_admin {
            self.store().unit_admin_add(who.id, unit.id).await?;
        } else {
            self.store().unit_admin_remove(who.id, unit.id).await?;
        }
        self.rights_changed(who.id);
        let action = if is_admin {
            "admin.add"
        } else {
            "admin.remove"
        };
        self.audit(actor, action, &who.address, Some(unit.id), unit_code)
            .await
    }

    /// The members of a list, all of them: who is not named leaves it.
    pub async fn list_set(
        &self,
        actor: &Actor,
        list: &str,
        members: &[String],
    ) -> Result<(), Error> {
        let list = self
            .find_address(list)
            .await?
            .filter(|one| one.kind == PrincipalKind::List)
            .ok_or(Error::Missing)?;
        self.check_subtree(actor, list.unit).await?;
        if members.len() > limits::EXPANSION_MAX {
            return Err(Denied::OverLimit.into());
        }
        let mut wanted = Vec::with_capacity(members.len());
        for member in members {
            let one = address::normal(member)
                .ok_or_else(|| Error::Bad(format!("{member}: không phải địa chỉ thư")))?;
            if !wanted.contains(&one) {
                wanted.push(one);
            }
        }
        let held = self.store().list_members(list.id).await?;
        for gone in held.iter().filter(|one| !wanted.contains(one)) {
            self.store().list_member_remove(list.id, gone).await?;
        }
        for new in wanted.iter().filter(|one| !held.contains(one)) {
            self.store().list_member_add(list.id, new).await?;
        }
        self.audit(
            actor,
            "list.set",
            &list.address,
            list.unit,
            &format!("{} members", wanted.len()),
        )
        .await
    }

    /// The members of a list, for its administrators.
    pub async fn list_members(&self, actor: &Actor, list: &str) -> Result<Vec<String>, Error> {
        let list = self
            .find_address(list)
            .await?
            .filter(|one| one.kind == PrincipalKind::List)
            .ok_or(Error::Missing)?;
        self.check_subtree(actor, list.unit).await?;
        Ok(self.store().list_members(list.id).await?)
    }
}
