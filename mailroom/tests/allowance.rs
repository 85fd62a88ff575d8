//! Other daily limits for one account until a day: who may give them, how long they count, what is written down.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::allowance::Given;
use mailroom::policy::{DayLimits, SendingLimits};
use mailroom::submit::{Draft, Unsendable};
use mailroom::{Denied, Error};

fn day_limits(messages: i64) -> DayLimits {
    DayLimits {
        messages,
        recipients: 100,
        strangers: 100,
    }
}

fn given(messages: i64, last_day: &str, reason: &str) -> Given {
    Given {
        limits: day_limits(messages),
        last_day: last_day.into(),
        reason: reason.into(),
    }
}

async fn write(town: &Town, number: u8) -> Result<(), Unsendable> {
    let draft = Draft {
        to: vec![format!("k{number}@ngoai.example")],
        subject: "Giấy mời".into(),
        text: "x".into(),
        ..Draft::default()
    };
    let sent = town.open("an").await.send(draft).await.unwrap();
    sent.map(drop)
}

/// START is 22/11/2026 here.
#[tokio::test]
async fn a_campaign_may_send_more_until_its_day() {
    let town = Town::with(|policy| {
        policy.sending = SendingLimits {
            account: day_limits(1),
            unit: DayLimits::default(),
        };
    })
    .await;
    write(&town, 1).await.unwrap();
    assert_eq!(write(&town, 2).await, Err(Unsendable::SendingLimit));
    let inbox = store::Role::Inbox;
    let access = town.open("quantri.a").await;
    let mailbox = access.mailbox_by_role(inbox).await.unwrap();
    let raw = access.body(mailbox.id, 1).await.unwrap();
    let letter = mailroom::letter::read(&raw);
    let text = letter.text;
    assert!(
        text.contains("/quan-tri/nguoi/an@tinh.example") && text.contains("đặt giới hạn khác"),
        "{text}"
    );
    let admin = town.actor("quantri.a").await;
    let set = async |given| {
        town.room
            .allowance_set(&admin, "an@tinh.example", given)
            .await
    };
    set(given(3, "23/11/2026", " Giấy mời \n họp dân "))
        .await
        .unwrap();
    let shown = town
        .room
        .account_limits(&admin, "an@tinh.example")
        .await
        .unwrap();
    assert_eq!(shown.account_limits, day_limits(3));
    assert_eq!(shown.allowance.unwrap().reason, "Giấy mời họp dân");
    write(&town, 2).await.unwrap();
    write(&town, 3).await.unwrap();
    assert_eq!(write(&town, 4).await, Err(Unsendable::SendingLimit));
    assert_eq!(
        town.subjects("quantri.a", inbox).await.len(),
        2,
        "the alarm rings again where the given limit is reached"
    );
    // The last day still counts, the day after does not.
    town.pass_ms(86_400_000);
    for number in 4..7 {
        write(&town, number).await.unwrap();
    }
    town.pass_ms(86_400_000);
    write(&town, 7).await.unwrap();
    assert_eq!(write(&town, 8).await, Err(Unsendable::SendingLimit));
    let rows = town.room.audit_of(&admin, 50).await.unwrap();
    let set_rows: Vec<_> = rows.iter().filter(|row| row.2 == "limits.set").collect();
    assert_eq!(set_rows.len(), 1);
    assert!(
        set_rows[0].4.contains("3 thư") && set_rows[0].4.contains("23/11/2026 23:59: Giấy mời"),
        "{}",
        set_rows[0].4
    );
}

#[tokio::test]
async fn an_allowance_counts_where_nothing_else_is_limited() {
    let town = Town::new().await;
    write(&town, 1).await.unwrap();
    town.room
        .allowance_set(
            &town.actor("quantri.a").await,
            "an@tinh.example",
            given(1, "23/11/2026", "x"),
        )
        .await
        .unwrap();
    write(&town, 2).await.unwrap();
    assert_eq!(write(&town, 3).await, Err(Unsendable::SendingLimit));
}

#[tokio::test]
async fn what_makes_no_sense_or_is_not_theirs_is_refused() {
    let town = Town::with(|policy| policy.sending.account = day_limits(1)).await;
    let admin = town.actor("quantri.a").await;
    for wrong in [
        given(0, "23/11/2026", "x"),
        given(50_001, "23/11/2026", "x"),
        given(5, "21/11/2026", "x"),
        given(5, "31/12/2027", "x"),
        given(5, "mai", "x"),
        given(5, "23/11/2026", "  "),
        given(5, "23/11/2026", &"x".repeat(301)),
    ] {
        let shown = format!("{wrong:?}");
        let refused = town
            .room
            .allowance_set(&admin, "an@tinh.example", wrong)
            .await;
        assert!(
            matches!(refused, Err(Error::Bad(_))),
            "{shown}: {refused:?}"
        );
    }
    let good = || given(5, "23/11/2026", "x");
    for (who, whom) in [
        ("quantri.b", "an"),
        ("an", "an"),
        ("an", "binh"),
        // A stolen administrator's account must not free itself.
        ("quantri.a", "quantri.a"),
    ] {
        let (actor, address) = (town.actor(who).await, format!("{whom}@tinh.example"));
        let set = town.room.allowance_set(&actor, &address, good()).await;
        let end = town.room.allowance_end(&actor, &address).await;
        let reset = town.room.account_limits_reset(&actor, &address).await;
        for refused in [set, end, reset] {
            assert!(
                matches!(
                    refused,
                    Err(Error::Denied(Denied::NotYours | Denied::NotAllowed))
                ),
                "{who} {whom}: {refused:?}"
            );
        }
    }
    let above = town.actor("quantri.p").await;
    for (actor, address) in [
        (&above, "quantri.a@tinh.example"),
        (&admin, "an@tinh.example"),
    ] {
        town.room
            .allowance_set(actor, address, good())
            .await
            .unwrap();
        town.room.allowance_end(actor, address).await.unwrap();
        let again = town.room.allowance_end(actor, address).await;
        assert!(matches!(again, Err(Error::Missing)), "{again:?}");
    }
}
