//! "Thêm": settings, help, administration, language, sign out. The same helper's phone in the same place for everybody.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::form::place;
use crate::lang::Lang;
use crate::session::{Posted, Signed};
use crate::shell::{self, Here, Shell, go};
use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::Response;

#[derive(Template)]
#[template(path = "more.html")]
struct More {
    s: Shell,
    name: String,
    address: String,
    account: i64,
    /// Letters in quarantine.
    kept_apart: u64,
    admin: bool,
    quota: String,
    nearly_full: bool,
    helper: Option<(String, String, String)>,
    desk: String,
}

#[derive(Template)]
#[template(path = "help.html")]
struct Help {
    s: Shell,
    helper: Option<(String, String, String)>,
    desk: String,
    host: String,
    imaps: u16,
    submissions: u16,
    address: String,
}

pub async fn show(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let admin = !app.room.administers(me.actor()).await?.is_empty();
    let helper = app.room.helper_of(me.actor().principal).await?;
    let access = app
        .room
        .open(me.actor(), me.actor().principal.into())
        .await?;
    let (used, limit) = access.quota().await?;
    let quota = me.lang.txy(
        "quota",
        me.lang.bytes(u64::try_from(used).unwrap_or(0)),
        me.lang.bytes(u64::try_from(limit).unwrap_or(0)),
    );
    let s = Shell::of(&app, &me, Here::More, me.lang.t("nav-more"))
        .await
        .flash(Flash::of(&asked, me.lang));
    Ok(shell::html(&More {
        s,
        name: me.actor().name.clone(),
        address: me.actor().address.clone(),
        account: me.actor().principal.0,
        kept_apart: access.quarantine_count().await?,
        admin,
        quota,
        nearly_full: limit > 0 && used / 8 >= limit / 10,
        helper,
        desk: app.config.help_desk.clone(),
    }))
}

pub async fn help(State(app): State<App>, me: Signed) -> Result<Response, Fault> {
    let helper = app.room.helper_of(me.actor().principal).await?;
    let s = Shell::of(&app, &me, Here::More, me.lang.t("help")).await;
    Ok(shell::html(&Help {
        s,
        helper,
        desk: app.config.help_desk.clone(),
        host: app.config.clients.host.clone(),
        imaps: app.config.clients.imaps_port,
        submissions: app.config.clients.submissions_port,
        address: me.actor().address.clone(),
    }))
}

/// `POST /ngon-ngu`
pub async fn language(State(app): State<App>, posted: Posted) -> Result<Response, Fault> {
    let lang = Lang::parse(posted.fields.get("ma")).ok_or(Fault::Bad(String::new()))?;
    let back = place(posted.fields.get("ve"));
    let back = if back == "/" { "/them" } else { back };
    let mut answer = go(&format!("{back}?tb=ngon-ngu"));
    let secure = if app.config.tls { "; Secure" } else { "" };
    let cookie = format!(
        "ngon-ngu={}; Path=/; SameSite=Lax; HttpOnly; Max-Age=31536000{secure}",
        lang.code()
    );
    if let Ok(cookie) = cookie.parse() {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}
