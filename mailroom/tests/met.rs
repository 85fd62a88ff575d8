//! First contact: who was met is known, by whom, only when proven; the page says it once.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use mailroom::met::{Acquaintance, FIRST_CONTACT};
use mailroom::receive::Verdict;
use mailroom::submit::Draft;
use store::Role;

async fn stands(town: &Town, to: &str, raw: &str) -> Option<Acquaintance> {
    let to = [town.rcpt(&format!("{to}@tinh.example")).await];
    let raw = raw.replace('\n', "\r\n");
    town.room.acquaintance(&to, raw.as_bytes()).await.unwrap()
}

#[tokio::test]
async fn proven_letters_make_acquaintances() {
    let town = Town::new().await;
    let first = letter("mot");
    let stranger = Some(Acquaintance::Stranger);
    assert_eq!(stands(&town, "an", &first).await, stranger);
    // Forged, or in the Junk: nobody is known by that.
    let mut forged = town.incoming(&["an@tinh.example"], &first).await;
    forged.proven = false;
    let mut junk = town.incoming(&["an@tinh.example"], &first).await;
    junk.verdict = Verdict::Junk;
    for one in [forged, junk] {
        town.room.receive(one).await.unwrap().unwrap();
        assert_eq!(stands(&town, "an", &first).await, stranger);
    }
    town.receive(&["an@tinh.example"], &first).await.unwrap();
    assert_eq!(stands(&town, "an", &first).await, Some(Acquaintance::Known));
    assert_eq!(
        stands(&town, "lan", &first).await,
        Some(Acquaintance::Domain)
    );
    let other = first.replace("gmail.example", "khac.example");
    assert_eq!(stands(&town, "an", &other).await, stranger);
    // Our own people are nobody's first contact, nor is who cannot be told.
    let ours = first.replace("khach@gmail.example", "lan@tinh.example");
    assert_eq!(stands(&town, "an", &ours).await, None);
    assert_eq!(stands(&town, "an", "Subject: x\n\n").await, None);
}

#[tokio::test]
async fn who_is_written_to_is_known() {
    let town = Town::new().await;
    let raw = letter("dap");
    let draft = Draft {
        to: vec!["Khach@gmail.example".into()],
        subject: "Hỏi".into(),
        text: "x".into(),
        ..Draft::default()
    };
    town.open("an").await.send(draft).await.unwrap().unwrap();
    assert_eq!(stands(&town, "an", &raw).await, Some(Acquaintance::Known));
    assert_eq!(
        stands(&town, "binh", &raw).await,
        Some(Acquaintance::Domain)
    );
    town.pass_ms(401 * 86_400_000);
    town.room.trim().await.unwrap();
    assert_eq!(
        stands(&town, "an", &raw).await,
        Some(Acquaintance::Stranger)
    );
}

#[tokio::test]
async fn the_first_letter_is_marked_for_its_readers() {
    let town = Town::new().await;
    let mut first = town.incoming(&["an@tinh.example"], &letter("mot")).await;
    first.reasons = vec![format!("{FIRST_CONTACT} (+1)")];
    town.room.receive(first).await.unwrap().unwrap();
    town.receive(&["an@tinh.example"], &letter("hai"))
        .await
        .unwrap();
    let access = town.open("an").await;
    let mailbox = access.mailbox_by_role(Role::Inbox).await.unwrap();
    for row in access.list(mailbox.id, None, 10, false).await.unwrap() {
        let marked = access.is_first_contact(row.email).await.unwrap();
        assert_eq!(marked, row.subject == "mot", "{}", row.subject);
    }
}
