//! SCRAM-SHA-256 as the server computes it: verifiers of a secret, the messages read and written, the proof checked. Pure;
//! knows no account and no socket. Nothing here has `Debug`.  (RFC 5802, RFC 7677, RFC 9266)

use std::num::NonZeroU32;

use aws_lc_rs::{constant_time, digest, hmac, pbkdf2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// RFC 7677 §4 asks for 4096 at least; our secrets have 100 bits, so more would only slow the phones.
pub(crate) const ITERATIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(4_095);
/// Bytes of a salt.
pub(crate) const SALT_BYTES: usize = 16;
/// Bytes of a message of the client: a name, a nonce, a proof.
const MESSAGE_BYTES_MAX: usize = 2_048;
/// Bytes of a client's nonce.
const NONCE_BYTES_MAX: usize = 256;
const SCHEME: &str = "SCRAM-SHA-256$";

type Digest = [u8; 32];

/// What the table keeps of a secret: enough to check a proof, not enough to make one.
#[derive(Clone)]
pub(crate) struct Verifier {
    stored: Digest,
    server: Digest,
}

/// The verifiers of one secret, one for each way it is typed.
#[derive(Clone)]
pub(crate) struct Verifiers {
    pub salt: Vec<u8>,
    pub iterations: u32,
    pub keys: Vec<Verifier>,
}

impl Verifiers {
    pub(crate) fn of(forms: &[&str], salt: &[u8]) -> Verifiers {
        let one = |form: &&str| {
            let mut salted = Digest::default();
            let kind = pbkdf2::PBKDF2_HMAC_SHA256;
            pbkdf2::derive(kind, ITERATIONS, salt, form.as_bytes(), &mut salted);
            Verifier {
                stored: sha256(&mac(&salted, b"Client Key")),
                server: mac(&salted, b"Server Key"),
            }
        };
        Verifiers {
            salt: salt.to_vec(),
            iterations: ITERATIONS.get(),
            keys: forms.iter().map(one).collect(),
        }
    }

    /// RFC 5803's form, with a pair for each way of typing.
    pub(crate) fn write(&self) -> String {
        let pairs: Vec<String> = self
            .keys
            .iter()
            .map(|key| {
                format!(
                    "{}:{}",
                    STANDARD.encode(key.stored),
                    STANDARD.encode(key.server)
                )
            })
            .collect();
        let salt = STANDARD.encode(&self.salt);
        format!("{SCHEME}{}:{salt}${}", self.iterations, pairs.join(" "))
    }

    pub(crate) fn read(text: &str) -> Option<Verifiers> {
        let (head, pairs) = text.strip_prefix(SCHEME)?.split_once('$')?;
        let (iterations, salt) = head.split_once(':')?;
        let digest = |text: &str| Digest::try_from(STANDARD.decode(text).ok()?).ok();
        let pair = |text: &str| {
            let (stored, server) = text.split_once(':')?;
            Some(Verifier {
                stored: digest(stored)?,
                server: digest(server)?,
            })
        };
        Some(Verifiers {
            salt: STANDARD.decode(salt).ok()?,
            iterations: iterations.parse().ok()?,
            keys: pairs.split(' ').map(pair).collect::<Option<Vec<_>>>()?,
        })
    }
}

/// What ties an exchange to its TLS connection: the keying material of RFC 9266, where there is TLS.
#[derive(Clone, Copy)]
pub struct Channel<'a> {
    /// The mechanism was "-PLUS".
    pub plus: bool,
    pub exporter: Option<&'a [u8]>,
}

/// The client's first message, read.
pub(crate) struct First {
    /// As typed.
    pub user: String,
    /// base64 of what the last message must repeat (`c=`).
    binding: String,
    bare: String,
    nonce: String,
}

impl First {
    /// `None` for what is no such message, or asks for a binding that is not there (RFC 5802 §6).
    pub(crate) fn read(text: &str, channel: Channel<'_>) -> Option<First> {
        if text.len() > MESSAGE_BYTES_MAX {
            return None;
        }
        let (flag, rest) = text.split_once(',')?;
        let (acting, bare) = rest.split_once(',')?;
        let bound: &[u8] = match (flag, channel.plus, channel.exporter) {
            ("p=tls-exporter", true, Some(exporter)) => exporter,
            ("n", false, _) => b"",
            // "I could, but you do not": somebody took our offer away on the path.
            ("y", false, None) => b"",
            _ => return None,
        };
        let mut parts = bare.split(',');
        let user = name(parts.next()?.strip_prefix("n=")?)?;
        let nonce = parts.next()?.strip_prefix("r=")?.to_owned();
        let printable = nonce.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
        let fits = !user.is_empty() && !nonce.is_empty() && nonce.len() <= NONCE_BYTES_MAX;
        // Acting as somebody else is not offered.
        let as_oneself = acting.is_empty() || acting.strip_prefix("a=").and_then(name)? == user;
        let header = format!("{flag},{acting},");
        let binding = STANDARD.encode([header.as_bytes(), bound].concat());
        (fits && printable && as_oneself).then(|| First {
            user,
            binding,
            bare: bare.to_owned(),
            nonce,
        })
    }

    /// The server's first message; `ours` is random.
    pub(crate) fn challenge(self, ours: &str, salt: &[u8], iterations: u32) -> (Challenge, String) {
        let nonce = format!("{}{ours}", self.nonce);
        let said = format!("r={nonce},s={},i={iterations}", STANDARD.encode(salt));
        let challenge = Challenge {
            binding: self.binding,
            nonce,
            so_far: format!("{},{said}", self.bare),
        };
        (challenge, said)
    }
}

/// An exchange that waits for the proof.
pub(crate) struct Challenge {
    binding: String,
    nonce: String,
    so_far: String,
}

