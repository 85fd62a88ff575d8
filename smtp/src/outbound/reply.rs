//! What a server's reply means for one recipient: `Sent`, `Later` or `Never` (RFC 5321 §4.2, RFC 3463). Pure.

use super::limits;
use store::Evidence;

/// What became of one recipient in one attempt. Forgetting a case does not compile.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Sent(Reason),
    Later(Reason),
    Never(Reason),
}

/// The proof or the cause: what the other side said, or what kept us from hearing it.
#[derive(Clone, Debug, Default)]
pub struct Reason {
    pub evidence: Box<Evidence>,
    pub blame: Blame,
    /// The server took over the duty to report (it offered DSN, RFC 3461 §5.2.2).
    pub peer_reports: bool,
}

impl PartialEq for Reason {
    fn eq(&self, other: &Self) -> bool {
        self.blame == other.blame
            && self.evidence.code == other.evidence.code
            && self.evidence.enhanced == other.evidence.enhanced
            && self.evidence.text == other.evidence.text
    }
}

/// How far a refusal reaches: is another server of the same destination worth trying now?
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Blame {
    /// This recipient, at this server.
    #[default]
    Recipient,
    /// Whatever the letter, this server will not take it now.
    Server,
    /// No server of this destination can be used now.
    Destination,
    /// The letter cannot go anywhere in its form.
    Letter,
    /// The connection broke after the final dot: nobody knows. Trying another server now would risk a second copy.
    Unknown,
}

/// One reply as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    pub enhanced: Option<String>,
    /// Lines without code and enhanced code, joined by one space, bounded.
    pub text: String,
}

/// Where in the dialogue a reply was heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    Greeting,
    Hello,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    FinalDot,
}

impl Reply {
    /// From the lines of a reply, codes included ("550-5.1.1 no such user").
    pub fn from_lines(lines: &[String]) -> Reply {
        let mut text = String::new();
        let (mut code, mut enhanced) = (0, None);
        for line in lines {
            let digits = line.get(..3).unwrap_or_default();
            code = digits.parse().unwrap_or(code);
            let rest = line.get(4..).unwrap_or_default().trim();
            let (status, words) = split_enhanced(rest, code);
            if enhanced.is_none() {
                enhanced = status.map(str::to_string);
            }
            let words = words.trim();
            if !words.is_empty() {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(words);
            }
        }
        Reply {
            code,
            enhanced,
            text: text.chars().take(limits::REPLY_TEXT_CHARS).collect(),
        }
    }

    pub fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }

    fn reason(&self, blame: Blame) -> Reason {
        Reason {
            evidence: Box::new(Evidence {
                code: Some(self.code),
                enhanced: self.enhanced.clone(),
                text: self.text.clone(),
                ..Evidence::default()
            }),
            blame,
            peer_reports: false,
        }
    }
}

