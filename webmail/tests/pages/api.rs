//! The HTTP API as a document system uses it, and what its documents look like to the person.

use super::town::{Answer, Browser, Town};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

async fn call(
    browser: &mut Browser,
    token: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json");
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = body.map_or_else(Body::empty, |value| Body::from(value.to_string()));
    browser.send(request.body(body).unwrap()).await
}

fn assignment(revision: i64, subject: &str) -> Value {
    json!({
        "revision": revision, "action": "assign", "assigned_at": "2026-11-20T08:00:00+07:00", "assigned_by": "PCT Trần B.",
        "instruction": "Tham mưu trả lời",
        "document": {"number": "118", "notation": "UBND-NC", "subject": subject, "urgency": 1, "secrecy": "none"},
        "assignees": [{"mailbox": "lan@tinh.example", "role": "lead", "due_at": "2026-11-18T17:00:00+07:00"}]
    })
}

async fn source(town: &Town) -> String {
    let console = town.room.console();
    town.room
        .source_add(
            &console,
            "qlvb",
            "Quản lý văn bản",
            Some("P"),
            &["qlvb.example".to_owned()],
            30,
        )
        .await
        .unwrap()
}

const ONE: &str = "/api/v1/sources/qlvb/assignments/VB-118";

#[tokio::test]
async fn documents_are_given_repeated_changed_read_and_recalled() {
    let town = Town::new().await;
    let token = source(&town).await;
    let mut api = town.browser();
    let created = call(
        &mut api,
        &token,
        Method::PUT,
        ONE,
        Some(assignment(1, "V/v nâng cấp đê biển")),
    )
    .await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let steps = [
        (assignment(1, "V/v nâng cấp đê biển"), StatusCode::OK),
        (assignment(1, "khác"), StatusCode::CONFLICT),
        (assignment(2, "khác"), StatusCode::OK),
        (assignment(1, "khác"), StatusCode::PRECONDITION_FAILED),
        (json!({"revision": 3}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"la": 1}), StatusCode::UNPROCESSABLE_ENTITY),
    ];
    for (body, status) in steps {
        let answer = call(&mut api, &token, Method::PUT, ONE, Some(body)).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        if status.is_client_error() {
            assert_eq!(answer.field("content-type"), "application/problem+json");
            assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
        }
    }
    let state = call(&mut api, &token, Method::GET, ONE, None).await.json();
    assert_eq!(
        (
            state["revision"].as_i64(),
            state["assignees"][0]["overdue"].as_bool()
        ),
        (Some(2), Some(true))
    );
    let gone = call(
        &mut api,
        &token,
        Method::DELETE,
        &format!("{ONE}?reason=nham"),
        None,
    )
    .await;
    assert_eq!(gone.status, StatusCode::OK, "{}", gone.text());
    assert_eq!(gone.json()["status"], "recalled");
    let missing = call(
        &mut api,
        &token,
        Method::GET,
        "/api/v1/sources/qlvb/assignments/khong-co",
        None,
    )
    .await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_a_source_with_its_token_is_heard() {
    let town = Town::new().await;
    let token = source(&town).await;
    let mut api = town.browser();
    for (token, path) in [
        ("", ONE),
        ("sai", ONE),
        (token.as_str(), "/api/v1/sources/khac/assignments/x"),
    ] {
        let answer = call(&mut api, token, Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(answer.field("www-authenticate").starts_with("Bearer"));
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
    }
    let mut lan = town.signed_in("lan").await;
    let answer = call(&mut lan, "", Method::GET, ONE, None).await;
    assert_eq!(
        answer.status,
        StatusCode::UNAUTHORIZED,
        "a person's session is no token"
    );
    assert_eq!(
        call(&mut api, &token, Method::GET, "/api/v2/x", None)
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn batches_answer_each_item_and_are_bounded() {
    let town = Town::new().await;
    let token = source(&town).await;
    let mut api = town.browser();
    let path = "/api/v1/sources/qlvb/assignments:batch";
    let items = json!({"items": [
        {"external_id": "a", "assignment": assignment(1, "a")},
        {"external_id": "b", "assignment": {"sai": 1}},
        {"external_id": "", "assignment": assignment(1, "c")},
    ]});
    let answer = call(&mut api, &token, Method::POST, path, Some(items)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let results = answer.json()["results"].clone();
    let statuses: Vec<_> = (0..3)
        .map(|n| results[n]["status"].as_i64().unwrap())
        .collect();
    assert_eq!(statuses, [201, 422, 422]);
    let many: Vec<_> = (0..501)
        .map(|n| json!({"external_id": n.to_string(), "assignment": 0}))
        .collect();
    let answer = call(
        &mut api,
        &token,
        Method::POST,
        path,
        Some(json!({"items": many})),
    )
    .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut large = assignment(1, "x");
    large["instruction"] = Value::String("x".repeat(100_000));
    let answer = call(&mut api, &token, Method::PUT, ONE, Some(large)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.field("content-type"), "application/problem+json");
}

#[tokio::test]
async fn the_person_sees_it_acknowledges_and_the_source_hears_of_it() {
    let town = Town::new().await;
    let token = source(&town).await;
    let mut api = town.browser();
    call(
        &mut api,
        &token,
        Method::PUT,
        ONE,
        Some(assignment(1, "V/v nâng cấp đê biển")),
    )
    .await;
    let mut lan = town.signed_in("lan").await;
    let list = lan.get("/duoc-giao").await;
    for part in [
        "QUÁ HẠN 4 ngày",
        "118/UBND-NC",
        "V/v nâng cấp đê biển",
        "Chủ trì",
        "KHẨN",
    ] {
        assert!(list.has(part), "{part} is missing in {}", list.text());
    }
    let place = list.link("/duoc-giao/");
    let page = lan.get(&place).await;
    assert!(
        page.has("Tham mưu trả lời")
            && page.has("18/11/2026 17:00")
            && page.has("Xác nhận đã nhận")
    );
    let mut binh = town.signed_in("binh").await;
    assert_eq!(binh.get(&place).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        binh.submit(&format!("{place}/xac-nhan"), &[]).await.status,
        StatusCode::NOT_FOUND
    );
    let done = lan.submit(&format!("{place}/xac-nhan"), &[]).await;
    let page = lan.see(&done.place()).await;
    assert!(
        page.has("Nơi giao văn bản sẽ biết")
            && page.has("Đã nhận")
            && !page.has("Xác nhận đã nhận"),
        "{}",
        page.text()
    );
    let state = call(&mut api, &token, Method::GET, ONE, None).await.json();
    assert_eq!(state["assignees"][0]["state"], "acknowledged");
    let events = call(
        &mut api,
        &token,
        Method::GET,
        "/api/v1/sources/qlvb/events?after=0&wait=0",
        None,
    )
    .await
    .json();
    assert!(events["events"].as_array().unwrap().len() >= 2, "{events}");
    let cursor = events["cursor"].as_i64().unwrap();
    let none = call(
        &mut api,
        &token,
        Method::GET,
        &format!("/api/v1/sources/qlvb/events?after={cursor}&wait=0"),
        None,
    )
    .await
    .json();
    assert_eq!(none["events"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn an_open_page_hears_of_a_new_letter() {
    use http_body_util::BodyExt;
    use tower::ServiceExt;
    let town = Town::new().await;
    let lan = town.signed_in("lan").await;
    let (name, value) = lan.cookies[0].clone();
    let request = Request::get("/su-kien")
        .header(header::COOKIE, format!("{name}={value}"))
        .body(Body::empty())
        .unwrap();
    let answer = town.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut body = answer.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"event: doi\ndata: "));
    town.receive("lan", &super::letters::plain("Mới", "x"))
        .await;
    let second = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(second.starts_with(b"event: doi") && second != first);
    assert!(
        !String::from_utf8_lossy(&second).contains("Mới"),
        "the stream tells no content"
    );
}
