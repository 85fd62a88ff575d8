//! Promise 1 at the store: a child delivers without end and prints what was acknowledged; it is killed at any moment,
//! and everything acknowledged is there exactly once. On SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use store::testing::{Postgres, config, letter, person};
use store::*;

const NOW: i64 = 1_800_000_000_000;
const DATA: &str = "STORE_CRASH_DATA";
const URL: &str = "STORE_CRASH_URL";
const ROUNDS: usize = 6;

/// The child: does nothing unless a parent asked for it.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(data) = std::env::var(DATA) else {
        return;
    };
    let url = std::env::var(URL).ok();
    let store = Store::open(config(data.as_ref(), url.as_deref()))
        .await
        .unwrap();
    let mut accounts = Vec::new();
    for address in ["a@here.example", "b@here.example"] {
        let (found, _, _) = store.principal_by_address(address).await.unwrap().unwrap();
        accounts.push(AccountId::from(found.id));
    }
    let callers = (0..8).map(|caller| {
        let (store, accounts) = (store.clone(), accounts.clone());
        tokio::spawn(async move {
            for number in 0usize.. {
                let mut one = letter(&store, "x", "y", &accounts, NOW);
                if number % 16 == caller {
                    // Large enough for a file.
                    one.body.raw = vec![b'a'; 70_000].into();
                }
                let id = one.body.id;
                store.deliver(one).await.unwrap();
                let mut out = std::io::stdout().lock();
                writeln!(out, "acknowledged {id}").unwrap();
                out.flush().unwrap();
            }
        })
    });
    futures_util::future::join_all(callers).await;
}

/// Runs a child for a moment, kills it, and returns what it said was acknowledged.
fn run_and_kill(data: &Path, url: Option<&str>, moment: Duration) -> Vec<BodyId> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--nocapture"])
        .env(DATA, data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(url) = url {
        command.env(URL, url);
    }
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let reader = std::thread::spawn(move || {
        lines
            .map_while(Result::ok)
            // A line cut off by the kill names nothing.
            .filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok().map(BodyId))
            .collect::<Vec<_>>()
    });
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

/// Everything acknowledged is in both Inboxes exactly once, and the numbers fit.
async fn check(store: &Store, accounts: &[AccountId], acknowledged: &BTreeSet<BodyId>) {
    for account in accounts {
        let inbox = store.mailbox_by_role(*account, Role::Inbox).await.unwrap();
        let index = store.index(inbox.id).await.unwrap();
        let mut times: BTreeMap<BodyId, usize> = BTreeMap::new();
        for row in &index {
            *times.entry(row.body).or_default() += 1;
        }
        for body in acknowledged {
            assert_eq!(times.get(body), Some(&1), "letter {body} in {account}");
        }
        assert!(index.windows(2).all(|two| two[0].uid < two[1].uid));
        assert_eq!(inbox.total as usize, index.len());
        assert_eq!(
            inbox.bytes,
            index.iter().map(|row| i64::from(row.size)).sum::<i64>()
        );
        assert!(
            index
                .iter()
                .all(|row| row.uid < inbox.uid_next && row.modseq <= inbox.modseq)
        );
        // Every row that is there is whole, acknowledged or not.
        for row in &index {
            assert_eq!(store.body(row.body).await.unwrap().len(), row.size as usize);
            assert!(store.email(*account, row.email).await.unwrap().is_some());
        }
    }
}

async fn rounds(url: Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(config(folder.path(), url.as_deref()))
        .await
        .unwrap();
    let mut accounts = Vec::new();
    for address in ["a@here.example", "b@here.example"] {
        accounts.push(person(&store, address).await.unwrap());
    }
    store.close().await;
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        // The moments differ, so that the kill falls into different steps.
        let moment = Duration::from_millis(700 + 137 * round as u64);
        let (data, url_here) = (folder.path().to_owned(), url.clone());
        let said =
            tokio::task::spawn_blocking(move || run_and_kill(&data, url_here.as_deref(), moment));
        for body in said.await.unwrap() {
            assert!(acknowledged.insert(body), "{body} was given twice");
        }
        let store = Store::open(config(folder.path(), url.as_deref()))
            .await
            .unwrap();
        check(&store, &accounts, &acknowledged).await;
        store.close().await;
    }
    println!(
        "{} letters acknowledged in {ROUNDS} rounds",
        acknowledged.len()
    );
    assert!(
        acknowledged.len() > ROUNDS,
        "the child got no chance: {}",
        acknowledged.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_on_sqlite() {
    rounds(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_on_postgres() {
    let Some(postgres) = Postgres::start().unwrap() else {
        eprintln!("PostgreSQL is not installed: not shown");
        return;
    };
    let url = postgres.database("crash").unwrap();
    rounds(Some(url)).await;
}
