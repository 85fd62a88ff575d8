//! What an enhanced status code means to a person, and what to do: one table, Vietnamese and English (RFC 3463, IANA registry).

/// One meaning: what happened, what to do; each in Vietnamese and English.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Words {
    pub what_vi: &'static str,
    pub do_vi: &'static str,
    pub what_en: &'static str,
    pub do_en: &'static str,
}

/// Subject and detail of the code ("1.1" of "5.1.1"), most specific first; a trailing dot matches a whole subject.
const TABLE: &[(&str, Words)] = &[
    (
        "1.1",
        Words {
            what_vi: "Không có hộp thư nào mang địa chỉ này.",
            do_vi: "Kiểm tra lại phần trước dấu @, hoặc hỏi lại địa chỉ qua điện thoại.",
            what_en: "There is no mailbox with this address.",
            do_en: "Check the part before the @, or ask for the address by telephone.",
        },
    ),
    (
        "1.2",
        Words {
            what_vi: "Tên miền sau dấu @ không tồn tại hoặc không nhận thư.",
            do_vi: "Kiểm tra lại phần sau dấu @ (ví dụ thiếu “.gov.vn”).",
            what_en: "The domain after the @ does not exist or has no mail server.",
            do_en: "Check the part after the @.",
        },
    ),
    (
        "1.3",
        Words {
            what_vi: "Địa chỉ viết sai dạng.",
            do_vi: "Sửa lại địa chỉ rồi gửi lại.",
            what_en: "The address is malformed.",
            do_en: "Correct the address and send again.",
        },
    ),
    (
        "1.6",
        Words {
            what_vi: "Hộp thư này đã chuyển đi và không có địa chỉ mới.",
            do_vi: "Hỏi lại địa chỉ mới của người nhận.",
            what_en: "The mailbox has moved and left no new address.",
            do_en: "Ask the recipient for the new address.",
        },
    ),
    (
        "1.10",
        Words {
            what_vi: "Tên miền này công bố là không nhận thư.",
            do_vi: "Dùng địa chỉ khác của người nhận.",
            what_en: "This domain announces that it accepts no mail.",
            do_en: "Use another address of the recipient.",
        },
    ),
    ("1.8", SENDER),
    ("1.7", SENDER),
    (
        "2.1",
        Words {
            what_vi: "Hộp thư này đang bị khóa.",
            do_vi: "Liên hệ người nhận bằng cách khác.",
            what_en: "The mailbox is disabled.",
            do_en: "Reach the recipient in another way.",
        },
    ),
    (
        "2.2",
        Words {
            what_vi: "Hộp thư của người nhận đã đầy.",
            do_vi: "Báo người nhận dọn hộp thư, rồi gửi lại.",
            what_en: "The recipient's mailbox is full.",
            do_en: "Tell the recipient to make room, then send again.",
        },
    ),
    ("2.3", TOO_LARGE),
    ("3.4", TOO_LARGE),
    (
        "3.",
        Words {
            what_vi: "Máy chủ của người nhận không nhận được thư lúc này.",
            do_vi: "Gửi lại sau; nếu vẫn thế, báo quản trị bên nhận.",
            what_en: "The recipient's mail system could not take the letter.",
            do_en: "Send again later; if it persists, tell the other side's administrator.",
        },
    ),
    (
        "4.6",
        Words {
            what_vi: "Thư chạy vòng giữa các máy chủ.",
            do_vi: "Báo quản trị hệ thống thư của cơ quan.",
            what_en: "The letter went round in a loop between servers.",
            do_en: "Tell your mail administrator.",
        },
    ),
    (
        "4.7",
        Words {
            what_vi: "Đã thử nhiều lần trong thời hạn mà không gửi được.",
            do_vi: "Liên hệ người nhận bằng cách khác rồi gửi lại sau.",
            what_en: "Delivery was tried until the time ran out.",
            do_en: "Reach the recipient in another way and send again later.",
        },
    ),
    (
        "4.",
        Words {
            what_vi: "Không liên lạc được với máy chủ thư của người nhận.",
            do_vi: "Gửi lại sau; nếu gấp, gọi điện cho người nhận.",
            what_en: "The recipient's mail server could not be reached.",
            do_en: "Send again later; if urgent, telephone the recipient.",
        },
    ),
    (
        "5.3",
        Words {
            what_vi: "Thư có quá nhiều người nhận đối với máy chủ bên kia.",
            do_vi: "Chia danh sách người nhận rồi gửi lại.",
            what_en: "The letter has too many recipients for the other server.",
            do_en: "Split the list of recipients and send again.",
        },
    ),
    (
        "5.",
        Words {
            what_vi: "Hai máy chủ thư không hiểu nhau.",
            do_vi: "Báo quản trị hệ thống thư của cơ quan, kèm thư này.",
            what_en: "The two mail servers did not understand each other.",
            do_en: "Forward this report to your mail administrator.",
        },
    ),
    (
        "6.7",
        Words {
            what_vi: "Máy chủ bên nhận không hỗ trợ địa chỉ có dấu.",
            do_vi: "Dùng địa chỉ không dấu của người nhận.",
            what_en: "The other server does not support addresses beyond ASCII.",
            do_en: "Use an ASCII address of the recipient.",
        },
    ),
    (
        "6.",
        Words {
            what_vi: "Máy chủ bên nhận không chấp nhận dạng của thư này.",
            do_vi: "Gửi lại nội dung dưới dạng đơn giản hơn, hoặc bỏ bớt tệp đính kèm.",
            what_en: "The other server does not accept the form of this letter.",
            do_en: "Send it again in a simpler form or without attachments.",
        },
    ),
    (
        "7.30",
        Words {
            what_vi: "Thư yêu cầu mã hóa suốt đường đi mà máy chủ bên nhận không bảo đảm được.",
            do_vi: "Bỏ yêu cầu mã hóa bắt buộc, hoặc gửi bằng đường khác.",
            what_en: "The letter requires encryption all the way, which the other server cannot keep.",
            do_en: "Drop the requirement or use another channel.",
        },
    ),
    ("7.4", ENCRYPTION),
    ("7.5", ENCRYPTION),
    (
        "7.8",
        Words {
            what_vi: "Máy chủ chuyển tiếp của cơ quan không chấp nhận tài khoản của hệ thống.",
            do_vi: "Báo quản trị hệ thống thư của cơ quan.",
            what_en: "Our relay did not accept this server's account.",
            do_en: "Tell your mail administrator.",
        },
    ),
    ("7.23", UNPROVEN),
    ("7.26", UNPROVEN),
    (
        "7.",
        Words {
            what_vi: "Máy chủ bên nhận từ chối thư vì chính sách của họ (thường do bộ lọc thư rác).",
            do_vi: "Gọi điện cho người nhận, nhờ quản trị bên nhận cho phép địa chỉ của cơ quan; báo cả quản trị bên mình.",
            what_en: "The other server refused the letter by its policy (often a spam filter).",
            do_en: "Ask the recipient to have your address allowed, and tell your administrator.",
        },
    ),
    (
        "",
        Words {
            what_vi: "Máy chủ bên nhận không nhận thư này.",
            do_vi: "Đọc câu trả lời của máy chủ bên dưới, hoặc chuyển thư này cho quản trị hệ thống thư.",
            what_en: "The other server did not take the letter.",
            do_en: "Read the server's answer below, or forward this report to your mail administrator.",
        },
    ),
];

