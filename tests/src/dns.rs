//! A DNS server on loopback for one test (tests/clients/dns.py); ends with it.

use crate::tool::{python, workspace};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A running name server. Dropping it ends it.
pub struct Dns(Child);

impl Dns {
    /// `records`: `NAME=TYPE:VALUE`; every other name does not exist.
    pub fn start(port: u16, records: &[&str]) -> Dns {
        let mut child = Command::new(python())
            .arg("-B")
            .arg(workspace().join("tests/clients/dns.py"))
            .arg(port.to_string())
            .args(records)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line.trim(), "ready");
        Dns(child)
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
