//! Deliveries, UIDs, MODSEQs, flags, copies, moves, expunges.
use store::testing::{config, letter, person};
use store::*;

const NOW: i64 = 1_800_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn smoke() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(config(dir.path(), None)).await.unwrap();
    println!("{} statements", store.prepare_all().await.unwrap());
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    let placed = store
        .deliver(letter(&store, "Giấy mời", "họp hỏa tốc", &[a, b], NOW))
        .await
        .unwrap();
    assert_eq!(placed.len(), 2);
    let inbox = store.mailbox_by_role(a, Role::Inbox).await.unwrap();
    let index = store.index(inbox.id).await.unwrap();
    assert_eq!(index.len(), 1);
    let words = vec!["hoa".to_owned(), "toc".to_owned()];
    let query = Query {
        all: vec![Clause {
            field: Field::Any,
            words,
            phrase: true,
            prefix: false,
        }],
        mailbox: None,
    };
    assert_eq!(
        store.search(a, &query, 10).await.unwrap(),
        [placed[0].email]
    );
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(
        store.search(a, &query, 10).await.unwrap(),
        [placed[0].email]
    );
    let pg = store::testing::Postgres::start().unwrap().unwrap();
    let url = pg.database("smoke").unwrap();
    let pgdir = tempfile::tempdir().unwrap();
    let store = Store::open(config(pgdir.path(), Some(&url))).await.unwrap();
    println!("{} statements", store.prepare_all().await.unwrap());
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    let placed = store
        .deliver(letter(&store, "Giấy mời", "họp hỏa tốc", &[a, b], NOW))
        .await
        .unwrap();
    assert_eq!(
        store.search(a, &query, 10).await.unwrap(),
        [placed[0].email]
    );
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(
        store.search(a, &query, 10).await.unwrap(),
        [placed[0].email]
    );
}
