//! Letters kept apart: what goes there, who sees them, how they come out, and the daily digest.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::Error;
use mailroom::receive::{Refused, Verdict};
use store::Role;

const HOUR_MS: i64 = 3_600_000;

fn with_file(subject: &str, name: &str) -> String {
    format!(
        "From: Kế toán <ketoan@khach.example>\nTo: an@tinh.example\nSubject: {subject}\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\n\nMời xem tệp.\n--b\nContent-Type: application/octet-stream; \
         name=\"{name}\"\nContent-Disposition: attachment; filename=\"{name}\"\nContent-Transfer-Encoding: base64\n\nTVo=\n--b--\n"
    )
}

#[tokio::test]
async fn a_letter_with_a_program_waits_for_its_owner() {
    let town = Town::new().await;
    town.receive(
        &["an@tinh.example"],
        &with_file("Hóa đơn", "hoadon.pdf.exe"),
    )
    .await
    .unwrap();
    town.receive(&["an@tinh.example"], &with_file("Công văn", "congvan.pdf"))
        .await
        .unwrap();
    assert_eq!(town.subjects("an", Role::Inbox).await, ["Công văn"]);
    let an = town.open("an").await;
    let [one] = an.quarantine(None).await.unwrap().try_into().unwrap();
    assert_eq!(one.subject, "Hóa đơn");
    assert_eq!(one.reason, "an attached program: hoadon.pdf.exe");
    assert_eq!(an.quarantine_count().await.unwrap(), 1);
    // Only the owner's.
    let binh = town.open("binh").await;
    assert_eq!(binh.quarantine_count().await.unwrap(), 0);
    assert!(matches!(
        binh.quarantine_release(one.id).await,
        Err(Error::Missing)
    ));
    assert!(matches!(
        binh.quarantine_remove(one.id).await,
        Err(Error::Missing)
    ));
    an.quarantine_release(one.id).await.unwrap();
    assert_eq!(
        town.subjects("an", Role::Inbox).await,
        ["Công văn", "Hóa đơn"]
    );
    assert_eq!(an.quarantine_count().await.unwrap(), 0);
    assert!(matches!(
        an.quarantine_release(one.id).await,
        Err(Error::Missing)
    ));
    // It is the letter that came, byte for byte, and its trace tells the way.
    let inbox = an.mailbox_by_role(Role::Inbox).await.unwrap();
    let rows = an.list(inbox.id, None, 5, false).await.unwrap();
    let row = rows.iter().find(|row| row.subject == "Hóa đơn").unwrap();
    let raw = an.body(inbox.id, row.uid).await.unwrap();
    assert_eq!(raw, town.store.body(one.body).await.unwrap());
    let (_, events) = town.store.trace(one.trace.unwrap()).await.unwrap().unwrap();
    let words: Vec<_> = events
        .iter()
        .map(|e| (e.event.as_str(), e.detail.as_str()))
        .collect();
    assert_eq!(words[1], ("released", "an@tinh.example"));
}

#[tokio::test]
async fn an_engines_word_keeps_a_letter_apart_too() {
    let town = Town::new().await;
    let mut incoming = town
        .incoming(&["an@tinh.example", "binh@tinh.example"], &letter("x"))
        .await;
    incoming.verdict = Verdict::Quarantine;
    incoming.reasons = vec!["rspamd: quarantine (score 9.0)".into()];
    town.room.receive(incoming).await.unwrap().unwrap();
    for who in ["an", "binh"] {
        let access = town.open(who).await;
        let [one] = access.quarantine(None).await.unwrap().try_into().unwrap();
        assert_eq!(one.reason, "rspamd: quarantine (score 9.0)");
        access.quarantine_remove(one.id).await.unwrap();
        assert_eq!(access.quarantine(None).await.unwrap(), []);
        assert_eq!(town.subjects(who, Role::Inbox).await.len(), 0);
    }
}

#[tokio::test]
async fn owners_are_told_once_a_day_in_the_morning() {
    let town = Town::new().await;
    // 05:26 in Vietnam.
    assert_eq!(town.room.tell_of_quarantine().await.unwrap(), 0);
    for subject in ["Hóa đơn", "Phiếu gửi"] {
        town.receive(&["an@tinh.example"], &with_file(subject, "a.js"))
            .await
            .unwrap();
    }
    assert_eq!(town.room.tell_of_quarantine().await.unwrap(), 0, "early");
    town.pass_ms(2 * HOUR_MS);
    assert_eq!(town.room.tell_of_quarantine().await.unwrap(), 1);
    assert_eq!(
        town.subjects("an", Role::Inbox).await,
        ["Có 2 thư bị cách ly"]
    );
    town.receive(&["an@tinh.example"], &with_file("Nữa", "b.lnk"))
        .await
        .unwrap();
    town.pass_ms(HOUR_MS);
    assert_eq!(
        town.room.tell_of_quarantine().await.unwrap(),
        0,
        "once a day"
    );
    town.pass_ms(24 * HOUR_MS);
    assert_eq!(town.room.tell_of_quarantine().await.unwrap(), 1);
    let an = town.open("an").await;
    let inbox = an.mailbox_by_role(Role::Inbox).await.unwrap();
    let rows = an.list(inbox.id, None, 1, false).await.unwrap();
    assert_eq!(rows[0].subject, "Có 1 thư bị cách ly");
    // All that wait are named, the new one among them.
    let raw = an.body(inbox.id, rows[0].uid).await.unwrap();
    let read = mailroom::letter::read(&raw);
    for words in [
        "Kế toán (ketoan@khach.example): Nữa",
        "Hóa đơn",
        "Thư bị cách ly",
    ] {
        assert!(read.text.contains(words), "{words} in {}", read.text);
    }
    town.pass_ms(24 * HOUR_MS);
    assert_eq!(
        town.room.tell_of_quarantine().await.unwrap(),
        0,
        "nothing new"
    );
}

#[tokio::test]
async fn what_may_do_harm_is_not_handed_on_and_does_not_pile_up() {
    let town = Town::new().await;
    let console = town.room.console();
    let members = [
        "an@tinh.example".to_owned(),
        "ngoai@gmail.example".to_owned(),
    ];
    town.room
        .list_set(&console, "tatca@tinh.example", &members)
        .await
        .unwrap();
    let refused = town
        .receive(&["tatca@tinh.example"], &with_file("Hóa đơn", "a.exe"))
        .await;
    assert_eq!(refused.unwrap_err(), Refused::Harmful);
    let an = town.open("an").await;
    assert_eq!(an.quarantine_count().await.unwrap(), 0);
    for _ in 0..mailroom::limits::QUARANTINE_MAX {
        town.receive(&["an@tinh.example"], &with_file("Hóa đơn", "a.exe"))
            .await
            .unwrap();
    }
    let refused = town
        .receive(&["an@tinh.example"], &with_file("Hóa đơn", "a.exe"))
        .await;
    assert_eq!(refused.unwrap_err(), Refused::OverQuota);
    town.receive(&["an@tinh.example"], &letter("x"))
        .await
        .unwrap();
}
