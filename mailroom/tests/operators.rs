//! What the search field's operators find, alone and together, with and without diacritics, on both databases; and what
//! becomes of reading again that is cut off in the middle.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::search::Query;
use store::{BodyId, Derived, Store};
use viet::Coding;

const DAY_MS: i64 = 86_400_000;

/// A letter with these people, a subject that begins with its mark, a text and perhaps a file.
fn post(mark: &str, from: &str, to: &str, subject: &str, text: &str, file: Option<&str>) -> String {
    let body = format!("Content-Type: text/plain; charset=utf-8\n\n{text}\n");
    let fields = format!(
        "From: {from}\nTo: {to}\nSubject: {mark} {subject}\nMessage-ID: <{mark}@gmail.example>\nMIME-Version: 1.0\n"
    );
    match file {
        None => format!("{fields}{body}"),
        Some(name) => format!(
            "{fields}Content-Type: multipart/mixed; boundary=b\n\n--b\n{body}\n--b\n\
             Content-Type: application/octet-stream; name=\"{name}\"\n\
             Content-Disposition: attachment; filename=\"{name}\"\n\nx\n--b--\n"
        ),
    }
}

async fn operators(town: &Town) {
    let hoa = "Lê Thị Hòa <hoa@huyen.example>";
    let dung = "Đỗ Dũng <dung.do@xa.example>";
    let letters = [
        post(
            "T1",
            hoa,
            "an@tinh.example",
            "Báo cáo đê biển",
            "Đã gia cố xong kè đá.",
            None,
        ),
        post(
            "T2",
            dung,
            "Sở Nội vụ <an@tinh.example>",
            "Danh sách cử tri",
            "Gửi chị Hòa xem lại.",
            Some("cử tri đợt 1.xls"),
        ),
        post(
            "T3",
            hoa,
            "an@tinh.example, Văn thư <vt@huyen.example>",
            "Báo cáo quý III",
            "Số liệu đê điều kèm theo.",
            Some("báo cáo.doc"),
        ),
    ];
    for raw in &letters {
        town.receive(&["an@tinh.example"], raw).await.unwrap();
        town.pass_ms(DAY_MS);
    }
    let access = town.open("an").await;
    // Days as people here count them.
    let day = |days: i64| {
        let local = START + days * DAY_MS + 7 * 3_600_000;
        let day = date_of(local.div_euclid(DAY_MS));
        format!("{:02}/{:02}/{}", day.2, day.1, day.0)
    };
    let (first, second, third) = (day(0), day(1), day(2));
    let cases: Vec<(String, &[&str])> = vec![
        ("báo cáo".into(), &["T3", "T1"]),
        ("bao cao".into(), &["T3", "T1"]),
        ("BÁO CÁO".into(), &["T3", "T1"]),
        ("ba\u{301}o ca\u{301}o".into(), &["T3", "T1"]),
        ("\"báo cáo đê\"".into(), &["T1"]),
        ("\"bao cao de\"".into(), &["T1"]),
        ("\"cáo báo\"".into(), &[]),
        ("danh sac".into(), &["T2"]),
        ("ba cao".into(), &[]),
        ("từ:hòa".into(), &["T3", "T1"]),
        ("tu:hoa".into(), &["T3", "T1"]),
        ("from:hoa@huyen.example".into(), &["T3", "T1"]),
        ("từ:\"lê thị hòa\"".into(), &["T3", "T1"]),
        ("từ:dũng".into(), &["T2"]),
        ("tu:do".into(), &["T2"]),
        ("hòa".into(), &["T3", "T2", "T1"]),
        ("đến:\"sở nội vụ\"".into(), &["T2"]),
        ("den:\"van thu\"".into(), &["T3"]),
        ("to:vt@huyen.example".into(), &["T3"]),
        ("đến:hòa".into(), &[]),
        ("có:tệp".into(), &["T3", "T2"]),
        ("co:tep hoa".into(), &["T3", "T2"]),
        ("has:file từ:hòa".into(), &["T3"]),
        ("cu tri dot".into(), &["T2"]),
        (format!("trước:{second}"), &["T1"]),
        (format!("sau:{second}"), &["T3", "T2"]),
        (format!("sau:{second} trước:{third}"), &["T2"]),
        (format!("ngày:{first}"), &["T1"]),
        (format!("before:{third} from:hoa"), &["T1"]),
        (
            format!("từ:hòa đến:văn có:tệp sau:{third} \"quý III\" số liệu"),
            &["T3"],
        ),
        (format!("từ:dũng sau:{third}"), &[]),
        ("chude:đê".into(), &["T1"]),
        ("noidung:\"kèm theo\"".into(), &["T3"]),
        ("không có thư này".into(), &[]),
    ];
    for (typed, marks) in cases {
        let (total, rows) = access.search(&Query::parse(&typed), 0, 10).await.unwrap();
        let mut found: Vec<&str> = rows.iter().map(|row| &row.subject[..2]).collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(found, marks, "{typed}");
        assert_eq!(total, marks.len(), "{typed}");
    }
    // Nobody finds another's.
    let binh = town.open("binh").await;
    let all = binh.search(&Query::parse("báo cáo"), 0, 10).await.unwrap();
    assert_eq!(all.0, 0);
}

