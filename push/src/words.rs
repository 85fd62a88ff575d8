//! What a push says and how it travels: counts, and senders' names where the mailroom gives them; never a subject or number,
//! because lock screens read along. Pure.

use crate::limits;
use mailroom::device::Owed;
use serde::Serialize;
use web_push::Urgency;

/// One push before encryption.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Declarative Web Push JSON, padded.
    pub payload: Vec<u8>,
    pub ttl_secs: u32,
    pub urgency: Urgency,
    pub kind: Kind,
}

/// Pushes of one kind replace each other while a phone is off.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    Letters,
    /// Assigned documents, alone or with letters.
    Assigned,
}

impl Kind {
    /// The notification's tag: a newer one replaces the older on the screen.
    fn tag(self) -> &'static str {
        match self {
            Kind::Letters => "thu",
            Kind::Assigned => "van-ban",
        }
    }
}

#[derive(Serialize)]
struct Declarative<'a> {
    web_push: u32,
    notification: Notification<'a>,
    app_badge: u32,
}

#[derive(Serialize)]
struct Notification<'a> {
    title: &'a str,
    body: &'a str,
    navigate: &'a str,
    lang: &'a str,
    tag: &'a str,
}

/// What to tell a device now. `now` is unix ms; `web_base` without a slash at its end.
pub fn notice(owed: &Owed, web_base: &str, now: i64) -> Notice {
    let kind = if owed.assignments > 0 {
        Kind::Assigned
    } else {
        Kind::Letters
    };
    let (title, path) = match kind {
        Kind::Letters => ("Thư mới", "/"),
        Kind::Assigned => ("Văn bản được giao", "/duoc-giao"),
    };
    let ttl_secs = match kind {
        Kind::Letters => limits::LETTER_TTL_SECS,
        Kind::Assigned => assigned_ttl(owed.due_at, now),
    };
    let high = owed.urgent || kind == Kind::Assigned;
    Notice {
        payload: payload(
            title,
            &body(owed),
            &format!("{web_base}{path}"),
            kind,
            owed.badge,
        ),
        ttl_secs,
        urgency: if high { Urgency::High } else { Urgency::Normal },
        kind,
    }
}

/// What "Gửi thử" shows: that notices reach this device.
pub fn trial(web_base: &str) -> Notice {
    let path = format!("{web_base}/cai-dat/thong-bao");
    let body = "Thiết bị này nhận được thông báo";
    Notice {
        payload: payload("Gửi thử", body, &path, Kind::Letters, 0),
        ttl_secs: limits::TRIAL_TTL_SECS,
        urgency: Urgency::High,
        kind: Kind::Letters,
    }
}

fn body(owed: &Owed) -> String {
    let letters = match owed.letters {
        0 => None,
        n => Some(named(owed).unwrap_or_else(|| format!("{n} thư mới"))),
    };
    match (letters, owed.assignments) {
        (Some(letters), 0) if owed.senders.names.is_empty() => format!("Có {letters}"),
        (Some(letters), 0) => match letters.strip_prefix('t') {
            Some(rest) => format!("T{rest}"),
            None => letters,
        },
        (None, 0) => "Có tin mới".to_string(),
        (None, 1) => "Có văn bản mới được giao".to_string(),
        (None, n) => format!("Có {n} văn bản mới được giao"),
        (Some(letters), 1) => format!("Có văn bản mới được giao và {letters}"),
        (Some(letters), n) => format!("Có {n} văn bản mới được giao và {letters}"),
    }
}

/// "thư mới từ Sở Nội vụ", "2 thư mới: Sở Nội vụ, Nguyễn Thị Lan, …"; `None` where nobody is to be named.
fn named(owed: &Owed) -> Option<String> {
    let all = &owed.senders.names;
    let names: Vec<String> = all.iter().take(limits::NAMES_MAX).map(|n| cut(n)).collect();
    match names.as_slice() {
        [] => None,
        [one] if owed.letters == 1 => Some(format!("thư mới từ {one}")),
        _ => {
            let more = owed.senders.more || all.len() > names.len();
            let rest = if more { ", …" } else { "" };
            Some(format!(
                "{} thư mới: {}{rest}",
                owed.letters,
                names.join(", ")
            ))
        }
    }
}

