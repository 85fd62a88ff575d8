//! "Hộp thư": every account and mailbox of this person, with counts.

use crate::app::App;
use crate::fault::Fault;
use crate::page::list::{self, AccountMenu};
use crate::session::Signed;
use crate::shell::{self, Here, Shell};
use askama::Template;
use axum::extract::State;
use axum::response::Response;

#[derive(Template)]
#[template(path = "folders.html")]
struct Folders {
    s: Shell,
    accounts: Vec<AccountMenu>,
}

pub async fn show(State(app): State<App>, me: Signed) -> Result<Response, Fault> {
    let accounts = list::accounts(&app, &me, None, None).await?;
    let s = Shell::of(&app, &me, Here::Mail, me.lang.t("mailboxes")).await;
    Ok(shell::html(&Folders { s, accounts }))
}
