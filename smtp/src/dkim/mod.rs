//! DKIM keys of our domains (RFC 6376, RFC 8463): made at set-up, loaded from a folder, two signatures on every letter
//! that leaves. Never fetches or checks anybody's key.
//!
//! On disk: `FOLDER/DOMAIN/SELECTOR.pem`, PKCS#8, mode 0600. Every `.pem` there signs; what else may stand behind it, `ring`
//! says.

pub mod key;
pub mod ring;
mod seal;
mod tend;

pub use key::{Algorithm, Key, KeyError};
pub use seal::results_on_top;
pub use tend::{Tender, Waiting, record};

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{PoisonError, RwLock};

/// The keys of all our domains; empty means nothing is signed. No `Debug`: it holds secrets.
#[derive(Default)]
pub struct Keys {
    domains: RwLock<HashMap<String, Vec<Key>>>,
    /// (domain, host name) in whose name forwarded letters are sealed; None seals nothing.
    home: Option<(String, String)>,
}

impl Keys {
    /// Every key in the folder; a folder that is not there holds none. An unreadable key is an error, not a gap.
    pub fn load(folder: &Path) -> Result<Keys, KeyError> {
        let mut keys = Keys::default();
        for domain_folder in entries(folder)? {
            let Some(domain) = file_name(&domain_folder) else {
                continue;
            };
            if !domain_folder.is_dir() {
                continue;
            }
            for path in entries(&domain_folder)? {
                let name = file_name(&path).unwrap_or_default();
                let Some(selector) = name.strip_suffix(".pem") else {
                    continue;
                };
                let text = fs::read_to_string(&path).map_err(|cause| at(&path, cause))?;
                keys.add(Key::from_pem(&domain, selector, &text)?, &domain);
            }
        }
        Ok(keys)
    }

    /// Makes an RSA and an Ed25519 key for a domain that has none, under `TAG-rsa` and `TAG-ed25519` (`TAG`: a date like
    /// "202611"). Returns whether any was made; what is there stays.
    pub fn make(folder: &Path, domain: &str, tag: &str) -> Result<bool, KeyError> {
        let home = folder.join(domain.to_ascii_lowercase());
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&home)
            .map_err(|cause| at(&home, cause))?;
        let pem = |path: &std::path::PathBuf| path.extension().is_some_and(|e| e == "pem");
        if entries(&home)?.iter().any(pem) {
            return Ok(false);
        }
        for algorithm in Algorithm::ALL {
            let path = home.join(format!("{tag}-{}.pem", algorithm.word()));
            let secret = key::generate_pem(algorithm)?;
            write_secret(&path, &secret).map_err(|cause| at(&path, cause))?;
        }
        Ok(true)
    }

    /// The same keys, which also seal what we forward: with the keys of `domain`, over results that `host_name` wrote.
    pub fn sealing(self, domain: &str, host_name: &str) -> Keys {
        let home = (domain.to_ascii_lowercase(), host_name.to_owned());
        Keys {
            home: Some(home),
            ..self
        }
    }

    /// The name under which results of ours are written, where letters are sealed.
    pub fn host_name(&self) -> Option<&str> {
        self.home.as_ref().map(|(_, host_name)| host_name.as_str())
    }

    /// What `of` says of a domain's keys.
    fn with<T>(&self, domain: &str, of: impl FnOnce(&[Key]) -> T) -> T {
        let domains = self.domains.read().unwrap_or_else(PoisonError::into_inner);
        let keys = domains.get(&domain.to_ascii_lowercase());
        of(keys.map(Vec::as_slice).unwrap_or_default())
    }

    /// Signs with these from now on; letters under way keep what they have.
    pub fn replace(&self, newer: Keys) {
        let newer = newer
            .domains
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        *self.domains.write().unwrap_or_else(PoisonError::into_inner) = newer;
    }

    pub fn add(&mut self, key: Key, domain: &str) {
        self.domains
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(domain.to_ascii_lowercase())
            .or_default()
            .push(key);
    }

    /// (name, text) of the TXT records to publish for a domain.
    pub fn records(&self, domain: &str) -> Vec<(String, String)> {
        self.with(domain, |keys| {
            keys.iter()
                .map(|key| (key.record_name(), key.record_text()))
                .collect()
        })
    }

    /// Signatures of the house's own domain under a letter of a stranger; "" where From is of a domain that DMARC might take
    /// for one of ours: two labels in common are enough to leave it, as nobody here knows where a registry ends.
    pub fn house_signatures(&self, author: &str, letter: &[u8]) -> Result<String, KeyError> {
        let Some((home, _)) = &self.home else {
            return Ok(String::new());
        };
        let end = |domain: &str| -> Vec<String> {
            let labels = domain.trim_end_matches('.').rsplit('.').take(2);
            labels.map(str::to_ascii_lowercase).collect()
        };
        let domains = self.domains.read().unwrap_or_else(PoisonError::into_inner);
        let near = domains.keys().any(|ours| end(ours) == end(author));
        drop(domains);
        if near || !author.contains('.') {
            return Ok(String::new());
        }
        self.signatures(home, letter)
    }

    /// The signature fields for a letter whose From is in `domain`; "" when we hold no key for it. The letter must be
    /// exactly what will be sent: CRLF line ends, already fitted to the peer.
    pub fn signatures(&self, domain: &str, letter: &[u8]) -> Result<String, KeyError> {
        self.with(domain, |keys| {
            keys.iter().map(|key| key.signature_field(letter)).collect()
        })
    }
}

fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>, KeyError> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(at(folder, cause)),
    };
    let mut paths = Vec::new();
    for entry in listing {
        paths.push(entry.map_err(|cause| at(folder, cause))?.path());
    }
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> Option<String> {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
}

/// Written whole under another name, then renamed: a crash leaves no half key.
fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

fn at(path: &Path, cause: std::io::Error) -> KeyError {
    KeyError::File {
        path: path.display().to_string(),
        cause,
    }
}

#[cfg(test)]
mod tests;
