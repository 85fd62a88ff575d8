//! "Soạn thư": an empty letter, an answer, a forwarded letter, or a draft taken up again.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::{Flash, pair};
use crate::form::Fields;
use crate::letter;
use crate::session::Signed;
use crate::shell::{self, Here, Shell};
use crate::view::{address, answer};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use store::{AccountId, EmailId};

/// What the form holds. Everything a person typed stays in it until it is sent or saved.
#[derive(Clone, Debug, Default)]
pub struct Form {
    pub account: i64,
    pub to: String,
    pub cc: String,
    pub bcc: String,
    pub subject: String,
    pub text: String,
    pub urgency: u8,
    /// "account.email" or "".
    pub reply_to: String,
    pub forward_of: String,
    pub draft: String,
    pub kept: Vec<Kept>,
}

/// A file that is in a stored letter already: "account.email.part".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub id: String,
    pub name: String,
    pub size: String,
}

/// A question that stands above the form: what we found, and what sending now would mean.
#[derive(Clone, Debug, Default)]
pub struct Asks {
    /// Nothing was sent: the reason.
    pub fault: String,
    /// Recipients outside the province.
    pub outside: Vec<String>,
    /// Names that fit several people, or nobody.
    pub unclear: Vec<(String, Vec<String>)>,
}

#[derive(Template)]
#[template(path = "compose.html")]
struct Compose {
    s: Shell,
    f: Form,
    asks: Asks,
    senders: Vec<(i64, String)>,
    limit: String,
    urgencies: Vec<(u8, String)>,
    more: bool,
}

/// `GET /soan`
pub async fn show(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let form = start(&app, &me, &asked).await?;
    let flash = Flash::of(&asked, me.lang);
    page(&app, &me, form, Asks::default(), flash).await
}

/// The page with a form as it is now.
pub async fn page(
    app: &App,
    me: &Signed,
    form: Form,
    asks: Asks,
    flash: Option<Flash>,
) -> Result<Response, Fault> {
    let senders = app
        .room
        .accounts_of(me.actor())
        .await?
        .into_iter()
        .filter(|(.., rights)| rights.send_as)
        .map(|(id, address, name, _)| (id.0, address::written(&name, &address)))
        .collect();
    let title = match (form.reply_to.is_empty(), form.forward_of.is_empty()) {
        (false, _) => me.lang.t("reply"),
        (_, false) => me.lang.t("forward"),
        _ => me.lang.t("compose"),
    };
    let s = Shell::of(app, me, Here::Compose, title)
        .await
        .flash(flash)
        .module("compose.js");
    let urgencies = (0..)
        .zip(["urgency-0", "urgency-1", "urgency-2", "urgency-3"])
        .map(|(n, key)| (n, me.lang.t(key)))
        .collect();
    let more = !form.cc.is_empty() || !form.bcc.is_empty();
    Ok(shell::html(&Compose {
        limit: me.lang.bytes(app.config.upload_bytes_max as u64),
        s,
        f: form,
        asks,
        senders,
        urgencies,
        more,
    }))
}

async fn start(app: &App, me: &Signed, asked: &Fields) -> Result<Form, Fault> {
    let own = me.actor().principal.0;
    let sources = ["tra-loi", "tra-loi-tat-ca", "chuyen-tiep", "nhap", "lai"];
    for how in sources {
        if let Some((account, email)) = pair(asked.get(how)) {
            let mut form = from_letter(app, me, how, account, email).await?;
            if how == "lai" && asked.has("den") {
                form.to = asked.get("den").to_owned();
                (form.cc, form.bcc) = (String::new(), String::new());
            }
            return Ok(form);
        }
    }
    Ok(Form {
        account: asked.number("tu").unwrap_or(own),
        to: asked.get("den").to_owned(),
        subject: asked.get("trich-yeu").to_owned(),
        ..Form::default()
    })
}

async fn from_letter(
    app: &App,
    me: &Signed,
    how: &str,
    account: i64,
    email: i64,
) -> Result<Form, Fault> {
    let access = app.room.open(me.actor(), AccountId(account)).await?;
    let opened = letter::open(&access, EmailId(email)).await?;
    let (row, letter) = (&opened.row, &opened.letter);
    let thing = format!("{account}.{email}");
    let kept = || {
        letter
            .attachments
            .iter()
            .map(|file| Kept {
                id: format!("{thing}.{}", file.part),
                name: file.name.clone(),
                size: me.lang.bytes(file.size as u64),
            })
            .collect()
    };
    let mut form = Form {
        account,
        ..Form::default()
    };
    match how {
        "tra-loi" | "tra-loi-tat-ca" => {
            let own = own_addresses(app, me).await?;
            (form.to, form.cc) = answer::recipients(letter, &own, how == "tra-loi-tat-ca");
            form.subject = answer::reply_subject(&letter.subject);
            form.text = answer::quoted(me.lang, letter, row.received_at);
            form.reply_to = thing;
        }
        "chuyen-tiep" => {
            form.subject = answer::forward_subject(&letter.subject);
            form.text = answer::forwarded(me.lang, letter, row.received_at);
            form.kept = kept();
            form.forward_of = thing;
        }
        _ => {
            let list = |people: &[mailroom::letter::Mailbox]| {
                let all: Vec<_> = people
                    .iter()
                    .map(|m| address::written(&m.name, &m.address))
                    .collect();
                all.join(", ")
            };
            form.to = list(&letter.to);
            form.cc = list(&letter.cc);
            form.bcc = list(&letter.bcc);
            form.subject = letter.subject.clone();
            form.text = letter.text.clone();
            form.urgency = row.urgency;
            form.kept = kept();
            if how == "nhap" {
                form.draft = thing;
            }
        }
    }
    Ok(form)
}

async fn own_addresses(app: &App, me: &Signed) -> Result<Vec<String>, Fault> {
    let accounts = app.room.accounts_of(me.actor()).await?;
    Ok(accounts
        .into_iter()
        .map(|(_, address, ..)| address)
        .collect())
}
