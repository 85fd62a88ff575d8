//! What administrators reach and what owners are told: letters of a subtree in the trace, mailboxes that grow full, verifiers of
//! a secret that does not travel.
use store::testing::letter;
use store::*;

use super::place::{NOW, Place, cases};

cases![
    letters_of_a_subtree_are_found,
    owners_are_told_of_a_filling_mailbox_once,
    scram_verifiers_are_kept_with_their_secret,
];

async fn unit(store: &Store, code: &str, parent: Option<UnitId>) -> (UnitId, String) {
    let new = NewUnit {
        code: code.to_owned(),
        name: code.to_owned(),
        parent,
        ..NewUnit::default()
    };
    let id = store.unit_add(new).await.unwrap();
    (id, store.unit(id).await.unwrap().unwrap().path)
}

async fn somebody(store: &Store, address: &str, unit: Option<UnitId>) -> PrincipalId {
    let new = NewPrincipal {
        name: address.to_owned(),
        addresses: vec![address.to_owned()],
        quota_bytes: 1 << 30,
        unit,
        ..NewPrincipal::default()
    };
    store.principal_add(new).await.unwrap()
}

async fn letters_of_a_subtree_are_found(place: &Place) {
    let store = place.open().await;
    let (top, top_path) = unit(&store, "H12", None).await;
    let (district, district_path) = unit(&store, "01.H12", Some(top)).await;
    let (_, other_path) = unit(&store, "02.H12", Some(top)).await;
    let (commune, commune_path) = unit(&store, "01.01.H12", Some(district)).await;
    let clerk = somebody(&store, "xa@here.example", Some(commune)).await;
    somebody(&store, "ngoai@here.example", None).await;
    // One came for the commune, written in capitals; one was handed in there; one is about nobody of any unit.
    for (sender, recipient) in [
        (None, "XA@here.example"),
        (Some(clerk), "ai@outside.example"),
        (None, "ngoai@here.example"),
    ] {
        let mut letter = letter(&store, "x", "y", &[], NOW);
        let trace = letter.trace.as_mut().unwrap();
        trace.principal = sender;
        trace.events.push(NewEvent {
            recipient: recipient.to_owned(),
            event: "refused",
            code: Some(550),
            detail: "5.1.1".to_owned(),
        });
        let trace = letter.trace.take().unwrap();
        assert!(store.trace_refusal(trace));
    }
    store.close().await;
    let store = place.open().await;
    let found = async |subtree: &str, recipient: &str| {
        let filter = TraceFilter {
            subtree: subtree.to_owned(),
            recipient: recipient.to_owned(),
            ..TraceFilter::default()
        };
        store.trace_find(&filter, 10).await.unwrap().len()
    };
    assert_eq!(found("", "").await, 3);
    for path in [&top_path, &district_path, &commune_path] {
        assert_eq!(found(path, "").await, 2, "{path}");
        assert_eq!(found(path, "XA@here.example").await, 1, "{path}");
        assert_eq!(found(path, "ngoai@here.example").await, 0, "{path}");
    }
    assert_eq!(found(&other_path, "").await, 0);
}

async fn owners_are_told_of_a_filling_mailbox_once(place: &Place) {
    let store = place.open().await;
    let a = AccountId::from(somebody(&store, "a@here.example", None).await);
    let b = AccountId::from(somebody(&store, "b@here.example", None).await);
    let text = "x".repeat(4_000);
    let sent = letter(&store, "Đầy", &text, &[a, b], NOW);
    store.deliver(sent).await.unwrap();
    let used = store.account(a).await.unwrap().used_bytes;
    assert!(used > 4_000);
    assert_eq!(store.filling().await.unwrap(), []);
    // Exactly eight tenths, and one byte of quota more.
    store.account_quota_set(a, used * 10 / 8).await.unwrap();
    store.account_quota_set(b, used * 2).await.unwrap();
    let filling = store.filling().await.unwrap();
    assert_eq!(filling.len(), 1, "{filling:?}");
    let one = filling[0];
    assert_eq!((one.account, one.used_bytes, one.told), (a, used, 0));
    assert!(store.filling_told(one, 80).await.unwrap());
    assert!(
        !store.filling_told(one, 80).await.unwrap(),
        "somebody was first"
    );
    assert_eq!(store.filling().await.unwrap()[0].told, 80);
    // Who has room again is listed until that is noted, and then no more.
    store.account_quota_set(a, 1 << 30).await.unwrap();
    let again = store.filling().await.unwrap();
    assert_eq!((again.len(), again[0].told), (1, 80));
    assert!(store.filling_told(again[0], 0).await.unwrap());
    assert_eq!(store.filling().await.unwrap(), []);
    // No quota is no limit.
    store.account_quota_set(b, 0).await.unwrap();
    assert_eq!(store.filling().await.unwrap(), []);
}

async fn scram_verifiers_are_kept_with_their_secret(place: &Place) {
    let store = place.open().await;
    let a = somebody(&store, "a@here.example", None).await;
    let kind = CredentialKind::AppPassword;
    let key = NewCredential {
        principal: a,
        kind,
        name: "điện thoại".to_owned(),
        secret_hash: "hash".to_owned(),
        lookup: None,
        created_by: None,
        created_at: NOW,
        expires_at: None,
    };
    let id = store.credential_add(key).await.unwrap();
    let kept = async |id| store.credential(id).await.unwrap().unwrap().scram;
    assert_eq!(kept(id).await, None);
    let verifiers = "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy";
    store.credential_scram_set(id, verifiers).await.unwrap();
    assert_eq!(kept(id).await.as_deref(), Some(verifiers));
    let all = store.credentials_of(a, kind).await.unwrap();
    assert_eq!(all[0].scram.as_deref(), Some(verifiers));
    // A secret that is gone gets none.
    store.credential_revoke(id, NOW).await.unwrap();
    assert!(store.credential_scram_set(id, "other").await.is_err());
    assert_eq!(kept(id).await.as_deref(), Some(verifiers));
}
