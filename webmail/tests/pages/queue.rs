//! The queue of letters to other servers on the administrators' pages, without a script.

use super::town::Town;
use axum::http::StatusCode;
use mailroom::submit::Draft;
use std::collections::HashSet;
use store::{Evidence, Settled, Settlement};

async fn send(town: &Town, from: &str, to: &str) {
    let who = town
        .room
        .find_address(&format!("{from}@tinh.example"))
        .await
        .unwrap()
        .unwrap();
    let actor = mailroom::Actor {
        principal: who.id,
        address: who.address,
        name: who.name,
        means: mailroom::Means::Password,
        peer_ip: String::new(),
    };
    let access = town.room.open(&actor, who.id.into()).await.unwrap();
    let draft = Draft {
        to: vec![to.into()],
        subject: "Trích yếu kín".into(),
        text: "x".into(),
        ..Draft::default()
    };
    access.send(draft).await.unwrap().unwrap();
}

/// Everything due was tried once and put off.
async fn put_off(town: &Town) {
    let rows = town
        .room
        .lease_outbox("w", 100, 60, &HashSet::new())
        .await
        .unwrap();
    let later = |row: &store::Leased| Settlement {
        outbox: row.id,
        at: super::town::START,
        settled: Settled::Later {
            next_at: super::town::START + 3_600_000,
        },
        evidence: Evidence {
            host: "mx.gmail.com".into(),
            ip: "192.0.2.9".into(),
            tls: "TLSv1.3".into(),
            code: Some(450),
            enhanced: Some("4.2.1".into()),
            text: "rate limited".into(),
            ..Evidence::default()
        },
        delay_noticed: false,
    };
    town.room
        .settle_outbox(rows.iter().map(later).collect())
        .await
        .unwrap();
}

