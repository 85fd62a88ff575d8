//! Where names lead: MX of our domains, addresses of the host, names of the addresses. (RFC 5321 §5, RFC 1912 §2.1)

use super::ask::No;
use super::patient::{Patient, covers, is_here};
use super::{Part, limits};
use crate::{own_sts, six};
use futures_util::StreamExt as _;
use hickory_resolver::proto::rr::RecordType;
use smtp::outbound::dial::is_public;
use std::net::{IpAddr, UdpSocket};

/// How an unanswered question is told: not known; an answered error: broken for everybody.
pub fn unanswered(asked: String, no: &No) -> Part {
    match no {
        No::Silent(why) => Part::skipped(asked, format!("chưa biết: {why}")),
        No::None(words) => Part::fail(asked, *words, "công bố bản ghi này ở nơi quản lý tên miền"),
        No::Broken(why) => Part::fail(
            asked,
            why,
            "vùng tên miền đang hỏng (máy chủ tên miền của miền này không trả lời đúng, hoặc chữ ký DNSSEC sai): báo đơn vị quản lý \
             tên miền",
        ),
    }
}

/// Checks 1 and 10: the MX records lead to this host.
pub async fn mx(patient: &Patient, domains: &[String]) -> Vec<Part> {
    let asked: Vec<_> = domains
        .iter()
        .map(|domain| mx_of(patient, domain))
        .collect();
    let parts: Vec<Vec<Part>> = futures_util::stream::iter(asked)
        .buffered(limits::AT_ONCE)
        .collect()
        .await;
    parts.concat()
}

pub async fn old_domains(patient: &Patient) -> Vec<Part> {
    let others: Vec<String> = patient.domains.iter().skip(1).cloned().collect();
    if let Err(why) = &patient.office {
        return vec![Part::skipped(
            "danh sách tên miền",
            format!("không đọc được kho dữ liệu: {why}"),
        )];
    }
    if others.is_empty() {
        return vec![Part::ok(
            "danh sách tên miền",
            "chỉ có một miền, không có miền cũ nào khai báo ở đây",
        )];
    }
    mx(patient, &others).await
}

async fn mx_of(patient: &Patient, domain: &str) -> Vec<Part> {
    let asked = format!("MX {domain}");
    let names = own_sts::mx_names(&patient.config);
    let publish = format!(
        "công bố: {domain}. IN MX 10 {}.",
        names.first().map_or(patient.host(), String::as_str)
    );
    let found = match patient.ask.mx(domain).await {
        Ok(found) => found,
        Err(No::None(words)) => return vec![Part::fail(asked, words, publish)],
        Err(no) => return vec![unanswered(asked, &no)],
    };
    let shown: Vec<String> = found
        .iter()
        .map(|(preference, host)| format!("{preference} {host}"))
        .collect();
    let shown = shown.join(", ");
    // RFC 7505: "." says that the domain takes no mail at all.
    if found.iter().any(|(_, host)| host.is_empty()) {
        return vec![Part::fail(
            asked,
            format!("{shown}: miền này từ chối mọi thư"),
            publish,
        )];
    }
    let mut parts = Vec::new();
    let mut ours = 0;
    for (_, host) in &found {
        let (part, is_ours) = exchange(patient, host, names.contains(host)).await;
        ours += usize::from(is_ours);
        parts.extend(part);
    }
    let whole = match ours {
        0 => Part::fail(
            asked,
            format!("{shown}: không bản ghi nào dẫn tới máy này"),
            publish,
        ),
        _ if ours < found.len() && parts.is_empty() => {
            Part::ok(asked, format!("{shown} (có máy nhận thay)"))
        }
        _ => Part::ok(asked, shown),
    };
    parts.insert(0, whole);
    parts
}

/// One MX host: a complaint if there is any, and whether it is this host.
async fn exchange(patient: &Patient, host: &str, named: bool) -> (Option<Part>, bool) {
    let asked = format!("A/AAAA {host}");
    if let Some(target) = patient.ask.cname(host).await {
        let remedy = format!(
            "MX không được trỏ vào bí danh (CNAME): cho MX trỏ thẳng tới {target}, hoặc đổi {host} thành bản ghi A"
        );
        return (
            Some(Part::fail(
                asked,
                format!("{host} là bí danh của {target}"),
                remedy,
            )),
            named,
        );
    }
    match patient.ask.ips(host).await {
        Ok(ips) => {
            let ours = ips.iter().any(|ip| patient.addresses.contains(ip));
            let strange = named && !ours && !patient.addresses.is_empty();
            let part = strange.then(|| {
                let shown = list(&ips);
                Part::fail(
                    asked,
                    shown,
                    format!("{host} phải dẫn tới {}", list(&patient.addresses)),
                )
            });
            (part, ours)
        }
        Err(No::None(words)) => {
            let remedy = format!(
                "MX trỏ tới tên không có địa chỉ: công bố {host}. IN A <địa chỉ>, hoặc xóa MX này"
            );
            (Some(Part::fail(asked, words, remedy)), false)
        }
        Err(no) => (Some(unanswered(asked, &no)), false),
    }
}

