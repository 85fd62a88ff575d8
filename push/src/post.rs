//! Posts sealed pushes with our own HTTP client over rustls: never to a private address (checked again after DNS), never longer
//! than a bound, never following a redirect, never reading more than a little of an answer.

use crate::answer::{Answer, retry_after};
use crate::endpoint::is_public;
use crate::limits;
use crate::sealed::Sealed;
use crate::{Config, Error};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::timeout;
use tower::Service;

/// Resolves names and passes over addresses that are not public.
#[derive(Clone)]
struct Resolver {
    private: bool,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, io::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> =
                found.filter(|at| private || is_public(at.ip())).collect();
            if public.is_empty() {
                return Err(io::Error::other("no public address"));
            }
            Ok(public.into_iter())
        })
    }
}

/// The client; connections to push services are kept and shared (HTTP/2 where offered).
#[derive(Clone)]
pub struct Poster {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
}

impl Poster {
    pub fn new(config: &Config) -> Result<Poster, Error> {
        let roots = match &config.roots {
            Some(roots) => roots.clone(),
            None => Arc::new(machine_roots()),
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| Error::Config(cause.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut http = HttpConnector::new_with_resolver(Resolver {
            private: config.allow_private_hosts,
        });
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(limits::POST));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(config.posts_max)
            .build(https);
        Ok(Poster { client })
    }

    pub async fn post(&self, sealed: Sealed) -> Answer {
        let mut request = Request::post(&sealed.url);
        for (name, value) in &sealed.headers {
            request = request.header(*name, value);
        }
        let Ok(request) = request.body(Full::new(Bytes::from(sealed.body))) else {
            return Answer::Forbidden;
        };
        match timeout(limits::POST, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Answer::Silence,
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Answer {
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(cause) => {
                tracing::debug!(%cause, "push service not reached");
                return Answer::Silence;
            }
        };
        let status = response.status().as_u16();
        let field = response
            .headers()
            .get("retry-after")
            .and_then(|field| field.to_str().ok());
        let wait = field.and_then(retry_after);
        // Reading the little there is lets the connection be used again; more than that is cut off.
        let body = Limited::new(response.into_body(), limits::ANSWER_BYTES)
            .collect()
            .await;
        if status >= 400
            && let Ok(body) = body
        {
            let text = body.to_bytes();
            tracing::debug!(status, text = %String::from_utf8_lossy(&text), "push service answered");
        }
        Answer::Status(status, wait)
    }
}

/// The machine's authorities, or Mozilla's where it has none.
fn machine_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let (added, _) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}
