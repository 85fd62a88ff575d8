//! One HTTPS request to a foreign server: connected like mail (same names, source address and no inner addresses), certificate
//! checked, no redirect, bounded in time and size.

use super::{Config, dial, limits, resolve};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// The body of a GET, as text of at most `bytes_max` bytes.
pub async fn get(
    config: &Config,
    host: &str,
    port: u16,
    path: &str,
    bytes_max: usize,
) -> Result<String, String> {
    let request = Request::get(path)
        .header("Host", host)
        .body(Full::default())
        .map_err(|cause| cause.to_string())?;
    let body = bounded(ask(config, host, port, request, bytes_max)).await?;
    String::from_utf8(body.to_vec()).map_err(|_| "not text".to_string())
}

/// Hands `body` in at an https URL; any 2xx is a yes.
pub async fn post(config: &Config, url: &str, kind: &str, body: Bytes) -> Result<(), String> {
    let parsed: hyper::Uri = url.parse().map_err(|_| "not a URL".to_string())?;
    let host = parsed
        .host()
        .filter(|_| parsed.scheme_str() == Some("https"));
    let host = host.ok_or("not an https URL")?;
    let port = parsed.port_u16().unwrap_or(443);
    let path = parsed.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::post(path)
        .header("Host", host)
        .header("Content-Type", kind)
        .header("Content-Length", body.len())
        .body(Full::new(body))
        .map_err(|cause| cause.to_string())?;
    bounded(ask(config, host, port, request, limits::HTTPS_ANSWER_BYTES))
        .await
        .map(drop)
}

async fn bounded<T>(asking: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    match timeout(limits::STS_FETCH, asking).await {
        Ok(result) => result,
        Err(_) => Err("no answer in time".into()),
    }
}

async fn ask(
    config: &Config,
    host: &str,
    port: u16,
    request: Request<Full<Bytes>>,
    bytes_max: usize,
) -> Result<Bytes, String> {
    let found = resolve::addresses(config, host, false)
        .await
        .map_err(|silence| silence.0)?;
    let ip = found.ips.first().ok_or("the host has no address")?;
    if !config.allow_private && !dial::is_public(*ip) {
        return Err("the host is not on the Internet".into());
    }
    let stream = dial::dial(config, SocketAddr::new(*ip, port))
        .await
        .map_err(|fate| fate.reason().evidence.text.clone())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| cause.to_string())?
        .with_root_certificates(config.roots.clone())
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_string()).map_err(|cause| cause.to_string())?;
    let stream = TlsConnector::from(Arc::new(tls))
        .connect(name, stream)
        .await
        .map_err(|cause| cause.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|cause| cause.to_string())?;
    let driver = tokio::spawn(connection);
    let exchange = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(|cause| cause.to_string())?;
        if !response.status().is_success() {
            return Err(format!("HTTP status {}", response.status().as_u16()));
        }
        let body = Limited::new(response.into_body(), bytes_max)
            .collect()
            .await;
        Ok(body.map_err(|cause| cause.to_string())?.to_bytes())
    };
    let answer = exchange.await;
    driver.abort();
    answer
}
