//! The queue for administrators: who sees what waits, what acts do, and that every act is audited.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::policy::{DayLimits, SendingLimits};
use mailroom::queue::QueueOutcome;
use mailroom::submit::{Draft, Unsendable};
use store::{OutboxState, QueueAct, QueueFilter, TraceFilter};

async fn send(town: &Town, from: &str, to: &str) {
    let draft = Draft {
        to: vec![to.into()],
        subject: "Kế hoạch".into(),
        text: "x".into(),
        ..Draft::default()
    };
    town.open(from).await.send(draft).await.unwrap().unwrap();
}

async fn waiting(town: &Town, who: &str) -> Vec<String> {
    let actor = town.actor(who).await;
    let rows = town
        .room
        .queue_list(&actor, &QueueFilter::default(), 100)
        .await
        .unwrap();
    let mut shown: Vec<String> = rows.into_iter().map(|one| one.row.recipient).collect();
    shown.sort();
    shown
}

#[tokio::test]
async fn administrators_see_and_touch_what_their_own_people_sent() {
    let town = Town::new().await;
    send(&town, "an", "x@mot.example").await;
    send(&town, "lan", "y@mot.example").await;
    send(&town, "chutich", "z@hai.example").await;
    assert_eq!(waiting(&town, "quantri.a").await, ["x@mot.example"]);
    assert_eq!(waiting(&town, "quantri.b").await, ["y@mot.example"]);
    assert_eq!(waiting(&town, "quantri.p").await.len(), 3);
    let all = QueueFilter::default();
    assert!(is_denied(
        town.room
            .queue_list(&town.actor("an").await, &all, 10)
            .await
    ));
    let console = town.room.console();
    let (admin, other) = (town.actor("quantri.a").await, town.actor("quantri.b").await);
    let groups = town.room.queue_groups(&admin, &all, 10).await.unwrap();
    assert_eq!((groups.len(), groups[0].number), (1, 1));
    let groups = town.room.queue_groups(&console, &all, 10).await.unwrap();
    assert_eq!(
        groups.iter().map(|one| one.number).collect::<Vec<_>>(),
        [2, 1]
    );
    // A domain named by one unit's administrator touches that unit's letters only.
    let domain = QueueFilter {
        domain: "MOT.example".into(),
        ..QueueFilter::default()
    };
    let done = town
        .room
        .queue_act(&admin, &domain, QueueAct::Hold)
        .await
        .unwrap();
    assert_eq!(
        done,
        QueueOutcome {
            done: 1,
            sending: 0
        }
    );
    let rows = town.room.queue_list(&console, &domain, 10).await.unwrap();
    let held: Vec<_> = rows
        .iter()
        .filter(|one| one.row.state == OutboxState::Held)
        .collect();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].row.recipient, "x@mot.example");
    let row = held[0].row.id;
    assert!(is_denied(town.room.queue_show(&other, row).await));
    let story = town.room.queue_show(&admin, row).await.unwrap();
    assert!(story.attempts.is_empty());
    let one = QueueFilter {
        row: Some(row),
        ..QueueFilter::default()
    };
    let nothing = town
        .room
        .queue_act(&other, &one, QueueAct::Drop)
        .await
        .unwrap();
    assert_eq!(nothing.done, 0);
    let done = town
        .room
        .queue_act(&admin, &one, QueueAct::Drop)
        .await
        .unwrap();
    assert_eq!(done.done, 1);
    let audit = town.room.audit_of(&admin, 10).await.unwrap();
    let acts: Vec<(&str, &str)> = audit
        .iter()
        .filter(|row| row.2.starts_with("queue."))
        .map(|row| (row.1.as_str(), row.2.as_str()))
        .collect();
    assert_eq!(
        acts,
        [
            ("quantri.a@tinh.example", "queue.drop"),
            ("quantri.a@tinh.example", "queue.hold")
        ]
    );
    assert_eq!(town.room.audit_verify().await.unwrap(), None);
}

