//! The checks turned on ourselves: would our own letters and addresses pass with others? Reads DNS, changes nothing.

use hickory_resolver::TokioResolver;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, SpfResult};
use std::net::IpAddr;

/// The SPF result of an address for an envelope sender, as the word of RFC 7208 §2.6.
pub async fn spf(resolver: &TokioResolver, ip: IpAddr, host_name: &str, mail_from: &str) -> String {
    let dns = MessageAuthenticator(resolver.clone());
    let asked = SpfParameters::verify_mail_from(ip, host_name, host_name, mail_from);
    let word = match dns.verify_spf(asked).await.result() {
        SpfResult::Pass => "pass",
        SpfResult::Fail => "fail",
        SpfResult::SoftFail => "softfail",
        SpfResult::Neutral => "neutral",
        SpfResult::TempError => "temperror",
        SpfResult::PermError => "permerror",
        SpfResult::None => "none",
    };
    word.to_owned()
}

/// What became of one signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    pub selector: String,
    pub domain: String,
    /// "pass", or why not.
    pub result: String,
    /// DNS did not answer: nothing is known.
    pub unknown: bool,
}

/// Verifies every DKIM signature of a letter with the keys in DNS.
pub async fn dkim(resolver: &TokioResolver, letter: &[u8]) -> Vec<Signature> {
    let dns = MessageAuthenticator(resolver.clone());
    let Some(message) = AuthenticatedMessage::parse(letter) else {
        return Vec::new();
    };
    let outputs = dns.verify_dkim(&message).await;
    outputs
        .iter()
        .filter_map(|output| {
            let signature = output.signature()?;
            let (result, unknown) = match output.result() {
                DkimResult::Pass => ("pass".to_owned(), false),
                DkimResult::TempError(cause) => (cause.to_string(), true),
                DkimResult::Neutral(cause)
                | DkimResult::Fail(cause)
                | DkimResult::PermError(cause) => (cause.to_string(), false),
                DkimResult::None => ("none".to_owned(), false),
            };
            Some(Signature {
                selector: signature.s.to_string(),
                domain: signature.d.to_string(),
                result,
                unknown,
            })
        })
        .collect()
}
