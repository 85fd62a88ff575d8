//! What stands around every page: security fields, limits by address, the fault page, panics counted. Decides nothing
//! about mail; the one access check is in the mailroom.

use crate::app::App;
use crate::fault::Fault;
use crate::lang::Lang;
use crate::limits;
use crate::shell::Shell;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

/// The policy of every page of ours: nothing from elsewhere, nothing inline.
pub const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; frame-src 'self'; manifest-src 'self'; worker-src 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// A limiter by address range.
pub struct Gate(DefaultKeyedRateLimiter<u128>);

impl Gate {
    pub fn new(burst: u32, every: Duration) -> Self {
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(every)
            .unwrap_or(Quota::per_second(NonZeroU32::MIN))
            .allow_burst(burst);
        Self(RateLimiter::keyed(quota))
    }

    /// Takes one; `Err` holds the seconds until the next is free.
    pub fn take(&self, ip: IpAddr) -> Result<(), Fault> {
        if self.0.len() > limits::LIMITER_KEYS_MAX {
            self.0.retain_recent();
        }
        self.0.check_key(&range(ip)).map_err(|not_until| {
            use governor::clock::{Clock, DefaultClock};
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            metrics::counter!("congthu_web_limited_total").increment(1);
            Fault::TooMany(wait.as_secs().max(1))
        })
    }
}

/// One IPv4 address, or one IPv6 /64: a phone changes the rest of it by itself.
fn range(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits() >> 64 << 64,
    }
}

/// The peer's address as the listener saw it; the unspecified one where a test gave none.
pub fn peer(extensions: &Extensions) -> IpAddr {
    extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |ConnectInfo(at)| {
            at.ip().to_canonical()
        })
}

/// Did this request come from a page of ours? Browsers name the origin of every POST; what names none is no browser
/// and still needs the session's token. (OWASP CSRF, "Verifying Origin With Standard Headers") Over HTTP/2 the host stands
/// in the request's own address (RFC 9113 §8.3.1); older browsers name an origin and no site.
pub fn same_origin(uri: &Uri, head: &HeaderMap) -> bool {
    let text = |name: HeaderName| head.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = text(header::ORIGIN).or_else(|| text(header::REFERER)) else {
        return true;
    };
    let Ok(origin) = url::Url::parse(origin) else {
        return false;
    };
    let host = text(header::HOST).or_else(|| uri.authority().map(|named| named.as_str()));
    let Some(host) = host else {
        return false;
    };
    let Ok(here) = url::Url::parse(&format!("{}://{host}", origin.scheme())) else {
        return false;
    };
    origin.host() == here.host() && origin.port_or_known_default() == here.port_or_known_default()
}

/// The language: cookie, else Vietnamese. (The browser's wish is not asked: office PCs are set to English.)
pub fn lang_of(head: &HeaderMap) -> Lang {
    crate::session::cookie(head, "ngon-ngu")
        .and_then(Lang::parse)
        .unwrap_or_default()
}

/// The outermost layer: refuses foreign POSTs, writes fault pages, sets the security fields.
pub async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let lang = lang_of(request.headers());
    let api = is_api(request.uri().path());
    let forms = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let mut answer = if forms && !api && !same_origin(request.uri(), request.headers()) {
        Fault::Stale.into_response()
    } else {
        next.run(request).await
    };
    if let Some(fault) = answer.extensions_mut().remove::<Fault>() {
        answer = fault_page(&app, lang, &fault, answer);
    }
    secure(&app, answer.headers_mut());
    answer
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/") || path.to_ascii_lowercase().starts_with("/autodiscover")
}

fn fault_page(app: &App, lang: Lang, fault: &Fault, answer: Response) -> Response {
    let shell = Shell::signed_out(app, lang, lang.t("fault-title"));
    let page = crate::page::fault::FaultPage::new(shell, fault);
    let (parts, _) = answer.into_parts();
    let mut out = crate::shell::html(&page).into_response();
    *out.status_mut() = parts.status;
    if let Some(after) = parts.headers.get(header::RETRY_AFTER) {
        out.headers_mut().insert(header::RETRY_AFTER, after.clone());
    }
    out
}

/// Fields every answer carries; a page that set its own policy keeps it.
fn secure(app: &App, head: &mut HeaderMap) {
    let fixed: [(HeaderName, &'static str); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        ),
    ];
    for (name, value) in fixed {
        head.entry(name).or_insert(HeaderValue::from_static(value));
    }
    head.entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(PAGE_POLICY));
    head.entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("private, no-store"));
    // A promise about "localhost" would bind every other program on that machine too.
    if app.config.tls && !app.local {
        head.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
}

/// A panic ends one answer, is counted, and tells the person nothing but that it was noted.
pub fn panicked(_cause: Box<dyn std::any::Any + Send + 'static>) -> Response {
    metrics::counter!("congthu_panics_total", "where" => "web").increment(1);
    tracing::error!("a page panicked");
    Fault::Broken.into_response()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn head(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn foreign_pages_cannot_post() {
        let rows: [(&[(&'static str, &str)], bool); 9] = [
            (
                &[("host", "a.example"), ("origin", "https://a.example")],
                true,
            ),
            (
                &[
                    ("host", "a.example:8443"),
                    ("origin", "https://a.example:8443"),
                ],
                true,
            ),
            (
                &[("host", "a.example"), ("origin", "https://b.example")],
                false,
            ),
            (
                &[("host", "a.example"), ("origin", "https://a.example:444")],
                false,
            ),
            (&[("host", "a.example"), ("origin", "null")], false),
            (
                &[("host", "a.example"), ("referer", "https://b.example/x")],
                false,
            ),
            (
                &[("host", "a.example"), ("sec-fetch-site", "cross-site")],
                false,
            ),
            (
                &[("host", "a.example"), ("sec-fetch-site", "same-origin")],
                true,
            ),
            (&[("host", "a.example")], true),
        ];
        for (pairs, fine) in rows {
            let uri = Uri::from_static("/dang-nhap");
            assert_eq!(same_origin(&uri, &head(pairs)), fine, "{pairs:?}");
        }
        // As HTTP/2 has it: the host in the address, no Host field.
        let uri = Uri::from_static("https://a.example:8443/dang-nhap");
        for (origin, fine) in [
            ("https://a.example:8443", true),
            ("https://a.example", false),
            ("https://b.example:8443", false),
        ] {
            assert_eq!(same_origin(&uri, &head(&[("origin", origin)])), fine);
        }
    }

    #[test]
    fn a_gate_counts_by_range() {
        let gate = Gate::new(2, Duration::from_secs(60));
        let a: IpAddr = "2001:db8::1".parse().unwrap();
        let b: IpAddr = "2001:db8::2".parse().unwrap();
        let c: IpAddr = "192.0.2.7".parse().unwrap();
        assert!(gate.take(a).is_ok() && gate.take(b).is_ok());
        assert!(matches!(gate.take(a), Err(Fault::TooMany(secs)) if secs >= 1));
        assert!(gate.take(c).is_ok());
    }

    #[test]
    fn the_policy_has_no_unsafe_word() {
        assert!(PAGE_POLICY.starts_with("default-src 'none'"));
        assert!(PAGE_POLICY.contains("frame-ancestors 'none'"));
        assert!(!PAGE_POLICY.contains("unsafe") && !PAGE_POLICY.contains('*'));
    }
}
