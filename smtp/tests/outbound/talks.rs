//! What is said to a server that answers well: parameters, sizes, connections shared by letters, credentials; and that nothing of
//! ours makes two letters of one.

use super::faults::ALL;
use super::peer::{Fault, Script, peer};
use super::*;

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
