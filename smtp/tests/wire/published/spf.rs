//! RFC 7208: the zone and records of appendix A, the record rules of section 4, the mechanisms of section 5, redirect, the
//! macros of section 7.4, and what an evaluation may cost.

use super::{judge, results};
use crate::dns::dns;

/// Appendix A: example.com, example.org and the reverse zones (the second of them lies).
const ZONE: [&str; 22] = [
    "example.com A 192.0.2.10",
    "example.com A 192.0.2.11",
    "example.com MX 10 mail-a.example.com",
    "example.com MX 20 mail-b.example.com",
    "amy.example.com A 192.0.2.65",
    "bob.example.com A 192.0.2.66",
    "mail-a.example.com A 192.0.2.129",
    "mail-b.example.com A 192.0.2.130",
    "www.example.com CNAME example.com",
    "example.org MX 10 mail-c.example.org",
    "mail-c.example.org A 192.0.2.140",
    "10.2.0.192.in-addr.arpa PTR example.com",
    "11.2.0.192.in-addr.arpa PTR example.com",
    "65.2.0.192.in-addr.arpa PTR amy.example.com",
    "66.2.0.192.in-addr.arpa PTR bob.example.com",
    "129.2.0.192.in-addr.arpa PTR mail-a.example.com",
    "130.2.0.192.in-addr.arpa PTR mail-b.example.com",
    "140.2.0.192.in-addr.arpa PTR mail-c.example.org",
    "4.0.0.10.in-addr.arpa PTR bob.example.com",
    "x.example TXT not about mail",
    "other.example A 192.0.2.200",
    "mx.example.net A 198.51.100.1",
];

/// The result for MAIL FROM; with the null sender, for postmaster@ the name said in EHLO.
async fn spf(records: &[&str], ip: &str, helo: &str, sender: &str) -> String {
    let table: Vec<&str> = ZONE.iter().chain(records).copied().collect();
    let served = dns(&table).await;
    let judged = judge(&served, ip, helo, sender, "From: a@x.example\r\n\r\nx\r\n").await;
    let found = results(&judged, "spf");
    (*found.last().unwrap()).to_owned()
}

/// Rows of record, addresses that pass and addresses that do not, for user@example.com.
async fn appendix(record: &str, passes: &[&str], fails: &[&str]) {
    let record = format!("example.com TXT {record}");
    for (addresses, expected) in [(passes, "pass"), (fails, "fail")] {
        for ip in addresses {
            let said = spf(&[&record], ip, "h.example", "user@example.com").await;
            assert_eq!(said, expected, "{record} from {ip}");
        }
    }
}

#[tokio::test]
async fn appendix_a_1_simple_examples() {
    appendix(
        "v=spf1 +all",
        &["192.0.2.10", "10.1.2.3", "2001:db8::1"],
        &[],
    )
    .await;
    let web = ["192.0.2.10", "192.0.2.11"];
    let mail = ["192.0.2.129", "192.0.2.130"];
    appendix("v=spf1 a -all", &web, &mail).await;
    appendix("v=spf1 a:example.org -all", &[], &[web, mail].concat()).await;
    appendix("v=spf1 mx -all", &mail, &["192.0.2.10", "192.0.2.140"]).await;
    appendix("v=spf1 mx:example.org -all", &["192.0.2.140"], &mail).await;
    let all = ["192.0.2.129", "192.0.2.130", "192.0.2.140"];
    appendix("v=spf1 mx mx:example.org -all", &all, &web).await;
    let blocks = ["192.0.2.128", "192.0.2.131", "192.0.2.140", "192.0.2.143"];
    let beside = ["192.0.2.127", "192.0.2.132", "192.0.2.139", "192.0.2.144"];
    appendix("v=spf1 mx/30 mx:example.org/30 -all", &blocks, &beside).await;
    // 10.0.0.4 says it is bob, and bob knows nothing of it.
    appendix(
        "v=spf1 ptr -all",
        &["192.0.2.65"],
        &["192.0.2.140", "10.0.0.4"],
    )
    .await;
    appendix("v=spf1 ip4:192.0.2.128/28 -all", &mail, &["192.0.2.65"]).await;
}

