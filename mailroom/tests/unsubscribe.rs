//! Members elsewhere leave a list by the address in their copy: the right list, the right member, nobody else, and it is told.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::HashSet;

use common::*;
use mailroom::people::PrincipalKindWord;
use store::Store;

const GUEST: &str = "Ngoai@gmail.example";

#[tokio::test]
async fn a_member_elsewhere_leaves_with_one_click() {
    leave(&Town::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn and_over_postgresql_too() {
    let Some(postgres) = store::testing::Postgres::start().unwrap() else {
        eprintln!("PostgreSQL is not installed: not tested");
        return;
    };
    let url = postgres.database("lists").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(store::testing::config(folder.path(), Some(&url)))
        .await
        .unwrap();
    let town = Town::over(store, folder, |_| {});
    town.settle().await;
    leave(&town).await;
    town.store.close().await;
}

async fn leave(town: &Town) {
    let (room, console) = (&town.room, town.room.console());
    town.add("nhom@tinh.example", "Nhóm", "A", PrincipalKindWord::List)
        .await;
    let set = async |list: &str, members: &[&str]| {
        let members: Vec<String> = members.iter().map(|one| (*one).to_owned()).collect();
        room.list_set(&console, list, &members).await.unwrap();
    };
    set("nhom@tinh.example", &[GUEST, "khac@gmail.example"]).await;
    set(
        "tatca@tinh.example",
        &["an@tinh.example", "nhom@tinh.example"],
    )
    .await;
    town.receive(&["tatca@tinh.example", "an@tinh.example"], &letter("tin"))
        .await
        .unwrap();
    let leased = room
        .lease_outbox("w", 10, 60, &HashSet::new())
        .await
        .unwrap();
    let lists: Vec<_> = leased.iter().map(|row| row.list.as_deref()).collect();
    assert_eq!(lists, [Some("tatca@tinh.example"); 2]);

    let row = leased
        .iter()
        .find(|row| row.recipient.starts_with("ngoai"))
        .unwrap();
    let fields = room
        .list_fields("tatca@tinh.example", &row.recipient)
        .await
        .unwrap();
    assert!(
        fields.starts_with("List-Id: <tatca.tinh.example>\r\nList-Unsubscribe:\r\n <https://"),
        "{fields}"
    );
    assert!(fields.ends_with("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    let token = fields.split("/huy-dang-ky/").nth(1).unwrap();
    let token = token.split('>').next().unwrap();
    let copy = room.list_copy(token).await.unwrap().unwrap();
    assert_eq!(
        (copy.list.as_str(), copy.member.as_str()),
        ("tatca@tinh.example", "ngoai@gmail.example")
    );
    // Another name under the same tag is nobody's.
    let other = room
        .list_fields("tatca@tinh.example", "khac@gmail.example")
        .await
        .unwrap();
    let other = other.split("/huy-dang-ky/").nth(1).unwrap();
    let (named, _) = other.split_once('.').unwrap();
    let (_, tag) = token.split_once('.').unwrap();
    for forged in [
        format!("{named}.{tag}"),
        String::new(),
        "x.y".into(),
        "x".repeat(2_000),
    ] {
        assert_eq!(room.list_copy(&forged).await.unwrap(), None, "{forged}");
    }
    for _ in 0..2 {
        room.leave_list(&copy).await.unwrap();
    }
    let left = room
        .list_members(&console, "nhom@tinh.example")
        .await
        .unwrap();
    assert_eq!(left, ["khac@gmail.example"]);
    assert_eq!(
        room.list_members(&console, "tatca@tinh.example")
            .await
            .unwrap()
            .len(),
        2
    );
    let audit = room.audit_of(&console, 20).await.unwrap();
    let told = audit.iter().filter(|row| row.2 == "list.leave");
    assert_eq!(told.count(), 1, "once");
    let told = town.subjects("quantri.a", store::Role::Inbox).await;
    assert_eq!(
        told,
        ["ngoai@gmail.example đã rời danh sách nhom@tinh.example"]
    );
}
