//! STARTTLS in all its ways: opportunistic with a clear retry, required, pinned, implicit, injected.

use super::peer::{Fault, Script, peer};
use super::*;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{RootCertStore, ServerConfig};

pub fn certificate(name: &str) -> (Arc<ServerConfig>, Arc<RootCertStore>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec![name.to_string()]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = rustls_pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    (Arc::new(server), Arc::new(roots))
}

struct Case {
    tls: RouteTls,
    /// The certificate's name; the route asks for 127.0.0.1.
    name: &'static str,
    pinned: bool,
    offers: &'static [&'static str],
    faults: Vec<(&'static str, Fault, usize)>,
    expected: &'static str,
    /// Were the bytes encrypted, and what is written about the certificate (start)?
    encrypted: bool,
    certificate: &'static str,
}

const STARTTLS: &[&str] = &["STARTTLS", "PIPELINING"];

async fn check(case: Case) {
    let (server, roots) = certificate(case.name);
    let script = Script {
        offers: case.offers.to_vec(),
        faults: case.faults,
        tls: Some(server),
        implicit: case.tls == RouteTls::Implicit,
        blind: false,
    };
    let (port, log) = peer(script).await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 0);
    let pin = case.pinned.then_some(roots);
    config.routes.insert(
        "dich.example".into(),
        Route {
            pin,
            ..route(port, case.tls)
        },
    );
    let (fates, _) = send(&config, "dich.example", &["a@dich.example"]).await;
    let evidence = &fates[0].reason().evidence;
    let name = format!(
        "{:?} {} {:?} {:?}",
        case.tls, case.name, case.offers, evidence
    );
    assert_eq!(words(&fates), [case.expected], "{name}");
    assert_eq!(
        log.taken().len(),
        usize::from(case.expected == "sent"),
        "{name}"
    );
    assert!(
        log.taken()
            .iter()
            .all(|taken| taken.tls == case.encrypted && taken.body == LETTER),
        "{name}"
    );
    assert!(evidence.certificate.starts_with(case.certificate), "{name}");
    if case.encrypted && case.expected == "sent" {
        assert!(evidence.tls.starts_with("TLSv1.3 "), "{name}");
    }
}

#[tokio::test]
async fn opportunistic_encrypts_when_it_can_and_never_fails_for_it() {
    let case = || Case {
        tls: RouteTls::Opportunistic,
        name: "somebody.else.example",
        pinned: false,
        offers: STARTTLS,
        faults: vec![],
        expected: "sent",
        encrypted: true,
        certificate: "untrusted: ",
    };
    check(case()).await;
    check(Case {
        offers: &["PIPELINING"],
        encrypted: false,
        certificate: "",
        ..case()
    })
    .await;
    for fault in [Fault::Drop, Fault::Bytes(b"500 not TLS at all\r\n")] {
        let certificate = "clear text: TLS handshake";
        check(Case {
            faults: vec![("handshake", fault, 1)],
            encrypted: false,
            certificate,
            ..case()
        })
        .await;
    }
    let refused = vec![("STARTTLS", Fault::Say("454 4.7.0 not now"), 1)];
    check(Case {
        faults: refused,
        encrypted: false,
        certificate: "clear text: STARTTLS refused",
        ..case()
    })
    .await;
    let injected = vec![("STARTTLS", Fault::Bytes(b"220 go\r\n250 injected\r\n"), 1)];
    check(Case {
        faults: injected,
        encrypted: false,
        certificate: "clear text: TLS handshake: server sent",
        ..case()
    })
    .await;
}

#[tokio::test]
async fn required_and_pinned_routes_never_go_in_clear() {
    let case = || Case {
        tls: RouteTls::Required,
        name: "127.0.0.1",
        pinned: true,
        offers: STARTTLS,
        faults: vec![],
        expected: "sent",
        encrypted: true,
        certificate: "trusted",
    };
    check(case()).await;
    check(Case {
        tls: RouteTls::Implicit,
        ..case()
    })
    .await;
    let no = || Case {
        expected: "later",
        ..case()
    };
    check(Case {
        name: "somebody.else.example",
        certificate: "untrusted: ",
        ..no()
    })
    .await;
    check(Case {
        pinned: false,
        certificate: "untrusted: ",
        ..no()
    })
    .await;
    check(Case {
        pinned: false,
        certificate: "untrusted: ",
        tls: RouteTls::Implicit,
        ..no()
    })
    .await;
    check(Case {
        offers: &["PIPELINING"],
        certificate: "",
        ..no()
    })
    .await;
    check(Case {
        faults: vec![("handshake", Fault::Drop, 1)],
        certificate: "",
        ..no()
    })
    .await;
    let refused = vec![("STARTTLS", Fault::Say("454 4.7.0 not now"), 1)];
    check(Case {
        faults: refused,
        certificate: "",
        ..no()
    })
    .await;
    let injected = vec![("STARTTLS", Fault::Bytes(b"220 go\r\n250 injected\r\n"), 1)];
    check(Case {
        faults: injected,
        certificate: "",
        ..no()
    })
    .await;
}

