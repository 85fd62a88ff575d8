//! NAMESPACE: one's own mailboxes at the root, those of units and others under "Shared/". (RFC 9051 §6.3.10)

use crate::error::Error;
use crate::proto::write::text;
use crate::reply::Reply;
use crate::session::Session;

pub async fn run(session: &mut Session) -> Result<Reply, Error> {
    let shared = session.owner()?.branches(&session.room).await?.len() > 1;
    text(
        &mut session.wire.out,
        match shared {
            true => "* NAMESPACE ((\"\" \"/\")) NIL ((\"Shared/\" \"/\"))\r\n",
            false => "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n",
        },
    );
    Ok(Reply::ok("Done"))
}
