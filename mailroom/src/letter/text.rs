//! What is made of a letter once it is read: preview, text for the search index, the object the scoring tool reads;
//! and the small header values.

use super::mime::Part;
use super::params::Params;
use super::{Letter, limits, mime};

/// At most 200 characters of the letter on one line, without quoted text, greeting and signature.
#[must_use]
pub fn preview(letter: &Letter) -> String {
    let mut out = String::new();
    let mut count = 0;
    for line in letter.text.lines() {
        let line = line.trim();
        if line == "--" || is_quote_intro(line) {
            break;
        }
        if line.is_empty() || line.starts_with('>') || (out.is_empty() && is_greeting(line)) {
            continue;
        }
        for word in line.split_whitespace() {
            let length = word.chars().count() + usize::from(!out.is_empty());
            if count + length > limits::PREVIEW_CHARS_MAX {
                return out;
            }
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
            count += length;
        }
    }
    if out.is_empty() {
        out = letter.text.split_whitespace().collect::<Vec<_>>().join(" ");
        out = out.chars().take(limits::PREVIEW_CHARS_MAX).collect();
    }
    out
}

/// "Vào 10:00, ... đã viết:" and its kin.
fn is_quote_intro(line: &str) -> bool {
    let folded = viet::fold(line);
    folded.starts_with("-----original message")
        || folded.starts_with("---------- forwarded message")
        || folded.starts_with("----- thu goc")
        || (line.ends_with(':') && (folded.ends_with("da viet:") || folded.ends_with("wrote:")))
}

/// A short first line that only greets.
fn is_greeting(line: &str) -> bool {
    let folded = viet::fold(line);
    let short = line.chars().count() <= 60 && line.ends_with([',', '!', ':', '.']);
    short
        && [
            "kinh gui",
            "chao ",
            "xin chao",
            "kinh chao",
            "dear ",
            "hello",
            "hi ",
        ]
        .iter()
        .any(|g| folded.starts_with(g))
}

/// Everything by which the letter can be found: subject, names, addresses, body, file names.
#[must_use]
pub fn search_text(letter: &Letter) -> String {
    let mut out = String::with_capacity(letter.text.len() + 512);
    let mut add = |text: &str| {
        if !text.is_empty() && out.len() + text.len() < limits::SEARCH_BYTES_MAX {
            out.push_str(text);
            out.push('\n');
        }
    };
    add(&letter.subject);
    let people = [
        &letter.from,
        &letter.sender,
        &letter.reply_to,
        &letter.to,
        &letter.cc,
        &letter.bcc,
    ];
    for mailbox in people.into_iter().flatten() {
        add(&mailbox.name);
        add(&mailbox.address);
    }
    for attachment in letter
        .attachments
        .iter()
        .filter(|attachment| attachment.named)
    {
        add(&attachment.name);
    }
    let room = limits::SEARCH_BYTES_MAX.saturating_sub(out.len());
    let mut end = letter.text.len().min(room);
    while !letter.text.is_char_boundary(end) {
        end -= 1;
    }
    out.push_str(letter.text.get(..end).unwrap_or_default());
    out
}

/// The object that `congthu mail-text` prints for one file.
#[must_use]
pub fn score_json(raw: &[u8]) -> serde_json::Value {
    let letter = super::read(raw);
    let names: Vec<&str> = letter
        .attachments
        .iter()
        .filter(|a| a.named)
        .map(|a| a.name.as_str())
        .collect();
    serde_json::json!({
        "subject": letter.subject,
        "from_name": letter.from.first().map_or("", |mailbox| mailbox.name.as_str()),
        "text": letter.text,
        "filenames": names,
    })
}

