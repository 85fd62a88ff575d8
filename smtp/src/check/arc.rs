//! ARC: a forwarder's seal over what it saw. Excuses a DMARC failure only when the site trusts the last sealer.  (RFC 8617)

use super::late::{Looks, no_answer};
use mail_auth::{ArcOutput, AuthenticatedMessage, DkimResult, MessageAuthenticator};

pub(super) async fn check<'x>(
    dns: &MessageAuthenticator,
    message: &'x AuthenticatedMessage<'x>,
    looks: &Looks,
) -> ArcOutput<'x> {
    if message.as_headers.is_empty() {
        return ArcOutput::default();
    }
    let silent = || ArcOutput::default().with_result(DkimResult::TempError(no_answer()));
    looks.ask("arc", dns.verify_arc(message), silent).await
}

/// The trusted domain that sealed last, if the chain holds.
pub(super) fn trusted(arc: &ArcOutput<'_>, trusted: &[String]) -> Option<String> {
    if *arc.result() != DkimResult::Pass {
        return None;
    }
    let sealer = arc.sets().last()?.seal.header.d.to_ascii_lowercase();
    trusted.contains(&sealer).then_some(sealer)
}
