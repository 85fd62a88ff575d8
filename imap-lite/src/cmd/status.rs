//! STATUS. (RFC 9051 §6.3.11, RFC 7162 §3.1.6, RFC 8474 §4.3)

use crate::error::Error;
use crate::proto::StatusItem;
use crate::proto::write::{self, number, text};
use crate::reply::Reply;
use crate::session::Session;
use mailroom::Access;
use store::{Mailbox, flag};

/// A mailbox and what has to be counted for it.
pub struct Counted {
    mailbox: Mailbox,
    deleted: u64,
}

/// Counts what the mailbox's row does not hold, where asked for.
pub async fn counted(
    access: &Access,
    mailbox: Mailbox,
    items: &[StatusItem],
) -> Result<Counted, Error> {
    let mut deleted = 0;
    if items.contains(&StatusItem::Deleted) {
        let snapshot = access.snapshot(mailbox.id).await?;
        let rows = snapshot
            .rows
            .iter()
            .filter(|row| row.flags & flag::DELETED != 0);
        deleted = u64::try_from(rows.count()).unwrap_or(u64::MAX);
    }
    Ok(Counted { mailbox, deleted })
}

pub async fn run(
    session: &mut Session,
    name: String,
    items: Vec<StatusItem>,
) -> Result<Reply, Error> {
    let found = session.owner()?.find(&session.room, &name).await?;
    let mailbox = found.access.mailbox(&found.inner).await?;
    let counted = counted(&found.access, mailbox, &items).await?;
    session.mode.condstore |= items.contains(&StatusItem::HighestModSeq);
    let name = format!("{}{}", found.prefix, counted.mailbox.name);
    write_status(
        &mut session.wire.out,
        &name,
        &counted,
        &items,
        session.mode.utf8,
    );
    Ok(Reply::ok("Done"))
}

pub fn write_status(
    out: &mut Vec<u8>,
    name: &str,
    counted: &Counted,
    items: &[StatusItem],
    utf8: bool,
) {
    let mailbox = &counted.mailbox;
    text(out, "* STATUS ");
    write::mailbox(out, name, utf8);
    let mut before = " (";
    for item in items {
        text(out, before);
        before = " ";
        let positive = |value: i64| u64::try_from(value).unwrap_or(0);
        let (word, value) = match item {
            StatusItem::Messages => ("MESSAGES ", u64::from(mailbox.total)),
            StatusItem::Recent => ("RECENT ", 0),
            StatusItem::UidNext => ("UIDNEXT ", u64::from(mailbox.uid_next)),
            StatusItem::UidValidity => ("UIDVALIDITY ", u64::from(mailbox.uid_validity)),
            StatusItem::Unseen => ("UNSEEN ", u64::from(mailbox.unseen)),
            StatusItem::Deleted => ("DELETED ", counted.deleted),
            StatusItem::Size => ("SIZE ", positive(mailbox.bytes)),
            StatusItem::HighestModSeq => ("HIGHESTMODSEQ ", positive(mailbox.modseq.max(1))),
            StatusItem::MailboxId => {
                text(out, &format!("MAILBOXID (M{})", mailbox.id));
                continue;
            }
        };
        text(out, word);
        number(out, value);
    }
    text(out, ")\r\n");
}
