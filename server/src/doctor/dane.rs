//! Check 8, DANE: each TLSA record held against the certificates our port 25 really shows, by the code that judges other servers when
//! we send. A handshake for each record says which one a careful sender would accept. (RFC 7672, RFC 7671)

use super::ask::{No, short};
use super::dns::unanswered;
use super::patient::Patient;
use super::talk::Shown;
use super::{Part, limits, tls};
use crate::records::{self, Wanted};
use crate::{own_sts, wire};
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{ServerName, UnixTime};
use smtp::outbound::trust::{Need, Tlsa, Verifier};
use std::net::SocketAddr;
use std::sync::Arc;

/// TLSA records only count in a signed zone; there they must be right, or mail from careful senders stays away.
pub async fn check(patient: &Patient) -> Vec<Part> {
    let wanted = match records::tlsa(&patient.config) {
        Ok(wanted) => wanted,
        Err(fault) => return vec![Part::skipped("DANE", fault.reason.vi)],
    };
    let mut parts = Vec::new();
    for host in own_sts::mx_names(&patient.config) {
        let name = format!("_25._tcp.{host}");
        let ours: Vec<&Wanted> = wanted.iter().filter(|one| one.name == name).collect();
        parts.extend(of_host(patient, &host, &name, &ours).await);
    }
    parts
}

async fn of_host(patient: &Patient, host: &str, name: &str, ours: &[&Wanted]) -> Vec<Part> {
    let asked = format!("TLSA {name}");
    let signed = signed_zone(patient, host).await;
    let publish = || {
        let lines: Vec<String> = ours.iter().map(|one| one.line()).collect();
        format!("công bố: {}. {}", lines.join(" và "), records::ROLL_OVER)
    };
    let found = patient.ask.tlsa(name).await;
    let part = match (found, signed) {
        (Err(no @ (No::Silent(_) | No::Broken(_))), _) => unanswered(asked, &no),
        (_, Err(no)) => Part::skipped(
            asked,
            format!("chưa biết miền có ký DNSSEC không: {}", no.words()),
        ),
        (Err(No::None(_)), Ok(None)) => Part::ok(
            asked,
            "miền chưa ký DNSSEC nên không dùng DANE; MTA-STS thay thế",
        ),
        (Err(No::None(words)), Ok(Some(zone))) => Part::warn(
            asked,
            format!("{words}, trong khi {zone} đã ký DNSSEC"),
            publish(),
        ),
        (Ok(found), Ok(None)) => Part::warn(
            asked,
            format!("{}: vô tác dụng vì miền chưa ký DNSSEC", found.join(" | ")),
            "ký DNSSEC cho miền, hoặc xóa bản ghi TLSA",
        ),
        (Ok(found), Ok(Some(_))) => return held(patient, host, asked, &found, publish()).await,
    };
    vec![part]
}

/// The records of a signed zone, each against what the port shows.
async fn held(
    patient: &Patient,
    host: &str,
    asked: String,
    found: &[String],
    publish: String,
) -> Vec<Part> {
    let shown = match door(patient, host).await {
        Ok(at) => tls::shown_by_smtp(at, host).await,
        Err(why) => Err(why),
    };
    let shown = match shown {
        Ok(shown) => shown,
        Err(why) => {
            let answered = format!(
                "{}; không xem được chứng thư ở cổng 25: {why}",
                found.join(" | ")
            );
            return vec![Part::skipped(asked, answered)];
        }
    };
    let mut parts = Vec::new();
    let mut matching = 0;
    for text in found.iter().take(limits::TLSA_MAX) {
        let asked = format!("{asked} ({text})");
        let Some(record) = parsed(text).filter(Tlsa::is_usable) else {
            parts.push(Part::warn(
                asked,
                "loại này không dùng cho thư (chỉ dùng được 2 và 3)",
                "xóa bản ghi này",
            ));
            continue;
        };
        let usage = record.usage;
        match accepted(record, host, &shown) {
            Ok(()) => {
                matching += 1;
                parts.push(lasting(asked, text, usage, &publish));
            }
            Err(why) => parts.push(Part::warn(
                asked,
                format!("không khớp chứng thư đang dùng ({why})"),
                "nếu là khóa cũ thì xóa; nếu là khóa sắp dùng thì giữ lại",
            )),
        }
    }
    if matching == 0 {
        let answered =
            "không bản ghi nào khớp chứng thư đang dùng; nơi dùng DANE sẽ không gửi thư cho ta";
        parts.insert(0, Part::fail(asked, answered, publish));
    }
    parts
}

