//! What the pages need to know of the installation. Filled by the program; decides nothing itself.

use mailroom::{Actor, Clock};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Sends one test push to every device of a person; answers how many devices took it.
pub type TestPush =
    Arc<dyn Fn(Actor) -> Pin<Box<dyn Future<Output = Result<usize, String>> + Send>> + Send + Sync>;

/// One listener's pages. A listener with TLS and one without get a router each.
#[derive(Clone)]
pub struct Config {
    /// Served over TLS: cookies are `__Host-` and Secure, HSTS is sent.
    pub tls: bool,
    /// "Tỉnh Cà Mau": shown on pages.
    pub province_name: String,
    /// Domains tried in this order when somebody signs in without "@…"; empty: every domain of the installation.
    pub default_domains: Vec<String>,
    /// Base of links told to others, e.g. "https://thu.tinh.example".
    pub web_base: String,
    /// Application server key of Web Push as the browser wants it (base64url, uncompressed point); "" switches push off.
    pub vapid_public_key: String,
    /// Offered as "Gửi thử" when there.
    pub test_push: Option<TestPush>,
    /// What mail programs are told by autoconfig and autodiscover.
    pub clients: ClientSettings,
    /// Bytes of all files of one letter.
    pub upload_bytes_max: usize,
    /// Whom to call when nobody nearer is known: "Trung tâm CNTT, 0290.xxx".
    pub help_desk: String,
    pub clock: Clock,
}

/// Host and ports for mail programs.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    pub host: String,
    pub imaps_port: u16,
    pub submissions_port: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            tls: false,
            province_name: "Tỉnh mẫu".into(),
            default_domains: Vec::new(),
            web_base: "https://localhost".into(),
            vapid_public_key: String::new(),
            test_push: None,
            clients: ClientSettings {
                host: "localhost".into(),
                imaps_port: 993,
                submissions_port: 465,
            },
            upload_bytes_max: 50 * 1024 * 1024,
            help_desk: String::new(),
            clock: Clock::System,
        }
    }
}
