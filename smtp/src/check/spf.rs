//! SPF of the name said in EHLO and of the envelope sender. Never refuses: forwarding breaks it.  (RFC 7208)

use mail_auth::spf::verify::SpfParameters;
use mail_auth::{MessageAuthenticator, SpfOutput};
use std::net::IpAddr;

/// EHLO's result and MAIL FROM's; for the null sender both are EHLO's (RFC 7208 §2.4).
pub(super) async fn check(
    dns: &MessageAuthenticator,
    ip: IpAddr,
    helo: &str,
    mail_from: &str,
    host_name: &str,
) -> (SpfOutput, SpfOutput) {
    let of_helo = dns.verify_spf(SpfParameters::verify_ehlo(ip, helo, host_name));
    if mail_from.is_empty() {
        let output = of_helo.await;
        return (output.clone(), output);
    }
    let of_from = dns.verify_spf(SpfParameters::verify_mail_from(
        ip, helo, host_name, mail_from,
    ));
    tokio::join!(of_helo, of_from)
}
