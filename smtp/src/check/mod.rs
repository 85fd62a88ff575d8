//! Checks on mail from outside: each says what it found, together they give the Authentication-Results value and a verdict.
//! A failing DNS has no opinion; nothing here makes a letter vanish.  (RFC 8601, DOMAIN: refuse only what DMARC says to refuse)

mod arc;
mod dkim;
mod dmarc;
mod results;
mod score;
mod spf;

use crate::limits::CHECKS_MS;
use crate::proto::Rejection;
use futures_util::FutureExt;
use hickory_resolver::TokioResolver;
use mail_auth::{
    ArcOutput, AuthenticatedMessage, DkimOutput, DmarcOutput, MessageAuthenticator, SpfOutput,
};
use mailroom::receive::Verdict;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// The checks of a site.
pub struct Checks {
    dns: MessageAuthenticator,
    host_name: String,
    /// Domains whose ARC seal excuses a broken signature (lists and forwarders the site trusts), lower case.
    trusted_sealers: Vec<String>,
    time: Duration,
}

/// What the checks say of one message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judged {
    /// The Authentication-Results value without the field name; empty when nothing was checked.
    pub auth_results: String,
    pub verdict: Result<Verdict, Rejection>,
    /// Why, in short words, for the trace.
    pub reasons: Vec<String>,
}

impl Judged {
    /// Nothing was looked at.
    pub fn unchecked() -> Self {
        Self {
            auth_results: String::new(),
            verdict: Ok(Verdict::Inbox),
            reasons: Vec::new(),
        }
    }
}

/// Everything the single checks found.
struct Found<'x> {
    spf_helo: SpfOutput,
    spf_from: SpfOutput,
    dkim: Vec<DkimOutput<'x>>,
    dmarc: DmarcOutput,
    arc: ArcOutput<'x>,
}

impl Checks {
    /// `resolver` may point anywhere (tests: a table on loopback); it caches by itself.
    pub fn new(resolver: TokioResolver, host_name: &str, trusted_sealers: &[String]) -> Self {
        Self {
            dns: MessageAuthenticator(resolver),
            host_name: host_name.to_owned(),
            trusted_sealers: trusted_sealers
                .iter()
                .map(|domain| domain.to_ascii_lowercase())
                .collect(),
            time: Duration::from_millis(CHECKS_MS),
        }
    }

    /// The same checks with another bound on all DNS work for one message.
    pub fn within(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// Looks at one message. Takes at most the DNS time limit; what has not answered by then has no opinion, and a check
    /// that panics on a message must not keep it out.
    pub async fn judge(&self, ip: IpAddr, helo: &str, mail_from: &str, raw: &[u8]) -> Judged {
        let look = AssertUnwindSafe(self.look(ip, helo, mail_from, raw)).catch_unwind();
        let (why, counter) = match tokio::time::timeout(self.time, look).await {
            Ok(Ok(judged)) => return judged,
            Ok(Err(_)) => (
                "a check failed on this message",
                "smtp_checks_panicked_total",
            ),
            Err(_) => ("DNS did not answer in time", "smtp_checks_timed_out_total"),
        };
        metrics::counter!(counter).increment(1);
        tracing::warn!(%ip, why, "letter passes unchecked");
        Judged {
            reasons: vec![why.into()],
            ..Judged::unchecked()
        }
    }

    async fn look(&self, ip: IpAddr, helo: &str, mail_from: &str, raw: &[u8]) -> Judged {
        let Some(message) = AuthenticatedMessage::parse(raw) else {
            return Judged {
                reasons: vec!["header cannot be read".into()],
                ..Judged::unchecked()
            };
        };
        let found = self.find(ip, helo, mail_from, &message).await;
        self.weigh(ip, helo, mail_from, &message, &found)
    }

    async fn find<'x>(
        &self,
        ip: IpAddr,
        helo: &str,
        mail_from: &str,
        message: &'x AuthenticatedMessage<'x>,
    ) -> Found<'x> {
        let ((spf_helo, spf_from), dkim, arc) = tokio::join!(
            spf::check(&self.dns, ip, helo, mail_from, &self.host_name),
            dkim::check(&self.dns, message),
            arc::check(&self.dns, message),
        );
        let dmarc = dmarc::check(
            &self.dns, message, &dkim, helo, mail_from, &spf_helo, &spf_from,
        )
        .await;
        Found {
            spf_helo,
            spf_from,
            dkim,
            dmarc,
            arc,
        }
    }

    fn weigh(
        &self,
        ip: IpAddr,
        helo: &str,
        mail_from: &str,
        message: &AuthenticatedMessage<'_>,
        found: &Found<'_>,
    ) -> Judged {
        let auth_results = results::write(&self.host_name, ip, helo, mail_from, message, found);
        let sealer = arc::trusted(&found.arc, &self.trusted_sealers);
        let (verdict, reasons) = score::weigh(found, sealer);
        Judged {
            auth_results,
            verdict,
            reasons,
        }
    }
}