/// A name within `NAME_BYTES_MAX`, cut between characters.
fn cut(name: &str) -> String {
    // serde_json escapes these two with one byte; control characters, which take more, never come this far.
    let size = |c: char| c.len_utf8() + usize::from(matches!(c, '"' | '\\'));
    let shown = name.chars().filter(|c| !c.is_control());
    if shown.clone().map(size).sum::<usize>() <= limits::NAME_BYTES_MAX {
        return shown.collect();
    }
    let mut left = limits::NAME_BYTES_MAX - '…'.len_utf8();
    let mut out: String = shown
        .take_while(|c| {
            let fits = size(*c) <= left;
            left = left.saturating_sub(size(*c));
            fits
        })
        .collect();
    out.push('…');
    out
}

/// Until the deadline; a deadline that is past or near still gives the phone an hour.
fn assigned_ttl(due_at: Option<i64>, now: i64) -> u32 {
    let left_secs = due_at.map_or(i64::MAX, |due| (due - now) / 1_000);
    let most = i64::from(limits::ASSIGNED_TTL_MAX_SECS);
    let least = i64::from(limits::ASSIGNED_TTL_MIN_SECS);
    u32::try_from(left_secs.clamp(least, most)).unwrap_or(limits::ASSIGNED_TTL_MAX_SECS)
}

