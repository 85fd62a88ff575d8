//! The admin listener: `/healthz` for monitors and `/metrics` for Prometheus. Loopback by default; shows no mail and no name.

use crate::limits;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use mailroom::Mailroom;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

/// Installs the metrics recorder once per process and gives its handle.
pub fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            PrometheusBuilder::new()
                .install_recorder()
                .inspect_err(|cause| tracing::error!(%cause, "no metrics"))
                .ok()
        })
        .as_ref()
}

pub fn router(room: Mailroom) -> Router {
    Router::new()
        .route("/healthz", get(move || health(room.clone())))
        .route("/metrics", get(render))
}

/// Healthy means: the database answers a read in time.
async fn health(room: Mailroom) -> impl IntoResponse {
    match tokio::time::timeout(limits::HEALTH, room.domains()).await {
        Ok(Ok(_)) => (StatusCode::OK, "ok\n".to_owned()),
        Ok(Err(cause)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{cause}\n")),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n".to_owned(),
        ),
    }
}

async fn render() -> impl IntoResponse {
    match recorder() {
        Some(handle) => {
            handle.run_upkeep();
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            (
                StatusCode::OK,
                [(header::CONTENT_TYPE, kind)],
                handle.render(),
            )
                .into_response()
        }
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
