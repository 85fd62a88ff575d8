//! Keys of two domains renewed against a DNS table: nothing signs before its record is seen, and what the old key signed
//! verifies as long as its record stays.

use crate::dns::{Dns, dns};
use mailroom::receive::Verdict;
use smtp::check::{Checks, Envelope};
use smtp::dkim::ring::{self, Rules, State};
use smtp::dkim::{Keys, Tender};
use std::path::Path;

const DAY: i64 = 86_400_000;
const RULES: Rules = Rules {
    renew_after: Some(180 * DAY),
    settle: DAY,
    keep: 30 * DAY,
};
const LETTER: &str = "From: an@mot.example\r\nTo: b@c.example\r\nSubject: x\r\nDate: Sat, 21 Nov 2026 10:00:00 +0700\r\nMessage-ID: <1@mot.example>\r\n\r\na\r\n";

fn states(folder: &Path, domain: &str) -> Vec<(String, State)> {
    let held = ring::held(folder, domain).unwrap();
    let mut states: Vec<_> = held
        .iter()
        .map(|one| (one.key.selector().to_owned(), one.state))
        .collect();
    states.sort_by(|one, other| one.0.cmp(&other.0));
    states
}

/// A zone with every record made so far.
async fn zone(folder: &Path, domains: &[String]) -> Dns {
    let mut rows = vec!["_dmarc.mot.example TXT v=DMARC1; p=reject".to_owned()];
    for domain in domains {
        for one in ring::held(folder, domain).unwrap() {
            rows.push(format!(
                "{} TXT {}",
                one.key.record_name(),
                one.key.record_text()
            ));
        }
    }
    dns(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await
}

async fn passes(served: &Dns, signed: &str) -> usize {
    let envelope = Envelope {
        ip: "203.0.113.7".parse().unwrap(),
        helo: "x",
        mail_from: "",
        rcpt_to: &[],
    };
    let checks = Checks::new(served.resolver(), "mx.c.example", &[]);
    let judged = checks.judge(&envelope, signed.as_bytes()).await;
    assert_eq!(judged.verdict, Ok(Verdict::Inbox), "{judged:?}");
    judged.auth_results.matches("dkim=pass").count()
}

#[tokio::test]
async fn keys_renew_themselves_when_dns_shows_them() {
    let folder = tempfile::tempdir().unwrap();
    let domains = ["mot.example".to_owned(), "hai.example".to_owned()];
    let keys = Keys::load(folder.path()).unwrap();
    let look = async |served: &Dns, tag: &str, now: i64| {
        let tender = Tender {
            folder: folder.path().to_owned(),
            resolver: served.resolver(),
            rules: RULES,
        };
        tender.look(&domains, &keys, tag, now).await.unwrap()
    };
    let signed = || keys.signatures("mot.example", LETTER.as_bytes()).unwrap();

    // Made for both domains, used by none: nobody could verify them yet.
    let empty = dns(&["other.example A 192.0.2.1"]).await;
    let waiting = look(&empty, "a", 0).await;
    assert_eq!(waiting.len(), 4, "{waiting:?}");
    assert!(
        waiting
            .iter()
            .any(|one| one.name == "a-rsa._domainkey.hai.example")
    );
    assert_eq!(look(&empty, "b", DAY).await, waiting);
    assert_eq!(signed(), "");

    // Published: seen, and a day later in use.
    let first = zone(folder.path(), &domains).await;
    assert_eq!(look(&first, "b", 2 * DAY).await, []);
    assert_eq!(signed(), "");
    let fails: Vec<String> = domains
        .iter()
        .flat_map(|domain| {
            ["rsa", "ed25519"].map(|kind| format!("a-{kind}._domainkey.{domain} FAIL -"))
        })
        .collect();
    let broken = dns(&fails.iter().map(String::as_str).collect::<Vec<_>>()).await;
    look(&broken, "b", 3 * DAY).await;
    assert_eq!(
        states(folder.path(), "mot.example")[1],
        ("a-rsa".to_owned(), State::Seen)
    );
    look(&first, "b", 3 * DAY).await;
    let old = format!("{}{LETTER}", signed());
    assert_eq!(passes(&first, &old).await, 2);

    // Half a year later: successors wait, the old keys sign on.
    let waiting = look(&first, "c", 183 * DAY).await;
    assert_eq!(waiting.len(), 4, "{waiting:?}");
    assert_eq!(passes(&first, &format!("{}{LETTER}", signed())).await, 2);
    let both = zone(folder.path(), &domains).await;
    look(&both, "d", 184 * DAY).await;
    look(&both, "d", 185 * DAY).await;
    let new = signed();
    assert!(new.contains("s=c-rsa") && !new.contains("s=a-rsa"), "{new}");
    assert_eq!(passes(&both, &format!("{new}{LETTER}")).await, 2);
    // What was signed before still verifies.
    assert_eq!(passes(&both, &old).await, 2);
    assert_eq!(
        states(folder.path(), "hai.example"),
        [
            ("a-ed25519", State::Retired),
            ("a-rsa", State::Retired),
            ("c-ed25519", State::Signing),
            ("c-rsa", State::Signing),
        ]
        .map(|(selector, state)| (selector.to_owned(), state))
    );
    // Their time over, the old secrets go.
    look(&both, "d", 215 * DAY).await;
    assert_eq!(states(folder.path(), "mot.example").len(), 2);
}
