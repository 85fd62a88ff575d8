//! ESMTP parameters of MAIL and RCPT. The values of MAIL are read by smtp-proto; what it would let through (a parameter twice,
//! one we do not offer here) is refused before. Never grants what the door did not offer.  (RFC 5321 §4.1.1.11)

use super::xtext;
use crate::limits::{ENVID_BYTES_MAX, HOLD_SECS_MAX, ORCPT_BYTES_MAX, PARAMETERS_MAX};
use smtp_proto as p;
use smtp_proto::request::parser::Rfc5321Parser;
use std::borrow::Cow;

/// Which extensions this session has been offered; a parameter of any other is 555.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Offers {
    pub starttls: bool,
    pub auth: bool,
    /// Only over TLS (RFC 8689 §4.1).
    pub requiretls: bool,
    /// Only where letters stay here: we do not convert for the next server (RFC 3030 §3).
    pub binarymime: bool,
    /// Only for people who sign in (RFC 6710 §5).
    pub mt_priority: bool,
    /// Only for people who sign in (RFC 4865 §4).
    pub future_release: bool,
}

/// When a letter is to leave (RFC 4865 §5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hold {
    /// After so many seconds.
    For(u64),
    /// At this time, unix seconds.
    Until(u64),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BodyKind {
    #[default]
    Text,
    Binary,
}

/// What MAIL said beside the sender.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MailParams {
    /// Bytes announced; 0 when not announced (RFC 1870).
    pub size: usize,
    pub body: BodyKind,
    pub smtputf8: bool,
    pub requiretls: bool,
    /// "FULL" or "HDRS" (RFC 3461 §4.3).
    pub ret: Option<String>,
    /// Decoded (RFC 3461 §4.4).
    pub envid: Option<String>,
    /// −9 … 9 (RFC 6710).
    pub priority: i8,
    pub hold: Option<Hold>,
}

/// What RCPT said beside the recipient.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RcptParams {
    /// "NEVER" or a list of SUCCESS, FAILURE, DELAY (RFC 3461 §4.1).
    pub notify: Option<String>,
    /// Address type, `;`, xtext (RFC 3461 §4.2); senders who do not wrap their `+` are understood.
    pub orcpt: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ParamFault {
    /// 555 5.5.4 with its name
    Unknown(String),
    /// 501 5.5.4 with its name
    Bad(String),
}

/// Splits and checks names: known to this door, each once, not too many.
fn each(text: &str, known: impl Fn(&str) -> bool) -> Result<Vec<(String, &str)>, ParamFault> {
    let mut seen: Vec<(String, &str)> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let name = name.to_ascii_uppercase();
        if !known(&name) {
            return Err(ParamFault::Unknown(name.chars().take(40).collect()));
        }
        if seen.iter().any(|(other, _)| *other == name) || seen.len() == PARAMETERS_MAX {
            return Err(ParamFault::Bad(name));
        }
        seen.push((name, value));
    }
    Ok(seen)
}

