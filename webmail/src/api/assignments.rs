//! `/api/v1/sources/{source}/assignments/{external_id}`: a document is given to people, changed, read back, recalled.
//! 201 new, 200 changed or repeated, 409 same revision with other content, 412 older revision, 422 refused with a reason.

use super::problem::Problem;
use super::source::Caller;
use crate::app::App;
use crate::asked::Asked;
use crate::limits;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use mailroom::assign::{AssignmentPut, AssignmentState, Put, Source};
use serde::Deserialize;

/// Characters of an external id; it stands in an address.
const EXTERNAL_ID_CHARS_MAX: usize = 200;

pub async fn put(
    State(app): State<App>,
    Caller(source): Caller,
    Path((_, external_id)): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|_| Problem::too_large())?;
    let put: AssignmentPut = read(&body)?;
    let (status, state) = put_one(&app, &source, &external_id, put).await?;
    Ok((status, Json(state)).into_response())
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|cause| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!(
                "Nội dung JSON không đúng mẫu (dòng {}, cột {}): {cause}",
                cause.line(),
                cause.column()
            ),
        )
    })
}

async fn put_one(
    app: &App,
    source: &Source,
    external_id: &str,
    put: AssignmentPut,
) -> Result<(StatusCode, AssignmentState), Problem> {
    let length = external_id.chars().count();
    if length == 0 || length > EXTERNAL_ID_CHARS_MAX || external_id.chars().any(char::is_control) {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Mã văn bản ở hệ thống nguồn (external_id) trống, quá dài hoặc có ký tự điều khiển.",
        ));
    }
    match app.room.assignment_put(source, external_id, put).await? {
        Put::Created(state) => Ok((StatusCode::CREATED, state)),
        Put::Updated(state) | Put::Replayed(state) => Ok((StatusCode::OK, state)),
        Put::Conflict => Err(Problem::new(
            StatusCode::CONFLICT,
            "Cùng số phiên bản (revision) nhưng nội dung khác. Hãy tăng revision khi thay đổi.",
        )),
        Put::Stale { current } => Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            format!("Phiên bản gửi lên đã cũ; phiên bản hiện có là {current}."),
        )
        .with("current_revision", current)),
        Put::Refused(reason) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, reason)),
    }
}

pub async fn get(
    State(app): State<App>,
    Caller(source): Caller,
    Path((_, external_id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    match app.room.assignment_state(&source, &external_id).await? {
        Some(state) => Ok(Json(state).into_response()),
        None => Err(Problem::not_found()),
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Recall {
    reason: String,
}

/// `DELETE`: a recall; the reason comes as `?reason=` or as JSON.
pub async fn recall(
    State(app): State<App>,
    Caller(source): Caller,
    Path((_, external_id)): Path<(String, String)>,
    Asked(asked): Asked,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|_| Problem::too_large())?;
    let reason = match body.is_empty() {
        true => asked.get("reason").to_owned(),
        false => read::<Recall>(&body)?.reason,
    };
    match app
        .room
        .assignment_recall(&source, &external_id, &reason)
        .await?
    {
        Some(state) => Ok(Json(state).into_response()),
        None => Err(Problem::not_found()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    items: Vec<BatchItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchItem {
    external_id: String,
    /// Read one by one: one bad item does not spoil the others.
    assignment: serde_json::Value,
}

/// `POST …/assignments:batch`: every item has its own status; the answer is 200 whatever they are.
pub async fn batch(
    State(app): State<App>,
    Caller(source): Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|_| Problem::too_large())?;
    let batch: Batch = read(&body)?;
    if batch.items.len() > limits::BATCH_ITEMS_MAX {
        return Err(Problem::too_large().with("items_max", limits::BATCH_ITEMS_MAX));
    }
    let mut results = Vec::with_capacity(batch.items.len());
    for item in batch.items {
        let put = serde_json::from_value::<AssignmentPut>(item.assignment).map_err(|cause| {
            let text = format!("Nội dung JSON không đúng mẫu: {cause}");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text)
        });
        let done = match put {
            Ok(put) => put_one(&app, &source, &item.external_id, put).await,
            Err(problem) => Err(problem),
        };
        results.push(match done {
            Ok((status, state)) => serde_json::json!({
                "external_id": item.external_id, "status": status.as_u16(), "assignment": state,
            }),
            Err(problem) => serde_json::json!({
                "external_id": item.external_id, "status": problem.status.as_u16(), "problem": problem.json(),
            }),
        });
    }
    Ok(Json(serde_json::json!({"results": results})).into_response())
}
