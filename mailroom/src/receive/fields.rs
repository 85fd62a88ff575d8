//! The trace fields written in front of a received letter, and what must be cut from it first.
//! (RFC 5321 §4.4, RFC 8601 §5, RFC 6531 §4.3, RFC 3848)

use std::ops::Range;

use super::Peer;
use crate::{header, limits, time};
use store::TraceId;

/// How the letter came, for the words of the Received field.
pub(crate) struct Arrival<'a> {
    pub host_name: &'a str,
    pub peer: &'a Peer,
    pub trace: TraceId,
    pub mail_from: &'a str,
    /// Named only when there is one: a list of all recipients would tell Bcc.
    pub only_recipient: Option<&'a str>,
    pub smtputf8: bool,
    pub authenticated: bool,
    pub auth_results: &'a str,
    pub at: i64,
}

/// More than a hundred hops is a loop (RFC 5321 §6.3); so are more than a few through us: a list and a mailbox elsewhere that
/// forward to each other.
pub(crate) fn is_loop(raw: &[u8], host_name: &str) -> bool {
    let by_us = |field: &header::Field<'_>| {
        let text = field.text();
        let mut words = text.split_whitespace();
        let by = words.by_ref().any(|word| word == "by");
        by && words
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(host_name))
    };
    let (mut all, mut ours) = (0, 0);
    for field in header::fields(raw).filter(|field| field.is("Received")) {
        all += 1;
        ours += usize::from(by_us(&field));
    }
    all >= limits::RECEIVED_FIELDS_MAX || ours >= limits::OWN_RECEIVED_FIELDS_MAX
}

/// Whether a Received field of ours says that the letter was for this address before.
pub(crate) fn was_for(raw: &[u8], host_name: &str, address: &str) -> bool {
    let (wanted, host) = (
        format!("<{address}>").to_lowercase(),
        host_name.to_lowercase(),
    );
    header::fields(raw)
        .filter(|field| field.is("Received"))
        .any(|field| {
            let text = field.text().to_lowercase();
            let mut words = text.split([' ', '\t', ';']).filter(|word| !word.is_empty());
            let by = words.by_ref().any(|word| word == "by");
            by && words.next() == Some(host.as_str())
                && words.by_ref().any(|word| word == "for")
                && words.next() == Some(wanted.as_str())
        })
}

/// Fields a sender may not bring: results in our name (RFC 8601 §5), and a Return-Path, which only we write at delivery.
pub(crate) fn forged(raw: &[u8], host_name: &str) -> Vec<Range<usize>> {
    header::fields(raw)
        .filter(|field| {
            field.is("Return-Path")
                || field.is("Authentication-Results") && claims(&field.text(), host_name)
        })
        .map(|field| field.whole)
        .collect()
}

/// Whether an Authentication-Results value names us as its author: "host; …", "host 1; …", comments before it skipped.
fn claims(value: &str, host_name: &str) -> bool {
    let mut depth = 0usize;
    let mut plain = String::new();
    for c in value.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    let author = plain
        .split(';')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .next()
        .unwrap_or_default();
    author
        .trim_matches('"')
        .trim_end_matches('.')
        .eq_ignore_ascii_case(host_name)
}

/// Return-Path, Received and Authentication-Results, newest on top.
pub(crate) fn front(arrival: &Arrival<'_>) -> String {
    let mut text = format!("Return-Path: <{}>\r\n", safe(arrival.mail_from));
    if !arrival.auth_results.is_empty() {
        text.push_str("Authentication-Results: ");
        text.push_str(&folded_results(arrival));
        text.push_str("\r\n");
    }
    text.push_str(&received(arrival));
    text
}

/// The Received field alone, for letters that go on elsewhere.
pub(crate) fn received(arrival: &Arrival<'_>) -> String {
    let peer = arrival.peer;
    let helo = if peer.helo.is_empty() {
        "unknown".into()
    } else {
        safe(&peer.helo)
    };
    let with = with_word(arrival);
    let tls = if peer.tls.is_empty() {
        String::new()
    } else {
        format!("\r\n\t({})", safe(&peer.tls).replace(['(', ')'], ""))
    };
    let to = arrival
        .only_recipient
        .map_or(String::new(), |to| format!("\r\n\tfor <{}>", safe(to)));
    format!(
        "Received: from {helo} ({})\r\n\tby {} with {with}{tls}\r\n\tid {}{to};\r\n\t{}\r\n",
        literal(&peer.ip),
        arrival.host_name,
        arrival.trace,
        time::mail_date(arrival.at),
    )
}

/// SMTP is never said: we ask for EHLO's words only where the session used them, and ESMTP is right for both readers.
fn with_word(arrival: &Arrival<'_>) -> String {
    let base = if arrival.smtputf8 {
        "UTF8SMTP"
    } else {
        "ESMTP"
    };
    let tls = if arrival.peer.tls.is_empty() { "" } else { "S" };
    let auth = if arrival.authenticated { "A" } else { "" };
    format!("{base}{tls}{auth}")
}

