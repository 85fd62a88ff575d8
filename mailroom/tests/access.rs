//! Nobody gets in where they don't belong (promise 7): every door to mail, for everybody who is not its owner.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::assign::AssignedFilter;
use mailroom::mail::Append;
use mailroom::search::{Field, Query, Words};
use mailroom::submit::Draft;
use mailroom::{Access, Error};
use store::{AssigneeId, EmailId, FlagChange, MailboxId, Role};

fn add(flags: u32) -> FlagChange {
    FlagChange::Add {
        flags,
        keywords: Vec::new(),
    }
}

/// Every method that writes; each must be refused with a denial.
async fn writes_refused(access: &Access, mailbox: MailboxId) {
    let append = Append {
        raw: "Subject: a\r\n\r\n".into(),
        flags: 0,
        keywords: vec![],
        received_at: None,
    };
    let draft = Draft {
        to: vec!["lan@tinh.example".into()],
        ..Draft::default()
    };
    assert!(is_denied(access.mailbox_create("x").await));
    assert!(is_denied(access.mailbox_delete("INBOX").await));
    assert!(is_denied(access.mailbox_rename("INBOX", "y").await));
    assert!(is_denied(access.mailbox_subscribe("INBOX", false).await));
    assert!(is_denied(access.append(mailbox, append).await));
    assert!(is_denied(access.flags(mailbox, &[1], add(1), None).await));
    assert!(is_denied(access.copy(mailbox, &[1], mailbox).await));
    assert!(is_denied(access.move_to(mailbox, &[1], mailbox).await));
    assert!(is_denied(access.expunge(mailbox, None).await));
    assert!(is_denied(access.save_draft(draft.clone()).await));
    assert!(is_denied(access.send(draft).await));
    assert!(is_denied(access.acknowledge(AssigneeId(1)).await));
}

/// Every method that reads.
async fn reads_refused(access: &Access, mailbox: MailboxId) {
    let words = Words {
        field: Field::Any,
        text: "a".into(),
        phrase: false,
    };
    assert!(is_denied(access.mailboxes().await));
    assert!(is_denied(access.mailbox("INBOX").await));
    assert!(is_denied(access.mailbox_by_role(Role::Inbox).await));
    assert!(is_denied(access.snapshot(mailbox).await));
    assert!(is_denied(access.vanished(mailbox, 0).await));
    assert!(is_denied(access.envelopes(mailbox, &[1]).await));
    assert!(is_denied(access.previews(mailbox, &[1]).await));
    let what = store::Worded::People;
    assert!(is_denied(access.words(mailbox, &[1], what).await));
    assert!(is_denied(access.body(mailbox, 1).await));
    assert!(is_denied(access.list(mailbox, None, 1, false).await));
    assert!(is_denied(access.email(EmailId(1)).await));
    assert!(is_denied(access.thread(store::ThreadId(1)).await));
    assert!(is_denied(access.search_uids(mailbox, &words).await));
    assert!(is_denied(access.search(&Query::parse("a"), 0, 1).await));
    assert!(is_denied(access.quota().await));
    assert!(is_denied(access.fate(EmailId(1)).await));
    assert!(is_denied(access.trace_of(EmailId(1)).await));
    assert!(is_denied(access.reply_draft(EmailId(1), true).await));
    assert!(is_denied(access.forward_draft(EmailId(1)).await));
    assert!(is_denied(access.open_draft(EmailId(1)).await));
    assert!(is_denied(access.assigned(AssignedFilter::All, 1).await));
    assert!(is_denied(access.assigned_open(AssigneeId(1)).await));
    assert!(is_denied(access.assigned_counts().await));
}

#[tokio::test]
async fn strangers_administrators_and_the_console_open_nothing() {
    let town = Town::new().await;
    let an = town.account("an").await;
    for who in ["lan", "quantri.a", "quantri.p", "so.a"] {
        assert!(
            is_denied(town.room.open(&town.actor(who).await, an).await),
            "{who}"
        );
        let accounts = town.room.accounts_of(&town.actor(who).await).await.unwrap();
        assert!(!accounts.iter().any(|one| one.0 == an), "{who}");
    }
    assert!(is_denied(town.room.open(&town.room.console(), an).await));
    assert!(
        town.room
            .accounts_of(&town.room.console())
            .await
            .unwrap()
            .is_empty()
    );
    let list = town.account("tatca").await;
    assert!(is_denied(
        town.room.open(&town.actor("tatca").await, list).await
    ));
}

