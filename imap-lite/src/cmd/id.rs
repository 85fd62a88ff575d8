//! ID: who is who, for the log and for support. (RFC 2971)

use crate::reply::Reply;
use crate::session::Session;

pub fn run(session: &mut Session, pairs: Vec<(String, String)>) -> Reply {
    let value = |wanted: &str| {
        let found = pairs.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| {
            value
                .chars()
                .filter(|letter| !letter.is_control())
                .take(60)
                .collect::<String>()
        })
    };
    tracing::debug!(peer = %session.peer.ip, client = ?value("name"), version = ?value("version"), "client tells its name");
    session
        .wire
        .out
        .extend_from_slice(b"* ID (\"name\" \"congthu\" \"vendor\" \"congthu\")\r\n");
    Reply::ok("Done")
}
