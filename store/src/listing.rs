//! Reading mail: the index of a mailbox, changes after a cursor, list rows, envelopes. Parses no message: everything
//! was computed at delivery.

use std::sync::Arc;

use bytes::Bytes;

use crate::Error;
use crate::body::{pack_text, unpack_text};
use crate::db::{Row, values};
use crate::deliver::{INSERT_DERIVED, derived_values};
use crate::id::*;
use crate::limits::{INDEX_PARALLEL, INDEX_PARTS, LIST_CHUNK};
use crate::listed::{Listed, insert, listed_rows};
use crate::noun::*;
use crate::store::Store;

const INDEX: &str = "SELECT uid, flags, keywords, modseq, id, body_id, size_bytes, received_at, saved_at, thread_id \
     FROM email WHERE mailbox_id = $1 AND uid > $2 AND uid <= $4 ORDER BY uid LIMIT $3";
const EXTENT: &str = "SELECT uid_next, total FROM mailbox WHERE id = $1";
const INDEX_CHANGED: &str = "SELECT DISTINCT email.uid, email.flags, email.keywords, email.modseq, email.id, email.body_id, \
     email.size_bytes, email.received_at, email.saved_at, email.thread_id FROM change JOIN email \
     ON email.id = change.email_id AND email.mailbox_id = change.mailbox_id \
     WHERE change.mailbox_id = $1 AND change.modseq > $2 AND change.kind <= 2 ORDER BY email.uid";
const CHANGES: &str = "SELECT account_id, modseq, email_id, kind, mailbox_id, uid, at FROM change \
     WHERE mailbox_id = $1 AND modseq > $2 ORDER BY modseq, uid";
const ACCOUNT_CHANGES: &str = "SELECT account_id, modseq, email_id, kind, mailbox_id, uid, at FROM change \
     WHERE account_id = $1 AND modseq > $2 ORDER BY modseq, email_id LIMIT $3";
macro_rules! list_columns {
    ($rest:literal) => {
        concat!(
            "SELECT email.id, email.account_id, email.mailbox_id, email.uid, email.body_id, email.thread_id, \
             email.flags, email.keywords, email.received_at, email.size_bytes, email.trace_id, derived.subject, \
             derived.from_name, derived.from_address, derived.to_text, derived.preview, derived.attachments, \
             derived.urgency, derived.message_id ",
            $rest
        )
    };
}
const EMAIL: &str = list_columns!(
    "FROM email JOIN derived ON derived.body_id = email.body_id WHERE email.id = $1 AND email.account_id = $2"
);
const EMAIL_AT: &str = list_columns!(
    "FROM email JOIN derived ON derived.body_id = email.body_id WHERE email.mailbox_id = $1 AND email.uid = $2"
);
const LIST: &str = list_columns!(
    "FROM (SELECT * FROM email WHERE mailbox_id = $1 AND uid < $2 AND (flags & $3) = 0 ORDER BY uid DESC LIMIT $4) \
     AS email JOIN derived ON derived.body_id = email.body_id ORDER BY email.uid DESC"
);
const THREAD: &str = list_columns!(
    "FROM email JOIN derived ON derived.body_id = email.body_id WHERE email.account_id = $1 AND email.thread_id = $2 \
     ORDER BY email.received_at, email.id LIMIT 1000"
);
const EMAILS: Listed = Listed::new(
    "i",
    concat!(
        "WITH v(k) AS (VALUES {}) ",
        list_columns!(
            "FROM v CROSS JOIN email CROSS JOIN derived WHERE email.id = v.k \
     AND derived.body_id = email.body_id"
        )
    ),
);
const ENVELOPES: &str = "SELECT email.uid, email.body_id, derived.envelope, derived.structure FROM email \
     JOIN derived ON derived.body_id = email.body_id WHERE email.mailbox_id = $1 AND email.uid >= $2 AND email.uid <= $3 \
     ORDER BY email.uid LIMIT $4";
