//! The server over real sockets on loopback: STARTTLS, TLS from the start, too many connections, the end.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{SECRET, Town};
use imap_lite::{Config, serve};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

struct Server {
    town: Town,
    clear: SocketAddr,
    implicit: SocketAddr,
    connector: TlsConnector,
}

async fn start(connections_per_address_max: usize) -> Server {
    let town = Town::new().await;
    town.set_password("an").await;
    serve_town(town, connections_per_address_max)
}

fn serve_town(town: Town, connections_per_address_max: usize) -> Server {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let tls = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certified.cert.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(Config {
        tls: Some(Arc::new(tls)),
        connections_per_address_max,
        ..Config::default()
    });
    let mut addresses = Vec::new();
    for implicit_tls in [false, true] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        addresses.push(listener.local_addr().unwrap());
        tokio::spawn(serve(
            config.clone(),
            implicit_tls,
            listener,
            town.room.clone(),
            town.shutdown.clone(),
        ));
    }
    Server {
        town,
        clear: addresses[0],
        implicit: addresses[1],
        connector: TlsConnector::from(Arc::new(client)),
    }
}

async fn line(stream: &mut BufReader<impl AsyncRead + Unpin>) -> String {
    let mut line = String::new();
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_line(&mut line)).await;
    read.expect("an answer in time").unwrap();
    line
}

async fn say(stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>, text: &str) -> String {
    stream.get_mut().write_all(text.as_bytes()).await.unwrap();
    line(stream).await
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

#[tokio::test]
async fn starttls_comes_before_the_password_and_forgets_what_was_sent_before() {
    let server = start(100).await;
    let mut clear = BufReader::new(TcpStream::connect(server.clear).await.unwrap());
    let greeting = line(&mut clear).await;
    assert!(greeting.contains(" STARTTLS LOGINDISABLED]"), "{greeting}");
    // what stands in the same packet as STARTTLS must not be read as if it came under TLS
    let begin = say(&mut clear, "a STARTTLS\r\nb LOGIN x y\r\n").await;
    assert_eq!(begin, "a OK Begin TLS\r\n");
    let tls = server
        .connector
        .connect(localhost(), clear.into_inner())
        .await
        .unwrap();
    let mut tls = BufReader::new(tls);
    let answer = say(&mut tls, "c CAPABILITY\r\n").await;
    assert!(
        answer.contains("AUTH=PLAIN") && !answer.contains("STARTTLS"),
        "{answer}"
    );
    assert_eq!(line(&mut tls).await, "c OK Done\r\n");
    assert_eq!(
        say(&mut tls, "d STARTTLS\r\n").await,
        "d BAD TLS is on already\r\n"
    );
    let answer = say(
        &mut tls,
        &format!(
            "e LOGIN an@tinh.example {{{}+}}\r\n{SECRET}\r\n",
            SECRET.len()
        ),
    )
    .await;
    assert!(answer.starts_with("e OK [CAPABILITY"), "{answer}");
}

/// Python's imaplib with a SCRAM of its own; and a token, which is refused in the standard's words.
#[tokio::test]
async fn pythons_imaplib_signs_in_by_scram() {
    let town = Town::with(|policy| policy.clients_take_password = false).await;
    let an = town.actor("an").await;
    let secret = town.room.app_password_add(&an, "imaplib").await.unwrap();
    let server = serve_town(town, 100);
    let port = server.implicit.port().to_string();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/clients/scram.py");
    let run = async |secret: &str| {
        let args = [script, "imap", &port, "an@tinh.example", secret].map(str::to_owned);
        let out = tokio::task::spawn_blocking(move || {
            let python = std::process::Command::new("/usr/bin/python3")
                .args(args)
                .output();
            python.unwrap()
        });
        let out = out.await.unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    };
    assert_eq!(run(&secret).await, "in");
    let wrong = run("0000-0000-0000-0000-0000").await;
    assert!(wrong.contains("AUTHENTICATIONFAILED"), "{wrong}");
    let stream = TcpStream::connect(server.implicit).await.unwrap();
    let mut tls = BufReader::new(server.connector.connect(localhost(), stream).await.unwrap());
    let greeting = line(&mut tls).await;
    let offered = " AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 AUTH=PLAIN]";
    assert!(greeting.contains(offered), "{greeting}");
    // "n,,\x01auth=Bearer x\x01\x01"
    let said = say(
        &mut tls,
        "a AUTHENTICATE OAUTHBEARER biwsAWF1dGg9QmVhcmVyIHgBAQ==\r\n",
    )
    .await;
    assert_eq!(said, "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n");
    let said = say(&mut tls, "AQ==\r\n").await;
    assert!(said.starts_with("a NO [AUTHENTICATIONFAILED]"), "{said}");
}

#[tokio::test]
async fn the_end_is_told_to_everybody_also_in_idle() {
    let server = start(100).await;
    let stream = TcpStream::connect(server.implicit).await.unwrap();
    let mut waiting = BufReader::new(server.connector.connect(localhost(), stream).await.unwrap());
    assert!(line(&mut waiting).await.starts_with("* OK"));
    let stream = TcpStream::connect(server.implicit).await.unwrap();
    let mut idling = BufReader::new(server.connector.connect(localhost(), stream).await.unwrap());
    assert!(line(&mut idling).await.starts_with("* OK"));
    let text = format!(
        "a LOGIN an@tinh.example {{{}+}}\r\n{SECRET}\r\n",
        SECRET.len()
    );
    assert!(say(&mut idling, &text).await.starts_with("a OK"));
    assert_eq!(say(&mut idling, "b IDLE\r\n").await, "+ idling\r\n");
    server.town.shutdown.cancel();
    assert_eq!(line(&mut waiting).await, "* BYE The server closes\r\n");
    assert_eq!(line(&mut idling).await, "* BYE The server closes\r\n");
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_no_more() {
    let server = start(2).await;
    let mut first = BufReader::new(TcpStream::connect(server.clear).await.unwrap());
    let mut second = BufReader::new(TcpStream::connect(server.clear).await.unwrap());
    assert!(
        line(&mut first).await.starts_with("* OK") && line(&mut second).await.starts_with("* OK")
    );
    let mut third = BufReader::new(TcpStream::connect(server.clear).await.unwrap());
    assert_eq!(
        line(&mut third).await,
        "* BYE [LIMIT] Too many connections\r\n"
    );
    assert_eq!(say(&mut first, "a LOGOUT\r\n").await, "* BYE Good-bye\r\n");
    assert_eq!(line(&mut first).await, "a OK Signed out\r\n");
    assert_eq!(line(&mut first).await, "");
    // its place is free again as soon as the server has noticed
    for _ in 0..100 {
        let mut again = BufReader::new(TcpStream::connect(server.clear).await.unwrap());
        if line(&mut again).await.starts_with("* OK") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no place became free");
}
