//! Whose return path a forwarded letter gets, and where its bounces go. Never sends anything itself.

use super::srs::{Srs, is_return_path};
use crate::{Error, Mailroom, address, secret};

/// Where the key of return paths is kept.
const KEY: &str = "srs.key";

impl Mailroom {
    /// The sender's own domain would be checked against our address and fail, so it travels inside an address of ours; where
    /// it does not fit, bounces go to our postmaster, who keeps the lists. Our own senders and the null sender stay
    /// (RFC 5321 §4.5.5).
    pub(crate) async fn forwarding_sender(&self, mail_from: &str) -> Result<String, Error> {
        if mail_from.is_empty() || self.is_local_domain(&address::domain_of(mail_from)).await? {
            return Ok(mail_from.to_owned());
        }
        let Some(domain) = self.domains().await?.into_iter().next() else {
            return Ok(String::new());
        };
        let wrapped = self.srs().await?.wrap(mail_from, &domain, self.now());
        Ok(wrapped.unwrap_or_else(|| format!("postmaster@{domain}")))
    }

    /// Who wrote the letter whose return path this is. The outer `None`: it is no return path at all; the inner: it is
    /// forged or too old. One of ours inside it was never written by us.
    pub(crate) async fn returned(&self, address: &str) -> Result<Option<Option<String>>, Error> {
        let Some((local, domain)) = address::split(address) else {
            return Ok(None);
        };
        if !is_return_path(local) || !self.is_local_domain(domain).await? {
            return Ok(None);
        }
        let to = self.srs().await?.unwrap(local, self.now());
        let ours = match &to {
            Some(to) => self.is_local_domain(&address::domain_of(to)).await?,
            None => false,
        };
        Ok(Some(to.filter(|to| !ours && address::normal(to).is_some())))
    }

    async fn srs(&self) -> Result<&Srs, Error> {
        let made = || async {
            let key = match self.store().setting(KEY).await? {
                Some(key) => key,
                None => self.store().setting_once(KEY, &secret::token()?).await?,
            };
            Ok::<Srs, Error>(Srs::new(&key))
        };
        self.0.srs.get_or_try_init(made).await
    }
}
