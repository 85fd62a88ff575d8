//! What changes emails that are there: flags (STORE), copies, moves, expunges. Each step gives a new MODSEQ and a change
//! row (RFC 9051 §6.4, RFC 7162 §3.1).

use std::collections::HashSet;
use std::sync::Arc;

use crate::Error;
use crate::clock::now_ms;
use crate::db::{Row, Value, values};
use crate::deliver::{INSERT_CHANGE, INSERT_EMAIL};
use crate::id::*;
use crate::listed::{Listed, insert, listed_rows};
use crate::listing::{INDEX_COLUMNS, index_row, split};
use crate::noun::*;
use crate::store::Store;
use crate::writer::Txn;

const ROWS: Listed = Listed::new(
    "ii",
    "WITH v(m, k) AS (VALUES {}) SELECT email.uid, email.flags, email.keywords, email.modseq, email.id, \
     email.body_id, email.size_bytes, email.received_at, email.saved_at, email.thread_id, email.trace_id \
     FROM v CROSS JOIN email WHERE email.mailbox_id = v.m AND email.uid = v.k",
);
const SET_FLAGS: Listed = Listed::new(
    "iiti",
    "WITH v(k, f, w, m) AS (VALUES {}) UPDATE email SET flags = v.f, keywords = v.w, modseq = v.m \
     FROM v WHERE email.id = v.k",
);
const SET_PLACE: Listed = Listed::new(
    "iiii",
    "WITH v(k, b, u, m) AS (VALUES {}) UPDATE email SET mailbox_id = v.b, uid = v.u, modseq = v.m \
     FROM v WHERE email.id = v.k",
);
const DELETE_EMAILS: Listed = Listed::new("i", "DELETE FROM email WHERE id IN (VALUES {})");
const QUEUE_GONE: Listed = Listed::new(
    "iiii",
    "INSERT INTO index_queue (email_id, account_id, body_id, gone) VALUES {} \
     ON CONFLICT (email_id) DO UPDATE SET gone = 1",
);
pub(crate) const QUEUE_AGAIN: Listed = Listed::new(
    "iiii",
    "INSERT INTO index_queue (email_id, account_id, body_id, gone) VALUES {} \
     ON CONFLICT (email_id) DO NOTHING",
);
const DELETED_UIDS: &str =
    "SELECT uid FROM email WHERE mailbox_id = $1 AND (flags & 8) <> 0 ORDER BY uid";
pub(crate) const ALL_UIDS: &str = "SELECT uid FROM email WHERE mailbox_id = $1 ORDER BY uid";
const ACCOUNT_OF: &str = "SELECT account_id, uid_validity FROM mailbox WHERE id = $1";
pub(crate) const STEP: &str = "UPDATE account SET modseq = modseq + $2, used_bytes = used_bytes + $3 WHERE id = $1 \
     RETURNING modseq";
const COUNT: &str = "UPDATE mailbox SET uid_next = uid_next + $2, total = total + $3, unseen = unseen + $4, \
     bytes = bytes + $5, modseq = $6 WHERE id = $1 RETURNING uid_next";
pub(crate) const SQL: &[&str] = &[DELETED_UIDS, ALL_UIDS, ACCOUNT_OF, STEP, COUNT];
pub(crate) const LISTED: &[&Listed] = &[
    &ROWS,
    &SET_FLAGS,
    &SET_PLACE,
    &DELETE_EMAILS,
    &QUEUE_GONE,
    &QUEUE_AGAIN,
];

/// Keywords as they stand in the column: sorted, once each, separated by blanks.
pub(crate) fn joined(keywords: &[String]) -> String {
    let mut words: Vec<&str> = keywords
        .iter()
        .map(String::as_str)
        .filter(|word| !word.is_empty())
        .collect();
    words.sort_unstable();
    words.dedup();
    words.join(" ")
}

/// An email as the steps here need it.
struct Held {
    row: IndexRow,
    trace: Option<i64>,
}

impl Held {
    fn from(row: &Row) -> Result<Held, Error> {
        debug_assert_eq!(INDEX_COLUMNS, 10);
        Ok(Held {
            row: index_row(row)?,
            trace: row.opt_int(INDEX_COLUMNS)?,
        })
    }
    fn unseen(&self) -> i64 {
        i64::from(self.row.flags & flag::SEEN == 0)
    }
}

async fn held(txn: &mut Txn, mailbox: MailboxId, mut uids: Vec<u32>) -> Result<Vec<Held>, Error> {
    uids.sort_unstable();
    uids.dedup();
    let values = uids.into_iter().map(|uid| values![mailbox, uid]).collect();
    let rows = listed_rows(&mut txn.conn, &ROWS, values).await?;
    let mut held = rows.iter().map(Held::from).collect::<Result<Vec<_>, _>>()?;
    held.sort_unstable_by_key(|one| one.row.uid);
    Ok(held)
}

