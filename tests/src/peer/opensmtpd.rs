//! OpenSMTPD 6.8 as Debian packages it. Knows no SMTPUTF8; linked with OpenSSL 3 it cannot answer a STARTTLS that it offers.

use super::jail::Jail;
use super::{Name, Peer, certificate};
use crate::bind::Bind;
use crate::tool::run;
use crate::wait_for;
use std::net::TcpStream;
use std::path::PathBuf;

pub struct OpenSmtpd {
    jail: Jail,
    name: Name,
}

impl OpenSmtpd {
    pub fn start(name: &Name, dns: &Bind) -> OpenSmtpd {
        let mut jail = Jail::new("opensmtpd");
        let (host, domain, ip) = (name.host(), name.domain, name.ip);
        certificate(&host, &jail.at("etc/cert.pem"), &jail.at("etc/key.pem"));
        jail.write("etc/resolv.conf", &dns.resolv_conf());
        jail.write(
            "etc/smtpd.conf",
            &format!(
                "smtp max-message-size \"50M\"\npki \"own\" cert \"/etc/cert.pem\"\npki \"own\" key \"/etc/key.pem\"\n\
                 table people {{ \"{}\" = \"hop\" }}\nlisten on {ip} port 25 tls pki \"own\" hostname {host}\n\
                 action \"in\" maildir \"/var/mail/hop\" virtual <people>\naction \"out\" relay helo {host} src {ip}\n\
                 match from any for domain \"{domain}\" action \"in\"\nmatch from any for any action \"out\"\n",
                name.clerk()
            ),
        );
        jail.folder("var/lib/opensmtpd/empty", "root");
        jail.folder("var/spool/smtpd", "root");
        run(
            "chmod",
            &["711", jail.at("var/spool/smtpd").to_str().unwrap()],
        );
        jail.folder("var/mail", "hop");
        std::os::unix::fs::symlink("/run", jail.at("var/run")).unwrap();
        jail.start(&["/usr/sbin/smtpd", "-dv", "-f", "/etc/smtpd.conf"]);
        wait_for("OpenSMTPD", || TcpStream::connect((ip, 25)).ok());
        OpenSmtpd {
            jail,
            name: name.clone(),
        }
    }
}

impl Peer for OpenSmtpd {
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
