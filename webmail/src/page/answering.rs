//! "Trả lời tự động khi vắng mặt": on or off, from which day to which, subject and text; for the own mailbox and for those
//! one keeps. Works without scripts; decides nothing.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::form::Fields;
use crate::lang::Lang;
use crate::session::{Posted, Signed};
use crate::shell::{self, Here, Shell, go};
use crate::time;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use mailroom::Access;
use mailroom::answering::{AnswerFault, AnswerWords};
use store::AccountId;

const DAY_MS: i64 = 86_400_000;

#[derive(Template)]
#[template(path = "answering.html")]
struct Page {
    s: Shell,
    account: i64,
    address: String,
    /// (account, its address) of the others one keeps.
    others: Vec<(i64, String)>,
    on: bool,
    from: String,
    until: String,
    subject: String,
    text: String,
    fault: String,
}

/// Mailboxes this person decides for, the own one first: (account, address).
pub(super) async fn kept(app: &App, me: &Signed) -> Result<Vec<(i64, String)>, Fault> {
    let all = app.room.accounts_of(me.actor()).await?;
    Ok(all
        .into_iter()
        .filter(|(.., rights)| rights.keep)
        .map(|(account, address, ..)| (account.0, address))
        .collect())
}

/// The mailbox asked for in `hop`, or the own one.
pub(super) async fn opened(app: &App, me: &Signed, fields: &Fields) -> Result<Access, Fault> {
    let account = fields
        .number("hop")
        .map_or_else(|| me.actor().principal.into(), AccountId);
    Ok(app.room.open(me.actor(), account).await?)
}

pub async fn show(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let access = opened(&app, &me, &asked).await?;
    let set = access.auto_answer().await?;
    let words = set.map_or_else(AnswerWords::default, |set| AnswerWords {
        is_on: set.is_on,
        from_at: set.from_at,
        until_at: set.until_at,
        subject: set.subject,
        text: set.text,
    });
    let form = Form {
        on: words.is_on,
        from: words.from_at.map_or_else(String::new, time::field_day),
        until: words
            .until_at
            .map_or_else(String::new, |until| time::field_day(until - DAY_MS)),
        subject: words.subject,
        text: words.text,
    };
    let flash = Flash::of(&asked, me.lang);
    page(&app, &me, &access, form, flash, String::new()).await
}

struct Form {
    on: bool,
    from: String,
    until: String,
    subject: String,
    text: String,
}

async fn page(
    app: &App,
    me: &Signed,
    access: &Access,
    form: Form,
    flash: Option<Flash>,
    fault: String,
) -> Result<Response, Fault> {
    let account = access.account().0;
    let (this, others): (Vec<_>, Vec<_>) = kept(app, me)
        .await?
        .into_iter()
        .partition(|(one, _)| *one == account);
    let s = Shell::of(app, me, Here::More, me.lang.t("answering"))
        .await
        .flash(flash);
    let bad = !fault.is_empty();
    let mut answer = shell::html(&Page {
        s,
        account,
        address: this
            .into_iter()
            .next()
            .map_or_else(String::new, |one| one.1),
        others,
        on: form.on,
        from: form.from,
        until: form.until,
        subject: form.subject,
        text: form.text,
        fault,
    });
    if bad {
        *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(answer)
}

/// `POST /cai-dat/tra-loi-tu-dong`
pub async fn save(State(app): State<App>, posted: Posted) -> Result<Response, Fault> {
    let (me, fields) = (&posted.me, &posted.fields);
    let access = opened(&app, me, fields).await?;
    let form = Form {
        on: fields.get("bat") == "1",
        from: fields.get("tu").trim().to_owned(),
        until: fields.get("den").trim().to_owned(),
        subject: fields.get("tieu-de").to_owned(),
        text: fields.get("noi-dung").replace("\r\n", "\n"),
    };
    let fault = match (day(&form.from), day(&form.until)) {
        (Ok(from_at), Ok(last)) => {
            let words = AnswerWords {
                is_on: form.on,
                from_at,
                until_at: last.map(|last| last + DAY_MS),
                subject: form.subject.clone(),
                text: form.text.clone(),
            };
            match access.auto_answer_set(words).await? {
                Ok(()) => {
                    let hop = access.account().0;
                    return Ok(go(&format!(
                        "/cai-dat/tra-loi-tu-dong?hop={hop}&tb=tra-loi"
                    )));
                }
                Err(fault) => words_of(me.lang, fault),
            }
        }
        _ => me.lang.t("answer-bad-day"),
    };
    page(&app, me, &access, form, None, fault).await
}

/// A date field: empty is no date.
fn day(written: &str) -> Result<Option<i64>, ()> {
    if written.is_empty() {
        return Ok(None);
    }
    time::day_start(written).map(Some).ok_or(())
}

fn words_of(lang: Lang, fault: AnswerFault) -> String {
    lang.t(match fault {
        AnswerFault::NoText => "answer-no-text",
        AnswerFault::TooLong => "answer-too-long",
        AnswerFault::Backwards => "answer-backwards",
        AnswerFault::Over => "answer-over",
    })
}
