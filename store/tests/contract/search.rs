//! Full text: fresh letters, the index, expunged ones, the own account only.
use std::time::Duration;

use sqlx::Connection as _;
use store::testing::{letter, person};
use store::*;

use super::place::{NOW, Place, cases};

cases![
    fresh_and_indexed_letters_are_found_alike,
    expunged_letters_leave_the_index,
    one_account_never_finds_anothers,
    a_lost_index_is_filled_again,
    typed_tones_stand_first_in_the_whole_result,
    an_index_of_another_form_is_filled_again_even_in_two_goes,
];

fn asked(field: Field, text: &str, phrase: bool) -> Vec<Clause> {
    let words = text.split(' ').map(str::to_owned).collect();
    vec![Clause {
        field,
        words,
        phrase,
        prefix: false,
    }]
}

async fn indexed(store: &Store) {
    for _ in 0..600 {
        if store.stats().await.unwrap().index_queue == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the queue is not taken");
}

async fn fresh_and_indexed_letters_are_found_alike(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let mut emails = Vec::new();
    for (subject, text) in [
        (
            "Giấy mời họp",
            "Kính mời ông Đỗ Văn Lý dự họp hỏa tốc về phòng chống bão số 5",
        ),
        (
            "Báo cáo tuần",
            "Hỏa hoạn; tốc độ; công văn 2045/VP-HC về Đắk Lắk",
        ),
        ("Thông báo", "tháng bảy nghỉ lễ"),
    ] {
        let placed = store
            .deliver(letter(&store, subject, text, &[a], NOW))
            .await
            .unwrap();
        emails.push(placed[0].email);
    }
    let rows: Vec<(Vec<Clause>, Vec<usize>)> = vec![
        (asked(Field::Any, "hỏa tốc", true), vec![0]),
        (asked(Field::Any, "hoa toc", true), vec![0]),
        (asked(Field::Any, "HOA TOC", false), vec![1, 0]),
        (asked(Field::Any, "dak lak", true), vec![1]),
        (asked(Field::Any, "2045/VP-HC", false), vec![1]),
        (asked(Field::Subject, "thông báo", true), vec![2]),
        (asked(Field::Body, "thông báo", true), vec![]),
        (asked(Field::From, "nguyen van an", true), vec![2, 1, 0]),
        (asked(Field::From, "outside.example", false), vec![2, 1, 0]),
        (asked(Field::To, "ai do", true), vec![2, 1, 0]),
        (asked(Field::Any, "lý", false), vec![0]),
        (asked(Field::Any, "lí", false), vec![0]),
        (asked(Field::Any, "không có", true), vec![]),
        (asked(Field::Any, "' OR 1=1 --", false), vec![]),
        (asked(Field::Any, "\"(*:", true), vec![]),
        (
            [
                asked(Field::Subject, "giấy mời", true),
                vec![Clause {
                    field: Field::Body,
                    words: vec!["phòng".into(), "chố".into()],
                    phrase: true,
                    prefix: true,
                }],
            ]
            .concat(),
            vec![0],
        ),
        (asked(Field::Any, "hoa", false), vec![1, 0]),
    ];
    for round in ["fresh", "indexed"] {
        for (query, found) in &rows {
            let expected: Vec<_> = found.iter().map(|place| emails[*place]).collect();
            assert_eq!(
                store.search(a, query, 10).await.unwrap(),
                expected,
                "{round} {query:?}"
            );
        }
        assert_eq!(
            store
                .search(a, &asked(Field::Any, "hoa", false), 1)
                .await
                .unwrap(),
            [emails[1]]
        );
        indexed(&store).await;
    }
}

async fn expunged_letters_leave_the_index(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let hoa = asked(Field::Any, "hỏa tốc", true);
    for _ in 0..3 {
        store
            .deliver(letter(&store, "x", "hỏa tốc", &[a], NOW))
            .await
            .unwrap();
    }
    let inbox = store.mailbox_by_role(a, Role::Inbox).await.unwrap().id;
    store.remove(inbox, &[1]).await.unwrap();
    assert_eq!(
        store.search(a, &hoa, 10).await.unwrap().len(),
        2,
        "before it was indexed"
    );
    indexed(&store).await;
    assert_eq!(store.search(a, &hoa, 10).await.unwrap().len(), 2);
    store.remove(inbox, &[2]).await.unwrap();
    assert_eq!(store.search(a, &hoa, 10).await.unwrap().len(), 1, "at once");
    indexed(&store).await;
    assert_eq!(store.search(a, &hoa, 10).await.unwrap().len(), 1);
    // A moved one is found in its new place.
    let trash = store.mailbox_by_role(a, Role::Trash).await.unwrap().id;
    store.move_to(inbox, &[3], trash).await.unwrap();
    assert_eq!(store.search(a, &hoa, 10).await.unwrap().len(), 1);
    // Derived again: found by the new words only.
    let row = store.email_at(trash, 1).await.unwrap().unwrap();
    let derived = store.derived(row.body).await.unwrap();
    let new = Derived {
        search_text: "bình thường".to_owned(),
        ..derived
    };
    super::bodies::derived_put(&store, row.body, &new).await;
    for _ in 0..2 {
        assert!(store.search(a, &hoa, 10).await.unwrap().is_empty());
        assert_eq!(
            store
                .search(a, &asked(Field::Any, "binh thuong", true), 10)
                .await
                .unwrap()
                .len(),
            1
        );
        indexed(&store).await;
    }
}

async fn one_account_never_finds_anothers(place: &Place) {
    let store = place.open().await;
    let mut accounts = Vec::new();
    for number in 0..4 {
        accounts.push(
            person(&store, &format!("p{number}@here.example"))
                .await
                .unwrap(),
        );
    }
    for account in &accounts {
        let text = format!("bí mật của {account}");
        store
            .deliver(letter(&store, "x", &text, &[*account], NOW))
            .await
            .unwrap();
    }
    for _ in 0..2 {
        for account in &accounts {
            let found = store
                .search(*account, &asked(Field::Any, "bi mat", true), 10)
                .await
                .unwrap();
            assert_eq!(found.len(), 1);
            assert!(store.email(*account, found[0]).await.unwrap().is_some());
        }
        indexed(&store).await;
    }
}

async fn a_lost_index_is_filled_again(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    store
        .deliver(letter(&store, "x", "hỏa tốc", &[a], NOW))
        .await
        .unwrap();
    indexed(&store).await;
    store.close().await;
    for file in std::fs::read_dir(place.data()).unwrap() {
        let file = file.unwrap();
        if file.file_name().to_str().unwrap().starts_with("search.db") {
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    let store = place.open().await;
    let hoa = asked(Field::Any, "hoa toc", true);
    assert_eq!(
        store.search(a, &hoa, 10).await.unwrap().len(),
        1,
        "while it is filled"
    );
    indexed(&store).await;
    assert_eq!(store.search(a, &hoa, 10).await.unwrap().len(), 1);
}

async fn typed_tones_stand_first_in_the_whole_result(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let mut emails = Vec::new();
    for number in 0..12 {
        let (subject, text) = match number % 3 {
            0 => ("Đê biển", "gia cố"),
            1 => ("De bien", "gia co"),
            _ => ("Vật liệu", "dễ biến dạng, đê cũ, biển xanh"),
        };
        let one = letter(&store, subject, text, &[a], NOW + number);
        emails.push(store.deliver(one).await.unwrap()[0].email);
    }
    let newest_of = |kinds: &[usize]| -> Vec<EmailId> {
        let all = (0..12).rev().filter(|number| kinds.contains(&(number % 3)));
        all.map(|number| emails[number]).collect()
    };
    for round in ["fresh", "indexed"] {
        for (text, phrase, exact, order) in [
            (
                "đê biển",
                true,
                Some(4),
                [newest_of(&[0]), newest_of(&[1, 2])],
            ),
            (
                "ĐÊ BIỂN",
                true,
                Some(4),
                [newest_of(&[0]), newest_of(&[1, 2])],
            ),
            // The words may stand apart: then a letter that has both has them with their tones.
            (
                "đê biển",
                false,
                Some(8),
                [newest_of(&[0, 2]), newest_of(&[1])],
            ),
            (
                "dễ biến",
                true,
                Some(4),
                [newest_of(&[2]), newest_of(&[0, 1])],
            ),
            ("dẻ biện", true, Some(0), [vec![], newest_of(&[0, 1, 2])]),
            ("de bien", true, None, [vec![], newest_of(&[0, 1, 2])]),
            (
                "đê bien",
                false,
                Some(8),
                [newest_of(&[0, 2]), newest_of(&[1])],
            ),
        ] {
            let query = asked(Field::Any, text, phrase);
            for rows in [usize::MAX, 6, 1] {
                let found = store.search_by_tones(a, &query, rows).await.unwrap();
                let mut expected = order.concat();
                expected.truncate(rows);
                assert_eq!(found.emails, expected, "{round} {text} {rows}");
                assert_eq!(found.exact, exact.map(|exact: usize| exact.min(rows)));
            }
        }
        indexed(&store).await;
    }
}

async fn an_index_of_another_form_is_filled_again_even_in_two_goes(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    for number in 0..3 {
        let one = letter(&store, "x", "hỏa tốc", &[a], NOW + number);
        store.deliver(one).await.unwrap();
    }
    indexed(&store).await;
    store.close().await;
    // As a program of before left it.
    let path = place.data().join("search.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut conn = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    let old = "UPDATE mark SET value = 2 WHERE name = 'form'; DELETE FROM letters; \
         CREATE TABLE owner (number INTEGER PRIMARY KEY, account BIGINT NOT NULL UNIQUE)";
    sqlx::raw_sql(old).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    let hoa = asked(Field::Any, "hỏa tốc", true);
    // Stopped at once: what is queued goes on being queued.
    place.open().await.close().await;
    let store = place.open().await;
    for _ in 0..2 {
        assert_eq!(store.search(a, &hoa, 10).await.unwrap().len(), 3);
        indexed(&store).await;
    }
}
