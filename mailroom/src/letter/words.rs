//! Header text: unfolding, encoded words (RFC 2047) joined before they are decoded, raw 8-bit text.
//! Knows no addresses and no parameters.

use viet::{Coding, Context, Repaired};

use super::mime::{base64, hex_pair};

/// A piece of a header value.
#[derive(Debug, PartialEq)]
enum Piece {
    Raw(Vec<u8>),
    Word {
        charset: String,
        encoding: u8,
        text: Vec<u8>,
    },
}

/// The readable text of a raw header value.
pub(crate) fn decode(raw: &[u8], cx: &Context) -> Repaired<'static> {
    let raw = unfold(raw);
    let pieces = pieces(&raw);
    if let [Piece::Raw(bytes)] = pieces.as_slice() {
        return clean_up(viet::read_bytes(bytes, None, cx).into_owned());
    }
    let mut text = String::new();
    let mut coding = Coding::Ascii;
    let mut confidence = 1.0f32;
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        let read = match piece {
            Piece::Raw(bytes) => {
                at += 1;
                viet::read_bytes(bytes, None, cx).into_owned()
            }
            Piece::Word {
                charset, encoding, ..
            } => {
                let same = |piece: &&Piece| matches!(piece, Piece::Word { charset: c, encoding: e, .. } if c == charset && e == encoding);
                let run: Vec<&Piece> = pieces
                    .get(at..)
                    .unwrap_or_default()
                    .iter()
                    .take_while(same)
                    .collect();
                at += run.len();
                decode_run(&run, charset, *encoding, cx)
            }
        };
        text.push_str(&read.text);
        if !matches!(read.coding, Coding::Ascii) {
            coding = read.coding;
        }
        confidence = confidence.min(read.confidence);
    }
    // pieces may be halves of one damage
    let whole = viet::repair(&text, cx).into_owned();
    let coding = if matches!(whole.coding, Coding::Ascii | Coding::Utf8) {
        coding
    } else {
        whole.coding
    };
    clean_up(Repaired {
        text: whole.text,
        coding,
        confidence: confidence.min(whole.confidence),
    })
}

/// Control characters and byte order marks have no place in a header text.
fn clean_up(read: Repaired<'static>) -> Repaired<'static> {
    let dirty = |c: char| c == '\u{feff}' || (c.is_control());
    if !read.text.contains(dirty) && read.text.trim().len() == read.text.len() {
        return read;
    }
    let text: String = read
        .text
        .chars()
        .filter(|c| *c != '\u{feff}')
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Repaired {
        text: text.trim().to_owned().into(),
        ..read
    }
}

/// Removes the line breaks of folding (RFC 5322 §2.2.3).
pub(crate) fn unfold(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match byte {
            b'\r' => {}
            b'\n' => {
                if !matches!(tail.first(), Some(b' ' | b'\t')) && !tail.is_empty() {
                    out.push(b' ');
                }
            }
            _ => out.push(*byte),
        }
    }
    out.trim_ascii().to_vec()
}

/// Words of one charset and one encoding, side by side: their bytes are one text, whatever characters the cuts split.
fn decode_run(run: &[&Piece], charset: &str, encoding: u8, cx: &Context) -> Repaired<'static> {
    let texts: Vec<&[u8]> = run
        .iter()
        .filter_map(|p| {
            if let Piece::Word { text, .. } = p {
                Some(text.as_slice())
            } else {
                None
            }
        })
        .collect();
    let apart: Vec<u8> = texts
        .iter()
        .flat_map(|text| decode_word(text, encoding))
        .collect();
    let mut bytes = apart;
    if encoding == b'B' && texts.len() > 1 && std::str::from_utf8(&bytes).is_err() {
        // base64 cut anywhere: the letters, not the bytes, belong together
        let joined = base64(&texts.concat());
        if std::str::from_utf8(&joined).is_ok() {
            bytes = joined;
        }
    }
    viet::read_bytes(&bytes, Some(charset), cx).into_owned()
}

fn decode_word(text: &[u8], encoding: u8) -> Vec<u8> {
    if encoding == b'B' {
        return base64(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match byte {
            b'_' => out.push(b' '),
            b'=' => match hex_pair(tail) {
                Some(value) => {
                    out.push(value);
                    rest = tail.get(2..).unwrap_or_default();
                }
                // "= C3": folded inside an escape
                None => out.push(b'='),
            },
            _ => out.push(*byte),
        }
    }
    out
}

/// True when the value holds an encoded word.
pub(crate) fn has_word(raw: &[u8]) -> bool {
    raw.windows(2)
        .enumerate()
        .any(|(at, pair)| pair == b"=?" && word_at(raw.get(at..).unwrap_or_default()).is_some())
}

/// Cuts a value into raw text and encoded words; white space between two words is dropped (RFC 2047 §6.2).
fn pieces(raw: &[u8]) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::new();
    let mut open: Vec<u8> = Vec::new();
    let mut rest = raw;
    while !rest.is_empty() {
        if rest.starts_with(b"=?")
            && let Some((word, used)) = word_at(rest)
        {
            let blank =
                open.trim_ascii().is_empty() && matches!(all.last(), Some(Piece::Word { .. }));
            let open = std::mem::take(&mut open);
            if !blank && !open.is_empty() {
                all.push(Piece::Raw(open));
            }
            all.push(word);
            rest = rest.get(used..).unwrap_or_default();
            continue;
        }
        let (byte, tail) = match rest.split_first() {
            Some(split) => split,
            None => break,
        };
        open.push(*byte);
        rest = tail;
    }
    if !open.is_empty() || all.is_empty() {
        all.push(Piece::Raw(open));
    }
    all
}

