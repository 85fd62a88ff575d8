//! Real SMTP clients against the real program: swaks, Python's smtplib and curl, on every door; and what they must not be able to do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::demo::{LAN, THUY};
use congthu_tests::tool::{client, good, run};
use congthu_tests::{Demo, Imap};
use std::process::{Command, Output};

/// The letter with this Message-ID lies in the person's inbox, once.
fn arrived(demo: &Demo, address: &str, message_id: &str) {
    let mut imap = Imap::login(demo.at("imap"), address, demo.password(address));
    let found = imap.header_field("INBOX", "Message-ID");
    assert_eq!(
        found.iter().filter(|id| *id == message_id).count(),
        1,
        "{message_id} in {found:?}"
    );
}

fn swaks(arguments: &[&str]) -> Output {
    let mut command = Command::new("swaks");
    command
        .args(["--helo", "may-khach.example", "--timeout", "60"])
        .args(arguments);
    congthu_tests::tool::limited(command, b"")
}

#[test]
fn swaks_delivers_on_every_door() {
    let demo = Demo::start();
    let password = demo.password(THUY).to_owned();
    let mx = demo.at("smtp").to_owned();
    let submission = format!("localhost:{}", demo.port("submission"));
    let submissions = format!("localhost:{}", demo.port("submissions"));
    let login = [
        "--auth-user",
        THUY,
        "--auth-password",
        &password,
        "--from",
        THUY,
    ];
    let cases: [(&str, Vec<&str>); 5] = [
        ("mx", vec!["--server", &mx, "--from", "a@ngoai.example"]),
        (
            "mx-tls",
            vec!["--server", &mx, "--from", "a@ngoai.example", "--tls"],
        ),
        (
            "587",
            [
                &["--server", &submission, "--tls", "--auth", "PLAIN"][..],
                &login,
            ]
            .concat(),
        ),
        (
            "587-login",
            [
                &["--server", &submission, "--tls", "--auth", "LOGIN"][..],
                &login,
            ]
            .concat(),
        ),
        (
            "465",
            [
                &[
                    "--server",
                    &submissions,
                    "--tls-on-connect",
                    "--auth",
                    "PLAIN",
                ][..],
                &login,
            ]
            .concat(),
        ),
    ];
    for (name, mut arguments) in cases {
        let id = format!("<swaks-{name}@ngoai.example>");
        let header = format!("Message-Id: {id}");
        arguments.extend([
            "--to",
            LAN,
            "--header",
            &header,
            "--header",
            "Subject: Thử swaks",
            "--body",
            "Chào chị Lan",
        ]);
        let output = swaks(&arguments);
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        arrived(&demo, LAN, &id);
    }
}

#[test]
fn swaks_is_refused_what_it_may_not_do() {
    let demo = Demo::start();
    let password = demo.password(THUY).to_owned();
    let mx = demo.at("smtp").to_owned();
    let submission = format!("localhost:{}", demo.port("submission"));
    let as_thuy = [
        "--server",
        &submission,
        "--tls",
        "--auth",
        "PLAIN",
        "--auth-user",
        THUY,
        "--auth-password",
        &password,
    ];
    let cases: [(&str, Vec<&str>); 5] = [
        (
            "an open relay",
            vec![
                "--server",
                &mx,
                "--from",
                "a@ngoai.example",
                "--to",
                "b@noi-khac.example",
            ],
        ),
        (
            "an unknown person",
            vec![
                "--server",
                &mx,
                "--from",
                "a@ngoai.example",
                "--to",
                "khong.co@vamxanh.example",
            ],
        ),
        (
            "submission without AUTH",
            vec![
                "--server",
                &submission,
                "--tls",
                "--from",
                THUY,
                "--to",
                LAN,
            ],
        ),
        (
            "another's address",
            [
                &as_thuy[..],
                &["--from", "dung.pq@vamxanh.example", "--to", LAN],
            ]
            .concat(),
        ),
        (
            "a wrong password",
            vec![
                "--server",
                &submission,
                "--tls",
                "--auth",
                "PLAIN",
                "--auth-user",
                THUY,
                "--auth-password",
                "sai",
                "--from",
                THUY,
                "--to",
                LAN,
            ],
        ),
    ];
    for (name, arguments) in cases {
        let output = swaks(&arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success(), "{name} was let through:\n{said}");
    }
}

