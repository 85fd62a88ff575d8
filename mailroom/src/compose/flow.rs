//! Paragraphs as short lines that readers join again: format=flowed. Quoted lines stay as they are. Pure. (RFC 3676)

/// Characters of a line before its soft break (RFC 3676 §4.2 recommends 78 at most, and less than that for quoting).
const LINE_CHARS_MAX: usize = 72;
/// The line in front of a signature keeps its blank and never flows (RFC 3676 §4.3).
const SIGNATURE: &str = "-- ";

/// The text with soft breaks; lines end with LF as they came.
pub(super) fn flowed(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        if line == SIGNATURE {
            out.push_str(line);
            continue;
        }
        // A blank at the end would join the line with the next one (§4.1).
        let line = line.trim_end_matches(' ');
        if line.starts_with('>') {
            out.push_str(line);
            continue;
        }
        for (place, piece) in pieces(line).into_iter().enumerate() {
            if place > 0 {
                out.push('\n');
            }
            // Space-stuffing (§4.4).
            if piece.starts_with([' ', '>']) || piece.starts_with("From ") {
                out.push(' ');
            }
            out.push_str(piece);
        }
    }
    out
}

/// Cuts a paragraph behind blanks; every piece but the last ends with one.
fn pieces(line: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let (mut start, mut cut, mut chars) = (0, 0, 0);
    let mut after_blank = false;
    for (at, c) in line.char_indices() {
        if after_blank && c != ' ' && line.get(start..at) != Some(SIGNATURE) {
            cut = at;
        }
        after_blank = c == ' ';
        chars += 1;
        if chars > LINE_CHARS_MAX && cut > start {
            all.push(line.get(start..cut).unwrap_or_default());
            chars = line.get(cut..at).map_or(0, |left| left.chars().count()) + 1;
            start = cut;
        }
    }
    all.push(line.get(start..).unwrap_or_default());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_cut_behind_blanks() {
        let long = "đề nghị báo cáo ".repeat(12);
        let text = format!(
            "{}\n> trích {long}\n-- \n thụt vào  \nFrom here\n",
            long.trim_end()
        );
        let flowed = flowed(&text);
        let lines: Vec<&str> = flowed.split('\n').collect();
        assert!(lines.first().is_some_and(|line| line.ends_with(' ')));
        assert!(
            lines
                .iter()
                .all(|line| line.starts_with('>') || line.chars().count() <= LINE_CHARS_MAX + 1)
        );
        assert!(
            flowed.contains("\n-- \n  thụt vào\n From here\n"),
            "{flowed}"
        );
        assert!(flowed.contains(&format!("> trích {}\n", long.trim_end())));
    }

    #[test]
    fn nothing_is_cut_where_there_is_no_blank() {
        let word = "x".repeat(300);
        assert_eq!(flowed(&word), word);
        assert_eq!(flowed(&format!("-- {word}")), format!("-- {word}"));
        assert_eq!(flowed(&format!("a {word}")), format!("a \n{word}"));
        let before = "x".repeat(LINE_CHARS_MAX - 1);
        assert_eq!(flowed(&format!("{before} > y")), format!("{before} \n > y"));
        assert_eq!(flowed(""), "");
    }
}
