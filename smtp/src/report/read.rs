//! Reads reports that others send us (to postmaster@ one of our domains) and keeps their figures. The letter itself is in the
//! mailbox whatever happens here; a report that cannot be read is just a letter.

use crate::limits::{REPORT_BYTES_MAX, REPORTS_READ_AT_ONCE};
use mail_auth::report::tlsrpt::TlsReport;
use mail_auth::report::{ActionDisposition, DmarcResult, Report};
use mailroom::Mailroom;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use store::{ReportKind, ReportSeen};
use tokio::sync::Semaphore;

/// Lines of failures kept of one report.
const LINES_MAX: usize = 50;
/// Bytes of the letter in which its Subject is looked for.
const HEAD_BYTES: usize = 16 * 1024;

/// Takes reports aside while their letters are delivered.
pub(crate) struct Reader {
    room: Mailroom,
    turns: Arc<Semaphore>,
}

impl Reader {
    pub(crate) fn new(room: Mailroom) -> Reader {
        Reader {
            room,
            turns: Arc::new(Semaphore::new(REPORTS_READ_AT_ONCE)),
        }
    }

    /// Looks whether a delivered letter brings a report; reads it beside the session. With too many at once it stays a letter.
    pub(crate) fn delivered(&self, recipients: &[String], raw: &bytes::Bytes, auth_results: &str) {
        let to_us = |to: &String| {
            to.get(..11)
                .is_some_and(|local| local.eq_ignore_ascii_case("postmaster@"))
        };
        if !recipients.iter().any(to_us) || !says_report(raw) {
            return;
        }
        let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() else {
            metrics::counter!("congthu_reports_unread_total").increment(1);
            return;
        };
        let proven = auth_results.contains("dmarc=pass");
        let (room, raw) = (self.room.clone(), raw.clone());
        tokio::spawn(async move {
            let now = room.now();
            let read = tokio::task::spawn_blocking(move || read(&raw, proven, now)).await;
            if let Ok(Some((id, seen))) = read
                && let Err(cause) = room.report_keep(&id, seen).await
            {
                tracing::warn!(%cause, "a report is not kept");
            }
            drop(turn);
        });
    }
}

/// Both kinds of report say so in their Subject (RFC 8460 §5.3, RFC 9990 §4.5).
fn says_report(raw: &[u8]) -> bool {
    let head = raw.get(..HEAD_BYTES.min(raw.len())).unwrap_or_default();
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.contains("report domain:")
}

/// The submitter's id of a report and its figures.
pub fn read(raw: &[u8], proven: bool, now: i64) -> Option<(String, ReportSeen)> {
    // A foreign parser at foreign bytes: what it cannot stand must not end the program.
    let guarded = catch_unwind(AssertUnwindSafe(|| {
        TlsReport::parse_rfc5322(raw, REPORT_BYTES_MAX)
            .ok()
            .map(|report| tls(&report))
            .or_else(|| {
                let report = Report::parse_rfc5322(raw, REPORT_BYTES_MAX).ok()?;
                Some(dmarc(&report))
            })
    }));
    let (id, seen) = guarded.ok().flatten()?;
    Some((
        id,
        ReportSeen {
            proven,
            received_at: now,
            ..seen
        },
    ))
}

fn tls(report: &TlsReport) -> (String, ReportSeen) {
    let (mut good, mut bad) = (0i64, 0i64);
    let mut detail = String::new();
    let failures = report.policies.iter().flat_map(|policy| {
        good = good.saturating_add(policy.summary.total_success.into());
        bad = bad.saturating_add(policy.summary.total_failure.into());
        &policy.failure_details
    });
    for failure in failures.take(LINES_MAX) {
        let kind = serde_json::to_value(failure.result_type).ok();
        let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or("?");
        let host = failure.receiving_mx_hostname.as_deref().unwrap_or("?");
        let words = failure.failure_reason_code.as_deref().unwrap_or_default();
        let count = failure.failed_session_count;
        let _infallible = writeln!(detail, "{count} × {kind}: {} {}", short(host), short(words));
    }
    let domain = report.policies.first();
    let seen = ReportSeen {
        kind: ReportKind::Tls,
        submitter: short(report.organization_name.as_deref().unwrap_or("?")),
        domain: short(domain.map_or("?", |policy| &policy.policy.policy_domain)),
        begins_at: report
            .date_range
            .start_datetime
            .to_timestamp()
            .saturating_mul(1_000),
        ends_at: report
            .date_range
            .end_datetime
            .to_timestamp()
            .saturating_mul(1_000),
        good,
        bad,
        proven: false,
        detail,
        received_at: 0,
    };
    (report.report_id.clone(), seen)
}

fn dmarc(report: &Report) -> (String, ReportSeen) {
    let (mut good, mut bad) = (0i64, 0i64);
    let mut detail = String::new();
    let mut lines = 0;
    for row in report.records() {
        let count = i64::from(row.count());
        let passed = row.dmarc_dkim_result() == DmarcResult::Pass
            || row.dmarc_spf_result() == DmarcResult::Pass;
        if passed {
            good = good.saturating_add(count);
            continue;
        }
        bad = bad.saturating_add(count);
        lines += 1;
        if lines <= LINES_MAX {
            let ip = row.source_ip().map_or("?".to_owned(), |ip| ip.to_string());
            let done = match row.action_disposition() {
                ActionDisposition::Reject => "reject",
                ActionDisposition::Quarantine => "quarantine",
                _ => "none",
            };
            let from = short(row.header_from());
            let _infallible = writeln!(detail, "{count} × {ip}: From {from}, {done}");
        }
    }
    let ms = |secs: u64| i64::try_from(secs).unwrap_or(0).saturating_mul(1_000);
    let seen = ReportSeen {
        kind: ReportKind::Dmarc,
        submitter: short(report.org_name()),
        domain: short(report.domain()),
        begins_at: ms(report.date_range_begin()),
        ends_at: ms(report.date_range_end()),
        good,
        bad,
        proven: false,
        detail,
        received_at: 0,
    };
    (report.report_id().to_owned(), seen)
}

/// Foreign words in one line and bounded; NUL is no text for PostgreSQL.
fn short(words: &str) -> String {
    let line = words.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(200).collect()
}
