//! The DNS records of our mail domains for administrators' pages: who may see which domain's. What they are and how they stand is
//! told by the program through `Publisher`; no name server is asked here and nothing is published.

use std::pin::Pin;
use std::sync::Arc;

use crate::{Actor, Denied, Error, Mailroom, Means};

/// How a record stands in DNS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecordState {
    Right,
    Missing,
    /// There is another one; what it says.
    Other(String),
    /// Nobody answered; why.
    Unknown(String),
    /// Not looked up yet.
    Unasked,
}

/// One record to publish, and how it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DomainRecord {
    pub name: String,
    pub kind: &'static str,
    /// As it is typed into a form of a DNS provider; a TXT record as one text.
    pub value: String,
    /// What it is for, as a word that pages have a sentence for: "mx", "spf", "dkim", "dkim-next"…
    pub what: &'static str,
    /// Without it mail is lost or refused.
    pub must: bool,
    pub state: RecordState,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DomainRecords {
    pub records: Vec<DomainRecord>,
    /// When DNS was last asked, unix ms.
    pub checked_at: Option<i64>,
    /// DNS is being asked now.
    pub checking: bool,
    pub notes: Vec<Note>,
}

/// What is to be said besides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    /// Mail out ends in a sink, so DNS is not asked.
    Sink,
    /// The addresses of this host are not known.
    Addresses(String),
    /// The domain has no DKIM key.
    Unsigned,
    /// TLSA records count in signed zones only, and want care when the key changes.
    Dnssec,
}

/// An answer that takes a moment; why not, in words.
pub type Told<'a> = Pin<Box<dyn Future<Output = Result<DomainRecords, String>> + Send + 'a>>;

/// Who knows the records: the program, from its configuration, keys and certificates.
pub trait Publisher: Send + Sync {
    /// At once, from memory where DNS was asked before. `again` asks DNS anew and waits a moment for it.
    fn records<'a>(&'a self, domain: &'a str, again: bool) -> Told<'a>;
}

impl Mailroom {
    /// Told once, at the start; a second one is not taken.
    pub fn publishes_through(&self, publisher: Arc<dyn Publisher>) {
        if self.0.publisher.set(publisher).is_err() {
            tracing::warn!("records are told by somebody already");
        }
    }

    /// The domains whose records an administrator may see, the installation's own first: all for who administers the whole
    /// installation, else those whose every address lies in the own units.
    pub async fn domains_of(&self, actor: &Actor) -> Result<Vec<String>, Error> {
        let roots = self.administers(actor).await?;
        let all = self.local_domains().await?;
        if actor.means == Means::Console || roots.iter().any(|unit| unit.parent.is_none()) {
            return Ok(all.names.clone());
        }
        let mut own = Vec::new();
        if roots.is_empty() {
            return Ok(own);
        }
        for name in &all.names {
            // An older name is reached through the newer one's addresses.
            let newest = all.alias_of.get(name).and_then(Option::as_ref);
            let paths = self.store().domain_paths(newest.unwrap_or(name)).await?;
            let covered = |path: &String| roots.iter().any(|root| path.starts_with(&root.path));
            if !paths.is_empty() && paths.iter().all(covered) {
                own.push(name.clone());
            }
        }
        Ok(own)
    }

    /// The records of a domain for its administrators. `again` asks DNS anew.
    pub async fn domain_records(
        &self,
        actor: &Actor,
        domain: &str,
        again: bool,
    ) -> Result<DomainRecords, Error> {
        if !self
            .domains_of(actor)
            .await?
            .iter()
            .any(|name| name == domain)
        {
            return Err(Denied::NotYours.into());
        }
        let publisher = self.0.publisher.get().ok_or(Error::Missing)?;
        publisher.records(domain, again).await.map_err(Error::Bad)
    }
}
