//! The outbox as people read it: what waits and why, one recipient's history, counts. Changes nothing.

use super::*;

impl Store {
    /// Pending rows in the order they fall due.
    pub async fn outbox_list(
        &self,
        filter: &OutboxFilter,
        rows: usize,
    ) -> Result<Vec<OutboxRow>, Error> {
        let state = filter.state.map_or("", OutboxState::as_str);
        let limit = i64::try_from(rows).unwrap_or(i64::MAX);
        let values = values![
            state,
            &filter.domain,
            &filter.mail_from,
            &filter.recipient,
            limit
        ];
        self.rows(PENDING, values)
            .await?
            .iter()
            .map(outbox_row)
            .collect()
    }

    pub async fn outbox_row(&self, id: OutboxId) -> Result<Option<OutboxRow>, Error> {
        self.row(ROW, values![id])
            .await?
            .as_ref()
            .map(outbox_row)
            .transpose()
    }

    /// The rows of one message, ended ones too.
    pub async fn outbox_of_trace(&self, trace: TraceId) -> Result<Vec<OutboxRow>, Error> {
        self.rows(OF_TRACE, values![trace])
            .await?
            .iter()
            .map(outbox_row)
            .collect()
    }

    pub async fn outbox_counts(&self) -> Result<OutboxCounts, Error> {
        let mut counts = OutboxCounts::default();
        for row in self.rows(COUNTS, values![]).await? {
            let number = u64::try_from(row.int(1)?).unwrap_or(0);
            match OutboxState::parse(row.str(0)?) {
                Some(OutboxState::Due) => counts.due = number,
                Some(OutboxState::Leased) => counts.leased = number,
                Some(OutboxState::Held) => counts.held = number,
                _ => {}
            }
            let oldest = row.opt_int(2)?;
            counts.oldest_at = match (counts.oldest_at, oldest) {
                (Some(before), Some(this)) => Some(before.min(this)),
                (before, this) => before.or(this),
            };
        }
        Ok(counts)
    }

    /// The domains most rows wait for.
    pub async fn outbox_top_domains(&self, domains: usize) -> Result<Vec<(String, u64)>, Error> {
        let limit = i64::try_from(domains).unwrap_or(i64::MAX);
        let rows = self.rows(TOP_DOMAINS, values![limit]).await?;
        rows.iter()
            .map(|row| Ok((row.text(0)?, u64::try_from(row.int(1)?).unwrap_or(0))))
            .collect()
    }

    /// One recipient's history, oldest first.
    pub async fn attempts(&self, outbox: OutboxId) -> Result<Vec<Attempt>, Error> {
        let rows = self.rows(ATTEMPTS, values![outbox]).await?;
        rows.iter()
            .map(|row| {
                Ok(Attempt {
                    id: AttemptId(row.int(0)?),
                    at: row.int(1)?,
                    outcome: row.text(2)?,
                    evidence: Evidence {
                        host: row.text(3)?,
                        ip: row.text(4)?,
                        tls: row.text(5)?,
                        certificate: row.text(6)?,
                        code: row.opt_int(7)?.and_then(|code| u16::try_from(code).ok()),
                        enhanced: row.opt_text(8)?,
                        text: row.text(9)?,
                    },
                })
            })
            .collect()
    }

    pub async fn submission(&self, id: SubmissionId) -> Result<Option<Submission>, Error> {
        let Some(row) = self.row(SUBMISSION, values![id]).await? else {
            return Ok(None);
        };
        Ok(Some(Submission {
            id: SubmissionId(row.int(0)?),
            account: AccountId(row.int(1)?),
            body: BodyId(row.int(2)?),
            trace: TraceId(row.int(3)?),
            mail_from: row.text(4)?,
            envid: row.opt_text(5)?,
            ret: row.opt_text(6)?,
            priority: priority(&row, 7)?,
            requiretls: row.flag(8)?,
            created_at: row.int(9)?,
        }))
    }
}
