//! Automatic answers: who gets one, who never does, once in a while, and nothing lost or doubled on the way.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::HashSet;

use common::*;
use mailroom::answering::{AnswerFault, AnswerWords};
use mailroom::policy::{DayLimits, SendingLimits};
use mailroom::receive::Verdict;
use mailroom::submit::Draft;
use store::{Role, Store};

const DAY: i64 = 86_400_000;

fn away() -> AnswerWords {
    AnswerWords {
        is_on: true,
        text: "Tôi đi công tác đến hết tuần.\nViệc gấp xin gọi 0290 3 831 234.".into(),
        ..AnswerWords::default()
    }
}

async fn turn_on(town: &Town, local: &str, words: AnswerWords) {
    let access = town.open(local).await;
    access.auto_answer_set(words).await.unwrap().unwrap();
}

/// Recipients of what waits to leave, with the bytes.
async fn leaving(town: &Town) -> Vec<(String, String, String)> {
    town.room.answer_all_due().await.unwrap();
    let leased = town
        .room
        .lease_outbox("w", 50, 60, &HashSet::new())
        .await
        .unwrap();
    let mut all = Vec::new();
    for row in leased {
        let raw = town.room.outbox_body(row.body).await.unwrap();
        assert_eq!(row.notify.as_deref(), Some("NEVER"));
        all.push((
            row.recipient,
            row.mail_from,
            String::from_utf8(raw.to_vec()).unwrap(),
        ));
    }
    town.room.release_outbox("w").await.unwrap();
    all.sort();
    all
}

async fn count(town: &Town) -> usize {
    leaving(town).await.len()
}

