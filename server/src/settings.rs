//! Tables of the configuration that stand on their own: the promise of encryption (MTA-STS), the help desk, and what the doctor
//! is told. Values and their checks; opens nothing.

use crate::fault::{Words, words};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// What our domains promise other servers about encryption. (RFC 8461)
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MtaSts {
    pub mode: StsMode,
    /// Days other servers keep the promise; weeks are usual (RFC 8461 §3.2).
    pub max_age_days: u64,
    /// Names of the MX hosts; empty is site.host_name alone.
    pub mx: Vec<String>,
    /// Another mode for single domains.
    pub domains: BTreeMap<String, StsMode>,
}

impl Default for MtaSts {
    fn default() -> Self {
        MtaSts {
            mode: StsMode::Testing,
            max_age_days: 14,
            mx: Vec::new(),
            domains: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StsMode {
    /// Takes an earlier promise back.
    None,
    /// Deliver all the same and report.
    Testing,
    /// Do not deliver without a valid certificate.
    Enforce,
}

impl StsMode {
    pub fn word(self) -> &'static str {
        match self {
            StsMode::None => "none",
            StsMode::Testing => "testing",
            StsMode::Enforce => "enforce",
        }
    }
}

/// Whom people call who cannot get in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HelpDesk {
    pub name: String,
    pub phone: String,
}

impl HelpDesk {
    /// "Trung tâm CNTT, 0290 3xx xxx", or "" when nobody is named.
    pub fn line(&self) -> String {
        let parts = [self.name.trim(), self.phone.trim()];
        let named: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        named.join(", ")
    }
}

/// What `congthu doctor` cannot find out by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Doctor {
    /// Public addresses of this host as others see them; needed behind NAT. Empty: what DNS says of site.host_name.
    pub addresses: Vec<IpAddr>,
    /// Block lists our own addresses are looked up in.
    pub lists: Vec<String>,
    /// A domain with well-kept mail servers, to try port 25 outwards.
    pub probe: String,
    /// An NTP server, "host:123".
    pub time: String,
    /// Local address that gets the letter of the self-test; "" is postmaster of site.domain.
    pub mailbox: String,
    /// A mailbox elsewhere that sends everything on to `mailbox`; "" leaves the round trip out.
    pub outside: String,
    /// Folder where backups are put; the newest file is the last backup.
    pub backup: Option<PathBuf>,
    pub backup_hours_max: i64,
    /// A file touched whenever a backup was restored as a trial.
    pub restore_test: Option<PathBuf>,
    pub restore_days_max: i64,
}

impl Default for Doctor {
    fn default() -> Self {
        Doctor {
            addresses: Vec::new(),
            lists: vec!["zen.spamhaus.org".into(), "bl.spamcop.net".into()],
            probe: "gmail.com".into(),
            time: "vn.pool.ntp.org:123".into(),
            mailbox: String::new(),
            outside: String::new(),
            backup: None,
            backup_hours_max: 26,
            restore_test: None,
            restore_days_max: 180,
        }
    }
}

