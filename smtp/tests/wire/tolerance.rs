//! What real senders do to the standards: every such letter is stored byte for byte and can be read.

use crate::town::Town;
use smtp::Door;
use store::Role;

struct Odd {
    what: &'static str,
    raw: Vec<u8>,
    subject: &'static str,
    /// Words of its text.
    text: &'static str,
}

fn odd(what: &'static str, raw: &[u8], subject: &'static str, text: &'static str) -> Odd {
    Odd {
        what,
        raw: raw.to_vec(),
        subject,
        text,
    }
}

fn letters() -> Vec<Odd> {
    let long = format!("Subject: dài\r\n\r\n{} cuối\r\n", "chữ ".repeat(900));
    let long_field = format!(
        "Subject: {} hết\r\nTo: x@y\r\n\r\nthân\r\n",
        "ă".repeat(600)
    );
    vec![
        odd("a line over 998 bytes", long.as_bytes(), "dài", "cuối"),
        odd("a field over 998 bytes", long_field.as_bytes(), "ăăă", "thân"),
        odd("raw UTF-8 in the header", "From: Trần Văn <t@x.example>\r\nSubject: Công văn số 5\r\n\r\nthân\r\n".as_bytes(), "Công văn số 5", "thân"),
        odd("raw bytes that are no UTF-8", b"Subject: gi\xe1 \xff\xfe x\r\n\r\nbody\r\n", "gi", "body"),
        odd("no header at all", b"\r\njust text\r\n", "", "just text"),
        odd("no header and no empty line", b"just text\r\n", "", "just text"),
        odd("no From and no Date", b"Subject: thieu\r\n\r\nbody\r\n", "thieu", "body"),
        odd("fields twice", b"From: a@x\r\nFrom: b@x\r\nSubject: mot\r\nSubject: hai\r\nMessage-ID: <1@x>\r\nMessage-ID: <2@x>\r\n\r\nbody\r\n", "mot", "body"),
        odd("a blank before the colon, and a line that is no field", b"Subject : x\r\nrubbish\r\nTo: a@b\r\n\r\nbody\r\n", "x", "body"),
        odd("NUL", b"Subject: khong\r\n\r\na\0b body\r\n", "khong", "body"),
        odd("a part that never ends", b"Subject: hong\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nphan\r\n", "hong", "phan"),
        odd("a boundary that is not there", b"Subject: b\r\nContent-Type: multipart/alternative; boundary=none\r\n\r\nlost text\r\n", "b", "lost text"),
        odd("broken base64", b"Subject: b64\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nY2hhbyBiYW4=!!!\r\n", "b64", "chao ban"),
        odd("a type nobody knows", b"Subject: kieu\r\nContent-Type: ;;;\r\n\r\nbody\r\n", "kieu", "body"),
        odd("an unknown coding of characters", b"Subject: =?x-none?Q?a=62?=\r\nContent-Type: text/plain; charset=x-none\r\n\r\nbody\r\n", "", "body"),
    ]
}

#[tokio::test]
async fn odd_letters_are_stored_byte_for_byte_and_can_be_read() {
    let town = Town::new().await;
    let open = town.open(Door::Mx, town.config()).await;
    let mut client = open.client().await;
    client.expect("220").await;
    client.say("EHLO so.example", "250").await;
    let odd = letters();
    for one in &odd {
        client
            .say("MAIL FROM:<a@b.example> BODY=8BITMIME", "250")
            .await;
        client.say("RCPT TO:<an@camau.vn>", "250").await;
        client
            .send(format!("BDAT {} LAST\r\n", one.raw.len()).as_bytes())
            .await;
        client.send(&one.raw).await;
        let said = client.line().await.unwrap();
        assert!(said.starts_with("250"), "{}: {said}", one.what);
    }
    let an = town.actor("an").await;
    let access = town.room.open(&an, an.principal.into()).await.unwrap();
    let inbox = access.mailbox_by_role(Role::Inbox).await.unwrap().id;
    let mut rows = access.list(inbox, None, 100, false).await.unwrap();
    rows.reverse();
    assert_eq!(rows.len(), odd.len());
    for (row, one) in rows.iter().zip(&odd) {
        let stored = access.body(inbox, row.uid).await.unwrap();
        let own_fields = stored.len() - one.raw.len();
        assert_eq!(&stored[own_fields..], &one.raw[..], "{}", one.what);
        let front = String::from_utf8(stored[..own_fields].to_vec()).unwrap();
        assert!(
            front.starts_with("Return-Path: <a@b.example>\r\n") && front.ends_with("\r\n"),
            "{front}"
        );
        assert!(
            row.subject.contains(one.subject),
            "{}: {:?}",
            one.what,
            row.subject
        );
        let read = mailroom::letter::read(&stored);
        assert!(
            read.text.contains(one.text),
            "{}: {:?}",
            one.what,
            read.text
        );
    }
}
