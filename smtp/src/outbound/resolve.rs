//! Asks DNS where a domain's mail goes: MX, addresses, TLSA. A name that is not there is an answer; silence is not.

use super::dial::is_public;
use super::route::{self, Answer, Hosts, Mx};
use super::trust::Tlsa;
use super::{Config, limits};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use tokio::time::timeout;

/// No answer: the words for the history. Try later.
#[derive(Debug)]
pub struct NoAnswer(pub String);

/// Hosts for a domain, and whether DNSSEC vouches for the list (DANE needs that, RFC 7672 §2.2.1).
#[derive(Debug)]
pub struct Found {
    pub hosts: Hosts,
    pub secure: bool,
}

/// A host's addresses in the order to try.
#[derive(Debug, Default)]
pub struct Addresses {
    pub ips: Vec<IpAddr>,
    pub secure: bool,
    /// There were addresses, but none that may be used (private ones, or IPv6 only while we send over IPv4).
    pub unusable: bool,
}

/// The ordered mail hosts of a domain.
pub async fn mail_hosts(config: &Config, domain: &str) -> Result<Found, NoAnswer> {
    let (answer, secure) = match lookup(config, domain, RecordType::MX).await? {
        Lookup::Records(records) => {
            let secure = is_secure(&records);
            let mx: Vec<Mx> = records
                .iter()
                .filter_map(|record| match &record.data {
                    RData::MX(mx) => Some(Mx {
                        preference: mx.preference,
                        host: host_text(&mx.exchange),
                    }),
                    _ => None,
                })
                .collect();
            (
                if mx.is_empty() {
                    Answer::NoMx
                } else {
                    Answer::Mx(mx)
                },
                secure,
            )
        }
        Lookup::Nothing => (Answer::NoMx, false),
        Lookup::NoName => (Answer::NoDomain, false),
    };
    let dice = || super::dice();
    Ok(Found {
        hosts: route::hosts(domain, answer, &config.host_name.to_ascii_lowercase(), dice),
        secure,
    })
}

/// Addresses of one host. `any` allows private ones (fixed routes, tests).
pub async fn addresses(config: &Config, host: &str, any: bool) -> Result<Addresses, NoAnswer> {
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(Addresses {
            ips: vec![ip],
            secure: false,
            unusable: false,
        });
    }
    let (four, six) = tokio::join!(lookup(config, host, RecordType::A), async {
        if config.ipv6.load(Ordering::Relaxed) {
            lookup(config, host, RecordType::AAAA).await
        } else {
            Ok(Lookup::Nothing)
        }
    });
    let mut secure = true;
    let mut failed = None;
    let mut seen = false;
    let mut families = [Vec::new(), Vec::new()];
    for (answer, into) in [six, four].into_iter().zip(&mut families) {
        match answer {
            Ok(Lookup::Records(records)) => {
                secure &= is_secure(&records);
                let ips = records.iter().filter_map(|record| match &record.data {
                    RData::A(a) => Some(IpAddr::V4(a.0)),
                    RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                    _ => None,
                });
                let before = into.len();
                into.extend(ips.filter(|ip| any || config.allow_private || is_public(*ip)));
                seen |= into.len() == before;
            }
            Ok(_) => {}
            Err(no_answer) => failed = Some(no_answer),
        }
    }
    let [v6, v4] = families;
    let ips = route::interleave(v6, v4);
    match failed {
        // One family is enough to go on; none and a failure is no answer.
        Some(no_answer) if ips.is_empty() => Err(no_answer),
        _ => Ok(Addresses {
            secure: secure && !ips.is_empty(),
            unusable: seen && ips.is_empty(),
            ips,
        }),
    }
}

/// TLSA records for a host's SMTP port, only when DNSSEC vouches for them (RFC 7672 §2.2). A failed look-up in a signed zone
/// must delay the mail rather than drop the protection (§2.1.2).
pub async fn tlsa(config: &Config, host: &str, port: u16) -> Result<Vec<Tlsa>, NoAnswer> {
    let name = format!("_{port}._tcp.{host}");
    match lookup(config, &name, RecordType::TLSA).await? {
        Lookup::Records(records) if is_secure(&records) => Ok(records
            .iter()
            .filter_map(|record| match &record.data {
                RData::TLSA(tlsa) => Some(Tlsa {
                    usage: tlsa.cert_usage.into(),
                    selector: tlsa.selector.into(),
                    matching: tlsa.matching.into(),
                    data: tlsa.cert_data.clone(),
                }),
                _ => None,
            })
            .collect()),
        _ => Ok(Vec::new()),
    }
}

/// TXT strings at a name, each record's pieces joined.
pub async fn txt(config: &Config, name: &str) -> Result<Vec<String>, NoAnswer> {
    match lookup(config, name, RecordType::TXT).await? {
        Lookup::Records(records) => Ok(records
            .iter()
            .filter_map(|record| match &record.data {
                RData::TXT(txt) => Some(
                    txt.txt_data
                        .iter()
                        .map(|piece| String::from_utf8_lossy(piece))
                        .collect(),
                ),
                _ => None,
            })
            .collect()),
        _ => Ok(Vec::new()),
    }
}

enum Lookup {
    Records(Vec<Record>),
    Nothing,
    NoName,
}

async fn lookup(config: &Config, name: &str, kind: RecordType) -> Result<Lookup, NoAnswer> {
    let mut fqdn = match Name::from_utf8(name) {
        Ok(fqdn) => fqdn,
        // Cannot be a name in DNS at all.
        Err(_) => return Ok(Lookup::NoName),
    };
    fqdn.set_fqdn(true);
    match timeout(limits::RESOLVE, config.resolver.lookup(fqdn, kind)).await {
        Err(_) => Err(NoAnswer(format!("DNS {kind} {name}: no answer in time"))),
        Ok(Ok(lookup)) => {
            let records = lookup
                .answers()
                .iter()
                .take(10 * limits::MX_MAX)
                .cloned()
                .collect();
            Ok(Lookup::Records(records))
        }
        Ok(Err(cause)) if cause.is_nx_domain() => Ok(Lookup::NoName),
        Ok(Err(cause)) if cause.is_no_records_found() => Ok(Lookup::Nothing),
        Ok(Err(NetError::Dns(DnsError::Nsec {
            response, proof, ..
        }))) if proof != Proof::Bogus => {
            // Denied, with DNSSEC records about it.
            let no_name = response.metadata.response_code == ResponseCode::NXDomain;
            Ok(if no_name {
                Lookup::NoName
            } else {
                Lookup::Nothing
            })
        }
        Ok(Err(cause)) => Err(NoAnswer(format!("DNS {kind} {name}: {}", words(&cause)))),
    }
}

fn words(cause: &NetError) -> String {
    match cause {
        NetError::Timeout => "no answer in time".into(),
        other => other.to_string().chars().take(200).collect(),
    }
}

/// Every record of the answer, the CNAMEs on the way included. Of several signatures only the one that was needed is marked.
fn is_secure(records: &[Record]) -> bool {
    let mut signed = records
        .iter()
        .filter(|record| record.record_type() != RecordType::RRSIG)
        .peekable();
    signed.peek().is_some() && signed.all(|record| record.proof == Proof::Secure)
}

fn host_text(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}
