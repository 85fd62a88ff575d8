//! People taken in from lists, and what administration refuses.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::people::{ImportOutcome, Imported, NewAccount};
use std::sync::atomic::{AtomicUsize, Ordering};

const LIST: &str = "\u{feff}Họ và tên;Mã đơn vị;Chức vụ;Mã cán bộ;Điện thoại\r\n\
    Nguyễn Văn Đạt;A;Chuyên viên;1001;0913\r\n\
    \"Nguyễn Văn Đạt\";A;Văn thư;1002;\r\n\
    Nguyễn Văn Đạt;B;;;\r\n\
    Trần Thị Lý;Z;;;\r\n\
    ***;A;;;\r\n";

fn shown(outcomes: &[Imported]) -> Vec<(usize, &str, bool)> {
    outcomes
        .iter()
        .map(|one| {
            (
                one.line,
                one.address.as_str(),
                matches!(one.outcome, ImportOutcome::Refused(_)),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_list_is_taken_in_and_again_changes_nothing() {
    let town = Town::new().await;
    let console = town.room.console();
    let done = AtomicUsize::new(0);
    let outcomes = town
        .room
        .accounts_import(&console, LIST, &|at, of| {
            assert!(at <= of);
            done.store(at, Ordering::SeqCst);
        })
        .await
        .unwrap();
    assert_eq!(
        shown(&outcomes),
        [
            (2, "nguyenvandat@tinh.example", false),
            (3, "nguyenvandat2@tinh.example", false),
            (4, "nguyenvandat3@tinh.example", false),
            (5, "", true),
            (6, "", true),
        ]
    );
    assert_eq!(done.load(Ordering::SeqCst), 5);
    let again = town
        .room
        .accounts_import(&console, LIST, &|_, _| {})
        .await
        .unwrap();
    assert_eq!(shown(&again)[..3], shown(&outcomes)[..3]);
    assert!(
        again[..3]
            .iter()
            .all(|one| one.outcome == ImportOutcome::Unchanged),
        "{again:?}"
    );
    let changed = "address,title,phone\nnguyenvandat@tinh.example,Trưởng phòng,\n";
    let outcomes = town
        .room
        .accounts_import(&console, changed, &|_, _| {})
        .await
        .unwrap();
    assert_eq!(outcomes[0].outcome, ImportOutcome::Updated);
    let who = town
        .room
        .find_address("nguyenvandat@tinh.example")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (who.title.as_str(), who.phone.as_deref(), who.name.as_str()),
        ("Trưởng phòng", Some("0913"), "Nguyễn Văn Đạt")
    );
}

#[tokio::test]
async fn an_administrator_imports_into_the_own_subtree_only() {
    let town = Town::new().await;
    let a = town.actor("quantri.a").await;
    let list = "address,name,unit_code,title\nmoi.a@tinh.example,Mới,A,x\nmoi.b@tinh.example,Mới,B,x\nlan@tinh.example,Phạm Lan,B,x\nmoi.c@tinh.example,Mới,,x\n";
    let outcomes = town
        .room
        .accounts_import(&a, list, &|_, _| {})
        .await
        .unwrap();
    let refused: Vec<bool> = outcomes
        .iter()
        .map(|one| matches!(one.outcome, ImportOutcome::Refused(_)))
        .collect();
    assert_eq!(refused, [false, true, true, true]);
    assert_eq!(
        town.room
            .find_address("lan@tinh.example")
            .await
            .unwrap()
            .unwrap()
            .title,
        ""
    );
}

#[tokio::test]
async fn improper_addresses_are_refused() {
    let town = Town::new().await;
    for address in [
        "an@tinh.example",
        "x@gmail.example",
        "a+b@tinh.example",
        "a b@tinh.example",
        ".a@tinh.example",
        "a..b@tinh.example",
        "@tinh.example",
        "",
    ] {
        let account = NewAccount {
            address: address.into(),
            name: "X".into(),
            ..NewAccount::default()
        };
        assert!(
            town.room
                .account_add(&town.room.console(), account, None)
                .await
                .is_err(),
            "{address}"
        );
    }
    let nameless = NewAccount {
        address: "y@tinh.example".into(),
        name: " ".into(),
        ..NewAccount::default()
    };
    assert!(
        town.room
            .account_add(&town.room.console(), nameless, None)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_room_is_healthy_and_counts() {
    let town = Town::new().await;
    town.room.healthy().await.unwrap();
    let stats = town.room.store_stats().await.unwrap();
    assert_eq!(stats.principals, 10);
    let suggested = town
        .room
        .suggest(&town.actor("lan").await, "nguyen van", 5)
        .await
        .unwrap();
    assert_eq!(
        suggested,
        [("Nguyễn Văn An".to_owned(), "an@tinh.example".to_owned())]
    );
}

#[tokio::test]
async fn who_administers_two_units_sees_both_once() {
    let town = Town::new().await;
    let console = town.room.console();
    for unit in ["B", "P"] {
        town.room
            .unit_admin_set(&console, "quantri.a@tinh.example", unit, true)
            .await
            .unwrap();
    }
    let a = town.actor("quantri.a").await;
    let all = town.room.accounts_list(&a, None, 0, 100).await.unwrap();
    assert_eq!(all.len(), 10);
    let page: Vec<_> = town
        .room
        .accounts_list(&a, None, 4, 3)
        .await
        .unwrap()
        .iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(page, all[4..7].iter().map(|one| one.id).collect::<Vec<_>>());
}
