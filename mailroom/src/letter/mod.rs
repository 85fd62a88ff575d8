//! A letter as a person reads it: subject, people, text, attachments, in right Vietnamese whatever the sender's program
//! did. Pure: raw bytes in, a value out; it keeps nothing, asks no one and never panics. The bytes themselves are never
//! changed.

mod address;
mod date;
mod html;
mod limits;
mod mime;
mod nodes;
mod params;
mod text;
pub(crate) mod words;

use viet::{Coding, Context};

use mime::Part;
use params::Params;
pub use text::{preview, score_aux, score_json, search_text};

/// A person or an office in a header field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// Display name, repaired, NFC; empty when there is none.
    pub name: String,
    /// Address as written.
    pub address: String,
}

/// A part that is not the letter's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attachment {
    /// File name, repaired, NFC, without a path. Made up from the type when the sender gave none (`named` is false).
    pub name: String,
    /// False when the sender gave no name.
    pub named: bool,
    /// Media type in lower case.
    pub media_type: String,
    /// What the sender says a text is in.
    pub charset: Option<String>,
    /// Bytes after the transfer encoding is undone.
    pub size: usize,
    /// Without the angles.
    pub content_id: Option<String>,
    /// Shown inside the text rather than below it.
    pub inline: bool,
    /// IMAP section number.
    pub part: String,
    /// First byte of the encoded body in the raw letter.
    pub body_start: usize,
    /// Behind the last byte of the encoded body.
    pub body_end: usize,
    /// Content-Transfer-Encoding in lower case.
    pub transfer_encoding: String,
}

/// One letter, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Letter {
    pub subject: String,
    pub from: Vec<Mailbox>,
    pub sender: Vec<Mailbox>,
    pub reply_to: Vec<Mailbox>,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub bcc: Vec<Mailbox>,
    /// Date header in unix milliseconds.
    pub date: Option<i64>,
    /// Without the angles.
    pub message_id: Option<String>,
    pub in_reply_to: Vec<String>,
    pub references: Vec<String>,
    /// The plain part, or the HTML as text; repaired, NFC.
    pub text: String,
    /// Decoded and repaired HTML, legacy fonts included. NOT sanitised.
    pub html: Option<String>,
    pub attachments: Vec<Attachment>,
    /// What the body was found to be in.
    pub coding: Coding,
    /// How sure that is, 0 to 1.
    pub confidence: f32,
    /// List-Id, as written.
    pub list_id: Option<String>,
    /// Importance, Priority or X-Priority say "high".
    pub urgent: bool,
    /// Auto-Submitted other than "no" (RFC 3834), or Precedence bulk, list or junk.
    pub auto_submitted: bool,
}

/// Reads a raw letter.
#[must_use]
pub fn read(raw: &[u8]) -> Letter {
    read_with(raw, None)
}

/// Reads a raw letter whose text is in the coding that the reader chose.
#[must_use]
pub fn read_with(raw: &[u8], choice: Option<Coding>) -> Letter {
    let tree = mime::parse(raw);
    let mut bodies = Bodies::default();
    gather(&tree, false, &mut bodies);
    let mut letter = Letter {
        confidence: 1.0,
        ..Letter::default()
    };
    read_bodies(raw, &bodies, choice, &mut letter);
    let body_coding = Some(choice.unwrap_or(letter.coding)).filter(|c| c.is_legacy());
    read_header(&tree, body_coding, choice, &mut letter);
    let cx = Context { body_coding };
    for part in &bodies.files {
        let attachment = attachment_of(part, raw, letter.attachments.len(), &cx);
        letter.attachments.push(attachment);
    }
    letter
}

/// Reads a raw letter as a mailbox wants it: in the coding chosen for this letter, or, where nothing convincing is
/// found in it, in the one chosen for its sender. Also says which choice was followed.
#[must_use]
pub fn read_as_chosen(
    raw: &[u8],
    own: Option<Coding>,
    correspondent: Option<Coding>,
) -> (Letter, Option<Coding>) {
    if own.is_some() {
        return (read_with(raw, own), own);
    }
    let letter = read(raw);
    match correspondent {
        Some(_) if !is_convincing(&letter) => (read_with(raw, correspondent), correspondent),
        _ => (letter, None),
    }
}

