//! Other people's mail servers on loopback: Debian's Postfix as installed, Exim and OpenSMTPD from trees made by
//! tests/peers/fetch, each with a mailbox, a certificate and a loopback address of its own. Needs root, as they do.

mod exim;
mod jail;
mod opensmtpd;
mod postfix;

pub use exim::Exim;
pub use opensmtpd::OpenSmtpd;
pub use postfix::Postfix;

use crate::tool::run;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

/// Who a peer is in DNS.
#[derive(Clone, Debug)]
pub struct Name {
    pub domain: &'static str,
    pub ip: Ipv4Addr,
}

impl Name {
    pub fn new(domain: &'static str) -> Name {
        Name {
            domain,
            ip: crate::site::loopback(),
        }
    }

    pub fn host(&self) -> String {
        format!("mx.{}", self.domain)
    }

    /// The zone file lines that lead to it.
    pub fn records(&self) -> Vec<String> {
        let Name { domain, ip } = self;
        let host = self.host();
        vec![
            format!("{domain}. IN MX 10 {host}."),
            format!("{host}. IN A {ip}"),
            format!("{domain}. IN TXT \"v=spf1 ip4:{ip} -all\""),
        ]
    }

    /// An address there that has a mailbox.
    pub fn clerk(&self) -> String {
        format!("so.noi.vu@{}", self.domain)
    }

    /// The same mailbox at an address that needs SMTPUTF8.
    pub fn utf8_clerk(&self) -> String {
        format!("văn.thư@{}", self.domain)
    }
}

/// A running server.
pub trait Peer {
    fn name(&self) -> &Name;
    /// Maildir of everything it delivered.
    fn mailbox(&self) -> PathBuf;
    fn log(&self) -> String;

    /// The letters it delivered that contain all of these.
    fn letters(&self, parts: &[&str]) -> Vec<Vec<u8>> {
        let entries = std::fs::read_dir(self.mailbox().join("new"));
        let files: Vec<_> = entries
            .map(|entries| entries.flatten().collect())
            .unwrap_or_default();
        files
            .into_iter()
            // A letter that is being moved away is not there yet or any more.
            .filter_map(|file| std::fs::read(file.path()).ok())
            .filter(|letter| {
                let text = String::from_utf8_lossy(letter);
                parts.iter().all(|part| text.contains(part))
            })
            .collect()
    }
}

/// Makes a key and a certificate for a host: CERT and KEY as PEM files.
pub fn certificate(host: &str, cert: &Path, key: &Path) {
    let (subject, alt) = (format!("/CN={host}"), format!("subjectAltName=DNS:{host}"));
    let [cert, key] = [cert, key].map(|path| path.to_str().unwrap());
    run(
        "openssl",
        &[
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", &subject,
            "-addext", &alt, "-keyout", key, "-out", cert,
        ],
    );
}