const ENVELOPES_OF: Listed = Listed::new(
    "ii",
    "WITH v(m, k) AS (VALUES {}) SELECT email.uid, email.body_id, derived.envelope, \
     derived.structure FROM v CROSS JOIN email CROSS JOIN derived WHERE email.mailbox_id = v.m AND email.uid = v.k \
     AND derived.body_id = email.body_id",
);
pub(crate) const DERIVED: &str = "SELECT version, subject, from_name, from_address, to_text, date_at, message_id, \
     thread_key, preview, attachments, urgency, coding, confidence, envelope, structure, search_text FROM derived \
     WHERE body_id = $1";
const BODY_IS_THERE: &str = "SELECT id FROM body WHERE id = $1";
const DERIVED_DELETE: &str = "DELETE FROM derived WHERE body_id = $1";
const THREAD_SET: &str = "UPDATE email SET thread_id = $2 WHERE body_id = $1 AND thread_id <> $2";
pub(crate) const REQUEUE: &str = "INSERT INTO index_queue (email_id, account_id, body_id, gone) \
     SELECT id, account_id, body_id, 0 FROM email WHERE body_id = $1 ON CONFLICT (email_id) DO NOTHING";
const TO_REDERIVE: &str =
    "SELECT body_id FROM derived WHERE body_id > $2 AND version < $1 ORDER BY body_id LIMIT $3";
const UNDERIVED: &str = "SELECT body.id FROM body LEFT JOIN derived ON derived.body_id = body.id \
     WHERE body.id > $1 AND derived.body_id IS NULL ORDER BY body.id LIMIT $2";
const UIDS_OF: &str = "SELECT uid FROM email WHERE body_id = $1 AND mailbox_id = $2 ORDER BY uid";
const BY_MESSAGE_ID: &str = list_columns!(
    "FROM derived JOIN email ON derived.body_id = email.body_id WHERE derived.message_id = $1 AND email.account_id = $2 \
     ORDER BY email.id LIMIT 100"
);
pub(crate) const SQL: &[&str] = &[
    INDEX,
    EXTENT,
    INDEX_CHANGED,
    CHANGES,
    ACCOUNT_CHANGES,
    EMAIL,
    EMAIL_AT,
    LIST,
    THREAD,
    ENVELOPES,
    DERIVED,
    BODY_IS_THERE,
    DERIVED_DELETE,
    THREAD_SET,
    REQUEUE,
    TO_REDERIVE,
    UNDERIVED,
    UIDS_OF,
    BY_MESSAGE_ID,
];
pub(crate) const LISTED: &[&Listed] = &[&EMAILS, &ENVELOPES_OF];

/// What a list shows of a mailbox.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct ListFilter {
    pub unseen: bool,
}

/// An email's parts that IMAP sends as they are: (uid, body, ENVELOPE, BODYSTRUCTURE).
pub type EnvelopeRow = (u32, BodyId, Bytes, Bytes);

pub(crate) const INDEX_COLUMNS: usize = 10;

pub(crate) fn index_row(row: &Row) -> Result<IndexRow, Error> {
    Ok(IndexRow {
        uid: row.small(0)?,
        flags: row.small(1)?,
        keywords: split(row.str(2)?),
        modseq: row.int(3)?,
        email: EmailId(row.int(4)?),
        body: BodyId(row.int(5)?),
        size: row.small(6)?,
        received_at: row.int(7)?,
        saved_at: row.int(8)?,
        thread: ThreadId(row.int(9)?),
    })
}

/// The keywords of a column; nothing is allocated for the many emails without any.
pub(crate) fn split(words: &str) -> Arc<[Arc<str>]> {
    static NONE: std::sync::LazyLock<Arc<[Arc<str>]>> = std::sync::LazyLock::new(|| Arc::from([]));
    if words.is_empty() {
        return Arc::clone(&NONE);
    }
    words.split(' ').map(Arc::from).collect()
}

fn change(row: &Row) -> Result<Change, Error> {
    let kind = row.int(3)?;
    Ok(Change {
        account: AccountId(row.int(0)?),
        modseq: row.int(1)?,
        email: EmailId(row.int(2)?),
        kind: ChangeKind::from_number(kind)
            .ok_or_else(|| Error::Broken(format!("a change has the unknown kind {kind}")))?,
        mailbox: MailboxId(row.int(4)?),
        uid: row.small(5)?,
        at: row.int(6)?,
    })
}