#[tokio::test]
async fn a_letter_that_requires_tls_bounces_where_it_cannot_be_kept() {
    let (server, roots) = certificate("127.0.0.1");
    for (offers, expected) in [
        (vec!["STARTTLS", "REQUIRETLS"], "sent"),
        (vec!["STARTTLS"], "never"),
        (vec!["REQUIRETLS"], "never"),
    ] {
        let (port, log) = peer(Script {
            offers,
            tls: Some(server.clone()),
            ..Script::default()
        })
        .await;
        let dns = dns::dns(&[]).await;
        let mut config = config(&dns, 0);
        config.roots = roots.clone();
        config
            .routes
            .insert("dich.example".into(), route(port, RouteTls::Opportunistic));
        let body = Prepared::new(Bytes::from_static(LETTER));
        let mut letter = letter(&body, &["a@dich.example"]);
        letter.requiretls = true;
        let destination = attempt::destination(&config, "dich.example");
        let (fates, _) = Line::new(&config, &destination).deliver(&letter).await;
        assert_eq!(words(&fates), [expected]);
        assert_eq!(
            log.said("MAIL FROM:<a@ours.example> REQUIRETLS"),
            usize::from(expected == "sent")
        );
    }
}

/// A name's certificate by an authority, and both in DER.
pub fn chain(name: &str) -> (Arc<ServerConfig>, Vec<u8>, Vec<u8>) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let root_key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_cert = root.self_signed(&root_key).unwrap();
    let issuer = Issuer::new(root, root_key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_string()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone(), root_cert.der().clone()],
            rustls_pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    (
        Arc::new(server),
        leaf.der().to_vec(),
        root_cert.der().to_vec(),
    )
}

/// RFC 7672: the record decides, whatever authorities or dates say; no match means no delivery.
#[tokio::test]
async fn dane_records_decide() {
    use smtp::outbound::talk::{Opening, Talk};
    use smtp::outbound::trust::{Need, Tlsa};
    let sha256 = |bytes: &[u8]| {
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes)
            .as_ref()
            .to_vec()
    };
    let sha512 = |bytes: &[u8]| {
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, bytes)
            .as_ref()
            .to_vec()
    };
    let spki = |der: &[u8]| {
        let der = rustls_pki_types::CertificateDer::from(der.to_vec());
        let parsed = rustls::server::ParsedCertificate::try_from(&der).unwrap();
        parsed.subject_public_key_info().as_ref().to_vec()
    };
    let record = |usage, selector, matching, data: Vec<u8>| Tlsa {
        usage,
        selector,
        matching,
        data,
    };
    for (name, names_match) in [("mx.dich.example", true), ("other.example", false)] {
        let (server, leaf, root) = chain(name);
        let rows = [
            ("3 1 1", vec![record(3, 1, 1, sha256(&spki(&leaf)))], "dane"),
            ("3 0 1", vec![record(3, 0, 1, sha256(&leaf))], "dane"),
            ("3 0 0", vec![record(3, 0, 0, leaf.clone())], "dane"),
            ("3 1 2", vec![record(3, 1, 2, sha512(&spki(&leaf)))], "dane"),
            (
                "2 0 1",
                vec![record(2, 0, 1, sha256(&root))],
                if names_match { "dane" } else { "" },
            ),
            (
                "2 1 1",
                vec![record(2, 1, 1, sha256(&spki(&root)))],
                if names_match { "dane" } else { "" },
            ),
            (
                "wrong then right",
                vec![
                    record(3, 1, 1, vec![0; 32]),
                    record(3, 1, 1, sha256(&spki(&leaf))),
                ],
                "dane",
            ),
            ("wrong", vec![record(3, 1, 1, vec![0; 32])], ""),
            (
                "leaf as authority",
                vec![record(2, 0, 1, sha256(&leaf))],
                "",
            ),
            ("root as leaf", vec![record(3, 0, 1, sha256(&root))], ""),
            // PKIX usages say nothing here; with nothing usable: encrypted, unauthenticated (§2.2).
            (
                "1 1 1 only",
                vec![record(1, 1, 1, vec![0; 32])],
                "unchecked",
            ),
            (
                "1 and a wrong 3",
                vec![record(1, 1, 1, vec![0; 32]), record(3, 1, 1, vec![0; 32])],
                "",
            ),
        ];
        for (label, records, expected) in rows {
            let offers = vec!["STARTTLS"];
            let (port, _log) = peer(Script {
                offers,
                tls: Some(server.clone()),
                ..Script::default()
            })
            .await;
            let stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .unwrap();
            let dns = dns::dns(&[]).await;
            let opening = Opening {
                own_name: "mx.ours.example",
                host: "mx.dich.example",
                need: Need::Dane(records.into()),
                implicit_tls: false,
                roots: Arc::new(RootCertStore::empty()),
                credentials: None,
                helo: false,
                timeouts: config(&dns, 0).timeouts,
            };
            let opened = Talk::open(stream, &opening).await;
            let found = match &opened {
                Ok(talk) => talk.evidence().certificate.clone(),
                Err(_) => String::new(),
            };
            assert!(
                found.starts_with(expected) && opened.is_ok() != expected.is_empty(),
                "{name} {label}: {found}"
            );
        }
    }
}

