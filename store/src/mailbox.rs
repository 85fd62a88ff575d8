//! Accounts and their mailboxes. Names are checked above; what must hold here: UIDVALIDITY rises with every mailbox an
//! account ever had, so that a name used again never looks like the old mailbox (RFC 9051 §2.3.1.1).

use crate::Error;
use crate::clock::now_ms;
use crate::db::{Row, values};
use crate::deliver::INSERT_CHANGE;
use crate::flags::{self, ALL_UIDS};
use crate::id::*;
use crate::listed::insert;
use crate::noun::*;
use crate::store::Store;
use crate::writer::Txn;

const ACCOUNT: &str =
    "SELECT id, modseq, used_bytes, quota_bytes, settings FROM account WHERE id = $1";
const SETTINGS_SET: &str = "UPDATE account SET settings = $2 WHERE id = $1";
const QUOTA_SET: &str = "UPDATE account SET quota_bytes = $2 WHERE id = $1";
macro_rules! mailbox_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, name, role, uid_validity, uid_next, modseq, total, unseen, bytes, subscribed \
             FROM mailbox WHERE ",
            $rest
        )
    };
}
const MAILBOXES: &str = mailbox_columns!("account_id = $1 ORDER BY name");
const MAILBOX: &str = mailbox_columns!("id = $1");
const BY_ROLE: &str = mailbox_columns!("account_id = $1 AND role = $2");
const BY_NAME: &str = mailbox_columns!("account_id = $1 AND name = $2");
pub(crate) const NEW_VALIDITY: &str = "UPDATE account SET modseq = modseq + 1, \
     uid_validity = CASE WHEN uid_validity >= $2 THEN uid_validity + 1 ELSE $2 END WHERE id = $1 \
     RETURNING modseq, uid_validity";
const CREATE: &str = "INSERT INTO mailbox (id, account_id, name, role, uid_validity, uid_next, modseq, total, unseen, \
     bytes, subscribed, created_at) VALUES ($1, $2, $3, $4, $5, 1, $6, 0, 0, 0, $7, $8)";
const FAMILY: &str = "SELECT id, name FROM mailbox WHERE account_id = $1 AND (name = $2 OR substr(name, 1, CAST($3 AS INTEGER)) = $4) \
     ORDER BY name";
const RENAME: &str = "UPDATE mailbox SET name = $2, modseq = $3 WHERE id = $1";
const DELETE: &str = "DELETE FROM mailbox WHERE id = $1";
const SUBSCRIBE: &str = "UPDATE mailbox SET subscribed = $2, modseq = $3 WHERE id = $1";
pub(crate) const SQL: &[&str] = &[
    ACCOUNT,
    SETTINGS_SET,
    QUOTA_SET,
    MAILBOXES,
    MAILBOX,
    BY_ROLE,
    BY_NAME,
    NEW_VALIDITY,
    CREATE,
    FAMILY,
    RENAME,
    DELETE,
    SUBSCRIBE,
];

fn mailbox_row(row: &Row) -> Result<Mailbox, Error> {
    Ok(Mailbox {
        id: MailboxId(row.int(0)?),
        account: AccountId(row.int(1)?),
        name: row.text(2)?,
        role: row.opt_text(3)?.as_deref().and_then(Role::parse),
        uid_validity: row.small(4)?,
        uid_next: row.small(5)?,
        modseq: row.int(6)?,
        total: row.small(7)?,
        unseen: row.small(8)?,
        bytes: row.int(9)?,
        subscribed: row.flag(10)?,
    })
}

/// Makes a mailbox in the running transaction.
pub(crate) async fn create(
    txn: &mut Txn,
    account: AccountId,
    name: &str,
    role: Option<Role>,
) -> Result<Mailbox, Error> {
    let now = now_ms();
    let row = txn
        .conn
        .row(NEW_VALIDITY, values![account, now / 1000])
        .await?;
    let row = row.ok_or_else(|| Error::Missing(format!("account {account}")))?;
    let (modseq, validity) = (row.int(0)?, row.small(1)?);
    let id = MailboxId(txn.next_id());
    let role_word = role.map(Role::as_str);
    txn.conn
        .run(
            CREATE,
            values![id, account, name, role_word, validity, modseq, true, now],
        )
        .await?;
    tell(txn, account, modseq, ChangeKind::MailboxCreated, id).await?;
    Ok(Mailbox {
        id,
        account,
        name: name.to_owned(),
        role,
        uid_validity: validity,
        uid_next: 1,
        modseq,
        total: 0,
        unseen: 0,
        bytes: 0,
        subscribed: true,
    })
}

/// Writes a change row about a mailbox; its own id stands where an email's would.
async fn tell(
    txn: &mut Txn,
    account: AccountId,
    modseq: i64,
    kind: ChangeKind,
    mailbox: MailboxId,
) -> Result<(), Error> {
    txn.wakes.accounts.insert(account);
    let values = values![
        account,
        modseq,
        mailbox.0,
        kind.number(),
        mailbox,
        0i64,
        now_ms()
    ];
    insert(&mut txn.conn, &INSERT_CHANGE, values).await
}

async fn mailbox_in(txn: &mut Txn, id: MailboxId) -> Result<Mailbox, Error> {
    let row = txn.conn.row(MAILBOX, values![id]).await?;
    mailbox_row(&row.ok_or_else(|| Error::Missing(format!("mailbox {id}")))?)
}

