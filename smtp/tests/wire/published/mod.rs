//! What the RFCs print as examples, held against the checks that real letters go through: zones, letters and keys are theirs,
//! the DNS server is a table on loopback. Where a library behind the checks says something else than its RFC, the row says so.

mod arc;
mod dkim;
mod dmarc;
mod spf;

use crate::dns::Dns;
use smtp::check::{Checks, Envelope, Judged};
use std::net::IpAddr;

/// What our checks say of a letter from this address.
async fn judge(served: &Dns, ip: &str, helo: &str, mail_from: &str, raw: &str) -> Judged {
    let envelope = Envelope {
        ip: ip.parse::<IpAddr>().unwrap(),
        helo,
        mail_from,
        rcpt_to: &[],
    };
    Checks::new(served.resolver(), "mx.example.net", &[])
        .judge(&envelope, raw.as_bytes())
        .await
}

/// The words behind "method=" in the Authentication-Results value, one for each time it stands there.
fn results<'a>(judged: &'a Judged, method: &str) -> Vec<&'a str> {
    let lead = format!("{method}=");
    let parts = judged.auth_results.split(';').map(str::trim);
    parts
        .filter_map(|part| part.strip_prefix(lead.as_str()))
        .map(|rest| rest.split([' ', '\r', '\n']).next().unwrap())
        .collect()
}

/// A letter in a file has lines of its own; on the wire they end with CRLF.
fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}
