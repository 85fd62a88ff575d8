//! "Chuyển tiếp thư": where copies go, the code that an outside address was sent, turning it off; for the own mailbox and for
//! those one keeps. Works without scripts; decides nothing.

use super::answering::{kept, opened};
use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::lang::Lang;
use crate::session::{Posted, Signed};
use crate::shell::{self, Here, Shell, go};
use crate::time;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use mailroom::Access;
use mailroom::forwarding::ForwardFault;

#[derive(Template)]
#[template(path = "forwarding.html")]
struct Page {
    s: Shell,
    account: i64,
    address: String,
    others: Vec<(i64, String)>,
    /// Where copies go or wait to go; "" where nothing is set.
    target: String,
    /// Since when; "" while the code is awaited.
    since: String,
    /// After a recovery: until when nothing can be turned on; "" otherwise.
    locked: String,
    outside: bool,
    typed: String,
    fault: String,
}

pub async fn show(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let access = opened(&app, &me, &asked).await?;
    let flash = Flash::of(&asked, me.lang);
    page(&app, &me, &access, flash, (String::new(), String::new())).await
}

/// `(typed, fault)`: what was not taken, and why.
async fn page(
    app: &App,
    me: &Signed,
    access: &Access,
    flash: Option<Flash>,
    (typed, fault): (String, String),
) -> Result<Response, Fault> {
    let account = access.account().0;
    let set = access.forwarding().await?;
    let locked = access.forwarding_locked().await?;
    let (this, others): (Vec<_>, Vec<_>) = kept(app, me)
        .await?
        .into_iter()
        .partition(|(one, _)| *one == account);
    let s = Shell::of(app, me, Here::More, me.lang.t("forwarding"))
        .await
        .flash(flash);
    let bad = !fault.is_empty();
    let since = set.as_ref().and_then(|set| set.active_at);
    let mut answer = shell::html(&Page {
        s,
        account,
        address: this
            .into_iter()
            .next()
            .map_or_else(String::new, |one| one.1),
        others,
        since: since.map_or_else(String::new, time::full),
        target: set.map_or_else(String::new, |set| set.target),
        locked: locked.map_or_else(String::new, time::full),
        outside: app.room.policy().forward_outside,
        typed,
        fault,
    });
    if bad {
        *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(answer)
}

/// `POST /cai-dat/chuyen-tiep`: `viec` is dat (an address), ma (its code) or tat.
pub async fn save(State(app): State<App>, posted: Posted) -> Result<Response, Fault> {
    let (me, fields) = (&posted.me, &posted.fields);
    let access = opened(&app, me, fields).await?;
    let typed = fields.get("dia-chi").trim();
    let (done, word) = match fields.get("viec") {
        "dat" => (access.forwarding_set(typed).await?, "chuyen-tiep"),
        "ma" => (
            access.forwarding_confirm(fields.get("ma")).await?,
            "chuyen-tiep-bat",
        ),
        "tat" => {
            access.forwarding_end().await?;
            (Ok(()), "chuyen-tiep-tat")
        }
        _ => return Err(Fault::Bad(String::new())),
    };
    match done {
        Ok(()) => {
            let hop = access.account().0;
            Ok(go(&format!("/cai-dat/chuyen-tiep?hop={hop}&tb={word}")))
        }
        Err(fault) => {
            let fault = words_of(me.lang, fault);
            page(&app, me, &access, None, (typed.to_owned(), fault)).await
        }
    }
}

fn words_of(lang: Lang, fault: ForwardFault) -> String {
    lang.t(match fault {
        ForwardFault::NotAnAddress => "forward-not-an-address",
        ForwardFault::Itself => "forward-itself",
        ForwardFault::NobodyThere => "forward-nobody",
        ForwardFault::Outside => "forward-outside-off",
        ForwardFault::LockedUntil(until) => {
            return lang.tx("forward-locked", time::full(until));
        }
        ForwardFault::TooSoon => "forward-too-soon",
        ForwardFault::WrongCode => "forward-wrong-code",
    })
}
