//! Checks 26 and 27: a letter to ourselves through the public address, timed to the mailbox and to the phone, and a letter round an
//! outside box. The test letter is taken out of the mailbox again; nobody's mail is read, the trace tells enough.

use super::mail::{not_reached, open};
use super::patient::Patient;
use super::state::{office, unread};
use super::talk::Reply;
use super::{Part, limits};
use crate::office::Office;
use mailroom::directory::Recipient;
use std::time::{Duration, Instant};
use store::{AccountId, OutboxState, Role, TraceFilter, TraceId};

/// How often tables are looked at while waiting.
const LOOK: Duration = Duration::from_millis(100);

/// The local address that takes the test letter.
fn mailbox(patient: &Patient) -> String {
    match patient.config.doctor.mailbox.as_str() {
        "" => format!("postmaster@{}", patient.config.site.domain),
        own => own.to_owned(),
    }
}

/// Check 26.
pub async fn self_test(patient: &Patient) -> Vec<Part> {
    let to = mailbox(patient);
    let asked = format!("thư thử tới {to}");
    let office = match office(patient, &asked) {
        Ok(office) => office,
        Err(part) => return vec![part],
    };
    let since = Instant::now();
    let began = office.room.now();
    let (reply, at) = match send(patient, &to).await {
        Ok(sent) => sent,
        Err(why) => return vec![not_reached(patient, &asked, &why)],
    };
    let asked = format!("{asked} qua {at}");
    if !reply.is_good() {
        let remedy = "đọc lời từ chối; nếu do DMARC hoặc SPF, xem mục 5, 6, 7; xem congthu trace";
        return vec![Part::fail(
            asked,
            format!("{} {}", reply.code, reply.text),
            remedy,
        )];
    }
    let Some(trace) = trace_id(&reply.text) else {
        return vec![Part::fail(
            asked,
            format!("nhận nhưng không có số hành trình: {}", reply.text),
            "cổng 25 này không phải của congthu: kiểm tra thiết bị đứng trước nó",
        )];
    };
    let mut parts = vec![arrived(office, trace, &asked, since).await];
    let accounts = match office.room.resolve(&to).await {
        Ok(Recipient::Local { accounts, .. }) => accounts,
        _ => Vec::new(),
    };
    parts.push(pushed(office, &accounts, began, since).await);
    if let Err(why) = take_away(office, trace, &accounts).await {
        parts.push(Part::warn(
            asked,
            format!("không lấy lại được thư thử: {why}"),
            "xóa thư “Thư tự kiểm tra” trong hộp thư",
        ));
    }
    parts
}

/// A stranger's dialogue with a whole letter; the final reply and where it was said.
async fn send(patient: &Patient, to: &str) -> Result<(Reply, String), String> {
    let (mut talk, at) = open(patient).await?;
    let outcome = async {
        for line in [
            format!("EHLO {}", patient.host()),
            "MAIL FROM:<>".into(),
            format!("RCPT TO:<{to}>"),
            "DATA".into(),
        ] {
            let reply = talk.say(&line).await?;
            if !reply.is_good() {
                return Ok(reply);
            }
        }
        talk.write(letter(patient, to).as_bytes()).await?;
        talk.write(b"\r\n.\r\n").await?;
        talk.reply().await
    };
    let reply: Result<Reply, String> = outcome.await;
    talk.quit().await;
    Ok((reply?, at))
}

/// Signed like every letter of ours, so that it passes our own checks.
fn letter(patient: &Patient, to: &str) -> String {
    let domain = &patient.config.site.domain;
    let now = jiff::Timestamp::now();
    let date = now
        .to_zoned(jiff::tz::TimeZone::UTC)
        .strftime("%a, %d %b %Y %H:%M:%S +0000")
        .to_string();
    let text = format!(
        "From: congthu doctor <postmaster@{domain}>\r\nTo: <{to}>\r\nSubject: =?utf-8?q?Th=C6=B0_t=E1=BB=B1_ki=E1=BB=83m_tra?=\r\nDate: {date}\r\n\
         Message-ID: <doctor.{}@{}>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\r\ncongthu doctor\r\n",
        now.as_nanosecond(),
        patient.host()
    );
    let signed = patient
        .dkim
        .as_ref()
        .ok()
        .and_then(|keys| keys.signatures(domain, text.as_bytes()).ok());
    // The end of the last line is written with the dot.
    format!("{}{}", signed.unwrap_or_default(), text.trim_end())
}

