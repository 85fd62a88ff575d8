//! TLS below 1.2 in neither direction: OpenSSL finds none at our doors; a Postfix that knows no more gets its letter in clear
//! text where nothing demands more, and the history says why.

use super::*;
use congthu_tests::tool::limited;

/// OpenSSL's handshake with a door; it would speak the old versions if it were answered.
fn shaken(at: &str, version: &str, starttls: Option<&str>) -> (bool, String) {
    // Each from an address of its own: whose handshake failed at the MX is offered no STARTTLS there for a while.
    let from = match version {
        "-tls1" => "127.1.0.2:0",
        "-tls1_1" => "127.2.0.2:0",
        _ => "127.3.0.2:0",
    };
    let mut client = Command::new("openssl");
    client.args(["s_client", "-connect", at, "-bind", from, version]);
    client.args(["-cipher", "DEFAULT@SECLEVEL=0"]);
    if let Some(protocol) = starttls {
        client.args(["-starttls", protocol]);
    }
    let output = limited(client, b"");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let found = said.contains("-----BEGIN CERTIFICATE-----");
    (found, said.into_owned())
}

#[test]
fn every_door_begins_with_tls_1_2() {
    let demo = Demo::start();
    let doors = [
        ("smtp", Some("smtp")),
        ("submission", Some("smtp")),
        ("submissions", None),
        ("imap", Some("imap")),
        ("imaps", None),
    ];
    for (door, starttls) in doors {
        for old in ["-tls1", "-tls1_1"] {
            let (shaken, said) = shaken(demo.at(door), old, starttls);
            assert!(!shaken, "{door} {old}: {said}");
            // "protocol version" or "handshake failure".
            assert!(said.contains("SSL alert number"), "{door} {old}: {said}");
        }
        for (new, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            let (shaken, said) = shaken(demo.at(door), new, starttls);
            assert!(shaken && said.contains(name), "{door} {new}: {said}");
        }
    }
}

/// Every attempt of everything that was sent, with what was seen.
fn attempts(demo: &Demo) -> Vec<(String, store::Evidence)> {
    let config = store::Config {
        node: 9,
        ..store::Config::sqlite(demo.data())
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = store::Store::open(config).await.unwrap();
        let filter = store::TraceFilter {
            recipient: "so.noi.vu@huyenbac.example".into(),
            ..store::TraceFilter::default()
        };
        let found = store.trace_find(&filter, 10).await.unwrap();
        let mut all = Vec::new();
        for one in found {
            for row in store.outbox_of_trace(one.id).await.unwrap() {
                let attempts = store.attempts(row.id).await.unwrap();
                all.extend(attempts.into_iter().map(|one| (one.outcome, one.evidence)));
            }
        }
        store.close().await;
        all
    })
}

#[test]
fn a_server_that_knows_no_more_than_tls_1_1_gets_the_letter_in_clear_text() {
    let mx_port = free_port();
    let (_dns, demo) = demo_towards(mx_port);
    let old = "smtpd_tls_protocols = TLSv1.1\nsmtpd_tls_ciphers = low\ntls_low_cipherlist = DEFAULT@SECLEVEL=0\n";
    let postfix = Postfix::with(mx_port, demo.port("smtp"), old);
    let at = format!("127.0.0.1:{mx_port}");
    assert!(shaken(&at, "-tls1_1", Some("smtp")).0, "it speaks TLS 1.1");
    assert!(!shaken(&at, "-tls1_2", Some("smtp")).0, "and no more");
    send_as_lan(&demo, "so.noi.vu@huyenbac.example", "cu@vamxanh.example");
    let path = wait_for("the letter at Postfix", || postfix.letters().pop());
    let letter = std::fs::read_to_string(path).unwrap();
    assert!(!letter.contains("using TLS"), "{letter}");
    let seen = wait_for("the history", || {
        let seen = attempts(&demo);
        (!seen.is_empty()).then_some(seen)
    });
    let [(outcome, evidence)] = seen.as_slice() else {
        panic!("one attempt: {seen:?}");
    };
    assert_eq!((outcome.as_str(), evidence.tls.as_str()), ("sent", ""));
    assert!(
        evidence
            .certificate
            .starts_with("clear text: TLS handshake"),
        "{evidence:?}"
    );
}