fn literal(ip: &str) -> String {
    match ip.parse::<std::net::IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(std::net::IpAddr::V4(ip)) => format!("[{ip}]"),
        Ok(std::net::IpAddr::V6(ip)) => format!("[IPv6:{ip}]"),
        Err(_) => "local".into(),
    }
}

/// The value as given when it names its author, else with our name before it; one result per line.
fn folded_results(arrival: &Arrival<'_>) -> String {
    let given = safe(arrival.auth_results);
    let whole = if claims(&given, arrival.host_name) {
        given
    } else {
        format!("{}; {given}", arrival.host_name)
    };
    whole
        .split(';')
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
        .collect::<Vec<_>>()
        .join(";\r\n\t")
}

/// Nothing a peer says may begin a new line or a new field.
fn safe(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(900).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival<'a>(peer: &'a Peer, results: &'a str) -> Arrival<'a> {
        Arrival {
            host_name: "mx.tinh.example",
            peer,
            trace: TraceId(42),
            mail_from: "an@gmail.example",
            only_recipient: Some("binh@tinh.example"),
            smtputf8: false,
            authenticated: false,
            auth_results: results,
            at: 0,
        }
    }

    #[test]
    fn fields_say_where_it_came_from() {
        let peer = Peer {
            ip: "203.0.113.7".into(),
            helo: "mail.gmail.example".into(),
            tls: "TLSv1.3 TLS_AES_256_GCM_SHA384".into(),
        };
        assert_eq!(
            front(&arrival(
                &peer,
                "spf=pass smtp.mailfrom=gmail.example; dkim=none"
            )),
            "Return-Path: <an@gmail.example>\r\n\
             Authentication-Results: mx.tinh.example;\r\n\tspf=pass smtp.mailfrom=gmail.example;\r\n\tdkim=none\r\n\
             Received: from mail.gmail.example ([203.0.113.7])\r\n\tby mx.tinh.example with ESMTPS\r\n\
             \t(TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n\tid 42\r\n\tfor <binh@tinh.example>;\r\n\tThu, 1 Jan 1970 07:00:00 +0700\r\n"
        );
    }

    #[test]
    fn a_peer_cannot_write_fields() {
        let peer = Peer {
            ip: "::1".into(),
            helo: "x\r\nSubject: forged".into(),
            tls: String::new(),
        };
        let text = front(&arrival(&peer, ""));
        assert!(
            text.contains("from xSubject: forged ([IPv6:::1])") && !text.contains("\r\nSubject"),
            "{text}"
        );
        assert!(text.contains("with ESMTP\r\n"));
    }

    #[test]
    fn results_in_our_name_are_forged() {
        for (value, ours) in [
            ("mx.tinh.example; spf=pass", true),
            ("MX.Tinh.Example 1; spf=pass", true),
            ("(comment; here) mx.tinh.example; dkim=pass", true),
            ("\"mx.tinh.example\"; dkim=pass", true),
            ("mx.gmail.example; spf=pass", false),
            ("mx.tinh.example.evil; spf=pass", false),
            ("", false),
        ] {
            assert_eq!(claims(value, "mx.tinh.example"), ours, "{value}");
        }
        let raw = b"Authentication-Results: mx.tinh.example;\r\n dkim=pass\r\nAuthentication-Results: other; spf=pass\r\nReturn-Path: <x@y>\r\nSubject: a\r\n\r\n";
        let cut = forged(raw, "mx.tinh.example");
        let left = header::rewritten(b"", raw, &cut);
        assert_eq!(
            left,
            b"Authentication-Results: other; spf=pass\r\nSubject: a\r\n\r\n"
        );
    }

    #[test]
    fn our_own_field_tells_whom_a_letter_was_for() {
        let peer = Peer::default();
        let raw = front(&arrival(&peer, ""));
        for (host, address, was) in [
            ("mx.tinh.example", "binh@tinh.example", true),
            ("MX.tinh.example", "Binh@tinh.example", true),
            ("mx.tinh.example", "an@tinh.example", false),
            ("mx.other.example", "binh@tinh.example", false),
        ] {
            assert_eq!(
                was_for(raw.as_bytes(), host, address),
                was,
                "{host} {address}"
            );
        }
        assert!(!was_for(b"Subject: for <a@b>\r\n\r\n", "mx.a.b", "a@b"));
    }

    #[test]
    fn a_hundred_hops_are_a_loop() {
        let looped = |line: &str, times| is_loop(line.repeat(times).as_bytes(), "mx.a.b");
        assert!(!looped("Received: x\r\n", 99) && looped("Received: x\r\n", 100));
        let ours = "Received: from x ([192.0.2.1])\r\n\tby MX.a.b with ESMTP\r\n";
        assert!(!looped(ours, 9) && looped(ours, 10));
        assert!(!looped("Received: from mx.a.b by x with y\r\n", 10));
    }
}
