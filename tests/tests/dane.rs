//! Protection on the way to a real Postfix: DANE (RFC 7672) from a signed zone, MTA-STS (RFC 8461) from a real web server. What
//! is right is delivered and said so; what is broken is not delivered, and `congthu trace` says why.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::bind::tlsa;
use congthu_tests::peer::{Name, Postfix, certificate};
use congthu_tests::site::{HOST, LAN, loopback};
use congthu_tests::tool::{python, run, workspace};
use congthu_tests::{Bind, Peer, Site, Smtp, wait_for};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Sends a letter to somebody at a domain of Postfix's; the trace once it says one of the words.
fn fate(site: &Site, domain: &str, words: &[&str]) -> String {
    let mut smtp = site.submission();
    let letter =
        format!("From: <{LAN}>\r\nSubject: {domain}\r\nMessage-ID: <den@{domain}>\r\n\r\nThu.");
    let (code, reply) = smtp
        .send(LAN, &[&format!("so.noi.vu@{domain}")], letter.as_bytes())
        .unwrap();
    assert_eq!(code, 250, "{reply}");
    wait_for("a first attempt", || {
        let trace = site.trace(&reply);
        words
            .iter()
            .any(|word| trace.contains(word))
            .then_some(trace)
    })
}

const TRIED: [&str; 3] = ["đã tiếp nhận", "tạm hoãn", " later "];

#[test]
fn dane_decides_whether_mail_goes_to_postfix() {
    let mut site = Site::new();
    let name = Name::new("huyenbac.example");
    let postfix = Postfix::new(&name);
    let mut records = site.records.clone();
    records.extend(name.records());
    records.push(tlsa(&name.host(), &postfix.certificate()));
    // The same server under another name, for which another key is published.
    records.push("sts.huyenbac.example. IN MX 10 mx.sts.huyenbac.example.".into());
    records.push(format!("mx.sts.huyenbac.example. IN A {}", name.ip));
    records.push(tlsa(
        "mx.sts.huyenbac.example",
        &site.keys().join("certificate.pem"),
    ));
    let dns = Bind::start(site.ip, &records);
    postfix.start(&dns);
    let anchor = format!(
        "outbound.trust_anchor = {:?}",
        dns.anchor().to_str().unwrap()
    );
    site.serve(dns.ip.into(), &["outbound.dnssec = true", &anchor]);

    let trace = fate(&site, "huyenbac.example", &TRIED);
    assert!(trace.contains("đã tiếp nhận"), "{trace}");
    wait_for("the letter", || {
        postfix.letters(&["<den@huyenbac.example>"]).pop()
    });

    let trace = fate(&site, "sts.huyenbac.example", &TRIED);
    assert!(
        trace.contains("gửi lại lúc") && trace.contains("DANE"),
        "{trace}"
    );
    assert!(postfix.letters(&["<den@sts.huyenbac.example>"]).is_empty());
}

/// A letter of Postfix's clerk to one of us, handed to Postfix.
fn from_postfix(postfix: &Postfix, id: &str) {
    let clerk = postfix.name().clerk();
    let mut smtp = Smtp::connect(&format!("{}:25", postfix.name().ip)).unwrap();
    smtp.ehlo().unwrap();
    let letter = format!(
        "From: <{clerk}>\r\nTo: <{LAN}>\r\nSubject: {id}\r\nMessage-ID: <{id}>\r\n\r\nThu."
    );
    let (code, said) = smtp.send(&clerk, &[LAN], letter.as_bytes()).unwrap();
    assert_eq!(code, 250, "{said}");
}

fn has_arrived(site: &Site, id: &str) -> bool {
    let mut imap = site.imap(LAN);
    ["INBOX", "Junk"].iter().any(|mailbox| {
        imap.header_field(mailbox, "Message-ID")
            .contains(&format!("<{id}>"))
    })
}

#[test]
fn postfix_with_dane_delivers_to_us_only_where_our_record_is_right() {
    for right in [true, false] {
        let mut site = Site::new();
        let name = Name::new("huyenbac.example");
        let postfix = Postfix::new(&name);
        let mut records = site.records.clone();
        records.extend(name.records());
        let own = site.keys().join("certificate.pem");
        let published = if right { own } else { postfix.certificate() };
        records.push(tlsa(HOST, &published));
        let dns = Bind::start(site.ip, &records);
        site.serve(dns.ip.into(), &[]);
        postfix.start(&dns);
        from_postfix(&postfix, "dane@huyenbac.example");
        let fate = wait_for("Postfix's first attempt", || {
            let log = postfix.log();
            let fate = log
                .lines()
                .find(|line| line.contains(&format!("to=<{LAN}>")) && line.contains("status="));
            fate.map(str::to_owned)
        });
        let log = postfix.log();
        if right {
            assert!(fate.contains("status=sent"), "{fate}");
            assert!(
                log.contains(&format!("Verified TLS connection established to {HOST}")),
                "{log}"
            );
            wait_for("the letter", || {
                has_arrived(&site, "dane@huyenbac.example").then_some(())
            });
        } else {
            assert!(
                fate.contains("status=deferred") && fate.contains("certificate not verified"),
                "{fate}"
            );
            assert!(!log.contains("Verified TLS connection"), "{log}");
            assert!(!has_arrived(&site, "dane@huyenbac.example"));
        }
    }
}

