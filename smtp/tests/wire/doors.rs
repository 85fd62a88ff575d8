//! What only a socket shows: arrival byte for byte, limits by address, failed handshakes, PROXY, early talkers, shutdown.

use crate::town::{SECRET, Town};
use base64::Engine;
use smtp::Door;
use std::time::Duration;
use store::Role;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_letter_arrives_byte_for_byte_with_its_trace() {
    let town = Town::new().await;
    let open = town.open(Door::Mx, town.config()).await;
    let mut client = open.client().await;
    client.expect("220").await;
    client.say("EHLO so.example", "250").await;
    client.say("STARTTLS", "220 2.0.0").await;
    client.handshake().await;
    client.say("EHLO so.example", "250").await;
    let reply = client
        .letter(
            "a@b.example",
            &["an@camau.vn", "binh@camau.vn"],
            "Subject: x\r\n\r\n..a\r\nb",
        )
        .await;
    let trace = reply.strip_prefix("250 2.0.0 delivered, trace ").unwrap();
    for local in ["an", "binh"] {
        let letters = town.letters(local, Role::Inbox).await;
        let letter = String::from_utf8(letters[0].clone()).unwrap();
        assert!(
            letter.ends_with("\r\nSubject: x\r\n\r\n.a\r\nb\r\n"),
            "{letter}"
        );
        assert!(
            letter.starts_with("Return-Path: <a@b.example>\r\n"),
            "{letter}"
        );
        assert!(letter.contains(trace) && letter.contains("TLS"), "{letter}");
    }
}

#[tokio::test]
async fn people_hand_letters_in() {
    let town = Town::new().await;
    let open = town.open(Door::Submissions, town.config()).await;
    let mut client = open.client().await;
    client.expect("220").await;
    client.say("EHLO may", "250").await;
    let plain =
        base64::engine::general_purpose::STANDARD.encode(format!("\0an@camau.vn\0{SECRET}"));
    client.say(&format!("AUTH PLAIN {plain}"), "235").await;
    client.say("MAIL FROM:<binh@camau.vn>", "553 5.7.1").await;
    let body = "From: an@camau.vn\r\nTo: binh@camau.vn\r\nSubject: x\r\n\r\na";
    let reply = client
        .letter("an@camau.vn", &["binh@camau.vn", "x@gmail.example"], body)
        .await;
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
    let forged = "From: binh@camau.vn\r\nSubject: x\r\n\r\na";
    let reply = client
        .letter("an@camau.vn", &["binh@camau.vn"], forged)
        .await;
    assert!(reply.starts_with("553 5.7.1"), "{reply}");
    assert_eq!(town.letters("binh", Role::Inbox).await.len(), 1);
}

#[tokio::test]
async fn connections_are_counted_by_address() {
    let town = Town::new().await;
    let mut config = town.config();
    config.limits.connections_per_address_max = 2;
    let open = town.open(Door::Mx, config).await;
    let (mut first, mut second) = (open.client().await, open.client().await);
    first.expect("220").await;
    second.expect("220").await;
    let mut third = open.client().await;
    third.expect("421 4.7.0").await;
    assert_eq!(third.line().await, None);
    first.say("QUIT", "221").await;
    assert_eq!(first.line().await, None);
    drop(first);
    // The place is free once the server has seen the end; that may take a moment.
    loop {
        let mut again = open.client().await;
        if again.line().await.unwrap().starts_with("220") {
            break;
        }
    }
}

#[tokio::test]
async fn after_a_failed_handshake_there_is_no_starttls_for_a_while() {
    let town = Town::new().await;
    let open = town.open(Door::Mx, town.config()).await;
    let mut client = open.client().await;
    client.expect("220").await;
    client.say("EHLO so.example", "250").await;
    client.say("STARTTLS", "220").await;
    client.send(b"this is no TLS record at all\r\n").await;
    while client.line().await.is_some() {}
    let mut again = open.client().await;
    again.expect("220").await;
    assert!(
        again
            .say("EHLO so.example", "250")
            .await
            .contains("BINARYMIME")
    );
    again.say("STARTTLS", "454 4.7.0").await;
    let reply = again.letter("a@b.example", &["an@camau.vn"], "x").await;
    assert!(reply.starts_with("250"), "{reply}");
}

