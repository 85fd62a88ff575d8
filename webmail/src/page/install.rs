//! What a browser asks for by itself: manifest, service worker, icon, and the page for when the network is gone.

use crate::app::App;
use crate::assets;
use crate::guard;
use crate::shell::{self, Shell};
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

#[derive(Template)]
#[template(path = "offline.html")]
struct Offline {
    s: Shell,
}

pub async fn favicon(head: HeaderMap) -> Response {
    assets::fixed("favicon.ico", &head)
}

/// The worker's own file: its script with the names of the assets it keeps.
pub async fn worker(State(_app): State<App>, head: HeaderMap) -> Response {
    let mut answer = assets::fixed("sw.js", &head);
    answer
        .headers_mut()
        .insert("service-worker-allowed", HeaderValue::from_static("/"));
    answer
}

/// W3C Web App Manifest; what installing on a home screen needs.
pub async fn manifest(State(app): State<App>, head: HeaderMap) -> Response {
    let lang = guard::lang_of(&head);
    let manifest = serde_json::json!({
        "id": "/",
        "name": format!("{} · {}", lang.t("brand-long"), app.config.province_name),
        "short_name": lang.t("brand"),
        "lang": lang.code(),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#12406b",
        "icons": [
            {"src": assets::url("icon-192.png"), "sizes": "192x192", "type": "image/png", "purpose": "any"},
            {"src": assets::url("icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "any"},
            {"src": assets::url("icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"}
        ],
        "shortcuts": [
            {"name": lang.t("compose"), "url": "/soan"},
            {"name": lang.t("assigned"), "url": "/duoc-giao"}
        ]
    });
    (
        [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/manifest+json"),
            ),
            (
                header::CACHE_CONTROL,
                HeaderValue::from_static("private, max-age=86400"),
            ),
        ],
        manifest.to_string(),
    )
        .into_response()
}

/// `GET /mat-ket-noi`: kept by the worker and shown for pages that were never read.
pub async fn offline(State(app): State<App>, head: HeaderMap) -> Response {
    let lang = guard::lang_of(&head);
    shell::html(&Offline {
        s: Shell::signed_out(&app, lang, lang.t("offline-title")),
    })
}
