//! Quarantine: letters that may harm whoever opens them are taken like all others and kept apart. Their owner sees each on a
//! page of its own, takes it or removes it, and is told once a day. No mail program and no search shows them, and nothing
//! attached can be opened there. Whether a letter belongs here is said by its attached files or by an engine, not by this page.

use store::{
    AccountId, Delivery, LocalCopy, NewEvent, PrincipalId, QuarantineId, Quarantined, Role, Target,
    Untold,
};

use crate::letter::Letter;
use crate::{Access, Error, Mailroom, Right, derive, limits};

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;
/// The day of the last digest, days since 1970 in Viet Nam.
const TOLD_DAY: &str = "quarantine.told_day";

/// Endings of files that a computer runs when they are opened: programs, scripts, short cuts and disk images for Windows,
/// packages for phones. What large public mail systems refuse outright.
const PROGRAMS: [&str; 42] = [
    "apk", "appx", "bat", "chm", "cmd", "com", "cpl", "dll", "dmg", "exe", "hta", "img", "ins",
    "iso", "isp", "jar", "js", "jse", "lnk", "mde", "msc", "msi", "msix", "msp", "mst", "pif",
    "ps1", "reg", "scr", "sct", "shb", "sys", "vb", "vbe", "vbs", "vhd", "vhdx", "wim", "wsc",
    "wsf", "wsh", "xll",
];

/// The first attached file that a computer would run.
pub(crate) fn program(letter: &Letter) -> Option<String> {
    let runs = |name: &str| {
        // Windows leaves out dots and spaces at the end of a name.
        let name = name.trim_end_matches(['.', ' ']);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        PROGRAMS.contains(&ending.to_ascii_lowercase().as_str())
    };
    let mut files = letter.attachments.iter();
    files
        .find(|file| file.named && runs(&file.name))
        .map(|file| file.name.clone())
}

/// "Sat 08:43" is of no use to an official: day, month, hour.
fn local_time(at: i64) -> String {
    let text = crate::time::rfc3339(at);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    format!("{}/{} {}", part(8, 10), part(5, 7), part(11, 16))
}

impl Access {
    /// Letters kept apart, newest first, older than `before`.
    pub async fn quarantine(
        &self,
        before: Option<QuarantineId>,
    ) -> Result<Vec<Quarantined>, Error> {
        self.need(Right::Read).await?;
        let store = self.room().store();
        Ok(store
            .quarantine(self.account(), before, limits::QUARANTINE_ROWS)
            .await?)
    }

    pub async fn quarantine_count(&self) -> Result<u64, Error> {
        self.need(Right::Read).await?;
        Ok(self.room().store().quarantine_count(self.account()).await?)
    }

    /// Into the Inbox, as it came; the trace says who took it. `Missing` when somebody ended it before.
    pub async fn quarantine_release(&self, id: QuarantineId) -> Result<(), Error> {
        self.need(Right::Write).await?;
        let (room, store) = (self.room(), self.room().store());
        let one = store.quarantine_one(self.account(), id).await?;
        let one = one.ok_or(Error::Missing)?;
        if room.is_disk_full() {
            return Err(Error::Later("the disk is below its reserve".into()));
        }
        let raw = store.body(one.body).await?;
        let delivery = Delivery {
            trace: None,
            body: derive::body(store, room.now(), raw).await?,
            copies: vec![LocalCopy {
                account: self.account(),
                target: Target::Role(Role::Inbox),
                flags: 0,
                keywords: Vec::new(),
                received_at: one.received_at,
                recipient: String::new(),
            }],
            submission: None,
            replaces: Vec::new(),
        };
        self.quarantine_end(&one, Some(delivery), "released").await
    }

    /// For ever; the trace says who removed it. `Missing` when somebody ended it before.
    pub async fn quarantine_remove(&self, id: QuarantineId) -> Result<(), Error> {
        self.need(Right::Write).await?;
        let store = self.room().store();
        let one = store.quarantine_one(self.account(), id).await?;
        self.quarantine_end(&one.ok_or(Error::Missing)?, None, "removed")
            .await
    }

