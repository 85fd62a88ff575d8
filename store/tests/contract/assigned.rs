//! Assigned documents: revisions, states, events, reminders.
use futures_util::future::join_all;
use store::testing::person;
use store::*;

use super::place::{NOW, Place, cases};

cases![
    a_put_is_decided_by_revision_and_content,
    states_only_go_forward,
    a_recall_ends_it_for_everybody,
    lists_and_reminders,
    sources_have_two_tokens_while_they_rotate,
];

async fn source(store: &Store) -> SourceId {
    let new = NewSource {
        code: "qlvb".to_owned(),
        name: "Quản lý văn bản".to_owned(),
        token_hash: "t1".to_owned(),
        token_expires_at: NOW + 1000,
        ..NewSource::default()
    };
    store.source_add(new).await.unwrap()
}

fn assignment(source: SourceId, revision: i64, hash: &str, to: &[AccountId]) -> NewAssignment {
    NewAssignment {
        source,
        external_id: "vb-1".to_owned(),
        revision,
        content_hash: hash.to_owned(),
        action: "assign".to_owned(),
        number: "12".to_owned(),
        notation: "12/UBND".to_owned(),
        type_code: String::new(),
        type_name: "Công văn".to_owned(),
        issued_on: "2026-11-20".to_owned(),
        issuer_code: "H12".to_owned(),
        issuer_name: "UBND tỉnh".to_owned(),
        subject: "Phòng chống bão".to_owned(),
        urgency: 2,
        document: "{}".to_owned(),
        assigned_by: "Chủ tịch".to_owned(),
        assigned_at: NOW,
        instruction: "xử lý".to_owned(),
        link_url: String::new(),
        link_label: String::new(),
        notify: "{}".to_owned(),
        status: AssignmentStatus::Open,
        at: NOW,
        assignees: to
            .iter()
            .map(|account| NewAssignee {
                account: *account,
                asked: "mailbox".to_owned(),
                resolved: true,
                role: "lead".to_owned(),
                due_at: Some(NOW + 100),
                note: String::new(),
                next_remind_at: Some(NOW + 50),
            })
            .collect(),
    }
}

async fn a_put_is_decided_by_revision_and_content(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    let source = source(&store).await;
    let puts = (0..10).map(|_| store.assignment_put(assignment(source, 1, "h1", &[a])));
    let outcomes: Vec<_> = join_all(puts)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let created = outcomes
        .iter()
        .filter(|one| matches!(one, PutOutcome::Created(_)))
        .count();
    let replayed = outcomes
        .iter()
        .filter(|one| matches!(one, PutOutcome::Replayed(_)))
        .count();
    assert_eq!((created, replayed), (1, 9));
    let conflict = store
        .assignment_put(assignment(source, 1, "h2", &[a]))
        .await
        .unwrap();
    assert_eq!(conflict, PutOutcome::Conflict);
    let before = store.account(b).await.unwrap().modseq;
    let updated = store
        .assignment_put(assignment(source, 3, "h3", &[a, b]))
        .await
        .unwrap();
    assert!(matches!(updated, PutOutcome::Updated(_)));
    let stale = store
        .assignment_put(assignment(source, 2, "h2", &[a]))
        .await
        .unwrap();
    assert_eq!(stale, PutOutcome::Stale { current: 3 });
    let (held, assignees) = store.assignment(source, "vb-1").await.unwrap().unwrap();
    assert_eq!(
        (held.revision, held.content_hash.as_str(), assignees.len()),
        (3, "h3", 2)
    );
    let change = store.account_changes_since(b, before, 10).await.unwrap()[0];
    assert_eq!(
        (change.kind, change.email.0),
        (ChangeKind::Assignment, assignees[1].id.0)
    );
    // Who is no longer named has ended.
    store
        .assignment_put(assignment(source, 4, "h4", &[b]))
        .await
        .unwrap();
    let (_, assignees) = store.assignment(source, "vb-1").await.unwrap().unwrap();
    assert!(assignees[0].ended_at.is_some() && assignees[1].ended_at.is_none());
    let events = store.assignment_events(source, 0, 100).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|one| one.kind.as_str()).collect();
    assert_eq!(kinds, ["created", "updated", "updated"]);
    let rest = store
        .assignment_events(source, events[0].id.0, 100)
        .await
        .unwrap();
    assert_eq!((rest.len(), rest[0].external_id.as_str()), (2, "vb-1"));
}

