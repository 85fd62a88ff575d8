//! The dates of a certificate, read from its DER. Trusts nothing: whether a certificate is good, rustls says.  (RFC 5280 §4.1)

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// From when until when a certificate says it is valid.
pub fn validity(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    // Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { … } … }
    let (_, outer, _) = element(certificate)?;
    let (_, mut rest, _) = element(outer)?;
    // [0] version, serial, signature algorithm, issuer; then the dates.
    let (tag, _, after) = element(rest)?;
    if tag == 0xa0 {
        rest = after;
    }
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (_, dates, _) = element(rest)?;
    let (tag, from, after) = element(dates)?;
    let from = time(tag, from)?;
    let (tag, until, _) = element(after)?;
    Some((from, time(tag, until)?))
}

/// (tag, content, what follows).
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (
                bytes
                    .iter()
                    .fold(0, |sum, byte| (sum << 8) | usize::from(*byte)),
                rest,
            )
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}

/// UTCTime "YYMMDDHHMMSSZ" or GeneralizedTime "YYYYMMDDHHMMSSZ". (§4.1.2.5)
fn time(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let full = match tag {
        0x17 => {
            let year: u8 = text.get(..2)?.parse().ok()?;
            format!("{}{text}", if year < 50 { "20" } else { "19" })
        }
        0x18 => text.to_owned(),
        _ => return None,
    };
    let civil = DateTime::strptime("%Y%m%d%H%M%SZ", full).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_rubbish_is_none() {
        let mut params = rcgen::CertificateParams::new(vec!["a.example".into()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 2);
        params.not_after = rcgen::date_time_ymd(2055, 3, 4);
        let key = rcgen::KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let (from, until) = validity(&der).unwrap();
        assert_eq!(from.to_string(), "2026-01-02T00:00:00Z");
        assert_eq!(until.to_string(), "2055-03-04T00:00:00Z");
        for end in 0..60 {
            assert!(validity(&der[..end]).is_none());
        }
    }
}
