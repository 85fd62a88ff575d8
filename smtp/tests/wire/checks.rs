//! Checks on mail from outside against a DNS table on loopback: the RFCs' examples, what DMARC asks for, what a silent DNS
//! must not do, and what arrives where.

use crate::dns::dns;
use crate::town::Town;
use base64::Engine;
use mail_auth::arc::ArcSealer;
use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter;
use mail_auth::{AuthenticatedMessage, AuthenticationResults, MessageAuthenticator};
use mailroom::receive::Verdict;
use smtp::Door;
use smtp::check::{Checks, Engines, Envelope};
use smtp::dkim::Keys;
use smtp::proto::Rejection;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use store::Role;

/// RFC 8463 appendix A.3, the Ed25519 signature.
const RFC_8463: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\nFrom: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\nMessage-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\nHi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
const BRISBANE: &str = "brisbane._domainkey.football.example.com TXT v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const GOOD_IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
const BAD_IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));

fn envelope<'a>(ip: IpAddr, helo: &'a str, mail_from: &'a str) -> Envelope<'a> {
    Envelope {
        ip,
        helo,
        mail_from,
        rcpt_to: &[],
    }
}

struct Case<'a> {
    what: &'a str,
    table: Vec<&'a str>,
    ip: IpAddr,
    from: &'a str,
    raw: String,
    verdict: Result<Verdict, Rejection>,
    /// Words that the Authentication-Results value holds.
    says: Vec<&'a str>,
}

#[tokio::test]
async fn verdicts_follow_what_domains_publish() {
    let joe = "joe@football.example.com";
    let changed = RFC_8463.replace("lost", "won");
    let spf = "football.example.com TXT v=spf1 ip4:192.0.2.0/24 -all";
    let reject = "_dmarc.football.example.com TXT v=DMARC1; p=reject";
    let quarantine = "_dmarc.football.example.com TXT v=DMARC1; p=quarantine";
    let none = "_dmarc.football.example.com TXT v=DMARC1; p=none";
    let inbox = Ok(Verdict::Inbox);
    let case = |what, table: &[&'static str], ip, raw: &str, verdict, says: &[&'static str]| Case {
        what,
        table: table.to_vec(),
        ip,
        from: joe,
        raw: raw.to_owned(),
        verdict,
        says: says.to_vec(),
    };
    let cases = [
        case(
            "a good signature from anywhere",
            &[BRISBANE, spf, reject],
            BAD_IP,
            RFC_8463,
            inbox,
            &["dkim=pass", "spf=fail", "dmarc=pass"],
        ),
        case(
            "a changed body",
            &[BRISBANE, spf, reject],
            BAD_IP,
            &changed,
            Err(Rejection::Dmarc),
            &["dkim=neutral", "dmarc=fail", "policy.dmarc=reject"],
        ),
        case(
            "a changed body from the right address",
            &[BRISBANE, spf, reject],
            GOOD_IP,
            &changed,
            inbox,
            &["spf=pass", "dmarc=pass"],
        ),
        case(
            "quarantine is Junk",
            &[BRISBANE, spf, quarantine],
            BAD_IP,
            &changed,
            Ok(Verdict::Junk),
            &["policy.dmarc=quarantine"],
        ),
        case(
            "SPF and DMARC fail, nothing asked",
            &[BRISBANE, spf, none],
            BAD_IP,
            &changed,
            Ok(Verdict::Junk),
            &["dmarc=fail"],
        ),
        case(
            "SPF alone never decides",
            &[spf],
            BAD_IP,
            "From: joe@football.example.com\r\n\r\nx\r\n",
            inbox,
            &["spf=fail"],
        ),
        case(
            "nothing published",
            &["football.example.com A 192.0.2.1"],
            BAD_IP,
            &changed,
            inbox,
            &["spf=none"],
        ),
        case(
            "the key cannot be fetched",
            &[
                "brisbane._domainkey.football.example.com FAIL -",
                spf,
                reject,
            ],
            BAD_IP,
            RFC_8463,
            inbox,
            &["dkim=temperror"],
        ),
        case(
            "DNS fails for everything",
            &[
                "football.example.com FAIL -",
                "_dmarc.football.example.com FAIL -",
                "brisbane._domainkey.football.example.com FAIL -",
            ],
            BAD_IP,
            &changed,
            inbox,
            &["spf=temperror"],
        ),
        case(
            "no header at all",
            &[spf, reject],
            BAD_IP,
            "just text\r\n",
            inbox,
            &[],
        ),
    ];
    for case in cases {
        let served = dns(&case.table).await;
        let checks = Checks::new(served.resolver(), "mx.camau.vn", &[]);
        let judged = checks
            .judge(
                &envelope(case.ip, "mail.football.example.com", case.from),
                case.raw.as_bytes(),
            )
            .await;
        assert_eq!(judged.verdict, case.verdict, "{}: {judged:?}", case.what);
        let passes = case.says.contains(&"dmarc=pass");
        assert!(judged.author_proven || !passes, "{}", case.what);
        assert!(
            !(judged.author_proven && judged.verdict.is_err()),
            "{}",
            case.what
        );
        for word in case.says {
            assert!(
                judged.auth_results.contains(word),
                "{}: no {word} in {}",
                case.what,
                judged.auth_results
            );
        }
    }
}

