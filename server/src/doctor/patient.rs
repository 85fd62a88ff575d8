//! What is examined: the configuration, the opened installation (or why it did not open), DNS, our domains and addresses.
//! Gathers; judges nothing.

use super::ask::Ask;
use super::limits;
use crate::config::{Config, Ipv6};
use crate::fault::Fault;
use crate::office::Office;
use crate::{six, wire};
use smtp::dkim;
use std::net::{IpAddr, SocketAddr, UdpSocket};

pub struct Patient {
    pub config: Config,
    /// The store and the room over it, or why they did not open.
    pub office: Result<Office, String>,
    pub ask: Ask,
    pub domains: Vec<String>,
    /// Public addresses of this host: as configured, else as DNS says of the host name.
    pub addresses: Vec<IpAddr>,
    pub dkim: Result<dkim::Keys, String>,
}

impl Patient {
    pub async fn new(config: Config, office: Result<Office, Fault>) -> Patient {
        let resolver = wire::resolver(&config.outbound.dns, false).map_err(|fault| fault.reason.vi);
        let ask = Ask::new(resolver);
        let office = office.map_err(|fault| fault.reason.vi);
        let mut domains = vec![config.site.domain.to_lowercase()];
        if let Ok(office) = &office
            && let Ok(all) = office.room.domains().await
        {
            let others = all.into_iter().filter(|name| *name != config.site.domain);
            domains.extend(others.take(limits::DOMAINS_MAX));
        }
        let mut addresses = config.doctor.addresses.clone();
        if addresses.is_empty() {
            addresses = ask.ips(&config.site.host_name).await.unwrap_or_default();
        }
        addresses.truncate(limits::ADDRESSES_MAX);
        let dkim = dkim::Keys::load(&config.keys().join("dkim")).map_err(|cause| cause.to_string());
        Patient {
            config,
            office,
            ask,
            domains,
            addresses,
            dkim,
        }
    }

    pub fn host(&self) -> &str {
        &self.config.site.host_name
    }

    /// (name, text) of the DKIM records of a domain.
    pub fn dkim_records(&self, domain: &str) -> Vec<(String, String)> {
        self.dkim
            .as_ref()
            .map(|keys| keys.records(domain))
            .unwrap_or_default()
    }

    /// Name servers of one's own mean a closed network or a test: private addresses are as good as public ones there.
    pub fn allows_private(&self) -> bool {
        !self.config.outbound.dns.is_empty()
    }

    /// Addresses that mail leaves from: IPv6 only where it is switched on.
    pub fn sends_from(&self, ip: IpAddr) -> bool {
        ip.is_ipv4() || self.config.outbound.ipv6 == Ipv6::Always
    }

    /// What is said of a wrong IPv6 address that nothing leaves from.
    pub fn while_unused(&self) -> &'static str {
        match self.config.outbound.ipv6 {
            Ipv6::WhenRight => "thư đang đi qua IPv4 cho đến khi sửa xong",
            _ => "đang không gửi thư qua IPv6",
        }
    }

    /// The addresses that letters of a domain leave from.
    pub fn leaves_from(&self, domain: &str) -> Vec<IpAddr> {
        six::leaves_from(&self.config, domain, &self.addresses)
    }

    /// Addresses of `[[source]]` that are not the host's own, each with its domains.
    pub fn sources(&self) -> Vec<(IpAddr, Vec<&str>)> {
        let mut all: Vec<(IpAddr, Vec<&str>)> = Vec::new();
        for entry in &self.config.source {
            for ip in entry.addresses() {
                match all.iter_mut().find(|(known, _)| *known == ip) {
                    Some((_, domains)) => domains.push(&entry.domain),
                    None => all.push((ip, vec![&entry.domain])),
                }
            }
        }
        all.retain(|(ip, _)| !self.addresses.contains(ip));
        all.truncate(limits::SOURCES_MAX);
        all
    }

    /// Every address of ours: the host's, then those of single domains.
    pub fn all_addresses(&self) -> Vec<IpAddr> {
        let sources = self.sources();
        let of_domains = sources.iter().map(|(ip, _)| *ip);
        self.addresses.iter().copied().chain(of_domains).collect()
    }
}

/// Is this one of the machine's own addresses? Binding is the question; nothing is sent.
pub fn is_here(ip: IpAddr) -> bool {
    UdpSocket::bind(SocketAddr::new(ip, 0)).is_ok()
}

/// Does a listener take connections to this address?
pub fn covers(listener: SocketAddr, ip: IpAddr) -> bool {
    match listener.ip() {
        // "[::]" takes IPv4 too (listen.rs leaves the system's dual stack on).
        IpAddr::V6(any) if any.is_unspecified() => true,
        IpAddr::V4(any) if any.is_unspecified() => ip.is_ipv4(),
        own => own == ip,
    }
}
