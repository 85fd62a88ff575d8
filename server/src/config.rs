//! The configuration file: one TOML, every key named here and no other taken. A mistake is refused with its line, the
//! reason and the remedy. Holds no secret; keys lie in files beside it.

mod check;

use crate::fault::{self, Exit, Fault};
use crate::settings::{self, Doctor, HelpDesk, MtaSts};
use crate::{limits, log, tls, ways};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub site: Site,
    #[serde(default)]
    pub database: Database,
    #[serde(default)]
    pub listen: Listen,
    #[serde(default)]
    pub tls: Vec<tls::Pair>,
    #[serde(default)]
    pub mail: Mail,
    #[serde(default)]
    pub incoming: Incoming,
    #[serde(default)]
    pub sign_in: SignIn,
    #[serde(default)]
    pub outbound: Outbound,
    #[serde(default)]
    pub dkim: Dkim,
    #[serde(default)]
    pub sending: ways::Sending,
    /// Smart hosts, fixed routes and pins, by destination.
    #[serde(default)]
    pub route: Vec<ways::RouteEntry>,
    /// Local addresses to send from, by the sender's domain.
    #[serde(default)]
    pub source: Vec<ways::SourceEntry>,
    #[serde(default)]
    pub push: Push,
    #[serde(default)]
    pub mta_sts: MtaSts,
    #[serde(default)]
    pub help_desk: HelpDesk,
    #[serde(default)]
    pub doctor: Doctor,
    #[serde(default)]
    pub trace: Trace,
    #[serde(default)]
    pub log: Log,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    pub domain: String,
    pub host_name: String,
    pub province: String,
    /// "https://thu.tinh.example"
    pub web: String,
    pub data: PathBuf,
    /// DKIM and VAPID keys; `data`/keys when left out.
    #[serde(default)]
    pub keys: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// "" is the embedded one in the data folder; else "postgres://…".
    pub url: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    pub smtp: Vec<SocketAddr>,
    pub submission: Vec<SocketAddr>,
    pub submissions: Vec<SocketAddr>,
    pub imap: Vec<SocketAddr>,
    pub imaps: Vec<SocketAddr>,
    pub http: Vec<SocketAddr>,
    pub https: Vec<SocketAddr>,
    pub admin: Vec<SocketAddr>,
    /// The plain HTTP door shows pages too instead of only sending people to HTTPS (demo on loopback).
    pub http_pages: bool,
}