#[test]
fn smtplib_delivers_with_starttls_tls_utf8_and_chunks() {
    let demo = Demo::start();
    let password = demo.password(THUY).to_owned();
    let port = |door: &str| format!("localhost:{}", demo.port(door));
    for (how, door, from, login) in [
        ("plain", "smtp", "a@ngoai.example", false),
        ("smtputf8", "smtp", "hòa.bình@ngoài.example", false),
        ("chunking", "smtp", "a@ngoai.example", false),
        ("starttls", "submission", THUY, true),
        ("implicit", "submissions", THUY, true),
    ] {
        let at = port(door);
        let mut arguments = vec![how, &at, from, LAN, demo.ca()];
        if login {
            arguments.extend([THUY, &password]);
        }
        let said = client("send.py", &arguments);
        assert!(said.contains("sent"), "{said}");
        arrived(&demo, LAN, &format!("<smtplib-{how}@ngoai.example>"));
    }
}

#[test]
fn curl_sends_and_reads() {
    let demo = Demo::start();
    let letter = format!(
        "From: {THUY}\r\nTo: {LAN}\r\nSubject: =?utf-8?q?Th=C6=B0_curl?=\r\nMessage-ID: <curl@vamxanh.example>\r\n\r\nChao chi Lan\r\n"
    );
    let url = format!("smtps://localhost:{}", demo.port("submissions"));
    let login = format!("{THUY}:{}", demo.password(THUY));
    let mut send = Command::new("curl");
    send.args([
        "-sS",
        "--url",
        &url,
        "--cacert",
        demo.ca(),
        "--user",
        &login,
        "--mail-from",
        THUY,
        "--mail-rcpt",
        LAN,
        "--upload-file",
        "-",
    ]);
    good(send, letter.as_bytes());
    let login = format!("{LAN}:{}", demo.password(LAN));
    let base = format!("imaps://localhost:{}", demo.port("imaps"));
    let ask = |url: &str| {
        run(
            "curl",
            &["-sS", "--cacert", demo.ca(), "--user", &login, url],
        )
    };
    let found = ask(&format!(
        "{base}/INBOX?HEADER%20Message-ID%20curl@vamxanh.example"
    ));
    let number = found.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(number.parse::<u32>().is_ok(), "{found}");
    let text = ask(&format!("{base}/INBOX;MAILINDEX={number}"));
    assert!(
        text.contains("Chao chi Lan") && text.contains("Return-Path:"),
        "{text}"
    );
    assert!(ask(&base).contains("INBOX"));
}

#[test]
fn aliases_lists_and_unit_mailboxes_are_reached() {
    let demo = Demo::start();
    let mx = demo.at("smtp").to_owned();
    for (to, readers) in [
        ("lan.nguyen@vamxanh.example", vec![LAN]),
        (
            "lanhdao@vamxanh.example",
            vec!["binh.tv@vamxanh.example", "dung.pq@vamxanh.example"],
        ),
        ("postmaster@vamxanh.example", vec!["tru.hc@vamxanh.example"]),
    ] {
        let id = format!("<toi-{}>", to);
        let header = format!("Message-Id: {id}");
        let output = swaks(&[
            "--server",
            &mx,
            "--from",
            "a@ngoai.example",
            "--to",
            to,
            "--header",
            &header,
        ]);
        assert!(
            output.status.success(),
            "{to}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        for reader in readers {
            arrived(&demo, reader, &id);
        }
    }
}
