//! A whole session behind each door, fed in pieces, with a directory that answers from the question's own bytes. Checks that
//! it never loops, never answers without bound, and that pieces do not matter.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use mailroom::directory::Recipient;
use mailroom::{Actor, Means, signin::NoEntry};
use smtp::proto::body::Budget;
use smtp::proto::{Answer, Ask, Fate, Peer, Rejection, Rules, Session, Step, Trouble};
use smtp::{Door, Limits};
use std::sync::Arc;
use store::{AccountId, PrincipalId, TraceId};

fuzz_target!(|bytes: &[u8]| {
    let Some((how, bytes)) = bytes.split_first() else { return };
    let door = match how % 3 {
        0 => Door::Mx,
        1 => Door::Submission,
        _ => Door::Submissions,
    };
    let step = usize::from(how / 3).max(1);
    assert_eq!(run(door, bytes, step), run(door, bytes, 1 << 20), "pieces must not matter");
});

fn run(door: Door, bytes: &[u8], step: usize) -> Vec<u8> {
    let limits = Limits { message_bytes_max: 4_096, recipients_max: 5, ..Limits::default() };
    let rules = Rules {
        host_name: "mx.example".into(),
        door,
        limits,
        tls: true,
        auth_in_clear: door == Door::Submission,
        scram: true,
        budget: Budget::new(1 << 24),
    };
    let peer = Peer { ip: "192.0.2.1".into(), offer_tls: true };
    let tls = (door == Door::Submissions).then(|| "TLSv1.3".to_owned());
    let mut session = Session::new(Arc::new(rules), peer, tls);
    let (mut input, mut said) = (BytesMut::new(), Vec::new());
    let mut pieces = bytes.chunks(step);
    let mut steps = 0usize;
    loop {
        steps += 1;
        assert!(steps < 64 + 4 * bytes.len(), "the session loops");
        let step = session.next(&mut input);
        if !matches!(step, Step::Ask(_) | Step::Pause(_)) {
            said.extend_from_slice(session.output());
            session.output().clear();
        }
        match step {
            Step::Ask(ask) => session.answer(answer(ask)),
            Step::Pause(_) | Step::Flush => {}
            // What follows STARTTLS in later pieces would be TLS records: the pieces rule ends here.
            Step::StartTls | Step::Close => break,
            Step::Read => match pieces.next() {
                Some(piece) => input.extend_from_slice(piece),
                None => break,
            },
        }
    }
    assert!(said.len() <= 1_024 + 600 * (bytes.len() + 1));
    assert!(said.ends_with(b"\r\n"));
    // Whether something follows STARTTLS in the same piece decides by design: such inputs are not compared.
    if bytes.windows(8).any(|word| word.eq_ignore_ascii_case(b"STARTTLS")) {
        said.clear();
    }
    said
}

fn answer(ask: Ask) -> Answer {
    match ask {
        Ask::Sender { address, .. } => Answer::Sender(match address.len() % 3 {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Trouble),
        }),
        Ask::Recipient { address } => Answer::Recipient(match address.len() % 6 {
            0 => Ok(Recipient::Unknown),
            1 => Ok(Recipient::Disabled),
            2 => Ok(Recipient::Elsewhere { domain: "elsewhere.example".into() }),
            3 => Err(Trouble),
            _ => Ok(Recipient::Local { accounts: vec![AccountId(1)], outside: vec![] }),
        }),
        Ask::SignIn { user, secret } => Answer::SignIn(match secret.expose().len() % 3 {
            0 => Ok(Err(NoEntry::Wrong)),
            1 => Err(Trouble),
            _ => Ok(Ok(Actor {
                principal: PrincipalId(1),
                address: user,
                name: String::new(),
                means: Means::AppPassword,
                peer_ip: String::new(),
            })),
        }),
        Ask::ScramBegin { .. } => Answer::Challenge(Ok(Err(NoEntry::Wrong))),
        Ask::ScramFinish { .. } => Answer::Proven(Ok(Err(NoEntry::Wrong))),
        Ask::Message(letter) => {
            assert!(!letter.mail.recipients.is_empty() && letter.body.bytes.len() <= 4_096);
            Answer::Message(match letter.body.bytes.len() % 3 {
                0 => Fate::Refused(Rejection::Loop, TraceId(2)),
                1 => Fate::Refused(Rejection::OverQuota, TraceId(3)),
                _ => Fate::Taken(TraceId(1)),
            })
        }
        Ask::Record(_) => Answer::Recorded(TraceId(9)),
    }
}
