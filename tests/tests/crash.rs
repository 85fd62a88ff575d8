//! kill -9 at random moments while 8 connections send: every message that got 250 is in its mailbox exactly once, nothing that
//! was refused is. A few rounds by default; CONGTHU_CRASH_ROUNDS=50 for the long run. On SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::demo::{KHANG, LAN, THUY};
use congthu_tests::{Demo, Imap, Smtp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

const SENDERS: usize = 8;
const READERS: [&str; 3] = [LAN, KHANG, THUY];

/// What the peer was told about each message, by Message-ID.
#[derive(Default)]
struct Told {
    accepted: BTreeSet<String>,
    refused: BTreeSet<String>,
    /// The connection died before the final reply: may be there once, or not at all.
    unknown: BTreeSet<String>,
}

fn rounds() -> usize {
    std::env::var("CONGTHU_CRASH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3)
}

/// A number nobody can guess twice; only the moment of the kill depends on it.
fn some_number(below: u64) -> u64 {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    u64::from(now.subsec_nanos()).wrapping_mul(2_654_435_761) % below
}

fn letter(id: &str, sender: usize, number: usize) -> Vec<u8> {
    let mut text = String::new();
    // Every fifth one is a loop and must be refused at the end of data (RFC 5321 §6.3).
    if number % 5 == 4 {
        for hop in 0..150 {
            text.push_str(&format!("Received: from a{hop}.example by b{hop}.example; Fri, 20 Nov 2026 08:00:00 +0700\r\n"));
        }
    }
    text.push_str(&format!(
        "From: a@ngoai.example\r\nSubject: thu {sender} {number}\r\nMessage-ID: {id}\r\n\r\n"
    ));
    // Small ones lie in the database, large ones in files of their own.
    let lines = if number % 7 == 3 { 3_000 } else { 20 };
    for line in 0..lines {
        text.push_str(&format!(
            "Dong {line} cua thu {sender}.{number}, so lieu {}\r\n",
            some_number(1_000_000)
        ));
    }
    text.into_bytes()
}

fn send_until_dead(
    address: &str,
    round: usize,
    sender: usize,
    told: &Mutex<Told>,
    stop: &AtomicBool,
) {
    let mut number = 0_usize;
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut smtp) = Smtp::connect(address) else {
            return;
        };
        if smtp.ehlo().is_err() {
            return;
        }
        for _ in 0..20 {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            number += 1;
            let id = format!("<crash-{round}-{sender}-{number}@ngoai.example>");
            // One recipient, or two in one transaction.
            let to: &[&str] = if number.is_multiple_of(3) {
                &READERS[..2]
            } else {
                &READERS[2..]
            };
            let answer = smtp.send("a@ngoai.example", to, &letter(&id, sender, number));
            let mut told = told.lock().unwrap();
            match answer {
                Ok((250, _)) => told.accepted.insert(id),
                Ok((_, _)) => told.refused.insert(id),
                Err(_) => {
                    // Dead. Nobody connects again: the port may be somebody else's by now.
                    told.unknown.insert(id);
                    return;
                }
            };
        }
    }
}

/// How often each Message-ID lies in each reader's mailboxes.
fn found(demo: &Demo) -> BTreeMap<&'static str, BTreeMap<String, usize>> {
    READERS
        .iter()
        .map(|reader| {
            let mut imap = Imap::login(demo.at("imap"), reader, demo.password(reader));
            let mut counts = BTreeMap::new();
            for mailbox in ["INBOX", "Junk"] {
                for id in imap.header_field(mailbox, "Message-ID") {
                    *counts.entry(id).or_default() += 1;
                }
            }
            (*reader, counts)
        })
        .collect()
}

fn crash(options: &[&str]) {
    let mut demo = Demo::with(options);
    let told = Arc::new(Mutex::new(Told::default()));
    for round in 0..rounds() {
        let stop = Arc::new(AtomicBool::new(false));
        let address = demo.at("smtp").to_owned();
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let (address, told, stop) = (address.clone(), Arc::clone(&told), Arc::clone(&stop));
                std::thread::spawn(move || send_until_dead(&address, round, sender, &told, &stop))
            })
            .collect();
        let before = told.lock().unwrap().accepted.len();
        congthu_tests::wait_for("mail to flow", || {
            let told = told.lock().unwrap();
            (told.accepted.len() >= before + 15 && !told.refused.is_empty()).then_some(())
        });
        // The moment of the crash is what is random here, not a wait for something.
        std::thread::sleep(Duration::from_millis(some_number(1_500)));
        demo.kill();
        stop.store(true, Ordering::Relaxed);
        for sender in senders {
            sender.join().unwrap();
        }
        demo.again();
        judge(&found(&demo), &told.lock().unwrap(), round);
    }
    let told = told.lock().unwrap();
    println!(
        "{} rounds: {} accepted, {} refused, {} without an answer; none lost, none twice",
        rounds(),
        told.accepted.len(),
        told.refused.len(),
        told.unknown.len()
    );
    assert!(
        told.accepted.len() > rounds() * 10,
        "too little was sent to prove anything"
    );
    assert!(!told.refused.is_empty());
}

fn judge(found: &BTreeMap<&str, BTreeMap<String, usize>>, told: &Told, round: usize) {
    let count = |reader: &str, id: &str| found[reader].get(id).copied().unwrap_or(0);
    for id in &told.accepted {
        let number: usize = id
            .rsplit('-')
            .next()
            .unwrap()
            .split('@')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let to = if number.is_multiple_of(3) {
            &READERS[..2]
        } else {
            &READERS[2..]
        };
        for reader in READERS {
            let expected = usize::from(to.contains(&reader));
            assert_eq!(
                count(reader, id),
                expected,
                "round {round}: {id} for {reader}, answered with 250"
            );
        }
    }
    for (ids, most) in [(&told.refused, 0), (&told.unknown, 1)] {
        for id in ids {
            for reader in READERS {
                assert!(
                    count(reader, id) <= most,
                    "round {round}: {id} for {reader}, at most {most} expected"
                );
            }
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_on_sqlite() {
    crash(&[]);
}

#[test]
fn nothing_acknowledged_is_lost_on_postgresql() {
    let (_postgres, url) = congthu_tests::postgres();
    crash(&["--database", &url]);
}
