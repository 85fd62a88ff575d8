//! Style declarations of a letter: only properties and values that draw the letter itself. Nothing that loads, nothing
//! that leaves its place, nothing that hides one text behind another.

use cssparser::{ParseError, Parser, Token};

/// Properties that may stay.
const PROPERTIES: [&str; 47] = [
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-radius",
    "border-right",
    "border-spacing",
    "border-style",
    "border-top",
    "border-width",
    "color",
    "display",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "min-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "text-indent",
    "text-transform",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
];

/// Functions that only compute colours and sizes.
const FUNCTIONS: [&str; 6] = ["rgb", "rgba", "hsl", "hsla", "calc", "min"];

/// Bytes of one style attribute that are looked at.
const STYLE_BYTES: usize = 4 * 1024;

/// The declarations that may stay, written anew; "" when none.
pub fn clean(style: &str) -> String {
    if style.len() > STYLE_BYTES {
        return String::new();
    }
    let mut out = String::new();
    for declaration in split(style) {
        let Some((name, value)) = declaration.split_once(':') else {
            continue;
        };
        let name = name.trim().to_ascii_lowercase();
        // `background` is kept for its colour only.
        let name = if name == "background" {
            "background-color".to_owned()
        } else {
            name
        };
        if !PROPERTIES.contains(&name.as_str()) {
            continue;
        }
        if let Some(value) = harmless(value) {
            if name == "display"
                && value != "none"
                && !value.starts_with("inline")
                && value != "block"
            {
                continue;
            }
            out.push_str(&name);
            out.push(':');
            out.push_str(&value);
            out.push(';');
        }
    }
    out
}

/// Cuts at semicolons that are not inside strings or brackets.
fn split(style: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut depth = 0usize;
    let mut quote = None;
    for (at, c) in style.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ';') if depth == 0 => {
                out.push(style.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(style.get(from..).unwrap_or_default());
    out
}

/// The value token by token: no address, no unknown function, no escape tricks, no rule that ends early.
fn harmless(value: &str) -> Option<String> {
    let mut parser = Parser::new(value);
    let mut out = String::new();
    tokens(&mut parser, &mut out).ok()?;
    let out = out.trim().to_owned();
    (!out.is_empty()).then_some(out)
}

fn tokens(parser: &mut Parser<'_>, out: &mut String) -> Result<(), ParseError<()>> {
    use cssparser::ToCss;
    while let Ok(token) = parser.next_including_whitespace() {
        let token = token.clone();
        match &token {
            Token::WhiteSpace(_) => out.push(' '),
            Token::Ident(word) if !plain(word) => return Err(ParseError::unexpected_token()),
            Token::QuotedString(text) if !plain(text) => return Err(ParseError::unexpected_token()),
            Token::Delim('!')
            | Token::Delim('/')
            | Token::Comma
            | Token::Ident(_)
            | Token::QuotedString(_)
            | Token::Hash(_)
            | Token::IDHash(_)
            | Token::Number { .. }
            | Token::Percentage { .. }
            | Token::Dimension { .. } => {
                token
                    .to_css(out)
                    .map_err(|_| ParseError::<()>::unexpected_token())?;
            }
            Token::Function(name) if FUNCTIONS.contains(&name.to_ascii_lowercase().as_str()) => {
                out.push_str(&name.to_ascii_lowercase());
                out.push('(');
                parser.parse_nested_block(|inner| tokens(inner, out))?;
                out.push(')');
            }
            Token::Delim('+' | '-' | '*') => {
                token
                    .to_css(out)
                    .map_err(|_| ParseError::<()>::unexpected_token())?;
            }
            _ => return Err(ParseError::unexpected_token()),
        }
    }
    Ok(())
}

/// Words that do nothing but name a value.
fn plain(word: &str) -> bool {
    word.chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ' | '.' | ',' | '&'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_keep_their_look() {
        for (typed, kept) in [
            ("color: RED; font-size:12pt", "color:RED;font-size:12pt;"),
            ("margin:0 auto", "margin:0 auto;"),
            (
                "font-family: 'Times New Roman', serif",
                "font-family:\"Times New Roman\", serif;",
            ),
            ("color:rgb(1, 2, 3)", "color:rgb(1, 2, 3);"),
            ("width:calc(100% - 2px)", "width:calc(100% - 2px);"),
            ("background:#fff", "background-color:#fff;"),
            ("color:red !important", "color:red !important;"),
        ] {
            assert_eq!(clean(typed), kept, "{typed}");
        }
    }

    #[test]
    fn nothing_loads_moves_or_escapes() {
        for bad in [
            "background:url(http://a.example/x)",
            "background-color:u\\72l(http://a.example/x)",
            "background-image:image-set('a' 1x)",
            "width:expression(alert(1))",
            "position:fixed;top:0",
            "color:red}body{color:blue",
            "font-family:'a\\';}</style><script>'",
            "list-style:url(x)",
            "behavior:url(#x)",
            "-moz-binding:url(x)",
            "color:var(--x)",
            "font:12px url(x)",
            "border:1px solid url(//x)",
            "color:\\0072ed<",
            "display:flex",
            "color",
            "",
        ] {
            let kept = clean(bad);
            for trick in [
                "url",
                "expression",
                "fixed",
                "{",
                "}",
                "<",
                "\\",
                "image-set",
                "var",
                "flex",
            ] {
                assert!(!kept.to_lowercase().contains(trick), "{bad} left {kept}");
            }
        }
        assert_eq!(clean(&"color:red;".repeat(1_000)), "");
    }
}