#[tokio::test]
async fn appendix_a_2_several_domains() {
    let records = [
        "example.org TXT v=spf1 include:example.com include:example.net -all",
        "la.example.org TXT v=spf1 redirect=example.org",
        "example.com TXT v=spf1 ip4:192.0.2.128/28 -all",
        "example.net TXT v=spf1 ip4:192.0.2.210 -all",
    ];
    for (ip, expected) in [
        ("192.0.2.129", "pass"),
        ("192.0.2.210", "pass"),
        ("192.0.2.65", "fail"),
    ] {
        for sender in ["user@example.org", "user@la.example.org"] {
            assert_eq!(spf(&records, ip, "h.example", sender).await, expected);
        }
    }
}

#[tokio::test]
async fn appendix_a_3_a_list_in_dns() {
    let records = [
        "example.com TXT v=spf1 mx include:mobile-users._spf.%{d} include:remote-users._spf.%{d} -all",
        "mobile-users._spf.example.com TXT v=spf1 exists:%{l1r+}.%{d}",
        "mary.mobile-users._spf.example.com A 127.0.0.2",
        "fred.mobile-users._spf.example.com A 127.0.0.2",
        "remote-users._spf.example.com TXT v=spf1 exists:%{ir}.%{l1r+}.%{d}",
        "15.15.168.192.joel.remote-users._spf.example.com A 127.0.0.2",
        "16.15.168.192.joel.remote-users._spf.example.com A 127.0.0.2",
    ];
    for (ip, sender, expected) in [
        ("192.168.15.15", "joel@example.com", "pass"),
        ("192.168.15.16", "joel@example.com", "pass"),
        ("192.168.15.17", "joel@example.com", "fail"),
        ("203.0.113.9", "mary@example.com", "pass"),
        ("203.0.113.9", "mary+phone@example.com", "pass"),
        ("203.0.113.9", "joel@example.com", "fail"),
        ("192.0.2.129", "anybody@example.com", "pass"),
    ] {
        assert_eq!(
            spf(&records, ip, "h.example", sender).await,
            expected,
            "{sender}"
        );
    }
}

#[tokio::test]
async fn appendix_a_4_several_conditions() {
    let records = [
        "example.com TXT v=spf1 -include:ip4._spf.%{d} -include:ptr._spf.%{d} +all",
        "ip4._spf.example.com TXT v=spf1 -ip4:192.0.2.0/24 +all",
        "ptr._spf.example.com TXT v=spf1 -ptr:example.com +all",
    ];
    for (ip, expected) in [
        ("192.0.2.65", "pass"),
        ("192.0.2.140", "fail"),
        ("10.0.0.4", "fail"),
    ] {
        assert_eq!(
            spf(&records, ip, "h.example", "user@example.com").await,
            expected
        );
    }
}

