//! The reader's own choice of coding for a letter, from its page: kept for the letter and for its sender.

use crate::app::App;
use crate::fault::Fault;
use crate::session::Posted;
use crate::shell::go;
use axum::extract::{Path, State};
use axum::response::Response;
use store::{AccountId, EmailId};
use viet::Coding;

/// `POST /thu/{account}/{email}/bang-ma`: a coding's short name, or nothing for what is found.
pub async fn choose(
    State(app): State<App>,
    Path((account, email)): Path<(i64, i64)>,
    posted: Posted,
) -> Result<Response, Fault> {
    let access = app.room.open(posted.me.actor(), AccountId(account)).await?;
    let choice = match posted.fields.get("bang-ma") {
        "" => None,
        name => {
            let coding: Option<Coding> = name.parse().ok();
            let offered = coding.filter(|coding| Coding::CHOICES.contains(coding));
            Some(offered.ok_or(Fault::Bad(String::new()))?)
        }
    };
    access.choose_coding(EmailId(email), choice).await?;
    Ok(go(&format!("/thu/{account}/{email}?tb=bang-ma")))
}
