//! CREATE. (RFC 9051 §6.3.4, RFC 8474 §4.1)

use crate::error::Error;
use crate::names::{SEPARATOR, is_shared};
use crate::reply::Reply;
use crate::session::Session;

pub async fn run(session: &mut Session, name: String) -> Result<Reply, Error> {
    if is_shared(&name) && name.matches(SEPARATOR).count() < 2 {
        return Ok(Reply::no(
            "CANNOT",
            "Shared accounts are made by the administration",
        ));
    }
    let found = session.owner()?.find(&session.room, &name).await?;
    let mailbox = found.access.mailbox_create(&found.inner).await?;
    Ok(Reply::ok_with(
        format!("MAILBOXID (M{})", mailbox.id),
        "Made",
    ))
}
