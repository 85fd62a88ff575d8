//! Debian's Rspamd and ClamAV in front of the mailboxes: what they refuse is refused in the dialogue and the trace says why; what they call junk is in Junk; when
//! they are down or slow, mail passes, marked unscanned. Neither asks the network: ClamAV has one signature of our own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::site::LAN;
use congthu_tests::tool::run;
use congthu_tests::{Bind, Site, Smtp, free_port, wait_for};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const EICAR: &str = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";
const GTUBE: &str = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";
/// Rspamd's own variant: "add header" in place of "reject".
const GTUBE_JUNK: &str = "YJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

struct Engine(Child);

impl Engine {
    fn start(folder: &Path, program: &[&str], port: u16) -> Engine {
        let name = Path::new(program[0]).file_name().unwrap();
        let log_path = folder.join(name).with_extension("log");
        let log = std::fs::File::create(&log_path).unwrap();
        let child = Command::new(program[0])
            .args(&program[1..])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|cause| panic!("{program:?}: {cause}; ./check installs it"));
        let mut engine = Engine(child);
        wait_for(program[0], || {
            if let Some(ended) = engine.0.try_wait().unwrap() {
                panic!("{ended}\n{}", std::fs::read_to_string(&log_path).unwrap());
            }
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        engine
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        run("kill", &["-TERM", &self.0.id().to_string()]);
        self.0.wait().unwrap();
    }
}

fn clamd(folder: &Path, port: u16) -> Engine {
    let at = folder.display();
    let hex: String = EICAR.bytes().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(folder.join("own.ndb"), format!("Thu.Eicar:0:*:{hex}\n")).unwrap();
    let conf = format!(
        "TCPSocket {port}\nTCPAddr 127.0.0.1\nDatabaseDirectory {at}\nForeground yes\nUser root\n"
    );
    std::fs::write(folder.join("clamd.conf"), conf).unwrap();
    let conf = folder.join("clamd.conf");
    Engine::start(
        folder,
        &["/usr/sbin/clamd", "-c", conf.to_str().unwrap()],
        port,
    )
}

/// The packaged rules; few top-level domains, because compiling all of them takes minutes.
fn rspamd(folder: &Path, port: u16) -> Engine {
    let at = folder.display();
    std::fs::write(folder.join("tld"), "example\nvn\n").unwrap();
    let conf = format!(
        ".include \"/etc/rspamd/common.conf\"\noptions {{ url_tld = \"{at}/tld\"; pidfile = \"{at}/pid\"; filters = \"chartable,dkim,regexp\"; enable_test_patterns = true; \
         dns {{ nameserver = [\"127.0.0.1:1\"]; timeout = 0.1s; retransmits = 1; }} }}\n\
         logging {{ type = \"console\"; level = \"error\"; }}\nworker \"normal\" {{ bind_socket = \"127.0.0.1:{port}\"; count = 1; }}\n"
    );
    std::fs::write(folder.join("rspamd.conf"), conf).unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let conf = folder.join("rspamd.conf");
    let conf = conf.to_str().unwrap();
    let program = [
        "/usr/bin/rspamd",
        "-f",
        "-i",
        "-u",
        "_rspamd",
        "-g",
        "_rspamd",
        "-c",
        conf,
    ];
    Engine::start(folder, &program, port)
}

/// A letter from outside with this text: the code of the final reply, and the trace.
fn bring(site: &Site, id: &str, text: &str) -> (u16, String) {
    let letter = format!(
        "From: Ban <ban@ngoai.example>\r\nTo: <{LAN}>\r\nSubject: {id}\r\nMessage-ID: <{id}@ngoai.example>\r\n\
         Date: Fri, 20 Nov 2026 08:40:00 +0700\r\n\r\n{text}"
    );
    let mut smtp = Smtp::connect(&format!("{}:25", site.ip)).unwrap();
    smtp.ehlo().unwrap();
    let (code, said) = smtp
        .send("ban@ngoai.example", &[LAN], letter.as_bytes())
        .unwrap();
    (code, site.trace(&said))
}

fn in_mailbox(site: &Site, mailbox: &str, subject: &str) -> bool {
    let subjects = site.imap(LAN).header_field(mailbox, "SUBJECT");
    subjects.iter().any(|one| one.trim() == subject)
}

#[test]
fn engines_refuse_and_their_absence_lets_mail_pass() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (clam_port, spam_port) = (free_port(), free_port());
    let clamd = clamd(folders[0].path(), clam_port);
    let rspamd = rspamd(folders[1].path(), spam_port);
    let mut site = Site::new();
    let dns = Bind::start(site.ip, &site.records);
    let engines = [
        format!("incoming.clamav = \"127.0.0.1:{clam_port}\""),
        format!("incoming.rspamd = \"127.0.0.1:{spam_port}\""),
    ];
    site.serve(dns.ip.into(), &engines.each_ref().map(String::as_str));

    let (code, trace) = bring(&site, "sach", "Kinh gui dong chi.");
    assert!(code == 250 && !trace.contains("unscanned"), "{trace}");
    let (code, trace) = bring(&site, "virus", EICAR);
    assert!(code / 100 == 5 && trace.contains("Thu.Eicar"), "{trace}");
    let (code, trace) = bring(&site, "rac", GTUBE);
    assert!(
        code / 100 == 5 && trace.contains("rspamd: reject"),
        "{trace}"
    );
    let (code, trace) = bring(&site, "gan-rac", GTUBE_JUNK);
    assert!(
        code == 250 && trace.contains("rspamd: add header"),
        "{trace}"
    );
    assert!(in_mailbox(&site, "Junk", "gan-rac") && !in_mailbox(&site, "INBOX", "gan-rac"));
    assert!(in_mailbox(&site, "INBOX", "sach"));

    drop((clamd, rspamd));
    let (code, trace) = bring(&site, "khong-quet", "Kinh gui dong chi.");
    assert_eq!(code, 250, "{trace}");
    for word in ["unscanned by clamav", "unscanned by rspamd"] {
        assert!(trace.contains(word), "{trace}");
    }
}

/// Who listens and says nothing is waited for as long as the limit says; the letter is there all the same.
#[test]
fn slow_engines_let_mail_pass() {
    let silent = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [clamav, rspamd] = silent.each_ref().map(|one| one.local_addr().unwrap());
    let mut site = Site::new();
    let dns = Bind::start(site.ip, &site.records);
    let engines = [
        format!("incoming.clamav = \"{clamav}\""),
        format!("incoming.rspamd = \"{rspamd}\""),
    ];
    site.serve(dns.ip.into(), &engines.each_ref().map(String::as_str));
    let (code, trace) = bring(&site, "cham", "Kinh gui dong chi.");
    assert_eq!(code, 250, "{trace}");
    for word in ["unscanned by clamav", "unscanned by rspamd"] {
        assert!(trace.contains(word), "{trace}");
    }
    assert!(in_mailbox(&site, "INBOX", "cham"));
}
