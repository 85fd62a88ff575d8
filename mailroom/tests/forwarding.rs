//! Forwarding: copies go on, the letter stays, nothing goes round in a circle, and nobody is forwarded to without the own code.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::HashSet;

use common::*;
use mailroom::forwarding::ForwardFault;
use mailroom::receive::Verdict;
use mailroom::submit::Draft;
use store::{Role, Store};

const OUTSIDE: &str = "an.rieng@ngoai.example";
const DAY: i64 = 86_400_000;

async fn outside_town() -> Town {
    Town::with(|policy| policy.forward_outside = true).await
}

/// What waits to leave: (recipient, return path, the letter).
async fn leaving(town: &Town) -> Vec<(String, String, String)> {
    let leased = town
        .room
        .lease_outbox("w", 50, 60, &HashSet::new())
        .await
        .unwrap();
    let mut all = Vec::new();
    for row in leased {
        let raw = town.room.outbox_body(row.body).await.unwrap();
        let raw = String::from_utf8(raw.to_vec()).unwrap();
        all.push((row.recipient, row.mail_from, raw));
    }
    town.room.release_outbox("w").await.unwrap();
    all
}

/// Turns forwarding to the outside on, with the code from the letter that went there.
async fn turn_on(town: &Town) {
    let an = town.open("an").await;
    an.forwarding_set(OUTSIDE).await.unwrap().unwrap();
    let sent = leaving(town).await;
    let (to, _, raw) = sent.last().unwrap();
    assert_eq!(to, OUTSIDE);
    let text = mailroom::letter::read(raw.as_bytes()).text;
    let code = text.split("Mã xác nhận: ").nth(1).unwrap();
    let code = code.split_whitespace().next().unwrap();
    assert_eq!(
        an.forwarding_confirm("0000-0000-0000-0000").await.unwrap(),
        Err(ForwardFault::WrongCode)
    );
    an.forwarding_confirm(&code.to_lowercase())
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn copies_go_outside_after_the_code() {
    outside(&outside_town().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn and_over_postgresql_too() {
    let Some(postgres) = store::testing::Postgres::start().unwrap() else {
        eprintln!("PostgreSQL is not installed: not tested");
        return;
    };
    let url = postgres.database("forwards").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(store::testing::config(folder.path(), Some(&url)))
        .await
        .unwrap();
    let town = Town::over(store, folder, |policy| policy.forward_outside = true);
    town.settle().await;
    outside(&town).await;
    town.store.close().await;
}

async fn outside(town: &Town) {
    let an = town.open("an").await;
    an.forwarding_set(OUTSIDE).await.unwrap().unwrap();
    town.receive(&["an@tinh.example"], &letter("truoc"))
        .await
        .unwrap();
    assert_eq!(
        leaving(town).await.len(),
        1,
        "only the code before it is typed"
    );
    assert_eq!(
        an.forwarding_set(OUTSIDE).await.unwrap(),
        Err(ForwardFault::TooSoon)
    );
    an.forwarding_end().await.unwrap();
    assert_eq!(an.forwarding().await.unwrap(), None);
    let again = an.forwarding_set(OUTSIDE).await.unwrap();
    assert_eq!(
        again,
        Err(ForwardFault::TooSoon),
        "asked and ended is asked too"
    );
    town.pass_ms(10 * 60_000);
    turn_on(town).await;
    let notices = town.subjects("an", Role::Inbox).await;
    assert!(
        notices.contains(&format!("Đã bật chuyển tiếp thư đến {OUTSIDE}")),
        "{notices:?}"
    );
    let before = leaving(town).await.len();

    town.receive(&["an@tinh.example"], &letter("mot"))
        .await
        .unwrap();
    let sent = leaving(town).await;
    assert_eq!(sent.len(), before + 1);
    let (to, mail_from, raw) = sent.iter().find(|one| one.2.contains("<mot@")).unwrap();
    assert_eq!(to, OUTSIDE);
    assert!(mail_from.starts_with("SRS0="), "{mail_from}");
    assert!(
        town.subjects("an", Role::Inbox)
            .await
            .contains(&"mot".to_owned())
    );
    // It comes back: kept once more, and no further.
    let came_back = town
        .incoming(&["an@tinh.example"], &raw.replace("\r\n", "\n"))
        .await;
    town.room.receive(came_back).await.unwrap().unwrap();
    assert_eq!(leaving(town).await.len(), before + 1);
    let kept = town.subjects("an", Role::Inbox).await;
    assert_eq!(kept.iter().filter(|one| *one == "mot").count(), 2);
    // Junk stays here.
    let mut junk = town.incoming(&["an@tinh.example"], &letter("rac")).await;
    junk.verdict = Verdict::Junk;
    town.room.receive(junk).await.unwrap().unwrap();
    assert_eq!(leaving(town).await.len(), before + 1);
    // A colleague's letter goes on too; the colleague is not told where.
    let draft = Draft {
        to: vec!["an@tinh.example".into()],
        subject: "Kế hoạch".into(),
        text: "x".into(),
        ..Draft::default()
    };
    let binh = town.open("binh").await;
    binh.send(draft).await.unwrap().unwrap();
    assert_eq!(leaving(town).await.len(), before + 2);
    let mailbox = binh.mailbox_by_role(Role::Sent).await.unwrap();
    let row = binh.list(mailbox.id, None, 1, false).await.unwrap()[0].clone();
    let fates = binh.fate(row.email).await.unwrap();
    assert_eq!(fates.len(), 1, "{fates:?}");
    assert!(binh.waiting(row.email).await.unwrap().is_empty());

    an.forwarding_end().await.unwrap();
    town.receive(&["an@tinh.example"], &letter("sau"))
        .await
        .unwrap();
    assert_eq!(leaving(town).await.len(), before + 2);
    let audit = town.room.audit_of(&town.room.console(), 20).await.unwrap();
    for action in ["forward.ask", "forward.set", "forward.end"] {
        assert!(audit.iter().any(|row| row.2 == action), "{action}");
    }
}

#[tokio::test]
async fn mailboxes_here_forward_to_each_other_and_everybody_gets_one() {
    let town = Town::new().await;
    for (from, to) in [("an", "binh"), ("binh", "lan"), ("lan", "an")] {
        let access = town.open(from).await;
        let to = format!("{to}@tinh.example");
        access.forwarding_set(&to).await.unwrap().unwrap();
    }
    town.receive(&["an@tinh.example"], &letter("vong"))
        .await
        .unwrap();
    for local in ["an", "binh", "lan"] {
        let got = town.subjects(local, Role::Inbox).await;
        assert_eq!(
            got.iter().filter(|one| *one == "vong").count(),
            1,
            "{local}: {got:?}"
        );
    }
    assert!(leaving(&town).await.is_empty());
}

#[tokio::test]
async fn what_may_not_be_forwarded_is_said() {
    let town = Town::new().await;
    let an = town.open("an").await;
    for (typed, fault) in [
        ("khong phai", ForwardFault::NotAnAddress),
        ("an@tinh.example", ForwardFault::Itself),
        ("ai@tinh.example", ForwardFault::NobodyThere),
        ("tatca@tinh.example", ForwardFault::NobodyThere),
        (OUTSIDE, ForwardFault::Outside),
    ] {
        assert_eq!(
            an.forwarding_set(typed).await.unwrap(),
            Err(fault),
            "{typed}"
        );
    }
    assert_eq!(
        an.forwarding_confirm("x").await.unwrap(),
        Err(ForwardFault::WrongCode)
    );
    // The day after a recovery belongs to the owner.
    town.set_password("an").await;
    let an = town.open("an").await;
    let locked = Err(ForwardFault::LockedUntil(START + DAY));
    assert_eq!(
        an.forwarding_set("binh@tinh.example").await.unwrap(),
        locked
    );
    town.pass_ms(DAY);
    an.forwarding_set("binh@tinh.example")
        .await
        .unwrap()
        .unwrap();
    // A delegate does not decide.
    let console = town.room.console();
    town.room
        .membership_set(
            &console,
            "lan@tinh.example",
            "so.a@tinh.example",
            "read write send_as",
            None,
        )
        .await
        .unwrap();
    let unit = town.account("so.a").await;
    let lan = town
        .room
        .open(&town.actor("lan").await, unit)
        .await
        .unwrap();
    assert!(is_denied(lan.forwarding_set("lan@tinh.example").await));
}

#[tokio::test]
async fn a_code_is_guessed_at_a_few_times_and_runs_out() {
    let town = outside_town().await;
    let an = town.open("an").await;
    an.forwarding_set(OUTSIDE).await.unwrap().unwrap();
    let sent = leaving(&town).await;
    let text = mailroom::letter::read(sent[0].2.as_bytes()).text;
    let code = text.split("Mã xác nhận: ").nth(1).unwrap();
    let code = code.split_whitespace().next().unwrap().to_owned();
    for _ in 0..mailroom::limits::FORWARD_GUESSES_MAX {
        let wrong = an.forwarding_confirm("0000-0000-0000-0000").await.unwrap();
        assert_eq!(wrong, Err(ForwardFault::WrongCode));
    }
    assert_eq!(
        an.forwarding_confirm(&code).await.unwrap(),
        Err(ForwardFault::WrongCode)
    );
    assert_eq!(an.forwarding().await.unwrap().unwrap().active_at, None);
}
