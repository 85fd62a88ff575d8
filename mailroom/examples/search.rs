//! Search over one account with many letters, as the pages and as IMAP SEARCH ask, on SQLite and on a PostgreSQL of its own;
//! and how large the index is; then while letters come in one after another, as a mail program appends them. Never part of
//! the program. `search [sqlite|postgres] [letters]`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::Town;
use mailroom::search::{Field, Query, Words};
use store::testing::{Postgres, config, letter};
use store::{Role, Store};

const NOW: i64 = 1_795_300_000_000;
/// Times each search is asked.
const ROUNDS: usize = 40;

/// Syllables of everyday use, the commonest first; drawn with falling weight.
const SYLLABLES: &str = "của và các có được trong cho là với không đã này một về theo tại người những đến phải từ khi \
    ra năm ngày làm việc sự nhà nước tỉnh xã huyện phường thành phố ủy ban nhân dân hội đồng sở phòng chi cục trung tâm đơn vị \
    cán bộ công chức viên văn bản số tháng thực hiện kế hoạch báo cáo kết quả tổng hợp đề nghị quyết định chỉ đạo điều hành \
    quản lý xây dựng phát triển kinh tế văn hóa giáo dục y tế môi trường đất đai nông nghiệp thủy sản tôm cua rừng ngập mặn biển \
    đê kè cống bão lũ triều cường sạt lở hạn hán cứu nạn đầu tư ngân sách tài chính thu chi thuế vốn giải ngân dự án gói thầu \
    hợp đồng thanh tra kiểm toán khiếu nại tố cáo tiếp dân hồ sơ thủ tục một cửa chữ ký mạng máy an toàn thông tin dữ liệu chuyển đổi";

/// Phrases of letters and how many of a hundred letters have them.
const PHRASES: [(&str, u64); 8] = [
    ("công văn", 60),
    ("Ủy ban nhân dân tỉnh", 70),
    ("kính gửi", 80),
    ("báo cáo kết quả", 40),
    ("đề nghị các đơn vị", 50),
    ("giấy mời", 10),
    ("phòng chống thiên tai", 5),
    ("hỏa tốc", 1),
];

/// What is asked: what the terms are, and the words as typed on the page.
const ASKED: [(&str, &str); 15] = [
    ("rare phrase, 5 letters", "\"lục bình trôi\""),
    ("rare, one number", "73512"),
    ("1 %, phrase", "\"hỏa tốc\""),
    ("5 %, no diacritics", "phong chong thien tai"),
    ("10 %, phrase", "\"giấy mời\""),
    ("60 %, phrase", "\"công văn\""),
    ("60 %, no diacritics", "\"cong van\""),
    ("60 %, other tones", "\"cống vặn\""),
    ("70 %, phrase of four", "\"Ủy ban nhân dân\""),
    ("80 %, words", "kính gửi"),
    ("every letter, one word", "của"),
    ("prefix of three", "thự"),
    ("prefix after words", "báo cáo kết qu"),
    ("field", "từ:an \"công văn\""),
    ("nothing", "khủng long bạo chúa"),
];

struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}

/// A letter's subject and text, about 1 KB; the same number gives the same letter.
fn text(number: u64, syllables: &[&str]) -> (String, String) {
    let mut dice = Dice((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    dice.below(2);
    let mut words: Vec<String> = Vec::new();
    for _ in 0..100 + dice.below(120) {
        // The square of a die falls towards the beginning.
        let place = dice.below(1_000) * dice.below(1_000) * syllables.len() as u64 / 1_000_000;
        words.push(syllables[place as usize].to_owned());
    }
    for (phrase, of_hundred) in PHRASES {
        if dice.below(100) < of_hundred {
            words.insert(dice.below(words.len() as u64) as usize, phrase.to_owned());
        }
    }
    for _ in 0..5 {
        let number = dice.below(100_000).to_string();
        words.insert(dice.below(words.len() as u64) as usize, number);
    }
    if number % 20_000 == 7 {
        words.push("lục bình trôi".to_owned());
    }
    let subject = format!(
        "{} về việc {}",
        ["Công văn", "Giấy mời", "Báo cáo", "Thông báo"][dice.below(4) as usize],
        words[..6].join(" ")
    );
    (subject, words.join(" "))
}

async fn fill(store: &Store, town: &Town, letters: u64) {
    let account = town.account("an").await;
    let syllables: Vec<&str> = SYLLABLES.split_whitespace().collect();
    let begin = Instant::now();
    for first in (0..letters).step_by(200) {
        let mut writes = tokio::task::JoinSet::new();
        for number in first..letters.min(first + 200) {
            let (subject, text) = text(number, &syllables);
            // Spread over two years, as a mailbox is: ids and dates rise with them.
            let at = NOW - 63_000_000_000 + i64::try_from(number).unwrap() * 630_000;
            let (one, to) = (
                letter(store, &subject, &text, &[account], at),
                store.clone(),
            );
            writes.spawn(async move { to.deliver(one).await });
        }
        for one in writes.join_all().await {
            one.unwrap();
        }
    }
    while store.stats().await.unwrap().index_queue > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!(
        "  {letters} letters delivered and indexed in {:.0} s",
        begin.elapsed().as_secs_f64()
    );
}

/// Processor time this process has used, ms: the figure to compare when the machine is shared.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    let ticks = fields.skip(11).take(2);
    ticks
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum::<f64>()
        * 10.0
}

/// Median and 95th of 100, processor time of one, ms, and what was found the last time.
async fn timed<F: AsyncFnMut() -> usize>(all: &mut Vec<f64>, mut what: F) -> String {
    let mut took = Vec::new();
    let mut found = 0;
    let cpu = cpu_ms();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        found = what().await;
        took.push(begin.elapsed().as_secs_f64() * 1000.0);
    }
    all.extend(&took);
    took.sort_by(f64::total_cmp);
    format!(
        "{found:>6} found, p50 {:6.2} p95 {:6.2} cpu {:5.2} ms",
        took[ROUNDS / 2],
        took[ROUNDS * 95 / 100],
        (cpu_ms() - cpu) / ROUNDS as f64
    )
}

