//! Devices that are pushed to. What is owed to a device is what changed after its durable cursor: after a restart
//! everything unsent is found again.

use crate::Error;
use crate::assignment::GIVEN;
use crate::clock::now_ms;
use crate::db::{Conn, Row, values};
use crate::id::*;
use crate::store::Store;
use crate::writer::Txn;

const MODSEQ: &str = "SELECT modseq FROM account WHERE id = $1";
const HELD: &str = "SELECT id, principal_id FROM subscription WHERE endpoint = $1";
const ADD: &str = "INSERT INTO subscription (id, principal_id, endpoint, p256dh, auth, device, session_hash, created_at, \
     cursor_modseq, next_at, failures) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0)";
const RENEW: &str = "UPDATE subscription SET p256dh = $2, auth = $3, device = $4, session_hash = $5, next_at = 0, \
     failures = 0 WHERE id = $1";
const DELETE: &str = "DELETE FROM subscription WHERE endpoint = $1";
const DELETE_ALL: &str = "DELETE FROM subscription WHERE principal_id = $1";
const DELETE_SESSION: &str = "DELETE FROM subscription WHERE session_hash = $1";
macro_rules! subscription_columns {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.principal_id, s.endpoint, s.p256dh, s.auth, s.device, s.session_hash, s.created_at, \
             s.cursor_modseq, s.next_at, s.last_push_at, s.last_code, s.failures",
            $rest
        )
    };
}
const OF: &str =
    subscription_columns!(" FROM subscription s WHERE s.principal_id = $1 ORDER BY s.id");
/// Something urgent that came while the push was under way (see `HURRY`) is told at once, not after the quiet time.
const ADVANCE: &str = "UPDATE subscription SET cursor_modseq = CASE WHEN cursor_modseq < $2 THEN $2 ELSE cursor_modseq END, \
     next_at = CASE WHEN COALESCE($5, 0) > 0 AND next_at + $2 < 0 THEN next_at ELSE $3 END, last_code = $4, last_push_at = COALESCE($5, last_push_at), \
     failures = CASE WHEN $5 IS NULL THEN failures + 1 ELSE 0 END WHERE id = $1";
const BEHIND: &str = subscription_columns!(
    ", a.modseq, m.id, m.unseen, a.settings FROM subscription s JOIN account a ON a.id = s.principal_id \
     JOIN mailbox m ON m.account_id = a.id AND m.name = 'INBOX' \
     WHERE a.modseq > s.cursor_modseq AND s.next_at <= $1 ORDER BY s.next_at, s.id LIMIT $2"
);
const LETTERS: &str = "SELECT COUNT(*), MIN(c.at), MAX(d.urgency) FROM change c JOIN email e ON e.id = c.email_id \
     AND e.mailbox_id = c.mailbox_id JOIN derived d ON d.body_id = e.body_id WHERE c.account_id = $1 AND c.modseq > $2 \
     AND c.kind = 1 AND c.mailbox_id = $3 AND (e.flags & 1) = 0";
const ARRIVED: &str = "SELECT d.body_id, COALESCE(r.from_name, d.from_name), d.from_address, \
     COALESCE(r.subject, d.subject), e.size_bytes FROM change c JOIN email e ON e.id = c.email_id \
     AND e.mailbox_id = c.mailbox_id JOIN derived d ON d.body_id = e.body_id \
     LEFT JOIN reread r ON r.account_id = c.account_id AND r.body_id = e.body_id WHERE c.account_id = $1 \
     AND c.modseq > $2 AND c.modseq <= $3 AND c.kind = 1 AND c.mailbox_id = $4 AND (e.flags & 1) = 0 \
     ORDER BY c.modseq DESC, c.email_id DESC LIMIT $5";
const GIVEN_AFTER: &str = "SELECT e.id, MIN(c.at), MIN(e.due_at), MAX(a.urgency) FROM change c \
     JOIN assignee e ON e.id = c.email_id JOIN assignment a ON a.id = e.assignment_id WHERE c.account_id = $1 \
     AND c.modseq > $2 AND c.kind = 7 AND c.uid = $3 AND e.ended_at IS NULL AND e.state NOT IN ('seen', 'acknowledged') \
     GROUP BY e.id ORDER BY e.id LIMIT 1000";
const NEXT: &str = "SELECT MIN(s.next_at) FROM subscription s JOIN account a ON a.id = s.principal_id \
     WHERE a.modseq > s.cursor_modseq AND s.next_at > $1";
/// A time before all times: the MODSEQ of what is urgent, negative, so that a push which did not tell it yet is known by its cursor.
const HURRY: &str =
    "UPDATE subscription SET next_at = 0 - $2 WHERE principal_id = $1 AND failures = 0";
