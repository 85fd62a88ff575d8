//! The letter as it goes over one kind of connection: CRLF line ends only, 8-bit parts re-encoded for servers without
//! 8BITMIME (RFC 6152 §3), our DKIM signatures in front, or our ARC seal where it came from elsewhere. Pure; the stored original is never changed.

use crate::dkim::{Keys, results_on_top};
use bytes::Bytes;
use mail_builder::encoders::{Base64Encoder, QuotedPrintableEncoder};
use mail_parser::{HeaderName, Message, MessageParser, MimeHeaders, PartType};
use std::borrow::Cow;
use std::sync::OnceLock;

/// Why a letter cannot go to a server without 8BITMIME.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// Signed parts may not be re-encoded (RFC 1847 §2.1).
    Signed,
    /// The structure could not be read.
    Unreadable,
}

/// One letter with its signed forms, each made at most once.
pub struct Prepared {
    raw: Bytes,
    author_domain: String,
    /// Fields of the list that this copy goes through.
    list: String,
    has_8bit_header: bool,
    has_8bit: bool,
    as_is: OnceLock<Vec<u8>>,
    seven_bit: OnceLock<Result<Vec<u8>, Unfit>>,
}

impl Prepared {
    pub fn new(raw: Bytes) -> Prepared {
        let header_end = find(&raw, b"\r\n\r\n").unwrap_or(raw.len());
        let header = raw.get(..header_end).unwrap_or_default();
        Prepared {
            author_domain: author_domain(header),
            list: String::new(),
            has_8bit_header: !header.is_ascii(),
            has_8bit: !raw.is_ascii(),
            raw,
            as_is: OnceLock::new(),
            seven_bit: OnceLock::new(),
        }
    }

    /// The same letter with the fields of a list, unless it brings such fields from another one.
    pub fn through_list(&self, fields: String) -> Prepared {
        let header_end = find(&self.raw, b"\r\n\r\n").unwrap_or(self.raw.len());
        let header = self.raw.get(..header_end).unwrap_or_default();
        let of_another = header.split(|byte| *byte == b'\n').any(|line| {
            line.get(..5)
                .is_some_and(|name| name.eq_ignore_ascii_case(b"List-"))
        });
        Prepared {
            list: if of_another { String::new() } else { fields },
            ..Prepared::new(self.raw.clone())
        }
    }

    pub fn has_8bit(&self) -> bool {
        self.has_8bit
    }

    pub fn has_8bit_header(&self) -> bool {
        self.has_8bit_header
    }

    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The bytes to send, ending in CRLF, before dot-stuffing. A signature that fails is logged and left out: an unsigned
    /// letter arrives more often than none.
    pub fn form(&self, eight_bit_offered: bool, keys: &Keys) -> Result<&[u8], Unfit> {
        if eight_bit_offered || !self.has_8bit {
            let form = || sign(&self.author_domain, crlf(&self.raw), &self.list, keys);
            return Ok(self.as_is.get_or_init(form));
        }
        let form = || {
            let letter = seven_bit(&crlf(&self.raw))?;
            Ok(sign(
                &self.author_domain,
                Cow::Owned(letter),
                &self.list,
                keys,
            ))
        };
        self.seven_bit
            .get_or_init(form)
            .as_deref()
            .map_err(|unfit| *unfit)
    }
}

/// What came from outside is sealed and never signed in its author's name: anybody may write our domain into From. A list's
/// fields are signed all the same, by the list's house (RFC 8058 §4), where that cannot vouch for the author.
fn sign(domain: &str, mut letter: Cow<'_, [u8]>, list: &str, keys: &Keys) -> Vec<u8> {
    let from_outside = keys
        .host_name()
        .and_then(|host_name| results_on_top(&letter, host_name));
    if !list.is_empty() {
        letter = Cow::Owned([list.as_bytes(), &letter].concat());
    }
    let house = from_outside.is_some() && !list.is_empty() && has_one_author(&letter);
    let made = match from_outside {
        Some(results) => {
            let signed = match house {
                true => keys.house_signatures(domain, &letter),
                false => Ok(String::new()),
            };
            // The seal stands over the signatures: it covers them.
            signed.and_then(|fields| {
                if !fields.is_empty() {
                    letter = Cow::Owned([fields.as_bytes(), &letter].concat());
                }
                keys.seal(&results, &letter)
            })
        }
        None => keys.signatures(domain, &letter),
    };
    match made {
        Ok(fields) if fields.is_empty() => letter.into_owned(),
        Ok(fields) => [fields.as_bytes(), &letter].concat(),
        Err(cause) => {
            tracing::error!(%domain, %cause, "letter leaves without DKIM signature or ARC seal");
            metrics::counter!("congthu_dkim_failed_total").increment(1);
            letter.into_owned()
        }
    }
}

/// Whether one address stands in one From: else somebody may mean another of them than we.
fn has_one_author(letter: &[u8]) -> bool {
    let parsed = MessageParser::new().parse_headers(letter);
    parsed.is_some_and(|message| {
        let fields = message.headers().iter();
        let fields = fields
            .filter(|field| field.name == HeaderName::From)
            .count();
        fields == 1 && message.from().is_some_and(|from| from.iter().count() == 1)
    })
}

