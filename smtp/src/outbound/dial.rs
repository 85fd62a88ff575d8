//! Opens TCP connections: one address at a time, bounded, from the configured source address. Says nothing on them.

use super::reply::{Blame, Outcome, later};
use super::{Config, Source};
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Addresses that no MX of the Internet leads to: loopback, private, link-local, carrier-grade NAT, multicast, unspecified.
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            !(v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || a == 0
                || (a == 100 && (64..128).contains(&b)))
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local())
        }
    }
}

/// Connects from the address for everybody, or says in words why not.
pub async fn dial(config: &Config, to: SocketAddr) -> Result<TcpStream, Outcome> {
    dial_from(config, to, None).await
}

/// Connects from a sender's own address where there is one of the family.
pub async fn dial_from(
    config: &Config,
    to: SocketAddr,
    own: Option<Source>,
) -> Result<TcpStream, Outcome> {
    let own = own.unwrap_or_default();
    let source = match to.ip() {
        IpAddr::V4(_) => own.v4.or(config.source_v4).map(IpAddr::V4),
        IpAddr::V6(_) => own.v6.or(config.source_v6).map(IpAddr::V6),
    };
    match timeout(config.timeouts.connect, connect(to, source)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(cause)) => Err(later(
            Blame::Server,
            "4.4.1",
            format!("connecting to {}: {}", to.ip(), words(&cause)),
        )),
        Err(_) => Err(later(
            Blame::Server,
            "4.4.1",
            format!(
                "connecting to {}: no answer in {} s",
                to.ip(),
                config.timeouts.connect.as_secs()
            ),
        )),
    }
}

async fn connect(to: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    if let Some(source) = source {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The kernel's reasons without their numbers.
fn words(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::TimedOut => "timed out".into(),
        io::ErrorKind::HostUnreachable => "host unreachable".into(),
        io::ErrorKind::NetworkUnreachable => "network unreachable".into(),
        io::ErrorKind::ConnectionReset => "connection reset".into(),
        _ => cause.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn inner_addresses_are_not_the_internet() {
        let inner = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
        ];
        for ip in inner {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["203.113.1.1", "100.128.0.1", "2405:4800::1", "172.32.0.1"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }
}