const SENDER: Words = Words {
    what_vi: "Máy chủ bên nhận không chấp nhận địa chỉ người gửi.",
    do_vi: "Báo quản trị hệ thống thư của cơ quan.",
    what_en: "The other server does not accept the sender's address.",
    do_en: "Tell your mail administrator.",
};

const TOO_LARGE: Words = Words {
    what_vi: "Thư lớn hơn mức bên nhận cho phép.",
    do_vi: "Bớt hoặc chia nhỏ tệp đính kèm, hoặc gửi đường dẫn tải tệp.",
    what_en: "The letter is larger than the other side allows.",
    do_en: "Send fewer or smaller attachments, or a link.",
};

const ENCRYPTION: Words = Words {
    what_vi: "Không lập được kết nối mã hóa mà nơi nhận bắt buộc phải có.",
    do_vi: "Báo quản trị hệ thống thư; thư không được gửi bằng đường không mã hóa.",
    what_en: "The encrypted connection that this destination requires could not be made.",
    do_en: "Tell your mail administrator; the letter was not sent unencrypted.",
};

const UNPROVEN: Words = Words {
    what_vi: "Bên nhận không xác minh được thư là của tên miền cơ quan (SPF, DKIM, DMARC).",
    do_vi: "Báo quản trị hệ thống thư kiểm tra bản ghi SPF, DKIM, DMARC.",
    what_en: "The other side could not verify that the letter comes from your domain (SPF, DKIM, DMARC).",
    do_en: "Tell your mail administrator to check the SPF, DKIM and DMARC records.",
};

/// The words for a status ("5.1.1"); every status has some.
pub fn words(status: &str) -> &'static Words {
    let rest = status.split_once('.').map_or("", |(_, rest)| rest);
    let fits =
        |key: &str| key == rest || key.is_empty() || (key.ends_with('.') && rest.starts_with(key));
    static FALLBACK: Words = SENDER;
    TABLE
        .iter()
        .find(|(key, _)| fits(key))
        .map_or(&FALLBACK, |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_words_are_found() {
        let rows = [
            ("5.1.1", "Không có hộp thư"),
            ("5.1.10", "Tên miền này công bố"),
            ("4.2.2", "Hộp thư của người nhận đã đầy"),
            ("5.3.4", "Thư lớn hơn"),
            ("5.3.0", "Máy chủ của người nhận"),
            ("4.4.1", "Không liên lạc được"),
            ("4.4.7", "Đã thử nhiều lần"),
            ("5.7.1", "Máy chủ bên nhận từ chối"),
            ("5.7.26", "Bên nhận không xác minh"),
            ("5.0.0", "Máy chủ bên nhận không nhận"),
            ("", "Máy chủ bên nhận không nhận"),
            ("nonsense", "Máy chủ bên nhận không nhận"),
        ];
        for (status, start) in rows {
            assert!(
                words(status).what_vi.starts_with(start),
                "{status}: {}",
                words(status).what_vi
            );
        }
    }

    #[test]
    fn every_row_is_reached_and_says_all_four_things() {
        for (at, (key, row)) in TABLE.iter().enumerate() {
            let shadowed = TABLE.iter().take(at).any(|(earlier, _)| {
                earlier.is_empty() || (earlier.ends_with('.') && key.starts_with(earlier))
            });
            assert!(!shadowed, "{key} is never reached");
            for text in [row.what_vi, row.do_vi, row.what_en, row.do_en] {
                assert!(text.ends_with('.') && text.len() > 10, "{key}: {text}");
            }
            assert!(row.what_en.is_ascii() && row.do_en.is_ascii(), "{key}");
            assert!(!row.what_vi.is_ascii(), "{key}");
        }
    }
}
