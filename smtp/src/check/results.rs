//! Writes what was found as an Authentication-Results value; what DNS could not say is temperror, not fail.  (RFC 8601 §2.2)

use super::{Envelope, Found};
use mail_auth::{AuthenticatedMessage, AuthenticationResults, DkimResult};

pub(super) fn write(
    host_name: &str,
    envelope: &Envelope<'_>,
    message: &AuthenticatedMessage<'_>,
    found: &Found<'_>,
) -> String {
    let Envelope {
        ip,
        helo,
        mail_from,
        ..
    } = *envelope;
    let mut results = AuthenticationResults::new(host_name)
        .with_dkim_results(&found.dkim, message.from())
        .with_spf_ehlo_result(&found.spf_helo, ip, helo);
    if !mail_from.is_empty() {
        results = results.with_spf_mailfrom_result(&found.spf_from, ip, mail_from, helo);
    }
    results = results.with_dmarc_result(&found.dmarc);
    if *found.arc.result() != DkimResult::None {
        results = results.with_arc_result(&found.arc, ip);
    }
    results.to_string()
}
