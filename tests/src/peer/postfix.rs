//! Debian's Postfix with a configuration of its own. Its SMTP client runs chrooted, as Debian has it: so it asks the name server
//! of the test, with DNSSEC, and obeys DANE.

use super::{Name, Peer, certificate};
use crate::bind::Bind;
use crate::tool::run;
use crate::wait_for;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

pub struct Postfix {
    folder: tempfile::TempDir,
    name: Name,
}

impl Postfix {
    /// The folder and the certificate, which DNS may have to name before anything runs.
    pub fn new(name: &Name) -> Postfix {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o755)).unwrap();
        for part in ["conf", "queue", "queue/etc", "data", "mail"] {
            std::fs::create_dir(home.join(part)).unwrap();
        }
        certificate(&name.host(), &home.join("cert.pem"), &home.join("key.pem"));
        Postfix {
            folder,
            name: name.clone(),
        }
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// Starts it, with mailboxes at its domain and at sts.DOMAIN.
    pub fn start(&self, dns: &Bind) {
        let home = self.folder.path();
        run("chown", &["postfix", home.join("data").to_str().unwrap()]);
        run("chown", &["nobody", home.join("mail").to_str().unwrap()]);
        let uid = run("id", &["-u", "nobody"]);
        let (host, domain, ip) = (self.name.host(), self.name.domain, self.name.ip);
        std::fs::write(home.join("queue/etc/resolv.conf"), dns.resolv_conf()).unwrap();
        let people = format!(
            "{} hop/\n{} hop/\n@sts.{domain} hop/\n",
            self.name.clerk(),
            self.name.utf8_clerk()
        );
        std::fs::write(home.join("conf/people"), people).unwrap();
        let shown = home.display();
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {shown}/queue\ndata_directory = {shown}/data\n\
             command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmeta_directory = /etc/postfix\n\
             mail_owner = postfix\nsetgid_group = postdrop\nmaillog_file = {shown}/maillog\nmaillog_file_prefixes = {shown}\n\
             inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = {host}\nmydestination =\nmynetworks = 127.0.0.0/8\n\
             alias_maps =\nlocal_recipient_maps =\nvirtual_mailbox_domains = {domain}, sts.{domain}\nvirtual_mailbox_base = {shown}/mail\n\
             virtual_mailbox_maps = texthash:{shown}/conf/people\nvirtual_uid_maps = static:{uid}virtual_gid_maps = static:{uid}\
             virtual_minimum_uid = 1\nvirtual_transport = virtual\nsmtpd_relay_restrictions = permit_mynetworks, reject\n\
             smtpd_recipient_restrictions = reject_unlisted_recipient, permit_mynetworks, reject\n\
             smtpd_tls_cert_file = {shown}/cert.pem\nsmtpd_tls_key_file = {shown}/key.pem\nsmtpd_tls_security_level = may\n\
             smtpd_tls_received_header = yes\nsmtp_tls_loglevel = 1\nsmtp_dns_support_level = dnssec\nsmtp_host_lookup = dns\n\
             smtp_tls_security_level = dane\nsmtp_bind_address = {ip}\nsmtp_tcp_port = 25\nsmtpd_peername_lookup = no\n\
             biff = no\nmessage_size_limit = 52428800\nmailbox_size_limit = 0\nvirtual_mailbox_limit = 0\n"
        );
        std::fs::write(home.join("conf/main.cf"), main).unwrap();
        std::fs::write(home.join("conf/master.cf"), master(&ip.to_string())).unwrap();
        // Postfix warns on standard error about owners of a temporary folder; only its exit code counts.
        run(
            "postfix",
            &["-c", home.join("conf").to_str().unwrap(), "start"],
        );
        wait_for("Postfix", || TcpStream::connect((ip, 25)).ok());
    }
}

impl Peer for Postfix {
    fn name(&self) -> &Name {
        &self.name
    }

    fn mailbox(&self) -> PathBuf {
        self.folder.path().join("mail/hop")
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
        // The test is over; a master that never started or is gone already needs no stop.
        let _gone = Command::new("postfix")
            .arg("-c")
            .arg(self.folder.path().join("conf"))
            .arg("stop")
            .stderr(Stdio::null())
            .status();
    }
}

fn master(ip: &str) -> String {
    format!(
        "{ip}:25 inet n - n - - smtpd\npickup unix n - n 1 1 pickup\ncleanup unix n - n - 0 cleanup\n\
         qmgr unix n - n 300 1 qmgr\ntlsmgr unix - - n 1000? 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\n\
         bounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\nverify unix - - n - 1 verify\n\
         flush unix n - n 1000? 0 flush\nproxymap unix - - n - - proxymap\nsmtp unix - - y - - smtp\nerror unix - - n - - error\n\
         retry unix - - n - - error\ndiscard unix - - n - - discard\nanvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\n\
         virtual unix - n n - - virtual\npostlog unix-dgram n - n - 1 postlogd\n"
    )
}
