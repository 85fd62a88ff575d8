//! Who gets in: sessions, tokens, origins, limits, and the fields that every answer carries.

use super::town::Town;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};

const PRIVATE: [&str; 17] = [
    "/hop-thu",
    "/hop-thu/1",
    "/hop-thu/1/2",
    "/thu/1/2",
    "/thu/1/2/nguyen-ban",
    "/thu/1/2/tep/2",
    "/thu/1/2/thu-goc",
    "/thu/1/2/trang-thai",
    "/tim",
    "/soan",
    "/duoc-giao",
    "/them",
    "/cai-dat/thong-bao",
    "/cai-dat/chuyen-tiep",
    "/cai-dat/tra-loi-tu-dong",
    "/quan-tri",
    "/su-kien",
];

#[tokio::test]
async fn private_pages_ask_for_a_session_and_come_back() {
    let town = Town::new().await;
    let mut stranger = town.browser();
    for path in PRIVATE {
        let answer = stranger.get(path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(
            answer.place().starts_with("/dang-nhap?ve=%2F"),
            "{path}: {}",
            answer.place()
        );
        assert!(answer.body.is_empty());
    }
    stranger.cookies.push(("phien".into(), "x".repeat(43)));
    let answer = stranger.get("/thu/1/2").await;
    assert_eq!(
        answer.status,
        StatusCode::SEE_OTHER,
        "a made-up cookie is no session"
    );
    for path in [
        "/thu/1/2",
        "/dang-xuat",
        "/quan-tri/nguoi/a/phieu",
        "/cai-dat/mat-khau",
        "/thong-bao/dang-ky",
        "/thong-bao/man-hinh-khoa",
        "/soan",
    ] {
        let answer = stranger.post(path, &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_fields() {
    let town = Town::with(|config| {
        config.tls = true;
        config.web_base = "https://thu.tinh.example".into();
    })
    .await;
    let mut browser = town.browser();
    for path in [
        "/",
        "/dang-nhap",
        "/quen-mat-khau",
        "/khong-co",
        "/manifest.webmanifest",
        "/sw.js",
        "/api/v1/x",
        "/them",
    ] {
        let answer = browser.get(path).await;
        let policy = answer.field("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.field("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.field("referrer-policy"), "same-origin", "{path}");
        assert!(
            answer
                .field("strict-transport-security")
                .contains("max-age="),
            "{path}"
        );
    }
}

#[tokio::test]
async fn cookies_are_bound_to_the_host_over_tls() {
    let town = Town::with(|config| config.tls = true).await;
    let answer = town
        .browser()
        .post(
            "/dang-nhap",
            &[("ten", "lan"), ("mat-khau", super::town::SECRET)],
        )
        .await;
    let cookie = answer.field("set-cookie");
    for part in [
        "__Host-phien=",
        "; Secure",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Path=/",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
}

#[tokio::test]
async fn signing_in_takes_a_user_name_and_tells_nothing_about_others() {
    let town = Town::new().await;
    town.signed_in("lan").await;
    town.signed_in("lan@tinh.example").await;
    let mut browser = town.browser();
    let wrong = browser
        .post("/dang-nhap", &[("ten", "lan"), ("mat-khau", "sai")])
        .await;
    let nobody = browser
        .post("/dang-nhap", &[("ten", "lan"), ("mat-khau", "sai2")])
        .await;
    assert_eq!(
        (wrong.status, nobody.status),
        (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED)
    );
    let nobody = browser
        .post("/dang-nhap", &[("ten", "khongco"), ("mat-khau", "sai")])
        .await;
    assert_eq!(
        wrong.text().replace("lan", "NAME"),
        nobody
            .text()
            .replace("khongco", "NAME")
            .replace("lan", "NAME")
    );
    assert!(wrong.has("chưa đúng") && wrong.has("role=\"alert\""));
    let away = browser
        .post(
            "/dang-nhap",
            &[
                ("ten", "lan"),
                ("mat-khau", super::town::SECRET),
                ("ve", "//evil.example"),
            ],
        )
        .await;
    assert_eq!(away.place(), "/");
}

#[tokio::test]
async fn a_form_needs_its_token_and_our_origin() {
    let town = Town::new().await;
    let mut lan = town.signed_in("lan").await;
    let answer = lan.post("/ngon-ngu", &[("ma", "en")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "no token");
    let other = town.signed_in("binh").await;
    let answer = lan
        .post("/ngon-ngu", &[("ma", "en"), ("csrf", &other.token)])
        .await;
    assert_eq!(
        answer.status,
        StatusCode::FORBIDDEN,
        "another session's token"
    );
    let answer = lan.submit("/ngon-ngu", &[("ma", "en")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(
        lan.get("/them").await.has("Sign out"),
        "the language is kept"
    );
    let body = format!("csrf={}&ma=vi", lan.token);
    let foreign = Request::post("/ngon-ngu")
        .header(header::HOST, "thu.tinh.example")
        .header(header::ORIGIN, "https://evil.example")
        .body(Body::from(body))
        .unwrap();
    assert_eq!(lan.send(foreign).await.status, StatusCode::FORBIDDEN);
    let answer = lan
        .compose(
            &[("viec", "gui"), ("den", "binh@tinh.example"), ("csrf", "x")],
            &[],
        )
        .await;
    assert_ne!(
        answer.status,
        StatusCode::FORBIDDEN,
        "the first token counts"
    );
    lan.token = "x.y".into();
    let answer = lan
        .compose(&[("viec", "gui"), ("den", "binh@tinh.example")], &[])
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_everywhere_means_everywhere() {
    let town = Town::new().await;
    let mut phone = town.signed_in("lan").await;
    let mut office = town.signed_in("lan").await;
    let kept = phone.cookies.clone();
    let answer = phone.submit("/dang-xuat", &[]).await;
    assert_eq!(answer.place(), "/dang-nhap?tb=dang-xuat");
    phone.cookies = kept;
    assert_eq!(phone.get("/them").await.status, StatusCode::SEE_OTHER);
    assert_eq!(office.get("/them").await.status, StatusCode::OK);
    office.submit("/cai-dat/thiet-bi", &[]).await;
    assert_eq!(office.get("/them").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn guessing_is_slowed_by_address() {
    let town = Town::new().await;
    let mut browser = town.browser();
    let mut last = StatusCode::OK;
    for n in 0..80 {
        let name = format!("ai{n}");
        let answer = browser
            .post("/dang-nhap", &[("ten", &name), ("mat-khau", "x")])
            .await;
        last = answer.status;
        if last == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.field("retry-after").parse::<u64>().unwrap() >= 1);
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn forms_are_bounded() {
    let town = Town::with(|config| config.upload_bytes_max = 100_000).await;
    let mut lan = town.signed_in("lan").await;
    let big = "x".repeat(300_000);
    let answer = lan.submit("/ngon-ngu", &[("ma", &big)]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let file = vec![b'x'; 200_000];
    let answer = lan
        .compose(
            &[("viec", "gui"), ("den", "binh@tinh.example")],
            &[("a.txt", &file)],
        )
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.has("Chưa có gì bị thay đổi"));
}

#[tokio::test]
async fn pages_are_small_and_every_link_leads_somewhere() {
    let town = Town::new().await;
    town.receive(
        "lan",
        &super::letters::plain("Công văn 118/UBND-NC", "xem https://tinh.example"),
    )
    .await;
    let mut lan = town.signed_in("lan").await;
    let mut todo = vec!["/".to_owned(), "/quen-mat-khau".to_owned()];
    let mut seen = std::collections::HashSet::new();
    while let Some(path) = todo.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = lan.see(&path).await;
        assert!(answer.status.is_success(), "{path} is {}", answer.status);
        let html = answer.field("content-type").starts_with("text/html");
        if !html {
            continue;
        }
        assert!(
            answer.body.len() < 40_000,
            "{path} has {} bytes",
            answer.body.len()
        );
        let text = answer.text();
        assert!(
            !text.contains("style=\"") && !text.contains(" onclick"),
            "{path}"
        );
        for part in text
            .split("href=\"")
            .skip(1)
            .chain(text.split("src=\"").skip(1))
        {
            let link = part
                .split('"')
                .next()
                .unwrap()
                .replace("&#38;", "&")
                .replace("&amp;", "&");
            if link.starts_with('/') && link != "/su-kien" {
                todo.push(link);
            }
        }
    }
    assert!(seen.len() > 25, "only {} places", seen.len());
}
