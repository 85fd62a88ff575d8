//! Which address leads to which page, and the layers around them. One line per page.

use crate::app::App;
use crate::{api, assets, guard, limits, live, page};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

pub fn all(app: App) -> Router {
    let quick = pages()
        .merge(people())
        .merge(settings())
        .merge(api::routes())
        .layer(middleware::from_fn(in_time))
        .layer(DefaultBodyLimit::max(limits::FORM_BYTES_MAX));
    let upload = app.config.upload_bytes_max + limits::COMPOSE_OVERHEAD_BYTES;
    let slow = Router::new()
        .route("/soan", get(page::compose::show).post(page::send::post))
        .route("/su-kien", get(live::stream))
        .layer(DefaultBodyLimit::max(upload));
    // Attachments and streams are left as they are; pages shrink to a quarter.
    let worth_it = SizeAbove::new(256)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::SSE)
        .and(NotForContentType::const_new("application/octet-stream"))
        .and(NotForContentType::const_new("message/rfc822"));
    quick
        .merge(slow)
        .fallback(page::fault::missing)
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(middleware::from_fn_with_state(app.clone(), guard::around))
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Precise(4))
                .compress_when(worth_it),
        )
        .with_state(app)
}

fn pages() -> Router<App> {
    Router::new()
        .route("/", get(page::list::home))
        .route("/t/{name}", get(assets::serve))
        .route("/favicon.ico", get(page::install::favicon))
        .route("/manifest.webmanifest", get(page::install::manifest))
        .route("/sw.js", get(page::install::worker))
        .route("/mat-ket-noi", get(page::install::offline))
        .route(
            "/dang-nhap",
            get(page::sign_in::show).post(page::sign_in::post),
        )
        .route("/dang-xuat", post(page::sign_in::out))
        .route("/quen-mat-khau", get(page::recover::forgot))
        .route(
            "/khoi-phuc",
            get(page::recover::type_code).post(page::recover::typed),
        )
        .route(
            "/khoi-phuc/{code}",
            get(page::recover::show).post(page::recover::post),
        )
        .route(
            "/huy-dang-ky/{token}",
            get(page::unsubscribe::show).post(page::unsubscribe::leave),
        )
        .route("/hop-thu", get(page::folders::show))
        .route("/hop-thu/{account}", get(page::list::inbox))
        .route("/hop-thu/{account}/{mailbox}", get(page::list::mailbox))
        .route(
            "/thu/{account}/{email}",
            get(page::message::show).post(page::act::one),
        )
        .route(
            "/thu/{account}/{email}/nguyen-ban",
            get(page::original::show),
        )
        .route(
            "/thu/{account}/{email}/tep/{part}",
            get(page::file::attachment),
        )
        .route("/thu/{account}/{email}/thu-goc", get(page::file::source))
        .route("/thu/{account}/{email}/bang-ma", post(page::coding::choose))
        .route("/thu/{account}/{email}/trang-thai", get(page::fate::show))
        .route(
            "/cach-ly/{account}",
            get(page::quarantine::show).post(page::quarantine::act),
        )
        .route("/tim", get(page::search::show))
        .route("/tra-cuu", get(page::trace::show))
        .route("/goi-y", get(page::suggest::json))
        .route("/duoc-giao", get(page::assigned::list))
        .route("/duoc-giao/{account}/{id}", get(page::assigned::show))
        .route(
            "/duoc-giao/{account}/{id}/xac-nhan",
            post(page::assigned::acknowledge),
        )
}

fn settings() -> Router<App> {
    Router::new()
        .route("/them", get(page::more::show))
        .route("/tro-giup", get(page::more::help))
        .route("/ngon-ngu", post(page::more::language))
        .route("/cai-dat/thong-bao", get(page::notify::show))
        .route("/thong-bao/dang-ky", post(page::notify::subscribe))
        .route("/thong-bao/huy", post(page::notify::unsubscribe))
        .route("/thong-bao/thu", post(page::notify::test))
        .route("/thong-bao/man-hinh-khoa", post(page::notify::lock_screen))
        .route(
            "/cai-dat/mat-khau",
            get(page::password::show).post(page::password::post),
        )
        .route(
            "/cai-dat/tra-loi-tu-dong",
            get(page::answering::show).post(page::answering::save),
        )
        .route(
            "/cai-dat/chuyen-tiep",
            get(page::forwarding::show).post(page::forwarding::save),
        )
        .route(
            "/cai-dat/ung-dung",
            get(page::programs::show).post(page::programs::add),
        )
        .route(
            "/cai-dat/ung-dung/{id}/thu-hoi",
            post(page::programs::revoke),
        )
        .route(
            "/cai-dat/thiet-bi",
            get(page::devices::show).post(page::devices::end_all),
        )
        .route(
            "/cai-dat/thiet-bi/{key}/dang-xuat",
            post(page::devices::end_one),
        )
}

fn people() -> Router<App> {
    Router::new()
        .route("/quan-tri", get(page::admin::find))
        .route("/quan-tri/nguoi/{address}", get(page::admin::person))
        .route("/quan-tri/nguoi/{address}/phieu", post(page::slip::make))
        .route(
            "/quan-tri/nguoi/{address}/gioi-han",
            post(page::allowance::change),
        )
        .route("/quan-tri/cho-duyet", get(page::slip::waiting))
        .route("/quan-tri/cho-duyet/{id}", post(page::slip::approve))
        .route(
            "/quan-tri/hang-doi",
            get(page::queue::show).post(page::queue::act),
        )
        .route("/quan-tri/hang-doi/huy", get(page::queue::ask_drop))
        .route("/quan-tri/hang-doi/{row}", get(page::queue::row))
        .route("/quan-tri/tra-cuu", get(page::trail::find))
        .route("/quan-tri/tra-cuu/{trace}", get(page::trail::show))
        .route("/quan-tri/nhat-ky", get(page::admin::audit))
        .route("/quan-tri/bao-cao", get(page::reports::show))
        .route("/quan-tri/dns", get(page::records::domains))
        .route(
            "/quan-tri/dns/{domain}",
            get(page::records::show).post(page::records::again),
        )
}

/// Ends what takes too long, so that no page holds a connection for ever.
async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(limits::ANSWER_TIME_MAX, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => {
            tracing::warn!("a page took too long");
            let mut answer = StatusCode::SERVICE_UNAVAILABLE.into_response();
            answer.extensions_mut().insert(crate::fault::Fault::Later);
            answer
        }
    }
}
