//! A letter goes out to a real Postfix of Debian's package, found through a DNS server on loopback, over TLS and signed; the
//! answer comes back; a recipient the other side refuses becomes a report the sender can read.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "outbound/ends.rs"]
mod ends;
#[path = "outbound/floor.rs"]
mod floor;
#[path = "outbound/retry.rs"]
mod retry;

use congthu_tests::demo::LAN;
use congthu_tests::peer::certificate;
use congthu_tests::tool::run;
use congthu_tests::{Demo, Dns, Imap, free_port, wait_for};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Debian's Postfix with a configuration of its own, serving mailboxes of huyenbac.example. Needs root, as Postfix does.
struct Postfix {
    folder: tempfile::TempDir,
}

impl Postfix {
    fn start(port: u16, back: &str) -> Postfix {
        Postfix::with(port, back, "")
    }

    /// With further lines of main.cf.
    fn with(port: u16, back: &str, more: &str) -> Postfix {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o755)).unwrap();
        for part in ["conf", "queue", "data", "mail"] {
            std::fs::create_dir(home.join(part)).unwrap();
        }
        run("chown", &["postfix", home.join("data").to_str().unwrap()]);
        run("chown", &["nobody", home.join("mail").to_str().unwrap()]);
        let uid = run("id", &["-u", "nobody"]);
        let (key, cert) = (home.join("key.pem"), home.join("cert.pem"));
        certificate("mx.huyenbac.example", &cert, &key);
        let shown = home.display();
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {shown}/queue\ndata_directory = {shown}/data\n\
             command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmeta_directory = /etc/postfix\n\
             mail_owner = postfix\nsetgid_group = postdrop\nmaillog_file = {shown}/maillog\nmaillog_file_prefixes = {shown}\n\
             inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = mx.huyenbac.example\nmydestination =\n\
             mynetworks = 127.0.0.0/8\nalias_maps =\nlocal_recipient_maps =\nvirtual_mailbox_domains = huyenbac.example\n\
             virtual_mailbox_base = {shown}/mail\nvirtual_mailbox_maps = inline:{{so.noi.vu@huyenbac.example=hop/}}\n\
             virtual_uid_maps = static:{uid}virtual_gid_maps = static:{uid}virtual_minimum_uid = 1\n\
             virtual_transport = virtual\nsmtpd_relay_restrictions = permit_mynetworks, reject\n\
             smtpd_recipient_restrictions = reject_unlisted_recipient, permit_mynetworks, reject\n\
             smtpd_tls_cert_file = {}\nsmtpd_tls_key_file = {}\nsmtpd_tls_security_level = may\nsmtpd_tls_received_header = yes\n\
             smtp_tls_security_level = may\ntransport_maps = inline:{{vamxanh.example=smtp:[127.0.0.1]:{back}}}\n\
             disable_dns_lookups = yes\nsmtpd_peername_lookup = no\nbiff = no\nmessage_size_limit = 52428800\nmailbox_size_limit = 0\nvirtual_mailbox_limit = 0\n",
            cert.display(),
            key.display()
        );
        std::fs::write(home.join("conf/main.cf"), main + more).unwrap();
        std::fs::write(home.join("conf/master.cf"), master(port)).unwrap();
        let postfix = Postfix { folder };
        postfix.control("start");
        wait_for("Postfix", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        });
        postfix
    }

    fn control(&self, word: &str) {
        let conf = self.folder.path().join("conf");
        // Postfix warns on standard error about owners of a temporary folder; only its exit code counts.
        run("postfix", &["-c", conf.to_str().unwrap(), word]);
    }

    fn letters(&self) -> Vec<PathBuf> {
        let new = self.folder.path().join("mail/hop/new");
        std::fs::read_dir(new)
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default()
    }

    /// Hands a letter in as a program on that machine does.
    fn submit(&self, from: &str, to: &str, letter: &str) {
        let mut command = Command::new("sendmail");
        command
            .args(["-C"])
            .arg(self.folder.path().join("conf"))
            .args(["-i", "-f", from, to]);
        congthu_tests::tool::good(command, letter.as_bytes());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("maillog")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- Postfix\n{}", self.log());
        }
        let conf = self.folder.path().join("conf");
        // The test is over; a master that is gone already needs no stop.
        let _gone = Command::new("postfix")
            .arg("-c")
            .arg(conf)
            .arg("stop")
            .stderr(Stdio::null())
            .status();
    }
}

fn master(port: u16) -> String {
    format!(
        "127.0.0.1:{port} inet n - n - - smtpd\npickup unix n - n 1 1 pickup\ncleanup unix n - n - 0 cleanup\n\
         qmgr unix n - n 300 1 qmgr\ntlsmgr unix - - n 1000? 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\n\
         bounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\nverify unix - - n - 1 verify\n\
         flush unix n - n 1000? 0 flush\nproxymap unix - - n - - proxymap\nsmtp unix - - n - - smtp\nerror unix - - n - - error\n\
         retry unix - - n - - error\ndiscard unix - - n - - discard\nanvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\n\
         virtual unix - n n - - virtual\npostlog unix-dgram n - n - 1 postlogd\n"
    )
}

