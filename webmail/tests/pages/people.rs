//! A forgotten account given back, passphrases, app passwords, devices that are notified.

use super::town::{SECRET, Town};
use axum::http::StatusCode;

const NEW: &str = "cau-tre-lac-leo-64";

#[tokio::test]
async fn a_slip_gives_an_account_back_once() {
    let town = Town::new().await;
    let mut lan = town.signed_in("lan").await;
    let mut admin = town.signed_in("quantri").await;
    let found = admin.get("/quan-tri?ten=nguyen+thi+lan").await;
    assert!(
        found.has("Nguyễn Thị Lan") && found.has("Tìm thấy 1 người"),
        "{}",
        found.text()
    );
    let place = found.link("/quan-tri/nguoi/");
    assert!(admin.get(&place).await.has("Cấp mã đăng nhập một lần"));
    let slip = admin.submit(&format!("{place}/phieu"), &[]).await;
    assert!(
        slip.has("<svg") && slip.has("href=\"https://thu.tinh.example/khoi-phuc/"),
        "{}",
        slip.text()
    );
    let text = slip.text();
    let code = text
        .split("data-testid=\"slip-code\">")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap()
        .to_owned();
    let mut phone = town.browser();
    let typed = phone
        .post("/khoi-phuc", &[("ma", &code.to_lowercase())])
        .await;
    let page = phone.get(&typed.place()).await;
    assert!(page.has("Nguyễn Thị Lan"), "{}", page.text());
    for (first, second, words) in [
        (NEW, "khac", "khác nhau"),
        ("ngan", "ngan", "quá ngắn"),
        ("nguyenthilan", "nguyenthilan", "Chưa"),
    ] {
        let answer = phone
            .post(&typed.place(), &[("mat-khau", first), ("lai", second)])
            .await;
        if first != "nguyenthilan" {
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{first}");
            assert!(answer.has(words), "{first}: {}", answer.text());
        }
        if answer.status == StatusCode::SEE_OTHER {
            panic!("{first} was taken");
        }
    }
    let entered = phone
        .post(&typed.place(), &[("mat-khau", NEW), ("lai", NEW)])
        .await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.text());
    assert!(phone.see(&entered.place()).await.has("Đã đặt mật khẩu mới"));
    assert_eq!(
        lan.get("/them").await.status,
        StatusCode::SEE_OTHER,
        "other devices are out"
    );
    let again = town.browser().get(&typed.place()).await;
    assert_eq!(
        again.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "a slip works once"
    );
    let old = town
        .browser()
        .post("/dang-nhap", &[("ten", "lan"), ("mat-khau", SECRET)])
        .await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);
    let log = admin.get("/quan-tri/nhat-ky").await;
    assert!(
        log.has("Cấp mã đăng nhập một lần") && log.has("lan@tinh.example"),
        "{}",
        log.text()
    );
}

#[tokio::test]
async fn administrators_see_their_own_subtree_and_others_see_nothing() {
    let town = Town::new().await;
    let mut admin = town.signed_in("quantri").await;
    assert!(
        admin
            .get("/quan-tri?ten=binh")
            .await
            .has("Tìm thấy 0 người"),
        "another unit"
    );
    let answer = admin.get("/quan-tri/nguoi/binh@tinh.example").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let answer = admin
        .submit("/quan-tri/nguoi/binh@tinh.example/phieu", &[])
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let answer = admin
        .get(&format!("/hop-thu/{}", town.id("lan").await))
        .await;
    assert_eq!(
        answer.status,
        StatusCode::NOT_FOUND,
        "an administrator reads no mail"
    );
    let mut lan = town.signed_in("lan").await;
    for path in [
        "/quan-tri",
        "/quan-tri/nhat-ky",
        "/quan-tri/cho-duyet",
        "/quan-tri/nguoi/dao@tinh.example",
    ] {
        assert_eq!(lan.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let answer = lan
        .submit("/quan-tri/nguoi/dao@tinh.example/phieu", &[])
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(!lan.get("/them").await.has("Quản trị đơn vị"));
}

#[tokio::test]
async fn passphrases_and_app_passwords_are_changed_by_their_owner() {
    let town = Town::new().await;
    let mut lan = town.signed_in("lan").await;
    lan.get("/cai-dat/mat-khau").await;
    let answer = lan
        .submit(
            "/cai-dat/mat-khau",
            &[("cu", "sai"), ("mat-khau", NEW), ("lai", NEW)],
        )
        .await;
    assert!(answer.has("chưa đúng"));
    lan.get("/cai-dat/mat-khau").await;
    let answer = lan
        .submit(
            "/cai-dat/mat-khau",
            &[("cu", SECRET), ("mat-khau", NEW), ("lai", NEW)],
        )
        .await;
    assert_eq!(answer.place(), "/them?tb=mat-khau", "{}", answer.text());
    let mut lan = town.browser();
    let entered = lan
        .post("/dang-nhap", &[("ten", "lan"), ("mat-khau", NEW)])
        .await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER);
    lan.get("/cai-dat/ung-dung").await;
    let made = lan
        .submit("/cai-dat/ung-dung", &[("ten", "Máy ở cơ quan")])
        .await;
    assert!(made.has("data-testid=\"app-password\"") && made.has("Máy ở cơ quan"));
    assert!(
        !lan.get("/cai-dat/ung-dung")
            .await
            .has("data-testid=\"app-password\""),
        "told once"
    );
    let revoke = made.link("/cai-dat/ung-dung/");
    let answer = lan.submit(&revoke, &[]).await;
    assert!(!lan.see(&answer.place()).await.has("Máy ở cơ quan"));
}

#[tokio::test]
async fn one_of_the_other_devices_is_signed_out() {
    let town = Town::new().await;
    let mut here = town.signed_in("lan").await;
    assert!(!here.get("/cai-dat/thiet-bi").await.has("nơi khác"));
    let mut phone = town.signed_in("lan").await;
    let mut other = town.signed_in("quantri").await;
    let listed = here.get("/cai-dat/thiet-bi").await;
    let end = listed.link("/cai-dat/thiet-bi/");
    assert!(end.ends_with("/dang-xuat"), "{end}");
    // Somebody else's session cannot be ended, whoever knows its key.
    other.get("/cai-dat/thiet-bi").await;
    other.submit(&end, &[]).await;
    assert_eq!(phone.get("/cai-dat/thiet-bi").await.status, StatusCode::OK);
    here.get("/cai-dat/thiet-bi").await;
    let answer = here.submit(&end, &[]).await;
    assert_eq!(answer.place(), "/cai-dat/thiet-bi?tb=het-phien-khac");
    assert!(!here.see(&answer.place()).await.has("nơi khác"));
    let gone = phone.get("/cai-dat/thiet-bi").await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.text());
}

