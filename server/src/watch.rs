//! The records that the pages show, held against DNS in the background: asked when somebody looks and what is known is old, with a
//! time limit, and remembered. Every look-up is told to the pages through the mailroom. Publishes nothing.

use crate::config::Config;
use crate::doctor::Ask;
use crate::published::{self, State};
use crate::records::{self, Wanted};
use crate::{limits, wire};
use mailroom::Clock;
use mailroom::published::{DomainRecord, DomainRecords, Note, Publisher, RecordState, Told};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, watch};

/// Cheap to clone.
#[derive(Clone)]
pub struct Watch(Arc<Shared>);

struct Shared {
    config: Config,
    clock: Clock,
    seen: Mutex<HashMap<String, Seen>>,
    /// Look-ups of whole domains at the same time.
    turns: Semaphore,
}

/// What was last found of a domain, and the look-up under way.
#[derive(Default)]
struct Seen {
    states: Vec<(Wanted, State)>,
    at: Option<i64>,
    under_way: Option<watch::Receiver<()>>,
}

impl Seen {
    /// A look-up that died has no sender any more.
    fn is_under_way(&self) -> bool {
        self.under_way
            .as_ref()
            .is_some_and(|end| end.has_changed().is_ok())
    }
}

impl Watch {
    pub fn new(config: Config, clock: Clock) -> Watch {
        Watch(Arc::new(Shared {
            config,
            clock,
            seen: Mutex::default(),
            turns: Semaphore::new(limits::RECORD_LOOKS_AT_ONCE),
        }))
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where every letter ends in a sink nobody outside looks our records up, and nobody is asked either.
    fn asks(&self) -> bool {
        self.0.config.mail.sink.is_empty()
    }

    /// The end of the look-up to wait for: begun now when what is known is too old, `None` when it is fresh.
    fn look(&self, domain: &str, wanted: &[Wanted], again: bool) -> Option<watch::Receiver<()>> {
        let now = self.0.clock.now();
        let mut all = self.seen();
        let seen = all.entry(domain.to_owned()).or_default();
        if seen.is_under_way() {
            return seen.under_way.clone();
        }
        let age = seen.at.map_or(i64::MAX, |at| now.saturating_sub(at));
        let oldest = match again {
            true => limits::RECORDS_AGAIN_MS,
            false => limits::RECORDS_FRESH_MS,
        };
        if age < oldest {
            return None;
        }
        let (ended, end) = watch::channel(());
        seen.under_way = Some(end.clone());
        let (watch, domain, wanted) = (self.clone(), domain.to_owned(), wanted.to_vec());
        tokio::spawn(async move {
            let states = watch.ask(wanted).await;
            let now = watch.0.clock.now();
            let mut all = watch.seen();
            let seen = all.entry(domain).or_default();
            *seen = Seen {
                states,
                at: Some(now),
                under_way: None,
            };
            drop(all);
            drop(ended);
        });
        Some(end)
    }

    /// Asks DNS about all of them, with a resolver that remembers nothing; what takes too long stays unknown.
    async fn ask(&self, wanted: Vec<Wanted>) -> Vec<(Wanted, State)> {
        let _turn = self.0.turns.acquire().await;
        let config = &self.0.config;
        let resolver = wire::resolver(&config.outbound.dns, false).map_err(|fault| fault.reason.vi);
        let ask = Ask::new(resolver);
        let looked = published::states(&ask, wanted.clone(), &config.site.host_name);
        match tokio::time::timeout(limits::RECORDS_LOOK, looked).await {
            Ok(states) => states,
            Err(_) => {
                let why = format!(
                    "DNS không trả lời đủ trong {} giây",
                    limits::RECORDS_LOOK.as_secs()
                );
                let unknown = |one| (one, State::Unknown(why.clone()));
                wanted.into_iter().map(unknown).collect()
            }
        }
    }

    async fn tell(&self, domain: &str, again: bool) -> Result<DomainRecords, String> {
        let (config, name) = (self.0.config.clone(), domain.to_owned());
        let read = tokio::task::spawn_blocking(move || records::of(&config, &name)).await;
        let wanted = match read {
            Ok(read) => read.map_err(|fault| fault.reason.vi)?,
            Err(cause) => return Err(cause.to_string()),
        };
        if self.asks()
            && let Some(mut end) = self.look(domain, &wanted, again)
        {
            // The sender goes away when the look-up has ended; the page does not wait for a slow one.
            let _ended_or_late = tokio::time::timeout(limits::RECORDS_WAIT, end.changed()).await;
        }
        let all = self.seen();
        let seen = all.get(domain);
        let state = |one: &Wanted| {
            let found = seen.and_then(|seen| seen.states.iter().find(|(known, _)| known == one));
            match found.map(|(_, state)| state) {
                None => RecordState::Unasked,
                Some(State::Right) => RecordState::Right,
                Some(State::Missing) => RecordState::Missing,
                Some(State::Other(found)) => RecordState::Other(found.clone()),
                Some(State::Unknown(why)) => RecordState::Unknown(why.clone()),
            }
        };
        let records = wanted.iter().map(|one| DomainRecord {
            name: one.name.clone(),
            kind: one.kind,
            value: one.value.clone(),
            what: one.what,
            must: one.must,
            state: state(one),
        });
        Ok(DomainRecords {
            records: records.collect(),
            checked_at: seen.and_then(|seen| seen.at),
            checking: seen.is_some_and(Seen::is_under_way),
            notes: self.notes(domain, &wanted),
        })
    }

    fn notes(&self, domain: &str, wanted: &[Wanted]) -> Vec<Note> {
        let config = &self.0.config;
        let no_addresses = domain == config.site.domain && config.doctor.addresses.is_empty();
        let signed = wanted.iter().any(|one| one.what.starts_with("dkim"));
        let notes = [
            (!self.asks(), Note::Sink),
            (no_addresses, Note::Addresses(config.site.host_name.clone())),
            (!signed, Note::Unsigned),
            (wanted.iter().any(|one| one.kind == "TLSA"), Note::Dnssec),
        ];
        let said = notes.into_iter().filter(|(holds, _)| *holds);
        said.map(|(_, note)| note).collect()
    }
}

impl Publisher for Watch {
    fn records<'a>(&'a self, domain: &'a str, again: bool) -> Told<'a> {
        Box::pin(self.tell(domain, again))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::template;
    use smtp::dkim;

    fn config(folder: &std::path::Path, more: &str) -> Config {
        let text = template::text(&template::Answers::for_domain("tinh.example"));
        let mut config = Config::parse(&format!("{text}\n{more}"), "mẫu").unwrap();
        config.site.keys = Some(folder.to_owned());
        config.tls.clear();
        config
    }

    #[tokio::test]
    async fn a_sink_asks_nobody_and_keys_stand_in_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path(), "");
        config.mail.sink = "thugom@tinh.example".into();
        let watch = Watch::new(config, Clock::System);
        let before = watch.records("tinh.example", true).await.unwrap();
        assert!(before.notes.contains(&Note::Unsigned) && before.notes.contains(&Note::Sink));
        dkim::Keys::make(&folder.path().join("dkim"), "tinh.example", "202611").unwrap();
        let told = watch.records("tinh.example", false).await.unwrap();
        let keys = told.records.iter().filter(|one| one.what == "dkim");
        assert_eq!(keys.count(), 2);
        assert!(
            told.records
                .iter()
                .all(|one| one.state == RecordState::Unasked)
        );
        assert_eq!((told.checked_at, told.checking), (None, false));
        assert_eq!(told.records[0].kind, "MX");
    }

