//! A letter as bytes: header fields, text, files. Every line is short and ASCII, so that it passes any server on the way.
//! Knows neither mailboxes nor people. (RFC 5322, RFC 2045)

pub(crate) mod body;
mod flow;
pub(crate) mod words;

use crate::time;
use words::{address_field, file_name_parameters, text_field};

/// What a letter says.
#[derive(Default)]
pub(crate) struct Composed<'a> {
    /// (name, address)
    pub from: (String, String),
    /// The person at the keyboard where that is another than From (RFC 5322 §3.6.2).
    pub sender: Option<(String, String)>,
    pub to: Vec<(String, String)>,
    pub cc: Vec<(String, String)>,
    /// Written into drafts only.
    pub bcc: Vec<(String, String)>,
    pub subject: &'a str,
    pub text: &'a str,
    pub message_id: String,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    pub at: i64,
    pub urgency: u8,
    pub files: Vec<File<'a>>,
}

pub(crate) struct File<'a> {
    pub name: &'a str,
    pub media_type: &'a str,
    pub content: &'a [u8],
}

/// References kept when answering: the first and the last of a long thread (RFC 5322 §3.6.4 allows shortening).
const REFERENCES_MAX: usize = 30;

/// The whole letter, CRLF lines.
pub(crate) fn letter(composed: &Composed<'_>) -> Result<Vec<u8>, crate::Error> {
    let mut out = fields(composed).into_bytes();
    if composed.files.is_empty() {
        out.extend_from_slice(&body::text_part(composed.text));
        return Ok(out);
    }
    let boundary = format!("=_{}", crate::secret::hex(&crate::secret::random::<16>()?));
    out.extend_from_slice(
        format!("Content-Type: multipart/mixed;\r\n boundary=\"{boundary}\"\r\n\r\n").as_bytes(),
    );
    out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
    out.extend_from_slice(&body::text_part(composed.text));
    for file in &composed.files {
        out.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
        out.extend_from_slice(&file_part(file));
    }
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Ok(out)
}

fn fields(composed: &Composed<'_>) -> String {
    let mut text = format!("Date: {}\r\n", time::mail_date(composed.at));
    text.push_str(&address_field("From", std::slice::from_ref(&composed.from)));
    if let Some(sender) = &composed.sender {
        text.push_str(&address_field("Sender", std::slice::from_ref(sender)));
    }
    for (name, addresses) in [
        ("To", &composed.to),
        ("Cc", &composed.cc),
        ("Bcc", &composed.bcc),
    ] {
        if !addresses.is_empty() {
            text.push_str(&address_field(name, addresses));
        }
    }
    if !composed.subject.trim().is_empty() {
        text.push_str(&text_field("Subject", composed.subject));
    }
    text.push_str(&format!("Message-ID: <{}>\r\n", composed.message_id));
    if let Some(id) = &composed.in_reply_to {
        text.push_str(&format!("In-Reply-To: <{id}>\r\n"));
    }
    if !composed.references.is_empty() {
        text.push_str(&words::fold(
            "References",
            &bracketed(&composed.references),
            " ",
        ));
    }
    text.push_str(urgency_fields(composed.urgency));
    text.push_str("MIME-Version: 1.0\r\n");
    text
}

fn bracketed(ids: &[String]) -> Vec<String> {
    let skip = ids.len().saturating_sub(REFERENCES_MAX);
    let first = ids.first().filter(|_| skip > 0);
    first
        .into_iter()
        .chain(ids.iter().skip(skip))
        .map(|id| format!("<{id}>"))
        .collect()
}

/// Our own field carries the four degrees; the others are what foreign programs read (RFC 2156 Importance, X-Priority).
fn urgency_fields(urgency: u8) -> &'static str {
    match urgency {
        0 => "",
        1 => "X-Congthu-Urgency: 1\r\nImportance: high\r\nX-Priority: 2\r\n",
        2 => "X-Congthu-Urgency: 2\r\nImportance: high\r\nX-Priority: 1\r\n",
        _ => "X-Congthu-Urgency: 3\r\nImportance: high\r\nX-Priority: 1\r\n",
    }
}

fn file_part(file: &File<'_>) -> Vec<u8> {
    let media_type = safe_media_type(file.media_type);
    let mut out = format!(
        "Content-Type: {media_type}{}\r\nContent-Disposition: attachment{}\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        file_name_parameters("name", file.name),
        file_name_parameters("filename", file.name),
    )
    .into_bytes();
    body::base64_lines(file.content, &mut out);
    out
}

