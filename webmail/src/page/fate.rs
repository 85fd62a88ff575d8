//! "Trạng thái gửi": what became of a sent letter at each recipient, in plain words.

use crate::app::App;
use crate::fault::Fault;
use crate::lang::Lang;
use crate::session::Signed;
use crate::shell::{self, Here, Shell};
use crate::time;
use crate::view::wait;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use store::{AccountId, EmailId, QueueRow};

#[derive(Template)]
#[template(path = "fate.html")]
struct FatePage {
    s: Shell,
    back: String,
    thing: String,
    subject: String,
    lines: Vec<Line>,
}

struct Line {
    who: String,
    words: String,
    class: &'static str,
    at: String,
    said: String,
    resend: bool,
    query: String,
}

pub async fn show(
    State(app): State<App>,
    me: Signed,
    Path((account, email)): Path<(i64, i64)>,
) -> Result<Response, Fault> {
    let access = app.room.open(me.actor(), AccountId(account)).await?;
    let row = access.email(EmailId(email)).await?;
    let fate = access.fate(EmailId(email)).await?;
    let waiting = access.waiting(EmailId(email)).await?;
    let now = app.now();
    let lines = fate
        .into_iter()
        .map(
            |(who, state, at, said)| match waiting.iter().find(|one| one.row.recipient == who) {
                Some(one) => still_waiting(me.lang, now, one),
                None => line(me.lang, who, &state, at, said),
            },
        )
        .collect();
    let s = Shell::of(&app, &me, Here::Mail, me.lang.t("delivery-status")).await;
    Ok(shell::html(&FatePage {
        s,
        back: format!("/thu/{account}/{email}"),
        thing: format!("{account}.{email}"),
        subject: row.subject,
        lines,
    }))
}

/// "Gmail yêu cầu chờ, sẽ gửi lại lúc 09:40", and the other server's own words.
fn still_waiting(lang: Lang, now: i64, one: &QueueRow) -> Line {
    Line {
        query: crate::form::query(&one.row.recipient),
        who: one.row.recipient.clone(),
        words: wait::of_row(lang, now, one),
        class: "wait",
        at: String::new(),
        said: one.row.last_text.clone().unwrap_or_default(),
        resend: false,
    }
}

/// The store's words for a recipient's state, as people say them.
fn line(lang: Lang, who: String, state: &str, at: i64, said: String) -> Line {
    let (key, class) = match state {
        "delivered" | "local" => ("fate-delivered", "good"),
        "junk" => ("fate-junk", "wait"),
        "sent" | "relayed" | "accepted" => ("fate-accepted", "good"),
        "queued" | "waiting" | "due" => ("fate-queued", "wait"),
        "sending" | "leased" | "active" => ("fate-sending", "wait"),
        "later" | "deferred" => ("fate-deferred", "wait"),
        "never" | "failed" | "bounced" | "expired" => ("fate-bounced", "bad"),
        "dropped" => ("trace-dropped", "bad"),
        "held" => ("wait-held", "wait"),
        "refused" | "rejected" => ("fate-rejected", "bad"),
        "read" | "seen" => ("fate-read", "good"),
        _ => ("fate-unknown", "wait"),
    };
    Line {
        query: crate::form::query(&who),
        who,
        words: lang.t(key),
        class,
        at: if at > 0 {
            time::full(at)
        } else {
            String::new()
        },
        said: if class == "good" { String::new() } else { said },
        resend: class == "bad",
    }
}
