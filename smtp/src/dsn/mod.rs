//! Delivery status notifications (RFC 3464, RFC 3461 §6) in Vietnamese and English: a sentence that says what happened and what
//! to do, a part for programs, and the original or its header. Pure: values in, bytes out; sends nothing.

pub mod words;

use crate::outbound::body::crlf;
use crate::outbound::limits;
use crate::proto::xtext;
use mail_builder::encoders::{Base64Encoder, QuotedPrintableEncoder};
use mailroom::time::{mail_date, spoken};
use std::fmt::Write as _;
use words::words;

/// What happened to a recipient (RFC 3464 §2.3.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    Failed,
    Delayed,
    /// Handed to a server that reports no success itself.
    Relayed,
    /// In the recipient's mailbox here.
    Delivered,
    /// Given to everybody behind the address; no more is told of them (RFC 3461 §6.2.7.3).
    Expanded,
}

impl Action {
    fn word(self) -> &'static str {
        match self {
            Action::Failed => "failed",
            Action::Delayed => "delayed",
            Action::Relayed => "relayed",
            Action::Delivered => "delivered",
            Action::Expanded => "expanded",
        }
    }

    fn is_success(self) -> bool {
        matches!(self, Action::Relayed | Action::Delivered | Action::Expanded)
    }

    /// Does the sender want to hear of it (RFC 3461 §4.1)? Without NOTIFY: failures and delays.
    pub fn is_wanted(self, notify: Option<&str>) -> bool {
        let Some(notify) = notify.map(str::to_ascii_uppercase) else {
            return !self.is_success();
        };
        let has = |word: &str| notify.split(',').any(|part| part.trim() == word);
        match self {
            _ if has("NEVER") => false,
            Action::Failed => has("FAILURE"),
            Action::Delayed => has("DELAY"),
            Action::Relayed | Action::Delivered | Action::Expanded => has("SUCCESS"),
        }
    }
}

/// One recipient's part of a report.
#[derive(Clone, Debug)]
pub struct Told {
    pub recipient: String,
    pub orcpt: Option<String>,
    pub action: Action,
    /// Enhanced code, e.g. "5.1.1".
    pub status: String,
    /// The other server, "" when none was reached.
    pub host: String,
    /// Its words with the code, "" when it said nothing.
    pub said: String,
    /// Unix ms.
    pub at: i64,
    /// For delays: when we give up.
    pub until: Option<i64>,
}

/// All that goes into one report; all recipients share one action.
pub struct Report<'a> {
    pub host_name: &'a str,
    /// Address the report comes from (the envelope sender is null).
    pub postmaster: &'a str,
    /// The sender of the original: who is told.
    pub to: &'a str,
    pub now: i64,
    /// When the original was handed to us.
    pub arrived_at: i64,
    pub trace: i64,
    pub envid: Option<&'a str>,
    /// RET of the original: "FULL" or "HDRS".
    pub ret: Option<&'a str>,
    pub told: &'a [Told],
    pub original: &'a [u8],
}

/// The status to report: the server's own, else the class with ".0.0".
pub fn status_of(action: Action, enhanced: Option<&str>, code: Option<u16>) -> String {
    let class = match action {
        Action::Failed => '5',
        Action::Delayed => '4',
        Action::Relayed | Action::Delivered | Action::Expanded => '2',
    };
    match (enhanced, code) {
        // A failure after many 4yz stays what the server said, in the class of what we did about it.
        (Some(enhanced), _) if enhanced.len() > 2 => {
            format!("{class}{}", enhanced.get(1..).unwrap_or_default())
        }
        // Basic codes with a fixed meaning (RFC 5321 §4.2.3).
        (_, Some(550 | 553)) => "5.1.1".into(),
        (_, Some(552)) => "5.2.2".into(),
        _ => format!("{class}.0.0"),
    }
}

