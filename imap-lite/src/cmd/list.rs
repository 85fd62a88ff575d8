//! LIST with selection and return options, and the tree all listing commands share. (RFC 9051 §6.3.9, RFC 6154, RFC 5819)

use super::status::write_status;
use crate::error::Error;
use crate::names::{Owner, SEPARATOR};
use crate::proto::List;
use crate::proto::write::{self, text};
use crate::reply::Reply;
use crate::session::Session;
use mailroom::{Access, Mailroom};
use std::collections::BTreeMap;
use store::{Mailbox, Role};

/// A node of the tree; without a mailbox it is only a level above others.
pub struct Node {
    pub mailbox: Option<(Access, Mailbox)>,
    pub children: bool,
    /// A mailbox below is subscribed.
    pub child_subscribed: bool,
}

impl Node {
    fn subscribed(&self) -> bool {
        self.mailbox
            .as_ref()
            .is_some_and(|(_, mailbox)| mailbox.subscribed)
    }
    fn role(&self) -> Option<Role> {
        self.mailbox.as_ref().and_then(|(_, mailbox)| mailbox.role)
    }
}

/// All names a principal may see, with the levels between them; INBOX comes first as BTreeMap orders it.
pub async fn tree(room: &Mailroom, owner: &Owner) -> Result<BTreeMap<String, Node>, Error> {
    let mut tree: BTreeMap<String, Node> = BTreeMap::new();
    for branch in owner.branches(room).await? {
        for mailbox in branch.access.mailboxes().await? {
            let name = format!("{}{}", branch.prefix, mailbox.name);
            let subscribed = mailbox.subscribed;
            for (end, _) in name.match_indices(SEPARATOR) {
                let Some(above) = name.get(..end) else {
                    continue;
                };
                let node = tree.entry(above.to_owned()).or_insert_with(Node::empty);
                node.children = true;
                node.child_subscribed |= subscribed;
            }
            let node = tree.entry(name).or_insert_with(Node::empty);
            node.mailbox = Some((branch.access.clone(), mailbox));
        }
    }
    Ok(tree)
}

impl Node {
    fn empty() -> Node {
        Node {
            mailbox: None,
            children: false,
            child_subscribed: false,
        }
    }
}

pub async fn run(session: &mut Session, list: List) -> Result<Reply, Error> {
    // An empty pattern asks for the separator (RFC 9051 §6.3.9).
    if !list.extended && list.patterns.iter().all(String::is_empty) {
        text(&mut session.wire.out, "* LIST (\\Noselect) \"/\" \"\"\r\n");
        return Ok(Reply::ok("Done"));
    }
    let tree = tree(&session.room, session.owner()?).await?;
    let patterns: Vec<String> = list
        .patterns
        .iter()
        .map(|pattern| joined(&list.reference, pattern))
        .collect();
    for (name, node) in &tree {
        if !patterns.iter().any(|pattern| matches(pattern, name)) {
            continue;
        }
        let Some(attributes) = attributes(&list, node, session.mode.rev2) else {
            continue;
        };
        let out = &mut session.wire.out;
        text(out, &format!("* LIST ({}) \"/\" ", attributes.join(" ")));
        write::mailbox(out, name, session.mode.utf8);
        if list.select_recursive
            && list.select_subscribed
            && !node.subscribed()
            && node.child_subscribed
        {
            text(out, " (\"CHILDINFO\" (\"SUBSCRIBED\"))");
        }
        text(out, "\r\n");
        if let Some((access, mailbox)) = node
            .mailbox
            .as_ref()
            .filter(|_| !list.return_status.is_empty())
        {
            let items = &list.return_status;
            let limit = session.config.message_bytes_max;
            let mailbox = super::status::counted(access, mailbox.clone(), items, limit).await?;
            write_status(
                &mut session.wire.out,
                name,
                &mailbox,
                &list.return_status,
                session.mode.utf8,
            );
        }
        session.wire.room().await?;
    }
    Ok(Reply::ok("Done"))
}

/// The attributes to tell; None where the selection options leave the mailbox out (RFC 9051 §6.3.9.1).
fn attributes(list: &List, node: &Node, rev2: bool) -> Option<Vec<&'static str>> {
    let subscribed = node.subscribed();
    let below = list.select_recursive && node.child_subscribed;
    if list.select_subscribed && !subscribed && !below {
        return None;
    }
    let special = node.role().and_then(special_use);
    if list.select_special_use && special.is_none() {
        return None;
    }
    let mut attributes = Vec::new();
    if node.mailbox.is_none() {
        attributes.push(if list.extended || rev2 {
            "\\NonExistent"
        } else {
            "\\Noselect"
        });
    }
    if subscribed && (list.select_subscribed || list.return_subscribed) {
        attributes.push("\\Subscribed");
    }
    attributes.push(if node.children {
        "\\HasChildren"
    } else {
        "\\HasNoChildren"
    });
    // Told always: phones find Sent and Trash by it without asking (RFC 6154 §2 allows it).
    attributes.extend(special);
    Some(attributes)
}

/// RFC 6154 §2.
pub fn special_use(role: Role) -> Option<&'static str> {
    match role {
        Role::Inbox => None,
        Role::Drafts => Some("\\Drafts"),
        Role::Sent => Some("\\Sent"),
        Role::Junk => Some("\\Junk"),
        Role::Trash => Some("\\Trash"),
        Role::Archive => Some("\\Archive"),
    }
}

/// Reference and pattern are put together as they are (RFC 9051 §6.3.9).
pub fn joined(reference: &str, pattern: &str) -> String {
    format!("{reference}{pattern}")
}

/// "*" is anything, "%" anything without a separator; INBOX in any case (RFC 9051 §6.3.9). Linear in pattern and name.
pub fn matches(pattern: &str, name: &str) -> bool {
    let letters: Vec<char> = name.chars().collect();
    let inbox = name == "INBOX";
    // reachable[i]: the pattern so far matches the first i letters.
    let mut reachable = vec![false; letters.len() + 1];
    if let Some(first) = reachable.first_mut() {
        *first = true;
    }
    for wanted in pattern.chars() {
        let mut next = vec![false; reachable.len()];
        let mut carried = false;
        for (at, slot) in next.iter_mut().enumerate() {
            let here = reachable.get(at).copied().unwrap_or(false);
            let before = at
                .checked_sub(1)
                .and_then(|before| Some((reachable.get(before)?, letters.get(before)?)));
            *slot = match wanted {
                '*' => {
                    carried |= here;
                    carried
                }
                '%' => {
                    carried =
                        here || carried && before.is_some_and(|(_, letter)| *letter != SEPARATOR);
                    carried
                }
                wanted => before.is_some_and(|(reached, letter)| {
                    *reached && (*letter == wanted || inbox && letter.eq_ignore_ascii_case(&wanted))
                }),
            };
        }
        reachable = next;
    }
    reachable.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("*", "INBOX", true),
            ("%", "INBOX", true),
            ("inbox", "INBOX", true),
            ("InB%", "INBOX", true),
            ("sent", "Sent", false),
            ("%", "a/b", false),
            ("*", "a/b", true),
            ("a/%", "a/b", true),
            ("a/%", "a/b/c", false),
            ("%/%", "a/b", true),
            ("%b", "a/b", false),
            ("*b", "a/b", true),
            ("a*c", "a/b/c", true),
            ("a%", "a", true),
            ("", "a", false),
            ("Th%n", "Thư đến", true),
            (
                "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%*x",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                false,
            ),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
