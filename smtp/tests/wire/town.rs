//! A province small enough for a test, its doors on free loopback ports, and a client that speaks bytes.

use mailroom::people::{NewAccount, PrincipalKindWord};
use mailroom::{Actor, Clock, Mailroom, Means, Policy};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use smtp::{Config, Door};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::{Role, Store};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const SECRET: &str = "con trâu đi trước";

pub struct Town {
    pub room: Mailroom,
    pub tls: Arc<rustls::ServerConfig>,
    trusted: Arc<rustls::ClientConfig>,
    roots: Arc<rustls::RootCertStore>,
    _folder: tempfile::TempDir,
}

impl Town {
    pub async fn new() -> Town {
        Town::with(|_| ()).await
    }

    pub async fn with(change: impl FnOnce(&mut Policy)) -> Town {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(store::testing::config(folder.path(), None))
            .await
            .unwrap();
        let mut policy = Policy {
            host_name: "mx.camau.vn".into(),
            clients_take_password: true,
            ..Policy::default()
        };
        change(&mut policy);
        let room = Mailroom::new(store, policy, Clock::System).unwrap();
        settle(&room).await;
        let made = rcgen::generate_simple_self_signed(vec!["mx.camau.vn".into()]).unwrap();
        let certificate: CertificateDer<'static> = made.cert.der().clone();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let tls = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate).unwrap();
        let roots = Arc::new(roots);
        let trusted = rustls::ClientConfig::builder()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        Town {
            room,
            tls: Arc::new(tls),
            trusted: Arc::new(trusted),
            roots,
            _folder: folder,
        }
    }

    pub fn config(&self) -> Config {
        let mut config = Config::new("mx.camau.vn", Some(self.tls.clone()));
        config.limits.message_bytes_max = 10_000;
        config
    }

    pub async fn open(&self, door: Door, config: Config) -> Open {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.open_at(listener, door, config)
    }

    pub fn open_at(&self, listener: TcpListener, door: Door, config: Config) -> Open {
        let at = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = smtp::serve(
            Arc::new(config),
            door,
            listener,
            self.room.clone(),
            stop.clone(),
        );
        Open {
            at,
            door,
            stop,
            served: tokio::spawn(served),
            trusted: self.trusted.clone(),
        }
    }

    /// A client that speaks these versions of TLS and no other.
    pub fn speaks(
        &self,
        versions: &[&'static rustls::SupportedProtocolVersion],
        client: &mut Client,
    ) {
        let config = rustls::ClientConfig::builder_with_protocol_versions(versions)
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        client.trusted = Arc::new(config);
    }

    pub async fn actor(&self, local: &str) -> Actor {
        let who = self
            .room
            .find_address(&format!("{local}@camau.vn"))
            .await
            .unwrap()
            .unwrap();
        Actor {
            principal: who.id,
            address: who.address,
            name: who.name,
            means: Means::Password,
            peer_ip: "192.0.2.1".into(),
        }
    }

    /// The letters in somebody's mailbox, oldest first, as stored.
    pub async fn letters(&self, local: &str, role: Role) -> Vec<Vec<u8>> {
        let actor = self.actor(local).await;
        let own = actor.principal.into();
        let access = self.room.open(&actor, own).await.unwrap();
        let mailbox = access.mailbox_by_role(role).await.unwrap().id;
        let mut rows = access.list(mailbox, None, 100, false).await.unwrap();
        rows.reverse();
        let mut bodies = Vec::new();
        for row in rows {
            bodies.push(access.body(mailbox, row.uid).await.unwrap().to_vec());
        }
        bodies
    }
}

async fn settle(room: &Mailroom) {
    let console = room.console();
    room.domain_add(&console, "camau.vn", None).await.unwrap();
    room.domain_add(&console, "tỉnh.vn", None).await.unwrap();
    room.unit_add(&console, "P", "Tỉnh", None, "province", "")
        .await
        .unwrap();
    let people = [
        ("an@camau.vn", PrincipalKindWord::Individual, Some(SECRET)),
        ("binh@camau.vn", PrincipalKindWord::Individual, None),
        ("dong@camau.vn", PrincipalKindWord::Individual, None),
        ("vanthu@camau.vn", PrincipalKindWord::Unit, None),
        ("văn.thư@tỉnh.vn", PrincipalKindWord::Individual, None),
        ("nhom@camau.vn", PrincipalKindWord::List, None),
    ];
    for (address, kind, password) in people {
        let account = NewAccount {
            address: address.into(),
            name: address.into(),
            unit_code: Some("P".into()),
            kind: Some(kind),
            ..NewAccount::default()
        };
        room.account_add(&console, account, password).await.unwrap();
    }
    room.account_disable(&console, "dong@camau.vn", true)
        .await
        .unwrap();
    room.membership_set(&console, "an@camau.vn", "vanthu@camau.vn", "send_as", None)
        .await
        .unwrap();
    let members = ["an@camau.vn".to_owned(), "x@gmail.example".to_owned()];
    room.list_set(&console, "nhom@camau.vn", &members)
        .await
        .unwrap();
}

/// A door that is being served.
pub struct Open {
    pub at: SocketAddr,
    door: Door,
    pub stop: CancellationToken,
    pub served: JoinHandle<()>,
    trusted: Arc<rustls::ClientConfig>,
}

trait Line: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

/// A client: bytes out, reply lines in.
pub struct Client {
    line: Option<Box<dyn Line>>,
    seen: Vec<u8>,
    trusted: Arc<rustls::ClientConfig>,
    /// What the TLS connection is known by at both ends (RFC 9266).
    pub exporter: Option<[u8; 32]>,
}

impl Open {
    pub async fn client(&self) -> Client {
        let stream = TcpStream::connect(self.at).await.unwrap();
        self.client_on(stream).await
    }

