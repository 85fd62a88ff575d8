//! The faults as a whole: with the worker running, every recipient ends with the letter once or the sender with a report; the
//! table in docs/FAULTS.md is the one the tests use; a moved clock brings the delay notice and the end.

use super::faults::{ALL, Row, is_doubtful, rows, script};
use super::peer::{Fault, Script, peer};
use super::whole::{Town, copies, town_at, town_on, ways};
use super::*;
use mailroom::{Clock, Policy};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};
use store::{OutboxState, TraceId};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_every_fault_each_recipient_has_the_letter_or_the_sender_a_report() {
    let town = town_on(Policy::default(), None).await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 1);
    config.retry_delays_secs = vec![1];
    config.connections_max = 100;
    let rows = rows();
    let mut peers = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let (port, log) = peer(script(&ALL, row)).await;
        let domain = format!("d{number}.example");
        let way = route(port, RouteTls::Opportunistic);
        config.routes.insert(domain.clone(), way);
        let to = [format!("a@{domain}"), format!("b@{domain}")];
        let trace = town.submit(&[&to[0], &to[1]]).await;
        peers.push((row, log, to, trace));
    }
    let (stop, task) = town.work(&config);
    let mut bounced = Vec::new();
    for (row, log, to, trace) in &peers {
        town.ended(*trace).await;
        let states = town.states(*trace).await;
        for ((address, state), fate) in states.into_iter().zip(row.2) {
            let name = format!("{} {address}", row.0);
            assert!(to.contains(&address), "{name}");
            let never = fate.starts_with("never");
            let (ended, expected) = match never {
                true => (OutboxState::Never, 0),
                false => (OutboxState::Sent, 1 + usize::from(is_doubtful(row))),
            };
            assert_eq!((state, copies(log, &address)), (ended, expected), "{name}");
            bounced.extend(never.then_some(address));
        }
    }
    assert!(bounced.len() > 5);
    let texts = |letters: Vec<(String, String)>| -> String {
        letters.into_iter().map(|(_, text)| text).collect()
    };
    town.until("a report about each refused recipient", || async {
        let reports = texts(town.inbox().await);
        bounced.iter().all(|address| reports.contains(address))
    })
    .await;
    let reports = texts(town.inbox().await);
    for (_, _, to, _) in &peers {
        for address in to.iter().filter(|address| !bounced.contains(address)) {
            assert!(!reports.contains(address), "{address} was reported");
        }
    }
    stop.cancel();
    task.await.unwrap();
}

/// Moves the clock and wakes the worker with a letter of its own; returns when `trace` was tried once more.
async fn tried_at(town: &Town, clock: &AtomicI64, now: i64, trace: TraceId) {
    let attempts = || async {
        let rows = town.store.outbox_of_trace(trace).await.unwrap();
        (rows[0].attempts, rows[0].state)
    };
    let (before, _) = attempts().await;
    clock.store(now, Ordering::Release);
    town.submit(&["x@song.example"]).await;
    town.until("one more try", || async {
        let (tried, state) = attempts().await;
        tried > before && state != OutboxState::Leased
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_clock_brings_the_delay_notice_and_the_end() {
    // The store writes down when a letter came by the machine's own clock.
    let begun = Clock::System.now();
    let clock = Arc::new(AtomicI64::new(begun));
    let town = town_at(Policy::default(), None, Clock::Held(clock.clone())).await;
    let faults = vec![("RCPT", Fault::Say("450 4.2.0 not now"), usize::MAX)];
    let (waits, _log) = peer(Script {
        faults,
        ..Script::default()
    })
    .await;
    let (live, _log) = peer(Script::default()).await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 1);
    ways(
        &mut config,
        &[("cho.example", waits), ("song.example", live)],
    );
    config.retry_delays_secs = vec![60];
    config.clock = Clock::Held(clock.clone());
    let ordinary = town.submit_with(&["thuong@cho.example"], 0).await;
    let urgent = town.submit_with(&["khan@cho.example"], 1).await;
    let (stop, task) = town.work(&config);
    let heard = || async {
        let mut letters: Vec<String> = town
            .inbox()
            .await
            .into_iter()
            .filter(|(subject, _)| {
                subject.starts_with("Thư đang chậm") || subject.starts_with("Thư không")
            })
            .map(|(subject, text)| {
                let kind = if subject.starts_with("Thư đang") {
                    "delay"
                } else {
                    "end"
                };
                let who = if text.contains("khan@") {
                    "urgent"
                } else {
                    "ordinary"
                };
                format!("{kind} {who}")
            })
            .collect();
        letters.sort();
        letters
    };
    tried_at(&town, &clock, begun, urgent).await;
    tried_at(&town, &clock, begun + 14 * MINUTE, urgent).await;
    assert!(heard().await.is_empty());
    tried_at(&town, &clock, begun + 16 * MINUTE, urgent).await;
    town.until("the urgent letter's notice", || async {
        heard().await == ["delay urgent"]
    })
    .await;
    tried_at(&town, &clock, begun + 4 * HOUR - 5 * MINUTE, ordinary).await;
    assert_eq!(heard().await, ["delay urgent"]);
    tried_at(&town, &clock, begun + 4 * HOUR + MINUTE, ordinary).await;
    town.until("the ordinary letter's notice", || async {
        heard().await == ["delay ordinary", "delay urgent"]
    })
    .await;
    // Once, however long it takes; and nothing comes back before the fifth day is over.
    tried_at(&town, &clock, begun + 5 * 24 * HOUR - HOUR, ordinary).await;
    assert_eq!(heard().await.len(), 2);
    tried_at(&town, &clock, begun + 5 * 24 * HOUR + 1, ordinary).await;
    town.ended(ordinary).await;
    town.ended(urgent).await;
    town.until("both come back", || async {
        heard().await
            == [
                "delay ordinary",
                "delay urgent",
                "end ordinary",
                "end urgent",
            ]
    })
    .await;
    stop.cancel();
    task.await.unwrap();
}

pub fn shown(fault: &Fault) -> String {
    match fault {
        Fault::Drop => "closes the connection".into(),
        Fault::Silent => "says nothing more".into(),
        Fault::Slow(_) => "answers byte by byte".into(),
        Fault::Say(text) => format!("answers `{text}`"),
        Fault::Bytes(bytes) => format!("answers `{}`", bytes.escape_ascii()),
    }
}

fn line(row: &Row) -> String {
    let (point, fault, fates, copies, _) = row;
    let mut line = format!(
        "| {point} | {} | {} | {} | ",
        shown(fault),
        fates[0],
        fates[1]
    );
    let never = fates.iter().any(|fate| fate.starts_with("never"));
    let later = fates.iter().any(|fate| fate.starts_with("later"));
    let end = match (never, later) {
        _ if is_doubtful(row) => {
            "tried again: a second copy, because nobody heard that the first was taken"
        }
        (true, _) => "the refused come back to the sender with a report",
        (_, true) => "those that wait are tried again: one copy each",
        _ => "one copy each",
    };
    let _ = write!(line, "{end} |");
    assert!(*copies <= 1);
    line
}

#[test]
fn the_table_in_the_documents_is_the_one_tested() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/FAULTS.md");
    let document = std::fs::read_to_string(path).unwrap();
    let told: Vec<&str> = document
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let real: Vec<String> = rows().iter().map(line).collect();
    assert_eq!(
        told,
        real,
        "docs/FAULTS.md should say:\n{}",
        real.join("\n")
    );
}
