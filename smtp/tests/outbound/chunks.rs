//! BDAT (RFC 3030): in how few writes a letter goes, what a server sees that refuses everybody or does not know what it
//! offers, and what is remembered of it. The faults at its points are rows of `faults`.

use super::peer::{Fault, Script, peer};
use super::*;
use smtp::outbound::manners::Manner;
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};

const CHUNKED: [&str; 3] = ["PIPELINING", "8BITMIME", "CHUNKING"];
const TO: [&str; 2] = ["a@dich.example", "b@dich.example"];

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

async fn way_to(port: u16) -> Config {
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 0);
    config
        .routes
        .insert("dich.example".into(), route(port, RouteTls::Clear));
    config
}

/// A server that answers nothing before it has read all of it: envelope and letter, once it has shown that it takes BDAT.
#[tokio::test]
async fn a_proven_server_gets_envelope_and_letter_in_one_write() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = way_to(listener.local_addr().unwrap().port()).await;
    config.manners.learn(
        listener.local_addr().unwrap(),
        Manner::Proven,
        config.clock.now(),
    );
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut s = BufStream::new(stream);
        s.write_all(b"220 x\r\n").await.unwrap();
        s.flush().await.unwrap();
        let mut line = String::new();
        s.read_line(&mut line).await.unwrap();
        s.write_all(b"250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n")
            .await
            .unwrap();
        s.flush().await.unwrap();
        let mut lines = String::new();
        for _ in 0..4 {
            s.read_line(&mut lines).await.unwrap();
        }
        let mut letter = vec![0; LETTER.len()];
        s.read_exact(&mut letter).await.unwrap();
        let answers = b"250 a\r\n250 b\r\n550 5.1.1 c\r\n250 2.0.0 taken\r\n";
        s.write_all(answers).await.unwrap();
        s.flush().await.unwrap();
        (lines, letter)
    };
    let ((fates, _), (lines, letter)) = tokio::join!(send(&config, "dich.example", &TO), server);
    assert_eq!(words(&fates), ["sent", "never 550"]);
    let last = format!("BDAT {} LAST\r\n", LETTER.len());
    assert!(lines.ends_with(&last), "{lines}");
    assert_eq!(letter, LETTER);
}

#[tokio::test]
async fn the_first_letter_proves_the_server_and_the_next_ones_go_whole() {
    let (port, log) = peer(Script {
        offers: CHUNKED.to_vec(),
        ..Script::default()
    })
    .await;
    let config = way_to(port).await;
    for _ in 0..3 {
        let (fates, _) = send(&config, "dich.example", &TO).await;
        assert_eq!(words(&fates), ["sent", "sent"]);
    }
    assert_eq!(log.said("BDAT"), 4, "the first letter in two chunks");
    assert_eq!(log.said("DATA"), 0);
    assert_eq!(log.taken().len(), 3);
    assert!(log.taken().iter().all(|taken| taken.body == LETTER));
    // A letter too large for one write waits for the answers to its envelope.
    let large = [LETTER, "x".repeat(70).as_bytes(), b"\r\n"].concat();
    let large = [&large[..], &b"dong dai\r\n".repeat(20_000)].concat();
    let (fates, _) = send_raw(&config, "dich.example", &TO, &large).await;
    assert_eq!(words(&fates), ["sent", "sent"]);
    assert_eq!(log.said("BDAT"), 6);
    assert_eq!(log.taken()[3].body, large);
}

