//! Looks at HTML before a parser does: html5ever is quadratic in depth and re-opens formatting elements without end, so
//! both are counted here in one pass over the bytes. Reads only; the count errs on the large side.

use super::TooMuch;
use crate::limits;

/// Elements that never hold others (HTML §13.1.2).
const VOID: [&str; 16] = [
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "hr", "img", "input", "link",
    "meta", "param", "source", "track", "wbr",
];

/// Elements that a parser opens again after they were closed out of order (HTML §13.2.4.3).
const FORMATTING: [&str; 14] = [
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];

/// Elements whose content is text to a parser.
const RAW: [&str; 6] = ["script", "style", "title", "textarea", "xmp", "iframe"];

/// Refuses what would cost too much to parse; returns the number of nodes to expect.
pub fn measure(html: &str) -> Result<usize, TooMuch> {
    if html.len() > limits::HTML_BYTES_MAX {
        return Err(TooMuch::Size);
    }
    let mut open: Vec<String> = Vec::new();
    // Formatting elements that were popped by another end tag and wait to be opened again.
    let mut waiting = 0usize;
    let mut nodes = 0usize;
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = rest.get(at + 1..).unwrap_or_default();
        let end_tag = rest.starts_with('/');
        let name = tag_name(rest.strip_prefix('/').unwrap_or(rest));
        if name.is_empty() {
            continue;
        }
        rest = after_tag(rest);
        if end_tag {
            waiting = close(&mut open, waiting, &name);
            continue;
        }
        nodes += 2 + waiting;
        if nodes > limits::HTML_NODES_MAX {
            return Err(TooMuch::Nodes);
        }
        if VOID.contains(&name.as_str()) {
            continue;
        }
        if RAW.contains(&name.as_str()) {
            rest = after_raw(rest, &name);
            continue;
        }
        open.push(name);
        if open.len() + waiting > limits::HTML_DEPTH_MAX {
            return Err(TooMuch::Depth);
        }
    }
    Ok(nodes)
}

/// Closes the nearest element of that name; formatting elements inside it will be opened again by the parser.
fn close(open: &mut Vec<String>, waiting: usize, name: &str) -> usize {
    match open.iter().rposition(|one| one == name) {
        Some(at) => {
            let lost = open
                .drain(at..)
                .skip(1)
                .filter(|one| FORMATTING.contains(&one.as_str()))
                .count();
            waiting + lost
        }
        None if FORMATTING.contains(&name) => waiting.saturating_sub(1),
        None => waiting,
    }
}

fn tag_name(text: &str) -> String {
    let end = text
        .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '<'))
        .unwrap_or(text.len());
    let name = text.get(..end.min(32)).unwrap_or_default();
    match name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => name.to_ascii_lowercase(),
        false => String::new(),
    }
}

/// Behind the `>` that ends a tag; quoted values may hold others.
fn after_tag(text: &str) -> &str {
    let mut quote = 0u8;
    let mut after_equals = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'>' if quote == 0 => return text.get(at + 1..).unwrap_or_default(),
            b'"' | b'\'' if quote == 0 && after_equals => quote = byte,
            _ if byte == quote => quote = 0,
            _ => {}
        }
        if quote == 0 && !byte.is_ascii_whitespace() {
            after_equals = byte == b'=';
        }
    }
    ""
}

fn after_raw<'a>(text: &'a str, name: &str) -> &'a str {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|t| t.find("</")) {
        let start = from + at + 2;
        let here = text.get(start..).unwrap_or_default();
        if here
            .get(..name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name))
        {
            return after_tag(here);
        }
        from = start;
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_letters_pass() {
        let table = "<table><tr><td><p>a<br>b</p></td></tr></table>".repeat(200);
        assert!(measure(&table).is_ok());
        assert!(measure("").is_ok());
        assert!(measure(&"<p>một đoạn".repeat(500)).is_ok());
    }

    #[test]
    fn what_would_hurt_a_parser_is_refused() {
        assert_eq!(measure(&"<div>".repeat(50_000)), Err(TooMuch::Depth));
        assert_eq!(measure(&"<b></i>".repeat(50_000)), Err(TooMuch::Depth));
        assert_eq!(measure(&"<DIV a='>'\n>".repeat(600)), Err(TooMuch::Depth));
        assert!(measure(&"<p><font size=1></p>".repeat(5_000)).is_err());
        let many = format!("{}{}", "<p><b></p>".repeat(400), "<p></p>".repeat(50_000));
        assert_eq!(measure(&many), Err(TooMuch::Nodes));
        assert_eq!(
            measure(&"x".repeat(limits::HTML_BYTES_MAX + 1)),
            Err(TooMuch::Size)
        );
    }

    #[test]
    fn odd_tags_do_not_confuse_the_count() {
        for odd in [
            "<",
            "</",
            "<>",
            "< div>",
            "<a b=\"",
            "<script><div>",
            "<style></styl>",
            "<!--<div>-->",
            "<a/b=c>",
        ] {
            assert!(measure(odd).is_ok(), "{odd}");
        }
    }
}
