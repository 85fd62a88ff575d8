//! A letter to a list goes on to a member elsewhere, as the next server sees it: return path of ours that SPF proves, our seal
//! whole, never a signature of ours under somebody else's words; and a bounce that finds the first sender.

use crate::dns::{Dns, dns};
use crate::town::Town;
use mailroom::receive::Verdict;
use smtp::Door;
use smtp::check::{Checks, Envelope, Judged};
use smtp::dkim::Keys;
use smtp::outbound::body::Prepared;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use store::Leased;

const OUR_IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 25));

const OTHER_IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));

/// What the next server finds, trusting us.
async fn next_server(served: &Dns, ip: IpAddr, row: &Leased, letter: &[u8]) -> Judged {
    let envelope = Envelope {
        ip,
        helo: "mx.camau.vn",
        mail_from: &row.mail_from,
        rcpt_to: &[],
    };
    Checks::new(
        served.resolver(),
        "mx.gmail.example",
        &["camau.vn".to_owned()],
    )
    .judge(&envelope, letter)
    .await
}

#[tokio::test]
async fn a_forwarded_letter_passes_at_the_next_server() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Keys::make(folder.path(), "camau.vn", "s").unwrap());
    let keys = Keys::load(folder.path())
        .unwrap()
        .sealing("camau.vn", "mx.camau.vn");
    let mut table: Vec<String> = keys
        .records("camau.vn")
        .iter()
        .map(|(name, text)| format!("{name} TXT {text}"))
        .collect();
    table.extend(
        [
            "camau.vn TXT v=spf1 ip4:198.51.100.25 -all",
            "bank.example TXT v=spf1 ip4:127.0.0.1 -all",
            "_dmarc.bank.example TXT v=DMARC1; p=reject",
        ]
        .map(str::to_owned),
    );
    let served = dns(&table.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let town = Town::new().await;
    let mut config = town.config();
    config.checks = Some(Arc::new(Checks::new(served.resolver(), "mx.camau.vn", &[])));
    let open = town.open(Door::Mx, config).await;
    let mut client = open.client().await;
    client.expect("220").await;
    client.say("EHLO mail.bank.example", "250").await;
    let lease = async || {
        let rows = town.room.lease_outbox("w", 10, 60, &HashSet::new()).await;
        let mut rows = rows.unwrap();
        assert_eq!(rows.len(), 1);
        let row = rows.remove(0);
        let body = Prepared::new(town.room.outbox_body(row.body).await.unwrap());
        let letter = body.form(true, &keys).ok().unwrap().to_vec();
        (row, letter)
    };
    // The bank has SPF alone, which forwarding breaks: only the seal can say that it held here.
    let body = "From: a@bank.example\r\nTo: nhom@camau.vn\r\nSubject: x\r\nDate: Sat, 21 Nov 2026 10:00:00 +0700\r\nMessage-ID: <1@bank.example>\r\n\r\nhi";
    let said = client
        .letter("a@bank.example", &["nhom@camau.vn"], body)
        .await;
    assert!(said.starts_with("250"), "{said}");
    let (row, letter) = lease().await;
    assert_eq!(row.recipient, "x@gmail.example");
    let judged = next_server(&served, OUR_IP, &row, &letter).await;
    assert!(
        judged.auth_results.contains("spf=pass"),
        "the return path is ours: {judged:?}"
    );
    // From an address that is not ours only the seal speaks for the letter.
    let judged = next_server(&served, OTHER_IP, &row, &letter).await;
    assert_eq!(judged.verdict, Ok(Verdict::Junk), "not refused: {judged:?}");
    for word in ["arc=pass", "spf=fail", "dmarc=fail"] {
        assert!(judged.auth_results.contains(word), "{word}: {judged:?}");
    }
    let text = String::from_utf8(letter.clone()).unwrap();
    assert!(!text.contains("\nDKIM-Signature:"), "{text}");
    let text = text.replace(";\r\n\t", "; ");
    let said = "ARC-Authentication-Results: i=1; mx.camau.vn; ";
    assert!(text.contains(said) && text.contains("spf=pass"), "{text}");
    let unsealed = text.replacen("ARC-Seal:", "X-Seal:", 1);
    let judged = next_server(&served, OTHER_IP, &row, unsealed.as_bytes()).await;
    assert!(
        judged.verdict.is_err(),
        "the seal made the difference: {judged:?}"
    );

    // With the list's fields it carries a signature of the list's house that covers them, and says how to leave.
    let through_list = async |row: &Leased| {
        let list = row.list.as_deref().unwrap();
        let fields = town.room.list_fields(list, &row.recipient).await.unwrap();
        let body = Prepared::new(town.room.outbox_body(row.body).await.unwrap());
        let letter = body
            .through_list(fields)
            .form(true, &keys)
            .ok()
            .unwrap()
            .to_vec();
        String::from_utf8(letter).unwrap()
    };
    let listed = through_list(&row).await;
    let judged = next_server(&served, OTHER_IP, &row, listed.as_bytes()).await;
    for word in ["arc=pass", "dkim=pass", "header.d=camau.vn"] {
        assert!(judged.auth_results.contains(word), "{word}: {judged:?}");
    }
    for wanted in [
        "List-Id: <nhom.camau.vn>\r\n",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        "/huy-dang-ky/",
    ] {
        assert!(listed.contains(wanted), "{wanted}: {listed}");
    }
    let changed = listed.replace("/huy-dang-ky/", "/huy-dang-ky/x");
    let judged = next_server(&served, OTHER_IP, &row, changed.as_bytes()).await;
    assert!(!judged.auth_results.contains("dkim=pass"), "{judged:?}");

    // The bounce comes to the return path and goes on to the bank; nobody else can send there.
    let path = row.mail_from.clone();
    let said = client
        .letter("", &[&path], "Subject: undelivered\r\n\r\nx")
        .await;
    assert!(said.starts_with("250"), "{said}");
    let (row, _) = lease().await;
    assert_eq!(
        (row.mail_from.as_str(), row.recipient.as_str()),
        ("", "a@bank.example")
    );
    client.say("MAIL FROM:<b@bank.example>", "250").await;
    client.say(&format!("RCPT TO:<{path}>"), "550").await;
    client.say("RSET", "250").await;

    // Somebody outside writes our domain into From: it goes on sealed, and never with our signature.
    let forged = "From: an@camau.vn\r\nTo: nhom@camau.vn\r\nSubject: x\r\n\r\nhi";
    let said = client
        .letter("a@bank.example", &["nhom@camau.vn"], forged)
        .await;
    assert!(said.starts_with("250"), "{said}");
    let (row, letter) = lease().await;
    let listed = through_list(&row).await;
    assert!(listed.contains("List-Unsubscribe:") && !listed.contains("DKIM-Signature:"));
    let text = String::from_utf8(letter).unwrap();
    assert!(
        text.contains("ARC-Seal:") && !text.contains("\nDKIM-Signature:"),
        "{text}"
    );
}
