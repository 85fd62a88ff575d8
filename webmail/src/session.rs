//! Who asks: the session cookie, the form token, and the extractors that pages take. Never looks at mail.

use crate::app::App;
use crate::fault::Fault;
use crate::form::Fields;
use crate::guard;
use crate::lang::Lang;
use crate::limits;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mailroom::Actor;
use mailroom::signin::WebSession;
use std::net::IpAddr;

/// Bytes of salt in a form token.
const SALT_BYTES: usize = 9;

/// Cookie value by name (RFC 6265 §5.4).
pub fn cookie<'a>(head: &'a HeaderMap, name: &str) -> Option<&'a str> {
    head.get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// `__Host-` binds the cookie to this very host over TLS; plain HTTP (loopback) cannot have that name.
fn session_name(app: &App) -> &'static str {
    if app.config.tls {
        "__Host-phien"
    } else {
        "phien"
    }
}

/// Sets the session cookie for `secs` seconds; 0 removes it.
pub fn session_cookie(app: &App, token: &str, secs: i64) -> Option<HeaderValue> {
    let secure = if app.config.tls { "; Secure" } else { "" };
    let name = session_name(app);
    format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={secs}{secure}")
        .parse()
        .ok()
}

/// A signed-in person in one request.
#[derive(Clone)]
pub struct Signed {
    pub session: WebSession,
    pub lang: Lang,
    pub ip: IpAddr,
}

impl Signed {
    pub fn actor(&self) -> &Actor {
        &self.session.actor
    }

    /// A fresh form token: salted, so that compressed pages give nothing away (BREACH).
    pub fn csrf(&self) -> String {
        csrf_token(&self.session.csrf)
    }

    pub fn csrf_fits(&self, token: &str) -> bool {
        csrf_fits(&self.session.csrf, token)
    }
}

fn csrf_token(secret: &str) -> String {
    let mut salt = [0u8; SALT_BYTES];
    // Without randomness the token is constant, not wrong: the secret itself is random.
    let _ = aws_lc_rs::rand::fill(&mut salt);
    let salt = URL_SAFE_NO_PAD.encode(salt);
    format!("{salt}.{}", csrf_proof(&salt, secret))
}

fn csrf_proof(salt: &str, secret: &str) -> String {
    let digest = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA256,
        format!("{salt}.{secret}").as_bytes(),
    );
    URL_SAFE_NO_PAD.encode(digest)
}

fn csrf_fits(secret: &str, token: &str) -> bool {
    let Some((salt, proof)) = token.split_once('.') else {
        return false;
    };
    let wanted = csrf_proof(salt, secret);
    !secret.is_empty()
        && aws_lc_rs::constant_time::verify_slices_are_equal(wanted.as_bytes(), proof.as_bytes())
            .is_ok()
}

async fn find(parts: &Parts, app: &App) -> Result<Option<Signed>, Fault> {
    let ip = guard::peer(&parts.extensions);
    let Some(token) = cookie(&parts.headers, session_name(app)) else {
        return Ok(None);
    };
    if token.is_empty() || token.len() > 200 {
        return Ok(None);
    }
    let found = app.room.session(token, &ip.to_string()).await?;
    Ok(found.map(|session| Signed {
        session,
        lang: guard::lang_of(&parts.headers),
        ip,
    }))
}

impl FromRequestParts<App> for Signed {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let back = match parts.method {
            Method::GET => parts.uri.path_and_query().map_or("/", |p| p.as_str()),
            _ => "/",
        };
        let back = back.to_owned();
        find(parts, app).await?.ok_or(Fault::SignIn { back })
    }
}

impl OptionalFromRequestParts<App> for Signed {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Fault> {
        find(parts, app).await
    }
}

/// A form sent by a signed-in person from a page of ours: session and token are proven before anything is read of it.
pub struct Posted {
    pub me: Signed,
    pub fields: Fields,
}

impl FromRequest<App> for Posted {
    type Rejection = Fault;

    async fn from_request(request: Request, app: &App) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let me = <Signed as FromRequestParts<App>>::from_request_parts(&mut parts, app).await?;
        let bytes = axum::body::to_bytes(body, limits::FORM_BYTES_MAX)
            .await
            .map_err(|_| Fault::TooLarge)?;
        let fields = Fields::parse(&bytes);
        let by_field = me.csrf_fits(fields.get("csrf"));
        let by_head = parts
            .headers
            .get("x-csrf")
            .and_then(|value| value.to_str().ok())
            .is_some_and(|token| me.csrf_fits(token));
        if by_field || by_head {
            Ok(Posted { me, fields })
        } else {
            Err(Fault::Stale)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_by_whole_name() {
        let mut head = HeaderMap::new();
        head.append(header::COOKIE, "a=1; phien=xyz".parse().unwrap());
        head.append(header::COOKIE, "xphien=no; b=2".parse().unwrap());
        assert_eq!(cookie(&head, "phien"), Some("xyz"));
        assert_eq!(cookie(&head, "b"), Some("2"));
        assert_eq!(cookie(&head, "c"), None);
    }

    #[test]
    fn tokens_fit_their_session_only() {
        let token = csrf_token("secret-a");
        assert_ne!(token, csrf_token("secret-a"), "salted");
        assert!(csrf_fits("secret-a", &token));
        assert!(!csrf_fits("secret-b", &token));
        for bad in ["", ".", "x.", "x.y"] {
            assert!(!csrf_fits("secret-a", bad));
        }
        assert!(!csrf_fits("", &csrf_token("")));
    }
}
