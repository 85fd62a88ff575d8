//! Letters come in, are read, marked, moved and removed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::mail::Append;
use mailroom::receive::{Refused, Verdict};
use store::{FlagChange, Role, flag};

#[tokio::test]
async fn a_letter_is_stored_with_our_trace_in_front_and_its_bytes_behind() {
    let town = Town::new().await;
    let access = town.open("an").await;
    let inbox = access.mailbox("inbox").await.unwrap();
    let before = access.snapshot(inbox.id).await.unwrap();
    let mut listener = access.listen();
    let trace = town
        .receive(&["an@tinh.example"], &letter("một"))
        .await
        .unwrap();
    listener.changed().await;
    let snapshot = access.snapshot(inbox.id).await.unwrap();
    assert_eq!(
        (
            before.rows.len(),
            snapshot.rows.len(),
            snapshot.mailbox.uid_next
        ),
        (0, 1, 2)
    );
    let raw = access.body(inbox.id, 1).await.unwrap();
    let text = String::from_utf8(raw.to_vec()).unwrap();
    assert!(
        text.starts_with(
            "Return-Path: <khach@gmail.example>\r\nAuthentication-Results: mx.tinh.example;"
        ),
        "{text}"
    );
    assert!(
        text.contains(&format!("id {trace}"))
            && text.ends_with(&letter("một").replace('\n', "\r\n")),
        "{text}"
    );
    let row = &access.list(inbox.id, None, 10, false).await.unwrap()[0];
    assert_eq!(
        (
            row.subject.as_str(),
            row.from_name.as_str(),
            row.preview.as_str()
        ),
        ("một", "Khách", "Chào anh.")
    );
    let (found, events) = town
        .room
        .trace(&town.actor("an").await, trace)
        .await
        .unwrap();
    assert_eq!(
        (found.direction.as_str(), events[0].event.as_str()),
        ("in", "delivered")
    );
    let envelopes = access.envelopes(inbox.id, &[1]).await.unwrap();
    assert!(envelopes[0].1.starts_with(b"(") && envelopes[0].2.starts_with(b"("));
}

#[tokio::test]
async fn snapshots_hold_every_commit_before_the_call() {
    let town = Town::new().await;
    let access = town.open("an").await;
    let inbox = access.mailbox("INBOX").await.unwrap();
    for count in 1..=20 {
        town.receive(&["an@tinh.example"], &letter(&count.to_string()))
            .await
            .unwrap();
        let snapshot = access.snapshot(inbox.id).await.unwrap();
        assert_eq!(snapshot.rows.len(), count);
    }
    let same = access.snapshot(inbox.id).await.unwrap();
    assert!(std::sync::Arc::ptr_eq(
        &same,
        &access.snapshot(inbox.id).await.unwrap()
    ));
    access
        .flags(
            inbox.id,
            &[3],
            FlagChange::Add {
                flags: flag::DELETED | flag::SEEN,
                keywords: vec![],
            },
            None,
        )
        .await
        .unwrap();
    let marked = access.snapshot(inbox.id).await.unwrap();
    assert_eq!(
        (marked.row(3).unwrap().flags, marked.mailbox.unseen),
        (flag::DELETED | flag::SEEN, 19)
    );
    assert_eq!(access.expunge(inbox.id, None).await.unwrap(), [3]);
    let left = access.snapshot(inbox.id).await.unwrap();
    assert!(left.row(3).is_none() && left.rows.len() == 19);
    assert_eq!(
        access
            .vanished(inbox.id, marked.mailbox.modseq)
            .await
            .unwrap(),
        [3]
    );
    let archive = access.mailbox_by_role(Role::Archive).await.unwrap();
    access.move_to(inbox.id, &[1, 2], archive.id).await.unwrap();
    assert_eq!(access.snapshot(inbox.id).await.unwrap().rows.len(), 17);
    assert_eq!(access.snapshot(archive.id).await.unwrap().rows.len(), 2);
}

#[tokio::test]
async fn junk_goes_to_junk_and_loops_are_refused() {
    let town = Town::new().await;
    let mut incoming = town.incoming(&["an@tinh.example"], &letter("rác")).await;
    incoming.verdict = Verdict::Junk;
    incoming.reasons = vec!["spf=fail".into()];
    let trace = town.room.receive(incoming).await.unwrap().unwrap();
    assert_eq!(town.subjects("an", Role::Junk).await, ["rác"]);
    assert!(town.subjects("an", Role::Inbox).await.is_empty());
    let (_, events) = town.room.trace(&town.room.console(), trace).await.unwrap();
    assert_eq!(
        (events[0].event.as_str(), events[0].detail.as_str()),
        ("junk", "spf=fail")
    );
    let looped = format!(
        "{}{}",
        "Received: from x by y\n".repeat(100),
        letter("vòng")
    );
    assert_eq!(
        town.receive(&["an@tinh.example"], &looped).await,
        Err(Refused::Loop)
    );
}