/// The domain of From: what DMARC aligns with, so what is signed with.
fn author_domain(header: &[u8]) -> String {
    let parsed = MessageParser::new().parse_headers(header);
    parsed
        .as_ref()
        .and_then(|message| message.from())
        .and_then(|from| from.first())
        .and_then(|addr| addr.address())
        .and_then(|address| address.rsplit_once('@'))
        .map(|(_, domain)| domain.trim().to_ascii_lowercase())
        .unwrap_or_default()
}

/// Every line end becomes CRLF and the last line has one: a bare LF or CR would let a letter end, or a second one begin,
/// inside our DATA at servers that accept them as line ends (RFC 5321 §2.3.8).
pub fn crlf(raw: &[u8]) -> Cow<'_, [u8]> {
    if is_clean(raw) {
        return Cow::Borrowed(raw);
    }
    let mut clean = Vec::with_capacity(raw.len() + raw.len() / 40 + 2);
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if_eq(&b'\n');
                clean.extend_from_slice(b"\r\n");
            }
            b'\n' => clean.extend_from_slice(b"\r\n"),
            other => clean.push(other),
        }
    }
    if !clean.ends_with(b"\r\n") {
        clean.extend_from_slice(b"\r\n");
    }
    Cow::Owned(clean)
}

fn is_clean(raw: &[u8]) -> bool {
    let mut before = 0_u8;
    for byte in raw {
        if (before == b'\r') != (*byte == b'\n') {
            return false;
        }
        before = *byte;
    }
    raw.ends_with(b"\r\n")
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// Bytes `start..end` of the original give way to `with`.
struct Edit {
    start: usize,
    end: usize,
    with: Vec<u8>,
}

/// Re-encodes every 8-bit part as quoted-printable (text) or base64. 8-bit header bytes stay: servers that take such mail at
/// all take those, and nothing standard could replace them.
fn seven_bit(letter: &[u8]) -> Result<Vec<u8>, Unfit> {
    let message = MessageParser::new()
        .parse(letter)
        .ok_or(Unfit::Unreadable)?;
    let mut edits = Vec::new();
    collect(&message, letter, &mut edits)?;
    edits.sort_by_key(|edit| (edit.start, edit.end));
    let mut fitted = Vec::with_capacity(letter.len() * 2);
    let mut at = 0;
    for edit in edits {
        let before = letter.get(at..edit.start).ok_or(Unfit::Unreadable)?;
        fitted.extend_from_slice(before);
        fitted.extend_from_slice(&edit.with);
        at = edit.end;
    }
    fitted.extend_from_slice(letter.get(at..).ok_or(Unfit::Unreadable)?);
    Ok(fitted)
}

fn collect(message: &Message<'_>, letter: &[u8], edits: &mut Vec<Edit>) -> Result<(), Unfit> {
    for (index, part) in message.parts.iter().enumerate() {
        let (start, end) = (part.offset_body as usize, part.offset_end as usize);
        let raw = letter.get(start..end).ok_or(Unfit::Unreadable)?;
        if raw.is_ascii() {
            continue;
        }
        let (coded, word) = match &part.body {
            PartType::Multipart(_) => {
                if part
                    .content_type()
                    .and_then(|t| t.subtype())
                    .is_some_and(|s| s.eq_ignore_ascii_case("signed"))
                {
                    return Err(Unfit::Signed);
                }
                (None, "7bit")
            }
            // A letter inside a letter may only be 7bit, so its own parts are re-encoded (RFC 2046 §5.2.1).
            PartType::Message(nested) => {
                collect(nested, letter, edits)?;
                (None, "7bit")
            }
            PartType::Text(_) | PartType::Html(_) => {
                (Some(quoted_printable(raw)?), "quoted-printable")
            }
            PartType::Binary(_) | PartType::InlineBinary(_) => (Some(base64(raw)?), "base64"),
        };
        let field = part
            .headers
            .iter()
            .find(|h| h.name == HeaderName::ContentTransferEncoding);
        match field {
            Some(field) => edits.push(Edit {
                start: field.offset_start as usize,
                end: field.offset_end as usize,
                with: format!(" {word}\r\n").into_bytes(),
            }),
            None if coded.is_some() => {
                let version = if index == 0
                    && !part
                        .headers
                        .iter()
                        .any(|h| h.name == HeaderName::MimeVersion)
                {
                    "MIME-Version: 1.0\r\n"
                } else {
                    ""
                };
                let at = part.offset_header as usize;
                let with = format!("{version}Content-Transfer-Encoding: {word}\r\n").into_bytes();
                edits.push(Edit {
                    start: at,
                    end: at,
                    with,
                });
            }
            None => {}
        }
        if let Some(with) = coded {
            edits.push(Edit { start, end, with });
        }
    }
    Ok(())
}

fn quoted_printable(raw: &[u8]) -> Result<Vec<u8>, Unfit> {
    QuotedPrintableEncoder::new()
        .preserve_line_breaks()
        .encode(raw)
        .map_err(|_| Unfit::Unreadable)
}

fn base64(raw: &[u8]) -> Result<Vec<u8>, Unfit> {
    let mut coded = Base64Encoder::new()
        .wrap_lines()
        .encode(raw)
        .map_err(|_| Unfit::Unreadable)?;
    if !coded.ends_with(b"\r\n") {
        coded.extend_from_slice(b"\r\n");
    }
    Ok(coded)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;

    #[test]
    fn line_ends_become_crlf_and_clean_letters_are_not_copied() {
        let rows: [(&[u8], &[u8]); 8] = [
            (b"a\nb", b"a\r\nb\r\n"),
            (b"a\rb\r\n", b"a\r\nb\r\n"),
            (b"a\n.\nb\r\n", b"a\r\n.\r\nb\r\n"),
            (b"a\r\n.\rb\r\n", b"a\r\n.\r\nb\r\n"),
            (b"a\r\r\nb\r\n", b"a\r\n\r\nb\r\n"),
            (b"", b"\r\n"),
            (b"\n\r", b"\r\n\r\n"),
            (b"a\r", b"a\r\n"),
        ];
        for (raw, clean) in rows {
            assert_eq!(&*crlf(raw), clean, "{raw:?}");
        }
        assert!(matches!(crlf(b"a\r\n.b\r\n"), Cow::Borrowed(_)));
    }

    fn plain(text: &[u8]) -> Message<'_> {
        MessageParser::new().parse(text).unwrap()
    }

    #[test]
    fn a_plain_8bit_letter_becomes_quoted_printable_and_reads_the_same() {
        let letter = "From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
            Kính gửi: Sở Nội vụ\r\n.\r\ndòng = cuối\r\n";
        let fitted = seven_bit(letter.as_bytes()).unwrap();
        assert!(fitted.is_ascii());
        assert_eq!(
            plain(&fitted).body_text(0),
            plain(letter.as_bytes()).body_text(0)
        );
        assert_eq!(find(&fitted, b"8bit"), None);
    }

    #[test]
    fn a_letter_without_mime_fields_gets_them() {
        let letter = b"From: a@b.example\r\n\r\nC\xf4ng v\xe3n\r\n";
        let fitted = seven_bit(letter).unwrap();
        let text = String::from_utf8(fitted).unwrap();
        assert!(
            text.contains("MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n"),
            "{text}"
        );
        assert!(text.ends_with("C=F4ng v=E3n\r\n"), "{text}");
    }

    #[test]
    fn parts_nested_letters_and_binaries_are_re_encoded_each_in_its_place() {
        let letter = "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\
            Content-Transfer-Encoding: 8bit\r\n\r\nlời mở\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nchữ\r\n--b\r\n\
            Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: 8bit\r\n\r\nnhị phân\r\nhai\r\n--b\r\n\
            Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nFrom: c@d.example\r\nSubject: x\r\n\
            Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\ntrong thư\r\n--b--\r\n";
        let fitted = seven_bit(letter.as_bytes()).unwrap();
        let text = String::from_utf8(fitted.clone()).unwrap();
        let before = plain(letter.as_bytes());
        let after = plain(&fitted);
        assert_eq!(after.parts.len(), before.parts.len(), "{text}");
        assert_eq!(after.body_text(0), before.body_text(0));
        let data = |m: &Message<'_>, i: u32| match &m.attachment(i).unwrap().body {
            PartType::Binary(b) | PartType::InlineBinary(b) => b.to_vec(),
            PartType::Message(m) => m.body_text(0).unwrap().as_bytes().to_vec(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            String::from_utf8_lossy(&data(&after, 0)).trim_end(),
            "nhị phân\r\nhai"
        );
        assert_eq!(
            String::from_utf8_lossy(&data(&after, 1)).trim_end(),
            "trong thư"
        );
        // Only the preamble, which nobody shows, keeps its bytes.
        assert_eq!(text.chars().filter(|c| !c.is_ascii()).count(), 2, "{text}");
    }

    #[test]
    fn signed_parts_are_not_touched() {
        let letter = "From: a@b.example\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nchữ\r\n--b--\r\n";
        assert_eq!(seven_bit(letter.as_bytes()), Err(Unfit::Signed));
        let keys = Keys::default();
        let prepared = Prepared::new(Bytes::from_static(letter.as_bytes()));
        assert_eq!(prepared.form(true, &keys).unwrap(), letter.as_bytes());
        assert_eq!(prepared.form(false, &keys), Err(Unfit::Signed));
    }

    #[test]
    fn the_author_is_found_in_the_header() {
        let rows = [
            (
                "From: =?utf-8?B?VsSDbg==?= <a@Tinh.Example>\r\nTo: x\r\n",
                "tinh.example",
            ),
            ("To: x@y.example\r\n", ""),
            ("From: nobody\r\n", ""),
        ];
        for (header, domain) in rows {
            assert_eq!(author_domain(header.as_bytes()), domain, "{header}");
        }
    }
}
