//! Floods to dead destinations, on both databases: a letter to a living one leaves while they still wait, and the dead ones are
//! asked seldom, not once for each letter. tests/bench/flood measures the same with 50,000 letters.

use super::peer::{Fault, Log, Script, peer, peer_at};
use super::whole::{Town, town_on, ways};
use super::*;
use mailroom::Policy;
use store::OutboxState;

/// How a destination is dead.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dead {
    /// Nobody listens: refused at once.
    Refused,
    /// Connections are taken and never greeted.
    Silent,
}

const LETTERS: usize = 20;
const RECIPIENTS: usize = 100;

/// The dead destination's port; it counts its callers where there is somebody to count them.
async fn destination(dead: Dead) -> (u16, Log) {
    match dead {
        Dead::Silent => {
            let faults = vec![("greeting", Fault::Silent, usize::MAX)];
            let script = Script {
                faults,
                ..Script::default()
            };
            // At every address of 127/8.
            let (at, log) = peer_at("0.0.0.0:0", script).await;
            (at.port(), log)
        }
        Dead::Refused => {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            (listener.local_addr().unwrap().port(), Log::default())
        }
    }
}

async fn flood(town: &Town, dead: Dead) {
    let (port, dead_log) = destination(dead).await;
    let (live, live_log) = peer(Script::default()).await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 1);
    ways(
        &mut config,
        &[("chet.example", port), ("song.example", live)],
    );
    config.retry_delays_secs = vec![3_600];
    config.timeouts.greeting = Duration::from_secs(5);
    for n in 0..LETTERS {
        let names: Vec<String> = (0..RECIPIENTS)
            .map(|m| format!("r{n}x{m}@chet.example"))
            .collect();
        town.submit(&names.iter().map(String::as_str).collect::<Vec<_>>())
            .await;
    }
    let (stop, task) = town.work(&config);
    town.until("the flood is under way", || async {
        dead_log.connections() > 0
            || dead == Dead::Refused && town.store.outbox_counts().await.unwrap().leased > 0
    })
    .await;
    let trace = town.submit(&["b@song.example"]).await;
    town.until("the living one", || async { !live_log.taken().is_empty() })
        .await;
    if dead == Dead::Silent {
        let counts = town.store.outbox_counts().await.unwrap();
        assert!(
            counts.due + counts.leased >= (LETTERS * RECIPIENTS) as u64,
            "the flood is still waiting: {counts:?}"
        );
    }
    town.ended(trace).await;
    town.until("the flood is put off", || async {
        let rows = town
            .store
            .outbox_list(&store::OutboxFilter::default(), 5_000)
            .await
            .unwrap();
        rows.len() == LETTERS * RECIPIENTS
            && rows
                .iter()
                .all(|row| row.state == OutboxState::Due && row.attempts > 0)
    })
    .await;
    assert!(dead_log.connections() <= 20, "{}", dead_log.connections());
    stop.cancel();
    task.await.unwrap();
}

async fn both(dead: Dead) {
    flood(&town_on(Policy::default(), None).await, dead).await;
    let postgres = store::testing::Postgres::start().unwrap();
    let postgres = postgres.expect("PostgreSQL is not installed; ./check installs it");
    let url = postgres.database("lut").unwrap();
    flood(&town_on(Policy::default(), Some(&url)).await, dead).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_to_a_silent_domain_does_not_hold_up_a_living_one() {
    both(Dead::Silent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_to_a_closed_port_does_not_hold_up_a_living_one() {
    both(Dead::Refused).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_silent_domains_do_not_take_all_connections() {
    let town = town_on(Policy::default(), None).await;
    let (port, dead_log) = destination(Dead::Silent).await;
    let (live, live_log) = peer(Script::default()).await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 1);
    config.connections_max = 40;
    config.timeouts.greeting = Duration::from_secs(60);
    let domains: Vec<String> = (0..20).map(|n| format!("chet{n}.example")).collect();
    for domain in &domains {
        // A destination of its own for each: the names differ, the silence does not.
        let mut way = route(port, RouteTls::Clear);
        way.host = format!("127.0.0.{}", 1 + config.routes.len());
        config.routes.insert(domain.clone(), way);
        let names: Vec<String> = (0..60).map(|m| format!("r{m}@{domain}")).collect();
        for name in names.chunks(5) {
            town.submit(&name.iter().map(String::as_str).collect::<Vec<_>>())
                .await;
        }
    }
    config
        .routes
        .insert("song.example".into(), route(live, RouteTls::Clear));
    let (stop, task) = town.work(&config);
    town.until("all are asked", || async { dead_log.connections() >= 20 })
        .await;
    town.submit(&["b@song.example"]).await;
    town.until("the living one", || async { !live_log.taken().is_empty() })
        .await;
    assert!(dead_log.connections() < 40, "{}", dead_log.connections());
    stop.cancel();
    task.await.unwrap();
}
