//! Replies: code, enhanced code (RFC 2034, RFC 3463) and words in Vietnamese and English. One constant per situation.
//! Never more than one line's length; never a character beyond ASCII unless the peer has shown that it knows SMTPUTF8.

use crate::limits::REPLY_TEXT_BYTES_MAX;
use bytes::{BufMut, BytesMut};
use std::borrow::Cow;
use store::TraceId;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// One reply. `enhanced` is empty only where RFC 2034 §4 wants none (greeting, EHLO, 3yz).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    pub enhanced: &'static str,
    /// Vietnamese with diacritics; they are dropped for peers without SMTPUTF8.
    pub vi: &'static str,
    pub en: Cow<'static, str>,
    pub trace: Option<TraceId>,
}

/// What the peer can read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Script {
    Ascii,
    Utf8,
}

impl Reply {
    pub const fn new(
        code: u16,
        enhanced: &'static str,
        vi: &'static str,
        en: &'static str,
    ) -> Self {
        Self {
            code,
            enhanced,
            vi,
            en: Cow::Borrowed(en),
            trace: None,
        }
    }
    /// The same reply with other English words (they carry a detail).
    pub fn saying(mut self, en: String) -> Self {
        self.en = Cow::Owned(en);
        self
    }
    pub fn with_trace(mut self, trace: TraceId) -> Self {
        self.trace = Some(trace);
        self
    }
    /// Whether the peer was told no.
    pub fn is_refusal(&self) -> bool {
        self.code >= 400
    }
    /// Appends the reply as one line.
    pub fn write(&self, out: &mut BytesMut, script: Script) {
        let mut text = String::with_capacity(96);
        if !self.vi.is_empty() {
            match script {
                Script::Utf8 => text.push_str(self.vi),
                Script::Ascii => text.extend(plain(self.vi)),
            }
            text.push_str(" / ");
        }
        text.extend(
            self.en
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c }),
        );
        if let Some(trace) = self.trace {
            if self.code < 300 {
                text.push_str(&format!(" {trace}"));
            } else {
                text.push_str(&format!(" [trace {trace}]"));
            }
        }
        if script == Script::Ascii && !text.is_ascii() {
            text = plain(&text).filter(char::is_ascii).collect();
        }
        let mut end = text.len().min(REPLY_TEXT_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        out.put_slice(self.code.to_string().as_bytes());
        out.put_u8(b' ');
        if !self.enhanced.is_empty() {
            out.put_slice(self.enhanced.as_bytes());
            out.put_u8(b' ');
        }
        out.put_slice(text.as_bytes());
        out.put_slice(b"\r\n");
    }
}

/// Vietnamese without diacritics.
fn plain(text: &str) -> impl Iterator<Item = char> + '_ {
    text.nfd()
        .filter(|c| !is_combining_mark(*c))
        .map(|c| match c {
            'đ' => 'd',
            'Đ' => 'D',
            other => other,
        })
}

/// Appends a multi-line reply without enhanced codes (EHLO, HELP).
pub fn write_lines(out: &mut BytesMut, code: u16, lines: &[String]) {
    for (at, line) in lines.iter().enumerate() {
        let mark = if at + 1 == lines.len() { ' ' } else { '-' };
        out.put_slice(format!("{code}{mark}{line}\r\n").as_bytes());
    }
}

// Success and go-ahead.
pub const SENDER_OK: Reply = Reply::new(250, "2.1.0", "", "sender ok");
pub const RECIPIENT_OK: Reply = Reply::new(250, "2.1.5", "", "recipient ok");
pub const RESET: Reply = Reply::new(250, "2.0.0", "", "reset");
pub const OK: Reply = Reply::new(250, "2.0.0", "", "ok");
pub const CHUNK_OK: Reply = Reply::new(250, "2.0.0", "", "chunk ok");
pub const TAKEN: Reply = Reply::new(250, "2.0.0", "", "delivered, trace");
pub const BYE: Reply = Reply::new(221, "2.0.0", "", "goodbye");
pub const READY_FOR_TLS: Reply = Reply::new(220, "2.0.0", "", "ready to start TLS");
pub const GO_AHEAD: Reply = Reply::new(354, "", "", "end data with <CR><LF>.<CR><LF>");
pub const SIGNED_IN: Reply = Reply::new(235, "2.7.0", "", "signed in");
pub const CANNOT_VRFY: Reply = Reply::new(
    252,
    "2.1.5",
    "",
    "cannot verify here; send the letter and see",
);
pub const HELP: Reply = Reply::new(
    214,
    "2.0.0",
    "Máy chủ công thư; xem RFC 5321",
    "congthu mail server; see RFC 5321",
);

