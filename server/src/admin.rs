//! The admin listener: `/healthz` for monitors and `/metrics` for Prometheus. Loopback by default; shows no mail and no name.

use crate::limits;
use axum::Router;
use axum::extract::State;
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
        .route("/healthz", get(health))
        .route("/metrics", get(render))
        .with_state(room)
}

/// Healthy means: a row is committed and read back in time.
async fn health(State(room): State<Mailroom>) -> impl IntoResponse {
    match tokio::time::timeout(limits::HEALTH, room.healthy()).await {
        Ok(Ok(())) => (StatusCode::OK, "ok\n".to_owned()),
        Ok(Err(cause)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{cause}\n")),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n".to_owned(),
        ),
    }
}

async fn render(State(room): State<Mailroom>) -> impl IntoResponse {
    gauges(&room).await;
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

/// Numbers that are counted in the tables when somebody asks.
async fn gauges(room: &Mailroom) {
    let (mailboxes, rows) = room.indexes_kept();
    metrics::gauge!("congthu_indexes_kept").set(as_f64(mailboxes));
    metrics::gauge!("congthu_index_rows_kept").set(as_f64(rows));
    let stats = match tokio::time::timeout(limits::HEALTH, room.store_stats()).await {
        Ok(Ok(stats)) => stats,
        Ok(Err(cause)) => return tracing::warn!(%cause, "no numbers of the store"),
        Err(_) => return tracing::warn!("the database does not answer"),
    };
    for (name, value) in [
        ("congthu_accounts", stats.accounts),
        ("congthu_emails", stats.emails),
        ("congthu_used_bytes", stats.used_bytes),
        ("congthu_outbox_waiting", stats.outbox_pending),
        ("congthu_search_index_waiting", stats.index_queue),
        ("congthu_push_subscriptions", stats.subscriptions),
        ("congthu_assignments", stats.assignments),
        ("congthu_traces", stats.traces),
        ("congthu_changes", stats.changes),
    ] {
        metrics::gauge!(name).set(as_f64(value));
    }
    metrics::counter!("congthu_refusals_untraced_total").absolute(stats.refusals_dropped);
}

/// Prometheus knows only floats; counts stay exact to 2^53.
fn as_f64(count: impl TryInto<i64>) -> f64 {
    count.try_into().map_or(0.0, |count: i64| count as f64)
}
