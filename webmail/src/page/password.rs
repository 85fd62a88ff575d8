//! "Đổi mật khẩu": the old one, the new one twice. Other devices are signed out by the mailroom.

use crate::app::App;
use crate::fault::Fault;
use crate::page::recover::password_fault;
use crate::session::{Posted, Signed};
use crate::shell::{self, Here, Shell, go};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

#[derive(Template)]
#[template(path = "password.html")]
struct Page {
    s: Shell,
    address: String,
    fault: String,
}

async fn page(app: &App, me: &Signed, fault: String) -> Response {
    let s = Shell::of(app, me, Here::More, me.lang.t("change-password")).await;
    let bad = !fault.is_empty();
    let mut answer = shell::html(&Page {
        s,
        address: me.actor().address.clone(),
        fault,
    });
    if bad {
        *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    answer
}

pub async fn show(State(app): State<App>, me: Signed) -> Response {
    page(&app, &me, String::new()).await
}

pub async fn post(State(app): State<App>, posted: Posted) -> Result<Response, Fault> {
    app.sign_in_gate.take(posted.me.ip)?;
    let fields = &posted.fields;
    let lang = posted.me.lang;
    if fields.get("mat-khau") != fields.get("lai") {
        return Ok(page(&app, &posted.me, lang.t("passwords-differ")).await);
    }
    let changed = app
        .room
        .password_change(posted.me.actor(), fields.get("cu"), fields.get("mat-khau"))
        .await?;
    match changed {
        Ok(()) => Ok(go("/them?tb=mat-khau")),
        Err(fault) => Ok(page(&app, &posted.me, password_fault(lang, fault)).await),
    }
}
