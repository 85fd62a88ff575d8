//! Reports read by another parser, and the rules of NOTIFY, RET and status codes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use mail_parser::{MessageParser, MimeHeaders, PartType};

fn told(recipient: &str, action: Action) -> Told {
    Told {
        recipient: recipient.into(),
        orcpt: Some("rfc822;goc+2B1@dich.example+0D+0AInjected:".into()),
        action,
        status: "5.1.1".into(),
        host: "mx.dich.example".into(),
        said: "550 5.1.1 Không có\r\nInjected: x".into(),
        at: 1_795_000_000_000,
        until: (action == Action::Delayed).then_some(1_795_432_000_000),
    }
}

fn report<'a>(told: &'a [Told], ret: Option<&'a str>, original: &'a [u8]) -> Report<'a> {
    Report {
        host_name: "mx.ours.example",
        postmaster: "postmaster@ours.example",
        to: "vanthu@ours.example",
        now: 1_795_000_001_000,
        arrived_at: 1_794_000_000_000,
        trace: 42,
        envid: Some("QQ314159"),
        ret,
        told,
        original,
    }
}

const ORIGINAL: &[u8] = b"From: a@b.example\r\nSubject: th\xc6\xb0\r\n\r\nbody\r\n";

#[test]
fn a_report_reads_as_one_and_its_parts_say_what_they_should() {
    let told = [
        told("nguoi@dich.example", Action::Failed),
        told("hộp@dich.example", Action::Failed),
    ];
    let raw = build(&report(&told, None, ORIGINAL));
    let letter = MessageParser::new().parse(&raw).unwrap();
    let kind = letter.content_type().unwrap();
    assert_eq!(
        (kind.ctype(), kind.subtype()),
        ("multipart", Some("report"))
    );
    assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
    assert_eq!(
        letter.subject(),
        Some("Thư không gửi được / Undelivered mail")
    );
    assert_eq!(
        letter.from().unwrap().first().unwrap().name(),
        Some("Hệ thống thư điện tử")
    );
    let text = letter.body_text(0).unwrap();
    for needle in [
        "Không có hộp thư nào mang địa chỉ này.",
        "Nên làm: ",
        "What to do: ",
        "Mã tra cứu: 42",
        "hộp@dich.example",
    ] {
        assert!(text.contains(needle), "{needle} in {text}");
    }
    let text = String::from_utf8(raw.clone()).unwrap();
    assert!(text.is_ascii());
    assert!(text.lines().all(|line| line.len() < 200), "{text}");
    for needle in [
        "Original-Envelope-Id: QQ314159\r\nReporting-MTA: dns; mx.ours.example\r\nArrival-Date: ",
        "\r\n\r\nOriginal-Recipient: rfc822; goc+1@dich.example??Injected:\r\nFinal-Recipient: rfc822; nguoi@dich.example\r\n\
         Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.dich.example\r\nDiagnostic-Code: smtp; 550 5.1.1 Kh?ng c???Injected: x\r\n",
        "Final-Recipient: utf-8; h\\x{1ED9}p@dich.example\r\n",
        "Auto-Submitted: auto-replied\r\n",
    ] {
        assert!(text.contains(needle), "{needle:?} in {text}");
    }
    assert!(!text.contains("\nInjected"));
    assert!(!text.contains("body\r\n--"), "only the header goes back");
}

#[test]
fn the_whole_letter_goes_back_only_when_asked_and_small() {
    let failed = [told("a@b.example", Action::Failed)];
    let raw = build(&report(&failed, Some("FULL"), ORIGINAL));
    let letter = MessageParser::new().parse(&raw).unwrap();
    let nested = letter.parts.iter().find_map(|part| match &part.body {
        PartType::Message(message) => Some(message.clone()),
        _ => None,
    });
    assert_eq!(nested.unwrap().body_text(0).as_deref(), Some("body\r\n"));
    let large = [
        b"Subject: x\r\n\r\n".as_slice(),
        &vec![b'a'; limits::DSN_FULL_BYTES],
    ]
    .concat();
    assert!(build(&report(&failed, Some("FULL"), &large)).len() < 100_000);
    let delayed = [told("a@b.example", Action::Delayed)];
    let raw = String::from_utf8(build(&report(&delayed, Some("FULL"), ORIGINAL))).unwrap();
    assert!(raw.contains("text/rfc822-headers") && raw.contains("Will-Retry-Until: "));
}

#[test]
fn notify_is_honoured() {
    use Action::*;
    let rows = [
        (None, [true, true, false, false]),
        (Some("NEVER"), [false, false, false, false]),
        (Some("failure"), [true, false, false, false]),
        (Some("SUCCESS,DELAY"), [false, true, true, true]),
        (Some("SUCCESS, FAILURE ,DELAY"), [true, true, true, true]),
    ];
    for (notify, expected) in rows {
        assert_eq!(
            [Failed, Delayed, Relayed, Delivered].map(|action| action.is_wanted(notify)),
            expected,
            "{notify:?}"
        );
    }
}

#[test]
fn statuses() {
    let rows = [
        (Action::Failed, Some("4.4.1"), None, "5.4.1"),
        (Action::Failed, Some("5.1.10"), Some(556), "5.1.10"),
        (Action::Delayed, Some("4.2.2"), Some(452), "4.2.2"),
        (Action::Failed, None, Some(550), "5.1.1"),
        (Action::Failed, None, Some(554), "5.0.0"),
        (Action::Relayed, Some("2.0.0"), Some(250), "2.0.0"),
        (Action::Delayed, None, None, "4.0.0"),
    ];
    for (action, enhanced, code, expected) in rows {
        assert_eq!(status_of(action, enhanced, code), expected);
    }
}
