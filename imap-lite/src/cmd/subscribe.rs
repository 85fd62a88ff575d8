//! SUBSCRIBE and UNSUBSCRIBE. (RFC 9051 §6.3.7, §6.3.8)

use crate::error::Error;
use crate::reply::Reply;
use crate::session::Session;

pub async fn run(session: &mut Session, name: String, subscribed: bool) -> Result<Reply, Error> {
    let found = session.owner()?.find(&session.room, &name).await?;
    found
        .access
        .mailbox_subscribe(&found.inner, subscribed)
        .await?;
    Ok(Reply::ok("Done"))
}