/// "delivered, trace 25003149101314867".
fn trace_id(text: &str) -> Option<TraceId> {
    let after = text.rsplit_once("trace ")?.1;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().map(TraceId)
}

/// The trace says where the letter went.
async fn arrived(office: &Office, trace: TraceId, asked: &str, since: Instant) -> Part {
    while since.elapsed() < limits::LETTER {
        match office.store.trace(trace).await {
            Ok(Some((_, events))) => {
                let event = events.iter().find(|event| {
                    matches!(event.event.as_str(), "delivered" | "junk" | "quarantined")
                });
                if let Some(event) = event {
                    let place = match event.event.as_str() {
                        "delivered" => "đã vào Hộp thư đến",
                        "junk" => "vào Thư rác",
                        _ => "bị cách ly",
                    };
                    let answered = format!(
                        "{place} sau {} ms, hành trình {trace}",
                        since.elapsed().as_millis()
                    );
                    return match event.event.as_str() {
                        "delivered" => Part::ok(asked, answered),
                        _ => Part::warn(
                            asked,
                            format!("{answered}: {}", event.detail),
                            "thư của chính ta bị coi là thư rác: xem mục 5, 6, 7",
                        ),
                    };
                }
            }
            Ok(None) => {}
            Err(why) => return unread(asked, &why),
        }
        tokio::time::sleep(LOOK).await;
    }
    Part::fail(
        asked,
        format!(
            "đã nhận nhưng {} giây sau chưa vào hộp thư (hành trình {trace})",
            limits::LETTER.as_secs()
        ),
        format!("congthu trace {trace}"),
    )
}

/// A phone of the mailbox's keeper was told.
async fn pushed(office: &Office, accounts: &[AccountId], began: i64, since: Instant) -> Part {
    let asked = "báo tới điện thoại của hộp thư thử";
    let mut devices = 0;
    while since.elapsed() < limits::LETTER {
        devices = 0;
        for account in accounts {
            let found = match office.store.subscriptions_of((*account).into()).await {
                Ok(found) => found,
                Err(why) => return unread(asked, &why),
            };
            devices += found.len();
            if found
                .iter()
                .any(|one| one.last_push_at.is_some_and(|at| at >= began))
            {
                return Part::ok(
                    asked,
                    format!(
                        "dịch vụ đẩy đã nhận, {} ms sau khi gửi",
                        since.elapsed().as_millis()
                    ),
                );
            }
        }
        if devices == 0 {
            return Part::skipped(asked, "hộp thư này chưa có thiết bị nào bật thông báo nên chưa biết")
                .remedy("đăng nhập hộp thư này trên một điện thoại, bật thông báo; hoặc chọn hộp khác ở doctor.mailbox");
        }
        tokio::time::sleep(LOOK).await;
    }
    Part::fail(
        asked,
        format!(
            "{devices} thiết bị, {} giây sau chưa thiết bị nào được báo",
            limits::LETTER.as_secs()
        ),
        "xem mục 23; nhật ký của máy chủ có lý do",
    )
}

async fn take_away(
    office: &Office,
    trace: TraceId,
    accounts: &[AccountId],
) -> Result<(), store::Error> {
    let Some((row, _)) = office.store.trace(trace).await? else {
        return Ok(());
    };
    let Some(body) = row.body else { return Ok(()) };
    for account in accounts {
        for role in [Role::Inbox, Role::Junk] {
            let mailbox = match office.store.mailbox_by_role(*account, role).await {
                Ok(mailbox) => mailbox,
                Err(store::Error::Missing(_)) => continue,
                Err(why) => return Err(why),
            };
            let uids = office.store.uids_of_body(mailbox.id, body).await?;
            if !uids.is_empty() {
                office.store.remove(mailbox.id, &uids).await?;
            }
        }
    }
    Ok(())
}

