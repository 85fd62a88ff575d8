//! Times as letters and document systems write them. Takes unix milliseconds; knows no clock.

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned, civil};

/// Viet Nam has one offset all year; a fixed one needs no time zone database.
pub(crate) fn vietnam() -> TimeZone {
    TimeZone::fixed(Offset::constant(7))
}

/// "Sat, 21 Nov 2026 21:52:18 +0700" (RFC 5322 §3.3).
#[must_use]
pub fn mail_date(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let zoned = Zoned::new(at, vietnam());
    jiff::fmt::rfc2822::to_string(&zoned)
        .unwrap_or_else(|_| "Thu, 1 Jan 1970 07:00:00 +0700".into())
}

/// "2026-11-21T21:52:18+07:00".
#[must_use]
pub fn rfc3339(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.display_with_offset(Offset::constant(7)).to_string()
}

/// RFC 3339 with its offset; without one it is refused, as nobody can know what was meant.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    text.trim()
        .parse::<Timestamp>()
        .ok()
        .map(|at| at.as_millisecond())
}

/// Midnight in Viet Nam at the start of a day.
pub(crate) fn day_start(year: i16, month: i8, day: i8) -> Option<i64> {
    let midnight = civil::Date::new(year, month, day)
        .ok()?
        .to_zoned(vietnam())
        .ok()?;
    Some(midnight.timestamp().as_millisecond())
}

/// "dd/mm/yyyy", "dd-mm-yyyy" or "yyyy-mm-dd" as the start of that day in Viet Nam.
#[must_use]
pub fn parse_day(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split(['/', '-', '.']).collect();
    let [one, two, three] = parts.as_slice() else {
        return None;
    };
    if one.len() == 4 {
        day_start(one.parse().ok()?, two.parse().ok()?, three.parse().ok()?)
    } else {
        day_start(three.parse().ok()?, two.parse().ok()?, one.parse().ok()?)
    }
}

/// "21/11/2026 08:12" as people in Viet Nam write it.
#[must_use]
pub fn spoken(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    Zoned::new(at, vietnam())
        .strftime("%d/%m/%Y %H:%M")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_viet_nam() {
        let at = 1_795_272_738_000;
        assert_eq!(mail_date(at), "Sat, 21 Nov 2026 21:52:18 +0700");
        assert_eq!(rfc3339(at), "2026-11-21T21:52:18+07:00");
        assert_eq!(spoken(at), "21/11/2026 21:52");
        assert_eq!(parse_rfc3339(&rfc3339(at)), Some(at));
    }

    #[test]
    fn times_without_offset_are_refused() {
        for (text, at) in [
            ("1970-01-01T07:00:00+07:00", Some(0)),
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01T07:00:00", None),
            ("2026-02-30T07:00:00+07:00", None),
            ("hôm nay", None),
        ] {
            assert_eq!(parse_rfc3339(text), at, "{text}");
        }
    }

    #[test]
    fn days_are_read() {
        for (text, at) in [
            ("01/01/1970", Some(-25_200_000)),
            ("1/1/1970", Some(-25_200_000)),
            ("1970-01-02", Some(61_200_000)),
            ("30/02/2026", None),
            ("2026", None),
            ("x/y/z", None),
        ] {
            assert_eq!(parse_day(text), at, "{text}");
        }
    }
}
