//! A forgotten account given back: slips, the two-person rule, what ends, what is written down.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::people::NewAccount;
use mailroom::recover::{SlipFault, SlipHolder};
use mailroom::signin::{Door, NoEntry, PasswordFault};
use store::Status;

const NEW: &str = "mùa xuân về trên bản";

#[tokio::test]
async fn a_slip_gives_the_account_back_once_and_ends_everything_old() {
    let town = Town::new().await;
    town.set_password("an").await;
    let an = town.actor("an").await;
    let app = town.room.app_password_add(&an, "máy cũ").await.unwrap();
    let (token, session) = town.room.session_start(&an, "máy cũ").await.unwrap();
    let device = mailroom::device::NewSubscription {
        endpoint: "https://push.example/1".into(),
        p256dh: "k".into(),
        auth: "a".into(),
        device: "máy cũ".into(),
        session_key: session.key,
    };
    town.room.subscribe(&an, device).await.unwrap();
    let admin = town.actor("quantri.a").await;
    let slip = town.room.slip_make(&admin, an.principal).await.unwrap();
    assert!(!slip.needs_second && slip.url.starts_with("https://localhost/khoi-phuc/"));
    let holder = SlipHolder {
        name: "Nguyễn Văn An".into(),
        address: "an@tinh.example".into(),
    };
    assert_eq!(
        town.room
            .slip_open(&slip.code.to_uppercase(), IP)
            .await
            .unwrap(),
        Ok(holder)
    );
    let weak = town
        .room
        .slip_use(&slip.code, "123456789012", IP)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(weak.err(), Some(PasswordFault::TooCommon));
    // Two phones scan at once: one gets in.
    let tries = (0..8).map(|_| {
        let (room, code) = (town.room.clone(), slip.code.clone());
        tokio::spawn(async move { room.slip_use(&code, NEW, IP).await.unwrap().is_ok() })
    });
    let mut entered = 0;
    for one in tries.collect::<Vec<_>>() {
        entered += usize::from(one.await.unwrap());
    }
    assert_eq!(entered, 1);
    assert_eq!(
        town.room.slip_open(&slip.code, IP).await.unwrap(),
        Err(SlipFault::NotValid)
    );
    assert!(town.room.session(&token, IP).await.unwrap().is_none());
    assert!(town.room.subscriptions(&an).await.unwrap().is_empty());
    for secret in [app.as_str(), SECRET] {
        assert_eq!(
            town.sign_in(Door::Imap, "an", secret).await.err(),
            Some(NoEntry::Wrong),
            "{secret}"
        );
    }
    assert!(town.sign_in(Door::Imap, "an", NEW).await.is_ok());
    let audit = town.room.audit_of(&admin, 50).await.unwrap();
    let actions: Vec<&str> = audit.iter().map(|row| row.2.as_str()).collect();
    assert!(
        actions.contains(&"slip.make") && actions.contains(&"slip.use"),
        "{actions:?}"
    );
    assert_eq!(town.room.audit_verify().await.unwrap(), None);
}

#[tokio::test]
async fn slips_end_by_time_and_by_a_newer_one() {
    let town = Town::new().await;
    let (admin, an) = (town.actor("quantri.a").await, town.account("an").await);
    let first = town.room.slip_make(&admin, an.into()).await.unwrap();
    let second = town.room.slip_make(&admin, an.into()).await.unwrap();
    assert_eq!(
        town.room.slip_open(&first.code, IP).await.unwrap().err(),
        Some(SlipFault::NotValid)
    );
    town.pass_ms(15 * 60_000 - 1);
    assert!(town.room.slip_open(&second.code, IP).await.unwrap().is_ok());
    town.pass_ms(1);
    assert_eq!(
        town.room.slip_open(&second.code, IP).await.unwrap().err(),
        Some(SlipFault::NotValid)
    );
}

#[tokio::test]
async fn guesses_are_slowed() {
    let town = Town::with(|policy| policy.sign_in_failures_max = 5).await;
    let slip = town
        .room
        .slip_make(
            &town.actor("quantri.a").await,
            town.account("an").await.into(),
        )
        .await
        .unwrap();
    for _ in 0..5 {
        assert!(
            town.room
                .slip_open("0000-0000-0000-0000", IP)
                .await
                .unwrap()
                .is_err()
        );
    }
    assert!(matches!(
        town.room.slip_open(&slip.code, IP).await,
        Err(mailroom::Error::Later(_))
    ));
    assert!(matches!(
        town.room.slip_use(&slip.code, NEW, IP).await,
        Err(mailroom::Error::Later(_))
    ));
    assert!(
        town.room
            .slip_open(&slip.code, "198.51.100.2")
            .await
            .unwrap()
            .is_ok()
    );
}

