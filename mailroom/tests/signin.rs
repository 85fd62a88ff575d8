//! Who gets in, by which door, with what; and who is slowed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::Means;
use mailroom::signin::{Door, NoEntry, PasswordFault};
use store::Status;

#[tokio::test]
async fn passwords_and_app_passwords_open_their_doors() {
    let town = Town::with(|policy| policy.clients_take_password = false).await;
    town.set_password("an").await;
    let an = town.actor("an").await;
    let app = town.room.app_password_add(&an, "điện thoại").await.unwrap();
    for (door, secret, expected) in [
        (Door::Web, SECRET, Ok(Means::Password)),
        (Door::Imap, SECRET, Err(NoEntry::AppPasswordOnly)),
        (Door::Submission, SECRET, Err(NoEntry::AppPasswordOnly)),
        (Door::Imap, app.as_str(), Ok(Means::AppPassword)),
        (
            Door::Submission,
            &app.to_uppercase().replace('-', " "),
            Ok(Means::AppPassword),
        ),
        (Door::Web, app.as_str(), Err(NoEntry::Wrong)),
        (Door::Imap, "sai", Err(NoEntry::Wrong)),
        (Door::Imap, "", Err(NoEntry::Wrong)),
    ] {
        assert_eq!(
            town.sign_in(door, "an", secret)
                .await
                .map(|actor| actor.means),
            expected,
            "{door:?} {secret}"
        );
    }
    assert_eq!(
        town.sign_in(Door::Web, "khong", SECRET).await.err(),
        Some(NoEntry::Wrong)
    );
    // Without the domain too.
    assert!(
        town.room
            .sign_in(Door::Web, "AN", SECRET, IP)
            .await
            .unwrap()
            .is_ok()
    );
    let held = town.room.app_passwords(&an).await.unwrap();
    assert_eq!((held.len(), held[0].1.as_str()), (1, "điện thoại"));
    assert!(is_denied(
        town.room
            .app_password_revoke(&town.actor("binh").await, held[0].0)
            .await
    ));
    town.room.app_password_revoke(&an, held[0].0).await.unwrap();
    assert_eq!(
        town.sign_in(Door::Imap, "an", &app).await.err(),
        Some(NoEntry::Wrong)
    );
}

#[tokio::test]
async fn proofs_end_with_the_account() {
    let town = Town::new().await;
    town.set_password("an").await;
    for _ in 0..3 {
        assert!(town.sign_in(Door::Imap, "an", SECRET).await.is_ok());
    }
    let admin = town.actor("quantri.a").await;
    town.room
        .account_disable(&admin, "an@tinh.example", true)
        .await
        .unwrap();
    assert_eq!(
        town.sign_in(Door::Imap, "an", SECRET).await.err(),
        Some(NoEntry::Disabled)
    );
    assert_eq!(
        town.sign_in(Door::Imap, "an", "sai").await.err(),
        Some(NoEntry::Wrong)
    );
    town.room
        .account_disable(&admin, "an@tinh.example", false)
        .await
        .unwrap();
    town.store
        .principal_set_status(town.account("an").await.into(), Status::Dormant)
        .await
        .unwrap();
    assert_eq!(
        town.sign_in(Door::Web, "an", SECRET).await.err(),
        Some(NoEntry::Disabled)
    );
}

#[tokio::test]
async fn failures_bring_a_pause_to_the_guesser_only() {
    let town = Town::with(|policy| policy.sign_in_failures_max = 3).await;
    town.set_password("an").await;
    for _ in 0..3 {
        assert_eq!(
            town.sign_in(Door::Web, "an", "sai").await.err(),
            Some(NoEntry::Wrong)
        );
    }
    assert_eq!(
        town.sign_in(Door::Web, "an", SECRET).await.err(),
        Some(NoEntry::Later(30))
    );
    // The owner elsewhere is not locked out.
    assert!(
        town.room
            .sign_in(Door::Web, "an@tinh.example", SECRET, "198.51.100.1")
            .await
            .unwrap()
            .is_ok()
    );
    town.pass_ms(30_000);
    assert!(town.sign_in(Door::Web, "an", SECRET).await.is_ok());
    let audit = town
        .room
        .audit_of(&town.actor("quantri.a").await, 50)
        .await
        .unwrap();
    assert_eq!(
        audit.iter().filter(|row| row.2 == "sign_in.paused").count(),
        1
    );
    assert!(!audit.iter().any(|row| format!("{row:?}").contains(SECRET)));
}