pub(crate) const SQL: &[&str] = &[
    HURRY,
    MODSEQ,
    HELD,
    ADD,
    RENEW,
    DELETE,
    DELETE_ALL,
    DELETE_SESSION,
    OF,
    ADVANCE,
    BEHIND,
    LETTERS,
    ARRIVED,
    GIVEN_AFTER,
    NEXT,
    MOVE,
];

/// Changes that are none of a device's business may pile up this far behind its cursor before it is moved.
const IDLE_CHANGES: i64 = 200;

/// Holds a device's keys: no `Debug`.
#[derive(Clone)]
pub struct NewSubscription {
    pub principal: PrincipalId,
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
    pub device: String,
    pub session_hash: Option<String>,
    pub at: i64,
}

/// Holds a device's keys: no `Debug`.
#[derive(Clone)]
pub struct Subscription {
    pub id: SubscriptionId,
    pub principal: PrincipalId,
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
    pub device: String,
    pub session_hash: Option<String>,
    pub created_at: i64,
    pub cursor: i64,
    pub next_at: i64,
    pub last_push_at: Option<i64>,
    pub last_code: Option<u32>,
    pub failures: u32,
}

/// A device that is owed something.
#[derive(Clone)]
pub struct Behind {
    pub subscription: Subscription,
    /// Unseen letters that came into the Inbox after the cursor and are still there.
    pub letters: u32,
    /// Assignments given after the cursor, not yet seen.
    pub assignees: Vec<AssigneeId>,
    /// The highest urgency among all of them.
    pub urgency: u8,
    /// The cursor to advance to when told.
    pub cursor: i64,
    pub inbox: MailboxId,
    /// Unseen letters in the Inbox.
    pub badge: u32,
    /// The account's settings (JSON text; the rooms above know its fields).
    pub settings: String,
    /// When the oldest of what is owed was committed.
    pub oldest_at: i64,
    /// The nearest deadline among the assignments.
    pub due_at: Option<i64>,
}

/// A letter among those that a device is owed, as its mailbox lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    pub body: BodyId,
    pub from_name: String,
    pub from_address: String,
    pub subject: String,
    /// Bytes.
    pub size: u32,
}

fn subscription_row(row: &Row) -> Result<Subscription, Error> {
    Ok(Subscription {
        id: SubscriptionId(row.int(0)?),
        principal: PrincipalId(row.int(1)?),
        endpoint: row.text(2)?,
        p256dh: row.text(3)?,
        auth: row.text(4)?,
        device: row.text(5)?,
        session_hash: row.opt_text(6)?,
        created_at: row.int(7)?,
        cursor: row.int(8)?,
        next_at: row.int(9)?,
        last_push_at: row.opt_int(10)?,
        last_code: row.opt_small(11)?,
        failures: row.small(12)?,
    })
}

async fn behind(conn: &mut Conn, row: &Row) -> Result<Behind, Error> {
    let subscription = subscription_row(row)?;
    let (modseq, inbox, badge) = (row.int(13)?, row.int(14)?, row.small(15)?);
    let account = AccountId::from(subscription.principal);
    let after = subscription.cursor;
    let mut owed = Behind {
        subscription,
        letters: 0,
        assignees: Vec::new(),
        urgency: 0,
        cursor: modseq,
        inbox: MailboxId(inbox),
        badge,
        settings: row.text(16)?,
        oldest_at: i64::MAX,
        due_at: None,
    };
    if let Some(row) = conn.row(LETTERS, values![account, after, inbox]).await? {
        owed.letters = row.small(0)?;
        owed.oldest_at = row.opt_int(1)?.unwrap_or(i64::MAX);
        owed.urgency = row
            .opt_int(2)?
            .and_then(|urgency| u8::try_from(urgency).ok())
            .unwrap_or(0);
    }
    for row in conn
        .rows(GIVEN_AFTER, values![account, after, GIVEN])
        .await?
    {
        owed.assignees.push(AssigneeId(row.int(0)?));
        owed.oldest_at = owed.oldest_at.min(row.int(1)?);
        owed.due_at = match (owed.due_at, row.opt_int(2)?) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        owed.urgency = owed.urgency.max(u8::try_from(row.int(3)?).unwrap_or(0));
    }
    Ok(owed)
}

/// Something that cannot wait came for an account: its devices' quiet time is over. A device whose push service asked for
/// patience keeps its pause.
pub(crate) async fn hurry(txn: &mut Txn, account: AccountId, modseq: i64) -> Result<(), Error> {
    let values = values![account, modseq];
    txn.conn.run(HURRY, values).await.map(drop)
}

