//! MTA-STS as a sender (RFC 8461): which domains promised encryption, learned over HTTPS, kept until the promise ends. A policy that
//! cannot be fetched changes nothing; one that is known and broken delays the mail rather than sending it in clear.

use super::{Config, https, limits, resolve};
use crate::report::{Failure, Ground};
use mail_auth::report::tlsrpt::ResultType;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Enforce,
    /// Deliver as without a policy; only reports would differ.
    Testing,
    None,
}

/// RFC 8461 §3.2
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    pub mode: Mode,
    /// Host names; "*.example" stands for one label.
    pub mx: Vec<String>,
    pub max_age_secs: u64,
}

impl Policy {
    /// What can be wrong with a policy file.
    const FAULTS: [&str; 3] = [
        "unknown mode",
        "version, mode or max_age is missing",
        "no mx is named",
    ];

    /// The policy as a report quotes it (RFC 8460 §4.4).
    pub fn lines(&self) -> Vec<String> {
        let mode = match self.mode {
            Mode::Enforce => "enforce",
            Mode::Testing => "testing",
            Mode::None => "none",
        };
        let mut lines = vec!["version: STSv1".to_string(), format!("mode: {mode}")];
        lines.extend(self.mx.iter().map(|mx| format!("mx: {mx}")));
        lines.push(format!("max_age: {}", self.max_age_secs));
        lines
    }

    /// Reads the policy file: "key: value" lines, unknown keys passed over.
    pub fn parse(text: &str) -> Result<Policy, &'static str> {
        let (mut version, mut mode, mut mx, mut max_age) = (false, None, Vec::new(), None);
        for line in text.lines().take(limits::STS_LINES) {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match key.trim() {
                "version" => version |= value == "STSv1",
                "mode" if mode.is_none() => {
                    mode = Some(match value {
                        "enforce" => Mode::Enforce,
                        "testing" => Mode::Testing,
                        "none" => Mode::None,
                        _ => return Err(Self::FAULTS[0]),
                    });
                }
                "mx" => mx.push(value.trim_end_matches('.').to_ascii_lowercase()),
                "max_age" if max_age.is_none() => max_age = value.parse().ok(),
                _ => {}
            }
        }
        let (true, Some(mode), Some(max_age)) = (version, mode, max_age) else {
            return Err(Self::FAULTS[1]);
        };
        if mx.is_empty() && mode != Mode::None {
            return Err(Self::FAULTS[2]);
        }
        Ok(Policy {
            mode,
            mx,
            max_age_secs: u64::min(max_age, limits::STS_AGE_SECS_MAX),
        })
    }

    /// §4.1: exact, or a wildcard for exactly one label on the left.
    pub fn covers(&self, host: &str) -> bool {
        self.mx
            .iter()
            .any(|pattern| match pattern.strip_prefix("*.") {
                Some(parent) => host
                    .split_once('.')
                    .is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
                None => pattern == host,
            })
    }
}

