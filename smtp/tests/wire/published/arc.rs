//! RFC 8617 appendix B: a letter from d1.example goes over a list at example.org and a forwarder at gmail.example to
//! clochette.example.org. The letter as printed cannot be verified: its keys are not published (and it is folded for the page).
//! So the same way is gone with keys of our own, each station checking, changing and sealing as printed.

use super::judge;
use crate::dns::{Dns, dns};
use mailroom::receive::Verdict;
use smtp::check::{Checks, Envelope, Judged};
use smtp::dkim::Keys;
use smtp::outbound::body::Prepared;
use smtp::proto::Rejection;

const AUTHOR: &str = "jqd@d1.example";
const LETTER: &str = "Received: from [10.10.10.131] (w-x-y-z.dsl.static.isp.example [203.0.113.1])\r\n (authenticated bits=0)\r\n by segv.d1.example with ESMTP id t0FN4a8O084569;\r\n Thu, 14 Jan 2015 15:00:01 -0800 (PST)\r\n (envelope-from jqd@d1.example)\r\nMessage-ID: <54B84785.1060301@d1.example>\r\nDate: Thu, 14 Jan 2015 15:00:01 -0800\r\nFrom: John Q Doe <jqd@d1.example>\r\nTo: arc@dmarc.example\r\nSubject: [List 2] Example 1\r\n\r\nHey gang,\r\nThis is a test message.\r\n--J.\r\n";

/// A station: its domain, the host name it seals with, its keys.
struct Station {
    domain: &'static str,
    host: &'static str,
    keys: Keys,
    _folder: tempfile::TempDir,
}

fn station(domain: &'static str, host: &'static str) -> Station {
    let folder = tempfile::tempdir().unwrap();
    Keys::make(folder.path(), domain, "arc").unwrap();
    let keys = Keys::load(folder.path()).unwrap().sealing(domain, host);
    Station {
        domain,
        host,
        keys,
        _folder: folder,
    }
}

impl Station {
    /// Takes a letter, writes down what it found, changes it where it is a list, and seals it.
    async fn hand_on(
        &self,
        served: &Dns,
        ip: &str,
        raw: &str,
        change: fn(&str) -> String,
    ) -> String {
        let envelope = Envelope {
            ip: ip.parse().unwrap(),
            helo: "h.example",
            mail_from: AUTHOR,
            rcpt_to: &[],
        };
        let checks = Checks::new(served.resolver(), self.host, &[]);
        let judged = checks.judge(&envelope, raw.as_bytes()).await;
        let found = format!(
            "Authentication-Results: {}\r\n{}",
            judged.auth_results,
            change(raw)
        );
        let letter = Prepared::new(found.into_bytes().into());
        String::from_utf8(letter.form(true, &self.keys).ok().unwrap().to_vec()).unwrap()
    }
}

