//! What an examination of the installation counts: failing domains, encryption that failed, silent sources, full mailboxes, people
//! who never came. Reads only, each answer bounded; too slow for every day.

use crate::Error;
use crate::db::{Row, values};
use crate::store::Store;

const FAILING: &str = "SELECT o.domain, COUNT(*), MAX(a.text) FROM attempt a JOIN outbox o ON o.id = a.outbox_id \
     WHERE a.id > $1 AND a.outcome <> 'sent' GROUP BY o.domain ORDER BY 2 DESC, o.domain LIMIT $2";
const CLEAR: &str = "SELECT host, COUNT(*), MAX(certificate) FROM attempt WHERE id > $1 AND certificate LIKE 'clear text%' \
     GROUP BY host ORDER BY 2 DESC, host LIMIT $2";
const SENT_TO: &str = "SELECT ip, MAX(at) FROM attempt WHERE id > $1 AND outcome = 'sent' GROUP BY ip ORDER BY 2 DESC LIMIT $2";
const CAME_FROM: &str = "SELECT peer_ip, MAX(at) FROM trace WHERE at > $1 AND direction = 'in' GROUP BY peer_ip \
     ORDER BY 2 DESC LIMIT $2";
const EVENTS: &str =
    "SELECT event, COUNT(*) FROM trace_event WHERE id > $1 GROUP BY event ORDER BY event";
const RESCUED: &str = "SELECT COUNT(*) FROM trace_event v JOIN trace t ON t.id = v.trace_id JOIN email e ON e.body_id = t.body_id \
     JOIN mailbox m ON m.id = e.mailbox_id WHERE v.id > $1 AND v.event = 'junk' AND m.role = 'inbox'";
const OLDEST_TRACE: &str = "SELECT MIN(at) FROM trace";
const FULL: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN used_bytes >= quota_bytes THEN 1 ELSE 0 END), 0) AS BIGINT), \
     CAST(COALESCE(SUM(CASE WHEN used_bytes * 10 >= quota_bytes * 9 THEN 1 ELSE 0 END), 0) AS BIGINT) FROM account \
     WHERE quota_bytes > 0";
const FULLEST: &str = "SELECT d.address, a.used_bytes, a.quota_bytes FROM account a JOIN address d ON d.principal_id = a.id \
     AND d.kind = 'primary' WHERE a.quota_bytes > 0 AND a.used_bytes * 10 >= a.quota_bytes * 9 \
     ORDER BY a.used_bytes * 100 / a.quota_bytes DESC, d.address LIMIT $1";
const PUSH: &str = "SELECT COALESCE(last_code, 0), COUNT(*), CAST(SUM(CASE WHEN failures > 0 THEN 1 ELSE 0 END) AS BIGINT), \
     MAX(last_push_at) FROM subscription GROUP BY COALESCE(last_code, 0) ORDER BY 1";
const SOURCES: &str = "SELECT s.code, s.name, s.token_expires_at, s.next_token_expires_at, s.created_at, MAX(a.updated_at), \
     COUNT(a.id) FROM source s LEFT JOIN assignment a ON a.source_id = s.id AND a.updated_at > $1 WHERE s.status = 'active' \
     GROUP BY s.id, s.code, s.name, s.token_expires_at, s.next_token_expires_at, s.created_at ORDER BY s.code LIMIT $2";
const PEOPLE: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN COALESCE(last_seen_at, created_at) < $1 THEN 1 ELSE 0 END), 0) \
     AS BIGINT), CAST(COALESCE(SUM(CASE WHEN last_seen_at IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) FROM principal \
     WHERE kind = 'individual' AND status = 'active'";
const NO_CLERK: &str = "SELECT u.code, u.name FROM unit u WHERE u.status = 'active' AND (u.records_account_id IS NULL OR NOT EXISTS \
     (SELECT 1 FROM membership m WHERE m.account_id = u.records_account_id AND (m.rights LIKE '%clerk%' OR m.rights LIKE '%owner%') \
     AND (m.until_at IS NULL OR m.until_at > $1))) ORDER BY u.path LIMIT $2";
pub(crate) const SQL: &[&str] = &[
    FAILING,
    CLEAR,
    SENT_TO,
    CAME_FROM,
    EVENTS,
    RESCUED,
    OLDEST_TRACE,
    FULL,
    FULLEST,
    PUSH,
    SOURCES,
    PEOPLE,
    NO_CLERK,
];

/// A name, how often, and one example in its own words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Often {
    pub name: String,
    pub times: u64,
    pub example: String,
}

/// Mailboxes against their quota.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Fullness {
    pub accounts: u64,
    /// At 100 % and more.
    pub full: u64,
    /// At 90 % and more, the full ones too.
    pub nearly: u64,
}

/// Devices by the last answer of their push service; 0 is none yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PushAnswers {
    pub code: i64,
    pub devices: u64,
    pub failing: u64,
    pub last_push_at: Option<i64>,
}

/// How a document system has been heard of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heard {
    pub code: String,
    pub name: String,
    /// The later of its two tokens.
    pub token_expires_at: i64,
    pub created_at: i64,
    /// Within the time asked for.
    pub last_at: Option<i64>,
    pub assignments: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attendance {
    pub people: u64,
    /// Not seen since the time asked for.
    pub away: u64,
    pub never: u64,
}

