//! Every fault at every point: each recipient ends as SMTP allows, nobody is lost, nobody gets a second copy but where the
//! answer to the final dot was lost.

use super::peer::{Fault, Script, peer};
use super::*;
use smtp::outbound::manners::Manner;

pub const ALL: [&str; 4] = ["PIPELINING", "SIZE 1000000", "8BITMIME", "DSN"];
const NONE: [&str; 0] = [];

/// (point, fault, fates of a@ and b@ after the first attempt, copies taken in the first attempt, lesson)
pub type Row = (&'static str, Fault, [&'static str; 2], usize, Lesson);

pub fn rows() -> Vec<Row> {
    use Fault::*;
    use Lesson::*;
    vec![
        ("greeting", Drop, ["later", "later"], 0, Dead),
        ("greeting", Silent, ["later", "later"], 0, Dead),
        (
            "greeting",
            Say("554 no service here"),
            ["later 554", "later 554"],
            0,
            Dead,
        ),
        (
            "greeting",
            Say("421 too busy"),
            ["later 421", "later 421"],
            0,
            Dead,
        ),
        (
            "greeting",
            Say("521 takes no mail"),
            ["never 521", "never 521"],
            0,
            Dead,
        ),
        (
            "greeting",
            Bytes(b"SSH-2.0-OpenSSH_9\r\n"),
            ["later 0", "later 0"],
            0,
            Dead,
        ),
        ("greeting", Bytes(b"220\n"), ["sent", "sent"], 1, Went),
        ("greeting", Slow(5), ["sent", "sent"], 1, Went),
        ("EHLO", Drop, ["later", "later"], 0, Dead),
        ("EHLO", Silent, ["later", "later"], 0, Dead),
        (
            "EHLO",
            Say("502 5.5.1 never heard of it"),
            ["sent", "sent"],
            1,
            Went,
        ),
        (
            "EHLO",
            Say("451 4.3.0 not now"),
            ["later 451", "later 451"],
            0,
            Dead,
        ),
        // Nothing demands TLS here, so clear text is tried where TLS does not come about.
        (
            "STARTTLS",
            Say("454 4.7.0 no TLS today"),
            ["sent", "sent"],
            1,
            Went,
        ),
        ("STARTTLS", Drop, ["sent", "sent"], 1, Went),
        ("STARTTLS", Silent, ["sent", "sent"], 1, Went),
        ("handshake", Drop, ["sent", "sent"], 1, Went),
        (
            "handshake",
            Bytes(b"500 not TLS at all\r\n"),
            ["sent", "sent"],
            1,
            Went,
        ),
        ("MAIL", Drop, ["later", "later"], 0, Strained),
        ("MAIL", Silent, ["later", "later"], 0, Strained),
        (
            "MAIL",
            Say("451 4.7.1 greylisted"),
            ["later 451", "later 451"],
            0,
            Went,
        ),
        (
            "MAIL",
            Say("550 5.7.1 not you"),
            ["never 550", "never 550"],
            0,
            Went,
        ),
        (
            "MAIL",
            Say("421 4.3.2 closing"),
            ["later 421", "later 421"],
            0,
            Strained,
        ),
        ("MAIL", Bytes(b"250\r\n"), ["sent", "sent"], 1, Went),
        (
            "MAIL",
            Bytes(b"250 2.1.0 \xc4\x90\xff \xe0\r\n"),
            ["sent", "sent"],
            1,
            Went,
        ),
        ("RCPT TO:<a@", Drop, ["later", "later"], 0, Strained),
        ("RCPT TO:<b@", Drop, ["later", "later"], 0, Strained),
        ("RCPT TO:<b@", Silent, ["later", "later"], 0, Strained),
        (
            "RCPT TO:<a@",
            Say("550 5.1.1 unknown"),
            ["never 550", "sent"],
            1,
            Went,
        ),
        (
            "RCPT TO:<b@",
            Say("450 4.2.0 greylisted"),
            ["sent", "later 450"],
            1,
            Went,
        ),
        (
            "RCPT TO:<a@",
            Say("421 4.3.2 closing"),
            ["later 421", "later"],
            0,
            Strained,
        ),
        (
            "RCPT TO:<",
            Say("451 4.2.0 no"),
            ["later 451", "sent"],
            1,
            Went,
        ),
        ("DATA", Drop, ["later", "later"], 0, Strained),
        ("DATA", Silent, ["later", "later"], 0, Strained),
        (
            "DATA",
            Say("451 4.3.0 disk"),
            ["later 451", "later 451"],
            0,
            Went,
        ),
        (
            "DATA",
            Say("554 5.5.1 no"),
            ["never 554", "never 554"],
            0,
            Went,
        ),
        ("DATA", Say("250 what?"), ["later", "later"], 0, Strained),
        ("body", Drop, ["later", "later"], 0, Strained),
        (
            "dot",
            Say("554 5.6.0 refused"),
            ["never 554", "never 554"],
            0,
            Went,
        ),
        (
            "dot",
            Say("452 4.3.1 full"),
            ["later 452", "later 452"],
            0,
            Went,
        ),
        ("dot", Slow(5), ["sent", "sent"], 1, Went),
        // The window that SMTP cannot close: taken, but the answer never came.
        ("dot", Drop, ["later", "later"], 1, Strained),
        ("dot", Silent, ["later", "later"], 1, Strained),
        ("QUIT", Drop, ["sent", "sent"], 1, Went),
        ("QUIT", Silent, ["sent", "sent"], 1, Went),
        // BDAT: nothing was taken yet, so DATA is asked at once.
        (
            "first chunk",
            Say("500 5.5.2 never heard of it"),
            ["sent", "sent"],
            1,
            Went,
        ),
        (
            "first chunk",
            Say("503 5.5.1 out of order"),
            ["sent", "sent"],
            1,
            Went,
        ),
        (
            "first chunk",
            Say("554 5.3.0 no chunks"),
            ["sent", "sent"],
            1,
            Went,
        ),
        (
            "first chunk",
            Bytes(b"what is this\r\n"),
            ["sent", "sent"],
            1,
            Went,
        ),
        ("first chunk", Say("354 go on"), ["sent", "sent"], 1, Went),
        ("first chunk", Drop, ["sent", "sent"], 1, Went),
        ("first chunk", Silent, ["sent", "sent"], 1, Went),
        (
            "first chunk",
            Say("452 4.3.1 full"),
            ["later 452", "later 452"],
            0,
            Went,
        ),
        (
            "first chunk",
            Say("421 4.3.2 closing"),
            ["later 421", "later 421"],
            0,
            Strained,
        ),
        ("chunk body", Drop, ["later", "later"], 0, Strained),
        (
            "last chunk",
            Say("500 5.5.2 never heard of it"),
            ["sent", "sent"],
            1,
            Went,
        ),
        (
            "last chunk",
            Say("503 5.5.1 out of order"),
            ["sent", "sent"],
            1,
            Went,
        ),
        (
            "last chunk",
            Say("554 5.6.0 refused"),
            ["never 554", "never 554"],
            0,
            Went,
        ),
        (
            "last chunk",
            Say("452 4.3.1 full"),
            ["later 452", "later 452"],
            0,
            Went,
        ),
        ("last chunk", Slow(5), ["sent", "sent"], 1, Went),
        // The same window as after the final dot; the next attempt uses DATA.
        ("last chunk", Drop, ["later", "later"], 1, Strained),
        ("last chunk", Silent, ["later", "later"], 1, Strained),
        (
            "last chunk",
            Say("354 go on"),
            ["later", "later"],
            1,
            Strained,
        ),
    ]
}

