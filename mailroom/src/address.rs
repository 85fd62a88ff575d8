//! Mail addresses as the directory compares them: lower case, NFC, no surprises. Knows no table. (RFC 5321 §4.1.2, RFC 6531 §3.3)

use unicode_normalization::UnicodeNormalization;

/// Octets of a local part (RFC 5321 §4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Octets of a domain (RFC 5321 §4.5.3.1.2).
const DOMAIN_BYTES_MAX: usize = 255;

/// The form addresses are stored and compared in; `None` when it is no address "local@domain".
/// Local parts are compared without case: two officials never differ only in capitals.
#[must_use]
pub fn normal(address: &str) -> Option<String> {
    let folded: String = address.trim().nfc().flat_map(char::to_lowercase).collect();
    let folded: String = folded.nfc().collect();
    let (local, domain) = folded.rsplit_once('@')?;
    let domain = a_labels(domain)?;
    (is_local(local) && is_domain(&domain)).then(|| format!("{local}@{domain}"))
}

/// A domain name as stored; `None` when it is none.
#[must_use]
pub fn normal_domain(domain: &str) -> Option<String> {
    let folded: String = domain
        .trim()
        .trim_end_matches('.')
        .nfc()
        .flat_map(char::to_lowercase)
        .collect();
    let folded = a_labels(&folded)?;
    is_domain(&folded).then_some(folded)
}

/// "bücher.example" as "xn--bcher-kva.example": one domain, one spelling (RFC 5891). ASCII stays as it is.
fn a_labels(domain: &str) -> Option<String> {
    if domain.is_ascii() {
        return Some(domain.to_owned());
    }
    match url::Host::parse(domain) {
        Ok(url::Host::Domain(name)) => Some(name),
        _ => None,
    }
}

/// Local part and domain of an address.
#[must_use]
pub fn split(address: &str) -> Option<(&str, &str)> {
    address.rsplit_once('@')
}

/// "an+vanthu@x" → "an@x": what stands after "+" is the owner's own mark (RFC 5233). `None` without one.
#[must_use]
pub fn without_subaddress(address: &str) -> Option<String> {
    let (local, domain) = split(address)?;
    let (base, _) = local.split_once('+')?;
    (!base.is_empty()).then(|| format!("{base}@{domain}"))
}

/// The domain as DNS and routes want it: lower case, without the last dot.
#[must_use]
pub fn domain_of(address: &str) -> String {
    split(address).map_or_else(String::new, |(_, domain)| {
        domain.trim_end_matches('.').to_lowercase()
    })
}

fn is_local(local: &str) -> bool {
    if local.is_empty() || local.len() > LOCAL_BYTES_MAX {
        return false;
    }
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    quoted && !local.chars().any(char::is_control)
        || local.chars().all(|c| {
            c.is_ascii_alphanumeric()
                || "!#$%&'*+-/=?^_`{|}~.".contains(c)
                || (!c.is_ascii() && !c.is_control() && !c.is_whitespace())
        })
}

fn is_domain(domain: &str) -> bool {
    if domain.starts_with('[') && domain.ends_with(']') {
        return domain.len() > 2
            && domain.len() <= DOMAIN_BYTES_MAX
            && domain.chars().all(|c| c.is_ascii_graphic());
    }
    !domain.is_empty()
        && domain.len() <= DOMAIN_BYTES_MAX
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_spelling() {
        for (typed, stored) in [
            ("NguyenVanA@Tinh.Example", Some("nguyenvana@tinh.example")),
            (" vanthu@tinh.example ", Some("vanthu@tinh.example")),
            (
                "Đa\u{323}t@Bu\u{308}cher.example",
                Some("đạt@xn--bcher-kva.example"),
            ),
            ("an+vanthu@tinh.example", Some("an+vanthu@tinh.example")),
            ("\"a b\"@tinh.example", Some("\"a b\"@tinh.example")),
            ("an@[127.0.0.1]", Some("an@[127.0.0.1]")),
            ("an.@tinh.example", Some("an.@tinh.example")),
            ("an@", None),
            ("@tinh.example", None),
            ("an", None),
            ("a b@tinh.example", None),
            ("an@tinh..example", None),
            ("an@-tinh.example", None),
            ("an\r\n@tinh.example", None),
            ("<an@tinh.example>", None),
        ] {
            assert_eq!(normal(typed).as_deref(), stored, "{typed:?}");
        }
    }

    #[test]
    fn subaddresses_fall_off() {
        assert_eq!(without_subaddress("an+x@a.b").as_deref(), Some("an@a.b"));
        assert_eq!(without_subaddress("an@a.b"), None);
        assert_eq!(without_subaddress("+x@a.b"), None);
    }

    #[test]
    fn domains_have_one_spelling() {
        assert_eq!(
            normal_domain("CaMau.GOV.vn.").as_deref(),
            Some("camau.gov.vn")
        );
        assert_eq!(
            normal_domain("bücher.example").as_deref(),
            Some("xn--bcher-kva.example")
        );
        assert_eq!(normal_domain("a b"), None);
        assert_eq!(domain_of("an@X.Example."), "x.example");
    }
}
