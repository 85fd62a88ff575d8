//! The program as its operator meets it: the demo's promises, commands beside a running server, stop, second instance,
//! certificates that reload, wrong configurations.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::demo::LAN;
use congthu_tests::peer::certificate;
use congthu_tests::tool::{congthu, limited, run};
use congthu_tests::{Demo, Imap, Smtp, wait_for};
use std::process::Command;
use std::time::Duration;

#[test]
fn the_json_line_names_every_door_and_each_answers() {
    let demo = Demo::start();
    let mut members: Vec<&str> = demo
        .told
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "accounts",
            "ca",
            "data",
            "http",
            "https",
            "imap",
            "imaps",
            "pid",
            "smtp",
            "submission",
            "submissions"
        ]
    );
    for account in demo.told["accounts"].as_array().unwrap() {
        for member in ["address", "password", "name", "role"] {
            assert!(
                account[member]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{account}"
            );
        }
    }
    for door in ["smtp", "submission"] {
        assert_eq!(
            Smtp::connect(demo.at(door)).unwrap().ehlo().unwrap().0,
            250,
            "{door}"
        );
    }
    Imap::login(demo.at("imap"), LAN, demo.password(LAN));
    for (scheme, door) in [("http", "http"), ("https", "https")] {
        let url = format!("{scheme}://localhost:{}/", demo.port(door));
        let page = run("curl", &["-sSL", "--cacert", demo.ca(), &url]);
        assert!(page.contains("<html"), "{door}: {page}");
    }
    for door in ["imaps", "submissions"] {
        let address = format!("localhost:{}", demo.port(door));
        let said = run(
            "sh",
            &[
                "-c",
                &format!(
                    "openssl s_client -connect {address} -CAfile '{}' -verify_return_error -brief </dev/null 2>&1",
                    demo.ca()
                ),
            ],
        );
        assert!(said.contains("TLSv1.3"), "{door}: {said}");
    }
}

#[test]
fn about_sixty_vietnamese_letters_are_there() {
    let demo = Demo::start();
    let mut subjects = Vec::new();
    for address in demo.addresses() {
        let mut imap = Imap::login(demo.at("imap"), &address, demo.password(&address));
        subjects.extend(imap.header_field("INBOX", "Message-ID"));
    }
    subjects.sort();
    subjects.dedup();
    assert!(
        subjects.len() >= 30,
        "{} different letters in personal mailboxes",
        subjects.len()
    );
}

#[test]
fn a_second_start_keeps_what_is_there() {
    let mut demo = Demo::start();
    let mut smtp = Smtp::connect(demo.at("smtp")).unwrap();
    smtp.ehlo().unwrap();
    let letter = b"From: a@ngoai.example\r\nSubject: giu lai\r\nMessage-ID: <giu-lai@ngoai.example>\r\n\r\nthu";
    assert_eq!(smtp.send("a@ngoai.example", &[LAN], letter).unwrap().0, 250);
    let count = |demo: &Demo| {
        let mut imap = Imap::login(demo.at("imap"), LAN, demo.password(LAN));
        imap.header_field("INBOX", "Message-ID")
    };
    let before = count(&demo);
    demo.stop();
    demo.again();
    let after = count(&demo);
    assert_eq!(before, after);
    assert!(after.iter().any(|id| id == "<giu-lai@ngoai.example>"));
}

#[test]
fn sigterm_ends_it_in_ten_seconds_with_sessions_open() {
    let mut demo = Demo::start();
    let mut idle = Imap::login(demo.at("imap"), LAN, demo.password(LAN));
    assert!(idle.say("SELECT INBOX").ok && idle.say("IDLE").ok);
    let mut smtp = Smtp::connect(demo.at("smtp")).unwrap();
    smtp.ehlo().unwrap();
    smtp.say("MAIL FROM:<a@ngoai.example>").unwrap();
    let (status, took) = demo.stop();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_second_instance_on_the_same_folder_is_refused() {
    let demo = Demo::start();
    let mut second = Command::new(congthu());
    second
        .args(["demo", "--json", "--port-base", "0", "--data"])
        .arg(demo.data());
    let output = limited(second, b"");
    assert_eq!(output.status.code(), Some(75));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("another congthu server") && said.contains("Cách sửa"),
        "{said}"
    );
}