/// Is it about BDAT?
pub fn in_chunks((point, ..): &Row) -> bool {
    point.contains("chunk")
}

/// One fault, then the server is well again.
pub fn script(offers: &[&'static str], row: &Row) -> Script {
    let (point, fault, ..) = row;
    let mut script = Script {
        offers: offers.to_vec(),
        faults: vec![(point, fault.clone(), 1)],
        ..Script::default()
    };
    if in_chunks(row) && !offers.contains(&"CHUNKING") {
        script.offers.push("CHUNKING");
    }
    if matches!(*point, "STARTTLS" | "handshake") {
        script.offers.push("STARTTLS");
        script.tls = Some(super::tls::certificate("somebody.else.example").0);
    }
    script
}

/// Taken, but the answer never came: the window that SMTP cannot close.
pub fn is_doubtful((point, fault, ..): &Row) -> bool {
    matches!(*point, "dot" | "last chunk")
        && matches!(fault, Fault::Drop | Fault::Silent | Fault::Say("354 go on"))
}

async fn one(offers: &[&'static str], manner: Manner, row: &Row) {
    let (point, _, expected, copies, lesson) = row;
    let (port, log) = peer(script(offers, row)).await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 0);
    config
        .routes
        .insert("dich.example".into(), route(port, RouteTls::Opportunistic));
    let server = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    config.manners.learn(server, manner, config.clock.now());
    let to = ["a@dich.example", "b@dich.example"];
    let name = format!("{point} {} {manner:?} {offers:?}", table::shown(&row.1));
    let (fates, learned) = send(&config, "dich.example", &to).await;
    let got = words(&fates);
    assert!(
        got.iter()
            .zip(expected)
            .all(|(got, expected)| got == expected
                || (*expected == "later" && got.starts_with("later"))),
        "{name}: {got:?} instead of {expected:?}: {:?}",
        fates
            .iter()
            .map(|fate| fate.reason().evidence.text.clone())
            .collect::<Vec<_>>()
    );
    assert_eq!(log.taken().len(), *copies, "{name}");
    assert_eq!(learned, *lesson, "{name}");
    // Those that are to come later do, and only the lost answer makes a second copy.
    let again: Vec<&str> = to
        .iter()
        .zip(&fates)
        .filter(|(_, fate)| matches!(fate, Outcome::Later(_)))
        .map(|(to, _)| *to)
        .collect();
    if !again.is_empty() {
        let (fates, _) = send(&config, "dich.example", &again).await;
        assert!(
            fates.iter().all(|fate| matches!(fate, Outcome::Sent(_))),
            "{name}: {:?}",
            words(&fates)
        );
    }
    for (address, fate) in to.iter().zip(&fates) {
        let line = format!("RCPT TO:<{address}>");
        let count = log
            .taken()
            .iter()
            .filter(|taken| taken.rcpts.contains(&line))
            .count();
        let expected = if matches!(fate, Outcome::Never(_)) {
            0
        } else {
            1 + usize::from(is_doubtful(row))
        };
        assert_eq!(count, expected, "{name}: copies for {address}");
    }
    assert!(
        log.taken().iter().all(|taken| taken.body == LETTER),
        "{name}: the letter changed on the way"
    );
}

#[tokio::test]
async fn every_fault_with_pipelining() {
    let rows = rows();
    futures_util::future::join_all(rows.iter().map(|row| one(&ALL, Manner::Untried, row))).await;
}

#[tokio::test]
async fn every_fault_without_pipelining() {
    let rows = rows();
    futures_util::future::join_all(rows.iter().map(|row| one(&NONE, Manner::Untried, row))).await;
}

/// The whole table with servers that take BDAT: those nobody knows, and those that took a letter by it before.
#[tokio::test]
async fn every_fault_with_chunking() {
    const CHUNKED: [&str; 4] = ["PIPELINING", "8BITMIME", "DSN", "CHUNKING"];
    const STEPS: [&str; 1] = ["CHUNKING"];
    let of_data = ["DATA", "body", "dot"];
    let rows = rows();
    let others = || rows.iter().filter(|row| !of_data.contains(&row.0));
    let whole = || others().filter(|row| row.0 != "first chunk");
    let untried = others().map(|row| one(&CHUNKED, Manner::Untried, row));
    futures_util::future::join_all(untried).await;
    let steps = others().map(|row| one(&STEPS, Manner::Untried, row));
    futures_util::future::join_all(steps).await;
    let proven = whole().map(|row| one(&CHUNKED, Manner::Proven, row));
    futures_util::future::join_all(proven).await;
    let proven = whole().map(|row| one(&STEPS, Manner::Proven, row));
    futures_util::future::join_all(proven).await;
}