/// Sections 4.3 to 4.7 and 2.4: which record, what is no record, what is said where nothing matches.
#[tokio::test]
async fn records_are_chosen_and_read_as_written() {
    let rows: [(&[&str], &str, &str); 16] = [
        (&[], "user@other.example", "none"),
        (
            &["e.example TXT V=SPF1 IP4:192.0.2.1 -ALL"],
            "user@e.example",
            "pass",
        ),
        (&["e.example TXT v=spf10 -all"], "user@e.example", "none"),
        (&["e.example TXT v=spf1.0 -all"], "user@e.example", "none"),
        (
            &[
                "e.example TXT hello",
                "e.example TXT v=spf1 a:other.example -all",
            ],
            "user@e.example",
            "fail",
        ),
        (
            &["e.example TXT v=spf1 +all", "e.example TXT v=spf1 -all"],
            "user@e.example",
            "permerror",
        ),
        (&["e.example TXT v=spf1"], "user@e.example", "neutral"),
        (&["e.example TXT v=spf1 ?all"], "user@e.example", "neutral"),
        (&["e.example TXT v=spf1 ~all"], "user@e.example", "softfail"),
        // A fault anywhere spoils the whole record (4.6); only a mechanism nobody knows is passed over by the library, not refused.
        (
            &["e.example TXT v=spf1 ip4:192.0.2.1 ip4:nonsense -all"],
            "user@e.example",
            "permerror",
        ),
        (
            &["e.example TXT v=spf1 ip4:192.0.2.1 foo:bar -all"],
            "user@e.example",
            "pass",
        ),
        // A modifier nobody knows is passed over (6).
        (
            &["e.example TXT v=spf1 moo=cow ip4:192.0.2.1 -all"],
            "user@e.example",
            "pass",
        ),
        (&["e.example FAIL -"], "user@e.example", "temperror"),
        (&[], "user@nodots", "none"),
        (&["h.example TXT v=spf1 ip4:192.0.2.1 -all"], "", "pass"),
        (
            &["e.example TXT v=spf1 redirect=nothing.example"],
            "user@e.example",
            "permerror",
        ),
    ];
    for (records, sender, expected) in rows {
        let said = spf(records, "192.0.2.1", "h.example", sender).await;
        assert_eq!(said, expected, "{records:?} {sender}");
    }
}

/// The table of section 5.2: what an included record's result becomes.
#[tokio::test]
async fn includes_become_matches_or_faults() {
    for (included, expected) in [
        ("i.example TXT v=spf1 +all", "softfail"),
        ("i.example TXT v=spf1 -all", "neutral"),
        ("i.example TXT v=spf1 ~all", "neutral"),
        ("i.example TXT v=spf1 ?all", "neutral"),
        ("i.example FAIL -", "temperror"),
        ("i.example TXT v=spf1 what", "permerror"),
        ("i.example A 192.0.2.1", "permerror"),
    ] {
        let records = ["e.example TXT v=spf1 ~include:i.example ?all", included];
        let said = spf(&records, "192.0.2.1", "h.example", "user@e.example").await;
        assert_eq!(said, expected, "{included}");
    }
}

/// Section 7.4: each macro for strong-bad@email.example.com, as the name that is asked for.
#[tokio::test]
async fn macros_expand_as_printed() {
    let sender = "strong-bad@email.example.com";
    for (text, ip, expected) in [
        ("%{o}.m", "192.0.2.3", "email.example.com.m"),
        ("%{d}.m", "192.0.2.3", "email.example.com.m"),
        ("%{d4}.m", "192.0.2.3", "email.example.com.m"),
        ("%{d3}.m", "192.0.2.3", "email.example.com.m"),
        ("%{d2}.m", "192.0.2.3", "example.com.m"),
        ("%{d1}.m", "192.0.2.3", "com.m"),
        ("%{dr}.m", "192.0.2.3", "com.example.email.m"),
        ("%{d2r}.m", "192.0.2.3", "example.email.m"),
        ("%{l}.m", "192.0.2.3", "strong-bad.m"),
        ("%{l-}.m", "192.0.2.3", "strong.bad.m"),
        ("%{lr}.m", "192.0.2.3", "strong-bad.m"),
        ("%{lr-}.m", "192.0.2.3", "bad.strong.m"),
        ("%{l1r-}.m", "192.0.2.3", "strong.m"),
        ("%{h}.m", "192.0.2.3", "h.example.m"),
        (
            "%{ir}.%{v}._spf.%{d2}",
            "192.0.2.3",
            "3.2.0.192.in-addr._spf.example.com",
        ),
        (
            "%{lr-}.lp._spf.%{d2}",
            "192.0.2.3",
            "bad.strong.lp._spf.example.com",
        ),
        (
            "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
            "192.0.2.3",
            "bad.strong.lp.3.2.0.192.in-addr._spf.example.com",
        ),
        (
            "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
            "192.0.2.3",
            "3.2.0.192.in-addr.strong.lp._spf.example.com",
        ),
        (
            "%{d2}.trusted-domains.example.net",
            "192.0.2.3",
            "example.com.trusted-domains.example.net",
        ),
        (
            "%{ir}.%{v}._spf.%{d2}",
            "2001:db8::cb01",
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com",
        ),
    ] {
        let record = format!("email.example.com TXT v=spf1 exists:{text} -all");
        // `exists` asks for an A record whatever the peer's address is (5.7).
        let listed = format!("{expected} A 127.0.0.2");
        let said = spf(&[&record, &listed], ip, "h.example", sender).await;
        assert_eq!(said, "pass", "{text}");
        let other = spf(&[&record], ip, "h.example", sender).await;
        assert_eq!(other, "fail", "{text}");
    }
    // A macro that ends too early, and one nobody knows, are faults of the record (7.1).
    for text in ["%(ir).x", "%{z}.x", "%x.example"] {
        let record = format!("email.example.com TXT v=spf1 exists:{text} -all");
        let said = spf(&[&record], "192.0.2.3", "h.example", sender).await;
        assert_eq!(said, "permerror", "{text}");
    }
}

