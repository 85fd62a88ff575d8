//! The only file that knows sockets: accepts, speaks TLS, carries bytes between a peer and its session, keeps time.
//! Decides nothing of the protocol and nothing of mail.

use crate::answer::{World, record_handshake};
use crate::gate::{Closed, Gate, Place};
use crate::limits::{
    DRAIN_SECS, HANDSHAKE_SECS, PROXY_HEADER_SECS, READ_BYTES_FIRST, READ_BYTES_MAX,
    REFUSALS_AT_ONCE_MAX, WRITE_SECS,
};
use crate::proto::proxy::{self, Header};
use crate::proto::reply::{self, Reply, Script};
use crate::proto::session::EXPORTER_BYTES;
use crate::proto::{Peer, Rules, Session, Step};
use crate::report::Reader;
use crate::{Config, Door};
use bytes::{Buf, BytesMut};
use mailroom::Mailroom;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// What all connections of a listener share.
struct Listener {
    config: Arc<Config>,
    rules: Arc<Rules>,
    world: World,
    gate: Arc<Gate>,
    /// Asked to stop: finish what is open, begin nothing.
    shutdown: CancellationToken,
    /// Stop now.
    hurry: CancellationToken,
}

impl Listener {
    /// Letters can wait for a time where mail really leaves.
    fn tell_time(&self, session: &mut Session) {
        if self.world.room.policy().sink_address.is_none() {
            session.opened(self.world.room.now());
        }
    }
}

