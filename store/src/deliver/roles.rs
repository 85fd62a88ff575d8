//! The special mailboxes of accounts, as the writer remembers them between deliveries. Bounded.

use std::collections::HashMap;

use crate::Error;
use crate::db::{Conn, values};
use crate::id::*;
use crate::limits::ROLE_CACHE;
use crate::listed::{Listed, listed_rows};
use crate::noun::Role;

pub(super) const ROLES: Listed = Listed::new(
    "i",
    "WITH v(k) AS (VALUES {}) SELECT mailbox.account_id, mailbox.role, mailbox.id FROM mailbox, v \
     WHERE mailbox.account_id = v.k AND mailbox.role IS NOT NULL",
);

/// The mailboxes by account and role that the writer has met.
#[derive(Default)]
pub(crate) struct Roles {
    pub(super) known: HashMap<(AccountId, Role), MailboxId>,
}

impl Roles {
    pub fn clear(&mut self) {
        self.known.clear();
    }

    /// Learns the special mailboxes of accounts not met yet.
    pub(super) async fn learn(
        &mut self,
        conn: &mut Conn,
        accounts: Vec<AccountId>,
    ) -> Result<(), Error> {
        if self.known.len() > ROLE_CACHE {
            self.known.clear();
        }
        let values = accounts
            .into_iter()
            .map(|account| values![account])
            .collect();
        for row in listed_rows(conn, &ROLES, values).await? {
            if let Some(role) = Role::parse(row.str(1)?) {
                self.known
                    .insert((AccountId(row.int(0)?), role), MailboxId(row.int(2)?));
            }
        }
        Ok(())
    }
}
