//! From the commit of a letter to a decrypted notification: a real mailroom on SQLite, the push worker, and a push service on
//! loopback that checks everything a real one and a browser would.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

mod names;
mod sink;

use mailroom::device::NewSubscription;
use mailroom::people::{NewAccount, PrincipalKindWord};
use mailroom::receive::{Incoming, Peer, RcptTo, Verdict};
use mailroom::{Actor, Clock, Mailroom, Means, Policy};
use push::{Config, Vapid};
use sink::{Sink, Subscription, Told};
use std::future::Future;
use std::time::{Duration, Instant};
use store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

struct Town {
    room: Mailroom,
    store: Store,
    vapid: Vapid,
    sink: Sink,
    _folder: tempfile::TempDir,
}

async fn town() -> Town {
    town_that(false).await
}

/// Whose province lets people have senders named, or not.
async fn town_that(push_shows_senders: bool) -> Town {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(store::testing::config(folder.path(), None))
        .await
        .unwrap();
    let policy = Policy {
        push_shows_senders,
        ..Policy::default()
    };
    let room = Mailroom::new(store.clone(), policy, Clock::System).unwrap();
    let console = room.console();
    room.domain_add(&console, "ours.example", None)
        .await
        .unwrap();
    room.unit_add(&console, "P", "Tỉnh", None, "province", "")
        .await
        .unwrap();
    let vapid = Vapid::load_or_make(&folder.path().join("vapid.pem")).unwrap();
    let sink = Sink::new(vapid.public_base64url()).await;
    Town {
        room,
        store,
        vapid,
        sink,
        _folder: folder,
    }
}

impl Town {
    async fn person(&self, local: &str) -> Actor {
        let account = NewAccount {
            address: format!("{local}@ours.example"),
            name: local.into(),
            unit_code: Some("P".into()),
            kind: Some(PrincipalKindWord::Individual),
            ..NewAccount::default()
        };
        self.room
            .account_add(&self.room.console(), account, None)
            .await
            .unwrap();
        let who = self
            .room
            .find_address(&format!("{local}@ours.example"))
            .await
            .unwrap()
            .unwrap();
        Actor {
            principal: who.id,
            address: who.address,
            name: who.name,
            means: Means::WebSession,
            peer_ip: "192.0.2.7".into(),
        }
    }

    async fn subscribe(&self, who: &Actor, device: Subscription) {
        let new = NewSubscription {
            endpoint: device.endpoint,
            p256dh: device.p256dh,
            auth: device.auth,
            device: "Điện thoại".into(),
            session_key: String::new(),
        };
        self.room.subscribe(who, new).await.unwrap();
    }

    async fn letter(&self, to: &Actor, urgent: bool) {
        let urgency = if urgent {
            "Importance: high\r\nX-Priority: 1\r\nPriority: urgent\r\n"
        } else {
            ""
        };
        let raw = format!(
            "From: k@khach.example\r\nTo: {}\r\nSubject: Mật: số 12/CV\r\n{urgency}\r\nbí mật\r\n",
            to.address
        );
        self.receive(to, raw.into_bytes()).await;
    }

    async fn receive(&self, to: &Actor, raw: Vec<u8>) {
        let resolved = self.room.resolve(&to.address).await.unwrap();
        let incoming = Incoming {
            trace: self.room.new_trace(),
            peer: Peer {
                ip: "203.0.113.5".into(),
                ..Peer::default()
            },
            mail_from: "k@khach.example".into(),
            recipients: vec![RcptTo {
                address: to.address.clone(),
                notify: None,
                orcpt: None,
                resolved,
            }],
            raw: raw.into(),
            smtputf8: false,
            auth_results: String::new(),
            proven: false,
            verdict: Verdict::Inbox,
            reasons: Vec::new(),
            envid: None,
            ret: None,
        };
        self.room.receive(incoming).await.unwrap().unwrap();
    }

    fn work(&self) -> (CancellationToken, JoinHandle<()>) {
        let config = Config {
            contact: "mailto:postmaster@ours.example".into(),
            web_base: "https://thu.ours.example/".into(),
            allow_private_hosts: true,
            ..Config::default()
        };
        let stop = CancellationToken::new();
        let task = tokio::spawn(push::run(
            config,
            self.room.clone(),
            self.vapid.clone(),
            stop.clone(),
        ));
        (stop, task)
    }

