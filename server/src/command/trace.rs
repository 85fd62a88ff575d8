//! `congthu trace ID`: one message's history, from the connection to the mailbox or to the other server's words.

use crate::fault::Fault;
use crate::office::{Office, Place};
use store::{OutboxState, TraceId};

#[derive(clap::Args)]
pub struct Trace {
    /// Mã hành trình, có trong câu trả lời 250 và trong dòng Received. / The id told in the 250 reply and in Received
    id: String,
    /// Một đối tượng JSON. / One JSON object
    #[arg(long)]
    json: bool,
}

impl Trace {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let id = self.id.trim().parse::<i64>().map(TraceId).map_err(|_| {
            Fault::failed(
                format!("“{}” không phải mã hành trình", self.id),
                format!("{:?} is not a trace id", self.id),
            )
            .remedy("mã là một số, ví dụ 5238104927113216", "an id is a number")
        })?;
        let office = Office::visit(place).await?;
        let outcome = show(&office, id, self.json).await;
        office.close().await;
        outcome
    }
}

async fn show(office: &Office, id: TraceId, json: bool) -> Result<(), Fault> {
    let store = &office.store;
    let (trace, events) = store.trace(id).await?.ok_or_else(|| {
        Fault::failed(
            format!("không có hành trình {id}"),
            format!("no trace {id}"),
        )
    })?;
    let waiting = store.outbox_of_trace(id).await?;
    if json {
        let events: Vec<_> = events
            .iter()
            .map(|event| {
                serde_json::json!({"at": event.at, "recipient": event.recipient, "event": event.event,
                    "code": event.code, "detail": event.detail})
            })
            .collect();
        let object = serde_json::json!({"id": trace.id, "at": trace.at, "direction": trace.direction,
            "peer_ip": trace.peer_ip, "helo": trace.helo, "tls": trace.tls, "mail_from": trace.mail_from,
            "subject": trace.subject, "message_id": trace.message_id, "size": trace.size,
            "auth_results": trace.auth_results, "events": events});
        println!("{object}");
        return Ok(());
    }
    let direction = match trace.direction.as_str() {
        "in" => "thư đến",
        "submit" => "thư gửi từ phần mềm thư",
        _ => "thư trong hệ thống",
    };
    println!("{} {direction}, {} byte", local_time(trace.at), trace.size);
    println!("  Từ: {}  Tiêu đề: {}", trace.mail_from, trace.subject);
    if !trace.peer_ip.is_empty() {
        let tls = if trace.tls.is_empty() {
            "không mã hóa"
        } else {
            &trace.tls
        };
        println!("  Máy gửi: {} ({}), {tls}", trace.peer_ip, trace.helo);
    }
    if !trace.auth_results.is_empty() {
        println!("  Xác thực: {}", trace.auth_results);
    }
    for event in &events {
        let code = event
            .code
            .map(|code| format!(" {code}"))
            .unwrap_or_default();
        println!(
            "{} {} {}{code} {}",
            local_time(event.at),
            event.recipient,
            in_words(&event.event),
            event.detail
        );
    }
    for row in waiting.iter().filter(|row| row.ended_at.is_none()) {
        println!(
            "  {}: {}",
            row.recipient,
            why_waiting(row.state, row.next_at, row.last_text.as_deref())
        );
        for attempt in store.attempts(row.id).await? {
            println!("    {}", attempt_words(&attempt));
        }
    }
    Ok(())
}

/// Why a recipient still waits, in a sentence.
pub fn why_waiting(state: OutboxState, next_at: i64, last: Option<&str>) -> String {
    let last = last
        .filter(|text| !text.is_empty())
        .map(|text| format!(" (máy chủ bên nhận: {text})"));
    let last = last.unwrap_or_default();
    match state {
        OutboxState::Held => format!("đang bị giữ lại{last}"),
        _ => format!("đang chờ, gửi lại lúc {}{last}", local_time(next_at)),
    }
}

/// One attempt: when, where, how it was protected, what the other server said.
pub fn attempt_words(attempt: &store::Attempt) -> String {
    let saw = &attempt.evidence;
    let outcome = match attempt.outcome.as_str() {
        "sent" => "đã gửi",
        "later" => "tạm hoãn",
        "never" => "bị trả lại",
        other => other,
    };
    let tls = match (saw.tls.as_str(), saw.certificate.as_str()) {
        ("", _) if saw.ip.is_empty() => String::new(),
        ("", _) => ", không mã hóa".to_owned(),
        (tls, "") => format!(", {tls}"),
        (tls, certificate) => format!(", {tls}, chứng thư {certificate}"),
    };
    let at = match (saw.host.as_str(), saw.ip.as_str()) {
        ("", "") => String::new(),
        (host, "") => format!(" {host}"),
        (host, ip) => format!(" {host} [{ip}]{tls}"),
    };
    let code = saw.code.map(|code| format!("{code} ")).unwrap_or_default();
    let enhanced = saw
        .enhanced
        .as_deref()
        .map(|enhanced| format!("{enhanced} "))
        .unwrap_or_default();
    let when = local_time(attempt.at);
    format!("{when} {outcome}{at}: {code}{enhanced}{}", saw.text)
}

fn in_words(event: &str) -> &str {
    match event {
        "delivered" => "đã vào hộp thư",
        "junk" => "vào Thư rác",
        "quarantined" => "đã cách ly",
        "queued" => "vào hàng chờ gửi",
        "held" => "bị giữ lại",
        "sent" => "máy chủ bên nhận đã tiếp nhận",
        "deferred" => "tạm hoãn",
        "bounced" => "bị trả lại",
        "refused" => "bị từ chối",
        "dropped" => "đã hủy",
        other => other,
    }
}

/// "20/11/2026 08:43:05" in the province.
pub fn local_time(at_ms: i64) -> String {
    let Ok(at) = jiff::Timestamp::from_millisecond(at_ms) else {
        return at_ms.to_string();
    };
    match at.in_tz("Asia/Ho_Chi_Minh") {
        Ok(local) => local.strftime("%d/%m/%Y %H:%M:%S").to_string(),
        Err(_) => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_those_of_the_province() {
        assert_eq!(super::local_time(1_795_139_000_000), "20/11/2026 08:43:20");
    }
}