/// §3.1: the id of the one record that starts with "v=STSv1"; several are none.
pub fn record_id(texts: &[String]) -> Option<String> {
    let mut records = texts.iter().filter(|text| {
        text.strip_prefix("v=STSv1")
            .is_some_and(|rest| rest.trim_start().starts_with(';'))
    });
    let record = records.next()?;
    if records.next().is_some() {
        return None;
    }
    let id = record
        .split(';')
        .find_map(|field| field.trim().strip_prefix("id="))?;
    let valid = (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    valid.then(|| id.to_string())
}

/// A promised policy that cannot be had is told to its domain (RFC 8460 §4.3.2.1).
fn tell(config: &Config, domain: &str, why: &str) {
    let kind = if why.contains("certificate") {
        ResultType::StsWebpkiInvalid
    } else if Policy::FAULTS.contains(&why) {
        ResultType::StsPolicyInvalid
    } else {
        ResultType::StsPolicyFetchError
    };
    let failure = Failure {
        kind,
        host: format!("mta-sts.{domain}"),
        ip: None,
        words: why.to_string(),
    };
    let ground = Ground::Sts {
        lines: Vec::new(),
        mx: Vec::new(),
    };
    if let Some(tally) = &config.tally {
        tally.session(domain, &ground, Some(&failure));
    }
}

#[derive(Clone)]
struct Kept {
    id: String,
    /// `None` remembers that nothing could be learned.
    policy: Option<Policy>,
    /// The promise ends, unix ms.
    until: i64,
    /// No fetch before this, whatever the record says, unix ms.
    fetch_after: i64,
}

/// The policies known to this server.
pub struct Policies {
    port: u16,
    /// Where policies outlive a restart (§10.2: forgetting one opens a downgrade).
    folder: Option<PathBuf>,
    known: Mutex<HashMap<String, Kept>>,
}

impl Policies {
    /// `port`: 443, but in tests.
    pub fn new(port: u16, folder: Option<PathBuf>) -> Policies {
        Policies {
            port,
            folder,
            known: Mutex::default(),
        }
    }

    /// The policy a domain is under now; `None`: none, or none that could be learned.
    pub async fn of(&self, config: &Config, domain: &str) -> Option<Policy> {
        let now = config.clock.now();
        let kept = self.kept(domain).filter(|kept| now < kept.until);
        if kept
            .as_ref()
            .is_some_and(|kept| kept.policy.is_none() && now < kept.fetch_after)
        {
            return None;
        }
        let record = resolve::txt(config, &format!("_mta-sts.{domain}")).await;
        if record.is_err() && kept.is_none() {
            // A name server that leaves this question unanswered may not hold up every letter.
            return self.make_do(domain, None, "DNS does not answer", now);
        }
        let id = record.ok().and_then(|texts| record_id(&texts));
        match (&kept, id) {
            // No record, or DNS is silent: what was promised holds until it ends (§5.1).
            (Some(kept), None) => kept.policy.clone(),
            (None, None) => None,
            (Some(kept), Some(id)) if kept.id == id || now < kept.fetch_after => {
                kept.policy.clone()
            }
            (_, Some(id)) => {
                let fetched = self.fetch(config, domain).await;
                match fetched.and_then(|text| self.learn(domain, &id, &text, now)) {
                    Ok(policy) => Some(policy),
                    Err(why) => {
                        tell(config, domain, &why);
                        self.make_do(domain, kept, &why, now)
                    }
                }
            }
        }
    }

    /// Takes a fetched policy over the old one.
    fn learn(&self, domain: &str, id: &str, text: &str, now: i64) -> Result<Policy, String> {
        let policy = Policy::parse(text)?;
        let age_ms = i64::try_from(policy.max_age_secs * 1_000).unwrap_or(i64::MAX);
        let until = now.saturating_add(age_ms);
        self.write(domain, id, until, text);
        let kept = Kept {
            id: id.to_string(),
            policy: Some(policy.clone()),
            until,
            fetch_after: 0,
        };
        self.remember(domain, kept);
        Ok(policy)
    }

    /// A new policy could not be had: the old promise holds until its end (§5.1), and the next fetch waits a little.
    fn make_do(&self, domain: &str, kept: Option<Kept>, why: &str, now: i64) -> Option<Policy> {
        tracing::info!(domain, why, "MTA-STS policy not learned");
        metrics::counter!("congthu_mta_sts_failed_total").increment(1);
        let fetch_after = now + limits::STS_PAUSE_MS;
        let old = kept.unwrap_or(Kept {
            id: String::new(),
            policy: None,
            until: fetch_after,
            fetch_after,
        });
        let policy = old.policy.clone();
        self.remember(domain, Kept { fetch_after, ..old });
        policy
    }

    fn remember(&self, domain: &str, kept: Kept) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= limits::DESTINATIONS_MAX {
            known.clear();
        }
        known.insert(domain.to_string(), kept);
    }

    fn kept(&self, domain: &str) -> Option<Kept> {
        if let Some(kept) = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(domain)
        {
            return Some(kept.clone());
        }
        let text = std::fs::read_to_string(self.file(domain)?).ok()?;
        let mut parts = text.splitn(3, '\n');
        let (id, until, policy) = (parts.next()?, parts.next()?, parts.next()?);
        let kept = Kept {
            id: id.to_string(),
            policy: Some(Policy::parse(policy).ok()?),
            until: until.parse().ok()?,
            fetch_after: 0,
        };
        self.remember(domain, kept.clone());
        Some(kept)
    }

    fn write(&self, domain: &str, id: &str, until: i64, text: &str) {
        let Some(path) = self.file(domain) else {
            return;
        };
        let written = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| {
                std::fs::write(path.with_extension("new"), format!("{id}\n{until}\n{text}"))
            })
            .and_then(|()| std::fs::rename(path.with_extension("new"), &path));
        if let Err(cause) = written {
            tracing::warn!(path = %path.display(), %cause, "MTA-STS policy is kept in memory only");
        }
    }

    /// A domain's file; names that are not plain have none.
    fn file(&self, domain: &str) -> Option<PathBuf> {
        let plain = domain
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
        let folder: &Path = self.folder.as_deref()?;
        (plain && !domain.starts_with('.')).then(|| folder.join(format!("{domain}.policy")))
    }

    /// §3.3: HTTPS with a valid certificate for the policy host, no redirect, a small body.
    pub async fn fetch(&self, config: &Config, domain: &str) -> Result<String, String> {
        let host = format!("mta-sts.{domain}");
        let path = "/.well-known/mta-sts.txt";
        https::get(config, &host, self.port, path, limits::STS_BYTES).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn records() {
        let rows: [(&[&str], Option<&str>); 8] = [
            (&["v=STSv1; id=20160831085700Z;"], Some("20160831085700Z")),
            (&["v=spf1 -all", "v=STSv1;id=1"], Some("1")),
            (&["v=STSv1; id=1;", "v=STSv1; id=2;"], None),
            (&["v=STSv1"], None),
            (&["v=STSv1; id=a b"], None),
            (&["v=STSv1; id="], None),
            (&["v=STSv12; id=1"], None),
            (&[], None),
        ];
        for (texts, id) in rows {
            let texts: Vec<String> = texts.iter().map(|text| text.to_string()).collect();
            assert_eq!(record_id(&texts).as_deref(), id, "{texts:?}");
        }
    }

    #[test]
    fn policies_of_the_rfc_are_read_and_broken_ones_refused() {
        let text = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backupmx.example.com\r\nmax_age: 604800\r\n";
        let policy = Policy::parse(text).unwrap();
        assert_eq!(
            (policy.mode, policy.mx.len(), policy.max_age_secs),
            (Mode::Enforce, 3, 604_800)
        );
        let rows = [
            ("mail.example.com", true),
            ("a.example.net", true),
            ("a.b.example.net", false),
            ("example.net", false),
            (".example.net", false),
            ("other.example.com", false),
        ];
        for (host, covered) in rows {
            assert_eq!(policy.covers(host), covered, "{host}");
        }
        for bad in [
            "",
            "version: STSv1\nmode: enforce\nmax_age: 1\n",
            "mode: enforce\nmx: a\nmax_age: 1",
            "version: STSv1\nmode: maybe\nmx: a\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmx: a",
        ] {
            assert!(Policy::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            Policy::parse("version: STSv1\nmode: none\nmax_age: 99999999999")
                .unwrap()
                .max_age_secs,
            limits::STS_AGE_SECS_MAX
        );
    }

    #[test]
    fn policies_outlive_a_restart_and_strange_names_stay_off_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let text = "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 100\n";
        let first = Policies::new(443, Some(folder.path().to_path_buf()));
        first.learn("dich.example", "7", text, 1_000).unwrap();
        let second = Policies::new(443, Some(folder.path().to_path_buf()));
        let kept = second.kept("dich.example").unwrap();
        assert_eq!(
            (kept.id.as_str(), kept.until, kept.policy.unwrap().mode),
            ("7", 101_000, Mode::Enforce)
        );
        // A fetch that fails leaves the promise as it was, beyond the pause before the next fetch.
        let until = second.kept("dich.example").unwrap().until;
        let old = second.kept("dich.example");
        assert_eq!(
            second
                .make_do("dich.example", old, "silence", 2_000)
                .unwrap()
                .mode,
            Mode::Enforce
        );
        let kept = second.kept("dich.example").unwrap();
        assert_eq!(
            (kept.until, kept.fetch_after),
            (until, 2_000 + limits::STS_PAUSE_MS)
        );
        for name in ["../evil", "..", "a/b"] {
            assert!(second.file(name).is_none(), "{name}");
        }
    }
}
