//! `[[route]]`, `[[source]]` and `[sending]` of the configuration: smart hosts, pins, source addresses, daily limits, checked with
//! line, reason and remedy. Passwords are read from files or the environment and are never shown.

use crate::config::Config;
use crate::fault::{self, Exit, Fault, words};
use mailroom::policy::{DayLimits, SendingLimits};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use smtp::outbound::{Credentials, Pin, Route, RouteTls, Source};
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a password or certificate file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// How one destination is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteEntry {
    /// The recipients' domain, or "*" for every domain without its own entry.
    pub domain: String,
    /// "host:port", "[::1]:25" or a host alone for port 25; "" goes by MX.
    #[serde(default)]
    pub to: String,
    #[serde(default)]
    pub tls: Tls,
    /// PEM file of the only authorities that count here.
    pub ca_file: Option<PathBuf>,
    #[serde(default)]
    pub user: String,
    pub password_file: Option<PathBuf>,
    /// Name of an environment variable.
    #[serde(default)]
    pub password_env: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Where it is offered and works, and where the destination's own policy asks for it.
    #[default]
    Opportunistic,
    /// A valid certificate or not at all.
    MustEncrypt,
    /// TLS from the first byte (port 465), a valid certificate or not at all.
    Implicit,
    /// Clear text where encryption fails, though the destination's policy forbids it.
    ClearTextAllowed,
    /// Never STARTTLS.
    Never,
}

/// Where letters of one sender's domain come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceEntry {
    pub domain: String,
    pub v4: Option<Ipv4Addr>,
    pub v6: Option<Ipv6Addr>,
}

impl SourceEntry {
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let four = self.v4.map(IpAddr::V4);
        four.into_iter().chain(self.v6.map(IpAddr::V6))
    }
}

/// What one account and one unit may send to other servers on a day; 0 is no limit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sending {
    pub account_messages: i64,
    pub account_recipients: i64,
    /// Recipients the account never wrote to before.
    pub account_strangers: i64,
    pub unit_messages: i64,
    pub unit_recipients: i64,
    pub unit_strangers: i64,
}

impl From<SendingLimits> for Sending {
    fn from(limits: SendingLimits) -> Self {
        Sending {
            account_messages: limits.account.messages,
            account_recipients: limits.account.recipients,
            account_strangers: limits.account.strangers,
            unit_messages: limits.unit.messages,
            unit_recipients: limits.unit.recipients,
            unit_strangers: limits.unit.strangers,
        }
    }
}

impl Default for Sending {
    fn default() -> Self {
        SendingLimits::usual().into()
    }
}

impl Sending {
    /// For trials and measurements.
    pub fn unlimited() -> Self {
        SendingLimits::default().into()
    }

    pub fn limits(&self) -> SendingLimits {
        SendingLimits {
            account: DayLimits {
                messages: self.account_messages,
                recipients: self.account_recipients,
                strangers: self.account_strangers,
            },
            unit: DayLimits {
                messages: self.unit_messages,
                recipients: self.unit_recipients,
                strangers: self.unit_strangers,
            },
        }
    }
}

/// As the outbound worker takes them.
#[derive(Default)]
pub struct Ways {
    pub routes: HashMap<String, Route>,
    pub pins: HashMap<String, Pin>,
    pub sources: HashMap<String, Source>,
}

impl RouteEntry {
    /// Relative paths are meant from where the configuration lies.
    pub fn lies_in(&mut self, folder: &Path) {
        for path in [&mut self.ca_file, &mut self.password_file]
            .into_iter()
            .flatten()
        {
            *path = folder.join(&*path);
        }
    }

    fn must_encrypt(&self) -> bool {
        matches!(self.tls, Tls::MustEncrypt | Tls::Implicit)
    }

