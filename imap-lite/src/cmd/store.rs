//! STORE: changes flags in one commit and tells the rows as they are then. (RFC 9051 §6.4.6, RFC 7162 §3.1.3)

use crate::error::Error;
use crate::proto::write::number;
use crate::proto::{Ranges, Store, StoreHow};
use crate::reply::Reply;
use crate::session::Session;
use crate::view::{View, write_flags};
use store::{FlagChange, IndexRow};

pub async fn run(session: &mut Session, store: Store) -> Result<Reply, Error> {
    let selected = session.selected()?;
    let (view, wire) = (selected.view, selected.wire);
    if view.read_only {
        return Ok(Reply::no("READ-ONLY", "Opened for reading"));
    }
    if store.unchanged_since.is_some() {
        selected.mode.condstore = true;
    }
    let words = selected.mode.words();
    let rows = view.rows(&view.places(store.uid, &store.set)?);
    let uids: Vec<u32> = rows.iter().map(|(_, row)| row.uid).collect();
    let (flags, keywords) = (store.flags.system, store.flags.keywords);
    let change = match store.how {
        StoreHow::Set => FlagChange::Set { flags, keywords },
        StoreHow::Add => FlagChange::Add { flags, keywords },
        StoreHow::Remove => FlagChange::Remove { flags, keywords },
    };
    let since = store
        .unchanged_since
        .map(|since| i64::try_from(since).unwrap_or(i64::MAX));
    let (now, refused) = match uids.is_empty() {
        true => (Vec::new(), Vec::new()),
        false => {
            view.access
                .flags(view.mailbox(), &uids, change, since)
                .await?
        }
    };
    for row in &now {
        if refused.contains(&row.uid) {
            continue;
        }
        let Some(place) = place_of(view, row.uid) else {
            continue;
        };
        if !store.silent {
            write_flags(&mut wire.out, place, row, words);
        } else if words.condstore {
            write_modseq(&mut wire.out, place, row);
        }
        wire.room().await?;
    }
    let reply = match refused.is_empty() {
        true => Reply::ok("Done"),
        false => modified(view, store.uid, refused),
    };
    *selected.told = now;
    Ok(reply)
}

fn place_of(view: &View, uid: u32) -> Option<usize> {
    view.snapshot
        .rows
        .binary_search_by_key(&uid, |row| row.uid)
        .ok()
}

/// With .SILENT the flags stay untold, the new MODSEQ does not (RFC 7162 §3.1.3).
fn write_modseq(out: &mut Vec<u8>, place: usize, row: &IndexRow) {
    out.extend_from_slice(b"* ");
    number(out, u64::try_from(place + 1).unwrap_or(u64::MAX));
    out.extend_from_slice(b" FETCH (UID ");
    number(out, u64::from(row.uid));
    out.extend_from_slice(b" MODSEQ (");
    number(out, u64::try_from(row.modseq).unwrap_or(0));
    out.extend_from_slice(b"))\r\n");
}

/// "[MODIFIED 3,7]": numbers or UIDs, as the command named them (RFC 7162 §3.1.3).
fn modified(view: &View, uid: bool, mut refused: Vec<u32>) -> Reply {
    refused.sort_unstable();
    let numbers = refused.into_iter().filter_map(|refused| match uid {
        true => Some(refused),
        false => u32::try_from(place_of(view, refused)? + 1).ok(),
    });
    let mut code = b"MODIFIED ".to_vec();
    Ranges::from_sorted(numbers).write(&mut code);
    Reply::ok_with(
        String::from_utf8_lossy(&code).into_owned(),
        "Some were changed by others meanwhile",
    )
}
