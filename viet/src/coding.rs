//! The codings a text may be in, their stable short names, and what a MIME charset label promises.
//! Knows names only; it never decodes.

use std::fmt;
use std::str::FromStr;

use encoding_rs::Encoding;

/// How a text was coded when it reached us, or which damage was undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Coding {
    /// Unicode as it should be.
    #[default]
    Utf8,
    /// Nothing above 0x7F.
    Ascii,
    /// Base letter and combining mark, the one Vietnamese code page of Windows.
    Windows1258,
    /// Western text: nothing Vietnamese was found in it.
    Windows1252,
    /// TCVN 5712-3, the coding of the `.Vn*` (ABC) fonts.
    Tcvn3,
    /// VNI-Windows, the coding of the `VNI-*` fonts.
    Vni,
    /// VISCII 1.1 (RFC 1456).
    Viscii,
    /// VPS-Win.
    Vps,
    /// TCVN 5712-1.
    Vn1,
    /// TCVN 5712-2.
    Vn2,
    /// Vietware X (base letter and mark).
    VietwareX,
    /// Vietware F (one byte).
    VietwareF,
    /// BK HCM 1 (one byte).
    BkHcm1,
    /// BK HCM 2 (base letter and mark).
    BkHcm2,
    /// VIQR (RFC 1456): marks typed as ASCII signs.
    Viqr,
    /// UTF-8 that was read as windows-1252 and stored again.
    Mojibake,
    /// The same accident, twice.
    MojibakeTwice,
    /// Character references (`&#7841;`) outside HTML.
    CharRefs,
    /// A foreign charset that its label names rightly.
    Labelled(&'static str),
    /// Several codings in one text.
    Mixed,
}

/// Codings with a fixed short name.
const NAMES: [(Coding, &str); 19] = [
    (Coding::Utf8, "utf-8"),
    (Coding::Ascii, "ascii"),
    (Coding::Windows1258, "windows-1258"),
    (Coding::Windows1252, "windows-1252"),
    (Coding::Tcvn3, "tcvn3"),
    (Coding::Vni, "vni"),
    (Coding::Viscii, "viscii"),
    (Coding::Vps, "vps"),
    (Coding::Vn1, "vn1"),
    (Coding::Vn2, "vn2"),
    (Coding::VietwareX, "vietware-x"),
    (Coding::VietwareF, "vietware-f"),
    (Coding::BkHcm1, "bkhcm1"),
    (Coding::BkHcm2, "bkhcm2"),
    (Coding::Viqr, "viqr"),
    (Coding::Mojibake, "mojibake"),
    (Coding::MojibakeTwice, "mojibake-twice"),
    (Coding::CharRefs, "char-refs"),
    (Coding::Mixed, "mixed"),
];

impl Coding {
    /// Every coding a reader may choose by hand, in the order a menu should offer them.
    pub const CHOICES: [Coding; 15] = [
        Coding::Utf8,
        Coding::Tcvn3,
        Coding::Vni,
        Coding::Windows1258,
        Coding::Viscii,
        Coding::Vps,
        Coding::Vn1,
        Coding::VietwareX,
        Coding::VietwareF,
        Coding::BkHcm1,
        Coding::BkHcm2,
        Coding::Viqr,
        Coding::Mojibake,
        Coding::MojibakeTwice,
        Coding::Windows1252,
    ];

    /// Every coding that is recognised in a letter whose parts no label names.
    pub const RECOGNISED: [Coding; 15] = [
        Coding::Utf8,
        Coding::Tcvn3,
        Coding::Vni,
        Coding::Windows1258,
        Coding::Viscii,
        Coding::Vps,
        Coding::Vn1,
        Coding::VietwareX,
        Coding::VietwareF,
        Coding::BkHcm1,
        Coding::BkHcm2,
        Coding::Viqr,
        Coding::CharRefs,
        Coding::Mojibake,
        Coding::MojibakeTwice,
    ];

    /// True for the codings made for Vietnamese before Unicode.
    #[must_use]
    pub fn is_legacy(self) -> bool {
        matches!(
            self,
            Coding::Windows1258
                | Coding::Tcvn3
                | Coding::Vni
                | Coding::Viscii
                | Coding::Vps
                | Coding::Vn1
                | Coding::Vn2
                | Coding::VietwareX
                | Coding::VietwareF
                | Coding::BkHcm1
                | Coding::BkHcm2
                | Coding::Viqr
        )
    }

    /// True where capitals with a tone share the byte of the small letter, by the table or by habit.
    #[must_use]
    pub fn loses_capitals(self) -> bool {
        matches!(
            self,
            Coding::Tcvn3
                | Coding::VietwareF
                | Coding::Viscii
                | Coding::Vps
                | Coding::Vn2
                | Coding::Vn1
        )
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Coding::Labelled(name) = self {
            return write!(f, "label:{name}");
        }
        let name = NAMES
            .iter()
            .find(|(coding, _)| coding == self)
            .map_or("mixed", |(_, name)| name);
        f.write_str(name)
    }
}

/// The name belongs to no coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCoding;

impl fmt::Display for UnknownCoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown coding name")
    }
}