/// Check 2: what DNS says of the host is where we listen.
pub async fn address(patient: &Patient) -> Vec<Part> {
    let host = patient.host();
    let (four, six) = tokio::join!(
        patient.ask.family(host, RecordType::A),
        patient.ask.family(host, RecordType::AAAA)
    );
    let mut parts = Vec::new();
    let mut published = Vec::new();
    for (kind, found) in [("A", &four), ("AAAA", &six)] {
        match found {
            Ok(ips) => {
                published.extend(ips.iter().copied());
                parts.extend(ips.iter().map(|ip| one_address(patient, kind, *ip)));
            }
            Err(No::None(_)) => {}
            Err(no) => parts.push(unanswered(format!("{kind} {host}"), no)),
        }
    }
    let nothing = |found: &Result<Vec<IpAddr>, No>| matches!(found, Err(No::None(_)));
    if nothing(&four) && nothing(&six) {
        let remedy = format!("công bố: {host}. IN A <địa chỉ công khai của máy này>");
        parts.push(Part::fail(
            format!("A/AAAA {host}"),
            "tên máy chủ không có địa chỉ",
            remedy,
        ));
    } else if nothing(&four) {
        let remedy = "công bố thêm bản ghi A: nhiều nơi chỉ gửi thư qua IPv4";
        parts.push(Part::warn(format!("A {host}"), "không có bản ghi", remedy));
    } else if nothing(&six) {
        parts.push(no_ipv6(host));
    }
    for ip in patient
        .config
        .doctor
        .addresses
        .iter()
        .filter(|ip| !published.contains(ip))
    {
        if four.is_ok() || six.is_ok() {
            let kind = if ip.is_ipv4() { "A" } else { "AAAA" };
            let remedy = format!("công bố: {host}. IN {kind} {ip}, hoặc sửa doctor.addresses");
            parts.push(Part::fail(
                format!("{kind} {host}"),
                format!("thiếu {ip} (khai báo trong doctor.addresses)"),
                remedy,
            ));
        }
    }
    parts.extend(patient.sources().into_iter().map(source));
    parts
}

/// Letters can only leave from an address that this machine has.
fn source((ip, domains): (IpAddr, Vec<&str>)) -> Part {
    let asked = format!("địa chỉ gửi {ip} của {} ([[source]])", domains.join(", "));
    match is_here(ip) {
        true => Part::ok(asked, "là địa chỉ của máy này"),
        false => Part::fail(
            asked,
            "máy này không có địa chỉ đó: thư của miền không gửi ra được",
            "gán địa chỉ này cho máy, hoặc sửa mục [[source]] trong cấu hình",
        ),
    }
}

/// Is there IPv6 here that nobody was told about? Connecting a UDP socket sends nothing.
fn no_ipv6(host: &str) -> Part {
    let asked = format!("AAAA {host}");
    let out = UdpSocket::bind("[::]:0").and_then(|socket| {
        socket.connect("[2001:4860:4860::8888]:53")?;
        socket.local_addr()
    });
    match out {
        Ok(own) if is_public(own.ip()) => Part::warn(
            asked,
            format!("không có bản ghi, nhưng máy có IPv6 {}", own.ip()),
            format!(
                "công bố: {host}. IN AAAA {} (và tên ngược cho nó), hoặc tắt IPv6",
                own.ip()
            ),
        ),
        _ => Part::ok(
            asked,
            "không có bản ghi; máy này cũng không có IPv6 công khai",
        ),
    }
}

