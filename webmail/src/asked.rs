//! The query of a request as fields. Never fails: a query that makes no sense is an empty one.

use crate::form::Fields;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::convert::Infallible;

/// `?a=1&b=2`
pub struct Asked(pub Fields);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Asked(Fields::parse(
            parts.uri.query().unwrap_or_default().as_bytes(),
        )))
    }
}