#[tokio::test]
async fn quota_takes_to_110_percent_and_then_refuses() {
    let town = Town::with(|policy| policy.quota_bytes_default = 10_000).await;
    let big = format!("{}{}", letter("to"), "x".repeat(9_000));
    town.receive(&["an@tinh.example"], &big).await.unwrap();
    assert_eq!(
        town.receive(&["an@tinh.example"], &big).await,
        Err(Refused::OverQuota)
    );
    // Others on the same letter get theirs, and the full one with them.
    town.receive(&["an@tinh.example", "binh@tinh.example"], &big)
        .await
        .unwrap();
    assert_eq!(town.subjects("an", Role::Inbox).await.len(), 2);
    let full = town.room.resolve("an@tinh.example").await.unwrap();
    assert!(
        matches!(full, mailroom::directory::Recipient::Full(_)),
        "{full:?}"
    );
    let access = town.open("an").await;
    let inbox = access.mailbox("INBOX").await.unwrap();
    let own = Append {
        raw: "Subject: a\r\n\r\n".into(),
        flags: 0,
        keywords: vec![],
        received_at: None,
    };
    assert!(is_denied(access.append(inbox.id, own).await));
}

#[tokio::test]
async fn append_keeps_every_byte() {
    let town = Town::new().await;
    let access = town.open("an").await;
    let drafts = access.mailbox_by_role(Role::Drafts).await.unwrap();
    let raw: Vec<u8> = b"Subject: raw\nlone LF\r\n\r\n\xff\xfe\x00".to_vec();
    let append = Append {
        raw: raw.clone().into(),
        flags: flag::SEEN,
        keywords: vec!["$Việc".into()],
        received_at: Some(5),
    };
    let placed = access.append(drafts.id, append).await.unwrap();
    assert_eq!(access.body(drafts.id, placed.uid).await.unwrap(), raw);
    let snapshot = access.snapshot(drafts.id).await.unwrap();
    assert_eq!(
        (snapshot.rows[0].received_at, snapshot.rows[0].flags),
        (5, flag::SEEN)
    );
}

#[tokio::test]
async fn mailboxes_are_made_renamed_and_removed() {
    let town = Town::new().await;
    let access = town.open("an").await;
    access
        .mailbox_create("Công việc/2026/Tháng 11")
        .await
        .unwrap();
    let names: Vec<String> = access
        .mailboxes()
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.name)
        .collect();
    for name in [
        "Công việc",
        "Công việc/2026",
        "Công việc/2026/Tháng 11",
        "INBOX",
        "Sent",
        "Junk",
    ] {
        assert!(names.contains(&name.to_owned()), "{name}");
    }
    assert!(matches!(
        access.mailbox_create("Công việc").await,
        Err(mailroom::Error::Exists)
    ));
    assert!(matches!(
        access.mailbox_create("../x").await,
        Err(mailroom::Error::Bad(_))
    ));
    assert!(
        is_denied(access.mailbox_delete("Sent").await)
            && is_denied(access.mailbox_delete("inbox").await)
    );
    access.mailbox_rename("Công việc", "Việc").await.unwrap();
    assert!(access.mailbox("Việc/2026/Tháng 11").await.is_ok());
    town.receive(&["an@tinh.example"], &letter("cũ"))
        .await
        .unwrap();
    access.mailbox_rename("INBOX", "Cũ").await.unwrap();
    assert!(town.subjects("an", Role::Inbox).await.is_empty());
    let old = access.mailbox("Cũ").await.unwrap();
    assert_eq!(access.snapshot(old.id).await.unwrap().rows.len(), 1);
    access.mailbox_delete("Cũ").await.unwrap();
    assert!(matches!(
        access.snapshot(old.id).await,
        Err(mailroom::Error::Missing)
    ));
}

#[tokio::test]
async fn search_finds_with_and_without_marks() {
    let town = Town::new().await;
    for subject in ["Báo cáo đê biển", "Họp giao ban", "De bien"] {
        town.receive(&["an@tinh.example"], &letter(subject))
            .await
            .unwrap();
    }
    let access = town.open("an").await;
    let query = mailroom::search::Query::parse("đê biển");
    let (total, rows) = access.search(&query, 0, 10).await.unwrap();
    assert_eq!((total, rows[0].subject.as_str()), (2, "Báo cáo đê biển"));
    let inbox = access.mailbox("INBOX").await.unwrap();
    let words = mailroom::search::Words {
        field: mailroom::search::Field::Subject,
        text: "giao ban".into(),
        phrase: true,
    };
    assert_eq!(access.search_uids(inbox.id, &words).await.unwrap(), [2]);
    let (total, _) = access
        .search(&mailroom::search::Query::parse("họp có:tệp"), 0, 10)
        .await
        .unwrap();
    assert_eq!(total, 0);
    let other = town.open("binh").await;
    assert_eq!(other.search(&query, 0, 10).await.unwrap().0, 0);
}

