//! Letters as one mailbox reads them: rows and search of that mailbox only, and the choices for correspondents.
use std::time::Duration;

use store::testing::{letter, person};
use store::*;

use super::place::{NOW, Place, cases};

cases![
    a_mailbox_reads_a_letter_its_own_way,
    choices_for_correspondents_are_kept_by_mailbox,
];

async fn put(store: &Store, account: AccountId, body: BodyId, reread: Option<Reread>) {
    for _ in 0..2_000 {
        if store
            .reread_put(account, body, reread.clone())
            .await
            .unwrap()
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the index never took the letter");
}

async fn renew(store: &Store, account: AccountId, body: BodyId, new: &Reread) {
    for _ in 0..2_000 {
        let renewed = store.reread_renew(account, body, new.clone()).await;
        if renewed.unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the index never took the letter");
}

async fn found(store: &Store, account: AccountId, word: &str) -> usize {
    let clause = Clause {
        field: Field::Any,
        words: vec![word.to_owned()],
        phrase: false,
        prefix: false,
    };
    store.search(account, &[clause], 10).await.unwrap().len()
}

async fn a_mailbox_reads_a_letter_its_own_way(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    let delivery = letter(&store, "m·", "s· tep", &[a, b], NOW);
    let body = delivery.body.id;
    let placed = store.deliver(delivery).await.unwrap();
    let reread = Reread {
        coding: "tcvn3".into(),
        subject: "mã".into(),
        from_name: "Ngân".into(),
        to_text: "Bình".into(),
        preview: "sã tep".into(),
        search_text: "mã sã tep".into(),
    };
    put(&store, a, body, Some(reread.clone())).await;
    // Found in both at once, and after the index took it.
    for round in ["fresh", "indexed"] {
        assert_eq!(found(&store, a, "ngan").await, 1, "{round}");
        assert_eq!(found(&store, a, "sa").await, 1, "{round}");
        assert_eq!(found(&store, b, "sa").await, 0, "{round}");
        for _ in 0..2_000 {
            if store.stats().await.unwrap().index_queue == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
    let rereads = store.rereads(&[(a, body), (b, body)]).await.unwrap();
    assert_eq!(rereads.len(), 1);
    assert_eq!(rereads.get(&(a, body)), Some(&reread));
    let mut row = store.email(a, placed[0].email).await.unwrap().unwrap();
    reread.over_row(&mut row);
    assert_eq!(
        (row.subject.as_str(), row.preview.as_str()),
        ("mã", "sã tep")
    );
    for (account, mailbox, expected) in [
        (a, placed[0].mailbox, ("mã", "Ngân", "Bình", "sã tep")),
        (
            b,
            placed[1].mailbox,
            ("m·", "Nguyễn Văn An", "ai đó", "s· tep"),
        ),
    ] {
        let words = store.worded(mailbox, &[1], Worded::People).await.unwrap();
        let preview = &store.previews(mailbox, &[1]).await.unwrap()[0].1;
        let words = (
            words[0].subject.as_str(),
            words[0].from_name.as_str(),
            words[0].to_text.as_str(),
            preview.as_str(),
        );
        assert_eq!(words, expected, "{account}");
    }
    // By better rules: only where the letter is still read in that coding.
    let better = Reread {
        subject: "mẫu".into(),
        ..reread.clone()
    };
    let other = Reread {
        coding: "vni".into(),
        ..better.clone()
    };
    for (account, new) in [(a, other), (b, better.clone())] {
        renew(&store, account, body, &new).await;
        let rereads = store.rereads(&[(a, body), (b, body)]).await.unwrap();
        assert_eq!((rereads.len(), rereads.get(&(a, body))), (1, Some(&reread)));
    }
    renew(&store, a, body, &better).await;
    let rereads = store.rereads(&[(a, body)]).await.unwrap();
    assert_eq!(rereads.get(&(a, body)), Some(&better));
    assert_eq!(store.rereads_of(body).await.unwrap(), [(a, "tcvn3".into())]);
    put(&store, a, body, None).await;
    assert_eq!(found(&store, a, "ngan").await, 0);
    assert_eq!(found(&store, a, "tep").await, 1);
    assert!(store.rereads(&[(a, body)]).await.unwrap().is_empty());
    assert!(store.rereads(&[]).await.unwrap().is_empty());
    store.close().await;
}

async fn choices_for_correspondents_are_kept_by_mailbox(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    let by = PrincipalId(a.0);
    let who = "khach@gmail.example";
    assert_eq!(store.coding_choice(a, who).await.unwrap(), None);
    for coding in ["vni", "tcvn3"] {
        store
            .coding_choice_set(a, who, Some(coding), by)
            .await
            .unwrap();
    }
    store
        .coding_choice_set(b, who, Some("viqr"), by)
        .await
        .unwrap();
    assert_eq!(
        store.coding_choice(a, who).await.unwrap().as_deref(),
        Some("tcvn3")
    );
    let mut all = store.coding_choices(who).await.unwrap();
    all.sort();
    let mut wanted = vec![(a, "tcvn3".to_owned()), (b, "viqr".to_owned())];
    wanted.sort();
    assert_eq!(all, wanted);
    for _ in 0..2 {
        store.coding_choice_set(a, who, None, by).await.unwrap();
    }
    assert_eq!(store.coding_choice(a, who).await.unwrap(), None);
    store.close().await;
}
