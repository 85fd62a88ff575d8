//! What a document system may say, checked before anything is stored: secrecy, links, dates, selectors, sizes.
//! Pure: knows no table. Reasons are for the source's operator, in Vietnamese. (DOMAIN 3.4, 2.2)

use super::{AssigneePut, AssignmentPut, Link};
use crate::{limits, time};
use aws_lc_rs::digest;
use serde_json::Value;

/// A PUT that may be stored.
pub(crate) struct Checked {
    pub assigned_at: i64,
    /// In the order of `assignees`.
    pub due_at: Vec<Option<i64>>,
    /// Of the canonical JSON: equal content has equal hashes whatever the order of its keys.
    pub content_hash: String,
    pub document: String,
    pub notify: String,
}

pub(crate) fn external_id(text: &str) -> Result<(), String> {
    if text.is_empty()
        || text.chars().count() > limits::EXTERNAL_ID_CHARS_MAX
        || text.chars().any(char::is_control)
    {
        return Err("Mã văn bản (external_id) phải có từ 1 đến 200 ký tự.".into());
    }
    Ok(())
}

pub(crate) fn check(put: &AssignmentPut, link_hosts: &[String]) -> Result<Checked, String> {
    if !matches!(
        put.document.secrecy.trim().to_lowercase().as_str(),
        "" | "none"
    ) {
        return Err(
            "Văn bản có độ mật không được gửi qua hệ thống này; nội dung không được lưu.".into(),
        );
    }
    if put.revision < 1 {
        return Err("revision phải là số nguyên từ 1.".into());
    }
    if !matches!(
        put.action.as_str(),
        "assign" | "update" | "reassign" | "recall" | "complete"
    ) {
        return Err("action phải là assign, update, reassign, recall hoặc complete.".into());
    }
    if put.document.urgency > 4 {
        return Err("document.urgency phải từ 0 (thường) đến 4 (hỏa tốc hẹn giờ).".into());
    }
    if put.document.subject.trim().is_empty() {
        return Err("Thiếu trích yếu (document.subject).".into());
    }
    sizes(put)?;
    if let Some(link) = &put.link {
        link_allowed(link, link_hosts)?;
    }
    let assigned_at = time::parse_rfc3339(&put.assigned_at)
        .ok_or("assigned_at phải theo RFC 3339 có múi giờ, ví dụ 2026-11-21T08:00:00+07:00.")?;
    let due_at = put
        .assignees
        .iter()
        .map(assignee)
        .collect::<Result<Vec<_>, _>>()?;
    let value = serde_json::to_value(put).map_err(|cause| cause.to_string())?;
    let section = |name: &str| value.get(name).map(canonical).unwrap_or_default();
    Ok(Checked {
        assigned_at,
        due_at,
        content_hash: crate::secret::hex(
            digest::digest(&digest::SHA256, canonical(&value).as_bytes()).as_ref(),
        ),
        document: canonical(&value),
        notify: section("notify"),
    })
}

/// One assignee: exactly one selector, a known role, a readable deadline.
fn assignee(one: &AssigneePut) -> Result<Option<i64>, String> {
    let titled = one.unit_code.is_some() && one.title.is_some();
    let halved = one.unit_code.is_some() != one.title.is_some();
    let selectors = usize::from(one.mailbox.is_some())
        + usize::from(one.staff_no.is_some())
        + usize::from(titled);
    if selectors != 1 || halved {
        return Err("Mỗi người nhận cần đúng một cách chỉ định: mailbox, staff_no, hoặc unit_code cùng title.".into());
    }
    if !matches!(
        one.role.as_str(),
        "lead" | "coordinate" | "inform" | "oversee"
    ) {
        return Err("role phải là lead, coordinate, inform hoặc oversee.".into());
    }
    let Some(due) = &one.due_at else {
        return Ok(None);
    };
    let at = time::parse_rfc3339(due)
        .ok_or("due_at phải theo RFC 3339 có múi giờ, ví dụ 2026-11-30T17:00:00+07:00.")?;
    Ok(Some(at))
}

/// How the selector is written down and shown to both sides.
pub(crate) fn asked(one: &AssigneePut) -> String {
    match (&one.mailbox, &one.staff_no, &one.unit_code, &one.title) {
        (Some(mailbox), ..) => mailbox.clone(),
        (_, Some(staff_no), ..) => format!("staff_no:{staff_no}"),
        (_, _, Some(unit), Some(title)) => format!("{unit}/{title}"),
        _ => String::new(),
    }
}

/// A link is shown to officials as a button: only hosts the source was registered with, so that a stolen token cannot
/// send a province to a forged page.
pub(crate) fn link_allowed(link: &Link, hosts: &[String]) -> Result<(), String> {
    if link.url.is_empty() {
        return Ok(());
    }
    let refused = || {
        format!(
            "Liên kết không nằm trong danh sách máy chủ được phép của nguồn: {}.",
            hosts.join(", ")
        )
    };
    let url = url::Url::parse(&link.url)
        .map_err(|_| "link.url không phải địa chỉ web hợp lệ.".to_owned())?;
    if !matches!(url.scheme(), "https" | "http")
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err("link.url phải là địa chỉ https hoặc http, không kèm tên đăng nhập.".into());
    }
    let host = url.host_str().ok_or_else(refused)?;
    let with_port = url.port().map(|port| format!("{host}:{port}"));
    let known = |allowed: &String| {
        allowed.eq_ignore_ascii_case(host)
            || with_port
                .as_ref()
                .is_some_and(|with| allowed.eq_ignore_ascii_case(with))
    };
    if hosts.iter().any(known) {
        Ok(())
    } else {
        Err(refused())
    }
}

