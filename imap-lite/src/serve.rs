//! The only file that knows sockets: takes connections, bounds them in all and per address, gives each to a session, and
//! waits for the sessions at the end. Knows no command.

use crate::limits;
use crate::session::{Peer, Session};
use crate::wire::Wire;
use mailroom::Mailroom;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What an installation decides about its IMAP server.
#[derive(Clone)]
pub struct Config {
    /// Our name in the greeting.
    pub host_name: String,
    /// For STARTTLS and for the listener with TLS from the start.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Passwords without TLS: only where all peers are on this machine, as in the demonstration.
    pub clear_sign_in: bool,
    /// Bytes of a message that APPEND takes.
    pub message_bytes_max: usize,
    pub connections_max: usize,
    /// Per IPv4 address or IPv6 /64. A phone keeps several, an office behind one address has many phones.
    pub connections_per_address_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            host_name: "localhost".into(),
            tls: None,
            clear_sign_in: false,
            message_bytes_max: 50 * 1024 * 1024,
            connections_max: 60_000,
            connections_per_address_max: 4_000,
        }
    }
}

/// Serves one listener until `shutdown`, then says good-bye to everybody.
pub async fn serve(
    config: Arc<Config>,
    implicit_tls: bool,
    listener: TcpListener,
    room: Mailroom,
    shutdown: CancellationToken,
) {
    let crowd = Crowd::default();
    let mut sessions: JoinSet<()> = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            Some(ended) = sessions.join_next() => {
                count_panic(ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(cause) => {
                // Out of descriptors, most likely: others will close theirs.
                tracing::warn!(%cause, "cannot accept");
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                continue;
            }
        };
        let ip = address.ip().to_canonical();
        let Some(place) = crowd.enter(ip, &config) else {
            metrics::counter!("imap_connections_refused_total").increment(1);
            sessions.spawn(send_away(stream, implicit_tls));
            continue;
        };
        metrics::counter!("imap_connections_total").increment(1);
        let (config, room, shutdown) = (config.clone(), room.clone(), shutdown.clone());
        sessions.spawn(async move {
            talk(stream, ip, implicit_tls, config, room, shutdown).await;
            drop(place);
        });
    }
    drop(listener);
    let rest = async {
        while let Some(ended) = sessions.join_next().await {
            count_panic(ended);
        }
    };
    if tokio::time::timeout(limits::GOODBYE_TIME_MAX, rest)
        .await
        .is_err()
    {
        tracing::warn!(
            sessions = sessions.len(),
            "IMAP sessions did not end in time"
        );
    }
}

async fn talk(
    stream: TcpStream,
    ip: IpAddr,
    implicit_tls: bool,
    config: Arc<Config>,
    room: Mailroom,
    shutdown: CancellationToken,
) {
    if let Err(cause) = stream.set_nodelay(true) {
        tracing::debug!(%ip, %cause, "no TCP_NODELAY");
    }
    let mut wire = Wire::new(Box::new(stream), false);
    if implicit_tls {
        let Some(tls) = config.tls.clone() else {
            tracing::error!("a TLS listener without a certificate");
            return;
        };
        let handshake =
            tokio::time::timeout(limits::STRANGER_TIME_MAX, Box::pin(wire.start_tls(tls))).await;
        if let Ok(Err(cause)) = &handshake {
            tracing::debug!(%ip, %cause, "TLS failed");
        }
        if !matches!(handshake, Ok(Ok(()))) {
            return;
        }
    }
    let peer = Peer { ip: ip.to_string() };
    let session = Session::new(room, config, wire, peer, shutdown);
    if let Err(cause) = session.run().await {
        tracing::debug!(%ip, %cause, "peer went away");
    }
}

/// Too many: one line, so that the peer knows why (RFC 5530 §3, LIMIT).
async fn send_away(mut stream: TcpStream, implicit_tls: bool) {
    if implicit_tls {
        return;
    }
    let said = stream.write_all(b"* BYE [LIMIT] Too many connections\r\n");
    if tokio::time::timeout(limits::GOODBYE_TIME_MAX, said)
        .await
        .is_err()
    {
        tracing::debug!("peer does not listen");
    }
}

/// A panic ends one connection and is counted.
fn count_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(cause) = ended
        && cause.is_panic()
    {
        metrics::counter!("panics_total", "part" => "imap").increment(1);
        tracing::error!(%cause, "an IMAP session panicked");
    }
}

/// Who is connected, by address.
#[derive(Clone, Default)]
struct Crowd(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A place among the connections, given back when dropped.
struct Place {
    crowd: Crowd,
    key: IpAddr,
}

impl Crowd {
    fn enter(&self, ip: IpAddr, config: &Config) -> Option<Place> {
        let key = key_of(ip);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = counts.values().sum();
        let here = counts.get(&key).copied().unwrap_or(0);
        if all >= config.connections_max || here >= config.connections_per_address_max {
            return None;
        }
        counts.insert(key, here + 1);
        Some(Place {
            crowd: self.clone(),
            key,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.key);
            }
        }
    }
}

/// One house has a whole /64.
fn key_of(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_in_all_and_by_address() {
        let config = Config {
            connections_max: 3,
            connections_per_address_max: 2,
            ..Config::default()
        };
        let crowd = Crowd::default();
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let first = crowd.enter(ip("2001:db8::1"), &config).unwrap();
        let _second = crowd.enter(ip("2001:db8::2"), &config).unwrap();
        assert!(
            crowd.enter(ip("2001:db8::3"), &config).is_none(),
            "the same /64"
        );
        let _third = crowd.enter(ip("192.0.2.1"), &config).unwrap();
        assert!(
            crowd.enter(ip("192.0.2.2"), &config).is_none(),
            "all places taken"
        );
        drop(first);
        assert!(crowd.enter(ip("2001:db8::3"), &config).is_some());
    }
}