#[tokio::test]
async fn a_person_gets_one_answer_in_a_week() {
    answers(&Town::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn and_over_postgresql_too() {
    let Some(postgres) = store::testing::Postgres::start().unwrap() else {
        eprintln!("PostgreSQL is not installed: not tested");
        return;
    };
    let url = postgres.database("answers").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(store::testing::config(folder.path(), Some(&url)))
        .await
        .unwrap();
    let town = Town::over(store, folder, |_| {});
    town.settle().await;
    answers(&town).await;
    town.store.close().await;
}

async fn answers(town: &Town) {
    turn_on(town, "an", away()).await;
    town.receive(&["an@tinh.example"], &letter("mot"))
        .await
        .unwrap();
    town.receive(&["an@tinh.example"], &letter("hai"))
        .await
        .unwrap();
    let left = leaving(town).await;
    assert_eq!(left.len(), 1, "{left:?}");
    let (to, mail_from, raw) = &left[0];
    assert_eq!(
        (to.as_str(), mail_from.as_str()),
        ("khach@gmail.example", "")
    );
    for wanted in [
        "Auto-Submitted: auto-replied\r\n",
        "In-Reply-To: <mot@gmail.example>",
        "References: <mot@gmail.example>",
        "an@tinh.example>\r\n",
        "To: khach@gmail.example\r\n",
    ] {
        assert!(raw.contains(wanted), "{wanted}: {raw}");
    }
    let read = mailroom::letter::read(raw.as_bytes());
    assert!(
        read.subject.starts_with("Trả lời tự động: "),
        "{}",
        read.subject
    );
    assert!(read.text.contains("Việc gấp xin gọi 0290 3 831 234."));
    assert!(read.auto_submitted);

    town.pass_ms(7 * DAY - 1);
    town.receive(&["an@tinh.example"], &letter("ba"))
        .await
        .unwrap();
    assert_eq!(count(town).await, 1);
    town.pass_ms(1);
    town.receive(&["an@tinh.example"], &letter("bon"))
        .await
        .unwrap();
    assert_eq!(count(town).await, 2);
    // New words: everybody may hear them.
    turn_on(
        town,
        "an",
        AnswerWords {
            subject: "Vắng mặt".into(),
            ..away()
        },
    )
    .await;
    town.receive(&["an@tinh.example"], &letter("nam"))
        .await
        .unwrap();
    let left = leaving(town).await;
    assert_eq!(left.len(), 3);
    assert!(
        left.iter()
            .any(|one| mailroom::letter::read(one.2.as_bytes()).subject == "Vắng mặt")
    );
    turn_on(
        town,
        "an",
        AnswerWords {
            is_on: false,
            ..away()
        },
    )
    .await;
    town.receive(&["an@tinh.example"], &letter("sau"))
        .await
        .unwrap();
    assert_eq!(count(town).await, 3);
}

#[tokio::test]
async fn colleagues_are_answered_too_and_answers_never_answered() {
    let town = Town::new().await;
    for one in ["an", "binh"] {
        turn_on(&town, one, away()).await;
    }
    let draft = Draft {
        to: vec!["an@tinh.example".into(), "lan@tinh.example".into()],
        subject: "Kế hoạch".into(),
        text: "x".into(),
        ..Draft::default()
    };
    town.open("binh").await.send(draft).await.unwrap().unwrap();
    town.room.answer_all_due().await.unwrap();
    assert_eq!(
        town.subjects("binh", Role::Inbox).await,
        ["Trả lời tự động: Kế hoạch"]
    );
    town.room.answer_all_due().await.unwrap();
    assert_eq!(town.subjects("an", Role::Inbox).await, ["Kế hoạch"]);
    // To oneself: nobody is told.
    let own = Draft {
        to: vec!["an@tinh.example".into()],
        subject: "Ghi nhớ".into(),
        text: "x".into(),
        ..Draft::default()
    };
    town.open("an").await.send(own).await.unwrap().unwrap();
    town.room.answer_all_due().await.unwrap();
    assert_eq!(
        town.subjects("an", Role::Inbox).await,
        ["Kế hoạch", "Ghi nhớ"]
    );
}

#[tokio::test]
async fn what_must_not_be_answered_is_not() {
    let town = Town::new().await;
    turn_on(&town, "an", away()).await;
    let plain = letter("m");
    let raws = [
        plain.replace("To: an@", "To: binh@"),
        plain.replace("Subject:", "List-Id: <x.example>\nSubject:"),
        plain.replace("Subject:", "Precedence: bulk\nSubject:"),
        plain.replace("Subject:", "Auto-Submitted: auto-generated\nSubject:"),
        plain.replace("<khach@", "<no-reply@"),
        plain.replace("<khach@gmail.example>", "<an@tinh.example>"),
    ];
    for raw in &raws {
        town.receive(&["an@tinh.example"], raw).await.unwrap();
        assert_eq!(count(&town).await, 0, "{raw}");
    }
    let mut junk = town.incoming(&["an@tinh.example"], &plain).await;
    junk.verdict = Verdict::Junk;
    let mut unproven = town.incoming(&["an@tinh.example"], &plain).await;
    unproven.proven = false;
    let mut bounce = town.incoming(&["an@tinh.example"], &plain).await;
    bounce.mail_from = String::new();
    // A proven author who lets answers come to somebody else.
    let mut elsewhere = town.incoming(&["an@tinh.example"], &plain).await;
    elsewhere.mail_from = "nan.nhan@gmail.example".into();
    for one in [junk, unproven, bounce, elsewhere] {
        town.room.receive(one).await.unwrap().unwrap();
        assert_eq!(count(&town).await, 0);
    }
    // By way of a list that is not named as one's own address.
    let console = town.room.console();
    town.room
        .list_set(&console, "tatca@tinh.example", &["an@tinh.example".into()])
        .await
        .unwrap();
    town.receive(
        &["tatca@tinh.example"],
        &plain.replace("To: an@", "To: tatca@"),
    )
    .await
    .unwrap();
    assert_eq!(count(&town).await, 0);
    town.receive(&["an@tinh.example"], &plain).await.unwrap();
    assert_eq!(count(&town).await, 1, "the same letter, in order");
}

#[tokio::test]
async fn dates_keepers_and_limits_are_kept() {
    let limits = SendingLimits {
        account: DayLimits {
            messages: 1,
            ..DayLimits::default()
        },
        ..SendingLimits::default()
    };
    let town = Town::with(|policy| policy.sending = limits).await;
    let dated = AnswerWords {
        from_at: Some(START + DAY),
        until_at: Some(START + 2 * DAY),
        ..away()
    };
    turn_on(&town, "an", dated.clone()).await;
    let other = |n: i32| letter(&format!("t{n}")).replace("khach@", &format!("khach{n}@"));
    // The account may send one letter a day: answers do not count against it, or strangers could use it up.
    for (n, expected) in [(1, 0), (2, 1), (3, 2), (4, 2)] {
        let mut incoming = town.incoming(&["an@tinh.example"], &other(n)).await;
        incoming.mail_from = format!("khach{n}@gmail.example");
        town.room.receive(incoming).await.unwrap().unwrap();
        assert_eq!(count(&town).await, expected, "letter {n}");
        // The fourth comes after the last day.
        town.pass_ms(if n == 2 { 1 } else { DAY });
    }
    let access = town.open("an").await;
    let refused = access.auto_answer_set(dated).await.unwrap();
    assert_eq!(refused, Err(AnswerFault::Over));

    // A unit's mailbox: its clerk decides, a delegate who may write does not.
    let console = town.room.console();
    for (who, rights) in [("an", "clerk"), ("lan", "read write send_as")] {
        let who = format!("{who}@tinh.example");
        town.room
            .membership_set(&console, &who, "so.a@tinh.example", rights, None)
            .await
            .unwrap();
    }
    let unit = town.account("so.a").await;
    let clerk = town.room.open(&town.actor("an").await, unit).await.unwrap();
    clerk.auto_answer_set(away()).await.unwrap().unwrap();
    let lan = town
        .room
        .open(&town.actor("lan").await, unit)
        .await
        .unwrap();
    assert!(is_denied(lan.auto_answer_set(away()).await));
    assert!(is_denied(lan.auto_answer().await));
    let audit = town.room.audit_of(&console, 10).await.unwrap();
    assert!(
        audit
            .iter()
            .any(|row| row.2 == "answer.set" && row.3 == "so.a@tinh.example")
    );
}
