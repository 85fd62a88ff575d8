//! STATUS. (RFC 9051 §6.3.11, RFC 7162 §3.1.6, RFC 8474 §4.3, RFC 7889 §3.1, RFC 9208 §4.1.4)

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
    deleted_bytes: u64,
    append_limit: usize,
}

/// Counts what the mailbox's row does not hold, where asked for.
pub async fn counted(
    access: &Access,
    mailbox: Mailbox,
    items: &[StatusItem],
    append_limit: usize,
) -> Result<Counted, Error> {
    let mut counted = Counted {
        mailbox,
        deleted: 0,
        deleted_bytes: 0,
        append_limit,
    };
    let is_counted = |item| matches!(item, &StatusItem::Deleted | &StatusItem::DeletedStorage);
    if items.iter().any(is_counted) {
        let snapshot = access.snapshot(counted.mailbox.id).await?;
        let rows = snapshot.rows.iter();
        for row in rows.filter(|row| row.flags & flag::DELETED != 0) {
            counted.deleted += 1;
            counted.deleted_bytes += u64::from(row.size);
        }
    }
    Ok(counted)
}

pub async fn run(
    session: &mut Session,
    name: String,
    items: Vec<StatusItem>,
) -> Result<Reply, Error> {
    let found = session.owner()?.find(&session.room, &name).await?;
    let mailbox = found.access.mailbox(&found.inner).await?;
    let counted = counted(
        &found.access,
        mailbox,
        &items,
        session.config.message_bytes_max,
    )
    .await?;
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
            StatusItem::DeletedStorage => ("DELETED-STORAGE ", counted.deleted_bytes),
            StatusItem::AppendLimit => (
                "APPENDLIMIT ",
                u64::try_from(counted.append_limit).unwrap_or(u64::MAX),
            ),
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
