//! HTML cut into tags and text, tolerantly. Keeps every byte; understands fonts and nothing else.

/// One piece of the source, in order.
pub(crate) enum Token<'a> {
    /// Text between tags, references not yet decoded.
    Text(&'a str),
    /// A start tag: lower-case name, and the font family it sets.
    Open {
        raw: &'a str,
        name: String,
        font: Option<String>,
    },
    /// An end tag, lower-case name.
    Close(String),
    /// Comments, declarations, and what style, script and title hold.
    Other(&'a str),
}

/// Elements whose content is no text of the letter.
const OPAQUE: [&str; 5] = ["style", "script", "title", "xml", "noscript"];

/// Cuts a source into tokens.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut list = Vec::new();
    let mut at = 0;
    while at < source.len() {
        let rest = source.get(at..).unwrap_or_default();
        let used = match rest.find('<') {
            Some(0) => tag(rest, &mut list),
            Some(text) => {
                list.push(Token::Text(rest.get(..text).unwrap_or_default()));
                text
            }
            None => {
                list.push(Token::Text(rest));
                rest.len()
            }
        };
        at += used.max(1);
    }
    list
}

/// The tag at the start of `rest`; returns the bytes it took.
fn tag<'a>(rest: &'a str, list: &mut Vec<Token<'a>>) -> usize {
    let upto = |end: usize| rest.get(..end).unwrap_or(rest);
    if rest.starts_with("<!--") {
        let end = rest.find("-->").map_or(rest.len(), |at| at + 3);
        list.push(Token::Other(upto(end)));
        return end;
    }
    let body = rest.get(1..).unwrap_or_default();
    let first = body.chars().next().unwrap_or(' ');
    if matches!(first, '!' | '?') {
        let end = rest.find('>').map_or(rest.len(), |at| at + 1);
        list.push(Token::Other(upto(end)));
        return end;
    }
    let closing = first == '/';
    let name_at = if closing { 2 } else { 1 };
    let name: String = rest
        .get(name_at..)
        .unwrap_or_default()
        .chars()
        .take(32)
        .take_while(|c| c.is_ascii_alphanumeric() || *c == ':')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if name.is_empty() || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        // "a < b": not a tag
        list.push(Token::Text(upto(1)));
        return 1;
    }
    let end = tag_end(rest);
    let raw = upto(end);
    if closing {
        list.push(Token::Close(name));
        return end;
    }
    let font = font_of(raw, &name);
    let opaque = OPAQUE.contains(&name.as_str()) && !raw.ends_with("/>");
    let closer = format!("</{name}");
    list.push(Token::Open { raw, name, font });
    if !opaque {
        return end;
    }
    let inside = rest.get(end..).unwrap_or_default();
    let length = find_ignoring_case(inside, &closer).unwrap_or(inside.len());
    list.push(Token::Other(inside.get(..length).unwrap_or_default()));
    end + length
}

fn find_ignoring_case(text: &str, ascii: &str) -> Option<usize> {
    text.as_bytes()
        .windows(ascii.len())
        .position(|window| window.eq_ignore_ascii_case(ascii.as_bytes()))
}

/// The end of a tag: the first `>` outside quotes; a quote that never closes does not swallow the letter.
fn tag_end(rest: &str) -> usize {
    let mut quote: Option<u8> = None;
    for (at, byte) in rest.bytes().enumerate().take(8_192) {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'')
                if rest
                    .as_bytes()
                    .get(..at)
                    .is_some_and(|b| b.ends_with(b"=") || b.ends_with(b"= ")) =>
            {
                quote = Some(byte);
            }
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    rest.find('>').map_or(rest.len(), |at| at + 1)
}

/// The font family that a start tag sets: `face=` of `font`, or `font-family` of a style.
fn font_of(raw: &str, name: &str) -> Option<String> {
    let face = if name == "font" {
        attribute(raw, "face")
    } else {
        None
    };
    face.or_else(|| {
        let style = attribute(raw, "style")?;
        let at = find_ignoring_case(&style, "font-family")?;
        let value = style.get(at..)?.split_once(':')?.1;
        Some(value.split(';').next()?.trim().to_owned())
    })
    .filter(|family| !family.is_empty())
}

/// The value of an attribute, as written.
fn attribute(raw: &str, name: &str) -> Option<String> {
    let mut from = 0;
    loop {
        let at = from + find_ignoring_case(raw.get(from..)?, name)?;
        from = at + name.len();
        let before = raw.get(..at)?.chars().next_back()?;
        let value = raw.get(from..)?.trim_start();
        if !(before.is_whitespace() || matches!(before, '"' | '\'')) || !value.starts_with('=') {
            continue;
        }
        let value = value.get(1..)?.trim_start();
        let text = match value.chars().next()? {
            quote @ ('"' | '\'') => value.get(1..)?.split(quote).next()?,
            _ => value
                .split(|c: char| c.is_whitespace() || c == '>')
                .next()?,
        };
        return Some(text.replace("&quot;", "\""));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_found_in_every_style() {
        for (tag, want) in [
            ("<font face=\".VnTime\" size=3>", Some(".VnTime")),
            ("<FONT FACE=.VnTime>", Some(".VnTime")),
            (
                "<span style='font-size:14pt;font-family:\".VnTime\";color:red'>",
                Some("\".VnTime\""),
            ),
            (
                "<p style=\"font-family: VNI-Helve, Arial\">",
                Some("VNI-Helve, Arial"),
            ),
            ("<p>", None),
        ] {
            let found = tokens(tag).into_iter().find_map(|t| {
                if let Token::Open { font, .. } = t {
                    Some(font)
                } else {
                    None
                }
            });
            assert_eq!(found, Some(want.map(str::to_owned)), "{tag}");
        }
    }

    #[test]
    fn broken_markup_is_kept() {
        let texts: String = tokens("a < b <3 <p x=\"1>2\">c</p <!-- d -->e<b")
            .iter()
            .filter_map(|t| {
                if let Token::Text(text) = t {
                    Some(*text)
                } else {
                    None
                }
            })
            .collect();
        assert!(texts.starts_with("a < b <3 c"), "{texts}");
    }
}
