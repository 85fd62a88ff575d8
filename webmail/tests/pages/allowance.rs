//! Other daily limits for one person, on the person's page without a script.

use super::town::Town;
use axum::http::StatusCode;
use mailroom::Policy;
use mailroom::policy::SendingLimits;

const PLACE: &str = "/quan-tri/nguoi/lan%40tinh.example";

#[tokio::test]
async fn limits_are_shown_given_and_taken_back() {
    let policy = Policy {
        sending: SendingLimits::usual(),
        ..Policy::default()
    };
    let town = Town::that(policy, |_| {}).await;
    let mut admin = town.signed_in("quantri").await;
    let page = admin.get(PLACE).await;
    assert!(page.has("0 trên 1.000") && page.has("Cả đơn vị Sở Nội vụ"));
    let form = format!("{PLACE}/gioi-han");
    let fields = |letters: &'static str, day: &'static str| {
        [
            ("viec", "dat"),
            ("thu", letters),
            ("nguoi", "6.000"),
            ("la", "2000"),
            ("den", day),
            ("ly-do", "Giấy mời <họp dân>"),
        ]
    };
    let wrong = admin.submit(&form, &fields("nhiều", "2026-11-25")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.has("từ 1 đến 50000") && wrong.has("value=\"nhiều\"") && wrong.has("6.000"),
        "what was typed stays: {}",
        wrong.text()
    );
    let set = admin.submit(&form, &fields("1500", "2026-11-25")).await;
    let page = admin.see(&set.place()).await;
    for words in [
        "Đã đặt giới hạn gửi mới.",
        "0 trên 1.500",
        "0 trên 6.000",
        "Giới hạn riêng đến 25/11/2026 23:59",
        "Giấy mời &#60;họp dân&#62;",
        "quantri@tinh.example",
    ] {
        assert!(page.has(words), "{words}: {}", page.text());
    }
    assert!(
        admin
            .get("/quan-tri/nhat-ky")
            .await
            .has("Đặt giới hạn gửi riêng")
    );
    let usual = admin.submit(&form, &[("viec", "thuong")]).await;
    let page = admin.see(&usual.place()).await;
    assert!(page.has("0 trên 1.000") && !page.has("Giới hạn riêng"));
    let reset = admin.submit(&form, &[("viec", "lai-tu-dau")]).await;
    assert!(admin.see(&reset.place()).await.has("bắt đầu lại từ 0"));
    // Not one's own, not another unit's, not without the page's token.
    let own = admin.get("/quan-tri/nguoi/quantri%40tinh.example").await;
    assert!(own.has("do quản trị viên cấp trên") && !own.has("name=\"thu\""));
    for (address, status) in [
        ("quantri", StatusCode::FORBIDDEN),
        ("binh", StatusCode::NOT_FOUND),
    ] {
        let place = format!("/quan-tri/nguoi/{address}%40tinh.example/gioi-han");
        let answer = admin.submit(&place, &fields("1500", "2026-11-25")).await;
        assert_eq!(answer.status, status, "{address}");
    }
    let forged = admin.post(&form, &[("viec", "lai-tu-dau")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let mut lan = town.signed_in("lan").await;
    let answer = lan.submit(&form, &[("viec", "lai-tu-dau")]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
