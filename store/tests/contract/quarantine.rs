//! Letters kept apart: on disk, in no mailbox, found by no search, told of once, and ended once.
use store::testing::{letter, person};
use store::*;

use super::mail::{inbox, uids};
use super::place::{NOW, Place, cases};

cases![
    a_letter_kept_apart_is_in_no_mailbox_and_stays,
    it_ends_once_as_a_letter_or_not_at_all,
];

const WEEK: i64 = 7 * 86_400_000;

fn suspicious(store: &Store, to: &[AccountId]) -> (Delivery, TraceId) {
    let mut delivery = letter(store, "Hóa đơn", "mở tệp đính kèm", to, NOW);
    let trace = delivery.trace.as_mut().unwrap();
    for copy in &mut delivery.copies {
        copy.target = Target::Quarantine;
        trace.events.push(NewEvent {
            recipient: copy.recipient.clone(),
            event: "quarantined",
            code: Some(250),
            detail: "an attached program".to_owned(),
        });
    }
    let trace = trace.id;
    (delivery, trace)
}

fn taken(who: &str) -> NewEvent {
    NewEvent {
        recipient: who.to_owned(),
        event: "released",
        code: None,
        detail: String::new(),
    }
}

async fn a_letter_kept_apart_is_in_no_mailbox_and_stays(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    let (delivery, trace) = suspicious(&store, &[a, b]);
    let raw = delivery.body.raw.clone();
    assert_eq!(store.deliver(delivery).await.unwrap(), []);
    assert_eq!(inbox(&store, a).await.total, 0);
    let found = store.quarantine(a, None, 10).await.unwrap();
    let [one] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        (one.reason.as_str(), one.subject.as_str(), one.trace),
        ("an attached program", "Hóa đơn", Some(trace))
    );
    assert_eq!(store.quarantine(a, Some(one.id), 10).await.unwrap(), []);
    assert_eq!(store.quarantine_count(b).await.unwrap(), 1);
    let words = Clause {
        field: Field::Any,
        words: vec!["hoa".to_owned(), "don".to_owned()],
        phrase: false,
        prefix: false,
    };
    assert_eq!(store.search(a, &[words], 10).await.unwrap(), []);
    // No age makes its bytes go.
    assert_eq!(store.sweep_bodies(NOW + 400 * WEEK).await.unwrap(), 0);
    assert_eq!(store.body(one.body).await.unwrap(), raw);
    assert_eq!(
        store.quarantined_before(NOW + 1).await.unwrap(),
        (2, Some(NOW))
    );
    assert_eq!(store.quarantined_before(NOW).await.unwrap().0, 0);
    let untold = store.quarantine_untold(10).await.unwrap();
    assert_eq!(
        untold
            .iter()
            .map(|one| (one.account, one.letters))
            .collect::<Vec<_>>(),
        [(a, 1), (b, 1)]
    );
    store.quarantine_told(untold[0]).await.unwrap();
    let untold = store.quarantine_untold(10).await.unwrap();
    assert_eq!(untold.len(), 1, "{untold:?}");
}

async fn it_ends_once_as_a_letter_or_not_at_all(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    let (delivery, trace) = suspicious(&store, &[a, b]);
    store.deliver(delivery).await.unwrap();
    let of_a = store.quarantine(a, None, 10).await.unwrap().remove(0);
    let of_b = store.quarantine(b, None, 10).await.unwrap().remove(0);
    let again = |to| {
        let mut delivery = letter(&store, "Hóa đơn", "mở tệp đính kèm", &[to], NOW);
        delivery.trace = None;
        Some(delivery)
    };
    // Nobody takes another's.
    let end = store
        .quarantine_end(b, of_a.id, again(b), NOW, taken("b"))
        .await;
    assert!(!end.unwrap());
    let end = store
        .quarantine_end(a, of_a.id, again(a), NOW, taken("a"))
        .await;
    assert!(end.unwrap());
    let end = store
        .quarantine_end(a, of_a.id, again(a), NOW, taken("a"))
        .await;
    assert!(!end.unwrap(), "twice");
    let mailbox = inbox(&store, a).await;
    assert_eq!(mailbox.total, 1);
    assert_eq!(uids(&store, mailbox.id).await, [1]);
    let (_, events) = store.trace(trace).await.unwrap().unwrap();
    let words: Vec<&str> = events.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(words, ["quarantined", "quarantined", "released"]);
    let end = store
        .quarantine_end(b, of_b.id, None, NOW, taken("b"))
        .await;
    assert!(end.unwrap());
    assert_eq!(inbox(&store, b).await.total, 0);
    // Now that nobody keeps it apart, the first body goes; the letter in the Inbox has its own.
    assert!(store.sweep_bodies(NOW + 400 * WEEK).await.unwrap() >= 1);
    let email = store
        .list(mailbox.id, None, 1, ListFilter::default())
        .await
        .unwrap();
    assert_eq!(email[0].trace, Some(trace));
    assert!(store.body(email[0].body).await.is_ok());
}