impl Listen {
    /// The doors by name.
    pub fn doors(&self) -> [(&'static str, &[SocketAddr]); 8] {
        [
            ("smtp", &self.smtp),
            ("submission", &self.submission),
            ("submissions", &self.submissions),
            ("imap", &self.imap),
            ("imaps", &self.imaps),
            ("http", &self.http),
            ("https", &self.https),
            ("admin", &self.admin),
        ]
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    pub message_bytes_max: usize,
    pub recipients_max: usize,
    pub quota_bytes: i64,
    /// Below this much free of the disk no letter is taken, per cent; 0 never looks.
    pub disk_reserve_percent: u8,
    /// May people forward their mail outside the installation's own domains?
    pub forward_outside: bool,
    /// Do units' administrators see the subjects of their own people's letters in traces?
    pub administrators_see_subjects: bool,
    /// Mail for other domains goes to this local address instead of the Internet; "" is off.
    pub sink: String,
}

impl Default for Mail {
    fn default() -> Self {
        let policy = mailroom::Policy::default();
        Mail {
            message_bytes_max: policy.message_bytes_max,
            recipients_max: policy.recipients_max,
            quota_bytes: policy.quota_bytes_default,
            disk_reserve_percent: mailroom::limits::DISK_RESERVE_PERCENT,
            forward_outside: policy.forward_outside,
            administrators_see_subjects: policy.administrators_see_subjects,
            sink: String::new(),
        }
    }
}

/// Mail from other servers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Incoming {
    /// SPF, DKIM, DMARC and ARC; asks the name servers of `outbound.dns`.
    pub check: bool,
    /// Domains whose ARC seal excuses a DMARC failure.
    pub trusted_sealers: Vec<String>,
    /// Load balancers whose PROXY header is believed.
    pub balancers: Vec<IpAddr>,
    /// Hours for which a sender whose TLS handshake failed is offered no STARTTLS; 0 offers it again at once.
    pub no_starttls_hours: u32,
    /// DNS block lists; each only adds to the score.
    pub lists: Vec<String>,
    /// Rspamd, "127.0.0.1:11333"; None is not asked.
    pub rspamd: Option<SocketAddr>,
    /// clamd, "127.0.0.1:3310"; None is not asked.
    pub clamav: Option<SocketAddr>,
}

impl Default for Incoming {
    fn default() -> Self {
        Incoming {
            check: true,
            trusted_sealers: Vec::new(),
            balancers: Vec::new(),
            no_starttls_hours: 1,
            lists: Vec::new(),
            rspamd: None,
            clamav: None,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignIn {
    pub mail_programs_take_password: bool,
    /// Mail programs may sign in without TLS: only where all of them are on this machine.
    pub without_tls: bool,
    pub slip_minutes: u64,
    pub session_days: u64,
    pub session_idle_days: u64,
    pub failures_max: u32,
}

impl Default for SignIn {
    fn default() -> Self {
        let policy = mailroom::Policy::default();
        SignIn {
            mail_programs_take_password: policy.clients_take_password,
            without_tls: false,
            slip_minutes: policy.slip_life_secs / 60,
            session_days: policy.session_life_secs / DAY,
            session_idle_days: policy.session_idle_secs / DAY,
            failures_max: policy.sign_in_failures_max,
        }
    }
}

const DAY: u64 = 24 * 3600;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outbound {
    pub retry_minutes: Vec<u64>,
    pub give_up_days: u64,
    /// domain = "host:port"
    pub routes: BTreeMap<String, String>,
    /// Name servers; empty takes the machine's own.
    pub dns: Vec<SocketAddr>,
    /// Port of MX hosts; only a test says another than 25.
    pub mx_port: u16,
    /// Port of MTA-STS policy hosts; only a test says another than 443.
    pub sts_port: u16,
    /// Send over IPv6 too? Only with a PTR record and SPF for it.
    pub ipv6: Ipv6,
    /// Validate DNSSEC and obey DANE? Only with name servers that pass signatures on.
    pub dnssec: bool,
    /// Zone file lines (DNSKEY) to validate from instead of the Internet's root: a closed network that signs its own, tests.
    pub trust_anchor: Option<PathBuf>,
    /// Tell other domains daily what we saw of their TLS and of letters in their name (RFC 8460, RFC 9990)?
    pub reports: bool,
}

/// `false`, `true` or `"auto"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "toml::Value")]
pub enum Ipv6 {
    Never,
    Always,
    /// While every address it would leave from has its name and its SPF.
    WhenRight,
}

impl TryFrom<toml::Value> for Ipv6 {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Ipv6, String> {
        match value {
            toml::Value::Boolean(false) => Ok(Ipv6::Never),
            toml::Value::Boolean(true) => Ok(Ipv6::Always),
            toml::Value::String(word) if word == "auto" => Ok(Ipv6::WhenRight),
            other => Err(format!(
                "outbound.ipv6 is true, false or \"auto\", not {other}"
            )),
        }
    }
}

impl Default for Outbound {
    fn default() -> Self {
        let policy = mailroom::Policy::default();
        Outbound {
            retry_minutes: policy
                .retry_delays_secs
                .iter()
                .map(|secs| secs / 60)
                .collect(),
            give_up_days: policy.give_up_after_secs / DAY,
            routes: BTreeMap::new(),
            dns: Vec::new(),
            mx_port: 25,
            sts_port: 443,
            ipv6: Ipv6::Never,
            dnssec: false,
            trust_anchor: None,
            reports: true,
        }
    }
}

/// The life of DKIM keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dkim {
    /// A key's successor is made after so many days; 0 never renews.
    pub renew_days: u32,
    /// A retired key's record stays published for so many days.
    pub keep_days: u32,
}

impl Default for Dkim {
    fn default() -> Self {
        Dkim {
            renew_days: 180,
            keep_days: 30,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Push {
    /// "mailto:…" or "https://…": whom a push service may write to; "" is mailto:postmaster@domain.
    pub contact: String,
    /// Push services at private addresses are called too (a distributor inside the province's network, tests).
    pub allow_private: bool,
    /// May people choose to have senders named on their lock screens? Otherwise pushes only count.
    pub show_sender: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trace {
    /// How long what happened to a message can be looked up, days.
    pub keep_days: u32,
}

impl Default for Trace {
    fn default() -> Self {
        Trace {
            keep_days: mailroom::Policy::default().trace_keep_days,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    pub format: log::Format,
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Log {
            format: log::Format::Text,
            level: "info".into(),
        }
    }
}

impl Config {
    pub fn load(path: &Path) -> Result<Config, Fault> {
        let size = std::fs::metadata(path)
            .map_err(|cause| fault::file(path, &cause))?
            .len();
        if size > limits::CONFIG_BYTES_MAX {
            return Err(Fault::new(
                Exit::Config,
                format!("{} quá lớn để là cấu hình", path.display()),
                format!("{} is too large for a configuration", path.display()),
            ));
        }
        let text = std::fs::read_to_string(path).map_err(|cause| fault::file(path, &cause))?;
        let mut config = Config::parse(&text, &path.display().to_string())?;
        // Relative paths are meant from where the file lies.
        let folder = path.parent().unwrap_or(Path::new("."));
        config.site.data = folder.join(&config.site.data).components().collect();
        config.site.keys = config.site.keys.map(|keys| folder.join(keys));
        for entry in &mut config.route {
            entry.lies_in(folder);
        }
        config.outbound.trust_anchor = config.outbound.trust_anchor.map(|path| folder.join(path));
        for pair in &mut config.tls {
            pair.certificate = folder.join(&pair.certificate);
            pair.key = folder.join(&pair.key);
        }
        for path in [&mut config.doctor.backup, &mut config.doctor.restore_test] {
            *path = path.take().map(|path| folder.join(path));
        }
        Ok(config)
    }

    /// Reads and checks a text; `name` stands in messages.
    pub fn parse(text: &str, name: &str) -> Result<Config, Fault> {
        let config: Config =
            toml::from_str(text).map_err(|cause| unreadable(text, name, &cause))?;
        check::check(&config).map_err(|(key, reason, remedy)| {
            let line = line_of(text, key);
            Fault::new(
                Exit::Config,
                format!("{name}, dòng {line}, {key}: {}", reason.vi),
                format!("{name}, line {line}, {key}: {}", reason.en),
            )
            .remedy(remedy.vi, remedy.en)
        })?;
        ways::check(&config, text, name)?;
        Ok(config)
    }

    pub fn keys(&self) -> PathBuf {
        self.site
            .keys
            .clone()
            .unwrap_or_else(|| self.site.data.join("keys"))
    }

    /// Routes, pins and source addresses as the outbound worker takes them; reads the files they name.
    pub fn ways(&self) -> Result<ways::Ways, Fault> {
        ways::ways(&self.route, &self.source)
    }

    /// Where the store is: the data folder's own database or a server.
    pub fn policy(&self) -> mailroom::Policy {
        mailroom::Policy {
            host_name: self.site.host_name.clone(),
            province_name: self.site.province.clone(),
            web_base: self.site.web.trim_end_matches('/').to_owned(),
            message_bytes_max: self.mail.message_bytes_max,
            recipients_max: self.mail.recipients_max,
            clients_take_password: self.sign_in.mail_programs_take_password,
            retry_delays_secs: self
                .outbound
                .retry_minutes
                .iter()
                .map(|minutes| minutes * 60)
                .collect(),
            give_up_after_secs: self.outbound.give_up_days * DAY,
            trace_keep_days: self.trace.keep_days,
            slip_life_secs: self.sign_in.slip_minutes * 60,
            session_life_secs: self.sign_in.session_days * DAY,
            session_idle_secs: self.sign_in.session_idle_days * DAY,
            sign_in_failures_max: self.sign_in.failures_max,
            quota_bytes_default: self.mail.quota_bytes,
            disk_reserve_percent: self.mail.disk_reserve_percent.min(99),
            sending: self.sending.limits(),
            forward_outside: self.mail.forward_outside,
            administrators_see_subjects: self.mail.administrators_see_subjects,
            push_shows_senders: self.push.show_sender,
            sink_address: Some(self.mail.sink.clone()).filter(|sink| !sink.is_empty()),
        }
    }
}

fn unreadable(text: &str, name: &str, cause: &toml::de::Error) -> Fault {
    let line = cause
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or(1, |before| before.matches('\n').count() + 1);
    let reason = cause.message().trim();
    let remedy_vi = if reason.contains("unknown field") {
        "xóa dòng này hoặc sửa tên khóa theo một trong các tên được liệt kê"
    } else if reason.contains("missing field") {
        "thêm khóa còn thiếu; `congthu init` viết ra một tệp mẫu đầy đủ"
    } else {
        "sửa dòng này; `congthu init` viết ra một tệp mẫu có chú thích từng khóa"
    };
    Fault::new(
        Exit::Config,
        format!("{name}, dòng {line}: cấu hình không đọc được: {reason}"),
        format!("{name}, line {line}: {reason}"),
    )
    .remedy(
        remedy_vi,
        "mend this line; `congthu init` writes a complete file with every key explained",
    )
}

/// The line where a dotted key stands, else the line of its table, else 1.
fn line_of(text: &str, key: &str) -> usize {
    let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut inside = table.is_empty();
    let mut found = 1;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line.trim_matches(['[', ']']) == table;
            if inside {
                found = number;
            }
        } else if inside
            && line
                .strip_prefix(name)
                .is_some_and(|rest| rest.trim_start().starts_with('='))
        {
            return number;
        }
    }
    found
}

#[cfg(test)]
mod tests;