#[tokio::test]
async fn sessions_live_idle_and_end() {
    let town = Town::with(|policy| {
        policy.session_idle_secs = 100;
        policy.session_life_secs = 1_000;
    })
    .await;
    let an = town.actor("an").await;
    let (token, session) = town
        .room
        .session_start(&an, "Điện thoại của An")
        .await
        .unwrap();
    let found = town.room.session(&token, IP).await.unwrap().unwrap();
    assert_eq!(
        (found.actor.principal, found.actor.means, &found.csrf),
        (an.principal, Means::WebSession, &session.csrf)
    );
    for token in ["", "x", &session.key, &"x".repeat(10_000)] {
        assert!(town.room.session(token, IP).await.unwrap().is_none());
    }
    // Used again and again it stays; left alone it ends.
    for _ in 0..5 {
        town.pass_ms(70_000);
        assert!(town.room.session(&token, IP).await.unwrap().is_some());
    }
    let (other, _) = town.room.session_start(&an, "Máy ở cơ quan").await.unwrap();
    assert_eq!(town.room.sessions(&an).await.unwrap().len(), 2);
    town.pass_ms(100_000);
    assert!(town.room.session(&token, IP).await.unwrap().is_none());
    assert!(town.room.session(&other, IP).await.unwrap().is_none());
    let (token, session) = town.room.session_start(&an, "a").await.unwrap();
    town.room.session_end(&session).await.unwrap();
    assert!(town.room.session(&token, IP).await.unwrap().is_none());
    let (token, _) = town.room.session_start(&an, "b").await.unwrap();
    town.room
        .account_disable(&town.room.console(), "an@tinh.example", true)
        .await
        .unwrap();
    assert!(town.room.session(&token, IP).await.unwrap().is_none());
}

#[tokio::test]
async fn a_passphrase_is_changed_by_who_knows_it() {
    let town = Town::new().await;
    town.set_password("an").await;
    let an = town.actor("an").await;
    let (token, _) = town.room.session_start(&an, "a").await.unwrap();
    let change = |old: &'static str, new: &'static str| {
        let (room, an) = (town.room.clone(), an.clone());
        async move { room.password_change(&an, old, new).await.unwrap() }
    };
    assert_eq!(
        change("sai", "một hai ba bốn năm").await,
        Err(PasswordFault::WrongOld)
    );
    assert_eq!(change(SECRET, "ngắn").await, Err(PasswordFault::TooShort));
    assert_eq!(
        change(SECRET, "nguyenvanan2026").await,
        Err(PasswordFault::HoldsName)
    );
    assert_eq!(change(SECRET, "một hai ba bốn năm").await, Ok(()));
    assert!(town.room.session(&token, IP).await.unwrap().is_none());
    assert_eq!(
        town.sign_in(Door::Imap, "an", SECRET).await.err(),
        Some(NoEntry::Wrong)
    );
    assert!(
        town.sign_in(Door::Imap, "an", "một hai ba bốn năm")
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn another_process_that_disables_an_account_is_noticed() {
    let town = Town::new().await;
    town.set_password("an").await;
    assert!(town.sign_in(Door::Imap, "an", SECRET).await.is_ok());
    let access = town.open("an").await;
    // The command line: its own store on the same folder.
    let other = store::Store::open(store::testing::config(town.folder.path(), None))
        .await
        .unwrap();
    let command =
        mailroom::Mailroom::new(other, town.policy.clone(), mailroom::Clock::System).unwrap();
    command
        .account_disable(&command.console(), "an@tinh.example", true)
        .await
        .unwrap();
    for _ in 0..100 {
        if town.sign_in(Door::Imap, "an", SECRET).await.err() == Some(NoEntry::Disabled) {
            assert!(is_denied(access.mailboxes().await));
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the other process was not noticed");
}