    fn target(&self) -> Option<(String, u16)> {
        let to = self.to.as_str();
        let (host, port) = match to.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, port.parse().ok()?)
            }
            _ => (to, 25),
        };
        let host = host.trim_matches(['[', ']']);
        (!host.is_empty() && port != 0).then(|| (host.to_owned(), port))
    }

    /// (key, reason, remedy)
    fn wrong(&self) -> Option<(&'static str, fault::Words, fault::Words)> {
        let named = !self.user.is_empty();
        let secrets =
            usize::from(self.password_file.is_some()) + usize::from(!self.password_env.is_empty());
        let is_domain = self.domain == "*" || self.domain.contains('.');
        let rows = [
            (
                !is_domain,
                "domain",
                words("không phải tên miền", "is not a domain"),
                words(
                    "viết như \"bo.gov.vn\", hoặc \"*\"",
                    "write it like \"bo.gov.vn\", or \"*\"",
                ),
            ),
            (
                !self.to.is_empty() && self.target().is_none(),
                "to",
                words("không phải máy:cổng", "is not host:port"),
                words("viết như \"10.0.0.5:25\"", "write it like \"10.0.0.5:25\""),
            ),
            (
                self.to.is_empty()
                    && matches!(self.tls, Tls::Implicit | Tls::Never | Tls::Opportunistic),
                "tls",
                words("cần khóa to", "needs the key to"),
                words(
                    "thêm to = \"máy:cổng\", hoặc tls = \"must_encrypt\" hay \"clear_text_allowed\"",
                    "add to = \"host:port\", or tls = \"must_encrypt\" or \"clear_text_allowed\"",
                ),
            ),
            (
                self.to.is_empty() && self.domain == "*",
                "to",
                words("\"*\" cần máy chuyển tiếp", "\"*\" needs a smart host"),
                words("thêm to = \"máy:cổng\"", "add to = \"host:port\""),
            ),
            (
                self.ca_file.is_some() && !self.must_encrypt(),
                "ca_file",
                words(
                    "chỉ có nghĩa khi bắt buộc mã hóa",
                    "means something only where encryption is required",
                ),
                words("thêm tls = \"must_encrypt\"", "add tls = \"must_encrypt\""),
            ),
            (
                named && !self.must_encrypt(),
                "user",
                words(
                    "mật khẩu không được đi qua kết nối có thể không mã hóa",
                    "a password may not travel where encryption is not required",
                ),
                words(
                    "thêm tls = \"must_encrypt\" hoặc \"implicit\"",
                    "add tls = \"must_encrypt\" or \"implicit\"",
                ),
            ),
            (
                named && self.to.is_empty(),
                "user",
                words("chỉ dùng với máy chuyển tiếp", "is for smart hosts only"),
                words("thêm to = \"máy:cổng\"", "add to = \"host:port\""),
            ),
            (
                secrets != usize::from(named),
                "user",
                words(
                    "cần đúng một trong password_file, password_env",
                    "needs exactly one of password_file, password_env",
                ),
                words(
                    "ghi mật khẩu vào một tệp riêng (quyền 600) và nêu tệp đó ở password_file",
                    "write the password into a file of its own (mode 600) and name it in password_file",
                ),
            ),
        ];
        rows.into_iter()
            .find(|(wrong, ..)| *wrong)
            .map(|(_, key, reason, remedy)| (key, reason, remedy))
    }

    fn credentials(&self) -> Result<Option<Credentials>, Fault> {
        if self.user.is_empty() {
            return Ok(None);
        }
        let password = match &self.password_file {
            Some(path) => read(path)?,
            None => std::env::var(&self.password_env).map_err(|_| {
                Fault::new(
                    Exit::Config,
                    format!("biến môi trường {} chưa được đặt", self.password_env),
                    format!("the environment variable {} is not set", self.password_env),
                )
            })?,
        };
        Ok(Some(Credentials {
            user: self.user.clone(),
            password: password.trim_end_matches(['\r', '\n']).to_owned(),
        }))
    }

    fn authorities(&self) -> Result<Option<Arc<RootCertStore>>, Fault> {
        let Some(path) = &self.ca_file else {
            return Ok(None);
        };
        let text = read(path)?;
        let mut roots = RootCertStore::empty();
        let found: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes())
            .filter_map(Result::ok)
            .collect();
        let (added, _) = roots.add_parsable_certificates(found);
        if added == 0 {
            return Err(Fault::new(
                Exit::Config,
                format!("{} không có chứng thư nào", path.display()),
                format!("{} holds no certificate", path.display()),
            )
            .remedy("đặt vào đó chứng thư CA dạng PEM", "put the CA's PEM there"));
        }
        Ok(Some(Arc::new(roots)))
    }
}

