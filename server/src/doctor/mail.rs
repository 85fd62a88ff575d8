//! Checks 12 and 13: a stranger's dialogue with our own port 25: mail for others is refused, postmaster@ and abuse@ are taken.
//! Stops before DATA; sends nothing.

use super::Part;
use super::patient::{Patient, is_here};
use super::sign::local_box;
use super::talk::Talk;
use super::tls::reachable;
use std::net::SocketAddr;

/// Where strangers find us: every public address.
pub fn public_doors(patient: &Patient) -> Vec<SocketAddr> {
    let port = patient.config.outbound.mx_port;
    patient
        .addresses
        .iter()
        .map(|ip| SocketAddr::new(*ip, port))
        .collect()
}

/// A connection as strangers have it, or at least to our own listener; says which.
pub async fn open(patient: &Patient) -> Result<(Talk<'static>, String), String> {
    let mut why = "listen.smtp không mở cổng nào".to_owned();
    let own = patient.config.listen.smtp.iter().map(|at| reachable(*at));
    for at in public_doors(patient).into_iter().chain(own) {
        match Talk::smtp(at).await {
            Ok((talk, greeting)) if greeting.is_good() => return Ok((talk, at.to_string())),
            Ok((_, greeting)) => why = format!("{at}: {} {}", greeting.code, greeting.text),
            Err(cause) => why = format!("{at}: {cause}"),
        }
    }
    Err(why)
}

/// Ways in which open relays were talked into it. `domain` is ours; example.net is nobody's (RFC 2606).
fn tricks(domain: &str) -> [String; 7] {
    [
        "<nguoila@example.net>".into(),
        format!("<nguoila%example.net@{domain}>"),
        format!("<@{domain}:nguoila@example.net>"),
        format!("<\"nguoila@example.net\"@{domain}>"),
        format!("<example.net!nguoila@{domain}>"),
        "<nguoila@[192.0.2.1]>".into(),
        format!("<nguoila@example.net@{domain}>"),
    ]
}

/// Check 12.
pub async fn relay(patient: &Patient) -> Vec<Part> {
    let (mut talk, at) = match open(patient).await {
        Ok(opened) => opened,
        Err(why) => return vec![not_reached(patient, "thử nhờ chuyển thư", &why)],
    };
    let domain = &patient.config.site.domain;
    let asked = format!("SMTP {at}: nhờ chuyển thư cho người lạ");
    let mut refused = 0;
    let mut taken = Vec::new();
    let outcome = async {
        talk.say("EHLO doctor.example.org").await?;
        for sender in [
            "<ke-la@example.org>".to_owned(),
            format!("<postmaster@{domain}>"),
        ] {
            talk.say("RSET").await?;
            let mail = talk.say(&format!("MAIL FROM:{sender}")).await?;
            if !mail.is_good() {
                refused += 1;
                continue;
            }
            for recipient in tricks(domain) {
                let reply = talk.say(&format!("RCPT TO:{recipient}")).await?;
                match reply.is_good() {
                    true => taken.push(format!(
                        "MAIL FROM:{sender} RCPT TO:{recipient}: {} {}",
                        reply.code, reply.text
                    )),
                    false => refused += 1,
                }
            }
        }
        Ok::<(), String>(())
    };
    let outcome = outcome.await;
    talk.quit().await;
    if !taken.is_empty() {
        let remedy = "máy chủ nhận chuyển thư hộ người lạ: kiểm tra incoming.balancers và thiết bị đứng trước cổng 25, rồi báo nhà cung cấp";
        return vec![Part::fail(asked, taken.join("; "), remedy)];
    }
    match (outcome, refused) {
        // A server that hangs up on us after refusals has refused.
        (Err(why), 0) => vec![Part::skipped(asked, format!("chưa thử được: {why}"))],
        (_, count) => vec![Part::ok(asked, format!("cả {count} lần đều bị từ chối"))],
    }
}

/// Check 13.
pub async fn postmaster(patient: &Patient) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut talk, at) = match open(patient).await {
        Ok(opened) => opened,
        Err(why) => {
            parts.push(not_reached(patient, "postmaster@ và abuse@", &why));
            for address in boxes(patient) {
                parts.push(
                    local_box(patient, format!("{address} theo kho dữ liệu"), &address).await,
                );
            }
            return parts;
        }
    };
    for address in boxes(patient) {
        let asked = format!("SMTP {at}: RCPT TO:<{address}>");
        let reply = async {
            talk.say("EHLO doctor.example.org").await?;
            talk.say("MAIL FROM:<>").await?;
            let reply = talk.say(&format!("RCPT TO:<{address}>")).await?;
            talk.say("RSET").await?;
            Ok::<_, String>(reply)
        };
        parts.push(match reply.await {
            Ok(reply) if reply.is_good() => Part::ok(asked, format!("{} {}", reply.code, reply.text)),
            Ok(reply) => Part::fail(
                asked,
                format!("{} {}", reply.code, reply.text),
                format!("tạo tài khoản hoặc bí danh {address}, hoặc giao hộp thư văn thư cho đơn vị cao nhất"),
            ),
            Err(why) => Part::skipped(asked, format!("chưa thử được: {why}")),
        });
    }
    talk.quit().await;
    parts
}

fn boxes(patient: &Patient) -> Vec<String> {
    let both = |domain: &String| ["postmaster", "abuse"].map(|name| format!("{name}@{domain}"));
    patient.domains.iter().flat_map(both).collect()
}

/// Behind NAT a host often cannot reach its own public address: then nothing is known.
pub fn not_reached(patient: &Patient, asked: &str, why: &str) -> Part {
    let here =
        patient.addresses.iter().any(|ip| is_here(*ip)) || !patient.config.listen.smtp.is_empty();
    match here {
        true => Part::fail(
            asked,
            why,
            "khởi động máy chủ: systemctl start congthu (hoặc congthu serve), rồi xem nhật ký",
        ),
        false => Part::skipped(
            asked,
            format!("không tới được địa chỉ công khai từ máy này: {why}"),
        ),
    }
}
