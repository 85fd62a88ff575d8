//! FUTURERELEASE on the submission door: offered with its bounds, kept, refused beyond them; nobody else may hold letters.

use crate::town::{Client, SECRET, Town};
use base64::Engine;
use mailroom::time::rfc3339;
use smtp::Door;
use std::collections::HashSet;
use store::Role;

/// The lines of a long reply.
async fn lines(client: &mut Client, command: &str) -> Vec<String> {
    client.send(format!("{command}\r\n").as_bytes()).await;
    let mut lines = Vec::new();
    loop {
        let line = client.line().await.unwrap();
        let more = line.as_bytes()[3] == b'-';
        lines.push(line);
        if !more {
            return lines;
        }
    }
}

#[tokio::test]
async fn letters_may_be_handed_in_for_later() {
    let town = Town::new().await;
    let open = town.open(Door::Submissions, town.config()).await;
    let mut client = open.client().await;
    client.expect("220").await;
    let offered = lines(&mut client, "EHLO may.camau.vn").await;
    let bound = "250-FUTURERELEASE 2592000 20";
    assert!(
        offered.iter().any(|line| line.starts_with(bound)),
        "{offered:?}"
    );
    let claim =
        base64::engine::general_purpose::STANDARD.encode(format!("\0an@camau.vn\0{SECRET}"));
    client.say(&format!("AUTH PLAIN {claim}"), "235").await;
    let tomorrow = rfc3339(town.room.now() + 86_400_000);
    let next_year = rfc3339(town.room.now() + 365 * 86_400_000);
    let last_year = rfc3339(town.room.now() - 365 * 86_400_000);
    for (hold, reply) in [
        ("HOLDFOR=86400".to_owned(), "250"),
        (format!("HOLDUNTIL={tomorrow}"), "250"),
        (format!("HOLDUNTIL={next_year}"), "554 5.5.4"),
        (format!("HOLDUNTIL={last_year}"), "250"),
    ] {
        client
            .say(&format!("MAIL FROM:<an@camau.vn> {hold}"), "250")
            .await;
        client.say("RCPT TO:<binh@camau.vn>", "250").await;
        client.say("RCPT TO:<x@gmail.example>", "250").await;
        client.say("DATA", "354").await;
        client
            .say(&format!("Subject: {hold}\r\n\r\nbody\r\n."), reply)
            .await;
    }
    for hold in [
        "HOLDFOR=2592001",
        "HOLDFOR=0",
        "HOLDUNTIL=x",
        "HOLDFOR=1 HOLDUNTIL=2026-11-22T00:00:00Z",
    ] {
        client
            .say(&format!("MAIL FROM:<an@camau.vn> {hold}"), "501 5.5.4")
            .await;
    }
    // Only the one whose time has passed is with its people and on its way.
    assert_eq!(town.letters("binh", Role::Inbox).await.len(), 1);
    let rows = town.room.lease_outbox("w", 10, 60, &HashSet::new()).await;
    assert_eq!(rows.unwrap().len(), 1);
}

#[tokio::test]
async fn strangers_hold_nothing() {
    let town = Town::new().await;
    let open = town.open(Door::Mx, town.config()).await;
    let mut client = open.client().await;
    client.expect("220").await;
    let offered = lines(&mut client, "EHLO so.example").await;
    assert!(
        !offered.iter().any(|line| line.contains("FUTURERELEASE")),
        "{offered:?}"
    );
    client
        .say("MAIL FROM:<a@b.example> HOLDFOR=60", "555 5.5.4")
        .await;
}
