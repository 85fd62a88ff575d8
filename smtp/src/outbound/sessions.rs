//! Counts each try of a session with a destination's servers for TLS reports (RFC 8460). Decides nothing about delivery.

use super::Config;
use super::attempt::Destination;
use super::reply::Outcome;
use super::sts::Policy;
use super::talk::Talk;
use super::trust::{Need, Tlsa};
use crate::report::{Failure, Ground};
use mail_auth::report::tlsrpt::ResultType;
use std::net::IpAddr;

/// The sessions of one attempt at one destination.
pub(super) struct Sessions<'a> {
    config: &'a Config,
    domain: &'a str,
    policy: Option<&'a Policy>,
    /// Fixed routes are nobody's promise.
    silent: bool,
}

impl<'a> Sessions<'a> {
    pub(super) fn new(
        config: &'a Config,
        destination: &'a Destination,
        policy: Option<&'a Policy>,
    ) -> Sessions<'a> {
        Sessions {
            config,
            domain: &destination.domain,
            policy,
            silent: destination.route.is_some() || destination.domain.starts_with('['),
        }
    }

    /// A host of the domain's MX: one that its policy does not name is a failure of that policy.
    pub(super) fn host(&self, host: &str) {
        if let Some(policy) = self.policy.filter(|policy| !policy.covers(host)) {
            let words = "the MX host is not named by the policy";
            self.failed(
                &sts(policy),
                ResultType::ValidationFailure,
                host,
                None,
                words,
            );
        }
    }

    pub(super) fn opened(
        &self,
        host: &str,
        ip: IpAddr,
        need: &Need,
        opened: &Result<Talk, Outcome>,
    ) {
        let ground = match (need, self.policy) {
            (Need::Dane(records), _) => Ground::Tlsa(records.iter().map(text).collect()),
            (_, Some(policy)) => sts(policy),
            _ => Ground::NoPolicy,
        };
        match opened {
            Ok(talk) => {
                let certificate = talk.evidence().certificate.as_str();
                let held = match &ground {
                    Ground::Sts { .. } => certificate == "trusted",
                    // What was needed was proven before anything was said; without a promise any TLS is good.
                    Ground::Tlsa(_) | Ground::NoPolicy => true,
                };
                if !talk.is_encrypted() {
                    let (kind, words) = match certificate.strip_prefix("clear text: ") {
                        Some(why) => (kind_of(why), why),
                        None => (ResultType::StartTlsNotSupported, "STARTTLS is not offered"),
                    };
                    self.failed(&ground, kind, host, Some(ip), words);
                } else if held {
                    self.count(&ground, None);
                } else {
                    self.failed(&ground, kind_of(certificate), host, Some(ip), certificate);
                }
            }
            Err(fate) => {
                let evidence = &fate.reason().evidence;
                // Everything else failed before TLS came into it.
                if matches!(evidence.enhanced.as_deref(), Some("4.7.4" | "4.7.5")) {
                    let kind = kind_of(&evidence.text);
                    self.failed(&ground, kind, host, Some(ip), &evidence.text);
                }
            }
        }
    }

    fn failed(
        &self,
        ground: &Ground,
        kind: ResultType,
        host: &str,
        ip: Option<IpAddr>,
        words: &str,
    ) {
        let failure = Failure {
            kind,
            host: host.to_string(),
            ip,
            words: words.to_string(),
        };
        self.count(ground, Some(&failure));
    }

    fn count(&self, ground: &Ground, failure: Option<&Failure>) {
        if let Some(tally) = self.config.tally.as_ref().filter(|_| !self.silent) {
            tally.session(self.domain, ground, failure);
        }
    }
}

fn sts(policy: &Policy) -> Ground {
    Ground::Sts {
        lines: policy.lines(),
        mx: policy.mx.clone(),
    }
}

/// A TLSA record as zone files write it.
fn text(record: &Tlsa) -> String {
    let mut text = format!("{} {} {} ", record.usage, record.selector, record.matching);
    for byte in &record.data {
        text.push_str(&format!("{byte:02X}"));
    }
    text
}

/// The report's word for what rustls or the dialogue said.
fn kind_of(words: &str) -> ResultType {
    let has = |part: &str| words.contains(part);
    if has("STARTTLS") {
        ResultType::StartTlsNotSupported
    } else if has("Expired") || has("expired") {
        ResultType::CertificateExpired
    } else if has("NotValidForName") || has("not valid for name") {
        ResultType::CertificateHostMismatch
    } else if has("UnknownIssuer") || has("CaUsedAsEndEntity") {
        ResultType::CertificateNotTrusted
    } else {
        ResultType::ValidationFailure
    }
}