#[test]
fn accounts_are_added_while_it_runs() {
    let demo = Demo::start();
    let done = |arguments: &[&str], input: &[u8]| {
        let output = demo.command(arguments, input);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    done(&["domain", "add", "xa-moi.example"], b"");
    done(
        &[
            "unit",
            "add",
            "000.00.30.H99",
            "--name",
            "Xã Mới",
            "--parent",
            "000.00.00.H99",
        ],
        b"",
    );
    let add = [
        "account",
        "add",
        "moi@xa-moi.example",
        "--name",
        "Lê Văn Mới",
        "--unit",
        "000.00.30.H99",
        "--password-stdin",
    ];
    done(&add, "sông-rộng-trời-cao-7\n".as_bytes());
    assert!(
        !demo.command(&add, b"song-rong-troi-cao-7").status.success(),
        "an address is unique"
    );
    assert!(done(&["account", "list"], b"").contains("moi@xa-moi.example"));
    let app = done(
        &[
            "app-password",
            "add",
            "moi@xa-moi.example",
            "--name",
            "máy tính",
        ],
        b"",
    );
    let letter = b"Subject: chao\r\nMessage-ID: <chao-moi@ngoai.example>\r\n\r\nchao";
    wait_for("the new address", || {
        let mut smtp = Smtp::connect(demo.at("smtp")).unwrap();
        smtp.ehlo().unwrap();
        (smtp
            .send("a@ngoai.example", &["moi@xa-moi.example"], letter)
            .unwrap()
            .0
            == 250)
            .then_some(())
    });
    let mut imap = Imap::login(demo.at("imap"), "moi@xa-moi.example", app.trim());
    assert_eq!(
        imap.header_field("INBOX", "Message-ID"),
        ["<chao-moi@ngoai.example>"]
    );
    let link = done(&["account", "reset-link", "moi@xa-moi.example"], b"");
    assert!(link.contains("https://localhost:"), "{link}");
    done(&["account", "disable", "moi@xa-moi.example"], b"");
    wait_for("the account to be closed", || {
        let mut imap = Imap::connect(demo.at("imap")).unwrap();
        let said = imap.say(&format!("LOGIN moi@xa-moi.example \"{}\"", app.trim()));
        (!said.ok).then_some(())
    });
    let csv = tempfile::NamedTempFile::new().unwrap();
    let rows: String = (1..=200)
        .map(|n| {
            format!(
                "nv{n}@xa-moi.example,Nhân viên {n},000.00.30.H99,Chuyên viên,NV-{n},,individual\n"
            )
        })
        .collect();
    std::fs::write(
        csv.path(),
        format!("address,name,unit_code,title,staff_no,phone,kind\n{rows}"),
    )
    .unwrap();
    let said = done(&["account", "import", csv.path().to_str().unwrap()], b"");
    assert!(said.starts_with("200 thêm mới"), "{said}");
    let said = done(&["account", "import", csv.path().to_str().unwrap()], b"");
    assert!(said.contains("200 không đổi"), "{said}");
    assert!(done(&["audit", "verify"], b"").contains("nguyên vẹn"));
    assert!(
        done(&["rederive"], b"").contains("0 bước"),
        "nothing is older than the rules"
    );
}

#[test]
fn the_trace_id_of_the_reply_is_found_again() {
    let demo = Demo::start();
    let mut smtp = Smtp::connect(demo.at("smtp")).unwrap();
    smtp.ehlo().unwrap();
    let letter = b"From: a@ngoai.example\r\nSubject: hanh trinh\r\n\r\nthu";
    let (code, text) = smtp.send("a@ngoai.example", &[LAN], letter).unwrap();
    assert_eq!(code, 250, "{text}");
    let id = text
        .split(|c: char| !c.is_ascii_digit())
        .find(|digits| digits.len() > 9)
        .unwrap_or_else(|| panic!("no trace id in {text}"));
    let output = demo.command(&["trace", id], b"");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains(LAN) && said.contains("đã vào hộp thư"),
        "{said}"
    );
}

#[test]
fn mail_to_the_outside_stays_in_the_sink() {
    let demo = Demo::start();
    let letter = format!(
        "From: {LAN}\r\nTo: b@noi-khac.example\r\nSubject: ra ngoai\r\nMessage-ID: <ra-ngoai@vamxanh.example>\r\n\r\nthu\r\n"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), letter).unwrap();
    let url = format!("smtps://localhost:{}", demo.port("submissions"));
    let login = format!("{LAN}:{}", demo.password(LAN));
    run(
        "curl",
        &[
            "-sS",
            "--url",
            &url,
            "--cacert",
            demo.ca(),
            "--user",
            &login,
            "--mail-from",
            LAN,
            "--mail-rcpt",
            "b@noi-khac.example",
            "--upload-file",
            file.path().to_str().unwrap(),
        ],
    );
    let queue = demo.command(&["queue", "list"], b"");
    let said = String::from_utf8_lossy(&queue.stdout).into_owned();
    assert!(said.starts_with("0 đang chờ"), "{said}");
    let sink = "thugom@vamxanh.example";
    let made = demo.command(&["app-password", "add", sink, "--name", "xem"], b"");
    let password = String::from_utf8_lossy(&made.stdout).into_owned();
    let mut imap = Imap::login(demo.at("imap"), sink, password.trim());
    let found = imap.header_field("INBOX", "Message-ID");
    assert!(
        found.contains(&"<ra-ngoai@vamxanh.example>".to_owned()),
        "{found:?}"
    );
}

