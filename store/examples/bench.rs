//! What the store carries on this machine: deliveries, listing, search, on SQLite in a temporary folder and on a
//! PostgreSQL of its own. Every delivery is on disk before it counts. `bench [sqlite|postgres] [seconds of load]`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use store::testing::{Postgres, config, letter, person};
use store::*;

const NOW: i64 = 1_800_000_000_000;
const WORDS: &[&str] = &[
    "kính", "gửi", "ủy", "ban", "nhân", "dân", "tỉnh", "thực", "hiện", "công", "văn", "số", "ngày",
    "tháng", "năm", "về", "việc", "phòng", "chống", "bão", "lụt", "đề", "nghị", "các", "đơn", "vị",
    "báo", "cáo", "kết", "quả", "trước", "sở", "nội", "vụ", "chuyên", "viên", "tổng", "hợp",
    "trình", "lãnh", "đạo", "xem", "xét", "quyết", "định",
];

fn text(seed: usize, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 16);
    let mut state = seed as u64 * 2_654_435_761 + 12345;
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(WORDS[(state % WORDS.len() as u64) as usize]);
        text.push(if state.is_multiple_of(12) { '\n' } else { ' ' });
        if state.is_multiple_of(7) {
            text.push_str(&format!("{} ", state % 9973));
        }
    }
    if seed.is_multiple_of(100) {
        text.push_str(" hỏa tốc");
    }
    text
}

