//! `congthu queue retry` of another process wakes the running server, on both databases: a letter that waits leaves at once,
//! not at its next time.

use super::*;
use congthu_tests::{Sink, postgres};
use std::time::Duration;

/// (attempts, when the next one is due) of the only recipient that waits.
fn waiting(demo: &Demo, url: Option<&str>) -> Option<(u32, i64)> {
    let mut config = store::Config::sqlite(demo.data());
    config.url = url.map_or(config.url, str::to_owned);
    config.node = 9;
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = store::Store::open(config).await.unwrap();
        let rows = store.outbox_list(&store::OutboxFilter::default(), 10).await;
        store.close().await;
        let rows = rows.unwrap();
        let due = |row: &&store::OutboxRow| row.state == store::OutboxState::Due;
        rows.iter().find(due).map(|row| (row.attempts, row.next_at))
    })
}

fn a_command_wakes_the_server(url: Option<&str>) {
    // Nobody listens there yet.
    let (dead, dns_port) = (free_port(), free_port());
    let records = ["d1.example=MX:mx.d1.example", "mx.d1.example=A:127.0.0.1"];
    let _dns = Dns::start(dns_port, &records);
    let (dns, port) = (format!("127.0.0.1:{dns_port}"), dead.to_string());
    let mut options = vec!["--dns", &dns, "--mx-port", &port, "--accounts", "2"];
    options.extend(url.iter().flat_map(|url| ["--database", url]));
    let demo = Demo::with(&options);
    let mut smtp = congthu_tests::Smtp::connect(demo.at("submission")).unwrap();
    smtp.ehlo().unwrap();
    let user = "user1@bench.test";
    assert_eq!(smtp.sign_in(user, "bench-pass").unwrap().0, 235);
    let letter = format!("From: {user}\r\nSubject: cho\r\n\r\nThu.");
    let (code, said) = smtp
        .send(user, &["a@d1.example"], letter.as_bytes())
        .unwrap();
    assert_eq!(code, 250, "{said}");
    let (_, next_at) = wait_for("the first attempt", || {
        waiting(&demo, url).filter(|(attempts, _)| *attempts == 1)
    });
    let sink = Sink::start_at(dead, Duration::ZERO);
    let done = demo.command(&["queue", "retry", "--domain", "d1.example"], b"");
    assert!(done.status.success(), "{done:?}");
    wait_for("the letter", || sink.taken().pop());
    let now = mailroom::Clock::System.now();
    assert!(
        now < next_at,
        "it left at its own time, {} ms later",
        now - next_at
    );
}

#[test]
fn retry_of_another_process_wakes_the_server_on_sqlite() {
    a_command_wakes_the_server(None);
}

#[test]
fn retry_of_another_process_wakes_the_server_on_postgres() {
    let (_postgres, url) = postgres();
    a_command_wakes_the_server(Some(&url));
}
