//! "Thông báo": this device takes notices or not, the list of devices that do, and "Gửi thử". Subscribing needs the
//! browser's push service and therefore the script; the page says so where there is none.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::page::sign_in;
use crate::session::{Posted, Signed};
use crate::shell::{self, Here, Shell};
use crate::time;
use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use mailroom::device::NewSubscription;
use mailroom::lock_screen::LockScreen;

#[derive(Template)]
#[template(path = "notify.html")]
struct Page {
    s: Shell,
    key: String,
    can_test: bool,
    /// Whether the province lets people choose what the lock screen shows.
    may_choose: bool,
    names_senders: bool,
    devices: Vec<Device>,
}

struct Device {
    endpoint: String,
    name: String,
    since: String,
}

pub async fn show(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let choice = app.room.lock_screen(me.actor()).await?;
    let devices = app
        .room
        .subscriptions(me.actor())
        .await?
        .into_iter()
        .map(|(_, endpoint, name, at)| Device {
            endpoint,
            name,
            since: time::full(at),
        })
        .collect();
    let s = Shell::of(&app, &me, Here::More, me.lang.t("notifications"))
        .await
        .module("notify.js")
        .flash(Flash::of(&asked, me.lang));
    Ok(shell::html(&Page {
        s,
        key: app.config.vapid_public_key.clone(),
        can_test: app.config.test_push.is_some(),
        may_choose: choice.is_some(),
        names_senders: choice == Some(LockScreen::Senders),
        devices,
    }))
}

/// `POST /thong-bao/dang-ky`: endpoint and keys as the browser gave them.
pub async fn subscribe(
    State(app): State<App>,
    head: HeaderMap,
    posted: Posted,
) -> Result<Response, Fault> {
    let fields = &posted.fields;
    app.room
        .subscribe(
            posted.me.actor(),
            NewSubscription {
                endpoint: fields.get("endpoint").to_owned(),
                p256dh: fields.get("p256dh").to_owned(),
                auth: fields.get("auth").to_owned(),
                device: sign_in::device(&head),
                session_key: posted.me.session.key.clone(),
            },
        )
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /thong-bao/huy`: by the script (204) or by the form in the list of devices (back to the page).
pub async fn unsubscribe(State(app): State<App>, posted: Posted) -> Result<Response, Fault> {
    app.room
        .unsubscribe(posted.me.actor(), posted.fields.get("endpoint"))
        .await?;
    Ok(match posted.fields.has("csrf") {
        true => shell::go("/cai-dat/thong-bao"),
        false => StatusCode::NO_CONTENT.into_response(),
    })
}

/// `POST /thong-bao/man-hinh-khoa`: what the lock screen shows, for all of the person's devices.
pub async fn lock_screen(State(app): State<App>, posted: Posted) -> Result<Response, Fault> {
    let choice = match posted.fields.get("hien") {
        "so-luong" => LockScreen::Count,
        "nguoi-gui" => LockScreen::Senders,
        _ => return Err(Fault::Bad(String::new())),
    };
    app.room.lock_screen_set(posted.me.actor(), choice).await?;
    Ok(shell::go("/cai-dat/thong-bao?tb=man-hinh-khoa"))
}

/// `POST /thong-bao/thu`
pub async fn test(State(app): State<App>, posted: Posted) -> Result<Response, Fault> {
    let hook = app.config.test_push.clone().ok_or(Fault::NotFound)?;
    match hook(posted.me.actor().clone()).await {
        Ok(devices) => Ok(Json(serde_json::json!({
            "loi": posted.me.lang.tn("test-sent", i64::try_from(devices).unwrap_or(0))
        }))
        .into_response()),
        Err(cause) => {
            tracing::warn!(%cause, "test push failed");
            Err(Fault::Later)
        }
    }
}
