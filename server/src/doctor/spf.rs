//! Check 5: the SPF records of our domains read as written, their look-ups counted, and our own addresses held against them by
//! the same code that judges others. (RFC 7208)

use super::ask::{Ask, No};
use super::dns::unanswered;
use super::patient::Patient;
use super::{Part, limits};
use crate::records;
use std::net::IpAddr;

pub async fn check(patient: &Patient) -> Vec<Part> {
    let mut parts = Vec::new();
    for domain in &patient.domains {
        parts.extend(of_domain(patient, domain).await);
    }
    parts
}

async fn of_domain(patient: &Patient, domain: &str) -> Vec<Part> {
    let asked = format!("TXT {domain}");
    let publish = format!(
        "công bố đúng một bản ghi: {domain}. IN TXT \"{}\"",
        records::spf(&patient.config, domain)
    );
    let record = match record(&patient.ask, domain).await {
        Ok(record) => record,
        Err(Nothing::Several(count)) => {
            return vec![Part::fail(
                asked,
                format!("có {count} bản ghi SPF; nơi khác coi như không có"),
                publish,
            )];
        }
        Err(Nothing::No(No::None(_))) => {
            return vec![Part::fail(asked, "không có bản ghi SPF (v=spf1)", publish)];
        }
        Err(Nothing::No(no)) => return vec![unanswered(asked, &no)],
    };
    let terms = read(&record);
    let mut parts = vec![match &terms {
        Ok(_) => Part::ok(asked.clone(), record.clone()),
        Err(why) => Part::fail(asked.clone(), format!("{record}: {why}"), publish.clone()),
    }];
    if let Ok(terms) = &terms {
        parts.extend(ending(&asked, terms, &publish));
        parts.push(lookups(&patient.ask, domain).await);
    }
    let from = patient.leaves_from(domain);
    for ip in &from {
        parts.push(own_address(patient, domain, *ip).await);
    }
    if from.is_empty() {
        parts.push(Part::skipped(
            format!("SPF {domain} với địa chỉ của máy này"),
            "chưa biết địa chỉ công khai của máy này (xem mục 2)",
        ));
    }
    parts
}

/// What the record says of everybody else.
fn ending(asked: &str, terms: &[Term], publish: &str) -> Option<Part> {
    let all = terms.iter().find(|term| term.name == "all");
    let redirect = terms.iter().any(|term| term.name == "redirect");
    match all.map(|term| term.sign) {
        Some('+') => Some(Part::fail(
            asked,
            "+all cho phép cả thế giới mạo danh miền này",
            publish,
        )),
        Some('?') => Some(Part::warn(asked, "?all không nói gì về người lạ", publish)),
        None if !redirect => Some(Part::warn(
            asked,
            "không có “all” ở cuối: không nói gì về người lạ",
            publish,
        )),
        _ => None,
    }
}

async fn own_address(patient: &Patient, domain: &str, ip: IpAddr) -> Part {
    let asked = format!("SPF {domain} với địa chỉ gửi {ip}");
    let Some(resolver) = patient.ask.resolver() else {
        return Part::skipped(asked, "chưa biết: không hỏi được máy chủ tên miền");
    };
    let sender = format!("postmaster@{domain}");
    let verdict = smtp::check::probe::spf(resolver, ip, patient.host(), &sender).await;
    let kind = if ip.is_ipv4() { "ip4" } else { "ip6" };
    let remedy = format!("thêm {kind}:{ip} vào trước “all” trong bản ghi SPF của {domain}");
    match verdict.as_str() {
        "pass" => Part::ok(asked, "pass (được phép)"),
        "temperror" => Part::skipped(asked, "chưa biết: DNS không trả lời đủ (temperror)"),
        other if patient.sends_from(ip) => {
            Part::fail(asked, format!("{other} (không được phép)"), remedy)
        }
        other => Part::warn(
            asked,
            format!("{other}; {}", patient.while_unused()),
            remedy,
        ),
    }
}

enum Nothing {
    No(No),
    Several(usize),
}

async fn record(ask: &Ask, domain: &str) -> Result<String, Nothing> {
    let texts = ask.txt(domain).await.map_err(Nothing::No)?;
    let spf = |text: &&String| {
        let rest = text
            .get(..6)
            .filter(|head| head.eq_ignore_ascii_case("v=spf1"));
        rest.is_some()
            && text
                .get(6..)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let found: Vec<&String> = texts.iter().filter(spf).collect();
    match found.as_slice() {
        [] => Err(Nothing::No(No::None("không có bản ghi SPF"))),
        [one] => Ok((*one).clone()),
        several => Err(Nothing::Several(several.len())),
    }
}

/// One mechanism or modifier.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Term {
    sign: char,
    name: String,
    value: String,
}

