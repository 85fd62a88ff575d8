//! Senders as they are: pools with a new address at each try, IPv6 alone, TLS 1.2 alone, TLS too old, balancers and liars in
//! front; and what they are told when a mailbox, the disk or a letter's journey has no room left.

use crate::town::Town;
use smtp::Door;
use std::net::Ipv4Addr;
use store::Role;
use tokio::net::TcpListener;

const LETTER: &str = "From: a@b.example\r\nSubject: x\r\n\r\nx";

/// Nobody is asked to come back: a pool never comes back from the same address.
#[tokio::test]
async fn every_address_of_a_pool_is_heard_at_its_first_try() {
    let town = Town::new().await;
    let open = town.open(Door::Mx, town.config()).await;
    for last in 11..=30 {
        let mut client = open.client_from([127, 0, 0, last]).await;
        client.expect("220").await;
        client
            .say(&format!("EHLO o{last}.pool.example"), "250")
            .await;
        let from = format!("bounce-{last}@pool.example");
        let said = client.letter(&from, &["an@camau.vn"], LETTER).await;
        assert!(said.starts_with("250"), "{last}: {said}");
        client.say("QUIT", "221").await;
    }
    assert_eq!(town.letters("an", Role::Inbox).await.len(), 20);
}

#[tokio::test]
async fn a_sender_with_ipv6_alone() {
    let town = Town::new().await;
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        eprintln!("this machine has no IPv6: not shown");
        return;
    };
    let open = town.open_at(listener, Door::Mx, town.config());
    let mut client = open.client().await;
    client.expect("220").await;
    client.say("EHLO [IPv6:2001:db8::25]", "250").await;
    client.say("STARTTLS", "220").await;
    client.handshake().await;
    client.say("EHLO six.example", "250").await;
    let said = client.letter("a@b.example", &["an@camau.vn"], LETTER).await;
    assert!(said.starts_with("250"), "{said}");
    let letter = String::from_utf8(town.letters("an", Role::Inbox).await.remove(0)).unwrap();
    assert!(
        letter.contains("six.example") && letter.contains("[IPv6:::1]"),
        "{letter}"
    );
}

#[tokio::test]
async fn a_sender_with_tls_1_2_alone() {
    let town = Town::new().await;
    let open = town.open(Door::Mx, town.config()).await;
    let mut client = open.client().await;
    town.speaks(&[&rustls::version::TLS12], &mut client);
    client.expect("220").await;
    client.say("EHLO cu.example", "250").await;
    client.say("STARTTLS", "220").await;
    client.handshake().await;
    client.say("EHLO cu.example", "250").await;
    let said = client.letter("a@b.example", &["an@camau.vn"], LETTER).await;
    assert!(said.starts_with("250"), "{said}");
    let letter = String::from_utf8(town.letters("an", Role::Inbox).await.remove(0)).unwrap();
    assert!(letter.contains("TLSv1.2"), "{letter}");
}

