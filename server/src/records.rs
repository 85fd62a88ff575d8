//! The DNS records a mail domain of ours needs, each with why: printed by `init` and `domain records`, held against DNS by the
//! doctor. Asks nobody anything.

use crate::config::Config;
use crate::fault::{self, Fault};
use crate::own_sts;
use crate::settings::StsMode;
use crate::ways::SourceEntry;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::ParsedCertificate;
use smtp::dkim::ring;
use std::net::IpAddr;

/// One record to publish.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Wanted {
    /// Without the last dot.
    pub name: String,
    pub kind: &'static str,
    /// As after the type in a zone file; TXT as one text.
    pub value: String,
    /// The same as one word for scripts and pages.
    pub what: &'static str,
    /// What it is for, in a few words for somebody who runs a zone twice a year.
    pub why: &'static str,
    /// Without it mail is lost or refused.
    pub must: bool,
}

/// Everything to publish for a domain, as an installation stands now: with the keys that sign or will sign, and our certificates.
/// Reads files.
pub fn of(config: &Config, domain: &str) -> Result<Vec<Wanted>, Fault> {
    let mut all = wanted(
        config,
        domain,
        dkim(config, domain)?,
        &config.doctor.addresses,
    );
    if domain == config.site.domain {
        all.extend(tlsa(config)?);
    }
    Ok(all)
}

/// The records of a domain's DKIM keys: those that sign, those made ahead, and those that rest while their letters are under way.
pub fn dkim(config: &Config, domain: &str) -> Result<Vec<Wanted>, Fault> {
    let held = ring::held(&config.keys().join("dkim"), domain).map_err(|cause| {
        Fault::failed(format!("khóa DKIM: {cause}"), format!("DKIM keys: {cause}"))
    })?;
    let record = |one: ring::Held| {
        let (what, why, must) = match one.state {
            ring::State::Signing => ("dkim", "DKIM: khóa kiểm chữ ký trên thư ta gửi", true),
            ring::State::Prepared | ring::State::Seen => (
                "dkim-next",
                "DKIM: khóa kế tiếp; công bố trước, hệ thống tự chuyển sang khi thấy bản ghi",
                false,
            ),
            ring::State::Retired => (
                "dkim-old",
                "DKIM: khóa cũ, còn giữ cho thư đang trên đường; hết hạn sẽ tự biến khỏi danh sách này",
                false,
            ),
        };
        Wanted {
            name: one.key.record_name(),
            kind: "TXT",
            value: one.key.record_text(),
            what,
            why,
            must,
        }
    };
    Ok(held.into_iter().map(record).collect())
}

/// Who may send letters of a domain: its MX, the host, and addresses that only this domain's letters come from. (RFC 7208)
pub fn spf(config: &Config, domain: &str) -> String {
    let own = |entry: &&SourceEntry| entry.domain.eq_ignore_ascii_case(domain);
    let mut text = format!("v=spf1 mx a:{}", config.site.host_name);
    if let Some(entry) = config.source.iter().find(own) {
        for ip in entry.addresses() {
            let kind = if ip.is_ipv4() { "ip4" } else { "ip6" };
            text.push_str(&format!(" {kind}:{ip}"));
        }
    }
    text + " -all"
}

/// RFC 7489 §6.3
pub fn dmarc(domain: &str) -> String {
    format!("v=DMARC1; p=quarantine; adkim=s; aspf=s; rua=mailto:postmaster@{domain}")
}

/// RFC 8460 §3
pub fn tls_reports(domain: &str) -> String {
    format!("v=TLSRPTv1; rua=mailto:postmaster@{domain}")
}