/// A type as browsers send it, when it is one; containers may not be built out of files.
fn safe_media_type(media_type: &str) -> String {
    let plain = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let token = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    match plain.split_once('/') {
        Some((main, sub))
            if token(main) && token(sub) && main != "multipart" && main != "message" =>
        {
            plain
        }
        _ => "application/octet-stream".into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use mail_parser::{MessageParser, MimeHeaders};

    fn composed() -> Composed<'static> {
        Composed {
            from: ("Nguyễn Văn An".into(), "an@tinh.example".into()),
            to: vec![("Lê Thị Bình".into(), "binh@tinh.example".into())],
            subject: "Họp khẩn",
            text: "Kính gửi chị,\nMời họp lúc 8 giờ.\n",
            message_id: "1@tinh.example".into(),
            references: (0..100).map(|n| format!("{n}@x.example")).collect(),
            in_reply_to: Some("99@x.example".into()),
            urgency: 3,
            ..Composed::default()
        }
    }

    #[test]
    fn a_letter_is_short_ascii_lines_and_reads_back() {
        let content = [0u8, 1, 2, 255].repeat(1000);
        let mut with_file = composed();
        with_file.files = vec![File {
            name: "Giấy mời.pdf",
            media_type: "application/pdf",
            content: &content,
        }];
        for one in [composed(), with_file] {
            let raw = letter(&one).unwrap();
            let text = String::from_utf8(raw.clone()).unwrap();
            assert!(
                text.is_ascii()
                    && text
                        .split("\r\n")
                        .all(|line| line.len() <= 78 && !line.contains('\n')),
                "{text}"
            );
            let parsed = MessageParser::new().parse(&raw[..]).unwrap();
            assert_eq!(parsed.subject().unwrap(), "Họp khẩn");
            assert_eq!(
                parsed.body_text(0).unwrap().trim_end(),
                "Kính gửi chị,\r\nMời họp lúc 8 giờ."
            );
            assert_eq!(parsed.date().unwrap().to_timestamp(), 0);
            assert_eq!(parsed.in_reply_to().as_text().unwrap(), "99@x.example");
            let references = parsed.references().as_text_list().unwrap();
            assert_eq!((references.len(), &references[0][..]), (31, "0@x.example"));
            if let Some(file) = parsed.attachment(0) {
                assert_eq!(file.contents(), content);
                assert_eq!(file.attachment_name().unwrap(), "Giấy mời.pdf");
            }
        }
    }

    /// Python's email package shares no code and no author with ours.
    #[test]
    fn an_independent_reader_agrees() {
        const READER: &str = "import email, json, sys\n\
            from email import policy\n\
            letter = email.message_from_bytes(sys.stdin.buffer.read(), policy=policy.default)\n\
            text = letter.get_body(('plain',))\n\
            old = email.message_from_bytes(letter.as_bytes(), policy=policy.compat32)\n\
            name = [p for p in old.walk() if p.get_content_type() == 'application/pdf'][0]['Content-Type']\n\
            print(json.dumps({'subject': letter['Subject'], 'from': letter['From'].addresses[0].display_name,\n\
            'to': [a.display_name for a in letter['To'].addresses], 'text': text.get_content(),\n\
            'format': text['Content-Type'].params.get('format'), 'defects': [str(d) for d in letter.defects],\n\
            'files': [p.get_filename() for p in letter.iter_attachments()], 'name': '=?utf-8?' in name.lower()}))";
        let subject = "Về việc báo cáo tình hình đầu tư công trung hạn và phòng chống bão lụt tại các xã, phường "
            .repeat(3);
        let paragraph =
            "Kính gửi đồng chí, đề nghị khẩn trương báo cáo kết quả thực hiện nhiệm vụ. ".repeat(4);
        let text = format!("{}\n\n> trích dẫn cũ\n", paragraph.trim_end());
        let mut one = composed();
        // Decomposed: what goes out is NFC.
        (one.subject, one.text) = (subject.trim_end(), &text);
        one.from.0 = "Nguye\u{302}\u{303}n Va\u{306}n An".into();
        one.to
            .push(("Sở Nội vụ, Phòng \"Một\"".into(), "snv@tinh.example".into()));
        one.files = vec![File {
            name: "Tờ trình đề nghị phê duyệt kế hoạch đầu tư công năm 2027 (bản sửa).pdf",
            media_type: "application/pdf",
            content: b"%PDF",
        }];
        let mut python = std::process::Command::new("python3")
            .args(["-c", READER])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let raw = letter(&one).unwrap();
        std::io::Write::write_all(&mut python.stdin.take().unwrap(), &raw).unwrap();
        let read = python.wait_with_output().unwrap().stdout;
        let read: serde_json::Value = serde_json::from_slice(&read).unwrap();
        assert_eq!(read["subject"], one.subject);
        assert_eq!(read["from"], "Nguyễn Văn An");
        assert_eq!(
            read["to"],
            serde_json::json!(["Lê Thị Bình", "Sở Nội vụ, Phòng \"Một\""])
        );
        assert_eq!(read["files"], serde_json::json!([one.files[0].name]));
        assert_eq!(
            (&read["format"], &read["name"]),
            (&"flowed".into(), &true.into())
        );
        assert_eq!(read["defects"], serde_json::json!([]));
        // Soft breaks end with a blank: taken out, the text is what was written.
        let shown = read["text"].as_str().unwrap().replace("\r\n", "\n");
        assert!(
            shown.lines().all(|line| line.chars().count() <= 73),
            "{shown}"
        );
        assert_eq!(shown.replace(" \n", " ").trim_end(), text.trim_end());
    }

    #[test]
    fn media_types_cannot_break_out() {
        for (given, written) in [
            ("application/pdf", "application/pdf"),
            ("Image/PNG; x=y", "image/png"),
            ("multipart/mixed", "application/octet-stream"),
            ("message/rfc822", "application/octet-stream"),
            ("a/b\r\nX: y", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(safe_media_type(given), written);
        }
    }
}