async fn account_of(txn: &mut Txn, mailbox: MailboxId) -> Result<(AccountId, u32), Error> {
    let row = txn.conn.row(ACCOUNT_OF, values![mailbox]).await?;
    let row = row.ok_or_else(|| Error::Missing(format!("mailbox {mailbox}")))?;
    Ok((AccountId(row.int(0)?), row.small(1)?))
}

/// Takes `steps` MODSEQs of an account, all up to the one returned.
pub(crate) async fn step(
    txn: &mut Txn,
    account: AccountId,
    steps: i64,
    bytes: i64,
) -> Result<i64, Error> {
    let row = txn.conn.row(STEP, values![account, steps, bytes]).await?;
    txn.wakes.accounts.insert(account);
    row.ok_or_else(|| Error::Missing(format!("account {account}")))?
        .int(0)
}

/// How a mailbox's counters move.
struct Count {
    uids: i64,
    total: i64,
    unseen: i64,
    bytes: i64,
    modseq: i64,
}

/// Returns the first of the UIDs taken.
async fn count(txn: &mut Txn, mailbox: MailboxId, by: Count) -> Result<i64, Error> {
    let values = values![mailbox, by.uids, by.total, by.unseen, by.bytes, by.modseq];
    let row = txn.conn.row(COUNT, values).await?;
    let next = row
        .ok_or_else(|| Error::Missing(format!("mailbox {mailbox}")))?
        .int(0)?;
    Ok(next - by.uids)
}

fn change(
    account: AccountId,
    modseq: i64,
    row: &IndexRow,
    kind: ChangeKind,
    mailbox: MailboxId,
    at: i64,
) -> Vec<Value> {
    values![
        account,
        modseq,
        row.email,
        kind.number(),
        mailbox,
        row.uid,
        at
    ]
}

/// Runs a statement over rows of values.
pub(crate) async fn run_listed(
    txn: &mut Txn,
    what: &'static Listed,
    values: Vec<Value>,
) -> Result<(), Error> {
    insert(&mut txn.conn, what, values).await
}

/// Removes emails for ever in the running transaction; the UIDs that were there.
pub(crate) async fn remove(
    txn: &mut Txn,
    mailbox: MailboxId,
    uids: Vec<u32>,
) -> Result<Vec<u32>, Error> {
    let gone = held(txn, mailbox, uids).await?;
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let (account, _) = account_of(txn, mailbox).await?;
    let bytes: i64 = gone.iter().map(|one| i64::from(one.row.size)).sum();
    let modseq = step(txn, account, 1, -bytes).await?;
    let by = Count {
        uids: 0,
        total: -i64::try_from(gone.len()).unwrap_or(i64::MAX),
        unseen: -gone.iter().map(Held::unseen).sum::<i64>(),
        bytes: -bytes,
        modseq,
    };
    count(txn, mailbox, by).await?;
    let now = now_ms();
    let ids = gone.iter().flat_map(|one| values![one.row.email]).collect();
    run_listed(txn, &DELETE_EMAILS, ids).await?;
    let destroyed = ChangeKind::Destroyed;
    let changes = gone
        .iter()
        .flat_map(|one| change(account, modseq, &one.row, destroyed, mailbox, now))
        .collect();
    run_listed(txn, &INSERT_CHANGE, changes).await?;
    let queue = gone
        .iter()
        .flat_map(|one| values![one.row.email, account, one.row.body, 1i64])
        .collect();
    run_listed(txn, &QUEUE_GONE, queue).await?;
    txn.wakes.index = true;
    Ok(gone.iter().map(|one| one.row.uid).collect())
}

