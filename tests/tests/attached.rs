//! Text inside attached files, from SMTP to the search, on both databases: files are read behind the delivery by
//! processes that can be killed; hostile ones hurt nobody; `congthu rederive` reads them again.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::demo::{KHANG, LAN};
use congthu_tests::{Demo, Imap, Smtp, postgres, tool, wait_for};
use std::process::Command;

fn fixture(name: &str) -> Vec<u8> {
    let path = tool::workspace().join("extract/tests/files").join(name);
    std::fs::read(path).unwrap()
}

/// A letter with these files.
fn letter(subject: &str, files: &[(&str, Vec<u8>)]) -> String {
    use base64::Engine as _;
    let mut out = format!(
        "From: Khang <{KHANG}>\r\nTo: {LAN}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nXem file.\r\n"
    );
    for (name, bytes) in files {
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        let lines: Vec<&str> = (0..text.len())
            .step_by(76)
            .map(|at| &text[at..text.len().min(at + 76)])
            .collect();
        out.push_str(&format!(
            "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            lines.join("\r\n")
        ));
    }
    out.push_str("--b--\r\n");
    out
}

fn send(demo: &Demo, message: &str) {
    let mut smtp = Smtp::connect(demo.at("smtp")).unwrap();
    smtp.ehlo().unwrap();
    let (code, text) = smtp
        .send("ngoai@ben-ngoai.example", &[LAN], message.as_bytes())
        .unwrap();
    assert_eq!(code, 250, "{text}");
}

/// Subjects of the letters in which all these words are found.
fn found(demo: &Demo, words: &str) -> Vec<String> {
    let mut imap = Imap::login(demo.at("imap"), LAN, demo.password(LAN));
    assert!(imap.say("EXAMINE INBOX").ok);
    let said = imap.say(&format!("SEARCH CHARSET UTF-8 TEXT \"{words}\""));
    assert!(said.ok, "{}", said.text());
    let numbers: Vec<String> = said
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("* SEARCH"))
        .flat_map(|list| {
            list.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    if numbers.is_empty() {
        return Vec::new();
    }
    let said = imap.say(&format!(
        "FETCH {} (BODY.PEEK[HEADER.FIELDS (SUBJECT)])",
        numbers.join(",")
    ));
    said.text()
        .lines()
        .filter_map(|line| line.strip_prefix("Subject: "))
        .map(|line| line.trim().to_owned())
        .collect()
}

fn whole_way(options: &[&str]) {
    let mut demo = Demo::with(options);
    let bottomless = {
        // A PDF of one page whose font table leads into itself, with rubbish behind it.
        let mut bytes = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 1 0 R/Kids[1 0 R 1 0 R]/Count 99999999>>\nendobj\n".to_vec();
        bytes.extend(std::iter::repeat_n(b"[(<<", 100_000).flatten());
        bytes.extend(b"\ntrailer<</Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF");
        bytes
    };
    send(
        &demo,
        &letter(
            "T-hostile",
            &[("a.pdf", bottomless), ("b.docx", b"PK\x03\x04".to_vec())],
        ),
    );
    send(
        &demo,
        &letter("T-docx", &[("Tờ trình.docx", fixture("to-trinh.docx"))]),
    );
    send(
        &demo,
        &letter(
            "T-all",
            &[
                ("bao-cao.pdf", fixture("bao-cao.pdf")),
                ("so-lieu.xlsx", fixture("so-lieu.xlsx")),
                ("bien-ban.odt", fixture("bien-ban.odt")),
                ("anh.jpg", vec![0xff, 0xd8]),
                (
                    "cu.txt",
                    b"B\xb8o c\xb8o t\xd7nh h\xd7nh xu\xcat nh\xcbp kh\xc8u".to_vec(),
                ),
            ],
        ),
    );
    // The letters themselves are found at once; the files' text soon after.
    assert_eq!(found(&demo, "t-docx"), ["T-docx"]);
    for (words, subject) in [
        ("KH-UBND", "T-docx"),
        ("quyet dinh", "T-docx"),
        ("đê biển phía Tây giai đoạn", "T-all"),
        ("hang muc von dau tu", "T-all"),
        ("bien ban cuoc hop", "T-all"),
        ("tình hình xuất nhập khẩu", "T-all"),
    ] {
        let hit = wait_for(words, || {
            Some(found(&demo, words)).filter(|all| all.iter().any(|one| one == subject))
        });
        assert!(!hit.contains(&"T-hostile".to_owned()), "{words}: {hit:?}");
    }
    // After a crash in the middle of everything nothing is lost and nothing is stuck.
    send(
        &demo,
        &letter("T-crash", &[("so-lieu.ods", fixture("bang-ke.ods"))]),
    );
    demo.kill();
    demo.again();
    wait_for("the file of the letter before the crash", || {
        found(&demo, "cat hai")
            .contains(&"T-crash".to_owned())
            .then_some(())
    });
    // Read again by hand, beside the running server.
    let done = demo.command(&["rederive"], b"");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(found(&demo, "cat hai"), ["T-crash"]);
}

#[test]
fn text_of_attached_files_is_found_on_sqlite() {
    whole_way(&[]);
}

#[test]
fn text_of_attached_files_is_found_on_postgres() {
    let (_keep, url) = postgres();
    whole_way(&["--database", &url]);
}

/// The reading process gives up its rights first: a file that needs more memory than it may have ends it alone.
#[test]
fn the_reading_process_is_kept_small() {
    let mut command = Command::new(tool::congthu());
    command.args(["extract", "--kind", "docx"]);
    assert!(tool::good(command, &fixture("to-trinh.docx")).contains("tình hình ngập lụt"));
    for (kind, bytes) in [
        ("pdf", b"%PDF-1.4".to_vec()),
        ("xlsx", fixture("to-trinh.docx")),
    ] {
        let mut command = Command::new(tool::congthu());
        command.args(["extract", "--kind", kind]);
        let ended = tool::limited(command, &bytes);
        assert_eq!(ended.status.code(), Some(1), "{kind}");
        assert!(ended.stdout.is_empty());
    }
    // What the kernel keeps of a process that reads, seen from outside while it waits for its file.
    let mut child = Command::new(tool::congthu())
        .args(["extract", "--kind", "plain"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let path = format!("/proc/{}/limits", child.id());
    let limits = wait_for("the limits", || {
        let limits = std::fs::read_to_string(&path).unwrap();
        limits.contains("1073741824").then_some(limits)
    });
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    let of = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..]
            .split_whitespace()
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(of("Max address space"), "1073741824");
    assert_eq!(of("Max cpu time"), "20");
    assert_eq!(of("Max file size"), "0");
}