/// Parameters of MAIL.
pub fn mail(text: &str, offers: Offers) -> Result<MailParams, ParamFault> {
    if text.is_empty() {
        return Ok(MailParams::default());
    }
    let known = |name: &str| match name {
        "SIZE" | "BODY" | "SMTPUTF8" | "RET" | "ENVID" => true,
        "AUTH" => offers.auth,
        "REQUIRETLS" => offers.requiretls,
        "MT-PRIORITY" => offers.mt_priority,
        "HOLDFOR" | "HOLDUNTIL" => offers.future_release,
        _ => false,
    };
    let said = each(text, known)?;
    let bad = |name: &str| ParamFault::Bad(name.to_owned());
    let line = format!("{text}\r\n");
    let mut bytes = line.as_bytes().iter();
    let read = Rfc5321Parser::new(&mut bytes)
        .mail_from_parameters(Cow::Borrowed(""))
        .map_err(|fault| match fault {
            p::Error::InvalidParameter { param } => bad(param),
            p::Error::UnsupportedParameter { param } => {
                ParamFault::Bad(param.split('=').next().unwrap_or_default().to_owned())
            }
            _ => bad("MAIL"),
        })?;
    let has = |flag: u64| read.flags & flag != 0;
    if has(p::MAIL_BODY_BINARYMIME) && !offers.binarymime {
        return Err(bad("BODY"));
    }
    let hold = match (read.hold_for, read.hold_until) {
        (0, 0) => None,
        (secs, 0) if secs <= HOLD_SECS_MAX => Some(Hold::For(secs)),
        (0, until) => Some(Hold::Until(until)),
        // Too far away, or both (RFC 4865 §5.1).
        _ => return Err(bad("HOLDFOR")),
    };
    let level = |(name, _): &&(String, &str)| name == "MT-PRIORITY";
    let priority = match said.iter().find(level) {
        Some((_, value)) => level_of(value),
        None => Some(0),
    };
    Ok(MailParams {
        size: read.size,
        body: if has(p::MAIL_BODY_BINARYMIME) {
            BodyKind::Binary
        } else {
            BodyKind::Text
        },
        smtputf8: has(p::MAIL_SMTPUTF8),
        requiretls: has(p::MAIL_REQUIRETLS),
        ret: match (has(p::MAIL_RET_FULL), has(p::MAIL_RET_HDRS)) {
            (true, _) => Some("FULL".into()),
            (_, true) => Some("HDRS".into()),
            _ => None,
        },
        envid: match read.env_id {
            Some(id) if id.len() > ENVID_BYTES_MAX || !printable(&id) => return Err(bad("ENVID")),
            other => other.map(Cow::into_owned),
        },
        priority: priority.ok_or_else(|| bad("MT-PRIORITY"))?,
        hold,
    })
}

/// One digit, with a sign only below zero (RFC 6710 §3).
fn level_of(value: &str) -> Option<i8> {
    let digit = value.strip_prefix('-').unwrap_or(value);
    let fits = digit.len() == 1 && value != "-0";
    value
        .parse()
        .ok()
        .filter(|_| fits && !value.starts_with('+'))
}

/// Parameters of RCPT. Read here: smtp-proto knows no `ORCPT=utf-8;` (RFC 6533 §3) and takes SUCCESS after NEVER.
pub fn rcpt(text: &str) -> Result<RcptParams, ParamFault> {
    let mut params = RcptParams::default();
    for (name, value) in each(text, |name| matches!(name, "NOTIFY" | "ORCPT"))? {
        let fits = match name.as_str() {
            "NOTIFY" => notify_fits(value),
            _ => orcpt_fits(value),
        };
        if !fits {
            return Err(ParamFault::Bad(name));
        }
        match name.as_str() {
            "NOTIFY" => params.notify = Some(value.to_ascii_uppercase()),
            _ => params.orcpt = Some(xtext::mended(value)),
        }
    }
    Ok(params)
}

fn notify_fits(value: &str) -> bool {
    let words: Vec<String> = value.split(',').map(str::to_ascii_uppercase).collect();
    let listed = |word: &String| matches!(word.as_str(), "SUCCESS" | "FAILURE" | "DELAY");
    value.eq_ignore_ascii_case("NEVER") || (words.len() <= 3 && words.iter().all(listed))
}

fn orcpt_fits(value: &str) -> bool {
    let Some((kind, address)) = value.split_once(';') else {
        return false;
    };
    // Any registered type may stand there, "x400" too: it is passed on, not understood.
    let kind_fits =
        !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    value.len() <= ORCPT_BYTES_MAX && kind_fits && !address.is_empty() && printable(address)
}

