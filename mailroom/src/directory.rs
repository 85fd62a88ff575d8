//! Addresses, units and lists: what an address means here, now.

use crate::{Error, Mailroom};
use store::*;

/// What an address means to this server.
#[derive(Clone, Debug)]
pub enum Recipient {
    /// Delivered here: accounts (a list or alias expands to several) and outside addresses it also expands to.
    Local {
        accounts: Vec<AccountId>,
        outside: Vec<String>,
    },
    /// Not one of our domains: only for principals who may submit.
    Elsewhere { domain: String },
    /// Our domain, nobody there: 550 5.1.1.
    Unknown,
    /// Ours but closed: 550 5.2.1.
    Disabled,
}

impl Mailroom {
    /// Resolves an envelope recipient; `<postmaster>` without a domain too (RFC 5321 §4.1.1.3). Subaddress "a+b@" is "a@".
    pub async fn resolve(&self, address: &str) -> Result<Recipient, Error> {
        todo!("{address}")
    }
    pub async fn is_local_domain(&self, domain: &str) -> Result<bool, Error> {
        todo!("{domain}")
    }
    /// May this principal use this address as MAIL FROM / From (own address, alias, or an account it may send as)?
    pub async fn may_send_as(&self, actor: &crate::Actor, address: &str) -> Result<bool, Error> {
        todo!("{actor:?}{address}")
    }
    /// Colleagues, units and lists whose name or address matches, without diacritics, for the address field.
    pub async fn suggest(
        &self,
        actor: &crate::Actor,
        typed: &str,
        rows: usize,
    ) -> Result<Vec<(String, String)>, Error> {
        todo!("{actor:?}{typed}{rows}")
    }
}
