//! A letter in every coding `viet` knows, from raw bytes that nothing names, by SMTP, read in a real browser on a phone:
//! right in the list and on its page. And one with every Vietnamese letter. And its sender's name in the push about it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::demo::LAN;
use congthu_tests::tool::client;
use congthu_tests::{Demo, Smtp};
use viet::{Coding, encode_as};

const SUBJECT: &str = "báo cáo tình hình phòng chống bão lụt năm nay, bản";
const TEXT: &str = "Đề nghị các đơn vị khẩn trương thực hiện việc kiểm tra đê biển phía tây và gửi kết quả về ủy ban.";

/// All letters with their marks: twelve vowels in six tones, and đ, in both cases.
fn every_letter() -> String {
    let small =
        "aàảãáạ ăằẳẵắặ âầẩẫấậ eèẻẽéẹ êềểễếệ iìỉĩíị oòỏõóọ ôồổỗốộ ơờởỡớợ uùủũúụ ưừửữứự yỳỷỹýỵ đ";
    format!("{small} {}", small.to_uppercase())
}

#[test]
fn a_letter_in_each_coding_reads_right_on_a_phone() {
    let demo = Demo::start();
    let mut cases = Vec::new();
    let mut smtp = Smtp::connect(demo.at("smtp")).unwrap();
    smtp.ehlo().unwrap();
    let mut send = |name: &str, subject: &[u8], text: &[u8], label: &str| {
        let mut raw =
            format!("From: khach@{name}.example\r\nTo: {LAN}\r\n{label}Subject: ").into_bytes();
        raw.extend(subject);
        raw.extend(b"\r\n\r\n");
        raw.extend(text);
        let (code, said) = smtp.send("khach@ngoai.example", &[LAN], &raw).unwrap();
        assert_eq!(code, 250, "{name}: {said}");
    };
    for (number, coding) in Coding::RECOGNISED.into_iter().enumerate() {
        let subject = format!("{SUBJECT} {number}.");
        let bytes = |text: &str| {
            encode_as(text, coding).unwrap_or_else(|| panic!("{coding:?} lacks a letter"))
        };
        send(&coding.to_string(), &bytes(&subject), &bytes(TEXT), "");
        cases.push(
            serde_json::json!({"coding": coding.to_string(), "subject": subject, "text": TEXT}),
        );
    }
    let all = every_letter();
    assert_eq!(all.chars().filter(|c| !c.is_ascii()).count(), 134);
    let label = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";
    send("du-chu", "đủ 134 chữ".as_bytes(), all.as_bytes(), label);
    cases.push(serde_json::json!({"coding": "all", "subject": "đủ 134 chữ", "text": all}));
    let mut told = demo.told.clone();
    told["cases"] = cases.into();
    let file = demo.data().with_extension("cases");
    std::fs::write(&file, told.to_string()).unwrap();
    let pictures = std::env::var("CONGTHU_PICTURES").ok();
    let mut arguments = vec!["codings", file.to_str().unwrap()];
    arguments.extend(pictures.as_deref());
    let said = client("web.py", &arguments);
    assert!(said.contains("done"), "{said}");
}

#[test]
fn the_push_about_a_letter_in_each_coding_names_its_sender() {
    let demo = Demo::with(&["--push-allow-private"]);
    let sender = "Trần Thị Mỹ Hạnh";
    let mut cases = Vec::new();
    for coding in Coding::RECOGNISED {
        let bytes = |text: &str| {
            encode_as(text, coding).unwrap_or_else(|| panic!("{coding:?} lacks a letter"))
        };
        let raw = [
            b"From: \"".as_slice(),
            &bytes(sender),
            b"\" <khach@ngoai.example>\r\nSubject: ",
            &bytes(SUBJECT),
            b"\r\n\r\n",
            &bytes(TEXT),
            b"\r\n",
        ]
        .concat();
        cases.push(serde_json::json!({"coding": coding.to_string(), "sender": sender, "raw": raw}));
    }
    let mut told = demo.told.clone();
    told["cases"] = cases.into();
    let file = demo.data().with_extension("cases");
    std::fs::write(&file, told.to_string()).unwrap();
    let said = client("push.py", &[file.to_str().unwrap()]);
    print!("{said}");
    assert!(said.contains("done"), "{said}");
}
