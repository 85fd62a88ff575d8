//! GETQUOTA and GETQUOTAROOT: one root per account, STORAGE in units of 1,024 bytes. (RFC 9208)

use crate::error::Error;
use crate::proto::write::{self, text};
use crate::reply::Reply;
use crate::session::Session;
use mailroom::Access;

/// The own account's root has the empty name; a shared one's is its place in the tree.
pub async fn of_mailbox(session: &mut Session, name: String) -> Result<Reply, Error> {
    let found = session.owner()?.find(&session.room, &name).await?;
    found.access.mailbox(&found.inner).await?;
    text(&mut session.wire.out, "* QUOTAROOT ");
    write::mailbox(&mut session.wire.out, &name, session.mode.utf8);
    text(&mut session.wire.out, " ");
    write::mailbox(&mut session.wire.out, &found.prefix, session.mode.utf8);
    text(&mut session.wire.out, "\r\n");
    tell(session, &found.access, &found.prefix).await
}

pub async fn root(session: &mut Session, root: String) -> Result<Reply, Error> {
    let branches = session.owner()?.branches(&session.room).await?;
    match branches.into_iter().find(|branch| branch.prefix == root) {
        Some(branch) => tell(session, &branch.access, &branch.prefix).await,
        None => Ok(Reply::no("NONEXISTENT", "No such quota root")),
    }
}

async fn tell(session: &mut Session, access: &Access, root: &str) -> Result<Reply, Error> {
    let (used, allowed) = access.quota().await?;
    text(&mut session.wire.out, "* QUOTA ");
    write::mailbox(&mut session.wire.out, root, session.mode.utf8);
    let units = |bytes: i64| bytes.max(0) / 1_024;
    text(
        &mut session.wire.out,
        &format!(" (STORAGE {} {})\r\n", units(used), units(allowed)),
    );
    Ok(Reply::ok("Done"))
}