/// RFC 2034 §4: class 2, 4 or 5 that agrees with the reply code, then subject and detail of up to three digits.
fn split_enhanced(rest: &str, code: u16) -> (Option<&str>, &str) {
    let (word, tail) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut parts = word.split('.');
    let number = |part: Option<&str>| {
        part.is_some_and(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
    };
    let class = parts.next().unwrap_or_default();
    let agrees = matches!(class, "2" | "4" | "5") && class.parse() == Ok(code / 100);
    if agrees && number(parts.next()) && number(parts.next()) && parts.next().is_none() {
        (Some(word), tail)
    } else {
        (None, rest)
    }
}

/// The fate a reply decides at its stage. Positive replies before the final dot decide nothing: `None`.
pub fn outcome(stage: Stage, reply: &Reply) -> Option<Outcome> {
    let blame = match stage {
        Stage::Greeting | Stage::Hello | Stage::StartTls | Stage::Auth => Blame::Server,
        Stage::Mail | Stage::Rcpt | Stage::Data | Stage::FinalDot => Blame::Recipient,
    };
    let outcome = match (stage, reply.code) {
        (Stage::FinalDot, 200..=299) => Outcome::Sent(reply.reason(blame)),
        (_, 200..=399) => return None,
        // The server is closing: nothing was wrong with the recipient (RFC 5321 §3.8).
        (_, 421) => Outcome::Later(reply.reason(Blame::Server)),
        // This host takes no mail at all (RFC 7504 §3, §4): another MX may; if none does, never.
        (Stage::Greeting | Stage::Hello, 521) => Outcome::Never(reply.reason(Blame::Server)),
        (Stage::Rcpt | Stage::Mail, 556) => Outcome::Never(reply.reason(Blame::Recipient)),
        // 552 at RCPT is an old "too many recipients" (RFC 5321 §4.5.3.1.10).
        (Stage::Rcpt, 552) if reply.enhanced.is_none() => Outcome::Later(reply.reason(blame)),
        // Refused as a client, whatever the letter: it may be a block that ends; the row's expiry bounds the patience.
        (Stage::Greeting | Stage::Hello | Stage::StartTls | Stage::Auth, 400..=599) => {
            Outcome::Later(reply.reason(Blame::Server))
        }
        // "You must use TLS / sign in first" is about this connection (RFC 3207 §4, RFC 4954 §6).
        (Stage::Mail, 530 | 538) => Outcome::Later(reply.reason(Blame::Server)),
        (_, 400..=499) => Outcome::Later(reply.reason(blame)),
        (_, 500..=599) => Outcome::Never(reply.reason(blame)),
        // Not a reply of this protocol.
        _ => Outcome::Later(reply.reason(Blame::Server)),
    };
    Some(outcome)
}

/// A `Later` in our own words (no reply was heard).
pub fn later(blame: Blame, enhanced: &str, text: impl Into<String>) -> Outcome {
    Outcome::Later(own(blame, enhanced, text))
}

/// A `Never` in our own words.
pub fn never(blame: Blame, enhanced: &str, text: impl Into<String>) -> Outcome {
    Outcome::Never(own(blame, enhanced, text))
}

fn own(blame: Blame, enhanced: &str, text: impl Into<String>) -> Reason {
    Reason {
        evidence: Box::new(Evidence {
            enhanced: Some(enhanced.to_string()),
            text: text.into(),
            ..Evidence::default()
        }),
        blame,
        peer_reports: false,
    }
}

impl Outcome {
    pub fn reason(&self) -> &Reason {
        match self {
            Outcome::Sent(reason) | Outcome::Later(reason) | Outcome::Never(reason) => reason,
        }
    }

    pub fn reason_mut(&mut self) -> &mut Reason {
        match self {
            Outcome::Sent(reason) | Outcome::Later(reason) | Outcome::Never(reason) => reason,
        }
    }

    /// May another server of the destination be asked in this attempt?
    pub fn may_try_elsewhere(&self) -> bool {
        match self {
            Outcome::Sent(_) => false,
            Outcome::Later(reason) => matches!(reason.blame, Blame::Server | Blame::Recipient),
            Outcome::Never(reason) => reason.blame == Blame::Server,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;

    fn reply(lines: &[&str]) -> Reply {
        Reply::from_lines(&lines.iter().map(|l| l.to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn replies_are_read() {
        type Row = (
            &'static [&'static str],
            u16,
            Option<&'static str>,
            &'static str,
        );
        let rows: [Row; 7] = [
            (
                &["250 2.0.0 Ok: queued as 4F"],
                250,
                Some("2.0.0"),
                "Ok: queued as 4F",
            ),
            (&["250"], 250, None, ""),
            (
                &["550-5.1.1 no such user", "550 5.1.1 see https://x"],
                550,
                Some("5.1.1"),
                "no such user see https://x",
            ),
            (
                &["550 4.1.1 code and class disagree"],
                550,
                None,
                "4.1.1 code and class disagree",
            ),
            (&["452 1.2.3.4 is busy"], 452, None, "1.2.3.4 is busy"),
            (
                &["550 Người nhận không có"],
                550,
                None,
                "Người nhận không có",
            ),
            (&["garbage"], 0, None, "age"),
        ];
        for (lines, code, enhanced, text) in rows {
            let read = reply(lines);
            assert_eq!(
                (read.code, read.enhanced.as_deref(), read.text.as_str()),
                (code, enhanced, text),
                "{lines:?}"
            );
        }
        let long = format!("250 {}", "đ".repeat(9_000));
        assert_eq!(
            reply(&[&long]).text.chars().count(),
            limits::REPLY_TEXT_CHARS
        );
    }

    #[test]
    fn replies_decide() {
        use Stage::*;
        // stage, reply, kind (s l n -), blame, elsewhere
        let rows = [
            (FinalDot, "250 ok", 's', Blame::Recipient, false),
            (Rcpt, "250 ok", '-', Blame::Recipient, false),
            (Data, "354 go", '-', Blame::Recipient, false),
            (Greeting, "220 hi", '-', Blame::Recipient, false),
            (Greeting, "554 no service", 'l', Blame::Server, true),
            (Greeting, "521 no mail here", 'n', Blame::Server, true),
            (Greeting, "421 busy", 'l', Blame::Server, true),
            (Hello, "550 your name", 'l', Blame::Server, true),
            (Auth, "535 5.7.8 bad password", 'l', Blame::Server, true),
            (
                Mail,
                "530 5.7.0 Must issue STARTTLS first",
                'l',
                Blame::Server,
                true,
            ),
            (
                Mail,
                "550 5.7.1 sender refused",
                'n',
                Blame::Recipient,
                false,
            ),
            (Rcpt, "450 4.2.0 greylisted", 'l', Blame::Recipient, true),
            (Rcpt, "550 5.1.1 unknown", 'n', Blame::Recipient, false),
            (Rcpt, "552 too many recipients", 'l', Blame::Recipient, true),
            (Rcpt, "552 5.2.2 mailbox full", 'n', Blame::Recipient, false),
            (Rcpt, "556 5.1.10 null MX", 'n', Blame::Recipient, false),
            (Rcpt, "421 4.3.2 shutting down", 'l', Blame::Server, true),
            (Data, "451 4.3.0 disk", 'l', Blame::Recipient, true),
            (
                FinalDot,
                "554 5.6.0 content refused",
                'n',
                Blame::Recipient,
                false,
            ),
            (FinalDot, "452 4.3.1 full", 'l', Blame::Recipient, true),
            (FinalDot, "354 again?", '-', Blame::Recipient, false),
            (Rcpt, "199 what", 'l', Blame::Server, true),
            (Rcpt, "650 what", 'l', Blame::Server, true),
        ];
        for (stage, line, kind, blame, elsewhere) in rows {
            let got = outcome(stage, &reply(&[line]));
            let letter = match &got {
                None => '-',
                Some(Outcome::Sent(_)) => 's',
                Some(Outcome::Later(_)) => 'l',
                Some(Outcome::Never(_)) => 'n',
            };
            assert_eq!(letter, kind, "{stage:?} {line}");
            if let Some(got) = got {
                assert_eq!(got.reason().blame, blame, "{stage:?} {line}");
                assert_eq!(got.may_try_elsewhere(), elsewhere, "{stage:?} {line}");
            }
        }
        assert!(!later(Blame::Unknown, "4.4.2", "lost").may_try_elsewhere());
    }
}
