//! "Mật khẩu ứng dụng": one for each mail program, told once, taken back one by one.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::session::{Posted, Signed};
use crate::shell::{self, Here, Shell, go};
use crate::time;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use store::CredentialId;

#[derive(Template)]
#[template(path = "programs.html")]
struct Page {
    s: Shell,
    /// Told once, right after it was made.
    secret: String,
    address: String,
    host: String,
    imaps: u16,
    submissions: u16,
    rows: Vec<(i64, String, String, String)>,
}

/// Characters of a program's name.
const NAME_CHARS_MAX: usize = 60;

async fn page(
    app: &App,
    me: &Signed,
    secret: String,
    flash: Option<Flash>,
) -> Result<Response, Fault> {
    let rows = app
        .room
        .app_passwords(me.actor())
        .await?
        .into_iter()
        .map(|(id, name, made, used)| {
            (
                id.0,
                name,
                time::full(made),
                used.map_or_else(String::new, time::full),
            )
        })
        .collect();
    let s = Shell::of(app, me, Here::More, me.lang.t("programs"))
        .await
        .flash(flash);
    Ok(shell::html(&Page {
        s,
        secret,
        address: me.actor().address.clone(),
        host: app.config.clients.host.clone(),
        imaps: app.config.clients.imaps_port,
        submissions: app.config.clients.submissions_port,
        rows,
    }))
}

pub async fn show(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let flash = Flash::of(&asked, me.lang);
    page(&app, &me, String::new(), flash).await
}

pub async fn add(State(app): State<App>, posted: Posted) -> Result<Response, Fault> {
    let name: String = posted
        .fields
        .get("ten")
        .trim()
        .chars()
        .take(NAME_CHARS_MAX)
        .collect();
    let name = if name.is_empty() {
        posted.me.lang.t("program-unnamed")
    } else {
        name
    };
    let secret = app.room.app_password_add(posted.me.actor(), &name).await?;
    page(&app, &posted.me, secret, None).await
}

pub async fn revoke(
    State(app): State<App>,
    Path(id): Path<i64>,
    posted: Posted,
) -> Result<Response, Fault> {
    app.room
        .app_password_revoke(posted.me.actor(), CredentialId(id))
        .await?;
    Ok(go("/cai-dat/ung-dung?tb=thu-hoi-ma"))
}