async fn load(
    store: &Store,
    accounts: &[AccountId],
    callers: usize,
    rcpts: usize,
    secs: u64,
    bytes: usize,
) -> (f64, f64, f64) {
    let made = Arc::new(AtomicUsize::new(0));
    let end = Instant::now() + Duration::from_secs(secs);
    let (begin, cpu) = (Instant::now(), cpu_ms());
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (store, accounts, made) = (store.clone(), accounts.to_vec(), Arc::clone(&made));
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while Instant::now() < end {
                    let number = made.fetch_add(1, Ordering::Relaxed);
                    let to: Vec<_> = (0..rcpts)
                        .map(|at| accounts[(number * 7 + at) % accounts.len()])
                        .collect();
                    let one = letter(
                        &store,
                        "Về việc báo cáo",
                        &text(number, bytes),
                        &to,
                        NOW + number as i64,
                    );
                    let asked = Instant::now();
                    store.deliver(one).await.unwrap();
                    waits.push(asked.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.append(&mut task.await.unwrap());
    }
    println!(
        "  {:.0} us of processor time a letter",
        (cpu_ms() - cpu) * 1000.0 / waits.len() as f64
    );
    let rate = waits.len() as f64 / begin.elapsed().as_secs_f64();
    waits.sort_unstable();
    let ms = |part: f64| waits[((waits.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    (rate, ms(0.5), ms(0.99))
}

/// Processor time this process has used, ms: the figure to compare when the machine is shared.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks * 10.0
}

/// Median and 95th of 100 milliseconds taken `times` times.
async fn timed<F: AsyncFnMut() -> usize>(name: &str, times: usize, mut what: F) {
    let mut took = Vec::new();
    let mut number = 0;
    let cpu = cpu_ms();
    for _ in 0..times {
        let begin = Instant::now();
        number = what().await;
        took.push(begin.elapsed().as_secs_f64() * 1000.0);
    }
    took.sort_by(f64::total_cmp);
    println!(
        "  {name}: p50 {:.2} ms, p95 {:.2} ms, processor {:.2} ms ({number})",
        took[times / 2],
        took[times * 95 / 100],
        (cpu_ms() - cpu) / times as f64
    );
}

async fn indexed(store: &Store) {
    let begin = Instant::now();
    let queued = store.stats().await.unwrap().index_queue;
    while store.stats().await.unwrap().index_queue > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let secs = begin.elapsed().as_secs_f64();
    println!(
        "  index: {queued} emails in {secs:.1} s ({:.0}/s)",
        queued as f64 / secs
    );
}

async fn bench(config: Config, secs: u64, big: usize) {
    let store = Store::open(config).await.unwrap();
    let mut accounts = Vec::new();
    for number in 0..200 {
        accounts.push(
            person(&store, &format!("u{number}@here.example"))
                .await
                .unwrap(),
        );
    }
    for (callers, rcpts, bytes) in [
        (20, 1, 2_000),
        (1, 1, 2_000),
        (20, 50, 2_000),
        (20, 1, 20_000),
        (10, 1, 200_000),
    ] {
        let (rate, p50, p99) = load(&store, &accounts, callers, rcpts, secs, bytes).await;
        println!(
            "  {callers} callers, {rcpts} recipients, {bytes} bytes: {rate:.0} letters/s, {:.0} copies/s, p50 {p50:.2} p99 {p99:.2} ms",
            rate * rcpts as f64
        );
    }
    indexed(&store).await;
    for letters in [9_999, big] {
        let a = person(&store, &format!("big{letters}@here.example"))
            .await
            .unwrap();
        for piece in (0..letters).collect::<Vec<_>>().chunks(200) {
            let writes = piece.iter().map(|number| {
                let subject = if number % 20 == 0 {
                    "Giấy mời họp"
                } else {
                    "Thông báo"
                };
                store.deliver(letter(&store, subject, &text(*number, 1_000), &[a], NOW))
            });
            for one in futures_util::future::join_all(writes).await {
                one.unwrap();
            }
        }
        println!(" {letters} letters in one mailbox");
        indexed(&store).await;
        let inbox = store.mailbox_by_role(a, Role::Inbox).await.unwrap().id;
        let uids: Vec<u32> = (1..=letters as u32).collect();
        let query = |field, words: &str| {
            [Clause {
                field,
                words: words.split(' ').map(str::to_owned).collect(),
                phrase: true,
                prefix: false,
            }]
        };
        timed("index", 20, async || {
            store.index(inbox).await.unwrap().len()
        })
        .await;
        timed("envelopes 1:*", 20, async || {
            store.envelopes(inbox, &uids).await.unwrap().len()
        })
        .await;
        timed("envelopes newest 50", 200, async || {
            store
                .envelopes(inbox, &uids[letters - 50..])
                .await
                .unwrap()
                .len()
        })
        .await;
        timed("list newest 50", 200, async || {
            store
                .list(inbox, None, 50, ListFilter::default())
                .await
                .unwrap()
                .len()
        })
        .await;
        let rare = query(Field::Any, "hỏa tốc");
        timed("search text (1 %)", 200, async || {
            store.search(a, &rare, usize::MAX).await.unwrap().len()
        })
        .await;
        let subject = query(Field::Subject, "giay moi");
        timed("search subject (5 %)", 200, async || {
            store.search(a, &subject, usize::MAX).await.unwrap().len()
        })
        .await;
        let common = query(Field::Any, "công văn");
        timed("search common phrase", 50, async || {
            store.search(a, &common, usize::MAX).await.unwrap().len()
        })
        .await;
        let mut seen = false;
        timed("flag one", 200, async || {
            seen = !seen;
            let (flags, keywords) = (flag::SEEN, vec![]);
            let how = if seen {
                FlagChange::Add { flags, keywords }
            } else {
                FlagChange::Remove { flags, keywords }
            };
            store.flags(inbox, &[7], how, None).await.unwrap().0.len()
        })
        .await;
        let index = store.index(inbox).await.unwrap();
        timed("body", 1000, async || {
            store.body(index[5].body).await.unwrap().len()
        })
        .await;
        let begin = Instant::now();
        for row in index.iter().take(10_000) {
            store.body(row.body).await.unwrap();
        }
        println!(
            "  bodies one by one: {:.0}/s",
            10_000.0 / begin.elapsed().as_secs_f64()
        );
        let add = FlagChange::Add {
            flags: flag::FLAGGED,
            keywords: vec![],
        };
        timed("flag all", 1, async || {
            store
                .flags(inbox, &uids, add.clone(), None)
                .await
                .unwrap()
                .0
                .len()
        })
        .await;
        let modseq = store.account(a).await.unwrap().modseq;
        store
            .flags(
                inbox,
                &uids[..100],
                FlagChange::Set {
                    flags: 0,
                    keywords: vec![],
                },
                None,
            )
            .await
            .unwrap();
        timed("changed since (100)", 100, async || {
            store.index_rows_changed(inbox, modseq).await.unwrap().len()
        })
        .await;
    }
    let mut many = letter(&store, "x", "y", &[], NOW);
    many.submission = Some(NewSubmission {
        id: SubmissionId(store.next_id(NOW)),
        account: accounts[0],
        mail_from: "u0@here.example".to_owned(),
        envid: None,
        ret: None,
        smtputf8: false,
        requiretls: false,
        priority: 0,
        due_at: NOW,
        expires_at: NOW + 1,
        recipients: (0..50_000)
            .map(|number| NewOutbox {
                recipient: format!("u{number}@dead.example"),
                domain: "dead.example".to_owned(),
                notify: None,
                orcpt: None,
                list: None,
            })
            .collect(),
    });
    let begin = Instant::now();
    store.deliver(many).await.unwrap();
    println!(
        "  50,000 outbox rows in one transaction: {:.2} s",
        begin.elapsed().as_secs_f64()
    );
    timed("lease 100 of 50,000", 100, async || {
        store
            .outbox_lease("w", NOW, 60_000, 100, 100)
            .await
            .unwrap()
            .len()
    })
    .await;
    println!("  {:?}", store.stats().await.unwrap());
    store.close().await;
}

#[tokio::main]
async fn main() {
    let mut words = std::env::args().skip(1);
    let which = words.next().unwrap_or_else(|| "both".to_owned());
    let secs = words.next().and_then(|word| word.parse().ok()).unwrap_or(5);
    let big = words
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(100_000);
    if which != "postgres" {
        println!("SQLite");
        let folder =
            tempfile::tempdir_in(std::env::var("BENCH_DIR").unwrap_or_else(|_| "/var/tmp".into()))
                .unwrap();
        bench(config(folder.path(), None), secs, big).await;
    }
    if which != "sqlite" {
        println!("PostgreSQL");
        let postgres = Postgres::start().unwrap().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = postgres.database("bench").unwrap();
        bench(config(folder.path(), Some(&url)), secs, big).await;
    }
}
