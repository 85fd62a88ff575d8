//! A set of several policy records counts as a fault or as none, where the library would take the first. Asks the resolver that
//! the library asks, so the answer comes from its memory.  (RFC 7208 §4.5, RFC 9989 §4.10)

use hickory_resolver::proto::rr::RData;
use mail_auth::MessageAuthenticator;

/// Labels above a domain at which records are looked for.  (RFC 9989 §4.10)
const WALK_MAX: usize = 8;

/// More than one record of SPF at this name.
pub(super) async fn several_spf(dns: &MessageAuthenticator, domain: &str) -> bool {
    count(dns, domain, is_spf).await > 1
}

/// More than one DMARC record where the first are found, going up from this domain.
pub(super) async fn several_dmarc(dns: &MessageAuthenticator, domain: &str) -> bool {
    let mut name = domain;
    for _ in 0..WALK_MAX {
        // The nearest name with records decides.
        match count(dns, &format!("_dmarc.{name}"), is_dmarc).await {
            0 => {}
            records => return records > 1,
        }
        match name.split_once('.') {
            Some((_, above)) if above.contains('.') => name = above,
            _ => return false,
        }
    }
    false
}

/// What DNS cannot say is no record: the library meets the same silence and says so.
async fn count(dns: &MessageAuthenticator, name: &str, counts: fn(&[u8]) -> bool) -> usize {
    let Ok(answer) = dns
        .0
        .txt_lookup(format!("{}.", name.trim_end_matches('.')))
        .await
    else {
        return 0;
    };
    let records = answer.answers().iter().filter(|record| match &record.data {
        RData::TXT(txt) => counts(&txt.txt_data.concat()),
        _ => false,
    });
    records.count()
}

/// "v=spf1", then a blank or nothing.
fn is_spf(record: &[u8]) -> bool {
    let lead = record.get(..6).unwrap_or_default();
    lead.eq_ignore_ascii_case(b"v=spf1") && matches!(record.get(6), None | Some(b' '))
}

/// "v=DMARC1" with blanks around the sign, then the end of the tag.
fn is_dmarc(record: &[u8]) -> bool {
    let first = record.split(|&byte| byte == b';').next();
    let tag: Vec<u8> = first
        .unwrap_or_default()
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    tag == b"v=DMARC1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_a_kind() {
        for (text, spf, dmarc) in [
            ("v=spf1", true, false),
            ("V=SPF1 -all", true, false),
            ("v=spf10 -all", false, false),
            ("v=DMARC1; p=none", false, true),
            (" v = DMARC1 ;p=none", false, true),
            ("v=DMARC12; p=none", false, false),
            ("", false, false),
        ] {
            assert_eq!(
                (is_spf(text.as_bytes()), is_dmarc(text.as_bytes())),
                (spf, dmarc),
                "{text}"
            );
        }
    }
}
