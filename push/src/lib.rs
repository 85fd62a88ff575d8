//! Web Push (RFC 8030, 8188, 8291, 8292): tells a person's devices that something waits, by count and, where that is wanted, by
//! sender, never by content. Reads what is owed from the mailroom after a durable cursor; never reads a letter.

pub mod answer;
pub mod endpoint;
pub mod limits;
pub mod post;
pub mod sealed;
mod trial;
pub mod vapid;
pub mod words;
mod worker;

pub use trial::Trial;
pub use vapid::Vapid;
pub use worker::run;

// Only so that OpenSSL is built in and not looked for on the machine (`vendored`).
use openssl_sys as _;
use rustls::RootCertStore;
use std::sync::Arc;

/// What push can fail at when it is set up.
#[derive(thiserror::Error, Debug)]
pub enum Error {
    #[error("{0}")]
    Key(String),
    #[error("push configuration: {0}")]
    Config(String),
}

/// What the configuration says.
#[derive(Clone)]
pub struct Config {
    /// `mailto:` or `https:` address of whoever runs this server; Apple refuses anything else (RFC 8292 §2.1).
    pub contact: String,
    /// Base of `navigate` links, e.g. "https://thu.tinh.example".
    pub web_base: String,
    /// Hosts that may be pushed to: "fcm.googleapis.com", or "*.push.apple.com" for every host below. Empty: any public host.
    pub hosts: Vec<String>,
    /// Loopback and private addresses, and plain http to them: tests and the demo only.
    pub allow_private_hosts: bool,
    /// Posts at once.
    pub posts_max: usize,
    /// Whom push services' certificates are checked against; `None`: the machine's authorities.
    pub roots: Option<Arc<RootCertStore>>,
    pub clock: mailroom::Clock,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            contact: "mailto:postmaster@localhost".into(),
            web_base: "https://localhost".into(),
            hosts: KNOWN_HOSTS.iter().map(|host| host.to_string()).collect(),
            allow_private_hosts: false,
            posts_max: 64,
            roots: None,
            clock: mailroom::Clock::System,
        }
    }
}

/// Push services of the browsers in use: Chrome and Cốc Cốc, Firefox, Safari, Edge.
pub const KNOWN_HOSTS: [&str; 6] = [
    "fcm.googleapis.com",
    "jmt17.google.com",
    "updates.push.services.mozilla.com",
    "*.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
];
