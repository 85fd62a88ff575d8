//! EHLO and HELO: who the peer says it is, and what it may use here. Believes nothing of the name and refuses none for what
//! it says.  (RFC 5321 §4.1.1.1)

use crate::limits::{DOMAIN_BYTES_MAX, HOLD_SECS_MAX};
use crate::proto::reply::{self, Script};
use crate::proto::{Cx, Hello, State};

pub(super) fn ehlo(state: State, cx: &mut Cx, args: &str) -> State {
    let Some(name) = name_of(args) else {
        cx.fault(&reply::SYNTAX);
        return state;
    };
    cx.script = Script::Ascii;
    let lines = keywords(cx, &name);
    cx.reply_lines(250, &lines);
    State::Greeted(Hello {
        name,
        extended: true,
    })
}

pub(super) fn helo(state: State, cx: &mut Cx, args: &str) -> State {
    let Some(name) = name_of(args) else {
        cx.fault(&reply::SYNTAX);
        return state;
    };
    cx.script = Script::Ascii;
    let lines = [format!("{} at your service, {name}", cx.rules.host_name)];
    cx.reply_lines(250, &lines);
    State::Greeted(Hello {
        name,
        extended: false,
    })
}

/// One printable word; real peers send underscores, bare addresses and worse, and none of it decides anything.
fn name_of(args: &str) -> Option<String> {
    let name = args.trim_matches(' ');
    let fits = !name.is_empty() && name.len() <= DOMAIN_BYTES_MAX;
    (fits && name.chars().all(|c| c.is_ascii_graphic() || !c.is_ascii())).then(|| name.to_owned())
}

/// Only what is honoured is offered.
fn keywords(cx: &Cx, name: &str) -> Vec<String> {
    let offers = cx.offers();
    let limits = &cx.rules.limits;
    let shown: String = name.chars().filter(char::is_ascii).collect();
    let mut lines: Vec<String> = vec![
        format!("{} at your service, {shown}", cx.rules.host_name),
        "PIPELINING".into(),
        format!("SIZE {}", limits.message_bytes_max),
        "8BITMIME".into(),
        "SMTPUTF8".into(),
        "ENHANCEDSTATUSCODES".into(),
        "CHUNKING".into(),
        "DSN".into(),
        format!(
            "LIMITS MAILMAX={} RCPTMAX={}",
            limits.messages_max, limits.recipients_max
        ),
    ];
    if offers.binarymime {
        lines.push("BINARYMIME".into());
    }
    if offers.starttls {
        lines.push("STARTTLS".into());
    }
    if offers.requiretls {
        lines.push("REQUIRETLS".into());
    }
    if offers.auth {
        lines.push("AUTH PLAIN LOGIN".into());
    }
    if offers.mt_priority {
        lines.push("MT-PRIORITY MIXER".into());
    }
    if offers.future_release {
        let until = cx.peer.connected_at / 1_000 + i64::try_from(HOLD_SECS_MAX).unwrap_or(i64::MAX);
        lines.push(format!("FUTURERELEASE {HOLD_SECS_MAX} {}", rfc3339(until)));
    }
    lines
}

/// Unix seconds as RFC 3339 in UTC; civil-from-days after Howard Hinnant.
fn rfc3339(secs: i64) -> String {
    let (days, rest) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (
        doy - (153 * mp + 2) / 5 + 1,
        if mp < 10 { mp + 3 } else { mp - 9 },
    );
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_795_341_600), "2026-11-22T10:00:00Z");
    }
}
