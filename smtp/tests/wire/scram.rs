//! SCRAM-SHA-256 with Python's smtplib, and -PLUS bound to its TLS connection, computed here apart from the server's code; an
//! account that does not exist looks like one that does.

use crate::town::{Client, Town};
use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use smtp::Door;
use std::num::NonZeroU32;
use std::process::Command;

/// A town whose mail programs use app passwords, one of which is told.
async fn town() -> (Town, String) {
    let town = Town::with(|policy| policy.clients_take_password = false).await;
    let an = town.actor("an").await;
    town.room.app_password_add(&an, "máy cũ").await.unwrap();
    let secret = town.room.app_password_add(&an, "máy mới").await.unwrap();
    (town, secret)
}

#[tokio::test]
async fn pythons_smtplib_signs_in_by_scram() {
    let (town, secret) = town().await;
    let open = town.open(Door::Submissions, town.config()).await;
    let port = open.at.port().to_string();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/clients/scram.py");
    let run = async |user: &str, secret: &str| {
        let args = [script, "smtp", &port, user, secret].map(str::to_owned);
        let out = tokio::task::spawn_blocking(move || {
            Command::new("/usr/bin/python3")
                .args(args)
                .output()
                .unwrap()
        });
        let out = out.await.unwrap();
        let text = String::from_utf8_lossy(&out.stdout).trim().to_owned();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        text
    };
    assert_eq!(run("an@camau.vn", &secret).await, "in");
    assert_eq!(run("an", &secret.replace('-', "")).await, "in");
    let wrong = run("an@camau.vn", "0000-0000-0000-0000-0000").await;
    assert!(wrong.contains("535"), "{wrong}");
    let nobody = run("khong@camau.vn", &secret).await;
    assert_eq!(nobody, wrong, "who does not exist is told the same");
}

/// The client's side of RFC 5802 §3 for one binding.
struct Exchange {
    header: &'static str,
    bound: Vec<u8>,
    bare: String,
}

impl Exchange {
    fn new(header: &'static str, bound: &[u8], user: &str) -> Exchange {
        Exchange {
            header,
            bound: bound.to_vec(),
            bare: format!("n={user},r=abcdefgh"),
        }
    }

    fn first(&self) -> String {
        STANDARD.encode(format!("{}{}", self.header, self.bare))
    }

    fn last(&self, challenge: &str, secret: &str) -> String {
        let said = String::from_utf8(STANDARD.decode(challenge).unwrap()).unwrap();
        let salt = said.split(",s=").nth(1).unwrap();
        let salt = STANDARD.decode(salt.split(",i=").next().unwrap()).unwrap();
        let nonce = said.split(",s=").next().unwrap();
        let mut salted = [0; 32];
        let rounds = NonZeroU32::new(4_096).unwrap();
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            rounds,
            &salt,
            secret.as_bytes(),
            &mut salted,
        );
        let mac = |key: &[u8], text: &[u8]| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text)
                .as_ref()
                .to_vec()
        };
        let client = mac(&salted, b"Client Key");
        let stored = digest::digest(&digest::SHA256, &client);
        let binding = STANDARD.encode([self.header.as_bytes(), &self.bound].concat());
        let last = format!("c={binding},{nonce}");
        let all = format!("{},{said},{last}", self.bare);
        let signature = mac(stored.as_ref(), all.as_bytes());
        let proof: Vec<u8> = client.iter().zip(signature).map(|(a, b)| a ^ b).collect();
        STANDARD.encode(format!("{last},p={}", STANDARD.encode(proof)))
    }
}

async fn tries(client: &mut Client, mechanism: &str, exchange: &Exchange, secret: &str) -> String {
    let begin = format!("AUTH {mechanism} {}", exchange.first());
    client.send(format!("{begin}\r\n").as_bytes()).await;
    let challenge = client.line().await.unwrap();
    let Some(challenge) = challenge.strip_prefix("334 ") else {
        return challenge;
    };
    let last = exchange.last(challenge, secret);
    client.send(format!("{last}\r\n").as_bytes()).await;
    let said = client.line().await.unwrap();
    if !said.starts_with("334 ") {
        return said;
    }
    client.send(b"\r\n").await;
    client.line().await.unwrap()
}

