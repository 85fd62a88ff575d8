//! The DNS records on the administrators' pages: who sees which domain's, and how each state reads, without a script.

use super::town::{START, Town};
use axum::http::StatusCode;
use mailroom::people::{NewAccount, PrincipalKindWord};
use mailroom::published::{DomainRecord, DomainRecords, Note, Publisher, RecordState, Told};
use std::sync::Arc;

/// One record in each state; asked again, the missing one is there.
struct Fixed;

impl Publisher for Fixed {
    fn records<'a>(&'a self, domain: &'a str, again: bool) -> Told<'a> {
        let missing = match again {
            true => RecordState::Right,
            false => RecordState::Missing,
        };
        let row = |what, kind, value: &str, state| DomainRecord {
            name: domain.to_owned(),
            kind,
            value: value.to_owned(),
            what,
            must: what == "mx",
            state,
        };
        let records = DomainRecords {
            records: vec![
                row("mx", "MX", "10 thu.tinh.example.", RecordState::Right),
                row("spf", "TXT", "v=spf1 mx -all", missing),
                row(
                    "dkim-next",
                    "TXT",
                    "v=DKIM1; p=AA",
                    RecordState::Other("v=DKIM1; p=<BB>".into()),
                ),
                row(
                    "tlsa",
                    "TLSA",
                    "3 1 1 00",
                    RecordState::Unknown("im".into()),
                ),
            ],
            checked_at: Some(START),
            checking: false,
            notes: vec![Note::Dnssec],
        };
        Box::pin(async move { Ok(records) })
    }
}

#[tokio::test]
async fn a_domain_is_shown_to_those_whose_rights_cover_it() {
    let town = Town::new().await;
    let (room, console) = (&town.room, town.room.console());
    room.publishes_through(Arc::new(Fixed));
    room.domain_add(&console, "noivu.example", None)
        .await
        .unwrap();
    room.domain_add(&console, "cu.example", Some("noivu.example"))
        .await
        .unwrap();
    let account = NewAccount {
        address: "vanthu@noivu.example".into(),
        name: "Văn thư".into(),
        unit_code: Some("A".into()),
        kind: Some(PrincipalKindWord::Individual),
        ..NewAccount::default()
    };
    room.account_add(&console, account, None).await.unwrap();
    let (mut lan, mut admin) = (town.signed_in("lan").await, town.signed_in("quantri").await);
    for path in ["/quan-tri/dns", "/quan-tri/dns/noivu.example"] {
        assert_eq!(lan.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let list = admin.get("/quan-tri/dns").await;
    assert!(list.has("noivu.") && list.has("/quan-tri/dns/cu.example"));
    assert!(!list.has("/quan-tri/dns/tinh.example"), "others are in it");
    for (domain, status) in [
        ("tinh.example", StatusCode::NOT_FOUND),
        ("la.example", StatusCode::NOT_FOUND),
        ("noivu.example", StatusCode::OK),
    ] {
        let page = admin.get(&format!("/quan-tri/dns/{domain}")).await;
        assert_eq!(page.status, status, "{domain}");
    }
    // One more person of another unit, and the domain is not theirs alone.
    room.alias_add(&console, "binh@tinh.example", "binh@noivu.example", None)
        .await
        .unwrap();
    assert!(!admin.get("/quan-tri").await.has("/quan-tri/dns"));
    // Who administers everything sees everything.
    room.unit_admin_set(&console, "quantri@tinh.example", "P", true)
        .await
        .unwrap();
    assert!(admin.get("/quan-tri/dns").await.has("tinh."));
}

#[tokio::test]
async fn every_state_is_said_and_a_new_look_is_one_press() {
    let town = Town::new().await;
    let console = town.room.console();
    town.room.publishes_through(Arc::new(Fixed));
    town.room
        .unit_admin_set(&console, "quantri@tinh.example", "P", true)
        .await
        .unwrap();
    let mut admin = town.signed_in("quantri").await;
    let start = admin.get("/quan-tri/dns").await;
    assert_eq!(start.place(), "/quan-tri/dns/tinh.example");
    let page = admin.get("/quan-tri/dns/tinh.example").await;
    for words in [
        "Đúng: 1",
        "Thiếu: 1",
        "Khác: 1",
        "Chưa biết: 1",
        "Đã hỏi DNS lúc 22/11/2026 05:46",
        "v=spf1 mx -all</textarea>",
        "Đang thấy trong DNS: v=DKIM1; p=&#60;BB&#62;",
        "hai lần TTL",
    ] {
        assert!(page.has(words), "{words}: {}", page.text());
    }
    let text = page.text();
    assert!(
        text.find("v=spf1").unwrap() < text.find("10 thu.tinh").unwrap(),
        "what wants doing stands first"
    );
    let answer = admin.submit("/quan-tri/dns/tinh.example", &[]).await;
    assert_eq!(answer.place(), "/quan-tri/dns/tinh.example?tb=dns-da-hoi");
    let page = admin.get(&answer.place()).await;
    assert!(page.has("Đã hỏi lại DNS."));
    let forged = admin.post("/quan-tri/dns/tinh.example", &[]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}
