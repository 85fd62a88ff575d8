//! Letters kept apart, as their owner meets them on the page.

use super::town::Town;
use axum::http::StatusCode;

#[tokio::test]
async fn a_letter_with_a_program_is_seen_taken_or_removed_by_its_owner_only() {
    let town = Town::new().await;
    for (subject, file) in [("Hóa đơn", "hoa don.exe"), ("Phiếu", "phieu.js")] {
        let raw = format!(
            "From: Kế toán <ketoan@khach.example>\nTo: lan@tinh.example\nSubject: {subject}\nMIME-Version: 1.0\n\
             Content-Type: multipart/mixed; boundary=b\n\n--b\n\nMời xem.\n--b\nContent-Type: application/octet-stream\n\
             Content-Disposition: attachment; filename=\"{file}\"\n\nMZ\n--b--\n"
        );
        town.receive("lan", &raw).await;
    }
    let mut lan = town.signed_in("lan").await;
    let inbox = lan.get("/").await;
    assert!(inbox.has("Có 2 thư bị cách ly") && !inbox.has("Hóa đơn"));
    let place = inbox.link("/cach-ly/");
    let page = lan.get(&place).await;
    for part in ["Hóa đơn", "Kế toán", "“hoa don.exe”", "Phiếu", "chưa chọn"] {
        assert!(page.has(part), "{part} is missing in {}", page.text());
    }
    assert!(!page.has("/tep/"), "nothing of it can be opened");
    let id = |page: &str, subject: &str| {
        let (_, behind) = page.split_once(subject).unwrap();
        let (_, behind) = behind.split_once("name=\"thu\" value=\"").unwrap();
        behind.split_once('"').unwrap().0.to_owned()
    };
    let (first, second) = (id(&page.text(), "Hóa đơn"), id(&page.text(), "Phiếu"));
    let mut binh = town.signed_in("binh").await;
    assert_eq!(binh.get(&place).await.status, StatusCode::NOT_FOUND);
    let answer = binh
        .submit(&place, &[("thu", &first), ("viec", "lay")])
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    lan.get(&place).await;
    let taken = lan
        .submit(&place, &[("thu", &first), ("viec", "lay")])
        .await;
    assert!(
        lan.see(&taken.place())
            .await
            .has("Đã đưa thư về Hộp thư đến")
    );
    let removed = lan
        .submit(&place, &[("thu", &second), ("viec", "xoa")])
        .await;
    assert!(
        lan.see(&removed.place())
            .await
            .has("Không có thư nào bị cách ly")
    );
    let inbox = lan.get("/").await;
    assert!(inbox.has("Hóa đơn") && !inbox.has("Phiếu") && !inbox.has("bị cách ly"));
    let trace = lan.get("/tra-cuu?ai=ketoan@khach.example").await;
    assert!(
        trace.has("Người nhận đã lấy về Hộp thư đến") && trace.has("Người nhận đã xóa khi cách ly"),
        "{}",
        trace.text()
    );
}