/// A ClientHello of TLS 1.0 and 1.1: told with an alert, then heard in clear text at the next try.
#[tokio::test]
async fn tls_below_1_2_is_not_spoken_and_the_letter_comes_in_clear() {
    let town = Town::new().await;
    let open = town.open(Door::Mx, town.config()).await;
    for (ip, minor) in [([127, 0, 0, 41], 1), ([127, 0, 1, 42], 2)] {
        let mut client = open.client_from(ip).await;
        client.expect("220").await;
        client.say("EHLO cu.example", "250").await;
        client.say("STARTTLS", "220").await;
        // TLS_RSA_WITH_AES_128_CBC_SHA and the suites of ECDHE, no extensions.
        let suites = [0x00, 0x2f, 0xc0, 0x13, 0xc0, 0x2f];
        let mut hello = vec![3, minor];
        hello.extend([7; 32]);
        hello.push(0);
        hello.extend([0, suites.len() as u8]);
        hello.extend(suites);
        hello.extend([1, 0]);
        let mut record = vec![
            22,
            3,
            1,
            0,
            hello.len() as u8 + 4,
            1,
            0,
            0,
            hello.len() as u8,
        ];
        record.extend(hello);
        client.send(&record).await;
        let alert = client.rest().await;
        // Alert, fatal: handshake_failure or protocol_version (RFC 5246 §7.2).
        assert_eq!(alert.first(), Some(&21), "{alert:?}");
        assert!(matches!(alert.get(5..7), Some([2, 40 | 70])), "{alert:?}");
        let mut again = open.client_from(ip).await;
        again.expect("220").await;
        again.send(b"EHLO cu.example\r\n").await;
        let mut offered = Vec::new();
        while offered
            .last()
            .is_none_or(|line: &String| !line.starts_with("250 "))
        {
            offered.push(again.line().await.unwrap());
        }
        assert!(!offered.concat().contains("STARTTLS"), "{offered:?}");
        let said = again.letter("a@b.example", &["an@camau.vn"], LETTER).await;
        assert!(said.starts_with("250"), "{said}");
    }
    assert_eq!(town.letters("an", Role::Inbox).await.len(), 2);
}

/// haproxy's header, version 2: signature, command, family, length, addresses and ports.
fn version_2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend([command, family, 0, addresses.len() as u8]);
    header.extend(addresses);
    header
}

#[tokio::test]
async fn balancers_say_who_comes_and_nobody_else_may() {
    let town = Town::new().await;
    let mut config = town.config();
    config.proxies = vec![Ipv4Addr::new(127, 0, 0, 51).into()];
    let open = town.open(Door::Mx, config).await;
    let four = version_2(
        0x21,
        0x11,
        &[203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x67, 0, 25],
    );
    let mut six = [0; 36];
    six[..16].copy_from_slice(
        &"2001:db8::9"
            .parse::<std::net::Ipv6Addr>()
            .unwrap()
            .octets(),
    );
    let six = version_2(0x21, 0x21, &six);
    let rows = [
        (
            b"PROXY TCP4 203.0.113.8 10.0.0.1 4711 25\r\n".to_vec(),
            "[203.0.113.8]",
        ),
        (
            b"PROXY TCP6 2001:db8::8 2001:db8::1 4711 25\r\n".to_vec(),
            "2001:db8::8",
        ),
        (four.clone(), "[203.0.113.9]"),
        (six, "2001:db8::9"),
        // The balancer's own visits have nobody behind them.
        (b"PROXY UNKNOWN\r\n".to_vec(), "[127.0.0.51]"),
        (version_2(0x20, 0, &[]), "[127.0.0.51]"),
    ];
    for (header, shown) in rows {
        let mut client = open.client_from([127, 0, 0, 51]).await;
        client.send(&header).await;
        client.expect("220").await;
        client.say("EHLO so.example", "250").await;
        let said = client.letter("a@b.example", &["an@camau.vn"], LETTER).await;
        assert!(said.starts_with("250"), "{said}");
        let letter = town.letters("an", Role::Inbox).await.pop().unwrap();
        let letter = String::from_utf8(letter).unwrap();
        assert!(letter.contains(shown), "{shown}: {letter}");
    }
    // A balancer that says nothing sensible is not heard as a client.
    for header in [
        b"EHLO so.example\r\n".to_vec(),
        b"PROXY TCP4 x y 1 2\r\n".to_vec(),
    ] {
        let mut client = open.client_from([127, 0, 0, 51]).await;
        client.send(&header).await;
        assert_eq!(client.line().await, None);
    }
    // From anybody else the header is a bad command, and what it claims is not believed.
    let before = town.letters("an", Role::Inbox).await.len();
    for header in [
        b"PROXY TCP4 203.0.113.8 10.0.0.1 4711 25\r\n".to_vec(),
        four,
    ] {
        let mut liar = open.client_from([127, 0, 0, 52]).await;
        liar.expect("220").await;
        liar.send(&header).await;
        liar.expect("500").await;
        liar.send(b"\r\nRSET\r\n").await;
        while !liar.line().await.unwrap().starts_with("250 2.0.0") {}
        liar.say("EHLO so.example", "250").await;
        let said = liar.letter("a@b.example", &["an@camau.vn"], LETTER).await;
        assert!(said.starts_with("250"), "{said}");
    }
    let letters = town.letters("an", Role::Inbox).await;
    assert_eq!(letters.len(), before + 2);
    for letter in &letters[before..] {
        let letter = String::from_utf8_lossy(letter);
        assert!(
            letter.contains("[127.0.0.52]") && !letter.contains("203.0.113"),
            "{letter}"
        );
    }
}