fn read(path: &Path) -> Result<String, Fault> {
    let size = std::fs::metadata(path)
        .map_err(|cause| fault::file(path, &cause))?
        .len();
    if size > FILE_BYTES_MAX {
        return Err(Fault::new(
            Exit::Config,
            format!("{} quá lớn", path.display()),
            format!("{} is too large", path.display()),
        ));
    }
    std::fs::read_to_string(path).map_err(|cause| fault::file(path, &cause))
}

/// What the types cannot say; `text` is the file, for the line.
pub fn check(config: &Config, text: &str, name: &str) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    for (place, entry) in config.route.iter().enumerate() {
        let twice = (!seen.insert(entry.domain.to_lowercase())).then(|| {
            (
                "domain",
                words(
                    "miền này đã có một mục [[route]]",
                    "this domain has a [[route]] already",
                ),
                words("gộp hai mục làm một", "make one entry of both"),
            )
        });
        if let Some(wrong) = entry.wrong().or(twice) {
            return Err(told(text, name, "route", place, wrong));
        }
    }
    let mut seen = HashSet::new();
    for (place, entry) in config.source.iter().enumerate() {
        if !seen.insert(entry.domain.to_lowercase()) || (entry.v4, entry.v6) == (None, None) {
            let wrong = (
                "domain",
                words(
                    "cần một mục cho mỗi miền, có v4 hoặc v6",
                    "needs one entry per domain, with v4 or v6",
                ),
                words(
                    "viết như v4 = \"192.0.2.10\"",
                    "write it like v4 = \"192.0.2.10\"",
                ),
            );
            return Err(told(text, name, "source", place, wrong));
        }
    }
    Ok(())
}

fn told(
    text: &str,
    name: &str,
    table: &str,
    place: usize,
    (key, reason, remedy): (&str, fault::Words, fault::Words),
) -> Fault {
    let line = line_of(text, table, place, key);
    Fault::new(
        Exit::Config,
        format!("{name}, dòng {line}, {table}.{key}: {}", reason.vi),
        format!("{name}, line {line}, {table}.{key}: {}", reason.en),
    )
    .remedy(remedy.vi, remedy.en)
}

/// The line of a key in the `place`th `[[table]]`, else of that header.
fn line_of(text: &str, table: &str, place: usize, key: &str) -> usize {
    let header = format!("[[{table}]]");
    let (mut entry, mut found) = (None, 1);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.starts_with(&header) {
            entry = Some(entry.map_or(0, |entry| entry + 1));
            if entry == Some(place) {
                found = number;
            }
        } else if line.starts_with('[') {
            if entry == Some(place) {
                return found;
            }
        } else if entry == Some(place)
            && line
                .strip_prefix(key)
                .is_some_and(|rest| rest.trim_start().starts_with('='))
        {
            return number;
        }
    }
    found
}

