//! Check 9: what every door shows to those who connect: the certificate's name, chain and days left.

use super::patient::Patient;
use super::talk::{self, Shown, Talk};
use super::{Part, der, limits};
use crate::own_sts;
use crate::settings::StsMode;
use crate::wire;
use futures_util::StreamExt as _;
use rustls::RootCertStore;
use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::ParsedCertificate;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpStream;

/// How a door begins with TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begin {
    AtOnce,
    Smtp,
    Imap,
}

/// Listeners of one door looked at; more show the same certificates.
const LISTENERS_MAX: usize = 4;

pub async fn check(patient: &Patient) -> Vec<Part> {
    let listen = &patient.config.listen;
    let web = patient.config.site.web.trim_start_matches("https://");
    let web = web.split(['/', ':']).next().unwrap_or_default().to_owned();
    let host = patient.host().to_owned();
    let mut doors: Vec<(&str, SocketAddr, Begin, String)> = Vec::new();
    let mut parts = Vec::new();
    for (door, listeners, begin, name) in [
        ("smtp", &listen.smtp, Begin::Smtp, &host),
        ("submission", &listen.submission, Begin::Smtp, &host),
        ("submissions", &listen.submissions, Begin::AtOnce, &host),
        ("imap", &listen.imap, Begin::Imap, &host),
        ("imaps", &listen.imaps, Begin::AtOnce, &host),
        ("https", &listen.https, Begin::AtOnce, &web),
    ] {
        if listeners.is_empty() && door == "smtp" {
            parts.push(Part::fail(
                "listen.smtp",
                "không mở cổng nhận thư",
                "thêm smtp = [\"[::]:25\"] vào [listen]",
            ));
        } else if listeners.is_empty() && door != "imap" {
            parts.push(Part::skipped(
                format!("listen.{door}"),
                "cổng này không mở ở đây",
            ));
        }
        doors.extend(
            listeners
                .iter()
                .take(LISTENERS_MAX)
                .map(|at| (door, *at, begin, name.clone())),
        );
    }
    if let Some(https) = listen.https.first() {
        let promised = patient
            .domains
            .iter()
            .filter(|domain| own_sts::mode(&patient.config, domain) != StsMode::None);
        doors.extend(
            promised.map(|domain| ("https", *https, Begin::AtOnce, format!("mta-sts.{domain}"))),
        );
    }
    let roots = Arc::new(wire::roots());
    let looks: Vec<_> = doors.into_iter().map(|door| look(door, &roots)).collect();
    let found: Vec<Part> = futures_util::stream::iter(looks)
        .buffered(limits::AT_ONCE)
        .collect()
        .await;
    parts.extend(found);
    parts
}

async fn look(
    (door, at, begin, name): (&str, SocketAddr, Begin, String),
    roots: &Arc<RootCertStore>,
) -> Part {
    let asked = format!("cổng {} ({door}), tên {name}", at.port());
    let shown = match show(reachable(at), begin, &name, roots).await {
        Ok(shown) => shown,
        Err(why) => {
            let remedy = "kiểm tra congthu serve đang chạy, mục [listen] và [[tls]] trong cấu hình";
            return Part::fail(asked, why, remedy);
        }
    };
    judge(asked, &name, &shown)
}

/// A listener on every address is reached at loopback.
pub fn reachable(at: SocketAddr) -> SocketAddr {
    let ip = match at.ip() {
        IpAddr::V4(any) if any.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(any) if any.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        own => own,
    };
    SocketAddr::new(ip, at.port())
}

/// What an SMTP door shows to who asks for a name.
pub async fn shown_by_smtp(at: SocketAddr, name: &str) -> Result<Shown, String> {
    show(reachable(at), Begin::Smtp, name, &Arc::new(wire::roots())).await
}

async fn show(
    at: SocketAddr,
    begin: Begin,
    name: &str,
    roots: &Arc<RootCertStore>,
) -> Result<Shown, String> {
    let stream = talk::connect(at).await?;
    let stream = match begin {
        Begin::AtOnce => stream,
        Begin::Smtp => start_smtp(stream).await?,
        Begin::Imap => start_imap(stream).await?,
    };
    Ok(talk::handshake(stream, name, roots).await?.1)
}

