//! ARC (RFC 8617) beside dkimpy, which shares nothing with ours: it verifies the seal on what our lists hand on, and it reads
//! our Authentication-Results (RFC 8601) to seal over them; we verify what it sealed; a changed letter holds nowhere.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::peer::{Name, Postfix};
use congthu_tests::site::{DOMAIN, LAN};
use congthu_tests::tool::{good, python, run, workspace};
use congthu_tests::{Bind, Peer, Site, Smtp, wait_for};
use std::process::Command;

fn dkimpy(arguments: &[&str], letter: &str) -> String {
    let mut command = Command::new(python());
    command
        .arg("-B")
        .arg(workspace().join("tests/clients/dkim_peer.py"))
        .args(arguments);
    good(command, letter.as_bytes()).trim().to_owned()
}

/// An RSA key: the secret as PEM, and its DNS record.
fn key(name: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rsa.pem");
    let path = path.to_str().unwrap();
    run("openssl", &["genrsa", "-traditional", "-out", path, "2048"]);
    let script =
        format!("openssl rsa -in {path} -pubout -outform DER 2>/dev/null | openssl base64 -A");
    let public = run("sh", &["-c", &script]);
    let (front, rest) = public.split_at(200);
    let record = format!("{name}. IN TXT \"v=DKIM1; k=rsa; p={front}\" \"{rest}\"");
    (std::fs::read_to_string(path).unwrap(), record)
}

/// NAME=TXT of the key records among these zone file lines.
fn published(records: &[String]) -> Vec<String> {
    let keys = records
        .iter()
        .filter(|record| record.contains("._domainkey."));
    keys.map(|record| {
        let (name, text) = record.split_once(" IN TXT ").unwrap();
        let text: String = text.split('"').skip(1).step_by(2).collect();
        format!("{}={text}", name.trim().trim_end_matches('.'))
    })
    .collect()
}

fn verify(keys: &[String], letter: &str) -> String {
    let mut arguments = vec!["verify"];
    arguments.extend(keys.iter().map(String::as_str));
    dkimpy(&arguments, letter)
}

fn letter(id: &str, to: &str) -> String {
    format!(
        "From: Ban <ban@ngoai.example>\r\nTo: <{to}>\r\nSubject: Thu chuyen tiep\r\nMessage-ID: <{id}@ngoai.example>\r\n\
         Date: Fri, 20 Nov 2026 08:40:00 +0700\r\n\r\nDong mot\r\n\r\nDong hai\r\n"
    )
}

#[test]
fn dkimpy_verifies_the_seal_on_what_a_list_hands_on() {
    let mut site = Site::new();
    let name = Name::new("huyenbac.example");
    let postfix = Postfix::new(&name);
    let (secret, record) = key("chuyen._domainkey.truoc.example");
    let mut records = site.records.clone();
    records.extend(name.records());
    records.push(record);
    let dns = Bind::start(site.ip, &records);
    postfix.start(&dns);
    site.serve(dns.ip.into(), &[]);
    let list = format!("nhom@{DOMAIN}");
    let added = ["account", "add", &list, "--name", "Nhóm", "--kind", "list"];
    let added = site.command(&added, b"");
    assert!(added.status.success(), "{added:?}");
    let clerk = name.clerk();
    let set = site.command(&["list", "set", &list, LAN, &clerk], b"");
    assert!(set.status.success(), "{set:?}");

    // One letter comes as its author sent it, one from a forwarder that dkimpy sealed for: our seal is the first or the second.
    let plain = letter("mot", &list);
    let before =
        "Authentication-Results: mx.truoc.example; spf=pass smtp.mailfrom=ban@ngoai.example\r\n";
    let arguments = [
        "seal",
        "truoc.example",
        "chuyen",
        "mx.truoc.example",
        &secret,
    ];
    let sealed = dkimpy(&arguments, &format!("{before}{}", letter("hai", &list)));
    for (id, instance, raw) in [("mot", 1, plain), ("hai", 2, sealed + "\r\n")] {
        let mut smtp = Smtp::connect(&format!("{}:25", site.ip)).unwrap();
        smtp.ehlo().unwrap();
        let (code, said) = smtp
            .send("ban@ngoai.example", &[&list], raw.trim_end().as_bytes())
            .unwrap();
        assert_eq!(code, 250, "{said}");
        let arrived = wait_for("the letter", || {
            postfix.letters(&[&format!("<{id}@ngoai.example>")]).pop()
        });
        let arrived = String::from_utf8(arrived).unwrap().replace('\n', "\r\n");
        let seal = format!("ARC-Seal: i={instance};");
        assert!(arrived.contains(&seal), "{arrived}");
        let keys = published(&records);
        // The list's own fields are signed with both our keys, and the whole is sealed.
        assert_eq!(
            verify(&keys, &arrived),
            "dkim 2 of 2\narc pass",
            "{arrived}"
        );
        let changed = arrived.replace("Dong hai", "Dong ba");
        assert!(verify(&keys, &changed).contains("arc fail"), "{changed}");
        let forged = arrived.replacen("spf=", "spf=pass x=", 1);
        let forged = verify(&keys, &forged);
        assert!(forged.contains("arc fail"), "{forged}");
    }
}

#[test]
fn we_verify_what_dkimpy_seals_over_our_own_results() {
    let mut site = Site::new();
    let (secret, record) = key("chuyen._domainkey.truoc.example");
    let (second, second_record) = key("sau._domainkey.sau.example");
    let mut records = site.records.clone();
    records.extend([record, second_record]);
    let dns = Bind::start(site.ip, &records);
    site.serve(dns.ip.into(), &[]);
    let bring = |raw: &str| {
        let mut smtp = Smtp::connect(&format!("{}:25", site.ip)).unwrap();
        smtp.ehlo().unwrap();
        let sent = smtp.send("ban@ngoai.example", &[LAN], raw.trim_end().as_bytes());
        let (code, said) = sent.unwrap();
        assert_eq!(code, 250, "{said}");
        site.trace(&said)
    };
    let before =
        "Authentication-Results: mx.truoc.example; spf=pass smtp.mailfrom=ban@ngoai.example\r\n";
    let arguments = [
        "seal",
        "truoc.example",
        "chuyen",
        "mx.truoc.example",
        &secret,
    ];
    let first = dkimpy(&arguments, &format!("{before}{}", letter("mot", LAN))) + "\r\n";
    let trace = bring(&first);
    assert!(trace.contains("arc=pass"), "{trace}");

    // The next forwarder seals over the results that we would have written: dkimpy reads them from the letter.
    let results = "Authentication-Results: mx.sau.example; arc=pass; spf=fail smtp.mailfrom=ban@ngoai.example\r\n";
    let arguments = ["seal", "sau.example", "sau", "mx.sau.example", &second];
    let twice = dkimpy(&arguments, &format!("{results}{first}")) + "\r\n";
    assert!(twice.contains("i=2;"), "{twice}");
    let trace = bring(&twice);
    assert!(trace.contains("arc=pass"), "{trace}");

    for (what, raw) in [
        ("the body", twice.replace("Dong hai", "Dong ba")),
        (
            "what the first saw",
            twice.replace("mx.truoc.example; spf=pass", "mx.truoc.example; spf=none"),
        ),
        (
            "a seal gone",
            twice.replacen("ARC-Seal: i=1", "X-Seal: i=1", 1),
        ),
    ] {
        assert_ne!(raw, twice, "{what}");
        let trace = bring(&raw);
        assert!(!trace.contains("arc=pass"), "{what}: {trace}");
    }
}
