//! Letters go out: composed, submitted, to lists, to the outside, with drafts and the sink.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::HashSet;

use common::*;
use mailroom::directory::Recipient;
use mailroom::submit::{Draft, DraftFile, Unsendable};
use store::{Evidence, Role, Settled, Settlement, flag};

fn draft(to: &[&str]) -> Draft {
    Draft {
        to: to.iter().map(|one| (*one).to_owned()).collect(),
        subject: "Kế hoạch".into(),
        text: "Kính gửi anh chị.".into(),
        ..Draft::default()
    }
}

#[tokio::test]
async fn a_composed_letter_is_everywhere_at_once_and_bcc_nowhere() {
    let town = Town::new().await;
    let access = town.open("an").await;
    let mut first = draft(&["Lê Thị Bình <binh@tinh.example>", "khach@gmail.example"]);
    first.bcc = vec!["lan@tinh.example".into()];
    first.files = vec![DraftFile {
        name: "Kế hoạch.txt".into(),
        media_type: "text/plain".into(),
        content: "nội dung".into(),
    }];
    let saved = access.save_draft(first.clone()).await.unwrap();
    let opened = access.open_draft(saved).await.unwrap();
    assert_eq!(
        (opened.bcc.clone(), opened.files.len(), opened.text.as_str()),
        (first.bcc.clone(), 1, "Kính gửi anh chị.")
    );
    let again = access.save_draft(opened).await.unwrap();
    assert_eq!(town.subjects("an", Role::Drafts).await.len(), 1);
    let sent = access
        .send(access.open_draft(again).await.unwrap())
        .await
        .unwrap()
        .unwrap();
    assert!(town.subjects("an", Role::Drafts).await.is_empty());
    for (local, role) in [
        ("an", Role::Sent),
        ("binh", Role::Inbox),
        ("lan", Role::Inbox),
    ] {
        assert_eq!(town.subjects(local, role).await, ["Kế hoạch"], "{local}");
        let access = town.open(local).await;
        let mailbox = access.mailbox_by_role(role).await.unwrap();
        let raw = String::from_utf8(access.body(mailbox.id, 1).await.unwrap().to_vec()).unwrap();
        assert!(
            !raw.contains("lan@tinh.example") && !raw.contains("Bcc"),
            "{raw}"
        );
    }
    let leased = town
        .room
        .lease_outbox("w", 10, 60, &HashSet::new())
        .await
        .unwrap();
    assert_eq!(
        leased
            .iter()
            .map(|row| row.recipient.as_str())
            .collect::<Vec<_>>(),
        ["khach@gmail.example"]
    );
    let body = town.room.outbox_body(leased[0].body).await.unwrap();
    assert!(
        body.starts_with(b"Received: from authenticated (local)"),
        "{:?}",
        &body[..60]
    );
    // Its fate, for the sender only.
    let mailbox = access.mailbox_by_role(Role::Sent).await.unwrap();
    let row = access.list(mailbox.id, None, 1, false).await.unwrap()[0].clone();
    assert_eq!((row.trace, row.flags), (Some(sent), flag::SEEN));
    let settle = Settlement {
        outbox: leased[0].id,
        at: START,
        settled: Settled::Later {
            next_at: START + 60_000,
        },
        evidence: Evidence {
            code: Some(450),
            text: "xin chờ".into(),
            ..Evidence::default()
        },
        delay_noticed: false,
    };
    town.room.settle_outbox(vec![settle]).await.unwrap();
    let mut fates = access.fate(row.email).await.unwrap();
    fates.sort();
    let shown: Vec<(&str, &str)> = fates
        .iter()
        .map(|fate| (fate.0.as_str(), fate.1.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("binh@tinh.example", "delivered"),
            ("khach@gmail.example", "deferred"),
            ("lan@tinh.example", "delivered")
        ]
    );
    assert_eq!(
        (fates[1].2, fates[1].3.contains("xin chờ")),
        (START + 60_000, true),
        "{:?}",
        fates[1]
    );
    let lan = town.open("lan").await;
    let theirs = lan
        .list(lan.mailbox("INBOX").await.unwrap().id, None, 1, false)
        .await
        .unwrap()[0]
        .email;
    assert!(
        lan.fate(theirs).await.unwrap().is_empty(),
        "a recipient must not see the envelope"
    );
}