/// Section 4.6.4: ten terms that ask DNS, ten hosts behind an `mx`, ten names behind an address.
#[tokio::test]
async fn an_evaluation_asks_ten_times_at_most() {
    let a = |count: usize| {
        let terms: Vec<String> = (0..count).map(|n| format!("a:a{n}.example")).collect();
        format!("e.example TXT v=spf1 {} ?all", terms.join(" "))
    };
    let hosts: Vec<String> = (0..12)
        .map(|n| format!("a{n}.example A 192.0.2.77"))
        .collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let said = async |record: &str| {
        let mut records = vec![record];
        records.extend(&hosts);
        spf(&records, "192.0.2.1", "h.example", "user@e.example").await
    };
    assert_eq!(said(&a(10)).await, "neutral");
    assert_eq!(said(&a(11)).await, "permerror");
    assert_eq!(
        said("e.example TXT v=spf1 include:e.example -all").await,
        "permerror"
    );
    assert_eq!(
        said("e.example TXT v=spf1 redirect=e.example").await,
        "permerror"
    );
    // What asks nothing costs nothing.
    let many = vec!["ip4:198.51.100.1"; 30].join(" ");
    assert_eq!(
        said(&format!("e.example TXT v=spf1 {many} ip4:192.0.2.1 -all")).await,
        "pass"
    );

    let exchanges = |count: usize| -> Vec<String> {
        (0..count)
            .map(|n| format!("e.example MX {n} a{n}.example"))
            .chain(["e.example TXT v=spf1 mx ?all".to_owned()])
            .collect()
    };
    for (count, expected) in [(10, "neutral"), (11, "permerror")] {
        let made = exchanges(count);
        let mut records: Vec<&str> = made.iter().map(String::as_str).collect();
        records.extend(&hosts);
        let said = spf(&records, "192.0.2.1", "h.example", "user@e.example").await;
        assert_eq!(said, expected, "{count} exchanges");
    }
}

/// "Void look-ups" (4.6.4) beyond two SHOULD end in permerror. They do not here: ten look-ups bound the cost, and a domain that
/// forgot names in its record keeps its pass, so that its letters arrive.
#[tokio::test]
async fn names_that_are_gone_do_not_spoil_a_record() {
    let record =
        "e.example TXT v=spf1 a:gone1.example a:gone2.example a:gone3.example ip4:192.0.2.1 -all";
    let said = spf(&[record], "192.0.2.1", "h.example", "user@e.example").await;
    assert_eq!(said, "pass");
}