/// Check 27.
pub async fn outside(patient: &Patient) -> Vec<Part> {
    let to = &patient.config.doctor.outside;
    let asked = format!("thư đi vòng qua {to}");
    if to.is_empty() {
        return vec![Part::skipped("thư đi vòng ra ngoài", "doctor.outside để trống").remedy(
            "tạo một hộp Gmail, đặt chuyển tiếp mọi thư về hộp thử của ta, rồi ghi địa chỉ Gmail đó vào doctor.outside",
        )];
    }
    let office = match office(patient, &asked) {
        Ok(office) => office,
        Err(part) => return vec![part],
    };
    if !patient.config.mail.sink.is_empty() {
        return vec![Part::skipped(
            asked,
            "mọi thư ra ngoài rơi vào hộp thu gom (mail.sink): bản thử",
        )];
    }
    let since = Instant::now();
    let began = office.room.now();
    let mark = format!("congthu-doctor-{began}");
    let domain = &patient.config.site.domain;
    let raw = format!(
        "From: congthu doctor <{}>\r\nTo: <{to}>\r\nSubject: {mark}\r\nMessage-ID: <{mark}@{domain}>\r\nAuto-Submitted: auto-generated\r\n\
         \r\n{mark}\r\n",
        mailbox(patient)
    );
    let about = office.room.new_trace();
    let sent = match office.room.send_report(to, raw.into(), about).await {
        Ok(trace) => trace,
        Err(why) => {
            return vec![Part::fail(
                asked,
                why.to_string(),
                "kiểm tra doctor.outside là địa chỉ ở ngoài",
            )];
        }
    };
    let (gone, part) = left(office, sent, &asked, since).await;
    let mut parts = vec![part];
    if gone {
        parts.push(came_back(office, &mark, began, since).await);
    }
    parts
}

/// Whether the other side took it, in its own words.
async fn left(office: &Office, trace: TraceId, asked: &str, since: Instant) -> (bool, Part) {
    while since.elapsed() < limits::ROUND_TRIP {
        let rows = match office.store.outbox_of_trace(trace).await {
            Ok(rows) => rows,
            Err(why) => return (false, unread(asked, &why)),
        };
        for row in &rows {
            let words = row.last_text.clone().unwrap_or_default();
            match row.state {
                OutboxState::Sent => {
                    return (
                        true,
                        Part::ok(
                            asked,
                            format!(
                                "nơi kia đã nhận sau {} ms: {words}",
                                since.elapsed().as_millis()
                            ),
                        ),
                    );
                }
                OutboxState::Never => {
                    return (
                        false,
                        Part::fail(
                            asked,
                            words,
                            "đọc lời từ chối của nơi kia; xem mục 3, 5, 6, 15",
                        ),
                    );
                }
                _ if row.attempts > 0 => {
                    return (
                        false,
                        Part::warn(
                            asked,
                            format!("nơi kia bảo chờ: {words}"),
                            "xem congthu queue list; khám lại sau ít phút",
                        ),
                    );
                }
                _ => {}
            }
        }
        tokio::time::sleep(LOOK).await;
    }
    let remedy = "kiểm tra congthu serve đang chạy; xem congthu queue list";
    (
        false,
        Part::fail(
            asked,
            format!(
                "{} giây sau chưa gửi được lần nào",
                limits::ROUND_TRIP.as_secs()
            ),
            remedy,
        ),
    )
}

async fn came_back(office: &Office, mark: &str, began: i64, since: Instant) -> Part {
    let asked = "thư đó quay về";
    let filter = TraceFilter {
        from_at: Some(began),
        subject: mark.to_owned(),
        ..TraceFilter::default()
    };
    while since.elapsed() < limits::ROUND_TRIP {
        match office.store.trace_find(&filter, 5).await {
            Ok(found) => {
                if let Some(back) = found
                    .iter()
                    .find(|trace| trace.direction == "in" && trace.body.is_some())
                {
                    return Part::ok(
                        asked,
                        format!(
                            "từ {} sau {} ms, hành trình {}",
                            back.peer_ip,
                            since.elapsed().as_millis(),
                            back.id
                        ),
                    );
                }
            }
            Err(why) => return unread(asked, &why),
        }
        tokio::time::sleep(LOOK).await;
    }
    Part::skipped(
        asked,
        format!(
            "chưa thấy sau {} giây: nơi kia có thể chậm; tìm sau bằng tiêu đề {mark}",
            limits::ROUND_TRIP.as_secs()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_is_read_from_the_reply() {
        for (text, id) in [
            (
                "2.0.0 delivered, trace 250031491013148672",
                Some(TraceId(250_031_491_013_148_672)),
            ),
            ("2.0.0 ok [trace 7]", Some(TraceId(7))),
            ("2.0.0 queued as ABC", None),
        ] {
            assert_eq!(trace_id(text), id, "{text}");
        }
    }
}