#[tokio::test]
async fn refusals_are_written_down() {
    let town = Town::new().await;
    let peer = mailroom::receive::Peer {
        ip: "203.0.113.9".into(),
        ..Default::default()
    };
    let trace = town.room.refused(
        &peer,
        "ai@do.example",
        "khong@tinh.example",
        550,
        "no such user",
    );
    for _ in 0..100 {
        if let Ok((found, events)) = town.room.trace(&town.room.console(), trace).await {
            assert_eq!(
                (found.mail_from.as_str(), events[0].code),
                ("ai@do.example", Some(550))
            );
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the refusal was not written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn snapshots_stay_right_while_everybody_writes() {
    let town = std::sync::Arc::new(Town::new().await);
    let access = town.open("an").await;
    let inbox = access.mailbox("INBOX").await.unwrap().id;
    access.snapshot(inbox).await.unwrap();
    let mut tasks = Vec::new();
    for task in 0..4 {
        let (town, access) = (std::sync::Arc::clone(&town), access.clone());
        tasks.push(tokio::spawn(async move {
            for step in 0..25 {
                town.receive(&["an@tinh.example"], &letter(&format!("{task}.{step}")))
                    .await
                    .unwrap();
                let snapshot = access.snapshot(inbox).await.unwrap();
                let mut uids = snapshot.rows.iter().map(|row| row.uid);
                let mut last = 0;
                assert!(
                    uids.all(|uid| std::mem::replace(&mut last, uid) < uid),
                    "UIDs out of order"
                );
                if let Some(row) = snapshot.rows.get(step) {
                    let change = FlagChange::Add {
                        flags: flag::DELETED,
                        keywords: vec![],
                    };
                    access.flags(inbox, &[row.uid], change, None).await.unwrap();
                }
                if step % 5 == 4 {
                    access.expunge(inbox, None).await.unwrap();
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let snapshot = access.snapshot(inbox).await.unwrap();
    assert_eq!(snapshot.rows, town.store.index(inbox).await.unwrap());
    let row = town.store.mailbox(inbox).await.unwrap().unwrap();
    let shown = &snapshot.mailbox;
    assert_eq!(
        (shown.modseq, shown.uid_next, shown.total, shown.unseen),
        (row.modseq, row.uid_next, row.total, row.unseen)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_messages_are_stored_all_or_none() {
    let town = Town::with(|policy| policy.quota_bytes_default = 1_000).await;
    let access = town.open("an").await;
    let drafts = access.mailbox_by_role(Role::Drafts).await.unwrap();
    let some = |sizes: &[usize]| -> Vec<Append> {
        let one = |size: &usize| Append {
            raw: format!("Subject: {size}\r\n\r\n{}", "x".repeat(*size)).into(),
            flags: 0,
            keywords: Vec::new(),
            received_at: None,
        };
        sizes.iter().map(one).collect()
    };
    let placed = access.append_all(drafts.id, some(&[10, 20, 30])).await;
    let uids: Vec<u32> = placed.unwrap().iter().map(|one| one.uid).collect();
    assert_eq!(uids, [1, 2, 3]);
    // Each would fit, all together do not: none is stored.
    let refused = access.append_all(drafts.id, some(&[400, 400, 400])).await;
    assert!(is_denied(refused));
    assert_eq!(access.snapshot(drafts.id).await.unwrap().rows.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_away_longer_than_the_log_is_told_all_that_is_gone() {
    let town = Town::new().await;
    for subject in ["a", "b", "c", "d"] {
        town.receive(&["an@tinh.example"], &letter(subject))
            .await
            .unwrap();
    }
    let access = town.open("an").await;
    let inbox = access.mailbox_by_role(Role::Inbox).await.unwrap();
    town.store.remove(inbox.id, &[1]).await.unwrap();
    let between = access.snapshot(inbox.id).await.unwrap().mailbox.modseq;
    town.store.remove(inbox.id, &[3]).await.unwrap();
    assert_eq!(access.vanished(inbox.id, between).await.unwrap(), [3]);
    // The store's own clock stamps changes; to it all of them are of long ago.
    let later = i64::MAX / 2;
    assert!(town.store.changes_trim(later, later).await.unwrap() > 0);
    assert_eq!(access.vanished(inbox.id, 1).await.unwrap(), [1, 3]);
    let now = access.snapshot(inbox.id).await.unwrap().mailbox.modseq;
    assert!(access.vanished(inbox.id, now).await.unwrap().is_empty());
    town.room.trim().await.unwrap();
}
