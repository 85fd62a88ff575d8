//! What we ask of a server's certificate: nothing but a note in the history (opportunistic), a valid chain (routes,
//! MTA-STS), or a TLSA record (DANE, RFC 7672). Opens no connection.

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::{Arc, OnceLock};

/// One TLSA record (RFC 6698 §2.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tlsa {
    pub usage: u8,
    pub selector: u8,
    pub matching: u8,
    pub data: Vec<u8>,
}

impl Tlsa {
    /// RFC 7672 §3.1.3: DANE-TA(2) and DANE-EE(3) only, with what we can compute.
    pub fn is_usable(&self) -> bool {
        matches!(self.usage, 2 | 3)
            && self.selector <= 1
            && self.matching <= 2
            && !self.data.is_empty()
    }
}

/// How the connection must be protected.
#[derive(Clone)]
pub enum Need {
    /// Never STARTTLS.
    Clear,
    /// When offered; a failed handshake is retried in clear.
    Opportunistic,
    /// Not without a certificate that proves the host to these authorities.
    Valid(Arc<RootCertStore>),
    /// Not without a certificate that matches one of these; none usable: encrypted, unauthenticated (RFC 7672 §2.2).
    Dane(Arc<[Tlsa]>),
}

impl Need {
    pub fn must_encrypt(&self) -> bool {
        matches!(self, Need::Valid(_) | Need::Dane(_))
    }

    /// Whose demand a failure breaks, to follow the failure's own words in a trace.
    pub fn demand(&self) -> &'static str {
        match self {
            Need::Clear | Need::Opportunistic => "",
            Need::Valid(_) => " (required by the domain's MTA-STS policy or our route)",
            Need::Dane(_) => " (required by the domain's TLSA record, DANE)",
        }
    }
}

/// Checks one handshake and remembers what it found.
#[derive(Debug)]
pub struct Verifier {
    provider: Arc<CryptoProvider>,
    webpki: Option<Arc<WebPkiServerVerifier>>,
    tlsa: Option<Arc<[Tlsa]>>,
    must: bool,
    found: OnceLock<String>,
}

impl Verifier {
    /// `roots` judge where nothing else does.
    pub fn new(need: &Need, roots: &Arc<RootCertStore>) -> Arc<Verifier> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let (roots, tlsa) = match need {
            Need::Valid(own) => (own, None),
            Need::Dane(records) => (roots, Some(records.clone())),
            Need::Clear | Need::Opportunistic => (roots, None),
        };
        Arc::new(Verifier {
            webpki: webpki(roots, &provider),
            provider,
            tlsa,
            must: need.must_encrypt(),
            found: OnceLock::new(),
        })
    }

    /// "trusted", "dane", "untrusted: …", or "" when no certificate was seen.
    pub fn found(&self) -> String {
        self.found.get().cloned().unwrap_or_default()
    }

    pub fn client_config(self: &Arc<Self>) -> Result<Arc<ClientConfig>, Error> {
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(self.clone())
            .with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Arc::new(config))
    }

    fn judge(
        &self,
        end: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<&'static str, Error> {
        match &self.tlsa {
            None => match &self.webpki {
                None => Err(Error::General("no authorities to check against".into())),
                Some(webpki) => webpki
                    .verify_server_cert(end, chain, name, &[], now)
                    .map(|_| "trusted"),
            },
            Some(records) if !records.iter().any(Tlsa::is_usable) => {
                Ok("unchecked: no usable TLSA")
            }
            Some(records) => self.judge_dane(records, end, chain, name, now),
        }
    }

    fn judge_dane(
        &self,
        records: &[Tlsa],
        end: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<&'static str, Error> {
        for record in records.iter().filter(|record| record.is_usable()) {
            // DANE-EE: the key is the proof; names and dates do not matter (RFC 7672 §3.1.1).
            if record.usage == 3 && matches(record, end) {
                return Ok("dane");
            }
            // DANE-TA: an authority in the chain, which must then vouch for the name (§3.1.2).
            for authority in chain
                .iter()
                .filter(|c| record.usage == 2 && matches(record, c))
            {
                let mut roots = RootCertStore::empty();
                if roots.add(authority.clone().into_owned()).is_ok()
                    && let Some(judge) = webpki(&Arc::new(roots), &self.provider)
                    && judge.verify_server_cert(end, chain, name, &[], now).is_ok()
                {
                    return Ok("dane");
                }
            }
        }
        Err(Error::InvalidCertificate(
            CertificateError::ApplicationVerificationFailure,
        ))
    }
}

fn webpki(
    roots: &Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Option<Arc<WebPkiServerVerifier>> {
    WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone())
        .build()
        .ok()
}

/// RFC 6698 §2.1: selector 0 whole certificate, 1 SubjectPublicKeyInfo; matching 0 bytes, 1 SHA-256, 2 SHA-512.
fn matches(record: &Tlsa, certificate: &CertificateDer<'_>) -> bool {
    let selected = if record.selector == 0 {
        certificate.as_ref().to_vec()
    } else {
        match ParsedCertificate::try_from(certificate) {
            Ok(parsed) => parsed.subject_public_key_info().as_ref().to_vec(),
            Err(_) => return false,
        }
    };
    let digest = |algorithm| {
        aws_lc_rs::digest::digest(algorithm, &selected)
            .as_ref()
            .to_vec()
    };
    record.data
        == match record.matching {
            0 => selected,
            1 => digest(&aws_lc_rs::digest::SHA256),
            _ => digest(&aws_lc_rs::digest::SHA512),
        }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.judge(end, chain, name, now);
        let words = match &verdict {
            Ok(words) => words.to_string(),
            Err(cause) => format!("untrusted: {cause}"),
        };
        self.found.get_or_init(|| words);
        match verdict {
            Err(cause) if self.must => Err(cause),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
