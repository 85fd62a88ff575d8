//! RENAME, within one account. (RFC 9051 §6.3.6)

use crate::error::Error;
use crate::reply::Reply;
use crate::session::Session;

pub async fn run(session: &mut Session, from: String, to: String) -> Result<Reply, Error> {
    let owner = session.owner()?;
    let source = owner.find(&session.room, &from).await?;
    let target = owner.find(&session.room, &to).await?;
    if source.access.account() != target.access.account() {
        return Ok(Reply::no("CANNOT", "Not from one account to another"));
    }
    source
        .access
        .mailbox_rename(&source.inner, &target.inner)
        .await?;
    Ok(Reply::ok("Renamed"))
}
