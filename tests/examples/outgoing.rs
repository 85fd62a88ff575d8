//! Letters for the measurements of tests/bench/outgoing. Never part of the program.
//!   fill DATA DATABASE LETTERS DOMAINS NAME BYTES   puts letters into the outbox of a program that does not run; DATABASE "" is
//!                                                   the SQLite of DATA; they go to r…@d1.NAME … dDOMAINS.NAME
//!   feed HOST:PORT USER:PASSWORD LETTERS DOMAINS NAME BYTES CONNECTIONS   hands letters in by SMTP; "" for a relay without AUTH
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::Smtp;
use futures_util::StreamExt as _;
use mailroom::receive::{Peer, RcptTo};
use mailroom::submit::Outgoing;
use mailroom::{Actor, Clock, Mailroom, Means, Policy};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Letters handed to the store at the same time, so that they share commits.
const AT_ONCE: usize = 128;
const SENDER: &str = "user1@bench.test";

/// The letters to write.
#[derive(Clone)]
struct Load {
    letters: usize,
    domains: usize,
    name: String,
    bytes: usize,
}

impl Load {
    fn parse(words: &[String]) -> Load {
        Load {
            letters: words[0].parse().unwrap(),
            domains: words[1].parse().unwrap(),
            name: words[2].clone(),
            bytes: words[3].parse().unwrap(),
        }
    }

    fn recipient(&self, number: usize) -> String {
        format!("r{number}@d{}.{}", number % self.domains + 1, self.name)
    }

    fn letter(&self, number: usize, from: &str) -> Vec<u8> {
        let mut text = format!(
            "From: <{from}>\r\nTo: <{}>\r\nSubject: thu {number}\r\nDate: Fri, 20 Nov 2026 08:00:00 +0700\r\n\
             Message-ID: <{number}.{}@bench.test>\r\n\r\n",
            self.recipient(number),
            std::process::id()
        );
        while text.len() < self.bytes {
            text.push_str(
                "Kinh gui co quan, so lieu trong bang kem theo thu nay da duoc doi chieu.\r\n",
            );
        }
        text.into_bytes()
    }
}

async fn fill(data: &str, database: &str, load: &Load) {
    let mut config = store::Config::sqlite(std::path::Path::new(data));
    if !database.is_empty() {
        config.url = database.to_owned();
    }
    config.node = 9;
    let store = store::Store::open(config).await.unwrap();
    let room = Mailroom::new(store.clone(), Policy::default(), Clock::System).unwrap();
    let who = room.find_address(SENDER).await.unwrap();
    let who = who.expect("the data was made with --accounts");
    let sender = Actor {
        principal: who.id,
        address: who.address,
        name: who.name,
        means: Means::Password,
        peer_ip: "127.0.0.1".into(),
    };
    let submitted = futures_util::stream::iter(0..load.letters)
        .map(|number| submit(&room, &sender, load, number))
        .buffer_unordered(AT_ONCE);
    submitted.collect::<()>().await;
    store.close().await;
}

async fn submit(room: &Mailroom, sender: &Actor, load: &Load, number: usize) {
    let address = load.recipient(number);
    let outgoing = Outgoing {
        trace: room.new_trace(),
        peer: Peer::default(),
        mail_from: sender.address.clone(),
        recipients: vec![RcptTo {
            resolved: room.resolve(&address).await.unwrap(),
            address,
            notify: None,
            orcpt: None,
        }],
        raw: load.letter(number, &sender.address).into(),
        smtputf8: false,
        envid: None,
        ret: None,
        priority: 0,
    };
    room.submit(sender, outgoing).await.unwrap().unwrap();
}

fn feed(to: &str, login: &str, load: &Load, connections: usize) {
    let next = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..connections)
        .map(|_| {
            let (to, login, load) = (to.to_owned(), login.to_owned(), load.clone());
            let next = Arc::clone(&next);
            std::thread::spawn(move || hand_in(&to, &login, &load, &next))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn hand_in(to: &str, login: &str, load: &Load, next: &AtomicUsize) {
    let from = login.split_once(':').map_or(SENDER, |(user, _)| user);
    'connection: loop {
        let mut smtp = Smtp::connect(to).unwrap();
        smtp.ehlo().unwrap();
        if let Some((user, password)) = login.split_once(':') {
            assert_eq!(smtp.sign_in(user, password).unwrap().0, 235);
        }
        // Servers bound the letters of one connection.
        for _ in 0..90 {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= load.letters {
                break 'connection;
            }
            let letter = load.letter(number, from);
            let (code, said) = smtp
                .send(from, &[&load.recipient(number)], &letter)
                .unwrap();
            assert_eq!(code, 250, "{said}");
        }
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let begun = Instant::now();
    let load = Load::parse(&words[3..]);
    match words[0].as_str() {
        "fill" => {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(fill(&words[1], &words[2], &load));
        }
        "feed" => feed(&words[1], &words[2], &load, words[7].parse().unwrap()),
        other => panic!("no such thing as {other}"),
    }
    println!(
        "{{\"letters\":{},\"seconds\":{:.3}}}",
        load.letters,
        begun.elapsed().as_secs_f64()
    );
}