fn count(row: &Row, index: usize) -> Result<u64, Error> {
    Ok(u64::try_from(row.int(index)?).unwrap_or(0))
}

fn often(row: &Row) -> Result<Often, Error> {
    Ok(Often {
        name: row.text(0)?,
        times: count(row, 1)?,
        example: row.text(2)?,
    })
}

fn at(row: &Row) -> Result<(String, i64), Error> {
    Ok((row.text(0)?, row.int(1)?))
}

impl Store {
    /// Domains that letters could not be handed to since a time, the worst first.
    pub async fn failing_domains(&self, since: i64, rows: i64) -> Result<Vec<Often>, Error> {
        let rows = self
            .rows(FAILING, values![crate::id::first_at(since), rows])
            .await?;
        rows.iter().map(often).collect()
    }

    /// Hosts with which encryption failed so that letters went in clear text.
    pub async fn unencrypted_hosts(&self, since: i64, rows: i64) -> Result<Vec<Often>, Error> {
        let rows = self
            .rows(CLEAR, values![crate::id::first_at(since), rows])
            .await?;
        rows.iter().map(often).collect()
    }

    /// Addresses that took letters since a time, and when last.
    pub async fn sent_to(&self, since: i64, rows: i64) -> Result<Vec<(String, i64)>, Error> {
        let rows = self
            .rows(SENT_TO, values![crate::id::first_at(since), rows])
            .await?;
        rows.iter().map(at).collect()
    }

    /// Addresses that brought or tried to bring letters since a time, and when last.
    pub async fn came_from(&self, since: i64, rows: i64) -> Result<Vec<(String, i64)>, Error> {
        let rows = self.rows(CAME_FROM, values![since, rows]).await?;
        rows.iter().map(at).collect()
    }

    /// What happened to letters since a time, counted by event.
    pub async fn events_since(&self, since: i64) -> Result<Vec<(String, u64)>, Error> {
        let rows = self
            .rows(EVENTS, values![crate::id::first_at(since)])
            .await?;
        rows.iter()
            .map(|row| Ok((row.text(0)?, count(row, 1)?)))
            .collect()
    }

    /// Letters put into Junk since a time that somebody has moved to the Inbox.
    pub async fn junk_rescued(&self, since: i64) -> Result<u64, Error> {
        let row = self
            .row(RESCUED, values![crate::id::first_at(since)])
            .await?;
        row.as_ref().map_or(Ok(0), |row| count(row, 0))
    }

    pub async fn oldest_trace(&self) -> Result<Option<i64>, Error> {
        let row = self.row(OLDEST_TRACE, values![]).await?;
        row.as_ref().map_or(Ok(None), |row| row.opt_int(0))
    }

    pub async fn fullness(&self) -> Result<Fullness, Error> {
        let row = self.row(FULL, values![]).await?;
        row.as_ref().map_or(Ok(Fullness::default()), |row| {
            Ok(Fullness {
                accounts: count(row, 0)?,
                full: count(row, 1)?,
                nearly: count(row, 2)?,
            })
        })
    }

    /// (address, bytes used, quota) of mailboxes at 90 % and more, the fullest first.
    pub async fn fullest(&self, rows: i64) -> Result<Vec<(String, i64, i64)>, Error> {
        let rows = self.rows(FULLEST, values![rows]).await?;
        rows.iter()
            .map(|row| Ok((row.text(0)?, row.int(1)?, row.int(2)?)))
            .collect()
    }

    pub async fn push_answers(&self) -> Result<Vec<PushAnswers>, Error> {
        let rows = self.rows(PUSH, values![]).await?;
        rows.iter()
            .map(|row| {
                Ok(PushAnswers {
                    code: row.int(0)?,
                    devices: count(row, 1)?,
                    failing: count(row, 2)?,
                    last_push_at: row.opt_int(3)?,
                })
            })
            .collect()
    }

    /// Document systems and how much was heard of each since a time.
    pub async fn sources_heard(&self, since: i64, rows: i64) -> Result<Vec<Heard>, Error> {
        let rows = self.rows(SOURCES, values![since, rows]).await?;
        rows.iter()
            .map(|row| {
                Ok(Heard {
                    code: row.text(0)?,
                    name: row.text(1)?,
                    token_expires_at: row.int(2)?.max(row.opt_int(3)?.unwrap_or(0)),
                    created_at: row.int(4)?,
                    last_at: row.opt_int(5)?,
                    assignments: count(row, 6)?,
                })
            })
            .collect()
    }

    /// Active people, and those not seen since a time.
    pub async fn attendance(&self, since: i64) -> Result<Attendance, Error> {
        let row = self.row(PEOPLE, values![since]).await?;
        row.as_ref().map_or(Ok(Attendance::default()), |row| {
            Ok(Attendance {
                people: count(row, 0)?,
                away: count(row, 1)?,
                never: count(row, 2)?,
            })
        })
    }

    /// (code, name) of active units whose records mailbox nobody keeps at a time.
    pub async fn units_without_clerk(
        &self,
        now: i64,
        rows: i64,
    ) -> Result<Vec<(String, String)>, Error> {
        let rows = self.rows(NO_CLERK, values![now, rows]).await?;
        rows.iter()
            .map(|row| Ok((row.text(0)?, row.text(1)?)))
            .collect()
    }
}