    /// The name server takes questions and answers none.
    #[tokio::test]
    async fn a_silent_name_server_is_waited_for_only_a_moment() {
        let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path(), "");
        config.outbound.dns = vec![silent.local_addr().unwrap()];
        let watch = Watch::new(config, Clock::System);
        let told = watch.records("tinh.example", false).await.unwrap();
        assert!(told.checking, "the look-up goes on behind the page");
        let mut end = watch.look("tinh.example", &[], false).unwrap();
        let _the_sender_is_gone = end.changed().await;
        let told = watch.records("tinh.example", false).await.unwrap();
        assert!(!told.checking && told.checked_at.is_some());
        let unknown = |one: &DomainRecord| matches!(one.state, RecordState::Unknown(_));
        assert!(told.records.iter().all(unknown), "{:?}", told.records);
        assert!(
            watch.look("tinh.example", &[], false).is_none(),
            "what is fresh is not asked again"
        );
    }

    #[test]
    fn addresses_of_one_domain_alone_stand_in_its_spf() {
        let folder = tempfile::tempdir().unwrap();
        let source =
            "[[source]]\ndomain = \"Cu.example\"\nv4 = \"192.0.2.9\"\nv6 = \"2001:db8::9\"\n";
        let config = config(folder.path(), source);
        for (domain, text) in [
            (
                "cu.example",
                "v=spf1 mx a:thu.tinh.example ip4:192.0.2.9 ip6:2001:db8::9 -all",
            ),
            ("tinh.example", "v=spf1 mx a:thu.tinh.example -all"),
        ] {
            assert_eq!(records::spf(&config, domain), text);
        }
    }
}