// Syntax and sequence.
pub const LINE_TOO_LONG: Reply =
    Reply::new(500, "5.5.6", "Dòng lệnh quá dài", "command line too long");
pub const BARE_LF: Reply = Reply::new(
    500,
    "5.5.2",
    "Dòng lệnh phải kết thúc bằng CRLF",
    "command lines end with CRLF",
);
pub const CONTROL: Reply = Reply::new(
    500,
    "5.5.2",
    "Ký tự điều khiển trong lệnh",
    "control character in command",
);
pub const NOT_UTF8: Reply = Reply::new(
    500,
    "5.5.2",
    "Lệnh không phải UTF-8",
    "command is not UTF-8",
);
pub const UNKNOWN: Reply = Reply::new(500, "5.5.1", "Không có lệnh này", "unknown command");
pub const NOT_OFFERED: Reply = Reply::new(
    502,
    "5.5.1",
    "Lệnh không dùng ở đây",
    "command not offered here",
);
pub const SYNTAX: Reply = Reply::new(501, "5.5.4", "Sai cú pháp", "syntax error in arguments");
pub const BAD_SENDER: Reply = Reply::new(
    501,
    "5.1.7",
    "Địa chỉ người gửi sai cú pháp",
    "bad sender address syntax",
);
pub const BAD_RECIPIENT: Reply = Reply::new(
    501,
    "5.1.3",
    "Địa chỉ người nhận sai cú pháp",
    "bad recipient address syntax",
);
pub const PARAMETER_UNKNOWN: Reply = Reply::new(
    555,
    "5.5.4",
    "Không biết tham số này",
    "parameter not recognised",
);
pub const PARAMETER_BAD: Reply = Reply::new(501, "5.5.4", "Tham số sai", "bad parameter value");
pub const RELEASE_TOO_LATE: Reply = Reply::new(
    554,
    "5.5.4",
    "Hẹn gửi quá xa",
    "the release is further away than offered",
);
pub const HELLO_FIRST: Reply = Reply::new(503, "5.5.1", "Cần EHLO trước", "send EHLO first");
pub const MAIL_FIRST: Reply = Reply::new(503, "5.5.1", "Cần MAIL trước", "send MAIL first");
pub const RCPT_FIRST: Reply = Reply::new(
    503,
    "5.5.1",
    "Chưa có người nhận hợp lệ",
    "no valid recipients",
);
pub const NESTED_MAIL: Reply = Reply::new(
    503,
    "5.5.1",
    "Thư trước chưa xong",
    "a message is already under way",
);
pub const DATA_AND_BDAT: Reply = Reply::new(
    503,
    "5.5.1",
    "Không trộn DATA và BDAT",
    "DATA and BDAT do not mix",
);
pub const DATA_AND_BINARY: Reply = Reply::new(
    503,
    "5.5.1",
    "BINARYMIME cần BDAT",
    "BODY=BINARYMIME needs BDAT",
);
pub const NEEDS_SMTPUTF8: Reply = Reply::new(
    553,
    "5.6.7",
    "Địa chỉ này cần SMTPUTF8",
    "this address needs SMTPUTF8",
);

