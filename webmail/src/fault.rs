//! What went wrong, as a page: what happened, what we did, what to do. The cause goes to the log, never to the person.

use crate::lang::Lang;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mailroom::Denied;

/// Every way a page can fail. Turned into words by `render`, which knows the language.
#[derive(Clone, Debug)]
pub enum Fault {
    /// No session: sign in and come back here.
    SignIn {
        back: String,
    },
    NotFound,
    NotAllowed,
    OverLimit,
    /// The form did not come from our page, or the session changed since.
    Stale,
    /// The words of the form make no sense; the text is ours and may be shown.
    Bad(String),
    TooLarge,
    /// Too many attempts: seconds until the next.
    TooMany(u64),
    Later,
    Broken,
}

impl From<mailroom::Error> for Fault {
    fn from(cause: mailroom::Error) -> Self {
        use mailroom::Error;
        match cause {
            Error::Denied(Denied::NotYours) | Error::Missing => Fault::NotFound,
            Error::Denied(Denied::NotAllowed) => Fault::NotAllowed,
            Error::Denied(Denied::OverLimit) => Fault::OverLimit,
            Error::Exists => Fault::Bad(String::new()),
            Error::Bad(text) => Fault::Bad(text),
            Error::Later(cause) => {
                tracing::warn!(%cause, "page must wait");
                Fault::Later
            }
            Error::Broken(cause) => {
                tracing::error!(%cause, "page failed");
                Fault::Broken
            }
        }
    }
}

impl From<askama::Error> for Fault {
    fn from(cause: askama::Error) -> Self {
        tracing::error!(%cause, "template failed");
        Fault::Broken
    }
}

impl Fault {
    pub fn status(&self) -> StatusCode {
        match self {
            Fault::SignIn { .. } => StatusCode::SEE_OTHER,
            Fault::NotFound => StatusCode::NOT_FOUND,
            Fault::NotAllowed | Fault::Stale => StatusCode::FORBIDDEN,
            Fault::OverLimit => StatusCode::INSUFFICIENT_STORAGE,
            Fault::Bad(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Fault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Fault::Later => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// (what happened, what we did, what to do)
    pub fn words(&self, lang: Lang) -> [String; 3] {
        let [what, did, todo] = match self {
            Fault::SignIn { .. } => ["fault-sign-in", "fault-nothing-changed", "fault-do-sign-in"],
            Fault::NotFound => ["fault-not-found", "fault-nothing-changed", "fault-do-home"],
            Fault::NotAllowed => ["fault-not-allowed", "fault-nothing-changed", "fault-do-ask"],
            Fault::OverLimit => [
                "fault-over-limit",
                "fault-nothing-changed",
                "fault-do-clean",
            ],
            Fault::Stale => ["fault-stale", "fault-nothing-changed", "fault-do-reload"],
            Fault::Bad(_) => ["fault-bad", "fault-nothing-changed", "fault-do-back"],
            Fault::TooLarge => [
                "fault-too-large",
                "fault-nothing-changed",
                "fault-do-smaller",
            ],
            Fault::TooMany(_) => ["fault-too-many", "fault-nothing-changed", "fault-do-wait"],
            Fault::Later => ["fault-later", "fault-nothing-changed", "fault-do-wait"],
            Fault::Broken => ["fault-broken", "fault-noted", "fault-do-call"],
        };
        [lang.t(what), lang.t(did), lang.t(todo)]
    }
}

/// Carried in the response until the outer layer writes the page in the person's language.
impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut answer = self.status().into_response();
        match &self {
            Fault::SignIn { back } => {
                let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
                if let Ok(place) = HeaderValue::try_from(format!("/dang-nhap?ve={back}")) {
                    answer.headers_mut().insert(header::LOCATION, place);
                }
                return answer;
            }
            Fault::TooMany(secs) => {
                answer
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from(*secs));
            }
            Fault::Later => {
                answer
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        answer.extensions_mut().insert(self);
        answer
    }
}
