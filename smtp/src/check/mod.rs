//! Checks on mail from outside: each says what it found, together they give the Authentication-Results value and a verdict.
//! A failing DNS has no opinion; nothing here makes a letter vanish.  (RFC 8601, DOMAIN: refuse only what DMARC says to refuse)

mod aligned;
mod arc;
mod clamav;
mod dkim;
mod dmarc;
mod engine;
mod late;
mod lists;
mod results;
mod rspamd;
mod score;
mod single;
mod spf;

pub mod probe;

pub use engine::Engines;

use crate::limits::CHECKS_MS;
use crate::proto::Rejection;
use crate::report::{Done, Seen, Tally};
use engine::Word;
use futures_util::FutureExt;
use hickory_resolver::TokioResolver;
use late::Looks;
use mail_auth::{
    ArcOutput, AuthenticatedMessage, DkimOutput, DmarcOutput, MessageAuthenticator, SpfOutput,
    SpfResult,
};
use mailroom::met::Acquaintance;
use mailroom::receive::Verdict;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// The checks of a site.
pub struct Checks {
    dns: MessageAuthenticator,
    host_name: String,
    /// Lists and forwarders the site trusts, lower case: their ARC seal, or SPF that proves the peer to be theirs, excuses a
    /// broken signature.
    trusted_sealers: Vec<String>,
    /// DNS block lists, by name.
    lists: Vec<String>,
    engines: Engines,
    time: Duration,
    tally: Option<Arc<Tally>>,
}

/// Who sent a message to whom, as the session knows it.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    pub ip: IpAddr,
    pub helo: &'a str,
    /// "" for the null sender.
    pub mail_from: &'a str,
    pub rcpt_to: &'a [String],
}

/// What the checks say of one message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judged {
    /// The Authentication-Results value without the field name; empty when nothing was checked.
    pub auth_results: String,
    pub verdict: Result<Verdict, Rejection>,
    /// Why, in short words, for the trace.
    pub reasons: Vec<String>,
    /// SPF says that the envelope sender is no forgery and may be written to; true where nothing is checked.
    pub sender_proven: bool,
    /// The author's own domain sent it; false where nothing is checked.
    pub author_proven: bool,
}

impl Judged {
    /// Nothing was looked at.
    pub fn unchecked() -> Self {
        Self {
            auth_results: String::new(),
            verdict: Ok(Verdict::Inbox),
            reasons: Vec::new(),
            sender_proven: true,
            author_proven: false,
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
    listed: Vec<String>,
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
            lists: Vec::new(),
            engines: Engines::default(),
            time: Duration::from_millis(CHECKS_MS),
            tally: None,
        }
    }

