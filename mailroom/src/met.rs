//! Whether a letter's author has met its recipients before: asked before a letter is weighed, remembered when it is taken.
//! Only proven authors are remembered, so nobody becomes known by forging. Weighs nothing.

use std::collections::HashSet;

use store::*;

use crate::directory::Recipient;
use crate::receive::RcptTo;
use crate::{Access, Error, Mailroom, address, header, letter, limits};

/// How it is written down at a letter's arrival, and found again by the page that shows it.
pub const FIRST_CONTACT: &str = "first contact";

/// What the author's address is to the recipients. It proves nothing of the letter at hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acquaintance {
    /// Wrote to one of these mailboxes before, or was written to from one.
    Known,
    /// Not these, but somebody here has dealt with the domain.
    Domain,
    Stranger,
}

impl Mailroom {
    /// How the author of a letter stands to its recipients; `None` where there is no single author, or it is one of ours.
    pub async fn acquaintance(
        &self,
        recipients: &[RcptTo],
        raw: &[u8],
    ) -> Result<Option<Acquaintance>, Error> {
        let Some(author) = author(raw) else {
            return Ok(None);
        };
        let domain = address::domain_of(&author);
        if self.is_local_domain(&domain).await? {
            return Ok(None);
        }
        let mut pairs: Vec<(AccountId, String)> = accounts(recipients)
            .into_iter()
            .map(|account| (account, author.clone()))
            .collect();
        pairs.push((AccountId(0), format!("@{domain}")));
        let met = self.store().have_met(&pairs).await?;
        Ok(Some(if met.iter().any(|account| account.0 != 0) {
            Acquaintance::Known
        } else if met.is_empty() {
            Acquaintance::Stranger
        } else {
            Acquaintance::Domain
        }))
    }

    /// A proven author wrote to these.
    pub(crate) async fn heard(&self, recipients: &[RcptTo], raw: &[u8]) -> Result<Vec<Met>, Error> {
        let Some(author) = author(raw) else {
            return Ok(Vec::new());
        };
        let accounts = accounts(recipients);
        self.meetings(accounts.into_iter(), &[author], true).await
    }

    /// An account writes to these addresses elsewhere.
    pub(crate) async fn written(
        &self,
        account: AccountId,
        outside: &[String],
    ) -> Result<Vec<Met>, Error> {
        let outside: Vec<String> = outside
            .iter()
            .filter_map(|one| address::normal(one))
            .take(limits::MET_WRITTEN_MAX)
            .collect();
        self.meetings([account].into_iter(), &outside, false).await
    }

    async fn meetings(
        &self,
        accounts: impl Iterator<Item = AccountId>,
        others: &[String],
        heard: bool,
    ) -> Result<Vec<Met>, Error> {
        let at = self.now();
        let mut met = Vec::new();
        let mut domains: HashSet<String> = HashSet::new();
        let accounts: Vec<AccountId> = accounts.collect();
        for other in others {
            let domain = address::domain_of(other);
            if self.is_local_domain(&domain).await? {
                continue;
            }
            met.extend(accounts.iter().map(|account| Met {
                account: *account,
                who: other.clone(),
                heard,
                at,
            }));
            if domains.insert(domain.clone()) {
                met.push(Met {
                    account: AccountId(0),
                    who: format!("@{domain}"),
                    heard,
                    at,
                });
            }
        }
        Ok(met)
    }
}

impl Access {
    /// Whether this letter was the first that its recipients had of its author.
    pub async fn is_first_contact(&self, email: EmailId) -> Result<bool, Error> {
        let Some(trace) = self.trace_of(email).await? else {
            return Ok(false);
        };
        let store = self.room.store();
        Ok(trace.direction == "in" && store.noted_at_arrival(trace.id, FIRST_CONTACT).await?)
    }
}

/// The one author a letter names.
fn author(raw: &[u8]) -> Option<String> {
    let read = letter::read(raw.get(..header::body_start(raw)).unwrap_or(raw));
    match read.from.as_slice() {
        [only] => address::normal(&only.address),
        _ => None,
    }
}

/// Mailboxes written to by their own address. Members of lists are not remembered: who writes to a list has met nobody.
fn accounts(recipients: &[RcptTo]) -> Vec<AccountId> {
    let single = |to: &RcptTo| match &to.resolved {
        Recipient::Local { accounts, outside } if outside.is_empty() => match accounts.as_slice() {
            [only] => Some(*only),
            _ => None,
        },
        Recipient::Full(account) => Some(*account),
        _ => None,
    };
    recipients
        .iter()
        .filter_map(single)
        .take(limits::MET_ACCOUNTS_MAX)
        .collect()
}
