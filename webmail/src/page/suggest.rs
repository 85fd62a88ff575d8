//! Proposals for the address fields, as JSON for the script; without it, names are looked up when the letter is sent.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::limits;
use crate::session::Signed;
use crate::view::address;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

pub async fn json(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let typed: String = asked
        .get("q")
        .chars()
        .take(limits::SEARCH_CHARS_MAX)
        .collect();
    let found = match typed.trim() {
        "" => Vec::new(),
        typed => {
            app.room
                .suggest(me.actor(), typed, limits::SUGGEST_ROWS)
                .await?
        }
    };
    let list: Vec<String> = found
        .iter()
        .map(|(name, address)| address::written(name, address))
        .collect();
    Ok(Json(list).into_response())
}
