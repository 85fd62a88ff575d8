//! Letters from raw bytes of 2004, by SMTP, in a mail program: SORT, PREVIEW and SEARCH go by the repaired text, ENVELOPE and
//! the body stay as received. On both databases.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::demo::LAN;
use congthu_tests::{Demo, Imap, Smtp, postgres};
use viet::{Coding, encode_as};

/// Coding, sender, subject; in the order they come in. Sorted they stand otherwise, by subject and by sender.
const LETTERS: [(Coding, &str, &str); 4] = [
    (
        Coding::Tcvn3,
        "Trần Văn Đức",
        "Đề nghị báo cáo tình hình ngập lụt ở các xã ven biển",
    ),
    (
        Coding::Utf8,
        "Nguyễn Thị Ánh",
        "Dự toán thu chi năm tới của đơn vị",
    ),
    (
        Coding::Vni,
        "Đặng Thị Hương",
        "An toàn thực phẩm trong dịp Tết, đề nghị kiểm tra",
    ),
    (
        Coding::Mojibake,
        "Đào Thị Hường",
        "Ủy ban nhân dân tỉnh mời họp giao ban",
    ),
];
const TEXT: &str =
    "Đề nghị các đơn vị khẩn trương kiểm tra đê biển phía tây và gửi kết quả về văn phòng.";

fn bytes(text: &str, coding: Coding) -> Vec<u8> {
    encode_as(text, coding).unwrap_or_else(|| panic!("{coding:?} lacks a letter"))
}

fn deliver(demo: &Demo) {
    let mut smtp = Smtp::connect(demo.at("smtp")).unwrap();
    smtp.ehlo().unwrap();
    for (coding, sender, subject) in LETTERS {
        let raw = [
            b"From: \"".as_slice(),
            &bytes(sender, coding),
            b"\" <khach@xep.example>\r\nTo: ",
            LAN.as_bytes(),
            b"\r\nSubject: ",
            &bytes(subject, coding),
            b"\r\n\r\n",
            &bytes(TEXT, coding),
            b"\r\n",
        ]
        .concat();
        let (code, said) = smtp.send("khach@xep.example", &[LAN], &raw).unwrap();
        assert_eq!(code, 250, "{coding}: {said}");
    }
}

/// The numbers of an untagged answer.
fn numbers(imap: &mut Imap, command: &str, answer: &str) -> Vec<u32> {
    let said = imap.say(command);
    assert!(said.ok, "{command}: {}", said.text());
    let text = said.text();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(answer))
        .unwrap_or_else(|| panic!("{command}: {text}"));
    line.split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect()
}

fn contains(whole: &[u8], piece: &[u8]) -> bool {
    whole.windows(piece.len()).any(|window| window == piece)
}

fn whole_way(options: &[&str]) {
    let demo = Demo::with(options);
    deliver(&demo);
    let mut imap = Imap::login(demo.at("imap"), LAN, demo.password(LAN));
    assert!(imap.say("SELECT INBOX").ok);
    let came = numbers(
        &mut imap,
        "UID SORT (ARRIVAL) UTF-8 FROM xep.example",
        "* SORT",
    );
    let [tcvn3, utf8, vni, mojibake] = came[..] else {
        panic!("{came:?}");
    };
    for (command, expected) in [
        (
            "UID SORT (SUBJECT) UTF-8 FROM xep.example",
            [vni, utf8, tcvn3, mojibake],
        ),
        (
            "UID SORT (REVERSE SUBJECT) UTF-8 FROM xep.example",
            [mojibake, tcvn3, utf8, vni],
        ),
        (
            "UID SORT (DISPLAYFROM) UTF-8 FROM xep.example",
            [mojibake, vni, utf8, tcvn3],
        ),
    ] {
        assert_eq!(numbers(&mut imap, command, "* SORT"), expected, "{command}");
    }
    let found = numbers(
        &mut imap,
        "UID SEARCH FROM xep.example SUBJECT \"de nghi bao cao tinh hinh\"",
        "* SEARCH",
    );
    assert_eq!(found, [tcvn3]);
    for (uid, (coding, sender, subject)) in came.iter().zip(LETTERS) {
        let said = imap.say(&format!("UID FETCH {uid} (PREVIEW ENVELOPE BODY.PEEK[])"));
        assert!(said.ok, "{}", said.text());
        let answer = said.lines.concat();
        let preview = format!("PREVIEW {{{}}}\r\n{TEXT} ENVELOPE (", TEXT.len());
        assert!(contains(&answer, preview.as_bytes()), "{}", said.text());
        let (envelope, body) = answer.split_at(
            answer
                .windows(6)
                .position(|window| window == b"BODY[]")
                .unwrap(),
        );
        for text in [sender, subject] {
            let as_received = bytes(text, coding);
            assert!(contains(envelope, &as_received), "{coding} {text}");
            assert!(contains(body, &as_received), "{coding} {text}");
        }
    }
}

#[test]
fn old_letters_sort_as_they_read_on_sqlite() {
    whole_way(&[]);
}

#[test]
fn old_letters_sort_as_they_read_on_postgres() {
    let (_keep, url) = postgres();
    whole_way(&["--database", &url]);
}
