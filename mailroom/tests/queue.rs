//! The queue for administrators: who sees what waits, what acts do, and that every act is audited.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::queue::QueueOutcome;
use mailroom::submit::Draft;
use store::{OutboxState, QueueAct, QueueFilter};

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
