//! DMARC: does what SPF or DKIM proved belong to the domain people see in From, and what does that domain ask for?
//! (RFC 7489, RFC 9989)

use super::late::{Looks, no_answer};
use super::single::several_dmarc;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DmarcOutput, DmarcResult, MessageAuthenticator, SpfOutput,
};

/// What was proved of the letter before.
pub(super) struct Proved<'a, 'x> {
    pub(super) dkim: &'a [DkimOutput<'x>],
    pub(super) spf_helo: &'a SpfOutput,
    pub(super) spf_from: &'a SpfOutput,
}

pub(super) async fn check(
    dns: &MessageAuthenticator,
    message: &AuthenticatedMessage<'_>,
    proved: Proved<'_, '_>,
    (helo, mail_from): (&str, &str),
    looks: &Looks,
) -> DmarcOutput {
    let (domain, spf) = match mail_from.rsplit_once('@') {
        Some((_, domain)) => (domain, proved.spf_from),
        None => (helo, proved.spf_helo),
    };
    let asked = dns.verify_dmarc(DmarcParameters::new(message, proved.dkim, domain, spf));
    let asked = async {
        let found = asked.await;
        // Several records are none (RFC 7489 §6.6.3, RFC 9989 §4.10): nobody is turned away for the first of them.
        let fails = matches!(found.result(), DmarcResult::Fail(_));
        if fails && several_dmarc(dns, found.domain()).await {
            return DmarcOutput::default().with_domain(found.domain());
        }
        found
    };
    looks
        .ask("dmarc", asked, || {
            let from = message.from().rsplit_once('@').map_or("", |(_, d)| d);
            DmarcOutput::default()
                .with_domain(from)
                .with_spf_result(DmarcResult::TempError(no_answer()))
                .with_dkim_result(DmarcResult::TempError(no_answer()))
        })
        .await
}
