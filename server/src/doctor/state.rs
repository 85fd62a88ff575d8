//! Checks 17, 18 and 22: what waits and why, what lies in quarantine, how far back the traces reach.

use super::Part;
use super::patient::Patient;
use crate::command::trace::local_time;
use crate::office::Office;

const HOUR_MS: i64 = 3_600 * 1_000;
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// Rows named in a finding; a person reads no more.
const NAMED: i64 = 5;
/// Days that traces and logs are kept at least. (Decree 331/2026, level 3)
const RETENTION_FLOOR_DAYS: i64 = 90;
/// What services on the Internet keep. (Decree 53/2022)
const RETENTION_USUAL_DAYS: i64 = 365;

/// The opened installation, or the finding that it did not open.
pub fn office<'a>(patient: &'a Patient, asked: &str) -> Result<&'a Office, Part> {
    patient.office.as_ref().map_err(|why| {
        Part::fail(
            asked,
            format!("không mở được kho dữ liệu: {why}"),
            "kiểm tra [database] và site.data trong cấu hình, và máy chủ PostgreSQL nếu dùng",
        )
    })
}

/// A question to the store that failed.
pub fn unread(asked: &str, why: &store::Error) -> Part {
    Part::skipped(asked, format!("không đọc được kho dữ liệu: {why}"))
}

/// Check 17.
pub async fn queue(patient: &Patient) -> Vec<Part> {
    let office = match office(patient, "hàng đợi") {
        Ok(office) => office,
        Err(part) => return vec![part],
    };
    vec![
        waiting(office).await,
        failing(office).await,
        unencrypted(office).await,
    ]
}

async fn waiting(office: &Office) -> Part {
    let asked = "thư đang chờ gửi";
    let counts = match office.store.outbox_counts().await {
        Ok(counts) => counts,
        Err(why) => return unread(asked, &why),
    };
    let number = counts.due + counts.leased + counts.held;
    let Some(oldest) = counts.oldest_at else {
        return Part::ok(asked, "không có thư nào chờ");
    };
    let top = office.store.outbox_top_domains(5).await.unwrap_or_default();
    let top: Vec<String> = top
        .iter()
        .map(|(domain, rows)| format!("{domain} {rows}"))
        .collect();
    let hours = (office.room.now() - oldest) / HOUR_MS;
    let answered = format!(
        "{number} người nhận đang chờ ({} bị giữ), lâu nhất {hours} giờ (từ {}); nhiều nhất: {}",
        counts.held,
        local_time(oldest),
        top.join(", ")
    );
    let remedy = "xem lý do từng thư: congthu queue list";
    match hours {
        0..4 => Part::ok(asked, answered),
        4..24 => Part::warn(asked, answered, remedy),
        _ => Part::fail(asked, answered, remedy),
    }
}

async fn failing(office: &Office) -> Part {
    let asked = "miền gửi không được, 24 giờ qua";
    match office
        .store
        .failing_domains(office.room.now() - DAY_MS, NAMED)
        .await
    {
        Ok(rows) if rows.is_empty() => Part::ok(asked, "không có"),
        Ok(rows) => {
            let shown: Vec<String> = rows
                .iter()
                .map(|row| {
                    format!(
                        "{} {} lần (“{}”)",
                        row.name,
                        row.times,
                        super::ask::short(&row.example)
                    )
                })
                .collect();
            let answered = shown.join("; ");
            match rows.iter().any(|row| row.times >= 20) {
                true => Part::warn(
                    asked,
                    answered,
                    "xem congthu queue list --domain MIỀN; nếu nơi kia từ chối ta, xem mục 3, 5, 6, 15",
                ),
                false => Part::ok(asked, answered),
            }
        }
        Err(why) => unread(asked, &why),
    }
}

async fn unencrypted(office: &Office) -> Part {
    let asked = "thư đi không mã hóa vì lỗi TLS của nơi nhận, 24 giờ qua";
    match office
        .store
        .unencrypted_hosts(office.room.now() - DAY_MS, NAMED)
        .await
    {
        Ok(rows) if rows.is_empty() => Part::ok(asked, "không có"),
        Ok(rows) => {
            let shown: Vec<String> = rows
                .iter()
                .map(|row| format!("{} {} lần ({})", row.name, row.times, row.example))
                .collect();
            Part::warn(
                asked,
                shown.join("; "),
                "báo quản trị các máy chủ này: TLS của họ hỏng; thư vẫn tới nhưng đọc trộm được trên đường",
            )
        }
        Err(why) => unread(asked, &why),
    }
}

/// Check 18.
pub async fn quarantine(patient: &Patient) -> Vec<Part> {
    let asked = "thư cách ly quá 2 ngày";
    let office = match office(patient, asked) {
        Ok(office) => office,
        Err(part) => return vec![part],
    };
    let part = match office
        .store
        .quarantined_before(office.room.now() - 2 * DAY_MS)
        .await
    {
        Ok((0, _)) => Part::ok(asked, "không có"),
        Ok((number, first)) => Part::warn(
            asked,
            format!(
                "{number} thư, từ {}",
                first.map(local_time).unwrap_or_default()
            ),
            "người nhận xem ở Thêm > Thư bị cách ly, lấy về hoặc xóa; nhắc họ, hoặc xem thư nào: congthu trace --to ĐỊA_CHỈ",
        ),
        Err(why) => unread(asked, &why),
    };
    vec![part]
}

/// Check 22.
pub async fn retention(patient: &Patient) -> Vec<Part> {
    let mut parts = vec![kept_for(i64::from(patient.config.trace.keep_days))];
    let asked = "hành trình thư đang có";
    let office = match office(patient, asked) {
        Ok(office) => office,
        Err(part) => return vec![part],
    };
    parts.push(match office.store.oldest_trace().await {
        Ok(Some(since)) => {
            let days = (office.room.now() - since) / DAY_MS;
            Part::ok(asked, format!("từ {} ({days} ngày)", local_time(since)))
        }
        Ok(None) => Part::ok(asked, "chưa có thư nào"),
        Err(why) => unread(asked, &why),
    });
    parts
}

fn kept_for(days: i64) -> Part {
    let asked = "trace.keep_days";
    let answered = format!("hành trình thư được giữ {days} ngày");
    let remedy = format!("đặt keep_days = {RETENTION_USUAL_DAYS} trong [trace]");
    match days {
        _ if days < RETENTION_FLOOR_DAYS => Part::fail(
            asked,
            format!("{answered}, dưới {RETENTION_FLOOR_DAYS} ngày"),
            remedy,
        ),
        _ if days < RETENTION_USUAL_DAYS => Part::warn(asked, answered, remedy),
        _ => Part::ok(asked, answered),
    }
}