impl Challenge {
    /// Whose proof this is: the place of the verifier, and the server's last message.
    pub(crate) fn check<'a>(
        &self,
        text: &str,
        keys: impl Iterator<Item = &'a Verifier>,
    ) -> Option<(usize, String)> {
        if text.len() > MESSAGE_BYTES_MAX {
            return None;
        }
        let (said, proof) = text.rsplit_once(",p=")?;
        let proof = Digest::try_from(STANDARD.decode(proof).ok()?).ok()?;
        let mut parts = said.split(',');
        let binding = parts.next()?.strip_prefix("c=")?;
        let nonce = parts.next()?.strip_prefix("r=")?;
        let ours = binding == self.binding && nonce == self.nonce;
        let all = format!("{},{said}", self.so_far);
        let mut found = None;
        for (place, key) in keys.enumerate() {
            let signature = mac(&key.stored, all.as_bytes());
            let mut client = Digest::default();
            for (made, (one, other)) in client.iter_mut().zip(proof.iter().zip(signature)) {
                *made = one ^ other;
            }
            let fits = constant_time::verify_slices_are_equal(&sha256(&client), &key.stored);
            if fits.is_ok() && ours && found.is_none() {
                let last = STANDARD.encode(mac(&key.server, all.as_bytes()));
                found = Some((place, format!("v={last}")));
            }
        }
        found
    }
}

/// "=2C" is a comma and "=3D" an equals sign (RFC 5802 §5.1).
fn name(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut parts = text.split('=');
    name.push_str(parts.next()?);
    for part in parts {
        let (sign, rest) = if let Some(rest) = part.strip_prefix("2C") {
            (',', rest)
        } else {
            ('=', part.strip_prefix("3D")?)
        };
        name.push(sign);
        name.push_str(rest);
    }
    (!name.contains('\0')).then_some(name)
}

fn sha256(bytes: &[u8]) -> Digest {
    fixed(digest::digest(&digest::SHA256, bytes).as_ref())
}

pub(crate) fn mac(key: &[u8], text: &[u8]) -> Digest {
    fixed(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref())
}

fn fixed(bytes: &[u8]) -> Digest {
    let mut digest = Digest::default();
    for (to, from) in digest.iter_mut().zip(bytes) {
        *to = *from;
    }
    digest
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PLAIN: Channel<'static> = Channel {
        plus: false,
        exporter: None,
    };

    /// RFC 7677 §3, the whole exchange.
    #[test]
    fn the_rfcs_exchange() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let kept = Verifiers::of(&["other", "pencil"], &salt);
        let kept = Verifiers::read(&kept.write()).unwrap();
        let first = First::read("n,,n=user,r=rOprNGfwEbeRWgbNEkqO", PLAIN).unwrap();
        assert_eq!(first.user, "user");
        let ours = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let (challenge, said) = first.challenge(ours, &kept.salt, kept.iterations);
        assert_eq!(
            said,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        let last = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        let (place, end) = challenge.check(last, kept.keys.iter()).unwrap();
        assert_eq!(
            (place, end.as_str()),
            (1, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
        );
        let wrong = [
            last.replace("c=biws", "c=eSws"),
            last.replace("k0,p", "k1,p"),
            last.replace("dHzb", "dHza"),
            last.replace(",p=", ",q="),
            "c=biws".into(),
            String::new(),
        ];
        for text in wrong {
            assert!(challenge.check(&text, kept.keys.iter()).is_none(), "{text}");
        }
        assert!(challenge.check(last, kept.keys.iter().take(1)).is_none());
    }

    #[test]
    fn first_messages() {
        let exporter = Channel {
            plus: true,
            exporter: Some(b"0123"),
        };
        let user = |text: &str, channel| First::read(text, channel).map(|first| first.user);
        let rows = [
            ("n,,n=an@b.vn,r=x", PLAIN, Some("an@b.vn")),
            ("y,,n=an@b.vn,r=x", PLAIN, Some("an@b.vn")),
            ("n,a=an,n=an,r=x", PLAIN, Some("an")),
            ("n,,n=a=2Cb=3Dc,r=x,ext=1", PLAIN, Some("a,b=c")),
            ("p=tls-exporter,,n=an,r=x", exporter, Some("an")),
            ("p=tls-unique,,n=an,r=x", exporter, None),
            ("p=tls-exporter,,n=an,r=x", PLAIN, None),
            ("n,,n=an,r=x", exporter, None),
            ("n,a=binh,n=an,r=x", PLAIN, None),
            ("n,,m=1,n=an,r=x", PLAIN, None),
            ("n,,n=a=2,r=x", PLAIN, None),
            ("n,,n=,r=x", PLAIN, None),
            ("n,,n=an,r=", PLAIN, None),
            ("n,,n=an,r=ă", PLAIN, None),
            ("n,,n=an", PLAIN, None),
            ("", PLAIN, None),
        ];
        for (text, channel, expected) in rows {
            assert_eq!(user(text, channel).as_deref(), expected, "{text}");
        }
        // The offer of a binding was taken away on the path.
        let seen = Channel {
            plus: false,
            exporter: Some(b"0123"),
        };
        assert_eq!(user("y,,n=an,r=x", seen), None);
        assert!(user("n,,n=an,r=x", seen).is_some());
        assert!(user(&format!("n,,n={},r=x", "a".repeat(3_000)), PLAIN).is_none());
    }

    #[test]
    fn what_is_kept_is_read_or_refused() {
        for text in [
            "",
            "SCRAM-SHA-256$4096",
            "SCRAM-SHA-256$x:AAAA$A:B",
            "SCRAM-SHA-1$4096:AAAA$AAAA:AAAA",
        ] {
            assert!(Verifiers::read(text).is_none(), "{text}");
        }
    }
}
