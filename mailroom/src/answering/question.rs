//! Whether a letter may have an automatic answer, and what the answer needs of it. Answers nothing that was sent by a program,
//! to a list, in bulk, or by nobody; better silent than a loop. Pure. (RFC 3834 §2, RFC 5230 §4.6)

use crate::{address, header, letter, limits};

/// What an answer needs of the letter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// The author, lower case: who is answered once in a while.
    pub sender: String,
    /// Everybody in To and Cc, lower case.
    pub named: Vec<String>,
    pub subject: String,
    pub message_id: Option<String>,
    /// Of the answer: the thread so far and this letter. (RFC 5322 §3.6.4)
    pub references: Vec<String>,
}

/// Beginnings of addresses that read no answer, and words that stand at the end of such.
const DEAF_STARTS: [&str; 14] = [
    "noreply",
    "no-reply",
    "no_reply",
    "no.reply",
    "donotreply",
    "do-not-reply",
    "do_not_reply",
    "khongtraloi",
    "khong-tra-loi",
    "mailer-daemon",
    "postmaster",
    "bounce",
    "owner-",
    "prvs=",
];
const DEAF_ENDS: [&str; 6] = [
    "-request", "-owner", "-bounces", "-bounce", "noreply", "no-reply",
];
const DEAF: [&str; 5] = ["listserv", "majordomo", "root", "daemon", "abuse"];

/// `None`: no answer, whoever would like to give one. The caller knows where the letter lies and whether its author is proven.
pub(crate) fn of(raw: &[u8], mail_from: &str) -> Option<Question> {
    if mail_from.is_empty() || is_deaf(mail_from) || header::fields(raw).any(|one| forbids(&one)) {
        return None;
    }
    // The header is enough: a body may be fifty megabytes.
    let read = letter::read(raw.get(..header::body_start(raw)).unwrap_or(raw));
    let [author] = read.from.as_slice() else {
        return None;
    };
    let sender = address::normal(&author.address)?;
    if is_deaf(&sender) || header::count(raw, "From") != 1 {
        return None;
    }
    let named = read
        .to
        .iter()
        .chain(&read.cc)
        .take(limits::ANSWER_NAMED_MAX)
        .filter_map(|one| address::normal(&one.address))
        .collect();
    let message_id = read.message_id.filter(|id| is_id(id));
    let mut references: Vec<String> = read.references.into_iter().filter(|id| is_id(id)).collect();
    // Long threads keep their first letter and their last ones.
    if references.len() > limits::ANSWER_REFERENCES_MAX {
        references.drain(1..=references.len() - limits::ANSWER_REFERENCES_MAX);
    }
    references.extend(message_id.clone());
    Some(Question {
        sender,
        named,
        subject: read
            .subject
            .chars()
            .take(limits::ANSWER_SUBJECT_CHARS_MAX)
            .collect(),
        message_id,
        references,
    })
}

/// What a field says against answering.
fn forbids(field: &header::Field<'_>) -> bool {
    let word = || {
        let text = field.text().to_ascii_lowercase();
        let word = text.split([';', '(']).next().unwrap_or_default();
        word.trim().to_owned()
    };
    if field
        .name
        .get(..5)
        .is_some_and(|name| name.eq_ignore_ascii_case("List-"))
    {
        return true;
    }
    if field.is("Auto-Submitted") {
        return word() != "no";
    }
    if field.is("Precedence") {
        return matches!(word().as_str(), "bulk" | "junk" | "list");
    }
    if field.is("X-Auto-Response-Suppress") {
        let text = field.text().to_ascii_lowercase();
        return text
            .split(',')
            .any(|one| matches!(one.trim(), "all" | "oof" | "autoreply"));
    }
    // Reports of delivery, of reading and of abuse.
    field.is("Content-Type") && word() == "multipart/report"
}

fn is_deaf(address: &str) -> bool {
    let lower = address.to_lowercase();
    let local = address::split(&lower).map_or("", |(local, _)| local);
    DEAF.contains(&local)
        || DEAF_STARTS.iter().any(|start| local.starts_with(start))
        || DEAF_ENDS.iter().any(|end| local.ends_with(end))
}

