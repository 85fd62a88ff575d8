//! Letters as one mailbox reads them by its readers' choice of coding, in place of what was derived for everybody; and the
//! codings chosen for correspondents. Chooses and decodes nothing.

use std::collections::HashMap;

use crate::Error;
use crate::body::{cut, pack_text, unpack_text};
use crate::clock::now_ms;
use crate::db::{Row, values};
use crate::id::{AccountId, BodyId, PrincipalId};
use crate::limits::SEARCH_TEXT_BYTES;
use crate::listed::{Listed, listed_rows};
use crate::noun::{Derived, EmailRow};
use crate::store::Store;

const REREADS: Listed = Listed::new(
    "ii",
    "WITH v(a, k) AS (VALUES {}) SELECT reread.account_id, reread.body_id, reread.coding, reread.subject, \
     reread.from_name, reread.to_text, reread.preview, reread.search_text FROM v CROSS JOIN reread \
     WHERE reread.account_id = v.a AND reread.body_id = v.k",
);
const PUT: &str = "INSERT INTO reread (account_id, body_id, coding, subject, from_name, to_text, preview, search_text) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (account_id, body_id) DO UPDATE SET coding = excluded.coding, \
     subject = excluded.subject, from_name = excluded.from_name, to_text = excluded.to_text, \
     preview = excluded.preview, search_text = excluded.search_text";
const DELETE: &str = "DELETE FROM reread WHERE account_id = $1 AND body_id = $2";
const OF_BODY: &str =
    "SELECT account_id, coding FROM reread WHERE body_id = $1 ORDER BY account_id";
const CODING: &str = "SELECT coding FROM reread WHERE account_id = $1 AND body_id = $2";
const INDEXING: &str = "SELECT email.id FROM email JOIN index_queue ON index_queue.email_id = email.id \
     WHERE email.body_id = $2 AND email.account_id = $1 LIMIT 1";
const REQUEUE: &str = "INSERT INTO index_queue (email_id, account_id, body_id, gone) \
     SELECT id, account_id, body_id, 0 FROM email WHERE account_id = $1 AND body_id = $2 \
     ON CONFLICT (email_id) DO NOTHING";
const CHOICE: &str = "SELECT coding FROM coding_choice WHERE account_id = $1 AND address = $2";
const CHOICES: &str = "SELECT account_id, coding FROM coding_choice WHERE address = $1";
const CHOICE_SET: &str = "INSERT INTO coding_choice (account_id, address, coding, chosen_by, chosen_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, address) DO UPDATE SET coding = excluded.coding, \
     chosen_by = excluded.chosen_by, chosen_at = excluded.chosen_at";
const CHOICE_DELETE: &str = "DELETE FROM coding_choice WHERE account_id = $1 AND address = $2";
/// When a body goes.
pub(crate) const DELETE_OF_BODY: &str = "DELETE FROM reread WHERE body_id = $1";
pub(crate) const SQL: &[&str] = &[
    PUT,
    DELETE,
    OF_BODY,
    CODING,
    INDEXING,
    REQUEUE,
    CHOICE,
    CHOICES,
    CHOICE_SET,
    CHOICE_DELETE,
    DELETE_OF_BODY,
];
pub(crate) const LISTED: &[&Listed] = &[&REREADS];

/// What one mailbox reads in place of the derived words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reread {
    pub coding: String,
    pub subject: String,
    pub from_name: String,
    pub to_text: String,
    pub preview: String,
    /// The letter's own findable text.
    pub search_text: String,
}

impl Reread {
    /// Puts these words over a list row.
    pub fn over_row(&self, row: &mut EmailRow) {
        row.subject.clone_from(&self.subject);
        row.from_name.clone_from(&self.from_name);
        row.to_text.clone_from(&self.to_text);
        row.preview.clone_from(&self.preview);
    }

    /// The same over what was derived; the text of attached files stays.
    pub(crate) fn over(&self, derived: &mut Derived) {
        derived.subject.clone_from(&self.subject);
        derived.from_name.clone_from(&self.from_name);
        derived.to_text.clone_from(&self.to_text);
        let own = crate::attached::own_text(&derived.search_text).len();
        derived.search_text.replace_range(..own, &self.search_text);
    }
}

fn reread_row(row: &Row) -> Result<Reread, Error> {
    Ok(Reread {
        coding: row.text(2)?,
        subject: row.text(3)?,
        from_name: row.text(4)?,
        to_text: row.text(5)?,
        preview: row.text(6)?,
        search_text: unpack_text(&row.blob(7)?)?,
    })
}

