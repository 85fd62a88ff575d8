//! HTTP on sockets: accepts, limits, TLS, HTTP/1.1 and HTTP/2, graceful end. Knows no page; the router is handed in.

use crate::limits;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// Serves a router on one listener until `shutdown`; open requests may finish, live streams are ended.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    router: Router,
    shutdown: CancellationToken,
) {
    let acceptor = tls.map(TlsAcceptor::from);
    let room = Arc::new(Semaphore::new(limits::WEB_CONNECTIONS_MAX));
    let peers = Arc::new(Peers::default());
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(cause) => {
                tracing::warn!(%cause, "accept failed");
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (Ok(permit), Some(place)) = (
            Arc::clone(&room).try_acquire_owned(),
            Peers::enter(&peers, peer.ip()),
        ) else {
            metrics::counter!("congthu_web_refused_total").increment(1);
            continue;
        };
        let (acceptor, router, shutdown) = (acceptor.clone(), router.clone(), shutdown.clone());
        connections.spawn(async move {
            connection(stream, peer, acceptor, router, shutdown).await;
            drop((permit, place));
        });
    }
    connections.close();
    connections.wait().await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    shutdown: CancellationToken,
) {
    // Small answers leave at once; a refusal only costs speed.
    let _slow = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else {
        return talk(stream, peer, router, shutdown).await;
    };
    let handshake = tokio::time::timeout(limits::TLS_HANDSHAKE, acceptor.accept(stream));
    let handshake = tokio::select! {
        () = shutdown.cancelled() => return,
        handshake = handshake => handshake,
    };
    match handshake {
        Ok(Ok(stream)) => talk(stream, peer, router, shutdown).await,
        Ok(Err(cause)) => tracing::debug!(peer = %peer.ip(), %cause, "TLS handshake failed"),
        Err(_) => tracing::debug!(peer = %peer.ip(), "TLS handshake took too long"),
    }
}

async fn talk<S>(stream: S, peer: SocketAddr, router: Router, shutdown: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEADER_READ);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits::HTTP2_PING)
        .max_concurrent_streams(limits::HTTP2_STREAMS_MAX)
        .max_header_list_size(limits::HTTP2_HEADER_BYTES_MAX);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(limits::DRAIN / 2, connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(cause) = ended {
        tracing::debug!(peer = %peer.ip(), %cause, "web connection ended");
    }
}

/// How many connections each address has.
#[derive(Default)]
struct Peers(Mutex<HashMap<IpAddr, usize>>);

struct Place {
    peers: Arc<Peers>,
    ip: IpAddr,
}

impl Peers {
    fn enter(peers: &Arc<Peers>, ip: IpAddr) -> Option<Place> {
        let mut counts = peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(ip).or_default();
        if *count >= limits::WEB_CONNECTIONS_PER_PEER_MAX {
            return None;
        }
        *count += 1;
        Some(Place {
            peers: Arc::clone(peers),
            ip,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.ip);
            }
        }
    }
}

/// Sends every plain request to the same place over TLS. (RFC 9110 §15.4.9)
pub fn to_https(web_base: &str) -> Router {
    let base = web_base.trim_end_matches('/').to_owned();
    Router::new().fallback(move |uri: axum::http::Uri| {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let target = format!("{base}{path}");
        async move { axum::response::Redirect::permanent(&target) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_forgotten_when_its_last_connection_ends() {
        let peers = Arc::new(Peers::default());
        let ip = IpAddr::from([127, 0, 0, 1]);
        let places: Vec<_> = (0..limits::WEB_CONNECTIONS_PER_PEER_MAX + 1)
            .map(|_| Peers::enter(&peers, ip))
            .collect();
        assert!(places.iter().filter(|place| place.is_none()).count() == 1);
        drop(places);
        assert!(peers.0.lock().is_ok_and(|counts| counts.is_empty()));
    }
}
