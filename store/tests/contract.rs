//! The storage contract: every case runs on SQLite and on PostgreSQL, each in a database of its own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod contract {
    pub mod answer;
    pub mod assigned;
    pub mod attached;
    pub mod bodies;
    pub mod health;
    pub mod mail;
    pub mod mailboxes;
    pub mod met;
    pub mod outbox;
    pub mod people;
    pub mod place;
    pub mod processes;
    pub mod quarantine;
    pub mod reach;
    pub mod report;
    pub mod reread;
    pub mod search;
    pub mod traced;
    pub mod trim;
}

use futures_util::StreamExt as _;

use contract::place::{Case, Place};
use contract::{
    answer, assigned, attached, bodies, health, mail, mailboxes, met, outbox, people, processes,
    quarantine, reach, report, reread, search, traced, trim,
};

fn cases() -> Vec<(&'static str, Case)> {
    [
        mail::cases(),
        bodies::cases(),
        mailboxes::cases(),
        met::cases(),
        outbox::cases(),
        traced::cases(),
        health::cases(),
        people::cases(),
        reread::cases(),
        search::cases(),
        answer::cases(),
        assigned::cases(),
        attached::cases(),
        processes::cases(),
        quarantine::cases(),
        report::cases(),
        reach::cases(),
        trim::cases(),
    ]
    .concat()
}

/// Cases running at the same time: PostgreSQL bounds its connections.
const AT_ONCE: usize = 12;

/// Runs every case; names those that failed.
async fn run(places: Vec<(&'static str, Case, Place)>) {
    let running = places.into_iter().map(|(name, case, place)| async move {
        let ran = tokio::spawn(async move { case(&place).await }).await;
        ran.err().map(|cause| format!("{name}: {cause}"))
    });
    let failed: Vec<String> = futures_util::stream::iter(running)
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    run(cases()
        .into_iter()
        .map(|(name, case)| (name, case, Place::sqlite()))
        .collect())
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let Some(postgres) = store::testing::Postgres::start().unwrap() else {
        eprintln!("PostgreSQL is not installed: its half of the contract was not shown");
        return;
    };
    let places = cases().into_iter().map(|(name, case)| {
        (
            name,
            case,
            Place::postgres(&postgres.database(name).unwrap()),
        )
    });
    run(places.collect()).await;
}