#[tokio::test]
async fn administrators_trace_what_their_people_sent_or_were_sent() {
    let town = Town::new().await;
    let to_an = town
        .receive(&["an@tinh.example", "lan@tinh.example"], &letter("Kín đáo"))
        .await
        .unwrap();
    send(&town, "lan", "y@mot.example").await;
    let refused = town.room.refused(
        &mailroom::receive::Peer::default(),
        "khach@gmail.example",
        "an@tinh.example",
        550,
        "5.7.1 spam",
    );
    let (a, b, p) = (
        town.actor("quantri.a").await,
        town.actor("quantri.b").await,
        town.actor("quantri.p").await,
    );
    // Refusals are written a moment later.
    let any = TraceFilter::default();
    for _ in 0..200 {
        let found = town
            .room
            .trace_find_administered(&p, &any, 50)
            .await
            .unwrap();
        if found.len() == 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let found = town
        .room
        .trace_find_administered(&p, &any, 50)
        .await
        .unwrap();
    assert_eq!(found.len(), 3);
    assert!(found.iter().any(|trace| trace.subject == "Kín đáo"));
    let found = town
        .room
        .trace_find_administered(&a, &any, 50)
        .await
        .unwrap();
    let mut ids: Vec<_> = found.iter().map(|trace| trace.id).collect();
    ids.sort();
    let mut expected = [to_an, refused];
    expected.sort();
    assert_eq!(ids, expected);
    assert!(found.iter().all(|trace| trace.subject.is_empty()));
    let guess = TraceFilter {
        subject: "không phải".into(),
        sender: "Khach@Gmail.example".into(),
        ..TraceFilter::default()
    };
    let found = town
        .room
        .trace_find_administered(&a, &guess, 50)
        .await
        .unwrap();
    assert_eq!(found.len(), 2, "a subject that is hidden is not asked for");
    assert!(is_denied(
        town.room
            .trace_find_administered(&town.actor("an").await, &any, 50)
            .await
    ));
    // Of a letter to two units each sees its own recipients.
    let story = town.room.trace_story(&a, to_an).await.unwrap();
    assert!(story.trace.subject.is_empty());
    let seen: Vec<&str> = story
        .events
        .iter()
        .map(|event| event.recipient.as_str())
        .collect();
    assert_eq!(seen, ["an@tinh.example"]);
    let (_, events) = town.room.trace(&p, to_an).await.unwrap();
    assert_eq!(events.len(), 2);
    let (trace, events) = town.room.trace(&a, refused).await.unwrap();
    assert_eq!(trace.mail_from, "khach@gmail.example");
    assert_eq!(
        (events[0].event.as_str(), events[0].code),
        ("refused", Some(550))
    );
    assert!(is_denied(town.room.trace(&b, refused).await));
    // The addressee sees the subject: it is the own letter.
    let (trace, _) = town
        .room
        .trace(&town.actor("an").await, to_an)
        .await
        .unwrap();
    assert_eq!(trace.subject, "Kín đáo");
}

#[tokio::test]
async fn the_sender_reads_why_a_letter_waits() {
    let town = Town::new().await;
    send(&town, "an", "x@mot.example").await;
    let access = town.open("an").await;
    let sent = access.mailbox_by_role(store::Role::Sent).await.unwrap().id;
    let email = access.list(sent, None, 1, false).await.unwrap()[0].email;
    let waiting = access.waiting(email).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (waiting[0].row.recipient.as_str(), waiting[0].row.state),
        ("x@mot.example", OutboxState::Due)
    );
}

