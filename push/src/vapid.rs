//! The server's VAPID key (RFC 8292): made once at set-up, kept as PKCS#8 PEM, its public half given to browsers. Changing it
//! makes every subscription void, so it is never made anew when there is one.

use crate::Error;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use web_push::{PartialVapidSignatureBuilder, VapidSignatureBuilder};

/// The key pair. No `Debug`: it holds the secret.
#[derive(Clone)]
pub struct Vapid {
    builder: PartialVapidSignatureBuilder,
    public: String,
    topics: hmac::Key,
}

impl Vapid {
    /// A new secret as PKCS#8 PEM.
    pub fn generate_pem() -> Result<String, Error> {
        let broken = |what: &str| Error::Key(format!("making a P-256 key: {what}"));
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| broken("no key"))?;
        let der = pair.to_pkcs8v1().map_err(|_| broken("no PKCS#8"))?;
        let mut text = String::from("-----BEGIN PRIVATE KEY-----\n");
        let coded = STANDARD.encode(der.as_ref());
        let mut rest = coded.as_str();
        while !rest.is_empty() {
            let (line, tail) = rest.split_at(rest.len().min(64));
            text.push_str(line);
            text.push('\n');
            rest = tail;
        }
        text.push_str("-----END PRIVATE KEY-----\n");
        Ok(text)
    }

    /// Reads a secret from PEM (PKCS#8 or SEC 1).
    pub fn from_pem(pem: &str) -> Result<Vapid, Error> {
        let builder = VapidSignatureBuilder::from_pem_no_sub(pem.as_bytes())
            .map_err(|cause| Error::Key(format!("VAPID key: {cause}")))?;
        let public = URL_SAFE_NO_PAD.encode(builder.get_public_key());
        // Any secret of this server would do; deriving it from this one saves a file.
        let topics = hmac::Key::new(hmac::HMAC_SHA256, pem.trim().as_bytes());
        Ok(Vapid {
            builder,
            public,
            topics,
        })
    }

    /// The key in `path`; made there (mode 0600, whole or not at all) when there is none.
    pub fn load_or_make(path: &Path) -> Result<Vapid, Error> {
        let at = |cause: std::io::Error| Error::Key(format!("{}: {cause}", path.display()));
        match fs::read_to_string(path) {
            Ok(pem) => Vapid::from_pem(&pem),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                let pem = Vapid::generate_pem()?;
                let draft = path.with_extension("new");
                let mut file = fs::OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .mode(0o600)
                    .open(&draft)
                    .map_err(at)?;
                file.write_all(pem.as_bytes()).map_err(at)?;
                file.sync_all().map_err(at)?;
                fs::rename(&draft, path).map_err(at)?;
                Vapid::from_pem(&pem)
            }
            Err(cause) => Err(at(cause)),
        }
    }

    /// The uncompressed point, base64url: the page's `applicationServerKey`.
    pub fn public_base64url(&self) -> &str {
        &self.public
    }

    /// A tag over `text` that only this server can make.
    pub(crate) fn mac(&self, text: &[u8]) -> Vec<u8> {
        hmac::sign(&self.topics, text).as_ref().to_vec()
    }

    pub(crate) fn builder(&self) -> PartialVapidSignatureBuilder {
        self.builder.clone()
    }
}