/// An authority made for the test: CA.pem in a folder.
fn authority(folder: &Path) {
    certificate(
        "authority.example",
        &folder.join("ca.pem"),
        &folder.join("ca.key"),
    );
}

/// Puts a certificate for these names, signed by the authority of the folder, at CERT and KEY.
fn issue(folder: &Path, names: &[&str], cert: &Path, key: &Path) {
    let alt: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
    std::fs::write(
        folder.join("extensions"),
        format!(
            "subjectAltName={}\nbasicConstraints=CA:FALSE\n",
            alt.join(",")
        ),
    )
    .unwrap();
    let at = |file: &str| folder.join(file).to_str().unwrap().to_owned();
    let subject = format!("/CN={}", names[0]);
    let request = at("request");
    run(
        "openssl",
        &[
            "req",
            "-new",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            &subject,
            "-keyout",
            key.to_str().unwrap(),
            "-out",
            &request,
        ],
    );
    run(
        "openssl",
        &[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &at("ca.pem"),
            "-CAkey",
            &at("ca.key"),
            "-days",
            "2",
            "-extfile",
            &at("extensions"),
            "-out",
            cert.to_str().unwrap(),
        ],
    );
}

/// The web server with the policies; ends with the test.
struct Policies(Child);

impl Policies {
    fn start(ip: Ipv4Addr, folder: &Path, policies: &[String]) -> Policies {
        let child = Command::new(python())
            .arg("-B")
            .arg(workspace().join("tests/clients/policy.py"))
            .arg(ip.to_string())
            .args([folder.join("web.pem"), folder.join("web.key")])
            .args(policies)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let policies = Policies(child);
        wait_for("the policies", || {
            std::net::TcpStream::connect((ip, 443)).ok()
        });
        policies
    }
}

impl Drop for Policies {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn mta_sts_decides_whether_mail_goes_to_postfix() {
    let mut site = Site::new();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let name = Name::new("huyenbac.example");
    let postfix = Postfix::new(&name);
    let web = loopback();
    // Right; a policy that names another server; a policy that is right while the certificate is not.
    let domains = ["sts", "khac", "la"].map(|label| format!("{label}.huyenbac.example"));
    let mut records = site.records.clone();
    records.extend(name.records());
    for domain in &domains {
        records.push(format!("{domain}. IN MX 10 mx.{domain}."));
        records.push(format!("mx.{domain}. IN A {}", name.ip));
        records.push(format!("_mta-sts.{domain}. IN TXT \"v=STSv1; id=1\""));
        records.push(format!("mta-sts.{domain}. IN A {web}"));
    }
    authority(home);
    let hosts = domains.each_ref().map(|domain| format!("mta-sts.{domain}"));
    issue(
        home,
        &hosts.each_ref().map(String::as_str),
        &home.join("web.pem"),
        &home.join("web.key"),
    );
    let own = [
        "mx.huyenbac.example",
        "mx.sts.huyenbac.example",
        "mx.khac.huyenbac.example",
    ];
    issue(home, &own, &postfix.certificate(), &postfix.key());
    let policies = [
        format!("{}=mx.{}", hosts[0], domains[0]),
        format!("{}=mx.noi-khac.example", hosts[1]),
        format!("{}=mx.{}", hosts[2], domains[2]),
    ];
    let _policies = Policies::start(web, home, &policies);
    let dns = Bind::start(site.ip, &records);
    postfix.start(&dns);
    site.environment("SSL_CERT_FILE", &home.join("ca.pem"));
    site.serve(dns.ip.into(), &[]);

    let trace = fate(&site, &domains[0], &TRIED);
    assert!(trace.contains("đã tiếp nhận"), "{trace}");
    wait_for("the letter", || {
        postfix.letters(&[&format!("<den@{}>", domains[0])]).pop()
    });
    for (domain, why) in [(&domains[1], "MTA-STS"), (&domains[2], "MTA-STS")] {
        let trace = fate(&site, domain, &TRIED);
        assert!(
            trace.contains("gửi lại lúc") && trace.contains(why),
            "{trace}"
        );
        assert!(postfix.letters(&[&format!("<den@{domain}>")]).is_empty());
    }
}
