//! Deliveries, UIDs, MODSEQs, flags, copies, moves, expunges, bodies, lists.
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use bytes::Bytes;
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
    bodies_come_back_byte_for_byte,
    orphans_are_swept,
    lists_show_what_was_derived,
    envelopes_come_in_order,
    derived_data_can_be_made_again,
    wakes_name_the_accounts,
];

async fn inbox(store: &Store, account: AccountId) -> Mailbox {
    store.mailbox_by_role(account, Role::Inbox).await.unwrap()
}

async fn uids(store: &Store, mailbox: MailboxId) -> Vec<u32> {
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

async fn bodies_come_back_byte_for_byte(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let noise: Vec<u8> = (0..3_000_000_u64)
        .scan(88_172_645_463_325_252_u64, |state, _| {
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            Some((*state >> 24) as u8)
        })
        .collect();
    let raws: Vec<Bytes> = vec![
        Bytes::new(),
        Bytes::from_static(b"\0\r\n\xff"),
        Bytes::from(noise[..60_000].to_vec()),
        Bytes::from(vec![b'a'; 65_536]),
        Bytes::from(vec![b'a'; 65_537]),
        Bytes::from(noise),
    ];
    let mut bodies = Vec::new();
    for raw in &raws {
        let mut one = letter(&store, "x", "y", &[a], NOW);
        one.body.raw = raw.clone();
        bodies.push(one.body.id);
        store.deliver(one).await.unwrap();
    }
    store.close().await;
    let store = place.open().await;
    for (body, raw) in bodies.iter().zip(&raws) {
        assert!(
            store.body(*body).await.unwrap() == raw,
            "{} bytes differ",
            raw.len()
        );
        assert!(store.body(*body).await.unwrap() == raw, "from the cache");
    }
}

async fn orphans_are_swept(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let mut one = letter(&store, "x", "y", &[a], NOW);
    one.body.raw = Bytes::from(vec![b'a'; 100_000]);
    let body = one.body.id;
    store.deliver(one).await.unwrap();
    let folder = place.data().join("bodies/ab");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("12345"), b"cut off before its commit").unwrap();
    let week = 7 * 86_400_000;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    assert_eq!(
        store.sweep_bodies(now).await.unwrap(),
        0,
        "young ones may be on their way"
    );
    assert_eq!(store.sweep_bodies(now + week).await.unwrap(), 1);
    assert!(!folder.join("12345").exists());
    assert_eq!(store.body(body).await.unwrap().len(), 100_000);
    // Once its last email is gone and nothing waits to be sent, a body goes too.
    let mailbox = inbox(&store, a).await.id;
    store.remove(mailbox, &[1]).await.unwrap();
    assert_eq!(store.sweep_bodies(now + week).await.unwrap(), 1);
    store.close().await;
    let store = place.open().await;
    assert!(matches!(store.body(body).await, Err(Error::Missing(_))));
}

async fn lists_show_what_was_derived(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let mut thread = 0;
    let mut placed = Vec::new();
    for number in 0..10 {
        let mut one = letter(&store, &format!("thư {number}"), "y", &[a], NOW + number);
        if number == 0 {
            thread = one.body.derived.thread_key;
        }
        if number % 2 == 0 {
            one.body.derived.thread_key = thread;
        } else {
            one.copies[0].flags = flag::SEEN;
        }
        placed.extend(store.deliver(one).await.unwrap());
    }
    let mailbox = inbox(&store, a).await.id;
    let page = store
        .list(mailbox, Some(9), 3, ListFilter::default())
        .await
        .unwrap();
    assert_eq!(
        page.iter().map(|row| row.uid).collect::<Vec<_>>(),
        [8, 7, 6]
    );
    assert_eq!(page[0].subject, "thư 7");
    let unseen = store
        .list(mailbox, None, 100, ListFilter { unseen: true })
        .await
        .unwrap();
    assert_eq!(unseen.len(), 5);
    let talk = store.thread(a, ThreadId(thread)).await.unwrap();
    assert_eq!(
        talk.iter().map(|row| row.uid).collect::<Vec<_>>(),
        [1, 3, 5, 7, 9]
    );
    let asked = [placed[4].email, EmailId(1), placed[2].email];
    let rows = store.emails(&asked).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| row.email).collect::<Vec<_>>(),
        [asked[0], asked[2]]
    );
    let at = store.email_at(mailbox, 4).await.unwrap().unwrap();
    assert_eq!((at.email, at.flags), (placed[3].email, flag::SEEN));
    let id = at.message_id.as_deref().unwrap();
    assert_eq!(
        store.emails_by_message_id(a, id).await.unwrap()[0].email,
        at.email
    );
    assert_eq!(store.uids_of_body(mailbox, at.body).await.unwrap(), [4]);
}

async fn envelopes_come_in_order(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let all = (0..300).map(|number| letter(&store, &format!("s{number}"), "y", &[a], NOW));
    let all: Vec<_> = all.collect();
    for one in all {
        store.deliver(one).await.unwrap();
    }
    let mailbox = inbox(&store, a).await.id;
    store.remove(mailbox, &[100]).await.unwrap();
    for asked in [
        (1..=300).collect::<Vec<u32>>(),
        vec![5, 100, 299],
        (1..=300).step_by(2).collect(),
        (1..=300).step_by(50).collect(),
        vec![1000],
        vec![],
    ] {
        let rows = store.envelopes(mailbox, &asked).await.unwrap();
        let got: Vec<u32> = rows.iter().map(|row| row.0).collect();
        let expected: Vec<u32> = asked
            .iter()
            .copied()
            .filter(|uid| *uid != 100 && *uid <= 300)
            .collect();
        assert_eq!(got, expected);
        for (uid, _, envelope, structure) in rows {
            assert_eq!(&*envelope, format!("(NIL \"s{}\" NIL)", uid - 1).as_bytes());
            assert!(structure.starts_with(b"(\"TEXT\""));
        }
    }
}

async fn derived_data_can_be_made_again(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let one = letter(&store, "Th«ng b¸o", "cò", &[a], NOW);
    let body = one.body.id;
    let old = one.body.derived.clone();
    store.deliver(one).await.unwrap();
    assert_eq!(store.derived(body).await.unwrap(), old);
    assert!(
        store
            .bodies_to_rederive(1, BodyId(0), 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store.bodies_to_rederive(2, BodyId(0), 10).await.unwrap(),
        [body]
    );
    let new = Derived {
        version: 2,
        subject: "Thông báo".to_owned(),
        thread_key: 77,
        search_text: "cũ".to_owned(),
        ..old
    };
    store.derived_put(body, new.clone()).await.unwrap();
    assert_eq!(store.derived(body).await.unwrap(), new);
    assert!(
        store
            .bodies_to_rederive(2, BodyId(0), 10)
            .await
            .unwrap()
            .is_empty()
    );
    let mailbox = inbox(&store, a).await.id;
    assert_eq!(
        store.email_at(mailbox, 1).await.unwrap().unwrap().thread,
        ThreadId(77)
    );
    place.sql("DELETE FROM derived").await;
    assert_eq!(
        store.bodies_to_rederive(2, BodyId(0), 10).await.unwrap(),
        [body],
        "missing ones too"
    );
}

async fn wakes_name_the_accounts(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    let mut changes = store.changes();
    store
        .deliver(letter(&store, "x", "y", &[a], NOW))
        .await
        .unwrap();
    let wake = changes.recv().await.unwrap();
    assert!(wake.concerns(a) && !wake.concerns(b) && !wake.outbox && !wake.all);
}
