//! Addresses, units and lists: what an address means here, now. Knows nothing of what is in the mailboxes.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use store::*;

use crate::access::Rights;
use crate::{Actor, Error, Mailroom, Means, address, limits};

/// What an address means to this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Delivered here: accounts (a list or alias expands to several) and outside addresses it also expands to.
    Local {
        accounts: Vec<AccountId>,
        outside: Vec<String>,
    },
    /// Not one of our domains: only for principals who may submit.
    Elsewhere { domain: String },
    /// A return path of ours: bounces go back to this sender, elsewhere.
    Returns { to: String },
    /// Our domain, nobody there: 550 5.1.1.
    Unknown,
    /// Ours but closed: 550 5.2.1.
    Disabled,
    /// One mailbox of ours, beyond 110 % of its quota: 452 4.2.2.
    Full(AccountId),
}

/// How long the list of domains is believed without a wake, ms: it is asked for at every RCPT and hardly ever changes.
const DOMAINS_LIFE_MS: i64 = 5_000;

/// Our domains, kept between look-ups: name → the domain it is an older name of.
#[derive(Clone, Default)]
pub(crate) struct Domains(Arc<Mutex<Option<KeptDomains>>>);

/// (read at, names)
type KeptDomains = (i64, Arc<DomainNames>);

#[derive(Default)]
pub(crate) struct DomainNames {
    pub(crate) alias_of: HashMap<String, Option<String>>,
    /// In the order they were added.
    pub(crate) names: Vec<String>,
}

impl Domains {
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn kept(&self, now: i64) -> Option<Arc<DomainNames>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .filter(|(at, _)| (0..DOMAINS_LIFE_MS).contains(&(now - at)))
            .map(|(_, names)| Arc::clone(names))
    }

    fn keep(&self, now: i64, names: &Arc<DomainNames>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(names)));
    }
}

impl Mailroom {
    /// Resolves an envelope recipient; `<postmaster>` without a domain too (RFC 5321 §4.1.1.3). Subaddress "a+b@" is "a@".
    pub async fn resolve(&self, address: &str) -> Result<Recipient, Error> {
        let domains = self.local_domains().await?;
        let bare_postmaster = address.eq_ignore_ascii_case("postmaster");
        let full = match domains.names.first() {
            Some(first) if bare_postmaster => format!("postmaster@{first}"),
            _ => address.to_owned(),
        };
        match self.returned(&full).await? {
            Some(Some(to)) => return Ok(Recipient::Returns { to }),
            Some(None) => return Ok(Recipient::Unknown),
            None => {}
        }
        let Some(wanted) = address::normal(&full) else {
            return Ok(Recipient::Unknown);
        };
        let domain = address::domain_of(&wanted);
        if !domains.alias_of.contains_key(&domain) {
            return Ok(Recipient::Elsewhere { domain });
        }
        match self.receiver_at(&wanted).await? {
            Some(found) if found.kind == PrincipalKind::List => self.expand(found).await,
            Some(found) if found.status == Status::Disabled => Ok(Recipient::Disabled),
            Some(found) if self.is_full(found.id.into(), 0).await? => {
                Ok(Recipient::Full(found.id.into()))
            }
            Some(found) => Ok(Recipient::Local {
                accounts: vec![found.id.into()],
                outside: Vec::new(),
            }),
            None => self.fallback(&wanted).await,
        }
    }

    /// postmaster@ and abuse@ must reach somebody (RFC 5321 §4.5.1, RFC 2142): the records mailbox of the top unit.
    async fn fallback(&self, wanted: &str) -> Result<Recipient, Error> {
        let local = address::split(wanted).map_or("", |(local, _)| local);
        if !matches!(local, "postmaster" | "abuse") {
            return Ok(Recipient::Unknown);
        }
        let units = self.store().units_all().await?;
        let top = units
            .iter()
            .filter(|unit| unit.parent.is_none())
            .find_map(|unit| unit.records_account);
        Ok(top.map_or(Recipient::Unknown, |account| Recipient::Local {
            accounts: vec![account],
            outside: Vec::new(),
        }))
    }

    /// Whose address this is now: as written, without the subaddress, or under the newer name of its domain.
    pub(crate) async fn principal_at(&self, wanted: &str) -> Result<Option<Principal>, Error> {
        for one in self.spellings(wanted).await? {
            if let Some((principal, _, until)) = self.store().principal_by_address(&one).await?
                && until.is_none_or(|until| self.now() < until)
            {
                return Ok(Some(principal));
            }
        }
        Ok(None)
    }

    /// The same from memory where it was asked a moment ago; for where letters go, never for who may do what.
    async fn receiver_at(&self, wanted: &str) -> Result<Option<Principal>, Error> {
        let (epoch, now) = (self.0.rights_epoch.load(Ordering::Acquire), self.now());
        if let Some(known) = self.0.addresses.find(wanted, epoch, now) {
            return Ok(Some(known));
        }
        for one in self.spellings(wanted).await? {
            if let Some((principal, _, until)) = self.store().principal_by_address(&one).await?
                && until.is_none_or(|until| now < until)
            {
                self.0.addresses.keep(wanted, epoch, now, &principal, until);
                return Ok(Some(principal));
            }
        }
        Ok(None)
    }

