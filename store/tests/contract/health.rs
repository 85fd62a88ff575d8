//! What an examination counts: failed deliveries, lost encryption, full mailboxes, people who stay away, units without a clerk.
use store::testing::{letter, person};
use store::*;

use super::outbox::{many, settlement, submit};
use super::place::{NOW, Place, cases};

cases![
    failed_deliveries_are_counted,
    mailboxes_people_and_units_are_counted,
];

async fn failed_deliveries_are_counted(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    submit(&store, a, 0, many("there.example", 2)).await;
    let leased = store.outbox_lease("w", NOW, 60_000, 50, 20).await.unwrap();
    let mut late = settlement(&leased[0], Settled::Later { next_at: NOW + 60 });
    late.evidence.certificate = "clear text: TLS handshake".to_owned();
    let sent = settlement(&leased[1], Settled::Sent);
    store.outbox_settle(vec![late, sent]).await.unwrap();
    let once = |name: &str, example: &str| Often {
        name: name.to_owned(),
        times: 1,
        example: example.to_owned(),
    };
    let failing = store.failing_domains(0, 5).await.unwrap();
    assert_eq!(failing, [once("there.example", "hẹn lại sau")]);
    let clear = store.unencrypted_hosts(0, 5).await.unwrap();
    let words = "clear text: TLS handshake";
    assert_eq!(clear, [once("mx.there.example", words)]);
    let sent_to = store.sent_to(0, 5).await.unwrap();
    assert_eq!(sent_to, [("192.0.2.9".to_owned(), NOW + 5)]);
    let events = store.events_since(0).await.unwrap();
    let of = |name: &str| events.iter().find(|one| one.0 == name).map(|one| one.1);
    assert_eq!(of("sent"), Some(1), "{events:?}");
    // Nothing of it was after the end of time.
    assert!(store.failing_domains(i64::MAX, 5).await.unwrap().is_empty());
    assert!(store.events_since(i64::MAX).await.unwrap().is_empty());
    assert_eq!(store.junk_rescued(0).await.unwrap(), 0);
    assert_eq!(store.quarantined_before(i64::MAX).await.unwrap(), (0, None));
    assert!(store.oldest_trace().await.unwrap().is_some());
}

async fn mailboxes_people_and_units_are_counted(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let fullness = store.fullness().await.unwrap();
    assert_eq!((fullness.accounts, fullness.full), (1, 0));
    store.account_quota_set(a, 1).await.unwrap();
    store
        .deliver(letter(&store, "Đầy", "y", &[a], NOW))
        .await
        .unwrap();
    let came = store.came_from(0, 5).await.unwrap();
    assert_eq!(came, [("192.0.2.1".to_owned(), NOW)]);
    let fullness = store.fullness().await.unwrap();
    assert_eq!((fullness.full, fullness.nearly), (1, 1));
    assert_eq!(store.fullest(5).await.unwrap()[0].0, "a@here.example");
    let people = store.attendance(i64::MAX).await.unwrap();
    assert_eq!((people.people, people.away, people.never), (1, 1, 1));
    assert_eq!(store.attendance(0).await.unwrap().away, 0);
    assert!(store.push_answers().await.unwrap().is_empty());
    assert!(store.sources_heard(0, 5).await.unwrap().is_empty());
    let unit = NewUnit {
        code: "000.00.12.H99".to_owned(),
        name: "Sở Nội vụ".to_owned(),
        ..NewUnit::default()
    };
    let unit = store.unit_add(unit).await.unwrap();
    let without = store.units_without_clerk(NOW, 5).await.unwrap();
    let named = ("000.00.12.H99".to_owned(), "Sở Nội vụ".to_owned());
    assert_eq!(without, [named]);
    // A mailbox that nobody keeps is as good as none.
    store.unit_records_set(unit, Some(a)).await.unwrap();
    assert_eq!(store.units_without_clerk(NOW, 5).await.unwrap().len(), 1);
}
