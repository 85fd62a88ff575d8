//! The change log's end: what goes, what stays, and that nobody is told less than there was.
use store::testing::{letter, person};
use store::*;

use super::place::{NOW, Place, cases};

cases![
    old_changes_go_without_gaps,
    a_slow_cursor_holds_the_log_for_a_time,
    slips_that_ran_out_go,
];

/// The writer's own clock stamps changes: everything made here is younger than this.
const LATER: i64 = i64::MAX / 2;

async fn with_letters(place: &Place, letters: usize) -> (Store, AccountId, MailboxId) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    for _ in 0..letters {
        store
            .deliver(letter(&store, "x", "y", &[a], NOW))
            .await
            .unwrap();
    }
    let inbox = store.mailbox_by_role(a, Role::Inbox).await.unwrap().id;
    (store, a, inbox)
}

async fn old_changes_go_without_gaps(place: &Place) {
    let (store, a, inbox) = with_letters(place, 5).await;
    store.remove(inbox, &[2]).await.unwrap();
    let all = store.account_changes_since(a, 0, 100).await.unwrap();
    let (first, newest) = (all[0].modseq, all.last().unwrap().modseq);
    assert_eq!(store.changes_trim(0, 0).await.unwrap(), 0, "nothing is old");
    assert!(store.changes_reach(a, first).await.unwrap());
    let trimmed = store.changes_trim(LATER, 0).await.unwrap();
    assert_eq!(trimmed, all.len() as u64 - 1, "the newest row stays");
    let left = store.account_changes_since(a, 0, 100).await.unwrap();
    assert_eq!(left, all[all.len() - 1..]);
    for (modseq, reaches) in [
        (0, false),
        (first, false),
        (newest - 2, false),
        (newest - 1, true),
        (newest, true),
    ] {
        let found = store.changes_reach(a, modseq).await.unwrap();
        assert_eq!(found, reaches, "after {modseq} of {newest}");
    }
    // What comes after is logged and found as before.
    store
        .deliver(letter(&store, "x", "y", &[a], NOW))
        .await
        .unwrap();
    assert_eq!(store.changes_since(inbox, newest).await.unwrap().len(), 1);
    assert_eq!(store.changes_trim(LATER, 0).await.unwrap(), 1);
}

async fn a_slow_cursor_holds_the_log_for_a_time(place: &Place) {
    let (store, a, _) = with_letters(place, 2).await;
    let device = NewSubscription {
        principal: PrincipalId::from(a),
        endpoint: "https://push.example/1".to_owned(),
        p256dh: String::new(),
        auth: String::new(),
        device: "phone".to_owned(),
        session_hash: None,
        at: NOW,
    };
    store.subscription_put(device).await.unwrap();
    for _ in 0..3 {
        store
            .deliver(letter(&store, "x", "y", &[a], NOW))
            .await
            .unwrap();
    }
    let all = store.account_changes_since(a, 0, 100).await.unwrap();
    store.changes_trim(LATER, 0).await.unwrap();
    let left = store.account_changes_since(a, 0, 100).await.unwrap();
    assert_eq!(left, all[all.len() - 3..], "the device is owed three");
    store.changes_trim(LATER, LATER).await.unwrap();
    let left = store.account_changes_since(a, 0, 100).await.unwrap();
    assert_eq!(left, all[all.len() - 1..], "but not for ever");
}

async fn slips_that_ran_out_go(place: &Place) {
    let (store, a, _) = with_letters(place, 0).await;
    for (kind, expires_at) in [
        (CredentialKind::Recovery, Some(NOW)),
        (CredentialKind::Recovery, Some(NOW + 10)),
        (CredentialKind::Password, None),
    ] {
        let credential = NewCredential {
            principal: PrincipalId::from(a),
            kind,
            name: String::new(),
            secret_hash: "x".to_owned(),
            lookup: None,
            created_by: None,
            created_at: NOW,
            expires_at,
        };
        store.credential_add(credential).await.unwrap();
    }
    assert_eq!(store.slips_sweep(NOW + 5).await.unwrap(), 1);
    assert_eq!(store.slips_sweep(NOW + 5).await.unwrap(), 0);
    let mut left = 0;
    for kind in [CredentialKind::Recovery, CredentialKind::Password] {
        let kept = store.credentials_of(PrincipalId::from(a), kind).await;
        left += kept.unwrap().len();
    }
    assert_eq!(left, 2);
}