#[tokio::test]
async fn the_proxy_header_is_believed_from_listed_balancers_only() {
    let town = Town::new().await;
    let mut config = town.config();
    config.proxies = vec!["127.0.0.1".parse().unwrap()];
    let open = town.open(Door::Mx, config).await;
    let mut client = open.client().await;
    client
        .send(b"PROXY TCP4 203.0.113.9 10.0.0.1 4711 25\r\nEHLO so.example\r\n")
        .await;
    client.expect("220").await;
    client.expect("250").await;
    client.letter("a@b.example", &["an@camau.vn"], "x").await;
    let letter = String::from_utf8(town.letters("an", Role::Inbox).await.remove(0)).unwrap();
    assert!(letter.contains("203.0.113.9"), "{letter}");
    let open = town.open(Door::Mx, town.config()).await;
    let mut liar = open.client().await;
    liar.send(b"PROXY TCP4 203.0.113.9 10.0.0.1 4711 25\r\n")
        .await;
    liar.expect("220").await;
    liar.expect("500").await;
}

#[tokio::test]
async fn who_speaks_before_the_greeting_is_refused_where_asked_for() {
    let town = Town::new().await;
    let mut config = town.config();
    config.greeting_delay = Duration::from_secs(20);
    let open = town.open(Door::Mx, config.clone()).await;
    let mut early = open.client().await;
    early.send(b"EHLO so.example\r\n").await;
    early.expect("554 5.5.0").await;
    config.greeting_delay = Duration::from_millis(50);
    let open = town.open(Door::Mx, config).await;
    open.client().await.expect("220").await;
}

#[tokio::test]
async fn a_stopping_server_lets_transactions_finish() {
    let town = Town::new().await;
    let open = town.open(Door::Mx, town.config()).await;
    let (mut idle, mut busy) = (open.client().await, open.client().await);
    idle.expect("220").await;
    busy.expect("220").await;
    busy.say("EHLO so.example", "250").await;
    busy.say("MAIL FROM:<a@b.example>", "250").await;
    open.stop.cancel();
    idle.expect("421 4.3.2").await;
    busy.say("RCPT TO:<an@camau.vn>", "250").await;
    busy.say("DATA", "354").await;
    busy.say("x\r\n.", "250 2.0.0").await;
    busy.expect("421 4.3.2").await;
    open.served.await.unwrap();
    assert!(TcpStream::connect(open.at).await.is_err());
    assert_eq!(town.letters("an", Role::Inbox).await.len(), 1);
}

#[tokio::test]
async fn slow_peers_are_told_goodbye() {
    let town = Town::new().await;
    let mut config = town.config();
    config.limits.command_time = Duration::from_secs(1);
    config.limits.data_idle_time = Duration::from_secs(1);
    let open = town.open(Door::Mx, config).await;
    let mut slow = open.client().await;
    slow.expect("220").await;
    // Single bytes do not buy time: the clock is for the whole line.
    for byte in b"EHLO so" {
        slow.send(&[*byte]).await;
    }
    slow.expect("421 4.4.2").await;
    assert_eq!(slow.line().await, None);
    let mut silent = open.client().await;
    silent.expect("220").await;
    silent
        .send(b"EHLO so\r\nMAIL FROM:<>\r\nRCPT TO:<an@camau.vn>\r\nDATA\r\nhalf a let")
        .await;
    for expected in ["250", "250", "250", "354", "421 4.4.2"] {
        silent.expect(expected).await;
    }
    assert!(town.letters("an", Role::Inbox).await.is_empty());
}

#[tokio::test]
async fn a_peer_that_hangs_up_leaves_nothing_behind() {
    let town = Town::new().await;
    let config = town.config();
    let bodies = config.bodies.clone();
    let open = town.open(Door::Mx, config).await;
    for end in [
        "",
        "EHLO so\r\n",
        "EHLO so\r\nMAIL FROM:<>\r\nRCPT TO:<an@camau.vn>\r\nDATA\r\nhalf",
    ] {
        let mut stream = TcpStream::connect(open.at).await.unwrap();
        stream.write_all(end.as_bytes()).await.unwrap();
        drop(stream);
    }
    open.stop.cancel();
    open.served.await.unwrap();
    assert_eq!(bodies.used(), 0);
    assert!(town.letters("an", Role::Inbox).await.is_empty());
}
