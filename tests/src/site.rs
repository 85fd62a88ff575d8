//! The real program set up as an installation is: `init`, its printed DNS records, `account add`, `serve`; on a loopback address
//! of its own with the standard ports, so that peers find it as they would on the Internet. Needs root for those ports.

use crate::tool::{congthu, good, limited, run};
use crate::{Imap, Smtp, wait_for};
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub const DOMAIN: &str = "vamxanh.example";
pub const HOST: &str = "mx.vamxanh.example";
pub const LAN: &str = "lan.nt@vamxanh.example";
/// An address that needs SMTPUTF8.
pub const VAN_THU: &str = "văn.thư@vamxanh.example";
pub const PASSWORD: &str = "mot cau mat khau dai";

/// A loopback address where nobody listens on the ports of mail, DNS and the web.
pub fn loopback() -> Ipv4Addr {
    let mut seed =
        std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), std::process::id());
    for _ in 0..1_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let [_, b, c, d, ..] = (seed >> 16).to_be_bytes().map(|octet| octet.clamp(2, 250));
        let ip = Ipv4Addr::new(127, b.max(64), c, d);
        let free = |port| TcpListener::bind((ip, port)).is_ok();
        if [25, 53, 443].into_iter().all(free) {
            return ip;
        }
    }
    panic!(
        "no loopback address with ports 25, 53 and 443; is this root, and does nobody listen on 0.0.0.0 there?"
    );
}

pub struct Site {
    pub ip: Ipv4Addr,
    /// What `init` said to publish, with our address put in; one zone file line each.
    pub records: Vec<String>,
    folder: tempfile::TempDir,
    environment: Vec<(String, PathBuf)>,
    child: Option<Child>,
}

impl Site {
    /// Set up, not yet running.
    pub fn new() -> Site {
        let folder = tempfile::tempdir().unwrap();
        let mut site = Site {
            ip: loopback(),
            records: Vec::new(),
            folder,
            environment: Vec::new(),
            child: None,
        };
        let mut init = Command::new(congthu());
        init.args(["init", DOMAIN, "--host-name", HOST, "--config"])
            .arg(site.config());
        let said = good(init, b"");
        let is_record = |line: &&str| line.contains("  IN ") && !line.contains(" IN AAAA ");
        site.records = said
            .lines()
            .filter(is_record)
            .map(|line| match line.split_once('<') {
                Some((before, _)) => format!("{before}{}", site.ip),
                None => line.to_owned(),
            })
            .collect();
        site
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("congthu.toml")
    }

    pub fn keys(&self) -> PathBuf {
        self.folder.path().join("data/keys")
    }

    /// A further variable of the program's environment.
    pub fn environment(&mut self, name: &str, value: &Path) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Writes the configuration and two accounts, and starts. `settings` are "section.key = value" lines.
    pub fn serve(&mut self, dns: IpAddr, settings: &[&str]) {
        let ip = self.ip;
        let text = std::fs::read_to_string(self.config()).unwrap();
        let text = text.replace("[::]:", &format!("{ip}:"));
        let mut config: toml::Table = toml::from_str(&text).unwrap();
        let own = [
            format!("outbound.dns = [\"{dns}:53\"]"),
            format!("listen.admin = [\"{ip}:9180\"]"),
            "sign_in.mail_programs_take_password = true".into(),
            "sign_in.without_tls = true".into(),
        ];
        for line in own
            .iter()
            .map(String::as_str)
            .chain(settings.iter().copied())
        {
            let added: toml::Table = toml::from_str(line).unwrap();
            for (section, keys) in added {
                let place = config[&section].as_table_mut().unwrap();
                place.extend(keys.as_table().unwrap().clone());
            }
        }
        std::fs::write(self.config(), toml::to_string(&config).unwrap()).unwrap();
        let log = File::create(self.log_path()).unwrap();
        let child = Command::new(congthu())
            .args(["serve", "--config"])
            .arg(self.config())
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        // The doors are bound before the store is open; health comes after it.
        let health = format!("http://{ip}:9180/healthz");
        wait_for("the program", || {
            let mut ask = Command::new("curl");
            ask.args(["-sf", &health]);
            limited(ask, b"").status.success().then_some(())
        });
        for address in [LAN, VAN_THU] {
            let added = self.command(
                &[
                    "account",
                    "add",
                    address,
                    "--name",
                    "Lan",
                    "--password-stdin",
                ],
                PASSWORD.as_bytes(),
            );
            assert!(added.status.success(), "{added:?}");
        }
    }

    /// Another command of the program on the same data.
    pub fn command(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = Command::new(congthu());
        command.args(arguments).arg("--config").arg(self.config());
        command.envs(self.environment.iter().cloned());
        limited(command, input)
    }

    pub fn imap(&self, user: &str) -> Imap {
        Imap::login(&format!("{}:143", self.ip), user, PASSWORD)
    }

    /// The submission door, signed in as Lan.
    pub fn submission(&self) -> Smtp {
        let mut smtp = Smtp::connect(&format!("{}:587", self.ip)).unwrap();
        smtp.ehlo().unwrap();
        let mut encode = Command::new("openssl");
        encode.args(["base64", "-A"]);
        let token = good(encode, format!("\0{LAN}\0{PASSWORD}").as_bytes());
        let (code, said) = smtp.say(&format!("AUTH PLAIN {}", token.trim())).unwrap();
        assert_eq!(code, 235, "{said}");
        smtp
    }

    /// `congthu trace ID` of the only trace of a letter we took for sending: from the reply to its end.
    pub fn trace(&self, reply: &str) -> String {
        let id: String = reply
            .rsplit("trace ")
            .next()
            .unwrap()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        let shown = self.command(&["trace", &id], b"");
        String::from_utf8(shown.stdout).unwrap() + &String::from_utf8(shown.stderr).unwrap()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }
}

impl Default for Site {
    fn default() -> Self {
        Site::new()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            run("kill", &["-TERM", &child.id().to_string()]);
            child.wait().unwrap();
        }
        let log = self.log();
        if std::thread::panicking() {
            eprintln!("--- the program's log\n{log}");
        } else {
            assert!(!log.contains("panicked at"), "the program panicked:\n{log}");
        }
    }
}
