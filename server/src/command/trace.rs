//! `congthu trace`: one message's history, from the connection to the mailbox or to the other server's words, by its id; or
//! the messages that fit what people know of one: sender, recipient, days, subject, Message-ID.

use crate::fault::Fault;
use crate::office::{Office, Place};
use store::{OutboxState, TraceFilter, TraceId};

/// Messages one search shows.
const ROWS_MAX: usize = 200;
const DAY_MS: i64 = 86_400_000;
/// Days a search looks back where no day is named.
const DAYS: i64 = 30;

#[derive(clap::Args)]
pub struct Trace {
    /// Mã hành trình, có trong câu trả lời 250 và trong dòng Received. / The id told in the 250 reply and in Received
    id: Option<String>,
    /// Người gửi (phong bì hoặc dòng From). / Sender, of the envelope or the header
    #[arg(long, default_value = "")]
    from: String,
    /// Người nhận. / Recipient
    #[arg(long, default_value = "")]
    to: String,
    /// Từ ngày, ví dụ 20/11/2026 [mặc định: 30 ngày qua]. / From day [default: the last 30 days]
    #[arg(long)]
    since: Option<String>,
    /// Đến hết ngày. / Up to and with day
    #[arg(long)]
    until: Option<String>,
    /// Từ trong trích yếu, có dấu hoặc không dấu. / Words of the subject, with or without marks
    #[arg(long, default_value = "")]
    subject: String,
    #[arg(long, default_value = "")]
    message_id: String,
    /// JSON: một đối tượng mỗi thư. / JSON: one object per message
    #[arg(long)]
    json: bool,
}

impl Trace {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let id = match &self.id {
            Some(written) => Some(id_of(written)?),
            None => None,
        };
        let days = (day(self.since.as_deref())?, day(self.until.as_deref())?);
        let office = Office::visit(place).await?;
        let outcome = match id {
            Some(id) => show(&office, id, self.json).await,
            None => self.find(&office, days).await,
        };
        office.close().await;
        outcome
    }

    async fn find(
        self,
        office: &Office,
        (since, until): (Option<i64>, Option<i64>),
    ) -> Result<(), Fault> {
        let recent = || office.room.now() - DAYS * DAY_MS;
        let filter = TraceFilter {
            sender: self.from,
            recipient: self.to,
            from_at: match self.message_id.is_empty() {
                true => Some(since.unwrap_or_else(recent)),
                false => since,
            },
            until_at: until.map(|day| day + DAY_MS),
            subject: self.subject,
            message_id: self.message_id.trim_matches(['<', '>']).to_owned(),
            ..TraceFilter::default()
        };
        let console = office.room.console();
        let found = office.room.trace_find(&console, &filter, ROWS_MAX).await?;
        for trace in &found {
            if self.json {
                show(office, trace.id, true).await?;
                continue;
            }
            let from = match trace.mail_from.is_empty() {
                true => &trace.from_address,
                false => &trace.mail_from,
            };
            println!(
                "{}\t{}\t{}\t{from}\t{}",
                trace.id,
                local_time(trace.at),
                direction_words(&trace.direction),
                trace.subject
            );
        }
        if !self.json {
            println!("{} thư. Xem từng thư: congthu trace MÃ", found.len());
            if found.len() == ROWS_MAX {
                println!("(chỉ hiện {ROWS_MAX} thư mới nhất; thu hẹp bằng --since, --until)");
            }
        }
        Ok(())
    }
}

fn id_of(written: &str) -> Result<TraceId, Fault> {
    written.trim().parse::<i64>().map(TraceId).map_err(|_| {
        Fault::failed(
            format!("“{written}” không phải mã hành trình"),
            format!("{written:?} is not a trace id"),
        )
        .remedy("mã là một số, ví dụ 5238104927113216", "an id is a number")
    })
}

fn day(written: Option<&str>) -> Result<Option<i64>, Fault> {
    let Some(written) = written else {
        return Ok(None);
    };
    match mailroom::time::parse_day(written.trim()) {
        Some(day) => Ok(Some(day)),
        None => Err(Fault::failed(
            format!("“{written}” không phải ngày"),
            format!("{written:?} is not a day"),
        )
        .remedy(
            "viết như 20/11/2026",
            "write it like 20/11/2026 or 2026-11-20",
        )),
    }
}

fn direction_words(direction: &str) -> &'static str {
    match direction {
        "in" => "thư đến",
        "submit" => "thư gửi đi",
        _ => "thư của hệ thống",
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
        let mut recipients = Vec::new();
        for row in &waiting {
            let attempts = store.attempts(row.id).await?;
            let history: Vec<_> = attempts.iter().map(attempt_json).collect();
            recipients.push(
                serde_json::json!({"recipient": row.recipient, "state": row.state.as_str(),
                "next_at": row.next_at, "history": history}),
            );
        }
        let object = serde_json::json!({"id": trace.id, "at": trace.at, "direction": trace.direction,
            "peer_ip": trace.peer_ip, "helo": trace.helo, "tls": trace.tls, "mail_from": trace.mail_from,
            "subject": trace.subject, "message_id": trace.message_id, "size": trace.size,
            "auth_results": trace.auth_results, "events": events, "recipients": recipients});
        println!("{object}");
        return Ok(());
    }
    let direction = direction_words(&trace.direction);
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
    for row in &waiting {
        let state = match row.state {
            OutboxState::Sent => "máy chủ bên nhận đã tiếp nhận".to_owned(),
            OutboxState::Never => "đã kết thúc, không gửi được".to_owned(),
            OutboxState::Leased => "đang gửi".to_owned(),
            state => why_waiting(state, row.next_at, row.last_text.as_deref()),
        };
        println!("  {}: {state}", row.recipient);
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

pub fn attempt_json(one: &store::Attempt) -> serde_json::Value {
    let saw = &one.evidence;
    serde_json::json!({"at": one.at, "outcome": one.outcome, "host": saw.host, "ip": saw.ip, "tls": saw.tls,
        "certificate": saw.certificate, "code": saw.code, "enhanced": saw.enhanced, "text": saw.text})
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
        "released" => "người nhận đã lấy về từ cách ly",
        "removed" => "người nhận đã xóa khi cách ly",
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
    fn days_are_read_or_refused() {
        assert!(matches!(super::day(Some("20/11/2026")), Ok(Some(_))));
        assert!(matches!(super::day(None), Ok(None)));
        assert!(super::day(Some("hôm qua")).is_err());
        assert!(super::id_of("x1").is_err() && super::id_of(" 12 ").is_ok());
    }

    #[test]
    fn times_are_those_of_the_province() {
        assert_eq!(super::local_time(1_795_139_000_000), "20/11/2026 08:43:20");
    }
}
