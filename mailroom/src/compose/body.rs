//! Text and files as short ASCII lines: 7bit, quoted-printable or base64, whichever is right and shortest.
//! (RFC 2045 §6, RFC 2046 §4.1)

use base64::Engine as _;
use unicode_normalization::UnicodeNormalization;

/// Longest encoded line (RFC 2045 §6.7, §6.8).
const LINE_BYTES_MAX: usize = 76;
/// Bytes of one base64 line.
const LINE_INPUT_BYTES: usize = 57;

/// A text/plain part with its own header fields.
pub(crate) fn text_part(text: &str) -> Vec<u8> {
    let lines = canonical(text);
    let seven_bit = lines.is_ascii()
        && lines
            .split("\r\n")
            .all(|line| line.len() <= LINE_BYTES_MAX && !line.starts_with("From ") && line != ".");
    if seven_bit {
        return [b"Content-Type: text/plain; charset=us-ascii; format=flowed\r\nContent-Transfer-Encoding: 7bit\r\n\r\n", lines.as_bytes()].concat();
    }
    let quoted = quoted_printable(&lines);
    let mut out =
        b"Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: "
            .to_vec();
    // Vietnamese is a third shorter in base64; text with a few accents stays readable in a raw view.
    if quoted.len() <= lines.len().div_ceil(3) * 4 {
        out.extend_from_slice(b"quoted-printable\r\n\r\n");
        out.extend_from_slice(quoted.as_bytes());
    } else {
        out.extend_from_slice(b"base64\r\n\r\n");
        base64_lines(lines.as_bytes(), &mut out);
    }
    out
}

/// NFC, CRLF, no NUL, long paragraphs with soft breaks, a line end at the end.
fn canonical(text: &str) -> String {
    let composed: String = text
        .nfc()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    let composed = super::flow::flowed(&composed);
    let mut lines = composed.split('\n').collect::<Vec<_>>().join("\r\n");
    if !lines.ends_with("\r\n") {
        lines.push_str("\r\n");
    }
    lines
}

pub(crate) fn base64_lines(content: &[u8], out: &mut Vec<u8>) {
    out.reserve(content.len() / 3 * 4 + content.len() / 28);
    for line in content.chunks(LINE_INPUT_BYTES) {
        out.extend_from_slice(
            base64::engine::general_purpose::STANDARD
                .encode(line)
                .as_bytes(),
        );
        out.extend_from_slice(b"\r\n");
    }
}

fn quoted_printable(lines: &str) -> String {
    let mut out = String::with_capacity(lines.len() * 3 / 2);
    for line in lines.split_inclusive("\r\n") {
        let (text, end) = line
            .strip_suffix("\r\n")
            .map_or((line, ""), |text| (text, "\r\n"));
        quoted_line(text, &mut out);
        out.push_str(end);
    }
    out
}

fn quoted_line(text: &str, out: &mut String) {
    let mut column = 0;
    let last = text.len().saturating_sub(1);
    for (at, c) in text.char_indices() {
        let mut bytes = [0u8; 4];
        let encoded = c.encode_utf8(&mut bytes);
        let space_at_end = (c == ' ' || c == '\t') && at == last;
        // A leading dot or "From " is what careless relays change.
        let risky = at == 0 && (c == '.' || text.starts_with("From "));
        let literal =
            !space_at_end && !risky && (c == ' ' || c == '\t' || c.is_ascii_graphic() && c != '=');
        let width = if literal { 1 } else { encoded.len() * 3 };
        if column + width > LINE_BYTES_MAX - 1 {
            out.push_str("=\r\n");
            column = 0;
        }
        if literal {
            out.push(c);
        } else {
            for byte in encoded.bytes() {
                out.push_str(&format!("={byte:02X}"));
            }
        }
        column += width;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use mail_parser::MessageParser;
    use proptest::prelude::*;

    fn read_back(part: &[u8]) -> String {
        let raw = [b"MIME-Version: 1.0\r\n", part].concat();
        MessageParser::new()
            .parse(&raw[..])
            .unwrap()
            .body_text(0)
            .unwrap_or_default()
            .into_owned()
    }

    #[test]
    fn text_reads_back_in_the_right_coding() {
        for (text, coding) in [
            ("plain\n", "7bit"),
            (
                "Kính gửi Ủy ban nhân dân xã, đề nghị báo cáo trước ngày 20 tháng 11.\n",
                "base64",
            ),
            (
                "Report of the province of Cà Mau, as asked for in the last meeting.\n",
                "quoted-printable",
            ),
            ("日本語の文章です。日本語の文章です。\n", "base64"),
            ("From here\n.\n", "quoted-printable"),
            ("From here\n", "7bit"),
            ("space at the end \nb", "7bit"),
        ] {
            let part = text_part(text);
            let shown = String::from_utf8(part.clone()).unwrap();
            assert!(
                shown.contains(&format!("Encoding: {coding}\r\n")),
                "{shown}"
            );
            assert!(
                shown.is_ascii() && shown.split("\r\n").all(|line| line.len() <= 76),
                "{shown}"
            );
            assert_eq!(read_back(&part).trim_end(), canonical(text).trim_end());
        }
        assert!(
            text_part(&"x".repeat(200))
                .windows(3)
                .any(|three| three == b"=\r\n")
        );
    }

    proptest! {
        /// Read by our own reader, paragraphs are whole again; blanks at line ends are gone (RFC 3676 §4.1).
        #[test]
        fn paragraphs_are_joined_again(text in "([a-zđềF>. -]{0,30}|[a-zđề]{70,90}|From |\n){0,20}") {
            let raw = [&b"MIME-Version: 1.0\r\n"[..], &text_part(&text)].concat();
            let read = crate::letter::read(&raw).text;
            let wanted: Vec<String> = text
                .nfc()
                .collect::<String>()
                .split('\n')
                .map(|line| match line {
                    "-- " => line.to_owned(),
                    // A blank stands behind the signs of a quotation.
                    line if line.starts_with('>') => {
                        let line = line.trim_end_matches(' ');
                        let depth = line.chars().take_while(|c| *c == '>').count();
                        let (signs, words) = line.split_at(depth);
                        format!("{signs} {}", words.strip_prefix(' ').unwrap_or(words))
                    }
                    line => line.trim_end_matches(' ').to_owned(),
                })
                .collect();
            let wanted = wanted.join("\n");
            prop_assert_eq!(read.trim_end_matches('\n'), wanted.trim_end_matches('\n'));
        }

        #[test]
        fn any_text_reads_back(text in "[\\PC\n\t ]{0,300}") {
            let part = text_part(&text);
            prop_assert!(part.is_ascii());
            prop_assert!(part.split(|byte| *byte == b'\n').all(|line| line.len() <= 78));
            let expected = canonical(&text);
            let found = read_back(&part);
            prop_assert_eq!(found.trim_end_matches("\r\n"), expected.trim_end_matches("\r\n"));
        }
    }
}
