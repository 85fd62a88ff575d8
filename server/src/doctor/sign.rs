//! Checks 6 and 7: the keys in DNS are the keys we sign with, a letter signed now is verified through DNS, and what DMARC asks of
//! others. (RFC 6376, RFC 7489)

use super::Part;
use super::ask::No;
use super::dns::unanswered;
use super::finding::Status;
use super::patient::Patient;
use crate::records;
use std::collections::HashMap;

/// Check 6.
pub async fn dkim(patient: &Patient) -> Vec<Part> {
    let keys = match &patient.dkim {
        Ok(keys) => keys,
        Err(why) => {
            let remedy = "khôi phục thư mục khóa từ bản sao lưu; quyền đọc phải thuộc về người dùng chạy congthu";
            return vec![Part::fail("khóa DKIM trên máy", why.clone(), remedy)];
        }
    };
    let mut parts = Vec::new();
    for domain in &patient.domains {
        let records = keys.records(domain);
        if records.is_empty() {
            let remedy = format!(
                "chạy: congthu domain records {domain} --make-keys, rồi công bố các bản ghi DKIM được in ra"
            );
            parts.push(Part::fail(
                format!("khóa DKIM của {domain}"),
                "không có khóa: thư của miền này không được ký",
                remedy,
            ));
            continue;
        }
        for (name, text) in &records {
            parts.push(record(patient, name, text).await);
        }
        parts.extend(signature(patient, keys, domain).await);
        parts.extend(prepared(patient, domain).await);
    }
    parts
}

/// Keys made ahead wait for their record; nothing is broken while they do.
async fn prepared(patient: &Patient, domain: &str) -> Vec<Part> {
    use smtp::dkim::ring::{State, held};
    let keys = held(&patient.config.keys().join("dkim"), domain).unwrap_or_default();
    let mut parts = Vec::new();
    for one in keys.iter().filter(|one| one.state == State::Prepared) {
        let part = record(patient, &one.key.record_name(), &one.key.record_text()).await;
        parts.push(match part.status {
            Status::Fail => Part {
                status: Status::Warn,
                answered: format!("{}; đây là khóa sẽ thay khóa đang ký", part.answered),
                ..part
            },
            _ => part,
        });
    }
    parts
}

/// The published key is ours.
async fn record(patient: &Patient, name: &str, text: &str) -> Part {
    let asked = format!("TXT {name}");
    let publish = format!("công bố: {name}. IN TXT \"{text}\"");
    let found = match patient.ask.txt(name).await {
        Ok(found) => found,
        Err(No::None(words)) => return Part::fail(asked, words, publish),
        Err(no) => return unanswered(asked, &no),
    };
    let ours = tags(text);
    let key = ours.get("p");
    let same = |one: &String| {
        let theirs = tags(one);
        theirs.get("p") == key
            && theirs.get("k").map_or("rsa", String::as_str)
                == ours.get("k").map_or("rsa", String::as_str)
    };
    match found.as_slice() {
        [one] if same(one) => Part::ok(asked, "trùng với khóa đang ký"),
        [_] => Part::fail(asked, "khóa công bố khác với khóa đang ký", publish),
        several => Part::fail(
            asked,
            format!("có {} bản ghi ở tên này; chỉ được có một", several.len()),
            publish,
        ),
    }
}

/// "a=b; c=d" without blanks in the values. (RFC 6376 §3.2)
fn tags(text: &str) -> HashMap<String, String> {
    let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| {
            let value = value.chars().filter(|c| !c.is_whitespace()).collect();
            (name.trim().to_ascii_lowercase(), value)
        })
        .collect()
}

/// A letter signed now, verified as others would.
async fn signature(patient: &Patient, keys: &smtp::dkim::Keys, domain: &str) -> Vec<Part> {
    let asked = format!("chữ ký thử trên thư của {domain}");
    let letter = format!(
        "From: postmaster@{domain}\r\nTo: postmaster@{domain}\r\nSubject: =?utf-8?q?Th=C6=B0_th=E1=BB=AD?=\r\n\
         Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <doctor@{domain}>\r\n\r\nthu\r\n"
    );
    let signed = match keys.signatures(domain, letter.as_bytes()) {
        Ok(fields) => format!("{fields}{letter}"),
        Err(why) => {
            return vec![Part::fail(
                asked,
                why.to_string(),
                "khôi phục khóa DKIM từ bản sao lưu",
            )];
        }
    };
    let Some(resolver) = patient.ask.resolver() else {
        return vec![Part::skipped(
            asked,
            "chưa biết: không hỏi được máy chủ tên miền",
        )];
    };
    let results = smtp::check::probe::dkim(resolver, signed.as_bytes()).await;
    let parts = results.into_iter().map(|one| {
        let asked = format!("{asked}, khóa {}", one.selector);
        match one.result.as_str() {
            "pass" => Part::ok(asked, "kiểm tra qua DNS: đúng"),
            why if one.unknown => Part::skipped(asked, format!("chưa biết: {why}")),
            why if why.contains("not found") => Part::fail(
                asked,
                "nơi nhận không thấy khóa trong DNS nên coi như thư không ký",
                "công bố đúng bản ghi DKIM (xem dòng trên)",
            ),
            why => Part::fail(
                asked,
                format!("kiểm tra qua DNS: {why}"),
                "công bố đúng bản ghi DKIM (xem dòng trên)",
            ),
        }
    });
    parts.collect()
}

