//! Our reading of commands against two others, smtp-proto and samotop-parser: whatever we and the other both accept must
//! mean the same. Where only one accepts, the transcripts say who is right.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;
use samotop_core::smtp::command::{SmtpCommand, SmtpMail};
use samotop_core::smtp::{Parser, SmtpContext, SmtpHost, SmtpPath};
use samotop_parser::SmtpParserPeg;
use smtp::proto::address::{Host, Path, parse_host, parse_path};
use smtp::proto::params::{self, BodyKind, Offers};
use smtp_proto::Request;
use std::borrow::Cow;

const ALL: Offers = Offers {
    starttls: true,
    auth: true,
    requiretls: true,
    binarymime: true,
    mt_priority: true,
    future_release: true,
};

/// What a path means: nobody, postmaster, or local part without quotes and host in one spelling.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Meaning {
    Null,
    Postmaster,
    Mailbox(String, Host),
}

fn ours(text: &str) -> Option<(Meaning, String)> {
    let (path, rest) = parse_path(text).ok()?;
    let meaning = match path {
        Path::Null => Meaning::Null,
        Path::Postmaster => Meaning::Postmaster,
        Path::Mailbox(address) => Meaning::Mailbox(address.local, address.host),
    };
    Some((meaning, rest.to_owned()))
}

/// smtp-proto drops quotes and writes `<postmaster>` as the empty address: both are read as what they were.
fn of_proto(address: &str, recipient: bool) -> Option<Meaning> {
    if address.is_empty() {
        return Some(if recipient {
            Meaning::Postmaster
        } else {
            Meaning::Null
        });
    }
    let (local, host) = address.rsplit_once('@')?;
    Some(Meaning::Mailbox(local.to_owned(), parse_host(host)?))
}

fn of_samotop(path: &SmtpPath) -> Option<Meaning> {
    match path {
        SmtpPath::Null => Some(Meaning::Null),
        SmtpPath::Postmaster => Some(Meaning::Postmaster),
        SmtpPath::Mailbox { name, host, .. } => {
            let host = match host {
                SmtpHost::Domain(name) => parse_host(name)?,
                SmtpHost::Ipv4(ip) => Host::Literal(format!("[{ip}]")),
                _ => return None,
            };
            Some(Meaning::Mailbox(name.clone(), host))
        }
    }
}

fn proto(line: &str) -> Option<Request<Cow<'_, str>>> {
    Request::parse(&mut line.as_bytes().iter()).ok()
}

fn samotop(line: &str) -> Option<SmtpCommand> {
    Parser::<SmtpCommand>::parse(&SmtpParserPeg, line.as_bytes(), &SmtpContext::default())
        .ok()
        .map(|(_, command)| command)
}

fn paths() -> impl Strategy<Value = String> {
    let local = prop_oneof![
        "[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,20}",
        "\"[ -!#-\\[\\]-~]{0,12}\"",
        "\"([a-z]|\\\\[ -~]){0,6}\"",
        "(postmaster|Postmaster)",
    ];
    let host = prop_oneof![
        "[a-zA-Z0-9]{1,8}(\\.[a-zA-Z0-9-]{1,8}){0,3}\\.?",
        "\\[[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\]",
        "\\[IPv6:[0-9a-f:]{2,20}\\]",
    ];
    let route = prop_oneof![9 => Just(String::new()), 1 => "(@[a-z]{1,5}(\\.[a-z]{1,3})?,){0,2}@[a-z]{1,5}:"];
    prop_oneof![
        1 => Just("<>".to_owned()),
        1 => Just("<postmaster>".to_owned()),
        2 => "<[ -~]{0,20}>?",
        8 => (route, local, host).prop_map(|(route, local, host)| format!("<{route}{local}@{host}>")),
    ]
}

