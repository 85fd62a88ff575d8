//! Daily reports end to end: sessions and letters are counted, the reports go to those who ask in DNS and to nobody else, and
//! a report that comes in is read.

use super::peer::{Fault, Script, peer};
use super::*;
use mail_auth::report::tlsrpt::{PolicyType, ResultType, TlsReport};
use mail_auth::report::{ActionDisposition, DmarcResult, Report};
use mailroom::{Clock, Mailroom, Policy};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use smtp::Door;
use smtp::check::{Checks, Envelope};
use smtp::report::{self, Tally};
use std::sync::atomic::{AtomicI64, Ordering};
use store::Store;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio_util::sync::CancellationToken;

/// 2026-11-21 05:00 UTC.
const DAY_ONE: i64 = 1_795_237_200_000;
const DAY_MS: i64 = 86_400_000;

struct Town {
    room: Mailroom,
    now: Arc<AtomicI64>,
    tally: Arc<Tally>,
    _folder: tempfile::TempDir,
}

async fn town() -> Town {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(store::testing::config(folder.path(), None))
        .await
        .unwrap();
    let now = Arc::new(AtomicI64::new(DAY_ONE));
    let clock = Clock::Held(now.clone());
    let policy = Policy {
        host_name: "mx.ours.example".into(),
        ..Policy::default()
    };
    let room = Mailroom::new(store, policy, clock.clone()).unwrap();
    let console = room.console();
    room.domain_add(&console, "ours.example", None)
        .await
        .unwrap();
    let account = mailroom::people::NewAccount {
        address: "postmaster@ours.example".into(),
        name: "Quản trị thư".into(),
        ..Default::default()
    };
    room.account_add(&console, account, None).await.unwrap();
    Town {
        room,
        now,
        tally: Arc::new(Tally::new(clock)),
        _folder: folder,
    }
}

impl Town {
    fn reporter(&self, outbound: &Config) -> report::Config {
        report::Config {
            domain: "ours.example".into(),
            organisation: "Tỉnh mẫu".into(),
            contact: "postmaster@ours.example".into(),
            outbound: outbound.clone(),
        }
    }

    /// Sends what is due on the next day and lets the worker take it out.
    async fn tomorrow(&self, outbound: &Config) -> usize {
        self.tally.write_down(&self.room).await.unwrap();
        let reporter = self.reporter(outbound);
        assert_eq!(report::send_due(&reporter, &self.room).await.unwrap(), 0);
        self.now.fetch_add(DAY_MS, Ordering::AcqRel);
        let sent = report::send_due(&reporter, &self.room).await.unwrap();
        assert_eq!(report::send_due(&reporter, &self.room).await.unwrap(), 0);
        sent
    }

