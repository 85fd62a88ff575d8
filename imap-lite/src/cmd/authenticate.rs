//! AUTHENTICATE PLAIN, with or without initial response. (RFC 9051 §6.2.2, RFC 4616, RFC 4959)

use super::login::sign_in;
use crate::error::Error;
use crate::proto::{Secret, read_secret};
use crate::reply::Reply;
use crate::session::{Heard, Session};

pub async fn run(
    session: &mut Session,
    mechanism: String,
    initial: Option<Secret>,
) -> Result<Reply, Error> {
    if mechanism != "PLAIN" {
        return Ok(Reply::no("CANNOT", "Unknown mechanism"));
    }
    if !session.may_sign_in() {
        return Ok(Reply::no("PRIVACYREQUIRED", "Use TLS first"));
    }
    let response = match initial {
        Some(initial) => initial,
        None => match ask(session).await? {
            Ok(response) => response,
            Err(reply) => return Ok(reply),
        },
    };
    // authorization NUL authentication NUL password (RFC 4616 §2)
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

/// An empty challenge, and the line that answers it; "*" gives up (RFC 9051 §6.2.2).
async fn ask(session: &mut Session) -> Result<Result<Secret, Reply>, Error> {
    session.wire.out.extend_from_slice(b"+ \r\n");
    match session.hear().await? {
        Heard::Raw(raw) if raw.text == b"*" => Ok(Err(Reply::bad("Given up"))),
        Heard::Raw(raw) => {
            Ok(read_secret(&raw.text).map_err(|_| Reply::bad("Not a PLAIN response")))
        }
        Heard::Refused => Ok(Err(Reply::bad("Line too long"))),
        Heard::End | Heard::Silent | Heard::Closing => {
            session.over = true;
            Ok(Err(Reply::bad("Given up")))
        }
    }
}