/// Serves one listener until `shutdown`, then lets open transactions finish for `DRAIN_SECS`.
pub async fn serve(
    config: Arc<Config>,
    door: Door,
    listener: TcpListener,
    room: Mailroom,
    shutdown: CancellationToken,
) {
    let rules = Rules {
        host_name: config.host_name.clone(),
        door,
        limits: config.limits.clone(),
        tls: config.tls.is_some(),
        auth_in_clear: config.auth_in_clear,
        scram: room.offers_scram(),
        budget: config.bodies.clone(),
    };
    let shared = Arc::new(Listener {
        rules: Arc::new(rules),
        world: World {
            reports: Reader::new(room.clone()),
            room,
            checks: if door == Door::Mx {
                config.checks.clone()
            } else {
                None
            },
        },
        gate: Arc::new(Gate::default()),
        shutdown: shutdown.clone(),
        hurry: CancellationToken::new(),
        config,
    });
    let mut sessions: JoinSet<()> = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(ended) = sessions.join_next() => note_end(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => admit(&shared, &mut sessions, stream, from),
                Err(cause) => {
                    tracing::warn!(%cause, "accept failed");
                    sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    drain(&shared, sessions).await;
}

fn admit(shared: &Arc<Listener>, sessions: &mut JoinSet<()>, stream: TcpStream, from: SocketAddr) {
    metrics::counter!("smtp_connections_total", "door" => shared.rules.door.as_str()).increment(1);
    // Beyond this even saying no would cost memory.
    if sessions.len() >= shared.config.limits.connections_max + REFUSALS_AT_ONCE_MAX {
        return;
    }
    let shared = shared.clone();
    sessions.spawn(async move {
        let ip = from.ip().to_canonical();
        if let Err(cause) = connection(&shared, stream, ip).await {
            tracing::debug!(%ip, %cause, "connection ended");
        }
    });
}

/// A panic ends one connection and is counted.
fn note_end(ended: Result<(), JoinError>) {
    if let Err(cause) = ended
        && cause.is_panic()
    {
        metrics::counter!("panics_total", "where" => "smtp").increment(1);
        tracing::error!(%cause, "session panicked");
    }
}

async fn drain(shared: &Listener, mut sessions: JoinSet<()>) {
    let all_ended = async {
        while let Some(ended) = sessions.join_next().await {
            note_end(ended);
        }
    };
    tokio::pin!(all_ended);
    if timeout(Duration::from_secs(DRAIN_SECS), &mut all_ended)
        .await
        .is_err()
    {
        shared.hurry.cancel();
        if timeout(Duration::from_secs(1), &mut all_ended)
            .await
            .is_err()
        {
            tracing::warn!("sessions cut off at shutdown");
        }
    }
}

/// One connection from its first byte to its last.
async fn connection(shared: &Listener, mut stream: TcpStream, from: IpAddr) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BytesMut::with_capacity(READ_BYTES_FIRST);
    let mut ip = from;
    if shared.config.proxies.contains(&from) {
        let header = read_proxy_header(&mut stream, &mut input);
        match timeout(Duration::from_secs(PROXY_HEADER_SECS), header).await {
            Ok(Ok(Some(client))) => ip = client.to_canonical(),
            Ok(Ok(None)) => {}
            Ok(Err(cause)) => return Err(cause),
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
    let entered = shared
        .gate
        .enter(ip, &shared.config.limits, std::time::Instant::now());
    let place = match entered {
        Ok(place) => place,
        Err(why) => return turn_away(&mut stream, shared.rules.door, why).await,
    };
    if spoke_early(shared, &stream, &input).await? {
        return say(&mut stream, &reply::SPOKE_TOO_EARLY).await;
    }
    session(shared, stream, ip, place, input).await
}

async fn session(
    shared: &Listener,
    mut stream: TcpStream,
    ip: IpAddr,
    place: Place,
    input: BytesMut,
) -> io::Result<()> {
    let peer = Peer {
        ip: ip.to_string(),
        offer_tls: place.offer_tls,
    };
    let rules = shared.rules.clone();
    if shared.rules.door == Door::Submissions {
        let Some(mut tls) = handshake(shared, stream, ip).await else {
            return Ok(());
        };
        let mut session = Session::new(rules, peer, Some(describe(&tls)));
        session.bind(exporter(&tls));
        shared.tell_time(&mut session);
        return talk(shared, &mut tls, &mut session, ip, BytesMut::new())
            .await
            .map(|_| ());
    }
    let mut session = Session::new(rules, peer, None);
    shared.tell_time(&mut session);
    if talk(shared, &mut stream, &mut session, ip, input).await? == End::Closed {
        return Ok(());
    }
    let Some(mut tls) = handshake(shared, stream, ip).await else {
        return Ok(());
    };
    session.secured(describe(&tls));
    session.bind(exporter(&tls));
    talk(shared, &mut tls, &mut session, ip, BytesMut::new())
        .await
        .map(|_| ())
}

/// How a conversation ended.
#[derive(PartialEq, Eq)]
enum End {
    Closed,
    StartTls,
}

/// When patience ends: for a whole command, for the next bytes of a message, for a whole message, for the session.
struct Patience {
    session: Instant,
    command: Instant,
    data: Instant,
}

impl Patience {
    fn new(shared: &Listener) -> Self {
        let now = Instant::now();
        let limits = &shared.config.limits;
        Self {
            session: now + limits.session_time,
            command: now + limits.command_time,
            data: now + limits.data_time,
        }
    }
    /// The peer finished something: its command or message clock starts again.
    fn renew(&mut self, shared: &Listener) {
        let fresh = Self::new(shared);
        (self.command, self.data) = (fresh.command, fresh.data);
    }
    fn until(&self, session: &Session, shared: &Listener) -> Instant {
        let next = if session.state().in_body() {
            self.data
                .min(Instant::now() + shared.config.limits.data_idle_time)
        } else {
            self.command
        };
        next.min(self.session)
    }
}

/// Carries bytes between peer and session until one of them ends it.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    shared: &Listener,
    stream: &mut S,
    session: &mut Session,
    ip: IpAddr,
    mut input: BytesMut,
) -> io::Result<End> {
    let mut patience = Patience::new(shared);
    loop {
        match session.next(&mut input) {
            Step::Ask(ask) => {
                let answer = shared.world.answer(ask, ip).await;
                session.answer(answer);
            }
            Step::Pause(ms) => sleep(Duration::from_millis(ms)).await,
            Step::Flush => flush(stream, session.output()).await?,
            Step::StartTls => {
                flush(stream, session.output()).await?;
                return Ok(End::StartTls);
            }
            Step::Close => {
                flush(stream, session.output()).await?;
                stream.shutdown().await?;
                return Ok(End::Closed);
            }
            Step::Read => {
                if !session.output().is_empty() {
                    flush(stream, session.output()).await?;
                    patience.renew(shared);
                }
                let until = patience.until(session, shared);
                read(shared, stream, session, &mut input, until).await?;
            }
        }
    }
}

/// Reads once; a stop or the end of patience makes the session say its last word instead.
async fn read<S: AsyncRead + Unpin>(
    shared: &Listener,
    stream: &mut S,
    session: &mut Session,
    input: &mut BytesMut,
    until: Instant,
) -> io::Result<()> {
    let in_body = session.state().in_body();
    input.reserve(if in_body {
        READ_BYTES_MAX
    } else {
        READ_BYTES_FIRST
    });
    let open = session.state().in_transaction();
    tokio::select! {
        biased;
        () = shared.hurry.cancelled() => session.stop(&reply::SHUTTING_DOWN),
        () = shared.shutdown.cancelled(), if !open => session.stop(&reply::SHUTTING_DOWN),
        got = stream.read_buf(input) => {
            if got? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        () = tokio::time::sleep_until(until) => session.stop(&reply::TIMED_OUT),
    }
    Ok(())
}

async fn flush<S: AsyncWrite + Unpin>(stream: &mut S, out: &mut BytesMut) -> io::Result<()> {
    let write = async {
        stream.write_all(out).await?;
        stream.flush().await
    };
    timeout(Duration::from_secs(WRITE_SECS), write)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    out.clear();
    Ok(())
}

/// The TLS handshake; a failure is written down, and the MX door remembers not to offer STARTTLS there for a while.
async fn handshake(
    shared: &Listener,
    stream: TcpStream,
    ip: IpAddr,
) -> Option<TlsStream<TcpStream>> {
    let config = shared.config.tls.clone()?;
    let accept = TlsAcceptor::from(config).accept(stream);
    let cause = match timeout(Duration::from_secs(HANDSHAKE_SECS), accept).await {
        Ok(Ok(tls)) => return Some(tls),
        Ok(Err(cause)) => cause.to_string(),
        Err(_) => "timed out".to_owned(),
    };
    if shared.rules.door == Door::Mx {
        let limits = &shared.config.limits;
        let now = std::time::Instant::now();
        shared.gate.handshake_failed(ip, limits, now);
    }
    record_handshake(&shared.world.room, ip, &cause);
    None
}

/// What this very connection is known by at both ends (RFC 9266 §2).
fn exporter(tls: &TlsStream<TcpStream>) -> Option<[u8; EXPORTER_BYTES]> {
    let (_, connection) = tls.get_ref();
    let label = b"EXPORTER-Channel-Binding";
    connection
        .export_keying_material([0; EXPORTER_BYTES], label, Some(&[]))
        .ok()
}

/// Version and cipher for the trace: "TLSv1.3 TLS13_AES_256_GCM_SHA384".
fn describe(tls: &TlsStream<TcpStream>) -> String {
    let (_, connection) = tls.get_ref();
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "TLS",
    };
    match connection.negotiated_cipher_suite() {
        Some(suite) => format!("{version} {:?}", suite.suite()),
        None => version.to_owned(),
    }
}

/// The balancer's header; what follows it stays in `input`.
async fn read_proxy_header(
    stream: &mut TcpStream,
    input: &mut BytesMut,
) -> io::Result<Option<IpAddr>> {
    loop {
        match proxy::parse(input) {
            Header::Whole { used, client } => {
                input.advance(used);
                return Ok(client);
            }
            Header::Bad => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "bad PROXY header",
                ));
            }
            Header::Partial if stream.read_buf(input).await? == 0 => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Header::Partial => {}
        }
    }
}

