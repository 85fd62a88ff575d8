//! UTF-7 (RFC 2152), which old Outlook Express wrote: `C+APQ-ng v+AQM-n`. Decodes text that its label calls so.

/// The text, or `None` where it is no UTF-7: bytes above ASCII, or a shift that holds no UTF-16.
pub(crate) fn decode(raw: &[u8]) -> Option<String> {
    if !raw.is_ascii() {
        return None;
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'+' {
            out.push(char::from(*byte));
            continue;
        }
        let len = tail.iter().take_while(|b| sextet(**b).is_some()).count();
        let (shifted, behind) = tail.split_at_checked(len)?;
        let ended = behind.first() == Some(&b'-');
        if shifted.is_empty() {
            // "+-" is a plus sign; a bare one is a mistake that everybody reads as one
            out.push('+');
        } else {
            out.push_str(&utf16(shifted)?);
        }
        rest = behind.get(usize::from(ended)..)?;
    }
    Some(out)
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

fn utf16(shifted: &[u8]) -> Option<String> {
    let (mut units, mut bits, mut count) = (Vec::new(), 0u32, 0u32);
    for value in shifted.iter().filter_map(|byte| sextet(*byte)) {
        bits = (bits << 6 | value) & 0x3f_ffff;
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push(u16::try_from(bits >> count & 0xffff).ok()?);
        }
    }
    // what is left over is padding
    let padded = count < 6 && bits & ((1 << count) - 1) == 0;
    String::from_utf16(&units)
        .ok()
        .filter(|text| padded && !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_are_read_and_mistakes_are_none() {
        for (raw, want) in [
            ("C+APQ-ng v+AQM-n s+HtE- 12", Some("Công văn số 12")),
            ("Hi Mom -+Jjo--!", Some("Hi Mom -☺-!")),
            ("A+ImIDkQ.", Some("A≢Α.")),
            ("1 +- 1 = 2", Some("1 + 1 = 2")),
            ("plain", Some("plain")),
            ("a+b", None),
            ("+2AA-", None),
        ] {
            assert_eq!(decode(raw.as_bytes()).as_deref(), want, "{raw}");
        }
        assert_eq!(decode("ô".as_bytes()), None);
    }
}