/// Whether the coding found in a letter leaves no doubt: then no earlier choice for its sender is asked.
#[must_use]
pub fn is_convincing(letter: &Letter) -> bool {
    match letter.coding {
        Coding::Utf8 | Coding::Ascii | Coding::Labelled(_) => letter.confidence > 0.0,
        // Western letters that nobody labelled, or whatever was left as it came.
        Coding::Windows1252 => false,
        _ => letter.confidence >= limits::CONVINCING_MIN,
    }
}

/// The decoded bytes of a part by its section number.
#[must_use]
pub fn attachment(raw: &[u8], part: &str) -> Option<Vec<u8>> {
    let tree = mime::parse(raw);
    let found = tree.find(part)?;
    let body = raw.get(found.body.clone())?;
    Some(mime::decode_transfer(body, &transfer_encoding(found)))
}

/// The parts of a letter by what they are for.
#[derive(Default)]
struct Bodies<'t, 'a> {
    plain: Vec<&'t Part<'a>>,
    html: Vec<&'t Part<'a>>,
    files: Vec<&'t Part<'a>>,
}

/// Sorts the leaves: text and HTML without a file name are the letter, everything else is attached.
fn gather<'t, 'a>(part: &'t Part<'a>, alternative: bool, bodies: &mut Bodies<'t, 'a>) {
    if !part.children.is_empty() {
        let alternative = part.content_type.value == "multipart/alternative";
        for child in &part.children {
            gather(child, alternative, bodies);
        }
        return;
    }
    let disposition = disposition(part);
    let named = disposition
        .decoded("filename", &Context::default())
        .is_some()
        || part
            .content_type
            .decoded("name", &Context::default())
            .is_some();
    let attached = disposition.value == "attachment"
        || (named && !part.content_type.value.starts_with("text/"));
    let list = match part.content_type.value.as_str() {
        "text/html" if !attached && (!named || bodies.html.is_empty()) => &mut bodies.html,
        "text/plain" | "text/enriched"
            if !attached && (!named || (bodies.plain.is_empty() && bodies.html.is_empty())) =>
        {
            &mut bodies.plain
        }
        value if value.starts_with("multipart/") && !attached => &mut bodies.plain,
        "text/calendar" if alternative => return,
        _ => &mut bodies.files,
    };
    list.push(part);
}

fn disposition(part: &Part<'_>) -> Params {
    part.field("content-disposition")
        .map(Params::parse)
        .unwrap_or_default()
}

fn transfer_encoding(part: &Part<'_>) -> String {
    let raw = part.field("content-transfer-encoding").unwrap_or_default();
    let text = String::from_utf8_lossy(raw);
    text.split(['(', ';', ' '])
        .next()
        .unwrap_or_default()
        .trim_matches('"')
        .to_ascii_lowercase()
}

fn body_bytes(part: &Part<'_>, raw: &[u8]) -> Vec<u8> {
    let body = raw.get(part.body.clone()).unwrap_or_default();
    let body = body.get(..limits::TEXT_BYTES_MAX).unwrap_or(body);
    mime::decode_transfer(body, &transfer_encoding(part))
}

fn read_bodies(raw: &[u8], bodies: &Bodies<'_, '_>, choice: Option<Coding>, letter: &mut Letter) {
    let cx = Context::default();
    let mut plain: Vec<String> = Vec::new();
    for part in &bodies.plain {
        let bytes = body_bytes(part, raw);
        let label = part.content_type.text("charset");
        let read = match choice {
            Some(choice) => viet::Repaired {
                text: text::decode_chosen(&bytes, choice).into(),
                coding: choice,
                confidence: 1.0,
            },
            None => viet::read_bytes(&bytes, label.as_deref(), &cx),
        };
        if plain.is_empty() {
            (letter.coding, letter.confidence) = (read.coding, read.confidence);
        }
        let body = text::unflow(&read.text, &part.content_type);
        if !body.trim().is_empty() {
            plain.push(body);
        }
    }
    let mut as_text: Vec<String> = Vec::new();
    for part in &bodies.html {
        let bytes = body_bytes(part, raw);
        let label = part
            .content_type
            .text("charset")
            .or_else(|| text::meta_charset(&bytes));
        let loose = viet::decode_loosely(&bytes, label.as_deref());
        let read = html::repair(&loose.text, loose.label, choice, &cx);
        if plain.is_empty() && as_text.is_empty() {
            letter.coding = match (read.coding, loose.foreign) {
                (Coding::Utf8 | Coding::Ascii, Some(name)) => Coding::Labelled(name),
                (coding, _) => coding,
            };
            letter.confidence = read.confidence;
        }
        letter.html.get_or_insert_default().push_str(&read.markup);
        as_text.push(read.text);
    }
    letter.text = if plain.is_empty() {
        as_text.join("\n")
    } else {
        plain.join("\n")
    };
}