/// A polite peer waits for the greeting (RFC 5321 §4.3.1); only looked at where the site asks for it.
async fn spoke_early(shared: &Listener, stream: &TcpStream, input: &BytesMut) -> io::Result<bool> {
    let delay = shared.config.greeting_delay;
    if delay.is_zero() || shared.rules.door != Door::Mx {
        return Ok(false);
    }
    if !input.is_empty() {
        return Ok(true);
    }
    match timeout(delay, stream.peek(&mut [0u8; 1])).await {
        Ok(Ok(0)) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(Ok(_)) => Ok(true),
        Ok(Err(cause)) => Err(cause),
        Err(_) => Ok(false),
    }
}

async fn turn_away(stream: &mut TcpStream, door: Door, why: Closed) -> io::Result<()> {
    metrics::counter!("smtp_turned_away_total", "door" => door.as_str()).increment(1);
    if door == Door::Submissions {
        return Ok(());
    }
    match why {
        Closed::Full => say(stream, &reply::TOO_BUSY).await,
        Closed::TooManyFromThere => say(stream, &reply::TOO_MANY_CONNECTIONS).await,
    }
}

/// One reply, then the end.
async fn say(stream: &mut TcpStream, reply: &Reply) -> io::Result<()> {
    let mut out = BytesMut::new();
    reply.write(&mut out, Script::Ascii);
    flush(stream, &mut out).await?;
    stream.shutdown().await
}
