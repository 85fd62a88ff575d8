//! DMARC aggregate reports (RFC 9990, before it RFC 7489 §7.2): one row per way in which letters in a domain's name came.
//! Holds no recipient and no subject.

use super::tally::Tally;
use mail_auth::report::{ActionDisposition, PolicyPublished, Record, Report, SPFDomainScope};
use mail_auth::{DkimOutput, DmarcOutput, SpfOutput};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use store::ReportKind;

/// What is counted: everything of a row but the number.
#[derive(Serialize, Deserialize)]
pub(super) struct Detail {
    /// Where the domain wants its reports: mailto addresses of its record.
    pub rua: Vec<String>,
    pub published: PolicyPublished,
    pub record: Record,
}

/// What the checks found about one letter.
pub(crate) struct Seen<'a> {
    pub ip: IpAddr,
    pub helo: &'a str,
    /// "" for the null sender.
    pub mail_from: &'a str,
    pub header_from: &'a str,
    pub spf_helo: &'a SpfOutput,
    pub spf_from: &'a SpfOutput,
    pub dkim: &'a [DkimOutput<'a>],
    pub dmarc: &'a DmarcOutput,
    /// What became of it here.
    pub done: Done,
}

/// The disposition in the report's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Done {
    Delivered,
    Junk,
    Refused,
}

impl Tally {
    /// Counts a letter for the domain in its From, when that domain asks for reports.
    pub(crate) fn letter(&self, seen: &Seen<'_>) {
        let Some(record) = seen.dmarc.dmarc_record().filter(|r| !r.rua().is_empty()) else {
            return;
        };
        let domain = seen.dmarc.domain();
        let rua = record.rua().iter().map(|to| to.as_ref().to_owned());
        let detail = Detail {
            rua: rua.take(RUA_MAX).collect(),
            published: PolicyPublished::from_record(domain, record),
            record: row(seen),
        };
        match serde_json::to_string(&detail) {
            Ok(text) => self.count(ReportKind::Dmarc, domain, text),
            Err(cause) => tracing::warn!(%cause, "a letter is not counted for DMARC"),
        }
    }
}

/// Addresses of one record that are told.
const RUA_MAX: usize = 4;

fn row(seen: &Seen<'_>) -> Record {
    let (spf, scope, envelope_from) = match seen.mail_from.rsplit_once('@') {
        Some((_, domain)) => (seen.spf_from, SPFDomainScope::MailFrom, domain),
        None => (seen.spf_helo, SPFDomainScope::Helo, seen.helo),
    };
    let passed = *seen.dmarc.dkim_result() == mail_auth::DmarcResult::Pass
        || *seen.dmarc.spf_result() == mail_auth::DmarcResult::Pass;
    let disposition = match seen.done {
        Done::Refused => ActionDisposition::Reject,
        Done::Junk => ActionDisposition::Quarantine,
        Done::Delivered if passed => ActionDisposition::Pass,
        Done::Delivered => ActionDisposition::None,
    };
    Record::new()
        .with_source_ip(seen.ip)
        .with_header_from(seen.header_from)
        .with_envelope_from(envelope_from)
        .with_dkim_output(seen.dkim)
        .with_spf_output(spf, scope)
        .with_dmarc_output(seen.dmarc)
        .with_action_disposition(disposition)
}

/// The report of one domain's day and where it goes; `None` when no row can be read.
pub(super) fn build(counts: &[(String, i64)], begin_secs: u64) -> Option<(Report, Vec<String>)> {
    let mut rows = counts.iter().filter_map(|(text, count)| {
        let detail: Detail = serde_json::from_str(text).ok()?;
        let count = u32::try_from(*count).unwrap_or(u32::MAX);
        Some((detail, count))
    });
    let (first, count) = rows.next()?;
    let mut report = Report::new()
        .with_version(1.0)
        .with_date_range_begin(begin_secs)
        .with_date_range_end(begin_secs + 86_399)
        .with_policy_published(first.published)
        .with_record(first.record.with_count(count));
    for (detail, count) in rows {
        report.add_record(detail.record.with_count(count));
    }
    Some((report, first.rua))
}