/// The terms of a record, or what is wrong with it. (§12)
fn read(record: &str) -> Result<Vec<Term>, String> {
    record.split_whitespace().skip(1).map(term).collect()
}

fn term(text: &str) -> Result<Term, String> {
    let (sign, rest) = match text.chars().next() {
        Some(sign @ ('+' | '-' | '~' | '?')) => (sign, text.get(1..).unwrap_or_default()),
        _ => ('+', text),
    };
    let end = rest.find([':', '/', '=']).unwrap_or(rest.len());
    let (name, value) = rest.split_at(end);
    let name = name.to_ascii_lowercase();
    let inner = value.trim_start_matches([':', '=']);
    let cidr = |most: u8| match inner.split_once('/') {
        Some((_, bits)) => bits.parse::<u8>().is_ok_and(|bits| bits <= most),
        None => true,
    };
    let address = inner.split('/').next().unwrap_or_default();
    let good = match name.as_str() {
        "all" => value.is_empty(),
        "ip4" => address.parse::<std::net::Ipv4Addr>().is_ok() && cidr(32),
        "ip6" => address.parse::<std::net::Ipv6Addr>().is_ok() && cidr(128),
        "include" | "exists" => value.starts_with(':') && !inner.is_empty(),
        "redirect" | "exp" => value.starts_with('=') && !inner.is_empty(),
        "a" | "mx" | "ptr" => !value.starts_with('='),
        // §6: unknown modifiers are passed over, unknown mechanisms are not.
        _ => value.starts_with('='),
    };
    match good {
        true => Ok(Term {
            sign,
            name,
            value: inner.to_owned(),
        }),
        false => Err(format!("không hiểu “{text}”")),
    }
}

/// Counts what evaluating the record costs at worst. (§4.6.4)
async fn lookups(ask: &Ask, domain: &str) -> Part {
    let asked = format!("SPF {domain}: số lần tra cứu");
    let mut waiting = vec![domain.to_owned()];
    let (mut count, mut seen) = (0, 0);
    while let Some(next) = waiting.pop() {
        seen += 1;
        if seen > limits::SPF_RECORDS {
            break;
        }
        let terms = match record(ask, &next).await {
            Ok(record) => read(&record),
            Err(Nothing::No(No::Silent(why))) => {
                return Part::skipped(asked, format!("chưa biết: {next}: {why}"));
            }
            Err(Nothing::No(no)) => Err(no.words()),
            Err(Nothing::Several(_)) => Err("có nhiều bản ghi SPF".into()),
        };
        let terms = match terms {
            Ok(terms) => terms,
            Err(why) => {
                let remedy = format!("bỏ hoặc sửa phần dẫn tới {next} trong bản ghi SPF");
                return Part::fail(asked, format!("{next}: {why}"), remedy);
            }
        };
        for term in terms {
            let looks = matches!(
                term.name.as_str(),
                "a" | "mx" | "ptr" | "exists" | "include" | "redirect"
            );
            count += usize::from(looks);
            // A macro's target is only known with a letter at hand.
            if matches!(term.name.as_str(), "include" | "redirect") && !term.value.contains('%') {
                waiting.push(term.value);
            }
        }
    }
    let most = limits::SPF_LOOKUPS;
    match count {
        _ if count > most || seen > limits::SPF_RECORDS => Part::fail(
            asked,
            format!("{count} lần, quá {most}: nơi khác coi bản ghi là hỏng"),
            "bỏ bớt include, hoặc thay bằng ip4:/ip6: của chính các máy gửi",
        ),
        _ => Part::ok(asked, format!("{count} lần (nhiều nhất {most})")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_the_rfc_writes_them() {
        for (record, good) in [
            ("v=spf1 +mx a:colo.example.com/28 -all", true),
            (
                "v=spf1 a/24 mx//64 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all",
                true,
            ),
            (
                "v=spf1 include:example.com exists:%{i}.sbl.example redirect=_spf.example.com",
                true,
            ),
            ("v=spf1 moo=cow -all", true),
            ("v=spf1 ip4:192.0.2.300 -all", false),
            ("v=spf1 ip4:192.0.2.1/33 -all", false),
            ("v=spf1 ipv4:192.0.2.1 -all", false),
            ("v=spf1 include: -all", false),
            ("v=spf1 all:x", false),
        ] {
            assert_eq!(read(record).is_ok(), good, "{record}");
        }
        let terms = read("v=spf1 a:x.example ?all").unwrap();
        assert_eq!((terms[0].value.as_str(), terms[1].sign), ("x.example", '?'));
    }
}