#[tokio::test]
async fn nobody_makes_slips_outside_the_own_subtree_or_for_oneself() {
    let town = Town::new().await;
    let a = town.actor("quantri.a").await;
    for who in ["lan", "chutich", "quantri.p", "quantri.a"] {
        assert!(
            is_denied(
                town.room
                    .slip_make(&a, town.account(who).await.into())
                    .await
            ),
            "{who}"
        );
    }
    assert!(is_denied(
        town.room
            .slip_make(&town.actor("an").await, town.account("binh").await.into())
            .await
    ));
    let found: Vec<String> = town
        .room
        .find_people(&a, "nguyen an", 10)
        .await
        .unwrap()
        .into_iter()
        .map(|(who, _)| who.address)
        .collect();
    assert_eq!(found, ["an@tinh.example"]);
    assert!(
        town.room
            .find_people(&a, "lan", 10)
            .await
            .unwrap()
            .iter()
            .all(|(who, _)| who.address != "lan@tinh.example")
    );
    assert!(
        town.room
            .find_people(&town.actor("an").await, "binh", 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn two_different_people_give_back_a_sensitive_account() {
    let town = Town::new().await;
    let leader = NewAccount {
        address: "giamdoc.a@tinh.example".into(),
        name: "Lý Giám Đốc".into(),
        unit_code: Some("A".into()),
        sensitive: true,
        ..NewAccount::default()
    };
    town.room
        .account_add(&town.room.console(), leader, None)
        .await
        .unwrap();
    let (a, p) = (town.actor("quantri.a").await, town.actor("quantri.p").await);
    for who in ["giamdoc.a", "so.a"] {
        let slip = town
            .room
            .slip_make(&a, town.account(who).await.into())
            .await
            .unwrap();
        assert!(slip.needs_second, "{who}");
        assert_eq!(
            town.room.slip_open(&slip.code, IP).await.unwrap().err(),
            Some(SlipFault::NotApproved)
        );
        assert_eq!(
            town.room.slip_use(&slip.code, NEW, IP).await.unwrap().err(),
            Some(SlipFault::NotApproved)
        );
        // Not by the maker, not by an administrator next door, not by the person.
        for wrong in ["quantri.a", "quantri.b", who, "an"] {
            assert!(
                is_denied(
                    town.room
                        .slip_approve(&town.actor(wrong).await, slip.id)
                        .await
                ),
                "{wrong}"
            );
        }
        assert!(town.room.slips_waiting(&a).await.unwrap().is_empty());
        let waiting = town.room.slips_waiting(&p).await.unwrap();
        assert_eq!(
            (waiting.len(), waiting[0].0, waiting[0].2.as_str()),
            (1, slip.id, "Đỗ Quản Trị")
        );
        town.room.slip_approve(&p, slip.id).await.unwrap();
        assert!(
            is_denied(town.room.slip_approve(&p, slip.id).await),
            "twice"
        );
        assert!(
            town.room
                .slip_use(&slip.code, NEW, IP)
                .await
                .unwrap()
                .unwrap()
                .is_ok()
        );
    }
    // An administrator's own account takes two as well; the console needs nobody.
    assert!(
        town.room
            .slip_make(&p, town.account("quantri.a").await.into())
            .await
            .unwrap()
            .needs_second
    );
    let console = town.room.console();
    assert!(
        !town
            .room
            .slip_make(&console, town.account("quantri.p").await.into())
            .await
            .unwrap()
            .needs_second
    );
}

#[tokio::test]
async fn a_dormant_person_returns_in_one_visit() {
    let town = Town::new().await;
    town.receive(&["an@tinh.example"], &letter("chờ"))
        .await
        .unwrap();
    let an = town.account("an").await;
    town.store
        .principal_set_status(an.into(), Status::Dormant)
        .await
        .unwrap();
    town.receive(&["an@tinh.example"], &letter("vẫn đến"))
        .await
        .unwrap();
    let slip = town
        .room
        .slip_make(&town.actor("quantri.a").await, an.into())
        .await
        .unwrap();
    let actor = town
        .room
        .slip_use(&slip.code, NEW, IP)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let access = town.room.open(&actor, an).await.unwrap();
    let inbox = access.mailbox("INBOX").await.unwrap();
    assert_eq!(access.snapshot(inbox.id).await.unwrap().rows.len(), 2);
}

#[tokio::test]
async fn help_is_the_nearest_administrator() {
    let town = Town::new().await;
    let helper = |who: &'static str| {
        let town = &town;
        async move {
            town.room
                .helper_of(town.account(who).await.into())
                .await
                .unwrap()
                .map(|(unit, name, _)| (unit, name))
        }
    };
    assert_eq!(
        helper("an").await,
        Some(("Sở A".into(), "Đỗ Quản Trị".into()))
    );
    assert_eq!(
        helper("quantri.a").await,
        Some(("Tỉnh".into(), "Hồ Quản Trị".into()))
    );
    assert_eq!(helper("quantri.p").await, None);
}
