//! Checks 24 and 25: document systems that fell silent, people who do not come, units nobody answers for.

use super::Part;
use super::patient::Patient;
use super::state::{DAY_MS, office, unread};
use crate::command::trace::local_time;

/// Days without a sign-in after which an account sleeps. (DOMAIN: level 3)
const IDLE_DAYS: i64 = 45;
/// A source's usual pace is learned from this many days.
const PACE_DAYS: i64 = 30;
/// Silent this many times its usual pause, and at least these days (weekends).
const SILENT_TIMES: i64 = 5;
const SILENT_DAYS: i64 = 3;
/// Days before a token ends in which somebody should make the next.
const TOKEN_DAYS: i64 = 14;
/// Sources and units named; a person reads no more.
const NAMED: i64 = 10;

/// Check 24.
pub async fn sources(patient: &Patient) -> Vec<Part> {
    let asked = "phần mềm văn bản";
    let office = match office(patient, asked) {
        Ok(office) => office,
        Err(part) => return vec![part],
    };
    let now = office.room.now();
    let heard = match office
        .store
        .sources_heard(now - PACE_DAYS * DAY_MS, 100)
        .await
    {
        Ok(heard) => heard,
        Err(why) => return vec![unread(asked, &why)],
    };
    if heard.is_empty() {
        return vec![Part::ok(asked, "chưa nối phần mềm văn bản nào")];
    }
    heard
        .iter()
        .flat_map(|source| [silence(source, now), token(source, now)])
        .collect()
}

fn silence(source: &store::Heard, now: i64) -> Part {
    let asked = format!("{} ({})", source.name, source.code);
    let remedy = "hỏi bên vận hành phần mềm văn bản: còn chạy không, mã truy cập còn hạn không, mạng có tới được máy này không";
    let Some(last) = source.last_at else {
        let young = now - source.created_at < PACE_DAYS * DAY_MS;
        return match young {
            true => Part::skipped(asked, "mới nối, chưa gửi văn bản nào"),
            false => Part::warn(
                asked,
                format!("{PACE_DAYS} ngày qua không gửi văn bản nào"),
                remedy,
            ),
        };
    };
    let pause = PACE_DAYS * DAY_MS / i64::try_from(source.assignments.max(1)).unwrap_or(i64::MAX);
    let silent = now - last;
    let answered = format!(
        "{} văn bản trong {PACE_DAYS} ngày, gần nhất {}",
        source.assignments,
        local_time(last)
    );
    match silent > (SILENT_TIMES * pause).max(SILENT_DAYS * DAY_MS) {
        true => Part::warn(
            asked,
            format!("{answered}: im lặng lâu hơn thường lệ"),
            remedy,
        ),
        false => Part::ok(asked, answered),
    }
}

fn token(source: &store::Heard, now: i64) -> Part {
    let asked = format!("mã truy cập của {}", source.code);
    let until = format!("đến {}", local_time(source.token_expires_at));
    let remedy =
        "tạo mã truy cập mới cho phần mềm này (congthu source add) và đưa cho bên vận hành nó";
    match source.token_expires_at - now {
        left if left <= 0 => Part::fail(asked, format!("đã hết hạn ({until})"), remedy),
        left if left < TOKEN_DAYS * DAY_MS => {
            Part::warn(asked, format!("sắp hết hạn ({until})"), remedy)
        }
        _ => Part::ok(asked, until),
    }
}