/// STARTTLS answers one line at a time, so nothing of the handshake is read too early. (RFC 3207)
async fn start_smtp(mut stream: TcpStream) -> Result<TcpStream, String> {
    let mut talk = Talk::over(Box::new(&mut stream));
    talk.reply().await?;
    talk.say("EHLO doctor.invalid").await?;
    let go = talk.say("STARTTLS").await?;
    drop(talk);
    match go.code {
        220 => Ok(stream),
        code => Err(format!("không cho STARTTLS: {code} {}", go.text)),
    }
}

/// RFC 9051 §6.2.1
async fn start_imap(mut stream: TcpStream) -> Result<TcpStream, String> {
    let mut talk = Talk::over(Box::new(&mut stream));
    talk.line().await?;
    talk.write(b"a STARTTLS\r\n").await?;
    let go = talk.line().await?;
    drop(talk);
    match go.starts_with("a OK") {
        true => Ok(stream),
        false => Err(format!("không cho STARTTLS: {go}")),
    }
}

fn judge(asked: String, name: &str, shown: &Shown) -> Part {
    let Some(leaf) = &shown.leaf else {
        return Part::fail(asked, "không đưa ra chứng thư", "thêm [[tls]] vào cấu hình");
    };
    let named = ParsedCertificate::try_from(leaf)
        .ok()
        .zip(ServerName::try_from(name.to_owned()).ok())
        .is_some_and(|(parsed, name)| verify_server_name(&parsed, &name).is_ok());
    if !named {
        let remedy = format!(
            "xin chứng thư có tên {name} (thêm tên vào chứng thư, hoặc thêm một [[tls]] nữa)"
        );
        return Part::fail(asked, "chứng thư không có tên này", remedy);
    }
    let Some((_, until)) = der::validity(leaf) else {
        return Part::skipped(asked, "không đọc được ngày hết hạn của chứng thư");
    };
    let days = until
        .as_second()
        .saturating_sub(jiff::Timestamp::now().as_second())
        .div_euclid(24 * 3_600);
    let date = until
        .to_zoned(jiff::tz::TimeZone::UTC)
        .strftime("%d/%m/%Y")
        .to_string();
    let renew =
        "gia hạn chứng thư (certbot renew); tệp mới được nhận ngay, không cần khởi động lại";
    if days < 0 {
        return Part::fail(asked, format!("chứng thư hết hạn ngày {date}"), renew);
    }
    if shown.verdict != "trusted" {
        let remedy = "dùng chứng thư do tổ chức được tin cấp (ví dụ Let's Encrypt), với đủ chuỗi chứng thư trung gian trong tệp";
        return Part::fail(
            asked,
            format!(
                "chứng thư không được tin: {}",
                why_untrusted(&shown.verdict)
            ),
            remedy,
        );
    }
    match days <= limits::CERTIFICATE_DAYS {
        true => Part::warn(asked, format!("còn {days} ngày (hết hạn {date})"), renew),
        false => Part::ok(
            asked,
            format!("đúng tên, được tin, còn {days} ngày ({})", shown.version),
        ),
    }
}

/// The words of the library, said so that one knows what to mend; the library's own where nothing better is known.
fn why_untrusted(verdict: &str) -> &str {
    let known = [
        (
            "UnknownIssuer",
            "do tổ chức không được tin cấp, tự ký, hoặc thiếu chứng thư trung gian",
        ),
        ("CaUsedAsEndEntity", "tự ký"),
        ("Expired", "đã hết hạn"),
        ("NotValidYet", "chưa tới ngày hiệu lực"),
        ("NotValidForName", "không có tên này"),
        ("Revoked", "đã bị thu hồi"),
        ("BadSignature", "chữ ký sai"),
    ];
    let said = known.iter().find(|(word, _)| verdict.contains(word));
    said.map_or(verdict, |(_, said)| said)
}