fn mail_params() -> impl Strategy<Value = String> {
    let one = prop_oneof![
        "SIZE=[0-9]{1,10}",
        "(BODY|body)=(7BIT|8BITMIME|BINARYMIME|9BIT)",
        "(SMTPUTF8|REQUIRETLS)",
        "RET=(FULL|HDRS|hdrs)",
        "ENVID=[A-Za-z0-9.@]{1,20}",
        "MT-PRIORITY=-?[0-9]{1,2}",
        "AUTH=(<>|[a-z]{1,4}@[a-z]{1,4})",
        "[A-Z]{1,8}(=[ -~&&[^ ]]{0,5})?",
    ];
    prop::collection::vec(one, 0..4).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn senders_mean_the_same(path in paths(), words in mail_params()) {
        let text = if words.is_empty() { path } else { format!("{path} {words}") };
        let Some((meaning, rest)) = ours(&text) else { return Ok(()) };
        let line = format!("MAIL FROM:{text}\r\n");
        let Ok(read) = params::mail(&rest, ALL) else { return Ok(()) };
        if let Some(Request::Mail { from }) = proto(&line)
            && let Some(theirs) = of_proto(&from.address, false)
        {
            // Its one word for both: `<postmaster>` is no sender with us.
            if meaning != Meaning::Postmaster {
                prop_assert_eq!(&theirs, &meaning, "smtp-proto on {}", line);
            }
            prop_assert_eq!(from.size, read.size);
            prop_assert_eq!(from.flags & smtp_proto::MAIL_SMTPUTF8 != 0, read.smtputf8);
            prop_assert_eq!(from.flags & smtp_proto::MAIL_BODY_BINARYMIME != 0, read.body == BodyKind::Binary);
            prop_assert_eq!(from.env_id.as_deref(), read.envid.as_deref());
        }
        if let Some(SmtpCommand::Mail(SmtpMail::Mail(path, _))) = samotop(&line)
            && let Some(theirs) = of_samotop(&path)
        {
            prop_assert_eq!(&theirs, &meaning, "samotop on {}", line);
        }
    }

    #[test]
    fn recipients_mean_the_same(path in paths(), notify in "( NOTIFY=(NEVER|SUCCESS|DELAY,FAILURE))?") {
        let text = format!("{path}{notify}");
        let Some((meaning, rest)) = ours(&text) else { return Ok(()) };
        let line = format!("RCPT TO:{text}\r\n");
        let Ok(read) = params::rcpt(&rest) else { return Ok(()) };
        if let Some(Request::Rcpt { to }) = proto(&line)
            && let Some(theirs) = of_proto(&to.address, true)
        {
            if meaning != Meaning::Null {
                prop_assert_eq!(&theirs, &meaning, "smtp-proto on {}", line);
            }
            let never = to.flags & smtp_proto::RCPT_NOTIFY_NEVER != 0;
            prop_assert_eq!(never, read.notify.as_deref() == Some("NEVER"));
        }
        if let Some(SmtpCommand::Rcpt(rcpt)) = samotop(&line)
            && let Some(theirs) = of_samotop(&rcpt.0)
        {
            prop_assert_eq!(&theirs, &meaning, "samotop on {}", line);
        }
    }
}

/// The comparison is not empty: these are accepted by all three.
#[test]
fn all_three_read_the_common_forms() {
    for text in [
        "<>",
        "<a@b.vn>",
        "<a.b+c@X.vn>",
        "<@r.vn:a@b.vn>",
        "<\"ab\"@b.vn>",
    ] {
        let line = format!("MAIL FROM:{text}\r\n");
        let (meaning, _) = ours(text).unwrap();
        let Some(Request::Mail { from }) = proto(&line) else {
            panic!("smtp-proto refuses {text}")
        };
        assert_eq!(
            of_proto(&from.address, false).as_ref(),
            Some(&meaning),
            "{text}"
        );
        let Some(SmtpCommand::Mail(SmtpMail::Mail(path, _))) = samotop(&line) else {
            panic!("samotop refuses {text}")
        };
        assert_eq!(of_samotop(&path).as_ref(), Some(&meaning), "{text}");
    }
}
