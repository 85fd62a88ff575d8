//! Serves IMAP on loopback over a throw-away store with accounts user1… and one mailbox of 10,000 letters, for load drivers.
//! A measuring aid, never part of the program.  measure PORT TLS_PORT [ACCOUNTS] [LETTERS]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use imap_lite::Config;
use mailroom::mail::Append;
use mailroom::people::{NewAccount, PrincipalKindWord};
use mailroom::{Clock, Mailroom, Means, Policy};
use rustls::pki_types::PrivateKeyDer;
use std::sync::Arc;
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const PASSWORD: &str = "bench-pass";

#[tokio::main]
async fn main() {
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .map(|word| word.parse().unwrap())
        .collect();
    let (accounts, letters) = (
        numbers.get(2).copied().unwrap_or(200),
        numbers.get(3).copied().unwrap_or(10_000),
    );
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(store::testing::config(folder.path(), None))
        .await
        .unwrap();
    let policy = Policy {
        clients_take_password: true,
        ..Policy::default()
    };
    let room = Mailroom::new(store, policy, Clock::System).unwrap();
    let console = room.console();
    room.domain_add(&console, "bench.test", None).await.unwrap();
    room.unit_add(&console, "A", "A", None, "department", "")
        .await
        .unwrap();
    for number in 1..=accounts {
        let account = NewAccount {
            address: format!("user{number}@bench.test"),
            name: format!("User {number}"),
            unit_code: Some("A".into()),
            kind: Some(PrincipalKindWord::Individual),
            ..NewAccount::default()
        };
        room.account_add(&console, account, Some(PASSWORD))
            .await
            .unwrap();
    }
    seed(&room, &format!("user{accounts}@bench.test"), letters).await;

    let certified = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let tls = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(Config {
        tls: Some(Arc::new(tls)),
        clear_sign_in: true,
        ..Config::default()
    });
    let shutdown = CancellationToken::new();
    for (port, implicit_tls) in [(numbers[0], false), (numbers[1], true)] {
        let listener = TcpListener::bind(format!("127.0.0.1:{port}"))
            .await
            .unwrap();
        tokio::spawn(imap_lite::serve(
            config.clone(),
            implicit_tls,
            listener,
            room.clone(),
            shutdown.clone(),
        ));
    }
    println!("ready, pid {}", std::process::id());
    tokio::signal::ctrl_c().await.unwrap();
    shutdown.cancel();
}

/// Letters in the mailbox B10K of an account.
async fn seed(room: &Mailroom, address: &str, letters: usize) {
    let who = room.find_address(address).await.unwrap().unwrap();
    let actor = mailroom::Actor {
        principal: who.id,
        address: who.address,
        name: who.name,
        means: Means::Password,
        peer_ip: String::new(),
    };
    let access = room.open(&actor, actor.principal.into()).await.unwrap();
    let mailbox = access.mailbox_create("B10K").await.unwrap().id;
    let numbers: Vec<usize> = (0..letters).collect();
    for chunk in numbers.chunks(64) {
        let appends = chunk
            .iter()
            .map(|number| access.append(mailbox, append(*number)));
        for placed in futures_util::future::join_all(appends).await {
            placed.unwrap();
        }
    }
}

fn append(number: usize) -> Append {
    let marked = if number.is_multiple_of(100) {
        "hỏa tốc"
    } else {
        "thường"
    };
    let filler = "Kính gửi các đơn vị, đề nghị báo cáo kết quả thực hiện. ".repeat(24);
    let raw = format!(
        "From: Sender {number} <sender@load.ext.test>\r\nTo: user@bench.test\r\nSubject: =?utf-8?Q?Gi=E1=BA=A5y_m=E1=BB=9Di?= {number}\r\n\
         Date: Sat, 1 Feb 2025 08:00:00 +0700\r\nMessage-ID: <bseed.{number}@load.ext.test>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{marked}\r\n{filler}\r\n"
    );
    Append {
        raw: raw.into(),
        flags: 0,
        keywords: Vec::new(),
        received_at: None,
    }
}
