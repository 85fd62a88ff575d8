//! CAPABILITY: what is complete here, and nothing else. (RFC 9051 §6.1.1)

use crate::reply::Reply;
use crate::session::{Session, State};

/// What everybody may use once signed in.
const SIGNED_IN: &str = "IDLE NAMESPACE UNSELECT UIDPLUS MOVE ENABLE CHILDREN SPECIAL-USE LIST-EXTENDED LIST-STATUS \
ESEARCH SEARCHRES WITHIN CONDSTORE QRESYNC STATUS=SIZE BINARY UTF8=ACCEPT OBJECTID SAVEDATE QUOTA QUOTA=RES-STORAGE MULTIAPPEND \
SORT SORT=DISPLAY ESORT PREVIEW";

/// The capabilities of this session now.
pub fn capabilities(session: &Session) -> String {
    let mut words = String::from("IMAP4rev1 IMAP4rev2 LITERAL+ ID SASL-IR");
    if !matches!(session.state, State::Stranger) {
        words.push(' ');
        words.push_str(SIGNED_IN);
        // The same for every mailbox (RFC 7889 §2).
        words.push_str(&format!(
            " APPENDLIMIT={}",
            session.config.message_bytes_max
        ));
        return words;
    }
    if session.config.tls.is_some() && !session.wire.is_secure() {
        words.push_str(" STARTTLS");
    }
    if session.may_sign_in() && session.room.offers_scram() {
        if session.wire.exporter().is_some() {
            words.push_str(" AUTH=SCRAM-SHA-256-PLUS");
        }
        words.push_str(" AUTH=SCRAM-SHA-256");
    }
    words.push_str(match session.may_sign_in() {
        true => " AUTH=PLAIN",
        // No password in the clear (RFC 9051 §6.2.3, RFC 8314 §4.1).
        false => " LOGINDISABLED",
    });
    words
}

pub fn run(session: &mut Session) -> Reply {
    let line = format!("* CAPABILITY {}\r\n", capabilities(session));
    session.wire.out.extend_from_slice(line.as_bytes());
    Reply::ok("Done")
}
