//! HTML bodies: legacy letters under legacy fonts and everywhere else repaired in place, and the body as plain text.
//! Reads markup tolerantly and runs nothing; it does NOT sanitise, that is the page's work.

use viet::{Coding, Context};

use super::limits;
use super::nodes::{Token, tokens};

/// A repaired body.
pub(crate) struct Html {
    /// The markup with repaired text. Not sanitised.
    pub markup: String,
    /// The body as plain text.
    pub text: String,
    pub coding: Coding,
    pub confidence: f32,
}

/// One run of text between tags.
struct Node {
    token: usize,
    text: String,
    font: Option<(Coding, bool)>,
    /// a line begins before this node
    breaks: bool,
}

/// An element whose end tag has not come yet.
struct Open {
    name: String,
    font: Option<(Coding, bool)>,
    pre: bool,
}

/// Elements that begin a line of their own.
const BLOCKS: [&str; 30] = [
    "p",
    "div",
    "br",
    "tr",
    "li",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "tbody",
    "blockquote",
    "pre",
    "hr",
    "section",
    "article",
    "header",
    "footer",
    "address",
    "center",
    "form",
    "body",
    "caption",
];
/// Elements with a blank line around them in plain text.
const PARAGRAPHS: [&str; 12] = [
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "ul",
    "ol",
    "table",
    "pre",
];
/// Elements that never close.
const VOID: [&str; 10] = [
    "br", "hr", "img", "meta", "link", "input", "col", "base", "area", "wbr",
];

/// Repairs a body. `western` says that the text is windows-1252 letters standing for unknown bytes, with the label
/// they came under.
pub(crate) fn repair(
    source: &str,
    label: Option<Coding>,
    choice: Option<Coding>,
    cx: &Context,
) -> Html {
    let list = tokens(source);
    let mut nodes = collect(&list);
    let mut codings = repair_fonts(&mut nodes);
    let joined = join(&nodes);
    let read = match (choice, label) {
        (Some(choice), _) => viet::repair_as(&joined, choice),
        (None, Some(label)) => viet::repair_labelled(&joined, label, cx),
        (None, None) => viet::repair(&joined, cx),
    };
    let (coding, confidence) = (read.coding, read.confidence);
    if read.text != joined {
        let fixed = read.text.into_owned();
        redistribute(&mut nodes, &fixed);
    }
    if !matches!(coding, Coding::Ascii | Coding::Utf8) && !codings.contains(&coding) {
        codings.push(coding);
    }
    let coding = match codings.as_slice() {
        [] => coding,
        [one] => *one,
        _ => Coding::Mixed,
    };
    Html {
        markup: markup(&list, &nodes),
        text: plain(&list, &nodes),
        coding,
        confidence,
    }
}

