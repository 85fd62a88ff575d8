//! A small town with a mailroom on a private SQLite, and IMAP sessions over pipes in it. Time stands still.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use imap_lite::{Config, Peer, Session, Wire};
use mailroom::mail::Append;
use mailroom::people::{NewAccount, PrincipalKindWord};
use mailroom::{Access, Actor, Clock, Mailroom, Means, Policy};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use store::Store;
use tokio::io::DuplexStream;
use tokio_util::sync::CancellationToken;

/// 2026-11-22 04:26:40 in Vietnam.
pub const START: i64 = 1_795_296_400_000;
pub const SECRET: &str = "con trâu đi trước";

pub struct Town {
    pub room: Mailroom,
    pub at: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
    pub shutdown: CancellationToken,
}

impl Town {
    pub async fn new() -> Town {
        Town::with(|_| ()).await
    }

    pub async fn with(change: impl FnOnce(&mut Policy)) -> Town {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(store::testing::config(folder.path(), None))
            .await
            .unwrap();
        let at = Arc::new(AtomicI64::new(START));
        let mut policy = Policy {
            host_name: "mx.tinh.example".into(),
            clients_take_password: true,
            ..Policy::default()
        };
        change(&mut policy);
        let room = Mailroom::new(store, policy, Clock::Held(Arc::clone(&at))).unwrap();
        let town = Town {
            room,
            at,
            _folder: folder,
            shutdown: CancellationToken::new(),
        };
        let console = town.room.console();
        town.room
            .domain_add(&console, "tinh.example", None)
            .await
            .unwrap();
        town.room
            .unit_add(&console, "A", "Sở A", None, "department", "0290")
            .await
            .unwrap();
        town.add("an", "Nguyễn Văn An", PrincipalKindWord::Individual)
            .await;
        town
    }

    pub async fn add(&self, local: &str, name: &str, kind: PrincipalKindWord) {
        let account = NewAccount {
            address: format!("{local}@tinh.example"),
            name: name.into(),
            unit_code: Some("A".into()),
            kind: Some(kind),
            ..NewAccount::default()
        };
        self.room
            .account_add(&self.room.console(), account, None)
            .await
            .unwrap();
    }

    pub async fn actor(&self, local: &str) -> Actor {
        let who = self
            .room
            .find_address(&format!("{local}@tinh.example"))
            .await
            .unwrap()
            .unwrap();
        Actor {
            principal: who.id,
            address: who.address,
            name: who.name,
            means: Means::Password,
            peer_ip: "192.0.2.7".into(),
        }
    }

    pub async fn open(&self, local: &str) -> Access {
        let actor = self.actor(local).await;
        let account = actor.principal.into();
        self.room.open(&actor, account).await.unwrap()
    }

    /// Everybody gets the first passphrase with a slip.
    pub async fn set_password(&self, local: &str) {
        let who = self.actor(local).await.principal;
        let slip = self
            .room
            .slip_make(&self.room.console(), who)
            .await
            .unwrap();
        self.room
            .slip_use(&slip.code, SECRET, "192.0.2.7")
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }

    /// Letters 1 to `count` in INBOX.
    pub async fn letters(&self, count: usize) {
        let access = self.open("an").await;
        let inbox = access.mailbox("INBOX").await.unwrap();
        for number in 1..=count {
            let append = Append {
                raw: letter(number).into(),
                flags: 0,
                keywords: Vec::new(),
                received_at: Some(START - 86_400_000 + i64::try_from(number).unwrap() * 1_000),
            };
            access.append(inbox.id, append).await.unwrap();
        }
    }

    /// The client's end of a new session.
    pub fn connect(&self, secure: bool) -> DuplexStream {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let config = Arc::new(Config {
            host_name: "mx.tinh.example".into(),
            message_bytes_max: 100_000,
            ..Config::default()
        });
        let wire = Wire::new(Box::new(server), secure);
        let peer = Peer {
            ip: "192.0.2.7".into(),
        };
        tokio::spawn(
            Session::new(self.room.clone(), config, wire, peer, self.shutdown.clone()).run(),
        );
        client
    }
}

pub fn letter(number: usize) -> Vec<u8> {
    format!(
        "From: Khách <khach{number}@gmail.example>\r\nTo: an@tinh.example\r\nCc: Bình <binh@tinh.example>\r\n\
         Date: Sat, {number} Feb 2025 08:00:00 +0700\r\nSubject: Giấy mời số {number}\r\nMessage-ID: <{number}@gmail.example>\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nNội dung thư {number}.\r\n"
    )
    .into_bytes()
}
