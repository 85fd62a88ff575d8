//! Dates of IMAP: days for SEARCH, date-times for APPEND and INTERNALDATE, the Date field of a letter. (RFC 9051 §9, RFC 5322 §3.3)
//!
//! INTERNALDATE is told in Vietnam's time, +0700, and SEARCH's days are Vietnam's days: the country has one zone and no
//! summer time, and the RFC leaves the zone to the server (RFC 9051 §6.4.4).

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const ZONE_MINUTES: i64 = 7 * 60;
const DAY_MS: i64 = 86_400_000;

/// Days since 1970-01-01.
pub type Day = i64;

/// The day of a date of the Gregorian calendar (Howard Hinnant's days_from_civil); None where there is no such date.
pub fn day(year: i64, month: i64, date: i64) -> Option<Day> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&date) {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + date - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let day = era * 146_097 + day_of_era - 719_468;
    (civil(day) == (year, month, date)).then_some(day)
}

/// Year, month and date of a day.
fn civil(day: Day) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, date)
}

/// The day of a moment, in Vietnam.
pub fn day_of(at_ms: i64) -> Day {
    (at_ms + ZONE_MINUTES * 60_000).div_euclid(DAY_MS)
}

fn month(name: &[u8]) -> Option<i64> {
    let place = MONTHS
        .iter()
        .position(|month| month.as_bytes().eq_ignore_ascii_case(name))?;
    i64::try_from(place + 1).ok()
}

fn digits(text: &[u8]) -> Option<i64> {
    let good = (1..=4).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    good.then(|| std::str::from_utf8(text).ok()?.parse().ok())
        .flatten()
}

/// "1-Feb-1994" (date-text).
pub fn parse_day(text: &[u8]) -> Option<Day> {
    let mut pieces = text.splitn(3, |&byte| byte == b'-');
    let date = digits(pieces.next()?)?;
    let month = month(pieces.next()?)?;
    let year = pieces.next().filter(|year| year.len() == 4)?;
    day(digits(year)?, month, date)
}

/// " 7-Feb-1994 22:43:04 -0800" as unix milliseconds (date-time).
pub fn parse_date_time(text: &[u8]) -> Option<i64> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let mut pieces = text.split(|&byte| byte == b' ');
    let day = parse_day(pieces.next()?)?;
    let seconds = time(pieces.next()?)?;
    let zone = zone(pieces.next()?)?;
    if pieces.next().is_some() {
        return None;
    }
    Some((day * 86_400 + seconds - zone * 60) * 1_000)
}

/// "22:43:04" or "22:43" in seconds.
fn time(text: &[u8]) -> Option<i64> {
    let mut pieces = text.split(|&byte| byte == b':').map(digits);
    let (hour, minute) = (pieces.next()??, pieces.next()??);
    let second = pieces.next().unwrap_or(Some(0))?;
    let good = hour < 24 && minute < 60 && second <= 60 && pieces.next().is_none();
    good.then_some(hour * 3_600 + minute * 60 + second.min(59))
}

/// "+0700" in minutes.
fn zone(text: &[u8]) -> Option<i64> {
    let (sign, rest) = text.split_first()?;
    let number = digits(rest).filter(|_| rest.len() == 4)?;
    let minutes = number / 100 * 60 + number % 100;
    match sign {
        b'+' => Some(minutes),
        b'-' => Some(-minutes),
        _ => None,
    }
}

/// The day a letter's Date field names, its time and zone left aside (RFC 9051 §6.4.4, SENTON).
pub fn day_of_field(value: &[u8]) -> Option<Day> {
    let text = match value.iter().position(|&byte| byte == b',') {
        Some(comma) => value.get(comma + 1..)?,
        None => value,
    };
    let mut pieces = text
        .split(u8::is_ascii_whitespace)
        .filter(|piece| !piece.is_empty());
    let date = digits(pieces.next()?)?;
    let month = month(pieces.next()?.get(..3)?)?;
    let year = digits(pieces.next()?)?;
    // Two and three digits: RFC 5322 §4.3.
    let year = match year {
        0..=49 => year + 2_000,
        50..=999 => year + 1_900,
        _ => year,
    };
    day(year, month, date)
}

/// "07-Feb-1994 22:43:04 +0700" in quotes.
pub fn write(out: &mut Vec<u8>, at_ms: i64) {
    let local = at_ms.div_euclid(1_000) + ZONE_MINUTES * 60;
    let (year, month, date) = civil(local.div_euclid(86_400));
    let seconds = local.rem_euclid(86_400);
    let year = year.clamp(0, 9999);
    let name = usize::try_from(month - 1)
        .ok()
        .and_then(|month| MONTHS.get(month));
    two(out, b"\"", date);
    out.push(b'-');
    out.extend_from_slice(name.copied().unwrap_or("Jan").as_bytes());
    two(out, b"-", year / 100);
    two(out, b"", year);
    two(out, b" ", seconds / 3_600);
    two(out, b":", seconds / 60 % 60);
    two(out, b":", seconds % 60);
    out.extend_from_slice(b" +0700\"");
}

fn two(out: &mut Vec<u8>, before: &[u8], number: i64) {
    let number = u8::try_from(number.rem_euclid(100)).unwrap_or(0);
    out.extend_from_slice(before);
    out.extend_from_slice(&[b'0' + number / 10, b'0' + number % 10]);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        for (text, expected) in [
            ("1-Jan-1970", Some(0)),
            ("01-jan-1970", Some(0)),
            ("29-Feb-2024", Some(19_782)),
            ("29-Feb-2023", None),
            ("31-Apr-2024", None),
            ("1-Jan-70", None),
            ("x-Jan-1970", None),
            ("1-Foo-1970", None),
            ("1-Jan-", None),
        ] {
            assert_eq!(parse_day(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn moments_both_ways() {
        for (text, expected, told) in [
            (
                "01-Jan-1970 07:00:00 +0700",
                Some(0),
                "\"01-Jan-1970 07:00:00 +0700\"",
            ),
            (
                " 7-Feb-1994 22:43:04 -0800",
                Some(760_689_784_000),
                "\"08-Feb-1994 13:43:04 +0700\"",
            ),
            (
                "31-Dec-2026 23:59:60 +0000",
                Some(1_798_761_599_000),
                "\"01-Jan-2027 06:59:59 +0700\"",
            ),
            ("7-Feb-1994 24:00:00 +0000", None, ""),
            ("7-Feb-1994 22:43:04", None, ""),
            ("7-Feb-1994 22:43:04 UT", None, ""),
            ("7-Feb-1994 22:43:04 +0000 x", None, ""),
        ] {
            let at = parse_date_time(text.as_bytes());
            assert_eq!(at, expected, "{text}");
            if let Some(at) = at {
                let mut out = Vec::new();
                write(&mut out, at);
                assert_eq!(String::from_utf8(out).unwrap(), told);
            }
        }
    }

    #[test]
    fn date_fields() {
        for (value, expected) in [
            ("Mon, 7 Feb 1994 21:52:25 -0800", day(1994, 2, 7)),
            ("7 February 94", day(1994, 2, 7)),
            (" Sat,  1 Jan 2000 00:00:00", day(2000, 1, 1)),
            ("7 Feb 26", day(2026, 2, 7)),
            ("", None),
            ("tomorrow", None),
            ("Mon,", None),
        ] {
            assert_eq!(day_of_field(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_is_itself() {
        for number in -135_000..150_000 {
            let (year, month, date) = civil(number);
            assert_eq!(day(year, month, date), Some(number));
        }
    }
}
