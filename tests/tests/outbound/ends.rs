//! What some server somewhere takes for the end of a letter, inside a letter of ours: a real Postfix gets one letter for each
//! that we took, by BDAT and by DATA, never a second one.

use super::*;
use congthu_tests::Smtp;

/// Ends that servers are known to have believed in, and bare CR and LF.
const ENDS: [&str; 9] = [
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r\n.\r",
    "\r\n.\r\r\n",
    "\r\r\n.\r\r\n",
    "\r.\r",
    "a\nb\rc",
    "\r\n.\r\n",
];

fn letter(end: &str, id: &str) -> String {
    format!(
        "From: {LAN}\r\nSubject: dau\r\nMessage-ID: <{id}>\r\n\r\ntruoc{end}MAIL FROM:<{LAN}>\r\n\
         RCPT TO:<so.noi.vu@huyenbac.example>\r\nDATA\r\nSubject: lau\r\n\r\nthu lau\r\n"
    )
}

/// MAIL, RCPT and the letter by BDAT; the code of the last reply.
fn bdat(smtp: &mut Smtp, letter: &str) -> u16 {
    for command in [
        format!("MAIL FROM:<{LAN}>"),
        "RCPT TO:<so.noi.vu@huyenbac.example>".to_owned(),
    ] {
        let (code, said) = smtp.say(&command).unwrap();
        assert_eq!(code, 250, "{said}");
    }
    let command = format!("BDAT {} LAST\r\n{letter}", letter.len());
    smtp.write(command.as_bytes()).unwrap();
    smtp.reply().unwrap().0
}

/// What comes from programs of ours and is no session's: nobody has looked at its line ends.
fn hand_in(demo: &Demo, letters: &[String]) {
    use mailroom::receive::{Peer, RcptTo};
    let config = store::Config {
        node: 9,
        ..store::Config::sqlite(demo.data())
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = store::Store::open(config).await.unwrap();
        let (policy, clock) = (mailroom::Policy::default(), mailroom::Clock::System);
        let room = mailroom::Mailroom::new(store.clone(), policy, clock).unwrap();
        let lan = room.find_address(LAN).await.unwrap().unwrap();
        let actor = mailroom::Actor {
            principal: lan.id,
            address: lan.address,
            name: lan.name,
            means: mailroom::Means::Password,
            peer_ip: "127.0.0.1".into(),
        };
        for letter in letters {
            let address = "so.noi.vu@huyenbac.example".to_owned();
            let outgoing = mailroom::submit::Outgoing {
                trace: room.new_trace(),
                peer: Peer::default(),
                mail_from: LAN.into(),
                recipients: vec![RcptTo {
                    resolved: room.resolve(&address).await.unwrap(),
                    address,
                    notify: None,
                    orcpt: None,
                }],
                raw: letter.clone().into(),
                smtputf8: false,
                envid: None,
                ret: None,
                priority: 0,
            };
            room.submit(&actor, outgoing).await.unwrap().unwrap();
        }
        store.close().await;
    });
}

fn whole(letters: &[PathBuf]) -> Vec<String> {
    let read = |path: &PathBuf| std::fs::read(path).unwrap();
    let text = |path| String::from_utf8(read(path)).unwrap();
    letters.iter().map(text).collect()
}

fn postfix_gets_one_letter_for_each(more: &str, by_bdat: bool) {
    let mx_port = free_port();
    let (_dns, demo) = demo_towards(mx_port);
    let postfix = Postfix::with(mx_port, demo.port("smtp"), more);
    let mut expected = Vec::new();
    for (number, end) in ENDS.into_iter().enumerate() {
        let mut smtp = Smtp::connect(demo.at("submission")).unwrap();
        smtp.ehlo().unwrap();
        assert_eq!(smtp.sign_in(LAN, demo.password(LAN)).unwrap().0, 235);
        let id = format!("bdat{number}@vamxanh.example");
        let code = bdat(&mut smtp, &letter(end, &id));
        // Our own door takes a line of one dot in a chunk, and nothing whose lines end otherwise.
        assert_eq!(code == 250, end == "\r\n.\r\n", "{end:?}: {code}");
        expected.extend((code == 250).then_some(id));
    }
    let inside: Vec<String> = (0..ENDS.len())
        .map(|number| format!("trong{number}@vamxanh.example"))
        .collect();
    let letters: Vec<String> = ENDS
        .iter()
        .zip(&inside)
        .map(|(end, id)| letter(end, id))
        .collect();
    hand_in(&demo, &letters);
    expected.extend(inside);
    let arrived = wait_for("every letter", || {
        let arrived = postfix.letters();
        (arrived.len() >= expected.len()).then_some(arrived)
    });
    // Whatever was smuggled would be queued before its carrier was answered.
    let texts = whole(&arrived);
    assert_eq!(texts.len(), expected.len());
    for id in &expected {
        let of_id: Vec<&String> = texts
            .iter()
            .filter(|text| text.contains(&format!("<{id}>")))
            .collect();
        assert_eq!(of_id.len(), 1, "{id}");
        let (header, body) = of_id[0].split_once("\n\n").unwrap();
        assert!(header.contains("Subject: dau") && !header.contains("Subject: lau"));
        assert!(
            body.contains("truoc") && body.trim_end().ends_with("thu lau"),
            "{body}"
        );
        assert!(!body.contains('\r'), "{body:?}");
    }
    // Our connections end a moment after their last letter; then Postfix says what was said on them.
    let count = |word: &str| postfix.log().matches(word).count();
    let (used, unused) = match by_bdat {
        true => (" bdat=", " data="),
        false => (" data=", " bdat="),
    };
    wait_for("the end of our connections", || {
        (count(used) > 0).then_some(())
    });
    assert_eq!(count(unused), 0, "{}", postfix.log());
    assert_eq!(count("improper command pipelining"), 0);
}

#[test]
fn no_end_inside_a_letter_makes_two_at_postfix_by_bdat() {
    postfix_gets_one_letter_for_each("", true);
}

#[test]
fn no_end_inside_a_letter_makes_two_at_postfix_by_data() {
    postfix_gets_one_letter_for_each("smtpd_discard_ehlo_keywords = chunking\n", false);
}