fn read_header(
    tree: &Part<'_>,
    body_coding: Option<Coding>,
    choice: Option<Coding>,
    letter: &mut Letter,
) {
    let near = body_coding.or_else(|| header_coding(tree));
    let cx = Context { body_coding: near };
    let subject = tree.field("subject").unwrap_or_default();
    letter.subject = match choice {
        // the reader's choice is about bytes: encoded words say theirs
        Some(choice) if !subject.is_ascii() => text::decode_chosen(&words::unfold(subject), choice),
        _ => words::decode(subject, &cx).text.into_owned(),
    };
    let people = |name: &str| -> Vec<Mailbox> {
        tree.fields_named(name)
            .flat_map(|raw| address::parse(raw, &cx))
            .take(limits::MAILBOXES_MAX)
            .collect()
    };
    letter.from = people("from");
    letter.sender = people("sender");
    letter.reply_to = people("reply-to");
    letter.to = people("to");
    letter.cc = people("cc");
    letter.bcc = people("bcc");
    letter.date = tree.field("date").and_then(date::parse);
    letter.message_id = tree
        .field("message-id")
        .and_then(|raw| text::message_ids(raw).into_iter().next());
    letter.in_reply_to = tree
        .field("in-reply-to")
        .map(text::message_ids)
        .unwrap_or_default();
    letter.references = tree
        .field("references")
        .map(text::message_ids)
        .unwrap_or_default();
    letter.list_id = tree
        .field("list-id")
        .map(|raw| words::decode(raw, &cx).text.into_owned());
    letter.urgent = text::is_urgent(tree);
    letter.auto_submitted = text::is_automatic(tree);
}

/// Subject and sender's name, raw and 8-bit, are likely in one coding: together they are easier to read.
fn header_coding(tree: &Part<'_>) -> Option<Coding> {
    let mut all = Vec::new();
    for name in ["subject", "from"] {
        let raw = tree.field(name).unwrap_or_default();
        if raw.is_ascii() {
            return None;
        }
        all.extend(words::unfold(raw));
        all.push(b'\n');
    }
    let read = viet::read_bytes(&all, None, &Context::default());
    read.coding.is_legacy().then_some(read.coding)
}

fn attachment_of(part: &Part<'_>, raw: &[u8], number: usize, cx: &Context) -> Attachment {
    let disposition = disposition(part);
    let media_type = part.content_type.value.clone();
    let encoding = transfer_encoding(part);
    let name = disposition
        .decoded("filename", cx)
        .or_else(|| part.content_type.decoded("name", cx));
    let named = name.is_some();
    let name = match name {
        Some(name) => viet::safe_file_name(&name),
        None => text::made_up_name(number + 1, &media_type),
    };
    let body = raw.get(part.body.clone()).unwrap_or_default();
    let content_id = part
        .field("content-id")
        .and_then(|raw| text::message_ids(raw).into_iter().next());
    Attachment {
        name,
        named,
        size: text::decoded_size(body, &encoding),
        inline: disposition.value == "inline"
            || (disposition.value.is_empty() && content_id.is_some()),
        content_id,
        charset: part.content_type.text("charset"),
        media_type,
        part: part.section.clone(),
        body_start: part.body.start,
        body_end: part.body.end,
        transfer_encoding: encoding,
    }
}