#[tokio::test]
async fn devices_subscribe_and_stop() {
    let town = Town::new().await;
    let mut lan = town.signed_in("lan").await;
    assert!(lan.get("/cai-dat/thong-bao").await.has("data-key=\"BKey\""));
    let keys = [
        ("endpoint", "https://push.example/abc"),
        ("p256dh", "BPub"),
        ("auth", "c2VjcmV0"),
    ];
    let answer = lan.submit("/thong-bao/dang-ky", &keys).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
    assert!(
        lan.get("/cai-dat/thong-bao")
            .await
            .has("https://push.example/abc")
    );
    let bad = lan
        .submit(
            "/thong-bao/dang-ky",
            &[("endpoint", "javascript:x"), ("p256dh", "a"), ("auth", "b")],
        )
        .await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    lan.submit(
        "/thong-bao/huy",
        &[("endpoint", "https://push.example/abc")],
    )
    .await;
    assert!(
        !lan.get("/cai-dat/thong-bao")
            .await
            .has("https://push.example/abc")
    );
    assert_eq!(
        lan.submit("/thong-bao/thu", &[]).await.status,
        StatusCode::NOT_FOUND,
        "no hook, no test"
    );
}

#[tokio::test]
async fn what_the_lock_screen_shows_is_chosen_where_the_province_allows_it() {
    let place = "/cai-dat/thong-bao";
    let to = "/thong-bao/man-hinh-khoa";
    let town = Town::new().await;
    let mut lan = town.signed_in("lan").await;
    let page = lan.get(place).await;
    assert!(!page.has("name=\"hien\"") && page.has("chỉ hiện số lượng"));
    let refused = lan.submit(to, &[("hien", "nguoi-gui")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text());

    let policy = mailroom::Policy {
        push_shows_senders: true,
        ..mailroom::Policy::default()
    };
    let town = Town::that(policy, |_| {}).await;
    let mut lan = town.signed_in("lan").await;
    let count = "value=\"so-luong\" checked";
    let senders = "value=\"nguoi-gui\" checked";
    let page = lan.get(place).await;
    assert!(page.has(count) && !page.has(senders), "{}", page.text());
    let answer = lan.submit(to, &[("hien", "nguoi-gui")]).await;
    let page = lan.see(&answer.place()).await;
    assert!(page.has("Đã lưu lựa chọn"), "{}", page.text());
    assert!(page.has(senders) && !page.has(count));
    let mut binh = town.signed_in("binh").await;
    assert!(binh.get(place).await.has(count), "everybody for themselves");
    lan.get(place).await;
    assert_eq!(
        lan.submit(to, &[("hien", "tat-ca")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    lan.submit(to, &[("hien", "so-luong")]).await;
    assert!(lan.get(place).await.has(count));
}

#[tokio::test]
async fn what_phones_install_is_there() {
    let town = Town::new().await;
    let mut anyone = town.browser();
    let manifest = anyone.get("/manifest.webmanifest").await.json();
    assert_eq!(manifest["start_url"], "/");
    for icon in manifest["icons"].as_array().unwrap() {
        let answer = anyone.get(icon["src"].as_str().unwrap()).await;
        assert_eq!(answer.field("content-type"), "image/png");
        assert!(answer.body.starts_with(b"\x89PNG"));
    }
    let worker = anyone.get("/sw.js").await;
    assert!(worker.has("showNotification") && worker.field("cache-control") == "no-cache");
    assert_eq!(anyone.get("/mat-ket-noi").await.status, StatusCode::OK);
    let config = anyone
        .get("/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=lan@tinh.example")
        .await;
    assert!(config.has("<socketType>SSL</socketType>") && config.has("%EMAILADDRESS%"));
}

#[tokio::test]
async fn answers_while_away_are_set_on_a_page() {
    let town = Town::new().await;
    let page = "/cai-dat/tra-loi-tu-dong";
    let mut lan = town.signed_in("lan").await;
    assert!(lan.get("/them").await.has(page));
    assert!(lan.get(page).await.has("Bật trả lời tự động"));
    let own = town.id("lan").await.to_string();
    for (fields, words) in [
        (vec![("bat", "1")], "Hãy nhập nội dung"),
        (
            vec![("bat", "1"), ("noi-dung", "x"), ("tu", "20/11/2026")],
            "Ngày không hợp lệ",
        ),
        (
            vec![
                ("bat", "1"),
                ("noi-dung", "x"),
                ("tu", "2030-02-02"),
                ("den", "2030-02-01"),
            ],
            "ở trước ngày bắt đầu",
        ),
    ] {
        let answer = lan.submit(page, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{words}");
        assert!(answer.has(words), "{words}: {}", answer.text());
    }
    let fields = [
        ("hop", own.as_str()),
        ("bat", "1"),
        ("tu", "2030-02-01"),
        ("den", "2030-02-03"),
        ("tieu-de", "Vắng mặt"),
        ("noi-dung", "Tôi đi công tác.\r\nXin gọi <văn phòng>."),
    ];
    let saved = lan.submit(page, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let shown = lan.see(&saved.place()).await;
    for wanted in [
        "Đã lưu cài đặt",
        " checked",
        "2030-02-01",
        "2030-02-03",
        "value=\"Vắng mặt\"",
        "Tôi đi công tác.\nXin gọi &#60;văn phòng&#62;.",
    ] {
        assert!(shown.has(wanted), "{wanted}: {}", shown.text());
    }
    // Somebody else's mailbox is not one's to answer for.
    let other = town.id("quantri").await.to_string();
    let foreign = lan
        .submit(page, &[("hop", &other), ("noi-dung", "x")])
        .await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{}", foreign.text());
    assert_eq!(
        lan.get(&format!("{page}?hop={other}")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn forwarding_is_set_on_a_page() {
    let town = Town::new().await;
    let page = "/cai-dat/chuyen-tiep";
    let mut lan = town.signed_in("lan").await;
    assert!(lan.get(page).await.has("Chuyển tiếp đến địa chỉ"));
    for (target, words) in [
        ("an@ngoai.example", "không cho chuyển tiếp thư ra ngoài"),
        ("khongco@tinh.example", "không có hộp thư này"),
        ("lan@tinh.example", "của chính hộp thư này"),
    ] {
        let refused = lan
            .submit(page, &[("viec", "dat"), ("dia-chi", target)])
            .await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{target}");
        assert!(refused.has(words), "{target}: {}", refused.text());
        assert!(refused.has(&format!("value=\"{target}\"")), "kept as typed");
    }
    let to = [("viec", "dat"), ("dia-chi", "quantri@tinh.example")];
    let set = lan.submit(page, &to).await;
    assert_eq!(set.status, StatusCode::SEE_OTHER, "{}", set.text());
    let shown = lan.see(&set.place()).await;
    assert!(
        shown.has("Đang chuyển tiếp đến quantri@tinh.example"),
        "{}",
        shown.text()
    );
    let ended = lan.submit(page, &[("viec", "tat")]).await;
    let shown = lan.see(&ended.place()).await;
    assert!(shown.has("Đã tắt chuyển tiếp thư") && !shown.has("Đang chuyển tiếp đến"));
    let wrong = lan.submit(page, &[("viec", "khac")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let other = town.id("quantri").await.to_string();
    let foreign = lan.submit(page, &[("hop", &other), ("viec", "tat")]).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn members_elsewhere_leave_a_list_without_signing_in() {
    let town = Town::new().await;
    let fields = town
        .room
        .list_fields("tatca@tinh.example", "ngoai@gmail.example")
        .await
        .unwrap();
    let (_, rest) = fields.split_once("https://thu.tinh.example").unwrap();
    let place = rest.split('>').next().unwrap();
    let mut guest = town.browser();
    let asked = guest.get(place).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(
        asked.has("Địa chỉ ngoai@gmail.example đang nhận thư gửi đến danh sách tatca@tinh.example"),
        "{}",
        asked.text()
    );
    // As a mail provider does it: no cookie, no origin.
    let click = axum::http::Request::post(place)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from("List-Unsubscribe=One-Click"))
        .unwrap();
    let done = guest.send(click).await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(done.has("không còn nhận thư"), "{}", done.text());
    let forged = guest.get(&format!("{place}x")).await;
    assert_eq!(forged.status, StatusCode::NOT_FOUND);
}
