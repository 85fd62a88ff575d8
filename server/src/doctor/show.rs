//! The findings on a screen: one line per check, then what wants doing with evidence and remedy, worst last so that it stands above the
//! prompt. And the same as JSON. Decides nothing.

use super::finding::{Finding, Part, Status, exit_code, worst};
use std::fmt::Write as _;

fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "tốt",
        Status::Skipped => "chưa biết",
        Status::Warn => "CẦN XEM",
        Status::Fail => "HỎNG",
    }
}

/// Columns of the widest title.
const TITLE: usize = 44;

/// For people.
pub fn table(host: &str, at: &str, findings: &[Finding], seconds: f64) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        // Writing to a String cannot fail.
        let _always = writeln!(text, "{words}");
    };
    line(format!("Khám máy chủ thư {host}, {at}\n"));
    if !host.contains('.') {
        line(
            "  Đây là bản thử: tên máy chủ không phải tên thật trên Internet, nên các mục về DNS, chứng thư và cổng 25 sẽ báo hỏng.\n  \
             Các mục đó chỉ có nghĩa khi cài thật (congthu init).\n"
                .into(),
        );
    }
    line(format!("  Số  {}  Kết quả", padded("Mục", TITLE)));
    for finding in findings {
        line(format!(
            "  {:>2}  {}  {}",
            finding.number,
            padded(finding.title, TITLE),
            word(finding.status)
        ));
    }
    for status in [Status::Skipped, Status::Warn, Status::Fail] {
        let wanting: Vec<&Finding> = findings
            .iter()
            .filter(|finding| finding.status == status)
            .collect();
        if wanting.is_empty() {
            continue;
        }
        line(format!("\n{}", heading(status)));
        for finding in wanting {
            line(format!(
                "\n  {}. {}: {}",
                finding.number,
                finding.title,
                word(status)
            ));
            line(format!("     {}", finding.why));
            let wanting = finding
                .parts
                .iter()
                .filter(|part| part.status != Status::Ok);
            line(grouped(wanting));
        }
    }
    let count = |status| {
        findings
            .iter()
            .filter(|finding| finding.status == status)
            .count()
    };
    let whole = worst(findings.iter().map(|finding| finding.status));
    line(format!(
        "\nKết luận: {} mục tốt, {} chưa biết, {} cần xem, {} hỏng; khám trong {seconds:.1} giây; mã thoát {}.",
        count(Status::Ok),
        count(Status::Skipped),
        count(Status::Warn),
        count(Status::Fail),
        exit_code(whole)
    ));
    line("Bằng chứng của mọi mục, cả mục tốt: congthu doctor --all; khám lại một mục: congthu doctor --only SỐ".into());
    text
}

/// Every part with its evidence, for `--all`.
pub fn evidence(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let _always = writeln!(
            text,
            "\n  {}. {}: {}",
            finding.number,
            finding.title,
            word(finding.status)
        );
        for part in &finding.parts {
            let _always = writeln!(text, "{}", shown(part));
        }
    }
    text
}

fn heading(status: Status) -> &'static str {
    match status {
        Status::Skipped => "== CHƯA BIẾT ĐƯỢC (không phải lỗi; từ máy này không có cách biết) ==",
        Status::Warn => "== CẦN XEM (còn chạy, nên sửa) ==",
        _ => "== HỎNG (thư đang hoặc sẽ bị mất, bị từ chối) ==",
    }
}

/// Parts below each other; a remedy that several of them share stands once, below the last.
fn grouped<'a>(parts: impl Iterator<Item = &'a Part>) -> String {
    let parts: Vec<&Part> = parts.collect();
    let mut lines = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let mut part = (*part).clone();
        if parts
            .get(index + 1)
            .is_some_and(|next| next.remedy == part.remedy)
        {
            part.remedy = None;
        }
        lines.push(shown(&part));
    }
    lines.join("\n")
}

fn shown(part: &Part) -> String {
    let mut text = format!(
        "     - [{}] Đã hỏi:   {}\n       Trả lời:  {}",
        word(part.status),
        part.asked,
        part.answered
    );
    if let Some(remedy) = &part.remedy {
        text.push_str(&format!("\n       Cách sửa: {remedy}"));
    }
    text
}

/// Filled with blanks by characters, not bytes.
fn padded(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(blanks))
}

/// For monitors: one object.
pub fn json(host: &str, at: i64, findings: &[Finding], seconds: f64) -> serde_json::Value {
    let whole = worst(findings.iter().map(|finding| finding.status));
    serde_json::json!({
        "host": host,
        "at": at,
        "status": whole,
        "exit_code": exit_code(whole),
        "seconds": seconds,
        "checks": findings,
    })
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn finding(number: u8, status: Status) -> Finding {
        let part = Part {
            status,
            asked: "hỏi".into(),
            answered: "đáp".into(),
            remedy: (status >= Status::Warn).then(|| "sửa".into()),
        };
        Finding {
            number,
            name: "x",
            title: "Đồng hồ",
            why: "Vì sao.",
            status,
            parts: vec![part],
            millis: 0,
        }
    }

    #[test]
    fn the_worst_stands_last_with_its_remedy() {
        let findings = [
            finding(1, Status::Fail),
            finding(2, Status::Ok),
            finding(3, Status::Warn),
        ];
        let text = table("thu.example", "hôm nay", &findings, 1.0);
        let place = |part: &str| text.find(part);
        assert!(place("CẦN XEM (") < place("HỎNG ("));
        assert!(
            place("HỎNG (")
                < place("Cách sửa: sửa\n\nKết luận: 1 mục tốt, 0 chưa biết, 1 cần xem, 1 hỏng")
        );
        assert!(text.contains("mã thoát 2"));
        assert_eq!(padded("Đồng hồ", 9), "Đồng hồ  ");
        let json = json("h", 1, &findings, 0.5);
        assert_eq!(
            (&json["status"], &json["checks"][2]["status"]),
            (&"fail".into(), &"warn".into())
        );
    }
}
