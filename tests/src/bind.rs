//! DNS of Debian's packages on loopback: BIND serves one signed zone (the root itself, so that the chain of trust needs no other),
//! Unbound validates in front of it on port 53 of an address of the test's own. Ends with the test.

use crate::tool::good;
use crate::wait_for;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const NAMED: &str = "/usr/sbin/named";
const UNBOUND: &str = "/usr/sbin/unbound";

pub struct Bind {
    pub ip: Ipv4Addr,
    children: Vec<Child>,
    folder: tempfile::TempDir,
}

impl Bind {
    /// Serves these zone file lines, signed.
    pub fn start(ip: Ipv4Addr, records: &[String]) -> Bind {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().to_owned();
        let key = tool(
            &at,
            "dnssec-keygen",
            &["-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "."],
        );
        tool(&at, "dnssec-keygen", &["-q", "-a", "ECDSAP256SHA256", "."]);
        let zone = format!(
            "$TTL 60\n@ IN SOA ns. h. 1 60 60 600 60\n@ IN NS ns.\nns. IN A {ip}\n{}\n",
            records.join("\n")
        );
        std::fs::write(at.join("zone"), zone).unwrap();
        tool(
            &at,
            "dnssec-signzone",
            &["-S", "-o", ".", "-f", "zone.signed", "zone"],
        );
        let public = std::fs::read_to_string(at.join(format!("{}.key", key.trim()))).unwrap();
        let public = public.lines().find(|line| !line.starts_with(';')).unwrap();
        std::fs::write(at.join("anchor"), format!("{public}\n")).unwrap();
        // BIND listens on addresses of an interface only; Unbound on any that is local.
        let port = crate::free_port();
        let at_shown = at.display();
        let authority = format!(
            "options {{ directory \"{at_shown}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; \
             session-keyfile none; allow-query {{ any; }}; recursion no; dnssec-validation no; }};\n\
             controls {{ }};\nzone \".\" {{ type primary; file \"zone.signed\"; }};\n"
        );
        let resolver = format!(
            "server:\n chroot: \"\"\n directory: \"{at_shown}\"\n username: \"\"\n pidfile: \"\"\n use-syslog: no\n do-daemonize: no\n \
             interface: {ip}\n port: 53\n access-control: 127.0.0.0/8 allow\n do-not-query-localhost: no\n do-ip6: no\n \
             trust-anchor-file: anchor\n qname-minimisation: no\n num-threads: 1\n verbosity: 1\n local-zone: \"127.in-addr.arpa.\" transparent\n\
             remote-control:\n control-enable: no\n\
             stub-zone:\n name: \".\"\n stub-addr: 127.0.0.1@{port}\n"
        );
        std::fs::write(at.join("authority.conf"), authority).unwrap();
        std::fs::write(at.join("resolver.conf"), resolver).unwrap();
        let children = vec![
            server(
                &at,
                &[NAMED, "-g", "-n", "1", "-c", "authority.conf"],
                (Ipv4Addr::LOCALHOST, port),
            ),
            server(&at, &[UNBOUND, "-d", "-p", "-c", "resolver.conf"], (ip, 53)),
        ];
        Bind {
            ip,
            children,
            folder,
        }
    }

    /// The zone's key as a file, to trust.
    pub fn anchor(&self) -> PathBuf {
        self.folder.path().join("anchor")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("unbound.log")).unwrap_or_default()
    }

    /// What a resolver's configuration file says to use this one.
    pub fn resolv_conf(&self) -> String {
        format!("nameserver {}\noptions edns0 trust-ad\n", self.ip)
    }
}

impl Drop for Bind {
    fn drop(&mut self) {
        for child in &mut self.children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        if std::thread::panicking() {
            eprintln!("--- BIND\n{}", self.log());
        }
    }
}

/// Starts a server and waits until it listens; its words go to a file named after it.
fn server(folder: &Path, program: &[&str], at: (Ipv4Addr, u16)) -> Child {
    let log_path = folder
        .join(Path::new(program[0]).file_name().unwrap())
        .with_extension("log");
    let log = std::fs::File::create(&log_path).unwrap();
    let mut child = Command::new(program[0])
        .args(&program[1..])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|cause| panic!("{program:?}: {cause}; ./check installs it"));
    wait_for(program[0], || {
        if let Some(ended) = child.try_wait().unwrap() {
            panic!(
                "{program:?}: {ended}\n{}",
                std::fs::read_to_string(&log_path).unwrap()
            );
        }
        TcpStream::connect(at).ok()
    });
    child
}

fn tool(folder: &Path, name: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(Path::new("/usr/bin").join(name));
    command.args(arguments).current_dir(folder);
    good(command, b"")
}

/// A TLSA line (3 1 1: this key, whoever signed it) for the SMTP port of a host.  (RFC 7672 §3.1.1)
pub fn tlsa(host: &str, certificate: &Path) -> String {
    let mut key = Command::new("sh");
    key.arg("-c")
        .arg("openssl x509 -in \"$0\" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r")
        .arg(certificate);
    let digest = good(key, b"");
    let digest = digest.split_whitespace().next().unwrap();
    format!("_25._tcp.{host}. IN TLSA 3 1 1 {digest}")
}
