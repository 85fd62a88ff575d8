//! Questions to DNS with their answers in words: what is not there, who did not answer and who answered that it is broken are
//! three different things. Decides nothing.

use super::limits;
use hickory_resolver::TokioResolver;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::net::IpAddr;
use tokio::time::timeout;

/// An answer.
#[derive(Clone, Debug)]
pub enum Answer {
    Records(Vec<Record>),
    /// The name is there, records of this type are not.
    Nothing,
    /// There is no such name.
    NoName,
    /// Nobody answered: nothing is known.
    Silent(String),
    /// Answered that it cannot be answered (SERVFAIL, REFUSED): others see the same.
    Broken(String),
}

/// Why a list of values cannot be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum No {
    /// For certain: no such records. The words say which kind of nothing.
    None(&'static str),
    Silent(String),
    Broken(String),
}

impl No {
    pub fn words(&self) -> String {
        match self {
            No::None(words) => (*words).to_owned(),
            No::Silent(words) | No::Broken(words) => words.clone(),
        }
    }
}

pub struct Ask {
    resolver: Result<TokioResolver, String>,
}

impl Ask {
    /// Without a resolver every question stays unanswered, with this reason.
    pub fn new(resolver: Result<TokioResolver, String>) -> Ask {
        Ask { resolver }
    }

    pub fn resolver(&self) -> Option<&TokioResolver> {
        self.resolver.as_ref().ok()
    }

    pub async fn lookup(&self, name: &str, kind: RecordType) -> Answer {
        let resolver = match &self.resolver {
            Ok(resolver) => resolver,
            Err(why) => return Answer::Silent(why.clone()),
        };
        let Ok(mut fqdn) = Name::from_utf8(name) else {
            return Answer::NoName;
        };
        fqdn.set_fqdn(true);
        match timeout(limits::DNS, resolver.lookup(fqdn, kind)).await {
            Err(_) => Answer::Silent(format!(
                "máy chủ tên miền không trả lời trong {} giây",
                limits::DNS.as_secs()
            )),
            Ok(Ok(found)) => Answer::Records(found.answers().to_vec()),
            Ok(Err(cause)) if cause.is_nx_domain() => Answer::NoName,
            Ok(Err(cause)) if cause.is_no_records_found() => Answer::Nothing,
            Ok(Err(NetError::Dns(DnsError::Nsec { response, .. }))) => {
                match response.metadata.response_code {
                    ResponseCode::NXDomain => Answer::NoName,
                    _ => Answer::Nothing,
                }
            }
            Ok(Err(NetError::Dns(DnsError::ResponseCode(code)))) => {
                Answer::Broken(format!("máy chủ tên miền trả lời lỗi {code}"))
            }
            Ok(Err(NetError::Timeout)) => Answer::Silent("máy chủ tên miền không trả lời".into()),
            Ok(Err(cause)) => Answer::Silent(short(&cause.to_string())),
        }
    }

    /// The values of a type that `take` understands; an empty list is `No::None`.
    async fn values<T>(
        &self,
        name: &str,
        kind: RecordType,
        take: impl Fn(&RData) -> Option<T>,
    ) -> Result<Vec<T>, No> {
        match self.lookup(name, kind).await {
            Answer::Records(records) => {
                let found: Vec<T> = records
                    .iter()
                    .filter_map(|record| take(&record.data))
                    .collect();
                match found.is_empty() {
                    true => Err(No::None("DNS không có bản ghi này")),
                    false => Ok(found),
                }
            }
            Answer::Nothing => Err(No::None("DNS không có bản ghi này")),
            Answer::NoName => Err(No::None("DNS không có tên này")),
            Answer::Silent(why) => Err(No::Silent(why)),
            Answer::Broken(why) => Err(No::Broken(why)),
        }
    }

    /// TXT texts, each record's pieces joined.
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, No> {
        let text = |data: &RData| match data {
            RData::TXT(txt) => Some(
                txt.txt_data
                    .iter()
                    .map(|piece| String::from_utf8_lossy(piece))
                    .collect::<String>(),
            ),
            _ => None,
        };
        self.values(name, RecordType::TXT, text).await
    }

    /// (preference, host) in order.
    pub async fn mx(&self, name: &str) -> Result<Vec<(u16, String)>, No> {
        let mx = |data: &RData| match data {
            RData::MX(mx) => Some((mx.preference, plain(&mx.exchange))),
            _ => None,
        };
        let mut found = self.values(name, RecordType::MX, mx).await?;
        found.sort();
        Ok(found)
    }

    pub async fn cname(&self, name: &str) -> Option<String> {
        let target = |data: &RData| match data {
            RData::CNAME(cname) => Some(plain(&cname.0)),
            _ => None,
        };
        let found = self.values(name, RecordType::CNAME, target).await;
        found.ok()?.into_iter().next()
    }

    pub async fn ptr(&self, ip: IpAddr) -> Result<Vec<String>, No> {
        let name = |data: &RData| match data {
            RData::PTR(ptr) => Some(plain(&ptr.0)),
            _ => None,
        };
        let reverse = Name::from(ip).to_ascii();
        self.values(reverse.trim_end_matches('.'), RecordType::PTR, name)
            .await
    }

    pub async fn srv(&self, name: &str) -> Result<Vec<String>, No> {
        let text = |data: &RData| match data {
            RData::SRV(srv) => Some(format!(
                "{} {} {} {}.",
                srv.priority,
                srv.weight,
                srv.port,
                plain(&srv.target)
            )),
            _ => None,
        };
        self.values(name, RecordType::SRV, text).await
    }

    /// "3 1 1 abcd…"
    pub async fn tlsa(&self, name: &str) -> Result<Vec<String>, No> {
        let text = |data: &RData| match data {
            RData::TLSA(tlsa) => {
                let hex: String = tlsa
                    .cert_data
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                let [usage, selector, matching]: [u8; 3] = [
                    tlsa.cert_usage.into(),
                    tlsa.selector.into(),
                    tlsa.matching.into(),
                ];
                Some(format!("{usage} {selector} {matching} {hex}"))
            }
            _ => None,
        };
        self.values(name, RecordType::TLSA, text).await
    }

    /// Is there a zone key at this name? (RFC 4035 §2.1)
    pub async fn is_signed(&self, zone: &str) -> Result<bool, No> {
        match self.values(zone, RecordType::DNSKEY, |_| Some(())).await {
            Ok(_) => Ok(true),
            Err(No::None(_)) => Ok(false),
            Err(no) => Err(no),
        }
    }

    /// Addresses of one family.
    pub async fn family(&self, name: &str, kind: RecordType) -> Result<Vec<IpAddr>, No> {
        let ip = |data: &RData| match data {
            RData::A(a) => Some(IpAddr::V4(a.0)),
            RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
            _ => None,
        };
        self.values(name, kind, ip).await
    }

    /// Addresses of both families; an error only when neither is known.
    pub async fn ips(&self, name: &str) -> Result<Vec<IpAddr>, No> {
        let (four, six) = tokio::join!(
            self.family(name, RecordType::A),
            self.family(name, RecordType::AAAA)
        );
        match (four, six) {
            (Ok(mut ips), six) => {
                ips.extend(six.unwrap_or_default());
                Ok(ips)
            }
            (Err(_), Ok(ips)) => Ok(ips),
            // What is unknown weighs more than what is not there.
            (Err(No::None(_)), Err(no)) | (Err(no), Err(_)) => Err(no),
        }
    }
}

/// A name as people write it.
pub fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

/// Words of others, kept short.
pub fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
