//! Who has met whom: told once however often, in one batch too; forgotten by age and beyond a number.
use futures_util::future::join_all;
use store::testing::{letter, person};
use store::{AccountId, Met, TraceId};

use super::place::{NOW, Place, cases};

cases![meetings_are_kept_and_forgotten];

async fn meetings_are_kept_and_forgotten(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let met = |who: &str, heard, at| Met {
        account: a,
        who: who.into(),
        heard,
        at,
    };
    let all = vec![
        met("k@x.example", true, NOW),
        met("k@x.example", false, NOW + 1),
    ];
    // Letters of one batch may name the same pair.
    let sent = join_all((0..3).map(|_| {
        store.deliver_beside(
            letter(&store, "x", "y", &[a], NOW),
            None,
            Vec::new(),
            all.clone(),
        )
    }))
    .await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    let more: Vec<Met> = (0..10)
        .map(|n| met(&format!("k{n}@x.example"), true, NOW + 10 + n))
        .collect();
    store
        .deliver_beside(letter(&store, "x", "y", &[a], NOW), None, Vec::new(), more)
        .await
        .unwrap();
    let ask = async |who: &str| {
        let pairs = [(a, who.to_owned()), (AccountId(0), who.to_owned())];
        store.have_met(&pairs).await.unwrap()
    };
    assert_eq!(ask("k@x.example").await, [a]);
    assert_eq!(ask("m@x.example").await, []);
    assert!(store.have_met(&[]).await.unwrap().is_empty());
    assert_eq!(store.met_sweep(NOW + 1, 100).await.unwrap(), 0);
    assert_eq!(store.met_sweep(NOW + 2, 100).await.unwrap(), 1);
    assert_eq!(ask("k@x.example").await, []);
    assert_eq!(
        store.met_sweep(NOW, 4).await.unwrap(),
        6,
        "the longest silent ones"
    );
    assert_eq!(
        (ask("k5@x.example").await, ask("k6@x.example").await),
        (vec![], vec![a])
    );
    assert!(!store.noted_at_arrival(TraceId(1), "first").await.unwrap());
}
