//! Mailboxes that grow full: their owners are told at 80 % and at 90 %, once each; and the reserve of the disk, below which
//! no letter is taken rather than lost. Decides nothing about whose letter it is.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use store::{Filling, PrincipalId};

use crate::{Error, Mailroom, limits};

/// What the last look at the disk found.
pub(crate) struct Disk {
    looked_at: AtomicI64,
    is_full: AtomicBool,
}

impl Default for Disk {
    fn default() -> Self {
        Disk {
            looked_at: AtomicI64::new(i64::MIN),
            is_full: AtomicBool::new(false),
        }
    }
}

/// The step an account stands at: 0, 80 or 90 per cent. Going down it lags by five, so that a mailbox that moves about a
/// step is not told of it every day.
fn step(used: i64, quota: i64, told: i64) -> i64 {
    let reaches = |per_cent: i64| used >= quota / 100 * per_cent;
    match told {
        _ if reaches(90) => 90,
        90 if reaches(85) => 90,
        _ if reaches(80) => 80,
        80.. if reaches(75) => 80,
        _ => 0,
    }
}

fn gigabytes(bytes: i64) -> String {
    let tenths = bytes / 100_000_000;
    format!("{},{} GB", tenths / 10, tenths % 10)
}

impl Mailroom {
    /// Tells owners of mailboxes that crossed 80 % or 90 % since the last time. Runs by itself every minute.
    pub async fn warn_of_quotas(&self) -> Result<usize, Error> {
        let mut told = 0;
        for one in self.store().filling().await? {
            let step = step(one.used_bytes, one.quota_bytes, one.told);
            // Noted first: a letter too few is better than one every minute.
            if step == one.told || !self.store().filling_told(one, step).await? || step < one.told {
                continue;
            }
            self.warn_of_quota(one, step).await?;
            told += 1;
        }
        Ok(told)
    }

    async fn warn_of_quota(&self, one: Filling, step: i64) -> Result<(), Error> {
        let Some(owner) = self
            .store()
            .principal(PrincipalId::from(one.account))
            .await?
        else {
            return Ok(());
        };
        let text = format!(
            "Hộp thư {} đã dùng {} trong {} (trên {step} %).\n\n\
             Khi đầy, bạn không gửi và lưu thêm được; quá 110 % thì thư mới gửi đến bị từ chối và người gửi được báo.\n\n\
             Cần làm: xóa thư có tệp lớn không cần nữa (kể cả trong Thư đã gửi), dọn Thùng rác và Thư rác, hoặc nhờ quản \
             trị đơn vị tăng dung lượng.\n",
            owner.address,
            gigabytes(one.used_bytes),
            gigabytes(one.quota_bytes),
        );
        let subject = format!("Hộp thư sắp đầy: đã dùng trên {step} %");
        match self.tell(&owner.address, &subject, &text).await {
            Ok(()) => Ok(()),
            Err(Error::Later(why)) => Err(Error::Later(why)),
            Err(cause) => {
                tracing::warn!(account = %one.account, %cause, "a warning of a full mailbox was not delivered");
                Ok(())
            }
        }
    }

    /// Whether the disk is below its reserve: then nothing is taken, as it might not be kept.
    pub(crate) fn is_disk_full(&self) -> bool {
        let reserve = self.policy().disk_reserve_percent;
        if reserve == 0 {
            return false;
        }
        let (disk, now) = (&self.0.disk, self.now());
        let looked_at = disk.looked_at.load(Ordering::Acquire);
        if (0..limits::DISK_LOOK_EVERY_MS).contains(&now.saturating_sub(looked_at)) {
            return disk.is_full.load(Ordering::Acquire);
        }
        let full = match self.store().disk_blocks() {
            Ok((free, whole)) => free < whole / 100 * u64::from(reserve),
            Err(cause) => {
                tracing::warn!(%cause, "the room on the disk cannot be seen");
                false
            }
        };
        if full && !disk.is_full.swap(full, Ordering::AcqRel) {
            tracing::error!(reserve, "the disk is below its reserve: no letter is taken");
        }
        disk.is_full.store(full, Ordering::Release);
        disk.looked_at.store(now, Ordering::Release);
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_rise_at_once_and_fall_late() {
        for (used, told, expected) in [
            (790, 0, 0),
            (800, 0, 80),
            (899, 80, 80),
            (900, 80, 90),
            (900, 0, 90),
            (1_200, 90, 90),
            (860, 90, 90),
            (840, 90, 80),
            (760, 80, 80),
            (760, 90, 80),
            (740, 80, 0),
            (740, 90, 0),
        ] {
            assert_eq!(step(used, 1_000, told), expected, "{used} after {told}");
        }
        assert_eq!(gigabytes(5_368_709_120), "5,3 GB");
    }
}