    async fn quarantine_end(
        &self,
        one: &Quarantined,
        delivery: Option<Delivery>,
        word: &'static str,
    ) -> Result<(), Error> {
        let event = NewEvent {
            recipient: one.recipient.clone(),
            event: word,
            code: None,
            detail: self.actor().address.clone(),
        };
        let (room, store) = (self.room(), self.room().store());
        let ended = store
            .quarantine_end(self.account(), one.id, delivery, room.now(), event)
            .await?;
        ended.then_some(()).ok_or(Error::Missing)
    }
}

impl Mailroom {
    /// Once a day, owners are told of letters kept apart since the last time; how many owners. Told first and noted then:
    /// a second digest is better than none.
    pub async fn tell_of_quarantine(&self) -> Result<usize, Error> {
        let minutes = self.now().div_euclid(MINUTE_MS) + 7 * 60;
        let (day, minute) = (
            minutes.div_euclid(DAY_MINUTES),
            minutes.rem_euclid(DAY_MINUTES),
        );
        let last = self.store().setting(TOLD_DAY).await?;
        let done = last
            .and_then(|day| day.parse().ok())
            .is_some_and(|last: i64| last >= day);
        if minute < limits::QUARANTINE_TOLD_MINUTE || done {
            return Ok(0);
        }
        let owners = self
            .store()
            .quarantine_untold(limits::QUARANTINE_TOLD_AT_ONCE)
            .await?;
        for one in &owners {
            self.tell_of_letters(*one).await?;
            self.store().quarantine_told(*one).await?;
        }
        if owners.len() < limits::QUARANTINE_TOLD_AT_ONCE {
            self.store().setting_set(TOLD_DAY, &day.to_string()).await?;
        }
        Ok(owners.len())
    }

    async fn tell_of_letters(&self, one: Untold) -> Result<(), Error> {
        let Some(owner) = self
            .store()
            .principal(PrincipalId::from(one.account))
            .await?
        else {
            return Ok(());
        };
        let text = self.digest(one.account).await?;
        let subject = format!("Có {} thư bị cách ly", one.letters);
        match self.tell(&owner.address, &subject, &text).await {
            Ok(()) => Ok(()),
            Err(Error::Later(why)) => Err(Error::Later(why)),
            Err(cause) => {
                tracing::warn!(account = %one.account, %cause, "a digest of letters kept apart was not delivered");
                Ok(())
            }
        }
    }

    async fn digest(&self, account: AccountId) -> Result<String, Error> {
        let rows = self
            .store()
            .quarantine(account, None, limits::QUARANTINE_ROWS)
            .await?;
        let mut text =
            "Các thư sau có thể gây hại nên được giữ riêng, chưa vào hộp thư:\n\n".to_owned();
        for row in &rows {
            let who = match row.from_name.trim() {
                "" => row.from_address.clone(),
                name => format!("{name} ({})", row.from_address),
            };
            text.push_str(&format!(
                "- {}, {who}: {}\n",
                local_time(row.received_at),
                row.subject
            ));
        }
        text.push_str(
            "\nCần làm: mở trang thư, chọn Thêm, Thư bị cách ly. Chỉ lấy thư về khi chắc chắn biết người gửi và đang chờ tệp \
             đó; nếu không, hãy xóa. Thư không bị xóa khi bạn chưa chọn.\n",
        );
        Ok(text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_their_names() {
        for (name, runs) in [
            ("hoa don.pdf.EXE", true),
            ("anh.scr. ", true),
            ("Công văn.docx", false),
            ("exe", false),
            ("bao cao.js", true),
            ("bao cao.json", false),
        ] {
            let raw = format!(
                "From: a@x.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n\
                 Content-Type: application/octet-stream; name=\"{name}\"\r\n\r\nMZ\r\n--b--\r\n"
            );
            let letter = crate::letter::read(raw.as_bytes());
            assert_eq!(program(&letter).is_some(), runs, "{name}");
        }
    }

    #[test]
    fn times_are_those_of_the_office() {
        assert_eq!(local_time(1_795_138_990_000), "20/11 08:43");
    }
}