impl Store {
    /// What mailboxes read otherwise, of these letters; most have none.
    pub async fn rereads(
        &self,
        letters: &[(AccountId, BodyId)],
    ) -> Result<HashMap<(AccountId, BodyId), Reread>, Error> {
        if letters.is_empty() {
            return Ok(HashMap::new());
        }
        let values = letters
            .iter()
            .map(|(account, body)| values![*account, *body])
            .collect();
        let rows = listed_rows(&mut self.read().await?, &REREADS, values).await?;
        rows.iter()
            .map(|row| {
                let letter = (AccountId(row.int(0)?), BodyId(row.int(1)?));
                Ok((letter, reread_row(row)?))
            })
            .collect()
    }

    /// What was derived, as this mailbox reads it.
    pub(crate) async fn derived_as_read(
        &self,
        body: BodyId,
        reread: Option<&Reread>,
    ) -> Result<Derived, Error> {
        let mut derived = self.derived(body).await?;
        if let Some(reread) = reread {
            reread.over(&mut derived);
        }
        Ok(derived)
    }

    /// Everything findable of a letter as this mailbox reads it, the text of attached files behind (`FILE_MARK`).
    pub async fn findable_text(&self, account: AccountId, body: BodyId) -> Result<String, Error> {
        let rereads = self.rereads(&[(account, body)]).await?;
        let reread = rereads.get(&(account, body));
        Ok(self.derived_as_read(body, reread).await?.search_text)
    }

    /// From now on a mailbox reads a letter so, or (`None`) as derived; it is indexed again. False, and nothing is done,
    /// while the index is taking the letter as it was: then later.
    pub async fn reread_put(
        &self,
        account: AccountId,
        body: BodyId,
        reread: Option<Reread>,
    ) -> Result<bool, Error> {
        self.reread_write(account, body, reread, false).await
    }

    /// The same by better rules, for a mailbox that still reads the letter in this coding; otherwise nothing is done.
    pub async fn reread_renew(
        &self,
        account: AccountId,
        body: BodyId,
        reread: Reread,
    ) -> Result<bool, Error> {
        self.reread_write(account, body, Some(reread), true).await
    }

    /// The mailboxes that read a letter in a coding of their choice.
    pub async fn rereads_of(&self, body: BodyId) -> Result<Vec<(AccountId, String)>, Error> {
        self.rows(OF_BODY, values![body])
            .await?
            .iter()
            .map(|row| Ok((AccountId(row.int(0)?), row.text(1)?)))
            .collect()
    }

    async fn reread_write(
        &self,
        account: AccountId,
        body: BodyId,
        reread: Option<Reread>,
        renew: bool,
    ) -> Result<bool, Error> {
        let packed = match &reread {
            Some(reread) => pack_text(cut(&reread.search_text, SEARCH_TEXT_BYTES))?,
            None => Vec::new(),
        };
        self.write(move |txn| {
            Box::pin(async move {
                let busy = txn.conn.row(INDEXING, values![account, body]).await?;
                if busy.is_some() {
                    return Ok(false);
                }
                if renew {
                    let row = txn.conn.row(CODING, values![account, body]).await?;
                    let kept = row.map(|row| row.text(0)).transpose()?;
                    if kept.as_deref() != reread.as_ref().map(|new| new.coding.as_str()) {
                        return Ok(true);
                    }
                }
                match reread {
                    Some(new) => {
                        let values = values![
                            account,
                            body,
                            new.coding,
                            new.subject,
                            new.from_name,
                            new.to_text,
                            new.preview,
                            packed
                        ];
                        txn.conn.run(PUT, values).await?
                    }
                    None => txn.conn.run(DELETE, values![account, body]).await?,
                };
                txn.conn.run(REQUEUE, values![account, body]).await?;
                txn.wakes.index = true;
                Ok(true)
            })
        })
        .await
    }

    /// The coding chosen for a correspondent; the address in lower case.
    pub async fn coding_choice(
        &self,
        account: AccountId,
        address: &str,
    ) -> Result<Option<String>, Error> {
        let row = self.row(CHOICE, values![account, address]).await?;
        row.map(|row| row.text(0)).transpose()
    }

    /// Every mailbox with a choice for a correspondent.
    pub async fn coding_choices(&self, address: &str) -> Result<Vec<(AccountId, String)>, Error> {
        self.rows(CHOICES, values![address])
            .await?
            .iter()
            .map(|row| Ok((AccountId(row.int(0)?), row.text(1)?)))
            .collect()
    }

    /// Keeps a choice for a correspondent, or forgets it.
    pub async fn coding_choice_set(
        &self,
        account: AccountId,
        address: &str,
        coding: Option<&str>,
        by: PrincipalId,
    ) -> Result<(), Error> {
        match coding {
            Some(coding) => {
                let values = values![account, address, coding, by, now_ms()];
                self.change_any(CHOICE_SET, values).await.map(drop)
            }
            None => self
                .change_any(CHOICE_DELETE, values![account, address])
                .await
                .map(drop),
        }
    }
}
