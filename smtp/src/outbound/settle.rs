//! From outcomes to settled rows: what each recipient's row becomes, whom to tell, and the one task that writes it down.
//! Reports go before the rows are settled: a crash in between tells a sender twice rather than never.

use super::reply::{Outcome, Reason};
use super::schedule::{self, Next, Row};
use super::{Config, limits};
use crate::dsn::{self, Action, Told};
use bytes::Bytes;
use futures_util::future::join_all;
use mailroom::{Error, Mailroom, mask};
use std::sync::Arc;
use std::time::Duration;
use store::{Evidence, Leased, Settled, Settlement, TraceId};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

/// Tries to send one report before its rows are left to their lease.
const REPORT_TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// A letter to a sender about their letter.
pub struct Notice {
    pub to: String,
    pub raw: Bytes,
    pub about: TraceId,
}

/// What one attempt leads to; written as one.
#[derive(Default)]
pub struct Conclusion {
    pub settlements: Vec<Settlement>,
    pub notices: Vec<Notice>,
    /// Dropped when the conclusion is on disk, or given up: the line waits for it before its next letter.
    pub written: Option<oneshot::Sender<()>>,
}

/// What to tell, by action, before the report is built.
#[derive(Default)]
pub struct Tellings {
    pub failed: Vec<Told>,
    pub delayed: Vec<Told>,
    pub relayed: Vec<Told>,
}

impl Tellings {
    pub fn is_empty(&self) -> bool {
        self.failed.is_empty() && self.delayed.is_empty() && self.relayed.is_empty()
    }
}

/// Decides the rows of one submission. Pure but for the dice and the counters.
pub fn decide(
    config: &Config,
    rows: &[Leased],
    outcomes: Vec<Outcome>,
    now: i64,
) -> (Vec<Settlement>, Tellings) {
    let mut settlements = Vec::with_capacity(rows.len());
    let mut tellings = Tellings::default();
    for (row, outcome) in rows.iter().zip(outcomes) {
        let mut delay_noticed = false;
        let (settled, word, reason) = match outcome {
            Outcome::Sent(reason) => {
                if !reason.peer_reports {
                    tell(
                        row,
                        Action::Relayed,
                        &reason,
                        now,
                        None,
                        &mut tellings.relayed,
                    );
                }
                let waited = (now - row.created_at).max(0) as f64 / 1_000.0;
                metrics::histogram!("congthu_outbound_delivery_seconds").record(waited);
                (Settled::Sent, "sent", reason)
            }
            Outcome::Never(reason) => {
                tell(
                    row,
                    Action::Failed,
                    &reason,
                    now,
                    None,
                    &mut tellings.failed,
                );
                (Settled::Never, "never", reason)
            }
            Outcome::Later(reason) => {
                match schedule::next(looked_at(row, now), &config.retry_delays_secs) {
                    Next::Expired => {
                        tell(
                            row,
                            Action::Failed,
                            &expired(&reason),
                            now,
                            None,
                            &mut tellings.failed,
                        );
                        (Settled::Never, "expired", reason)
                    }
                    Next::Again { at, notice } => {
                        if notice {
                            let before = tellings.delayed.len();
                            let until = Some(row.expires_at);
                            tell(
                                row,
                                Action::Delayed,
                                &reason,
                                now,
                                until,
                                &mut tellings.delayed,
                            );
                            delay_noticed = tellings.delayed.len() > before;
                        }
                        (Settled::Later { next_at: at }, "later", reason)
                    }
                }
            }
        };
        metrics::counter!("congthu_outbound_attempts_total", "outcome" => word).increment(1);
        log(row, word, &reason.evidence);
        settlements.push(Settlement {
            outbox: row.id,
            at: now,
            settled,
            evidence: *reason.evidence,
            delay_noticed,
        });
    }
    (settlements, tellings)
}

/// Builds the reports; `original` is asked for only when there is something to tell.
pub fn notices(
    config: &Config,
    first: &Leased,
    tellings: &Tellings,
    original: &[u8],
    now: i64,
) -> Vec<Notice> {
    [&tellings.failed, &tellings.delayed, &tellings.relayed]
        .into_iter()
        .filter(|told| !told.is_empty())
        .map(|told| Notice {
            to: first.mail_from.clone(),
            about: first.trace,
            raw: Bytes::from(dsn::build(&dsn::Report {
                host_name: &config.host_name,
                postmaster: &config.postmaster,
                to: &first.mail_from,
                now,
                arrived_at: first.created_at,
                trace: first.trace.0,
                envid: first.envid.as_deref(),
                // What was to travel by TLS alone is not sent back whole (RFC 8689 §5).
                ret: first.ret.as_deref().filter(|_| !first.requiretls),
                told,
                original,
            })),
        })
        .collect()
}

