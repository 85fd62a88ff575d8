//! Restarts, and several processes on one database.
use std::time::Duration;

use futures_util::future::join_all;
use store::testing::{letter, person};
use store::*;

use super::place::{NOW, Place, cases};

cases![
    a_restart_keeps_all,
    two_processes_write_side_by_side,
    another_process_is_heard,
    a_second_server_is_refused,
    a_closed_store_refuses,
    many_may_open_a_new_place_at_once,
];

/// `congthu account add` beside the first start of the server.
async fn many_may_open_a_new_place_at_once(place: &Place) {
    let stores = join_all((1..=4).map(|node| place.open_as(node))).await;
    for (number, store) in stores.iter().enumerate() {
        let name = number.to_string();
        store.setting_set(&name, "here").await.unwrap();
    }
    assert_eq!(
        stores[0].setting("3").await.unwrap().as_deref(),
        Some("here")
    );
}

async fn a_restart_keeps_all(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    for _ in 0..10 {
        store
            .deliver(letter(&store, "x", "y", &[a], NOW))
            .await
            .unwrap();
    }
    let inbox = store.mailbox_by_role(a, Role::Inbox).await.unwrap();
    let index = store.index(inbox.id).await.unwrap();
    let changes = store.account_changes_since(a, 0, 1000).await.unwrap();
    store.close().await;
    let store = place.open().await;
    assert_eq!(store.index(inbox.id).await.unwrap(), index);
    assert_eq!(
        store.account_changes_since(a, 0, 1000).await.unwrap(),
        changes
    );
    let placed = store
        .deliver(letter(&store, "x", "y", &[a], NOW))
        .await
        .unwrap();
    assert_eq!(
        (placed[0].uid, placed[0].uid_validity),
        (11, inbox.uid_validity)
    );
    assert!(placed[0].modseq > changes.last().unwrap().modseq);
}

async fn two_processes_write_side_by_side(place: &Place) {
    let (one, two) = (place.open_as(1).await, place.open_as(2).await);
    let a = person(&one, "a@here.example").await.unwrap();
    let b = person(&one, "b@here.example").await.unwrap();
    let writes = (0..60).map(|number| {
        let store = if number % 2 == 0 {
            one.clone()
        } else {
            two.clone()
        };
        let to = if number % 3 == 0 { [a, b] } else { [b, a] };
        async move {
            store.audit_append(NewAudit::default(), NOW).await.unwrap();
            store
                .deliver(letter(&store, "x", "y", &to, NOW))
                .await
                .unwrap()
        }
    });
    let placed = join_all(writes).await.concat();
    assert_eq!(placed.len(), 120);
    for account in [a, b] {
        let inbox = one.mailbox_by_role(account, Role::Inbox).await.unwrap();
        let uids: Vec<u32> = one
            .index(inbox.id)
            .await
            .unwrap()
            .iter()
            .map(|row| row.uid)
            .collect();
        assert_eq!(uids, (1..=60).collect::<Vec<_>>());
        assert_eq!((inbox.total, inbox.unseen), (60, 60));
    }
    assert_eq!(two.audit_verify().await.unwrap(), None);
}

async fn another_process_is_heard(place: &Place) {
    let (one, two) = (place.open_as(1).await, place.open_as(2).await);
    let a = person(&one, "a@here.example").await.unwrap();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let mut changes = two.changes();
    one.deliver(letter(&one, "x", "y", &[a], NOW))
        .await
        .unwrap();
    let heard = tokio::time::timeout(Duration::from_secs(20), async {
        while !changes.recv().await.unwrap().concerns(a) {}
    });
    heard.await.expect("the other process is woken");
    let inbox = two.mailbox_by_role(a, Role::Inbox).await.unwrap();
    assert_eq!(inbox.total, 1);
}

async fn a_second_server_is_refused(place: &Place) {
    let lock = Store::lock_data(place.data()).unwrap();
    assert!(matches!(
        Store::lock_data(place.data()),
        Err(Error::Exists(_))
    ));
    drop(lock);
    drop(Store::lock_data(place.data()).unwrap());
    let (one, two) = (place.open().await, place.open().await);
    let lock = one.lock_node().await.unwrap();
    if place.dialect() == Dialect::Postgres {
        assert!(matches!(two.lock_node().await, Err(Error::Exists(_))));
        assert!(
            place.open_as(3).await.lock_node().await.is_ok(),
            "another node may run"
        );
    }
    drop(lock);
}

async fn a_closed_store_refuses(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    store.close().await;
    let late = store.deliver(letter(&store, "x", "y", &[a], NOW)).await;
    assert!(matches!(late, Err(Error::Later(_))), "{late:?}");
    assert!(store.account(a).await.is_err());
}
