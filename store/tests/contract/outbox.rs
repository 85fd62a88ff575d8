//! The outbox: leases, fairness, settlements, and what administrators do to what waits.
use std::collections::HashSet;

use futures_util::future::join_all;
use store::testing::{letter, person};
use store::*;

use super::place::{NOW, Place, cases};

cases![
    one_dead_domain_starves_nobody,
    no_row_is_leased_twice,
    leases_end_by_themselves,
    a_settlement_writes_row_history_and_trace,
    urgent_rows_go_first,
    rows_can_be_held_and_dropped,
    administrators_act_on_what_fits,
    a_row_on_its_way_is_left_alone,
    what_was_sent_is_counted_with_the_letter,
    an_allowance_is_given_and_ends,
];

pub(super) async fn submit(
    store: &Store,
    account: AccountId,
    priority: i8,
    to: Vec<String>,
) -> TraceId {
    let mut one = letter(store, "Báo cáo", "y", &[], NOW);
    let trace = one.trace.as_ref().unwrap().id;
    one.submission = Some(NewSubmission {
        id: SubmissionId(store.next_id(NOW)),
        account,
        mail_from: "a@here.example".to_owned(),
        envid: Some("e1".to_owned()),
        ret: Some("HDRS".to_owned()),
        smtputf8: false,
        requiretls: true,
        priority,
        due_at: NOW,
        expires_at: NOW + 1_000_000,
        recipients: to
            .into_iter()
            .map(|recipient| NewOutbox {
                domain: recipient.split('@').nth(1).unwrap().to_owned(),
                recipient,
                notify: Some("FAILURE".to_owned()),
                orcpt: None,
                list: None,
            })
            .collect(),
    });
    store.deliver(one).await.unwrap();
    trace
}

pub(super) fn many(domain: &str, rows: usize) -> Vec<String> {
    (0..rows)
        .map(|number| format!("u{number}@{domain}"))
        .collect()
}

pub(super) fn settlement(row: &Leased, settled: Settled) -> Settlement {
    let evidence = Evidence {
        host: "mx.there.example".to_owned(),
        ip: "192.0.2.9".to_owned(),
        tls: "TLSv1.3".to_owned(),
        code: Some(451),
        text: "hẹn lại sau".to_owned(),
        ..Evidence::default()
    };
    Settlement {
        outbox: row.id,
        at: NOW + 5,
        settled,
        evidence,
        delay_noticed: false,
    }
}

async fn one_dead_domain_starves_nobody(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    submit(&store, a, 0, many("dead.example", 5_000)).await;
    let mut live = many("live.example", 1);
    live.extend(many("other.example", 3));
    submit(&store, a, 0, live).await;
    let leased = store.outbox_lease("w", NOW, 60_000, 50, 20).await.unwrap();
    let of = |domain: &str| leased.iter().filter(|row| row.domain == domain).count();
    assert_eq!(
        (of("dead.example"), of("live.example"), of("other.example")),
        (20, 1, 3)
    );
    // The domain with work left is served again, behind whoever came meanwhile.
    submit(&store, a, 0, many("new.example", 1)).await;
    let leased = store
        .outbox_lease("w", NOW + 1, 60_000, 10, 20)
        .await
        .unwrap();
    assert_eq!(leased.len(), 10);
    assert_eq!(
        leased
            .iter()
            .filter(|row| row.domain == "new.example")
            .count(),
        1
    );
    let counts = store.outbox_counts().await.unwrap();
    assert_eq!(
        (counts.due, counts.leased, counts.held),
        (5_005 - 34, 34, 0)
    );
    assert_eq!(
        store.outbox_top_domains(1).await.unwrap(),
        [("dead.example".to_owned(), 5_000)]
    );
}