fn email_row(row: &Row) -> Result<EmailRow, Error> {
    Ok(EmailRow {
        email: EmailId(row.int(0)?),
        account: AccountId(row.int(1)?),
        mailbox: MailboxId(row.int(2)?),
        uid: row.small(3)?,
        body: BodyId(row.int(4)?),
        thread: ThreadId(row.int(5)?),
        flags: row.small(6)?,
        keywords: row.text(7)?,
        received_at: row.int(8)?,
        size: row.small(9)?,
        trace: row.opt_int(10)?.map(TraceId),
        subject: row.text(11)?,
        from_name: row.text(12)?,
        from_address: row.text(13)?,
        to_text: row.text(14)?,
        preview: row.text(15)?,
        attachments: row.small(16)?,
        urgency: u8::try_from(row.int(17)?).unwrap_or(0),
        message_id: row.opt_text(18)?,
    })
}

fn envelope_row(row: &Row) -> Result<EnvelopeRow, Error> {
    let (envelope, structure) = (row.blob(2)?, row.blob(3)?);
    Ok((
        row.small(0)?,
        BodyId(row.int(1)?),
        envelope.into(),
        structure.into(),
    ))
}

pub(crate) fn derived_row(row: &Row) -> Result<Derived, Error> {
    Ok(Derived {
        version: row.int(0)?,
        subject: row.text(1)?,
        from_name: row.text(2)?,
        from_address: row.text(3)?,
        to_text: row.text(4)?,
        date_at: row.opt_int(5)?,
        message_id: row.opt_text(6)?,
        thread_key: row.int(7)?,
        preview: row.text(8)?,
        attachments: row.small(9)?,
        urgency: u8::try_from(row.int(10)?).unwrap_or(0),
        coding: row.text(11)?,
        confidence: row.real(12)?,
        envelope: row.blob(13)?,
        structure: row.blob(14)?,
        search_text: unpack_text(&row.blob(15)?)?,
        readable_files: false,
        program: None,
    })
}

fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

impl Store {
    /// Every email of a mailbox, sorted by UID. A large mailbox is read in parts at the same time; emails that come
    /// or change meanwhile may be missing or new in it: the change log tells them, after a MODSEQ read before.
    pub async fn index(&self, mailbox: MailboxId) -> Result<Vec<IndexRow>, Error> {
        let Some(extent) = self.row(EXTENT, values![mailbox]).await? else {
            return Ok(Vec::new());
        };
        let (next, total) = (extent.small(0)?, extent.small(1)?);
        if total < INDEX_PARALLEL {
            return self.index_part(mailbox, 0, u32::MAX).await;
        }
        let step = next / INDEX_PARTS + 1;
        let parts = (0..INDEX_PARTS).map(|part| {
            let after = part * step;
            let until = if part + 1 == INDEX_PARTS {
                u32::MAX
            } else {
                after + step
            };
            self.index_part(mailbox, after, until)
        });
        let parts = futures_util::future::try_join_all(parts).await?;
        Ok(parts.concat())
    }

    async fn index_part(
        &self,
        mailbox: MailboxId,
        after: u32,
        until: u32,
    ) -> Result<Vec<IndexRow>, Error> {
        let mut conn = self.read().await?;
        let mut index: Vec<IndexRow> = Vec::new();
        loop {
            let after = index.last().map_or(after, |row| row.uid);
            let values = values![mailbox, after, limit(LIST_CHUNK), until];
            let rows = conn.rows(INDEX, values).await?;
            index.reserve(rows.len());
            for row in &rows {
                index.push(index_row(row)?);
            }
            if rows.len() < LIST_CHUNK {
                return Ok(index);
            }
        }
    }

    /// The emails of a mailbox that were created or changed after a MODSEQ and are still there, sorted by UID.
    pub async fn index_rows_changed(
        &self,
        mailbox: MailboxId,
        after_modseq: i64,
    ) -> Result<Vec<IndexRow>, Error> {
        let rows = self
            .rows(INDEX_CHANGED, values![mailbox, after_modseq])
            .await?;
        rows.iter().map(index_row).collect()
    }

