//! The same rules over PostgreSQL, and two rooms over one database. Skipped in words where PostgreSQL is not installed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::HashSet;

use common::*;
use mailroom::assign::{AssignedFilter, Put};
use mailroom::signin::{Door, NoEntry};
use mailroom::submit::Draft;
use mailroom::{Clock, Mailroom};
use store::{FlagChange, Role, Store, flag};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_letters_way_over_postgresql() {
    let Some(postgres) = store::testing::Postgres::start().unwrap() else {
        eprintln!("PostgreSQL is not installed: not tested");
        return;
    };
    let url = postgres.database("room").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(store::testing::config(folder.path(), Some(&url)))
        .await
        .unwrap();
    let town = Town::over(store, folder, |_| {});
    town.settle().await;
    letters(&town).await;
    keys(&town).await;
    documents(&town).await;
    quotas(&town).await;
    two_rooms(&town, &url).await;
    assert_eq!(town.room.audit_verify().await.unwrap(), None);
    town.store.close().await;
}

async fn letters(town: &Town) {
    let access = town.open("an").await;
    let inbox = access.mailbox("INBOX").await.unwrap().id;
    for count in 1..=5 {
        town.receive(
            &["an@tinh.example", "binh@tinh.example"],
            &letter(&format!("thư {count}")),
        )
        .await
        .unwrap();
        assert_eq!(access.snapshot(inbox).await.unwrap().rows.len(), count);
    }
    access
        .flags(
            inbox,
            &[2, 3],
            FlagChange::Add {
                flags: flag::DELETED,
                keywords: vec!["$Việc".into()],
            },
            None,
        )
        .await
        .unwrap();
    assert_eq!(access.expunge(inbox, Some(&[3])).await.unwrap(), [3]);
    let snapshot = access.snapshot(inbox).await.unwrap();
    assert_eq!(
        (snapshot.rows.len(), snapshot.rows[1].flags),
        (4, flag::DELETED)
    );
    let query = mailroom::search::Query::parse("thu 5");
    assert_eq!(access.search(&query, 0, 5).await.unwrap().0, 1);
    let draft = Draft {
        to: vec!["lan@tinh.example".into(), "khach@gmail.example".into()],
        subject: "Ra ngoài".into(),
        text: "x".into(),
        ..Draft::default()
    };
    access.send(draft).await.unwrap().unwrap();
    assert_eq!(town.subjects("lan", Role::Inbox).await, ["Ra ngoài"]);
    assert_eq!(
        town.room
            .lease_outbox("w", 10, 60, &HashSet::new())
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn keys(town: &Town) {
    let admin = town.actor("quantri.a").await;
    let slip = town
        .room
        .slip_make(&admin, town.account("an").await.into())
        .await
        .unwrap();
    let tries = (0..6).map(|_| {
        let (room, code) = (town.room.clone(), slip.code.clone());
        tokio::spawn(async move { room.slip_use(&code, SECRET, IP).await.unwrap().is_ok() })
    });
    let mut entered = 0;
    for one in tries.collect::<Vec<_>>() {
        entered += usize::from(one.await.unwrap());
    }
    assert_eq!(entered, 1);
    assert!(town.sign_in(Door::Imap, "an", SECRET).await.is_ok());
    assert!(is_denied(
        town.room
            .slip_make(&admin, town.account("lan").await.into())
            .await
    ));
}

async fn documents(town: &Town) {
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
    let put = || {
        serde_json::from_value(serde_json::json!({
            "revision": 1, "assigned_at": "2026-11-21T08:00:00+07:00", "document": {"subject": "Văn bản"},
            "assignees": [{"mailbox": "an@tinh.example"}]
        }))
        .unwrap()
    };
    assert!(matches!(
        town.room.assignment_put(&source, "1", put()).await.unwrap(),
        Put::Created(_)
    ));
    assert!(matches!(
        town.room.assignment_put(&source, "1", put()).await.unwrap(),
        Put::Replayed(_)
    ));
    let access = town.open("an").await;
    let id = access.assigned(AssignedFilter::Open, 5).await.unwrap()[0].id;
    assert_eq!(access.acknowledge(id).await.unwrap().state, "acknowledged");
}

/// Owners are told of a filling mailbox once; at 110 % the next letter waits outside.
async fn quotas(town: &Town) {
    let console = town.room.console();
    let quota = async |bytes: i64| {
        let set = town.room.quota_set(&console, "binh@tinh.example", bytes);
        set.await.unwrap();
    };
    let used = town.open("binh").await.quota().await.unwrap().0;
    assert!(used > 0);
    quota(used * 10 / 9).await;
    assert_eq!(town.room.warn_of_quotas().await.unwrap(), 1);
    assert_eq!(town.room.warn_of_quotas().await.unwrap(), 0);
    quota(used / 2).await;
    let refused = town.receive(&["binh@tinh.example"], &letter("đầy")).await;
    assert!(refused.is_err(), "{refused:?}");
    quota(1 << 30).await;
    let taken = town
        .receive(&["binh@tinh.example"], &letter("lại có chỗ"))
        .await;
    assert!(taken.is_ok(), "{taken:?}");
}

/// What one room writes wakes the other, and a disabled account is out of both.
async fn two_rooms(town: &Town, url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let config = store::Config {
        node: 1,
        ..store::testing::config(folder.path(), Some(url))
    };
    let other = Mailroom::new(
        Store::open(config).await.unwrap(),
        town.policy.clone(),
        Clock::System,
    )
    .unwrap();
    let there = other
        .open(&town.actor("an").await, town.account("an").await)
        .await
        .unwrap();
    let inbox = there.mailbox("INBOX").await.unwrap().id;
    let before = there.snapshot(inbox).await.unwrap().rows.len();
    let mut listener = there.listen();
    town.receive(&["an@tinh.example"], &letter("sang phòng bên"))
        .await
        .unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(20), listener.changed())
        .await
        .unwrap();
    assert_eq!(there.snapshot(inbox).await.unwrap().rows.len(), before + 1);
    other
        .account_disable(&other.console(), "an@tinh.example", true)
        .await
        .unwrap();
    for _ in 0..100 {
        if town.sign_in(Door::Imap, "an", SECRET).await.err() == Some(NoEntry::Disabled) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the other room was not heard");
}
