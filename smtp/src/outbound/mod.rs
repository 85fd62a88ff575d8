//! The outbound side: leases due rows from the mailroom, finds the route, talks SMTP, and settles every recipient as
//! `Sent`, `Later` or `Never`. Never decides about mailboxes and never touches a table.

pub mod attempt;
pub mod body;
pub mod dial;
pub mod https;
pub mod limits;
mod line;
pub mod manners;
pub mod offers;
pub mod pace;
pub mod reply;
pub mod resolve;
pub mod route;
pub mod schedule;
mod sessions;
mod settle;
pub mod sts;
pub mod talk;
pub mod trust;
pub mod wire;
mod worker;

pub use worker::run;

use crate::dkim;
use hickory_resolver::TokioResolver;
use rustls::RootCertStore;
use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What the outbound worker is told by the configuration.
#[derive(Clone)]
pub struct Config {
    /// Our name in EHLO; its address must point back here (PTR).
    pub host_name: String,
    pub resolver: TokioResolver,
    /// By lower-case domain; `"*"` is the smart host for every domain without its own route.
    pub routes: HashMap<String, Route>,
    /// How the MX of a domain must be encrypted, whatever the domain itself says; by lower-case domain.
    pub pins: HashMap<String, Pin>,
    /// Local addresses by the sender's lower-case domain, before `source_v4` and `source_v6`.
    pub sources: HashMap<String, Source>,
    /// Whom certificates are checked against (pins and required TLS; opportunistic TLS only records the result).
    pub roots: Arc<RootCertStore>,
    /// The port of MX hosts: 25.
    pub port: u16,
    /// Local addresses to send from; `None` lets the kernel choose.
    pub source_v4: Option<Ipv4Addr>,
    pub source_v6: Option<Ipv6Addr>,
    /// Send over IPv6 now? Only with a PTR and SPF for it; the program may change its mind.
    pub ipv6: Arc<AtomicBool>,
    /// May MX records lead to loopback and private addresses? Tests and closed networks only; routes always may.
    pub allow_private: bool,
    pub dkim: Arc<dkim::Keys>,
    /// Retry delays (seconds), then the last one again and again until the row expires.
    pub retry_delays_secs: Vec<u64>,
    /// Connections at once to everybody.
    pub connections_max: usize,
    /// Names this worker's leases; one per running program.
    pub worker: String,
    /// From of reports, e.g. `postmaster@tinh.example`.
    pub postmaster: String,
    pub timeouts: limits::Timeouts,
    /// What other domains promise about encryption; `None`: MTA-STS is not looked at.
    pub sts: Option<Arc<sts::Policies>>,
    /// Counts sessions for TLS reports; `None`: nobody is told.
    pub tally: Option<Arc<crate::report::Tally>>,
    /// Which servers take BDAT as they say.
    pub manners: Arc<manners::Manners>,
    pub clock: mailroom::Clock,
}

/// A fixed way for a domain, instead of its MX.
#[derive(Clone, Debug)]
pub struct Route {
    pub host: String,
    pub port: u16,
    pub tls: RouteTls,
    pub credentials: Option<Credentials>,
    /// Trust only these authorities for this route ("this CA").
    pub pin: Option<Arc<RootCertStore>>,
}

/// What an administrator said about a domain's encryption.
#[derive(Clone, Debug)]
pub enum Pin {
    /// Not without a certificate that proves the host to these authorities, or to the usual ones.
    MustEncrypt(Option<Arc<RootCertStore>>),
    /// Clear text where encryption fails, though the domain's own policy forbids it.
    ClearAllowed,
}

/// Where connections for one sender's domain come from; `None` leaves that family as for everybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Source {
    pub v4: Option<Ipv4Addr>,
    pub v6: Option<Ipv6Addr>,
}

/// How a route is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RouteTls {
    /// STARTTLS when offered, clear text when that fails.
    Opportunistic,
    /// STARTTLS with a valid certificate, or not at all.
    Required,
    /// TLS from the first byte with a valid certificate (port 465).
    Implicit,
    /// Never STARTTLS.
    Clear,
}

/// A smart host's account. The secret shows nowhere.
#[derive(Clone)]
pub struct Credentials {
    pub user: String,
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// A random number for jitter and shuffling; not for secrets.
pub(crate) fn dice() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // Every RandomState has its own keys.
    std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish()
}
