//! Times as officials write them: dd/mm/yyyy HH:mm in Asia/Ho_Chi_Minh, whatever zone the server runs in. Pure.

use jiff::tz::Offset;
use jiff::{Timestamp, civil};

/// Indochina time: UTC+7 without summer time since 1975.
fn civil_at(unix_ms: i64) -> civil::DateTime {
    let stamp = Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    Offset::constant(7).to_datetime(stamp)
}

/// "20/11/2026 08:43"
pub fn full(unix_ms: i64) -> String {
    let at = civil_at(unix_ms);
    format!(
        "{:02}/{:02}/{:04} {:02}:{:02}",
        at.day(),
        at.month(),
        at.year(),
        at.hour(),
        at.minute()
    )
}

/// "20/11/2026"
pub fn day(unix_ms: i64) -> String {
    let at = civil_at(unix_ms);
    format!("{:02}/{:02}/{:04}", at.day(), at.month(), at.year())
}

/// "08:43"
pub fn hour(unix_ms: i64) -> String {
    let at = civil_at(unix_ms);
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// For `<time datetime>`: "2026-11-20T08:43:10+07:00".
pub fn machine(unix_ms: i64) -> String {
    let at = civil_at(unix_ms);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+07:00",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// The start of a day here, from a date field ("2026-11-18"); `None` for anything else.
pub fn day_start(written: &str) -> Option<i64> {
    let day = written.trim().parse::<civil::Date>().ok()?;
    let start = Offset::constant(7).to_timestamp(day.at(0, 0, 0, 0)).ok()?;
    Some(start.as_millisecond())
}

/// The day of a moment as a date field holds it: "2026-11-18".
pub fn field_day(unix_ms: i64) -> String {
    civil_at(unix_ms).date().to_string()
}

/// Whole calendar days from one moment to another: 0 today, 1 tomorrow, -2 the day before yesterday.
pub fn days_between(from_ms: i64, to_ms: i64) -> i64 {
    let day = |ms: i64| (ms + 7 * 3_600_000).div_euclid(86_400_000);
    day(to_ms) - day(from_ms)
}

/// An ISO date of a document ("2026-11-18") as dd/mm/yyyy; anything else as it came.
pub fn iso_date(written: &str) -> String {
    match written.trim().parse::<civil::Date>() {
        Ok(day) => format!("{:02}/{:02}/{:04}", day.day(), day.month(), day.year()),
        Err(_) => written.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 1_795_138_990_000; // 2026-11-20T01:43:10Z

    #[test]
    fn local_time_is_ho_chi_minh_time() {
        assert_eq!(full(AT), "20/11/2026 08:43");
        assert_eq!(hour(AT), "08:43");
        assert_eq!(machine(AT), "2026-11-20T08:43:10+07:00");
        // 23:30 UTC is already tomorrow morning here.
        assert_eq!(full(1_795_217_400_000), "21/11/2026 06:30");
    }

    #[test]
    fn days_turn_at_local_midnight() {
        assert_eq!(days_between(AT, AT + 3_600_000), 0);
        assert_eq!(days_between(AT, AT + 16 * 3_600_000), 1);
        assert_eq!(days_between(AT, AT - 2 * 86_400_000), -2);
    }

    #[test]
    fn date_fields_are_days_here() {
        assert_eq!(
            day_start("2026-11-20").map(full).as_deref(),
            Some("20/11/2026 00:00")
        );
        assert_eq!(field_day(AT), "2026-11-20");
        assert_eq!(day_start("20/11/2026"), None);
        assert_eq!(day_start(""), None);
    }

    #[test]
    fn document_dates_are_written_our_way() {
        assert_eq!(iso_date("2026-11-18"), "18/11/2026");
        assert_eq!(iso_date("sớm"), "sớm");
    }
}
