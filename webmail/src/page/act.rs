//! What is done with letters: delete, move, mark, take back. One at a time from the letter, many at a time from the list.

use crate::app::App;
use crate::fault::Fault;
use crate::form::place;
use crate::session::Posted;
use crate::shell::go;
use axum::extract::{Path, State};
use axum::response::Response;
use mailroom::Access;
use store::{AccountId, EmailId, EmailRow, FlagChange, MailboxId, Placed, Role, flag};

/// The words of `viec`, as forms send them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    To(Role, &'static str),
    Move,
    Undo,
    Unread,
    Flag,
    Unflag,
    DeleteForEver,
}

fn act(word: &str) -> Option<Act> {
    Some(match word {
        "xoa" => Act::To(Role::Trash, "xoa"),
        "luu-tru" => Act::To(Role::Archive, "luu-tru"),
        "rac" => Act::To(Role::Junk, "rac"),
        "khong-rac" => Act::To(Role::Inbox, "khong-rac"),
        "khoi-phuc" => Act::To(Role::Inbox, "chuyen"),
        "chuyen" => Act::Move,
        "hoan-tac" => Act::Undo,
        "chua-doc" => Act::Unread,
        "danh-dau" => Act::Flag,
        "bo-danh-dau" => Act::Unflag,
        "xoa-han" => Act::DeleteForEver,
        _ => return None,
    })
}

/// `POST /thu/{account}/{email}`
pub async fn one(
    State(app): State<App>,
    Path((account, email)): Path<(i64, i64)>,
    posted: Posted,
) -> Result<Response, Fault> {
    let access = app.room.open(posted.me.actor(), AccountId(account)).await?;
    let row = access.email(EmailId(email)).await?;
    let act = act(posted.fields.get("viec")).ok_or(Fault::Bad(String::new()))?;
    let from = row.mailbox;
    let back = list_of(&posted, account, from, &access).await?;
    let here = format!("/thu/{account}/{email}");
    let place = match act {
        Act::To(role, word) => {
            let to = access.mailbox_by_role(role).await?.id;
            let placed = move_one(&access, &row, to).await?;
            undo_place(&back, word, account, placed, from)
        }
        Act::Move => {
            let to = posted.fields.number("den").ok_or(Fault::NotFound)?;
            let placed = move_one(&access, &row, MailboxId(to)).await?;
            undo_place(&back, "chuyen", account, placed, from)
        }
        Act::Undo => {
            let to = posted.fields.number("den").ok_or(Fault::NotFound)?;
            move_one(&access, &row, MailboxId(to)).await?;
            let back = list_of(&posted, account, MailboxId(to), &access).await?;
            format!("{back}?tb=hoan-tac")
        }
        Act::Unread => {
            set(&access, &row, flag::SEEN, false).await?;
            format!("{back}?tb=chua-doc")
        }
        Act::Flag => {
            set(&access, &row, flag::FLAGGED, true).await?;
            format!("{here}?tb=danh-dau")
        }
        Act::Unflag => {
            set(&access, &row, flag::FLAGGED, false).await?;
            format!("{here}?tb=bo-danh-dau")
        }
        Act::DeleteForEver => {
            set(&access, &row, flag::DELETED, true).await?;
            access.expunge(row.mailbox, Some(&[row.uid])).await?;
            format!("{back}?tb=xoa-han")
        }
    };
    Ok(go(&place))
}

/// The list the letter was in.
async fn list_of(
    posted: &Posted,
    account: i64,
    mailbox: MailboxId,
    access: &Access,
) -> Result<String, Fault> {
    let back = place(posted.fields.get("ve"));
    if back != "/" && !back.contains('?') {
        return Ok(back.to_owned());
    }
    let inbox = access.mailbox_by_role(Role::Inbox).await?.id;
    let own = posted.me.actor().principal.0 == account;
    Ok(match own && mailbox == inbox {
        true => "/".to_owned(),
        false => format!("/hop-thu/{account}/{mailbox}"),
    })
}

fn undo_place(
    back: &str,
    word: &str,
    account: i64,
    placed: Option<Placed>,
    from: MailboxId,
) -> String {
    match placed {
        Some(placed) => format!("{back}?tb={word}&thu={account}.{}&ve={from}", placed.email),
        None => format!("{back}?tb={word}"),
    }
}

async fn move_one(access: &Access, row: &EmailRow, to: MailboxId) -> Result<Option<Placed>, Fault> {
    if to == row.mailbox {
        return Ok(None);
    }
    let moved = access.move_to(row.mailbox, &[row.uid], to).await?;
    Ok(moved.into_iter().next().map(|(_, placed)| placed))
}

async fn set(access: &Access, row: &EmailRow, flags: u32, on: bool) -> Result<(), Fault> {
    let keywords = Vec::new();
    let change = match on {
        true => FlagChange::Add { flags, keywords },
        false => FlagChange::Remove { flags, keywords },
    };
    access.flags(row.mailbox, &[row.uid], change, None).await?;
    Ok(())
}