#[tokio::test]
async fn our_own_signatures_pass() {
    let body = "From: an@tinh.example\r\nTo: b@c.example\r\nSubject: x\r\nDate: Sat, 21 Nov 2026 10:00:00 +0700\r\nMessage-ID: <1@tinh.example>\r\n\r\na\r\n";
    let folder = tempfile::tempdir().unwrap();
    assert!(Keys::make(folder.path(), "tinh.example", "s").unwrap());
    let keys = Keys::load(folder.path()).unwrap();
    let records: Vec<String> = keys
        .records("tinh.example")
        .iter()
        .map(|(name, text)| format!("{name} TXT {text}"))
        .collect();
    let mut table: Vec<&str> = records.iter().map(String::as_str).collect();
    table.push("_dmarc.tinh.example TXT v=DMARC1; p=reject");
    let served = dns(&table).await;
    let raw = format!(
        "{}{body}",
        keys.signatures("tinh.example", body.as_bytes()).unwrap()
    );
    let judged = Checks::new(served.resolver(), "mx.camau.vn", &[])
        .judge(&envelope(BAD_IP, "x", ""), raw.as_bytes())
        .await;
    assert_eq!(judged.verdict, Ok(Verdict::Inbox), "{judged:?}");
    assert_eq!(
        judged.auth_results.matches("dkim=pass").count(),
        2,
        "RSA and Ed25519: {judged:?}"
    );
}

/// A list changed the letter, so DMARC fails; its seal turns the refusal into Junk only where it is trusted and whole.
#[tokio::test]
async fn a_trusted_seal_turns_a_refusal_into_junk() {
    let changed = RFC_8463.replace("lost", "won");
    let pkcs8 = Ed25519Key::generate_pkcs8().unwrap();
    let public = Ed25519Key::from_pkcs8_der(&pkcs8).unwrap().public_key();
    let public = base64::engine::general_purpose::STANDARD.encode(public);
    let record = format!("s1._domainkey.list.example TXT v=DKIM1; k=ed25519; p={public}");
    let served = dns(&[
        &record,
        BRISBANE,
        "football.example.com TXT v=spf1 -all",
        "_dmarc.football.example.com TXT v=DMARC1; p=reject",
    ])
    .await;
    let sealed = seal(&pkcs8, &changed, &served).await;
    let broken = sealed.replace("Joe.", "Jim.");
    for (raw, trusted, verdict) in [
        (&sealed, "list.example", Ok(Verdict::Junk)),
        (&sealed, "other.example", Err(Rejection::Dmarc)),
        (&broken, "list.example", Err(Rejection::Dmarc)),
        (&changed, "list.example", Err(Rejection::Dmarc)),
    ] {
        let checks = Checks::new(served.resolver(), "mx.camau.vn", &[trusted.to_owned()]);
        let judged = checks
            .judge(
                &envelope(BAD_IP, "list.example", "joe@football.example.com"),
                raw.as_bytes(),
            )
            .await;
        assert_eq!(judged.verdict, verdict, "{trusted}: {judged:?}");
    }
}