#[tokio::test]
async fn answers_keep_the_thread_and_mark_the_letter() {
    let town = Town::new().await;
    town.receive(&["an@tinh.example"], &letter("hoi"))
        .await
        .unwrap();
    let access = town.open("an").await;
    let inbox = access.mailbox("INBOX").await.unwrap();
    let asked = access.list(inbox.id, None, 1, false).await.unwrap()[0].clone();
    let mut reply = access.reply_draft(asked.email, false).await.unwrap();
    assert_eq!(
        (reply.to.clone(), reply.subject.as_str()),
        (vec!["Khách <khach@gmail.example>".to_owned()], "Re: hoi")
    );
    reply.text = format!("Vâng.{}", reply.text);
    access.send(reply).await.unwrap().unwrap();
    let rows = access.thread(asked.thread).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].flags & flag::ANSWERED, flag::ANSWERED);
    let mut forward = access.forward_draft(asked.email).await.unwrap();
    forward.to = vec!["binh@tinh.example".into()];
    access.send(forward).await.unwrap().unwrap();
    assert_eq!(town.subjects("binh", Role::Inbox).await, ["Fwd: hoi"]);
    let snapshot = access.snapshot(inbox.id).await.unwrap();
    assert!(
        snapshot.rows[0]
            .keywords
            .iter()
            .any(|word| &**word == "$Forwarded")
    );
}

#[tokio::test]
async fn what_cannot_be_sent_is_said() {
    let town = Town::with(|policy| policy.recipients_max = 3).await;
    let access = town.open("an").await;
    let fault = |draft| {
        let access = access.clone();
        async move { access.send(draft).await.unwrap().unwrap_err() }
    };
    assert_eq!(fault(draft(&[])).await, Unsendable::NoRecipient);
    assert_eq!(
        fault(draft(&["khong@tinh.example"])).await,
        Unsendable::Unknown(vec!["khong@tinh.example".into()])
    );
    assert_eq!(
        fault(draft(&["không phải địa chỉ"])).await,
        Unsendable::Malformed(vec!["không phải địa chỉ".into()])
    );
    assert_eq!(
        fault(draft(&["a@x.y", "b@x.y", "c@x.y", "d@x.y"])).await,
        Unsendable::TooMany
    );
    let stolen = Draft {
        from: "chutich@tinh.example".into(),
        ..draft(&["binh@tinh.example"])
    };
    assert_eq!(fault(stolen).await, Unsendable::MayNotSendAs);
    assert!(town.subjects("an", Role::Sent).await.is_empty());
}

