//! "Thư bị cách ly": letters that may do harm, by sender, subject and reason. Nothing of them can be opened here; the owner
//! takes one into the Inbox or removes it.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::lang::Lang;
use crate::session::{Posted, Signed};
use crate::shell::{self, Here, Shell, go};
use crate::time;
use crate::view::names;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use mailroom::Error;
use store::{AccountId, QuarantineId, Quarantined};

#[derive(Template)]
#[template(path = "quarantine.html")]
struct Page {
    s: Shell,
    account: i64,
    may_write: bool,
    rows: Vec<Line>,
    older: String,
}

struct Line {
    id: i64,
    sender: String,
    address: String,
    subject: String,
    preview: String,
    why: String,
    time: String,
}

/// `GET /cach-ly/{account}`
pub async fn show(
    State(app): State<App>,
    me: Signed,
    Path(account): Path<i64>,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let access = app.room.open(me.actor(), AccountId(account)).await?;
    let before = asked.number("truoc").map(QuarantineId);
    let found = access.quarantine(before).await?;
    let older = match found.last() {
        Some(last) if found.len() == mailroom::limits::QUARANTINE_ROWS => {
            format!("/cach-ly/{account}?truoc={}", last.id)
        }
        _ => String::new(),
    };
    let s = Shell::of(&app, &me, Here::Mail, me.lang.t("quarantine"))
        .await
        .flash(Flash::of(&asked, me.lang));
    Ok(shell::html(&Page {
        s,
        account,
        may_write: access.rights().write,
        rows: found.into_iter().map(|one| line(me.lang, one)).collect(),
        older,
    }))
}

fn line(lang: Lang, one: Quarantined) -> Line {
    let sender = names::person(lang, &one.from_name, &one.from_address);
    let why = match one.reason.rsplit_once("an attached program: ") {
        Some((_, name)) => lang.tx("quarantine-program", name),
        None => lang.t("quarantine-engine"),
    };
    Line {
        id: one.id.0,
        address: match sender == one.from_address {
            true => String::new(),
            false => one.from_address,
        },
        sender,
        subject: match one.subject.trim() {
            "" => lang.t("no-subject"),
            text => text.to_owned(),
        },
        preview: one.preview,
        why,
        time: time::full(one.received_at),
    }
}

/// `POST /cach-ly/{account}`: `lay` or `xoa` of the letter `thu`. Ended already by somebody else: what was asked for holds.
pub async fn act(
    State(app): State<App>,
    Path(account): Path<i64>,
    posted: Posted,
) -> Result<Response, Fault> {
    let access = app.room.open(posted.me.actor(), AccountId(account)).await?;
    let id = QuarantineId(posted.fields.number("thu").ok_or(Fault::NotFound)?);
    let (done, word) = match posted.fields.get("viec") {
        "lay" => (access.quarantine_release(id).await, "cl-lay"),
        "xoa" => (access.quarantine_remove(id).await, "cl-xoa"),
        _ => return Err(Fault::Bad(String::new())),
    };
    match done {
        Ok(()) | Err(Error::Missing) => Ok(go(&format!("/cach-ly/{account}?tb={word}"))),
        Err(cause) => Err(cause.into()),
    }
}
