//! A small province for the flow tests: units A and B under a province, people, a list, on a private store. Time stands
//! still until a test moves it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use mailroom::people::{NewAccount, PrincipalKindWord};
use mailroom::receive::{Incoming, Peer, RcptTo, Refused, Verdict};
use mailroom::signin::Door;
use mailroom::submit::Outgoing;
use mailroom::{Access, Actor, Clock, Error, Mailroom, Policy};
use store::{AccountId, Role, Store, TraceId};

pub const START: i64 = 1_795_300_000_000;
pub const SECRET: &str = "con trâu đi trước";
pub const IP: &str = "192.0.2.7";

pub struct Town {
    pub room: Mailroom,
    pub store: Store,
    pub at: Arc<AtomicI64>,
    pub folder: tempfile::TempDir,
    pub policy: Policy,
}

impl Town {
    /// On SQLite, with people.
    pub async fn new() -> Town {
        Town::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Policy)) -> Town {
        let town = Town::empty(change).await;
        town.settle().await;
        town
    }

    pub async fn empty(change: impl FnOnce(&mut Policy)) -> Town {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(store::testing::config(folder.path(), None))
            .await
            .unwrap();
        Town::over(store, folder, change)
    }

    pub fn over(store: Store, folder: tempfile::TempDir, change: impl FnOnce(&mut Policy)) -> Town {
        let at = Arc::new(AtomicI64::new(START));
        let mut policy = Policy {
            host_name: "mx.tinh.example".into(),
            clients_take_password: true,
            ..Policy::default()
        };
        change(&mut policy);
        let room =
            Mailroom::new(store.clone(), policy.clone(), Clock::Held(Arc::clone(&at))).unwrap();
        Town {
            room,
            store,
            at,
            folder,
            policy,
        }
    }

    /// The domain, the tree P > A, B and everybody.
    pub async fn settle(&self) {
        let console = self.room.console();
        self.room
            .domain_add(&console, "tinh.example", None)
            .await
            .unwrap();
        self.room
            .unit_add(&console, "P", "Tỉnh", None, "province", "0290 1")
            .await
            .unwrap();
        for code in ["A", "B"] {
            self.room
                .unit_add(
                    &console,
                    code,
                    &format!("Sở {code}"),
                    Some("P"),
                    "department",
                    "0290 2",
                )
                .await
                .unwrap();
        }
        for (address, name, unit) in [
            ("chutich@tinh.example", "Trần Chủ Tịch", "P"),
            ("an@tinh.example", "Nguyễn Văn An", "A"),
            ("binh@tinh.example", "Lê Thị Bình", "A"),
            ("lan@tinh.example", "Phạm Lan", "B"),
            ("quantri.a@tinh.example", "Đỗ Quản Trị", "A"),
            ("quantri.b@tinh.example", "Vũ Quản Trị", "B"),
            ("quantri.p@tinh.example", "Hồ Quản Trị", "P"),
        ] {
            self.add(address, name, unit, PrincipalKindWord::Individual)
                .await;
        }
        self.add("so.a@tinh.example", "Sở A", "A", PrincipalKindWord::Unit)
            .await;
        self.add("tinh@tinh.example", "Tỉnh", "P", PrincipalKindWord::Unit)
            .await;
        self.add("tatca@tinh.example", "Tất cả", "P", PrincipalKindWord::List)
            .await;
        for (admin, unit) in [("quantri.a", "A"), ("quantri.b", "B"), ("quantri.p", "P")] {
            self.room
                .unit_admin_set(&console, &format!("{admin}@tinh.example"), unit, true)
                .await
                .unwrap();
        }
    }

    pub async fn add(&self, address: &str, name: &str, unit: &str, kind: PrincipalKindWord) {
        let account = NewAccount {
            address: address.into(),
            name: name.into(),
            unit_code: Some(unit.into()),
            kind: Some(kind),
            ..NewAccount::default()
        };
        self.room
            .account_add(&self.room.console(), account, None)
            .await
            .unwrap();
    }

    /// Somebody at the keyboard, without the cost of a passphrase.
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
            means: mailroom::Means::Password,
            peer_ip: IP.into(),
        }
    }

    pub async fn account(&self, local: &str) -> AccountId {
        self.room
            .find_address(&format!("{local}@tinh.example"))
            .await
            .unwrap()
            .unwrap()
            .id
            .into()
    }

    pub async fn open(&self, local: &str) -> Access {
        let actor = self.actor(local).await;
        let account = self.account(local).await;
        self.room.open(&actor, account).await.unwrap()
    }

    pub async fn set_password(&self, local: &str) {
        // A slip is how everybody gets the first passphrase.
        let who = self.account(local).await;
        let slip = self
            .room
            .slip_make(&self.room.console(), who.into())
            .await
            .unwrap();
        self.room
            .slip_use(&slip.code, SECRET, IP)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }

    pub async fn sign_in(
        &self,
        door: Door,
        local: &str,
        secret: &str,
    ) -> Result<Actor, mailroom::signin::NoEntry> {
        self.room
            .sign_in(door, &format!("{local}@tinh.example"), secret, IP)
            .await
            .unwrap()
    }

    pub fn pass_ms(&self, ms: i64) {
        self.at.fetch_add(ms, Ordering::AcqRel);
    }

    pub async fn rcpt(&self, address: &str) -> RcptTo {
        let resolved = self.room.resolve(address).await.unwrap();
        RcptTo {
            address: address.into(),
            notify: None,
            orcpt: None,
            resolved,
        }
    }

    pub async fn incoming(&self, to: &[&str], raw: &str) -> Incoming {
        let mut recipients = Vec::new();
        for one in to {
            recipients.push(self.rcpt(one).await);
        }
        Incoming {
            trace: self.room.new_trace(),
            peer: Peer {
                ip: "203.0.113.5".into(),
                helo: "mail.gmail.example".into(),
                tls: "TLSv1.3".into(),
            },
            mail_from: "khach@gmail.example".into(),
            recipients,
            raw: raw.replace('\n', "\r\n").into_bytes().into(),
            smtputf8: false,
            auth_results: "spf=pass smtp.mailfrom=gmail.example".into(),
            proven: true,
            verdict: Verdict::Inbox,
            reasons: Vec::new(),
            envid: None,
            ret: None,
        }
    }

    pub async fn receive(&self, to: &[&str], raw: &str) -> Result<TraceId, Refused> {
        self.room
            .receive(self.incoming(to, raw).await)
            .await
            .unwrap()
    }

    /// A letter handed in by a mail program.
    pub async fn outgoing(&self, from: &str, to: &[&str], raw: &str) -> Outgoing {
        let mut recipients = Vec::new();
        for one in to {
            recipients.push(self.rcpt(one).await);
        }
        Outgoing {
            trace: self.room.new_trace(),
            peer: Default::default(),
            mail_from: from.into(),
            recipients,
            raw: raw.replace('\n', "\r\n").into_bytes().into(),
            smtputf8: false,
            envid: None,
            ret: None,
            priority: 0,
        }
    }

    /// Subjects in a mailbox, oldest first.
    pub async fn subjects(&self, local: &str, role: Role) -> Vec<String> {
        let access = self.open(local).await;
        let mailbox = access.mailbox_by_role(role).await.unwrap();
        let mut subjects: Vec<String> = access
            .list(mailbox.id, None, 100, false)
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.subject)
            .collect();
        subjects.reverse();
        subjects
    }
}

/// A short letter.
pub fn letter(subject: &str) -> String {
    format!(
        "From: Khách <khach@gmail.example>\nTo: an@tinh.example\nSubject: {subject}\nMessage-ID: <{subject}@gmail.example>\n\nChào anh.\n"
    )
}

pub fn is_denied<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Denied(_)))
}
