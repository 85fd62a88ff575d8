//! ARC: a forwarder's seal over what it saw. Excuses a DMARC failure only when the site trusts the last sealer.  (RFC 8617)

use mail_auth::{ArcOutput, AuthenticatedMessage, DkimResult, MessageAuthenticator};

pub(super) async fn check<'x>(
    dns: &MessageAuthenticator,
    message: &'x AuthenticatedMessage<'x>,
) -> ArcOutput<'x> {
    if message.as_headers.is_empty() {
        return ArcOutput::default();
    }
    dns.verify_arc(message).await
}

/// The trusted domain that sealed last, if the chain holds.
pub(super) fn trusted(arc: &ArcOutput<'_>, trusted: &[String]) -> Option<String> {
    if *arc.result() != DkimResult::Pass {
        return None;
    }
    let sealer = arc.sets().last()?.seal.header.d.to_ascii_lowercase();
    trusted.contains(&sealer).then_some(sealer)
}
