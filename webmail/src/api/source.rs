//! Who calls: a document system proven by its bearer token for the source named in the address. (RFC 6750 §2.1)

use super::problem::Problem;
use crate::app::App;
use crate::fault::Fault;
use crate::guard;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::{StatusCode, header, request::Parts};
use mailroom::assign::Source;

/// Bytes of a bearer token that are looked at.
const TOKEN_BYTES_MAX: usize = 200;

/// Taken before the body is read.
pub struct Caller(pub Source);

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let ip = guard::peer(&parts.extensions);
        if let Err(Fault::TooMany(secs)) = app.api_gate.take(ip) {
            let text = "Gửi quá nhanh. Hãy chờ rồi gửi tiếp.";
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, text).wait(secs));
        }
        let params = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::not_found())?;
        let source = params
            .iter()
            .find(|(name, _)| *name == "source")
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default();
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| !token.is_empty() && token.len() <= TOKEN_BYTES_MAX)
            .ok_or_else(Problem::unauthorized)?;
        let found = app
            .room
            .source_sign_in(&source, token, &ip.to_string())
            .await?;
        found.map(Caller).ok_or_else(Problem::unauthorized)
    }
}
