//! DANE end to end: a zone signed with BIND's tools, served by BIND on loopback, validated by our resolver from a trust anchor of
//! our own. Skipped, loudly, where BIND is not installed.

use super::peer::{Script, peer_at};
use super::tls::chain;
use super::*;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::dnssec::TrustAnchors;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const TOOLS: [&str; 3] = [
    "/usr/sbin/named",
    "/usr/bin/dnssec-keygen",
    "/usr/bin/dnssec-signzone",
];
/// The root itself, so that the chain of trust needs no other zone.
const ZONE: &str = ".";

/// BIND serving the zone; ends with the test.
struct Bind {
    child: Child,
    port: u16,
    anchor: String,
    _folder: tempfile::TempDir,
}

impl Drop for Bind {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(folder: &Path, tool: &str, args: &[&str]) -> String {
    let out = Command::new(tool)
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{tool} {args:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).unwrap().trim().to_string()
}

fn bind(records: &str) -> Bind {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let key = run(
        at,
        TOOLS[1],
        &["-q", "-a", "ECDSAP256SHA256", "-f", "KSK", ZONE],
    );
    run(at, TOOLS[1], &["-q", "-a", "ECDSAP256SHA256", ZONE]);
    let zone = format!(
        "$TTL 60\n@ IN SOA ns. h. 1 60 60 600 60\n@ IN NS ns.\nns. IN A 127.0.0.1\n{records}"
    );
    std::fs::write(at.join("zone"), zone).unwrap();
    run(
        at,
        TOOLS[2],
        &["-S", "-o", ZONE, "-f", "zone.signed", "zone"],
    );
    let port = std::net::UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let folder_text = at.display();
    let conf = format!(
        "options {{ directory \"{folder_text}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; \
         pid-file none; session-keyfile none; recursion no; dnssec-validation no; minimal-responses no; }};\n\
         controls {{ }};\nzone \"{ZONE}\" {{ type primary; file \"zone.signed\"; }};\n"
    );
    std::fs::write(at.join("named.conf"), conf).unwrap();
    let child = Command::new(TOOLS[0])
        .args(["-g", "-c", "named.conf"])
        .current_dir(at)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let anchor = std::fs::read_to_string(at.join(format!("{key}.key"))).unwrap();
    let anchor = anchor
        .lines()
        .filter(|line| !line.starts_with(';'))
        .collect::<Vec<_>>()
        .join("\n")
        + "\n";
    Bind {
        child,
        port,
        anchor,
        _folder: folder,
    }
}

impl Bind {
    fn resolver(&self, anchor: &str) -> TokioResolver {
        let connections =
            [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = self.port;
                connection
            });
        let server =
            NameServerConfig::new("127.0.0.1".parse().unwrap(), true, connections.to_vec());
        let config = ResolverConfig::from_name_servers(vec![server]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("anchor");
        std::fs::write(&file, anchor).unwrap();
        let anchors = TrustAnchors::from_file(&file).unwrap();
        let mut builder =
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
                .with_trust_anchor(Arc::new(anchors));
        let options = builder.options_mut();
        options.use_hosts_file = ResolveHosts::Never;
        options.validate = true;
        options.edns0 = true;
        options.timeout = Duration::from_secs(2);
        builder.build().unwrap()
    }

    /// Until it answers.
    async fn ready(&self) {
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port))
                .await
                .is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("BIND does not answer");
    }
}

#[tokio::test]
async fn signed_records_decide_whether_and_how_mail_goes() {
    if !TOOLS.iter().all(|tool| Path::new(tool).exists()) {
        eprintln!("SKIPPED, NOT TESTED: BIND (bind9, bind9-utils) is not installed");
        return;
    }
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let sha256 =
        |bytes: &[u8]| hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    let (server, leaf, _) = chain("mx.right.signed.example");
    let tls = |offers: Vec<&'static str>| Script {
        offers,
        tls: Some(server.clone()),
        ..Script::default()
    };
    // One server on four addresses: each name's records say something else about it.
    let (first, right_log) = peer_at("127.0.0.2:0", tls(vec!["STARTTLS"])).await;
    let port = first.port();
    let at = |ip: &str| format!("{ip}:{port}");
    let (_, wrong_log) = peer_at(&at("127.0.0.3"), tls(vec!["STARTTLS"])).await;
    let (_, clear_log) = peer_at(&at("127.0.0.4"), tls(vec![])).await;
    let (_, none_log) = peer_at(&at("127.0.0.5"), tls(vec!["STARTTLS"])).await;
    let (good, bad) = (sha256(&leaf), "00".repeat(32));
    let mut records = String::new();
    for (name, ip, tlsa) in [
        ("right", "127.0.0.2", Some(&good)),
        ("wrong", "127.0.0.3", Some(&bad)),
        ("clear", "127.0.0.4", Some(&good)),
        ("none", "127.0.0.5", None),
    ] {
        records.push_str(&format!("{name}.signed.example. IN MX 10 mx.{name}.signed.example.\nmx.{name}.signed.example. IN A {ip}\n"));
        if let Some(tlsa) = tlsa {
            records.push_str(&format!(
                "_{port}._tcp.mx.{name}.signed.example. IN TLSA 3 0 1 {tlsa}\n"
            ));
        }
    }
    let bind = bind(&records);
    bind.ready().await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, port);
    config.resolver = bind.resolver(&bind.anchor);
    let rows = [
        ("right", "sent", "dane"),
        ("wrong", "later", "untrusted: "),
        ("clear", "later", ""),
        ("none", "sent", "untrusted: "),
    ];
    for (name, fate, certificate) in rows {
        let domain = format!("{name}.signed.example");
        let address = format!("a@{domain}");
        let (fates, _) = send(&config, &domain, &[&address]).await;
        let evidence = &fates[0].reason().evidence;
        assert_eq!(words(&fates), [fate], "{name}: {evidence:?}");
        assert!(
            evidence.certificate.starts_with(certificate),
            "{name}: {evidence:?}"
        );
    }
    assert_eq!(right_log.taken().len() + none_log.taken().len(), 2);
    assert!(right_log.taken()[0].tls);
    assert_eq!(wrong_log.taken().len() + clear_log.taken().len(), 0);
    // Signed by somebody else than the anchor says: no answer at all, so the mail waits.
    let other = run_key();
    config.resolver = bind.resolver(&other);
    let (fates, _) = send(&config, "right.signed.example", &["a@right.signed.example"]).await;
    assert_eq!(words(&fates), ["later"]);
    assert_eq!(
        fates[0].reason().evidence.enhanced.as_deref(),
        Some("4.4.3")
    );
    assert_eq!(right_log.taken().len(), 1);
}

/// A key that signed nothing.
fn run_key() -> String {
    let folder = tempfile::tempdir().unwrap();
    let key = run(
        folder.path(),
        TOOLS[1],
        &["-q", "-a", "ECDSAP256SHA256", "-f", "KSK", ZONE],
    );
    let text = std::fs::read_to_string(folder.path().join(format!("{key}.key"))).unwrap();
    text.lines()
        .filter(|line| !line.starts_with(';'))
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}
