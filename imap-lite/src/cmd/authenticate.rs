//! AUTHENTICATE SCRAM-SHA-256(-PLUS) and PLAIN, with or without initial response; OAUTHBEARER is read and refused.
//! (RFC 9051 §6.2.2, RFC 4616, RFC 4959, RFC 5802, RFC 7628)

use super::login::{enter, refuse, sign_in};
use crate::error::Error;
use crate::proto::{Secret, read_secret};
use crate::reply::Reply;
use crate::session::{Heard, Session};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailroom::signin::{BEARER_FAULT, Bearer, Channel, Door, NoEntry};

#[derive(Clone, Copy)]
enum Mechanism {
    Plain,
    Scram { plus: bool },
    Bearer,
}

pub async fn run(
    session: &mut Session,
    mechanism: String,
    initial: Option<Secret>,
) -> Result<Reply, Error> {
    let scram = session.room.offers_scram();
    let mechanism = match mechanism.as_str() {
        "PLAIN" => Mechanism::Plain,
        "SCRAM-SHA-256" if scram => Mechanism::Scram { plus: false },
        "SCRAM-SHA-256-PLUS" if scram && session.wire.exporter().is_some() => {
            Mechanism::Scram { plus: true }
        }
        // Prepared and not announced: nobody issues tokens for us yet.
        "OAUTHBEARER" => Mechanism::Bearer,
        _ => return Ok(Reply::no("CANNOT", "Unknown mechanism")),
    };
    if !session.may_sign_in() {
        return Ok(Reply::no("PRIVACYREQUIRED", "Use TLS first"));
    }
    let response = match initial {
        Some(initial) => initial,
        None => match ask(session, "").await? {
            Ok(response) => response,
            Err(reply) => return Ok(reply),
        },
    };
    match mechanism {
        Mechanism::Plain => plain(session, response).await,
        Mechanism::Scram { plus } => scram_sha_256(session, response, plus).await,
        Mechanism::Bearer => bearer(session, response).await,
    }
}

/// authorization NUL authentication NUL password (RFC 4616 §2)
async fn plain(session: &mut Session, response: Secret) -> Result<Reply, Error> {
    let mut pieces = response.0.splitn(3, '\0');
    let (Some(acting_as), Some(user), Some(password)) =
        (pieces.next(), pieces.next(), pieces.next())
    else {
        return Ok(Reply::bad("Not a PLAIN response"));
    };
    if !acting_as.is_empty() && !acting_as.eq_ignore_ascii_case(user) {
        return Ok(Reply::no(
            "AUTHORIZATIONFAILED",
            "Acting as another is not possible here",
        ));
    }
    let (user, password) = (user.to_owned(), Secret(password.to_owned()));
    sign_in(session, &user, password).await
}

async fn scram_sha_256(session: &mut Session, first: Secret, plus: bool) -> Result<Reply, Error> {
    let ip = session.peer.ip.clone();
    let channel = Channel {
        plus,
        exporter: session.wire.exporter(),
    };
    let begun = session
        .room
        .scram_begin(Door::Imap, &first.0, channel, &ip)
        .await?;
    let (exchange, said) = match begun {
        Ok(begun) => begun,
        Err(no_entry) => return refuse(session, no_entry).await,
    };
    let proof = match ask(session, &STANDARD.encode(said)).await? {
        Ok(proof) => proof,
        Err(reply) => return Ok(reply),
    };
    let finished = session.room.scram_finish(exchange, &proof.0).await?;
    let (actor, said) = match finished {
        Ok(finished) => finished,
        Err(no_entry) => return refuse(session, no_entry).await,
    };
    // Our own proof goes before the OK, and the client nods (RFC 4422 §5).
    match ask(session, &STANDARD.encode(said)).await? {
        Ok(nod) if nod.0.is_empty() => enter(session, actor).await,
        Ok(_) => Ok(Reply::bad("Nothing more was asked")),
        Err(reply) => Ok(reply),
    }
}

/// Says why in JSON, hears the answer, refuses (RFC 7628 §3.2.3).
async fn bearer(session: &mut Session, response: Secret) -> Result<Reply, Error> {
    if Bearer::read(&response.0).is_none() {
        return Ok(Reply::bad("Not an OAUTHBEARER response"));
    }
    match ask(session, BEARER_FAULT).await? {
        Ok(_) => refuse(session, NoEntry::Wrong).await,
        Err(reply) => Ok(reply),
    }
}

/// A challenge, and the line that answers it; "*" gives up (RFC 9051 §6.2.2).
async fn ask(session: &mut Session, challenge: &str) -> Result<Result<Secret, Reply>, Error> {
    let line = format!("+ {challenge}\r\n");
    session.wire.out.extend_from_slice(line.as_bytes());
    match session.hear().await? {
        Heard::Raw(raw) if raw.text == b"*" => Ok(Err(Reply::bad("Given up"))),
        Heard::Raw(raw) => Ok(read_secret(&raw.text).map_err(|_| Reply::bad("Not a response"))),
        Heard::Refused => Ok(Err(Reply::bad("Line too long"))),
        Heard::End | Heard::Silent | Heard::Closing => {
            session.over = true;
            Ok(Err(Reply::bad("Given up")))
        }
    }
}
