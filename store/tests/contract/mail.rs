//! Deliveries, UIDs, MODSEQs, flags, copies, moves, expunges.
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use futures_util::future::join_all;
use store::testing::{letter, person};
use store::*;

use super::place::{NOW, Place, cases};

cases![
    statements_are_understood,
    a_delivery_writes_all_it_stands_for,
    a_delivery_is_all_or_nothing,
    a_failing_delivery_fails_alone,
    uids_rise_and_are_never_used_again,
    flags_follow_condstore,
    keywords_are_kept_sorted,
    copies_share_the_body,
    moves_are_atomic_and_keep_the_email,
    expunge_takes_deleted_only,
    a_draft_is_replaced_in_the_same_transaction,
];

pub async fn inbox(store: &Store, account: AccountId) -> Mailbox {
    store.mailbox_by_role(account, Role::Inbox).await.unwrap()
}

pub async fn uids(store: &Store, mailbox: MailboxId) -> Vec<u32> {
    store
        .index(mailbox)
        .await
        .unwrap()
        .iter()
        .map(|row| row.uid)
        .collect()
}

async fn statements_are_understood(place: &Place) {
    assert!(place.open().await.prepare_all().await.unwrap() > 150);
}

async fn a_delivery_writes_all_it_stands_for(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    let mut delivery = letter(&store, "Giấy mời", "họp", &[a, b], NOW);
    delivery.copies[1].target = Target::Role(Role::Junk);
    delivery.submission = Some(NewSubmission {
        id: SubmissionId(store.next_id(NOW)),
        account: a,
        mail_from: "a@here.example".to_owned(),
        envid: None,
        ret: None,
        smtputf8: true,
        requiretls: false,
        priority: 0,
        due_at: NOW,
        expires_at: NOW + 1000,
        recipients: vec![NewOutbox {
            recipient: "x@there.example".to_owned(),
            domain: "there.example".to_owned(),
            notify: None,
            orcpt: None,
            list: None,
        }],
    });
    let (raw, size) = (delivery.body.raw.clone(), delivery.body.raw.len());
    let trace = delivery.trace.as_ref().unwrap().id;
    let before = store.account(a).await.unwrap();
    let placed = store.deliver(delivery).await.unwrap();
    assert_eq!(
        placed.iter().map(|one| one.account).collect::<Vec<_>>(),
        [a, b]
    );
    let box_a = inbox(&store, a).await;
    assert_eq!((box_a.total, box_a.unseen, box_a.uid_next), (1, 1, 2));
    assert_eq!((box_a.bytes, box_a.modseq), (size as i64, placed[0].modseq));
    assert_eq!(
        placed[1].mailbox,
        store.mailbox_by_role(b, Role::Junk).await.unwrap().id
    );
    let account = store.account(a).await.unwrap();
    assert_eq!(
        (account.used_bytes, account.modseq),
        (size as i64, before.modseq + 1)
    );
    let email = store.email(a, placed[0].email).await.unwrap().unwrap();
    assert_eq!(
        (email.subject.as_str(), email.trace),
        ("Giấy mời", Some(trace))
    );
    assert!(
        store.email(b, placed[0].email).await.unwrap().is_none(),
        "not another's"
    );
    assert_eq!(store.body(email.body).await.unwrap(), raw);
    let changes = store
        .account_changes_since(a, before.modseq, 10)
        .await
        .unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].kind, changes[0].uid), (ChangeKind::Created, 1));
    let (row, events) = store.trace(trace).await.unwrap().unwrap();
    assert_eq!(
        (row.subject.as_str(), row.body),
        ("Giấy mời", Some(email.body))
    );
    let mut seen: Vec<_> = events.iter().map(|one| one.event.as_str()).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["delivered", "junk", "queued"]);
    let outbox = store.outbox_of_trace(trace).await.unwrap();
    assert_eq!((outbox.len(), outbox[0].state), (1, OutboxState::Due));
    assert_eq!(
        store
            .trace_of_email(placed[0].email)
            .await
            .unwrap()
            .unwrap()
            .id,
        trace
    );
}

