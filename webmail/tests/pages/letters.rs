//! Reading, finding, answering, sending, throwing away and taking back, as forms and links do it.

use super::town::Town;
use axum::http::StatusCode;

pub fn plain(subject: &str, text: &str) -> String {
    format!(
        "From: Khách <khach@gmail.example>\nTo: lan@tinh.example\nSubject: {subject}\nMessage-ID: <{}@gmail.example>\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n",
        subject.len()
    )
}

fn html(body: &str) -> String {
    format!(
        "From: khach@gmail.example\nTo: lan@tinh.example\nSubject: HTML\nMIME-Version: 1.0\n\
         Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html; charset=utf-8\n\n{body}\n\
         --b\nContent-Type: image/png; name=\"logo.png\"\nContent-ID: <logo@x>\nContent-Disposition: inline; filename=\"logo.png\"\n\
         Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b\nContent-Type: text/html; name=\"Phụ lục.html\"\n\
         Content-Disposition: attachment; filename=\"Phu luc.html\"\n\n<script>alert(1)</script>\n--b--\n"
    )
}

#[tokio::test]
async fn a_letter_is_listed_opened_read_and_only_by_its_owner() {
    let town = Town::new().await;
    town.receive(
        "lan",
        &plain("HỎA TỐC 2045/VP-HC V/v báo cáo", "Kính gửi chị.\n> cũ"),
    )
    .await;
    let mut lan = town.signed_in("lan").await;
    let list = lan.get("/").await;
    for part in [
        "data-testid=\"row\"",
        "HỎA TỐC",
        "<b class=\"num\">2045/VP-HC</b>",
        "22/11/2026",
        "Mới",
        "(1)",
    ] {
        assert!(list.has(part), "{part} is missing in {}", list.text());
    }
    let place = list.link("/thu/");
    let letter = lan.get(&place).await;
    for part in [
        "Kính gửi chị.",
        "Khách",
        "khach@",
        "<details class=\"quote\">",
        "Trả lời tất cả",
    ] {
        assert!(letter.has(part), "{part} is missing in {}", letter.text());
    }
    assert!(
        !lan.get("/").await.has("class=\"row unread\""),
        "opening is reading"
    );
    assert!(
        lan.get("/?loc=chua-doc")
            .await
            .has("Không còn thư chưa đọc")
    );
    let mut binh = town.signed_in("binh").await;
    for path in [
        place.clone(),
        format!("{place}/thu-goc"),
        format!("{place}/trang-thai"),
        format!("/hop-thu/{}", town.id("lan").await),
    ] {
        let answer = binh.get(&path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.has("Kính gửi chị"));
    }
    let answer = binh.submit(&place, &[("viec", "xoa")]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn html_letters_are_harmless_in_both_views() {
    let town = Town::new().await;
    let body = "<h2>Chương trình</h2><script>alert(1)</script><img src=http://t.example/p.gif>\
                <img src=cid:logo@x><p style='color:red' onclick=x>Đỏ</p>";
    town.receive("lan", &html(body)).await;
    let mut lan = town.signed_in("lan").await;
    let place = lan.get("/").await.link("/thu/");
    let page = lan.get(&place).await;
    assert!(
        page.has("<h2>Chương trình</h2>") && page.has("Đã chặn 1 ảnh"),
        "{}",
        page.text()
    );
    for bad in ["alert(1)", "t.example", "onclick"] {
        assert!(!page.has(bad), "{bad}");
    }
    let picture = lan.get(&page.link(&format!("{place}/tep/2?xem"))).await;
    assert_eq!(picture.field("content-type"), "image/png");
    assert!(picture.field("content-security-policy").contains("sandbox"));
    let frame = lan.get(&format!("{place}/nguyen-ban")).await;
    let policy = frame.field("content-security-policy");
    assert!(
        policy.contains("sandbox") && policy.contains("'nonce-") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(
        frame.has("data:image/png;base64,")
            && frame.has("color:red")
            && !frame.has("style='")
            && !frame.has("alert(1)")
    );
    let with_frame = lan.get(&format!("{place}?xem=nguyen-ban")).await;
    assert!(with_frame.has("<iframe") && with_frame.has("sandbox=\"allow-popups"));
    let file = lan.get(&page.link(&format!("{place}/tep/3"))).await;
    assert_eq!(file.field("content-type"), "application/octet-stream");
    assert!(
        file.field("content-disposition")
            .starts_with("attachment; filename=")
    );
    assert_eq!(
        lan.get(&format!("{place}/tep/9")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn fifty_thousand_divs_are_shown_as_text() {
    let town = Town::new().await;
    town.receive("lan", &html(&format!("{}sâu", "<div>".repeat(50_000))))
        .await;
    let mut lan = town.signed_in("lan").await;
    let place = lan.get("/").await.link("/thu/");
    let page = lan.get(&place).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.has("quá phức tạp") && page.has("sâu"));
}

#[tokio::test]
async fn a_letter_is_written_sent_and_its_fate_is_shown() {
    let town = Town::new().await;
    let mut lan = town.signed_in("lan").await;
    lan.get("/soan").await;
    let sent = lan
        .compose(
            &[
                ("viec", "gui"),
                ("den", "Lê Văn Bình"),
                ("trich-yeu", "Mời họp"),
                ("noi-dung", "Kính mời anh."),
                ("do-khan", "1"),
            ],
            &[("Giấy mời.txt", "nội dung".as_bytes())],
        )
        .await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let list = lan.see(&sent.place()).await;
    assert!(
        list.has("Đã gửi thư") && list.has("data-testid=\"list\"") || list.has("chưa có thư"),
        "{}",
        list.text()
    );
    let fate = lan.get(&list.link("/thu/")).await;
    assert!(
        fate.has("Đã vào hộp thư") && fate.has("binh@tinh.example"),
        "{}",
        fate.text()
    );
    let mut binh = town.signed_in("binh").await;
    let inbox = binh.get("/").await;
    assert!(inbox.has("Mời họp") && inbox.has("KHẨN") && inbox.has("1 tệp"));
    let place = inbox.link("/thu/");
    let letter = binh.get(&place).await;
    let file = binh.get(&letter.link(&format!("{place}/tep/"))).await;
    assert_eq!(file.body, "nội dung".as_bytes());
    assert!(
        file.field("content-disposition")
            .contains("filename*=UTF-8''Gi%E1%BA%A5y%20m%E1%BB%9Di.txt")
    );
    let answer = binh.get(&letter.link("/soan?tra-loi=")).await;
    for part in [
        "Re: Mời họp",
        "lan@tinh.example",
        "&#62; Kính mời anh.",
        "đã viết:",
    ] {
        assert!(answer.has(part), "{part} is missing in {}", answer.text());
    }
    let forward = binh.get(&letter.link("/soan?chuyen-tiep=")).await;
    assert!(
        forward.has("Fwd: Mời họp") && forward.has("name=\"giu\"") && forward.has("Giấy mời.txt")
    );
}

#[tokio::test]
async fn a_script_gets_the_next_page_in_the_answer_to_the_form() {
    let town = Town::new().await;
    let mut lan = town.signed_in("lan").await;
    lan.get("/soan").await;
    let words = [
        ("viec", "gui"),
        ("ngay", "1"),
        ("den", "binh@tinh.example"),
        ("trich-yeu", "Mời họp"),
    ];
    let list = lan.compose(&words, &[]).await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.text());
    assert!(list.has("Đã gửi thư") && list.has("/trang-thai"));
    // Its own address, so that loading it again does not send the letter again.
    assert!(
        list.has("data-place=\"/?tb=gui&#38;xem="),
        "{}",
        list.text()
    );
    lan.get("/soan").await;
    let asked = lan
        .compose(&[("viec", "gui"), ("ngay", "1"), ("den", "ai đó")], &[])
        .await;
    assert!(asked.has("data-testid=\"compose\"") && !asked.has("data-place"));
}

#[tokio::test]
async fn what_was_typed_is_kept_when_a_letter_cannot_be_sent() {
    let town = Town::new().await;
    let mut lan = town.signed_in("lan").await;
    for (to, words) in [
        ("", "Chưa có người nhận"),
        ("khongco@tinh.example", "Không có địa chỉ này"),
        ("Lê", "Không rõ người nhận"),
        ("ai@ngoai.example", "1 người nhận ở ngoài tỉnh"),
    ] {
        let answer = lan
            .compose(
                &[
                    ("viec", "gui"),
                    ("den", to),
                    ("trich-yeu", "Giữ lại"),
                    ("noi-dung", "từng chữ"),
                ],
                &[("a.txt", b"tep")],
            )
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{to}");
        for part in [words, "Giữ lại", "từng chữ", "a.txt"] {
            assert!(
                answer.has(part),
                "{to}: {part} is missing in {}",
                answer.text()
            );
        }
    }
    let answer = lan
        .compose(
            &[
                ("viec", "gui-van"),
                ("den", "ai@ngoai.example"),
                ("noi-dung", "x"),
            ],
            &[],
        )
        .await;
    assert_eq!(
        answer.status,
        StatusCode::SEE_OTHER,
        "sent when it is meant"
    );
}

#[tokio::test]
async fn drafts_are_kept_taken_up_and_gone_when_sent() {
    let town = Town::new().await;
    let mut lan = town.signed_in("lan").await;
    let saved = lan
        .compose(
            &[
                ("viec", "nhap"),
                ("den", "binh@tinh.example"),
                ("gui-an", "dao@tinh.example"),
                ("trich-yeu", "Nháp"),
                ("noi-dung", "dở"),
            ],
            &[("a.txt", b"tep")],
        )
        .await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    let form = lan.see(&saved.place()).await;
    for part in [
        "Đã lưu thư nháp",
        "binh@tinh.example",
        "dao@tinh.example",
        "Nháp",
        "dở",
        "a.txt",
    ] {
        assert!(form.has(part), "{part} is missing in {}", form.text());
    }
    let text = form.text();
    let value = |name: &str| {
        let (_, rest) = text
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (draft, kept) = (value("nhap"), value("giu"));
    let sent = lan
        .compose(
            &[
                ("viec", "gui"),
                ("den", "binh@tinh.example"),
                ("trich-yeu", "Xong"),
                ("nhap", &draft),
                ("giu", &kept),
            ],
            &[],
        )
        .await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    let folders = lan.get("/hop-thu").await;
    let drafts = folders.text().split("Thư nháp").nth(1).unwrap().to_owned();
    assert!(drafts.contains("0 thư"), "{drafts}");
    let mut binh = town.signed_in("binh").await;
    assert!(binh.get("/").await.has("1 tệp"));
    let mut dao = town.signed_in("dao").await;
    let stolen = dao
        .compose(
            &[("viec", "gui"), ("den", "dao@tinh.example"), ("giu", &kept)],
            &[],
        )
        .await;
    assert_eq!(
        stolen.status,
        StatusCode::NOT_FOUND,
        "nobody attaches another's file"
    );
}

#[tokio::test]
async fn letters_are_thrown_away_and_taken_back() {
    let town = Town::new().await;
    town.receive("lan", &plain("Xóa thử", "x")).await;
    let mut lan = town.signed_in("lan").await;
    let place = lan.get("/").await.link("/thu/");
    let gone = lan.submit(&place, &[("viec", "xoa")]).await;
    assert!(
        gone.place().starts_with("/?tb=xoa&thu="),
        "{}",
        gone.place()
    );
    let list = lan.see(&gone.place()).await;
    assert!(
        list.has("Đã chuyển thư vào Thùng rác")
            && list.has("Hoàn tác")
            && list.has("chưa có thư nào")
    );
    let (undo, back) = (list.link("/thu/"), list.text());
    let den = back
        .split("name=\"den\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let answer = lan
        .submit(&undo, &[("viec", "hoan-tac"), ("den", &den)])
        .await;
    let list = lan.see(&answer.place()).await;
    assert!(list.has("Đã hoàn tác") && list.has("Xóa thử"));
    let place = list.link("/thu/");
    for (act, mark) in [
        ("danh-dau", "Bỏ đánh dấu"),
        ("bo-danh-dau", "Đánh dấu quan trọng"),
    ] {
        let answer = lan.submit(&place, &[("viec", act)]).await;
        assert!(lan.see(&answer.place()).await.has(mark));
    }
    let answer = lan.submit(&place, &[("viec", "chua-doc")]).await;
    assert!(lan.see(&answer.place()).await.has("row unread"));
    assert_eq!(
        lan.submit(&place, &[("viec", "pha")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn search_needs_no_diacritics_and_marks_what_it_found() {
    let town = Town::new().await;
    town.receive("lan", &plain("V/v nâng cấp đê biển Tây", "x"))
        .await;
    let mut lan = town.signed_in("lan").await;
    for typed in ["đê biển", "de bien", "ĐÊ BIỂN", "DE BIEN", "đê biển"] {
        let answer = lan
            .get(&format!(
                "/tim?q={}",
                typed
                    .replace(' ', "+")
                    .bytes()
                    .map(|b| match b {
                        b'+' | b'a'..=b'z' | b'A'..=b'Z' => char::from(b).to_string(),
                        b => format!("%{b:02X}"),
                    })
                    .collect::<String>()
            ))
            .await;
        assert!(
            answer.has("Tìm thấy 1 thư") && answer.has("<mark>đê biển</mark>"),
            "{typed}: {}",
            answer.text()
        );
    }
    assert!(lan.get("/tim?q=khongco").await.has("Tìm thấy 0 thư"));
}

#[tokio::test]
async fn a_person_finds_what_became_of_a_letter_and_not_of_others() {
    let town = Town::new().await;
    town.receive("lan", &plain("Tra cứu", "x")).await;
    let mut lan = town.signed_in("lan").await;
    let answer = lan.get("/tra-cuu?ai=khach%40gmail.example").await;
    assert!(
        answer.has("Tra cứu") && answer.has("Đã vào hộp thư"),
        "{}",
        answer.text()
    );
    let mut binh = town.signed_in("binh").await;
    let answer = binh.get("/tra-cuu?ai=khach%40gmail.example").await;
    assert!(!answer.has("Tra cứu") && answer.has("chưa tới máy chủ tỉnh"));
    assert!(
        !binh
            .get("/tra-cuu?ai=lan%40tinh.example")
            .await
            .has("Tra cứu")
    );
}

#[tokio::test]
async fn unit_mailboxes_are_there_for_their_members_only() {
    let town = Town::new().await;
    town.receive("sonoivu", &plain("Gửi Sở", "x")).await;
    let unit = town.id("sonoivu").await;
    let mut lan = town.signed_in("lan").await;
    assert!(lan.get("/").await.has("Sở Nội vụ"));
    assert!(lan.get(&format!("/hop-thu/{unit}")).await.has("Gửi Sở"));
    let sent = lan
        .compose(
            &[
                ("viec", "gui"),
                ("tu", &unit.to_string()),
                ("den", "binh@tinh.example"),
                ("trich-yeu", "Từ Sở"),
            ],
            &[],
        )
        .await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let mut binh = town.signed_in("binh").await;
    assert!(binh.get("/").await.has("Sở Nội vụ"));
    assert_eq!(
        binh.get(&format!("/hop-thu/{unit}")).await.status,
        StatusCode::NOT_FOUND
    );
    let stolen = binh
        .compose(
            &[
                ("viec", "gui"),
                ("tu", &unit.to_string()),
                ("den", "lan@tinh.example"),
            ],
            &[],
        )
        .await;
    assert_eq!(stolen.status, StatusCode::NOT_FOUND);
}

/// Two short words that no one can tell: the reader says what they are in.
#[tokio::test]
async fn the_reader_chooses_the_coding_for_a_letter_and_its_sender() {
    let raw = b"From: Khach <Khach@gmail.example>\r\nTo: lan@tinh.example\r\nSubject: Thu\r\n\r\ns\xb7\r\n";
    let found = mailroom::letter::read(raw);
    assert!(!mailroom::letter::is_convincing(&found));
    let found = found.text.trim().to_owned();
    assert_ne!(found, "sã");
    let town = Town::new().await;
    town.receive_bytes("lan", raw.to_vec()).await;
    town.receive_bytes("binh", raw.to_vec()).await;
    let mut lan = town.signed_in("lan").await;
    let place = lan.get("/").await.link("/thu/");
    let letter = lan.get(&place).await;
    assert!(letter.has(&found), "{}", letter.text());
    assert!(letter.has("Hiển thị theo bảng mã:") && !letter.has("Trở lại cách tự nhận biết"));
    let here = format!("{place}/bang-ma");
    let bad = lan.submit(&here, &[("bang-ma", "rot13")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = lan.submit(&here, &[("bang-ma", "tcvn3")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let letter = lan.get(&place).await;
    for part in ["sã", "bảng mã TCVN3 (ABC)", "Trở lại cách tự nhận biết"] {
        assert!(letter.has(part), "{part} is missing in {}", letter.text());
    }
    let list = lan.get("/").await;
    assert!(list.has("sã") && !list.has(&found), "the list shows it so");
    // Others see nothing of it.
    let mut binh = town.signed_in("binh").await;
    assert!(binh.get("/").await.has(&found));
    // The next letter of the same sender, as doubtful as the first, is read so by itself: page at once, list soon.
    town.receive_bytes("lan", raw.to_vec()).await;
    let mut rows = lan.get("/").await;
    for _ in 0..400 {
        if !rows.has(&found) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        rows = lan.get("/").await;
    }
    assert!(!rows.has(&found), "{}", rows.text());
    let second = rows.link("/thu/");
    assert_ne!(second, place);
    assert!(lan.get(&second).await.has("sã"));
    // Back to what is found, for the letter and for those to come.
    let back = lan.submit(&here, &[("bang-ma", "")]).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    let letter = lan.get(&place).await;
    assert!(
        letter.has(&found) && !letter.has("Trở lại cách tự nhận biết"),
        "{}",
        letter.text()
    );
}

#[tokio::test]
async fn results_show_the_words_where_they_stand() {
    let town = Town::new().await;
    let filler = "Căn cứ các quy định hiện hành. ".repeat(30);
    let text = format!("{filler}\nĐề nghị kiểm tra <b>đê biển</b> phía Tây.\n{filler}");
    town.receive("lan", &plain("Báo cáo", &text)).await;
    let mut lan = town.signed_in("lan").await;
    for asked in ["de%20bien", "%22%C4%91%C3%AA%20bi%E1%BB%83n%22", "de%20bie"] {
        let found = lan.get(&format!("/tim?q={asked}")).await;
        let marked = "kiểm tra &#60;b&#62;<mark>đê biển</mark>&#60;/b&#62; phía Tây";
        assert!(found.has(marked), "{asked}: {}", found.text());
    }
    let subject = lan.get("/tim?q=bao%20cao").await;
    assert!(subject.has("<mark>Báo cáo</mark>"), "{}", subject.text());
}

#[tokio::test]
async fn results_say_which_letters_have_the_typed_tones() {
    let town = Town::new().await;
    for subject in [
        "Gia cố đê biển",
        "Gia cố đê biển Tây",
        "Vật liệu dễ biến dạng",
    ] {
        town.receive("lan", &plain(subject, "x")).await;
    }
    let mut lan = town.signed_in("lan").await;
    let found = lan.get("/tim?q=%C4%91%C3%AA%20bi%E1%BB%83n").await;
    let text = found.text();
    let place = |words: &str| {
        text.find(words)
            .unwrap_or_else(|| panic!("{words}: {text}"))
    };
    assert!(place("Khớp đúng dấu") < place("Gia cố"));
    assert!(text.rfind("Gia cố").unwrap() < place("Khớp không dấu"));
    assert!(place("Khớp không dấu") < place("Vật liệu"));
    // Nothing to tell apart: nothing typed, or all alike.
    for asked in ["de%20bien", "%C4%91%C3%AA%20t%C3%A2y"] {
        assert!(
            !lan.get(&format!("/tim?q={asked}")).await.has("Khớp"),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn a_first_contact_is_said_beside_the_sender() {
    let town = Town::new().await;
    let raw = |subject: &str| {
        format!(
            "From: Khách <khach@gmail.example>\r\nTo: lan@tinh.example\r\nSubject: {subject}\r\n\r\nx\r\n"
        )
    };
    let first = vec![format!("{} (+1)", mailroom::met::FIRST_CONTACT)];
    town.receive_noted("lan", raw("dau").into_bytes(), first)
        .await;
    let mut lan = town.signed_in("lan").await;
    let place = lan.get("/").await.link("/thu/");
    let page = lan.get(&place).await;
    assert!(page.has("Người gửi lần đầu"), "{}", page.text());
    town.receive_bytes("lan", raw("sau").into_bytes()).await;
    let place = lan.get("/").await.link("/thu/");
    let page = lan.get(&place).await;
    assert!(page.has("sau") && !page.has("Người gửi lần đầu"));
}
