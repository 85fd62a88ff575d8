//! RFC 7489: the alignment examples of appendix B.1 (section 3.1), the records of appendix B.2, policy discovery (section 6.6.3,
//! walked up the tree as RFC 9989 section 4.10 has it), and what a set of several records counts for. Whom reports go to
//! (B.2.3, B.2.4, section 7.1) is shown in tests/outbound/reports.rs.

use super::{judge, results};
use crate::dns::dns;
use mailroom::receive::Verdict;
use smtp::check::Judged;
use smtp::dkim::Keys;
use smtp::proto::Rejection;

/// The address that every domain's SPF record names, and one that none names.
const OURS: &str = "192.0.2.1";
const ELSEWHERE: &str = "203.0.113.1";

const SPF: [&str; 3] = [
    "example.com TXT v=spf1 ip4:192.0.2.1 -all",
    "child.example.com TXT v=spf1 ip4:192.0.2.1 -all",
    "example.net TXT v=spf1 ip4:192.0.2.1 -all",
];

async fn look(records: &[&str], ip: &str, mail_from: &str, raw: &str) -> Judged {
    let table: Vec<&str> = SPF.iter().chain(records).copied().collect();
    let served = dns(&table).await;
    judge(&served, ip, "mail.example.net", mail_from, raw).await
}

/// What it is, records, From, what becomes of the letter, DMARC's result.
type Row<'a> = (
    &'a str,
    &'a [&'a str],
    &'a str,
    Result<Verdict, Rejection>,
    &'a str,
);

fn letter(from: &str) -> String {
    format!(
        "From: {from}\r\nDate: Fri, 15 Feb 2002 16:54:30 -0800\r\nTo: receiver@example.org\r\nSubject: here's a sample\r\nMessage-ID: <1@example.com>\r\n\r\nx\r\n"
    )
}

/// B.1.1: MAIL FROM and From; aligned where relaxed, aligned where strict.
#[tokio::test]
async fn b_1_1_spf_alignment() {
    for (mail_from, from, relaxed, strict) in [
        ("sender@example.com", "sender@example.com", true, true),
        (
            "sender@child.example.com",
            "sender@example.com",
            true,
            false,
        ),
        (
            "sender@example.net",
            "sender@child.example.com",
            false,
            false,
        ),
        // §3.1.2: the bounce address's domain in capitals is the same domain.
        ("sender@EXAMPLE.com", "sender@Example.COM", true, true),
    ] {
        for (mode, aligned) in [("r", relaxed), ("s", strict)] {
            let record = format!("_dmarc.example.com TXT v=DMARC1; p=reject; aspf={mode}");
            let judged = look(&[&record], OURS, mail_from, &letter(from)).await;
            let expected = if aligned { "pass" } else { "fail" };
            assert_eq!(
                results(&judged, "dmarc"),
                [expected],
                "{mail_from} {from} {mode}"
            );
            assert_eq!(judged.verdict.is_ok(), aligned, "{mail_from} {from} {mode}");
        }
    }
}