/// A forwarder without ARC is known by its own address: SPF for its envelope sender, or for its name.
#[tokio::test]
async fn a_trusted_forwarder_is_known_by_its_address() {
    let changed = RFC_8463.replace("lost", "won");
    let served = dns(&[
        BRISBANE,
        "football.example.com TXT v=spf1 -all",
        "_dmarc.football.example.com TXT v=DMARC1; p=reject",
        "cu.example TXT v=spf1 ip4:203.0.113.7 -all",
        "mx.cu.example TXT v=spf1 ip4:203.0.113.7 -all",
    ])
    .await;
    let joe = "joe@football.example.com";
    let refused = Err(Rejection::Dmarc);
    for (trusted, ip, helo, from, verdict) in [
        (
            "cu.example",
            BAD_IP,
            "x",
            "srs0=a@cu.example",
            Ok(Verdict::Junk),
        ),
        (
            "mx.cu.example",
            BAD_IP,
            "mx.cu.example",
            joe,
            Ok(Verdict::Junk),
        ),
        (
            "other.example",
            BAD_IP,
            "mx.cu.example",
            "srs0=a@cu.example",
            refused,
        ),
        (
            "cu.example",
            GOOD_IP,
            "mx.cu.example",
            "srs0=a@cu.example",
            refused,
        ),
    ] {
        let checks = Checks::new(served.resolver(), "mx.camau.vn", &[trusted.to_owned()]);
        let judged = checks
            .judge(&envelope(ip, helo, from), changed.as_bytes())
            .await;
        assert_eq!(
            judged.verdict, verdict,
            "{trusted} {helo} {from}: {judged:?}"
        );
    }
}

async fn seal(pkcs8: &[u8], raw: &str, served: &crate::dns::Dns) -> String {
    let message = AuthenticatedMessage::parse(raw.as_bytes()).unwrap();
    let arc = MessageAuthenticator(served.resolver())
        .verify_arc(&message)
        .await;
    let results = AuthenticationResults::new("list.example");
    let set = ArcSealer::from_key(Ed25519Key::from_pkcs8_der(pkcs8).unwrap())
        .domain("list.example")
        .selector("s1")
        .headers(["From", "To", "Subject", "Date", "Message-ID"])
        .seal(&message, &results, &arc)
        .unwrap();
    format!("{}{raw}", set.to_header())
}

#[tokio::test]
async fn a_silent_dns_costs_its_time_limit_and_no_letter() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = crate::dns::resolver_at(silent.local_addr().unwrap());
    let checks = Checks::new(resolver, "mx.camau.vn", &[]).within(Duration::from_millis(50));
    let judged = checks
        .judge(
            &envelope(BAD_IP, "x.example", "joe@football.example.com"),
            RFC_8463.as_bytes(),
        )
        .await;
    assert_eq!(
        (judged.verdict, judged.reasons.len()),
        (Ok(Verdict::Inbox), 1)
    );
}

