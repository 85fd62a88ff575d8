//! Every fault at every point: each recipient ends as SMTP allows, nobody is lost, nobody gets a second copy but where the
//! answer to the final dot was lost.

use super::peer::{Fault, Script, peer};
use super::*;
use smtp::outbound::manners::Manner;

pub const ALL: [&str; 4] = ["PIPELINING", "SIZE 1000000", "8BITMIME", "DSN"];
const NONE: [&str; 0] = [];

/// (point, fault, fates of a@ and b@ after the first attempt, copies taken in the first attempt, lesson)
pub type Row = (&'static str, Fault, [&'static str; 2], usize, Lesson);

pub fn rows() -> Vec<Row> {
    use Fault::*;
    use Lesson::*;
    vec![
        ("greeting", Drop, ["later", "later"], 0, Dead),
        ("greeting", Silent, ["later", "later"], 0, Dead),
        (
            "greeting",
            Say("554 no service here"),
            ["later 554", "later 554"],
            0,
            Dead,
        ),
        (
            "greeting",
            Say("421 too busy"),
            ["later 421", "later 421"],
            0,
            Dead,
        ),
        (
            "greeting",
            Say("521 takes no mail"),
            ["never 521", "never 521"],
            0,
            Dead,
        ),
        (
            "greeting",
            Bytes(b"SSH-2.0-OpenSSH_9\r\n"),
            ["later 0", "later 0"],
            0,
            Dead,
        ),
        ("greeting", Bytes(b"220\n"), ["sent", "sent"], 1, Went),
        ("greeting", Slow(5), ["sent", "sent"], 1, Went),
        ("EHLO", Drop, ["later", "later"], 0, Dead),
        ("EHLO", Silent, ["later", "later"], 0, Dead),
        (
            "EHLO",
            Say("502 5.5.1 never heard of it"),
            ["sent", "sent"],
            1,
            Went,
        ),
        (
            "EHLO",
            Say("451 4.3.0 not now"),
            ["later 451", "later 451"],
            0,
            Dead,
        ),
        // Nothing demands TLS here, so clear text is tried where TLS does not come about.
        (
            "STARTTLS",
            Say("454 4.7.0 no TLS today"),
            ["sent", "sent"],
            1,
            Went,
        ),
        ("STARTTLS", Drop, ["sent", "sent"], 1, Went),
        ("STARTTLS", Silent, ["sent", "sent"], 1, Went),
        ("handshake", Drop, ["sent", "sent"], 1, Went),
        (
            "handshake",
            Bytes(b"500 not TLS at all\r\n"),
            ["sent", "sent"],
            1,
            Went,
        ),
        ("MAIL", Drop, ["later", "later"], 0, Strained),
        ("MAIL", Silent, ["later", "later"], 0, Strained),
        (
            "MAIL",
            Say("451 4.7.1 greylisted"),
            ["later 451", "later 451"],
            0,
            Went,
        ),
        (
            "MAIL",
            Say("550 5.7.1 not you"),
            ["never 550", "never 550"],
            0,
            Went,
        ),
        (
            "MAIL",
            Say("421 4.3.2 closing"),
            ["later 421", "later 421"],
            0,
            Strained,
        ),
        ("MAIL", Bytes(b"250\r\n"), ["sent", "sent"], 1, Went),
        (
            "MAIL",
            Bytes(b"250 2.1.0 \xc4\x90\xff \xe0\r\n"),
            ["sent", "sent"],
            1,
            Went,
        ),
        ("RCPT TO:<a@", Drop, ["later", "later"], 0, Strained),
        ("RCPT TO:<b@", Drop, ["later", "later"], 0, Strained),
        ("RCPT TO:<b@", Silent, ["later", "later"], 0, Strained),
        (
            "RCPT TO:<a@",
            Say("550 5.1.1 unknown"),
            ["never 550", "sent"],
            1,
            Went,
        ),
        (
            "RCPT TO:<b@",
            Say("450 4.2.0 greylisted"),
            ["sent", "later 450"],
            1,
            Went,
        ),
        (
            "RCPT TO:<a@",
            Say("421 4.3.2 closing"),
            ["later 421", "later"],
            0,
            Strained,
        ),
        (
            "RCPT TO:<",
            Say("451 4.2.0 no"),
            ["later 451", "sent"],
            1,
            Went,
        ),
        ("DATA", Drop, ["later", "later"], 0, Strained),
        ("DATA", Silent, ["later", "later"], 0, Strained),
        (
            "DATA",
            Say("451 4.3.0 disk"),
            ["later 451", "later 451"],
            0,
            Went,
        ),
        (
            "DATA",
            Say("554 5.5.1 no"),
            ["never 554", "never 554"],
            0,
            Went,
        ),
        ("DATA", Say("250 what?"), ["later", "later"], 0, Strained),
        ("body", Drop, ["later", "later"], 0, Strained),
        (
            "dot",
            Say("554 5.6.0 refused"),
            ["never 554", "never 554"],
            0,
            Went,
        ),
        (
            "dot",
            Say("452 4.3.1 full"),
            ["later 452", "later 452"],
            0,
            Went,
        ),
        ("dot", Slow(5), ["sent", "sent"], 1, Went),
        // The window that SMTP cannot close: taken, but the answer never came.
        ("dot", Drop, ["later", "later"], 1, Strained),
        ("dot", Silent, ["later", "later"], 1, Strained),
        ("QUIT", Drop, ["sent", "sent"], 1, Went),
        ("QUIT", Silent, ["sent", "sent"], 1, Went),
        // BDAT: nothing was taken yet, so DATA is asked at once.
        (
            "first chunk",
            Say("500 5.5.2 never heard of it"),
            ["sent", "sent"],
            1,
            Went,
        ),
        (
            "first chunk",
            Say("503 5.5.1 out of order"),
            ["sent", "sent"],
            1,
            Went,
        ),
        (
            "first chunk",
            Say("554 5.3.0 no chunks"),
            ["sent", "sent"],
            1,
            Went,
        ),
        (
            "first chunk",
            Bytes(b"what is this\r\n"),
            ["sent", "sent"],
            1,
            Went,
        ),
        ("first chunk", Say("354 go on"), ["sent", "sent"], 1, Went),
        ("first chunk", Drop, ["sent", "sent"], 1, Went),
        ("first chunk", Silent, ["sent", "sent"], 1, Went),
        (
            "first chunk",
            Say("452 4.3.1 full"),
            ["later 452", "later 452"],
            0,
            Went,
        ),
        (
            "first chunk",
            Say("421 4.3.2 closing"),
            ["later 421", "later 421"],
            0,
            Strained,
        ),
        ("chunk body", Drop, ["later", "later"], 0, Strained),
        (
            "last chunk",
            Say("500 5.5.2 never heard of it"),
            ["sent", "sent"],
            1,
            Went,
        ),
        (
            "last chunk",
            Say("503 5.5.1 out of order"),
            ["sent", "sent"],
            1,
            Went,
        ),
        (
            "last chunk",
            Say("554 5.6.0 refused"),
            ["never 554", "never 554"],
            0,
            Went,
        ),
        (
            "last chunk",
            Say("452 4.3.1 full"),
            ["later 452", "later 452"],
            0,
            Went,
        ),
        ("last chunk", Slow(5), ["sent", "sent"], 1, Went),
        // The same window as after the final dot; the next attempt uses DATA.
        ("last chunk", Drop, ["later", "later"], 1, Strained),
        ("last chunk", Silent, ["later", "later"], 1, Strained),
        (
            "last chunk",
            Say("354 go on"),
            ["later", "later"],
            1,
            Strained,
        ),
    ]
}