fn printable(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ALL: Offers = Offers {
        starttls: true,
        auth: true,
        requiretls: true,
        binarymime: true,
        mt_priority: true,
        future_release: true,
    };

    #[test]
    fn mail_parameters() {
        let text =
            "SIZE=1000 body=8bitmime SMTPUTF8 RET=HDRS ENVID=QQ+2B1.a@b AUTH=<> MT-PRIORITY=3";
        let read = mail(text, ALL).unwrap();
        assert_eq!((read.size, read.smtputf8, read.priority), (1000, true, 3));
        assert_eq!(
            (read.ret.as_deref(), read.envid.as_deref()),
            (Some("HDRS"), Some("QQ+1.a@b"))
        );
    }

    #[test]
    fn letters_for_later() {
        let hold = |text: &str| mail(text, ALL).map(|read| read.hold);
        assert_eq!(hold("HOLDFOR=3600"), Ok(Some(Hold::For(3_600))));
        let until = hold("HOLDUNTIL=2026-08-10T10:00:00+07:00");
        assert_eq!(until, Ok(Some(Hold::Until(1_786_330_800))));
        assert_eq!(hold("SIZE=1"), Ok(None));
        for text in [
            "HOLDFOR=0",
            "HOLDFOR=x",
            "HOLDFOR=99999999",
            "HOLDUNTIL=2026-08-10",
            "HOLDUNTIL=tomorrow",
            "HOLDFOR=60 HOLDUNTIL=2026-08-10T03:00:00Z",
        ] {
            assert!(matches!(hold(text), Err(ParamFault::Bad(_))), "{text}");
        }
        let unknown = mail("HOLDFOR=60", Offers::default());
        assert!(matches!(unknown, Err(ParamFault::Unknown(_))));
    }

    #[test]
    fn mail_parameters_refused() {
        let unknown = ["FOO", "FOO=1", "X-Y=1", "SIZES=1", "BODY8=1", "=1"];
        for text in unknown {
            assert!(
                matches!(mail(text, ALL), Err(ParamFault::Unknown(_))),
                "{text}"
            );
        }
        let bad = [
            "SIZE",
            "SIZE=",
            "SIZE=x",
            "SIZE=-1",
            "SIZE=1 SIZE=2",
            "BODY=9BIT",
            "BODY",
            "RET=ALL",
            "SMTPUTF8=1",
            "ENVID=",
            "ENVID=a+0D+0Ab",
            "MT-PRIORITY=10",
            "MT-PRIORITY=+5",
            "MT-PRIORITY=-0",
            "MT-PRIORITY=05",
            "MT-PRIORITY=",
            "MT-PRIORITY=x",
            "REQUIRETLS=yes",
        ];
        for text in bad {
            assert!(
                matches!(mail(text, ALL), Err(ParamFault::Bad(_))),
                "{text} {:?}",
                mail(text, ALL)
            );
        }
        assert_eq!(
            mail("MT-PRIORITY=-9", ALL).map(|read| read.priority),
            Ok(-9)
        );
        let none = Offers::default();
        for text in ["AUTH=<>", "REQUIRETLS", "MT-PRIORITY=1"] {
            assert!(
                matches!(mail(text, none), Err(ParamFault::Unknown(_))),
                "{text}"
            );
        }
        assert!(mail("BODY=BINARYMIME", none).is_err());
    }

    #[test]
    fn rcpt_parameters() {
        let read = rcpt("NOTIFY=success,Delay ORCPT=rfc822;a+2Bb@c.vn").unwrap();
        assert_eq!(read.notify.as_deref(), Some("SUCCESS,DELAY"));
        assert_eq!(read.orcpt.as_deref(), Some("rfc822;a+2Bb@c.vn"));
        let sloppy = rcpt("ORCPT=rfc822;an+to@c.vn").unwrap();
        assert_eq!(sloppy.orcpt.as_deref(), Some("rfc822;an+2Bto@c.vn"));
        assert!(rcpt("ORCPT=x400;/c=vn/").is_ok());
        assert!(rcpt("ORCPT=utf-8;văn@tỉnh.vn").is_ok() && rcpt("NOTIFY=NEVER").is_ok());
        for text in [
            "NOTIFY=",
            "NOTIFY=NEVER,SUCCESS",
            "NOTIFY=SUCCESS,NEVER",
            "ORCPT=a@b",
            "ORCPT=;a",
            "ORCPT=rfc_822;a",
            "ORCPT=rfc822;",
        ] {
            assert!(matches!(rcpt(text), Err(ParamFault::Bad(_))), "{text}");
        }
        assert!(matches!(rcpt("SIZE=1"), Err(ParamFault::Unknown(_))));
    }
}
