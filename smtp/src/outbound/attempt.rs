//! One line to one destination: which servers in which order, in which manner, and one outcome for every recipient.
//! Keeps its connection for the next letter. Knows no queue and no database.

use super::pace::Lesson;
use super::reply::{Blame, Outcome, later, never};
use super::resolve::{self, NoAnswer};
use super::route::Hosts;
use super::sessions::Sessions;
use super::sts::{Mode, Policy};
use super::talk::{Again, Failure, Letter, Opening, Talk};
use super::trust::Need;
use super::{Config, Pin, Route, RouteTls, Source, dial, limits};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Where letters of one kind go: all recipients that share it share its connections and its pace.
#[derive(Clone)]
pub struct Destination {
    /// A domain, or "host:port" of a fixed route.
    pub key: String,
    pub domain: String,
    pub route: Option<Route>,
    pub source: Option<Source>,
}

/// The destination of a domain for one sender: connections from another local address are other connections.
pub fn destination_from(config: &Config, domain: &str, mail_from: &str) -> Destination {
    let mut found = destination(config, domain);
    let sender = mail_from.rsplit_once('@').map(|(_, domain)| domain);
    let source = sender.and_then(|domain| config.sources.get(&domain.to_ascii_lowercase()));
    if let Some(source) = source {
        found.source = Some(*source);
        let v4 = source.v4.map(|ip| ip.to_string()).unwrap_or_default();
        let v6 = source.v6.map(|ip| ip.to_string()).unwrap_or_default();
        found.key = format!("{} from {v4},{v6}", found.key);
    }
    found
}

/// Finds the destination of a domain: its own route, the smart host, or its MX.
pub fn destination(config: &Config, domain: &str) -> Destination {
    let domain = domain.to_ascii_lowercase();
    let route = config
        .routes
        .get(&domain)
        .or_else(|| config.routes.get("*"))
        .cloned();
    let key = match &route {
        Some(route) => format!("{}:{}", route.host.to_ascii_lowercase(), route.port),
        None => domain.clone(),
    };
    Destination {
        key,
        domain,
        route,
        source: None,
    }
}

/// A line to a destination; holds at most one open connection.
pub struct Line<'a> {
    config: &'a Config,
    destination: &'a Destination,
    talk: Option<Talk>,
}

/// One server address to try, and how.
struct Server {
    host: String,
    address: SocketAddr,
    need: Need,
}

/// What has been learned about every recipient so far.
struct Tally {
    fates: Vec<Option<Outcome>>,
    strained: bool,
    answered: usize,
}

impl Tally {
    fn waiting(&self) -> Vec<usize> {
        let open = |fate: &Option<Outcome>| fate.as_ref().is_none_or(Outcome::may_try_elsewhere);
        self.fates
            .iter()
            .enumerate()
            .filter(|(_, fate)| open(fate))
            .map(|(index, _)| index)
            .collect()
    }

    /// Keeps what says most: words of a server over a failure to reach one, `Later` over another server's "not here".
    fn learn(&mut self, index: usize, fate: Outcome) {
        let Some(slot) = self.fates.get_mut(index) else {
            return;
        };
        let keep = match (&slot, &fate) {
            (Some(Outcome::Later(_)), Outcome::Never(new)) => new.blame == Blame::Server,
            (Some(Outcome::Later(old)), Outcome::Later(new)) => {
                old.evidence.code.is_some()
                    && new.evidence.code.is_none()
                    && new.blame != Blame::Unknown
            }
            _ => false,
        };
        if !keep {
            *slot = Some(fate);
        }
    }

    fn learn_all(&mut self, indexes: &[usize], fate: &Outcome) {
        for index in indexes {
            self.learn(*index, fate.clone());
        }
    }
}