/// Is it about BDAT?
pub fn in_chunks((point, ..): &Row) -> bool {
    point.contains("chunk")
}

/// One fault, then the server is well again.
pub fn script(offers: &[&'static str], row: &Row) -> Script {
    let (point, fault, ..) = row;
    let mut script = Script {
        offers: offers.to_vec(),
        faults: vec![(point, fault.clone(), 1)],
        ..Script::default()
    };
    if in_chunks(row) && !offers.contains(&"CHUNKING") {
        script.offers.push("CHUNKING");
    }
    if matches!(*point, "STARTTLS" | "handshake") {
        script.offers.push("STARTTLS");
        script.tls = Some(super::tls::certificate("somebody.else.example").0);
    }
    script
}

/// Taken, but the answer never came: the window that SMTP cannot close.
pub fn is_doubtful((point, fault, ..): &Row) -> bool {
    matches!(*point, "dot" | "last chunk")
        && matches!(fault, Fault::Drop | Fault::Silent | Fault::Say("354 go on"))
}

async fn one(offers: &[&'static str], manner: Manner, row: &Row) {
    let (point, _, expected, copies, lesson) = row;
    let (port, log) = peer(script(offers, row)).await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 0);
    config
        .routes
        .insert("dich.example".into(), route(port, RouteTls::Opportunistic));
    let server = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    config.manners.learn(server, manner, config.clock.now());
    let to = ["a@dich.example", "b@dich.example"];
    let name = format!("{point} {} {manner:?} {offers:?}", table::shown(&row.1));
    let (fates, learned) = send(&config, "dich.example", &to).await;
    let got = words(&fates);
    assert!(
        got.iter()
            .zip(expected)
            .all(|(got, expected)| got == expected
                || (*expected == "later" && got.starts_with("later"))),
        "{name}: {got:?} instead of {expected:?}: {:?}",
        fates
            .iter()
            .map(|fate| fate.reason().evidence.text.clone())
            .collect::<Vec<_>>()
    );
    assert_eq!(log.taken().len(), *copies, "{name}");
    assert_eq!(learned, *lesson, "{name}");
    // Those that are to come later do, and only the lost answer makes a second copy.
    let again: Vec<&str> = to
        .iter()
        .zip(&fates)
        .filter(|(_, fate)| matches!(fate, Outcome::Later(_)))
        .map(|(to, _)| *to)
        .collect();
    if !again.is_empty() {
        let (fates, _) = send(&config, "dich.example", &again).await;
        assert!(
            fates.iter().all(|fate| matches!(fate, Outcome::Sent(_))),
            "{name}: {:?}",
            words(&fates)
        );
    }
    for (address, fate) in to.iter().zip(&fates) {
        let line = format!("RCPT TO:<{address}>");
        let count = log
            .taken()
            .iter()
            .filter(|taken| taken.rcpts.contains(&line))
            .count();
        let expected = if matches!(fate, Outcome::Never(_)) {
            0
        } else {
            1 + usize::from(is_doubtful(row))
        };
        assert_eq!(count, expected, "{name}: copies for {address}");
    }
    assert!(
        log.taken().iter().all(|taken| taken.body == LETTER),
        "{name}: the letter changed on the way"
    );
}

#[tokio::test]
async fn every_fault_with_pipelining() {
    let rows = rows();
    futures_util::future::join_all(rows.iter().map(|row| one(&ALL, Manner::Untried, row))).await;
}

#[tokio::test]
async fn every_fault_without_pipelining() {
    let rows = rows();
    futures_util::future::join_all(rows.iter().map(|row| one(&NONE, Manner::Untried, row))).await;
}

/// The whole table with servers that take BDAT: those nobody knows, and those that took a letter by it before.
#[tokio::test]
async fn every_fault_with_chunking() {
    const CHUNKED: [&str; 4] = ["PIPELINING", "8BITMIME", "DSN", "CHUNKING"];
    const STEPS: [&str; 1] = ["CHUNKING"];
    let of_data = ["DATA", "body", "dot"];
    let rows = rows();
    let others = || rows.iter().filter(|row| !of_data.contains(&row.0));
    let whole = || others().filter(|row| row.0 != "first chunk");
    let untried = others().map(|row| one(&CHUNKED, Manner::Untried, row));
    futures_util::future::join_all(untried).await;
    let steps = others().map(|row| one(&STEPS, Manner::Untried, row));
    futures_util::future::join_all(steps).await;
    let proven = whole().map(|row| one(&CHUNKED, Manner::Proven, row));
    futures_util::future::join_all(proven).await;
    let proven = whole().map(|row| one(&STEPS, Manner::Proven, row));
    futures_util::future::join_all(proven).await;
}

#[tokio::test]
async fn too_many_recipients_go_in_further_transactions_on_the_same_connection() {
    for offers in [
        vec!["PIPELINING", "LIMITS RCPTMAX=40"],
        vec!["PIPELINING"],
        vec![],
    ] {
        let limited = offers.len() == 2;
        // The third recipient of the first transaction is too many; then no more faults.
        let faults = vec![(
            "RCPT TO:<r2@",
            Fault::Say("452 4.5.3 too many recipients"),
            1,
        )];
        let (port, log) = peer(Script {
            offers,
            faults,
            ..Script::default()
        })
        .await;
        let dns = dns::dns(&[]).await;
        let mut config = config(&dns, 0);
        config
            .routes
            .insert("dich.example".into(), route(port, RouteTls::Clear));
        let names: Vec<String> = (0..150).map(|n| format!("r{n}@dich.example")).collect();
        let to: Vec<&str> = names.iter().map(String::as_str).collect();
        let (fates, lesson) = send(&config, "dich.example", &to).await;
        assert_eq!(lesson, Lesson::Went);
        assert!(
            fates.iter().all(|fate| matches!(fate, Outcome::Sent(_))),
            "{:?}",
            words(&fates)
        );
        let taken = log.taken();
        assert_eq!(
            taken.iter().map(|taken| taken.rcpts.len()).sum::<usize>(),
            150
        );
        let most = if limited { 40 } else { 100 };
        assert!(taken.iter().all(|taken| taken.rcpts.len() <= most));
        assert_eq!(log.connections(), 1);
    }
}

#[tokio::test]
async fn one_connection_carries_many_letters_and_a_closed_one_is_replaced() {
    let faults = vec![("MAIL", Fault::Say("250 ok"), 2), ("MAIL", Fault::Drop, 1)];
    let (port, log) = peer(Script {
        offers: ALL.to_vec(),
        faults,
        ..Script::default()
    })
    .await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 0);
    config
        .routes
        .insert("dich.example".into(), route(port, RouteTls::Clear));
    let body = Prepared::new(Bytes::from_static(LETTER));
    let destination = attempt::destination(&config, "dich.example");
    let mut line = Line::new(&config, &destination);
    for _ in 0..5 {
        let (fates, _) = line.deliver(&letter(&body, &["a@dich.example"])).await;
        assert_eq!(words(&fates), ["sent"]);
    }
    line.close().await;
    assert_eq!(log.taken().len(), 5);
    assert_eq!(log.connections(), 2);
    assert_eq!(log.said("QUIT"), 1);
}

