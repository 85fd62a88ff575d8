//! Whom a push names: the sender of a letter in any coding, in right Vietnamese, and only where the province and the person
//! want it.

use super::{Town, body, town, town_that};
use mailroom::Actor;
use mailroom::lock_screen::LockScreen;
use viet::{Coding, encode_as};

const NAME: &str = "Sở Nội vụ";
const SUBJECT: &str = "Báo cáo tình hình phòng chống bão lụt năm nay";
const TEXT: &str = "Đề nghị các đơn vị khẩn trương thực hiện việc kiểm tra đê biển phía tây và gửi kết quả về ủy ban.";

/// A letter that names no coding; the sender's name as given, raw.
fn raw(name: &[u8], subject: &[u8], text: &[u8]) -> Vec<u8> {
    [
        b"From: ".as_slice(),
        name,
        b" <van.thu@khach.example>\r\nTo: a@ours.example\r\nSubject: ",
        subject,
        b"\r\n\r\n",
        text,
        b"\r\n",
    ]
    .concat()
}

/// Quoted, as programs write a name with more than letters in it.
fn coded(coding: Coding) -> Vec<u8> {
    let bytes =
        |text: &str| encode_as(text, coding).unwrap_or_else(|| panic!("{coding:?} lacks a letter"));
    let name = [b"\"", bytes(NAME).as_slice(), b"\""].concat();
    raw(&name, &bytes(SUBJECT), &bytes(TEXT))
}

impl Town {
    /// A person with a device who wants senders named, and what the push about this letter says.
    async fn said_of(&self, local: &str, letter: Vec<u8>) -> String {
        let who = self.person(local).await;
        self.room
            .lock_screen_set(&who, LockScreen::Senders)
            .await
            .unwrap();
        self.subscribe(&who, self.sink.device(local, &[])).await;
        self.said_to(&who, local, letter).await
    }

    async fn said_to(&self, who: &Actor, device: &str, letter: Vec<u8>) -> String {
        self.receive(who, letter).await;
        let mine = || {
            let told = self.sink.told();
            told.into_iter().find(|told| told.device == device)
        };
        self.until("told", || async { mine().is_some() }).await;
        let told = mine().unwrap();
        let whole = told.text.to_string().to_lowercase();
        for secret in ["bão lụt", "đê biển", "van.thu", "khach.example"] {
            assert!(!whole.contains(secret), "{secret} in {whole}");
        }
        body(&told).to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_is_named_right_whatever_the_coding() {
    let town = town_that(true).await;
    let (stop, task) = town.work();
    let mut wrong = Vec::new();
    for (number, coding) in Coding::RECOGNISED.into_iter().enumerate() {
        let said = town.said_of(&format!("p{number}"), coded(coding)).await;
        // Some of the old codings have no capitals with tones: case apart, every letter must be right.
        if said.to_lowercase() != format!("thư mới từ {NAME}").to_lowercase() {
            wrong.push(format!("{coding:?}: {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrongly_labelled_and_missing_names_are_told_too() {
    let town = town_that(true).await;
    let (stop, task) = town.work();
    let escaped = |bytes: Vec<u8>| -> String {
        let escape = |byte: &u8| format!("={byte:02X}");
        bytes.iter().map(escape).collect()
    };
    let word = |label: &str, coding| {
        let bytes = escaped(encode_as("Nguyễn Thị Lan", coding).unwrap());
        format!("=?{label}?Q?{bytes}?=").into_bytes()
    };
    let rows = [
        (word("iso-8859-1", Coding::Tcvn3), "Nguyễn Thị Lan"),
        (word("us-ascii", Coding::Utf8), "Nguyễn Thị Lan"),
        (word("windows-1252", Coding::Vni), "Nguyễn Thị Lan"),
        (word("utf-8", Coding::Windows1258), "Nguyễn Thị Lan"),
        (Vec::new(), "van.thu"),
    ];
    for (number, (name, shown)) in rows.into_iter().enumerate() {
        let local = format!("p{number}");
        let letter = raw(&name, b"12/CV", b"Kinh gui");
        let who = town.person(&local).await;
        town.room
            .lock_screen_set(&who, LockScreen::Senders)
            .await
            .unwrap();
        town.subscribe(&who, town.sink.device(&local, &[])).await;
        town.receive(&who, letter).await;
        let told = town.told(number + 1).await;
        assert_eq!(
            body(&told[number]),
            format!("Thư mới từ {shown}"),
            "{number}"
        );
    }
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_choice_or_with_a_mark_only_the_count_is_told() {
    let town = town_that(true).await;
    let an = town.person("an").await;
    assert_eq!(
        town.room.lock_screen(&an).await.unwrap(),
        Some(LockScreen::Count)
    );
    town.subscribe(&an, town.sink.device("an", &[])).await;
    let (stop, task) = town.work();
    let said = town.said_to(&an, "an", coded(Coding::Tcvn3)).await;
    assert_eq!(said, "Có 1 thư mới");
    let utf8 = |subject: &str| raw(NAME.as_bytes(), subject.as_bytes(), TEXT.as_bytes());
    assert_eq!(
        town.said_of("binh", utf8("Mật: số 12/CV")).await,
        "Có 1 thư mới"
    );
    let sensitive = [b"Sensitivity: Company-Confidential\r\n", &*utf8("12/CV")].concat();
    assert_eq!(town.said_of("chi", sensitive).await, "Có 1 thư mới");
    assert_eq!(
        town.said_of("dung", utf8("12/CV")).await,
        "Thư mới từ Sở Nội vụ"
    );
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_province_forbids_nobody_can_choose() {
    let town = town().await;
    let an = town.person("an").await;
    assert_eq!(town.room.lock_screen(&an).await.unwrap(), None);
    let refused = town.room.lock_screen_set(&an, LockScreen::Senders).await;
    assert!(matches!(refused, Err(mailroom::Error::Denied(_))));
    // Chosen while it was allowed.
    let chosen = r#"{"lock_screen":"senders"}"#.to_owned();
    town.store
        .account_settings_set(an.principal.into(), chosen)
        .await
        .unwrap();
    town.subscribe(&an, town.sink.device("an", &[])).await;
    let (stop, task) = town.work();
    assert_eq!(
        town.said_to(&an, "an", coded(Coding::Utf8)).await,
        "Có 1 thư mới"
    );
    stop.cancel();
    task.await.unwrap();
}
