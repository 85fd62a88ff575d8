//! Bodies, lists, envelopes and what is derived from letters; who is woken.
use bytes::Bytes;
use store::testing::{letter, person};
use store::*;

use super::mail::inbox;
use super::place::{NOW, Place, cases};

cases![
    bodies_come_back_byte_for_byte,
    orphans_are_swept,
    lists_show_what_was_derived,
    envelopes_come_in_order,
    derived_data_can_be_made_again,
    letters_being_indexed_are_not_derived_again,
    wakes_name_the_accounts,
];

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
        for (what, subject) in [
            (Worded::Dates, false),
            (Worded::Subjects, true),
            (Worded::People, true),
        ] {
            let words = store.worded(mailbox, &asked, what).await.unwrap();
            assert_eq!(words.iter().map(|row| row.uid).collect::<Vec<_>>(), got);
            for row in words {
                let own = format!("s{}", row.uid - 1);
                assert_eq!(row.subject, if subject { own } else { String::new() });
                assert_eq!(row.envelope.is_empty(), what != Worded::People);
            }
        }
        let previews = store.previews(mailbox, &asked).await.unwrap();
        let expected: Vec<_> = got.iter().map(|uid| (*uid, "y".to_owned())).collect();
        assert_eq!(previews, expected);
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
    derived_put(&store, body, &new).await;
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

/// Puts it as soon as the index is not busy with the letter.
pub async fn derived_put(store: &Store, body: BodyId, new: &Derived) {
    for _ in 0..2_000 {
        if store.derived_put(body, new.clone()).await.unwrap() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the index never took the letter");
}

/// The index reads a letter, is told of nothing while it does, and then forgets that it had to: whoever changes the words
/// in between must wait, or the old ones stay in the index.
async fn letters_being_indexed_are_not_derived_again(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let one = letter(&store, "cũ", "cũ", &[a], NOW);
    let (body, old) = (one.body.id, one.body.derived.clone());
    store.deliver(one).await.unwrap();
    derived_put(&store, body, &old).await;
    let new = Derived {
        search_text: "mới".to_owned(),
        ..old.clone()
    };
    // The index may be done with a letter at any moment: then the next try shows it.
    let mut refused = false;
    for _ in 0..100 {
        place
            .sql("INSERT INTO index_queue (email_id, account_id, body_id, gone) SELECT id, account_id, body_id, 0 FROM email WHERE 1 = 1 ON CONFLICT (email_id) DO NOTHING")
            .await;
        if !store.derived_put(body, new.clone()).await.unwrap() {
            refused = true;
            break;
        }
        derived_put(&store, body, &old).await;
    }
    assert!(refused);
    assert_eq!(store.derived(body).await.unwrap(), old);
    derived_put(&store, body, &new).await;
    assert_eq!(store.derived(body).await.unwrap(), new);
    // One that is gone stays gone.
    let gone = BodyId(store.next_id(NOW));
    assert!(store.derived_put(gone, new).await.unwrap());
    assert!(store.derived(gone).await.is_err());
    store.close().await;
}