/// Changes flags in the running transaction.
async fn set_flags(
    txn: &mut Txn,
    mailbox: MailboxId,
    uids: Vec<u32>,
    how: FlagChange,
    unchanged_since: Option<i64>,
) -> Result<(Vec<IndexRow>, Vec<u32>), Error> {
    let (mut rows, mut failed, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    let mut unseen = 0;
    for one in held(txn, mailbox, uids).await? {
        // RFC 7162 §3.1.3: who changed after the client's view is left alone and named.
        if unchanged_since.is_some_and(|since| one.row.modseq > since) {
            failed.push(one.row.uid);
            continue;
        }
        let was_unseen = one.unseen();
        let mut row = one.row;
        let (flags, keywords) = apply(&row, &how);
        if flags != row.flags || keywords.as_slice() != &*row.keywords {
            changed.push(rows.len());
            unseen += i64::from(flags & flag::SEEN == 0) - was_unseen;
            row.flags = flags;
            row.keywords = keywords.into();
        }
        rows.push(row);
    }
    if changed.is_empty() {
        return Ok((rows, failed));
    }
    let (account, _) = account_of(txn, mailbox).await?;
    let modseq = step(txn, account, 1, 0).await?;
    count(
        txn,
        mailbox,
        Count {
            uids: 0,
            total: 0,
            unseen,
            bytes: 0,
            modseq,
        },
    )
    .await?;
    let now = now_ms();
    let (mut updates, mut changes) = (Vec::new(), Vec::new());
    for place in changed {
        let Some(row) = rows.get_mut(place) else {
            continue;
        };
        row.modseq = modseq;
        updates.extend(values![
            row.email,
            row.flags,
            row.keywords.join(" "),
            modseq
        ]);
        changes.extend(change(
            account,
            modseq,
            row,
            ChangeKind::Flags,
            mailbox,
            now,
        ));
    }
    run_listed(txn, &SET_FLAGS, updates).await?;
    run_listed(txn, &INSERT_CHANGE, changes).await?;
    Ok((rows, failed))
}

/// What flags and keywords become (RFC 9051 §6.4.6).
fn apply(row: &IndexRow, how: &FlagChange) -> (u32, Vec<Arc<str>>) {
    let words = |list: &[String]| split(&joined(list)).to_vec();
    match how {
        FlagChange::Set { flags, keywords } => (*flags, words(keywords)),
        FlagChange::Add { flags, keywords } => {
            let mut all = row.keywords.to_vec();
            all.extend(words(keywords));
            all.sort_unstable();
            all.dedup();
            (row.flags | flags, all)
        }
        FlagChange::Remove { flags, keywords } => {
            let gone: HashSet<&str> = keywords.iter().map(String::as_str).collect();
            let left = row
                .keywords
                .iter()
                .filter(|word| !gone.contains(&***word))
                .cloned();
            (row.flags & !flags, left.collect())
        }
    }
}

/// Copies emails in the running transaction; the new ones are new emails with the same body.
async fn copy(
    txn: &mut Txn,
    from: MailboxId,
    uids: Vec<u32>,
    to: MailboxId,
) -> Result<Vec<(u32, Placed)>, Error> {
    let originals = held(txn, from, uids).await?;
    let (account, uid_validity) = account_of(txn, to).await?;
    if originals.is_empty() {
        return Ok(Vec::new());
    }
    let bytes: i64 = originals.iter().map(|one| i64::from(one.row.size)).sum();
    let copies = i64::try_from(originals.len()).unwrap_or(i64::MAX);
    let modseq = step(txn, account, 1, bytes).await?;
    let unseen = originals.iter().map(Held::unseen).sum();
    let by = Count {
        uids: copies,
        total: copies,
        unseen,
        bytes,
        modseq,
    };
    let first = count(txn, to, by).await?;
    let now = now_ms();
    let mut placed = Vec::with_capacity(originals.len());
    let (mut emails, mut changes, mut queue) = (Vec::new(), Vec::new(), Vec::new());
    for (uid, one) in (first..).zip(&originals) {
        let uid = u32::try_from(uid).map_err(|_| Error::Broken("UIDs are used up".to_owned()))?;
        let (row, email) = (&one.row, EmailId(txn.next_id()));
        emails.extend(values![
            email,
            account,
            to,
            uid,
            row.body,
            row.thread,
            modseq,
            row.flags,
            row.keywords.join(" "),
            row.received_at,
            now,
            row.size,
            one.trace,
        ]);
        let created = ChangeKind::Created.number();
        changes.extend(values![account, modseq, email, created, to, uid, now]);
        queue.extend(values![email, account, row.body, 0i64]);
        placed.push((
            row.uid,
            Placed {
                account,
                mailbox: to,
                email,
                uid,
                uid_validity,
                modseq,
            },
        ));
    }
    run_listed(txn, &INSERT_EMAIL, emails).await?;
    run_listed(txn, &INSERT_CHANGE, changes).await?;
    run_listed(txn, &QUEUE_AGAIN, queue).await?;
    txn.wakes.index = true;
    Ok(placed)
}

/// Moves emails in the running transaction. Inside one account an email keeps its id; to another account it is
/// copied and removed.
pub(crate) async fn move_to(
    txn: &mut Txn,
    from: MailboxId,
    uids: Vec<u32>,
    to: MailboxId,
) -> Result<Vec<(u32, Placed)>, Error> {
    let (account, _) = account_of(txn, from).await?;
    let (new_account, uid_validity) = account_of(txn, to).await?;
    if account != new_account {
        let placed = copy(txn, from, uids, to).await?;
        remove(txn, from, placed.iter().map(|(uid, _)| *uid).collect()).await?;
        return Ok(placed);
    }
    let moved = held(txn, from, uids).await?;
    if moved.is_empty() {
        return Ok(Vec::new());
    }
    // Two steps: the email leaves with one MODSEQ and arrives with the next, so that both change rows have a place.
    let arrive = step(txn, account, 2, 0).await?;
    let leave = arrive - 1;
    let emails = i64::try_from(moved.len()).unwrap_or(i64::MAX);
    let bytes: i64 = moved.iter().map(|one| i64::from(one.row.size)).sum();
    let unseen: i64 = moved.iter().map(Held::unseen).sum();
    let out = Count {
        uids: 0,
        total: -emails,
        unseen: -unseen,
        bytes: -bytes,
        modseq: leave,
    };
    count(txn, from, out).await?;
    let into = Count {
        uids: emails,
        total: emails,
        unseen,
        bytes,
        modseq: arrive,
    };
    let first = count(txn, to, into).await?;
    let now = now_ms();
    let mut placed = Vec::with_capacity(moved.len());
    let (mut updates, mut changes) = (Vec::new(), Vec::new());
    for (uid, one) in (first..).zip(&moved) {
        let uid = u32::try_from(uid).map_err(|_| Error::Broken("UIDs are used up".to_owned()))?;
        let (row, email) = (&one.row, one.row.email);
        updates.extend(values![email, to, uid, arrive]);
        changes.extend(change(
            account,
            leave,
            row,
            ChangeKind::Destroyed,
            from,
            now,
        ));
        let created = ChangeKind::Created.number();
        changes.extend(values![account, arrive, email, created, to, uid, now]);
        placed.push((
            row.uid,
            Placed {
                account,
                mailbox: to,
                email,
                uid,
                uid_validity,
                modseq: arrive,
            },
        ));
    }
    run_listed(txn, &SET_PLACE, updates).await?;
    run_listed(txn, &INSERT_CHANGE, changes).await?;
    Ok(placed)
}

impl Store {
    /// Changes flags. Returns the rows that exist, as they are now, and the UIDs left alone because they changed
    /// after `unchanged_since` (RFC 7162 §3.1.3). Rows that were so already keep their MODSEQ.
    pub async fn flags(
        &self,
        mailbox: MailboxId,
        uids: &[u32],
        how: FlagChange,
        unchanged_since: Option<i64>,
    ) -> Result<(Vec<IndexRow>, Vec<u32>), Error> {
        let uids = uids.to_vec();
        self.write(move |txn| Box::pin(set_flags(txn, mailbox, uids, how, unchanged_since)))
            .await
    }

    /// Copies emails; (uid there, place here) in the order of UIDs.
    pub async fn copy(
        &self,
        from: MailboxId,
        uids: &[u32],
        to: MailboxId,
    ) -> Result<Vec<(u32, Placed)>, Error> {
        let uids = uids.to_vec();
        self.write(move |txn| Box::pin(copy(txn, from, uids, to)))
            .await
    }

    /// Moves emails in one transaction (RFC 6851).
    pub async fn move_to(
        &self,
        from: MailboxId,
        uids: &[u32],
        to: MailboxId,
    ) -> Result<Vec<(u32, Placed)>, Error> {
        let uids = uids.to_vec();
        self.write(move |txn| Box::pin(move_to(txn, from, uids, to)))
            .await
    }

    /// Removes for ever the emails with \Deleted, among `uids` or in the whole mailbox. Returns their UIDs, rising.
    pub async fn expunge(
        &self,
        mailbox: MailboxId,
        uids: Option<&[u32]>,
    ) -> Result<Vec<u32>, Error> {
        let among: Option<HashSet<u32>> = uids.map(|uids| uids.iter().copied().collect());
        self.write(move |txn| {
            Box::pin(async move {
                let rows = txn.conn.rows(DELETED_UIDS, values![mailbox]).await?;
                let mut uids = rows
                    .iter()
                    .map(|row| row.small(0))
                    .collect::<Result<Vec<_>, _>>()?;
                uids.retain(|uid| among.as_ref().is_none_or(|among| among.contains(uid)));
                remove(txn, mailbox, uids).await
            })
        })
        .await
    }

    /// Removes emails for ever whatever their flags. Returns the UIDs that were there, rising.
    pub async fn remove(&self, mailbox: MailboxId, uids: &[u32]) -> Result<Vec<u32>, Error> {
        let uids = uids.to_vec();
        self.write(move |txn| Box::pin(remove(txn, mailbox, uids)))
            .await
    }
}
