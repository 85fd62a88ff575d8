//! Checks 11 and 14 to 16: whether mail servers reach each other, what filters mail here, who lists us, and the name servers all
//! of it depends on.

use super::ask::{Answer, No};
use super::dns::list as shown_ips;
use super::mail::public_doors;
use super::patient::{Patient, is_here};
use super::talk::{self, Talk};
use super::{Part, limits};
use crate::command::trace::local_time;
use crate::config::Ipv6;
use crate::settings::system_name_servers;
use crate::wire;
use futures_util::StreamExt as _;
use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::rr::{Name, RecordType};
use smtp::outbound::dial::is_public;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// Check 11.
pub async fn port25(patient: &Patient) -> Vec<Part> {
    let (mut parts, out) = tokio::join!(inwards(patient), outwards(patient));
    parts.extend(out);
    parts
}

async fn inwards(patient: &Patient) -> Vec<Part> {
    let doors = public_doors(patient);
    if doors.is_empty() {
        return vec![Part::skipped(
            "cổng 25 chiều vào",
            "chưa biết địa chỉ công khai của máy này (xem mục 2)",
        )];
    }
    // Strangers that were here prove more than any connection from this machine.
    let strangers = match &patient.office {
        Ok(office) => office
            .store
            .came_from(office.room.now() - 7 * DAY_MS, 500)
            .await
            .unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let mut parts = Vec::new();
    for at in doors {
        let asked = format!("cổng 25 chiều vào, {at}");
        let visitor = strangers
            .iter()
            .filter_map(|(ip, when)| Some((ip.parse::<IpAddr>().ok()?.to_canonical(), *when)));
        let visitor = visitor
            .filter(|(ip, _)| {
                ip.is_ipv4() == at.is_ipv4() && is_public(*ip) && !patient.addresses.contains(ip)
            })
            .max_by_key(|(_, when)| *when);
        let answer = Talk::smtp(at).await;
        parts.push(match (answer, visitor) {
            (Ok((talk, greeting)), visitor) => {
                talk.quit().await;
                let seen = format!("trả lời {} {}", greeting.code, greeting.text);
                match visitor {
                    Some((ip, when)) => Part::ok(asked, format!("{seen}; máy ngoài {ip} đã tới lúc {}", local_time(when))),
                    None => Part::skipped(asked, format!("{seen}; nhưng 7 ngày qua chưa có máy ngoài nào tới, nên từ đây chưa biết tường lửa có mở không"))
                        .remedy(format!("thử từ một máy ở ngoài: nc -vz {} {}; hoặc gửi thử một thư từ Gmail", at.ip(), at.port())),
                }
            }
            (Err(_), Some((ip, when))) if !is_here(at.ip()) => {
                Part::ok(asked, format!("máy ngoài {ip} đã tới lúc {}", local_time(when)))
            }
            (Err(why), _) if is_here(at.ip()) => {
                Part::fail(asked, why, "khởi động congthu serve và mở cổng 25 ở listen.smtp; kiểm tra tường lửa của máy")
            }
            (Err(why), _) => Part::skipped(asked, format!("{why}; địa chỉ này ở sau NAT nên từ đây chưa biết"))
                .remedy(format!("thử từ một máy ở ngoài: nc -vz {} {}", at.ip(), at.port())),
        });
    }
    parts
}

async fn outwards(patient: &Patient) -> Vec<Part> {
    let config = &patient.config;
    let asked = "cổng 25 chiều ra";
    if !config.mail.sink.is_empty() {
        return vec![Part::skipped(
            asked,
            "mọi thư ra ngoài rơi vào hộp thu gom (mail.sink): bản thử",
        )];
    }
    let entry = config.route.iter().find(|entry| entry.domain == "*");
    let smart = entry.map(|entry| &entry.to).filter(|to| !to.is_empty());
    if let Some(smart) = smart.or_else(|| config.outbound.routes.get("*")) {
        return vec![Part::ok(
            asked,
            format!("không dùng: thư ra ngoài đi qua {smart}"),
        )];
    }
    let probe = &config.doctor.probe;
    if probe.is_empty() {
        return vec![Part::skipped(asked, "doctor.probe để trống")];
    }
    let hosts = match patient.ask.mx(probe).await {
        Ok(hosts) => hosts,
        Err(no) => {
            return vec![Part::skipped(
                asked,
                format!("chưa biết: MX {probe}: {}", no.words()),
            )];
        }
    };
    let mut parts = vec![outwards_over(patient, &hosts, RecordType::A).await];
    if config.outbound.ipv6 != Ipv6::Never {
        parts.push(outwards_over(patient, &hosts, RecordType::AAAA).await);
    }
    parts
}

/// Hosts of the probe tried before saying that the way is shut.
const PROBES: usize = 3;

async fn outwards_over(patient: &Patient, hosts: &[(u16, String)], kind: RecordType) -> Part {
    let family = if kind == RecordType::A {
        "IPv4"
    } else {
        "IPv6"
    };
    let asked = format!(
        "cổng 25 chiều ra qua {family}, tới {}",
        patient.config.doctor.probe
    );
    let mut last = None;
    for (_, host) in hosts.iter().take(PROBES) {
        let Some(ip) = patient
            .ask
            .family(host, kind)
            .await
            .ok()
            .and_then(|ips| ips.first().copied())
        else {
            continue;
        };
        if !is_public(ip) && !patient.allows_private() {
            continue;
        }
        match Talk::smtp(SocketAddr::new(ip, patient.config.outbound.mx_port)).await {
            Ok((talk, greeting)) => {
                talk.quit().await;
                return Part::ok(
                    asked,
                    format!("{host} ({ip}) trả lời {} {}", greeting.code, greeting.text),
                );
            }
            Err(why) => last = Some(format!("{host} ({ip}): {why}")),
        }
    }
    let Some(why) = last else {
        return Part::skipped(asked, format!("không tìm được địa chỉ {family} nào để thử"));
    };
    if let Ok(office) = &patient.office
        && let Ok(sent) = office.store.sent_to(office.room.now() - DAY_MS, 500).await
    {
        let fits = |ip: &IpAddr| ip.is_ipv4() == (kind == RecordType::A) && is_public(*ip);
        let taken = sent
            .iter()
            .filter_map(|(ip, at)| Some((ip.parse::<IpAddr>().ok()?, *at)))
            .find(|(ip, _)| fits(ip));
        if let Some((ip, at)) = taken {
            return Part::ok(
                asked,
                format!("{why}; nhưng {ip} đã nhận thư lúc {}", local_time(at)),
            );
        }
    }
    Part::fail(
        asked,
        why,
        format!(
            "đề nghị nhà mạng mở cổng 25 chiều ra qua {family}, hoặc gửi qua máy chuyển tiếp: thêm mục [[route]] với domain = \"*\" và to = \"máy:cổng\" vào cấu hình"
        ),
    )
}

/// Check 14.
pub async fn filter(patient: &Patient) -> Vec<Part> {
    let incoming = &patient.config.incoming;
    let mut parts = vec![Part::ok(
        "hoãn thư lạ (greylisting)",
        "không dùng: thư từ Gmail, Outlook không bị hoãn",
    )];
    parts.push(match incoming.check {
        true => Part::ok("incoming.check", "SPF, DKIM, DMARC, ARC được kiểm tra"),
        false => Part::warn(
            "incoming.check",
            "không kiểm tra gì",
            "đặt check = true trong [incoming]",
        ),
    });
    for list in &incoming.lists {
        parts.push(list_works(patient, list).await.unwrap_or_else(|part| part));
    }
    for (name, at) in [("rspamd", incoming.rspamd), ("clamav", incoming.clamav)] {
        let Some(at) = at else { continue };
        parts.push(match talk::connect(at).await {
            Ok(_) => Part::ok(format!("{name} {at}"), "đang mở"),
            Err(why) => Part::warn(
                format!("{name} {at}"),
                format!("{why}: thư vẫn được nhận nhưng không được quét"),
                format!(
                    "systemctl restart {}",
                    if name == "clamav" {
                        "clamav-daemon"
                    } else {
                        name
                    }
                ),
            ),
        });
    }
    parts.push(mistakes(patient).await);
    parts
}

/// How often people took a letter out of Junk: each one was a mistake of ours.
async fn mistakes(patient: &Patient) -> Part {
    let asked = "thư bị xếp nhầm vào Thư rác, 30 ngày";
    let office = match &patient.office {
        Ok(office) => office,
        Err(why) => return Part::skipped(asked, format!("không đọc được kho dữ liệu: {why}")),
    };
    let since = office.room.now() - 30 * DAY_MS;
    let (events, rescued) = match tokio::try_join!(
        office.store.events_since(since),
        office.store.junk_rescued(since)
    ) {
        Ok(found) => found,
        Err(why) => return Part::skipped(asked, why.to_string()),
    };
    let of = |name: &str| {
        events
            .iter()
            .find(|(event, _)| event == name)
            .map_or(0, |(_, count)| *count)
    };
    let (junk, refused) = (of("junk"), of("refused"));
    let answered = format!(
        "{junk} thư vào Thư rác, {rescued} được người nhận chuyển lại Hộp thư đến; {refused} lần từ chối"
    );
    match rescued * 20 > junk && rescued >= 5 {
        true => Part::warn(
            asked,
            answered,
            "xem lý do bằng congthu trace; bớt danh sách trong incoming.lists",
        ),
        false => Part::ok(asked, answered),
    }
}

/// The test points of a list: 127.0.0.2 is on it, 127.0.0.1 is not. (RFC 5782 §5)
async fn list_works(patient: &Patient, list: &str) -> Result<Part, Part> {
    let asked = format!("danh sách chặn {list}, địa chỉ thử 127.0.0.2");
    let (on, off) = tokio::join!(
        listed_in(patient, IpAddr::from([127, 0, 0, 2]), list),
        listed_in(patient, IpAddr::from([127, 0, 0, 1]), list)
    );
    let gone = "bỏ danh sách này khỏi cấu hình (incoming.lists, doctor.lists)";
    match (on, off) {
        (Err(why), _) => Err(Part::skipped(asked, why)),
        (_, Ok(Some(_))) => Err(Part::warn(
            asked,
            "danh sách này kể cả thế giới: đã chết hoặc đổi chủ",
            gone,
        )),
        (Ok(None), _) => Err(Part::skipped(
            asked,
            "danh sách này không trả lời đúng, không tin được",
        )
        .remedy(gone)),
        (Ok(Some(_)), _) => Ok(Part::ok(asked, "trả lời đúng")),
    }
}

/// The answer of a list about an address; an error when it gives no opinion.
async fn listed_in(patient: &Patient, ip: IpAddr, list: &str) -> Result<Option<String>, String> {
    let reverse = Name::from(ip).to_ascii();
    let reverse = reverse
        .trim_end_matches('.')
        .trim_end_matches(".in-addr.arpa")
        .trim_end_matches(".ip6.arpa");
    match patient
        .ask
        .family(&format!("{reverse}.{list}"), RecordType::A)
        .await
    {
        Ok(answers) => {
            // 127.255.255.0/24 says: asked through a public resolver, too often, or wrongly.
            let refused = |ip: &IpAddr| matches!(ip, IpAddr::V4(four) if four.octets().starts_with(&[127, 255, 255]));
            if answers.iter().any(refused) {
                return Err(format!(
                    "danh sách từ chối trả lời ({}): hỏi qua DNS công cộng hoặc hỏi quá nhiều",
                    shown_ips(&answers)
                ));
            }
            Ok(answers
                .iter()
                .any(IpAddr::is_loopback)
                .then(|| shown_ips(&answers)))
        }
        Err(No::None(_)) => Ok(None),
        Err(no) => Err(format!("chưa biết: {}", no.words())),
    }
}

/// Check 15.
pub async fn listed(patient: &Patient) -> Vec<Part> {
    let lists = &patient.config.doctor.lists;
    if lists.is_empty() {
        return vec![Part::skipped("danh sách chặn", "doctor.lists để trống")];
    }
    let public: Vec<IpAddr> = patient
        .all_addresses()
        .into_iter()
        .filter(|ip| is_public(*ip) || patient.allows_private())
        .collect();
    if public.is_empty() {
        return vec![Part::skipped(
            "danh sách chặn",
            "chưa biết địa chỉ công khai của máy này (xem mục 2)",
        )];
    }
    let asked: Vec<_> = lists
        .iter()
        .map(|list| listed_everywhere(patient, list, &public))
        .collect();
    let parts: Vec<Vec<Part>> = futures_util::stream::iter(asked)
        .buffered(limits::AT_ONCE)
        .collect()
        .await;
    parts.concat()
}

async fn listed_everywhere(patient: &Patient, list: &str, addresses: &[IpAddr]) -> Vec<Part> {
    if let Err(part) = list_works(patient, list).await {
        return vec![part];
    }
    let mut parts = Vec::new();
    for ip in addresses {
        let asked = format!("{ip} trong {list}");
        parts.push(match listed_in(patient, *ip, list).await {
            Ok(None) => Part::ok(asked, "không có tên"),
            Ok(Some(answer)) => Part::fail(
                asked,
                format!("có tên ({answer})"),
                format!("tìm và chặn nguồn gửi thư rác trước (congthu queue list, congthu trace), rồi xin gỡ tên tại trang của {list}"),
            ),
            Err(why) => Part::skipped(asked, why),
        });
    }
    parts
}

/// Resolvers that everybody shares: block lists refuse them, and they see what a province asks.
const PUBLIC_RESOLVERS: [&str; 12] = [
    "8.8.8.8",
    "8.8.4.4",
    "1.1.1.1",
    "1.0.0.1",
    "9.9.9.9",
    "149.112.112.112",
    "208.67.222.222",
    "208.67.220.220",
    "2001:4860:4860::8888",
    "2001:4860:4860::8844",
    "2606:4700:4700::1111",
    "2620:fe::fe",
];
/// A resolver slower than this makes every letter wait.
const SLOW: Duration = Duration::from_millis(500);

/// Check 16.
pub async fn resolver(patient: &Patient) -> Vec<Part> {
    let own = &patient.config.outbound.dns;
    let servers = if own.is_empty() {
        system_name_servers()
    } else {
        own.clone()
    };
    let shown: Vec<String> = servers.iter().map(ToString::to_string).collect();
    let asked = format!(
        "máy chủ tên miền {}",
        if shown.is_empty() {
            "(không có)".into()
        } else {
            shown.join(", ")
        }
    );
    let mut parts = vec![speed(patient, &asked).await];
    let public: Vec<&SocketAddr> = servers
        .iter()
        .filter(|at| {
            PUBLIC_RESOLVERS
                .iter()
                .any(|known| known.parse() == Ok(at.ip()))
        })
        .collect();
    parts.push(match public.is_empty() {
        true => Part::ok(format!("{asked}: có phải dịch vụ công cộng không"), "không"),
        false => Part::warn(
            format!("{asked}: có phải dịch vụ công cộng không"),
            format!("có: {}", shown_ips(&public.iter().map(|at| at.ip()).collect::<Vec<_>>())),
            "cài máy chủ tên miền riêng (apt install unbound) và đặt outbound.dns = [\"127.0.0.1:53\"]: danh sách chặn từ chối dịch vụ công cộng",
        ),
    });
    parts.push(dnssec(patient, &asked).await);
    parts
}

async fn speed(patient: &Patient, asked: &str) -> Part {
    let remedy = "kiểm tra /etc/resolv.conf hoặc outbound.dns; cài máy chủ tên miền riêng trên máy này (apt install unbound)";
    let mut times = Vec::new();
    for name in [
        patient.config.site.domain.as_str(),
        patient.config.doctor.probe.as_str(),
        ".",
    ] {
        if name.is_empty() {
            continue;
        }
        let since = Instant::now();
        match patient.ask.lookup(name, RecordType::NS).await {
            Answer::Silent(why) => return Part::fail(asked, format!("NS {name}: {why}"), remedy),
            Answer::Broken(_) | Answer::Records(_) | Answer::Nothing | Answer::NoName => {
                times.push(since.elapsed())
            }
        }
    }
    let slowest = times.iter().max().copied().unwrap_or_default();
    let answered = format!("trả lời, chậm nhất {} ms", slowest.as_millis());
    match slowest > SLOW {
        true => Part::warn(asked, answered, remedy),
        false => Part::ok(asked, answered),
    }
}

/// The root is signed: a validating look-up of it succeeds exactly when signatures come through.
async fn dnssec(patient: &Patient, asked: &str) -> Part {
    let asked = format!("{asked}: chữ ký DNSSEC");
    let on = patient.config.outbound.dnssec;
    let secure = match wire::validating(&patient.config.outbound) {
        Ok(resolver) => {
            let found =
                tokio::time::timeout(limits::DNS, resolver.lookup(Name::root(), RecordType::SOA))
                    .await;
            found.is_ok_and(|found| {
                found.is_ok_and(|found| {
                    found
                        .answers()
                        .iter()
                        .any(|record| record.proof == Proof::Secure)
                })
            })
        }
        Err(_) => false,
    };
    match (secure, on) {
        (true, true) => Part::ok(asked, "chữ ký đi qua đủ; outbound.dnssec đang bật"),
        (true, false) => Part::ok(
            asked,
            "chữ ký đi qua đủ; có thể đặt outbound.dnssec = true để tuân theo DANE",
        ),
        (false, true) => Part::fail(
            asked,
            "không kiểm được chữ ký, trong khi outbound.dnssec đang bật: thư gửi đi sẽ chờ",
            "tắt outbound.dnssec, hoặc dùng máy chủ tên miền chuyển đủ chữ ký (unbound)",
        ),
        (false, false) => Part::skipped(
            asked,
            "không kiểm được chữ ký qua máy chủ này; outbound.dnssec đang tắt nên không ảnh hưởng",
        ),
    }
}
