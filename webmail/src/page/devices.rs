//! "Thiết bị đang đăng nhập": devices that get notices, and signing out everywhere at once.

use crate::app::App;
use crate::fault::Fault;
use crate::page::sign_in;
use crate::session::{Posted, Signed};
use crate::shell::{self, Here, Shell};
use crate::time;
use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

#[derive(Template)]
#[template(path = "devices.html")]
struct Page {
    s: Shell,
    here: String,
    until: String,
    devices: Vec<(String, String)>,
}

pub async fn show(State(app): State<App>, me: Signed, head: HeaderMap) -> Result<Response, Fault> {
    let devices = app
        .room
        .subscriptions(me.actor())
        .await?
        .into_iter()
        .map(|(_, _, device, at)| (device, time::full(at)))
        .collect();
    let s = Shell::of(&app, &me, Here::More, me.lang.t("devices")).await;
    Ok(shell::html(&Page {
        s,
        here: sign_in::device(&head),
        until: time::full(me.session.expires_at),
        devices,
    }))
}

/// Signs out everywhere, here too.
pub async fn end_all(State(app): State<App>, posted: Posted) -> Result<Response, Fault> {
    app.room.sessions_end_all(posted.me.actor()).await?;
    Ok(sign_in::leave(&app, "/dang-nhap?tb=dang-xuat"))
}
