//! What letters say, as one mailbox reads them, column by column: what a sort compares and what a preview shows. Reads no
//! more columns than asked for, for thousands of letters at once.

use crate::Error;
use crate::db::{Row, values};
use crate::id::MailboxId;
use crate::limits::LIST_CHUNK;
use crate::listed::{Listed, listed_rows};
use crate::store::Store;

/// A statement over a span of UIDs, and the same over a list of them.
struct ByUid {
    span: &'static str,
    list: Listed,
}

macro_rules! by_uid {
    ($columns:literal) => {
        ByUid {
            span: concat!(
                "SELECT email.uid, ",
                $columns,
                " FROM email JOIN derived ON derived.body_id = email.body_id LEFT JOIN reread \
                 ON reread.account_id = email.account_id AND reread.body_id = email.body_id \
                 WHERE email.mailbox_id = $1 AND email.uid >= $2 AND email.uid <= $3 ORDER BY email.uid LIMIT $4"
            ),
            list: Listed::new(
                "ii",
                concat!(
                    "WITH v(m, k) AS (VALUES {}) SELECT email.uid, ",
                    $columns,
                    " FROM v CROSS JOIN email CROSS JOIN derived LEFT JOIN reread \
                     ON reread.account_id = email.account_id AND reread.body_id = email.body_id \
                     WHERE email.mailbox_id = v.m AND email.uid = v.k AND derived.body_id = email.body_id"
                ),
            ),
        }
    };
}

static DATES: ByUid = by_uid!("derived.date_at");
static SUBJECTS: ByUid = by_uid!("derived.date_at, COALESCE(reread.subject, derived.subject)");
static PEOPLE: ByUid = by_uid!(
    "derived.date_at, COALESCE(reread.subject, derived.subject), COALESCE(reread.from_name, derived.from_name), \
     COALESCE(reread.to_text, derived.to_text), COALESCE(reread.coding, derived.coding), derived.envelope"
);
static PREVIEWS: ByUid = by_uid!("COALESCE(reread.preview, derived.preview)");
pub(crate) const SQL: &[&str] = &[DATES.span, SUBJECTS.span, PEOPLE.span, PREVIEWS.span];
pub(crate) const LISTED: &[&Listed] = &[&DATES.list, &SUBJECTS.list, &PEOPLE.list, &PREVIEWS.list];

/// Which columns a sort needs; each has those before it too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Worded {
    Dates,
    Subjects,
    People,
}

/// A letter's words; empty where they were not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WordedRow {
    pub uid: u32,
    pub date_at: Option<i64>,
    pub subject: String,
    pub from_name: String,
    pub to_text: String,
    pub coding: String,
    pub envelope: Vec<u8>,
}

fn worded_row(row: &Row, what: Worded) -> Result<WordedRow, Error> {
    let mut words = WordedRow {
        uid: row.small(0)?,
        date_at: row.opt_int(1)?,
        ..WordedRow::default()
    };
    if what >= Worded::Subjects {
        words.subject = row.text(2)?;
    }
    if what >= Worded::People {
        words.from_name = row.text(3)?;
        words.to_text = row.text(4)?;
        words.coding = row.text(5)?;
        words.envelope = row.blob(6)?;
    }
    Ok(words)
}

impl Store {
    /// The words of UIDs given in rising order; UIDs that are gone are left out.
    pub async fn worded(
        &self,
        mailbox: MailboxId,
        uids: &[u32],
        what: Worded,
    ) -> Result<Vec<WordedRow>, Error> {
        let statement = match what {
            Worded::Dates => &DATES,
            Worded::Subjects => &SUBJECTS,
            Worded::People => &PEOPLE,
        };
        let read = |row: &Row| worded_row(row, what);
        self.by_uid(mailbox, uids, statement, read).await
    }

    /// (uid, preview) of UIDs given in rising order; UIDs that are gone are left out.
    pub async fn previews(
        &self,
        mailbox: MailboxId,
        uids: &[u32],
    ) -> Result<Vec<(u32, String)>, Error> {
        let read = |row: &Row| Ok((row.small(0)?, row.text(1)?));
        self.by_uid(mailbox, uids, &PREVIEWS, read).await
    }

    /// Reads what stands for UIDs: as a span where they are close together, one by one where not.
    async fn by_uid<T>(
        &self,
        mailbox: MailboxId,
        uids: &[u32],
        statement: &'static ByUid,
        read: impl Fn(&Row) -> Result<T, Error> + Send,
    ) -> Result<Vec<T>, Error> {
        let (Some(first), Some(last)) = (uids.first(), uids.last()) else {
            return Ok(Vec::new());
        };
        let mut conn = self.read().await?;
        let span = usize::try_from(last.saturating_sub(*first)).unwrap_or(usize::MAX);
        if uids.len() < 64 || span / uids.len() > 4 {
            let values = uids.iter().map(|uid| values![mailbox, *uid]).collect();
            let mut rows = listed_rows(&mut conn, &statement.list, values)
                .await?
                .into_iter()
                .map(|row| Ok((row.small(0)?, row)))
                .collect::<Result<Vec<_>, Error>>()?;
            rows.sort_unstable_by_key(|(uid, _)| *uid);
            return rows.iter().map(|(_, row)| read(row)).collect();
        }
        let mut found = Vec::with_capacity(uids.len());
        let mut wanted = uids.iter().copied().peekable();
        let mut from = *first;
        loop {
            let chunk = i64::try_from(LIST_CHUNK).unwrap_or(i64::MAX);
            let values = values![mailbox, from, *last, chunk];
            let rows = conn.rows(statement.span, values).await?;
            for row in &rows {
                let uid = row.small(0)?;
                while wanted.next_if(|next| *next < uid).is_some() {}
                if wanted.next_if_eq(&uid).is_some() {
                    found.push(read(row)?);
                }
                from = uid.saturating_add(1);
            }
            if rows.len() < LIST_CHUNK {
                return Ok(found);
            }
        }
    }
}
