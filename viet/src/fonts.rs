//! Which coding a font family name hints at. A hint, never proof: text under `.VnTime` may be real Unicode.

use crate::coding::Coding;

/// The coding of the first legacy font in a CSS or `<font face>` list, and whether the font draws every letter as a
/// capital (`.VnTimeH` and its kin).
///
/// ```
/// use viet::{Coding, font_coding};
/// assert_eq!(font_coding("\".VnTimeH\", serif"), Some((Coding::Tcvn3, true)));
/// assert_eq!(font_coding("VNI-Times"), Some((Coding::Vni, false)));
/// assert_eq!(font_coding("Times New Roman"), None);
/// ```
#[must_use]
pub fn font_coding(font_family: &str) -> Option<(Coding, bool)> {
    font_family.split(',').find_map(one_font)
}

fn one_font(name: &str) -> Option<(Coding, bool)> {
    let name = name.trim().trim_matches(['"', '\'', ' ']).trim();
    let lower = name.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix(".vn") {
        return Some((Coding::Tcvn3, rest.len() > 1 && rest.ends_with('h')));
    }
    if ["vni-", "vni "]
        .iter()
        .any(|prefix| lower.starts_with(prefix))
    {
        return Some((Coding::Vni, false));
    }
    if ["vps ", "vps-"]
        .iter()
        .any(|prefix| lower.starts_with(prefix))
    {
        return Some((Coding::Vps, false));
    }
    // "Vn" without the dot: a convention of BK HCM fonts, known from one source only
    let rest = name
        .strip_prefix("Vn")
        .or_else(|| name.strip_prefix("VN"))?;
    if !rest.starts_with(|c: char| c.is_ascii_uppercase()) || lower.starts_with("vnu") {
        return None;
    }
    Some((
        if rest.ends_with('2') {
            Coding::BkHcm2
        } else {
            Coding::BkHcm1
        },
        false,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_legacy_fonts() {
        for (name, want) in [
            (".VnTime", Some((Coding::Tcvn3, false))),
            ("'.vnArial', Arial", Some((Coding::Tcvn3, false))),
            (".VnHelvetInsH", Some((Coding::Tcvn3, true))),
            ("Arial, VNI-Helve", Some((Coding::Vni, false))),
            ("VPS Times", Some((Coding::Vps, false))),
            ("VnTimes2", Some((Coding::BkHcm2, false))),
            ("VnTimes", Some((Coding::BkHcm1, false))),
            ("Verdana", None),
            ("", None),
        ] {
            assert_eq!(font_coding(name), want, "{name}");
        }
    }
}
