//! The ENVELOPE: ten facts of the header in a fixed order, encoded-words left as they are. (RFC 9051 §7.5.2)

use super::address;
use super::field::{fields, unfold};
use super::structure::{token_bytes, without_brackets};
use super::write::nstring;

const NAMES: [&str; 10] = [
    "date",
    "subject",
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "in-reply-to",
    "message-id",
];

/// Writes the ENVELOPE of a header. A field given twice counts once, address lists are taken together.
pub fn write(out: &mut Vec<u8>, header: &[u8]) {
    let mut found: [Option<Vec<u8>>; 10] = Default::default();
    for field in fields(header) {
        let place = NAMES
            .iter()
            .position(|name| field.name.eq_ignore_ascii_case(name.as_bytes()));
        let Some((place, slot)) = place.and_then(|at| Some((at, found.get_mut(at)?))) else {
            continue;
        };
        match slot {
            None => *slot = Some(unfold(field.value)),
            // To, Cc and Bcc twice: broken, but the readers want everybody (RFC 5322 §3.6 allows one).
            Some(before)
                if (5..=7).contains(&place) && before.len() < super::limits::FIELD_BYTES_MAX =>
            {
                before.extend_from_slice(b", ");
                before.extend_from_slice(&unfold(field.value));
            }
            Some(_) => {}
        }
    }
    let [
        date,
        subject,
        from,
        sender,
        reply_to,
        to,
        cc,
        bcc,
        in_reply_to,
        message_id,
    ] = &found;
    out.push(b'(');
    nstring(out, date.as_deref());
    out.push(b' ');
    nstring(out, subject.as_deref());
    out.push(b' ');
    let start = out.len();
    addresses(out, from);
    let from_bytes = out.get(start..).unwrap_or_default().to_vec();
    // Without Sender or Reply-To, or with an empty one, the server says From again (RFC 9051 §7.5.2).
    for field in [sender, reply_to] {
        out.push(b' ');
        let start = out.len();
        if !addresses(out, field) {
            out.truncate(start);
            out.extend_from_slice(&from_bytes);
        }
    }
    for field in [to, cc, bcc] {
        out.push(b' ');
        addresses(out, field);
    }
    out.push(b' ');
    nstring(out, in_reply_to.as_deref());
    out.push(b' ');
    nstring(out, message_id.as_deref());
    out.push(b')');
}

fn addresses(out: &mut Vec<u8>, field: &Option<Vec<u8>>) -> bool {
    match field {
        Some(value) => address::write(out, value),
        None => {
            out.extend_from_slice(b"NIL");
            false
        }
    }
}

/// A place in an ENVELOPE.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EnvelopeField {
    Date,
    Subject,
    From,
    Sender,
    ReplyTo,
    To,
    Cc,
    Bcc,
    InReplyTo,
    MessageId,
}

impl EnvelopeField {
    const ALL: [EnvelopeField; 10] = [
        EnvelopeField::Date,
        EnvelopeField::Subject,
        EnvelopeField::From,
        EnvelopeField::Sender,
        EnvelopeField::ReplyTo,
        EnvelopeField::To,
        EnvelopeField::Cc,
        EnvelopeField::Bcc,
        EnvelopeField::InReplyTo,
        EnvelopeField::MessageId,
    ];

    /// The field of a header field's name.
    pub fn named(name: &str) -> Option<EnvelopeField> {
        let place = NAMES
            .iter()
            .position(|have| have.eq_ignore_ascii_case(name))?;
        EnvelopeField::ALL.get(place).copied()
    }
}

/// What an ENVELOPE made by `write` says in one place: a string as it is, addresses as "name <mailbox@host>, …".
pub fn envelope_text(envelope: &[u8], field: EnvelopeField) -> Option<Vec<u8>> {
    let place = EnvelopeField::ALL.iter().position(|have| *have == field)?;
    let token = tokens(without_brackets(envelope)).nth(place)?;
    if !token.starts_with(b"(") {
        return unwrapped(token);
    }
    let mut out = Vec::new();
    for address in tokens(without_brackets(token)) {
        let mut pieces =
            tokens(without_brackets(address)).map(|piece| unwrapped(piece).unwrap_or_default());
        let (name, _route) = (pieces.next().unwrap_or_default(), pieces.next());
        let (mailbox, host) = (
            pieces.next().unwrap_or_default(),
            pieces.next().unwrap_or_default(),
        );
        if !out.is_empty() {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(&name);
        out.extend_from_slice(b" <");
        out.extend_from_slice(&mailbox);
        out.push(b'@');
        out.extend_from_slice(&host);
        out.push(b'>');
    }
    Some(out)
}

/// An address of an ENVELOPE: bytes as received, None for NIL. Without a host it begins a group. (RFC 9051 §7.5.2)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    pub name: Option<Vec<u8>>,
    pub mailbox: Option<Vec<u8>>,
    pub host: Option<Vec<u8>>,
}

/// The first address an ENVELOPE made by `write` has in one place.
pub fn first_address(envelope: &[u8], field: EnvelopeField) -> Option<Address> {
    let place = EnvelopeField::ALL.iter().position(|have| *have == field)?;
    let token = tokens(without_brackets(envelope)).nth(place)?;
    let list = token.starts_with(b"(").then(|| without_brackets(token))?;
    let mut pieces = tokens(without_brackets(tokens(list).next()?)).map(unwrapped);
    let (name, _route) = (pieces.next().flatten(), pieces.next());
    Some(Address {
        name,
        mailbox: pieces.next().flatten(),
        host: pieces.next().flatten(),
    })
}

/// The lists, strings and atoms of a list without its brackets.
fn tokens(mut list: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        list = list.strip_prefix(b" ").unwrap_or(list);
        if list.is_empty() {
            return None;
        }
        let (token, rest) = list.split_at_checked(token_bytes(list).max(1))?;
        list = rest;
        Some(token)
    })
}

/// The bytes of a string token; None for NIL.
fn unwrapped(token: &[u8]) -> Option<Vec<u8>> {
    if let Some(inside) = token
        .strip_prefix(b"\"")
        .and_then(|token| token.strip_suffix(b"\""))
    {
        let mut escaped = false;
        let keep = |byte: &&u8| {
            escaped = **byte == b'\\' && !escaped;
            !escaped
        };
        return Some(inside.iter().filter(keep).copied().collect());
    }
    if token.starts_with(b"{") {
        let start = token.iter().position(|&byte| byte == b'\n')?;
        return token.get(start + 1..).map(<[u8]>::to_vec);
    }
    None
}