async fn a_delivery_is_all_or_nothing(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let delivery = letter(&store, "x", "y", &[a, AccountId(4711)], NOW);
    let (body, trace) = (delivery.body.id, delivery.trace.as_ref().unwrap().id);
    assert!(matches!(
        store.deliver(delivery).await,
        Err(Error::Missing(_))
    ));
    assert!(uids(&store, inbox(&store, a).await.id).await.is_empty());
    assert!(matches!(store.body(body).await, Err(Error::Missing(_))));
    assert!(store.trace(trace).await.unwrap().is_none());
    assert_eq!(store.account(a).await.unwrap().used_bytes, 0);
}

async fn a_failing_delivery_fails_alone(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    let foreign = inbox(&store, b).await.id;
    let deliveries = (0..40).map(|number| {
        let mut one = letter(&store, "x", "y", &[a], NOW);
        if number % 10 == 7 {
            // Another's mailbox: the rows above must never do this, and the store refuses it.
            one.copies[0].target = Target::Mailbox(foreign);
        }
        store.deliver(one)
    });
    let outcomes = join_all(deliveries).await;
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.is_err(), number % 10 == 7, "{number}: {outcome:?}");
    }
    assert_eq!(uids(&store, inbox(&store, a).await.id).await.len(), 36);
    assert!(uids(&store, foreign).await.is_empty());
}

async fn uids_rise_and_are_never_used_again(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    let mailbox = inbox(&store, a).await.id;
    let mut seen = BTreeSet::new();
    for round in 0..5 {
        let callers = (0..20).map(|_| async {
            store
                .deliver(letter(&store, "x", "y", &[a, b, a], NOW))
                .await
                .unwrap()
        });
        let placed: Vec<Placed> = join_all(callers).await.concat();
        let mine: Vec<_> = placed.iter().filter(|one| one.mailbox == mailbox).collect();
        assert_eq!(mine.len(), 40);
        for one in &mine {
            assert!(seen.insert(one.uid), "UID {} was used twice", one.uid);
        }
        let highest = *seen.last().unwrap();
        assert_eq!(
            highest,
            40 * (round + 1),
            "no UID is skipped while nothing fails"
        );
        assert_eq!(
            store.mailbox(mailbox).await.unwrap().unwrap().uid_next,
            highest + 1
        );
        store
            .remove(mailbox, &[highest, highest - 1])
            .await
            .unwrap();
    }
    let changes = store.account_changes_since(a, 0, 10_000).await.unwrap();
    let created: Vec<_> = changes
        .iter()
        .filter(|one| one.kind == ChangeKind::Created)
        .map(|one| one.modseq)
        .collect();
    assert_eq!(
        created.iter().collect::<HashSet<_>>().len(),
        200,
        "each with its own MODSEQ"
    );
    assert!(created.is_sorted());
    assert_eq!(
        store.account(a).await.unwrap().modseq,
        changes.last().unwrap().modseq
    );
}

