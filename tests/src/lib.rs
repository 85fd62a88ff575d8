//! What the whole-system tests share: starting the real program on free ports, running real clients, small SMTP and IMAP
//! dialogues to look at the result. Tests only; a failure panics with what was seen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

pub mod bind;
pub mod demo;
pub mod dns;
pub mod imap;
pub mod peer;
pub mod sink;
pub mod site;
pub mod smtp;
pub mod tool;

pub use bind::Bind;
pub use demo::Demo;
pub use dns::Dns;
pub use imap::Imap;
pub use peer::Peer;
pub use sink::Sink;
pub use site::Site;
pub use smtp::Smtp;

use std::time::{Duration, Instant};

/// How long anything may take on a slow, busy machine before a test calls it a failure.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Asks again and again until there is an answer.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A port nobody listens on now; for programs that cannot be told to take any free one. Below those that the system gives to
/// outgoing connections, one of which would take it before the program does.
pub fn free_port() -> u16 {
    let random = std::collections::hash_map::RandomState::new();
    let tries = (0..1_000u32).map(|n| std::hash::BuildHasher::hash_one(&random, n));
    tries
        .map(|seed| 12_000 + u16::try_from(seed % 20_000).unwrap())
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port below the ephemeral ones")
}

/// A PostgreSQL of this test's own, with an empty database: keep the first as long as the second is used.
pub fn postgres() -> (store::testing::Postgres, String) {
    let postgres = store::testing::Postgres::start().unwrap();
    let postgres = postgres.expect("PostgreSQL is not installed; ./check installs it");
    let url = postgres.database("congthu").unwrap();
    (postgres, url)
}