/// What may stand in a field of ours between angle brackets.
fn is_id(id: &str) -> bool {
    id.len() <= limits::ANSWER_ID_BYTES_MAX
        && !id.is_empty()
        && id
            .chars()
            .all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HEAD: &str = "From: Khách <Khach@Gmail.example>\r\nTo: an@tinh.example\r\nCc: Lan <LAN@tinh.example>\r\n\
        Subject: Hỏi\r\nMessage-ID: <2@gmail.example>\r\nReferences: <1@gmail.example>\r\n";

    fn asks(more: &str, mail_from: &str) -> Option<Question> {
        of(format!("{HEAD}{more}\r\nx\r\n").as_bytes(), mail_from)
    }

    #[test]
    fn a_letter_of_a_person_is_a_question() {
        let asked = asks("", "khach@gmail.example").unwrap();
        assert_eq!(asked.sender, "khach@gmail.example");
        assert_eq!(asked.named, ["an@tinh.example", "lan@tinh.example"]);
        assert_eq!(asked.references, ["1@gmail.example", "2@gmail.example"]);
        assert_eq!(asked.message_id.as_deref(), Some("2@gmail.example"));
        assert_eq!(asked.subject, "Hỏi");
    }

    #[test]
    fn what_no_person_sent_is_none() {
        for (more, mail_from, answered) in [
            ("", "khach@gmail.example", true),
            ("", "", false),
            ("", "noreply@gmail.example", false),
            ("", "bounces+17@gmail.example", false),
            ("", "news-bounces@gmail.example", false),
            ("", "MAILER-DAEMON@gmail.example", false),
            ("", "norman@gmail.example", true),
            ("Auto-Submitted: no\r\n", "a@b.example", true),
            ("Auto-Submitted: No (by hand)\r\n", "a@b.example", true),
            ("Auto-Submitted: auto-replied\r\n", "a@b.example", false),
            (
                "Auto-Submitted: auto-generated; x=y\r\n",
                "a@b.example",
                false,
            ),
            ("List-Id: <tin.b.example>\r\n", "a@b.example", false),
            ("list-unsubscribe: <https://x>\r\n", "a@b.example", false),
            ("Precedence: Bulk\r\n", "a@b.example", false),
            ("Precedence: first-class\r\n", "a@b.example", true),
            (
                "X-Auto-Response-Suppress: DR, OOF\r\n",
                "a@b.example",
                false,
            ),
            ("X-Auto-Response-Suppress: DR\r\n", "a@b.example", true),
            (
                "Content-Type: multipart/report; report-type=delivery-status\r\n",
                "a@b.example",
                false,
            ),
            ("From: other@b.example\r\n", "a@b.example", false),
        ] {
            assert_eq!(
                asks(more, mail_from).is_some(),
                answered,
                "{more:?} {mail_from}"
            );
        }
        let unsigned = "From: no-reply@b.example\r\nTo: an@tinh.example\r\n\r\n";
        assert_eq!(of(unsigned.as_bytes(), "a@b.example"), None);
        assert_eq!(
            of(b"To: an@tinh.example\r\n\r\n", "a@b.example"),
            None,
            "nobody's"
        );
    }

    #[test]
    fn long_threads_are_shortened() {
        let ids: Vec<String> = (0..200).map(|n| format!("<{n}@x>")).collect();
        let raw = format!(
            "From: a@b.example\r\nMessage-ID: <new@x>\r\nReferences: {}\r\n\r\n",
            ids.join("\r\n ")
        );
        let asked = of(raw.as_bytes(), "a@b.example").unwrap();
        assert_eq!(asked.references.len(), limits::ANSWER_REFERENCES_MAX + 1);
        assert_eq!(asked.references.first().unwrap(), "0@x");
        assert_eq!(asked.references.last().unwrap(), "new@x");
        let bad = "From: a@b.example\r\nMessage-ID: <a b>\r\n\r\n";
        let asked = of(bad.as_bytes(), "a@b.example").unwrap();
        assert!(asked.references.iter().all(|id| !id.contains(' ')));
    }
}
