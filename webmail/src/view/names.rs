//! Names as pages show them: mailboxes by their role, people by name with the address behind it.

use crate::lang::Lang;
use store::{Mailbox, Role};

/// "Hộp thư đến" for INBOX; the last part of its own name for a person's mailbox.
pub fn mailbox(lang: Lang, mailbox: &Mailbox) -> String {
    match mailbox.role {
        Some(role) => lang.t(role_key(role)),
        None => mailbox.name.clone(),
    }
}

pub fn role_key(role: Role) -> &'static str {
    match role {
        Role::Inbox => "mailbox-inbox",
        Role::Drafts => "mailbox-drafts",
        Role::Sent => "mailbox-sent",
        Role::Junk => "mailbox-junk",
        Role::Trash => "mailbox-trash",
        Role::Archive => "mailbox-archive",
    }
}

/// Role mailboxes in the order people look for them, then the others by name.
pub fn sort(mailboxes: &mut [Mailbox]) {
    let place = |m: &Mailbox| match m.role {
        Some(Role::Inbox) => 0,
        Some(Role::Drafts) => 1,
        Some(Role::Sent) => 2,
        Some(Role::Archive) => 3,
        Some(Role::Junk) => 4,
        Some(Role::Trash) => 5,
        None => 6,
    };
    mailboxes.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.name.cmp(&b.name)));
}

/// The name where there is one, else the address, else words for nobody.
pub fn person(lang: Lang, name: &str, address: &str) -> String {
    match (name.trim(), address.trim()) {
        ("", "") => lang.t("no-sender"),
        ("", address) => address.to_owned(),
        (name, _) => name.to_owned(),
    }
}
