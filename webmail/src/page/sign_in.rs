//! "Đăng nhập" and "Đăng xuất". Says the same for a wrong name and a wrong password; the mailroom counts failures.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::form::{Fields, place};
use crate::guard;
use crate::lang::Lang;
use crate::session::{Posted, Signed, session_cookie};
use crate::shell::{self, Shell};
use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mailroom::signin::{Door, NoEntry};
use mailroom::{Actor, Error};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    s: Shell,
    name: String,
    hint: String,
    back: String,
    fault: String,
    /// Whom to call, or "".
    desk: String,
}

/// The empty page, as `/` shows it too: one round trip less on a slow link.
pub async fn page(app: &App, lang: Lang, asked: &Fields, back: &str) -> Response {
    let shell = Shell::signed_out(app, lang, lang.t("sign-in")).flash(Flash::of(asked, lang));
    let domain = domains(app).await.into_iter().next().unwrap_or_default();
    shell::html(&SignIn {
        s: shell,
        name: String::new(),
        hint: lang.tx("user-name-hint", domain),
        back: place(back).to_owned(),
        fault: String::new(),
        desk: app.config.help_desk.clone(),
    })
}

pub async fn show(
    State(app): State<App>,
    me: Option<Signed>,
    Asked(asked): Asked,
    head: HeaderMap,
) -> Response {
    let back = place(asked.get("ve")).to_owned();
    match me {
        Some(_) => shell::go(&back),
        None => page(&app, guard::lang_of(&head), &asked, &back).await,
    }
}

pub async fn post(
    State(app): State<App>,
    extensions: Extensions,
    head: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    let lang = guard::lang_of(&head);
    let ip = guard::peer(&extensions);
    app.sign_in_gate.take(ip)?;
    let fields = Fields::parse(&body);
    let name = fields.get("ten").trim();
    let back = place(fields.get("ve"));
    match try_names(&app, name, fields.get("mat-khau"), &ip.to_string()).await? {
        Ok(actor) => enter(&app, &actor, &head, back).await,
        Err(no) => {
            let mut answer = shell::html(&SignIn {
                s: Shell::signed_out(&app, lang, lang.t("sign-in")),
                name: name.to_owned(),
                hint: lang.tx(
                    "user-name-hint",
                    domains(&app).await.into_iter().next().unwrap_or_default(),
                ),
                back: back.to_owned(),
                fault: reason(lang, no),
                desk: app.config.help_desk.clone(),
            });
            *answer.status_mut() = match no {
                NoEntry::Later(_) => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::UNAUTHORIZED,
            };
            Ok(answer)
        }
    }
}

fn reason(lang: Lang, no: NoEntry) -> String {
    match no {
        NoEntry::Wrong | NoEntry::AppPasswordOnly => lang.t("sign-in-wrong"),
        NoEntry::Later(secs) => lang.tn("sign-in-later", secs.div_ceil(60).max(1)),
        NoEntry::Disabled => lang.t("sign-in-disabled"),
    }
}

/// A whole address as it is; a user name with each domain of ours until one is somebody's.
async fn try_names(
    app: &App,
    name: &str,
    secret: &str,
    ip: &str,
) -> Result<Result<Actor, NoEntry>, Fault> {
    let address = match name.contains('@') {
        true => name.to_owned(),
        false => {
            let mut found = None;
            let domains = domains(app).await;
            for domain in &domains {
                let address = format!("{name}@{domain}");
                if app.room.find_address(&address).await?.is_some() {
                    found = Some(address);
                    break;
                }
            }
            let first = domains.first().map_or("localhost", String::as_str);
            found.unwrap_or_else(|| format!("{name}@{first}"))
        }
    };
    Ok(app.room.sign_in(Door::Web, &address, secret, ip).await?)
}

async fn domains(app: &App) -> Vec<String> {
    if !app.config.default_domains.is_empty() {
        return app.config.default_domains.clone();
    }
    app.room.domains().await.unwrap_or_else(|cause| {
        tracing::warn!(%cause, "domains are not known");
        Vec::new()
    })
}

/// Starts the session and goes to the page asked for.
pub async fn enter(
    app: &App,
    actor: &Actor,
    head: &HeaderMap,
    back: &str,
) -> Result<Response, Fault> {
    let (token, session) = app.room.session_start(actor, &device(head)).await?;
    let secs = (session.expires_at - app.now()).max(60_000) / 1_000;
    let cookie = session_cookie(app, &token, secs)
        .ok_or_else(|| Error::Broken("session token does not fit a cookie".into()))?;
    let mut answer = shell::go(back);
    answer.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(answer)
}

/// "Chrome, Android": enough for a person to know the own devices again.
pub fn device(head: &HeaderMap) -> String {
    let agent = head
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let first = |rows: &[(&str, &str)]| {
        rows.iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, name)| (*name).to_owned())
    };
    let browser = first(&[
        ("coc_coc", "Cốc Cốc"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Edg", "Edge"),
        ("Firefox", "Firefox"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "Trình duyệt khác".to_owned(),
    }
}

/// Ends the session here; the browser forgets what it kept of our pages.
pub async fn out(State(app): State<App>, posted: Posted) -> Result<Response, Fault> {
    app.room.session_end(&posted.me.session).await?;
    Ok(leave(&app, "/dang-nhap?tb=dang-xuat"))
}

/// Removes the cookie and what was kept for reading offline.
pub fn leave(app: &App, place: &str) -> Response {
    let mut answer = shell::go(place).into_response();
    if let Some(cookie) = session_cookie(app, "", 0) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer.headers_mut().insert(
        header::HeaderName::from_static("clear-site-data"),
        header::HeaderValue::from_static("\"storage\""),
    );
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_known_again() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (Linux; Android 10; K) Chrome/156.0 Mobile Safari/537.36",
                "Chrome, Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) Safari/604.1",
                "Safari, iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537.36 Edg/120",
                "Edge, Windows",
            ),
            ("curl/8", "Trình duyệt khác"),
        ] {
            let mut head = HeaderMap::new();
            if let Ok(value) = agent.parse() {
                head.insert(header::USER_AGENT, value);
            }
            assert_eq!(device(&head), name);
        }
    }
}