/// Check 7.
pub async fn dmarc(patient: &Patient) -> Vec<Part> {
    let mut parts = Vec::new();
    for domain in &patient.domains {
        parts.extend(dmarc_of(patient, domain).await);
    }
    parts
}

async fn dmarc_of(patient: &Patient, domain: &str) -> Vec<Part> {
    let asked = format!("TXT _dmarc.{domain}");
    let publish = format!(
        "công bố: _dmarc.{domain}. IN TXT \"{}\"",
        records::dmarc(domain)
    );
    let found = match patient.ask.txt(&format!("_dmarc.{domain}")).await {
        Ok(texts) => texts,
        Err(No::None(words)) => return vec![Part::fail(asked, words, publish)],
        Err(no) => return vec![unanswered(asked, &no)],
    };
    let records: Vec<&String> = found
        .iter()
        .filter(|text| text.trim_start().starts_with("v=DMARC1"))
        .collect();
    let [record] = records.as_slice() else {
        let answered = format!("có {} bản ghi v=DMARC1; phải có đúng một", records.len());
        return vec![Part::fail(asked, answered, publish)];
    };
    let tags = tags(record);
    let mut parts = vec![match tags.get("p").map(String::as_str) {
        Some("quarantine" | "reject") => Part::ok(asked.clone(), (*record).clone()),
        Some("none") => {
            let remedy =
                format!("sau vài tuần theo dõi báo cáo, đổi p=none thành p=quarantine: {publish}");
            Part::warn(
                asked.clone(),
                format!("{record}: p=none chưa bảo vệ gì"),
                remedy,
            )
        }
        _ => Part::fail(
            asked.clone(),
            format!("{record}: thiếu hoặc sai p="),
            publish.clone(),
        ),
    }];
    parts.push(aligned(patient, domain));
    parts.extend(reports(patient, domain, tags.get("rua"), &publish).await);
    parts
}

/// Our letters carry a signature of the From domain itself, which is aligned even when strict. (RFC 7489 §3.1.1)
fn aligned(patient: &Patient, domain: &str) -> Part {
    let asked = format!("thư của {domain} khớp DMARC");
    match patient.dkim_records(domain).is_empty() {
        false => Part::ok(
            asked,
            format!("chữ ký mang đúng miền {domain} (d={domain})"),
        ),
        true => Part::warn(
            asked,
            "không có khóa DKIM của miền này: chỉ còn trông vào SPF, thư chuyển tiếp sẽ hỏng",
            format!("chạy: congthu domain records {domain} --make-keys"),
        ),
    }
}

/// The mailbox of the reports takes mail; one in another domain has agreed to it. (§7.1)
async fn reports(
    patient: &Patient,
    domain: &str,
    rua: Option<&String>,
    publish: &str,
) -> Vec<Part> {
    let asked = format!("hộp thư nhận báo cáo DMARC của {domain}");
    let Some(rua) = rua else {
        return vec![Part::warn(
            asked,
            "không có rua=: sẽ không biết ai mạo danh",
            publish,
        )];
    };
    let mut parts = Vec::new();
    for address in rua
        .split(',')
        .filter_map(|uri| uri.trim().strip_prefix("mailto:"))
        .take(10)
    {
        let address = address.split('!').next().unwrap_or(address);
        let asked = format!("{asked}: {address}");
        let Some((_, host)) = address.rsplit_once('@') else {
            parts.push(Part::fail(asked, "không phải địa chỉ thư", publish));
            continue;
        };
        if patient
            .domains
            .iter()
            .any(|own| own.eq_ignore_ascii_case(host))
        {
            parts.push(local_box(patient, asked, address).await);
            continue;
        }
        let consent = format!("{domain}._report._dmarc.{host}");
        parts.push(match patient.ask.txt(&consent).await {
            Ok(texts) if texts.iter().any(|text| text.starts_with("v=DMARC1")) => Part::ok(asked, "miền kia đã đồng ý nhận"),
            Ok(_) | Err(No::None(_)) => Part::warn(
                asked,
                "miền kia chưa đồng ý nhận báo cáo: báo cáo sẽ không tới",
                format!("đề nghị công bố: {consent}. IN TXT \"v=DMARC1\", hoặc dùng địa chỉ trong {domain}"),
            ),
            Err(no) => unanswered(asked, &no),
        });
    }
    if parts.is_empty() {
        parts.push(Part::warn(
            asked,
            format!("rua={rua} không có địa chỉ mailto:"),
            publish,
        ));
    }
    parts
}

/// A mailbox here that must take mail.
pub async fn local_box(patient: &Patient, asked: String, address: &str) -> Part {
    use mailroom::directory::Recipient;
    let office = match &patient.office {
        Ok(office) => office,
        Err(why) => return Part::skipped(asked, format!("không đọc được kho dữ liệu: {why}")),
    };
    let remedy = format!(
        "tạo tài khoản hoặc bí danh {address}, hoặc giao hộp thư văn thư cho đơn vị cao nhất"
    );
    match office.room.resolve(address).await {
        Ok(Recipient::Local { .. } | Recipient::Elsewhere { .. }) => {
            Part::ok(asked, "có người nhận")
        }
        Ok(Recipient::Full(_)) => Part::warn(
            asked,
            "hộp thư đầy",
            "dọn hộp thư, hoặc tăng dung lượng: congthu account quota ĐỊA_CHỈ SỐ_GB",
        ),
        Ok(_) => Part::fail(asked, "không có người nhận", remedy),
        Err(why) => Part::skipped(asked, format!("không đọc được kho dữ liệu: {why}")),
    }
}
