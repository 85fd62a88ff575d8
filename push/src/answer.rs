//! What a push service's answer means for a device (RFC 8030 §5, §7). Pure.

use crate::limits;
use mailroom::device::Pushed;

/// One answer, or none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Status and the seconds of `Retry-After`.
    Status(u16, Option<i64>),
    /// Nobody answered in time, or the connection failed.
    Silence,
    /// The endpoint may not be contacted from here.
    Forbidden,
}

/// `now` is unix ms.
pub fn meaning(answer: Answer, now: i64) -> Pushed {
    let later =
        |secs: i64| Pushed::Later(now + secs.clamp(1, limits::RETRY_AFTER_SECS_MAX) * 1_000);
    match answer {
        Answer::Status(200..=299, _) => Pushed::Done,
        // The subscription is no more (§7.3).
        Answer::Status(404 | 410, _) => Pushed::Gone,
        Answer::Status(429 | 500..=599, retry_after) => {
            later(retry_after.unwrap_or(limits::RETRY_SECS))
        }
        // Moved or something we do not speak: it is not ours to follow.
        Answer::Status(code, _) => Pushed::Refused(code),
        Answer::Silence => later(limits::RETRY_SECS),
        Answer::Forbidden => Pushed::Refused(0),
    }
}

/// Seconds of a `Retry-After` field; the date form is taken as absent (RFC 9110 §10.2.3).
pub fn retry_after(field: &str) -> Option<i64> {
    field.trim().parse().ok().filter(|secs| *secs >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_decide() {
        let rows = [
            (Answer::Status(201, None), Pushed::Done),
            (Answer::Status(202, None), Pushed::Done),
            (Answer::Status(404, None), Pushed::Gone),
            (Answer::Status(410, None), Pushed::Gone),
            (Answer::Status(403, None), Pushed::Refused(403)),
            (Answer::Status(400, None), Pushed::Refused(400)),
            (Answer::Status(413, None), Pushed::Refused(413)),
            (Answer::Status(301, None), Pushed::Refused(301)),
            (Answer::Status(429, Some(3)), Pushed::Later(4_000)),
            (Answer::Status(429, None), Pushed::Later(61_000)),
            (
                Answer::Status(429, Some(i64::MAX)),
                Pushed::Later(86_401_000),
            ),
            (Answer::Status(503, Some(0)), Pushed::Later(2_000)),
            (Answer::Silence, Pushed::Later(61_000)),
            (Answer::Forbidden, Pushed::Refused(0)),
        ];
        for (answer, expected) in rows {
            assert_eq!(meaning(answer, 1_000), expected, "{answer:?}");
        }
    }

    #[test]
    fn retry_after_is_seconds() {
        let rows = [
            ("120", Some(120)),
            (" 3 ", Some(3)),
            ("-1", None),
            ("Fri, 31 Dec 1999 23:59:59 GMT", None),
            ("", None),
        ];
        for (field, secs) in rows {
            assert_eq!(retry_after(field), secs, "{field}");
        }
    }
}