async fn zone(stations: &[&Station]) -> Dns {
    let mut rows = vec![
        "d1.example TXT v=spf1 ip4:192.0.2.1 -all".to_owned(),
        "_dmarc.d1.example TXT v=DMARC1; p=reject".to_owned(),
    ];
    for station in stations {
        let records = station.keys.records(station.domain);
        rows.extend(
            records
                .iter()
                .map(|(name, text)| format!("{name} TXT {text}")),
        );
    }
    dns(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// What clochette.example.org says, trusting this sealer.
async fn arrives(served: &Dns, trusted: &str, raw: &str) -> Judged {
    let envelope = Envelope {
        ip: "198.51.100.9".parse().unwrap(),
        helo: "mail.gmail.example",
        mail_from: AUTHOR,
        rcpt_to: &[],
    };
    Checks::new(
        served.resolver(),
        "clochette.example.org",
        &[trusted.to_owned()],
    )
    .judge(&envelope, raw.as_bytes())
    .await
}

fn listed(raw: &str) -> String {
    raw.replace("Subject: ", "Subject: [List] ") + "--\r\nlists.example.org\r\n"
}

#[tokio::test]
async fn appendix_b_the_way_of_a_letter_over_a_list_and_a_forwarder() {
    let author = station("d1.example", "segv.d1.example");
    let list = station("example.org", "lists.example.org");
    let forwarder = station("gmail.example", "mx.gmail.example");
    let served = zone(&[&author, &list, &forwarder]).await;
    let signed = author
        .keys
        .signatures("d1.example", LETTER.as_bytes())
        .unwrap()
        + LETTER;

    let first = list.hand_on(&served, "192.0.2.1", &signed, listed).await;
    assert!(
        first.starts_with("ARC-Seal: i=1;") && first.contains("cv=none"),
        "{first}"
    );
    let found = arrives(&served, "example.org", &first).await;
    assert!(found.auth_results.contains("arc=pass"), "{found:?}");

    let second = forwarder
        .hand_on(&served, "192.0.2.2", &first, str::to_owned)
        .await;
    assert!(
        second.starts_with("ARC-Seal: i=2;") && second.contains("cv=pass"),
        "{second}"
    );
    let said = second.replace(";\r\n\t", "; ");
    assert!(
        said.contains("ARC-Authentication-Results: i=2; mx.gmail.example; "),
        "{said}"
    );
    // The author's signature and SPF are broken by now; what the stations saw is whole.
    let found = arrives(&served, "gmail.example", &second).await;
    for word in ["dkim=neutral", "spf=fail", "dmarc=fail", "arc=pass"] {
        assert!(found.auth_results.contains(word), "{word}: {found:?}");
    }
    assert_eq!(found.verdict, Ok(Verdict::Junk), "{found:?}");
    // Only who sealed last is asked for trust: what stood before him is his word (§9.1).
    let found = arrives(&served, "example.org", &second).await;
    assert_eq!(found.verdict, Err(Rejection::Dmarc), "{found:?}");
}

/// Section 5.2: a chain is whole or it is nothing.
#[tokio::test]
async fn a_chain_with_a_fault_is_no_chain() {
    let author = station("d1.example", "segv.d1.example");
    let list = station("example.org", "lists.example.org");
    let forwarder = station("gmail.example", "mx.gmail.example");
    let served = zone(&[&author, &list, &forwarder]).await;
    let signed = author
        .keys
        .signatures("d1.example", LETTER.as_bytes())
        .unwrap()
        + LETTER;
    let first = list.hand_on(&served, "192.0.2.1", &signed, listed).await;
    let whole = forwarder
        .hand_on(&served, "192.0.2.2", &first, str::to_owned)
        .await;
    let faults = [
        (
            "the body changed after the last seal",
            whole.replace("gang", "folks"),
        ),
        (
            "the last seal's word about the chain",
            whole.replacen("cv=pass", "cv=fail", 1),
        ),
        (
            "results changed after sealing",
            whole
                .replacen("lists.example.org; ", "lists.example.com; ", 1)
                .replacen("lists.example.org;\r\n", "lists.example.com;\r\n", 1),
        ),
        (
            "the first seal is gone",
            whole.replacen("ARC-Seal: i=1;", "X-Seal: i=1;", 1),
        ),
        ("an instance is missing", whole.replace("i=1;", "i=3;")),
        (
            "an instance stands twice",
            whole.replacen("i=2;", "i=1;", 1),
        ),
        ("an instance beyond fifty", whole.replace("i=2;", "i=51;")),
    ];
    for (what, raw) in faults {
        assert_ne!(raw, whole, "{what}");
        let found = arrives(&served, "gmail.example", &raw).await;
        assert!(
            !found.auth_results.contains("arc=pass"),
            "{what}: {found:?}"
        );
        assert_eq!(found.verdict, Err(Rejection::Dmarc), "{what}: {found:?}");
    }
    // A key that cannot be fetched proves nothing either way.
    let silent = dns(&[
        "d1.example TXT v=spf1 -all",
        "arc._domainkey.gmail.example FAIL -",
    ])
    .await;
    let found = judge(&silent, "198.51.100.9", "h.example", AUTHOR, &whole).await;
    assert!(!found.auth_results.contains("arc=pass"), "{found:?}");
}