/// The encoded word at the start: `=?charset?B?text?=`. Spaces, raw bytes and line breaks inside are forgiven.
fn word_at(raw: &[u8]) -> Option<(Piece, usize)> {
    let body = raw.strip_prefix(b"=?")?;
    let mark = body.iter().take(80).position(|b| *b == b'?')?;
    let charset = body.get(..mark)?;
    if charset
        .iter()
        .any(|b| !(b.is_ascii_graphic()) || *b == b'=')
    {
        return None;
    }
    let encoding = body.get(mark + 1)?.to_ascii_uppercase();
    if !matches!(encoding, b'B' | b'Q') || body.get(mark + 2) != Some(&b'?') {
        return None;
    }
    let text_at = mark + 3;
    let text = body.get(text_at..)?;
    let end = word_end(text, encoding)?;
    let charset = String::from_utf8_lossy(charset).to_ascii_lowercase();
    // RFC 2231 §5: a language may follow the charset
    let charset = charset.split('*').next().unwrap_or_default().to_owned();
    let used = (2 + text_at + end + 2).min(raw.len());
    Some((
        Piece::Word {
            charset,
            encoding,
            text: text.get(..end)?.to_vec(),
        },
        used,
    ))
}

/// Where the text of a word ends. A Q text may hold a bare `?` before an escape, so that `?=` is not its end.
fn word_end(text: &[u8], encoding: u8) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text
        .get(from..)?
        .windows(2)
        .position(|pair| pair == b"?=")
        .map(|at| at + from)
    {
        let behind = text.get(at + 2..).unwrap_or_default();
        let escape = encoding == b'Q'
            && hex_pair(behind).is_some()
            && behind.get(..3) != Some(b"?=?".as_slice());
        let closes_later = || {
            let next = behind.windows(2).position(|pair| pair == b"?=");
            let opens = behind.windows(2).position(|pair| pair == b"=?");
            next.is_some_and(|next| opens.is_none_or(|opens| next < opens))
        };
        if escape && closes_later() {
            from = at + 2;
            continue;
        }
        return Some(at);
    }
    // cut off: base64 to the end of the value
    let rest = text.get(from..)?;
    (encoding == b'B'
        && rest.len() > 4
        && rest
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"+/= \t".contains(b)))
    .then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &str) -> String {
        decode(raw.as_bytes(), &Context::default())
            .text
            .into_owned()
    }

    #[test]
    fn words_are_joined_before_they_are_decoded() {
        for (from, to) in [
            (
                "=?utf-8?B?S+E=?=\r\n =?utf-8?B?ur8gaG/huqFjaA==?=",
                "Kế hoạch",
            ),
            (
                "=?UTF-8?Q?k=E1?=\r\n =?UTF-8?Q?=BA=BF_ho=E1=BA=A1ch?=",
                "kế hoạch",
            ),
            ("=?utf-8?Q?V=C4=83n ph=C3=B2ng?=", "Văn phòng"),
            ("VB-12:=?UTF-8?B?S2nhu4NtIHRyYQ==?=.", "VB-12:Kiểm tra."),
            ("=?utf-8?B?UXV5?==?utf-8?B?IHRyw6xuaA==?=", "Quy trình"),
            ("=?UTF-8*vi?Q?T=E1=BB=9D?=", "Tờ"),
            ("=?UTF-8?Q??=\r\n\t=?UTF-8?Q?Danh_s=C3=A1ch?=", "Danh sách"),
            ("=?unknown-8bit?B?Vi92IGjhu5cgdHLhu6M=?=", "V/v hỗ trợ"),
            (
                "=?UTF-8?B?SOG7o3AgdMOhYyB4w6MgRHV5IFPGoW4?=",
                "Hợp tác xã Duy Sơn",
            ),
            ("Re: =?utf-8?Q?H=E1=BB=8Fi?=?=20x?=", "Re: Hỏi?=20x?="),
            ("=?utf-8?Q?sao?=C3=B4?=", "sao?ô"),
            ("plain =? text", "plain =? text"),
        ] {
            assert_eq!(text(from), to, "{from}");
        }
    }
}
