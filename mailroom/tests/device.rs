//! What is owed to a device survives everything but being told.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::device::{NewSubscription, Pushed};
use mailroom::{Clock, Mailroom};
use store::{FlagChange, Store, flag};

fn device(endpoint: &str) -> NewSubscription {
    NewSubscription {
        endpoint: endpoint.into(),
        p256dh: "khóa".into(),
        auth: "bí mật".into(),
        device: "Điện thoại".into(),
        session_key: String::new(),
    }
}

#[tokio::test]
async fn letters_are_owed_until_told_also_over_a_restart() {
    let town = Town::new().await;
    let an = town.actor("an").await;
    town.receive(&["an@tinh.example"], &letter("trước"))
        .await
        .unwrap();
    town.room
        .subscribe(&an, device("https://push.example/1"))
        .await
        .unwrap();
    assert!(
        town.room.owed(10).await.unwrap().is_empty(),
        "what came before is not owed"
    );
    let woken = town.room.owed_ready();
    town.receive(&["an@tinh.example"], &letter("sau"))
        .await
        .unwrap();
    drop(woken);
    town.receive(&["an@tinh.example"], &letter("nữa"))
        .await
        .unwrap();
    let owed = town.room.owed(10).await.unwrap();
    assert_eq!(
        (owed.len(), owed[0].letters, owed[0].badge, owed[0].urgent),
        (1, 2, 3, false)
    );
    // The push service is away; then the program stops.
    town.room
        .pushed(&owed[0], Pushed::Later(START + 60_000))
        .await
        .unwrap();
    assert!(town.room.owed(10).await.unwrap().is_empty());
    town.store.close().await;
    let again = Store::open(store::testing::config(town.folder.path(), None))
        .await
        .unwrap();
    let clock = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(START + 60_000));
    let room = Mailroom::new(again, town.policy.clone(), Clock::Held(clock)).unwrap();
    let owed = room.owed(10).await.unwrap();
    assert_eq!((owed.len(), owed[0].letters), (1, 2));
    room.pushed(&owed[0], Pushed::Done).await.unwrap();
    assert!(room.owed(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_read_meanwhile_is_not_owed() {
    let town = Town::new().await;
    let an = town.actor("an").await;
    town.room
        .subscribe(&an, device("https://push.example/1"))
        .await
        .unwrap();
    town.receive(&["an@tinh.example"], &letter("a"))
        .await
        .unwrap();
    let access = town.open("an").await;
    let inbox = access.mailbox("INBOX").await.unwrap();
    let seen = FlagChange::Add {
        flags: flag::SEEN,
        keywords: vec![],
    };
    access.flags(inbox.id, &[1], seen, None).await.unwrap();
    assert!(town.room.owed(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn gone_devices_are_forgotten_and_others_cannot_take_them_away() {
    let town = Town::new().await;
    let (an, binh) = (town.actor("an").await, town.actor("binh").await);
    town.room
        .subscribe(&an, device("https://push.example/1"))
        .await
        .unwrap();
    assert!(is_denied(
        town.room.unsubscribe(&binh, "https://push.example/1").await
    ));
    town.receive(&["an@tinh.example"], &letter("a"))
        .await
        .unwrap();
    let owed = town.room.owed(10).await.unwrap();
    town.room
        .pushed(&owed[0], Pushed::Refused(403))
        .await
        .unwrap();
    assert_eq!(town.room.subscriptions(&an).await.unwrap().len(), 1);
    town.pass_ms(3_600_000);
    let owed = town.room.owed(10).await.unwrap();
    assert_eq!(owed.len(), 1);
    town.room.pushed(&owed[0], Pushed::Gone).await.unwrap();
    assert!(town.room.subscriptions(&an).await.unwrap().is_empty());
    for endpoint in ["", "ftp://x.y/", "không", "data:text/plain,x"] {
        assert!(
            matches!(
                town.room.subscribe(&an, device(endpoint)).await,
                Err(mailroom::Error::Bad(_))
            ),
            "{endpoint}"
        );
    }
}

#[tokio::test]
async fn assignments_are_owed_with_their_deadline_and_become_notified() {
    let town = Town::new().await;
    let an = town.actor("an").await;
    town.room
        .subscribe(&an, device("https://push.example/1"))
        .await
        .unwrap();
    let token = town
        .room
        .source_add(&town.room.console(), "qlvb", "QLVB", None, &[], 30)
        .await
        .unwrap();
    let source = town
        .room
        .source_sign_in("qlvb", &token, IP)
        .await
        .unwrap()
        .unwrap();
    let put = serde_json::from_value(serde_json::json!({
        "revision": 1, "assigned_at": "2026-11-21T08:00:00+07:00",
        "document": {"subject": "Hỏa tốc", "urgency": 3},
        "assignees": [{"mailbox": "an@tinh.example", "due_at": "2026-11-30T17:00:00+07:00"}]
    }));
    town.room
        .assignment_put(&source, "1", put.unwrap())
        .await
        .unwrap();
    let owed = town.room.owed(10).await.unwrap();
    assert_eq!(
        (
            owed[0].letters,
            owed[0].assignments,
            owed[0].urgent,
            owed[0].assignees.len()
        ),
        (0, 1, true, 1)
    );
    assert!(owed[0].due_at.is_some() && owed[0].oldest_at == START);
    town.room.pushed(&owed[0], Pushed::Done).await.unwrap();
    let state = town
        .room
        .assignment_state(&source, "1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(state.assignees[0].state, "notified");
    assert!(town.room.owed(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn senders_are_named_newest_first_and_only_where_wanted() {
    use mailroom::lock_screen::{LockScreen, Senders};
    let town = Town::with(|policy| policy.push_shows_senders = true).await;
    let an = town.actor("an").await;
    town.room
        .subscribe(&an, device("https://push.example/1"))
        .await
        .unwrap();
    let from = |name: &str, subject: &str| {
        format!("From: {name} <x@gmail.example>\nSubject: {subject}\n\nChào.\n")
    };
    for (name, subject) in [("Một", "a"), ("Hai", "b"), ("Hai", "c"), ("Kín", "Mật: d")] {
        town.receive(&["an@tinh.example"], &from(name, subject))
            .await
            .unwrap();
    }
    let owed = town.room.owed(10).await.unwrap();
    assert_eq!(
        (owed[0].letters, &owed[0].senders),
        (4, &Senders::default())
    );
    town.room
        .lock_screen_set(&an, LockScreen::Senders)
        .await
        .unwrap();
    let owed = town.room.owed(10).await.unwrap();
    assert_eq!(owed[0].letters, 4);
    assert_eq!(owed[0].senders.names, ["Hai", "Một"]);
    assert!(owed[0].senders.more, "one is counted only");
    for name in ["Ba", "Bốn"] {
        town.receive(&["an@tinh.example"], &from(name, "e"))
            .await
            .unwrap();
    }
    let owed = town.room.owed(10).await.unwrap();
    assert_eq!(owed[0].senders.names, ["Bốn", "Ba", "Hai"]);
    town.room.pushed(&owed[0], Pushed::Done).await.unwrap();
    town.pass_ms(3_600_000);
    town.receive(&["an@tinh.example"], &from("Năm", "f"))
        .await
        .unwrap();
    let owed = town.room.owed(10).await.unwrap();
    assert_eq!((owed[0].letters, owed[0].senders.more), (1, false));
    assert_eq!(owed[0].senders.names, ["Năm"], "the others were told");
    town.room
        .lock_screen_set(&an, LockScreen::Count)
        .await
        .unwrap();
    let owed = town.room.owed(10).await.unwrap();
    assert_eq!(owed[0].senders, Senders::default());
}