async fn states_only_go_forward(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let source = source(&store).await;
    store
        .assignment_put(assignment(source, 1, "h", &[a]))
        .await
        .unwrap();
    let id = store.assignment(source, "vb-1").await.unwrap().unwrap().1[0].id;
    let by = Some(PrincipalId::from(a));
    let go = |state, at| store.assignee_advance(id, state, by, "người nhận", at);
    assert!(go(AssigneeState::Notified, NOW + 1).await.unwrap());
    assert!(go(AssigneeState::Acknowledged, NOW + 2).await.unwrap());
    assert!(!go(AssigneeState::Seen, NOW + 3).await.unwrap());
    assert!(!go(AssigneeState::Acknowledged, NOW + 4).await.unwrap());
    let (_, held) = store.assignee(id).await.unwrap().unwrap();
    assert_eq!(held.state, AssigneeState::Acknowledged);
    assert_eq!(
        (held.notified_at, held.seen_at, held.acknowledged_at),
        (Some(NOW + 1), Some(NOW + 2), Some(NOW + 2))
    );
    assert_eq!(
        (held.seen_by, held.acknowledged_by, held.next_remind_at),
        (by, by, None)
    );
    let events = store.assignment_events(source, 0, 100).await.unwrap();
    assert_eq!(events.last().unwrap().actor, "người nhận");
    assert_eq!(events.len(), 3);
}

async fn a_recall_ends_it_for_everybody(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    let source = source(&store).await;
    store
        .assignment_put(assignment(source, 1, "h", &[a, b]))
        .await
        .unwrap();
    let (held, _) = store.assignment(source, "vb-1").await.unwrap().unwrap();
    let recalled = AssignmentStatus::Recalled;
    assert!(
        store
            .assignment_status(held.id, recalled, "gửi nhầm", NOW + 1)
            .await
            .unwrap()
    );
    assert!(
        !store
            .assignment_status(held.id, recalled, "gửi nhầm", NOW + 1)
            .await
            .unwrap()
    );
    let (held, assignees) = store.assignment(source, "vb-1").await.unwrap().unwrap();
    assert_eq!(
        (held.status, held.status_reason.as_str()),
        (recalled, "gửi nhầm")
    );
    assert!(assignees.iter().all(|one| one.ended_at == Some(NOW + 1)));
    for account in [a, b] {
        assert_eq!(store.assigned_counts(account, NOW).await.unwrap(), (0, 0));
        let open = store
            .assignments_of(account, AssignedFilter::Open, 10)
            .await
            .unwrap();
        assert!(open.is_empty());
        assert_eq!(
            store
                .assignments_of(account, AssignedFilter::All, 10)
                .await
                .unwrap()
                .len(),
            1
        );
    }
}

async fn lists_and_reminders(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let source = source(&store).await;
    for number in 0..3 {
        let mut one = assignment(source, 1, "h", &[a]);
        one.external_id = format!("vb-{number}");
        one.assignees[0].due_at = (number > 0).then_some(NOW + 100 * number);
        one.urgency = 0;
        store.assignment_put(one).await.unwrap();
    }
    let names = |rows: Vec<(Assignment, Assignee)>| -> Vec<String> {
        rows.into_iter().map(|(one, _)| one.external_id).collect()
    };
    let open = store
        .assignments_of(a, AssignedFilter::Open, 10)
        .await
        .unwrap();
    assert_eq!(
        names(open),
        ["vb-1", "vb-2", "vb-0"],
        "the nearest deadline first"
    );
    let overdue = AssignedFilter::Overdue { now: NOW + 150 };
    assert_eq!(
        names(store.assignments_of(a, overdue, 10).await.unwrap()),
        ["vb-1"]
    );
    let soon = AssignedFilter::DueSoon {
        now: NOW + 150,
        until: NOW + 300,
    };
    assert_eq!(
        names(store.assignments_of(a, soon, 10).await.unwrap()),
        ["vb-2"]
    );
    assert_eq!(store.assigned_counts(a, NOW + 150).await.unwrap(), (3, 1));
    assert!(
        store
            .assignments_due_for_reminder(NOW + 49, 10)
            .await
            .unwrap()
            .is_empty()
    );
    let due = store
        .assignments_due_for_reminder(NOW + 50, 10)
        .await
        .unwrap();
    assert_eq!(due.len(), 3);
    store
        .assignee_reminded(due[0].1.id, Some(NOW + 80))
        .await
        .unwrap();
    store.assignee_reminded(due[1].1.id, None).await.unwrap();
    assert_eq!(
        store
            .assignments_due_for_reminder(NOW + 50, 10)
            .await
            .unwrap()
            .len(),
        1
    );
    let again = store
        .assignments_due_for_reminder(NOW + 80, 10)
        .await
        .unwrap();
    assert_eq!(again.len(), 2);
    assert!(again.iter().any(|(_, one)| one.reminded == 1));
}

async fn sources_have_two_tokens_while_they_rotate(place: &Place) {
    let store = place.open().await;
    let id = source(&store).await;
    store.source_next_token(id, "t2", NOW + 2000).await.unwrap();
    for token in ["t1", "t2"] {
        assert!(
            store
                .source_by_token_hash(token)
                .await
                .unwrap()
                .is_some_and(|one| one.id == id)
        );
    }
    assert!(store.source_by_token_hash("t3").await.unwrap().is_none());
    assert!(
        store
            .source_by_code("qlvb")
            .await
            .unwrap()
            .is_some_and(|one| one.active)
    );
    assert_eq!(store.sources().await.unwrap().len(), 1);
}
