//! The ENVELOPE: ten facts of the header in a fixed order, encoded-words left as they are. (RFC 9051 §7.5.2)

use super::address;
use super::field::{fields, unfold};
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
