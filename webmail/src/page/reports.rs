//! What other mail systems report about our domains: encryption of their connections, letters in our name. For administrators of
//! the whole installation.

use crate::app::App;
use crate::fault::Fault;
use crate::limits::REPORTS_SHOWN_MS;
use crate::session::Signed;
use crate::shell::{self, Here, Shell};
use crate::time;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use store::{ReportKind, ReportSeen};

#[derive(Template)]
#[template(path = "reports.html")]
struct Page {
    s: Shell,
    rows: Vec<Row>,
}

struct Row {
    day: String,
    submitter: String,
    domain: String,
    kind: &'static str,
    good: usize,
    bad: usize,
    proven: bool,
    lines: Vec<String>,
}

impl Row {
    fn of(seen: ReportSeen, me: &Signed) -> Row {
        Row {
            // Reports cover a UTC day, which begins at 7 in the morning here.
            day: time::day(seen.begins_at),
            submitter: seen.submitter,
            domain: seen.domain,
            kind: match seen.kind {
                ReportKind::Tls => "reports-tls",
                ReportKind::Dmarc => "reports-dmarc",
            },
            good: usize::try_from(seen.good).unwrap_or(0),
            bad: usize::try_from(seen.bad).unwrap_or(0),
            proven: seen.proven,
            lines: seen.detail.lines().map(|line| in_words(line, me)).collect(),
        }
    }
}

/// Failures by their name in RFC 8460 §4.3, and in words.
const FAILURES: [(&str, &str); 8] = [
    ("starttls-not-supported", "report-no-starttls"),
    ("certificate-host-mismatch", "report-host-mismatch"),
    ("certificate-expired", "report-expired"),
    ("certificate-not-trusted", "report-not-trusted"),
    ("validation-failure", "report-validation"),
    ("sts-policy-fetch-error", "report-sts-fetch"),
    ("sts-policy-invalid", "report-sts-invalid"),
    ("tlsa-invalid", "report-tlsa"),
];

fn in_words(line: &str, me: &Signed) -> String {
    let named = FAILURES.iter().find(|(name, _)| line.contains(name));
    named.map_or_else(
        || line.to_owned(),
        |(name, key)| line.replacen(name, &me.lang.t(key), 1),
    )
}

/// `GET /quan-tri/bao-cao`
pub async fn show(State(app): State<App>, me: Signed) -> Result<Response, Fault> {
    let after = app.room.now() - REPORTS_SHOWN_MS;
    let seen = app.room.reports_seen(me.actor(), after).await?;
    let rows = seen.into_iter().map(|seen| Row::of(seen, &me)).collect();
    let s = Shell::of(&app, &me, Here::More, me.lang.t("reports")).await;
    Ok(shell::html(&Page { s, rows }))
}
