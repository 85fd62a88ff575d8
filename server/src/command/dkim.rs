//! `congthu domain dkim`: where each key of a domain stands, what DNS shows of it, and what is to be published. Only reads.

use crate::fault::Fault;
use crate::office::Office;
use crate::{rotation, wire};
use smtp::dkim::record;
use smtp::dkim::ring::{self, Record, State};

pub async fn show(office: &Office, domain: &str) -> Result<(), Fault> {
    if !office.room.is_local_domain(domain).await? {
        return Err(Fault::failed(
            format!("{domain} không phải tên miền của hệ thống này"),
            format!("{domain} is not a domain of this installation"),
        )
        .remedy("xem `congthu domain list`", "see `congthu domain list`"));
    }
    let config = &office.config;
    let folder = config.keys().join("dkim");
    let held = ring::held(&folder, domain).map_err(|cause| {
        Fault::failed(
            format!("không đọc được khóa DKIM: {cause}"),
            format!("cannot read the DKIM keys: {cause}"),
        )
    })?;
    if held.is_empty() {
        println!("{domain}: chưa có khóa; máy chủ sẽ tạo trong vòng một giờ");
        return Ok(());
    }
    let resolver = wire::resolver(&config.outbound.dns, false)?;
    let keep = rotation::rules(config).keep;
    for one in &held {
        let seen = match record(&resolver, one).await {
            Record::Published => "DNS: đã có",
            Record::Missing => "DNS: CHƯA CÓ",
            Record::Unknown => "DNS: không trả lời",
        };
        let state = match one.state {
            State::Prepared => "chờ công bố".to_owned(),
            State::Seen => "đã thấy trong DNS, sắp dùng".to_owned(),
            State::Signing => "đang ký".to_owned(),
            State::Retired => format!(
                "đã nghỉ; giữ bản ghi đến {}",
                mailroom::time::spoken(one.since.saturating_add(keep))
            ),
        };
        println!(
            "{} ({}): {state} từ {}; {seen}",
            one.key.selector(),
            one.key.algorithm().word(),
            mailroom::time::spoken(one.since)
        );
    }
    println!("\nBản ghi DNS cần công bố / DNS records to publish:\n");
    for one in &held {
        let line = crate::records::txt(&one.key.record_name(), &one.key.record_text());
        println!("{line}");
    }
    Ok(())
}
