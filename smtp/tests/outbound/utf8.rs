//! When SMTPUTF8 is asked for (RFC 6531 §3.4): for addresses in UTF-8 and headers that are, never for names in encoded
//! words, whatever the sender's program said.

use super::*;
use crate::peer::{Script, peer};

const NAMED: &str = "From: =?UTF-8?B?TmfDom4=?= <ngan@ours.example>\r\nTo: =?UTF-8?Q?H=E1=BB=99i_=C4=91=E1=BB=93ng?= <b@x.example>\r\n\
     Subject: =?UTF-8?B?SOG7jXA=?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
     Content-Transfer-Encoding: quoted-printable\r\n\r\nH=E1=BB=8Dp.\r\n";
const EIGHT_BIT: &str = "From: Ngân <ngan@ours.example>\r\nSubject: Họp\r\n\r\nHọp.\r\n";

#[tokio::test]
async fn smtputf8_is_asked_for_only_where_it_is_needed() {
    let all = || vec!["PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8"];
    for (what, offers, from, to, raw, fate, asked) in [
        // Vietnamese names in encoded words go to any server, and bare.
        (
            "names",
            vec!["SIZE"],
            "ngan@ours.example",
            "b@x.example",
            NAMED,
            "sent",
            false,
        ),
        (
            "names",
            all(),
            "ngan@ours.example",
            "b@x.example",
            NAMED,
            "sent",
            false,
        ),
        (
            "header",
            all(),
            "ngan@ours.example",
            "b@x.example",
            EIGHT_BIT,
            "sent",
            true,
        ),
        (
            "to",
            all(),
            "ngan@ours.example",
            "hộp@x.example",
            NAMED,
            "sent",
            true,
        ),
        (
            "from",
            all(),
            "ngân@ours.example",
            "b@x.example",
            NAMED,
            "sent",
            true,
        ),
        (
            "to",
            vec!["SIZE"],
            "ngan@ours.example",
            "hộp@x.example",
            NAMED,
            "never",
            false,
        ),
        (
            "from",
            vec!["SIZE"],
            "ngân@ours.example",
            "b@x.example",
            NAMED,
            "never",
            false,
        ),
    ] {
        let script = Script {
            offers: offers.clone(),
            ..Script::default()
        };
        let (at, log) = peer(script).await;
        let dns = dns::dns(&[]).await;
        let mut config = config(&dns, 0);
        let clear = route(at, RouteTls::Clear);
        config.routes.insert("x.example".into(), clear);
        let body = Prepared::new(Bytes::from(raw));
        let mut letter = letter(&body, &[to]);
        (letter.mail_from, letter.smtputf8) = (from, true);
        let destination = attempt::destination(&config, "x.example");
        let (fates, _) = Line::new(&config, &destination).deliver(&letter).await;
        assert_eq!(words(&fates), [fate], "{what} {offers:?}");
        let taken = log.taken();
        assert_eq!(
            taken.len(),
            usize::from(fate == "sent"),
            "{what} {offers:?}"
        );
        if let Some(letter) = taken.first() {
            let line = &letter.mail;
            assert_eq!(
                line.contains("SMTPUTF8"),
                asked,
                "{what} {offers:?}: {line}"
            );
        } else {
            // The report says what was missing.
            let reason = fates[0].reason();
            assert_eq!(reason.evidence.enhanced.as_deref(), Some("5.6.7"));
            assert!(reason.evidence.text.contains("SMTPUTF8"), "{reason:?}");
        }
    }
}