/// A policy host on loopback; returns its port and how often it was asked.
async fn policy_host(
    server: Arc<ServerConfig>,
    policy: &'static str,
) -> (u16, Arc<std::sync::atomic::AtomicUsize>) {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    tokio::spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(server);
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut block = [0; 2048];
            let count = stream.read(&mut block).await.unwrap();
            assert!(block[..count].starts_with(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\n"));
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
                policy.len()
            );
            stream
                .write_all([head.as_bytes(), policy.as_bytes()].concat().as_slice())
                .await
                .unwrap();
            stream.flush().await.unwrap();
        }
    });
    (port, asked)
}

/// RFC 8461 §5: what is promised is kept, and what cannot be kept waits instead of going in clear.
#[tokio::test]
async fn an_mta_sts_policy_binds_us() {
    use smtp::outbound::sts::Policies;
    use std::sync::atomic::Ordering;
    let enforce = "version: STSv1\nmode: enforce\nmx: mx.dich.example\nmax_age: 86400\n";
    let other = "version: STSv1\nmode: enforce\nmx: other.example\nmax_age: 86400\n";
    let testing = "version: STSv1\nmode: testing\nmx: other.example\nmax_age: 86400\n";
    // (policy, certificate of the policy host is right, offers STARTTLS, certificate of the MX is right) -> fate, encrypted
    let rows = [
        (enforce, true, true, true, "sent", true),
        (enforce, true, true, false, "later", true),
        (enforce, true, false, true, "later", false),
        (other, true, true, true, "later", true),
        (testing, true, false, true, "sent", false),
        // A policy that cannot be fetched safely is none.
        (enforce, false, false, true, "sent", false),
    ];
    for (policy, host_right, starttls, mx_right, fate, encrypted) in rows {
        let (web, web_root) = certificate(if host_right {
            "mta-sts.dich.example"
        } else {
            "evil.example"
        });
        let (mx, mx_root) = certificate(if mx_right {
            "mx.dich.example"
        } else {
            "evil.example"
        });
        let mut roots = (*web_root).clone();
        roots.roots.extend(mx_root.roots.iter().cloned());
        let (sts_port, asked) = policy_host(web, policy).await;
        let offers = if starttls { vec!["STARTTLS"] } else { vec![] };
        let (port, log) = peer(Script {
            offers,
            tls: Some(mx),
            ..Script::default()
        })
        .await;
        let dns = dns::dns(&[
            "dich.example MX 10 mx.dich.example",
            "mx.dich.example A 127.0.0.1",
            "_mta-sts.dich.example TXT v=STSv1; id=1",
            "mta-sts.dich.example A 127.0.0.1",
        ])
        .await;
        let mut config = config(&dns, port);
        config.roots = Arc::new(roots);
        config.sts = Some(Arc::new(Policies::new(sts_port, None)));
        for _ in 0..2 {
            let (fates, _) = send(&config, "dich.example", &["a@dich.example"]).await;
            let evidence = &fates[0].reason().evidence;
            assert_eq!(
                words(&fates),
                [fate],
                "{policy} {host_right} {starttls} {mx_right}: {evidence:?}"
            );
        }
        assert_eq!(
            asked.load(Ordering::SeqCst),
            1,
            "a policy is fetched once, also when that fails"
        );
        assert!(log.taken().iter().all(|taken| taken.tls == encrypted));
        assert_eq!(log.taken().len(), if fate == "sent" { 2 } else { 0 });
    }
}