    /// The addresses that may stand in the table for one that was written.
    async fn spellings(&self, wanted: &str) -> Result<Vec<String>, Error> {
        let mut tries = vec![wanted.to_owned()];
        tries.extend(address::without_subaddress(wanted));
        let domains = self.local_domains().await?;
        let newer = |one: &String| {
            let (local, domain) = address::split(one)?;
            let name = domains.alias_of.get(domain)?.as_ref()?;
            Some(format!("{local}@{name}"))
        };
        let more: Vec<String> = tries.iter().filter_map(newer).collect();
        tries.extend(more);
        Ok(tries)
    }

    /// Lists become their members, each once; a loop of lists ends by itself.
    async fn expand(&self, first: Principal) -> Result<Recipient, Error> {
        if first.status == Status::Disabled {
            return Ok(Recipient::Disabled);
        }
        let mut seen: HashSet<PrincipalId> = HashSet::from([first.id]);
        let (mut accounts, mut outside) = (Vec::new(), Vec::new());
        let mut waiting = VecDeque::from([(first, 0)]);
        while let Some((principal, depth)) = waiting.pop_front() {
            if principal.status == Status::Disabled {
                continue;
            }
            if principal.kind != PrincipalKind::List {
                accounts.push(AccountId::from(principal.id));
                continue;
            }
            if depth >= limits::EXPANSION_DEPTH_MAX {
                tracing::warn!(list = %principal.id, "lists in lists are too deep; not followed");
                continue;
            }
            for member in self.store().list_members(principal.id).await? {
                if accounts.len() + outside.len() + waiting.len() >= limits::EXPANSION_MAX {
                    return Err(Error::Broken("a list expands beyond its limit".into()));
                }
                match self.receiver_at(&member).await? {
                    Some(one) if seen.insert(one.id) => waiting.push_back((one, depth + 1)),
                    Some(_) => {}
                    None if self.is_local_domain(&address::domain_of(&member)).await? => {
                        tracing::warn!(list = %principal.id, member = %crate::mask(&member), "a list names an unknown address");
                    }
                    None if !outside.contains(&member) => outside.push(member),
                    None => {}
                }
            }
        }
        // Nobody left to give it to: better refused than swallowed (promise 2).
        if accounts.is_empty() && outside.is_empty() {
            return Ok(Recipient::Disabled);
        }
        Ok(Recipient::Local { accounts, outside })
    }

    pub async fn is_local_domain(&self, domain: &str) -> Result<bool, Error> {
        let Some(domain) = address::normal_domain(domain) else {
            return Ok(false);
        };
        Ok(self.local_domains().await?.alias_of.contains_key(&domain))
    }

    /// Our domains in the order they were added; the first is the installation's own.
    pub async fn domains(&self) -> Result<Vec<String>, Error> {
        Ok(self.local_domains().await?.names.clone())
    }

    pub(crate) async fn local_domains(&self) -> Result<Arc<DomainNames>, Error> {
        let now = self.now();
        if let Some(names) = self.0.domains.kept(now) {
            return Ok(names);
        }
        let mut found = self.store().domains().await?;
        found.sort_by_key(|domain| domain.id);
        let names = DomainNames {
            names: found.iter().map(|domain| domain.name.clone()).collect(),
            alias_of: found
                .into_iter()
                .map(|domain| (domain.name, domain.alias_of))
                .collect(),
        };
        let names = Arc::new(names);
        self.0.domains.keep(now, &names);
        Ok(names)
    }

    /// May this principal use this address as MAIL FROM / From (own address, alias, or an account it may send as)?
    pub async fn may_send_as(&self, actor: &Actor, address: &str) -> Result<bool, Error> {
        Ok(self.owner_to_send_as(actor, address).await?.is_some())
    }

    /// Whose address it is, where the actor may send as it.
    pub(crate) async fn owner_to_send_as(
        &self,
        actor: &Actor,
        address: &str,
    ) -> Result<Option<Principal>, Error> {
        let Some(wanted) = address::normal(address) else {
            return Ok(None);
        };
        if actor.means == Means::Console {
            return Ok(None);
        }
        let Some(owner) = self.principal_at(&wanted).await? else {
            return Ok(None);
        };
        if owner.id == actor.principal {
            return Ok((owner.status == Status::Active).then_some(owner));
        }
        if !self.is_active(actor.principal).await? {
            return Ok(None);
        }
        let memberships = self.store().memberships_of(actor.principal).await?;
        let account = AccountId::from(owner.id);
        let allowed = |one: &Membership| {
            one.account == account && self.in_force(one) && Rights::from_words(&one.rights).send_as
        };
        let may = owner.status != Status::Disabled && memberships.iter().any(allowed);
        Ok(may.then_some(owner))
    }

    /// Colleagues, units and lists whose name or address matches, without diacritics, for the address field: (name, address).
    pub async fn suggest(
        &self,
        actor: &Actor,
        typed: &str,
        rows: usize,
    ) -> Result<Vec<(String, String)>, Error> {
        if typed.trim().is_empty() || !self.is_active(actor.principal).await? {
            return Ok(Vec::new());
        }
        let found = self
            .store()
            .principals_find(typed, "", rows.min(limits::LIST_ROWS_MAX))
            .await?;
        Ok(found
            .into_iter()
            .filter(|one| one.status != Status::Disabled && !one.address.is_empty())
            .map(|one| (one.name, one.address))
            .collect())
    }
}
