//! Plain text of a letter as blocks: paragraphs with links, and quoted parts to fold. Writes no HTML (templates do).

use crate::limits;

/// Part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// http, https or mailto only.
    Link(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Quoted from an earlier letter: folded away.
    pub quoted: bool,
    pub pieces: Vec<Piece>,
}

/// Cuts a text into own words and quoted parts.
pub fn blocks(text: &str) -> Vec<Block> {
    let text = bounded(text);
    let mut out: Vec<(bool, String)> = Vec::new();
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let mut rest_is_quoted = false;
    for (at, line) in lines.iter().enumerate() {
        rest_is_quoted |= starts_old_letter(line);
        let quoted = rest_is_quoted
            || line.starts_with('>')
            || (introduces_quote(line) && next_is_quoted(&lines, at));
        let blank = line.is_empty();
        match out.last_mut() {
            Some((before, body)) if *before == quoted || blank => {
                body.push('\n');
                body.push_str(line);
            }
            _ => out.push((quoted, (*line).to_owned())),
        }
    }
    out.into_iter()
        .map(|(quoted, body)| Block {
            quoted,
            pieces: pieces(body.trim_matches('\n')),
        })
        .filter(|block| !block.pieces.is_empty())
        .collect()
}

fn bounded(text: &str) -> &str {
    let mut end = text.len().min(limits::TEXT_SHOWN_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// "-----Original Message-----" and its kin: all that follows is the old letter.
fn starts_old_letter(line: &str) -> bool {
    const WORDS: [&str; 4] = [
        "original message",
        "thư gốc",
        "thư được chuyển tiếp",
        "forwarded message",
    ];
    let line = line.trim();
    line.starts_with("--") && {
        let inner = line.trim_matches('-').trim().to_lowercase();
        WORDS.contains(&inner.as_str())
    }
}

/// "Vào ngày …, … đã viết:" / "On …, … wrote:"
fn introduces_quote(line: &str) -> bool {
    let line = line.trim_end();
    ["đã viết:", "viết:", "wrote:"]
        .iter()
        .any(|end| line.ends_with(end))
}

fn next_is_quoted(lines: &[&str], at: usize) -> bool {
    lines
        .iter()
        .skip(at + 1)
        .find(|line| !line.is_empty())
        .is_some_and(|line| line.starts_with('>'))
}

/// Finds addresses of pages in a text.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = next_link(rest) {
        let (before, link_on) = rest.split_at(start);
        let end = link_on
            .find(|c: char| {
                c.is_whitespace() || matches!(c, '<' | '>' | '"' | '“' | '”' | '`' | '\\')
            })
            .unwrap_or(link_on.len());
        let link = link_on.get(..end).unwrap_or_default();
        let link = trim_link(link);
        if !before.is_empty() {
            out.push(Piece::Text(before.to_owned()));
        }
        out.push(Piece::Link(link.to_owned()));
        rest = link_on.get(link.len()..).unwrap_or_default();
    }
    if !rest.is_empty() {
        out.push(Piece::Text(rest.to_owned()));
    }
    out
}

fn next_link(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find("http")?;
        let here = text.get(at..)?;
        let free = !text
            .get(..at)
            .unwrap_or_default()
            .ends_with(|c: char| c.is_alphanumeric());
        let long = ["http://", "https://"].iter().any(|scheme| {
            here.strip_prefix(scheme)
                .is_some_and(|host| host.starts_with(|c: char| c.is_alphanumeric() || c == '['))
        });
        if free && long {
            return Some(at);
        }
        from = at + 4;
    }
}

/// Signs that end a sentence do not belong to the address; a closing bracket only when it was opened in it.
fn trim_link(link: &str) -> &str {
    let mut link = link;
    loop {
        let shorter = link.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '…']);
        let shorter = match shorter.strip_suffix(')') {
            Some(open) if !open.contains('(') => open,
            _ => shorter,
        };
        if shorter.len() == link.len() {
            return link;
        }
        link = shorter;
    }
}

/// A text quoted for an answer: "> " before each line. (RFC 3676 §4.5)
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 30);
    for line in bounded(text).trim_end().lines() {
        out.push_str(if line.starts_with('>') { ">" } else { "> " });
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn flat(block: &Block) -> String {
        block
            .pieces
            .iter()
            .map(|p| match p {
                Piece::Text(t) => t.clone(),
                Piece::Link(l) => format!("<{l}>"),
            })
            .collect()
    }

    #[test]
    fn old_letters_are_folded() {
        let text = "Kính gửi anh,\n\nĐồng ý.\n\nVào 20/11/2026, Lan đã viết:\n> Đề nghị\n> góp ý\n\nTrân trọng";
        let blocks = blocks(text);
        let shown: Vec<_> = blocks.iter().map(|b| (b.quoted, flat(b))).collect();
        assert_eq!(
            shown,
            [
                (false, "Kính gửi anh,\n\nĐồng ý.".to_owned()),
                (
                    true,
                    "Vào 20/11/2026, Lan đã viết:\n> Đề nghị\n> góp ý".to_owned()
                ),
                (false, "Trân trọng".to_owned()),
            ]
        );
    }

    #[test]
    fn everything_after_original_message_is_old() {
        let blocks = blocks("Xem dưới\n-----Original Message-----\nFrom: a\n\nb");
        assert_eq!(blocks.len(), 2);
        assert!(!blocks[0].quoted && blocks[1].quoted);
    }

    #[test]
    fn links_end_where_the_sentence_does() {
        let rows = [
            (
                "xem https://a.example/b?c=1.",
                "xem <https://a.example/b?c=1>.",
            ),
            ("(http://a.example/x)", "(<http://a.example/x>)"),
            ("http://a.example/x_(y) và", "<http://a.example/x_(y)> và"),
            ("https://", "https://"),
            ("xhttp://a.example", "xhttp://a.example"),
            ("javascript:alert(1)", "javascript:alert(1)"),
            ("<https://a.example>", "<<https://a.example>>"),
        ];
        for (text, wanted) in rows {
            let block = Block {
                quoted: false,
                pieces: pieces(text),
            };
            assert_eq!(flat(&block), wanted);
        }
    }

    #[test]
    fn quoting_adds_one_level() {
        assert_eq!(quoted("a\n> b\n\n"), "> a\n>> b\n");
        assert!(blocks("").is_empty());
    }
}
