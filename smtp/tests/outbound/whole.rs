//! The worker with a real mailroom on SQLite: from submission to the other server, to a report, through a stop and a restart.

use super::peer::{Fault, Log, Script, peer};
use super::*;
use mailroom::people::{NewAccount, PrincipalKindWord};
use mailroom::receive::{Onward, Peer, RcptTo};
use mailroom::submit::Outgoing;
use mailroom::{Actor, Clock, Mailroom, Means, Policy};
use std::time::Instant;
use store::{OutboxState, Role, Store, TraceId};
use tokio_util::sync::CancellationToken;

pub struct Town {
    pub room: Mailroom,
    pub store: Store,
    sender: Actor,
    _folder: tempfile::TempDir,
}

async fn town(policy: Policy) -> Town {
    town_on(policy, None).await
}

/// A town on SQLite, or on the PostgreSQL at `url`.
pub async fn town_on(policy: Policy, url: Option<&str>) -> Town {
    town_at(policy, url, Clock::System).await
}

/// The same with a clock that a test moves.
pub async fn town_at(policy: Policy, url: Option<&str>, clock: Clock) -> Town {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(store::testing::config(folder.path(), url))
        .await
        .unwrap();
    let room = Mailroom::new(store.clone(), policy, clock).unwrap();
    let console = room.console();
    room.domain_add(&console, "ours.example", None)
        .await
        .unwrap();
    room.unit_add(&console, "P", "Tỉnh", None, "province", "")
        .await
        .unwrap();
    let account = NewAccount {
        address: "a@ours.example".into(),
        name: "Nguyễn Văn An".into(),
        unit_code: Some("P".into()),
        kind: Some(PrincipalKindWord::Individual),
        ..NewAccount::default()
    };
    room.account_add(&console, account, None).await.unwrap();
    let who = room.find_address("a@ours.example").await.unwrap().unwrap();
    let sender = Actor {
        principal: who.id,
        address: who.address,
        name: who.name,
        means: Means::Password,
        peer_ip: "192.0.2.7".into(),
    };
    Town {
        room,
        store,
        sender,
        _folder: folder,
    }
}

impl Town {
    pub async fn submit(&self, to: &[&str]) -> TraceId {
        self.submit_with(to, 0).await
    }

    pub async fn submit_with(&self, to: &[&str], priority: i8) -> TraceId {
        self.submit_so(to, priority, None, Onward::AnyWay).await
    }

    pub async fn submit_so(
        &self,
        to: &[&str],
        priority: i8,
        ret: Option<&str>,
        onward: Onward,
    ) -> TraceId {
        let trace = self.room.new_trace();
        let mut recipients = Vec::new();
        for address in to {
            let resolved = self.room.resolve(address).await.unwrap();
            recipients.push(RcptTo {
                address: address.to_string(),
                notify: None,
                orcpt: None,
                resolved,
            });
        }
        let raw = format!(
            "From: a@ours.example\r\nTo: b@dich.example\r\nSubject: {trace}\r\n\r\n.cham\r\n"
        );
        let outgoing = Outgoing {
            trace,
            peer: Peer::default(),
            mail_from: "a@ours.example".into(),
            recipients,
            raw: raw.into(),
            smtputf8: false,
            envid: None,
            ret: ret.map(str::to_owned),
            priority,
        };
        self.room
            .submit_for(&self.sender, outgoing, onward)
            .await
            .unwrap()
            .unwrap()
    }

    pub fn work(&self, config: &Config) -> (CancellationToken, tokio::task::JoinHandle<()>) {
        let stop = CancellationToken::new();
        let task = tokio::spawn(smtp::outbound::run(
            config.clone(),
            self.room.clone(),
            stop.clone(),
        ));
        (stop, task)
    }

    pub async fn states(&self, trace: TraceId) -> Vec<(String, OutboxState)> {
        let mut rows: Vec<(String, OutboxState)> = self
            .store
            .outbox_of_trace(trace)
            .await
            .unwrap()
            .into_iter()
            .map(|row| (row.recipient, row.state))
            .collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows
    }

