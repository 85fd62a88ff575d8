//! Bad input is somebody else's normal day (promise 6): a clear refusal or harmless text, memory bounded, nothing lost, and the
//! program serves on. The peak of each attack is printed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::demo::LAN;
use congthu_tests::tool::run;
use congthu_tests::{Demo, Imap, Smtp};
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

/// Memory one attack may cost above what the program had, in KB: one message of the largest size (50 MB), and what moves it.
const GROWTH_KB_MAX: u64 = 96 * 1024;

/// Runs an attack, prints its peak, and shows that a letter still comes in afterwards.
fn attacked(name: &str, attack: impl FnOnce(&Demo)) {
    let demo = Demo::start();
    demo.forget_peak();
    let before = demo.peak_kb();
    attack(&demo);
    let peak = demo.peak_kb();
    println!(
        "{name}: peak {} MB, {} MB above rest",
        peak / 1024,
        peak.saturating_sub(before) / 1024
    );
    assert!(
        peak < before + GROWTH_KB_MAX,
        "{name}: {before} KB became {peak} KB"
    );
    let mut smtp = Smtp::connect(demo.at("smtp")).unwrap();
    smtp.ehlo().unwrap();
    let letter = b"Subject: van song\r\nMessage-ID: <van-song@ngoai.example>\r\n\r\nthu";
    assert_eq!(smtp.send("a@ngoai.example", &[LAN], letter).unwrap().0, 250);
    let mut imap = Imap::login(demo.at("imap"), LAN, demo.password(LAN));
    assert!(
        imap.header_field("INBOX", "Message-ID")
            .contains(&"<van-song@ngoai.example>".to_owned())
    );
}

/// Writes `total` bytes of one line; the peer may close before that.
fn pour(address: &str, first: &[u8], total: usize) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let chunk = vec![b'A'; 64 * 1024];
    let mut written = stream.write(first).unwrap();
    while written < total {
        match stream.write(&chunk) {
            Ok(bytes) => written += bytes,
            Err(_) => break,
        }
    }
    let mut answer = Vec::new();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    // A reset after the reply is as good as a close.
    let _reset = std::io::Read::read_to_end(&mut stream, &mut answer);
    answer
}

#[test]
fn a_command_line_of_100_mb() {
    attacked("SMTP command line of 100 MB", |demo| {
        pour(demo.at("smtp"), b"EHLO ", 100 << 20);
    });
    attacked("IMAP command line of 100 MB", |demo| {
        pour(demo.at("imap"), b"a1 LOGIN ", 100 << 20);
    });
}

#[test]
fn a_message_line_of_100_mb() {
    attacked("one DATA line of 100 MB", |demo| {
        let mut smtp = Smtp::connect(demo.at("smtp")).unwrap();
        smtp.ehlo().unwrap();
        smtp.say("MAIL FROM:<a@ngoai.example>").unwrap();
        smtp.say(&format!("RCPT TO:<{LAN}>")).unwrap();
        assert_eq!(smtp.say("DATA").unwrap().0, 354);
        let chunk = vec![b'x'; 64 * 1024];
        let mut whole = true;
        for _ in 0..1_600 {
            whole = whole && smtp.write(&chunk).is_ok();
        }
        if whole && smtp.write(b"\r\n.\r\n").is_ok() {
            let (code, text) = smtp.reply().unwrap();
            assert!((500..600).contains(&code), "{text}");
        }
    });
}

#[test]
fn a_literal_of_4_gb_announced() {
    attacked("IMAP literals of 4 GB", |demo| {
        let mut imap = Imap::connect(demo.at("imap")).unwrap();
        let said = imap.say("LOGIN {4294967295}");
        assert!(!said.ok, "{}", said.text());
        let mut imap = Imap::login(demo.at("imap"), LAN, demo.password(LAN));
        let said = imap.say("APPEND INBOX {4294967296}");
        assert!(!said.ok, "{}", said.text());
        // Non-synchronising: the server cannot say no before the bytes come, so it says so and closes (RFC 7888 §4).
        let mut imap = Imap::login(demo.at("imap"), LAN, demo.password(LAN));
        let said = imap.try_say("APPEND INBOX {4294967296+}");
        assert!(said.is_err() || !said.unwrap().ok);
    });
}

