//! EHLO and HELO: who the peer says it is, and what it may use here. Believes nothing of the name and refuses none for what
//! it says.  (RFC 5321 §4.1.1.1)

use crate::limits::{DOMAIN_BYTES_MAX, HOLD_SECS_MAX};
use crate::proto::reply::{self, Script};
use crate::proto::{Cx, Hello, State};
use mailroom::time::rfc3339;

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
        lines.push(match (cx.rules.scram, cx.exporter.is_some()) {
            (true, true) => "AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN".into(),
            (true, false) => "AUTH SCRAM-SHA-256 PLAIN LOGIN".into(),
            (false, _) => "AUTH PLAIN LOGIN".into(),
        });
    }
    if let (true, Some(opened_at)) = (offers.future_release, cx.opened_at) {
        let longest = i64::try_from(HOLD_SECS_MAX).unwrap_or(0);
        let last = rfc3339(opened_at.saturating_add(longest.saturating_mul(1_000)));
        lines.push(format!("FUTURERELEASE {HOLD_SECS_MAX} {last}"));
    }
    if offers.mt_priority {
        lines.push("MT-PRIORITY MIXER".into());
    }
    lines
}
