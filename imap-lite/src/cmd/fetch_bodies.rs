//! What FETCH reads from the mailroom: rows in groups bounded by number and bytes, each group read at once.

use super::fetch::Plan;
use crate::error::Error;
use crate::limits;
use bytes::Bytes;
use mailroom::Access;
use mailroom::letter_imap::{Part, parts};
use std::sync::OnceLock;
use store::{IndexRow, MailboxId};

/// What was read for one message.
#[derive(Default)]
pub struct Material {
    pub envelope: Bytes,
    pub structure: Bytes,
    pub preview: String,
    pub body: Bytes,
    parts: OnceLock<Part>,
}

impl Material {
    /// The parts of the body, found on first use.
    pub fn parts(&self) -> &Part {
        self.parts.get_or_init(|| parts(&self.body))
    }
}

/// Cuts rows into groups that are read and held at once.
pub fn groups(rows: &[(usize, IndexRow)], plan: Plan) -> Vec<&[(usize, IndexRow)]> {
    let mut groups = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let mut bytes = 0_usize;
        let fits = rest.iter().take(limits::FETCH_ROWS).take_while(|(_, row)| {
            bytes = bytes.saturating_add(usize::try_from(row.size).unwrap_or(usize::MAX));
            !plan.bodies || bytes <= limits::BODIES_GROUP_BYTES
        });
        // A body larger than the bound is a group of its own.
        let count = fits.count().max(1);
        let (group, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        groups.push(group);
        rest = after;
    }
    groups
}

/// Reads a group; None for messages that are gone meanwhile.
pub async fn load(
    access: &Access,
    mailbox: MailboxId,
    group: &[(usize, IndexRow)],
    plan: Plan,
) -> Result<Vec<Option<Material>>, Error> {
    let mut materials: Vec<Option<Material>> =
        group.iter().map(|_| Some(Material::default())).collect();
    if plan.envelopes {
        let uids: Vec<u32> = group.iter().map(|(_, row)| row.uid).collect();
        let mut read = access
            .envelopes(mailbox, &uids)
            .await?
            .into_iter()
            .peekable();
        for ((_, row), slot) in group.iter().zip(&mut materials) {
            while read.next_if(|(uid, ..)| *uid < row.uid).is_some() {}
            match (read.next_if(|(uid, ..)| *uid == row.uid), slot.as_mut()) {
                (Some((_, envelope, structure)), Some(material)) => {
                    (material.envelope, material.structure) = (envelope, structure);
                }
                _ => *slot = None,
            }
        }
    }
    if plan.previews {
        let uids: Vec<u32> = group.iter().map(|(_, row)| row.uid).collect();
        let read = access.previews(mailbox, &uids).await?;
        let mut read = read.into_iter().peekable();
        for ((_, row), slot) in group.iter().zip(&mut materials) {
            while read.next_if(|(uid, _)| *uid < row.uid).is_some() {}
            match (read.next_if(|(uid, _)| *uid == row.uid), slot.as_mut()) {
                (Some((_, preview)), Some(material)) => material.preview = preview,
                _ => *slot = None,
            }
        }
    }
    if plan.bodies {
        let uids: Vec<u32> = group.iter().map(|(_, row)| row.uid).collect();
        let bodies = access.bodies(mailbox, &uids).await?;
        for (slot, body) in materials.iter_mut().zip(bodies) {
            match (slot.as_mut(), body) {
                (Some(material), Some(body)) => material.body = body,
                _ => *slot = None,
            }
        }
    }
    Ok(materials)
}