async fn no_row_is_leased_twice(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    for domain in ["one.example", "two.example", "three.example"] {
        submit(&store, a, 0, many(domain, 100)).await;
    }
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let workers = ["a", "b", "c", "d"];
        let leases = workers.map(|worker| store.outbox_lease(worker, NOW, 60_000, 10, 5));
        for row in join_all(leases).await.into_iter().flat_map(Result::unwrap) {
            assert!(seen.insert(row.id), "row {} was leased twice", row.id);
            assert_eq!(row.account, a);
            assert_eq!(
                (row.envid.as_deref(), row.requiretls, row.notify.as_deref()),
                (Some("e1"), true, Some("FAILURE"))
            );
        }
    }
    assert_eq!(seen.len(), 300);
    assert!(
        store
            .outbox_lease("a", NOW, 60_000, 10, 5)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn leases_end_by_themselves(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    submit(&store, a, 0, many("one.example", 4)).await;
    assert_eq!(store.outbox_next_due().await.unwrap(), Some(NOW));
    assert_eq!(
        store
            .outbox_lease("w", NOW, 1_000, 10, 10)
            .await
            .unwrap()
            .len(),
        4
    );
    assert_eq!(store.outbox_next_due().await.unwrap(), Some(NOW + 1_000));
    assert!(
        store
            .outbox_lease("w", NOW + 999, 1_000, 10, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store
            .outbox_lease("v", NOW + 1_000, 1_000, 10, 10)
            .await
            .unwrap()
            .len(),
        4
    );
    // A worker that starts again takes back what it had.
    assert_eq!(store.outbox_release_leases("v").await.unwrap(), 4);
    assert_eq!(
        store
            .outbox_lease("v", NOW + 1_001, 1_000, 10, 10)
            .await
            .unwrap()
            .len(),
        4
    );
}

async fn a_settlement_writes_row_history_and_trace(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let trace = submit(&store, a, 0, many("one.example", 3)).await;
    let leased = store.outbox_lease("w", NOW, 60_000, 10, 10).await.unwrap();
    let later = Settled::Later {
        next_at: NOW + 600_000,
    };
    let mut delayed = settlement(&leased[1], later);
    delayed.delay_noticed = true;
    store
        .outbox_settle(vec![
            settlement(&leased[0], Settled::Sent),
            delayed,
            settlement(&leased[2], Settled::Never),
        ])
        .await
        .unwrap();
    let rows = store.outbox_of_trace(trace).await.unwrap();
    let states: Vec<_> = rows.iter().map(|row| row.state).collect();
    assert_eq!(
        states,
        [OutboxState::Sent, OutboxState::Due, OutboxState::Never]
    );
    assert_eq!((rows[1].next_at, rows[1].attempts), (NOW + 600_000, 1));
    assert_eq!(
        (rows[1].last_code, rows[1].last_text.as_deref()),
        (Some(451), Some("hẹn lại sau"))
    );
    assert_eq!(rows[1].delay_noticed_at, Some(NOW + 5));
    assert!(rows[0].ended_at.is_some() && rows[1].ended_at.is_none() && rows[2].ended_at.is_some());
    let attempts = store.attempts(rows[1].id).await.unwrap();
    assert_eq!((attempts.len(), attempts[0].outcome.as_str()), (1, "later"));
    assert_eq!(attempts[0].evidence.host, "mx.there.example");
    let (_, events) = store.trace(trace).await.unwrap().unwrap();
    for event in ["queued", "sent", "deferred", "bounced"] {
        assert!(events.iter().any(|one| one.event == event), "{event}");
    }
    assert_eq!(store.outbox_next_due().await.unwrap(), Some(NOW + 600_000));
    assert!(
        store
            .outbox_lease("w", NOW + 599_999, 1, 10, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store
            .outbox_lease("w", NOW + 600_000, 1, 10, 10)
            .await
            .unwrap()
            .len(),
        1
    );
    // A late answer about a row that ended changes nothing.
    store
        .outbox_settle(vec![settlement(&leased[0], Settled::Never)])
        .await
        .unwrap();
    assert_eq!(
        store.outbox_row(rows[0].id).await.unwrap().unwrap().state,
        OutboxState::Sent
    );
    let submission = store.submission(rows[0].submission).await.unwrap().unwrap();
    assert_eq!((submission.trace, submission.account), (trace, a));
}

async fn urgent_rows_go_first(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    submit(&store, a, 0, many("one.example", 10)).await;
    submit(&store, a, 4, many("urgent.example", 1)).await;
    let urgent = submit(&store, a, 4, vec!["chief@one.example".to_owned()]).await;
    let leased = store
        .outbox_lease("w", i64::MAX / 2, 1_000, 2, 1)
        .await
        .unwrap();
    assert_eq!(leased.len(), 2);
    assert!(leased.iter().all(|row| row.priority == 4));
    assert!(leased.iter().any(|row| row.trace == urgent));
}

async fn rows_can_be_held_and_dropped(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let trace = submit(&store, a, 0, many("one.example", 2)).await;
    let rows = store.outbox_of_trace(trace).await.unwrap();
    assert!(
        store
            .outbox_set_state(rows[0].id, OutboxState::Held, None, "chờ duyệt")
            .await
            .unwrap()
    );
    assert!(
        store
            .outbox_set_state(rows[1].id, OutboxState::Never, None, "bỏ")
            .await
            .unwrap()
    );
    assert!(
        !store
            .outbox_set_state(rows[1].id, OutboxState::Due, Some(NOW), "")
            .await
            .unwrap()
    );
    assert!(
        store
            .outbox_lease("w", NOW, 1, 10, 10)
            .await
            .unwrap()
            .is_empty()
    );
    let filter = OutboxFilter {
        state: Some(OutboxState::Held),
        ..OutboxFilter::default()
    };
    assert_eq!(store.outbox_list(&filter, 10).await.unwrap().len(), 1);
    let filter = OutboxFilter {
        recipient: "nobody@x".to_owned(),
        ..OutboxFilter::default()
    };
    assert!(store.outbox_list(&filter, 10).await.unwrap().is_empty());
    assert!(
        store
            .outbox_set_state(rows[0].id, OutboxState::Due, Some(NOW), "")
            .await
            .unwrap()
    );
    let leased = store.outbox_lease("w", NOW, 1, 10, 10).await.unwrap();
    assert_eq!(
        leased.iter().map(|row| row.id).collect::<Vec<_>>(),
        [rows[0].id]
    );
    assert!(
        !store
            .outbox_set_state(rows[0].id, OutboxState::Held, None, "")
            .await
            .unwrap(),
        "it is leased"
    );
}

fn audited() -> NewAudit {
    NewAudit {
        actor: "quantri".to_owned(),
        action: "queue.test".to_owned(),
        ..NewAudit::default()
    }
}

async fn act(store: &Store, filter: &QueueFilter, act: QueueAct, piece: usize) -> (u64, u64) {
    let (mut after, mut done) = (OutboxId(0), (0, 0));
    loop {
        let one = store
            .queue_act(filter, after, piece, act, NOW + 9, "lệnh", audited())
            .await
            .unwrap();
        done = (done.0 + one.rows, done.1 + one.leased);
        match one.last {
            Some(last) => after = last,
            None => return done,
        }
    }
}

async fn administrators_act_on_what_fits(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let trace = submit(&store, a, 0, many("one.example", 5)).await;
    submit(&store, a, 0, many("two.example", 2)).await;
    let one = QueueFilter {
        domain: "one.example".to_owned(),
        ..QueueFilter::default()
    };
    let count = store.queue_count(&one).await.unwrap();
    assert_eq!((count.due, count.held, count.leased), (5, 0, 0));
    let groups = store
        .queue_groups(&QueueFilter::default(), 10)
        .await
        .unwrap();
    let shown: Vec<_> = groups
        .iter()
        .map(|group| {
            (
                group.worst.row.domain.as_str(),
                group.number,
                group.soonest_at,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [("one.example", 5, Some(NOW)), ("two.example", 2, Some(NOW))]
    );
    // In pieces of two: every row once, one audit row for each piece.
    assert_eq!(act(&store, &one, QueueAct::Hold, 2).await, (5, 0));
    assert_eq!(
        act(&store, &one, QueueAct::Hold, 2).await,
        (0, 0),
        "held already"
    );
    assert_eq!(
        act(&store, &one, QueueAct::Retry, 2).await,
        (0, 0),
        "held is not due"
    );
    assert!(
        store
            .outbox_lease("w", NOW, 1, 10, 10)
            .await
            .unwrap()
            .iter()
            .all(|row| row.domain == "two.example")
    );
    let audits = store.audit_list("", 100).await.unwrap();
    let told: Vec<_> = audits
        .iter()
        .filter(|row| row.action == "queue.test")
        .map(|row| row.detail.clone())
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[2].starts_with("2 người nhận"), "{told:?}");
    let someone = QueueFilter {
        trace: Some(trace),
        recipient: "u3@one.example".to_owned(),
        ..QueueFilter::default()
    };
    assert_eq!(act(&store, &someone, QueueAct::Release, 9).await, (1, 0));
    assert_eq!(act(&store, &one, QueueAct::Drop, 9).await, (5, 0));
    assert!(store.queue_list(&one, 10).await.unwrap().is_empty());
    let (_, events) = store.trace(trace).await.unwrap().unwrap();
    let words: Vec<&str> = events
        .iter()
        .filter(|event| event.recipient == "u3@one.example")
        .map(|event| event.event.as_str())
        .collect();
    assert_eq!(words, ["queued", "held", "queued", "dropped"]);
}

async fn a_row_on_its_way_is_left_alone(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    submit(&store, a, 0, many("one.example", 2)).await;
    let leased = store.outbox_lease("w", NOW, 60_000, 1, 1).await.unwrap();
    let all = QueueFilter::default();
    assert_eq!(act(&store, &all, QueueAct::DropTelling, 9).await, (1, 1));
    let next = store
        .outbox_lease("w", NOW + 9, 60_000, 9, 9)
        .await
        .unwrap();
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].asked, Some(Asked::Drop));
    assert_eq!(leased[0].asked, None);
    store
        .outbox_settle(vec![settlement(
            &leased[0],
            Settled::Later {
                next_at: NOW + 90_000,
            },
        )])
        .await
        .unwrap();
    assert_eq!(act(&store, &all, QueueAct::Retry, 9).await, (1, 1));
    let again = store
        .outbox_lease("w", NOW + 9, 60_000, 9, 9)
        .await
        .unwrap();
    assert_eq!(
        (again[0].id, again[0].asked),
        (leased[0].id, Some(Asked::Retry))
    );
    // What was asked is done with the attempt.
    let later = Settled::Later { next_at: NOW + 10 };
    store
        .outbox_settle(vec![settlement(&again[0], later)])
        .await
        .unwrap();
    let rows = store.queue_list(&all, 9).await.unwrap();
    let row = rows.iter().find(|one| one.row.id == again[0].id).unwrap();
    assert_eq!((row.asked, row.row.attempts), (None, 2));
    let other = QueueFilter {
        subtree: "/1/".to_owned(),
        ..QueueFilter::default()
    };
    assert!(
        store.queue_list(&other, 9).await.unwrap().is_empty(),
        "a sender without a unit is in no subtree"
    );
}

async fn what_was_sent_is_counted_with_the_letter(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let unit = UnitId(77);
    let counted = |to: &[&str], strangers| Counted {
        account: a,
        unit: Some(unit),
        day: 20,
        recipients: to.iter().map(|one| (*one).to_owned()).collect(),
        strangers,
    };
    let send = |counted| {
        store.deliver_with(
            letter(&store, "x", "y", &[], NOW),
            Some(counted),
            Vec::new(),
        )
    };
    let sent = join_all([
        send(counted(&["x@o.example", "y@o.example"], 2)),
        send(counted(&["x@o.example"], 1)),
        send(counted(&["z@o.example"], 0)),
    ])
    .await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    for holder in [a.0, unit.0] {
        let day = store.sent_on(holder, 20).await.unwrap();
        assert_eq!((day.messages, day.recipients, day.strangers), (3, 4, 3));
        assert_eq!(store.sent_on(holder, 21).await.unwrap(), SentDay::default());
    }
    let asked: Vec<String> = ["x@o.example", "z@o.example", "neu@o.example"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(store.written_to(a, &asked).await.unwrap(), 2);
    assert!(store.alarm_once(a.0, 20, NOW).await.unwrap());
    assert!(!store.alarm_once(a.0, 20, NOW).await.unwrap());
    assert!(store.alarm_once(5, 20, NOW).await.unwrap(), "without a row");
    store.sent_reset(a.0, 20).await.unwrap();
    assert_eq!(store.sent_on(a.0, 20).await.unwrap(), SentDay::default());
    store.sent_sweep(21).await.unwrap();
    assert_eq!(store.sent_on(unit.0, 20).await.unwrap(), SentDay::default());
}

async fn an_allowance_is_given_and_ends(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let given = |messages, until_at| Allowance {
        messages,
        recipients: 2_000,
        strangers: 500,
        until_at,
        reason: "Giấy mời họp dân".into(),
        set_by: "quantri@here.example".into(),
        set_at: NOW,
    };
    assert_eq!(store.allowance(a).await.unwrap(), None);
    assert!(!store.allowance_end(a).await.unwrap());
    assert!(store.alarm_once(a.0, 20, NOW).await.unwrap());
    store.allowance_set(a, given(7, NOW + 5), 20).await.unwrap();
    assert!(
        store.alarm_once(a.0, 20, NOW).await.unwrap(),
        "the alarm may ring again"
    );
    store.allowance_set(a, given(9, NOW + 9), 20).await.unwrap();
    assert_eq!(
        store.allowance(a).await.unwrap(),
        Some(given(9, NOW + 9)),
        "the last one counts"
    );
    store.allowance_sweep(NOW + 9).await.unwrap();
    assert!(store.allowance(a).await.unwrap().is_some());
    store.allowance_sweep(NOW + 10).await.unwrap();
    assert_eq!(store.allowance(a).await.unwrap(), None);
    store.allowance_set(a, given(1, NOW), 20).await.unwrap();
    assert!(store.allowance_end(a).await.unwrap());
}
