//! Check 23: the key that phones trust, and what push services answer.

use super::Part;
use super::patient::Patient;
use super::state::{office, unread};
use crate::command::trace::local_time;

pub async fn check(patient: &Patient) -> Vec<Part> {
    vec![key(patient), devices(patient).await]
}

fn key(patient: &Patient) -> Part {
    let path = patient.config.keys().join("vapid.pem");
    let asked = format!("khóa thông báo đẩy {}", path.display());
    let remedy = "khôi phục tệp này từ bản sao lưu; nếu tạo khóa mới, mọi người phải bật lại thông báo trên điện thoại";
    match std::fs::read_to_string(&path) {
        Ok(text) => match push::Vapid::from_pem(&text) {
            Ok(_) => Part::ok(asked, "đọc được"),
            Err(why) => Part::fail(asked, why.to_string(), remedy),
        },
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Part::fail(
            asked,
            "không có",
            "chạy congthu serve một lần để tạo, hoặc khôi phục từ bản sao lưu",
        ),
        Err(why) => Part::fail(asked, why.to_string(), remedy),
    }
}

async fn devices(patient: &Patient) -> Part {
    let asked = "thiết bị nhận thông báo";
    let office = match office(patient, asked) {
        Ok(office) => office,
        Err(part) => return part,
    };
    let answers = match office.store.push_answers().await {
        Ok(answers) => answers,
        Err(why) => return unread(asked, &why),
    };
    let all: u64 = answers.iter().map(|one| one.devices).sum();
    let failing: u64 = answers.iter().map(|one| one.failing).sum();
    if all == 0 {
        return Part::skipped(asked, "chưa có thiết bị nào đăng ký nên chưa biết");
    }
    let last = answers.iter().filter_map(|one| one.last_push_at).max();
    let codes: Vec<String> = answers
        .iter()
        .filter(|one| one.failing > 0)
        .map(|one| match one.code {
            0 => format!("{} thiết bị chưa được trả lời", one.failing),
            code => format!("{} thiết bị bị trả lời {code}", one.failing),
        })
        .collect();
    let last = last.map_or("chưa gửi lần nào".to_owned(), |at| {
        format!("lần cuối thành công {}", local_time(at))
    });
    let answered = format!(
        "{all} thiết bị, {failing} đang lỗi; {last}; {}",
        codes.join(", ")
    );
    let remedy = "cho phép máy này ra Internet qua cổng 443 tới dịch vụ đẩy (FCM, Mozilla, Apple); 401/403: khóa đã đổi, khôi phục vapid.pem";
    match failing {
        0 => Part::ok(asked, format!("{all} thiết bị, không lỗi; {last}")),
        some if some * 2 > all => Part::fail(asked, answered, remedy),
        some if some * 10 > all => Part::warn(asked, answered, remedy),
        _ => Part::ok(asked, answered),
    }
}
