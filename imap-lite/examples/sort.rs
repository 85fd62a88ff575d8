//! SORT over one mailbox with many letters, through whole sessions over a pipe, on SQLite and on a PostgreSQL of its own.
//! A measuring aid, never part of the program.  sort [sqlite|postgres|both] [LETTERS]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use imap_lite::{Config, Peer, Session, Wire};
use mailroom::mail::Append;
use mailroom::people::{NewAccount, PrincipalKindWord};
use mailroom::{Clock, Mailroom, Means, Policy};
use std::sync::Arc;
use std::time::Instant;
use store::Store;
use store::testing::{Postgres, config};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio_util::sync::CancellationToken;

const PASSWORD: &str = "bench-pass";
/// Times each command is given.
const ROUNDS: usize = 11;
/// Commands, after SELECT.
const ASKED: [&str; 10] = [
    "SORT (ARRIVAL) UTF-8 ALL",
    "SORT (REVERSE DATE) UTF-8 ALL",
    "SORT (SUBJECT) UTF-8 ALL",
    "SORT (SUBJECT DATE) UTF-8 ALL",
    "SORT (FROM) UTF-8 ALL",
    "SORT (DISPLAYFROM) UTF-8 ALL",
    "SORT (DISPLAYTO) UTF-8 ALL",
    "UID SORT RETURN (MIN MAX COUNT) (SUBJECT) UTF-8 ALL",
    "SORT (SUBJECT) UTF-8 1:1000",
    "FETCH 1:* PREVIEW",
];
const SYLLABLES: [&str; 32] = [
    "báo", "cáo", "kết", "quả", "thực", "hiện", "kế", "hoạch", "phòng", "chống", "thiên", "tai",
    "đề", "nghị", "giấy", "mời", "họp", "ủy", "ban", "nhân", "dân", "tỉnh", "sở", "nội", "vụ",
    "đơn", "vị", "quyết", "định", "năm", "tháng", "về",
];

/// A number that looks like any, the same for the same place.
fn die(number: usize, of: usize) -> usize {
    let mixed = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) as usize % of
}

fn words(number: usize, count: usize) -> String {
    let words = (0..count).map(|at| SYLLABLES[die(number * 31 + at, SYLLABLES.len())]);
    words.collect::<Vec<_>>().join(" ")
}

fn append(number: usize) -> Append {
    let raw = format!(
        "From: \"{}\" <nguoi{}@ngoai.example>\r\nTo: \"{}\" <b{}@tinh.example>\r\nSubject: {}{}\r\n\
         Date: Sat, {} Feb 2025 08:{:02}:{:02} +0700\r\nMessage-ID: <{number}@ngoai.example>\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nKính gửi {}.\r\n",
        words(number % 997, 3),
        number % 997,
        words(number % 313, 3),
        number % 313,
        if number.is_multiple_of(4) { "Re: " } else { "" },
        words(number, 9),
        1 + die(number, 28),
        die(number + 1, 60),
        die(number + 2, 60),
        words(number + 7, 40),
    );
    Append {
        raw: raw.into(),
        flags: 0,
        keywords: Vec::new(),
        received_at: None,
    }
}

async fn say(stream: &mut BufReader<DuplexStream>, command: &str) -> usize {
    let line = format!("x {command}\r\n");
    stream.get_mut().write_all(line.as_bytes()).await.unwrap();
    let mut bytes = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        bytes += stream.read_until(b'\n', &mut line).await.unwrap();
        if line.starts_with(b"x ") {
            let said = String::from_utf8_lossy(&line);
            assert!(said.starts_with("x OK"), "{command}: {said}");
            return bytes;
        }
    }
}

async fn bench(url: Option<&str>, letters: usize) {
    let folder = tempfile::tempdir_in(std::env::var("BENCH_DIR").unwrap_or("/var/tmp".into()));
    let folder = folder.unwrap();
    let store = Store::open(config(folder.path(), url)).await.unwrap();
    let policy = Policy {
        clients_take_password: true,
        ..Policy::default()
    };
    let room = Mailroom::new(store.clone(), policy, Clock::System).unwrap();
    let console = room.console();
    room.domain_add(&console, "bench.test", None).await.unwrap();
    room.unit_add(&console, "A", "A", None, "department", "")
        .await
        .unwrap();
    let account = NewAccount {
        address: "an@bench.test".into(),
        name: "An".into(),
        unit_code: Some("A".into()),
        kind: Some(PrincipalKindWord::Individual),
        ..NewAccount::default()
    };
    room.account_add(&console, account, Some(PASSWORD))
        .await
        .unwrap();
    let who = room.find_address("an@bench.test").await.unwrap().unwrap();
    let actor = mailroom::Actor {
        principal: who.id,
        address: who.address,
        name: who.name,
        means: Means::Password,
        peer_ip: String::new(),
    };
    let access = room.open(&actor, actor.principal.into()).await.unwrap();
    let inbox = access.mailbox("INBOX").await.unwrap().id;
    let begin = Instant::now();
    let numbers: Vec<usize> = (0..letters).collect();
    for chunk in numbers.chunks(200) {
        let appends = chunk
            .iter()
            .map(|number| access.append(inbox, append(*number)));
        for placed in futures_util::future::join_all(appends).await {
            placed.unwrap();
        }
    }
    while store.stats().await.unwrap().index_queue > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    println!(
        "  {letters} letters in {:.0} s",
        begin.elapsed().as_secs_f64()
    );
    let (client, server) = tokio::io::duplex(1024 * 1024);
    let wire = Wire::new(Box::new(server), true);
    let peer = Peer {
        ip: "192.0.2.7".into(),
    };
    let config = Arc::new(Config::default());
    tokio::spawn(Session::new(room, config, wire, peer, CancellationToken::new()).run());
    let mut stream = BufReader::with_capacity(256 * 1024, client);
    say(&mut stream, &format!("LOGIN an@bench.test {PASSWORD}")).await;
    say(&mut stream, "SELECT INBOX").await;
    for command in ASKED {
        let mut took = Vec::new();
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            bytes = say(&mut stream, command).await;
            took.push(begin.elapsed().as_secs_f64() * 1000.0);
        }
        let first = took[0];
        took.sort_by(f64::total_cmp);
        println!(
            "  {command:<54} first {first:6.0} ms, median {:6.0} ms, fastest {:6.0} ms, {:>6} KB",
            took[ROUNDS / 2],
            took[0],
            bytes / 1024
        );
    }
    store.close().await;
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let which = arguments.next().unwrap_or_else(|| "both".to_owned());
    let letters = arguments.next().and_then(|word| word.parse().ok());
    let letters = letters.unwrap_or(100_000);
    if which != "postgres" {
        println!("SQLite");
        bench(None, letters).await;
    }
    if which != "sqlite" {
        println!("PostgreSQL");
        let postgres = Postgres::start().unwrap().unwrap();
        let url = postgres.database("sort").unwrap();
        bench(Some(&url), letters).await;
    }
}
