//! An automatic answer on its whole way: set on the page as a browser does it, a letter from another server, the answer in
//! that server's mailbox; none for a letter that nobody has proven.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::peer::{Name, Postfix};
use congthu_tests::site::{DOMAIN, LAN, PASSWORD};
use congthu_tests::tool::run;
use congthu_tests::{Bind, Peer, Site, Smtp, wait_for};

/// The pages as a browser without scripts uses them.
struct Pages {
    base: String,
    resolve: String,
    jar: tempfile::NamedTempFile,
}

impl Pages {
    fn new(site: &Site) -> Pages {
        Pages {
            base: format!("https://thu.{DOMAIN}"),
            resolve: format!("thu.{DOMAIN}:443:{}", site.ip),
            jar: tempfile::NamedTempFile::new().unwrap(),
        }
    }

    fn ask(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let jar = self.jar.path().to_str().unwrap().to_owned();
        let url = format!("{}{path}", self.base);
        let mut arguments: Vec<String> =
            ["-sS", "-k", "-L", "--resolve"].map(str::to_owned).to_vec();
        arguments.extend([
            self.resolve.clone(),
            "-b".into(),
            jar.clone(),
            "-c".into(),
            jar,
        ]);
        if !fields.is_empty() {
            // As browsers say it; over HTTP/2 there is no Host field to hold Origin against.
            arguments.extend(["-H".into(), "Sec-Fetch-Site: same-origin".into()]);
        }
        for (name, value) in fields {
            arguments.extend(["--data-urlencode".into(), format!("{name}={value}")]);
        }
        arguments.push(url);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run("curl", &arguments)
    }

    fn token(&self, path: &str) -> String {
        let page = self.ask(path, &[]);
        let (_, rest) = page
            .split_once("data-csrf=\"")
            .unwrap_or_else(|| panic!("no token in {page}"));
        rest.split('"').next().unwrap().to_owned()
    }
}

#[test]
fn a_letter_from_elsewhere_is_answered_once() {
    let mut site = Site::new();
    let name = Name::new("huyennam.example");
    let postfix = Postfix::new(&name);
    let mut records = site.records.clone();
    records.extend(name.records());
    for record in &mut records {
        // This test speaks as that server.
        *record = record.replace(
            &format!("ip4:{} -all", name.ip),
            &format!("ip4:{} ip4:127.0.0.1 -all", name.ip),
        );
    }
    let dns = Bind::start(site.ip, &records);
    postfix.start(&dns);
    site.serve(dns.ip.into(), &[]);

    let pages = Pages::new(&site);
    pages.ask(
        "/dang-nhap",
        &[("ten", LAN), ("mat-khau", PASSWORD), ("ve", "/")],
    );
    let settings = "/cai-dat/tra-loi-tu-dong";
    let token = pages.token(settings);
    let text = "Tôi đi công tác, việc gấp xin gọi văn phòng.";
    let saved = pages.ask(
        settings,
        &[("csrf", &token), ("bat", "1"), ("noi-dung", text)],
    );
    assert!(saved.contains("Đã lưu cài đặt trả lời tự động"), "{saved}");

    let sent = |from: &str, id: &str| {
        let letter = format!(
            "From: <{from}>\r\nTo: <{LAN}>\r\nSubject: Hoi\r\nMessage-ID: <{id}@huyennam.example>\r\n\r\nChao chi\r\n"
        );
        let mut smtp = Smtp::connect(&format!("{}:25", site.ip)).unwrap();
        smtp.ehlo().unwrap();
        let (code, said) = smtp.send(from, &[LAN], letter.as_bytes()).unwrap();
        assert_eq!(code, 250, "{said}");
    };
    // Somebody whose domain proves nothing comes first: had it been answered, the bounce of that would be seen below.
    sent("la@khongco.example", "la");
    sent(&name.clerk(), "mot");
    sent(&name.clerk(), "hai");
    let answer = wait_for("the answer", || {
        postfix.letters(&["Auto-Submitted: auto-replied"]).pop()
    });
    let answer = String::from_utf8(answer).unwrap();
    for wanted in [
        "Return-Path: <>",
        "In-Reply-To: <mot@huyennam.example>",
        "X-Auto-Response-Suppress: All",
        "DKIM-Signature: ",
        "d=vamxanh.example",
    ] {
        assert!(answer.contains(wanted), "{wanted}: {answer}");
    }
    let read = mailroom_text(&answer);
    assert!(read.contains("việc gấp xin gọi văn phòng"), "{answer}");
    assert_eq!(postfix.letters(&["Auto-Submitted"]).len(), 1);
    let queue = site.command(&["queue", "list"], b"");
    let queue = String::from_utf8_lossy(&queue.stdout).into_owned();
    assert!(!queue.contains("khongco.example"), "{queue}");
}

/// The text of a letter of ours, read by Python.
fn mailroom_text(letter: &str) -> String {
    let program = "import sys, email, email.policy as p; m = email.message_from_string(sys.argv[1], policy=p.default); print(m['Subject'], m.get_content())";
    run("python3", &["-c", program, letter])
}