#[tokio::test]
async fn a_binding_holds_only_on_its_own_connection() {
    let (town, secret) = town().await;
    let open = town.open(Door::Submissions, town.config()).await;
    let greeted = async || {
        let mut client = open.client().await;
        client.expect("220").await;
        client.send(b"EHLO so.example\r\n").await;
        let mut offered = String::new();
        loop {
            let line = client.line().await.unwrap();
            offered.push_str(&line);
            if line.as_bytes()[3] != b'-' {
                break;
            }
        }
        assert!(
            offered.contains("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN"),
            "{offered}"
        );
        client
    };
    let (plus, plain) = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256");
    let bound = "p=tls-exporter,,";
    let mut client = greeted().await;
    let own = client.exporter.unwrap();
    let other = greeted().await.exporter.unwrap();
    assert_ne!(own, other);
    // In the middle sits somebody with a connection of their own to us.
    let stolen = Exchange::new(bound, &other, "an@camau.vn");
    let said = tries(&mut client, plus, &stolen, &secret).await;
    assert!(said.starts_with("535"), "{said}");
    // The offer of a binding was taken out on the path.
    let stripped = Exchange::new("y,,", b"", "an@camau.vn");
    let said = tries(&mut client, plain, &stripped, &secret).await;
    assert!(said.starts_with("535"), "{said}");
    let good = Exchange::new(bound, &own, "an@camau.vn");
    let said = tries(&mut client, plus, &good, &secret).await;
    assert!(said.starts_with("235"), "{said}");
    let mut client = greeted().await;
    let unbound = Exchange::new("n,,", b"", "an@camau.vn");
    let said = tries(&mut client, plain, &unbound, &secret).await;
    assert!(said.starts_with("235"), "{said}");
}

#[tokio::test]
async fn salts_tell_nothing() {
    let (town, _) = town().await;
    let open = town.open(Door::Submissions, town.config()).await;
    let salt = async |user: &str| {
        let mut client = open.client().await;
        client.expect("220").await;
        client.say("EHLO so.example", "250").await;
        let first = STANDARD.encode(format!("n,,n={user},r=abcdefgh"));
        let said = client
            .say(&format!("AUTH SCRAM-SHA-256 {first}"), "334 ")
            .await;
        client.say("*", "501").await;
        let said = STANDARD.decode(said.strip_prefix("334 ").unwrap()).unwrap();
        let said = String::from_utf8(said).unwrap();
        said.split(",s=").nth(1).unwrap().to_owned()
    };
    // Has an app password, has none, does not exist: each its own salt, always the same.
    let users = ["an@camau.vn", "binh@camau.vn", "khong@camau.vn"];
    let mut seen = Vec::new();
    for user in users {
        let first = salt(user).await;
        assert_eq!(salt(user).await, first, "{user}");
        assert_eq!(first.len(), 24 + ",i=4096".len(), "{first}");
        seen.push(first);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), users.len());
}

#[tokio::test]
async fn a_token_is_refused_in_the_standards_words() {
    let (town, _) = town().await;
    let open = town.open(Door::Submissions, town.config()).await;
    let mut client = open.client().await;
    client.expect("220").await;
    client.say("EHLO so.example", "250").await;
    let token = STANDARD.encode("n,a=an@camau.vn,\u{1}auth=Bearer abc\u{1}\u{1}");
    let said = client
        .say(&format!("AUTH OAUTHBEARER {token}"), "334 ")
        .await;
    let told = STANDARD.decode(said.strip_prefix("334 ").unwrap()).unwrap();
    assert_eq!(told, br#"{"status":"invalid_token"}"#);
    client.say("AQ==", "535").await;
}