    async fn work(&self, outbound: &Config, done: impl Fn() -> bool) {
        let stop = CancellationToken::new();
        let task = tokio::spawn(smtp::outbound::run(
            outbound.clone(),
            self.room.clone(),
            stop.clone(),
        ));
        for _ in 0..1_500 {
            if done() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
        task.await.unwrap();
        assert!(done(), "the report never came");
    }
}

fn encrypting() -> Arc<rustls::ServerConfig> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["mx.dich.example".to_string()]).unwrap();
    let key = rustls_pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    Arc::new(server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_counted_and_told_to_the_domain_that_asks() {
    let town = town().await;
    let (port, log) = peer(Script {
        offers: vec!["STARTTLS", "PIPELINING"],
        faults: vec![("handshake", Fault::Drop, 1)],
        tls: Some(encrypting()),
        ..Script::default()
    })
    .await;
    let dns = dns::dns(&[
        "dich.example MX 10 mx.dich.example",
        "mx.dich.example A 127.0.0.1",
        "_smtp._tls.dich.example TXT v=TLSRPTv1; rua=mailto:tls@dich.example",
        "im.example MX 10 mx.dich.example",
    ])
    .await;
    let mut outbound = config(&dns, port);
    outbound.tally = Some(town.tally.clone());
    // The first handshake breaks and the letter goes in clear; two more go encrypted. The other domain asks for nothing.
    for domain in ["dich.example", "dich.example", "dich.example", "im.example"] {
        let (fates, _) = send(&outbound, domain, &[&format!("a@{domain}")]).await;
        assert_eq!(words(&fates), ["sent"]);
    }
    assert_eq!(town.tomorrow(&outbound).await, 1);
    let before = log.taken().len();
    town.work(&outbound, || log.taken().len() > before).await;
    let letter = log.taken().pop().unwrap();
    assert_eq!(letter.rcpts, ["RCPT TO:<tls@dich.example>"]);
    assert!(letter.mail.starts_with("MAIL FROM:<>"), "{}", letter.mail);
    let report = TlsReport::parse_rfc5322(&letter.body, 1 << 20).unwrap();
    assert_eq!(report.organization_name.as_deref(), Some("Tỉnh mẫu"));
    assert_eq!(
        report.date_range.start_datetime.to_timestamp(),
        DAY_ONE / DAY_MS * DAY_MS / 1_000
    );
    let [policy] = report.policies.as_slice() else {
        panic!("{report:?}")
    };
    assert_eq!(policy.policy.policy_type, PolicyType::NoPolicyFound);
    assert_eq!(policy.policy.policy_domain, "dich.example");
    assert_eq!(
        (policy.summary.total_success, policy.summary.total_failure),
        (2, 1)
    );
    let failure = &policy.failure_details[0];
    assert_eq!(failure.result_type, ResultType::ValidationFailure);
    assert_eq!(
        failure.receiving_mx_hostname.as_deref(),
        Some("mx.dich.example")
    );
}

const LETTER_IN: &str = "From: a@gui.example\r\nTo: b@ours.example\r\nSubject: x\r\nDate: Sat, 21 Nov 2026 10:00:00 +0700\r\n\r\nx\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_are_counted_and_told_only_where_reports_are_wanted() {
    let town = town().await;
    let (port, log) = peer(Script::default()).await;
    let dns = dns::dns(&[
        "gui.example TXT v=spf1 ip4:192.0.2.7 -all",
        // One address of its own, one elsewhere that agrees, one that never asked for this.
        "_dmarc.gui.example TXT v=DMARC1; p=reject; rua=mailto:d@gui.example,mailto:d@nhan.example,mailto:d@nannhan.example",
        "gui.example._report._dmarc.nhan.example TXT v=DMARC1",
        "gui.example MX 10 mx.gui.example",
        "nhan.example MX 10 mx.gui.example",
        "nannhan.example MX 10 mx.gui.example",
        "mx.gui.example A 127.0.0.1",
        "cam.example TXT v=spf1 -all",
        "_dmarc.cam.example TXT v=DMARC1; p=none",
    ])
    .await;
    let checks = Checks::new(dns.resolver(), "mx.ours.example", &[]).with_tally(town.tally.clone());
    let from = async |ip: &str, mail_from: &str, raw: &str| {
        let envelope = Envelope {
            ip: ip.parse().unwrap(),
            helo: "mx.gui.example",
            mail_from,
            rcpt_to: &[],
        };
        checks.judge(&envelope, raw.as_bytes()).await.verdict
    };
    assert!(from("192.0.2.7", "a@gui.example", LETTER_IN).await.is_ok());
    assert!(from("192.0.2.7", "a@gui.example", LETTER_IN).await.is_ok());
    assert!(
        from("203.0.113.9", "a@gui.example", LETTER_IN)
            .await
            .is_err()
    );
    let silent = LETTER_IN.replace("gui.example", "cam.example");
    assert!(from("203.0.113.9", "a@cam.example", &silent).await.is_ok());
    let outbound = config(&dns, port);
    assert_eq!(town.tomorrow(&outbound).await, 1);
    town.work(&outbound, || log.taken().len() == 2).await;
    let mut told: Vec<String> = log
        .taken()
        .iter()
        .map(|letter| letter.rcpts.join(" "))
        .collect();
    told.sort();
    assert_eq!(
        told,
        ["RCPT TO:<d@gui.example>", "RCPT TO:<d@nhan.example>"]
    );
    let report = Report::parse_rfc5322(&log.taken()[0].body, 1 << 20).unwrap();
    assert_eq!(report.domain(), "gui.example");
    let mut rows: Vec<_> = report
        .records()
        .iter()
        .map(|row| {
            let ip = row.source_ip().unwrap().to_string();
            (
                ip,
                row.count(),
                row.dmarc_spf_result(),
                row.action_disposition(),
            )
        })
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        rows,
        [
            (
                "192.0.2.7".into(),
                2,
                DmarcResult::Pass,
                ActionDisposition::Pass
            ),
            (
                "203.0.113.9".into(),
                1,
                DmarcResult::Fail,
                ActionDisposition::Reject
            ),
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_comes_is_read_once_and_its_letter_delivered_like_any() {
    let town = town().await;
    let json = r#"{"organization-name":"Nhà cung cấp lớn","date-range":{"start-datetime":"2026-11-20T00:00:00Z","end-datetime":"2026-11-20T23:59:59Z"},"contact-info":"tls@lon.example","report-id":"7@lon.example","policies":[{"policy":{"policy-type":"sts","policy-domain":"ours.example"},"summary":{"total-successful-session-count":120,"total-failure-session-count":3},"failure-details":[{"result-type":"certificate-expired","receiving-mx-hostname":"mx.ours.example","failed-session-count":3}]}]}"#;
    let letter = format!(
        "From: tls@lon.example\r\nTo: postmaster@ours.example\r\nSubject: Report Domain: ours.example Submitter: lon.example Report-ID: <7@lon.example>\r\nMIME-Version: 1.0\r\nContent-Type: application/tlsrpt+json; name=\"r.json\"\r\nContent-Disposition: attachment; filename=\"r.json\"\r\n\r\n{json}\r\n"
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let served = tokio::spawn(smtp::serve(
        Arc::new(smtp::Config::new("mx.ours.example", None)),
        Door::Mx,
        listener,
        town.room.clone(),
        stop.clone(),
    ));
    // The same report twice, then one that is broken: three letters, one report.
    let broken = letter.replace("policies", "poli");
    for raw in [&letter, &letter, &broken.replace("{", "")] {
        hand_in(at, raw).await;
    }
    let console = town.room.console();
    let mut seen = Vec::new();
    for _ in 0..500 {
        seen = town.room.reports_seen(&console, 0).await.unwrap();
        if !seen.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let [report] = seen.as_slice() else {
        panic!("{seen:?}")
    };
    assert_eq!(
        (report.submitter.as_str(), report.domain.as_str()),
        ("Nhà cung cấp lớn", "ours.example")
    );
    assert_eq!((report.good, report.bad, report.proven), (120, 3, false));
    assert_eq!(report.detail, "3 × certificate-expired: mx.ours.example \n");
    stop.cancel();
    served.await.unwrap();
}

/// One letter in one session, which must be taken.
async fn hand_in(at: std::net::SocketAddr, raw: &str) {
    let stream = tokio::net::TcpStream::connect(at).await.unwrap();
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut answer = async || loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if line.as_bytes()[3] == b' ' {
            return line;
        }
    };
    assert!(answer().await.starts_with("220"));
    let letter = format!("{raw}.\r\n");
    for (line, expected) in [
        ("EHLO lon.example\r\n", "250"),
        ("MAIL FROM:<tls@lon.example>\r\n", "250"),
        ("RCPT TO:<postmaster@ours.example>\r\n", "250"),
        ("DATA\r\n", "354"),
        (letter.as_str(), "250"),
    ] {
        write.write_all(line.as_bytes()).await.unwrap();
        let said = answer().await;
        assert!(said.starts_with(expected), "{line} → {said}");
    }
}