/// Builds the letter; its envelope sender must be null (RFC 3464 §2).
pub fn build(report: &Report<'_>) -> Vec<u8> {
    let action = report
        .told
        .first()
        .map_or(Action::Failed, |told| told.action);
    let boundary = format!("bao-cao-{:x}-{:x}", report.trace, report.now);
    let mut letter = head(report, action, &boundary);
    let text = sentences(report, action);
    letter.push_str(&format!(
        "--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Language: vi, en\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ));
    letter.push_str(&quoted_printable(&text));
    letter.push_str(&format!(
        "\r\n--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n"
    ));
    letter.push_str(&machine_part(report));
    let mut bytes = letter.into_bytes();
    bytes.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
    bytes.extend_from_slice(&original_part(report, action));
    bytes.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    bytes
}

fn head(report: &Report<'_>, action: Action, boundary: &str) -> String {
    let subject = match action {
        Action::Failed => "Thư không gửi được / Undelivered mail",
        Action::Delayed => "Thư đang chậm, vẫn tiếp tục gửi / Delayed mail, still trying",
        Action::Relayed => "Thư đã chuyển đến máy chủ bên nhận / Mail handed on",
        Action::Delivered | Action::Expanded => "Thư đã đến người nhận / Mail delivered",
    };
    format!(
        "From: {name} <{from}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nDate: {date}\r\n\
         Message-ID: <{boundary}@{host}>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"{boundary}\"\r\n\r\n",
        name = encoded_words("Hệ thống thư điện tử"),
        from = report.postmaster,
        to = one_line(report.to),
        subject = encoded_words(subject),
        date = mail_date(report.now),
        host = report.host_name,
    )
}

/// The part for people.
fn sentences(report: &Report<'_>, action: Action) -> String {
    let (vi, en) = match action {
        Action::Failed => (
            "Thư của bạn không đến được những người nhận dưới đây. Hệ thống đã ngừng gửi đến họ.",
            "Your letter did not reach the recipients below. No further attempts are made for them.",
        ),
        Action::Delayed => (
            "Thư của bạn chưa đến được những người nhận dưới đây. Bạn KHÔNG cần gửi lại: hệ thống vẫn đang thử.",
            "Your letter has not reached the recipients below yet. You need NOT send it again: we keep trying.",
        ),
        Action::Relayed => (
            "Thư của bạn đã được chuyển đến máy chủ của những người nhận dưới đây; máy chủ đó không báo tiếp.",
            "Your letter was handed to the servers of the recipients below, which report no further.",
        ),
        Action::Delivered | Action::Expanded => (
            "Thư của bạn đã vào hộp thư của những người nhận dưới đây.",
            "Your letter is in the mailboxes of the recipients below.",
        ),
    };
    let mut text = format!("{vi}\r\n");
    for told in report.told {
        let words = words(&told.status);
        let _ = write!(text, "\r\n• {}\r\n", one_line(&told.recipient));
        if !action.is_success() {
            let _ = write!(
                text,
                "  {}\r\n  Nên làm: {}\r\n",
                words.what_vi, words.do_vi
            );
        }
        if let Some(until) = told.until {
            let _ = write!(text, "  Hệ thống thử tiếp đến {}.\r\n", spoken(until));
        }
        push_said(&mut text, "Máy chủ trả lời", told);
    }
    let _ = write!(
        text,
        "\r\nMã tra cứu: {}\r\n\r\n-- English --\r\n\r\n{en}\r\n",
        report.trace
    );
    for told in report.told {
        let words = words(&told.status);
        let _ = write!(text, "\r\n* {}\r\n", one_line(&told.recipient));
        if !action.is_success() {
            let _ = write!(
                text,
                "  {}\r\n  What to do: {}\r\n",
                words.what_en, words.do_en
            );
        }
        if let Some(until) = told.until {
            let _ = write!(text, "  We keep trying until {}.\r\n", mail_date(until));
        }
        push_said(&mut text, "The server said", told);
    }
    let _ = write!(text, "\r\nTrace id: {}\r\n", report.trace);
    text
}

fn push_said(text: &mut String, label: &str, told: &Told) {
    if !told.said.is_empty() {
        let at = if told.host.is_empty() {
            String::new()
        } else {
            format!(" ({})", told.host)
        };
        let _ = write!(text, "  {label}{at}: {}\r\n", one_line(&told.said));
    }
}

/// The part for programs (RFC 3464 §2.1, §2.2, §2.3).
fn machine_part(report: &Report<'_>) -> String {
    let mut part = String::new();
    if let Some(envid) = report.envid {
        let _ = write!(part, "Original-Envelope-Id: {}\r\n", one_line(envid));
    }
    let _ = write!(
        part,
        "Reporting-MTA: dns; {}\r\nArrival-Date: {}\r\n",
        report.host_name,
        mail_date(report.arrived_at)
    );
    for told in report.told {
        part.push_str("\r\n");
        if let Some((kind, address)) = told
            .orcpt
            .as_deref()
            .and_then(|orcpt| orcpt.split_once(';'))
        {
            // An address of type utf-8 has codes of its own, which stay (RFC 6533 §3).
            let address = match kind.eq_ignore_ascii_case("utf-8") {
                true => address.to_owned(),
                false => xtext::decode(address),
            };
            let _ = write!(
                part,
                "Original-Recipient: {}; {}\r\n",
                ascii(kind),
                ascii(&address)
            );
        }
        let _ = write!(
            part,
            "Final-Recipient: {}\r\nAction: {}\r\nStatus: {}\r\n",
            final_recipient(&told.recipient),
            told.action.word(),
            told.status
        );
        if !told.host.is_empty() {
            let _ = write!(part, "Remote-MTA: dns; {}\r\n", ascii(&told.host));
        }
        if !told.said.is_empty() {
            let _ = write!(part, "Diagnostic-Code: smtp; {}\r\n", ascii(&told.said));
        }
        let _ = write!(part, "Last-Attempt-Date: {}\r\n", mail_date(told.at));
        if let Some(until) = told.until {
            let _ = write!(part, "Will-Retry-Until: {}\r\n", mail_date(until));
        }
    }
    part
}

/// RFC 6533 §3: a UTF-8 address in an ASCII field as utf-8-addr-xtext.
fn final_recipient(address: &str) -> String {
    let address = one_line(address);
    if address.is_ascii() {
        return format!("rfc822; {address}");
    }
    let mut text = String::from("utf-8; ");
    for c in address.chars() {
        match c {
            '\\' | '+' | '=' => {
                let _ = write!(text, "\\x{{{:02X}}}", u32::from(c));
            }
            c if c.is_ascii_graphic() => text.push(c),
            c => {
                let _ = write!(text, "\\x{{{:02X}}}", u32::from(c));
            }
        }
    }
    text
}

/// The whole letter where RET=FULL and it is not too large, otherwise its header (RFC 3461 §4.3; full only with failures).
fn original_part(report: &Report<'_>, action: Action) -> Vec<u8> {
    let original = crlf(report.original);
    let full = action == Action::Failed
        && report
            .ret
            .is_some_and(|ret| ret.eq_ignore_ascii_case("FULL"))
        && original.len() <= limits::DSN_FULL_BYTES;
    if full {
        let coding = if original.is_ascii() { "7bit" } else { "8bit" };
        let mut part =
            format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: {coding}\r\n\r\n")
                .into_bytes();
        part.extend_from_slice(&original);
        return part;
    }
    let end = original
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map_or(original.len(), |at| at + 2);
    let end = end.min(limits::DSN_HEADER_BYTES);
    let header = original.get(..end).unwrap_or_default();
    let mut part = String::from("Content-Type: text/rfc822-headers\r\n");
    if header.is_ascii() {
        part.push_str("\r\n");
        return [part.as_bytes(), header].concat();
    }
    part.push_str("Content-Transfer-Encoding: base64\r\n\r\n");
    let coded = Base64Encoder::new()
        .wrap_lines()
        .encode(header)
        .unwrap_or_default();
    [part.as_bytes(), &coded].concat()
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// For fields that only programs read: what is not ASCII is shown as '?'.
fn ascii(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '?'
            }
        })
        .collect()
}

fn quoted_printable(text: &str) -> String {
    let coded = QuotedPrintableEncoder::new()
        .preserve_line_breaks()
        .encode(text.as_bytes());
    coded
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}

/// RFC 2047 §2: words of at most 75 characters that never cut a character.
fn encoded_words(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut piece = String::new();
    for c in text.chars() {
        if piece.len() + c.len_utf8() > 42 {
            words.push(std::mem::take(&mut piece));
        }
        piece.push(c);
    }
    words.push(piece);
    let coded = |piece: &String| {
        let bytes = Base64Encoder::new()
            .encode(piece.as_bytes())
            .unwrap_or_default();
        format!("=?utf-8?B?{}?=", String::from_utf8_lossy(&bytes))
    };
    words.iter().map(coded).collect::<Vec<_>>().join("\r\n ")
}

#[cfg(test)]
mod tests;
