//! What an answer or a forwarded letter starts with: recipients, subject, quoted text. Pure.

use super::{address, names, text};
use crate::lang::Lang;
use crate::time;
use mailroom::letter::{Letter, Mailbox};

/// Recipients of an answer: Reply-To before From (RFC 5322 §3.6.2); all others for "Trả lời tất cả", without oneself.
pub fn recipients(letter: &Letter, own: &[String], all: bool) -> (String, String) {
    let is_own = |m: &&Mailbox| own.iter().any(|mine| mine.eq_ignore_ascii_case(&m.address));
    let first = match letter.reply_to.is_empty() {
        true => &letter.from,
        false => &letter.reply_to,
    };
    let mut seen: Vec<String> = Vec::new();
    let mut list = |people: &[&Mailbox]| {
        let mut out = Vec::new();
        for one in people {
            let key = one.address.to_lowercase();
            if !key.is_empty() && !seen.contains(&key) {
                seen.push(key);
                out.push(address::written(&one.name, &one.address));
            }
        }
        out.join(", ")
    };
    let mut to: Vec<&Mailbox> = first.iter().collect();
    // Answering the own letter means writing to those it went to.
    if to.iter().all(is_own) && !letter.to.is_empty() {
        to = letter.to.iter().collect();
    }
    if !all {
        return (list(&to), String::new());
    }
    to.extend(letter.to.iter().filter(|m| !is_own(m)));
    let cc: Vec<&Mailbox> = letter.cc.iter().filter(|m| !is_own(m)).collect();
    let to = list(&to);
    (to, list(&cc))
}

/// "Re: …" once; Vietnamese programs also write "Trả lời:" and "TL:".
pub fn reply_subject(subject: &str) -> String {
    prefixed("Re: ", &["re:", "trả lời:", "tl:"], subject)
}

pub fn forward_subject(subject: &str) -> String {
    prefixed("Fwd: ", &["fwd:", "fw:", "chuyển tiếp:"], subject)
}

fn prefixed(prefix: &str, known: &[&str], subject: &str) -> String {
    let subject = subject.trim();
    let lower = subject.to_lowercase();
    match known.iter().any(|one| lower.starts_with(one)) {
        true => subject.to_owned(),
        false => format!("{prefix}{subject}"),
    }
}

/// The old letter under the cursor, as a quote.
pub fn quoted(lang: Lang, letter: &Letter, received_at: i64) -> String {
    let who = letter
        .from
        .first()
        .map_or_else(String::new, |m| names::person(lang, &m.name, &m.address));
    let line = lang.txy("wrote", time::full(letter.date.unwrap_or(received_at)), who);
    format!("\n\n{line}\n{}", text::quoted(&letter.text))
}

/// The old letter as it is passed on.
pub fn forwarded(lang: Lang, letter: &Letter, received_at: i64) -> String {
    let list = |people: &[Mailbox]| {
        let all: Vec<_> = people
            .iter()
            .map(|m| address::written(&m.name, &m.address))
            .collect();
        all.join(", ")
    };
    let mut out = format!("\n\n-----{}-----\n", lang.t("forwarded-letter"));
    for (key, value) in [
        ("from", list(&letter.from)),
        ("time", time::full(letter.date.unwrap_or(received_at))),
        ("to", list(&letter.to)),
        ("cc", list(&letter.cc)),
        ("subject", letter.subject.clone()),
    ] {
        if !value.is_empty() {
            out.push_str(&format!("{}: {value}\n", lang.t(key)));
        }
    }
    out.push('\n');
    out.push_str(letter.text.trim_end());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, address: &str) -> Mailbox {
        Mailbox {
            name: name.into(),
            address: address.into(),
        }
    }

    #[test]
    fn answers_go_to_the_right_people() {
        let own = ["me@x.example".to_owned()];
        let mut letter = Letter {
            from: vec![one("Lan", "lan@x.example")],
            to: vec![one("", "Me@x.example"), one("Bình", "binh@x.example")],
            cc: vec![one("", "lan@x.example"), one("", "vp@x.example")],
            ..Letter::default()
        };
        assert_eq!(
            recipients(&letter, &own, false),
            ("Lan <lan@x.example>".into(), "".into())
        );
        assert_eq!(
            recipients(&letter, &own, true),
            (
                "Lan <lan@x.example>, Bình <binh@x.example>".into(),
                "vp@x.example".into()
            )
        );
        letter.reply_to = vec![one("", "list@x.example")];
        assert_eq!(recipients(&letter, &own, false).0, "list@x.example");
        let mine = Letter {
            from: vec![one("", "me@x.example")],
            to: vec![one("", "binh@x.example")],
            ..Letter::default()
        };
        assert_eq!(recipients(&mine, &own, false).0, "binh@x.example");
    }

    #[test]
    fn subjects_get_one_prefix() {
        assert_eq!(reply_subject("họp"), "Re: họp");
        assert_eq!(reply_subject("RE: họp"), "RE: họp");
        assert_eq!(reply_subject("Trả lời: họp"), "Trả lời: họp");
        assert_eq!(forward_subject("Re: họp"), "Fwd: Re: họp");
        assert_eq!(forward_subject("FW: họp"), "FW: họp");
    }
}
