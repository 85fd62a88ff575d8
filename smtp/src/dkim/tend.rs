//! Looks after the keys of all our domains: asks DNS for the records that matter, takes the steps, and lets the signer use
//! what it has then. Decides nothing itself: the rules are `ring`'s.

use super::ring::{self, Act, Held, Known, Record, Rules, State};
use super::{KeyError, Keys};
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use std::path::{Path, PathBuf};

/// A key that somebody must publish before it can sign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiting {
    pub domain: String,
    pub name: String,
    pub text: String,
}

/// Where the keys are, and how long they live.
pub struct Tender {
    pub folder: PathBuf,
    pub resolver: TokioResolver,
    pub rules: Rules,
}

impl Tender {
    /// One look at every domain; `tag` names new selectors ("202611"). What waits for a human is returned.
    pub async fn look(
        &self,
        domains: &[String],
        keys: &Keys,
        tag: &str,
        now: i64,
    ) -> Result<Vec<Waiting>, KeyError> {
        let mut changed = false;
        let mut waiting = Vec::new();
        for domain in domains {
            let held = ring::held(&self.folder, domain)?;
            let mut known = Vec::new();
            for one in &held {
                known.push(Known {
                    selector: one.key.selector().to_owned(),
                    algorithm: one.key.algorithm(),
                    state: one.state,
                    since: one.since,
                    record: self.record_where_it_matters(one).await,
                });
            }
            for act in ring::acts(&known, self.rules, now) {
                changed |= !matches!(act, Act::Prepare(_));
                note(domain, &act);
                ring::act(&self.folder, domain, &act, tag, now)?;
            }
            waiting.extend(waiting_of(&self.folder, domain)?);
        }
        if changed {
            keys.replace(Keys::load(&self.folder)?);
        }
        Ok(waiting)
    }

    /// Only keys on their way in depend on DNS.
    async fn record_where_it_matters(&self, held: &Held) -> Record {
        match held.state {
            State::Prepared | State::Seen => record(&self.resolver, held).await,
            State::Signing | State::Retired => Record::Unknown,
        }
    }
}

/// What DNS says of a key's record.
pub async fn record(resolver: &TokioResolver, held: &Held) -> Record {
    let name = format!("{}.", held.key.record_name());
    let answer = match resolver.txt_lookup(name).await {
        Ok(answer) => answer,
        Err(cause) if cause.is_nx_domain() || cause.is_no_records_found() => {
            return Record::Missing;
        }
        Err(_) => return Record::Unknown,
    };
    let texts = answer
        .answers()
        .iter()
        .filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(txt.txt_data.concat()),
            _ => None,
        });
    let wanted = tag_of(&held.key.record_text(), "p");
    let published = texts.into_iter().any(|text| {
        let text = String::from_utf8_lossy(&text).into_owned();
        !wanted.is_empty() && tag_of(&text, "p") == wanted
    });
    if published {
        Record::Published
    } else {
        Record::Missing
    }
}

/// A tag's value without blanks, which may stand anywhere in it (RFC 6376 §3.2).
fn tag_of(record: &str, wanted: &str) -> String {
    record
        .split(';')
        .filter_map(|tag| tag.split_once('='))
        .find(|(name, _)| name.trim() == wanted)
        .map(|(_, value)| value.split_whitespace().collect())
        .unwrap_or_default()
}

fn waiting_of(folder: &Path, domain: &str) -> Result<Vec<Waiting>, KeyError> {
    let held = ring::held(folder, domain)?;
    let waiting = held.iter().filter(|one| one.state == State::Prepared);
    Ok(waiting
        .map(|one| Waiting {
            domain: domain.to_owned(),
            name: one.key.record_name(),
            text: one.key.record_text(),
        })
        .collect())
}

fn note(domain: &str, act: &Act) {
    match act {
        Act::Prepare(algorithm) => {
            tracing::info!(%domain, algorithm = algorithm.word(), "a new DKIM key is prepared");
        }
        Act::Move { selector, to } => {
            tracing::info!(%domain, %selector, state = ?to, "a DKIM key goes on");
        }
        Act::Forget { selector } => {
            tracing::info!(%domain, %selector, "an old DKIM key is gone; its record may be taken out of DNS");
        }
    }
}