#[tokio::test]
async fn parameters_are_given_only_where_they_are_offered() {
    let offers = vec!["PIPELINING", "SIZE", "8BITMIME", "DSN", "SMTPUTF8"];
    let (full, full_log) = peer(Script {
        offers,
        ..Script::default()
    })
    .await;
    let (bare, bare_log) = peer(Script::default()).await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 0);
    config
        .routes
        .insert("full.example".into(), route(full, RouteTls::Clear));
    config
        .routes
        .insert("bare.example".into(), route(bare, RouteTls::Clear));
    let raw = "From: a@ours.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nCông văn\r\n";
    let body = Prepared::new(Bytes::from(raw));
    for domain in ["full.example", "bare.example"] {
        let mut letter = letter(&body, &[]);
        letter.envid = Some("QQ+3=14");
        letter.ret = Some("HDRS");
        letter.smtputf8 = true;
        let (ascii, utf8) = (format!("b@{domain}"), format!("hộp@{domain}"));
        letter.recipients = vec![
            Recipient {
                address: &ascii,
                notify: Some("FAILURE,DELAY"),
                orcpt: Some("rfc822;b@x.example"),
            },
            Recipient {
                address: &utf8,
                notify: None,
                orcpt: None,
            },
        ];
        let destination = attempt::destination(&config, domain);
        let (fates, _) = Line::new(&config, &destination).deliver(&letter).await;
        let enhanced = fates[1].reason().evidence.enhanced.clone();
        match domain {
            "full.example" => assert_eq!(words(&fates), ["sent", "sent"]),
            _ => assert_eq!(
                (words(&fates), enhanced.as_deref()),
                (vec!["sent".into(), "never".into()], Some("5.6.7"))
            ),
        }
    }
    let full = full_log.taken().remove(0);
    let size = raw.len();
    assert_eq!(
        full.mail,
        format!(
            "MAIL FROM:<a@ours.example> SIZE={size} BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ+2B3+3D14"
        )
    );
    assert_eq!(
        full.rcpts[0],
        "RCPT TO:<b@full.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b@x.example"
    );
    assert_eq!(full.rcpts[1], "RCPT TO:<hộp@full.example>");
    assert_eq!(full.body, raw.as_bytes());
    let bare = bare_log.taken().remove(0);
    assert_eq!(bare.mail, "MAIL FROM:<a@ours.example>");
    assert_eq!(bare.rcpts, ["RCPT TO:<b@bare.example>"]);
    assert!(
        bare.body.is_ascii() && String::from_utf8_lossy(&bare.body).contains("C=C3=B4ng v=C4=83n")
    );
}

