//! `GET /api/v1/sources/{source}/events?after=cursor`: what became of the documents, for sources that cannot be called back.
//! Waits for the first event, for a bounded time.

use super::problem::Problem;
use super::source::Caller;
use crate::app::App;
use crate::asked::Asked;
use crate::limits;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use tokio::time::Instant;

pub async fn after(
    State(app): State<App>,
    Caller(source): Caller,
    Asked(asked): Asked,
) -> Result<Response, Problem> {
    let after = asked.number("after").unwrap_or(0);
    let wait = asked
        .number("wait")
        .and_then(|secs| u64::try_from(secs).ok())
        .map_or(limits::LONG_POLL_MAX, Duration::from_secs)
        .min(limits::LONG_POLL_MAX);
    let ends = Instant::now() + wait;
    loop {
        let events = app
            .room
            .assignment_events(&source, after, limits::EVENT_ROWS_MAX)
            .await?;
        if !events.is_empty() || Instant::now() >= ends {
            let cursor = events.last().map_or(after, |(cursor, _)| *cursor);
            let events: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
            let answer = serde_json::json!({"events": events, "cursor": cursor});
            return Ok(Json(answer).into_response());
        }
        tokio::time::sleep(limits::LONG_POLL_STEP.min(ends - Instant::now())).await;
    }
}
