//! The queue of letters whose files are read for the search: claims, tries, what becomes findable.
use std::time::Duration;

use store::testing::{letter, person};
use store::*;

use super::bodies::derived_put;
use super::place::{NOW, Place, cases};

cases![
    letters_with_readable_files_wait_in_line,
    a_claim_ends_with_its_lease,
    text_of_files_is_found_beside_the_letters_own,
    derived_anew_it_stays_findable_and_is_read_again,
];

async fn with_files(store: &Store, to: AccountId, text: &str) -> (BodyId, EmailId) {
    let mut delivery = letter(store, "Gửi kèm", text, &[to], NOW);
    delivery.body.derived.readable_files = true;
    let body = delivery.body.id;
    let placed = store.deliver(delivery).await.unwrap();
    (body, placed[0].email)
}

/// The next letter, as soon as one is due.
async fn claimed(store: &Store, lease_ms: i64) -> AttachedDue {
    for _ in 0..2_000 {
        if let Some(due) = store.attached_claim(lease_ms).await.unwrap() {
            return due;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nothing is due");
}

async fn put(store: &Store, body: BodyId, text: &str, again: Option<i64>) {
    for _ in 0..2_000 {
        if store
            .attached_put(body, text.to_owned(), again)
            .await
            .unwrap()
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the index never took the letter");
}

async fn found(store: &Store, account: AccountId, text: &str) -> Vec<EmailId> {
    let clause = Clause {
        field: Field::Any,
        words: text.split(' ').map(str::to_owned).collect(),
        phrase: true,
        prefix: false,
    };
    store.search(account, &[clause], 10).await.unwrap()
}

async fn letters_with_readable_files_wait_in_line(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    store
        .deliver(letter(&store, "Không tệp", "x", &[a], NOW))
        .await
        .unwrap();
    assert_eq!(store.attached_left().await.unwrap(), 0);
    let (first, _) = with_files(&store, a, "một").await;
    let (second, _) = with_files(&store, a, "hai").await;
    assert_eq!(store.attached_left().await.unwrap(), 2);
    let (one, two) = (
        claimed(&store, 600_000).await,
        claimed(&store, 600_000).await,
    );
    let mut bodies = [one.body, two.body];
    bodies.sort_unstable();
    assert_eq!((bodies, one.tries, two.tries), ([first, second], 1, 1));
    assert_eq!(store.attached_claim(600_000).await.unwrap(), None);
    assert!(store.body_is_held(first).await.unwrap());
    store.attached_forget(first).await.unwrap();
    store.attached_forget(first).await.unwrap();
    assert_eq!(store.attached_left().await.unwrap(), 1);
    store.close().await;
}

async fn a_claim_ends_with_its_lease(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let (body, _) = with_files(&store, a, "một").await;
    assert_eq!(claimed(&store, 0).await.tries, 1);
    store.close().await;
    // The process that had it died: it is due again, and its tries are remembered.
    let store = place.open().await;
    let again = claimed(&store, 600_000).await;
    assert_eq!((again.body, again.tries), (body, 2));
    store.attached_later(body, 0).await.unwrap();
    assert_eq!(claimed(&store, 0).await.tries, 3);
    store.close().await;
}

async fn text_of_files_is_found_beside_the_letters_own(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let (body, email) = with_files(&store, a, "xem tệp").await;
    let due = claimed(&store, 600_000).await;
    assert_eq!(found(&store, a, "de bien").await, []);
    let text = format!("{FILE_MARK}tờ trình.pdf\nKiểm tra đê biển phía Tây");
    put(&store, due.body, &text, Some(0)).await;
    assert_eq!(found(&store, a, "de bien").await, [email]);
    assert_eq!(found(&store, a, "xem tep").await, [email]);
    assert_eq!(store.attached_left().await.unwrap(), 1, "to be tried again");
    assert_eq!(claimed(&store, 600_000).await.tries, 2);
    // What is read another time replaces what was read.
    let text = format!("{FILE_MARK}tờ trình.pdf\nHồ chứa");
    put(&store, body, &text, None).await;
    for _ in 0..2_000 {
        if store.stats().await.unwrap().index_queue == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(found(&store, a, "ho chua").await, [email]);
    assert_eq!(found(&store, a, "de bien").await, []);
    assert_eq!(store.attached_left().await.unwrap(), 0);
    let kept = store.derived(body).await.unwrap().search_text;
    assert_eq!(
        file_texts(&kept).collect::<Vec<_>>(),
        [("tờ trình.pdf", "Hồ chứa")]
    );
    store.close().await;
}

async fn derived_anew_it_stays_findable_and_is_read_again(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let (body, email) = with_files(&store, a, "xem tệp").await;
    let due = claimed(&store, 600_000).await;
    put(
        &store,
        due.body,
        &format!("{FILE_MARK}a.pdf\nđê biển"),
        None,
    )
    .await;
    let new = Derived {
        version: 9,
        search_text: "đọc lại".to_owned(),
        readable_files: true,
        program: None,
        ..store.derived(body).await.unwrap()
    };
    derived_put(&store, body, &new).await;
    assert_eq!(found(&store, a, "de bien").await, [email]);
    assert_eq!(found(&store, a, "doc lai").await, [email]);
    assert_eq!(
        claimed(&store, 600_000).await,
        AttachedDue { body, tries: 1 }
    );
    store.close().await;
}
