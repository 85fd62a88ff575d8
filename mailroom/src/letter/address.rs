//! Mailbox lists of From, To, Cc and their kin (RFC 5322 §3.4), read from raw bytes so that names in any coding
//! survive. Checks no address; forgives what clients get wrong.

use viet::Context;

use super::{Mailbox, limits, words};

/// The mailboxes of a raw field value.
pub(crate) fn parse(raw: &[u8], cx: &Context) -> Vec<Mailbox> {
    let raw = words::unfold(raw);
    let mut all = Vec::new();
    let mut pending: Vec<u8> = Vec::new();
    for item in split(&raw) {
        let mut item = item.to_vec();
        if !pending.is_empty() {
            // "Nguyễn Văn A, Sở Nội vụ <a@b>": the comma was part of the name
            let mut joined = std::mem::take(&mut pending);
            joined.extend_from_slice(b", ");
            joined.append(&mut item);
            item = joined;
        }
        if !item.contains(&b'@') && !item.contains(&b'<') && !words::has_word(&item) {
            pending = item;
            continue;
        }
        all.extend(mailbox(&item, cx));
        if all.len() >= limits::MAILBOXES_MAX {
            return all;
        }
    }
    if !pending.is_empty() {
        all.extend(mailbox(&pending, cx));
    }
    all
}

/// Items between commas and semicolons that stand outside quotes, angles, comments and encoded words. A group's name
/// (`Phòng:`) is dropped.
fn split(raw: &[u8]) -> Vec<&[u8]> {
    let mut items = Vec::new();
    let mut scan = Scan::default();
    let (mut from, mut at) = (0, 0);
    while let Some(byte) = raw.get(at) {
        let outside = scan.step(raw, &mut at);
        if outside && matches!(byte, b',' | b';') {
            items.push(raw.get(from..at).unwrap_or_default());
            from = at + 1;
        } else if outside && *byte == b':' && is_group_name(raw.get(from..at).unwrap_or_default()) {
            from = at + 1;
        }
        at += 1;
    }
    items.push(raw.get(from..).unwrap_or_default());
    items
        .into_iter()
        .map(<[u8]>::trim_ascii)
        .filter(|item| !item.is_empty())
        .collect()
}

fn is_group_name(before: &[u8]) -> bool {
    !before.is_empty() && !before.contains(&b'@') && !before.contains(&b'<')
}

/// Where in the grammar a byte stands.
#[derive(Default)]
struct Scan {
    quoted: bool,
    angle: bool,
    comments: usize,
}

impl Scan {
    /// Takes the byte at `at` (moving `at` to the end of an encoded word); true when it stands outside everything.
    fn step(&mut self, raw: &[u8], at: &mut usize) -> bool {
        let rest = raw.get(*at..).unwrap_or_default();
        if rest.starts_with(b"=?")
            && let Some(length) = encoded_length(rest)
        {
            *at += length - 1;
            return false;
        }
        match rest.first() {
            Some(b'\\') if self.quoted || self.comments > 0 => *at += 1,
            Some(b'"') if self.comments == 0 && (self.quoted || closes(rest)) => {
                self.quoted = !self.quoted
            }
            _ if self.quoted => {}
            // a parenthesis that never closes is a VIQR sign, not a comment
            Some(b'(') if self.comments > 0 || closes_comment(rest) => self.comments += 1,
            Some(b')') if self.comments > 0 => self.comments -= 1,
            _ if self.comments > 0 => {}
            Some(b'<') => self.angle = true,
            Some(b'>') => self.angle = false,
            _ => return !self.angle,
        }
        false
    }
}

fn closes(rest: &[u8]) -> bool {
    rest.get(1..).is_some_and(|tail| tail.contains(&b'"'))
}

fn closes_comment(rest: &[u8]) -> bool {
    let end = rest.iter().position(|b| *b == b')');
    let angle = rest.iter().position(|b| *b == b'<');
    end.is_some_and(|end| angle.is_none_or(|angle| end < angle))
}

/// Bytes of an encoded word at the start.
fn encoded_length(rest: &[u8]) -> Option<usize> {
    let mut marks = rest
        .iter()
        .enumerate()
        .skip(2)
        .filter(|(_, b)| **b == b'?')
        .map(|(at, _)| at);
    let (charset, encoding) = (marks.next()?, marks.next()?);
    if encoding != charset + 2 || charset > 80 {
        return None;
    }
    let end = rest
        .get(encoding + 1..)?
        .windows(2)
        .position(|pair| pair == b"?=")?;
    Some(encoding + 1 + end + 2)
}

