//! Date header to unix milliseconds (RFC 5322 §3.3 and the obsolete forms of §4.3). Returns nothing rather than a
//! guess; reads no clock.

/// The instant of a raw Date value.
pub(crate) fn parse(raw: &[u8]) -> Option<i64> {
    let text = String::from_utf8_lossy(raw);
    let text = text.split('(').next()?;
    let mut words = text
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
        .peekable();
    if words
        .peek()
        .is_some_and(|word| word.starts_with(|c: char| c.is_alphabetic()))
    {
        words.next();
    }
    let day: i64 = words.next()?.parse().ok()?;
    let month = month(words.next()?)?;
    let year = year(words.next()?)?;
    let mut clock = words
        .next()?
        .split(':')
        .map(|part| part.parse::<i64>().ok());
    let (hour, minute) = (clock.next()??, clock.next()??);
    let second = clock.next().flatten().unwrap_or(0);
    if !(1..=31).contains(&day)
        || !(0..24).contains(&hour)
        || !(0..60).contains(&minute)
        || !(0..=60).contains(&second)
    {
        return None;
    }
    let offset = words.next().map_or(0, offset_minutes);
    let seconds =
        days_from_epoch(year, month, day) * 86_400 + hour * 3_600 + (minute - offset) * 60 + second;
    Some(seconds * 1_000)
}

fn month(word: &str) -> Option<i64> {
    let names = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let word = word.to_ascii_lowercase();
    names
        .iter()
        .position(|name| word.starts_with(name))
        .and_then(|at| i64::try_from(at + 1).ok())
}

/// Two-digit years as RFC 5322 §4.3 reads them.
fn year(word: &str) -> Option<i64> {
    let year: i64 = word.parse().ok()?;
    match (word.len(), year) {
        (2, 0..=49) => Some(year + 2000),
        (2 | 3, _) => Some(year + 1900),
        (4, 1900..=9999) => Some(year),
        _ => None,
    }
}

fn offset_minutes(zone: &str) -> i64 {
    let named = match zone.to_ascii_uppercase().as_str() {
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        "ICT" => 7,
        _ => 0,
    };
    let Some(digits) = zone.strip_prefix(['+', '-']).filter(|d| d.len() == 4) else {
        return named * 60;
    };
    let Ok(number) = digits.parse::<i64>() else {
        return 0;
    };
    let minutes = number / 100 * 60 + number % 100;
    if zone.starts_with('-') {
        -minutes
    } else {
        minutes
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_every_age() {
        for (raw, want) in [
            ("Thu, 1 Jan 1970 07:00:00 +0700", Some(0)),
            (
                "Fri, 1 Nov 2024 01:00:00 +0700 (ICT)",
                Some(1_730_397_600_000),
            ),
            ("1 Nov 04 00:00 GMT", Some(1_099_267_200_000)),
            ("Mon, 29 Feb 2024 12:00:00 -0130", Some(1_709_213_400_000)),
            ("yesterday", None),
            ("", None),
            ("Mon, 99 Foo 2024", None),
        ] {
            assert_eq!(parse(raw.as_bytes()), want, "{raw}");
        }
    }
}