#[test]
fn a_new_certificate_is_taken_without_a_restart() {
    let demo = Demo::start();
    let serial = || {
        let ask = format!(
            "openssl s_client -connect localhost:{} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256",
            demo.port("imaps")
        );
        run("sh", &["-c", &ask])
    };
    let before = serial();
    let keys = demo.data().join("keys");
    certificate(
        "localhost",
        &keys.join("certificate.pem"),
        &keys.join("certificate.key"),
    );
    demo.hang_up();
    wait_for("the new certificate", || (serial() != before).then_some(()));
}

#[test]
fn init_writes_a_configuration_that_serves() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("congthu.toml");
    let file = file.to_str().unwrap();
    let said = run(
        congthu().to_str().unwrap(),
        &["init", "tinh.example", "--config", file],
    );
    for record in [
        "IN MX",
        "v=spf1",
        "v=DKIM1",
        "k=ed25519",
        "v=DMARC1",
        "v=STSv1",
        "v=TLSRPTv1",
        "_imaps._tcp",
    ] {
        assert!(said.contains(record), "{record} missing in\n{said}");
    }
    let mut again = Command::new(congthu());
    again.args(["init", "tinh.example", "--config", file]);
    assert!(
        !limited(again, b"").status.success(),
        "nothing is overwritten"
    );

    let text = std::fs::read_to_string(file).unwrap();
    let bad = text.replace("recipients_max = 1000", "recipients_max = \"nhiều\"");
    let line = bad
        .lines()
        .position(|line| line.starts_with("recipients_max"))
        .unwrap()
        + 1;
    std::fs::write(file, &bad).unwrap();
    let mut serve = Command::new(congthu());
    serve.args(["serve", "--config", file]);
    let output = limited(serve, b"");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(
        said.contains(&format!("line {line}")) && said.contains("Remedy"),
        "{said}"
    );

    let mut good = text;
    for port in [25, 587, 465, 143, 993, 80, 443] {
        good = good.replace(&format!("\"[::]:{port}\""), "\"127.0.0.1:0\"");
    }
    let admin = congthu_tests::free_port();
    good = good.replace("127.0.0.1:9180", &format!("127.0.0.1:{admin}"));
    std::fs::write(file, &good).unwrap();
    let mut server = Command::new(congthu())
        .args(["serve", "--config", file])
        .spawn()
        .unwrap();
    let health = wait_for("the server's health", || {
        let mut ask = Command::new("curl");
        ask.args(["-sS", &format!("http://127.0.0.1:{admin}/healthz")]);
        let output = limited(ask, b"");
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    });
    let metrics = run(
        "curl",
        &["-sSf", &format!("http://127.0.0.1:{admin}/metrics")],
    );
    run("kill", &["-TERM", &server.id().to_string()]);
    let status = wait_for("the server's end", || server.try_wait().unwrap());
    assert_eq!(health.trim(), "ok");
    assert!(status.success(), "{status}");
    drop(metrics);
}

/// Browsers of before 2023 name the origin of a form and no site; over HTTP/2 there is no Host field to hold it against.
#[test]
fn an_older_browser_signs_in_over_http2_and_a_foreign_page_does_not() {
    let demo = Demo::start();
    let here = format!("https://localhost:{}", demo.port("https"));
    let told = |origin: &str| {
        let (name, secret) = (
            format!("ten={LAN}"),
            format!("mat-khau={}", demo.password(LAN)),
        );
        let (origin, place) = (format!("Origin: {origin}"), format!("{here}/dang-nhap"));
        run(
            "curl",
            &[
                "-sk",
                "--http2",
                "-o",
                "/dev/null",
                "-w",
                "%{http_version} %{http_code}",
                "-H",
                &origin,
                "--data-urlencode",
                &name,
                "--data-urlencode",
                &secret,
                &place,
            ],
        )
    };
    assert_eq!(told(&here).trim(), "2 303");
    assert_eq!(told("https://xau.example").trim(), "2 403");
}
