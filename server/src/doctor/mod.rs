//! `congthu doctor`: 27 checks of an installation, all at once, each with its evidence and its remedy. Changes nothing but
//! one test letter that it takes away again. What cannot be known honestly is skipped, never called good.

mod ask;
mod clock;
mod dane;
mod der;
mod dns;
mod finding;
mod limits;
mod mail;
mod patient;
mod people;
mod policy;
mod push;
mod reach;
mod round;
mod show;
mod sign;
mod spf;
mod state;
mod storage;
mod talk;
mod tls;

pub use ask::{Ask, No};
pub use finding::{Finding, Part, exit_code};
pub use patient::Patient;
pub use show::{evidence, json, table};

use std::sync::Arc;
use std::time::Instant;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Number, name for scripts, title, why it matters.
type Check = (u8, &'static str, &'static str, &'static str);

#[rustfmt::skip]
pub const CHECKS: [Check; 27] = [
    (1, "mx", "Bản ghi MX", "MX cho nơi khác biết thư gửi cho ta phải đưa tới máy nào. Sai MX thì không ai gửi thư tới được."),
    (2, "address", "Địa chỉ máy chủ (A/AAAA)", "Tên máy chủ phải dẫn tới đúng địa chỉ mà chương trình đang mở cổng."),
    (3, "ptr", "Tên ngược (PTR)", "Gmail và nhiều nơi từ chối thư từ địa chỉ không có tên ngược khớp. Nhà mạng cấp địa chỉ đặt bản ghi này."),
    (4, "helo", "Tên tự giới thiệu (HELO)", "Khi gửi thư, máy chủ xưng tên; tên đó phải trùng với tên ngược của địa chỉ."),
    (5, "spf", "SPF", "SPF liệt kê máy nào được gửi thư mang tên miền của ta. Thiếu hoặc sai thì thư rơi vào thư rác."),
    (6, "dkim", "DKIM", "Mỗi thư gửi đi có chữ ký; nơi nhận lấy khóa trong DNS để kiểm tra thư không bị giả mạo."),
    (7, "dmarc", "DMARC", "DMARC nói nơi khác phải làm gì với thư mạo danh miền của ta, và báo cáo về đâu."),
    (8, "transport", "Cam kết mã hóa (MTA-STS, TLS-RPT, DANE)", "Giúp nơi khác biết phải mã hóa khi gửi thư cho ta, không bị nghe lén trên đường."),
    (9, "certificate", "Chứng thư", "Chứng thư sai tên hoặc hết hạn: trình duyệt và phần mềm thư báo lỗi, người dùng không vào được."),
    (10, "old-domains", "Các miền cũ và miền khác", "Sau sáp nhập, thư gửi vào địa chỉ cũ vẫn phải tới đây."),
    (11, "port25", "Cổng 25 hai chiều", "Máy chủ thư nói chuyện với nhau qua cổng 25; tường lửa hoặc nhà mạng chặn thì thư đứng lại."),
    (12, "relay", "Không chuyển thư hộ người lạ", "Máy chủ nhận chuyển thư cho bất kỳ ai sẽ bị kẻ gửi thư rác lợi dụng và bị đưa vào danh sách chặn."),
    (13, "postmaster", "postmaster@ và abuse@", "Nơi khác viết vào hai địa chỉ này khi có sự cố; bắt buộc phải nhận được."),
    (14, "filter", "Lọc thư đến", "Lọc quá tay thì thư thật bị mất hút; cần biết đang lọc bằng gì và nhầm bao nhiêu."),
    (15, "listed", "Danh sách chặn công khai", "Nếu địa chỉ của ta nằm trong danh sách chặn, thư gửi đi bị nhiều nơi từ chối."),
    (16, "resolver", "Máy chủ tên miền (DNS) đang dùng", "Gửi và kiểm tra thư đều phải hỏi DNS; DNS chậm hoặc đi nhờ dịch vụ công cộng thì kết quả không tin được."),
    (17, "queue", "Hàng đợi gửi đi", "Thư nằm chờ lâu là dấu hiệu đường gửi có vấn đề."),
    (18, "quarantine", "Thư bị cách ly", "Thư cách ly để quá lâu không ai xem cũng như mất."),
    (19, "disk", "Đĩa và hạn mức", "Hết đĩa thì không nhận được thư nào; hộp đầy thì người đó không nhận được thư."),
    (20, "clock", "Đồng hồ", "Đồng hồ sai làm sai ngày giờ thư, chữ ký và đăng nhập hai lớp."),
    (21, "backup", "Sao lưu", "Có bản sao lưu mới và đã thử phục hồi thì mới cứu được khi hỏng máy."),
    (22, "retention", "Lưu nhật ký", "Quy định yêu cầu giữ nhật ký ít nhất 3 tháng; nên 12 tháng để trả lời “thư của tôi đâu?”."),
    (23, "push", "Thông báo đẩy", "Khóa hỏng hoặc dịch vụ đẩy từ chối thì điện thoại không báo thư mới."),
    (24, "sources", "Phần mềm văn bản", "Phần mềm văn bản im lặng bất thường nghĩa là văn bản mới không được báo."),
    (25, "people", "Tài khoản và đơn vị", "Tài khoản bỏ lâu là chỗ hở; đơn vị không có văn thư thì văn bản không ai nhận."),
    (26, "self-test", "Thư tự gửi cho mình", "Một lá thư đi qua đúng địa chỉ công khai, vào hộp thư, tới điện thoại: bằng chứng chắc nhất rằng mọi thứ chạy."),
    (27, "round-trip", "Thư đi vòng ra ngoài", "Gửi tới một hộp thư bên ngoài rồi nhận lại: bằng chứng rằng cả hai chiều thông."),
];

/// Examines; the findings in the order of their numbers.
pub async fn examine(patient: &Arc<Patient>, numbers: &[u8]) -> Vec<Finding> {
    let mut running = JoinSet::new();
    for check in CHECKS.iter().filter(|check| numbers.contains(&check.0)) {
        let patient = Arc::clone(patient);
        running.spawn(async move { one(&patient, *check).await });
    }
    let mut findings = Vec::new();
    while let Some(finished) = running.join_next().await {
        match finished {
            Ok(finding) => findings.push(finding),
            Err(cause) => tracing::error!(%cause, "a check ended without a word"),
        }
    }
    findings.sort_by_key(|finding: &Finding| finding.number);
    findings
}

async fn one(patient: &Patient, (number, name, title, why): Check) -> Finding {
    let since = Instant::now();
    let parts = match timeout(limits::CHECK, parts(patient, number)).await {
        Ok(parts) => parts,
        Err(_) => vec![Part::skipped(
            title,
            format!(
                "chưa xong sau {} giây nên chưa biết",
                limits::CHECK.as_secs()
            ),
        )],
    };
    Finding {
        number,
        name,
        title,
        why,
        status: finding::worst(parts.iter().map(|part| part.status)),
        parts,
        millis: u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

async fn parts(patient: &Patient, number: u8) -> Vec<Part> {
    match number {
        1 => dns::mx(patient, std::slice::from_ref(&patient.config.site.domain)).await,
        2 => dns::address(patient).await,
        3 => dns::ptr(patient).await,
        4 => dns::helo(patient).await,
        5 => spf::check(patient).await,
        6 => sign::dkim(patient).await,
        7 => sign::dmarc(patient).await,
        8 => policy::check(patient).await,
        9 => tls::check(patient).await,
        10 => dns::old_domains(patient).await,
        11 => reach::port25(patient).await,
        12 => mail::relay(patient).await,
        13 => mail::postmaster(patient).await,
        14 => reach::filter(patient).await,
        15 => reach::listed(patient).await,
        16 => reach::resolver(patient).await,
        17 => state::queue(patient).await,
        18 => state::quarantine(patient).await,
        19 => storage::disk(patient).await,
        20 => clock::check(patient).await,
        21 => storage::backup(patient).await,
        22 => state::retention(patient).await,
        23 => push::check(patient).await,
        24 => people::sources(patient).await,
        25 => people::check(patient).await,
        26 => round::self_test(patient).await,
        27 => round::outside(patient).await,
        _ => Vec::new(),
    }
}
