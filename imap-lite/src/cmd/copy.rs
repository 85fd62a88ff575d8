//! COPY and MOVE: one commit within an account; between accounts each message is stored there before it is removed here.
//! (RFC 9051 §6.4.7, §6.4.8, RFC 4315)

use crate::error::Error;
use crate::proto::{Transfer, sequence};
use crate::reply::Reply;
use crate::session::Session;
use mailroom::mail::Append;
use mailroom::{Access, Denied};
use store::{IndexRow, MailboxId, Placed};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    Copy,
    Move,
}

pub async fn run(session: &mut Session, transfer: Transfer, how: How) -> Result<Reply, Error> {
    let selected = session.selected()?;
    if how == How::Move && selected.view.read_only {
        return Ok(Reply::no("READ-ONLY", "Opened for reading"));
    }
    let found = selected.owner.find(selected.room, &transfer.mailbox).await;
    let found = match found {
        Err(Error::Room(mailroom::Error::Missing)) => return Ok(try_create()),
        found => found?,
    };
    let target = match found.access.mailbox(&found.inner).await {
        Err(mailroom::Error::Missing | mailroom::Error::Denied(Denied::NotYours)) => {
            return Ok(try_create());
        }
        mailbox => mailbox?.id,
    };
    let view = &selected.view;
    let rows: Vec<IndexRow> = view
        .rows(&view.places(transfer.uid, &transfer.set)?)
        .into_iter()
        .map(|(_, row)| row)
        .collect();
    if rows.is_empty() {
        return Ok(Reply::ok("Nothing to do"));
    }
    let placed = if found.access.account() == view.access.account() {
        let uids: Vec<u32> = rows.iter().map(|row| row.uid).collect();
        match how {
            How::Copy => view.access.copy(view.mailbox(), &uids, target).await?,
            How::Move => view.access.move_to(view.mailbox(), &uids, target).await?,
        }
    } else {
        across(
            &view.access,
            view.mailbox(),
            &rows,
            &found.access,
            target,
            how,
        )
        .await?
    };
    let code = copy_uid(&placed);
    if how == How::Move && !code.is_empty() {
        // Before the EXPUNGEs (RFC 9051 §6.4.8).
        selected
            .wire
            .out
            .extend_from_slice(format!("* OK [{code}] Moved\r\n").as_bytes());
        return Ok(Reply::ok("Done"));
    }
    Ok(Reply::ok_with(code, "Done"))
}

fn try_create() -> Reply {
    Reply::no("TRYCREATE", "No such mailbox")
}

/// Another account: appended there, and for MOVE removed here once all are stored.
async fn across(
    here: &Access,
    source: MailboxId,
    rows: &[IndexRow],
    there: &Access,
    target: MailboxId,
    how: How,
) -> Result<Vec<(u32, Placed)>, Error> {
    let mut placed = Vec::with_capacity(rows.len());
    for row in rows {
        let append = Append {
            raw: here.body(source, row.uid).await?,
            flags: row.flags,
            keywords: row
                .keywords
                .iter()
                .map(|keyword| keyword.to_string())
                .collect(),
            received_at: Some(row.received_at),
        };
        placed.push((row.uid, there.append(target, append).await?));
    }
    if how == How::Move {
        let uids: Vec<u32> = rows.iter().map(|row| row.uid).collect();
        let deleted = store::FlagChange::Add {
            flags: store::flag::DELETED,
            keywords: Vec::new(),
        };
        here.flags(source, &uids, deleted, None).await?;
        here.expunge(source, Some(&uids)).await?;
    }
    Ok(placed)
}

/// "COPYUID validity from to"; empty where nothing was copied.
fn copy_uid(placed: &[(u32, Placed)]) -> String {
    let Some((_, first)) = placed.first() else {
        return String::new();
    };
    let mut code = format!("COPYUID {} ", first.uid_validity).into_bytes();
    let from: Vec<u32> = placed.iter().map(|(uid, _)| *uid).collect();
    let to: Vec<u32> = placed.iter().map(|(_, placed)| placed.uid).collect();
    sequence::write_in_order(&mut code, &from);
    code.push(b' ');
    sequence::write_in_order(&mut code, &to);
    String::from_utf8_lossy(&code).into_owned()
}
