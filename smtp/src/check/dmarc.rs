//! DMARC: does what SPF or DKIM proved belong to the domain people see in From, and what does that domain ask for?
//! (RFC 7489, RFC 9989)

use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::{AuthenticatedMessage, DkimOutput, DmarcOutput, MessageAuthenticator, SpfOutput};

pub(super) async fn check(
    dns: &MessageAuthenticator,
    message: &AuthenticatedMessage<'_>,
    dkim: &[DkimOutput<'_>],
    helo: &str,
    mail_from: &str,
    spf_helo: &SpfOutput,
    spf_from: &SpfOutput,
) -> DmarcOutput {
    let (domain, spf) = match mail_from.rsplit_once('@') {
        Some((_, domain)) => (domain, spf_from),
        None => (helo, spf_helo),
    };
    dns.verify_dmarc(DmarcParameters::new(message, dkim, domain, spf))
        .await
}
