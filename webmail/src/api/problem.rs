//! Refusals of the API: status, title, and a Vietnamese sentence that says what to change. (RFC 9457)

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mailroom::Denied;

#[derive(Clone, Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub detail: String,
    /// More members of the answer, for machines.
    pub more: serde_json::Map<String, serde_json::Value>,
    pub retry_after_secs: Option<u64>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem {
            status,
            detail: detail.into(),
            more: serde_json::Map::new(),
            retry_after_secs: None,
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Problem {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    pub fn wait(mut self, secs: u64) -> Problem {
        self.retry_after_secs = Some(secs);
        self
    }

    pub fn unauthorized() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "Thiếu mã truy cập của hệ thống nguồn, hoặc mã không đúng, đã hết hạn. Hãy gửi Authorization: Bearer với mã còn hiệu lực.",
        )
    }

    pub fn too_large() -> Problem {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "Nội dung gửi lên quá lớn. Hãy chia thành nhiều lần gửi.",
        )
    }

    pub fn not_found() -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "Không có văn bản này trong hệ thống nguồn.",
        )
    }

    pub fn json(&self) -> serde_json::Value {
        let mut all = self.more.clone();
        all.insert("type".into(), "about:blank".into());
        all.insert("status".into(), self.status.as_u16().into());
        all.insert(
            "title".into(),
            self.status.canonical_reason().unwrap_or("Error").into(),
        );
        all.insert("detail".into(), self.detail.clone().into());
        serde_json::Value::Object(all)
    }
}

impl From<mailroom::Error> for Problem {
    fn from(cause: mailroom::Error) -> Problem {
        use mailroom::Error;
        match cause {
            Error::Denied(Denied::NotYours) | Error::Missing => Problem::not_found(),
            Error::Denied(Denied::NotAllowed) => Problem::new(
                StatusCode::FORBIDDEN,
                "Hệ thống nguồn không được phép làm việc này.",
            ),
            Error::Denied(Denied::OverLimit) => Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Vượt giới hạn cho phép. Hãy thử lại sau.",
            )
            .wait(60),
            Error::Exists => Problem::new(StatusCode::CONFLICT, "Đã có văn bản này."),
            Error::Bad(text) => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("Nội dung không hợp lệ: {text}"),
            ),
            Error::Later(cause) => {
                tracing::warn!(%cause, "an API call must wait");
                Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Máy chủ đang bận, chưa ghi nhận gì. Hãy gửi lại sau ít giây.",
                )
                .wait(5)
            }
            Error::Broken(cause) => {
                tracing::error!(%cause, "an API call failed");
                Problem::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Máy chủ gặp lỗi, chưa ghi nhận gì. Hãy báo cho quản trị viên.",
                )
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut answer = (
            self.status,
            [(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/problem+json"),
            )],
            self.json().to_string(),
        )
            .into_response();
        let head = answer.headers_mut();
        if let Some(secs) = self.retry_after_secs {
            head.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            head.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"congthu\""),
            );
        }
        answer
    }
}

pub async fn missing() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "Không có địa chỉ này trong giao diện lập trình.",
    )
}