/// B.1.2: the domain that signed and From.
#[tokio::test]
async fn b_1_2_dkim_alignment() {
    for (signer, from, relaxed, strict) in [
        ("example.com", "sender@example.com", true, true),
        ("example.com", "sender@child.example.com", true, false),
        ("sample.net", "sender@child.example.com", false, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        Keys::make(folder.path(), signer, "s").unwrap();
        let keys = Keys::load(folder.path()).unwrap();
        let plain = letter(from);
        let signed = keys.signatures(signer, plain.as_bytes()).unwrap() + &plain;
        for (mode, aligned) in [("r", relaxed), ("s", strict)] {
            let mut records = vec![format!(
                "_dmarc.example.com TXT v=DMARC1; p=reject; adkim={mode}"
            )];
            let keys = keys.records(signer);
            records.extend(keys.iter().map(|(name, text)| format!("{name} TXT {text}")));
            let records: Vec<&str> = records.iter().map(String::as_str).collect();
            let judged = look(&records, ELSEWHERE, "", &signed).await;
            let expected = if aligned { "pass" } else { "fail" };
            assert_eq!(results(&judged, "dkim"), ["pass", "pass"], "{judged:?}");
            assert_eq!(
                results(&judged, "dmarc"),
                [expected],
                "{signer} {from} {mode}"
            );
        }
    }
}

/// B.2.1 to B.2.4 and section 6.6.3: which record speaks for a From, and what it asks for.
#[tokio::test]
async fn b_2_records_and_discovery() {
    let monitor = "_dmarc.example.com TXT v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com";
    let failures = "_dmarc.example.com TXT v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com; ruf=mailto:auth-reports@thirdparty.example.net";
    // pct is gone since RFC 9989: the whole of the mail is held to the policy.
    let testing = "_dmarc.test.example.com TXT v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net!10m; pct=25";
    let reject = "_dmarc.example.com TXT v=DMARC1; p=reject; sp=quarantine";
    let here = "child.example.com A 192.0.2.9";
    let refused = Err(Rejection::Dmarc);
    let (inbox, junk) = (Ok(Verdict::Inbox), Ok(Verdict::Junk));
    let rows: [Row<'_>; 16] = [
        ("B.2.1", &[monitor], "a@example.com", inbox, "fail"),
        ("B.2.3", &[failures], "a@example.com", inbox, "fail"),
        ("B.2.4", &[testing], "a@test.example.com", junk, "fail"),
        ("nothing published", &[], "a@example.com", inbox, "none"),
        (
            "a domain's own record",
            &[reject],
            "a@example.com",
            refused,
            "fail",
        ),
        (
            "one below, sp",
            &[reject, here],
            "a@child.example.com",
            junk,
            "fail",
        ),
        (
            "far below",
            &[reject, "a.b.child.example.com A 192.0.2.9"],
            "a@a.b.child.example.com",
            junk,
            "fail",
        ),
        (
            "below without sp",
            &["_dmarc.example.com TXT v=DMARC1; p=reject", here],
            "a@child.example.com",
            refused,
            "fail",
        ),
        (
            "its own record before its parent's",
            &[reject, "_dmarc.child.example.com TXT v=DMARC1; p=none"],
            "a@child.example.com",
            inbox,
            "fail",
        ),
        (
            "another version",
            &["_dmarc.example.com TXT v=DMARC2; p=reject"],
            "a@example.com",
            inbox,
            "none",
        ),
        (
            "not first",
            &["_dmarc.example.com TXT p=reject; v=DMARC1"],
            "a@example.com",
            inbox,
            "none",
        ),
        (
            "no policy and nowhere to report",
            &["_dmarc.example.com TXT v=DMARC1"],
            "a@example.com",
            inbox,
            "none",
        ),
        (
            "other texts at the name",
            &["_dmarc.example.com TXT hello", reject],
            "a@example.com",
            refused,
            "fail",
        ),
        (
            "two records are none",
            &[reject, "_dmarc.example.com TXT v=DMARC1; p=none"],
            "a@example.com",
            inbox,
            "none",
        ),
        (
            "two above are none",
            &[reject, "_dmarc.example.com TXT v=DMARC1; p=none", here],
            "a@child.example.com",
            inbox,
            "none",
        ),
        (
            "DNS fails",
            &["_dmarc.example.com FAIL -"],
            "a@example.com",
            inbox,
            "temperror",
        ),
    ];
    for (what, records, from, verdict, said) in rows {
        let judged = look(records, ELSEWHERE, "x@elsewhere.example", &letter(from)).await;
        assert_eq!(judged.verdict, verdict, "{what}: {judged:?}");
        assert_eq!(results(&judged, "dmarc"), [said], "{what}");
    }
}

/// Section 6.6.1: From with several authors, or none, or twice. What is of several domains is no domain's letter.
#[tokio::test]
async fn odd_from_fields() {
    let reject = ["_dmarc.example.com TXT v=DMARC1; p=reject"];
    let rows = [
        ("From: a@example.com, b@example.com", Err(Rejection::Dmarc)),
        ("From: a@example.com, b@example.net", Ok(Verdict::Inbox)),
        ("From: Nobody", Ok(Verdict::Inbox)),
        ("X-From: a@example.com", Ok(Verdict::Inbox)),
    ];
    for (field, verdict) in rows {
        let raw = letter("@").replace("From: @", field);
        let judged = look(&reject, ELSEWHERE, "x@elsewhere.example", &raw).await;
        assert_eq!(judged.verdict, verdict, "{field}: {judged:?}");
    }
}