/// Everything that other servers and mail programs look up about `domain`. `addresses`: what is known of our own.
pub fn wanted(
    config: &Config,
    domain: &str,
    dkim: Vec<Wanted>,
    addresses: &[IpAddr],
) -> Vec<Wanted> {
    let host = &config.site.host_name;
    let mut all = Vec::new();
    let want = |name: String, kind, value: String, (what, why), must| Wanted {
        name,
        kind,
        value,
        what,
        why,
        must,
    };
    if domain == config.site.domain {
        for ip in addresses {
            let kind = if ip.is_ipv4() { "A" } else { "AAAA" };
            all.push(want(
                host.clone(),
                kind,
                ip.to_string(),
                ("address", "địa chỉ của máy chủ thư"),
                true,
            ));
        }
    }
    for (index, name) in own_sts::mx_names(config).iter().enumerate() {
        let value = format!("{} {name}.", 10 * (index + 1));
        all.push(want(
            domain.to_owned(),
            "MX",
            value,
            ("mx", "thư gửi cho miền này đi tới máy nào"),
            true,
        ));
    }
    all.push(want(
        domain.to_owned(),
        "TXT",
        spf(config, domain),
        ("spf", "SPF: máy nào được gửi thư mang tên miền này"),
        true,
    ));
    all.extend(dkim);
    all.push(want(
        format!("_dmarc.{domain}"),
        "TXT",
        dmarc(domain),
        ("dmarc", "DMARC: nơi khác làm gì với thư mạo danh miền này"),
        true,
    ));
    if own_sts::mode(config, domain) != StsMode::None {
        let text = own_sts::record(config, domain);
        all.push(want(
            format!("_mta-sts.{domain}"),
            "TXT",
            text,
            ("mta-sts", "MTA-STS: thư gửi cho ta phải được mã hóa"),
            false,
        ));
        all.push(want(
            format!("mta-sts.{domain}"),
            "CNAME",
            format!("{host}."),
            ("mta-sts-host", "nơi đọc cam kết MTA-STS"),
            false,
        ));
    }
    all.push(want(
        format!("_smtp._tls.{domain}"),
        "TXT",
        tls_reports(domain),
        ("tls-rpt", "TLS-RPT: nơi khác báo cho ta lỗi mã hóa"),
        false,
    ));
    for (service, port) in [("imaps", 993), ("submissions", 465), ("submission", 587)] {
        let value = format!("0 1 {port} {host}.");
        all.push(want(
            format!("_{service}._tcp.{domain}"),
            "SRV",
            value,
            ("service", "phần mềm thư tự tìm máy chủ"),
            false,
        ));
    }
    for name in ["autoconfig", "autodiscover"] {
        all.push(want(
            format!("{name}.{domain}"),
            "CNAME",
            format!("{host}."),
            ("autoconfig", "phần mềm thư tự cấu hình"),
            false,
        ));
    }
    all
}

/// The address lines when our own addresses are not known yet.
pub fn address_hint(config: &Config) -> [String; 2] {
    let host = &config.site.host_name;
    [
        format!("{host}.  IN A     <địa chỉ IPv4 của máy này; bản ghi PTR của nó phải là {host}>"),
        format!("{host}.  IN AAAA  <địa chỉ IPv6, nếu có; PTR như trên>"),
    ]
}

impl Wanted {
    /// A line of a zone file.
    pub fn line(&self) -> String {
        match self.kind {
            "TXT" => txt(&self.name, &self.value),
            kind => format!("{}.  IN {kind:<5} {}", self.name, self.value),
        }
    }
}

/// A TXT record in pieces of at most 255 bytes. (RFC 1035 §3.3.14)
pub fn txt(name: &str, text: &str) -> String {
    let mut line = format!("{}.  IN TXT  ", name.trim_end_matches('.'));
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(250).max(1));
        line.push_str(&format!(" \"{piece}\""));
        rest = after;
    }
    line
}

/// TLSA records of our certificates for port 25: the key itself, hashed (3 1 1), so that a renewed certificate with the same key
/// needs no new record. Only of use in a zone signed with DNSSEC. (RFC 7671 §5.1, RFC 7672 §3.1.1)
pub fn tlsa(config: &Config) -> Result<Vec<Wanted>, Fault> {
    let mut values = Vec::new();
    for pair in &config.tls {
        let text = std::fs::read(&pair.certificate)
            .map_err(|cause| fault::file(&pair.certificate, &cause))?;
        let Some(leaf) = CertificateDer::pem_slice_iter(&text)
            .next()
            .and_then(Result::ok)
        else {
            continue;
        };
        if let Some(value) = key_hash(&leaf)
            && !values.contains(&value)
        {
            values.push(value);
        }
    }
    let mut all = Vec::new();
    for name in own_sts::mx_names(config) {
        all.extend(values.iter().map(|value| Wanted {
            name: format!("_25._tcp.{name}"),
            kind: "TLSA",
            value: format!("3 1 1 {value}"),
            what: "tlsa",
            why: "DANE: khóa mã hóa của ta; chỉ có tác dụng khi miền được ký DNSSEC",
            must: false,
        }));
    }
    Ok(all)
}

/// SHA-256 of a certificate's public key, in hex.
pub fn key_hash(leaf: &CertificateDer<'_>) -> Option<String> {
    let parsed = ParsedCertificate::try_from(leaf).ok()?;
    let key = parsed.subject_public_key_info();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.as_ref());
    Some(
        digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    )
}

/// What to do when the key behind a TLSA record changes. (RFC 7671 §8.1)
pub const ROLL_OVER: &str = "Khi đổi khóa chứng thư: công bố thêm bản ghi TLSA của khóa mới, giữ cả bản cũ, chờ ít nhất hai lần TTL \
     rồi mới đổi chứng thư; sau khi đổi mới xóa bản ghi cũ. Gia hạn mà giữ nguyên khóa (certbot --reuse-key) thì không phải sửa gì.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_records_are_cut_into_strings() {
        let line = txt("a.example", &"k".repeat(600));
        assert_eq!(line.matches('"').count(), 6);
        assert_eq!(line.matches('k').count(), 600);
    }
}