/// The text nodes with the font that each stands under.
fn collect(list: &[Token<'_>]) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut breaks = true;
    for (at, token) in list.iter().enumerate() {
        match token {
            Token::Text(raw) => {
                let pre = open.last().is_some_and(|open| open.pre);
                let text = unescape(raw, pre);
                if text.is_empty() {
                    continue;
                }
                let font = open.last().and_then(|open| open.font);
                nodes.push(Node {
                    token: at,
                    text,
                    font,
                    breaks,
                });
                breaks = false;
            }
            Token::Open { name, font, .. } => {
                breaks |= BLOCKS.contains(&name.as_str()) || name == "td" || name == "th";
                if VOID.contains(&name.as_str()) {
                    continue;
                }
                let (outer_font, outer_pre) = open
                    .last()
                    .map_or((None, false), |open| (open.font, open.pre));
                let font = match font {
                    Some(family) => viet::font_coding(family),
                    None => outer_font,
                };
                if open.len() < limits::HTML_DEPTH_MAX {
                    open.push(Open {
                        name: name.clone(),
                        font,
                        pre: outer_pre || name == "pre",
                    });
                }
            }
            Token::Close(name) => {
                breaks |= BLOCKS.contains(&name.as_str());
                if let Some(found) = open.iter().rposition(|open| open.name == *name) {
                    open.truncate(found);
                }
            }
            Token::Other(_) => {}
        }
    }
    nodes
}

/// References decoded; white space as HTML means it.
fn unescape(raw: &str, pre: bool) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        if c == '&'
            && let Some((c, used)) = viet::char_ref(rest)
        {
            // a line break would look like the border of a node
            out.push(if matches!(c, '\n' | '\r') { ' ' } else { c });
            rest = rest.get(used..).unwrap_or_default();
            continue;
        }
        if c.is_ascii_whitespace() && !(pre && c == '\n') {
            if pre || !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(c);
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

/// Runs of nodes under one legacy font are decoded by it when that reads better.
fn repair_fonts(nodes: &mut [Node]) -> Vec<Coding> {
    let mut codings = Vec::new();
    let mut at = 0;
    while let Some(font) = nodes.get(at).map(|node| node.font) {
        let run = nodes
            .get(at..)
            .unwrap_or_default()
            .iter()
            .take_while(|node| node.font == font)
            .count();
        if let Some((coding, capitals)) = font
            && let Some(group) = nodes.get_mut(at..at + run)
            && let Some(fixed) = viet::repair_in_font(&join(group), coding, capitals)
        {
            redistribute(group, &fixed);
            if !codings.contains(&coding) {
                codings.push(coding);
            }
        }
        at += run;
    }
    codings
}

fn join(nodes: &[Node]) -> String {
    let mut all = String::new();
    for (at, node) in nodes.iter().enumerate() {
        if node.breaks && at > 0 {
            all.push('\n');
        }
        all.push_str(&node.text);
    }
    all
}

/// Gives the repaired text back to its nodes. Lines stay lines; words that cross a border stay cut at the same letter
/// where their length did not change, and go to the node they begin in where it did.
fn redistribute(nodes: &mut [Node], fixed: &str) {
    let mut lines = fixed.split('\n');
    let mut at = 0;
    while at < nodes.len() {
        let more = nodes
            .get(at + 1..)
            .unwrap_or_default()
            .iter()
            .take_while(|node| !node.breaks)
            .count();
        let Some(group) = nodes.get_mut(at..=at + more) else {
            return;
        };
        at += more + 1;
        let own_breaks = group
            .iter()
            .map(|node| node.text.matches('\n').count())
            .sum::<usize>();
        let line = (0..=own_breaks)
            .filter_map(|_| lines.next())
            .collect::<Vec<_>>()
            .join("\n");
        share_line(group, &line);
    }
}

fn share_line(group: &mut [Node], line: &str) {
    if let [only] = group {
        line.clone_into(&mut only.text);
        return;
    }
    let before: String = group.iter().map(|node| node.text.as_str()).collect();
    let (old, new) = (split_spaces(&before), split_spaces(line));
    let owners: Vec<usize> = group
        .iter()
        .enumerate()
        .flat_map(|(at, node)| std::iter::repeat_n(at, node.text.chars().count()))
        .collect();
    let mut texts = vec![String::new(); group.len()];
    if old.len() == new.len() {
        let mut letter = 0;
        for (was, is) in old.iter().zip(&new) {
            let count = was.chars().count();
            let same_length = is.chars().count() == count;
            for (offset, c) in is.chars().enumerate() {
                let owner = owners
                    .get(letter + if same_length { offset } else { 0 })
                    .copied()
                    .unwrap_or(0);
                if let Some(text) = texts.get_mut(owner) {
                    text.push(c);
                }
            }
            letter += count;
        }
    } else if let Some(first) = texts.first_mut() {
        line.clone_into(first);
    }
    for (node, text) in group.iter_mut().zip(texts) {
        node.text = text;
    }
}

/// Words and the spaces between them, in turn.
fn split_spaces(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut from = 0;
    let mut was_space: Option<bool> = None;
    for (at, c) in text.char_indices() {
        let space = c == ' ';
        if was_space.is_some_and(|was| was != space) {
            all.push(text.get(from..at).unwrap_or_default());
            from = at;
        }
        was_space = Some(space);
    }
    all.push(text.get(from..).unwrap_or_default());
    all
}

fn markup(list: &[Token<'_>], nodes: &[Node]) -> String {
    let mut out = String::new();
    let mut nodes = nodes.iter().peekable();
    for (at, token) in list.iter().enumerate() {
        match token {
            Token::Text(raw) => match nodes.next_if(|node| node.token == at) {
                Some(node) => out.push_str(&escape(&node.text)),
                None => out.push_str(raw),
            },
            Token::Open { raw, font, .. } => match font
                .as_deref()
                .filter(|family| viet::font_coding(family).is_some())
            {
                // the text is Unicode now: a legacy font would draw it wrong
                Some(family) => out.push_str(&raw.replace(family, "serif")),
                None => out.push_str(raw),
            },
            Token::Close(name) => {
                out.push_str("</");
                out.push_str(name);
                out.push('>');
            }
            Token::Other(raw) => out.push_str(raw),
        }
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The body as plain text: blocks on lines of their own, cells apart by a space.
fn plain(list: &[Token<'_>], nodes: &[Node]) -> String {
    let mut out = String::new();
    let mut nodes = nodes.iter().peekable();
    for (at, token) in list.iter().enumerate() {
        match token {
            Token::Text(_) => {
                if let Some(node) = nodes.next_if(|node| node.token == at) {
                    push_text(&mut out, &node.text);
                }
            }
            Token::Open { name, .. } => break_line(&mut out, name),
            Token::Close(name) => break_line(&mut out, name),
            Token::Other(_) => {}
        }
    }
    let lines: Vec<&str> = out.lines().map(str::trim).collect();
    lines.join("\n").trim().to_owned()
}

fn push_text(out: &mut String, text: &str) {
    for c in text.chars() {
        let c = if c == '\u{a0}' { ' ' } else { c };
        if c == ' ' && (out.is_empty() || out.ends_with(['\n', ' '])) {
            continue;
        }
        out.push(c);
    }
}

fn break_line(out: &mut String, name: &str) {
    if name == "td" || name == "th" {
        if !out.is_empty() && !out.ends_with([' ', '\n']) {
            out.push(' ');
        }
        return;
    }
    if !BLOCKS.contains(&name) || out.is_empty() {
        return;
    }
    if name == "br" {
        out.push('\n');
        return;
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    if PARAGRAPHS.contains(&name) && !out.ends_with("\n\n") {
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> Html {
        repair(source, None, None, &Context::default())
    }

    #[test]
    fn legacy_fonts_are_read_and_dropped() {
        let html = read("<p><font face=\".VnTime\" size=3>C«ng v¨n <b>kh</b>Èn</font></p>");
        assert_eq!(html.text, "Công văn khẩn");
        assert_eq!(html.coding, Coding::Tcvn3);
        assert_eq!(
            html.markup,
            "<p><font face=\"serif\" size=3>Công văn <b>kh</b>ẩn</font></p>"
        );
        let html = read("<span style='font-family:\".VnTimeH\"'>quyÕt ®Þnh</span>");
        assert_eq!(html.text, "QUYẾT ĐỊNH");
        let html = read("<font face=VNI-Times>Chào các bạn</font>");
        assert_eq!(html.text, "Chào các bạn");
    }

    #[test]
    fn text_keeps_its_lines() {
        let html = read(
            "<style>p{}</style><p>A<br>B</p><table><tr><td>1</td><td>2&nbsp;</td></tr></table><script>x</script>",
        );
        assert_eq!(html.text, "A\nB\n\n1 2");
        assert_eq!(read("a &lt;b&gt; &amp; c").text, "a <b> & c");
    }
}
