//! What comes back and what waits: bounces of forwarded letters find their sender, letters for later leave when it is time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::HashSet;

use common::*;
use mailroom::directory::Recipient;
use mailroom::people::PrincipalKindWord;
use store::Role;

/// What goes on to a member elsewhere comes back as a bounce, goes to its sender, and nobody else can use the way.
#[tokio::test]
async fn bounces_of_forwarded_letters_find_their_sender() {
    let town = Town::new().await;
    let console = town.room.console();
    town.add("ds@tinh.example", "ds", "A", PrincipalKindWord::List)
        .await;
    let member = ["ngoai@gmail.example".to_owned()];
    town.room
        .list_set(&console, "ds@tinh.example", &member)
        .await
        .unwrap();
    let next = async || {
        let mut rows = town
            .room
            .lease_outbox("w", 10, 60, &HashSet::new())
            .await
            .unwrap();
        assert_eq!(rows.len(), 1);
        let row = rows.remove(0);
        (row.mail_from, row.recipient)
    };
    town.receive(&["ds@tinh.example"], &letter("x"))
        .await
        .unwrap();
    let (path, to) = next().await;
    assert_eq!(to, "ngoai@gmail.example");
    let back = town.room.resolve(&path).await.unwrap();
    let Recipient::Returns { to: sender } = &back else {
        panic!("{path}: {back:?}");
    };
    let sender = sender.clone();
    let mut bounce = town.incoming(&[&path], &letter("không gửi được")).await;
    bounce.mail_from.clear();
    town.room.receive(bounce).await.unwrap().unwrap();
    assert_eq!(next().await, (String::new(), sender.clone()));
    // Forged, and after its time.
    let forged = path.replace(sender.split('@').next().unwrap(), "chutich");
    assert_eq!(
        town.room.resolve(&forged).await.unwrap(),
        Recipient::Unknown
    );
    town.pass_ms(22 * 86_400_000);
    assert_eq!(town.room.resolve(&path).await.unwrap(), Recipient::Unknown);
}

/// A letter for tomorrow is nowhere today, also for people here; tomorrow it is with everybody.
#[tokio::test]
async fn letters_wait_for_their_time() {
    let town = Town::new().await;
    let an = town.actor("an").await;
    let to = ["binh@tinh.example", "ngoai@gmail.example"];
    let out = town
        .outgoing("an@tinh.example", &to, "Subject: ngày mai\n\nx\n")
        .await;
    let (day, now) = (86_400_000, town.room.now());
    let way = mailroom::receive::Onward::AnyWay;
    let handed = town.room.submit_at(&an, out, way, Some(now + day)).await;
    handed.unwrap().unwrap();
    let leave = async || {
        let rows = town.room.lease_outbox("w", 10, 60, &HashSet::new()).await;
        let rows = rows.unwrap().into_iter();
        rows.map(|row| (row.recipient, row.expires_at))
            .collect::<Vec<_>>()
    };
    town.pass_ms(day - 1);
    assert_eq!(leave().await, []);
    assert!(town.subjects("binh", Role::Inbox).await.is_empty());
    town.pass_ms(1);
    let life = 5 * 86_400_000;
    assert_eq!(
        leave().await,
        [("ngoai@gmail.example".to_owned(), now + day + life)]
    );
    assert_eq!(town.subjects("binh", Role::Inbox).await, ["ngày mai"]);
    // Once.
    town.pass_ms(day);
    leave().await;
    assert_eq!(town.subjects("binh", Role::Inbox).await.len(), 1);
    // A time that has passed is now.
    let out = town
        .outgoing(
            "an@tinh.example",
            &["binh@tinh.example"],
            "Subject: hôm nay\n\nx\n",
        )
        .await;
    let now = town.room.now();
    let handed = town.room.submit_at(&an, out, way, Some(now - 1)).await;
    handed.unwrap().unwrap();
    assert_eq!(
        town.subjects("binh", Role::Inbox).await,
        ["ngày mai", "hôm nay"]
    );
}