fn mailbox(item: &[u8], cx: &Context) -> Option<Mailbox> {
    let parts = Parts::of(item);
    let mut address = String::from_utf8_lossy(parts.address.trim_ascii()).into_owned();
    let mut name = read_name(&parts.name, cx);
    if !address.contains('@') && words::has_word(item) {
        // the whole mailbox inside the encoded word
        let inner = words::decode(item, cx).text.into_owned();
        if inner.contains('@') && !inner.contains("=?") {
            return mailbox(inner.as_bytes(), cx);
        }
        if address.contains("=?") {
            (name, address) = (inner, String::new());
        }
    }
    if name.is_empty() && !parts.comment.is_empty() {
        name = read_name(&parts.comment, cx);
    }
    if address.is_empty() && name.is_empty() {
        return None;
    }
    if address.is_empty() && !name.contains('@') && !item.contains(&b'<') {
        // a name alone
        return Some(Mailbox { name, address });
    }
    Some(Mailbox {
        name,
        address: address.chars().filter(|c| !c.is_control()).collect(),
    })
}

/// Name, address and comment of one item, raw.
#[derive(Default)]
struct Parts {
    name: Vec<u8>,
    address: Vec<u8>,
    comment: Vec<u8>,
}

impl Parts {
    fn of(item: &[u8]) -> Parts {
        let mut parts = Parts::default();
        let mut scan = Scan::default();
        let mut at = 0;
        let mut has_angle = false;
        while let Some(byte) = item.get(at) {
            let from = at;
            let (in_quote, in_comment, in_angle) = (scan.quoted, scan.comments, scan.angle);
            scan.step(item, &mut at);
            let taken = item
                .get(from..=at.min(item.len().saturating_sub(1)))
                .unwrap_or_default();
            if in_comment > 0 || scan.comments > 0 {
                let edge =
                    (*byte == b'(' && in_comment == 0) || (*byte == b')' && scan.comments == 0);
                if !edge {
                    parts.comment.extend_from_slice(taken);
                }
            } else if in_angle || scan.angle {
                if *byte == b'<' && !in_angle {
                    has_angle = true;
                    parts.address.clear();
                } else if scan.angle || *byte != b'>' {
                    parts.address.extend_from_slice(taken);
                }
            } else if *byte == b'"' && in_quote != scan.quoted {
                // the quotes themselves are not part of the name
            } else if in_quote && *byte == b'\\' && taken.len() == 2 {
                parts.name.extend(taken.get(1..).unwrap_or_default());
            } else {
                parts.name.extend_from_slice(taken);
            }
            at += 1;
        }
        if !has_angle && let Some(broken) = Parts::of_broken(item) {
            return broken;
        }
        if !has_angle && (parts.name.contains(&b'@') || !parts.comment.is_empty()) {
            parts.address = std::mem::take(&mut parts.name);
        }
        parts
    }

    /// A quote that never closes swallowed the address: the last angle decides.
    fn of_broken(item: &[u8]) -> Option<Parts> {
        let open = item.iter().rposition(|b| *b == b'<')?;
        let (name, rest) = item.split_at_checked(open)?;
        let address = rest.get(1..)?.strip_suffix(b">")?;
        address.contains(&b'@').then(|| Parts {
            name: name.to_vec(),
            address: address.to_vec(),
            comment: Vec::new(),
        })
    }
}

fn read_name(raw: &[u8], cx: &Context) -> String {
    let text = words::decode(raw.trim_ascii(), cx).text;
    let text = text.trim();
    let text = text
        .strip_prefix('"')
        .and_then(|t| t.strip_suffix('"'))
        .unwrap_or(text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_as_clients_write_them() {
        for (raw, name, address) in [
            ("=?utf-8?B?VOG6oQ==?= <a@b.example>", "Tạ", "a@b.example"),
            (
                "\"=?UTF-8?B?VOG6oQ==?=\" <a@b.example>",
                "Tạ",
                "a@b.example",
            ),
            (
                "\"Phòng Tài chính, Kế hoạch\" <a@b.example>",
                "Phòng Tài chính, Kế hoạch",
                "a@b.example",
            ),
            ("a@b.example (=?UTF-8?B?VOG6oQ==?=)", "Tạ", "a@b.example"),
            (
                "=?UTF-8?B?IlPhu58iIDxhQGIuZXhhbXBsZT4=?=",
                "Sở",
                "a@b.example",
            ),
            ("<a@b.example>", "", "a@b.example"),
            ("a@b.example", "", "a@b.example"),
            (
                "Nguyen Van A, So Noi vu <a@b.example>",
                "Nguyen Van A, So Noi vu",
                "a@b.example",
            ),
            ("Tran \"B <a@b.example>", "Tran \"B", "a@b.example"),
            (
                "\"Tran \\\"B\\\"\" <a@b.example>",
                "Tran \"B\"",
                "a@b.example",
            ),
            ("An \u{1f33f} <a@b.example>", "An \u{1f33f}", "a@b.example"),
        ] {
            let all = parse(raw.as_bytes(), &Context::default());
            assert_eq!(all.len(), 1, "{raw}: {all:?}");
            assert_eq!(
                (all[0].name.as_str(), all[0].address.as_str()),
                (name, address),
                "{raw}"
            );
        }
        let many = parse(
            b"To: a@x.example, \"B, C\" <b@x.example>; d@x.example",
            &Context::default(),
        );
        assert_eq!(many.len(), 3);
        assert!(parse(b"undisclosed-recipients:;", &Context::default()).is_empty());
    }
}