// TLS and signing in.
pub const TLS_PIPELINED: Reply = Reply::new(
    503,
    "5.5.1",
    "Không được gửi lệnh sau STARTTLS",
    "nothing may follow STARTTLS in clear text",
);
pub const TLS_ALREADY: Reply = Reply::new(503, "5.5.1", "Đã mã hóa rồi", "TLS is already active");
pub const TLS_NONE: Reply = Reply::new(454, "4.7.0", "Hiện không có TLS", "TLS not available now");
pub const TLS_FIRST: Reply = Reply::new(
    538,
    "5.7.11",
    "Cần STARTTLS trước khi đăng nhập",
    "encryption required: STARTTLS first",
);
pub const AUTH_FIRST: Reply = Reply::new(
    530,
    "5.7.0",
    "Cần đăng nhập trước khi gửi",
    "authentication required",
);
pub const AUTH_ALREADY: Reply = Reply::new(503, "5.5.1", "Đã đăng nhập rồi", "already signed in");
pub const AUTH_MECHANISM: Reply = Reply::new(
    504,
    "5.5.4",
    "Không có cách đăng nhập này",
    "mechanism not offered",
);
pub const AUTH_SYNTAX: Reply = Reply::new(
    501,
    "5.5.2",
    "Dữ liệu đăng nhập sai dạng",
    "cannot decode authentication data",
);
pub const AUTH_TOO_LONG: Reply = Reply::new(
    500,
    "5.5.6",
    "Dữ liệu đăng nhập quá dài",
    "authentication exchange line is too long",
);
pub const AUTH_CANCELLED: Reply =
    Reply::new(501, "5.7.0", "Đã hủy đăng nhập", "authentication cancelled");
pub const AUTH_WRONG: Reply = Reply::new(
    535,
    "5.7.8",
    "Sai tài khoản hoặc mật khẩu (máy thư dùng mật khẩu ứng dụng)",
    "wrong user or password (mail programs use an app password)",
);
pub const AUTH_LATER: Reply = Reply::new(
    454,
    "4.7.0",
    "Sai quá nhiều lần, thử lại sau",
    "too many failures, try later",
);
pub const AUTH_BROKEN: Reply = Reply::new(
    454,
    "4.3.0",
    "Tạm thời không đăng nhập được",
    "temporary authentication failure",
);

// Senders, recipients, sizes.
pub const NOT_YOUR_SENDER: Reply = Reply::new(
    553,
    "5.7.1",
    "Bạn không được gửi bằng địa chỉ này",
    "you may not send as this address",
);
pub const REQUIRETLS_IN_CLEAR: Reply =
    Reply::new(530, "5.7.4", "REQUIRETLS cần TLS", "REQUIRETLS needs TLS");
pub const NO_SUCH_RECIPIENT: Reply = Reply::new(
    550,
    "5.1.1",
    "Không có người nhận này",
    "no such recipient here",
);
pub const RECIPIENT_DISABLED: Reply =
    Reply::new(550, "5.2.1", "Hộp thư này đã đóng", "mailbox closed");
pub const NO_RELAY: Reply = Reply::new(
    550,
    "5.7.1",
    "Không chuyển tiếp tới miền khác",
    "relaying denied",
);
pub const ODD_RECIPIENT: Reply = Reply::new(
    550,
    "5.7.1",
    "Không nhận cách viết địa chỉ này",
    "address form refused, relaying denied",
);
pub const BINARY_OUTSIDE: Reply = Reply::new(
    554,
    "5.6.3",
    "Người nhận này ở máy khác, không gửi được BINARYMIME",
    "cannot send BINARYMIME on to this recipient",
);
pub const TOO_MANY_RECIPIENTS: Reply = Reply::new(
    452,
    "4.5.3",
    "Quá nhiều người nhận, gửi tiếp ở lần sau",
    "too many recipients, send the rest in another transaction",
);
pub const TOO_LARGE: Reply = Reply::new(552, "5.3.4", "Thư quá lớn", "message too big");
pub const TRY_LATER: Reply = Reply::new(
    451,
    "4.3.0",
    "Lỗi tạm thời, xin gửi lại sau",
    "temporary failure, try again later",
);
pub const NO_ROOM: Reply = Reply::new(
    452,
    "4.3.1",
    "Máy chủ đang đầy, xin gửi lại sau",
    "insufficient system storage, try again later",
);
pub const BARE_CR_IN_BODY: Reply = Reply::new(
    550,
    "5.6.11",
    "Thư có CR đứng riêng, dòng phải kết thúc bằng CRLF",
    "bare <CR> in message: lines end with <CRLF> (RFC 5321 2.3.8)",
);
pub const BARE_LF_IN_BODY: Reply = Reply::new(
    550,
    "5.6.11",
    "Thư có LF đứng riêng, dòng phải kết thúc bằng CRLF",
    "bare <LF> in message: lines end with <CRLF> (RFC 5321 2.3.8)",
);
pub const LOOP: Reply = Reply::new(
    554,
    "5.4.6",
    "Thư chạy vòng",
    "mail loop: too many Received fields",
);
pub const OVER_QUOTA: Reply = Reply::new(452, "4.2.2", "Hộp thư người nhận đã đầy", "mailbox full");
pub const SENDING_LIMIT: Reply = Reply::new(
    452,
    "4.7.1",
    "Tài khoản đã gửi tới giới hạn trong ngày; hãy gửi lại ngày mai hoặc báo quản trị viên",
    "daily sending limit reached; try tomorrow or ask your administrator",
);
pub const UNREADABLE: Reply =
    Reply::new(554, "5.6.0", "Không đọc được thư", "message cannot be read");
