//! TLS for every door: one resolver that chooses a certificate by name and takes new files without a restart.
//! TLS 1.2 and 1.3 only, session tickets on. Never talks to a network.

use crate::fault::{self, Fault};
use crate::limits;
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;
use tokio_util::sync::CancellationToken;

/// Where one certificate chain and its key lie, as PEM.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// All certificates of the installation; the first one serves names that no other one fits.
#[derive(Debug)]
pub struct Certificates {
    pairs: Vec<Pair>,
    loaded: ArcSwap<Vec<Arc<CertifiedKey>>>,
}

impl Certificates {
    pub fn load(pairs: Vec<Pair>) -> Result<Arc<Self>, Fault> {
        let loaded = pairs.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Arc::new(Certificates {
            pairs,
            loaded: ArcSwap::from_pointee(loaded),
        }))
    }

    /// Reads all files again; on a fault the certificates in use stay.
    pub fn reload(&self) -> Result<(), Fault> {
        let loaded = self.pairs.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        self.loaded.store(Arc::new(loaded));
        Ok(())
    }

    /// Takes new files as they appear (ACME clients rename them into place), and at once when `asked` is notified.
    pub async fn watch(
        self: Arc<Self>,
        asked: Arc<tokio::sync::Notify>,
        shutdown: CancellationToken,
    ) {
        let mut seen = self.times();
        loop {
            let must = tokio::select! {
                () = shutdown.cancelled() => return,
                () = asked.notified() => true,
                () = tokio::time::sleep(limits::CERTIFICATE_LOOK) => false,
            };
            let now = self.times();
            if !must && now == seen {
                continue;
            }
            match self.reload() {
                Ok(()) => tracing::info!("certificates read again"),
                Err(fault) => {
                    tracing::error!(reason = %fault.reason.en, "new certificates not taken, the old ones stay")
                }
            }
            seen = now;
        }
    }

    fn times(&self) -> Vec<Option<SystemTime>> {
        let time = |path: &PathBuf| {
            std::fs::metadata(path)
                .and_then(|file| file.modified())
                .ok()
        };
        self.pairs
            .iter()
            .flat_map(|pair| [time(&pair.certificate), time(&pair.key)])
            .collect()
    }

    /// The TLS side of one listener; `alpn` is empty for mail.
    pub fn server_config(self: &Arc<Self>, alpn: &[&[u8]]) -> Result<Arc<ServerConfig>, Fault> {
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(|cause| {
            Fault::failed(
                format!("không tạo được khóa phiên TLS: {cause}"),
                format!("no TLS ticket keys: {cause}"),
            )
        })?;
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let loaded = self.loaded.load();
        let fits = hello
            .server_name()
            .and_then(|name| ServerName::try_from(name).ok())
            .and_then(|name| loaded.iter().find(|key| is_for(key, &name)));
        fits.or_else(|| loaded.first()).map(Arc::clone)
    }
}

fn is_for(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    key.end_entity_cert()
        .ok()
        .and_then(|der| ParsedCertificate::try_from(der).ok())
        .is_some_and(|parsed| verify_server_name(&parsed, name).is_ok())
}

fn read(pair: &Pair) -> Result<Arc<CertifiedKey>, Fault> {
    let bad = |path: &PathBuf, cause: String| {
        Fault::failed(
            format!(
                "chứng thư hoặc khóa trong {} không dùng được: {cause}",
                path.display()
            ),
            format!(
                "the certificate or key in {} is not usable: {cause}",
                path.display()
            ),
        )
        .remedy(
            "cần tệp PEM: chuỗi chứng thư đầy đủ, và khóa riêng đi với nó",
            "PEM is needed: the whole chain, and the private key that belongs to it",
        )
    };
    let text = |path: &PathBuf| std::fs::read(path).map_err(|cause| fault::file(path, &cause));
    let chain = CertificateDer::pem_slice_iter(&text(&pair.certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|cause| bad(&pair.certificate, cause.to_string()))?;
    if chain.is_empty() {
        return Err(bad(&pair.certificate, "no certificate".into()));
    }
    let key = PrivateKeyDer::from_pem_slice(&text(&pair.key)?)
        .map_err(|cause| bad(&pair.key, cause.to_string()))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let certified = CertifiedKey::from_der(chain, key, &provider)
        .map_err(|cause| bad(&pair.key, cause.to_string()))?;
    Ok(Arc::new(certified))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::cert;

    fn pair(folder: &std::path::Path, names: &[&str]) -> Pair {
        cert::self_signed(folder, names).unwrap();
        Pair {
            certificate: folder.join(cert::CHAIN),
            key: folder.join(cert::KEY),
        }
    }

    #[test]
    fn names_choose_and_new_files_are_taken() {
        let first = tempfile::tempdir().unwrap();
        let second = tempfile::tempdir().unwrap();
        let certificates = Certificates::load(vec![
            pair(first.path(), &["thu.mot.example"]),
            pair(second.path(), &["thu.hai.example"]),
        ])
        .unwrap();
        let name = ServerName::try_from("thu.hai.example").unwrap();
        let found = |certificates: &Certificates| {
            let loaded = certificates.loaded.load();
            loaded.iter().position(|key| is_for(key, &name))
        };
        assert_eq!(found(&certificates), Some(1));
        cert::self_signed(first.path(), &["thu.hai.example"]).unwrap();
        certificates.reload().unwrap();
        assert_eq!(found(&certificates), Some(0));
    }

    #[test]
    fn a_broken_file_keeps_the_old_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::load(vec![pair(folder.path(), &["a.example"])]).unwrap();
        std::fs::write(folder.path().join(cert::CHAIN), "rubbish").unwrap();
        assert!(certificates.reload().is_err());
        assert_eq!(certificates.loaded.load().len(), 1);
    }
}
