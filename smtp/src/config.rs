//! What a site decides about its SMTP doors. Values only; filled by the server from its configuration file.

use crate::check::Checks;
use crate::limits;
use crate::proto::body::Budget;
use std::sync::Arc;
use std::time::Duration;

/// Which door a listener is. What each verb may do behind which door stands in one table (`cmd`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Door {
    /// Port 25: mail from other servers for our recipients.
    Mx,
    /// Port 587: our people's mail, STARTTLS (RFC 6409).
    Submission,
    /// Port 465: our people's mail, TLS from the first byte (RFC 8314 §3.3).
    Submissions,
}

impl Door {
    /// Whether mail comes here from people who sign in.
    pub fn is_submission(self) -> bool {
        matches!(self, Door::Submission | Door::Submissions)
    }
    /// The word in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Door::Mx => "mx",
            Door::Submission => "submission",
            Door::Submissions => "submissions",
        }
    }
}

/// The bounds a site may change.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one message (SIZE, RFC 1870).
    pub message_bytes_max: usize,
    /// Recipients of one transaction; RFC 5321 §4.5.3.1.8 asks for at least 100.
    pub recipients_max: usize,
    /// Messages in one session (MAILMAX, RFC 9422).
    pub messages_max: u32,
    /// Connections at a time, all addresses together.
    pub connections_max: usize,
    /// Connections at a time from one IPv4 address or IPv6 /64.
    pub connections_per_address_max: u32,
    /// New connections in a minute from one IPv4 address or IPv6 /64.
    pub connects_per_minute_max: u32,
    /// Time for a whole command line (RFC 5321 §4.5.3.2.7 asks for 5 minutes).
    pub command_time: Duration,
    /// Time without a byte while a message is being sent (RFC 5321 §4.5.3.2.5 asks for 3 minutes).
    pub data_idle_time: Duration,
    /// Time for one whole message: even a slow line brings 50 MB in this.
    pub data_time: Duration,
    /// Time for a whole session.
    pub session_time: Duration,
    /// For so long a sender whose TLS handshake failed is offered no STARTTLS on the MX door.
    pub no_starttls_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: 50 * 1024 * 1024,
            recipients_max: 1_000,
            messages_max: 10_000,
            connections_max: 4_000,
            connections_per_address_max: 250,
            connects_per_minute_max: 6_000,
            command_time: Duration::from_secs(300),
            data_idle_time: Duration::from_secs(180),
            data_time: Duration::from_secs(3_600),
            session_time: Duration::from_secs(4 * 3_600),
            no_starttls_time: Duration::from_secs(limits::NO_STARTTLS_SECS),
        }
    }
}

/// Everything a listener needs to know besides its socket.
#[derive(Clone)]
pub struct Config {
    /// Our name in the greeting and in Authentication-Results.
    pub host_name: String,
    pub tls: Option<Arc<rustls::ServerConfig>>,
    pub limits: Limits,
    /// AUTH without TLS: only for a loopback-only demonstration; public listeners keep it off.
    pub auth_in_clear: bool,
    /// Load balancers whose PROXY header (v1 or v2) we believe; nobody else's.
    pub proxies: Vec<std::net::IpAddr>,
    /// What is looked at in mail from outside; None checks nothing.
    pub checks: Option<Arc<Checks>>,
    /// Memory for messages under way, shared by all doors of the program that share this configuration.
    pub bodies: Arc<Budget>,
    /// Time before the greeting in which a polite peer is silent; zero switches it off.
    pub greeting_delay: Duration,
}

impl Config {
    /// A configuration with every default; `tls` None offers no STARTTLS.
    pub fn new(host_name: &str, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        Self {
            host_name: host_name.to_owned(),
            tls,
            limits: Limits::default(),
            auth_in_clear: false,
            proxies: Vec::new(),
            checks: None,
            bodies: Budget::new(limits::BODIES_BYTES_MAX),
            greeting_delay: Duration::ZERO,
        }
    }
}