/// Answers to the search, ranking, sorting and file name questions that the scoring tool puts (members `search`,
/// `rank`, `sort`, `translit`, each a list of objects with an `id`).
#[must_use]
pub fn score_aux(questions: &serde_json::Value) -> serde_json::Value {
    let text = |case: &serde_json::Value, name: &str| {
        case.get(name)
            .and_then(|v| v.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let list = |case: &serde_json::Value, name: &str| -> Vec<String> {
        let items = case
            .get(name)
            .and_then(|v| v.as_array())
            .map(Vec::as_slice)
            .unwrap_or_default();
        {
            let cx = viet::Context::default();
            items
                .iter()
                .filter_map(|item| {
                    item.as_str()
                        .map(|text| viet::repair(text, &cx).text.into_owned())
                })
                .collect()
        }
    };
    let answer = |kind: &str, case: &serde_json::Value| match kind {
        "search" => serde_json::json!(viet::phrase_match(
            &text(case, "query"),
            &text(case, "text")
        )),
        "rank" => {
            let query = text(case, "query");
            let ranks: Vec<u32> = list(case, "texts")
                .iter()
                .map(|one| viet::rank(&query, one))
                .collect();
            let best = ranks.iter().max();
            serde_json::json!(ranks.iter().position(|rank| Some(rank) == best))
        }
        "sort" => {
            let mut names = list(case, "names");
            names.sort_by_cached_key(|name| viet::name_key(name));
            serde_json::json!(names)
        }
        _ => serde_json::json!(viet::ascii_file_name(&text(case, "name"))),
    };
    let mut all = serde_json::Map::new();
    for kind in ["search", "rank", "sort", "translit"] {
        let cases = questions
            .get(kind)
            .and_then(|v| v.as_array())
            .map(Vec::as_slice)
            .unwrap_or_default();
        let answers = cases
            .iter()
            .map(|case| (text(case, "id"), answer(kind, case)))
            .collect();
        all.insert(kind.to_owned(), serde_json::Value::Object(answers));
    }
    serde_json::Value::Object(all)
}

/// Lines broken for sending only are joined again (RFC 3676).
pub(super) fn unflow(text: &str, content_type: &Params) -> String {
    let is = |name: &str, value: &str| {
        content_type
            .text(name)
            .is_some_and(|v| v.eq_ignore_ascii_case(value))
    };
    if !is("format", "flowed") {
        return text.replace("\r\n", "\n");
    }
    let delete_space = is("delsp", "yes");
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for (number, line) in text.lines().enumerate() {
        let depth = line.chars().take_while(|c| *c == '>').count();
        let body = line.get(depth..).unwrap_or_default();
        let body = body.strip_prefix(' ').unwrap_or(body);
        if open != Some(depth) {
            if number > 0 {
                out.push('\n');
            }
            out.push_str(line.get(..depth).unwrap_or_default());
            if depth > 0 {
                out.push(' ');
            }
        }
        let flows = body.ends_with(' ') && body != "-- ";
        out.push_str(if flows && delete_space {
            body.strip_suffix(' ').unwrap_or(body)
        } else {
            body
        });
        open = flows.then_some(depth);
        if !flows {
            open = None;
        }
    }
    out
}

/// The charset that an HTML body names in its meta element, looked for in the first bytes only (as browsers do).
pub(super) fn meta_charset(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(bytes.get(..2048).unwrap_or(bytes)).to_ascii_lowercase();
    let mut rest = head.as_str();
    while let Some(at) = rest.find("<meta") {
        rest = rest.get(at + 5..)?;
        let tag = rest.split('>').next()?;
        if let Some((_, value)) = tag.split_once("charset") {
            let value = value
                .trim_start()
                .strip_prefix('=')?
                .trim_start()
                .trim_start_matches(['"', '\'']);
            let name: String = value
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "-_:.".contains(*c))
                .collect();
            return Some(name).filter(|name| !name.is_empty());
        }
    }
    None
}

/// Message ids of a field, without angles.
pub(super) fn message_ids(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    let mut all: Vec<String> = text
        .split('<')
        .skip(1)
        .filter_map(|part| part.split_once('>'))
        .map(|(id, _)| id.split_whitespace().collect::<String>())
        .filter(|id| !id.is_empty())
        .collect();
    if all.is_empty() {
        all = text
            .split_whitespace()
            .filter(|word| word.contains('@'))
            .map(str::to_owned)
            .take(1)
            .collect();
    }
    let surplus = all.len().saturating_sub(limits::REFERENCES_MAX);
    all.split_off(surplus)
}

pub(super) fn is_urgent(tree: &Part<'_>) -> bool {
    let starts = |name: &str, values: &[&str]| {
        let raw = tree.field(name).unwrap_or_default();
        let text = String::from_utf8_lossy(raw).trim().to_ascii_lowercase();
        values.iter().any(|value| text.starts_with(value))
    };
    starts("importance", &["high"])
        || starts("priority", &["urgent"])
        || starts("x-priority", &["1", "2"])
}

pub(super) fn is_automatic(tree: &Part<'_>) -> bool {
    let value = |name: &str| {
        String::from_utf8_lossy(tree.field(name).unwrap_or_default())
            .trim()
            .to_ascii_lowercase()
    };
    let auto = value("auto-submitted");
    (!auto.is_empty() && !auto.starts_with("no"))
        || matches!(value("precedence").as_str(), "bulk" | "list" | "junk")
}

/// Bytes in the coding a reader chose. Where they are UTF-8 the letters of that coding hide in it, one by one.
pub(super) fn decode_chosen(bytes: &[u8], choice: viet::Coding) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_ascii() => viet::repair_as(text, choice).text.into_owned(),
        _ => viet::decode_as(bytes, choice),
    }
}

/// A name for a part that came without one.
pub(super) fn made_up_name(number: usize, media_type: &str) -> String {
    let extension = match media_type {
        "message/rfc822" => "eml",
        "text/plain" => "txt",
        "text/html" => "html",
        "text/calendar" => "ics",
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        "application/octet-stream" => "bin",
        "message/delivery-status" => "txt",
        _ => media_type
            .rsplit('/')
            .next()
            .filter(|s| s.len() <= 5 && s.bytes().all(|b| b.is_ascii_alphanumeric()))
            .unwrap_or("bin"),
    };
    format!("tep-{number}.{extension}")
}

/// Size after decoding, without keeping the bytes.
pub(super) fn decoded_size(body: &[u8], encoding: &str) -> usize {
    match encoding {
        "base64" => {
            let letters = body
                .iter()
                .filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
                .count();
            letters * 3 / 4
        }
        "quoted-printable" | "x-uuencode" => mime::decode_transfer(body, encoding).len(),
        _ => body.len(),
    }
}