#[tokio::test]
async fn a_letter_that_is_too_large_is_refused_before_it_is_sent() {
    let (port, log) = peer(Script {
        offers: vec!["SIZE 50"],
        ..Script::default()
    })
    .await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 0);
    config
        .routes
        .insert("dich.example".into(), route(port, RouteTls::Clear));
    let (fates, _) = send(&config, "dich.example", &["a@dich.example"]).await;
    assert_eq!(
        fates[0].reason().evidence.enhanced.as_deref(),
        Some("5.3.4")
    );
    assert!(matches!(fates[0], Outcome::Never(_)));
    assert_eq!(log.said("MAIL"), 0);
}

#[tokio::test]
async fn nothing_of_ours_smuggles_a_second_letter() {
    let (port, log) = peer(Script::default()).await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 0);
    config
        .routes
        .insert("dich.example".into(), route(port, RouteTls::Clear));
    for dot in [
        "\n.\n",
        "\n.\r\n",
        "\r\n.\n",
        "\r\n.\r",
        "\r.\r\n",
        "\r\n.\r\r\n",
        "\r\r\n.\r\r\n",
        "\r\n.\r\n",
    ] {
        let raw = format!(
            "From: a@ours.example\r\n\r\nx{dot}MAIL FROM:<evil@x>\r\nRCPT TO:<b@y>\r\nDATA\r\ny\r\n"
        );
        let (fates, _) =
            send_raw(&config, "dich.example", &["a@dich.example"], raw.as_bytes()).await;
        assert_eq!(words(&fates), ["sent"], "{dot:?}");
    }
    let taken = log.taken();
    assert_eq!(taken.len(), 8);
    for taken in taken {
        let text = String::from_utf8(taken.body).unwrap();
        assert!(text.ends_with("DATA\r\ny\r\n"), "{text:?}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text:?}");
    }
    let (bad, _) = send(
        &config,
        "dich.example",
        &["a@dich.example>\r\nRCPT TO:<b@y"],
    )
    .await;
    assert_eq!(bad[0].reason().evidence.enhanced.as_deref(), Some("5.1.3"));
}

#[tokio::test]
async fn credentials_are_shown_only_where_they_are_safe() {
    use smtp::outbound::Credentials;
    let (port, log) = peer(Script {
        offers: vec!["AUTH LOGIN PLAIN"],
        ..Script::default()
    })
    .await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 0);
    let credentials = Some(Credentials {
        user: "u".into(),
        password: "mật".into(),
    });
    config.routes.insert(
        "a.example".into(),
        Route {
            credentials: credentials.clone(),
            ..route(port, RouteTls::Clear)
        },
    );
    config.routes.insert(
        "b.example".into(),
        Route {
            credentials,
            ..route(port, RouteTls::Opportunistic)
        },
    );
    let (fates, _) = send(&config, "a.example", &["a@a.example"]).await;
    assert_eq!(words(&fates), ["sent"]);
    assert_eq!(log.said("AUTH PLAIN AHUAbeG6rXQ="), 1);
    let (fates, _) = send(&config, "b.example", &["a@b.example"]).await;
    assert_eq!(words(&fates), ["later"]);
    assert_eq!(log.said("AUTH"), 1);
    assert!(!format!("{:?}", config.routes["a.example"]).contains("mật"));
}