pub const DMARC_REJECT: Reply = Reply::new(
    550,
    "5.7.1",
    "Miền người gửi yêu cầu từ chối thư giả mạo (DMARC)",
    "rejected by the DMARC policy of the From domain",
);
pub const SPAM: Reply = Reply::new(
    550,
    "5.7.1",
    "Nội dung bị bộ lọc thư rác từ chối",
    "content refused by the spam filter",
);
pub const MALWARE: Reply = Reply::new(554, "5.7.1", "Thư chứa mã độc", "message holds malware");

// Closing.
pub const TOO_MANY_FAULTS: Reply = Reply::new(
    421,
    "4.7.0",
    "Quá nhiều lỗi, đóng kết nối",
    "too many errors, closing",
);
pub const TOO_MANY_COMMANDS: Reply = Reply::new(
    421,
    "4.7.0",
    "Quá nhiều lệnh, đóng kết nối",
    "too many commands without a message, closing",
);
pub const TOO_MANY_UNKNOWN: Reply = Reply::new(
    421,
    "4.7.1",
    "Quá nhiều người nhận không có thật",
    "too many unknown recipients, closing",
);
pub const TOO_MANY_MESSAGES: Reply = Reply::new(
    421,
    "4.7.0",
    "Đủ thư cho một kết nối, xin nối lại",
    "enough messages for one session, connect again",
);
pub const CHUNK_ABSURD: Reply = Reply::new(
    552,
    "5.3.4",
    "Đoạn quá lớn, đóng kết nối",
    "chunk far beyond the size limit, closing",
);
pub const TIMED_OUT: Reply = Reply::new(
    421,
    "4.4.2",
    "Chờ quá lâu, đóng kết nối",
    "timed out, closing",
);
pub const SHUTTING_DOWN: Reply = Reply::new(
    421,
    "4.3.2",
    "Máy chủ đang dừng, xin gửi lại sau",
    "shutting down, try again later",
);
pub const TOO_BUSY: Reply = Reply::new(
    421,
    "4.3.2",
    "Máy chủ đang bận, xin thử lại sau",
    "too many connections, try again later",
);
pub const TOO_MANY_CONNECTIONS: Reply = Reply::new(
    421,
    "4.7.0",
    "Quá nhiều kết nối từ địa chỉ này",
    "too many connections from your address",
);
pub const SPOKE_TOO_EARLY: Reply = Reply::new(
    554,
    "5.5.0",
    "Phải chờ lời chào",
    "you spoke before the greeting",
);
pub const CONFUSED: Reply = Reply::new(
    421,
    "4.3.0",
    "Lỗi máy chủ, xin thử lại sau",
    "internal error, closing",
);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_ascii_unless_the_peer_knows_utf8() {
        let mut out = BytesMut::new();
        let reply = NO_SUCH_RECIPIENT.with_trace(TraceId(7));
        reply.write(&mut out, Script::Ascii);
        assert_eq!(
            out,
            "550 5.1.1 Khong co nguoi nhan nay / no such recipient here [trace 7]\r\n".as_bytes()
        );
        out.clear();
        reply.write(&mut out, Script::Utf8);
        assert!(std::str::from_utf8(&out).unwrap().contains("người nhận"));
    }

    #[test]
    fn a_reply_stays_one_bounded_line() {
        let mut out = BytesMut::new();
        let hostile = format!("x\r\n250 fake {}", "ư".repeat(2_000));
        SYNTAX.saying(hostile.clone()).write(&mut out, Script::Utf8);
        assert!(out.len() <= 512 && out.iter().filter(|b| **b == b'\n').count() == 1);
        out.clear();
        SYNTAX.saying(hostile).write(&mut out, Script::Ascii);
        assert!(out.is_ascii() && out.len() <= 512);
    }
}
