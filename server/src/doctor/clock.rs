//! Check 20: our clock against a time server, one question over UDP. Sets nothing.  (RFC 5905, the client of §14)

use super::patient::Patient;
use super::{Part, limits};
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// Seconds from 1900 (NTP) to 1970 (Unix).
const NTP_TO_UNIX_SECS: f64 = 2_208_988_800.0;
/// Beyond this one-time codes and signatures begin to suffer; beyond the second they fail.
const WARN_SECS: f64 = 2.0;
const FAIL_SECS: f64 = 30.0;

pub async fn check(patient: &Patient) -> Vec<Part> {
    let server = &patient.config.doctor.time;
    if server.is_empty() {
        return vec![Part::skipped("máy chủ giờ", "doctor.time để trống")];
    }
    let asked = format!("giờ của {server} (NTP)");
    let remedy = "bật đồng bộ giờ: timedatectl set-ntp true (hoặc apt install chrony)";
    let offset = match address(patient, server).await {
        Ok(at) => offset(at).await,
        Err(why) => Err(why),
    };
    vec![match offset {
        Err(why) => Part::skipped(asked, format!("chưa biết: {why}"))
            .remedy("ghi máy chủ giờ trong mạng của tỉnh vào doctor.time"),
        Ok(offset) => {
            let answered = format!("đồng hồ máy này lệch {offset:+.3} giây");
            match offset.abs() {
                far if far > FAIL_SECS => Part::fail(asked, answered, remedy),
                off if off > WARN_SECS => Part::warn(asked, answered, remedy),
                _ => Part::ok(asked, answered),
            }
        }
    }]
}

async fn address(patient: &Patient, server: &str) -> Result<SocketAddr, String> {
    if let Ok(at) = server.parse() {
        return Ok(at);
    }
    let (host, port) = server.rsplit_once(':').ok_or("không phải máy:cổng")?;
    let port = port.parse().map_err(|_| "cổng không phải số")?;
    let ips = patient.ask.ips(host).await.map_err(|no| no.words())?;
    // IPv4 first: a host without IPv6 routes still gets AAAA answers.
    ips.first()
        .map(|ip| SocketAddr::new(*ip, port))
        .ok_or_else(|| "không có địa chỉ".into())
}

/// How many seconds our clock is ahead.
async fn offset(server: SocketAddr) -> Result<f64, String> {
    let any: SocketAddr = if server.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any).await.map_err(|why| why.to_string())?;
    socket
        .connect(server)
        .await
        .map_err(|why| why.to_string())?;
    let sent = now();
    let mut query = [0u8; 48];
    // Version 4, mode 3 (client); our time goes along so that the answer can be known as ours.
    query[0] = 0x23;
    let mark = stamp(sent).to_be_bytes();
    query[40..48].copy_from_slice(&mark);
    socket.send(&query).await.map_err(|why| why.to_string())?;
    let mut answer = [0u8; 512];
    let length = match timeout(limits::NTP, socket.recv(&mut answer)).await {
        Ok(Ok(length)) => length,
        Ok(Err(why)) => return Err(why.to_string()),
        Err(_) => {
            return Err(format!(
                "máy chủ giờ không trả lời trong {} giây",
                limits::NTP.as_secs()
            ));
        }
    };
    let heard = now();
    let answer = answer.get(..length).unwrap_or_default();
    read(answer, mark, sent, heard)
}

/// The offset from an answer: ((t2 - t1) + (t3 - t4)) / 2 is how far the server is ahead. (RFC 5905 §8)
fn read(answer: &[u8], mark: [u8; 8], sent: f64, heard: f64) -> Result<f64, String> {
    let field = |from: usize| {
        answer
            .get(from..from + 8)
            .and_then(|bytes| <[u8; 8]>::try_from(bytes).ok())
    };
    let (Some(first), Some(stratum)) = (answer.first(), answer.get(1)) else {
        return Err("lời đáp quá ngắn".into());
    };
    if first & 7 != 4 || field(24) != Some(mark) {
        return Err("lời đáp không phải của câu hỏi này".into());
    }
    if *stratum == 0 || *stratum > 15 || first >> 6 == 3 {
        return Err("máy chủ giờ nói chính nó chưa đúng giờ".into());
    }
    let (Some(received), Some(replied)) = (field(32), field(40)) else {
        return Err("lời đáp quá ngắn".into());
    };
    let [received, replied] = [received, replied].map(|bytes| unix(u64::from_be_bytes(bytes)));
    Ok(-((received - sent) + (replied - heard)) / 2.0)
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

/// 32 bits of seconds since 1900, 32 bits of fraction.
fn stamp(unix_secs: f64) -> u64 {
    let since_1900 = unix_secs + NTP_TO_UNIX_SECS;
    let whole = since_1900.trunc();
    let fraction = (since_1900 - whole) * 4_294_967_296.0;
    ((whole as u64) << 32) | (fraction as u64 & 0xffff_ffff)
}

fn unix(stamp: u64) -> f64 {
    let fraction = (stamp & 0xffff_ffff) as f64 / 4_294_967_296.0;
    // Era 1 begins in 2036 with small numbers. (RFC 5905 §6)
    let era = if stamp >> 63 == 1 {
        0.0
    } else {
        4_294_967_296.0
    };
    (stamp >> 32) as f64 + era + fraction - NTP_TO_UNIX_SECS
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn answer(mark: [u8; 8], at: f64) -> [u8; 48] {
        let mut bytes = [0; 48];
        (bytes[0], bytes[1]) = (0x24, 2);
        bytes[24..32].copy_from_slice(&mark);
        bytes[32..40].copy_from_slice(&stamp(at).to_be_bytes());
        bytes[40..48].copy_from_slice(&stamp(at).to_be_bytes());
        bytes
    }

    #[test]
    fn offsets_are_ours_ahead_of_theirs_and_strange_answers_are_refused() {
        let mark = stamp(1_000.0).to_be_bytes();
        let offset = read(&answer(mark, 990.0), mark, 1_000.0, 1_001.0).unwrap();
        assert!((offset - 10.5).abs() < 0.01, "{offset}");
        assert!((unix(stamp(1_800_000_000.25)) - 1_800_000_000.25).abs() < 0.001);
        assert!((unix(stamp(2_200_000_000.0)) - 2_200_000_000.0).abs() < 0.001);
        assert!(read(&answer([0; 8], 990.0), mark, 1_000.0, 1_001.0).is_err());
        assert!(read(&[0x24], mark, 1_000.0, 1_001.0).is_err());
        let mut unsure = answer(mark, 990.0);
        unsure[1] = 0;
        assert!(read(&unsure, mark, 1_000.0, 1_001.0).is_err());
    }
}
