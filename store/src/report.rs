//! Daily reports between mail systems: what we shall tell others, counted until it is told, and what others told us.
//! Knows neither their format nor when they go.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};

use crate::Error;
use crate::db::{Row, values};
use crate::listed::{Listed, insert};
use crate::store::Store;

const ADD: Listed = Listed::new(
    "itttti",
    "INSERT INTO report_count (day, kind, domain, digest, detail, count) VALUES {} \
     ON CONFLICT (day, kind, domain, digest) DO UPDATE SET count = report_count.count + excluded.count",
);
const DUE: &str = "SELECT DISTINCT day, kind, domain FROM report_count WHERE day < $1 ORDER BY day, kind, domain LIMIT $2";
const OF: &str = "SELECT detail, count FROM report_count WHERE day = $1 AND kind = $2 AND domain = $3 ORDER BY count DESC, digest LIMIT $4";
const TOLD: &str = "DELETE FROM report_count WHERE day = $1 AND kind = $2 AND domain = $3";
const SEEN_ADD: &str = "INSERT INTO report_seen (digest, kind, submitter, domain, begins_at, ends_at, good, bad, proven, detail, \
     received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (digest) DO NOTHING";
const SEEN: &str = "SELECT kind, submitter, domain, begins_at, ends_at, good, bad, proven, detail, received_at \
     FROM report_seen WHERE received_at > $1 ORDER BY received_at DESC LIMIT $2";
const SEEN_SWEEP: &str = "DELETE FROM report_seen WHERE received_at < $1";
pub(crate) const SQL: &[&str] = &[DUE, OF, TOLD, SEEN_ADD, SEEN, SEEN_SWEEP];
pub(crate) const LISTED: &[&Listed] = &[&ADD];

/// What a report is about (`report_count.kind`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReportKind {
    /// Sessions with a domain's servers (RFC 8460).
    Tls,
    /// Letters in a domain's name (RFC 9990).
    Dmarc,
}

impl ReportKind {
    pub fn as_str(self) -> &'static str {
        match self {
            ReportKind::Tls => "tls",
            ReportKind::Dmarc => "dmarc",
        }
    }

    fn of(word: &str) -> Result<ReportKind, Error> {
        match word {
            "tls" => Ok(ReportKind::Tls),
            "dmarc" => Ok(ReportKind::Dmarc),
            _ => Err(Error::Broken(format!("unknown kind of report {word:?}"))),
        }
    }
}

/// One domain's day.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ReportDay {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    pub kind: ReportKind,
    pub domain: String,
}

/// A report that came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReportSeen {
    pub kind: ReportKind,
    /// Who reports, e.g. "google.com".
    pub submitter: String,
    /// Which domain of ours.
    pub domain: String,
    pub begins_at: i64,
    pub ends_at: i64,
    /// Sessions or letters that were in order, and those that were not.
    pub good: i64,
    pub bad: i64,
    /// Whether the letter that brought it was authenticated.
    pub proven: bool,
    /// What went wrong, one line each.
    pub detail: String,
    pub received_at: i64,
}

fn hex(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in digest(&SHA256, text.as_bytes()).as_ref() {
        let _infallible = write!(hex, "{byte:02x}");
    }
    hex
}

fn seen_row(row: &Row) -> Result<ReportSeen, Error> {
    Ok(ReportSeen {
        kind: ReportKind::of(row.str(0)?)?,
        submitter: row.text(1)?,
        domain: row.text(2)?,
        begins_at: row.int(3)?,
        ends_at: row.int(4)?,
        good: row.int(5)?,
        bad: row.int(6)?,
        proven: row.int(7)? != 0,
        detail: row.text(8)?,
        received_at: row.int(9)?,
    })
}

impl Store {
    /// Adds to the counts; no two rows may have the same day and detail.
    pub async fn report_add(&self, rows: Vec<(ReportDay, String, i64)>) -> Result<(), Error> {
        let mut all = Vec::with_capacity(rows.len() * ADD.columns());
        for (of, detail, count) in rows {
            let key = hex(&detail);
            all.extend(values![
                of.day,
                of.kind.as_str(),
                of.domain,
                key,
                detail,
                count
            ]);
        }
        self.write(move |txn| Box::pin(async move { insert(&mut txn.conn, &ADD, all).await }))
            .await
    }

    /// Domains with something to be told about days before `day`, oldest first.
    pub async fn report_due(&self, day: i64, rows: i64) -> Result<Vec<ReportDay>, Error> {
        let read = |row: &Row| {
            Ok(ReportDay {
                day: row.int(0)?,
                kind: ReportKind::of(row.str(1)?)?,
                domain: row.text(2)?,
            })
        };
        let due = self.rows(DUE, values![day, rows]).await?;
        due.iter().map(read).collect()
    }

    /// The counts of one domain's day, greatest first: (detail, count).
    pub async fn report_of(&self, of: &ReportDay, rows: i64) -> Result<Vec<(String, i64)>, Error> {
        let key = values![of.day, of.kind.as_str(), of.domain.clone(), rows];
        let counts = self.rows(OF, key).await?;
        counts
            .iter()
            .map(|row| Ok((row.text(0)?, row.int(1)?)))
            .collect()
    }

    /// A domain's day is told, or nobody wants to hear it.
    pub async fn report_told(&self, of: &ReportDay) -> Result<(), Error> {
        let key = values![of.day, of.kind.as_str(), of.domain.clone()];
        self.change_any(TOLD, key).await.map(drop)
    }

    /// Keeps a report that came, under its submitter's id for it; false when it is here already.
    pub async fn report_seen_add(&self, id: &str, seen: ReportSeen) -> Result<bool, Error> {
        let key = hex(&format!("{}|{}|{id}", seen.kind.as_str(), seen.submitter));
        let row = values![
            key,
            seen.kind.as_str(),
            seen.submitter,
            seen.domain,
            seen.begins_at,
            seen.ends_at,
            seen.good,
            seen.bad,
            i64::from(seen.proven),
            seen.detail,
            seen.received_at,
        ];
        Ok(self.change_any(SEEN_ADD, row).await? > 0)
    }

    /// Reports that came after a time, newest first.
    pub async fn report_seen(&self, after: i64, rows: i64) -> Result<Vec<ReportSeen>, Error> {
        let seen = self.rows(SEEN, values![after, rows]).await?;
        seen.iter().map(seen_row).collect()
    }

    /// Forgets reports that came before a time; how many.
    pub async fn report_seen_sweep(&self, before: i64) -> Result<u64, Error> {
        self.change_any(SEEN_SWEEP, values![before]).await
    }
}
