//! Return paths of forwarded letters: the sender written into an address of ours, so that SPF holds at the next server and
//! bounces find their way back. Keyed and dated: nobody else can make one, and an old one ends. Pure; knows no table.
//! (Sender Rewriting Scheme, libsrs2's SRS0 and SRS1; RFC 7208 §D.3)

use aws_lc_rs::hmac;

use crate::secret::same;

/// Days for which bounces come back: a letter may wait five here and five at the next server, and some wait longer.
const LIFE_DAYS: i64 = 21;
/// Days after which the two letters of the date begin again.
const ROUND_DAYS: i64 = 1024;
const DAY_MS: i64 = 86_400_000;
/// Octets of a local part (RFC 5321 §4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Letters of the keyed hash: 30 bits, and each guess costs a dialogue with us.
const HASH_CHARS: usize = 6;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Makes and reads the addresses of one installation. No `Debug`: it holds the key.
pub(crate) struct Srs(hmac::Key);

impl Srs {
    pub(crate) fn new(secret: &str) -> Srs {
        Srs(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// `sender` as a return path in `domain`; `None` where it does not fit into an address.
    pub(crate) fn wrap(&self, sender: &str, domain: &str, now: i64) -> Option<String> {
        let (local, host) = sender.rsplit_once('@')?;
        // Quoted local parts and literals cannot stand inside another local part.
        if local.is_empty() || host.is_empty() || sender.contains(['"', '[', ' ']) {
            return None;
        }
        let made = match read(local) {
            Some(Shape::First(rest)) => {
                let hash = self.hash(&format!("srs1={host}={rest}"));
                format!("SRS1={hash}={host}={rest}")
            }
            // Forwarded twice before: the first forwarder stays named, the last one steps out.
            Some(Shape::Second { host, rest, .. }) => {
                let hash = self.hash(&format!("srs1={host}={rest}"));
                format!("SRS1={hash}={host}={rest}")
            }
            None => {
                let day = letters_of(now.div_euclid(DAY_MS));
                let hash = self.hash(&format!("srs0={day}={host}={local}"));
                format!("SRS0={hash}={day}={host}={local}")
            }
        };
        (made.len() <= LOCAL_BYTES_MAX).then(|| format!("{made}@{domain}"))
    }

    /// Whom a bounce to this local part is for; `None` where it is not ours, forged or too old.
    pub(crate) fn unwrap(&self, local: &str, now: i64) -> Option<String> {
        match read(local)? {
            Shape::First(rest) => {
                let mut parts = rest.get(1..)?.splitn(4, '=');
                let (hash, day) = (parts.next()?, parts.next()?);
                let (host, sender) = (parts.next()?, parts.next()?);
                let wanted = self.hash(&format!("srs0={day}={host}={sender}"));
                let fits = same(&wanted, &hash.to_lowercase()) && is_recent(day, now);
                (fits && !sender.is_empty()).then(|| format!("{sender}@{host}"))
            }
            Shape::Second { hash, host, rest } => {
                let wanted = self.hash(&format!("srs1={host}={rest}"));
                same(&wanted, &hash.to_lowercase()).then(|| format!("SRS0{rest}@{host}"))
            }
        }
    }

    /// Case is lost on the way at some servers, so it does not count.
    fn hash(&self, text: &str) -> String {
        let tag = hmac::sign(&self.0, text.to_lowercase().as_bytes());
        let bits = tag.as_ref().iter().flat_map(|byte| {
            let byte = *byte;
            (0..8u8).rev().map(move |bit| byte >> bit & 1)
        });
        let bits: Vec<u8> = bits.take(HASH_CHARS * 5).collect();
        bits.chunks(5)
            .map(|five| letter(five.iter().fold(0, |sum, bit| sum << 1 | i64::from(*bit))))
            .collect()
    }
}

/// Whether a local part has the form of such a return path, ours or another's.
pub(crate) fn is_return_path(local: &str) -> bool {
    read(local).is_some()
}

enum Shape<'a> {
    /// Behind "SRS0", the separator included.
    First(&'a str),
    Second {
        hash: &'a str,
        host: &'a str,
        /// Behind the first forwarder's "SRS0", its separator included.
        rest: &'a str,
    },
}

fn read(local: &str) -> Option<Shape<'_>> {
    let tag = local.get(..4)?;
    let rest = local.get(4..)?;
    if !rest.starts_with(['=', '+', '-']) {
        return None;
    }
    if tag.eq_ignore_ascii_case("SRS0") {
        return Some(Shape::First(rest));
    }
    if !tag.eq_ignore_ascii_case("SRS1") {
        return None;
    }
    let mut parts = rest.get(1..)?.splitn(3, '=');
    Some(Shape::Second {
        hash: parts.next()?,
        host: parts.next()?,
        rest: parts.next()?,
    })
}

fn letter(five_bits: i64) -> char {
    let at = usize::try_from(five_bits.rem_euclid(32)).unwrap_or(0);
    ALPHABET.get(at).map_or('a', |byte| char::from(*byte))
}

fn letters_of(day: i64) -> String {
    let day = day.rem_euclid(ROUND_DAYS);
    [letter(day / 32), letter(day % 32)].iter().collect()
}

fn is_recent(day: &str, now: i64) -> bool {
    let today = now.div_euclid(DAY_MS);
    let day = day.to_lowercase();
    (0..=LIFE_DAYS).any(|ago| letters_of(today - ago) == day)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000_000;

    fn local(address: &str) -> &str {
        address.rsplit_once('@').unwrap().0
    }

    #[test]
    fn a_return_path_leads_back() {
        let srs = Srs::new("khoa");
        for sender in [
            "an@gmail.example",
            "a=b+c@x.example",
            "Văn.Thư@tỉnh.vn",
            "srs0@x.example",
        ] {
            let made = srs.wrap(sender, "camau.vn", NOW).unwrap();
            assert!(
                made.starts_with("SRS0=") && made.ends_with("@camau.vn"),
                "{made}"
            );
            assert_eq!(srs.unwrap(local(&made), NOW).as_deref(), Some(sender));
            let lower = local(&made).to_lowercase();
            assert_eq!(
                srs.unwrap(&lower, NOW).unwrap(),
                sender.to_lowercase(),
                "case is lost on the way"
            );
        }
    }

    #[test]
    fn forged_and_old_ones_lead_nowhere() {
        let srs = Srs::new("khoa");
        let made = srs.wrap("an@gmail.example", "camau.vn", NOW).unwrap();
        let made = local(&made);
        for (address, why) in [
            (made.replace("an", "binh"), "another person"),
            (made.replace("gmail", "email"), "another domain"),
            ("SRS0=aaaaaa=aa=gmail.example=an".into(), "a guess"),
            ("SRS0=x".into(), "half of one"),
            ("SRS0".into(), "nothing"),
            (
                "SRS1=aaaaaa=x.example==a=b=c=d".into(),
                "a guess of the second kind",
            ),
            ("SRS1=x".into(), "half of the second kind"),
            ("an".into(), "no return path"),
        ] {
            assert_eq!(srs.unwrap(&address, NOW), None, "{why}");
        }
        assert_eq!(Srs::new("other").unwrap(made, NOW), None);
        assert!(srs.unwrap(made, NOW + LIFE_DAYS * DAY_MS).is_some());
        assert_eq!(srs.unwrap(made, NOW + (LIFE_DAYS + 1) * DAY_MS), None);
        assert_eq!(srs.unwrap(made, NOW - DAY_MS), None);
    }

    #[test]
    fn a_second_and_third_forwarder_keep_the_first() {
        let (first, second, third) = (Srs::new("1"), Srs::new("2"), Srs::new("3"));
        let one = first.wrap("an@x.example", "mot.vn", NOW).unwrap();
        let two = second.wrap(&one, "hai.vn", NOW).unwrap();
        assert!(
            two.starts_with("SRS1=") && two.contains("=mot.vn=="),
            "{two}"
        );
        let three = third.wrap(&two, "ba.vn", NOW).unwrap();
        assert!(
            three.contains("=mot.vn==") && three.ends_with("@ba.vn"),
            "{three}"
        );
        // From the third straight to the first, from there to the sender.
        assert_eq!(third.unwrap(local(&three), NOW).unwrap(), one);
        assert_eq!(first.unwrap(local(&one), NOW).unwrap(), "an@x.example");
        assert_eq!(second.unwrap(local(&three), NOW), None);
    }

    #[test]
    fn what_does_not_fit_is_left() {
        let srs = Srs::new("khoa");
        let long = format!("{}@x.example", "a".repeat(60));
        for sender in [
            long.as_str(),
            "\"a b\"@x.example",
            "an@[192.0.2.1]",
            "",
            "@x",
            "an@",
        ] {
            assert_eq!(srs.wrap(sender, "camau.vn", NOW), None, "{sender}");
        }
    }

    proptest::proptest! {
        #[test]
        fn anything_may_be_asked(text in ".{0,80}", tag in "(SRS[01][=+-])?") {
            let srs = Srs::new("khoa");
            let _ = (srs.unwrap(&format!("{tag}{text}"), NOW), srs.wrap(&text, "x.vn", NOW));
        }
    }
}