type Wrong = (&'static str, Words, Words);

/// Characters of a name on the sign-in page.
const DESK_NAME_MAX: usize = 120;
/// Characters of a telephone number with its blanks and an extension.
const DESK_PHONE_MAX: usize = 40;

/// What the types cannot say.
pub fn check(sts: &MtaSts, desk: &HelpDesk, doctor: &Doctor) -> Result<(), Wrong> {
    let need = |holds: bool, key, reason: (&str, &str), remedy: (&str, &str)| match holds {
        true => Ok(()),
        false => Err((key, words(reason.0, reason.1), words(remedy.0, remedy.1))),
    };
    need(
        (1..=365).contains(&sts.max_age_days),
        "mta_sts.max_age_days",
        ("ngoài khoảng 1 đến 365 ngày", "is outside 1 to 365 days"),
        ("giá trị thường dùng: 14", "a usual value is 14"),
    )?;
    let plain = |name: &String| {
        !name.is_empty()
            && name.len() <= 253
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'*'))
    };
    need(
        sts.mx.iter().all(plain),
        "mta_sts.mx",
        (
            "có tên máy chủ không hợp lệ",
            "names a host that is no name",
        ),
        (
            "viết như [\"thu.tinh.gov.vn\"]",
            "write it like [\"thu.tinh.gov.vn\"]",
        ),
    )?;
    need(
        desk.name.chars().count() <= DESK_NAME_MAX && !desk.name.contains(char::is_control),
        "help_desk.name",
        (
            "dài quá 120 ký tự hoặc có ký tự điều khiển",
            "is over 120 characters or has control characters",
        ),
        (
            "viết như \"Trung tâm Công nghệ thông tin\"",
            "write it like \"IT centre\"",
        ),
    )?;
    let digit =
        |c: char| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '.' | '(' | ')' | '/');
    need(
        desk.phone.len() <= DESK_PHONE_MAX
            && desk.phone.chars().all(digit)
            && (desk.phone.is_empty() || desk.phone.contains(|c: char| c.is_ascii_digit())),
        "help_desk.phone",
        ("không phải số điện thoại", "is not a telephone number"),
        (
            "viết như \"0290 3831 234\"",
            "write it like \"0290 3831 234\"",
        ),
    )?;
    let local = |address: &String| address.is_empty() || address.contains('@');
    need(
        local(&doctor.mailbox) && local(&doctor.outside),
        if local(&doctor.mailbox) {
            "doctor.outside"
        } else {
            "doctor.mailbox"
        },
        ("không phải địa chỉ thư", "is not a mail address"),
        (
            "viết như \"kiemtra@tinh.gov.vn\", hoặc để \"\"",
            "write it like \"test@tinh.gov.vn\", or leave \"\"",
        ),
    )?;
    need(
        doctor.time.is_empty()
            || doctor
                .time
                .rsplit_once(':')
                .is_some_and(|(_, port)| port.parse::<u16>().is_ok()),
        "doctor.time",
        ("không phải máy:cổng", "is not host:port"),
        (
            "viết như \"vn.pool.ntp.org:123\"",
            "write it like \"vn.pool.ntp.org:123\"",
        ),
    )?;
    need(
        (1..=24 * 366).contains(&doctor.backup_hours_max)
            && (1..=3_660).contains(&doctor.restore_days_max),
        "doctor.backup_hours_max",
        ("ngoài khoảng cho phép", "is outside the range allowed"),
        (
            "giá trị thường dùng: 26 giờ và 180 ngày",
            "usual values are 26 hours and 180 days",
        ),
    )
}

/// Name server addresses that are asked when the configuration names none.
pub fn system_name_servers() -> Vec<SocketAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"))
        .filter_map(|rest| rest.trim().parse::<IpAddr>().ok())
        .map(|ip| SocketAddr::new(ip, 53))
        .take(8)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_desk_is_one_line() {
        let desk = |name: &str, phone: &str| HelpDesk {
            name: name.into(),
            phone: phone.into(),
        };
        for (name, phone, line) in [
            ("", "", ""),
            ("Trung tâm CNTT", "", "Trung tâm CNTT"),
            ("", "0290 1", "0290 1"),
            ("Trung tâm CNTT", "0290 1", "Trung tâm CNTT, 0290 1"),
        ] {
            assert_eq!(desk(name, phone).line(), line);
        }
        for (name, phone, good) in [
            ("Phòng Một cửa", "+84 (290) 3831.234", true),
            ("Phòng\nMột cửa", "", false),
            ("", "gọi Lan", false),
            ("", "---", false),
        ] {
            let checked = check(&MtaSts::default(), &desk(name, phone), &Doctor::default());
            assert_eq!(checked.is_ok(), good, "{name:?} {phone:?}");
        }
    }
}