/// A record that is right today, and whether it stays right when the certificate is renewed.
fn lasting(asked: String, text: &str, usage: u8, publish: &str) -> Part {
    match (usage, text.split(' ').nth(1)) {
        (3, Some("0")) => Part::warn(
            asked,
            "khớp, nhưng gắn với cả chứng thư nên sẽ sai ngay lần gia hạn tới",
            format!("thay bằng loại 3 1 1 (gắn với khóa): {publish}"),
        ),
        (2, _) => Part::ok(
            asked,
            "khớp chứng thư của tổ chức cấp; sẽ sai khi tổ chức đó đổi chứng thư trung gian, nên có thêm bản ghi 3 1 1",
        ),
        _ => Part::ok(asked, "khớp chứng thư đang dùng ở cổng 25"),
    }
}

/// Where the host's port 25 is seen from here.
async fn door(patient: &Patient, host: &str) -> Result<SocketAddr, String> {
    if host == patient.host()
        && let Some(at) = patient.config.listen.smtp.first()
    {
        return Ok(*at);
    }
    let ips = patient.ask.ips(host).await.map_err(|no| no.words())?;
    let ip = ips.first().ok_or("không có địa chỉ")?;
    Ok(SocketAddr::new(*ip, 25))
}

/// Would a sender that knows this record alone take these certificates for the host's? In words why not.
fn accepted(record: Tlsa, host: &str, shown: &Shown) -> Result<(), String> {
    let leaf = shown.leaf.as_ref().ok_or("không đưa ra chứng thư")?;
    let name = ServerName::try_from(host.to_owned()).map_err(|cause| cause.to_string())?;
    let roots = Arc::new(wire::roots());
    let judge = Verifier::new(&Need::Dane([record].into()), &roots);
    let verdict = judge.verify_server_cert(leaf, &shown.chain, &name, &[], UnixTime::now());
    verdict.map(drop).map_err(|cause| short(&cause.to_string()))
}

/// "3 1 1 00ff…"
fn parsed(text: &str) -> Option<Tlsa> {
    let mut words = text.split(' ');
    let mut number = || words.next()?.parse().ok();
    let (usage, selector, matching) = (number()?, number()?, number()?);
    let hex = words.next()?;
    let data: Option<Vec<u8>> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
        .collect();
    Some(Tlsa {
        usage,
        selector,
        matching,
        data: data?,
    })
}

/// The nearest zone above a host that has keys.
async fn signed_zone(patient: &Patient, host: &str) -> Result<Option<String>, No> {
    let mut zone = host;
    while zone.contains('.') {
        if patient.ask.is_signed(zone).await? {
            return Ok(Some(zone.to_owned()));
        }
        zone = zone.split_once('.').map_or("", |(_, rest)| rest);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_from_their_text() {
        let tlsa = |usage, selector, matching, data: &[u8]| Tlsa {
            usage,
            selector,
            matching,
            data: data.to_vec(),
        };
        for (text, record) in [
            ("3 1 1 00ff10", Some(tlsa(3, 1, 1, &[0, 255, 16]))),
            ("2 0 2 ab", Some(tlsa(2, 0, 2, &[0xab]))),
            ("3 1 1 0", None),
            ("3 1 1 zz", None),
            ("3 1", None),
            ("300 1 1 00", None),
        ] {
            assert_eq!(parsed(text), record, "{text}");
        }
    }
}