/// Whoever refuses everybody sees one line of the letter at most, or a small letter that went with its envelope.
#[tokio::test]
async fn nothing_is_carried_to_a_server_that_refuses_everybody() {
    for (offers, manner, in_vain) in [
        (
            CHUNKED.to_vec(),
            Manner::Untried,
            b"From: a@ours.example\r\n".len(),
        ),
        (CHUNKED.to_vec(), Manner::Proven, LETTER.len()),
        (vec!["CHUNKING"], Manner::Untried, 0),
        (vec!["CHUNKING"], Manner::Proven, 0),
    ] {
        let faults = vec![("RCPT", Fault::Say("550 5.1.1 nobody"), 2)];
        let (port, log) = peer(Script {
            offers,
            faults,
            ..Script::default()
        })
        .await;
        let config = way_to(port).await;
        config.manners.learn(at(port), manner, config.clock.now());
        let body = Prepared::new(Bytes::from_static(LETTER));
        let destination = attempt::destination(&config, "dich.example");
        let mut line = Line::new(&config, &destination);
        let (fates, lesson) = line.deliver(&letter(&body, &TO)).await;
        assert_eq!(words(&fates), ["never 550", "never 550"]);
        assert_eq!(lesson, Lesson::Went);
        assert_eq!(*log.in_vain.lock().unwrap(), in_vain, "{manner:?}");
        // The connection is in step and carries the next letter.
        let (fates, _) = line.deliver(&letter(&body, &TO)).await;
        assert_eq!(words(&fates), ["sent", "sent"]);
        line.close().await;
        assert_eq!((log.connections(), log.taken().len()), (1, 1));
        assert_eq!(
            config.manners.of(at(port), config.clock.now()),
            Manner::Proven
        );
    }
}

/// Something in between strikes BDAT out, or the server never knew it: the letter is not read as commands.
#[tokio::test]
async fn a_server_that_offers_chunking_and_does_not_know_it_gets_data_and_no_command_of_the_letter()
{
    for offers in [CHUNKED.to_vec(), vec!["CHUNKING"]] {
        let (port, log) = peer(Script {
            offers,
            blind: true,
            ..Script::default()
        })
        .await;
        let config = way_to(port).await;
        let raw = b"From: a@ours.example\r\nSubject: x\r\n\r\nRSET\r\nMAIL FROM:<chu.tich@dich.example>\r\n\
            RCPT TO:<ke.toan@dich.example>\r\nDATA\r\nhay chuyen tien\r\n.\r\nQUIT\r\n";
        for _ in 0..2 {
            let (fates, _) = send_raw(&config, "dich.example", &TO, raw).await;
            assert_eq!(words(&fates), ["sent", "sent"]);
        }
        assert_eq!(log.said("BDAT"), 1, "asked once, then remembered");
        assert_eq!(log.said("MAIL FROM:<chu.tich"), 0);
        assert_eq!(log.said("RCPT TO:<ke.toan"), 0);
        let taken = log.taken();
        assert_eq!(taken.len(), 2);
        assert!(taken.iter().all(|taken| taken.body == raw));
        assert_eq!(
            config.manners.of(at(port), config.clock.now()),
            Manner::Data
        );
    }
}

#[tokio::test]
async fn what_failed_is_remembered_for_a_while_and_eight_bits_are_named_only_where_they_are() {
    let faults = vec![("first chunk", Fault::Say("502 5.5.1 no"), 1)];
    let (port, log) = peer(Script {
        offers: CHUNKED.to_vec(),
        faults,
        ..Script::default()
    })
    .await;
    let config = way_to(port).await;
    let marked =
        "From: a@ours.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nCông văn\r\n";
    for raw in [LETTER, marked.as_bytes()] {
        let (fates, _) = send_raw(&config, "dich.example", &TO, raw).await;
        assert_eq!(words(&fates), ["sent", "sent"]);
    }
    assert_eq!((log.said("BDAT"), log.said("DATA")), (1, 2));
    let long_ago = config.clock.now() - smtp::outbound::limits::MANNERS_MS - 1;
    config.manners.learn(at(port), Manner::Data, long_ago);
    let (fates, _) = send_raw(&config, "dich.example", &TO, marked.as_bytes()).await;
    assert_eq!(words(&fates), ["sent", "sent"]);
    assert_eq!((log.said("BDAT"), log.said("DATA")), (3, 2));
    let taken = log.taken();
    assert!(!taken[0].mail.contains("BODY="), "{}", taken[0].mail);
    assert!(
        taken[2].mail.ends_with("BODY=8BITMIME"),
        "{}",
        taken[2].mail
    );
    assert_eq!(taken[2].body, marked.as_bytes());
}
