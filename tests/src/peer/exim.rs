//! Exim 4 (Debian's light daemon) with DSN, SMTPUTF8 and DANE switched on.

use super::jail::Jail;
use super::{Name, Peer, certificate};
use crate::bind::Bind;
use crate::wait_for;
use std::net::TcpStream;
use std::path::PathBuf;

pub struct Exim {
    jail: Jail,
    name: Name,
}

impl Exim {
    pub fn start(name: &Name, dns: &Bind) -> Exim {
        let mut jail = Jail::new("exim");
        let (host, domain, ip) = (name.host(), name.domain, name.ip);
        certificate(&host, &jail.at("etc/cert.pem"), &jail.at("etc/key.pem"));
        jail.write("etc/resolv.conf", &dns.resolv_conf());
        let people = "so.noi.vu : văn.thư";
        jail.write(
            "etc/exim4/exim4.conf",
            &format!(
                "primary_hostname = {host}\ndaemon_smtp_ports = 25\nlocal_interfaces = {ip}\nspool_directory = /var/spool/exim4\n\
                 log_file_path = /var/log/%slog\nlog_selector = +tls_certificate_verified +dnssec +smtp_protocol_error\n\
                 tls_advertise_hosts = *\ntls_certificate = /etc/cert.pem\ntls_privatekey = /etc/key.pem\n\
                 smtputf8_advertise_hosts = *\ndsn_advertise_hosts = *\nmessage_size_limit = 50M\nhost_lookup =\n\
                 dns_dnssec_ok = 1\nacl_smtp_rcpt = recipient\nqualify_domain = {domain}\nkeep_environment =\n\
                 begin acl\nrecipient:\n  accept domains = {domain}\n    local_parts = {people}\n\
                 \x20 deny domains = {domain}\n    message = No such person here\n  accept hosts = 127.0.0.0/8\n  deny message = relay not permitted\n\
                 begin routers\nhere:\n  driver = accept\n  domains = {domain}\n  local_parts = {people}\n  transport = maildir\n\
                 outside:\n  driver = dnslookup\n  domains = ! {domain}\n  transport = remote\n  no_more\n\
                 begin transports\nremote:\n  driver = smtp\n  interface = {ip}\n  hosts_try_dane = *\n  dnssec_request_domains = *\n\
                 maildir:\n  driver = appendfile\n  maildir_format\n  directory = /var/mail/hop\n  create_directory\n  user = mail\n\
                 \x20 return_path_add\n\
                 begin retry\n* * F,1h,1m\n"
            ),
        );
        for folder in ["var/spool/exim4", "var/log"] {
            jail.folder(folder, "Debian-exim");
        }
        jail.folder("var/mail", "mail");
        jail.own("etc/key.pem", "Debian-exim");
        jail.start(&["/usr/sbin/exim4", "-bdf", "-q1m"]);
        wait_for("Exim", || TcpStream::connect((ip, 25)).ok());
        Exim {
            jail,
            name: name.clone(),
        }
    }
}

impl Peer for Exim {
    fn name(&self) -> &Name {
        &self.name
    }

    fn mailbox(&self) -> PathBuf {
        self.jail.at("var/mail/hop")
    }

    fn log(&self) -> String {
        self.jail.log()
    }
}
