//! ENABLE: extensions that change what the client is told. (RFC 5161, RFC 9051 §6.3.1)

use crate::reply::Reply;
use crate::session::Session;

pub fn run(session: &mut Session, words: Vec<String>) -> Reply {
    let mode = &mut session.mode;
    let mut enabled = String::new();
    for word in &words {
        match word.as_str() {
            "CONDSTORE" => mode.condstore = true,
            // QRESYNC brings CONDSTORE with it (RFC 7162 §3.2.3).
            "QRESYNC" => (mode.condstore, mode.qresync) = (true, true),
            "UTF8=ACCEPT" => mode.utf8 = true,
            "IMAP4REV2" => (mode.rev2, mode.utf8) = (true, true),
            // Unknown ones are passed over (RFC 5161 §3.1).
            _ => continue,
        }
        enabled.push(' ');
        enabled.push_str(if word == "IMAP4REV2" {
            "IMAP4rev2"
        } else {
            word
        });
    }
    session
        .wire
        .out
        .extend_from_slice(format!("* ENABLED{enabled}\r\n").as_bytes());
    Reply::ok("Done")
}
