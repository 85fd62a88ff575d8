//! Mailbox names as one tree: a principal's own mailboxes at the root, every account it may read under "Shared/". Asks the
//! mailroom, decides nothing. (RFC 2342, RFC 9051 §5.1)

use crate::error::Error;
use mailroom::{Access, Actor, Mailroom};
use store::AccountId;

/// Between the levels of a name.
pub const SEPARATOR: char = '/';
/// Under it stand the accounts of units and of others.
pub const SHARED: &str = "Shared";

/// Who is signed in.
pub struct Owner {
    pub actor: Actor,
    pub own: Access,
}

/// An account in the tree: its place ("" or "Shared/Sở Nội vụ/") and how to get in.
pub struct Branch {
    pub prefix: String,
    pub access: Access,
}

/// A name found: the account, and the name within it.
pub struct Found {
    pub access: Access,
    pub inner: String,
    pub prefix: String,
}

impl Owner {
    /// The account a name belongs to. A name under Shared that is nobody's is missing.
    pub async fn find(&self, room: &Mailroom, name: &str) -> Result<Found, Error> {
        let name = name
            .strip_suffix(SEPARATOR)
            .filter(|name| !name.is_empty())
            .unwrap_or(name);
        if !is_shared(name) {
            return Ok(Found {
                access: self.own.clone(),
                inner: name.to_owned(),
                prefix: String::new(),
            });
        }
        for (label, account) in self.labels(room).await? {
            let prefix = format!("{SHARED}{SEPARATOR}{label}{SEPARATOR}");
            if let Some(inner) = name.strip_prefix(&prefix) {
                return Ok(Found {
                    access: room.open(&self.actor, account).await?,
                    inner: inner.to_owned(),
                    prefix,
                });
            }
        }
        Err(mailroom::Error::Missing.into())
    }

    /// Every account of the tree, the own one first.
    pub async fn branches(&self, room: &Mailroom) -> Result<Vec<Branch>, Error> {
        let mut branches = vec![Branch {
            prefix: String::new(),
            access: self.own.clone(),
        }];
        for (label, account) in self.labels(room).await? {
            branches.push(Branch {
                prefix: format!("{SHARED}{SEPARATOR}{label}{SEPARATOR}"),
                access: room.open(&self.actor, account).await?,
            });
        }
        Ok(branches)
    }

    async fn labels(&self, room: &Mailroom) -> Result<Vec<(String, AccountId)>, Error> {
        let own = self.own.account();
        let others = room.accounts_of(&self.actor).await?;
        let named = others
            .into_iter()
            .filter(|(account, _, _, rights)| *account != own && rights.read)
            .map(|(account, address, name, _)| (account, name, address));
        Ok(labels(named))
    }
}

/// Is this name in the tree of other accounts?
pub fn is_shared(name: &str) -> bool {
    let rest = name
        .get(..SHARED.len())
        .filter(|start| *start == SHARED)
        .and_then(|_| name.get(SHARED.len()..));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(SEPARATOR))
}

/// Names that can stand in a path, each once: the address tells equal names apart.
fn labels(accounts: impl Iterator<Item = (AccountId, String, String)>) -> Vec<(String, AccountId)> {
    let mut labels: Vec<(String, AccountId)> = Vec::new();
    for (account, name, address) in accounts {
        let clean = |text: &str| -> String {
            let good =
                |letter: char| !letter.is_control() && !matches!(letter, SEPARATOR | '*' | '%');
            text.chars()
                .map(|letter| if good(letter) { letter } else { '-' })
                .collect()
        };
        let mut label = clean(name.trim());
        if label.is_empty() || labels.iter().any(|(have, _)| *have == label) {
            label = clean(format!("{} {address}", name.trim()).trim());
        }
        labels.push((label, account));
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_names() {
        for (name, expected) in [
            ("Shared", true),
            ("Shared/x", true),
            ("Sharedx", false),
            ("shared/x", false),
            ("INBOX", false),
            ("Chia sẻ", false),
            ("Share\u{111}", false),
        ] {
            assert_eq!(is_shared(name), expected, "{name}");
        }
    }

    #[test]
    fn labels_are_clean_and_different() {
        let accounts = [
            (1, "Sở Y tế", "yte@x"),
            (2, "Sở Y tế", "yte2@x"),
            (3, "a/b*", "c@x"),
            (4, "", "d@x"),
        ];
        let accounts = accounts
            .map(|(id, name, address)| (AccountId(id), name.to_owned(), address.to_owned()));
        let found: Vec<String> = labels(accounts.into_iter())
            .into_iter()
            .map(|(label, _)| label)
            .collect();
        assert_eq!(found, ["Sở Y tế", "Sở Y tế yte2@x", "a-b-", "d@x"]);
    }
}