/// Reads the files that entries name.
pub fn ways(routes: &[RouteEntry], sources: &[SourceEntry]) -> Result<Ways, Fault> {
    let mut ways = Ways::default();
    for entry in routes {
        let domain = entry.domain.to_lowercase();
        let pin = entry.authorities()?;
        match entry.target().filter(|_| !entry.to.is_empty()) {
            Some((host, port)) => {
                let tls = match entry.tls {
                    Tls::MustEncrypt => RouteTls::Required,
                    Tls::Implicit => RouteTls::Implicit,
                    Tls::Never => RouteTls::Clear,
                    Tls::Opportunistic | Tls::ClearTextAllowed => RouteTls::Opportunistic,
                };
                let credentials = entry.credentials()?;
                let route = Route {
                    host,
                    port,
                    tls,
                    credentials,
                    pin,
                };
                ways.routes.insert(domain, route);
            }
            None if entry.must_encrypt() => {
                ways.pins.insert(domain, Pin::MustEncrypt(pin));
            }
            None => {
                ways.pins.insert(domain, Pin::ClearAllowed);
            }
        }
    }
    for entry in sources {
        let source = Source {
            v4: entry.v4,
            v6: entry.v6,
        };
        ways.sources.insert(entry.domain.to_lowercase(), source);
    }
    Ok(ways)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::template;

    fn with(more: &str) -> Result<Config, Fault> {
        let good = template::text(&template::Answers::for_domain("tinh.example"));
        Config::parse(&format!("{good}\n{more}"), "c.toml")
    }

    #[test]
    fn routes_pins_and_sources_reach_the_worker() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("matkhau");
        std::fs::write(&secret, "bí mật\n").unwrap();
        let config = with(&format!(
            "[[route]]\ndomain = \"*\"\nto = \"smtp.example:587\"\ntls = \"must_encrypt\"\nuser = \"tinh\"\n\
             password_file = {:?}\n[[route]]\ndomain = \"Bo.example\"\ntls = \"must_encrypt\"\n\
             [[route]]\ndomain = \"cu.example\"\ntls = \"clear_text_allowed\"\n\
             [[source]]\ndomain = \"tinh.example\"\nv4 = \"127.0.0.9\"\n",
            secret.display().to_string()
        ))
        .unwrap();
        let ways = config.ways().unwrap();
        let star = &ways.routes["*"];
        assert_eq!((star.host.as_str(), star.port), ("smtp.example", 587));
        assert_eq!(star.tls, RouteTls::Required);
        let credentials = star.credentials.as_ref().unwrap();
        assert_eq!(credentials.password, "bí mật");
        assert!(!format!("{star:?}").contains("mật"));
        assert!(matches!(ways.pins["bo.example"], Pin::MustEncrypt(None)));
        assert!(matches!(ways.pins["cu.example"], Pin::ClearAllowed));
        assert_eq!(
            ways.sources["tinh.example"].v4,
            Some(Ipv4Addr::new(127, 0, 0, 9))
        );
    }

    #[test]
    fn mistakes_are_refused_at_their_line() {
        let lines = template::text(&template::Answers::for_domain("tinh.example"))
            .lines()
            .count();
        for (more, line, said) in [
            ("[[route]]\ndomain = \"x\"\n", 2, "is not a domain"),
            (
                "[[route]]\ndomain = \"a.b\"\nto = \"h:zero\"",
                3,
                "host:port",
            ),
            ("[[route]]\ndomain = \"a.b\"\n", 1, "needs the key to"),
            (
                "[[route]]\ndomain = \"a.b\"\nto = \"h\"\n[[route]]\ndomain = \"a.b\"\nto = \"h\"",
                5,
                "already",
            ),
            (
                "[[route]]\ndomain = \"*\"\nto = \"h\"\nuser = \"u\"\npassword_env = \"X\"",
                4,
                "may not travel",
            ),
            (
                "[[route]]\ndomain = \"*\"\nto = \"h\"\ntls = \"implicit\"\nuser = \"u\"",
                5,
                "exactly one",
            ),
            (
                "[[route]]\ndomain = \"a.b\"\nto = \"h\"\nca_file = \"x\"",
                4,
                "encryption is required",
            ),
            ("[[source]]\ndomain = \"a.b\"\n", 2, "v4 or v6"),
            (
                "[[route]]\ndomain = \"a.b\"\npassword = \"x\"",
                3,
                "unknown field",
            ),
        ] {
            let fault = with(more).unwrap_err();
            let shown = fault.reason.en.clone();
            let line = format!("line {}", lines + 1 + line);
            assert!(
                shown.contains(said) && shown.contains(&line),
                "{more}: {shown}, not {line}"
            );
            assert!(fault.remedy.is_some(), "{more}");
        }
    }
}