    /// A client at another loopback address.
    pub async fn client_from(&self, ip: [u8; 4]) -> Client {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((ip, 0).into()).unwrap();
        let stream = socket.connect(self.at).await.unwrap();
        self.client_on(stream).await
    }

    async fn client_on(&self, stream: TcpStream) -> Client {
        let mut client = Client {
            line: Some(Box::new(stream)),
            seen: Vec::new(),
            exporter: None,
            trusted: self.trusted.clone(),
        };
        if self.door == Door::Submissions {
            client.handshake().await;
        }
        client
    }
}

impl Client {
    pub async fn handshake(&mut self) {
        assert!(
            self.seen.is_empty(),
            "{}",
            String::from_utf8_lossy(&self.seen)
        );
        let name = ServerName::try_from("mx.camau.vn").unwrap();
        let plain = self.line.take().unwrap();
        let tls = tokio_rustls::TlsConnector::from(self.trusted.clone())
            .connect(name, plain)
            .await
            .unwrap();
        let known =
            tls.get_ref()
                .1
                .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(&[]));
        self.exporter = known.ok();
        self.line = Some(Box::new(tls));
    }

    /// Sends; a peer that has closed is seen when reading.
    pub async fn send(&mut self, bytes: &[u8]) {
        let line = self.line.as_mut().unwrap();
        if line.write_all(bytes).await.is_ok() {
            let _ = line.flush().await;
        }
    }

    /// Everything until the other side closes.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.seen);
        let line = self.line.as_mut().unwrap();
        // A reset ends it as well as a close.
        let read = tokio::time::timeout(Duration::from_secs(30), line.read_to_end(&mut bytes));
        let _ended = read.await.expect("still open");
        bytes
    }

    /// The next reply line; None when the other side has closed.
    pub async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.seen.windows(2).position(|two| two == b"\r\n") {
                let line = self.seen.drain(..end + 2).take(end).collect();
                return Some(String::from_utf8(line).unwrap());
            }
            let mut block = [0; 4096];
            let read = self.line.as_mut().unwrap().read(&mut block);
            // Only a test that hangs meets this.
            match tokio::time::timeout(Duration::from_secs(30), read)
                .await
                .expect("no reply")
            {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.seen.extend_from_slice(&block[..count]),
            }
        }
    }

    /// Says one line and expects the reply to begin so; the lines of a long reply are read to the last.
    pub async fn say(&mut self, line: &str, expected: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes()).await;
        self.expect(expected).await
    }

    pub async fn expect(&mut self, expected: &str) -> String {
        loop {
            let said = self
                .line()
                .await
                .unwrap_or_else(|| panic!("closed, expected {expected}"));
            if said.as_bytes().get(3) != Some(&b'-') {
                assert!(said.starts_with(expected), "{said:?} is not {expected:?}");
                return said;
            }
        }
    }

    /// A whole letter to `to`; returns the reply to its end.
    pub async fn letter(&mut self, from: &str, to: &[&str], body: &str) -> String {
        self.say(&format!("MAIL FROM:<{from}>"), "250 2.1.0").await;
        for one in to {
            self.say(&format!("RCPT TO:<{one}>"), "250 2.1.5").await;
        }
        self.say("DATA", "354").await;
        self.send(format!("{body}\r\n.\r\n").as_bytes()).await;
        self.line().await.unwrap()
    }
}