#[tokio::test]
async fn administrators_work_on_the_queue_of_their_own_people() {
    let town = Town::new().await;
    send(&town, "lan", "khach@gmail.com").await;
    send(&town, "dao", "khach@khac.example").await;
    send(&town, "binh", "cua-binh@gmail.com").await;
    put_off(&town).await;
    let mut lan = town.signed_in("lan").await;
    for path in [
        "/quan-tri/hang-doi",
        "/quan-tri/hang-doi/1",
        "/quan-tri/hang-doi/huy?mien=gmail.com",
    ] {
        assert_eq!(lan.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let mut admin = town.signed_in("quantri").await;
    assert!(admin.get("/quan-tri").await.has("/quan-tri/hang-doi"));
    let page = admin.get("/quan-tri/hang-doi").await;
    for words in [
        "2 đang chờ",
        "Gmail yêu cầu chờ, sẽ gửi lại lúc 06:46",
        "rate limited",
        "khac.<wbr>example",
    ] {
        assert!(page.has(words), "{words}: {}", page.text());
    }
    assert!(!page.has("Trích yếu kín") && !page.has("cua-binh"));
    let rows = admin.get("/quan-tri/hang-doi?mien=gmail.com").await;
    assert!(rows.has("khach@<wbr>gmail.<wbr>com") && !rows.has("cua-binh"));
    let one = rows.text();
    let row = one
        .split("href=\"/quan-tri/hang-doi/")
        .find(|part| part.starts_with(char::is_numeric));
    let row = row.unwrap().split('"').next().unwrap();
    let story = admin.get(&format!("/quan-tri/hang-doi/{row}")).await;
    assert!(
        story.has("mx.gmail.com · 192.0.2.9 · TLSv1.3") && story.has("450 4.2.1 rate limited"),
        "{}",
        story.text()
    );
    // Without the form's token nothing happens.
    let forged = admin
        .post(
            "/quan-tri/hang-doi",
            &[("mien", "gmail.com"), ("viec", "huy")],
        )
        .await;
    assert_ne!(forged.status, StatusCode::SEE_OTHER);
    let held = admin
        .submit(
            "/quan-tri/hang-doi",
            &[("mien", "gmail.com"), ("viec", "giu")],
        )
        .await;
    let after = admin.see(&held.place()).await;
    assert!(
        after.has("Đã giữ lại.") && after.has("1 đang giữ"),
        "{}",
        after.text()
    );
    let ask = admin.get("/quan-tri/hang-doi/huy?mien=gmail.com").await;
    assert!(ask.has("Hủy thư tới 1 người nhận"), "{}", ask.text());
    let dropped = admin
        .submit(
            "/quan-tri/hang-doi",
            &[("mien", "gmail.com"), ("viec", "huy"), ("bao", "khong")],
        )
        .await;
    assert!(admin.see(&dropped.place()).await.has("Đã hủy."));
    let page = admin.get("/quan-tri/hang-doi").await;
    assert!(
        page.has("1 đang chờ") && !page.has("gmail"),
        "{}",
        page.text()
    );
    let nothing = admin.submit("/quan-tri/hang-doi", &[("viec", "huy")]).await;
    assert_ne!(nothing.status, StatusCode::SEE_OTHER, "all at once");
    assert!(admin.get("/quan-tri/nhat-ky").await.has("Hủy thư đang chờ"));
    // The letter of the other unit is where it was.
    let all = town
        .room
        .queue_list(&town.room.console(), &Default::default(), 10)
        .await
        .unwrap();
    assert_eq!(all.len(), 2);
}

#[tokio::test]
async fn administrators_find_the_way_of_a_letter() {
    let town = Town::new().await;
    send(&town, "lan", "khach@gmail.com").await;
    put_off(&town).await;
    town.receive("lan", "From: khach@gmail.example\nSubject: Rat kin\n\nx\n")
        .await;
    let mut lan = town.signed_in("lan").await;
    for path in ["/quan-tri/tra-cuu", "/quan-tri/tra-cuu/1"] {
        assert_eq!(lan.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let mut admin = town.signed_in("quantri").await;
    let empty = admin.get("/quan-tri/tra-cuu").await;
    assert!(empty.has("Tra cứu thư") && !empty.has("name=\"trich-yeu\""));
    let found = admin
        .get("/quan-tri/tra-cuu?nhan=khach%40gmail.com&tu=2026-11-22")
        .await;
    assert!(
        found.has("lan@<wbr>tinh.") && found.has("(không hiện trích yếu)"),
        "{}",
        found.text()
    );
    let one = admin.get(&found.link("/quan-tri/tra-cuu/")).await;
    for words in [
        "Đang chờ gửi",
        "Tạm hoãn, sẽ gửi lại",
        "mx.gmail.com · 192.0.2.9 · TLSv1.3",
        "450 4.2.1 rate limited",
        "Message-ID",
    ] {
        assert!(one.has(words), "{words}: {}", one.text());
    }
    let found = admin
        .get("/quan-tri/tra-cuu?gui=KHACH%40gmail.example")
        .await;
    assert!(
        found.has("Thư đến") && !found.has("Rat kin"),
        "{}",
        found.text()
    );
    let found = admin.get("/quan-tri/tra-cuu?gui=ai%40do.example").await;
    assert!(found.has("Không thấy thư nào như vậy"), "{}", found.text());
    // The sender reads the same in a sentence.
    let row = town
        .room
        .queue_list(&town.room.console(), &Default::default(), 1)
        .await
        .unwrap();
    assert_eq!(row.len(), 1);
    let sent = lan.get("/hop-thu").await;
    let account = town.id("lan").await;
    let start = format!("/hop-thu/{account}/");
    let mut status = String::new();
    for mailbox in sent.text().split(&format!("\"{start}")).skip(1) {
        let path = format!("{start}{}", mailbox.split('"').next().unwrap());
        let list = lan.get(&path).await;
        if list.has("Trích yếu kín") {
            let letter = list.link(&format!("/thu/{account}/"));
            let letter = letter.split('?').next().unwrap();
            status = lan.get(&format!("{letter}/trang-thai")).await.text();
        }
    }
    assert!(
        status.contains("Gmail yêu cầu chờ, sẽ gửi lại lúc 06:46"),
        "{status}"
    );
}