impl<'a> Line<'a> {
    pub fn new(config: &'a Config, destination: &'a Destination) -> Line<'a> {
        Line {
            config,
            destination,
            talk: None,
        }
    }

    /// Delivers one letter: one outcome per recipient, in their order, and what was learned about the destination.
    pub async fn deliver(&mut self, letter: &Letter<'_>) -> (Vec<Outcome>, Lesson) {
        let mut tally = Tally {
            fates: vec![None; letter.recipients.len()],
            strained: false,
            answered: 0,
        };
        let everybody: Vec<usize> = (0..letter.recipients.len()).collect();
        // A kept connection may have been closed meanwhile: then nothing is lost and a new one is opened.
        if let Some(talk) = self.talk.take().filter(Talk::is_usable) {
            self.converse(talk, letter, &everybody, &mut tally).await;
            let gone = |fate: &Option<Outcome>| matches!(fate, Some(Outcome::Later(why)) if why.blame == Blame::Server && why.evidence.code.is_none());
            if tally.fates.iter().all(gone) {
                tally = Tally {
                    fates: vec![None; letter.recipients.len()],
                    strained: false,
                    answered: 0,
                };
            }
        }
        if !tally.waiting().is_empty() {
            self.look_further(letter, &mut tally).await;
        }
        let lesson = match (tally.answered, tally.strained) {
            (0, _) => Lesson::Dead,
            (_, true) => Lesson::Strained,
            _ => Lesson::Went,
        };
        let undecided = || {
            later(
                Blame::Destination,
                "4.4.1",
                "no server of this destination could be tried",
            )
        };
        let fates = tally
            .fates
            .into_iter()
            .map(|fate| fate.unwrap_or_else(undecided))
            .collect();
        (fates, lesson)
    }

    pub async fn close(&mut self) {
        if let Some(talk) = self.talk.take() {
            talk.quit().await;
        }
    }

    /// Server after server until every recipient is decided or the attempt's bounds are reached.
    async fn look_further(&mut self, letter: &Letter<'_>, tally: &mut Tally) {
        let mut hosts = match self.hosts().await {
            Ok(hosts) => hosts,
            Err(fate) => {
                // DNS gave a verdict about the domain: its servers were never asked, so they cannot be dead.
                tally.answered += usize::from(matches!(fate, Outcome::Never(_)));
                return tally.learn_all(&tally.waiting(), &fate);
            }
        };
        let promised = self.policy().await;
        // A policy on trial binds nobody; what it would have forbidden is reported (RFC 8461 §5).
        let policy = promised
            .as_ref()
            .filter(|policy| policy.mode == Mode::Enforce);
        let sessions = Sessions::new(self.config, self.destination, promised.as_ref());
        let mut dialled = 0;
        while let Some((host, secure)) = hosts.pop() {
            sessions.host(&host);
            if policy.is_some_and(|policy| !policy.covers(&host)) {
                let words = format!(
                    "{host} is not among the servers that the domain's MTA-STS policy names"
                );
                tally.learn_all(&tally.waiting(), &later(Blame::Server, "4.7.5", words));
                continue;
            }
            let servers = match self.servers(&host, secure, policy.is_some()).await {
                Ok(servers) => servers,
                Err(fate) => {
                    tally.learn_all(&tally.waiting(), &fate);
                    continue;
                }
            };
            let mut servers = VecDeque::from(servers);
            while let Some(server) = servers.pop_front() {
                if dialled >= limits::ADDRESSES_PER_ATTEMPT
                    || tally.answered >= limits::ANSWERS_PER_ATTEMPT
                {
                    return;
                }
                dialled += 1;
                let opened = self.open(&server).await;
                sessions.opened(&server.host, server.address.ip(), &server.need, &opened);
                match opened {
                    Err(fate) => {
                        tally.strained |= fate.reason().evidence.code == Some(421);
                        tally.learn_all(&tally.waiting(), &fate);
                    }
                    Ok(talk) => {
                        let waiting = tally.waiting();
                        let turned = self.converse(talk, letter, &waiting, tally).await;
                        if tally.waiting().is_empty() {
                            return;
                        }
                        if turned {
                            servers.push_front(server);
                        }
                    }
                }
            }
        }
    }

    /// One letter over one connection; true: BDAT failed there, and the same server is to be asked with DATA.
    async fn converse(
        &mut self,
        mut talk: Talk,
        letter: &Letter<'_>,
        pick: &[usize],
        tally: &mut Tally,
    ) -> bool {
        let before = talk.manner();
        let fates = talk.send(letter, pick, &self.config.dkim).await;
        let (turned, manner) = (talk.turned_to_data(), talk.manner());
        if let Some(server) = talk.peer().filter(|_| manner != before) {
            let now = self.config.clock.now();
            self.config.manners.learn(server, manner, now);
        }
        tally.answered += usize::from(!turned);
        for (index, fate) in fates {
            let reason = fate.reason();
            // Where BDAT failed the server is not strained, and asked again at once.
            tally.strained |= reason.evidence.code == Some(421)
                || (!turned
                    && reason.evidence.code.is_none()
                    && matches!(reason.blame, Blame::Unknown | Blame::Server));
            tally.learn(index, fate);
        }
        if talk.is_usable() && tally.waiting().is_empty() {
            self.talk = Some(talk);
        } else {
            talk.quit().await;
        }
        turned
    }

    /// Hosts to try, last first (so that `pop` gives the best), and whether DNSSEC vouches for them.
    async fn hosts(&self) -> Result<Vec<(String, bool)>, Outcome> {
        if let Some(route) = &self.destination.route {
            return Ok(vec![(route.host.clone(), false)]);
        }
        let domain = &self.destination.domain;
        // An address literal is its own host (RFC 5321 §4.1.3).
        if let Some(literal) = domain.strip_prefix('[').and_then(|d| d.strip_suffix(']')) {
            let ip = literal.strip_prefix("ipv6:").unwrap_or(literal);
            return match ip.parse::<IpAddr>() {
                Ok(ip) => Ok(vec![(ip.to_string(), false)]),
                Err(_) => Err(never(Blame::Letter, "5.1.2", "malformed address literal")),
            };
        }
        match resolve::mail_hosts(self.config, domain).await {
            Err(NoAnswer(words)) => Err(later(Blame::Destination, "4.4.3", words)),
            Ok(found) => match found.hosts {
                Hosts::Never(enhanced, words) => Err(never(Blame::Destination, enhanced, words)),
                Hosts::Try(hosts) => Ok(hosts
                    .into_iter()
                    .rev()
                    .map(|host| (host, found.secure))
                    .collect()),
            },
        }
    }

    /// The MTA-STS policy of this destination, also one on trial.
    async fn policy(&self) -> Option<Policy> {
        let policies = self
            .config
            .sts
            .as_ref()
            .filter(|_| self.destination.route.is_none())?;
        let policy = policies.of(self.config, &self.destination.domain).await?;
        (policy.mode != Mode::None).then_some(policy)
    }

    /// The addresses of one host, each with what its connection needs. DANE stands above MTA-STS (RFC 8461 §2).
    async fn servers(&self, host: &str, secure: bool, sts: bool) -> Result<Vec<Server>, Outcome> {
        let route = self.destination.route.as_ref();
        let silent = |NoAnswer(words)| later(Blame::Server, "4.4.3", words);
        let literal = host.parse::<IpAddr>().is_ok();
        let found = resolve::addresses(self.config, host, route.is_some())
            .await
            .map_err(silent)?;
        if found.ips.is_empty() {
            return Err(self.no_address(host, found.unusable));
        }
        if literal
            && route.is_none()
            && !self.config.allow_private
            && !found.ips.iter().all(|ip| dial::is_public(*ip))
        {
            return Err(self.no_address(host, true));
        }
        let pin = self.config.pins.get(&self.destination.domain);
        let must = sts || matches!(pin, Some(Pin::MustEncrypt(_)));
        let pinned = || match pin {
            Some(Pin::MustEncrypt(Some(roots))) => Arc::clone(roots),
            _ => Arc::clone(&self.config.roots),
        };
        let need = match route {
            Some(route) => {
                let roots = route.pin.as_ref().unwrap_or(&self.config.roots);
                Opening::need_of(route.tls, roots)
            }
            None if matches!(pin, Some(Pin::ClearAllowed)) => Need::Opportunistic,
            None if secure && found.secure => {
                let records = resolve::tlsa(self.config, host, self.config.port)
                    .await
                    .map_err(silent)?;
                match records.is_empty() {
                    false => Need::Dane(records.into()),
                    true if must => Need::Valid(pinned()),
                    true => Need::Opportunistic,
                }
            }
            None if must => Need::Valid(pinned()),
            None => Need::Opportunistic,
        };
        let port = route.map_or(self.config.port, |route| route.port);
        let server = |ip| Server {
            host: host.to_string(),
            address: SocketAddr::new(ip, port),
            need: need.clone(),
        };
        Ok(found.ips.into_iter().map(server).collect())
    }

    fn no_address(&self, host: &str, unusable: bool) -> Outcome {
        if unusable {
            let words = format!("{host} has no address that mail can be sent to from here");
            return never(Blame::Server, "5.4.4", words);
        }
        // A domain without MX and without addresses has no mail at all: most often a mistyped address.
        if host == self.destination.domain {
            return never(Blame::Destination, "5.1.2", "Domain has no mail server");
        }
        later(
            Blame::Server,
            "4.4.4",
            format!("mail server {host} has no address"),
        )
    }

    /// Dials and opens; where a manner fails and nothing forbids it, the same address is asked again in clear or with HELO.
    async fn open(&self, server: &Server) -> Result<Talk, Outcome> {
        let route = self.destination.route.as_ref();
        let mut need = server.need.clone();
        let mut helo = false;
        let mut why_clear = String::new();
        // At most: encrypted, then in clear, then with HELO.
        loop {
            let stream = dial::dial_from(self.config, server.address, self.destination.source)
                .await
                .map_err(|mut fate| {
                    let evidence = &mut fate.reason_mut().evidence;
                    evidence.host.clone_from(&server.host);
                    evidence.ip = server.address.ip().to_string();
                    fate
                })?;
            let opening = Opening {
                own_name: &self.config.host_name,
                host: &server.host,
                need: need.clone(),
                implicit_tls: route.is_some_and(|route| route.tls == RouteTls::Implicit),
                roots: Arc::clone(&self.config.roots),
                credentials: route.and_then(|route| route.credentials.as_ref()),
                helo,
                timeouts: self.config.timeouts,
            };
            match Talk::open(stream, &opening).await {
                Ok(mut talk) => {
                    talk.note_clear(&why_clear);
                    let now = self.config.clock.now();
                    talk.set_manner(self.config.manners.of(server.address, now));
                    return Ok(talk);
                }
                Err(Failure {
                    outcome,
                    again: Again::InClear,
                }) if matches!(need, Need::Opportunistic) => {
                    why_clear = outcome.reason().evidence.text.clone();
                    tracing::info!(host = %server.host, why = %why_clear, "TLS failed, going on in clear");
                    metrics::counter!("congthu_outbound_clear_after_tls_total").increment(1);
                    need = Need::Clear;
                }
                Err(Failure {
                    again: Again::WithHelo,
                    ..
                }) if !helo && !need.must_encrypt() => {
                    helo = true;
                    need = Need::Clear;
                }
                Err(failure) => return Err(failure.outcome),
            }
        }
    }
}