/// Our program, which finds huyenbac.example at this port.
fn demo_towards(mx_port: u16) -> (Dns, Demo) {
    let dns_port = free_port();
    let dns = Dns::start(
        dns_port,
        &[
            "huyenbac.example=MX:mx.huyenbac.example",
            "mx.huyenbac.example=A:127.0.0.1",
        ],
    );
    let demo = Demo::with(&[
        "--dns",
        &format!("127.0.0.1:{dns_port}"),
        "--mx-port",
        &mx_port.to_string(),
    ]);
    (dns, demo)
}

fn send_as_lan(demo: &Demo, to: &str, id: &str) {
    let letter = format!(
        "From: Nguyen Thi Lan <{LAN}>\r\nTo: {to}\r\nSubject: =?utf-8?B?R+G7rWkgaHV5w6puIELhuq9j?=\r\nMessage-ID: <{id}>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nKính gửi đồng chí.\r\n"
    );
    let url = format!("smtps://localhost:{}", demo.port("submissions"));
    let login = format!("{LAN}:{}", demo.password(LAN));
    let mut send = Command::new("curl");
    send.args([
        "-sS",
        "--url",
        &url,
        "--cacert",
        demo.ca(),
        "--user",
        &login,
        "--mail-from",
        LAN,
        "--mail-rcpt",
        to,
        "--upload-file",
        "-",
    ]);
    congthu_tests::tool::good(send, letter.as_bytes());
}

#[test]
fn a_letter_goes_to_postfix_and_its_answer_comes_back() {
    let (dns_port, mx_port) = (free_port(), free_port());
    let _dns = Dns::start(
        dns_port,
        &[
            "huyenbac.example=MX:mx.huyenbac.example",
            "mx.huyenbac.example=A:127.0.0.1",
        ],
    );
    let demo = Demo::with(&[
        "--dns",
        &format!("127.0.0.1:{dns_port}"),
        "--mx-port",
        &mx_port.to_string(),
    ]);
    let postfix = Postfix::start(mx_port, demo.port("smtp"));

    send_as_lan(&demo, "so.noi.vu@huyenbac.example", "di@vamxanh.example");
    let path = wait_for("the letter at Postfix", || postfix.letters().pop());
    let letter = std::fs::read_to_string(path).unwrap();
    assert!(
        letter.contains("<di@vamxanh.example>") && letter.contains("Kính gửi đồng chí."),
        "{letter}"
    );
    assert!(letter.contains("using TLSv1.3"), "not over TLS:\n{letter}");
    assert!(
        letter.contains("a=rsa-sha256") && letter.contains("a=ed25519-sha256"),
        "not signed:\n{letter}"
    );

    let answer = format!(
        "From: so.noi.vu@huyenbac.example\nTo: {LAN}\nSubject: Re: Gui huyen Bac\nIn-Reply-To: <di@vamxanh.example>\n\
         Message-ID: <ve@huyenbac.example>\n\nDa nhan duoc.\n"
    );
    postfix.submit("so.noi.vu@huyenbac.example", LAN, &answer);
    wait_for("the answer", || {
        let mut imap = Imap::login(demo.at("imap"), LAN, demo.password(LAN));
        let found = ["INBOX", "Junk"].iter().any(|mailbox| {
            imap.header_field(mailbox, "Message-ID")
                .contains(&"<ve@huyenbac.example>".to_owned())
        });
        found.then_some(())
    });
}

#[test]
fn a_refused_recipient_becomes_a_report() {
    let (dns_port, mx_port) = (free_port(), free_port());
    let _dns = Dns::start(
        dns_port,
        &[
            "huyenbac.example=MX:mx.huyenbac.example",
            "mx.huyenbac.example=A:127.0.0.1",
        ],
    );
    let demo = Demo::with(&[
        "--dns",
        &format!("127.0.0.1:{dns_port}"),
        "--mx-port",
        &mx_port.to_string(),
    ]);
    let _postfix = Postfix::start(mx_port, demo.port("smtp"));
    send_as_lan(
        &demo,
        "khong.co@huyenbac.example",
        "tra-lai@vamxanh.example",
    );
    let report = wait_for("the report", || {
        let mut imap = Imap::login(demo.at("imap"), LAN, demo.password(LAN));
        assert!(imap.say("SELECT INBOX").ok);
        let said = imap.say("FETCH * BODY.PEEK[]").text();
        said.contains("message/delivery-status").then_some(said)
    });
    assert!(
        report.contains("khong.co@huyenbac.example") && report.contains("5.1.1"),
        "{report}"
    );
    assert!(report.contains("multipart/report"), "{report}");
}
