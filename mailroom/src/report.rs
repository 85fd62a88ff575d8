//! Daily reports between mail systems: counts for others, and what others told about our domains. Numbers about servers and
//! domains only; no letter is opened here.

use store::{ReportDay, ReportSeen, TraceId};

use crate::{Actor, Denied, Error, Mailroom, Means, limits};

impl Mailroom {
    /// Adds what was counted since the last time. Each day and detail once.
    pub async fn report_add(&self, rows: Vec<(ReportDay, String, i64)>) -> Result<(), Error> {
        Ok(self.store().report_add(rows).await?)
    }

    /// Domains that are owed a report about days before `day` (days since 1970-01-01 UTC).
    pub async fn report_due(&self, day: i64) -> Result<Vec<ReportDay>, Error> {
        Ok(self
            .store()
            .report_due(day, limits::REPORTS_AT_ONCE)
            .await?)
    }

    /// The counts of one report: (detail, count), greatest first.
    pub async fn report_of(&self, of: &ReportDay) -> Result<Vec<(String, i64)>, Error> {
        Ok(self.store().report_of(of, limits::REPORT_ROWS_MAX).await?)
    }

    /// The report is on its way, or nobody asked for it.
    pub async fn report_told(&self, of: &ReportDay) -> Result<(), Error> {
        Ok(self.store().report_told(of).await?)
    }

    /// Hands in a report letter from us to another system's mailbox, with the null sender: nobody needs its bounce.
    pub async fn report_send(&self, to: &str, raw: bytes::Bytes) -> Result<TraceId, Error> {
        self.send_from_us(to, raw, "báo cáo hằng ngày cho hệ thống thư bên ngoài")
            .await
    }

    /// Keeps a report that came under its submitter's id; false when it was kept before.
    pub async fn report_keep(&self, id: &str, seen: ReportSeen) -> Result<bool, Error> {
        Ok(self.store().report_seen_add(id, seen).await?)
    }

    /// Reports that came after a time (unix ms), newest first: for the console and administrators of the whole installation.
    pub async fn reports_seen(&self, actor: &Actor, after: i64) -> Result<Vec<ReportSeen>, Error> {
        let roots = self.administers(actor).await?;
        if actor.means != Means::Console && !roots.iter().any(|unit| unit.parent.is_none()) {
            return Err(Denied::NotYours.into());
        }
        Ok(self
            .store()
            .report_seen(after, limits::REPORT_ROWS_MAX)
            .await?)
    }
}