fn sizes(put: &AssignmentPut) -> Result<(), String> {
    let document = &put.document;
    let texts = [
        ("document.number", &document.number, 100),
        ("document.notation", &document.notation, 100),
        ("document.type_code", &document.type_code, 50),
        ("document.type_name", &document.type_name, 200),
        ("document.issued_on", &document.issued_on, 40),
        ("document.issuer.code", &document.issuer.code, 50),
        ("document.issuer.name", &document.issuer.name, 500),
        ("document.subject", &document.subject, 2_000),
        ("assigned_by", &put.assigned_by, 300),
        ("instruction", &put.instruction, 4_000),
    ];
    for (name, text, max) in texts {
        if text.chars().count() > max {
            return Err(format!("{name} dài quá {max} ký tự."));
        }
    }
    if let Some(link) = &put.link
        && (link.url.len() > 2_000 || link.label.chars().count() > 200)
    {
        return Err("link dài quá 2.000 ký tự hoặc nhãn dài quá 200 ký tự.".into());
    }
    let ended = matches!(put.action.as_str(), "recall" | "complete");
    if put.assignees.is_empty() && !ended || put.assignees.len() > limits::ASSIGNEES_MAX {
        return Err(format!(
            "Cần từ 1 đến {} người nhận (assignees).",
            limits::ASSIGNEES_MAX
        ));
    }
    let long_note =
        |one: &AssigneePut| one.note.chars().count() > 2_000 || asked(one).chars().count() > 500;
    if put.assignees.iter().any(long_note) {
        return Err("note dài quá 2.000 ký tự hoặc người nhận dài quá 500 ký tự.".into());
    }
    if put.notify.remind.len() > 20 || document.reply_to.len() > 100 {
        return Err("notify.remind tối đa 20 lần, document.reply_to tối đa 100 văn bản.".into());
    }
    Ok(())
}

/// JSON with sorted keys and no spaces.
pub(crate) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for (place, key) in keys.into_iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(map.get(key).unwrap_or(&Value::Null), out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn put(change: impl FnOnce(&mut Value)) -> AssignmentPut {
        let mut value = json!({
            "revision": 1,
            "document": {"number": "2045", "notation": "VP-HC", "subject": "Báo cáo", "urgency": 1, "secrecy": "none"},
            "assignees": [{"mailbox": "an@tinh.example", "due_at": "2026-11-30T17:00:00+07:00"}],
            "assigned_at": "2026-11-21T08:00:00+07:00",
            "link": {"url": "https://qlvb.tinh.example/vb/1", "label": "Mở"}
        });
        change(&mut value);
        serde_json::from_value(value).unwrap()
    }

    fn hosts() -> Vec<String> {
        vec!["qlvb.tinh.example".into(), "127.0.0.1:8080".into()]
    }

    #[test]
    fn what_is_refused_and_what_is_not() {
        type Change = fn(&mut Value);
        let rows: [(&str, Change, bool); 17] = [
            ("plain", |_| {}, true),
            (
                "no secrecy word",
                |v| v["document"]["secrecy"] = json!(""),
                true,
            ),
            ("secret", |v| v["document"]["secrecy"] = json!("mật"), false),
            (
                "top secret",
                |v| v["document"]["secrecy"] = json!("2"),
                false,
            ),
            ("revision 0", |v| v["revision"] = json!(0), false),
            ("unknown action", |v| v["action"] = json!("delete"), false),
            (
                "no subject",
                |v| v["document"]["subject"] = json!(" "),
                false,
            ),
            ("urgency 5", |v| v["document"]["urgency"] = json!(5), false),
            (
                "foreign link",
                |v| v["link"]["url"] = json!("https://evil.example/"),
                false,
            ),
            (
                "link that looks right",
                |v| v["link"]["url"] = json!("https://qlvb.tinh.example@evil.example/"),
                false,
            ),
            (
                "script link",
                |v| v["link"]["url"] = json!("javascript:alert(1)"),
                false,
            ),
            (
                "link with port",
                |v| v["link"]["url"] = json!("http://127.0.0.1:8080/x"),
                true,
            ),
            (
                "date without zone",
                |v| v["assigned_at"] = json!("2026-11-21T08:00:00"),
                false,
            ),
            (
                "30 February",
                |v| v["assignees"][0]["due_at"] = json!("2026-02-30T08:00:00+07:00"),
                false,
            ),
            (
                "two selectors",
                |v| v["assignees"][0]["staff_no"] = json!("7"),
                false,
            ),
            (
                "half a selector",
                |v| v["assignees"][0] = json!({"unit_code": "H1"}),
                false,
            ),
            ("nobody", |v| v["assignees"] = json!([]), false),
        ];
        for (name, change, fine) in rows {
            assert_eq!(check(&put(change), &hosts()).is_ok(), fine, "{name}");
        }
    }

    #[test]
    fn content_has_one_hash() {
        let one = check(&put(|_| {}), &hosts()).unwrap();
        let same = check(&put(|v| v["document"]["pages"] = json!(0)), &hosts()).unwrap();
        let other = check(&put(|v| v["document"]["subject"] = json!("Khác")), &hosts()).unwrap();
        assert_eq!(one.content_hash, same.content_hash);
        assert_ne!(one.content_hash, other.content_hash);
        assert_eq!(
            canonical(&json!({"b": [1, {"z": null, "a": "é\""}], "a": true})),
            r#"{"a":true,"b":[1,{"a":"é\"","z":null}]}"#
        );
    }

    #[test]
    fn unknown_fields_are_refused() {
        let text = r#"{"revision":1,"document":{"subject":"a"},"assignees":[],"assigned_at":"x","extra":1}"#;
        assert!(serde_json::from_str::<AssignmentPut>(text).is_err());
    }
}
