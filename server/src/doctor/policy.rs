//! Check 8: what we promise about encryption is published, served, and true: MTA-STS (RFC 8461), TLS-RPT (RFC 8460), DANE
//! (RFC 7672).

use super::ask::No;
use super::dns::unanswered;
use super::patient::Patient;
use super::{Part, dane, limits};
use crate::settings::StsMode;
use crate::{own_sts, records, wire};
use smtp::outbound::sts;

pub async fn check(patient: &Patient) -> Vec<Part> {
    let mut parts = Vec::new();
    for domain in &patient.domains {
        parts.extend(mta_sts(patient, domain).await);
        parts.push(reports(patient, domain).await);
    }
    parts.extend(dane::check(patient).await);
    parts
}

async fn mta_sts(patient: &Patient, domain: &str) -> Vec<Part> {
    let asked = format!("TXT _mta-sts.{domain}");
    let record = own_sts::record(&patient.config, domain);
    let publish = format!("công bố: _mta-sts.{domain}. IN TXT \"{record}\"");
    let mode = own_sts::mode(&patient.config, domain);
    let found = patient.ask.txt(&format!("_mta-sts.{domain}")).await;
    let texts = match (found, mode) {
        (Err(No::None(_)), StsMode::None) => {
            return vec![Part::ok(asked, "không hứa gì, không có bản ghi")];
        }
        (Err(No::None(words)), _) => return vec![Part::warn(asked, words, publish)],
        (Err(no), _) => return vec![unanswered(asked, &no)],
        (Ok(texts), _) => texts,
    };
    let ours = own_sts::id(&own_sts::policy(&patient.config, domain));
    let mut parts = vec![match sts::record_id(&texts) {
        Some(id) if id == ours => Part::ok(asked, texts.join(" | ")),
        Some(id) => Part::warn(
            asked,
            format!("id={id}, nhưng nội dung hiện nay có id={ours}: nơi khác chưa biết thay đổi"),
            publish,
        ),
        None => Part::fail(asked, texts.join(" | "), publish),
    }];
    parts.push(served(patient, domain).await);
    parts
}

/// Fetches the policy as a sender would, over HTTPS with a valid certificate.
async fn served(patient: &Patient, domain: &str) -> Part {
    let asked = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    let settings = match wire::outbound(&patient.config, None) {
        Ok(settings) => settings,
        Err(fault) => return Part::skipped(asked, fault.reason.vi),
    };
    let policies = sts::Policies::new(patient.config.outbound.sts_port, None);
    let fetch = tokio::time::timeout(limits::CHECK / 2, policies.fetch(&settings, domain));
    let text = match fetch.await {
        Ok(Ok(text)) => text,
        Ok(Err(why)) => {
            let remedy = format!(
                "công bố mta-sts.{domain}. IN CNAME {}., mở cổng 443, và xin chứng thư có tên mta-sts.{domain} (thêm [[tls]])",
                patient.host()
            );
            return Part::fail(asked, why, remedy);
        }
        Err(_) => return Part::skipped(asked, "không trả lời kịp"),
    };
    let hosts = own_sts::mx_names(&patient.config);
    match sts::Policy::parse(&text) {
        Ok(policy)
            if policy.mode != sts::Mode::None && !hosts.iter().all(|host| policy.covers(host)) =>
        {
            Part::fail(
                asked,
                format!("chính sách không kể hết máy nhận thư: {}", hosts.join(", ")),
                "sửa mta_sts.mx trong cấu hình",
            )
        }
        Ok(_) if text == own_sts::policy(&patient.config, domain) => {
            Part::ok(asked, text.trim().replace("\r\n", "; "))
        }
        Ok(_) => Part::warn(
            asked,
            format!(
                "nơi khác phục vụ một bản khác: {}",
                text.trim().replace('\n', "; ")
            ),
            "để máy chủ này tự phục vụ chính sách, hoặc sửa bản kia cho trùng",
        ),
        Err(why) => Part::fail(asked, why, "để máy chủ này tự phục vụ chính sách"),
    }
}

async fn reports(patient: &Patient, domain: &str) -> Part {
    let asked = format!("TXT _smtp._tls.{domain}");
    let publish = format!(
        "công bố: _smtp._tls.{domain}. IN TXT \"{}\"",
        records::tls_reports(domain)
    );
    match patient.ask.txt(&format!("_smtp._tls.{domain}")).await {
        Ok(texts) => match texts
            .iter()
            .find(|text| text.starts_with("v=TLSRPTv1") && text.contains("rua="))
        {
            Some(text) => Part::ok(asked, text.clone()),
            None => Part::warn(asked, texts.join(" | "), publish),
        },
        Err(No::None(words)) => Part::warn(asked, words, publish),
        Err(no) => unanswered(asked, &no),
    }
}
