//! LSUB, for clients of IMAP4rev1: subscribed names. (RFC 3501 §6.3.9)

use super::list::{joined, matches, tree};
use crate::error::Error;
use crate::proto::write::{self, text};
use crate::reply::Reply;
use crate::session::Session;

pub async fn run(
    session: &mut Session,
    reference: String,
    pattern: String,
) -> Result<Reply, Error> {
    let tree = tree(&session.room, session.owner()?).await?;
    let pattern = joined(&reference, &pattern);
    for (name, node) in &tree {
        let subscribed = node
            .mailbox
            .as_ref()
            .is_some_and(|(_, mailbox)| mailbox.subscribed);
        // A level above a subscribed name is told as \Noselect, where "%" stops at it.
        let above = pattern.ends_with('%') && node.child_subscribed;
        if !matches(&pattern, name) || !subscribed && !above {
            continue;
        }
        let attributes = if subscribed { "" } else { "\\Noselect" };
        text(
            &mut session.wire.out,
            &format!("* LSUB ({attributes}) \"/\" "),
        );
        write::mailbox(&mut session.wire.out, name, session.mode.utf8);
        text(&mut session.wire.out, "\r\n");
    }
    Ok(Reply::ok("Done"))
}