#[tokio::test]
async fn a_mailbox_id_of_another_account_opens_nothing() {
    let town = Town::new().await;
    town.receive(&["an@tinh.example"], &letter("riêng"))
        .await
        .unwrap();
    let (an, lan) = (town.open("an").await, town.open("lan").await);
    let theirs = an.mailbox("INBOX").await.unwrap();
    let own = lan.mailbox("INBOX").await.unwrap();
    let email = an.list(theirs.id, None, 1, false).await.unwrap()[0].email;
    // Both before and after the owner has a snapshot in memory.
    for _ in 0..2 {
        assert!(is_denied(lan.snapshot(theirs.id).await));
        assert!(is_denied(lan.body(theirs.id, 1).await));
        assert!(is_denied(lan.envelopes(theirs.id, &[1]).await));
        assert!(is_denied(lan.previews(theirs.id, &[1]).await));
        let what = store::Worded::People;
        assert!(is_denied(lan.words(theirs.id, &[1], what).await));
        assert!(is_denied(lan.list(theirs.id, None, 1, false).await));
        assert!(is_denied(lan.flags(theirs.id, &[1], add(1), None).await));
        assert!(is_denied(lan.move_to(theirs.id, &[1], own.id).await));
        assert!(is_denied(lan.copy(own.id, &[1], theirs.id).await));
        assert!(is_denied(lan.vanished(theirs.id, 0).await));
        assert!(matches!(lan.email(email).await, Err(Error::Missing)));
        assert!(is_denied(lan.trace_of(email).await));
        an.snapshot(theirs.id).await.unwrap();
    }
    assert_eq!(an.snapshot(theirs.id).await.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn memberships_give_what_their_words_say_and_end() {
    let town = Town::new().await;
    let so = town.account("so.a").await;
    let (console, binh) = (town.room.console(), town.actor("binh").await);
    let until = START + 1_000;
    let set = |words: &'static str| {
        let (room, console) = (town.room.clone(), console.clone());
        async move {
            room.membership_set(
                &console,
                "binh@tinh.example",
                "so.a@tinh.example",
                words,
                Some(until),
            )
            .await
            .unwrap()
        }
    };
    set("read").await;
    let access = town.room.open(&binh, so).await.unwrap();
    let inbox = access.mailbox("INBOX").await.unwrap();
    writes_refused(&access, inbox.id).await;
    assert!(
        !town
            .room
            .may_send_as(&binh, "so.a@tinh.example")
            .await
            .unwrap()
    );
    set("clerk").await;
    assert!(access.mailbox_create("Việc").await.is_ok());
    assert!(
        town.room
            .may_send_as(&binh, "so.a@tinh.example")
            .await
            .unwrap()
    );
    assert!(
        town.room
            .accounts_of(&binh)
            .await
            .unwrap()
            .iter()
            .any(|one| one.0 == so && one.3.write)
    );
    // The delegation ends while the session is open.
    town.pass_ms(1_000);
    reads_refused(&access, inbox.id).await;
    writes_refused(&access, inbox.id).await;
    assert!(is_denied(town.room.open(&binh, so).await));
    assert!(
        !town
            .room
            .may_send_as(&binh, "so.a@tinh.example")
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_membership_taken_back_ends_open_sessions() {
    let town = Town::new().await;
    let so = town.account("so.a").await;
    let console = town.room.console();
    town.room
        .membership_set(
            &console,
            "binh@tinh.example",
            "so.a@tinh.example",
            "write",
            None,
        )
        .await
        .unwrap();
    let access = town.room.open(&town.actor("binh").await, so).await.unwrap();
    let inbox = access.mailbox("INBOX").await.unwrap();
    town.room
        .membership_set(&console, "binh@tinh.example", "so.a@tinh.example", "", None)
        .await
        .unwrap();
    reads_refused(&access, inbox.id).await;
}

#[tokio::test]
async fn a_disabled_person_gets_nothing_even_in_an_open_session() {
    let town = Town::new().await;
    let access = town.open("an").await;
    let inbox = access.mailbox("INBOX").await.unwrap();
    access.snapshot(inbox.id).await.unwrap();
    let admin = town.actor("quantri.a").await;
    town.room
        .account_disable(&admin, "an@tinh.example", true)
        .await
        .unwrap();
    reads_refused(&access, inbox.id).await;
    writes_refused(&access, inbox.id).await;
    assert!(is_denied(
        town.room
            .open(&town.actor("an").await, access.account())
            .await
    ));
    assert_eq!(
        town.room.resolve("an@tinh.example").await.unwrap(),
        mailroom::directory::Recipient::Disabled
    );
    town.room
        .account_disable(&admin, "an@tinh.example", false)
        .await
        .unwrap();
    assert!(access.snapshot(inbox.id).await.is_ok());
}

#[tokio::test]
async fn administrators_cannot_make_themselves_readers() {
    let town = Town::new().await;
    let admin = town.actor("quantri.a").await;
    for account in ["so.a@tinh.example", "an@tinh.example"] {
        let own = town
            .room
            .membership_set(&admin, "quantri.a@tinh.example", account, "read", None)
            .await;
        assert!(is_denied(own), "{account}");
    }
    // A person's own mail is that person's to share, not the administrator's.
    assert!(is_denied(
        town.room
            .membership_set(&admin, "binh@tinh.example", "an@tinh.example", "read", None)
            .await
    ));
    let an = town.actor("an").await;
    town.room
        .membership_set(&an, "binh@tinh.example", "an@tinh.example", "read", None)
        .await
        .unwrap();
    assert!(is_denied(
        town.room
            .membership_set(&an, "binh@tinh.example", "lan@tinh.example", "read", None)
            .await
    ));
    // The unit's mailbox is the administrator's to hand out, inside the subtree.
    town.room
        .membership_set(
            &admin,
            "binh@tinh.example",
            "so.a@tinh.example",
            "clerk",
            None,
        )
        .await
        .unwrap();
    assert!(is_denied(
        town.room
            .membership_set(
                &admin,
                "binh@tinh.example",
                "tinh@tinh.example",
                "read",
                None
            )
            .await
    ));
    // Nor may a password be given from above.
    let account = mailroom::people::NewAccount {
        address: "moi@tinh.example".into(),
        name: "Mới".into(),
        unit_code: Some("A".into()),
        ..Default::default()
    };
    assert!(is_denied(
        town.room
            .account_add(&admin, account, Some("mat khau tam thoi"))
            .await
    ));
}

#[tokio::test]
async fn subtrees_are_kept() {
    let town = Town::new().await;
    let (a, p) = (town.actor("quantri.a").await, town.actor("quantri.p").await);
    let room = &town.room;
    for denied in [
        is_denied(room.account_disable(&a, "lan@tinh.example", true).await),
        is_denied(
            room.account_disable(&a, "quantri.p@tinh.example", true)
                .await,
        ),
        is_denied(
            room.account_disable(&a, "quantri.a@tinh.example", true)
                .await,
        ),
        is_denied(room.unit_admin_set(&a, "an@tinh.example", "A", true).await),
        is_denied(room.unit_admin_set(&a, "an@tinh.example", "B", true).await),
        is_denied(
            room.unit_add(&a, "B1", "Phòng", Some("B"), "division", "")
                .await,
        ),
        is_denied(room.domain_add(&a, "la.example", None).await),
        is_denied(room.accounts_list(&a, Some("B"), 0, 10).await),
        is_denied(room.list_set(&a, "tatca@tinh.example", &[]).await),
        is_denied(room.quota_set(&a, "lan@tinh.example", 1).await),
        is_denied(
            room.alias_add(&a, "lan@tinh.example", "l@tinh.example", None)
                .await,
        ),
        is_denied(
            room.source_add(&a, "qlvb", "QLVB", Some("P"), &[], 30)
                .await,
        ),
        is_denied(
            room.accounts_list(&town.actor("an").await, None, 0, 10)
                .await,
        ),
    ] {
        assert!(denied);
    }
    room.unit_add(&a, "A1", "Phòng", Some("A"), "division", "")
        .await
        .unwrap();
    room.account_disable(&p, "lan@tinh.example", true)
        .await
        .unwrap();
    room.unit_admin_set(&p, "an@tinh.example", "A", true)
        .await
        .unwrap();
    let seen: Vec<String> = room
        .units(&a)
        .await
        .unwrap()
        .into_iter()
        .map(|unit| unit.code)
        .collect();
    assert_eq!(seen, ["A", "A1"]);
    assert!(
        room.units(&town.actor("lan").await)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn traces_are_seen_by_those_concerned() {
    let town = Town::new().await;
    let trace = town
        .receive(&["an@tinh.example", "lan@tinh.example"], &letter("x"))
        .await
        .unwrap();
    let (_, events) = town
        .room
        .trace(&town.actor("an").await, trace)
        .await
        .unwrap();
    assert!(
        events
            .iter()
            .all(|event| event.recipient == "an@tinh.example")
            && events.len() == 1
    );
    assert!(is_denied(
        town.room.trace(&town.actor("binh").await, trace).await
    ));
    // A unit's administrator sees what came to the unit's people, without the subject.
    let (seen, events) = town
        .room
        .trace(&town.actor("quantri.a").await, trace)
        .await
        .unwrap();
    assert!(!events.is_empty() && seen.subject.is_empty(), "{seen:?}");
    assert!(
        events
            .iter()
            .all(|event| event.recipient == "an@tinh.example")
    );
    assert_eq!(
        town.room
            .trace(&town.actor("quantri.p").await, trace)
            .await
            .unwrap()
            .1
            .len(),
        2
    );
    let filter = store::TraceFilter {
        recipient: "lan@tinh.example".into(),
        ..Default::default()
    };
    assert!(
        town.room
            .trace_find(&town.actor("binh").await, &filter, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        town.room
            .trace_find(&town.actor("lan").await, &filter, 10)
            .await
            .unwrap()
            .len(),
        1
    );
}