    /// What happened in a mailbox after a MODSEQ, in order (VANISHED comes from the `Destroyed` rows).
    pub async fn changes_since(
        &self,
        mailbox: MailboxId,
        modseq: i64,
    ) -> Result<Vec<Change>, Error> {
        self.rows(CHANGES, values![mailbox, modseq])
            .await?
            .iter()
            .map(change)
            .collect()
    }

    /// What happened in an account after a MODSEQ, in order, at most `rows`.
    pub async fn account_changes_since(
        &self,
        account: AccountId,
        modseq: i64,
        rows: usize,
    ) -> Result<Vec<Change>, Error> {
        let rows = self
            .rows(ACCOUNT_CHANGES, values![account, modseq, limit(rows)])
            .await?;
        rows.iter().map(change).collect()
    }

    pub async fn email(&self, account: AccountId, id: EmailId) -> Result<Option<EmailRow>, Error> {
        self.row(EMAIL, values![id, account])
            .await?
            .as_ref()
            .map(email_row)
            .transpose()
    }

    pub async fn email_at(&self, mailbox: MailboxId, uid: u32) -> Result<Option<EmailRow>, Error> {
        self.row(EMAIL_AT, values![mailbox, uid])
            .await?
            .as_ref()
            .map(email_row)
            .transpose()
    }