impl std::error::Error for UnknownCoding {}

impl FromStr for Coding {
    type Err = UnknownCoding;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if let Some(label) = name.strip_prefix("label:") {
            let encoding = Encoding::for_label(label.as_bytes()).ok_or(UnknownCoding)?;
            return Ok(Coding::Labelled(encoding.name()));
        }
        NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(coding, _)| *coding)
            .ok_or(UnknownCoding)
    }
}

/// What a charset label is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Label {
    /// None, unknown, Western or one of the names that mean nothing: look at the bytes.
    Untrusted,
    /// UTF-8 under any of its names.
    Utf8,
    /// A Vietnamese coding: likely, but the bytes have the last word.
    Vietnamese(Coding),
    /// Another country's charset: obeyed when the bytes fit it.
    Foreign(&'static Encoding),
    /// UTF-7 (RFC 2152), seen from old Outlook Express.
    Utf7,
}

impl Label {
    pub(crate) fn of(label: Option<&str>) -> Label {
        let Some(label) = label else {
            return Label::Untrusted;
        };
        let name: String = label
            .trim()
            .trim_matches(['"', '\'', ';', ' '])
            .chars()
            .map(|c| c.to_ascii_lowercase())
            .filter(|c| !c.is_whitespace())
            .collect();
        let name = name.split('*').next().unwrap_or_default();
        match name {
            "" => Label::Untrusted,
            "utf8" | "utf-8" | "utf_8" | "cp65001" | "65001" | "unicode-1-1-utf-8"
            | "utf-8-sig" | "x-utf-8" | "utf8mb4" | "unicode" | "x-unicode" | "utf-8bit" => {
                Label::Utf8
            }
            "utf-7" | "unicode-1-1-utf-7" | "x-unicode-2-0-utf-7" | "csunicode11utf7" => {
                Label::Utf7
            }
            "viscii" | "csviscii" | "viscii1.1-1" | "viscii1.1" | "x-viscii" | "x-viet-viscii" => {
                Label::Vietnamese(Coding::Viscii)
            }
            "viqr" | "csviqr" | "x-viqr" => Label::Vietnamese(Coding::Viqr),
            "windows-1258" | "cp1258" | "x-cp1258" | "windows1258" | "1258" | "win-1258"
            | "cp-1258" | "ms1258" => Label::Vietnamese(Coding::Windows1258),
            "x-viet-vps" | "vps" | "x-vps" => Label::Vietnamese(Coding::Vps),
            "x-viet-vni" | "vni" | "x-vni" | "vni-win" | "x-vni-win" => {
                Label::Vietnamese(Coding::Vni)
            }
            "iso-ir-180" | "tcvn5712-2" | "tcvn-5712-2" => Label::Vietnamese(Coding::Vn2),
            "x-viet-abc" | "abc" | "tcvn3" | "tcvn5712-3" | "x-tcvn3" => {
                Label::Vietnamese(Coding::Tcvn3)
            }
            _ if name.contains("tcvn") => Label::Vietnamese(Coding::Vn1),
            "x-unknown" | "unknown" | "unknown-8bit" | "x-user-defined" | "binary" | "ansi"
            | "none" | "default" | "8bit" | "x-roman8" => Label::Untrusted,
            _ => Label::by_encoding(name),
        }
    }

    fn by_encoding(name: &str) -> Label {
        let bare = name.strip_prefix("x-").unwrap_or(name);
        let found =
            Encoding::for_label(name.as_bytes()).or_else(|| Encoding::for_label(bare.as_bytes()));
        match found {
            None => Label::Untrusted,
            Some(e) if e == encoding_rs::UTF_8 => Label::Utf8,
            Some(e) if e == encoding_rs::WINDOWS_1258 => Label::Vietnamese(Coding::Windows1258),
            Some(e)
                if e == encoding_rs::WINDOWS_1252
                    || e == encoding_rs::ISO_8859_15
                    || e == encoding_rs::X_USER_DEFINED
                    || e == encoding_rs::REPLACEMENT =>
            {
                Label::Untrusted
            }
            Some(e) => Label::Foreign(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_way_there_and_back() {
        for coding in Coding::CHOICES
            .into_iter()
            .chain([Coding::Mixed, Coding::Labelled("Shift_JIS")])
        {
            assert_eq!(coding.to_string().parse(), Ok(coding));
        }
        assert_eq!("nothing".parse::<Coding>(), Err(UnknownCoding));
    }

    #[test]
    fn labels_are_read_as_senders_write_them() {
        assert_eq!(Label::of(Some("UTF-8;")), Label::Utf8);
        assert_eq!(Label::of(Some("\"iso-8859-1\"")), Label::Untrusted);
        assert_eq!(Label::of(Some("TCVN-5712")), Label::Vietnamese(Coding::Vn1));
        assert_eq!(
            Label::of(Some("csVISCII")),
            Label::Vietnamese(Coding::Viscii)
        );
        assert_eq!(Label::of(Some("gb2312")), Label::Foreign(encoding_rs::GBK));
        assert_eq!(Label::of(None), Label::Untrusted);
    }
}
