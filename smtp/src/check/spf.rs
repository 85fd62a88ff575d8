//! SPF of the name said in EHLO and of the envelope sender. Never refuses: forwarding breaks it.  (RFC 7208)

use super::late::Looks;
use super::single::several_spf;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{MessageAuthenticator, SpfOutput, SpfResult};
use std::net::IpAddr;

/// EHLO's result and MAIL FROM's; for the null sender both are EHLO's (RFC 7208 §2.4).
pub(super) async fn check(
    dns: &MessageAuthenticator,
    ip: IpAddr,
    helo: &str,
    mail_from: &str,
    host_name: &str,
    looks: &Looks,
) -> (SpfOutput, SpfOutput) {
    let silent = |domain: &str| SpfOutput::new(domain.to_owned()).with_result(SpfResult::TempError);
    let of_helo = looks.ask(
        "spf",
        whole(dns, SpfParameters::verify_ehlo(ip, helo, host_name)),
        || silent(helo),
    );
    if mail_from.is_empty() {
        let output = of_helo.await;
        return (output.clone(), output);
    }
    let domain = mail_from.rsplit_once('@').map_or("", |(_, domain)| domain);
    let of_from = looks.ask(
        "spf",
        whole(
            dns,
            SpfParameters::verify_mail_from(ip, helo, host_name, mail_from),
        ),
        || silent(domain),
    );
    tokio::join!(of_helo, of_from)
}

/// What the library finds; where the domain has several records, that is the fault (RFC 7208 §4.5).
async fn whole(dns: &MessageAuthenticator, asked: SpfParameters<'_>) -> SpfOutput {
    let output = dns.verify_spf(asked).await;
    if several_spf(dns, output.domain()).await {
        return SpfOutput::new(output.domain().to_owned()).with_result(SpfResult::PermError);
    }
    output
}

/// The trusted forwarder that the peer is proved to be: by its own envelope sender, or by its name in EHLO.
pub(super) fn trusted(helo: &SpfOutput, from: &SpfOutput, trusted: &[String]) -> Option<String> {
    [from, helo]
        .into_iter()
        .filter(|output| output.result() == SpfResult::Pass)
        .map(|output| output.domain().to_ascii_lowercase())
        .find(|domain| trusted.contains(domain))
}