async fn flags_follow_condstore(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    for _ in 0..3 {
        store
            .deliver(letter(&store, "x", "y", &[a], NOW))
            .await
            .unwrap();
    }
    let mailbox = inbox(&store, a).await;
    let add = |flags| FlagChange::Add {
        flags,
        keywords: vec![],
    };
    let (rows, failed) = store
        .flags(mailbox.id, &[1, 2, 9], add(flag::SEEN), None)
        .await
        .unwrap();
    assert_eq!(
        rows.iter()
            .map(|row| (row.uid, row.flags))
            .collect::<Vec<_>>(),
        [(1, 1), (2, 1)]
    );
    assert!(failed.is_empty());
    let modseq = rows[0].modseq;
    assert!(modseq > mailbox.modseq);
    let now = store.mailbox(mailbox.id).await.unwrap().unwrap();
    assert_eq!((now.modseq, now.unseen, now.total), (modseq, 1, 3));
    // The same again changes nothing and gives no new MODSEQ.
    let (rows, _) = store
        .flags(mailbox.id, &[1, 2], add(flag::SEEN), None)
        .await
        .unwrap();
    assert!(rows.iter().all(|row| row.modseq == modseq));
    assert_eq!(store.account(a).await.unwrap().modseq, modseq);
    // UNCHANGEDSINCE: who changed meanwhile is left alone.
    let set = FlagChange::Set {
        flags: flag::FLAGGED,
        keywords: vec![],
    };
    let (rows, failed) = store
        .flags(mailbox.id, &[1, 3], set, Some(modseq - 1))
        .await
        .unwrap();
    assert_eq!(failed, [1]);
    assert_eq!(
        rows.iter()
            .map(|row| (row.uid, row.flags))
            .collect::<Vec<_>>(),
        [(3, flag::FLAGGED)]
    );
    let remove = FlagChange::Remove {
        flags: flag::SEEN,
        keywords: vec![],
    };
    store.flags(mailbox.id, &[1], remove, None).await.unwrap();
    assert_eq!(store.mailbox(mailbox.id).await.unwrap().unwrap().unseen, 2);
    let changed = store.index_rows_changed(mailbox.id, modseq).await.unwrap();
    assert_eq!(
        changed.iter().map(|row| row.uid).collect::<Vec<_>>(),
        [1, 3]
    );
    let kinds: HashSet<_> = store
        .changes_since(mailbox.id, modseq)
        .await
        .unwrap()
        .iter()
        .map(|one| (one.uid, one.kind.number()))
        .collect();
    assert_eq!(kinds, HashSet::from([(1, 2), (3, 2)]));
}

async fn keywords_are_kept_sorted(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let mut one = letter(&store, "x", "y", &[a], NOW);
    one.copies[0].keywords = vec!["$Important".to_owned(), "$Forwarded".to_owned()];
    store.deliver(one).await.unwrap();
    let mailbox = inbox(&store, a).await.id;
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    let add = FlagChange::Add {
        flags: 0,
        keywords: words(&["khẩn", "$Important"]),
    };
    let (rows, _) = store.flags(mailbox, &[1], add, None).await.unwrap();
    assert_eq!(rows[0].keywords.join(" "), "$Forwarded $Important khẩn");
    let remove = FlagChange::Remove {
        flags: 0,
        keywords: words(&["$Forwarded"]),
    };
    store.flags(mailbox, &[1], remove, None).await.unwrap();
    let index = store.index(mailbox).await.unwrap();
    let expected: Vec<Arc<str>> = vec!["$Important".into(), "khẩn".into()];
    assert_eq!(&*index[0].keywords, expected);
}

async fn copies_share_the_body(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    for _ in 0..100 {
        store
            .deliver(letter(&store, "x", "y", &[a], NOW))
            .await
            .unwrap();
    }
    let (from, to) = (
        inbox(&store, a).await,
        store.mailbox_create(a, "Hồ sơ").await.unwrap(),
    );
    let used = store.account(a).await.unwrap().used_bytes;
    let all: Vec<u32> = (1..=100).chain([500]).collect();
    let copied = store.copy(from.id, &all, to.id).await.unwrap();
    let pairs: Vec<_> = copied
        .iter()
        .map(|(uid, placed)| (*uid, placed.uid))
        .collect();
    assert_eq!(pairs, (1..=100).map(|uid| (uid, uid)).collect::<Vec<_>>());
    assert!(
        copied
            .iter()
            .all(|(_, placed)| placed.uid_validity == to.uid_validity)
    );
    assert_eq!(store.account(a).await.unwrap().used_bytes, used * 2);
    let (there, here) = (
        store.index(from.id).await.unwrap(),
        store.index(to.id).await.unwrap(),
    );
    assert_eq!(there.len(), 100);
    assert!(there.iter().zip(&here).all(|(one, other)| {
        one.body == other.body && one.email != other.email && one.received_at == other.received_at
    }));
    assert!(matches!(
        store.copy(from.id, &[1], MailboxId(5)).await,
        Err(Error::Missing(_))
    ));
}

