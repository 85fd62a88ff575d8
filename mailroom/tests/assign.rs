//! Assigned documents between a document system and a person.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::Denied;
use mailroom::assign::{AssignedFilter, AssignmentPut, Put, Source};
use serde_json::{Value, json};

async fn source(town: &Town, unit: Option<&str>) -> Source {
    let code = format!("qlvb{}", unit.unwrap_or_default());
    let hosts = ["qlvb.tinh.example".to_owned()];
    let token = town
        .room
        .source_add(
            &town.room.console(),
            &code,
            "Quản lý văn bản",
            unit,
            &hosts,
            30,
        )
        .await
        .unwrap();
    assert!(
        town.room
            .source_sign_in(&code, "sai", IP)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        town.room
            .source_sign_in("khac", &token, IP)
            .await
            .unwrap()
            .is_none()
    );
    town.room
        .source_sign_in(&code, &token, IP)
        .await
        .unwrap()
        .unwrap()
}

fn put(change: impl FnOnce(&mut Value)) -> AssignmentPut {
    let mut value = json!({
        "revision": 1,
        "document": {"number": "2045", "notation": "VP-HC", "subject": "Báo cáo đê biển", "urgency": 1, "issuer": {"name": "UBND tỉnh"}},
        "assignees": [{"mailbox": "an@tinh.example", "due_at": "2026-11-30T17:00:00+07:00"}],
        "assigned_at": "2026-11-21T08:00:00+07:00",
        "link": {"url": "https://qlvb.tinh.example/vb/1", "label": "Mở"}
    });
    change(&mut value);
    serde_json::from_value(value).unwrap()
}

#[tokio::test]
async fn a_document_goes_from_given_to_acknowledged() {
    let town = Town::new().await;
    let source = source(&town, None).await;
    let access = town.open("an").await;
    let mut listener = access.listen();
    let Put::Created(state) = town
        .room
        .assignment_put(&source, "vb-1", put(|_| {}))
        .await
        .unwrap()
    else {
        panic!("not created");
    };
    listener.changed().await;
    assert_eq!(
        (
            state.status.as_str(),
            state.assignees[0].state.as_str(),
            state.assignees[0].resolved
        ),
        ("open", "delivered", true)
    );
    assert_eq!(access.assigned_counts().await.unwrap(), (1, 0));
    let row = access.assigned(AssignedFilter::Open, 10).await.unwrap()[0].clone();
    assert_eq!(
        (row.number.as_str(), row.source_name.as_str(), row.overdue),
        ("2045", "Quản lý văn bản", false)
    );
    // Others neither see nor acknowledge it.
    let lan = town.open("lan").await;
    assert!(is_denied(lan.assigned_open(row.id).await) && is_denied(lan.acknowledge(row.id).await));
    assert_eq!(access.assigned_open(row.id).await.unwrap().state, "seen");
    assert_eq!(
        access.acknowledge(row.id).await.unwrap().state,
        "acknowledged"
    );
    assert_eq!(
        access.assigned_open(row.id).await.unwrap().state,
        "acknowledged",
        "never back"
    );
    let state = town
        .room
        .assignment_state(&source, "vb-1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        state.assignees[0].acknowledged_by.as_deref(),
        Some("Nguyễn Văn An")
    );
    assert_eq!(
        state.assignees[0].due_at.as_deref(),
        Some("2026-11-30T17:00:00+07:00")
    );
    let events = town.room.assignment_events(&source, 0, 10).await.unwrap();
    let kinds: Vec<&str> = events
        .iter()
        .map(|(_, event)| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["created", "seen", "acknowledged"]);
    assert!(
        town.room
            .assignment_events(&source, events[2].0, 10)
            .await
            .unwrap()
            .is_empty()
    );
    town.pass_ms(30 * 86_400_000);
    assert_eq!(access.assigned_counts().await.unwrap(), (1, 1));
    assert!(access.assigned(AssignedFilter::Overdue, 10).await.unwrap()[0].overdue);
}

#[tokio::test]
async fn revisions_decide() {
    let town = Town::new().await;
    let source = source(&town, None).await;
    let send = |change: fn(&mut Value)| {
        let (room, source) = (town.room.clone(), source.clone());
        async move {
            room.assignment_put(&source, "vb-1", put(change))
                .await
                .unwrap()
        }
    };
    assert!(matches!(
        send(|v| v["revision"] = json!(2)).await,
        Put::Created(_)
    ));
    assert!(matches!(
        send(|v| v["revision"] = json!(2)).await,
        Put::Replayed(_)
    ));
    let other: fn(&mut Value) = |v| {
        v["revision"] = json!(2);
        v["instruction"] = json!("khác");
    };
    assert!(matches!(send(other).await, Put::Conflict));
    assert!(matches!(send(|_| {}).await, Put::Stale { current: 2 }));
    let moved: fn(&mut Value) = |v| {
        v["revision"] = json!(3);
        v["assignees"] = json!([{"mailbox": "binh@tinh.example"}]);
    };
    assert!(matches!(send(moved).await, Put::Updated(_)));
    assert_eq!(
        town.open("an").await.assigned_counts().await.unwrap(),
        (0, 0)
    );
    assert_eq!(
        town.open("binh").await.assigned_counts().await.unwrap(),
        (1, 0)
    );
}