#[test]
fn ten_thousand_recipients() {
    attacked("10,000 RCPT", |demo| {
        let mut smtp = Smtp::connect(demo.at("smtp")).unwrap();
        smtp.ehlo().unwrap();
        smtp.say("MAIL FROM:<a@ngoai.example>").unwrap();
        let mut codes = std::collections::BTreeMap::new();
        for number in 0..10_000 {
            let answer = smtp.say(&format!("RCPT TO:<lan.nt+{number}@vamxanh.example>"));
            let Ok((code, _)) = answer else { break };
            *codes.entry(code).or_insert(0) += 1;
        }
        println!("{codes:?}");
        assert!(
            codes.keys().any(|code| (400..600).contains(code)),
            "{codes:?}"
        );
        assert!(codes.get(&250).copied().unwrap_or(0) <= 1_000, "{codes:?}");
    });
}

#[test]
fn a_mailbox_name_that_climbs() {
    attacked("mailbox names with ../", |demo| {
        let mut imap = Imap::login(demo.at("imap"), LAN, demo.password(LAN));
        for name in [
            "../../etc/passwd",
            "..",
            "a/../b",
            "/etc",
            "a//b",
            "%",
            "*",
            "x\u{0001}y",
        ] {
            let said = imap.say(&format!("CREATE \"{name}\""));
            let listed = imap.say("LIST \"\" \"*\"").text();
            // Refused, or a plain name in the database: never a path.
            assert!(!said.ok || listed.contains(name), "{name}: {}", said.text());
            assert!(imap.say("NOOP").ok);
        }
        let outside = demo.data().parent().unwrap();
        let entries: Vec<_> = std::fs::read_dir(outside)
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert!(
            entries.len() <= 2,
            "something was written beside the data folder: {entries:?}"
        );
    });
}

#[test]
fn a_letter_full_of_script() {
    attacked("an HTML letter full of script", |demo| {
        let evil = "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)></svg>\
            <a href=\"javascript:alert(4)\">bấm</a><iframe srcdoc=\"<script>alert(5)</script>\"></iframe>\
            <style>@import 'https://evil.example/x.css';</style><div style=\"background:url(https://evil.example/p.png)\">chữ</div>\
            <form action=https://evil.example><input name=p></form><base href=https://evil.example/>";
        let nested = "<div>".repeat(60_000);
        let letter = format!(
            "From: a@ngoai.example\r\nSubject: <script>alert(0)</script>\r\nMessage-ID: <kich-ban@ngoai.example>\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{evil}\r\n{nested}\r\n"
        );
        let mut smtp = Smtp::connect(demo.at("smtp")).unwrap();
        smtp.ehlo().unwrap();
        assert_eq!(
            smtp.send("a@ngoai.example", &[LAN], letter.as_bytes())
                .unwrap()
                .0,
            250
        );
        // What the page makes of it is looked at in the browser test; here the original is whole.
        let mut imap = Imap::login(demo.at("imap"), LAN, demo.password(LAN));
        assert!(imap.say("SELECT INBOX").ok);
        let text = imap.say("FETCH * BODY.PEEK[TEXT]").text();
        assert!(text.contains("<script>alert(1)</script>"));
    });
}

#[test]
fn raw_bytes_of_an_old_coding() {
    attacked("a letter of raw TCVN3 bytes", |demo| {
        // "Kính gửi Sở Nội vụ" in TCVN3, unlabelled, in header and body.
        let words = b"K\xdanh g\xf6i S\xeb N\xe9i v\xf4";
        let mut letter =
            b"From: a@ngoai.example\r\nMessage-ID: <tcvn3@ngoai.example>\r\nSubject: ".to_vec();
        letter.extend_from_slice(words);
        letter.extend_from_slice(b"\r\n\r\n");
        letter.extend_from_slice(words);
        let mut smtp = Smtp::connect(demo.at("smtp")).unwrap();
        smtp.ehlo().unwrap();
        assert_eq!(
            smtp.send("a@ngoai.example", &[LAN], &letter).unwrap().0,
            250
        );
        let mut imap = Imap::login(demo.at("imap"), LAN, demo.password(LAN));
        assert!(imap.say("SELECT INBOX").ok);
        let said = imap.say("FETCH * BODY.PEEK[TEXT]");
        let whole: Vec<u8> = said.lines.concat();
        assert!(
            whole.windows(words.len()).any(|part| part == words),
            "the original bytes are kept"
        );
        assert!(imap.say("NOOP").ok);
    });
}

#[test]
fn requests_that_are_no_requests() {
    attacked("HTTP rubbish", |demo| {
        for door in ["http", "https", "smtp", "imap", "imaps", "submissions"] {
            pour(demo.at(door), b"\0\xff\xfe GET / HTTP/9.9\r\n\r\n", 1 << 20);
        }
        let url = format!("http://{}/{}", demo.at("http"), "a/".repeat(3_000));
        let code = run(
            "curl",
            &["-s", "-o", "/dev/null", "-w", "%{http_code}", &url],
        );
        assert!(code.starts_with('4'), "{code}");
    });
}
