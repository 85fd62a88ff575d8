//! FETCH: rows straight from the snapshot; what must be read comes in groups, the next one while this one is written.
//! (RFC 9051 §6.4.5, RFC 7162 §3.1.4, RFC 8474, RFC 8514, RFC 8970)

use super::fetch_bodies::{self, Material};
use super::fetch_section;
use super::select::write_vanished_earlier;
use crate::error::Error;
use crate::limits;
use crate::proto::write::{flags, number, string};
use crate::proto::{Fetch, Item, Ranges, date};
use crate::reply::Reply;
use crate::session::{Selected, Session};
use crate::wire::Wire;
use std::ops::Range;
use store::{FlagChange, IndexRow, flag};

/// What has to be read for the items, and whether reading is seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    pub envelopes: bool,
    pub previews: bool,
    pub bodies: bool,
    pub sees: bool,
}

impl Plan {
    fn of(items: &[Item]) -> Plan {
        let is_structure =
            |item: &Item| matches!(item, Item::Envelope | Item::Body | Item::BodyStructure);
        let is_body = |item: &Item| {
            matches!(
                item,
                Item::Section(_) | Item::Binary(_) | Item::BinarySize(_)
            )
        };
        Plan {
            envelopes: items.iter().any(is_structure),
            previews: items.contains(&Item::Preview),
            bodies: items.iter().any(is_body),
            sees: items.iter().any(|item| match item {
                Item::Section(section) => !section.peek,
                Item::Binary(binary) => !binary.peek,
                _ => false,
            }),
        }
    }
}

pub async fn run(session: &mut Session, fetch: Fetch) -> Result<Reply, Error> {
    let mut selected = session.selected()?;
    if fetch.vanished && !selected.mode.qresync {
        return Ok(Reply::bad("ENABLE QRESYNC first"));
    }
    if fetch.items.contains(&Item::ModSeq) {
        selected.mode.condstore = true;
    }
    let places = selected.view.places(fetch.uid, &fetch.set)?;
    if fetch.vanished {
        vanished(&mut selected, &fetch).await?;
    }
    let since = fetch
        .changed_since
        .map(|since| i64::try_from(since).unwrap_or(i64::MAX));
    let mut plan = Plan::of(&fetch.items);
    plan.sees &= !selected.view.read_only;
    if plan.envelopes || plan.previews || plan.bodies {
        return from_store(&mut selected, &fetch.items, &places, since, plan).await;
    }
    from_snapshot(
        selected.wire,
        &selected.view.snapshot.rows,
        &fetch.items,
        &places,
        since,
    )
    .await?;
    Ok(Reply::ok("Done"))
}

/// The fast way: everything asked for stands in the snapshot.
async fn from_snapshot(
    wire: &mut Wire,
    rows: &[IndexRow],
    items: &[Item],
    places: &[Range<usize>],
    since: Option<i64>,
) -> Result<(), Error> {
    let since = since.unwrap_or(-1);
    for range in places {
        let rows = rows.get(range.clone()).unwrap_or_default();
        for (place, row) in range.clone().zip(rows) {
            if row.modseq > since {
                open_row(&mut wire.out, place);
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        wire.out.push(b' ');
                    }
                    write_plain(&mut wire.out, item, row);
                }
                wire.out.extend_from_slice(b")\r\n");
                if wire.out.len() >= limits::OUT_BYTES_MAX {
                    wire.room().await?;
                }
            }
        }
    }
    Ok(())
}

fn open_row(out: &mut Vec<u8>, place: usize) {
    out.extend_from_slice(b"* ");
    number(out, u64::try_from(place + 1).unwrap_or(u64::MAX));
    out.extend_from_slice(b" FETCH (");
}

/// An item whose answer is in the row; false for others.
fn write_plain(out: &mut Vec<u8>, item: &Item, row: &IndexRow) -> bool {
    match item {
        Item::Uid => {
            out.extend_from_slice(b"UID ");
            number(out, u64::from(row.uid));
        }
        Item::Flags => {
            out.extend_from_slice(b"FLAGS ");
            flags(out, row.flags, &row.keywords);
        }
        Item::InternalDate => {
            out.extend_from_slice(b"INTERNALDATE ");
            date::write(out, row.received_at);
        }
        Item::SaveDate => {
            out.extend_from_slice(b"SAVEDATE ");
            date::write(out, row.saved_at);
        }
        Item::Size => {
            out.extend_from_slice(b"RFC822.SIZE ");
            number(out, u64::from(row.size));
        }
        Item::ModSeq => {
            out.extend_from_slice(b"MODSEQ (");
            number(out, u64::try_from(row.modseq).unwrap_or(0));
            out.push(b')');
        }
        // Copies of one letter share its body, and so this id (RFC 8474 §5.1).
        Item::EmailId => out.extend_from_slice(format!("EMAILID (E{})", row.body).as_bytes()),
        Item::ThreadId => out.extend_from_slice(format!("THREADID (T{})", row.thread).as_bytes()),
        _ => return false,
    }
    true
}