/// One slow zone: its own result is missing, the others stand and decide.
#[tokio::test]
async fn what_is_late_takes_nobody_elses_word_with_it() {
    let slow_key = "slow._domainkey.slow.example SLOW -";
    let spf = "football.example.com TXT v=spf1 -all";
    let reject = "_dmarc.football.example.com TXT v=DMARC1; p=reject";
    // A second signature, whose key never comes, above the good one.
    let second = RFC_8463
        .split("From: Joe")
        .next()
        .unwrap()
        .replace(
            "d=football.example.com; i=@football.example.com",
            "d=slow.example; i=@slow.example",
        )
        .replace("s=brisbane", "s=slow");
    let two = format!("{second}{RFC_8463}");
    let changed = RFC_8463.replace("lost", "won");
    type Row<'a> = (
        &'a str,
        Vec<&'a str>,
        &'a str,
        Result<Verdict, Rejection>,
        &'a [&'a str],
    );
    let rows: [Row<'_>; 4] = [
        (
            "another signature's key",
            vec![BRISBANE, slow_key, spf, reject],
            &two,
            Ok(Verdict::Inbox),
            &["dkim=temperror", "dkim=pass", "spf=fail", "dmarc=pass"],
        ),
        (
            "SPF",
            vec![BRISBANE, "football.example.com SLOW -", reject],
            RFC_8463,
            Ok(Verdict::Inbox),
            &["dkim=pass", "spf=temperror", "dmarc=pass"],
        ),
        (
            "DMARC's policy",
            vec![BRISBANE, spf, "_dmarc.football.example.com SLOW -"],
            &changed,
            Ok(Verdict::Inbox),
            &["dkim=neutral", "spf=fail", "dmarc=temperror"],
        ),
        (
            "a block list",
            vec![spf, reject, BRISBANE, "7.113.0.203.bl.example SLOW -"],
            &changed,
            Err(Rejection::Dmarc),
            &["dkim=neutral", "spf=fail", "dmarc=fail"],
        ),
    ];
    for (what, table, raw, verdict, says) in rows {
        let served = dns(&table).await;
        let checks = Checks::new(served.resolver(), "mx.camau.vn", &[])
            .with_lists(&["bl.example".to_owned()])
            .within(Duration::from_millis(400));
        let judged = checks
            .judge(
                &envelope(BAD_IP, "h.example", "joe@football.example.com"),
                raw.as_bytes(),
            )
            .await;
        assert_eq!(judged.verdict, verdict, "{what}: {judged:?}");
        for word in says {
            assert!(
                judged.auth_results.contains(word),
                "{what}: no {word} in {judged:?}"
            );
        }
        let late = judged
            .reasons
            .iter()
            .any(|why| why.starts_with("DNS did not answer"));
        assert!(late, "{what}: {judged:?}");
    }
}

#[tokio::test]
async fn verdicts_reach_the_dialogue_and_the_mailbox() {
    let served = dns(&[
        "cam.example TXT v=spf1 -all",
        "_dmarc.cam.example TXT v=DMARC1; p=reject",
        "rac.example TXT v=spf1 -all",
        "_dmarc.rac.example TXT v=DMARC1; p=quarantine",
        "tot.example TXT v=spf1 ip4:127.0.0.1 -all",
        "_dmarc.tot.example TXT v=DMARC1; p=reject",
    ])
    .await;
    let town = Town::new().await;
    let mut config = town.config();
    config.checks = Some(Arc::new(Checks::new(served.resolver(), "mx.camau.vn", &[])));
    let open = town.open(Door::Mx, config).await;
    let mut client = open.client().await;
    client.expect("220").await;
    client.say("EHLO so.example", "250").await;
    for (domain, reply) in [
        ("cam.example", "550 5.7.1"),
        ("rac.example", "250 2.0.0"),
        ("tot.example", "250 2.0.0"),
    ] {
        let from = format!("a@{domain}");
        let body = format!(
            "From: {from}\r\nSubject: {domain}\r\nAuthentication-Results: mx.camau.vn; dmarc=pass\r\n\r\nx"
        );
        let said = client.letter(&from, &["an@camau.vn"], &body).await;
        assert!(said.starts_with(reply) && said.contains("trace"), "{said}");
    }
    assert!(!served.asked.lock().unwrap().is_empty());
    let junk = String::from_utf8(town.letters("an", Role::Junk).await.remove(0)).unwrap();
    assert!(junk.contains("Subject: rac.example"), "{junk}");
    assert_eq!(junk.matches("Authentication-Results:").count(), 1, "{junk}");
    let inbox = town.letters("an", Role::Inbox).await;
    assert_eq!(inbox.len(), 1);
    let good = String::from_utf8_lossy(&inbox[0]).into_owned();
    assert!(
        good.contains("Authentication-Results: mx.camau.vn;") && good.contains("spf=pass"),
        "{good}"
    );
}

