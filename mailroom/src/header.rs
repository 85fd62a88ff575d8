//! Header fields of a raw message as they stand: where each begins and ends, nothing decoded. For rules that count, cut and
//! add whole fields; reading for people is `letter`'s. (RFC 5322 §2.2)

use std::ops::Range;

/// Bytes of header looked at; what comes later is body to us.
pub(crate) const HEADER_BYTES_MAX: usize = 1 << 20;

/// One field as it stands in the message.
pub(crate) struct Field<'a> {
    pub name: &'a str,
    /// From the first letter of the name to behind the line end of the last line.
    pub whole: Range<usize>,
    /// Behind the colon, folds and line end included.
    pub body: &'a [u8],
}

impl Field<'_> {
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Unfolded and trimmed; bytes that are no UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        let joined: Vec<u8> = self
            .body
            .iter()
            .copied()
            .filter(|byte| *byte != b'\r' && *byte != b'\n')
            .collect();
        String::from_utf8_lossy(&joined).trim().to_owned()
    }
}

/// The fields of a message in their order. Lines that are no field are passed over.
pub(crate) fn fields(raw: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let header = raw.get(..body_start(raw)).unwrap_or(raw);
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < header.len() {
            let start = at;
            at = field_end(header, start);
            let line = header.get(start..at)?;
            let colon = line.iter().position(|byte| *byte == b':');
            let name = colon
                .and_then(|colon| std::str::from_utf8(line.get(..colon)?).ok())
                .map(str::trim_end);
            if let (Some(name), Some(colon)) = (name, colon)
                && !name.is_empty()
                && name.bytes().all(|byte| (33..=126).contains(&byte))
            {
                return Some(Field {
                    name,
                    whole: start..at,
                    body: line.get(colon + 1..)?,
                });
            }
        }
        None
    })
}

/// Behind this field's last continuation line.
fn field_end(header: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        at = line_end(header, at);
        match header.get(at) {
            Some(b' ' | b'\t') => {}
            _ => return at,
        }
    }
}

fn line_end(bytes: &[u8], start: usize) -> usize {
    bytes
        .get(start..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b'\n'))
        .map_or(bytes.len(), |place| start + place + 1)
}

/// Where the body begins: behind the first empty line, or the end.
pub(crate) fn body_start(raw: &[u8]) -> usize {
    let end = raw.len().min(HEADER_BYTES_MAX);
    let mut at = 0;
    while at < end {
        let next = line_end(raw, at);
        match raw.get(at..next) {
            Some(b"\r\n" | b"\n") => return next,
            _ => at = next,
        }
    }
    at.min(raw.len())
}

/// The first field of this name, unfolded.
pub(crate) fn first(raw: &[u8], name: &str) -> Option<String> {
    fields(raw)
        .find(|field| field.is(name))
        .map(|field| field.text())
}

pub(crate) fn count(raw: &[u8], name: &str) -> usize {
    fields(raw).filter(|field| field.is(name)).count()
}

/// The message without these pieces (ascending, not overlapping) and with `front` before it.
pub(crate) fn rewritten(front: &[u8], raw: &[u8], cut: &[Range<usize>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(front.len() + raw.len());
    out.extend_from_slice(front);
    let mut at = 0;
    for piece in cut {
        out.extend_from_slice(raw.get(at..piece.start).unwrap_or_default());
        at = piece.end;
    }
    out.extend_from_slice(raw.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &[u8] = b"Received: from a\r\n\tby b\r\nSubject : x\r\nno field here\r\nFrom: An <an@a.b>\r\n\r\nBody: no\r\n";

    #[test]
    fn fields_are_found_with_their_folds() {
        let found: Vec<(String, String)> = fields(RAW)
            .map(|field| (field.name.to_owned(), field.text()))
            .collect();
        assert_eq!(
            found,
            [
                ("Received".into(), "from a\tby b".into()),
                ("Subject".into(), "x".into()),
                ("From".into(), "An <an@a.b>".into())
            ]
        );
        assert_eq!(RAW.get(body_start(RAW)..), Some(&b"Body: no\r\n"[..]));
        assert_eq!(first(RAW, "from").as_deref(), Some("An <an@a.b>"));
        assert_eq!(count(RAW, "body"), 0);
    }

    #[test]
    fn odd_messages_do_not_confuse() {
        for (raw, body, names) in [
            (&b""[..], 0, 0),
            (b"\r\nbody", 2, 0),
            (b"A: b", 4, 1),
            (b"A: b\n\nc", 6, 1),
            (b" lead\r\nA: b\r\n\r\n", 15, 1),
            (b":x\r\n\xff\xfe: y\r\nOk: z\r\n\r\n", 20, 1),
        ] {
            assert_eq!(body_start(raw), body, "{raw:?}");
            assert_eq!(fields(raw).count(), names, "{raw:?}");
        }
    }

    #[test]
    fn pieces_are_cut() {
        let cut: Vec<_> = fields(RAW)
            .filter(|field| field.is("subject") || field.is("received"))
            .map(|field| field.whole)
            .collect();
        assert_eq!(
            rewritten(b"X: y\r\n", RAW, &cut),
            b"X: y\r\nno field here\r\nFrom: An <an@a.b>\r\n\r\nBody: no\r\n"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken_apart_without_loss(raw in proptest::collection::vec(proptest::prop_oneof![
            proptest::strategy::Just(b'\r'), proptest::strategy::Just(b'\n'), proptest::strategy::Just(b':'),
            proptest::strategy::Just(b' '), proptest::strategy::Just(b'A'), proptest::prelude::any::<u8>(),
        ], 0..300)) {
            let start = body_start(&raw);
            proptest::prop_assert!(start <= raw.len());
            let mut at = 0;
            let mut left = raw.len();
            let mut cut = Vec::new();
            for field in fields(&raw) {
                proptest::prop_assert!(field.whole.start >= at && field.whole.end <= start);
                at = field.whole.end;
                left -= field.whole.len();
                cut.push(field.whole);
            }
            proptest::prop_assert_eq!(rewritten(b"", &raw, &cut).len(), left);
            proptest::prop_assert_eq!(rewritten(b"", &raw, &[]), raw);
        }
    }
}