#[tokio::test]
async fn a_full_mailbox_says_so_at_110_percent() {
    let town = Town::with(|policy| policy.quota_bytes_default = 6_000).await;
    let open = town.open(Door::Mx, town.config()).await;
    let mut client = open.client().await;
    client.expect("220").await;
    client.say("EHLO so.example", "250").await;
    let large = |bytes: usize| format!("Subject: x\r\n\r\n{}", "chu thuong\r\n".repeat(bytes / 12));
    let an = ["an@camau.vn"];
    let said = client.letter("a@b.example", &an, &large(5_700)).await;
    assert!(said.starts_with("250"), "up to 110 %: {said}");
    let said = client.letter("a@b.example", &an, &large(5_700)).await;
    assert!(said.starts_with("452 4.2.2"), "{said}");
    // Full already: said before the letter is sent. Others on the same letter get theirs.
    let console = town.room.console();
    town.room
        .quota_set(&console, "an@camau.vn", 100)
        .await
        .unwrap();
    client.say("MAIL FROM:<a@b.example>", "250").await;
    client.say("RCPT TO:<an@camau.vn>", "452 4.2.2").await;
    client.say("RCPT TO:<binh@camau.vn>", "250").await;
    client.say("DATA", "354").await;
    client.say("x\r\n.", "250 2.0.0").await;
    assert_eq!(town.letters("an", Role::Inbox).await.len(), 1);
    assert_eq!(town.letters("binh", Role::Inbox).await.len(), 1);
}

#[tokio::test]
async fn a_disk_below_its_reserve_takes_no_promise() {
    // No disk is that empty.
    let town = Town::with(|policy| policy.disk_reserve_percent = 99).await;
    let open = town.open(Door::Mx, town.config()).await;
    let mut client = open.client().await;
    client.expect("220").await;
    client.say("EHLO so.example", "250").await;
    let said = client.letter("a@b.example", &["an@camau.vn"], LETTER).await;
    if said.starts_with("250") {
        eprintln!("this disk is empty: not shown");
        return;
    }
    assert!(said.starts_with("452 4.3.1"), "{said}");
    assert!(town.letters("an", Role::Inbox).await.is_empty());
}

#[tokio::test]
async fn a_letter_that_goes_in_circles_ends_here() {
    let town = Town::new().await;
    let open = town.open(Door::Mx, town.config()).await;
    let mut client = open.client().await;
    client.expect("220").await;
    client.say("EHLO so.example", "250").await;
    let hop = |by: &str| {
        format!("Received: from x by {by} with ESMTP; Sat, 21 Nov 2026 10:00:00 +0700\r\n")
    };
    let rows = [
        (hop("mx.other.example").repeat(60), "250 2.0.0"),
        (hop("mx.other.example").repeat(101), "554 5.4.6"),
        // Of our own a few are enough.
        (hop("mx.camau.vn").repeat(20), "554 5.4.6"),
    ];
    for (hops, expected) in rows {
        let said = client
            .letter("a@b.example", &["an@camau.vn"], &format!("{hops}{LETTER}"))
            .await;
        assert!(said.starts_with(expected), "{expected}: {said}");
    }
}