/// Year, month and day of a day since 1970, by counting.
fn date_of(mut days: i64) -> (i64, i64, i64) {
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let mut year = 1970;
    while days >= 365 + i64::from(leap(year)) {
        days -= 365 + i64::from(leap(year));
        year += 1;
    }
    let february = 28 + i64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

/// Letters of a sender whose coding was chosen: the choice is for what cannot be told. A letter in valid UTF-8 says what
/// it is, whatever older programs of its sender did; for itself each letter can still be read otherwise.
async fn choices_are_for_what_cannot_be_told(town: &Town) {
    let right =
        "From: Khách <khach@gmail.example>\nSubject: Hóa đơn\n\nCó bảng kê hóa đơn kèm theo.\n";
    let access = town.open("lan").await;
    let inbox = access.mailbox("INBOX").await.unwrap().id;
    town.receive(&["lan@tinh.example"], right).await.unwrap();
    let first = town.store.email_at(inbox, 1).await.unwrap().unwrap();
    access
        .choose_coding(first.email, Some(Coding::Tcvn3))
        .await
        .unwrap();
    town.receive(&["lan@tinh.example"], right).await.unwrap();
    let second = town.store.email_at(inbox, 2).await.unwrap().unwrap();
    let chosen = access.chosen_coding(&second).await.unwrap();
    assert_eq!(
        (chosen.own, chosen.correspondent),
        (None, Some(Coding::Tcvn3))
    );
    let (read, by) = mailroom::letter::read_as_chosen(right.as_bytes(), None, Some(Coding::Tcvn3));
    assert_eq!((read.subject.as_str(), by), ("Hóa đơn", None));
    assert_eq!(second.subject, "Hóa đơn");
    access.choose_coding(first.email, None).await.unwrap();
}

/// Everything marked as read by old rules; the work is cut off again and again, and goes on where it stopped.
async fn reading_again_goes_on_after_it_was_cut_off(town: &Town) {
    for at in 0..12 {
        town.receive(&["binh@tinh.example"], &letter(&format!("R{at}")))
            .await
            .unwrap();
    }
    let left = async |version| {
        town.store
            .bodies_to_rederive(version, BodyId(0), 100)
            .await
            .unwrap()
    };
    // Every version there is and will be.
    for body in left(i64::MAX).await {
        let old = Derived {
            version: 0,
            subject: "cũ".into(),
            ..town.store.derived(body).await.unwrap()
        };
        while !town.store.derived_put(body, old.clone()).await.unwrap() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    let all = left(1).await.len();
    assert!(all >= 12);
    let (mut cuts, mut before) = (0, all);
    while !left(1).await.is_empty() {
        let room = town.room.clone();
        let work = tokio::spawn(async move { room.rederive(BodyId(0), 100).await });
        // As soon as one more is done, unless it was the last.
        for _ in 0..2_000 {
            if left(1).await.len() < before || work.is_finished() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        work.abort();
        cuts += usize::from(work.await.is_err_and(|end| end.is_cancelled()));
        let now = left(1).await.len();
        assert!(now < before, "what was done is done again");
        before = now;
    }
    assert!(cuts > 0, "never cut off");
    assert_eq!(town.room.rederive(BodyId(0), 100).await.unwrap(), None);
    let subjects = town.subjects("binh", store::Role::Inbox).await;
    let expected: Vec<String> = (0..12).map(|at| format!("R{at}")).collect();
    assert_eq!(subjects, expected);
}

async fn shown(town: &Town) {
    operators(town).await;
    choices_are_for_what_cannot_be_told(town).await;
    reading_again_goes_on_after_it_was_cut_off(town).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    shown(&Town::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let Some(postgres) = store::testing::Postgres::start().unwrap() else {
        eprintln!("PostgreSQL is not installed: not tested");
        return;
    };
    let url = postgres.database("operators").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = store::testing::config(folder.path(), Some(&url));
    let store = Store::open(config).await.unwrap();
    let town = Town::over(store, folder, |_| {});
    town.settle().await;
    shown(&town).await;
    town.store.close().await;
}
