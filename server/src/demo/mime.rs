//! Letters as the bytes that old and new mail programs send. Knows MIME and old codings, no store.

use super::letters::{Letter, Writing};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use viet::Coding;

/// (display name, address) of "Name <address>".
pub fn name_and_address(text: &str) -> (&str, &str) {
    match text.split_once('<') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches('>').trim()),
        None => ("", text.trim()),
    }
}

/// A letter from outside as it arrives. `references`: Message-IDs of the thread before it.
pub fn raw(
    letter: &Letter,
    to: &[String],
    at_ms: i64,
    references: &[String],
) -> Result<Vec<u8>, String> {
    match letter.coding {
        Writing::Utf8 => today(letter, to, at_ms, references),
        Writing::Tcvn3 => old(letter, to, at_ms, Coding::Tcvn3),
        Writing::Vni => old(letter, to, at_ms, Coding::Vni),
        Writing::Viscii => old(letter, to, at_ms, Coding::Viscii),
        Writing::Mojibake => old(letter, to, at_ms, Coding::Mojibake),
    }
}

pub fn message_id(letter: &Letter) -> String {
    let (_, address) = name_and_address(&letter.from);
    let domain = address.rsplit('@').next().unwrap_or("localhost");
    format!("{}@{domain}", letter.key)
}

fn today(
    letter: &Letter,
    to: &[String],
    at_ms: i64,
    references: &[String],
) -> Result<Vec<u8>, String> {
    let (name, address) = name_and_address(&letter.from);
    let to: Vec<Address<'_>> = to
        .iter()
        .map(|address| Address::new_address(None::<&str>, address.as_str()))
        .collect();
    let mut message = MessageBuilder::new()
        .from((name, address))
        .to(Address::new_list(to))
        .subject(letter.subject.as_str())
        .date(at_ms / 1000)
        .message_id(message_id(letter));
    if let Some(last) = references.last() {
        message = message
            .in_reply_to(last.clone())
            .references(references.to_vec());
    }
    if letter.urgency > 0 {
        message = message
            .header("X-Priority", Raw::new("1"))
            .header("Importance", Raw::new("high"));
    }
    if !letter.html.is_empty() {
        message = message.html_body(letter.html.trim());
    }
    if !letter.text.is_empty() {
        message = message.text_body(letter.text.trim_start());
    }
    for name in &letter.files {
        let (media_type, content) = file(name, &letter.subject);
        message = message.attachment(media_type, name.as_str(), content);
    }
    message.write_to_vec().map_err(|cause| cause.to_string())
}

/// What an attached file of this name holds.
pub fn file(name: &str, about: &str) -> (&'static str, Vec<u8>) {
    if name.ends_with(".pdf") {
        ("application/pdf", pdf(name))
    } else {
        let text =
            format!("{about}\r\n\r\nSTT\tNội dung\tGhi chú\r\n1\tSố liệu mẫu của bản thử\t\r\n");
        ("text/plain", text.into_bytes())
    }
}

/// A letter of an old program: 8-bit bytes in header and body, no label or a wrong one.
fn old(letter: &Letter, to: &[String], at_ms: i64, coding: Coding) -> Result<Vec<u8>, String> {
    let (name, address) = name_and_address(&letter.from);
    let encode = |text: &str| {
        viet::encode_as(text, coding).ok_or_else(|| format!("{}: cannot be written so", letter.key))
    };
    let date = jiff::Timestamp::from_millisecond(at_ms)
        .map_err(|cause| cause.to_string())?
        .strftime("%a, %d %b %Y %H:%M:%S +0000");
    let mut raw = Vec::new();
    let mut field = |name: &str, value: &[u8]| {
        raw.extend_from_slice(name.as_bytes());
        raw.extend_from_slice(b": ");
        raw.extend_from_slice(value);
        raw.extend_from_slice(b"\r\n");
    };
    let mut from = encode(name)?;
    from.extend_from_slice(format!(" <{address}>").as_bytes());
    field("From", &from);
    field("To", to.join(", ").as_bytes());
    field("Subject", &encode(&letter.subject)?);
    field("Date", date.to_string().as_bytes());
    field("Message-ID", format!("<{}>", message_id(letter)).as_bytes());
    field("MIME-Version", b"1.0");
    let charset: &[u8] = match coding {
        Coding::Mojibake => b"text/plain; charset=utf-8",
        Coding::Tcvn3 => b"text/plain; charset=iso-8859-1",
        _ => b"text/plain",
    };
    field("Content-Type", charset);
    field("Content-Transfer-Encoding", b"8bit");
    raw.extend_from_slice(b"\r\n");
    raw.extend_from_slice(&encode(&letter.text.trim_start().replace('\n', "\r\n"))?);
    Ok(raw)
}

/// A one-page PDF that any reader opens; its letters are those of the standard font, so without marks.
pub fn pdf(title: &str) -> Vec<u8> {
    let title: String = title
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || " .-_".contains(*c))
        .collect();
    let page = format!(
        "BT /F1 16 Tf 72 770 Td ({title}) Tj 0 -28 Td /F1 11 Tf (Ban mau cua ban thu congthu.) Tj ET"
    );
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        offsets.push(out.len());
        out.extend_from_slice(format!("{number} 0 obj\n{object}\nendobj\n").as_bytes());
    }
    let table = out.len();
    out.extend_from_slice(
        format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes(),
    );
    for offset in offsets {
        out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let size = objects.len() + 1;
    out.extend_from_slice(
        format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n").as_bytes(),
    );
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::demo::letters;

    #[test]
    fn every_outside_letter_can_be_written() {
        let all = letters::timed(jiff::Timestamp::now()).unwrap();
        let to = ["a@vamxanh.example".to_owned()];
        let mut codings = std::collections::HashSet::new();
        for timed in all.iter().filter(|timed| timed.from_outside) {
            let raw = raw(&timed.letter, &to, timed.at, &[]).unwrap();
            assert!(raw.len() > 200);
            codings.insert(format!("{:?}", timed.letter.coding));
        }
        assert_eq!(codings.len(), 5);
    }
}
