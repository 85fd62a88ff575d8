//! DKIM beside dkimpy, an implementation that shares nothing with ours: it verifies what we sign, we verify what it signs, with
//! RSA (RFC 6376) and Ed25519 (RFC 8463); a changed letter passes nowhere.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::peer::{Name, Postfix};
use congthu_tests::site::{HOST, LAN};
use congthu_tests::tool::{good, limited, python, run, workspace};
use congthu_tests::{Bind, Peer, Site, Smtp, wait_for};
use std::process::Command;

fn dkimpy(arguments: &[&str]) -> Command {
    let mut command = Command::new(python());
    command
        .arg("-B")
        .arg(workspace().join("tests/clients/dkim_peer.py"))
        .args(arguments);
    command
}

/// NAME=TXT of the DKIM records that `init` told us to publish.
fn keys(records: &[String]) -> Vec<String> {
    records
        .iter()
        .filter(|record| record.contains("._domainkey."))
        .map(|record| {
            let (name, text) = record.split_once(".  IN TXT").unwrap();
            let text: String = text.split('"').skip(1).step_by(2).collect();
            format!("{name}={text}")
        })
        .collect()
}

#[test]
fn dkimpy_verifies_what_we_sign() {
    let mut site = Site::new();
    let name = Name::new("huyenbac.example");
    let postfix = Postfix::new(&name);
    let mut records = site.records.clone();
    records.extend(name.records());
    let dns = Bind::start(site.ip, &records);
    postfix.start(&dns);
    site.serve(dns.ip.into(), &[]);
    let letter = format!(
        "From: Lan <{LAN}>\r\nTo: <{}>\r\nSubject: =?utf-8?B?R+G7rWk=?=\r\n =?utf-8?B?IHRoxrA=?=\r\nMessage-ID: <ky@{HOST}>\r\n\
         Date: Fri, 20 Nov 2026 08:40:00 +0700\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\nKính gửi  đồng chí.  \r\n\r\n.\r\n\r\n\r\n",
        name.clerk()
    );
    let (code, said) = site
        .submission()
        .send(
            LAN,
            &[&name.clerk()],
            letter.replace("\r\n.", "\r\n..").as_bytes(),
        )
        .unwrap();
    assert_eq!(code, 250, "{said}");
    let arrived = wait_for("the letter", || {
        postfix.letters(&[&format!("<ky@{HOST}>")]).pop()
    });
    let arrived = String::from_utf8(arrived).unwrap().replace('\n', "\r\n");
    let keys = keys(&site.records);
    let mut arguments = vec!["verify"];
    arguments.extend(keys.iter().map(String::as_str));
    assert_eq!(
        good(dkimpy(&arguments), arrived.as_bytes()).trim(),
        "dkim 2 of 2",
        "{arrived}"
    );
    let changed = arrived.replace("Kính", "Kinh");
    assert_eq!(
        good(dkimpy(&arguments), changed.as_bytes()).trim(),
        "dkim 0 of 2"
    );
}

#[test]
fn we_verify_what_dkimpy_signs() {
    let mut site = Site::new();
    let folder = tempfile::tempdir().unwrap();
    let rsa = folder.path().join("rsa.pem");
    let path = rsa.to_str().unwrap();
    run("openssl", &["genrsa", "-traditional", "-out", path, "2048"]);
    let public = run(
        "sh",
        &[
            "-c",
            &format!("openssl rsa -in {path} -pubout -outform DER 2>/dev/null | openssl base64 -A"),
        ],
    );
    // Seed and public key of an Ed25519 pair in base64.
    let mut make = Command::new(python());
    make.args(["-c", "import base64, nacl.signing as s; k = s.SigningKey.generate(); e = base64.b64encode; print(e(k.encode()).decode(), e(k.verify_key.encode()).decode())"]);
    let pair = good(make, b"");
    let (seed, ed_public) = pair.trim().split_once(' ').unwrap();
    let halves = |text: &str| {
        text.as_bytes()
            .chunks(200)
            .map(|piece| format!("\"{}\"", String::from_utf8_lossy(piece)))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut records = site.records.clone();
    records.push(format!(
        "r._domainkey.ngoai.example. IN TXT {}",
        halves(&format!("v=DKIM1; k=rsa; p={public}"))
    ));
    records.push(format!(
        "e._domainkey.ngoai.example. IN TXT \"v=DKIM1; k=ed25519; p={ed_public}\""
    ));
    let dns = Bind::start(site.ip, &records);
    site.serve(dns.ip.into(), &[]);
    let secret = std::fs::read_to_string(&rsa).unwrap();
    let rows = [
        ("r", "rsa-sha256", secret.as_str()),
        ("e", "ed25519-sha256", seed),
    ];
    for (selector, algorithm, key) in rows {
        for (broken, expected) in [(false, "dkim=pass"), (true, "body hash did not verify")] {
            let id = format!("{selector}-{broken}@ngoai.example");
            let letter = format!(
                "From: <ban@ngoai.example>\r\nTo: <{LAN}>\r\nSubject: Thu\r\nMessage-ID: <{id}>\r\n\r\nDong  mot \r\n\r\nDong hai\r\n\r\n"
            );
            let signed = limited(
                dkimpy(&["sign", "ngoai.example", selector, algorithm, key]),
                letter.as_bytes(),
            );
            assert!(
                signed.status.success(),
                "{}",
                String::from_utf8_lossy(&signed.stderr)
            );
            let mut signed = String::from_utf8(signed.stdout).unwrap();
            if broken {
                signed = signed.replace("Dong hai", "Dong ba");
            }
            let mut smtp = Smtp::connect(&format!("{}:25", site.ip)).unwrap();
            smtp.ehlo().unwrap();
            let (code, said) = smtp
                .send("ban@ngoai.example", &[LAN], signed.trim_end().as_bytes())
                .unwrap();
            assert_eq!(code, 250, "{said}");
            let trace = site.trace(&said);
            assert!(trace.contains(expected), "{algorithm}: {trace}");
            assert_eq!(trace.contains("dkim=pass"), !broken, "{algorithm}: {trace}");
        }
    }
}