#[tokio::test]
async fn what_is_secret_is_refused_and_never_stored() {
    let town = Town::new().await;
    let source = source(&town, None).await;
    let secret = put(|v| v["document"]["secrecy"] = json!("mật"));
    assert!(matches!(
        town.room
            .assignment_put(&source, "vb-1", secret)
            .await
            .unwrap(),
        Put::Refused(_)
    ));
    let foreign = put(|v| v["link"]["url"] = json!("https://evil.example/"));
    assert!(matches!(
        town.room
            .assignment_put(&source, "vb-1", foreign)
            .await
            .unwrap(),
        Put::Refused(_)
    ));
    assert!(
        town.room
            .assignment_state(&source, "vb-1")
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        town.room
            .assignment_events(&source, 0, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn who_cannot_be_found_goes_to_the_records_mailbox() {
    let town = Town::new().await;
    let source = source(&town, None).await;
    for (id, assignee, mailbox) in [
        (
            "1",
            json!({"mailbox": "khong@tinh.example"}),
            "tinh@tinh.example",
        ),
        ("2", json!({"staff_no": "999"}), "tinh@tinh.example"),
        (
            "3",
            json!({"unit_code": "A", "title": "Giám đốc"}),
            "so.a@tinh.example",
        ),
        (
            "4",
            json!({"unit_code": "B", "title": "Giám đốc"}),
            "tinh@tinh.example",
        ),
        (
            "5",
            json!({"mailbox": "tatca@tinh.example"}),
            "tinh@tinh.example",
        ),
    ] {
        let Put::Created(state) = town
            .room
            .assignment_put(&source, id, put(|v| v["assignees"] = json!([assignee])))
            .await
            .unwrap()
        else {
            panic!("{id}");
        };
        assert_eq!(
            (
                state.assignees[0].resolved,
                state.assignees[0].mailbox.as_str()
            ),
            (false, mailbox),
            "{id}"
        );
    }
    let titled = mailroom::people::NewAccount {
        address: "gd.a@tinh.example".into(),
        name: "Giám Đốc A".into(),
        title: "Giám đốc".into(),
        unit_code: Some("A".into()),
        ..Default::default()
    };
    town.room
        .account_add(&town.room.console(), titled, None)
        .await
        .unwrap();
    let by_title = put(|v| v["assignees"] = json!([{"unit_code": "A", "title": "giam doc"}]));
    let Put::Created(state) = town
        .room
        .assignment_put(&source, "6", by_title)
        .await
        .unwrap()
    else {
        panic!()
    };
    assert_eq!(state.assignees[0].mailbox, "gd.a@tinh.example");
}

#[tokio::test]
async fn a_source_of_a_unit_reaches_that_unit_only() {
    let town = Town::new().await;
    let source = source(&town, Some("A")).await;
    let send = put(|v| {
        v["assignees"] = json!([{"mailbox": "lan@tinh.example"}, {"mailbox": "an@tinh.example"}])
    });
    let Put::Created(state) = town.room.assignment_put(&source, "1", send).await.unwrap() else {
        panic!()
    };
    let who: Vec<(&str, bool)> = state
        .assignees
        .iter()
        .map(|one| (one.mailbox.as_str(), one.resolved))
        .collect();
    assert_eq!(
        who,
        [("so.a@tinh.example", false), ("an@tinh.example", true)]
    );
    assert_eq!(
        town.open("lan").await.assigned_counts().await.unwrap(),
        (0, 0)
    );
}

#[tokio::test]
async fn a_recall_takes_it_from_the_list_and_leaves_a_trace() {
    let town = Town::new().await;
    let source = source(&town, None).await;
    town.room
        .assignment_put(&source, "vb-1", put(|_| {}))
        .await
        .unwrap();
    let access = town.open("an").await;
    let id = access.assigned(AssignedFilter::Open, 1).await.unwrap()[0].id;
    let state = town
        .room
        .assignment_recall(&source, "vb-1", "gửi nhầm")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(state.status, "recalled");
    assert_eq!(access.assigned_counts().await.unwrap(), (0, 0));
    assert_eq!(
        access.assigned(AssignedFilter::All, 1).await.unwrap()[0].status,
        "recalled"
    );
    assert!(matches!(
        access.acknowledge(id).await,
        Err(mailroom::Error::Denied(Denied::NotAllowed))
    ));
    assert!(
        town.room
            .assignment_recall(&source, "khong", "")
            .await
            .unwrap()
            .is_none()
    );
    let audit = town.room.audit_of(&town.room.console(), 10).await.unwrap();
    assert!(
        audit
            .iter()
            .any(|row| row.2 == "assignment.recall" && row.4 == "gửi nhầm")
    );
}

#[tokio::test]
async fn tokens_end() {
    let town = Town::new().await;
    let token = town
        .room
        .source_add(&town.room.console(), "ngan", "Ngắn", None, &[], 1)
        .await
        .unwrap();
    assert!(
        town.room
            .source_sign_in("ngan", &token, IP)
            .await
            .unwrap()
            .is_some()
    );
    town.pass_ms(86_400_000);
    assert!(
        town.room
            .source_sign_in("ngan", &token, IP)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        town.room
            .source_add(&town.room.console(), "dai", "Dài", None, &[], 367)
            .await
            .is_err()
    );
}