async fn rename(txn: &mut Txn, account: AccountId, old: &str, new: &str) -> Result<(), Error> {
    let below = format!("{old}/");
    let chars = i64::try_from(below.chars().count()).unwrap_or(i64::MAX);
    let family = txn
        .conn
        .rows(FAMILY, values![account, old, chars, &below])
        .await?;
    if !family
        .iter()
        .any(|row| row.str(1).is_ok_and(|name| name == old))
    {
        return Err(Error::Missing(format!("mailbox {old}")));
    }
    for row in &family {
        let (id, name) = (MailboxId(row.int(0)?), row.str(1)?);
        let rest = name.strip_prefix(old).unwrap_or_default();
        let modseq = flags::step(txn, account, 1, 0).await?;
        txn.conn
            .run(RENAME, values![id, format!("{new}{rest}"), modseq])
            .await?;
        tell(txn, account, modseq, ChangeKind::MailboxChanged, id).await?;
    }
    Ok(())
}

impl Store {
    pub async fn account(&self, id: AccountId) -> Result<Account, Error> {
        let row = self.row(ACCOUNT, values![id]).await?;
        let row = row.ok_or_else(|| Error::Missing(format!("account {id}")))?;
        Ok(Account {
            id: AccountId(row.int(0)?),
            modseq: row.int(1)?,
            used_bytes: row.int(2)?,
            quota_bytes: row.int(3)?,
            settings: row.text(4)?,
        })
    }

    pub async fn account_settings_set(&self, id: AccountId, settings: String) -> Result<(), Error> {
        self.change_one(SETTINGS_SET, values![id, settings]).await
    }

    pub async fn account_quota_set(&self, id: AccountId, quota_bytes: i64) -> Result<(), Error> {
        self.change_one(QUOTA_SET, values![id, quota_bytes]).await
    }

    /// All mailboxes of an account, by name.
    pub async fn mailboxes(&self, account: AccountId) -> Result<Vec<Mailbox>, Error> {
        self.rows(MAILBOXES, values![account])
            .await?
            .iter()
            .map(mailbox_row)
            .collect()
    }

    pub async fn mailbox(&self, id: MailboxId) -> Result<Option<Mailbox>, Error> {
        self.row(MAILBOX, values![id])
            .await?
            .as_ref()
            .map(mailbox_row)
            .transpose()
    }

    pub async fn mailbox_by_name(
        &self,
        account: AccountId,
        name: &str,
    ) -> Result<Option<Mailbox>, Error> {
        self.row(BY_NAME, values![account, name])
            .await?
            .as_ref()
            .map(mailbox_row)
            .transpose()
    }

    pub async fn mailbox_by_role(&self, account: AccountId, role: Role) -> Result<Mailbox, Error> {
        let row = self.row(BY_ROLE, values![account, role.as_str()]).await?;
        let missing = || Error::Missing(format!("{} of account {account}", role.as_str()));
        mailbox_row(&row.ok_or_else(missing)?)
    }

    /// Makes a mailbox, subscribed; `Exists` when the name is taken.
    pub async fn mailbox_create(&self, account: AccountId, name: &str) -> Result<Mailbox, Error> {
        let name = name.to_owned();
        self.write(move |txn| Box::pin(async move { create(txn, account, &name, None).await }))
            .await
    }

    /// Renames a mailbox with all below it; `Exists` when a new name is taken.
    pub async fn mailbox_rename(
        &self,
        account: AccountId,
        old: &str,
        new: &str,
    ) -> Result<(), Error> {
        let (old, new) = (old.to_owned(), new.to_owned());
        self.write(move |txn| Box::pin(async move { rename(txn, account, &old, &new).await }))
            .await
    }

    /// Removes a mailbox with its emails for ever; those below it stay (RFC 9051 §6.3.5).
    pub async fn mailbox_delete(&self, id: MailboxId) -> Result<(), Error> {
        self.write(move |txn| {
            Box::pin(async move {
                let mailbox = mailbox_in(txn, id).await?;
                let rows = txn.conn.rows(ALL_UIDS, values![id]).await?;
                let uids = rows
                    .iter()
                    .map(|row| row.small(0))
                    .collect::<Result<Vec<_>, _>>()?;
                flags::remove(txn, id, uids).await?;
                txn.conn.run(DELETE, values![id]).await?;
                txn.roles.clear();
                let modseq = flags::step(txn, mailbox.account, 1, 0).await?;
                tell(
                    txn,
                    mailbox.account,
                    modseq,
                    ChangeKind::MailboxDestroyed,
                    id,
                )
                .await
            })
        })
        .await
    }

    pub async fn mailbox_subscribe(&self, id: MailboxId, subscribed: bool) -> Result<(), Error> {
        self.write(move |txn| {
            Box::pin(async move {
                let account = mailbox_in(txn, id).await?.account;
                let modseq = flags::step(txn, account, 1, 0).await?;
                txn.conn
                    .run(SUBSCRIBE, values![id, subscribed, modseq])
                    .await?;
                tell(txn, account, modseq, ChangeKind::MailboxChanged, id).await
            })
        })
        .await
    }

    /// Runs one statement that must touch a row.
    pub(crate) async fn change_one(
        &self,
        sql: &'static str,
        values: Vec<crate::db::Value>,
    ) -> Result<(), Error> {
        self.write(move |txn| {
            Box::pin(async move {
                match txn.conn.run(sql, values).await? {
                    0 => Err(Error::Missing("the row to change".to_owned())),
                    _ => Ok(()),
                }
            })
        })
        .await
    }

    /// Runs one statement that may touch any number of rows; how many.
    pub(crate) async fn change_any(
        &self,
        sql: &'static str,
        values: Vec<crate::db::Value>,
    ) -> Result<u64, Error> {
        self.write(move |txn| Box::pin(async move { txn.conn.run(sql, values).await }))
            .await
    }
}
