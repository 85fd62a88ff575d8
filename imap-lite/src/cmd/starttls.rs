//! STARTTLS: everything before it is forgotten on both sides. (RFC 9051 §6.2.1)

use crate::error::Error;
use crate::reply::Reply;
use crate::session::Session;

pub async fn run(session: &mut Session, tag: &str) -> Result<Option<Reply>, Error> {
    if session.wire.is_secure() {
        return Ok(Some(Reply::bad("TLS is on already")));
    }
    let Some(config) = session.config.tls.clone() else {
        return Ok(Some(Reply::bad("No TLS here")));
    };
    Reply::ok("Begin TLS").write(&mut session.wire.out, tag);
    session.wire.start_tls(config).await?;
    Ok(None)
}