#[tokio::test]
async fn a_stolen_account_is_stopped_and_the_alarm_is_raised_once() {
    let town = Town::with(|policy| {
        policy.sending = SendingLimits {
            account: DayLimits {
                messages: 10,
                recipients: 10,
                strangers: 3,
            },
            unit: DayLimits {
                messages: 4,
                ..DayLimits::default()
            },
        };
    })
    .await;
    let clerk = store::Role::Inbox;
    let write = |from: &'static str, to: Vec<String>| {
        let town = &town;
        async move {
            let draft = Draft {
                to,
                subject: "x".into(),
                text: "x".into(),
                ..Draft::default()
            };
            town.open(from).await.send(draft).await.unwrap()
        }
    };
    let to = |numbers: std::ops::Range<u8>| -> Vec<String> {
        numbers.map(|one| format!("k{one}@ngoai.example")).collect()
    };
    write("an", to(0..2)).await.unwrap();
    // The same people again are no strangers; one more is the third.
    write("an", to(0..3)).await.unwrap();
    for _ in 0..2 {
        let refused = write("an", to(3..4)).await;
        assert_eq!(refused, Err(Unsendable::SendingLimit));
    }
    // People here are not counted, and colleagues not concerned.
    write("an", vec!["binh@tinh.example".into()]).await.unwrap();
    write("binh", to(7..9)).await.unwrap();
    let waiting = town
        .room
        .queue_count(&town.room.console(), &QueueFilter::default())
        .await
        .unwrap();
    assert_eq!(waiting.due, 7, "what was accepted is not lost");
    for admin in ["quantri.a", "quantri.p"] {
        let subjects = town.subjects(admin, clerk).await;
        assert_eq!(subjects.len(), 1, "{admin}: {subjects:?}");
        assert!(subjects[0].contains("vượt giới hạn"), "{subjects:?}");
    }
    assert!(town.subjects("quantri.b", clerk).await.is_empty());
    let alarms = town
        .room
        .audit_of(&town.actor("quantri.a").await, 50)
        .await
        .unwrap();
    let alarms = alarms.iter().filter(|row| row.2 == "sending.limit").count();
    assert_eq!(alarms, 1);
    let admin = town.actor("quantri.a").await;
    let today = town
        .room
        .account_limits(&admin, "an@tinh.example")
        .await
        .unwrap();
    assert_eq!(
        (
            today.account.messages,
            today.account.recipients,
            today.account.strangers
        ),
        (2, 5, 3)
    );
    assert!(today.account.alarmed_at.is_some());
    assert_eq!(today.unit.unwrap().1.messages, 3);
    // One more of the unit, then the unit's own limit.
    write("binh", to(7..8)).await.unwrap();
    assert_eq!(write("binh", to(7..8)).await, Err(Unsendable::SendingLimit));
    assert!(is_denied(
        town.room
            .account_limits_reset(&town.actor("quantri.b").await, "an@tinh.example")
            .await
    ));
    town.room
        .account_limits_reset(&admin, "an@tinh.example")
        .await
        .unwrap();
    write("an", to(3..4)).await.unwrap();
    // A new day begins anew.
    town.pass_ms(86_400_000);
    write("an", to(4..7)).await.unwrap();
}

#[tokio::test]
async fn owners_are_told_once_that_a_mailbox_grows_full() {
    let town = Town::with(|policy| policy.quota_bytes_default = 100_000).await;
    let inbox = store::Role::Inbox;
    let letter = |bytes: usize| {
        let line = format!("{}\n", "x".repeat(70));
        format!("Subject: to\n\n{}", line.repeat(bytes / 72))
    };
    let warned = async || -> Vec<String> {
        let mut all = town.subjects("an", inbox).await;
        all.retain(|subject| subject.starts_with("Hộp thư sắp đầy"));
        all
    };
    town.receive(&["an@tinh.example"], &letter(70_000))
        .await
        .unwrap();
    assert_eq!(town.room.warn_of_quotas().await.unwrap(), 0);
    town.receive(&["an@tinh.example"], &letter(11_000))
        .await
        .unwrap();
    assert_eq!(town.room.warn_of_quotas().await.unwrap(), 1);
    assert_eq!(town.room.warn_of_quotas().await.unwrap(), 0, "once");
    assert_eq!(warned().await, ["Hộp thư sắp đầy: đã dùng trên 80 %"]);
    town.receive(&["an@tinh.example"], &letter(10_000))
        .await
        .unwrap();
    assert_eq!(town.room.warn_of_quotas().await.unwrap(), 1);
    assert_eq!(warned().await.len(), 2);
}

#[tokio::test]
async fn below_the_reserve_of_the_disk_nothing_is_promised() {
    // No disk is that empty.
    let town = Town::with(|policy| policy.disk_reserve_percent = 99).await;
    let (free, whole) = town.store.disk_blocks().unwrap();
    if free >= whole / 100 * 99 {
        eprintln!("this disk is empty: not shown");
        return;
    }
    let refused = town.receive(&["an@tinh.example"], &letter("x")).await;
    assert_eq!(refused, Err(mailroom::receive::Refused::DiskFull));
    assert!(town.subjects("an", store::Role::Inbox).await.is_empty());
    let draft = Draft {
        to: vec!["binh@tinh.example".into()],
        subject: "x".into(),
        text: "x".into(),
        ..Draft::default()
    };
    let sent = town.open("an").await.send(draft).await.unwrap();
    assert_eq!(sent, Err(Unsendable::DiskFull));
}
