//! Content transfer encodings for BINARY, forgiving as mail needs it. Changes no charset. (RFC 3516, RFC 2045 §6)

/// Decodes a part; None for an encoding that is not known (RFC 3516 §4.3, UNKNOWN-CTE).
pub fn decode(body: &[u8], encoding: &[u8]) -> Option<Vec<u8>> {
    let encoding = encoding.trim_ascii().to_ascii_lowercase();
    match encoding.as_slice() {
        b"" | b"7bit" | b"8bit" | b"binary" => Some(body.to_vec()),
        b"base64" => Some(base64(body)),
        b"quoted-printable" => Some(quoted_printable(body)),
        _ => None,
    }
}

fn base64(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for &byte in body {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    out
}

fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|&byte| byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let ended = text.len() < line.len();
        let text = text.strip_suffix(b"\r").unwrap_or(text).trim_ascii_end();
        let (text, soft) = match text.strip_suffix(b"=") {
            Some(text) => (text, true),
            None => (text, false),
        };
        unquote(&mut out, text);
        if ended && !soft {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

fn unquote(out: &mut Vec<u8>, mut text: &[u8]) {
    let hex = |byte: u8| char::from(byte).to_digit(16);
    while let Some((&byte, rest)) = text.split_first() {
        text = rest;
        if byte == b'='
            && let [high, low, rest @ ..] = text
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push((high << 4 | low) as u8);
            text = rest;
        } else {
            out.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        for (body, encoding, expected) in [
            ("a=b", "7bit", Some("a=b")),
            ("a=b", "", Some("a=b")),
            ("Y8O0bmcgdGjGsA==", "BASE64", Some("công thư")),
            ("Y8O0\r\nbmcg\r\n dGjGsA\r\n", "base64", Some("công thư")),
            (
                "c=C3=B4ng =\r\nth=c6=B0  \r\n=X=",
                "quoted-printable",
                Some("công thư\r\n=X"),
            ),
            ("x", "x-uuencode", None),
        ] {
            let decoded = decode(body.as_bytes(), encoding.as_bytes());
            assert_eq!(decoded.as_deref(), expected.map(str::as_bytes), "{body:?}");
        }
    }
}
