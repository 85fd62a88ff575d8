//! DELETE. (RFC 9051 §6.3.5)

use crate::error::Error;
use crate::reply::Reply;
use crate::session::{Session, State};

pub async fn run(session: &mut Session, name: String) -> Result<Reply, Error> {
    if name.eq_ignore_ascii_case("INBOX") {
        return Ok(Reply::no("CANNOT", "INBOX stays"));
    }
    let found = session.owner()?.find(&session.room, &name).await?;
    let mailbox = found.access.mailbox(&found.inner).await?;
    found.access.mailbox_delete(&found.inner).await?;
    if matches!(&session.state, State::Selected(_, view) if view.mailbox() == mailbox.id) {
        session.deselect();
    }
    Ok(Reply::ok("Deleted"))
}