    /// List rows of these emails, in the order asked; those that are gone are left out.
    pub async fn emails(&self, ids: &[EmailId]) -> Result<Vec<EmailRow>, Error> {
        let values = ids.iter().map(|id| values![*id]).collect();
        let mut conn = self.read().await?;
        let mut found = std::collections::HashMap::with_capacity(ids.len());
        for row in listed_rows(&mut conn, &EMAILS, values).await? {
            let row = email_row(&row)?;
            found.insert(row.email, row);
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// List rows of a mailbox, newest first, older than `before_uid`.
    pub async fn list(
        &self,
        mailbox: MailboxId,
        before_uid: Option<u32>,
        rows: usize,
        filter: ListFilter,
    ) -> Result<Vec<EmailRow>, Error> {
        let before = before_uid.map_or(i64::MAX, i64::from);
        let without = if filter.unseen { flag::SEEN } else { 0 };
        let rows = self
            .rows(LIST, values![mailbox, before, without, limit(rows)])
            .await?;
        rows.iter().map(email_row).collect()
    }

    /// The emails of a conversation, oldest first.
    pub async fn thread(
        &self,
        account: AccountId,
        thread: ThreadId,
    ) -> Result<Vec<EmailRow>, Error> {
        self.rows(THREAD, values![account, thread])
            .await?
            .iter()
            .map(email_row)
            .collect()
    }

    /// Emails of an account with this Message-ID (without angle brackets or with: as derived).
    pub async fn emails_by_message_id(
        &self,
        account: AccountId,
        message_id: &str,
    ) -> Result<Vec<EmailRow>, Error> {
        let rows = self
            .rows(BY_MESSAGE_ID, values![message_id, account])
            .await?;
        rows.iter().map(email_row).collect()
    }

    /// The UIDs a body has in a mailbox.
    pub async fn uids_of_body(&self, mailbox: MailboxId, body: BodyId) -> Result<Vec<u32>, Error> {
        self.rows(UIDS_OF, values![body, mailbox])
            .await?
            .iter()
            .map(|row| row.small(0))
            .collect()
    }

    /// ENVELOPE and BODYSTRUCTURE of UIDs given in rising order; UIDs that are gone are left out.
    pub async fn envelopes(
        &self,
        mailbox: MailboxId,
        uids: &[u32],
    ) -> Result<Vec<EnvelopeRow>, Error> {
        let (Some(first), Some(last)) = (uids.first(), uids.last()) else {
            return Ok(Vec::new());
        };
        let mut conn = self.read().await?;
        let span = usize::try_from(last.saturating_sub(*first)).unwrap_or(usize::MAX);
        if uids.len() < 64 || span / uids.len() > 4 {
            let values = uids.iter().map(|uid| values![mailbox, *uid]).collect();
            let rows = listed_rows(&mut conn, &ENVELOPES_OF, values).await?;
            let mut found = rows
                .iter()
                .map(envelope_row)
                .collect::<Result<Vec<_>, _>>()?;
            found.sort_unstable_by_key(|row| row.0);
            return Ok(found);
        }
        let mut found: Vec<EnvelopeRow> = Vec::with_capacity(uids.len());
        let mut wanted = uids.iter().copied().peekable();
        let mut from = *first;
        loop {
            let rows = conn
                .rows(ENVELOPES, values![mailbox, from, *last, limit(LIST_CHUNK)])
                .await?;
            for row in &rows {
                let uid = row.small(0)?;
                while wanted.next_if(|next| *next < uid).is_some() {}
                if wanted.next_if_eq(&uid).is_some() {
                    found.push(envelope_row(row)?);
                }
                from = uid.saturating_add(1);
            }
            if rows.len() < LIST_CHUNK {
                return Ok(found);
            }
        }
    }

    pub async fn derived(&self, body: BodyId) -> Result<Derived, Error> {
        let row = self.row(DERIVED, values![body]).await?;
        derived_row(&row.ok_or_else(|| Error::Missing(format!("derived data of body {body}")))?)
    }

    /// Replaces what was derived from a body (the rules have improved); its emails are indexed again. What was read of its
    /// attached files stays findable until they are read again. False, and nothing is done, while the index is taking the
    /// letter as it was: then later. A body that went meanwhile stays gone.
    pub async fn derived_put(&self, body: BodyId, mut derived: Derived) -> Result<bool, Error> {
        self.write(move |txn| {
            Box::pin(async move {
                let indexing = crate::attached::INDEXING;
                if txn.conn.row(indexing, values![body]).await?.is_some() {
                    return Ok(false);
                }
                if txn.conn.row(BODY_IS_THERE, values![body]).await?.is_none() {
                    return Ok(true);
                }
                // Read here, not before: a reader of attached files may have put their text a moment ago.
                if let Some(row) = txn.conn.row(DERIVED, values![body]).await?
                    && derived.readable_files
                {
                    let old = derived_row(&row)?.search_text;
                    let own = crate::attached::own_text(&old).len();
                    let files = old.get(own..).unwrap_or_default();
                    derived.search_text.push_str(files);
                }
                let text = crate::body::cut(&derived.search_text, crate::limits::SEARCH_TEXT_BYTES);
                let search_text = pack_text(text)?;
                let thread = derived.thread_key;
                txn.conn.run(DERIVED_DELETE, values![body]).await?;
                let values = derived_values(body, &derived, search_text);
                insert(&mut txn.conn, &INSERT_DERIVED, values).await?;
                txn.conn.run(THREAD_SET, values![body, thread]).await?;
                txn.conn.run(REQUEUE, values![body]).await?;
                if derived.readable_files {
                    let due = crate::attached::due_at(crate::clock::now_ms());
                    let queue = crate::attached::QUEUE;
                    txn.conn.run(queue, values![body, due]).await?;
                }
                txn.wakes.index = true;
                Ok(true)
            })
        })
        .await
    }

    /// Bodies whose derived data is older than `version` or missing, after a body, at most `rows`.
    pub async fn bodies_to_rederive(
        &self,
        version: i64,
        after: BodyId,
        rows: usize,
    ) -> Result<Vec<BodyId>, Error> {
        let mut conn = self.read().await?;
        let old = conn
            .rows(TO_REDERIVE, values![version, after, limit(rows)])
            .await?;
        let missing = conn.rows(UNDERIVED, values![after, limit(rows)]).await?;
        let mut bodies = old
            .iter()
            .chain(&missing)
            .map(|row| row.int(0).map(BodyId))
            .collect::<Result<Vec<_>, _>>()?;
        bodies.sort_unstable();
        bodies.truncate(rows);
        Ok(bodies)
    }
}