#[tokio::test]
async fn block_lists_only_add_up() {
    let served = dns(&[
        "7.113.0.203.bl.example A 127.0.0.2",
        "7.113.0.203.gone.example A 198.51.100.1",
        "7.113.0.203.broken.example FAIL -",
        "x.example TXT v=spf1 -all",
    ])
    .await;
    let lists = ["bl.example", "gone.example", "broken.example"].map(str::to_owned);
    let checks = Checks::new(served.resolver(), "mx.camau.vn", &[]).with_lists(&lists);
    let raw = b"From: a@y.example\r\n\r\nx\r\n";
    let only_listed = checks
        .judge(&envelope(BAD_IP, "h", "a@y.example"), raw)
        .await;
    assert_eq!(
        (only_listed.verdict, only_listed.reasons),
        (Ok(Verdict::Inbox), vec!["on a block list (+2)".to_owned()])
    );
    let and_spf = checks
        .judge(&envelope(BAD_IP, "h", "a@x.example"), raw)
        .await;
    assert_eq!(and_spf.verdict, Ok(Verdict::Junk), "{and_spf:?}");
}

/// Answers one connection with fixed bytes after reading `until`; returns what it read.
async fn engine(
    until: &'static [u8],
    answer: String,
) -> (std::net::SocketAddr, tokio::task::JoinHandle<Vec<u8>>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let read = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(until) {
            assert_ne!(
                stream.read_buf(&mut seen).await.unwrap(),
                0,
                "{}",
                String::from_utf8_lossy(&seen)
            );
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        seen
    });
    (at, read)
}

#[tokio::test]
async fn engines_are_heard_and_never_waited_for() {
    let served = dns(&["y.example A 192.0.2.1"]).await;
    let raw = b"From: a@y.example\r\n\r\nend of letter\r\n";
    let to = ["an@camau.vn".to_owned()];
    let envelope = Envelope {
        rcpt_to: &to,
        ..envelope(BAD_IP, "h.example", "a@y.example")
    };
    let judge = async |engines: Engines| {
        Checks::new(served.resolver(), "mx.camau.vn", &[])
            .with_engines(engines)
            .judge(&envelope, raw)
            .await
    };
    for (action, verdict) in [
        ("no action", Ok(Verdict::Inbox)),
        ("greylist", Ok(Verdict::Inbox)),
        ("add header", Ok(Verdict::Junk)),
        ("quarantine", Ok(Verdict::Quarantine)),
        ("reject", Err(Rejection::Spam)),
    ] {
        let json = format!("{{\"action\":\"{action}\",\"score\":3.5}}");
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{json}",
            json.len()
        );
        let (at, read) = engine(b"end of letter\r\n", answer).await;
        let judged = judge(Engines {
            rspamd: Some(at),
            clamav: None,
        })
        .await;
        assert_eq!(judged.verdict, verdict, "{action}: {judged:?}");
        let asked = String::from_utf8(read.await.unwrap())
            .unwrap()
            .to_lowercase();
        for field in [
            "post /checkv2",
            "ip: 203.0.113.7",
            "helo: h.example",
            "from: a@y.example",
            "rcpt: an@camau.vn",
        ] {
            assert!(asked.contains(field), "no {field} in {asked}");
        }
    }
    for (said, verdict) in [
        ("stream: OK", Ok(Verdict::Inbox)),
        ("stream: Eicar FOUND", Err(Rejection::Malware)),
    ] {
        let (at, read) = engine(b"\0\0\0\0", format!("{said}\0")).await;
        let judged = judge(Engines {
            rspamd: None,
            clamav: Some(at),
        })
        .await;
        assert_eq!(judged.verdict, verdict, "{said}: {judged:?}");
        let asked = read.await.unwrap();
        let size = u32::try_from(raw.len()).unwrap().to_be_bytes();
        assert_eq!(
            asked,
            [b"zINSTREAM\0", &size[..], &raw[..], &[0; 4]].concat()
        );
    }
    // Nobody listens there: the letter passes, marked.
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = nobody.local_addr().unwrap();
    drop(nobody);
    let judged = judge(Engines {
        rspamd: Some(at),
        clamav: Some(at),
    })
    .await;
    assert_eq!(judged.verdict, Ok(Verdict::Inbox));
    assert_eq!(
        judged.reasons,
        ["unscanned by clamav", "unscanned by rspamd"]
    );
    assert!(judged.auth_results.contains("spf=none"), "{judged:?}");
}
