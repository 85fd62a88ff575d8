//! NOTIFY=SUCCESS for mailboxes here: told to people of ours and to senders that SPF proves, to nobody else; NEVER is never.

use crate::dns::dns;
use crate::town::{SECRET, Town};
use base64::Engine;
use smtp::Door;
use smtp::check::Checks;
use std::collections::HashSet;
use std::sync::Arc;
use store::Role;

#[tokio::test]
async fn our_people_hear_of_arrival_where_they_asked() {
    let town = Town::new().await;
    let open = town.open(Door::Submissions, town.config()).await;
    let mut client = open.client().await;
    client.expect("220").await;
    client.say("EHLO may.camau.vn", "250").await;
    let claim = format!("\0an@camau.vn\0{SECRET}");
    let claim = base64::engine::general_purpose::STANDARD.encode(claim);
    client.say(&format!("AUTH PLAIN {claim}"), "235").await;
    let from = "MAIL FROM:<an@camau.vn> RET=FULL ENVID=QQ314159";
    client.say(from, "250").await;
    let rows = [
        "<binh@camau.vn> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;binh.cu@camau.vn",
        "<vanthu@camau.vn> NOTIFY=NEVER",
        "<nhom@camau.vn> NOTIFY=SUCCESS",
        "<postmaster@camau.vn>",
    ];
    for row in rows {
        // Not every town has a postmaster's mailbox; the others are there.
        client.send(format!("RCPT TO:{row}\r\n").as_bytes()).await;
        let said = client.line().await.unwrap();
        assert!(
            said.starts_with("250") || row.contains("postmaster"),
            "{said}"
        );
    }
    client.say("DATA", "354").await;
    client.say("Subject: x\r\n\r\nbody\r\n.", "250").await;
    let letters = town.letters("an", Role::Inbox).await;
    let reports: Vec<String> = letters
        .into_iter()
        .map(|raw| String::from_utf8(raw).unwrap())
        .filter(|raw| raw.contains("report-type=delivery-status"))
        .collect();
    assert_eq!(reports.len(), 1, "{reports:?}");
    let report = &reports[0];
    for needle in [
        "Return-Path: <>\r\n",
        "Auto-Submitted: auto-replied\r\n",
        "Original-Envelope-Id: QQ314159\r\n",
        "Original-Recipient: rfc822; binh.cu@camau.vn\r\nFinal-Recipient: rfc822; binh@camau.vn\r\nAction: delivered\r\nStatus: 2.0.0\r\n",
        "Final-Recipient: rfc822; nhom@camau.vn\r\nAction: expanded\r\n",
        "Content-Type: text/rfc822-headers",
    ] {
        assert!(report.contains(needle), "{needle:?} in {report}");
    }
    assert!(!report.contains("vanthu@") && !report.contains("postmaster@camau.vn\r\nAction"));
}

#[tokio::test]
async fn strangers_hear_of_it_when_spf_proves_them() {
    let served = dns(&[
        "tot.example TXT v=spf1 ip4:127.0.0.1 -all",
        "gia.example TXT v=spf1 ip4:192.0.2.1 ~all",
    ])
    .await;
    let town = Town::new().await;
    let mut config = town.config();
    config.checks = Some(Arc::new(Checks::new(served.resolver(), "mx.camau.vn", &[])));
    let open = town.open(Door::Mx, config).await;
    let mut client = open.client().await;
    client.expect("220").await;
    client.say("EHLO so.example", "250").await;
    for (from, notify) in [
        ("a@tot.example", "SUCCESS"),
        ("a@gia.example", "SUCCESS"),
        ("b@tot.example", "NEVER"),
        ("", "SUCCESS"),
    ] {
        client.say(&format!("MAIL FROM:<{from}>"), "250").await;
        let to = format!("RCPT TO:<an@camau.vn> NOTIFY={notify}");
        client.say(&to, "250").await;
        client.say("DATA", "354").await;
        client.say("Subject: x\r\n\r\nbody\r\n.", "250").await;
    }
    let rows = town.room.lease_outbox("w", 10, 60, &HashSet::new()).await;
    let rows: Vec<(String, String)> = rows
        .unwrap()
        .into_iter()
        .map(|row| (row.mail_from, row.recipient))
        .collect();
    assert_eq!(rows, [(String::new(), "a@tot.example".to_owned())]);
}