fn looked_at(row: &Leased, now: i64) -> Row {
    Row {
        now,
        attempts: row.attempts,
        created_at: row.created_at,
        expires_at: row.expires_at,
        delay_noticed: row.delay_noticed_at.is_some(),
        priority: row.priority,
        dice: super::dice(),
    }
}

/// "The time ran out" where nobody ever answered; the server's own words otherwise.
fn expired(reason: &Reason) -> Reason {
    let mut reason = reason.clone();
    if reason.evidence.code.is_none() {
        reason.evidence.enhanced = Some("5.4.7".into());
    }
    reason
}

/// Adds a line for the sender where they want it; nobody is told about letters without a sender (RFC 5321 §4.5.5).
fn tell(
    row: &Leased,
    action: Action,
    reason: &Reason,
    now: i64,
    until: Option<i64>,
    into: &mut Vec<Told>,
) {
    if row.mail_from.is_empty() || !action.is_wanted(row.notify.as_deref()) {
        return;
    }
    let evidence = &reason.evidence;
    let code = evidence
        .code
        .map(|code| format!("{code} "))
        .unwrap_or_default();
    let enhanced = evidence
        .enhanced
        .as_deref()
        .map(|enhanced| format!("{enhanced} "))
        .unwrap_or_default();
    let said = match evidence.code {
        Some(_) => format!("{code}{enhanced}{}", evidence.text),
        None => evidence.text.clone(),
    };
    into.push(Told {
        recipient: row.recipient.clone(),
        orcpt: row.orcpt.clone(),
        action,
        status: dsn::status_of(action, evidence.enhanced.as_deref(), evidence.code),
        host: evidence.host.clone(),
        said,
        at: now,
        until,
    });
}

fn log(row: &Leased, outcome: &str, evidence: &Evidence) {
    tracing::info!(
        trace = %row.trace,
        to = %mask(&row.recipient),
        outcome,
        host = %evidence.host,
        ip = %evidence.ip,
        tls = %evidence.tls,
        code = evidence.code,
        text = %evidence.text,
        "outbound"
    );
}

/// Writes conclusions down as they come, many in one go, and frees their places in the hand.
pub async fn write_down(
    room: Mailroom,
    mut conclusions: mpsc::Receiver<Conclusion>,
    hand: Arc<Semaphore>,
    again: Arc<Notify>,
) {
    let mut batch = Vec::new();
    while conclusions
        .recv_many(&mut batch, limits::SETTLE_BATCH)
        .await
        > 0
    {
        let told = join_all(batch.iter().map(|one| tell_all(&room, &one.notices))).await;
        let (mut settlements, mut written) = (Vec::new(), Vec::new());
        for (conclusion, told) in batch.drain(..).zip(told) {
            if told {
                settlements.extend(conclusion.settlements);
                written.extend(conclusion.written);
            } else {
                // Nobody could be told: the rows stay leased and come again.
                hand.add_permits(conclusion.settlements.len());
            }
        }
        let rows = settlements.len();
        let put_off = settlements
            .iter()
            .any(|one| matches!(one.settled, Settled::Later { .. }));
        if rows > 0 {
            settle(&room, settlements).await;
        }
        drop(written);
        if put_off {
            again.notify_one();
        }
        hand.add_permits(rows);
    }
}

/// False when a report could not be handed in.
async fn tell_all(room: &Mailroom, notices: &[Notice]) -> bool {
    for notice in notices {
        let mut tries = 0;
        loop {
            tries += 1;
            match room
                .send_report(&notice.to, notice.raw.clone(), notice.about)
                .await
            {
                Ok(_) => break,
                Err(Error::Later(why)) if tries < REPORT_TRIES => {
                    tracing::warn!(trace = %notice.about, why, "report waits");
                    tokio::time::sleep(PAUSE).await;
                }
                Err(Error::Later(_)) => return false,
                Err(cause) => {
                    // A sender that no longer exists: the fate stands in the trace all the same.
                    tracing::warn!(trace = %notice.about, to = %mask(&notice.to), %cause, "report not sent");
                    break;
                }
            }
        }
        metrics::counter!("congthu_reports_sent_total").increment(1);
    }
    true
}

/// Until it is written: a row that is not settled would be sent a second time.
async fn settle(room: &Mailroom, settlements: Vec<Settlement>) {
    loop {
        match room.settle_outbox(settlements.clone()).await {
            Ok(()) => return,
            Err(Error::Later(why)) => {
                tracing::warn!(why, rows = settlements.len(), "settling waits");
                tokio::time::sleep(PAUSE).await;
            }
            Err(cause) => {
                tracing::error!(%cause, rows = settlements.len(), "rows could not be settled; they will be sent again");
                metrics::counter!("congthu_outbound_unsettled_total")
                    .increment(settlements.len() as u64);
                return;
            }
        }
    }
}
