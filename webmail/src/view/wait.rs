//! Why a letter to another server still waits, as people say it: "Gmail yêu cầu chờ, sẽ gửi lại lúc 09:40". Pure.

use crate::lang::Lang;
use crate::time;
use store::{Asked, OutboxState, QueueRow};

/// What is known of a waiting recipient.
pub struct Waiting<'a> {
    pub recipient: &'a str,
    pub state: OutboxState,
    pub asked: Option<Asked>,
    pub attempts: u32,
    pub next_at: i64,
    pub code: Option<u32>,
    pub text: &'a str,
}

/// The sentence of a row of the queue.
pub fn of_row(lang: Lang, now: i64, one: &QueueRow) -> String {
    let row = &one.row;
    let waiting = Waiting {
        recipient: &row.recipient,
        state: row.state,
        asked: one.asked,
        attempts: row.attempts,
        next_at: row.next_at,
        code: row.last_code,
        text: row.last_text.as_deref().unwrap_or_default(),
    };
    words(lang, now, &waiting)
}

/// One sentence.
pub fn words(lang: Lang, now: i64, one: &Waiting<'_>) -> String {
    let who = provider(one.recipient);
    match (one.state, one.asked) {
        (OutboxState::Leased, _) => return lang.t("fate-sending"),
        (OutboxState::Held, _) => return lang.t("wait-held"),
        (_, Some(Asked::Drop)) => return lang.t("wait-drop"),
        (_, Some(Asked::Retry)) => return lang.t("wait-retry"),
        _ if one.attempts == 0 => return lang.t("fate-queued"),
        _ => {}
    }
    let again = hour(now, one.next_at);
    let key = match one.code {
        None => "wait-unreachable",
        Some(452) if is_full(one.text) => "wait-full",
        Some(421 | 450 | 451 | 452) => "wait-asked",
        Some(_) => "wait-other",
    };
    lang.txy(key, who, again)
}

/// "09:40" today, else "21/11/2026 09:40".
fn hour(now: i64, at: i64) -> String {
    match time::days_between(now, at) {
        0 => time::hour(at),
        _ => time::full(at),
    }
}

fn is_full(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["full", "quota", "4.2.2", "storage"]
        .iter()
        .any(|word| text.contains(word))
}

/// The name people know a mail service by; else the domain.
fn provider(recipient: &str) -> String {
    let domain = recipient
        .rsplit_once('@')
        .map_or(recipient, |(_, domain)| domain)
        .to_lowercase();
    let known = match domain.as_str() {
        "gmail.com" | "googlemail.com" => "Gmail",
        "outlook.com" | "hotmail.com" | "live.com" | "msn.com" => "Outlook",
        "yahoo.com" | "yahoo.com.vn" | "ymail.com" => "Yahoo",
        "icloud.com" | "me.com" | "mac.com" => "iCloud",
        _ => return domain,
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_138_990_000; // 20/11/2026 08:43 here

    fn of(
        recipient: &str,
        state: OutboxState,
        attempts: u32,
        code: Option<u32>,
        text: &str,
    ) -> String {
        let one = Waiting {
            recipient,
            state,
            asked: None,
            attempts,
            next_at: NOW + 57 * 60_000,
            code,
            text,
        };
        words(Lang::Vi, NOW, &one)
    }

    #[test]
    fn waiting_is_said_in_a_sentence() {
        let due = OutboxState::Due;
        for (shown, expected) in [
            (
                of("a@gmail.com", due, 1, Some(450), "4.2.1 rate limited"),
                "Gmail yêu cầu chờ, sẽ gửi lại lúc 09:40",
            ),
            (
                of("a@x.example", due, 2, Some(452), "Mailbox full"),
                "Hộp thư của người nhận ở x.example đã đầy, sẽ gửi lại lúc 09:40",
            ),
            (
                of("a@x.example", due, 2, None, "connection refused"),
                "Chưa kết nối được máy chủ thư của x.example, sẽ gửi lại lúc 09:40",
            ),
            (
                of("a@x.example", due, 2, Some(454), "TLS not available"),
                "x.example chưa nhận thư, sẽ gửi lại lúc 09:40",
            ),
            (of("a@x.example", due, 0, None, ""), "Đang chờ gửi"),
            (
                of("a@x.example", OutboxState::Leased, 0, None, ""),
                "Đang gửi",
            ),
            (
                of("a@x.example", OutboxState::Held, 3, None, ""),
                "Quản trị viên đang giữ lại",
            ),
        ] {
            assert_eq!(shown, expected);
        }
        assert_eq!(hour(NOW, NOW + 86_400_000), "21/11/2026 08:43");
    }
}
