//! CLOSE: removes what is marked \Deleted, silently, and leaves the mailbox. (RFC 9051 §6.4.1)

use crate::error::Error;
use crate::reply::Reply;
use crate::session::Session;
use store::flag;

pub async fn run(session: &mut Session) -> Result<Reply, Error> {
    let Some(view) = session.deselect() else {
        return Ok(Reply::bad("No mailbox selected"));
    };
    let marked = view
        .snapshot
        .rows
        .iter()
        .any(|row| row.flags & flag::DELETED != 0);
    if !view.read_only && marked {
        view.access.expunge(view.mailbox(), None).await?;
    }
    Ok(Reply::ok("Closed"))
}
