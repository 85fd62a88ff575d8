//! Checks 19 and 21: room on the disk and in the mailboxes, and whether there is a fresh backup that was once restored.

use super::patient::Patient;
use super::state::{office, unread};
use super::{Part, limits};
use crate::command::trace::local_time;
use std::path::Path;
use std::time::SystemTime;

/// Percent free below which mail will soon be refused, and below which somebody should look.
const FREE_FAIL: u64 = 5;
const FREE_WARN: u64 = 15;

/// Check 19.
pub async fn disk(patient: &Patient) -> Vec<Part> {
    let mut parts = space(&patient.config.site.data);
    match office(patient, "hạn mức hộp thư") {
        Ok(office) => parts.push(quotas(office).await),
        Err(part) => parts.push(part),
    }
    parts
}

fn space(folder: &Path) -> Vec<Part> {
    let shown = folder.display();
    let asked = format!("dung lượng trống ở {shown}");
    let found = match rustix::fs::statvfs(folder) {
        Ok(found) => found,
        Err(why) => {
            return vec![Part::fail(
                asked,
                why.to_string(),
                "kiểm tra site.data trong cấu hình và ổ đĩa có được gắn không",
            )];
        }
    };
    let gigabytes = found.f_bavail.saturating_mul(found.f_frsize) / (1 << 30);
    let mut parts = vec![level(
        asked,
        found.f_bavail,
        found.f_blocks,
        &format!("{gigabytes} GB"),
    )];
    // Some file systems count no inodes: nothing can run out there.
    if found.f_files > 0 {
        let asked = format!("số tệp còn tạo được (inode) ở {shown}");
        parts.push(level(
            asked,
            found.f_favail,
            found.f_files,
            &found.f_favail.to_string(),
        ));
    }
    parts
}

fn level(asked: String, free: u64, all: u64, shown: &str) -> Part {
    let percent = free.saturating_mul(100).checked_div(all).unwrap_or(0);
    let answered = format!("còn trống {percent} % ({shown})");
    let remedy =
        "thêm đĩa hoặc chuyển site.data sang ổ lớn hơn; xem thư mục nào lớn: du -xh --max-depth=2";
    match percent {
        _ if percent < FREE_FAIL => Part::fail(asked, answered, remedy),
        _ if percent < FREE_WARN => Part::warn(asked, answered, remedy),
        _ => Part::ok(asked, answered),
    }
}

async fn quotas(office: &crate::office::Office) -> Part {
    let asked = "hộp thư đầy hoặc sắp đầy";
    let (fullness, fullest) =
        match tokio::try_join!(office.store.fullness(), office.store.fullest(5)) {
            Ok(found) => found,
            Err(why) => return unread(asked, &why),
        };
    let named: Vec<String> = fullest
        .iter()
        .map(|(address, used, quota)| {
            format!(
                "{address} {} %",
                used.saturating_mul(100).checked_div(*quota).unwrap_or(0)
            )
        })
        .collect();
    let answered = format!(
        "{} trên {} hộp dùng quá 90 %, {} hộp đầy; {}",
        fullness.nearly,
        fullness.accounts,
        fullness.full,
        named.join(", ")
    );
    match (fullness.full, fullness.nearly) {
        (0, 0) => Part::ok(asked, format!("không có, trong {} hộp", fullness.accounts)),
        (0, _) => Part::warn(
            asked,
            answered,
            "nhắc người dùng dọn thư, hoặc tăng dung lượng: congthu account quota ĐỊA_CHỈ SỐ_GB",
        ),
        _ => Part::warn(
            asked,
            answered,
            "người có hộp đầy không nhận được thư: giúp họ dọn, hoặc tăng dung lượng: congthu account quota ĐỊA_CHỈ SỐ_GB",
        ),
    }
}

/// Check 21.
pub async fn backup(patient: &Patient) -> Vec<Part> {
    let told = &patient.config.doctor;
    let last = match &told.backup {
        None => Part::skipped("bản sao lưu gần nhất", "chưa khai báo nơi để bản sao lưu nên chưa biết")
            .remedy("ghi backup = \"/thư/mục\" vào [doctor]; sao lưu ít nhất mỗi ngày, giữ một bản ở nơi khác"),
        Some(folder) => aged(
            format!("bản sao lưu gần nhất trong {}", folder.display()),
            newest(folder),
            told.backup_hours_max,
            "chạy lại việc sao lưu và xem vì sao nó dừng",
        ),
    };
    let restored = match &told.restore_test {
        None => Part::skipped("lần thử phục hồi gần nhất", "chưa khai báo tệp đánh dấu nên chưa biết")
            .remedy("thử phục hồi ra một thư mục khác, rồi: touch TỆP, và ghi restore_test = \"TỆP\" vào [doctor]"),
        Some(file) => aged(
            format!("lần thử phục hồi gần nhất ({})", file.display()),
            std::fs::metadata(file).and_then(|meta| meta.modified()).map_err(|why| why.to_string()),
            told.restore_days_max.saturating_mul(24),
            "thử phục hồi một bản sao lưu ra thư mục khác rồi chạm (touch) tệp này",
        ),
    };
    vec![last, restored]
}

fn aged(asked: String, at: Result<SystemTime, String>, hours_max: i64, remedy: &str) -> Part {
    let at = match at {
        Ok(at) => at,
        Err(why) => return Part::fail(asked, why, remedy),
    };
    let since_epoch = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let ms = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
    let hours = SystemTime::now()
        .duration_since(at)
        .unwrap_or_default()
        .as_secs()
        / 3_600;
    let answered = format!("{}, cách đây {hours} giờ", local_time(ms));
    match i64::try_from(hours).is_ok_and(|hours| hours <= hours_max) {
        true => Part::ok(asked, answered),
        false => Part::fail(asked, format!("{answered}, quá {hours_max} giờ"), remedy),
    }
}

/// When the newest file directly in a folder was written.
fn newest(folder: &Path) -> Result<SystemTime, String> {
    let listing = std::fs::read_dir(folder).map_err(|why| why.to_string())?;
    let times = listing
        .take(limits::BACKUP_FILES)
        .flatten()
        .filter_map(|entry| entry.metadata().ok()?.modified().ok());
    times
        .max()
        .ok_or_else(|| "thư mục trống: chưa có bản sao lưu nào".into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::finding::Status;
    use super::*;

    #[test]
    fn backups_grow_old() {
        let folder = tempfile::tempdir().unwrap();
        let asked = || "bản".to_owned();
        assert_eq!(
            aged(asked(), newest(folder.path()), 26, "").status,
            Status::Fail
        );
        let file = std::fs::File::create(folder.path().join("a.tar")).unwrap();
        assert_eq!(
            aged(asked(), newest(folder.path()), 26, "").status,
            Status::Ok
        );
        file.set_modified(SystemTime::now() - std::time::Duration::from_secs(27 * 3_600))
            .unwrap();
        assert_eq!(
            aged(asked(), newest(folder.path()), 26, "").status,
            Status::Fail
        );
        assert_eq!(
            aged(asked(), newest(Path::new("/khong/co")), 26, "").status,
            Status::Fail
        );
    }

    #[test]
    fn space_runs_out_in_steps() {
        for (free, status) in [
            (50, Status::Ok),
            (14, Status::Warn),
            (4, Status::Fail),
            (0, Status::Fail),
        ] {
            assert_eq!(level(String::new(), free, 100, "").status, status);
        }
    }
}
