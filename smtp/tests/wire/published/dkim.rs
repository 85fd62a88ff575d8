//! The signed letters of RFC 6376 appendix A and RFC 8463 appendix A, with the keys that the RFCs publish for them: whole they
//! pass, changed they do not. RFC 6376's key is RSA-1024, as is the RSA key of RFC 8463: short, and still taken.

use super::{crlf, judge, results};
use crate::dns::dns;

/// RFC 6376 appendix A.2: signed with `simple` for header and body, the key from appendix C.
const RFC_6376: &str = include_str!("rfc6376.eml");
const RFC_6376_KEY: &str = "brisbane._domainkey.example.com TXT v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";

/// RFC 8463 appendix A.3: an Ed25519 and an RSA signature over one letter, keys from A.2.
const RFC_8463: &str = include_str!("rfc8463.eml");
const RFC_8463_KEYS: [&str; 2] = [
    "brisbane._domainkey.football.example.com TXT v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test._domainkey.football.example.com TXT v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
];

async fn dkim(records: &[&str], raw: &str) -> Vec<String> {
    let served = dns(records).await;
    let judged = judge(
        &served,
        "192.0.2.1",
        "client1.football.example.com",
        "joe@football.example.com",
        raw,
    )
    .await;
    let found = results(&judged, "dkim");
    found.into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn rfc_6376_appendix_a() {
    let letter = crlf(RFC_6376);
    assert_eq!(dkim(&[RFC_6376_KEY], &letter).await, ["pass"]);
    // `simple` forgives nothing but empty lines at the end (§3.4.1, §3.4.3).
    assert_eq!(
        dkim(&[RFC_6376_KEY], &format!("{letter}\r\n\r\n")).await,
        ["pass"]
    );
    for (what, was, becomes, expected) in [
        ("a blank in the body", "lost the", "lost  the", "neutral"),
        ("a blank in a field", "Is dinner", "Is  dinner", "fail"),
        ("a field's case", "Subject:", "SUBJECT:", "fail"),
        (
            "another sender",
            "joe@football.example.com>",
            "jim@football.example.com>",
            "fail",
        ),
        (
            "a field that is not signed",
            "\r\n\r\nHi.",
            "\r\nX-New: 1\r\n\r\nHi.",
            "pass",
        ),
    ] {
        assert_ne!(letter, letter.replace(was, becomes), "{what}");
        let found = dkim(&[RFC_6376_KEY], &letter.replace(was, becomes)).await;
        assert_eq!(found, [expected], "{what}");
    }
    // No key, and a key that was withdrawn (an empty `p`, §3.6.1).
    let with = |record: String| async move { dkim(&[&record], &crlf(RFC_6376)).await };
    assert_eq!(
        dkim(&["example.com A 192.0.2.1"], &letter).await,
        ["permerror"]
    );
    let withdrawn = RFC_6376_KEY.split("p=").next().unwrap().to_owned() + "p=";
    assert_eq!(with(withdrawn).await, ["permerror"]);
    // A key for something else than mail (`s`, §3.6.1) should prove nothing; the library takes it, which favours only its owner.
    assert_eq!(
        with(RFC_6376_KEY.replace("p=", "s=tlsrpt; p=")).await,
        ["pass"]
    );
    // `t=s` wants the same domain in `i` and `d`; here `i` is below `d` (§3.6.1).
    assert_ne!(with(RFC_6376_KEY.replace("p=", "t=s; p=")).await, ["pass"]);
}

/// The letter's own From is below the signing domain: aligned where relaxed, and not where strict (RFC 7489 §3.1.1).
#[tokio::test]
async fn rfc_6376_signature_aligns() {
    for (policy, expected) in [("adkim=r", "pass"), ("adkim=s", "fail")] {
        let record = format!("_dmarc.example.com TXT v=DMARC1; p=reject; {policy}");
        let served = dns(&[RFC_6376_KEY, &record]).await;
        let judged = judge(
            &served,
            "203.0.113.1",
            "h.example",
            "bounce@elsewhere.example",
            &crlf(RFC_6376),
        )
        .await;
        assert_eq!(results(&judged, "dmarc"), [expected], "{policy} {judged:?}");
    }
}

#[tokio::test]
async fn rfc_8463_appendix_a() {
    let letter = crlf(RFC_8463);
    assert_eq!(dkim(&RFC_8463_KEYS, &letter).await, ["pass", "pass"]);
    // `relaxed` forgives blanks and the case of names; the order of the signatures does not matter.
    let relaxed = letter
        .replace("Subject: Is dinner", "SUBJECT:   Is   dinner")
        .replace("yet?", "yet? \t");
    assert_eq!(dkim(&RFC_8463_KEYS, &relaxed).await, ["pass", "pass"]);
    let changed = letter.replace("lost", "won");
    assert_eq!(dkim(&RFC_8463_KEYS, &changed).await, ["neutral", "neutral"]);
    // A From more than those that were signed: both signatures count on there being one (`h` names From twice).
    let second = format!("From: Mallory <m@football.example.com>\r\n{letter}");
    assert_eq!(dkim(&RFC_8463_KEYS, &second).await, ["fail", "fail"]);
    // One key gone: the other signature stands.
    assert_eq!(
        dkim(&RFC_8463_KEYS[..1], &letter).await,
        ["pass", "permerror"]
    );
    // Keys of the other kind under the same name prove nothing (RFC 8463 §3, §4).
    let swapped = [
        RFC_8463_KEYS[1].replace("test.", "brisbane."),
        RFC_8463_KEYS[0].replace("brisbane.", "test."),
    ];
    let swapped: Vec<&str> = swapped.iter().map(String::as_str).collect();
    assert!(
        !dkim(&swapped, &letter)
            .await
            .iter()
            .any(|one| one == "pass")
    );
}
