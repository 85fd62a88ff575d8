//! Automatic answers: owed with the letter, struck off with the answer, one for each sender in a while.
use store::testing::{letter, person};
use store::{AccountId, AnswerDue, Answered, AutoAnswer, PrincipalId, Role, Store, TraceId};

use super::place::{NOW, Place, cases};

cases![
    an_answer_is_owed_with_its_letter_and_struck_off_with_the_answer,
    words_are_kept,
];

fn due(store: &Store, account: AccountId, sender: &str) -> AnswerDue {
    AnswerDue {
        id: store.next_id(NOW),
        account,
        recipient: format!("bounce+{sender}"),
        sender: sender.into(),
        subject: "Hỏi".into(),
        message_id: Some("2@x".into()),
        references: vec!["1@x".into(), "2@x".into()],
        trace: TraceId(7),
        tries: 0,
        next_at: NOW,
    }
}

async fn an_answer_is_owed_with_its_letter_and_struck_off_with_the_answer(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let to_a = |subject: &str| letter(&store, subject, "y", &[a], NOW);
    let (one, two) = (due(&store, a, "k@x.example"), due(&store, a, "k@x.example"));
    let other = due(&store, a, "m@x.example");
    let owed = vec![one.clone(), two.clone(), other.clone()];
    store
        .deliver_with(to_a("hỏi"), None, owed.clone())
        .await
        .unwrap();
    assert_eq!(store.answers_due(NOW - 1, 9).await.unwrap(), []);
    assert_eq!(store.answers_due(NOW, 9).await.unwrap(), owed);

    let lately = NOW - 100;
    let sent = store
        .answer_send(&one, (NOW, lately), to_a("đáp"))
        .await
        .unwrap();
    assert!(
        matches!(&sent, Answered::Sent(placed) if placed.len() == 1),
        "{sent:?}"
    );
    let again = store
        .answer_send(&one, (NOW, lately), to_a("đáp"))
        .await
        .unwrap();
    assert_eq!(again, Answered::Gone);
    let second = store
        .answer_send(&two, (NOW, lately), to_a("đáp"))
        .await
        .unwrap();
    assert_eq!(second, Answered::Lately);
    let inbox = store.mailbox_by_role(a, Role::Inbox).await.unwrap();
    assert_eq!(inbox.total, 2, "the letter and one answer");
    assert_eq!(
        store.answered_at(a, "k@x.example").await.unwrap(),
        Some(NOW)
    );

    // What cannot be written stays owed, whole.
    let mut broken = to_a("đáp");
    broken.copies[0].account = AccountId(404);
    let failed = store.answer_send(&other, (NOW, lately), broken).await;
    assert!(failed.is_err());
    assert_eq!(store.answered_at(a, "m@x.example").await.unwrap(), None);
    store.answer_later(other.id, NOW + 5).await.unwrap();
    assert_eq!(store.answers_due(NOW, 9).await.unwrap(), []);
    let later = store.answers_due(NOW + 5, 9).await.unwrap();
    assert_eq!((later.len(), later[0].tries), (1, 1));
    store.answer_struck(other.id).await.unwrap();
    assert_eq!(store.answers_due(NOW + 5, 9).await.unwrap(), []);

    // Old enough to be answered again.
    let third = due(&store, a, "k@x.example");
    store
        .deliver_with(to_a("nữa"), None, vec![third.clone()])
        .await
        .unwrap();
    let sent = store
        .answer_send(&third, (NOW + 100, NOW), to_a("đáp"))
        .await
        .unwrap();
    assert!(matches!(sent, Answered::Sent(_)));
    assert_eq!(store.answered_sweep(NOW + 101).await.unwrap(), 1);
}

async fn words_are_kept(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    assert_eq!(store.auto_answer(a).await.unwrap(), None);
    let words = AutoAnswer {
        is_on: true,
        from_at: Some(NOW),
        until_at: None,
        subject: "Vắng mặt".into(),
        text: "Tôi đi công tác.".into(),
        set_by: PrincipalId(3),
        set_at: NOW,
    };
    store.auto_answer_set(a, words.clone()).await.unwrap();
    assert_eq!(store.auto_answer(a).await.unwrap(), Some(words.clone()));
    assert_eq!(store.auto_answers_on().await.unwrap(), [a]);
    let off = AutoAnswer {
        is_on: false,
        until_at: Some(NOW + 1),
        ..words
    };
    store.auto_answer_set(a, off.clone()).await.unwrap();
    assert_eq!(store.auto_answer(a).await.unwrap(), Some(off));
    assert_eq!(store.auto_answers_on().await.unwrap(), []);
}
