//! What a submission server puts right: missing Date, Message-ID and From, and Bcc that must not travel.
//! Pure. (RFC 6409 §8, RFC 5322 §3.6.3)

use crate::compose::words::address_field;
use crate::{header, letter, time};

/// What is added where the program left it out.
pub(super) struct Missing<'a> {
    /// (name, address)
    pub from: (&'a str, &'a str),
    pub message_id: &'a str,
    pub at: i64,
}

/// Every address in From (and Sender): all must be the sender's to use.
pub(super) fn from_addresses(raw: &[u8]) -> Vec<String> {
    let header = raw.get(..header::body_start(raw)).unwrap_or(raw);
    let read = letter::read(header);
    let mut found: Vec<String> = read
        .from
        .iter()
        .chain(&read.sender)
        .map(|one| one.address.clone())
        .collect();
    found.retain(|address| !address.is_empty());
    // A From that holds no readable address must not slip through as "none".
    let unreadable =
        header::count(raw, "From") > 0 && read.from.iter().all(|one| one.address.is_empty());
    if unreadable || header::count(raw, "From") > 1 {
        found.push("unreadable".into());
    }
    found
}

/// The letter without Bcc, with what was missing in front.
pub(super) fn completed(raw: &[u8], missing: &Missing<'_>) -> Vec<u8> {
    let mut front = String::new();
    if header::count(raw, "Date") == 0 {
        front.push_str(&format!("Date: {}\r\n", time::mail_date(missing.at)));
    }
    if header::count(raw, "From") == 0 {
        let (name, address) = missing.from;
        front.push_str(&address_field(
            "From",
            &[(name.to_owned(), address.to_owned())],
        ));
    }
    if header::count(raw, "Message-ID") == 0 {
        front.push_str(&format!("Message-ID: <{}>\r\n", missing.message_id));
    }
    let hidden = |field: &header::Field<'_>| field.is("Bcc") || field.is("Resent-Bcc");
    let cut: Vec<_> = header::fields(raw)
        .filter(hidden)
        .map(|field| field.whole)
        .collect();
    // A text without any header would swallow ours into its first line.
    let separate = header::fields(raw).next().is_none() && !raw.starts_with(b"\r\n");
    if separate {
        front.push_str("\r\n");
    }
    header::rewritten(front.as_bytes(), raw, &cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSING: Missing<'static> = Missing {
        from: ("Nguyễn An", "an@a.b"),
        message_id: "1@a.b",
        at: 0,
    };

    fn shown(raw: &str) -> String {
        String::from_utf8_lossy(&completed(raw.as_bytes(), &MISSING)).into_owned()
    }

    #[test]
    fn what_is_missing_is_added_and_what_is_hidden_is_cut() {
        assert_eq!(
            shown("Subject: a\r\nBcc: secret@a.b,\r\n more@a.b\r\nTo: x@y\r\n\r\nBcc: text\r\n"),
            "Date: Thu, 1 Jan 1970 07:00:00 +0700\r\nFrom: =?UTF-8?B?Tmd1eeG7hW4gQW4=?= <an@a.b>\r\nMessage-ID: <1@a.b>\r\n\
             Subject: a\r\nTo: x@y\r\n\r\nBcc: text\r\n"
        );
        let whole = "From: an@a.b\r\nDate: Thu, 1 Jan 1970 07:00:00 +0700\r\nMessage-ID: <x@y>\r\n\r\nHi\r\n";
        assert_eq!(shown(whole), whole);
        assert!(shown("no header at all\r\n").ends_with("\r\n\r\nno header at all\r\n"));
    }

    #[test]
    fn every_sender_named_is_found() {
        for (raw, found) in [
            ("From: An <an@a.b>\r\n\r\n", vec!["an@a.b"]),
            (
                "From: an@a.b, binh@a.b\r\nSender: lan@a.b\r\n\r\n",
                vec!["an@a.b", "binh@a.b", "lan@a.b"],
            ),
            (
                "From: an@a.b\r\nFrom: chu.tich@a.b\r\n\r\n",
                vec!["an@a.b", "chu.tich@a.b", "unreadable"],
            ),
            ("From: nobody\r\n\r\n", vec!["unreadable"]),
            ("Subject: x\r\n\r\nFrom: in.body@a.b", vec![]),
        ] {
            let mut addresses = from_addresses(raw.as_bytes());
            // Whether a second From field is read or only counted, the letter is refused.
            if raw.contains("chu.tich") {
                assert!(addresses.contains(&"unreadable".to_owned()));
                continue;
            }
            addresses.dedup();
            assert_eq!(addresses, found, "{raw}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_letter_keeps_a_hidden_recipient(raw in "([BbFT][Ccro][Ccmo]?[:\\r\\n a@.,]{0,6}){0,20}") {
            let made = completed(raw.as_bytes(), &MISSING);
            proptest::prop_assert_eq!(header::count(&made, "Bcc"), 0);
            proptest::prop_assert!(header::count(&made, "Date") >= 1 && header::count(&made, "Message-ID") >= 1);
            // Asking who it claims to be from never fails either.
            let _ = from_addresses(raw.as_bytes());
        }
    }
}