async fn moves_are_atomic_and_keep_the_email(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    for _ in 0..3 {
        store
            .deliver(letter(&store, "x", "y", &[a], NOW))
            .await
            .unwrap();
    }
    let from = inbox(&store, a).await;
    let trash = store.mailbox_by_role(a, Role::Trash).await.unwrap();
    let was = store.index(from.id).await.unwrap();
    let used = store.account(a).await.unwrap().used_bytes;
    let moved = store.move_to(from.id, &[1, 3], trash.id).await.unwrap();
    assert_eq!(
        moved
            .iter()
            .map(|(uid, to)| (*uid, to.uid))
            .collect::<Vec<_>>(),
        [(1, 1), (3, 2)]
    );
    assert_eq!(moved[0].1.email, was[0].email);
    assert_eq!(uids(&store, from.id).await, [2]);
    assert_eq!(uids(&store, trash.id).await, [1, 2]);
    assert_eq!(store.account(a).await.unwrap().used_bytes, used);
    let (from_now, trash_now) = (
        store.mailbox(from.id).await.unwrap().unwrap(),
        store.mailbox(trash.id).await.unwrap().unwrap(),
    );
    assert_eq!(
        (
            from_now.total,
            from_now.unseen,
            trash_now.total,
            trash_now.unseen
        ),
        (1, 1, 2, 2)
    );
    assert_eq!(from_now.bytes + trash_now.bytes, used);
    let vanished: Vec<_> = store
        .changes_since(from.id, from.modseq)
        .await
        .unwrap()
        .iter()
        .filter(|one| one.kind == ChangeKind::Destroyed)
        .map(|one| one.uid)
        .collect();
    assert_eq!(vanished, [1, 3]);
    // To another account: a new email there.
    let other = inbox(&store, b).await;
    let moved = store.move_to(from.id, &[2], other.id).await.unwrap();
    assert_ne!(moved[0].1.email, was[1].email);
    assert_eq!(
        (
            uids(&store, from.id).await.len(),
            uids(&store, other.id).await.len()
        ),
        (0, 1)
    );
    assert_eq!(
        store.account(b).await.unwrap().used_bytes,
        i64::from(was[1].size)
    );
}

async fn expunge_takes_deleted_only(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    for _ in 0..4 {
        store
            .deliver(letter(&store, "x", "y", &[a], NOW))
            .await
            .unwrap();
    }
    let mailbox = inbox(&store, a).await.id;
    let deleted = FlagChange::Add {
        flags: flag::DELETED,
        keywords: vec![],
    };
    store
        .flags(mailbox, &[1, 2, 3], deleted, None)
        .await
        .unwrap();
    assert_eq!(store.expunge(mailbox, Some(&[2, 4])).await.unwrap(), [2]);
    assert_eq!(store.expunge(mailbox, None).await.unwrap(), [1, 3]);
    assert!(store.expunge(mailbox, None).await.unwrap().is_empty());
    assert_eq!(uids(&store, mailbox).await, [4]);
    let left = store.mailbox(mailbox).await.unwrap().unwrap();
    assert_eq!((left.total, left.unseen), (1, 1));
    assert_eq!(store.account(a).await.unwrap().used_bytes, left.bytes);
}

async fn a_draft_is_replaced_in_the_same_transaction(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let drafts = store.mailbox_by_role(a, Role::Drafts).await.unwrap().id;
    let draft = |text: &str, replaces| {
        let mut one = letter(&store, "nháp", text, &[a], NOW);
        one.copies[0].target = Target::Role(Role::Drafts);
        one.copies[0].flags = flag::SEEN | flag::DRAFT;
        one.replaces = replaces;
        one
    };
    store.deliver(draft("một", vec![])).await.unwrap();
    store
        .deliver(draft("hai", vec![(drafts, 1)]))
        .await
        .unwrap();
    let index = store.index(drafts).await.unwrap();
    assert_eq!(index.iter().map(|row| row.uid).collect::<Vec<_>>(), [2]);
    let mailbox = store.mailbox(drafts).await.unwrap().unwrap();
    assert_eq!((mailbox.total, mailbox.unseen), (1, 0));
    // When the new one cannot be written the old one stays.
    let mut bad = draft("ba", vec![(drafts, 2)]);
    bad.copies[0].account = AccountId(4711);
    assert!(store.deliver(bad).await.is_err());
    assert_eq!(uids(&store, drafts).await, [2]);
}