impl Store {
    /// Registers a device; it is owed what comes from now on. A known endpoint is renewed, and begins anew when
    /// another principal uses it.
    pub async fn subscription_put(&self, new: NewSubscription) -> Result<SubscriptionId, Error> {
        self.write(move |txn| {
            Box::pin(async move {
                if let Some(row) = txn.conn.row(HELD, values![&new.endpoint]).await? {
                    let id = SubscriptionId(row.int(0)?);
                    if row.int(1)? == new.principal.0 {
                        let values =
                            values![id, new.p256dh, new.auth, new.device, new.session_hash];
                        txn.conn.run(RENEW, values).await?;
                        return Ok(id);
                    }
                    txn.conn.run(DELETE, values![&new.endpoint]).await?;
                }
                let row = txn.conn.row(MODSEQ, values![new.principal]).await?;
                let cursor = row.map_or(Ok(0), |row| row.int(0))?;
                let id = SubscriptionId(txn.next_id());
                let values = values![
                    id,
                    new.principal,
                    new.endpoint,
                    new.p256dh,
                    new.auth,
                    new.device,
                    new.session_hash,
                    new.at,
                    cursor,
                ];
                txn.conn.run(ADD, values).await?;
                Ok(id)
            })
        })
        .await
    }

    pub async fn subscriptions_of(
        &self,
        principal: PrincipalId,
    ) -> Result<Vec<Subscription>, Error> {
        self.rows(OF, values![principal])
            .await?
            .iter()
            .map(subscription_row)
            .collect()
    }

    pub async fn subscription_delete(&self, endpoint: &str) -> Result<bool, Error> {
        Ok(self.change_any(DELETE, values![endpoint]).await? > 0)
    }

    pub async fn subscriptions_delete_all(&self, principal: PrincipalId) -> Result<u64, Error> {
        self.change_any(DELETE_ALL, values![principal]).await
    }

    /// Forgets the devices of a session that ended.
    pub async fn subscriptions_delete_session(&self, session_hash: &str) -> Result<u64, Error> {
        self.change_any(DELETE_SESSION, values![session_hash]).await
    }

    /// Notes how a push went: the cursor moves (never back), the next one comes at `next_at` or later. A code of
    /// 200 to 299 is a success.
    pub async fn subscription_advance(
        &self,
        id: SubscriptionId,
        cursor: i64,
        next_at: i64,
        code: u16,
    ) -> Result<(), Error> {
        let pushed_at = (200..300).contains(&code).then(now_ms);
        self.change_any(ADVANCE, values![id, cursor, next_at, code, pushed_at])
            .await
            .map(drop)
    }

    /// Devices that are owed something and may be pushed to now, who waits longest first.
    pub async fn subscriptions_behind(&self, now: i64, rows: usize) -> Result<Vec<Behind>, Error> {
        let limit = i64::try_from(rows).unwrap_or(i64::MAX);
        let mut conn = self.read().await?;
        let mut owed = Vec::new();
        let mut idle = Vec::new();
        for row in conn.rows(BEHIND, values![now, limit]).await? {
            let one = behind(&mut conn, &row).await?;
            if one.letters > 0 || !one.assignees.is_empty() {
                owed.push(one);
            } else if one.cursor - one.subscription.cursor > IDLE_CHANGES {
                idle.push((one.subscription.id, one.cursor));
            }
        }
        drop(conn);
        for (id, cursor) in idle {
            self.change_any(MOVE, values![id, cursor]).await?;
        }
        Ok(owed)
    }

    /// The letters that `Behind::letters` counts, newest first, at most `rows`.
    pub async fn letters_behind(&self, one: &Behind, rows: usize) -> Result<Vec<Arrived>, Error> {
        let limit = i64::try_from(rows).unwrap_or(i64::MAX);
        let account = AccountId::from(one.subscription.principal);
        let after = one.subscription.cursor;
        let values = values![account, after, one.cursor, one.inbox, limit];
        self.rows(ARRIVED, values)
            .await?
            .iter()
            .map(|row| {
                Ok(Arrived {
                    body: BodyId(row.int(0)?),
                    from_name: row.text(1)?,
                    from_address: row.text(2)?,
                    subject: row.text(3)?,
                    size: row.small(4)?,
                })
            })
            .collect()
    }

    /// When the next device that is behind may be pushed to, after `now`.
    pub async fn subscriptions_next_at(&self, now: i64) -> Result<Option<i64>, Error> {
        Ok(self
            .row(NEXT, values![now])
            .await?
            .map(|row| row.opt_int(0))
            .transpose()?
            .flatten())
    }
}

const MOVE: &str =
    "UPDATE subscription SET cursor_modseq = $2 WHERE id = $1 AND cursor_modseq < $2";
