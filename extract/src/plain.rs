//! Plain text: UTF-8, UTF-16 with its mark, or raw legacy bytes.

use viet::Context;

use crate::limits::PLAIN_BYTES_MAX;
use crate::runs::repaired;

pub(crate) fn text(bytes: &[u8], charset: Option<&str>) -> String {
    let bytes = bytes.get(..PLAIN_BYTES_MAX).unwrap_or(bytes);
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(bytes) {
        return repaired(&encoding.decode(bytes).0);
    }
    let read = viet::read_bytes(bytes, charset, &Context::default());
    repaired(&read.text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn raw_legacy_bytes_are_read() {
        let want = "Báo cáo tình hình ngập lụt";
        for coding in [
            viet::Coding::Tcvn3,
            viet::Coding::Vni,
            viet::Coding::Viscii,
            viet::Coding::Windows1258,
        ] {
            let raw = viet::encode_as(want, coding).unwrap();
            assert_eq!(text(&raw, None), want, "{coding:?}");
        }
        let utf16: Vec<u8> = std::iter::once(0xfeff)
            .chain(want.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(text(&utf16, None), want);
        assert_eq!(text(want.as_bytes(), Some("us-ascii")), want);
    }
}
