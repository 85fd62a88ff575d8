//! One DKIM key: RSA-2048 (every verifier) or Ed25519 (RFC 8463), as PKCS#8 PEM. Its secret is never shown or logged.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaPair, KeySize};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_auth::arc::ArcSealer;
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256, SigningKey};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{Canonicalization, DkimSigner, Done};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;

/// Header fields that are signed (RFC 6376 §5.4.1); From twice, so that nobody adds a second one (§8.15).
const SIGNED_FIELDS: [&str; 18] = [
    "From",
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Sender",
    "Auto-Submitted",
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// 2048 bits (RFC 8301 §3.2).
    Rsa,
    /// RFC 8463.
    Ed25519,
}

impl Algorithm {
    pub const ALL: [Algorithm; 2] = [Algorithm::Rsa, Algorithm::Ed25519];
    /// The `k=` tag.
    pub fn word(self) -> &'static str {
        match self {
            Algorithm::Rsa => "rsa",
            Algorithm::Ed25519 => "ed25519",
        }
    }
}

#[derive(thiserror::Error, Debug)]
pub enum KeyError {
    #[error("making a key failed")]
    Generate,
    #[error("{0}: not a PKCS#8 PEM private key of RSA or Ed25519")]
    Unreadable(String),
    #[error("{path}: {cause}")]
    File { path: String, cause: std::io::Error },
    #[error("signing failed: {0}")]
    Sign(String),
}

enum Signer {
    Rsa(Box<DkimSigner<RsaKey<Sha256>, Done>>),
    Ed25519(Box<DkimSigner<Ed25519Key, Done>>),
}

/// A key of one domain under one selector. No `Debug`: it holds the secret.
pub struct Key {
    domain: String,
    selector: String,
    algorithm: Algorithm,
    /// The value of the `p=` tag.
    public: String,
    signer: Signer,
    /// RSA alone: verifiers of ARC know no other (RFC 8617 §4.1.2).
    pub(super) sealer: Option<Box<Sealer>>,
}

pub(super) type Sealer = ArcSealer<RsaKey<Sha256>, Done>;

/// Header fields under a seal: those of a signature, once, and the signatures that came with the letter (RFC 8617 §4.1.2).
const SEALED_FIELDS: [&str; 16] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "DKIM-Signature",
];

/// Makes a new secret as PKCS#8 PEM.
pub fn generate_pem(algorithm: Algorithm) -> Result<String, KeyError> {
    let der = match algorithm {
        Algorithm::Rsa => {
            let pair = RsaPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generate)?;
            let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Generate)?;
            der.as_ref().to_vec()
        }
        Algorithm::Ed25519 => {
            let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Generate)?;
            let document = pair.to_pkcs8().map_err(|_| KeyError::Generate)?;
            document.as_ref().to_vec()
        }
    };
    Ok(pem(&der))
}

impl Key {
    /// Reads a secret from PEM; which algorithm it is shows in the key itself.
    pub fn from_pem(domain: &str, selector: &str, text: &str) -> Result<Key, KeyError> {
        let unreadable = || KeyError::Unreadable(format!("{selector}._domainkey.{domain}"));
        let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).map_err(|_| unreadable())?;
        let der = der.secret_pkcs8_der();
        let mut sealer = None;
        let (algorithm, public, signer) = if let Ok(pair) = RsaPair::from_pkcs8(der) {
            let spki: PublicKeyX509Der<'_> =
                pair.public_key().as_der().map_err(|_| unreadable())?;
            let key = RsaKey::<Sha256>::from_key_der(PrivatePkcs8KeyDer::from(der).into())
                .map_err(|_| unreadable())?;
            let same = RsaKey::<Sha256>::from_key_der(PrivatePkcs8KeyDer::from(der).into())
                .map_err(|_| unreadable())?;
            sealer = Some(Box::new(
                ArcSealer::from_key(same)
                    .domain(domain)
                    .selector(selector)
                    .headers(SEALED_FIELDS),
            ));
            (
                Algorithm::Rsa,
                STANDARD.encode(spki.as_ref()),
                Signer::Rsa(Box::new(signer(key, domain, selector))),
            )
        } else {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| unreadable())?;
            let key = Ed25519Key::from_pkcs8_maybe_unchecked_der(der).map_err(|_| unreadable())?;
            (
                Algorithm::Ed25519,
                STANDARD.encode(pair.public_key().as_ref()),
                Signer::Ed25519(Box::new(signer(key, domain, selector))),
            )
        };
        Ok(Key {
            domain: domain.to_string(),
            selector: selector.to_string(),
            algorithm,
            public,
            signer,
            sealer,
        })
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn selector(&self) -> &str {
        &self.selector
    }

    /// Name of the TXT record to publish.
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// Text of the TXT record (RFC 6376 §3.6.1): SubjectPublicKeyInfo for RSA, the bare 32 bytes for Ed25519 (RFC 8463 §4).
    pub fn record_text(&self) -> String {
        format!("v=DKIM1; k={}; p={}", self.algorithm.word(), self.public)
    }

    /// The DKIM-Signature field, CRLF included, for a letter with CRLF line ends.
    pub fn signature_field(&self, letter: &[u8]) -> Result<String, KeyError> {
        let signed = match &self.signer {
            Signer::Rsa(signer) => signer.sign(letter),
            Signer::Ed25519(signer) => signer.sign(letter),
        };
        signed
            .map(|signature| signature.to_header())
            .map_err(|cause| KeyError::Sign(cause.to_string()))
    }
}

fn signer<T: SigningKey>(key: T, domain: &str, selector: &str) -> DkimSigner<T, Done> {
    DkimSigner::from_key(key)
        .domain(domain)
        .selector(selector)
        .headers(SIGNED_FIELDS)
        .header_canonicalization(Canonicalization::Relaxed)
        .body_canonicalization(Canonicalization::Relaxed)
}

/// RFC 7468 text of a PKCS#8 secret.
fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN PRIVATE KEY-----\n");
    let coded = STANDARD.encode(der);
    let mut rest = coded.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    text
}
