//! "Thiết bị đang đăng nhập": where the person is signed in, ending one of these or all, and devices that get notices.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::page::sign_in;
use crate::session::{Posted, Signed};
use crate::shell::{self, Here, Shell, go};
use crate::time;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use mailroom::{Denied, Error};

#[derive(Template)]
#[template(path = "devices.html")]
struct Page {
    s: Shell,
    here: String,
    until: String,
    /// Other sessions than this one.
    sessions: Vec<Line>,
    devices: Vec<(String, String)>,
}

struct Line {
    key: String,
    device: String,
    ip: String,
    since: String,
    used: String,
}

pub async fn show(
    State(app): State<App>,
    me: Signed,
    head: HeaderMap,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let sessions = app.room.sessions(me.actor()).await?;
    let sessions = sessions
        .into_iter()
        .filter(|one| one.key != me.session.key)
        .map(|one| Line {
            key: one.key,
            device: one.device,
            ip: one.ip,
            since: time::full(one.created_at),
            used: time::full(one.last_seen_at),
        })
        .collect();
    let devices = app
        .room
        .subscriptions(me.actor())
        .await?
        .into_iter()
        .map(|(_, _, device, at)| (device, time::full(at)))
        .collect();
    let s = Shell::of(&app, &me, Here::More, me.lang.t("devices"))
        .await
        .flash(Flash::of(&asked, me.lang));
    Ok(shell::html(&Page {
        s,
        here: sign_in::device(&head),
        until: time::full(me.session.expires_at),
        sessions,
        devices,
    }))
}

/// Signs out one of the other devices. Ended already: what was asked for holds.
pub async fn end_one(
    State(app): State<App>,
    Path(key): Path<String>,
    posted: Posted,
) -> Result<Response, Fault> {
    match app.room.session_end_one(posted.me.actor(), &key).await {
        Ok(()) | Err(Error::Denied(Denied::NotYours)) => {}
        Err(cause) => return Err(cause.into()),
    }
    Ok(go("/cai-dat/thiet-bi?tb=het-phien-khac"))
}

/// Signs out everywhere, here too.
pub async fn end_all(State(app): State<App>, posted: Posted) -> Result<Response, Fault> {
    app.room.sessions_end_all(posted.me.actor()).await?;
    Ok(sign_in::leave(&app, "/dang-nhap?tb=dang-xuat"))
}