/// The way through the store: groups of rows, read ahead by one group.
async fn from_store(
    selected: &mut Selected<'_>,
    items: &[Item],
    places: &[Range<usize>],
    since: Option<i64>,
    plan: Plan,
) -> Result<Reply, Error> {
    let mut rows = selected.view.rows(places);
    rows.retain(|(_, row)| since.is_none_or(|since| row.modseq > since));
    let access = selected.view.access.clone();
    let mailbox = selected.view.mailbox();
    let mut groups = fetch_bodies::groups(&rows, plan).into_iter().peekable();
    let mut loaded = match groups.peek() {
        Some(first) => fetch_bodies::load(&access, mailbox, first, plan).await?,
        None => Vec::new(),
    };
    let mut reply = Reply::ok("Done");
    while let Some(group) = groups.next() {
        let seen = match plan.sees {
            true => see(selected, group).await?,
            false => Vec::new(),
        };
        let next = async {
            match groups.peek() {
                Some(next) => fetch_bodies::load(&access, mailbox, next, plan).await,
                None => Ok(Vec::new()),
            }
        };
        let writing = write_group(selected.wire, items, group, &loaded, &seen);
        let (written, next) = tokio::join!(writing, next);
        if let Some(refused) = written? {
            reply = refused;
        }
        loaded = next?;
    }
    Ok(reply)
}

/// Marks what is about to be read as seen, in one commit for the group (RFC 9051 §6.4.5, BODY[]).
async fn see(
    selected: &mut Selected<'_>,
    group: &[(usize, IndexRow)],
) -> Result<Vec<IndexRow>, Error> {
    let unseen = group.iter().filter(|(_, row)| row.flags & flag::SEEN == 0);
    let uids: Vec<u32> = unseen.map(|(_, row)| row.uid).collect();
    if uids.is_empty() {
        return Ok(Vec::new());
    }
    let seen = FlagChange::Add {
        flags: flag::SEEN,
        keywords: Vec::new(),
    };
    let (now, _) = selected
        .view
        .access
        .flags(selected.view.mailbox(), &uids, seen, None)
        .await?;
    selected.told.extend(now.iter().cloned());
    Ok(now)
}

/// Writes a group; messages that are gone meanwhile are passed over. Some: not everything could be told.
async fn write_group(
    wire: &mut Wire,
    items: &[Item],
    group: &[(usize, IndexRow)],
    loaded: &[Option<Material>],
    seen: &[IndexRow],
) -> Result<Option<Reply>, Error> {
    let mut reply = None;
    for ((place, row), material) in group.iter().zip(loaded) {
        let Some(material) = material else {
            reply = reply.or(Some(Reply::no("EXPUNGEISSUED", "Some messages are gone")));
            continue;
        };
        let changed = seen.iter().find(|now| now.uid == row.uid);
        let row = changed.unwrap_or(row);
        open_row(&mut wire.out, *place);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                wire.out.push(b' ');
            }
            if let Some(refused) = write_item(wire, item, row, material).await? {
                reply = Some(refused);
            }
        }
        if changed.is_some() && !items.contains(&Item::Flags) {
            wire.out.push(b' ');
            write_plain(&mut wire.out, &Item::Flags, row);
        }
        wire.out.extend_from_slice(b")\r\n");
        wire.room().await?;
    }
    Ok(reply)
}

async fn write_item(
    wire: &mut Wire,
    item: &Item,
    row: &IndexRow,
    material: &Material,
) -> Result<Option<Reply>, Error> {
    let out = &mut wire.out;
    match item {
        Item::Envelope => {
            out.extend_from_slice(b"ENVELOPE ");
            out.extend_from_slice(&material.envelope);
        }
        // UTF-8, so a literal where it is not plain ASCII (RFC 8970 §3.3); empty where there is nothing to tell.
        Item::Preview => {
            out.extend_from_slice(b"PREVIEW ");
            string(out, material.preview.as_bytes());
        }
        Item::BodyStructure => {
            out.extend_from_slice(b"BODYSTRUCTURE ");
            out.extend_from_slice(&material.structure);
        }
        Item::Body => {
            out.extend_from_slice(b"BODY ");
            out.extend_from_slice(&mailroom::letter_imap::body(&material.structure));
        }
        Item::Section(section) => fetch_section::section(wire, section, material).await?,
        Item::Binary(binary) => return fetch_section::binary(wire, binary, material).await,
        Item::BinarySize(path) => return Ok(fetch_section::binary_size(wire, path, material)),
        plain => {
            write_plain(out, plain, row);
        }
    }
    Ok(None)
}

/// VANISHED (EARLIER) of the UIDs asked for (RFC 7162 §3.2.6).
async fn vanished(selected: &mut Selected<'_>, fetch: &Fetch) -> Result<(), Error> {
    let view = &selected.view;
    let since = i64::try_from(fetch.changed_since.unwrap_or(0)).unwrap_or(i64::MAX);
    let largest = view.snapshot.mailbox.uid_next.saturating_sub(1);
    let asked: Ranges = fetch.set.resolve(largest, &view.saved);
    let mut gone = view.access.vanished(view.mailbox(), since).await?;
    gone.sort_unstable();
    write_vanished_earlier(
        &mut selected.wire.out,
        gone.into_iter().filter(|uid| asked.contains(*uid)),
    );
    Ok(())
}
