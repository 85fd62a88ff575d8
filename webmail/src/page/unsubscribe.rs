//! "Ngừng nhận thư của danh sách": for members of our lists elsewhere, by the address in their copy, without signing in. Looking
//! changes nothing; the button does, and so does a mail provider's own (RFC 8058 §3.2).

use crate::app::App;
use crate::fault::Fault;
use crate::guard;
use crate::shell::{self, Shell};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct Page {
    s: Shell,
    token: String,
    list: String,
    member: String,
    done: bool,
}

pub async fn show(
    State(app): State<App>,
    Path(token): Path<String>,
    head: HeaderMap,
) -> Result<Response, Fault> {
    page(&app, &head, token, false).await
}

/// `POST /huy-dang-ky/{token}`, whatever the form says: the token is the proof.
pub async fn leave(
    State(app): State<App>,
    Path(token): Path<String>,
    head: HeaderMap,
) -> Result<Response, Fault> {
    page(&app, &head, token, true).await
}

async fn page(app: &App, head: &HeaderMap, token: String, done: bool) -> Result<Response, Fault> {
    let copy = app.room.list_copy(&token).await?.ok_or(Fault::NotFound)?;
    if done {
        app.room.leave_list(&copy).await?;
    }
    let lang = guard::lang_of(head);
    Ok(shell::html(&Page {
        s: Shell::signed_out(app, lang, lang.t("unsubscribe")),
        token,
        list: copy.list,
        member: copy.member,
        done,
    }))
}