fn one_address(patient: &Patient, kind: &str, ip: IpAddr) -> Part {
    let asked = format!("{kind} {}", patient.host());
    let listen = &patient.config.listen.smtp;
    if !is_public(ip) && !patient.allows_private() {
        return Part::fail(
            asked,
            format!("{ip} là địa chỉ nội bộ"),
            "công bố địa chỉ công khai thay cho địa chỉ này",
        );
    }
    if is_here(ip) {
        return match listen.iter().any(|listener| covers(*listener, ip)) {
            true => Part::ok(asked, format!("{ip}, máy này đang mở cổng ở đó")),
            false => Part::fail(
                asked,
                format!("{ip} là của máy này nhưng listen.smtp không mở ở đó"),
                format!("thêm \"{}:25\" vào listen.smtp", bracketed(ip)),
            ),
        };
    }
    match patient.config.doctor.addresses.contains(&ip) {
        true => Part::ok(
            asked,
            format!("{ip}, qua NAT (khai báo trong doctor.addresses)"),
        ),
        false => Part::warn(
            asked,
            format!("{ip} không phải địa chỉ của máy này"),
            "sửa bản ghi; hoặc nếu máy đứng sau NAT, ghi địa chỉ công khai vào doctor.addresses trong cấu hình",
        ),
    }
}

/// Check 3: every address has a name that leads back to it.
pub async fn ptr(patient: &Patient) -> Vec<Part> {
    if patient.addresses.is_empty() {
        return vec![no_addresses()];
    }
    let asked: Vec<_> = patient
        .all_addresses()
        .into_iter()
        .map(|ip| ptr_of(patient, ip))
        .collect();
    futures_util::stream::iter(asked)
        .buffered(limits::AT_ONCE)
        .collect()
        .await
}

async fn ptr_of(patient: &Patient, ip: IpAddr) -> Part {
    let asked = format!("PTR {ip}");
    if !is_public(ip) && !patient.allows_private() {
        return Part::skipped(
            asked,
            "địa chỉ nội bộ, nơi khác không thấy nên không xét (xem mục 2)",
        );
    }
    let remedy = format!(
        "đề nghị nhà mạng cấp địa chỉ {ip} đặt tên ngược (PTR) là {}",
        patient.host()
    );
    let wrong = |answered: String| match patient.sends_from(ip) {
        true => Part::fail(asked.clone(), answered, remedy.clone()),
        false => Part::warn(
            asked.clone(),
            format!("{answered} ({})", patient.while_unused()),
            remedy.clone(),
        ),
    };
    let names = match patient.ask.ptr(ip).await {
        Ok(names) => names,
        Err(No::None(words)) => return wrong(words.to_owned()),
        Err(no) => return unanswered(asked, &no),
    };
    if let Ok(Some(name)) = six::named_back(&patient.ask, ip, limits::ADDRESSES_MAX).await {
        return Part::ok(asked, format!("{name}, và {name} dẫn ngược lại {ip}"));
    }
    wrong(format!(
        "{}, nhưng tên này không dẫn ngược lại {ip}",
        names.join(", ")
    ))
}

/// Check 4: the name we say in EHLO is the name of our addresses.
pub async fn helo(patient: &Patient) -> Vec<Part> {
    let host = patient.host();
    let mut parts = Vec::new();
    if !host.contains('.') {
        let remedy = "đặt site.host_name là tên đầy đủ, ví dụ thu.tinh.gov.vn";
        return vec![Part::fail(
            "site.host_name",
            format!("“{host}” không phải tên máy đầy đủ"),
            remedy,
        )];
    }
    if patient.addresses.is_empty() {
        return vec![no_addresses()];
    }
    for ip in patient
        .all_addresses()
        .into_iter()
        .filter(|ip| patient.sends_from(*ip))
    {
        let asked = format!("EHLO {host}, PTR {ip}");
        parts.push(match patient.ask.ptr(ip).await {
            Ok(names) if names.iter().any(|name| name == host) => Part::ok(asked, "trùng nhau"),
            Ok(names) => {
                let names = names.join(", ");
                let remedy = format!(
                    "đổi tên ngược của {ip} thành {host}, hoặc đặt site.host_name = \"{names}\""
                );
                Part::warn(asked, format!("tên ngược là {names}"), remedy)
            }
            Err(No::None(words)) => Part::fail(
                asked,
                words,
                format!("đề nghị nhà mạng đặt tên ngược của {ip} là {host}"),
            ),
            Err(no) => unanswered(asked, &no),
        });
    }
    parts
}

fn no_addresses() -> Part {
    Part::skipped(
        "địa chỉ của máy này",
        "chưa biết địa chỉ công khai nào (xem mục 2)",
    )
    .remedy("ghi địa chỉ công khai vào doctor.addresses, hoặc công bố bản ghi A của tên máy chủ")
}

pub fn list(ips: &[IpAddr]) -> String {
    let shown: Vec<String> = ips.iter().map(ToString::to_string).collect();
    shown.join(", ")
}

fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(four) => four.to_string(),
        IpAddr::V6(six) => format!("[{six}]"),
    }
}
