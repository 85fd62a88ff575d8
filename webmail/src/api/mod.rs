//! The HTTP API for document systems and for mail programs that configure themselves. One file per resource; answers are
//! JSON, refusals are problem+json with a Vietnamese text. (RFC 9457)

mod assignments;
mod autoconfig;
mod events;
mod problem;
mod source;

use crate::app::App;
use crate::limits;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};

pub fn routes() -> Router<App> {
    let one = put(assignments::put)
        .get(assignments::get)
        .delete(assignments::recall)
        .layer(DefaultBodyLimit::max(limits::ASSIGNMENT_BYTES_MAX));
    let batch = post(assignments::batch).layer(DefaultBodyLimit::max(limits::BATCH_BYTES_MAX));
    Router::new()
        .route("/api/v1/sources/{source}/assignments/{external_id}", one)
        .route("/api/v1/sources/{source}/assignments:batch", batch)
        .route("/api/v1/sources/{source}/events", get(events::after))
        .route("/api/{*rest}", axum::routing::any(problem::missing))
        .route(
            "/.well-known/autoconfig/mail/config-v1.1.xml",
            get(autoconfig::mozilla),
        )
        .route("/mail/config-v1.1.xml", get(autoconfig::mozilla))
        .route(
            "/autodiscover/autodiscover.xml",
            post(autoconfig::outlook).get(autoconfig::outlook),
        )
        .route(
            "/Autodiscover/Autodiscover.xml",
            post(autoconfig::outlook).get(autoconfig::outlook),
        )
}
