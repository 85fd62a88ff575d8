//! From a domain to a server through DNS: MX rules, fall-backs, and the destinations that must not be.

use super::peer::{Fault, Script, peer_at};
use super::*;

#[tokio::test]
async fn the_first_mx_that_answers_gets_the_letter() {
    let dns = dns::dns(&[
        "dich.example MX 10 dead.dich.example",
        "dich.example MX 20 busy.dich.example",
        "dich.example MX 30 live.dich.example",
        "dich.example MX 40 never.dich.example",
        "dead.dich.example A 127.0.0.2",
        "busy.dich.example A 127.0.0.3",
        "live.dich.example CNAME real.dich.example",
        "real.dich.example A 127.0.0.4",
        "never.dich.example A 127.0.0.5",
    ])
    .await;
    let (live, live_log) = peer_at("127.0.0.4:0", Script::default()).await;
    let port = live.port();
    let busy = Script {
        faults: vec![("greeting", Fault::Say("421 busy"), 9)],
        ..Script::default()
    };
    let (_, busy_log) = peer_at(&format!("127.0.0.3:{port}"), busy).await;
    let (_, never_log) = peer_at(&format!("127.0.0.5:{port}"), Script::default()).await;
    let config = config(&dns, port);
    let (fates, lesson) = send(&config, "Dich.Example", &["a@Dich.Example"]).await;
    assert_eq!(words(&fates), ["sent"]);
    assert_eq!(lesson, Lesson::Strained, "421 was heard on the way");
    let evidence = &fates[0].reason().evidence;
    assert_eq!(
        (evidence.host.as_str(), evidence.ip.as_str()),
        ("live.dich.example", "127.0.0.4")
    );
    assert_eq!(
        (
            live_log.taken().len(),
            busy_log.connections(),
            never_log.connections()
        ),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn a_recipient_refused_for_now_is_tried_at_the_next_mx_and_only_that_one() {
    let dns = dns::dns(&[
        "dich.example MX 10 one.dich.example",
        "dich.example MX 20 two.dich.example",
        "one.dich.example A 127.0.0.2",
        "two.dich.example A 127.0.0.3",
    ])
    .await;
    let grey = vec![("RCPT TO:<a@", Fault::Say("450 4.2.0 greylisted"), 9)];
    let (one, one_log) = peer_at(
        "127.0.0.2:0",
        Script {
            faults: grey.clone(),
            ..Script::default()
        },
    )
    .await;
    let (_, two_log) = peer_at(&format!("127.0.0.3:{}", one.port()), Script::default()).await;
    let config = config(&dns, one.port());
    let (fates, _) = send(
        &config,
        "dich.example",
        &["a@dich.example", "b@dich.example"],
    )
    .await;
    assert_eq!(words(&fates), ["sent", "sent"]);
    assert_eq!(one_log.taken()[0].rcpts, ["RCPT TO:<b@dich.example>"]);
    assert_eq!(two_log.taken()[0].rcpts, ["RCPT TO:<a@dich.example>"]);
}

#[tokio::test]
async fn verdicts_without_a_server() {
    let dns = dns::dns(&[
        "null.example MX 0 .",
        "loop.example MX 10 mx.ours.example",
        "loop.example MX 20 other.example",
        "other.example A 127.0.0.9",
        "silent.example FAIL",
        "noaddr.example MX 10 gone.noaddr.example",
        "empty.example TXT nothing",
        "inner.example MX 10 inner.inner.example",
        "inner.inner.example A 127.0.0.1",
    ])
    .await;
    let mut config = config(&dns, 1);
    let rows = [
        ("null.example", "never", "5.1.10"),
        ("loop.example", "never", "5.4.6"),
        ("nowhere.example", "never", "5.1.2"),
        ("silent.example", "later", "4.4.3"),
        ("noaddr.example", "later", "4.4.4"),
        ("empty.example", "never", "5.1.2"),
        ("[300.1.1.1]", "never", "5.1.2"),
    ];
    for (domain, word, enhanced) in rows {
        let address = format!("a@{domain}");
        let (fates, _) = send(&config, domain, &[&address]).await;
        let evidence = &fates[0].reason().evidence;
        assert_eq!(
            (words(&fates)[0].as_str(), evidence.enhanced.as_deref()),
            (word, Some(enhanced)),
            "{domain}: {}",
            evidence.text
        );
    }
    config.allow_private = false;
    for domain in ["inner.example", "[127.0.0.1]", "[IPv6:::1]"] {
        let address = format!("a@{domain}");
        let (fates, _) = send(&config, domain, &[&address]).await;
        assert_eq!(
            fates[0].reason().evidence.enhanced.as_deref(),
            Some("5.4.4"),
            "{domain}"
        );
    }
}

#[tokio::test]
async fn a_domain_without_mx_is_its_own_host_over_ipv6_or_ipv4() {
    let dns = dns::dns(&["both.example AAAA ::1", "both.example A 127.0.0.1"]).await;
    let (four, four_log) = peer_at("127.0.0.1:0", Script::default()).await;
    let config4 = config(&dns, four.port());
    // Nothing listens on ::1 at that port: the IPv4 address gets its turn.
    let (fates, _) = send(&config4, "both.example", &["a@both.example"]).await;
    assert_eq!(words(&fates), ["sent"]);
    assert_eq!(four_log.taken().len(), 1);

    let (six, six_log) = peer_at("[::1]:0", Script::default()).await;
    let config6 = config(&dns, six.port());
    let (fates, _) = send(&config6, "both.example", &["a@both.example"]).await;
    assert_eq!(
        (
            words(&fates)[0].as_str(),
            fates[0].reason().evidence.ip.as_str()
        ),
        ("sent", "::1")
    );
    let config = Config {
        ipv6: std::sync::Arc::new(false.into()),
        ..config6
    };
    let (fates, _) = send(&config, "both.example", &["a@both.example"]).await;
    assert_eq!(words(&fates), ["later"], "IPv6 is switched off");
    assert_eq!(six_log.taken().len(), 1);
}

#[tokio::test]
async fn a_route_overrides_dns_and_the_star_takes_the_rest() {
    let dns = dns::dns(&["dich.example MX 0 ."]).await;
    let (one, one_log) = peer_at("127.0.0.1:0", Script::default()).await;
    let (star, star_log) = peer_at("127.0.0.1:0", Script::default()).await;
    let mut config = config(&dns, 1);
    config
        .routes
        .insert("dich.example".into(), route(one.port(), RouteTls::Clear));
    config
        .routes
        .insert("*".into(), route(star.port(), RouteTls::Clear));
    for domain in ["DICH.example", "khac.example"] {
        let address = format!("a@{domain}");
        assert_eq!(words(&send(&config, domain, &[&address]).await.0), ["sent"]);
    }
    assert_eq!((one_log.taken().len(), star_log.taken().len()), (1, 1));
    assert!(
        dns.asked.lock().unwrap().is_empty(),
        "a route by address asks nobody"
    );
}

#[tokio::test]
async fn a_sender_domain_has_its_own_source_address() {
    let dns = dns::dns(&[]).await;
    let (at, _) = peer_at("127.0.0.1:0", Script::default()).await;
    let mut config = config(&dns, 1);
    let source = smtp::outbound::Source {
        v4: Some(std::net::Ipv4Addr::new(127, 0, 0, 9)),
        v6: None,
    };
    config.sources.insert("ours.example".into(), source);
    config
        .routes
        .insert("dich.example".into(), route(at.port(), RouteTls::Clear));
    let own = smtp::outbound::attempt::destination_from(&config, "dich.example", "a@OURS.example");
    let other = smtp::outbound::attempt::destination_from(&config, "dich.example", "");
    assert_eq!((own.source, other.source), (Some(source), None));
    assert_ne!(own.key, other.key, "connections are not shared");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();
    for (source, from) in [(Some(source), "127.0.0.9"), (None, "127.0.0.1")] {
        let _stream = smtp::outbound::dial::dial_from(&config, to, source)
            .await
            .unwrap();
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(peer.ip().to_string(), from);
    }
}

#[tokio::test]
async fn a_pin_outweighs_what_the_domain_says() {
    use smtp::outbound::Pin;
    let dns = dns::dns(&[
        "kin.example MX 10 mx.kin.example",
        "mx.kin.example A 127.0.0.1",
    ])
    .await;
    // No STARTTLS is offered there.
    let (at, log) = peer_at("127.0.0.1:0", Script::default()).await;
    let mut config = config(&dns, at.port());
    config
        .pins
        .insert("kin.example".into(), Pin::MustEncrypt(None));
    let fates = send(&config, "kin.example", &["a@kin.example"]).await.0;
    assert_eq!(words(&fates), ["later"]);
    assert!(log.taken().is_empty(), "nothing went in clear");
    config.pins.insert("kin.example".into(), Pin::ClearAllowed);
    let fates = send(&config, "kin.example", &["a@kin.example"]).await.0;
    assert_eq!(words(&fates), ["sent"]);
}
