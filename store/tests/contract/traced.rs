//! The trace of what was sent and refused: found by what people know, forgotten when it is old.
use store::testing::{letter, person};
use store::*;

use super::outbox::{many, submit};
use super::place::{NOW, Place, cases};

cases![
    the_trace_is_found_by_what_people_know,
    refusals_are_traced,
    old_traces_are_forgotten,
];

async fn the_trace_is_found_by_what_people_know(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    for number in 0..60 {
        let subject = if number == 7 {
            "Giấy mời họp khẩn"
        } else {
            "Thông báo"
        };
        store
            .deliver(letter(&store, subject, "y", &[a], NOW + number))
            .await
            .unwrap();
    }
    let all = store
        .trace_find(&TraceFilter::default(), 100)
        .await
        .unwrap();
    assert_eq!(all.len(), 60);
    assert!(
        all.windows(2).all(|two| two[0].at >= two[1].at),
        "newest first"
    );
    let find = |filter: TraceFilter| {
        let store = store.clone();
        async move { store.trace_find(&filter, 100).await.unwrap().len() }
    };
    let none = TraceFilter::default;
    assert_eq!(
        find(TraceFilter {
            subject: "giay moi".to_owned(),
            ..none()
        })
        .await,
        1
    );
    assert_eq!(
        find(TraceFilter {
            sender: "an@outside.example".to_owned(),
            ..none()
        })
        .await,
        60
    );
    assert_eq!(
        find(TraceFilter {
            sender: "x@y".to_owned(),
            ..none()
        })
        .await,
        0
    );
    assert_eq!(
        find(TraceFilter {
            recipient: format!("{a}@here.example"),
            ..none()
        })
        .await,
        60
    );
    assert_eq!(
        find(TraceFilter {
            recipient: "b@c".to_owned(),
            ..none()
        })
        .await,
        0
    );
    assert_eq!(
        find(TraceFilter {
            from_at: Some(NOW + 50),
            ..none()
        })
        .await,
        10
    );
    assert_eq!(
        find(TraceFilter {
            until_at: Some(NOW + 50),
            ..none()
        })
        .await,
        50
    );
    assert_eq!(
        store
            .trace_find(
                &TraceFilter {
                    subject: "giay moi".to_owned(),
                    ..none()
                },
                1
            )
            .await
            .unwrap()[0]
            .subject,
        "Giấy mời họp khẩn"
    );
    let id = all[3].message_id.clone().unwrap();
    assert_eq!(
        find(TraceFilter {
            message_id: id,
            ..none()
        })
        .await,
        1
    );
}

async fn refusals_are_traced(place: &Place) {
    let store = place.open().await;
    let mut ids = Vec::new();
    for _ in 0..700 {
        let mut trace = letter(&store, "", "", &[], NOW).trace.unwrap();
        trace.events.push(NewEvent {
            recipient: "nobody@here.example".to_owned(),
            event: "refused",
            code: Some(550),
            detail: "5.1.1".to_owned(),
        });
        ids.push(trace.id);
        assert!(store.trace_refusal(trace));
    }
    store.close().await;
    let store = place.open().await;
    for id in ids {
        let (_, events) = store.trace(id).await.unwrap().expect("traced");
        assert_eq!(
            (events[0].event.as_str(), events[0].code),
            ("refused", Some(550))
        );
    }
    assert_eq!(store.refusals_dropped(), 0);
}

async fn old_traces_are_forgotten(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let waiting = submit(&store, a, 0, many("one.example", 1)).await;
    let ended = submit(&store, a, 0, many("two.example", 2)).await;
    for row in store.outbox_of_trace(ended).await.unwrap() {
        assert!(
            store
                .outbox_set_state(row.id, OutboxState::Never, None, "")
                .await
                .unwrap()
        );
    }
    let placed = store
        .deliver(letter(&store, "x", "y", &[a], NOW + 10))
        .await
        .unwrap();
    assert_eq!(store.sweep_traces(NOW + 5).await.unwrap(), 1);
    assert!(store.trace(ended).await.unwrap().is_none());
    assert!(store.outbox_of_trace(ended).await.unwrap().is_empty());
    assert!(
        store.trace(waiting).await.unwrap().is_some(),
        "it still waits to be sent"
    );
    assert_eq!(store.outbox_of_trace(waiting).await.unwrap().len(), 1);
    assert!(
        store
            .trace_of_email(placed[0].email)
            .await
            .unwrap()
            .is_some(),
        "young"
    );
    assert_eq!(store.sweep_traces(NOW + 11).await.unwrap(), 1);
    let inbox = store.mailbox_by_role(a, Role::Inbox).await.unwrap().id;
    assert!(
        store.email_at(inbox, 1).await.unwrap().is_some(),
        "the letter itself stays"
    );
}