async fn measure(town: &Town) {
    let access = town.open("an").await;
    let inbox = access.mailbox_by_role(Role::Inbox).await.unwrap().id;
    access.snapshot(inbox).await.unwrap();
    let (mut pages, mut imap) = (Vec::new(), Vec::new());
    for (name, typed) in ASKED {
        let query = Query::parse(typed);
        let page = timed(&mut pages, async || {
            access.search(&query, 0, 50).await.unwrap().0
        })
        .await;
        let words = Words {
            field: Field::Any,
            text: typed.replace('"', "").replace("từ:an ", ""),
            phrase: true,
        };
        let uids = timed(&mut imap, async || {
            access.search_uids(inbox, &words).await.unwrap().len()
        })
        .await;
        println!("  {name:<24} page: {page}   IMAP: {uids}");
    }
    for (name, mut all) in [("page", pages), ("IMAP SEARCH", imap)] {
        all.sort_by(f64::total_cmp);
        println!(
            "  all of {name}: p50 {:.2} ms, p95 {:.2} ms, longest {:.2} ms",
            all[all.len() / 2],
            all[all.len() * 95 / 100],
            all[all.len() - 1]
        );
    }
}

/// Letters that come as fast as `at_once` callers bring them, and searches meanwhile and right after the last.
async fn fresh(store: &Store, town: &Town, whose: &str, letters: u64, at_once: u64) {
    let account = town.account(whose).await;
    let access = town.open(whose).await;
    let syllables: Vec<&str> = SYLLABLES.split_whitespace().collect();
    let query = Query::parse("giấy mời");
    let (mut took, mut waiting) = (Vec::new(), Vec::new());
    let mut delivering = 0.0;
    for first in (0..letters).step_by(at_once as usize) {
        let before = Instant::now();
        let mut writes = tokio::task::JoinSet::new();
        for number in first..first + at_once {
            let (subject, text) = text(number, &syllables);
            let one = letter(store, &subject, &text, &[account], NOW);
            let to = store.clone();
            writes.spawn(async move { to.deliver(one).await });
        }
        for one in writes.join_all().await {
            one.unwrap();
        }
        delivering += before.elapsed().as_secs_f64();
        if first % 200 == 0 {
            waiting.push(store.stats().await.unwrap().index_queue);
            let before = Instant::now();
            access.search(&query, 0, 50).await.unwrap();
            took.push(before.elapsed().as_secs_f64() * 1000.0);
        }
    }
    let (last, begin) = (*took.last().unwrap(), Instant::now());
    while store.stats().await.unwrap().index_queue > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    took.sort_by(f64::total_cmp);
    waiting.sort_unstable();
    println!(
        "  {letters} letters, {at_once} at once: {:.0} a second; waiting for the index: median {}, most {}; a search meanwhile: \
         p50 {:.1} ms, p95 {:.1} ms, after the last {last:.1} ms; the rest indexed in {:.1} s",
        letters as f64 / delivering,
        waiting[waiting.len() / 2],
        waiting[waiting.len() - 1],
        took[took.len() / 2],
        took[took.len() * 95 / 100],
        begin.elapsed().as_secs_f64()
    );
}

async fn bench(url: Option<&str>, letters: u64) {
    let folder = tempfile::tempdir_in(std::env::var("BENCH_DIR").unwrap_or("/var/tmp".into()));
    let folder = folder.unwrap();
    let path = folder.path().to_owned();
    let store = Store::open(config(&path, url)).await.unwrap();
    let town = Town::over(store.clone(), folder, |_| {});
    town.settle().await;
    fill(&store, &town, letters).await;
    measure(&town).await;
    fresh(&store, &town, "binh", letters / 50, 1).await;
    fresh(&store, &town, "binh", letters / 10, 200).await;
    store.close().await;
    let bytes = std::fs::metadata(path.join("search.db")).unwrap().len();
    println!("  index: {} bytes a letter", bytes / letters);
}

#[tokio::main]
async fn main() {
    let mut words = std::env::args().skip(1);
    let which = words.next().unwrap_or_else(|| "both".to_owned());
    let letters = words.next().and_then(|word| word.parse().ok());
    let letters = letters.unwrap_or(100_000);
    if which != "postgres" {
        println!("SQLite");
        bench(None, letters).await;
    }
    if which != "sqlite" {
        println!("PostgreSQL");
        let postgres = Postgres::start().unwrap().unwrap();
        let url = postgres.database("search").unwrap();
        bench(Some(&url), letters).await;
    }
}
