//! Whether what SPF or DKIM proved is the author's own domain: DMARC's question, asked also where the domain publishes no
//! DMARC record. Then a domain counts with those below it and above it, never with its sisters. Weighs nothing.
//! (RFC 7489 §3.1, relaxed without the public suffix list)

use super::Found;
use mail_auth::{DkimResult, DmarcResult, SpfResult};

/// `from` and `mail_from` are addresses.
pub(super) fn is_proven(found: &Found<'_>, from: &str, mail_from: &str) -> bool {
    match found.dmarc.result() {
        DmarcResult::Pass => return true,
        DmarcResult::Fail(_) => return false,
        _ => {}
    }
    let domain = |address: &str| match address.rsplit_once('@') {
        Some((_, domain)) => domain.to_ascii_lowercase(),
        None => String::new(),
    };
    let author = domain(from);
    let by_spf =
        found.spf_from.result() == SpfResult::Pass && are_related(&domain(mail_from), &author);
    let by_dkim = || {
        let passed = found
            .dkim
            .iter()
            .filter(|output| *output.result() == DkimResult::Pass);
        passed
            .filter_map(|output| output.signature())
            .any(|signature| are_related(&signature.d.to_ascii_lowercase(), &author))
    };
    by_spf || by_dkim()
}

/// One is the other, or lies below it. A single label is nobody's.
fn are_related(proven: &str, author: &str) -> bool {
    let below = |lower: &str, upper: &str| {
        lower
            .strip_suffix(upper)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    proven.contains('.') && author.contains('.') && (below(proven, author) || below(author, proven))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relatives() {
        for (proven, author, related) in [
            ("tinh.example", "tinh.example", true),
            ("thu.tinh.example", "tinh.example", true),
            ("tinh.example", "so.tinh.example", true),
            ("a.tinh.example", "b.tinh.example", false),
            ("xtinh.example", "tinh.example", false),
            ("example", "tinh.example", false),
            ("", "tinh.example", false),
            ("", "", false),
        ] {
            assert_eq!(are_related(proven, author), related, "{proven} {author}");
        }
    }
}
