//! A forgotten account: whom to call, and the slip that the unit's administrator hands over. Never tells whether an account
//! exists; a slip is looked at without being used, and used once.

use crate::app::App;
use crate::fault::Fault;
use crate::form::Fields;
use crate::guard;
use crate::lang::Lang;
use crate::page::sign_in;
use crate::session::Signed;
use crate::shell::{self, Shell, go};
use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::Response;
use mailroom::recover::SlipFault;
use mailroom::signin::PasswordFault;

#[derive(Template)]
#[template(path = "forgot.html")]
struct Forgot {
    s: Shell,
    desk: String,
    helper: Option<(String, String, String)>,
}

#[derive(Template)]
#[template(path = "slip_code.html")]
struct TypeCode {
    s: Shell,
    fault: String,
}

#[derive(Template)]
#[template(path = "slip_use.html")]
struct UseSlip {
    s: Shell,
    code: String,
    name: String,
    address: String,
    fault: String,
}

/// `GET /quen-mat-khau`
pub async fn forgot(
    State(app): State<App>,
    me: Option<Signed>,
    head: HeaderMap,
) -> Result<Response, Fault> {
    let lang = guard::lang_of(&head);
    // Who is signed in gets the unit's own administrator; nobody else is told anything about anybody.
    let helper = match &me {
        Some(me) => app.room.helper_of(me.actor().principal).await?,
        None => None,
    };
    Ok(shell::html(&Forgot {
        s: Shell::signed_out(&app, lang, lang.t("forgot")),
        desk: app.config.help_desk.clone(),
        helper,
    }))
}

/// `GET /khoi-phuc`: for a code read from paper.
pub async fn type_code(State(app): State<App>, head: HeaderMap) -> Response {
    let lang = guard::lang_of(&head);
    shell::html(&TypeCode {
        s: Shell::signed_out(&app, lang, lang.t("have-code")),
        fault: String::new(),
    })
}

/// `POST /khoi-phuc`: the typed code leads to its own page; wrong ones are told there, counted and all alike.
pub async fn typed(
    State(app): State<App>,
    extensions: Extensions,
    body: Bytes,
) -> Result<Response, Fault> {
    app.slip_gate.take(guard::peer(&extensions))?;
    let fields = Fields::parse(&body);
    let code: String = fields
        .get("ma")
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .take(100)
        .collect();
    match code.is_empty() {
        true => Ok(go("/khoi-phuc")),
        false => Ok(go(&format!("/khoi-phuc/{code}"))),
    }
}

/// `GET /khoi-phuc/{code}`
pub async fn show(
    State(app): State<App>,
    Path(code): Path<String>,
    extensions: Extensions,
    head: HeaderMap,
) -> Result<Response, Fault> {
    let ip = guard::peer(&extensions);
    app.slip_gate.take(ip)?;
    let lang = guard::lang_of(&head);
    match app.room.slip_open(&code, &ip.to_string()).await? {
        Ok(holder) => Ok(shell::html(&UseSlip {
            s: Shell::signed_out(&app, lang, lang.t("new-password")),
            code,
            name: holder.name,
            address: holder.address,
            fault: String::new(),
        })),
        Err(fault) => Ok(not_valid(&app, lang, fault)),
    }
}

fn not_valid(app: &App, lang: Lang, fault: SlipFault) -> Response {
    let key = match fault {
        SlipFault::NotValid => "slip-not-valid",
        SlipFault::NotApproved => "slip-not-approved",
    };
    let mut answer = shell::html(&TypeCode {
        s: Shell::signed_out(app, lang, lang.t("have-code")),
        fault: lang.t(key),
    });
    *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    answer
}

/// `POST /khoi-phuc/{code}`: the new passphrase; the person is signed in at once.
pub async fn post(
    State(app): State<App>,
    Path(code): Path<String>,
    extensions: Extensions,
    head: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    let ip = guard::peer(&extensions);
    app.slip_gate.take(ip)?;
    let lang = guard::lang_of(&head);
    let fields = Fields::parse(&body);
    let (first, second) = (fields.get("mat-khau"), fields.get("lai"));
    if first != second {
        return again(
            &app,
            lang,
            code,
            &ip.to_string(),
            lang.t("passwords-differ"),
        )
        .await;
    }
    match app.room.slip_use(&code, first, &ip.to_string()).await? {
        Ok(Ok(actor)) => sign_in::enter(&app, &actor, &head, "/?tb=khoi-phuc").await,
        Ok(Err(fault)) => {
            again(
                &app,
                lang,
                code,
                &ip.to_string(),
                password_fault(lang, fault),
            )
            .await
        }
        Err(fault) => Ok(not_valid(&app, lang, fault)),
    }
}

async fn again(
    app: &App,
    lang: Lang,
    code: String,
    ip: &str,
    fault: String,
) -> Result<Response, Fault> {
    match app.room.slip_open(&code, ip).await? {
        Ok(holder) => {
            let mut answer = shell::html(&UseSlip {
                s: Shell::signed_out(app, lang, lang.t("new-password")),
                code,
                name: holder.name,
                address: holder.address,
                fault,
            });
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
        Err(fault) => Ok(not_valid(app, lang, fault)),
    }
}

/// Why a passphrase is not taken, as a person can act on it.
pub fn password_fault(lang: Lang, fault: PasswordFault) -> String {
    lang.t(match fault {
        PasswordFault::WrongOld => "password-wrong-old",
        PasswordFault::TooShort => "password-too-short",
        PasswordFault::TooCommon => "password-too-common",
        PasswordFault::HoldsName => "password-holds-name",
    })
}
