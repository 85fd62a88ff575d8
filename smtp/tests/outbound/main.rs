//! The outbound dialogue against made-up servers on loopback: every fault at every point of it, routes found through a real
//! DNS server, TLS in all its ways. Everything on free ports; tests share nothing.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

mod chunks;
mod dane;
mod dns;
mod faults;
mod flood;
mod peer;
mod reports;
mod routes;
mod table;
mod talks;
mod tls;
mod utf8;
mod whole;

use bytes::Bytes;
use smtp::outbound::attempt::{self, Line};
use smtp::outbound::body::Prepared;
use smtp::outbound::limits::Timeouts;
use smtp::outbound::pace::Lesson;
use smtp::outbound::reply::Outcome;
use smtp::outbound::talk::{Letter, Recipient};
use smtp::outbound::{Config, Route, RouteTls};
use std::sync::Arc;
use std::time::Duration;

/// A configuration that looks names up at `dns` and finds every MX on `port`.
pub fn config(dns: &dns::Dns, port: u16) -> Config {
    Config {
        host_name: "mx.ours.example".into(),
        resolver: dns.resolver(),
        routes: Default::default(),
        pins: Default::default(),
        sources: Default::default(),
        roots: Arc::new(rustls::RootCertStore::empty()),
        port,
        source_v4: None,
        source_v6: None,
        ipv6: Arc::new(true.into()),
        allow_private: true,
        dkim: Default::default(),
        retry_delays_secs: vec![60, 300],
        connections_max: 10,
        worker: "test".into(),
        postmaster: "postmaster@ours.example".into(),
        sts: None,
        tally: None,
        manners: Default::default(),
        clock: mailroom::Clock::System,
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            greeting: Duration::from_millis(1_500),
            hello: Duration::from_millis(1_500),
            handshake: Duration::from_millis(3_000),
            envelope: Duration::from_millis(1_500),
            data: Duration::from_millis(1_500),
            final_dot: Duration::from_millis(1_500),
            quit: Duration::from_millis(200),
        },
    }
}

pub fn route(port: u16, tls: RouteTls) -> Route {
    Route {
        host: "127.0.0.1".into(),
        port,
        tls,
        credentials: None,
        pin: None,
    }
}

pub const LETTER: &[u8] =
    b"From: a@ours.example\r\nTo: b@dich.example\r\nSubject: x\r\n\r\n.cham\r\nhai\r\n";

/// Sends `raw` to the recipients; one word per recipient ("sent", "later 450", "never 550"), and the lesson.
pub async fn send_raw(
    config: &Config,
    domain: &str,
    to: &[&str],
    raw: &[u8],
) -> (Vec<Outcome>, Lesson) {
    let body = Prepared::new(Bytes::copy_from_slice(raw));
    let letter = letter(&body, to);
    let destination = attempt::destination(config, domain);
    let mut line = Line::new(config, &destination);
    let result = line.deliver(&letter).await;
    line.close().await;
    result
}

pub async fn send(config: &Config, domain: &str, to: &[&str]) -> (Vec<Outcome>, Lesson) {
    send_raw(config, domain, to, LETTER).await
}

pub fn letter<'a>(body: &'a Prepared, to: &[&'a str]) -> Letter<'a> {
    Letter {
        mail_from: "a@ours.example",
        recipients: to
            .iter()
            .map(|address| Recipient {
                address,
                notify: None,
                orcpt: None,
            })
            .collect(),
        body,
        envid: None,
        ret: None,
        smtputf8: false,
        requiretls: false,
        priority: 0,
    }
}

pub fn words(fates: &[Outcome]) -> Vec<String> {
    let one = |fate: &Outcome| {
        let word = match fate {
            Outcome::Sent(_) => "sent",
            Outcome::Later(_) => "later",
            Outcome::Never(_) => "never",
        };
        match fate.reason().evidence.code {
            Some(code) if word != "sent" => format!("{word} {code}"),
            _ => word.to_string(),
        }
    };
    fates.iter().map(one).collect()
}
