//! Accounts and mailboxes.
use store::testing::{letter, person};
use store::*;

use super::place::{NOW, Place, cases};

cases![
    an_account_has_its_special_mailboxes,
    a_name_used_again_has_a_higher_uidvalidity,
    renaming_takes_the_children_along,
    settings_and_subscriptions_are_kept,
];

async fn an_account_has_its_special_mailboxes(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let mailboxes = store.mailboxes(a).await.unwrap();
    assert_eq!(mailboxes.len(), Role::ALL.len());
    assert!(
        mailboxes
            .iter()
            .all(|one| one.subscribed && one.uid_next == 1 && one.uid_validity > 0)
    );
    for role in Role::ALL {
        assert_eq!(
            store.mailbox_by_role(a, role).await.unwrap().name,
            role.name()
        );
    }
    assert!(matches!(
        store.mailbox_create(a, "INBOX").await,
        Err(Error::Exists(_))
    ));
    assert!(matches!(
        store.account(AccountId(3)).await,
        Err(Error::Missing(_))
    ));
}

async fn a_name_used_again_has_a_higher_uidvalidity(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let mut last = 0;
    for _ in 0..5 {
        let made = store.mailbox_create(a, "Dự án/2026").await.unwrap();
        assert!(
            made.uid_validity > last,
            "{} after {last}",
            made.uid_validity
        );
        last = made.uid_validity;
        store
            .deliver(letter(&store, "x", "y", &[a], NOW))
            .await
            .unwrap();
        let inbox = store.mailbox_by_role(a, Role::Inbox).await.unwrap().id;
        let uid = store.index(inbox).await.unwrap().last().unwrap().uid;
        store.copy(inbox, &[uid], made.id).await.unwrap();
        store.mailbox_delete(made.id).await.unwrap();
        assert!(store.mailbox(made.id).await.unwrap().is_none());
        assert!(store.index(made.id).await.unwrap().is_empty());
    }
    let inbox = store.mailbox_by_role(a, Role::Inbox).await.unwrap();
    assert_eq!(store.account(a).await.unwrap().used_bytes, inbox.bytes);
    let kinds: Vec<_> = store
        .account_changes_since(a, 0, 1000)
        .await
        .unwrap()
        .iter()
        .map(|one| one.kind)
        .filter(|kind| {
            matches!(
                kind,
                ChangeKind::MailboxCreated | ChangeKind::MailboxDestroyed
            )
        })
        .collect();
    assert_eq!(kinds.len(), Role::ALL.len() + 10);
}

async fn renaming_takes_the_children_along(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    for name in ["Họp", "Họp/2025", "Họp/2025/Quý 1", "Họp báo"] {
        store.mailbox_create(a, name).await.unwrap();
    }
    let before = store.mailbox_by_name(a, "Họp/2025").await.unwrap().unwrap();
    store.mailbox_rename(a, "Họp", "Cuộc họp").await.unwrap();
    let names: Vec<_> = store
        .mailboxes(a)
        .await
        .unwrap()
        .into_iter()
        .filter(|one| one.role.is_none())
        .map(|one| one.name)
        .collect();
    for name in [
        "Cuộc họp",
        "Cuộc họp/2025",
        "Cuộc họp/2025/Quý 1",
        "Họp báo",
    ] {
        assert!(names.iter().any(|one| one == name), "{name} in {names:?}");
    }
    assert_eq!(names.len(), 4);
    let after = store
        .mailbox_by_name(a, "Cuộc họp/2025")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (after.id, after.uid_validity),
        (before.id, before.uid_validity)
    );
    let taken = store.mailbox_rename(a, "Họp báo", "Cuộc họp").await;
    assert!(matches!(taken, Err(Error::Exists(_))), "{taken:?}");
    assert!(
        store.mailbox_by_name(a, "Họp báo").await.unwrap().is_some(),
        "nothing was renamed"
    );
    assert!(matches!(
        store.mailbox_rename(a, "Không có", "x").await,
        Err(Error::Missing(_))
    ));
}

async fn settings_and_subscriptions_are_kept(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    store
        .account_settings_set(a, "{\"discreet\":true}".to_owned())
        .await
        .unwrap();
    store.account_quota_set(a, 42).await.unwrap();
    let junk = store.mailbox_by_role(a, Role::Junk).await.unwrap();
    store.mailbox_subscribe(junk.id, false).await.unwrap();
    store.setting_set("vapid", "1").await.unwrap();
    store.setting_set("vapid", "2").await.unwrap();
    store.close().await;
    let store = place.open().await;
    let account = store.account(a).await.unwrap();
    assert_eq!(
        (account.settings.as_str(), account.quota_bytes),
        ("{\"discreet\":true}", 42)
    );
    assert!(!store.mailbox(junk.id).await.unwrap().unwrap().subscribed);
    assert_eq!(store.setting("vapid").await.unwrap().as_deref(), Some("2"));
    assert_eq!(store.setting("nothing").await.unwrap(), None);
    assert_eq!(store.stats().await.unwrap().accounts, 1);
}