/// JSON padded with spaces, which JSON ignores. A `navigate` that would not fit gives way to the page's root.
fn payload(title: &str, body: &str, navigate: &str, kind: Kind, badge: u32) -> Vec<u8> {
    let of = |navigate: &str| {
        let notification = Notification {
            title,
            body,
            navigate,
            lang: "vi",
            tag: kind.tag(),
        };
        // Strings and numbers always serialise.
        serde_json::to_vec(&Declarative {
            web_push: 8030,
            notification,
            app_badge: badge,
        })
        .unwrap_or_default()
    };
    let mut json = of(navigate);
    if json.len() > limits::PAYLOAD_BYTES {
        json = of("/");
    }
    json.resize(limits::PAYLOAD_BYTES.max(json.len()), b' ');
    json
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use mailroom::lock_screen::Senders;
    use store::{PrincipalId, SubscriptionId};

    pub fn owed(letters: u32, assignments: u32, urgent: bool, due_at: Option<i64>) -> Owed {
        Owed {
            subscription: SubscriptionId(1),
            principal: PrincipalId(2),
            endpoint: "https://push.example/x".into(),
            p256dh: String::new(),
            auth: String::new(),
            letters,
            senders: Senders::default(),
            assignments,
            urgent,
            cursor: 9,
            badge: 7,
            oldest_at: 0,
            due_at,
            assignees: Vec::new(),
        }
    }

    #[test]
    fn the_words_count_and_nothing_else() {
        let rows = [
            (1, 0, "Thư mới", "Có 1 thư mới", "/"),
            (2, 0, "Thư mới", "Có 2 thư mới", "/"),
            (
                0,
                1,
                "Văn bản được giao",
                "Có văn bản mới được giao",
                "/duoc-giao",
            ),
            (
                0,
                3,
                "Văn bản được giao",
                "Có 3 văn bản mới được giao",
                "/duoc-giao",
            ),
            (
                2,
                1,
                "Văn bản được giao",
                "Có văn bản mới được giao và 2 thư mới",
                "/duoc-giao",
            ),
            (
                u32::MAX,
                u32::MAX,
                "Văn bản được giao",
                "Có 4294967295 văn bản mới được giao và 4294967295 thư mới",
                "/duoc-giao",
            ),
        ];
        for (letters, assignments, title, body, path) in rows {
            let notice = notice(
                &owed(letters, assignments, false, None),
                "https://thu.tinh.example",
                0,
            );
            let json: serde_json::Value = serde_json::from_slice(&notice.payload).unwrap();
            assert_eq!(json["web_push"], 8030);
            assert_eq!(json["app_badge"], 7);
            let words = &json["notification"];
            assert_eq!(
                (words["title"].as_str(), words["body"].as_str()),
                (Some(title), Some(body))
            );
            assert_eq!(words["navigate"], format!("https://thu.tinh.example{path}"));
            assert_eq!(
                (words["lang"].as_str(), words.as_object().unwrap().len()),
                (Some("vi"), 5)
            );
            assert_eq!(
                notice.payload.len(),
                limits::PAYLOAD_BYTES,
                "one size for all"
            );
        }
    }

    fn from(letters: u32, assignments: u32, names: &[&str], more: bool) -> Owed {
        Owed {
            senders: Senders {
                names: names.iter().map(|name| (*name).to_owned()).collect(),
                more,
            },
            ..owed(letters, assignments, false, None)
        }
    }

    #[test]
    fn senders_are_named_where_the_mailroom_gives_them() {
        let (so, lan) = ("Sở Nội vụ", "Nguyễn Thị Lan");
        let rows = [
            (from(1, 0, &[so], false), "Thư mới từ Sở Nội vụ"),
            (from(2, 0, &[so], false), "2 thư mới: Sở Nội vụ"),
            (
                from(2, 0, &[so, lan], false),
                "2 thư mới: Sở Nội vụ, Nguyễn Thị Lan",
            ),
            (
                from(9, 0, &[so, lan], true),
                "9 thư mới: Sở Nội vụ, Nguyễn Thị Lan, …",
            ),
            (
                from(4, 0, &["A", "B", "C", "D"], false),
                "4 thư mới: A, B, C, …",
            ),
            (from(2, 0, &[], true), "Có 2 thư mới"),
            (
                from(1, 1, &[so], false),
                "Có văn bản mới được giao và thư mới từ Sở Nội vụ",
            ),
            (
                from(2, 3, &[so, lan], false),
                "Có 3 văn bản mới được giao và 2 thư mới: Sở Nội vụ, Nguyễn Thị Lan",
            ),
            (from(0, 1, &[so], false), "Có văn bản mới được giao"),
        ];
        for (owed, said) in rows {
            assert_eq!(body(&owed), said);
        }
    }

    #[test]
    fn long_names_are_cut_between_letters_and_keep_the_size() {
        let base = "https://thu.tinh.example";
        for name in [
            "ệ".repeat(500),
            "\"\\".repeat(300),
            "a\u{1}".repeat(90),
            "x".repeat(5),
        ] {
            let owed = from(u32::MAX, u32::MAX, &[name.as_str(); 5], true);
            let notice = notice(&owed, base, 0);
            assert_eq!(notice.payload.len(), limits::PAYLOAD_BYTES);
            let json: serde_json::Value = serde_json::from_slice(&notice.payload).unwrap();
            let words = &json["notification"];
            assert_eq!(words["navigate"], format!("{base}/duoc-giao"));
            assert!(words["body"].as_str().unwrap().ends_with(", …"), "{words}");
        }
    }

    #[test]
    fn a_long_address_keeps_the_size() {
        let notice = notice(
            &owed(1, 0, false, None),
            &format!("https://{}", "x".repeat(2_000)),
            0,
        );
        assert_eq!(notice.payload.len(), limits::PAYLOAD_BYTES);
    }

    #[test]
    fn time_to_live_and_urgency() {
        let hour = 3_600_000;
        let rows = [
            (owed(1, 0, false, None), 86_400, Urgency::Normal),
            (owed(1, 0, true, None), 86_400, Urgency::High),
            (owed(0, 1, false, None), 28 * 86_400, Urgency::High),
            (owed(0, 1, false, Some(10 * hour)), 36_000, Urgency::High),
            (owed(0, 1, false, Some(-10 * hour)), 3_600, Urgency::High),
            (owed(0, 1, true, Some(i64::MAX)), 28 * 86_400, Urgency::High),
        ];
        for (owed, ttl, urgency) in rows {
            let notice = notice(&owed, "https://x", 0);
            assert_eq!((notice.ttl_secs, notice.urgency), (ttl, urgency));
        }
    }
}