    /// The same checks with another bound on each look at DNS.
    pub fn within(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// The same checks with DNS block lists; each hit adds to the score.
    pub fn with_lists(self, lists: &[String]) -> Self {
        Self {
            lists: lists.to_vec(),
            ..self
        }
    }

    /// The same checks, counting letters for DMARC reports.
    pub fn with_tally(self, tally: Arc<Tally>) -> Self {
        Self {
            tally: Some(tally),
            ..self
        }
    }

    /// The same checks with content engines.
    pub fn with_engines(self, engines: Engines) -> Self {
        Self { engines, ..self }
    }

    /// Looks at one message; engines and DNS at the same time, each within its limit.
    pub async fn judge(&self, envelope: &Envelope<'_>, raw: &[u8]) -> Judged {
        self.judge_met(envelope, raw, None).await
    }

    /// The same, knowing how the author stands to the recipients; `None` is no opinion.
    pub async fn judge_met(
        &self,
        envelope: &Envelope<'_>,
        raw: &[u8],
        met: Option<Acquaintance>,
    ) -> Judged {
        let (mut judged, words) = tokio::join!(
            self.authenticate(envelope, raw, met),
            self.engines.ask(envelope, raw)
        );
        words.into_iter().for_each(|word| judged.hear(word));
        judged
    }

    /// A check that panics on a message must not keep it out.
    async fn authenticate(
        &self,
        envelope: &Envelope<'_>,
        raw: &[u8],
        met: Option<Acquaintance>,
    ) -> Judged {
        let look = AssertUnwindSafe(self.look(envelope, raw, met)).catch_unwind();
        if let Ok(judged) = look.await {
            return judged;
        }
        let why = "a check failed on this message";
        metrics::counter!("smtp_checks_panicked_total").increment(1);
        tracing::warn!(ip = %envelope.ip, why, "letter passes unchecked");
        self.without_result(why)
    }

    /// What cannot be checked says so, in our name: nobody may take it for mail of our own (RFC 8601 §2.2, "none").
    fn without_result(&self, why: &str) -> Judged {
        Judged {
            auth_results: format!("{}; none", self.host_name),
            reasons: vec![why.into()],
            sender_proven: false,
            ..Judged::unchecked()
        }
    }

    async fn look(&self, envelope: &Envelope<'_>, raw: &[u8], met: Option<Acquaintance>) -> Judged {
        let Some(message) = AuthenticatedMessage::parse(raw) else {
            return self.without_result("header cannot be read");
        };
        let looks = Looks::within(self.time);
        let singles = dkim::singles(&message);
        let found = self.find(envelope, &message, &singles, &looks).await;
        let auth_results = results::write(&self.host_name, envelope, &message, &found);
        let trusted = arc::trusted(&found.arc, &self.trusted_sealers)
            .or_else(|| spf::trusted(&found.spf_helo, &found.spf_from, &self.trusted_sealers));
        let author_proven = aligned::is_proven(&found, message.from(), envelope.mail_from);
        let (verdict, mut reasons) = score::weigh(&found, trusted, (met, author_proven));
        if let Some(tally) = &self.tally {
            tally.letter(&seen(envelope, &message, &found, &verdict));
        }
        if let Some(late) = looks.reason() {
            tracing::warn!(ip = %envelope.ip, late, "letter judged without every check");
            reasons.push(late);
        }
        Judged {
            auth_results,
            verdict,
            reasons,
            sender_proven: found.spf_from.result() == SpfResult::Pass,
            author_proven,
        }
    }

    /// DMARC comes after the others, which it needs; every look has its own bound.
    async fn find<'x>(
        &self,
        envelope: &Envelope<'_>,
        message: &'x AuthenticatedMessage<'x>,
        singles: &'x [AuthenticatedMessage<'x>],
        looks: &Looks,
    ) -> Found<'x> {
        let Envelope {
            ip,
            helo,
            mail_from,
            ..
        } = *envelope;
        let ((spf_helo, spf_from), dkim, arc, listed) = tokio::join!(
            spf::check(&self.dns, ip, helo, mail_from, &self.host_name, looks),
            dkim::check(&self.dns, singles, looks),
            arc::check(&self.dns, message, looks),
            lists::check(&self.dns, ip, &self.lists, looks),
        );
        let proved = dmarc::Proved {
            dkim: &dkim,
            spf_helo: &spf_helo,
            spf_from: &spf_from,
        };
        let dmarc = dmarc::check(&self.dns, message, proved, (helo, mail_from), looks).await;
        Found {
            spf_helo,
            spf_from,
            dkim,
            dmarc,
            arc,
            listed,
        }
    }
}

/// The letter as a DMARC report shows it.
fn seen<'f>(
    envelope: &Envelope<'f>,
    message: &'f AuthenticatedMessage<'_>,
    found: &'f Found<'_>,
    verdict: &Result<Verdict, Rejection>,
) -> Seen<'f> {
    let from = message.from().rsplit_once('@');
    Seen {
        ip: envelope.ip,
        helo: envelope.helo,
        mail_from: envelope.mail_from,
        header_from: from.map_or("", |(_, domain)| domain),
        spf_helo: &found.spf_helo,
        spf_from: &found.spf_from,
        dkim: &found.dkim,
        dmarc: &found.dmarc,
        done: match verdict {
            Ok(Verdict::Inbox) => Done::Delivered,
            Ok(_) => Done::Junk,
            Err(_) => Done::Refused,
        },
    }
}

impl Judged {
    /// Takes an engine's word; a refusal stands over all others, to be kept apart over Junk, Junk over Inbox.
    fn hear(&mut self, word: Word) {
        let (verdict, why) = match word {
            Word::Clean => return,
            Word::Unscanned(why) => (None, why),
            Word::Junk(why) if self.verdict == Ok(Verdict::Quarantine) => (None, why),
            Word::Junk(why) => (Some(Ok(Verdict::Junk)), why),
            Word::Suspicious(why) => (Some(Ok(Verdict::Quarantine)), why),
            Word::Spam(why) => (Some(Err(Rejection::Spam)), why),
            Word::Malware(name) => (Some(Err(Rejection::Malware)), format!("malware: {name}")),
        };
        self.reasons.push(why);
        if let (Some(verdict), Ok(_)) = (verdict, &self.verdict) {
            self.verdict = verdict;
        }
    }
}