    /// Waits until `done` holds; the bound only ends a test that would hang.
    pub async fn until<F: Future<Output = bool>>(&self, what: &str, mut done: impl FnMut() -> F) {
        for _ in 0..3_000 {
            if done().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("never: {what}");
    }

    pub async fn ended(&self, trace: TraceId) {
        self.until("all rows ended", || async {
            let rows = self.states(trace).await;
            rows.iter()
                .all(|(_, state)| matches!(state, OutboxState::Sent | OutboxState::Never))
        })
        .await;
    }

    /// Subjects and texts in the sender's inbox.
    pub async fn inbox(&self) -> Vec<(String, String)> {
        let parsed = |raw: &[u8]| {
            let letter = mail_parser::MessageParser::new().parse(raw).unwrap();
            letter.body_text(0).unwrap().into_owned()
        };
        let letters = self.raw_inbox().await.into_iter();
        letters
            .map(|(subject, raw)| (subject, parsed(&raw)))
            .collect()
    }

    async fn raw_inbox(&self) -> Vec<(String, Vec<u8>)> {
        let access = self
            .room
            .open(&self.sender, self.sender.principal.into())
            .await
            .unwrap();
        let inbox = access.mailbox_by_role(Role::Inbox).await.unwrap();
        let rows = access.list(inbox.id, None, 100, false).await.unwrap();
        let mut letters = Vec::new();
        for row in rows {
            let raw = self.store.body(row.body).await.unwrap();
            letters.push((row.subject, raw.to_vec()));
        }
        letters
    }
}

pub fn ways(config: &mut Config, ports: &[(&str, u16)]) {
    for (domain, port) in ports {
        config
            .routes
            .insert(domain.to_string(), route(*port, RouteTls::Clear));
    }
    config.retry_delays_secs = vec![1];
}

pub fn copies(log: &Log, address: &str) -> usize {
    let line = format!("RCPT TO:<{address}>");
    log.taken()
        .iter()
        .filter(|taken| taken.rcpts.contains(&line))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_reaches_its_recipients_and_the_sender_hears_of_the_others() {
    let town = town(Policy::default()).await;
    let faults = vec![
        ("RCPT TO:<khong@", Fault::Say("550 5.1.1 no such user"), 9),
        ("RCPT TO:<cho@", Fault::Say("450 4.2.0 greylisted"), 2),
    ];
    let (one, one_log) = peer(Script {
        offers: vec!["PIPELINING", "DSN"],
        faults,
        ..Script::default()
    })
    .await;
    let (two, two_log) = peer(Script::default()).await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 1);
    ways(&mut config, &[("mot.example", one), ("hai.example", two)]);
    let to = [
        "b@mot.example",
        "cho@mot.example",
        "khong@mot.example",
        "b@hai.example",
        "x@khongcomien.example",
    ];
    let trace = town.submit(&to).await;
    let (stop, task) = town.work(&config);
    town.ended(trace).await;
    let fate = |address: &str, state| (address.to_string(), state);
    assert_eq!(
        town.states(trace).await,
        [
            fate("b@hai.example", OutboxState::Sent),
            fate("b@mot.example", OutboxState::Sent),
            fate("cho@mot.example", OutboxState::Sent),
            fate("khong@mot.example", OutboxState::Never),
            fate("x@khongcomien.example", OutboxState::Never),
        ]
    );
    assert_eq!(
        (
            copies(&one_log, "b@mot.example"),
            copies(&one_log, "cho@mot.example")
        ),
        (1, 1)
    );
    assert_eq!(two_log.taken().len(), 1);
    let first = one_log.taken().remove(0);
    assert!(
        String::from_utf8_lossy(&first.body).contains(".cham\r\n")
            && !String::from_utf8_lossy(&first.body).contains("Return-Path")
    );
    let rows = town.store.outbox_of_trace(trace).await.unwrap();
    let grey = rows
        .iter()
        .find(|row| row.recipient == "cho@mot.example")
        .unwrap();
    let history = town.store.attempts(grey.id).await.unwrap();
    let outcomes: Vec<&str> = history
        .iter()
        .map(|attempt| attempt.outcome.as_str())
        .collect();
    assert_eq!(outcomes, ["later", "later", "sent"]);
    let evidence = &history[0].evidence;
    assert_eq!(
        (
            evidence.code,
            evidence.enhanced.as_deref(),
            evidence.ip.as_str()
        ),
        (Some(450), Some("4.2.0"), "127.0.0.1")
    );
    // Two reports, one for each destination that refused.
    town.until("two reports", || async { town.inbox().await.len() == 2 })
        .await;
    let reports = town.inbox().await;
    assert!(
        reports
            .iter()
            .all(|(subject, _)| subject.starts_with("Thư không gửi được")),
        "{reports:?}"
    );
    let texts: String = reports.into_iter().map(|(_, text)| text).collect();
    for needle in [
        "khong@mot.example",
        "Không có hộp thư nào mang địa chỉ này.",
        "x@khongcomien.example",
        "Tên miền sau dấu @",
    ] {
        assert!(texts.contains(needle), "{needle}: {texts}");
    }
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_letters_share_connections() {
    let town = town(Policy::default()).await;
    let (port, log) = peer(Script {
        offers: vec!["PIPELINING"],
        ..Script::default()
    })
    .await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 1);
    ways(&mut config, &[("dich.example", port)]);
    for n in 0..200 {
        town.submit(&[&format!("r{n}@dich.example")]).await;
    }
    let started = Instant::now();
    let (stop, task) = town.work(&config);
    town.until("200 letters", || async { log.taken().len() == 200 })
        .await;
    eprintln!(
        "200 letters to one destination: {:?}, {} connections",
        started.elapsed(),
        log.connections()
    );
    assert!(log.connections() <= 10, "{}", log.connections());
    town.until("all settled", || async {
        let counts = town.store.outbox_counts().await.unwrap();
        counts.due + counts.leased == 0
    })
    .await;
    assert!((0..200).all(|n| copies(&log, &format!("r{n}@dich.example")) == 1));
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_gives_everything_back_and_a_new_start_takes_it_up() {
    let town = town(Policy::default()).await;
    // Silent for the first connections, then a good server.
    let faults = vec![("greeting", Fault::Silent, 4)];
    let (port, log) = peer(Script {
        faults,
        ..Script::default()
    })
    .await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 1);
    ways(&mut config, &[("dich.example", port)]);
    config.timeouts.greeting = Duration::from_secs(60);
    let trace = town.submit(&["a@dich.example", "b@dich.example"]).await;
    let (stop, task) = town.work(&config);
    town.until("the server is tried", || async { log.connections() > 0 })
        .await;
    stop.cancel();
    task.await.unwrap();
    assert!(
        town.states(trace)
            .await
            .iter()
            .all(|(_, state)| *state == OutboxState::Due),
        "leases are given back"
    );
    assert!(log.taken().is_empty());
    config.timeouts.greeting = Duration::from_millis(300);
    let (stop, task) = town.work(&config);
    town.ended(trace).await;
    stop.cancel();
    task.await.unwrap();
    assert_eq!(
        (
            copies(&log, "a@dich.example"),
            copies(&log, "b@dich.example")
        ),
        (1, 1)
    );
    assert!(
        town.states(trace)
            .await
            .iter()
            .all(|(_, state)| *state == OutboxState::Sent)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_time_is_over_the_sender_gets_the_letter_back() {
    let policy = Policy {
        give_up_after_secs: 3,
        ..Policy::default()
    };
    let town = town(policy).await;
    let faults = vec![("RCPT", Fault::Say("452 4.2.2 mailbox full"), usize::MAX)];
    let (port, log) = peer(Script {
        faults,
        ..Script::default()
    })
    .await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 1);
    ways(&mut config, &[("dich.example", port)]);
    let trace = town.submit(&["a@dich.example"]).await;
    let (stop, task) = town.work(&config);
    town.ended(trace).await;
    town.until("a report", || async { town.inbox().await.len() == 1 })
        .await;
    let (_, text) = town.inbox().await.remove(0);
    assert!(
        text.contains("Hộp thư của người nhận đã đầy.") && text.contains("452 4.2.2 mailbox full"),
        "{text}"
    );
    assert!(log.connections() >= 2);
    stop.cancel();
    task.await.unwrap();
}

/// RFC 3461 §4.3: RET=FULL brings the letter back whole; RFC 8689 §5: not one that was to travel by TLS alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_return_a_letter_for_tls_alone_as_its_header() {
    let town = town(Policy::default()).await;
    let faults = vec![("RCPT", Fault::Say("550 5.1.1 no such user"), usize::MAX)];
    let (port, _log) = peer(Script {
        faults,
        ..Script::default()
    })
    .await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 1);
    ways(&mut config, &[("dich.example", port)]);
    let (stop, task) = town.work(&config);
    for (onward, count, whole) in [(Onward::AnyWay, 1, true), (Onward::OnlyTls, 2, false)] {
        let to = ["a@dich.example"];
        let trace = town.submit_so(&to, 0, Some("FULL"), onward).await;
        town.ended(trace).await;
        town.until("a report", || async { town.inbox().await.len() == count })
            .await;
        let about = format!("Subject: {trace}\r\n");
        let reports = town.raw_inbox().await.into_iter();
        let mut texts = reports.map(|(_, raw)| String::from_utf8(raw).unwrap());
        let text = texts.find(|text| text.contains(&about)).unwrap();
        assert_eq!(text.contains("\r\n.cham"), whole, "{text}");
    }
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_wakes_a_resting_destination_and_drops_with_a_report() {
    let town = town(Policy::default()).await;
    let faults = vec![
        ("greeting", Fault::Silent, 1),
        ("RCPT TO:<cho@", Fault::Say("450 4.2.0 greylisted"), 9),
    ];
    let (port, log) = peer(Script {
        faults,
        ..Script::default()
    })
    .await;
    let dns = dns::dns(&[]).await;
    let mut config = config(&dns, 1);
    ways(&mut config, &[("dich.example", port)]);
    config.retry_delays_secs = vec![3_600];
    config.timeouts.greeting = Duration::from_millis(200);
    let trace = town.submit(&["a@dich.example", "cho@dich.example"]).await;
    let (stop, task) = town.work(&config);
    let put_off = || async {
        let rows = town.store.outbox_of_trace(trace).await.unwrap();
        rows.iter()
            .all(|row| row.state == OutboxState::Due && row.attempts == 1)
    };
    town.until("nobody answered", put_off).await;
    // The destination rests for an hour; the administrator does not want to wait.
    let console = town.room.console();
    let all = store::QueueFilter::default();
    let done = town
        .room
        .queue_act(&console, &all, store::QueueAct::Retry)
        .await
        .unwrap();
    assert_eq!((done.done, done.sending), (2, 0));
    town.until("one went, one waits", || async {
        let rows = town.store.outbox_of_trace(trace).await.unwrap();
        rows[0].state == OutboxState::Sent
            && (rows[1].state, rows[1].attempts) == (OutboxState::Due, 2)
    })
    .await;
    assert_eq!(copies(&log, "a@dich.example"), 1);
    town.room
        .queue_act(&console, &all, store::QueueAct::DropTelling)
        .await
        .unwrap();
    town.ended(trace).await;
    assert_eq!(copies(&log, "cho@dich.example"), 0);
    town.until("a report", || async { town.inbox().await.len() == 1 })
        .await;
    let (_, text) = town.inbox().await.remove(0);
    assert!(
        text.contains("cho@dich.example") && text.contains("quản trị viên đã hủy"),
        "{text}"
    );
    assert!(!text.contains("a@dich.example\n"), "{text}");
    stop.cancel();
    task.await.unwrap();
}
