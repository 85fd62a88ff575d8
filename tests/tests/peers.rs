//! Debian's Postfix, Exim and OpenSMTPD on loopback, found through a signed zone: each takes mail from the real program and sends
//! mail to it, with TLS, delivery reports (RFC 3461), addresses in UTF-8 (RFC 6531) and 25 MB letters.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::bind::tlsa;
use congthu_tests::peer::{Exim, Name, OpenSmtpd, Postfix};
use congthu_tests::site::{HOST, LAN, VAN_THU};
use congthu_tests::{Bind, Imap, Peer, Site, Smtp, wait_for};

/// What a peer can do besides mail as it was in 1982.
struct Able {
    smtputf8: bool,
    /// Answers STARTTLS when it is asked.
    serves_tls: bool,
    /// What its report of a delivery contains.
    report: &'static [&'static str],
}

/// Us, a peer's name, and the zone both are in.
fn world(domain: &'static str, more: impl Fn(&Name) -> Vec<String>) -> (Site, Name, Bind) {
    let mut site = Site::new();
    let name = Name::new(domain);
    let mut records = site.records.clone();
    records.extend(name.records());
    records.extend(more(&name));
    records.push(tlsa(HOST, &site.keys().join("certificate.pem")));
    let dns = Bind::start(site.ip, &records);
    site.serve(dns.ip.into(), &[]);
    (site, name, dns)
}

fn letter(from: &str, to: &str, id: &str, text: &str) -> String {
    format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: {id}\r\nMessage-ID: <{id}@thu.example>\r\nDate: Fri, 20 Nov 2026 08:40:00 +0700\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}"
    )
}

/// Text lines of about 25 MB; bytes that DATA must stuff, and Vietnamese.
fn large() -> String {
    let line =
        "Kính gửi đồng chí, đây là một dòng của một lá thư lớn.\r\n.chấm ở đầu dòng\r\n..\r\n";
    line.repeat(25 * 1024 * 1024 / line.len())
}

/// What stands behind the header, with plain line ends.
fn body(letter: &[u8]) -> String {
    let text = String::from_utf8_lossy(letter).replace("\r\n", "\n");
    text.split_once("\n\n").unwrap().1.to_owned()
}

fn said(smtp: &mut Smtp, command: &str, code: u16) {
    let (got, text) = smtp.say(command).unwrap();
    assert_eq!(got, code, "{command}: {text}");
}

/// Hands a letter over with all parameters; the reply to its end.
fn hand_over(smtp: &mut Smtp, mail: &str, rcpt: &str, letter: &str) -> String {
    said(smtp, &format!("MAIL FROM:{mail}"), 250);
    said(smtp, &format!("RCPT TO:{rcpt}"), 250);
    said(smtp, "DATA", 354);
    smtp.write(letter.replace("\r\n.", "\r\n..").as_bytes())
        .unwrap();
    smtp.write(b"\r\n.\r\n").unwrap();
    let (code, text) = smtp.reply().unwrap();
    assert_eq!(code, 250, "{text}");
    text
}

/// A letter of a person that contains all of these in its first kilobytes.
fn in_mailbox(imap: &mut Imap, parts: &[&str]) -> Option<Vec<u8>> {
    for mailbox in ["INBOX", "Junk"] {
        let said = imap.say(&format!("EXAMINE {mailbox}"));
        let count = said.text();
        let count = count
            .lines()
            .find_map(|line| line.strip_prefix("* ")?.strip_suffix(" EXISTS"));
        for number in 1..=count.unwrap().parse::<u32>().unwrap() {
            let start = imap
                .say(&format!("FETCH {number} BODY.PEEK[]<0.16000>"))
                .text();
            if parts.iter().all(|part| start.contains(part)) {
                let letter = imap
                    .say(&format!("FETCH {number} BODY.PEEK[]"))
                    .lines
                    .concat();
                let start = letter
                    .windows(3)
                    .position(|three| three == b"}\r\n")
                    .unwrap()
                    + 3;
                return Some(letter[start..letter.len() - 3].to_vec());
            }
        }
    }
    None
}

/// We send: a letter with a report asked for, a large one, one to an address in UTF-8, one to nobody.
fn we_send(site: &Site, peer: &impl Peer, able: &Able) {
    let mut smtp = site.submission();
    let (clerk, utf8) = (peer.name().clerk(), peer.name().utf8_clerk());
    let mut imap = site.imap(LAN);

    let text = "Kính gửi đồng chí.\r\n.dòng có chấm\r\n";
    hand_over(
        &mut smtp,
        &format!("<{LAN}> BODY=8BITMIME RET=HDRS ENVID=QQ314159"),
        &format!("<{clerk}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;{clerk}"),
        &letter(LAN, &clerk, "di-mot", text),
    );
    let arrived = wait_for("our letter", || {
        peer.letters(&["<di-mot@thu.example>"]).pop()
    });
    let shown = String::from_utf8_lossy(&arrived).into_owned();
    assert_eq!(
        body(&arrived).trim_end(),
        text.replace("\r\n", "\n").trim_end()
    );
    assert!(
        shown.contains("a=rsa-sha256") && shown.contains("a=ed25519-sha256"),
        "{shown}"
    );
    assert_eq!(shown.contains("TLS"), able.serves_tls, "{shown}");
    wait_for("the report of success", || {
        in_mailbox(&mut imap, able.report)
    });

    let large = large();
    hand_over(
        &mut smtp,
        &format!("<{LAN}>"),
        &format!("<{clerk}>"),
        &letter(LAN, &clerk, "di-lon", &large),
    );
    let arrived = wait_for("our large letter", || {
        peer.letters(&["<di-lon@thu.example>"]).pop()
    });
    assert!(
        body(&arrived).trim_end() == large.replace("\r\n", "\n").trim_end(),
        "changed on the way"
    );

    let reply = hand_over(
        &mut smtp,
        &format!("<{LAN}> SMTPUTF8 BODY=8BITMIME"),
        &format!("<{utf8}>"),
        &letter(LAN, &utf8, "di-utf8", text),
    );
    if able.smtputf8 {
        wait_for("our letter to an address in UTF-8", || {
            peer.letters(&["<di-utf8@thu.example>"]).pop()
        });
    } else {
        wait_for("the report that it cannot be sent", || {
            in_mailbox(&mut imap, &["multipart/report", "5.6.7"])
        });
        let trace = site.trace(&reply);
        assert!(trace.contains("SMTPUTF8"), "{trace}");
    }

    let nobody = format!("khong.co@{}", peer.name().domain);
    let reply = hand_over(
        &mut smtp,
        &format!("<{LAN}>"),
        &format!("<{nobody}>"),
        &letter(LAN, &nobody, "di-hut", text),
    );
    wait_for("the report of failure", || {
        in_mailbox(&mut imap, &["multipart/report", &nobody, "Status: 5."])
    });
    let trace = site.trace(&reply);
    assert!(trace.contains("bị trả lại 5"), "{trace}");
}