    async fn until<F: Future<Output = bool>>(&self, what: &str, mut done: impl FnMut() -> F) {
        for _ in 0..6_000 {
            if done().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("never: {what}");
    }

    async fn told(&self, count: usize) -> Vec<Told> {
        self.until("told", || async { self.sink.told().len() >= count })
            .await;
        self.sink.told()
    }

    async fn settled(&self, who: &Actor, code: u32) {
        self.until("settled", || async {
            let held = self.store.subscriptions_of(who.principal).await.unwrap();
            held.iter().all(|one| one.last_code == Some(code))
        })
        .await;
    }
}

fn body(told: &Told) -> &str {
    told.text["notification"]["body"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_becomes_a_notification_that_tells_only_a_count() {
    let town = town().await;
    let an = town.person("an").await;
    town.subscribe(&an, town.sink.device("may", &[])).await;
    let (stop, task) = town.work();
    town.letter(&an, false).await;
    let told = town.told(1).await.remove(0);
    assert_eq!(told.text["web_push"], 8030);
    assert_eq!(told.text["app_badge"], 1);
    assert_eq!(
        (told.text["notification"]["title"].as_str(), body(&told)),
        (Some("Thư mới"), "Có 1 thư mới")
    );
    assert_eq!(
        told.text["notification"]["navigate"],
        "https://thu.ours.example/"
    );
    assert_eq!(told.claims["sub"], "mailto:postmaster@ours.example");
    let field = |name: &str| told.headers[name].clone();
    assert_eq!(
        (field("ttl").as_str(), field("urgency").as_str()),
        ("86400", "normal")
    );
    let topic = field("topic");
    assert!(
        topic.len() == 24
            && topic
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)),
        "{topic}"
    );
    let whole = format!("{told:?}");
    for secret in ["Mật", "12/CV", "khach", "bí mật", "an@ours"] {
        assert!(!whole.contains(secret), "{secret} in {whole}");
    }
    town.settled(&an, 201).await;
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ordinary_letters_are_gathered_and_urgent_ones_go_at_once() {
    let town = town().await;
    let an = town.person("an").await;
    town.subscribe(&an, town.sink.device("may", &[])).await;
    let (stop, task) = town.work();
    town.letter(&an, false).await;
    town.told(1).await;
    town.settled(&an, 201).await;
    for _ in 0..3 {
        town.letter(&an, false).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(town.sink.told().len(), 1, "two minutes of peace");
    town.letter(&an, true).await;
    let told = town.told(2).await;
    assert_eq!(body(&told[1]), "Có 4 thư mới");
    assert_eq!(told[1].headers["urgency"], "high");
    assert_eq!(
        told[1].headers["topic"], told[0].headers["topic"],
        "one replaces the other on a phone that was off"
    );
    assert_eq!(told[1].bytes, told[0].bytes, "one size for all");
    assert_eq!(told[1].text["app_badge"], 5);
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_of_the_service_are_obeyed() {
    let town = town().await;
    let (stop, task) = town.work();
    let rows: [(&str, u16, Option<&'static str>); 5] = [
        ("a404", 404, None),
        ("a410", 410, None),
        ("a403", 403, None),
        ("a429", 429, Some("1")),
        ("a503", 503, Some("1")),
    ];
    let mut people = Vec::new();
    for (name, status, retry) in rows {
        let who = town.person(name).await;
        town.subscribe(&who, town.sink.device(name, &[(status, retry)]))
            .await;
        town.letter(&who, false).await;
        people.push(who);
    }
    // The two that asked for patience are told a second time; the gone ones are forgotten; the refused one is kept.
    town.told(7).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let count = |name: &str| {
        town.sink
            .told()
            .iter()
            .filter(|told| told.device == name)
            .count()
    };
    assert_eq!(
        ["a404", "a410", "a403", "a429", "a503"].map(count),
        [1, 1, 1, 2, 2]
    );
    let mut kept = Vec::new();
    for who in &people {
        kept.push(
            town.store
                .subscriptions_of(who.principal)
                .await
                .unwrap()
                .len(),
        );
    }
    assert_eq!(kept, [0, 0, 1, 1, 1]);
    let refused = town
        .store
        .subscriptions_of(people[2].principal)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(refused.last_code, Some(403));
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_loses_no_notice_and_repeats_none() {
    let town = town().await;
    let (an, binh) = (town.person("an").await, town.person("binh").await);
    town.subscribe(&an, town.sink.device("may-an", &[])).await;
    town.subscribe(&binh, town.sink.device("may-binh", &[]))
        .await;
    let (stop, task) = town.work();
    town.letter(&an, false).await;
    town.told(1).await;
    town.settled(&an, 201).await;
    stop.cancel();
    task.await.unwrap();
    // While nobody works, a letter comes.
    town.letter(&binh, false).await;
    let (stop, task) = town.work();
    let told = town.told(2).await;
    assert_eq!(
        (told[1].device.as_str(), body(&told[1])),
        ("may-binh", "Có 1 thư mới")
    );
    town.settled(&binh, 201).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(town.sink.told().len(), 2);
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endpoints_that_are_not_push_services_are_never_contacted() {
    let town = town().await;
    let an = town.person("an").await;
    town.subscribe(&an, town.sink.device("may", &[])).await;
    let stop = CancellationToken::new();
    // The defaults: known services over https, public addresses.
    let task = tokio::spawn(push::run(
        Config::default(),
        town.room.clone(),
        town.vapid.clone(),
        stop.clone(),
    ));
    town.letter(&an, false).await;
    town.settled(&an, 0).await;
    assert!(town.sink.told().is_empty());
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_commit_to_hand_over() {
    let town = town().await;
    let mut people = Vec::new();
    for n in 0..60 {
        let who = town.person(&format!("p{n}")).await;
        town.subscribe(&who, town.sink.device(&format!("may{n}"), &[]))
            .await;
        people.push(who);
    }
    let (stop, task) = town.work();
    let mut ways = Vec::new();
    for (n, who) in people.iter().enumerate() {
        let before = town.sink.told().len();
        let started = Instant::now();
        town.letter(who, false).await;
        let committed = started.elapsed();
        town.until("told", || async { town.sink.told().len() > before })
            .await;
        let told = town
            .sink
            .told()
            .into_iter()
            .find(|told| told.device == format!("may{n}"))
            .unwrap();
        ways.push(told.at.saturating_duration_since(started + committed));
    }
    ways.sort();
    eprintln!(
        "250 to the push service, {} letters: p50 {:?}, p95 {:?}, worst {:?}",
        ways.len(),
        ways[30],
        ways[57],
        ways[59]
    );
    assert_eq!(town.sink.told().len(), 60, "one push per device");
    stop.cancel();
    task.await.unwrap();
}