#[tokio::test]
async fn submission_checks_ownership_and_completes() {
    let town = Town::new().await;
    let an = town.actor("an").await;
    for (mail_from, raw) in [
        ("chutich@tinh.example", "From: an@tinh.example\n\nx\n"),
        ("an@tinh.example", "From: chutich@tinh.example\n\nx\n"),
        (
            "an@tinh.example",
            "From: an@tinh.example\nFrom: chutich@tinh.example\n\nx\n",
        ),
        (
            "an@tinh.example",
            "From: an@tinh.example\nSender: chutich@tinh.example\n\nx\n",
        ),
        ("an@gmail.example", "From: an@tinh.example\n\nx\n"),
    ] {
        let out = town.outgoing(mail_from, &["binh@tinh.example"], raw).await;
        assert_eq!(
            town.room.submit(&an, out).await.unwrap(),
            Err(Unsendable::MayNotSendAs),
            "{mail_from} {raw}"
        );
    }
    let raw = "To: binh@tinh.example\nBcc: lan@tinh.example\nSubject: Hoàn thiện\n\nx\n";
    let out = town
        .outgoing(
            "an@tinh.example",
            &["binh@tinh.example", "lan@tinh.example"],
            raw,
        )
        .await;
    town.room.submit(&an, out).await.unwrap().unwrap();
    let binh = town.open("binh").await;
    let inbox = binh.mailbox("INBOX").await.unwrap();
    let text = String::from_utf8(binh.body(inbox.id, 1).await.unwrap().to_vec()).unwrap();
    for part in [
        "\r\nDate: ",
        "\r\nMessage-ID: <",
        "\r\nFrom: ",
        " with ESMTPA\r\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("Bcc") && town.subjects("an", Role::Sent).await.is_empty());
    // In the unit's name only with the right to.
    let unit = "From: so.a@tinh.example\nSubject: Công văn\n\nx\n";
    let out = town
        .outgoing("so.a@tinh.example", &["lan@tinh.example"], unit)
        .await;
    assert!(town.room.submit(&an, out.clone()).await.unwrap().is_err());
    let console = town.room.console();
    town.room
        .membership_set(
            &console,
            "an@tinh.example",
            "so.a@tinh.example",
            "send_as",
            None,
        )
        .await
        .unwrap();
    assert!(town.room.submit(&an, out).await.unwrap().is_ok());
}

#[tokio::test]
async fn lists_reach_everybody_once() {
    let town = Town::new().await;
    let console = town.room.console();
    town.add(
        "so.list@tinh.example",
        "Danh sách",
        "A",
        mailroom::people::PrincipalKindWord::List,
    )
    .await;
    let members = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    town.room
        .list_set(
            &console,
            "so.list@tinh.example",
            &members(&[
                "an@tinh.example",
                "ngoai@gmail.example",
                "tatca@tinh.example",
            ]),
        )
        .await
        .unwrap();
    town.room
        .list_set(
            &console,
            "tatca@tinh.example",
            &members(&[
                "an@tinh.example",
                "binh@tinh.example",
                "so.list@tinh.example",
                "cu@tinh.example",
            ]),
        )
        .await
        .unwrap();
    let Recipient::Local { accounts, outside } =
        town.room.resolve("tatca@tinh.example").await.unwrap()
    else {
        panic!("not local");
    };
    assert_eq!(
        (accounts.len(), outside),
        (2, vec!["ngoai@gmail.example".to_owned()])
    );
    town.receive(
        &[
            "tatca@tinh.example",
            "so.list@tinh.example",
            "an@tinh.example",
        ],
        &letter("chung"),
    )
    .await
    .unwrap();
    assert_eq!(town.subjects("an", Role::Inbox).await, ["chung"]);
    assert_eq!(town.subjects("binh", Role::Inbox).await, ["chung"]);
    let leased = town
        .room
        .lease_outbox("w", 10, 60, &HashSet::new())
        .await
        .unwrap();
    assert_eq!((leased.len(), &leased[0].mail_from[..4]), (1, "SRS0"));
    // An empty list refuses rather than swallows.
    town.room
        .list_set(&console, "so.list@tinh.example", &[])
        .await
        .unwrap();
    assert_eq!(
        town.room.resolve("so.list@tinh.example").await.unwrap(),
        Recipient::Disabled
    );
}

#[tokio::test]
async fn addresses_resolve_in_all_their_spellings() {
    let town = Town::new().await;
    let console = town.room.console();
    town.room
        .domain_add(&console, "cu.example", Some("tinh.example"))
        .await
        .unwrap();
    town.room
        .alias_add(
            &console,
            "an@tinh.example",
            "truongphong@tinh.example",
            Some(START + 10),
        )
        .await
        .unwrap();
    let an = Recipient::Local {
        accounts: vec![town.account("an").await],
        outside: vec![],
    };
    for address in [
        "AN@tinh.example",
        "an+van-thu@tinh.example",
        "an@cu.example",
        "an+x@CU.example",
        "truongphong@tinh.example",
    ] {
        assert_eq!(town.room.resolve(address).await.unwrap(), an, "{address}");
    }
    let records = Recipient::Local {
        accounts: vec![town.account("tinh").await],
        outside: vec![],
    };
    for address in [
        "postmaster",
        "Postmaster",
        "postmaster@tinh.example",
        "abuse@tinh.example",
    ] {
        assert_eq!(
            town.room.resolve(address).await.unwrap(),
            records,
            "{address}"
        );
    }
    for address in ["khong@tinh.example", "", "@", "an"] {
        assert_eq!(
            town.room.resolve(address).await.unwrap(),
            Recipient::Unknown,
            "{address}"
        );
    }
    assert_eq!(
        town.room.resolve("an@gmail.example").await.unwrap(),
        Recipient::Elsewhere {
            domain: "gmail.example".into()
        }
    );
    town.pass_ms(10);
    assert_eq!(
        town.room.resolve("truongphong@tinh.example").await.unwrap(),
        Recipient::Unknown
    );
}

#[tokio::test]
async fn in_a_demo_nothing_leaves() {
    let town = Town::with(|policy| policy.sink_address = Some("binh@tinh.example".into())).await;
    let access = town.open("an").await;
    access
        .send(draft(&["a@gmail.example", "b@yahoo.example"]))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(town.subjects("binh", Role::Inbox).await, ["Kế hoạch"]);
    assert!(
        town.room
            .lease_outbox("w", 10, 60, &HashSet::new())
            .await
            .unwrap()
            .is_empty()
    );
    let sent = access.mailbox_by_role(Role::Sent).await.unwrap();
    let email = access.list(sent.id, None, 1, false).await.unwrap()[0].email;
    let fates = access.fate(email).await.unwrap();
    assert!(
        fates.len() == 2
            && fates
                .iter()
                .all(|fate| fate.1 == "delivered" && fate.3.contains("dùng thử")),
        "{fates:?}"
    );
}

#[tokio::test]
async fn reports_have_the_null_sender() {
    let town = Town::new().await;
    let about = town.room.new_trace();
    let raw = "From: postmaster@tinh.example\r\nSubject: Không gửi được\r\n\r\nx\r\n";
    town.room
        .send_report("an@tinh.example", raw.into(), about)
        .await
        .unwrap();
    assert_eq!(town.subjects("an", Role::Inbox).await, ["Không gửi được"]);
    town.room
        .send_report("khach@gmail.example", raw.into(), about)
        .await
        .unwrap();
    let leased = town
        .room
        .lease_outbox("w", 10, 60, &HashSet::new())
        .await
        .unwrap();
    assert_eq!(
        (
            leased.len(),
            leased[0].mail_from.as_str(),
            leased[0].account.0
        ),
        (1, "", 0)
    );
    assert!(matches!(
        town.room
            .send_report("khong@tinh.example", raw.into(), about)
            .await,
        Err(mailroom::Error::Missing)
    ));
}

#[tokio::test]
async fn the_outbox_wakes_its_worker() {
    let town = Town::new().await;
    let access = town.open("an").await;
    access
        .send(draft(&["a@gmail.example"]))
        .await
        .unwrap()
        .unwrap();
    let wait = std::time::Duration::from_secs(20);
    tokio::time::timeout(wait, town.room.outbox_ready())
        .await
        .unwrap();
    assert_eq!(
        town.room
            .lease_outbox("w", 10, 60, &HashSet::new())
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(town.room.release_outbox("w").await.unwrap(), 1);
    assert_eq!(
        town.room
            .lease_outbox("v", 10, 60, &HashSet::new())
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn files_go_along_once_and_a_unit_may_answer_a_persons_letter() {
    let town = Town::new().await;
    let console = town.room.console();
    town.room
        .membership_set(
            &console,
            "an@tinh.example",
            "so.a@tinh.example",
            "clerk",
            None,
        )
        .await
        .unwrap();
    let mixed = "From: khach@gmail.example\nSubject: Kem tep\nMessage-ID: <tep@gmail.example>\nMIME-Version: 1.0\n\
                 Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nXem tep.\n\
                 --b\nContent-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment; filename=a.pdf\n\nPDF\n--b--\n";
    town.receive(&["an@tinh.example"], mixed).await.unwrap();
    let own = town.open("an").await;
    let inbox = own.mailbox("INBOX").await.unwrap().id;
    let email = own.list(inbox, None, 1, false).await.unwrap()[0].email;
    let unit = town
        .room
        .open(&town.actor("an").await, town.account("so.a").await)
        .await
        .unwrap();
    let mut forward = own.forward_draft(email).await.unwrap();
    assert_eq!(forward.files.len(), 1);
    forward.to = vec!["lan@tinh.example".into()];
    unit.send(forward).await.unwrap().unwrap();
    let lan = town.open("lan").await;
    let there = lan.mailbox("INBOX").await.unwrap().id;
    let row = lan.list(there, None, 1, false).await.unwrap()[0].clone();
    assert_eq!(
        (row.attachments, row.from_address.as_str()),
        (1, "so.a@tinh.example")
    );
    let raw = String::from_utf8(lan.body(there, row.uid).await.unwrap().to_vec()).unwrap();
    assert!(
        raw.contains("Sender: ") && raw.contains("<an@tinh.example>"),
        "{raw}"
    );
    let mut reply = own.reply_draft(email, true).await.unwrap();
    reply.text = "Đã nhận.".into();
    unit.send(reply).await.unwrap().unwrap();
    let flags = own.snapshot(inbox).await.unwrap().rows[0].flags;
    assert_eq!(flags & flag::ANSWERED, flag::ANSWERED);
    // A letter that is nobody's of one's own cannot be referred to.
    let stolen = Draft {
        in_reply_to: Some(email),
        ..draft(&["binh@tinh.example"])
    };
    let binh = town.open("binh").await;
    assert!(matches!(
        binh.send(stolen).await,
        Err(mailroom::Error::Missing)
    ));
}