/// The peer sends: the same four.
fn they_send(site: &Site, peer: &impl Peer, able: &Able) {
    let mut smtp = Smtp::connect(&format!("{}:25", peer.name().ip)).unwrap();
    smtp.ehlo().unwrap();
    let clerk = peer.name().clerk();
    let mut imap = site.imap(LAN);

    let text = "Đã nhận được.\r\n.dòng có chấm\r\n";
    hand_over(
        &mut smtp,
        &format!("<{clerk}> BODY=8BITMIME RET=HDRS ENVID=VE271828"),
        &format!("<{LAN}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;{LAN}"),
        &letter(&clerk, LAN, "ve-mot", text),
    );
    let arrived = wait_for("their letter", || {
        in_mailbox(&mut imap, &["ve-mot@thu.example"])
    });
    let shown = String::from_utf8_lossy(&arrived).into_owned();
    assert!(
        body(&arrived).trim_end() == text.replace("\r\n", "\n").trim_end(),
        "{shown}"
    );
    assert!(
        shown.contains("with ESMTPS") && shown.contains("TLSv1.3"),
        "{shown}"
    );
    assert!(shown.contains("spf=pass"), "{shown}");
    wait_for("our report of success", || {
        let parts = ["multipart/report", "VE271828", "Action: delivered"];
        peer.letters(&parts).pop()
    });

    let large = large();
    hand_over(
        &mut smtp,
        &format!("<{clerk}>"),
        &format!("<{LAN}>"),
        &letter(&clerk, LAN, "ve-lon", &large),
    );
    let arrived = wait_for("their large letter", || {
        in_mailbox(&mut imap, &["ve-lon@thu.example"])
    });
    assert!(
        body(&arrived).trim_end() == large.replace("\r\n", "\n").trim_end(),
        "changed on the way"
    );

    if able.smtputf8 {
        let utf8 = peer.name().utf8_clerk();
        hand_over(
            &mut smtp,
            &format!("<{utf8}> SMTPUTF8 BODY=8BITMIME"),
            &format!("<{VAN_THU}>"),
            &letter(&utf8, VAN_THU, "ve-utf8", text),
        );
        let mut other = site.imap(VAN_THU);
        let arrived = wait_for("their letter from an address in UTF-8", || {
            in_mailbox(&mut other, &["ve-utf8@thu.example"])
        });
        let shown = String::from_utf8_lossy(&arrived);
        assert!(
            shown.contains("with UTF8SMTPS") && shown.contains(&format!("Return-Path: <{utf8}>")),
            "{shown}"
        );
    }

    hand_over(
        &mut smtp,
        &format!("<{clerk}>"),
        "<khong.co@vamxanh.example> NOTIFY=FAILURE",
        &letter(&clerk, "khong.co@vamxanh.example", "ve-hut", text),
    );
    wait_for("their report of failure", || {
        peer.letters(&["khong.co@vamxanh.example", "5.1.1"]).pop()
    });
}

#[test]
fn postfix() {
    let postfix = std::cell::OnceCell::new();
    let (site, _, dns) = world("huyenbac.example", |name| {
        let made = postfix.get_or_init(|| Postfix::new(name));
        vec![tlsa(&name.host(), &made.certificate())]
    });
    let postfix = postfix.into_inner().unwrap();
    postfix.start(&dns);
    let able = Able {
        smtputf8: true,
        serves_tls: true,
        report: &["multipart/report", "QQ314159", "Action: delivered"],
    };
    we_send(&site, &postfix, &able);
    they_send(&site, &postfix, &able);
    let verified = format!("Verified TLS connection established to {HOST}");
    assert!(postfix.log().contains(&verified), "{}", postfix.log());
}

#[test]
fn exim() {
    let (site, name, dns) = world("huyentay.example", |_| Vec::new());
    let exim = Exim::start(&name, &dns);
    let able = Able {
        smtputf8: true,
        serves_tls: true,
        report: &["multipart/report", "QQ314159", "Action: delivered"],
    };
    we_send(&site, &exim, &able);
    they_send(&site, &exim, &able);
}

#[test]
fn opensmtpd() {
    let (site, name, dns) = world("huyennam.example", |_| Vec::new());
    let opensmtpd = OpenSmtpd::start(&name, &dns);
    let able = Able {
        smtputf8: false,
        serves_tls: false,
        report: &[
            "Subject: Delivery status notification: delivered",
            "Action: delivered",
        ],
    };
    we_send(&site, &opensmtpd, &able);
    they_send(&site, &opensmtpd, &able);
}