/// Check 25.
pub async fn check(patient: &Patient) -> Vec<Part> {
    let asked = "tài khoản cá nhân";
    let office = match office(patient, asked) {
        Ok(office) => office,
        Err(part) => return vec![part],
    };
    let now = office.room.now();
    let mut parts = vec![
        match office.store.attendance(now - IDLE_DAYS * DAY_MS).await {
            Ok(found) if found.away == 0 => Part::ok(
                asked,
                format!(
                    "{} người, ai cũng vào trong {IDLE_DAYS} ngày qua",
                    found.people
                ),
            ),
            Ok(found) => Part::warn(
                asked,
                format!(
                    "{} trên {} người quá {IDLE_DAYS} ngày không đăng nhập, {} người chưa bao giờ",
                    found.away, found.people, found.never
                ),
                "gửi danh sách cho từng đơn vị; giúp họ vào lại bằng phiếu (congthu account reset-link), hoặc khóa tài khoản không dùng",
            ),
            Err(why) => unread(asked, &why),
        },
    ];
    parts.push(match office.store.units_without_clerk(now, NAMED).await {
        Ok(units) if units.is_empty() => Part::ok("văn thư của đơn vị", "đơn vị nào cũng có"),
        Ok(units) => {
            let named: Vec<String> = units
                .iter()
                .map(|(code, name)| format!("{name} ({code})"))
                .collect();
            Part::warn(
                "văn thư của đơn vị",
                format!(
                    "chưa có ở: {}{}",
                    named.join(", "),
                    if units.len() >= 10 { ", …" } else { "" }
                ),
                "giao văn thư giữ hộp thư đơn vị: congthu member set HỘP_THƯ_ĐƠN_VỊ ĐỊA_CHỈ_VĂN_THƯ",
            )
        }
        Err(why) => unread("văn thư của đơn vị", &why),
    });
    parts.push(codes(office).await);
    parts
}

/// Agency codes look like 000.00.12.H99. (Decision 20/2020/QĐ-TTg)
fn is_agency_code(code: &str) -> bool {
    let groups: Vec<&str> = code.split('.').collect();
    let digits = |group: &str, len: usize| {
        group.len() == len && group.bytes().all(|byte| byte.is_ascii_digit())
    };
    match groups.as_slice() {
        [first, second, third, province] => {
            digits(first, 3)
                && digits(second, 2)
                && digits(third, 2)
                && province.starts_with(|c: char| c.is_ascii_uppercase())
        }
        _ => false,
    }
}

async fn codes(office: &crate::office::Office) -> Part {
    let asked = "mã định danh của đơn vị";
    match office.store.units_all().await {
        Ok(units) => {
            let strange: Vec<&str> = units
                .iter()
                .filter(|unit| !unit.closed && !is_agency_code(&unit.code))
                .map(|unit| unit.name.as_str())
                .collect();
            let first = strange
                .iter()
                .take(10)
                .copied()
                .collect::<Vec<_>>()
                .join(", ");
            match strange.len() {
                0 => Part::ok(asked, format!("cả {} đơn vị đều có", units.len())),
                some => Part::warn(
                    asked,
                    format!(
                        "{some} trên {} đơn vị chưa có mã dạng 000.00.12.H99: {first}",
                        units.len()
                    ),
                    "lấy mã theo quyết định của tỉnh (Quyết định 20/2020/QĐ-TTg) rồi ghi cho đơn vị; không có mã thì vẫn dùng thư được",
                ),
            }
        }
        Err(why) => unread(asked, &why),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;

    #[test]
    fn silence_is_measured_against_the_usual_pace() {
        let now = 1_000 * DAY_MS;
        let source = |assignments, last_days: Option<i64>| store::Heard {
            code: "qlvb".into(),
            name: "QLVB".into(),
            token_expires_at: 0,
            created_at: 0,
            last_at: last_days.map(|days| now - days * DAY_MS),
            assignments,
        };
        for (assignments, last, status) in [
            (300, Some(1), Status::Ok),
            (300, Some(4), Status::Warn),
            (3, Some(20), Status::Ok),
            (0, None, Status::Warn),
        ] {
            assert_eq!(
                silence(&source(assignments, last), now).status,
                status,
                "{assignments} {last:?}"
            );
        }
        let young = store::Heard {
            created_at: now - DAY_MS,
            ..source(0, None)
        };
        assert_eq!(silence(&young, now).status, Status::Skipped);
    }

    #[test]
    fn codes_are_known() {
        for (code, good) in [
            ("000.00.12.H99", true),
            ("000.00.00.H49", true),
            ("SNV", false),
            ("000.0.12.H99", false),
        ] {
            assert_eq!(is_agency_code(code), good, "{code}");
        }
    }
}
