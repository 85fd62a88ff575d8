//! SORT: searches as SEARCH does, and tells what was found in the order asked for. (RFC 5256, RFC 5267 §3, RFC 5957)

use super::search_keys::Ground;
use super::sort_keys::{key, needed, without_repeats};
use crate::error::Error;
use crate::limits;
use crate::proto::write::{number, text};
use crate::proto::{Criterion, Ranges, SearchReturn, Sort};
use crate::reply::Reply;
use crate::session::Session;
use crate::wire::Wire;
use mailroom::Access;
use mailroom::mail::{LetterWords, Snapshot};
use std::collections::VecDeque;
use std::sync::Arc;
use store::IndexRow;
use tokio::sync::Semaphore;

/// Large sorts of all sessions take turns.
static LARGE_SORTS: Semaphore = Semaphore::const_new(limits::LARGE_SORTS_MAX);

/// One message found: what is told of it (number or UID), its UID and its modseq.
struct Hit {
    told: u32,
    uid: u32,
    modseq: u64,
}

pub async fn run(session: &mut Session, sort: Sort, tag: &str) -> Result<Reply, Error> {
    let Sort { criteria, search } = sort;
    if search.bad_charset {
        return Ok(Reply::no("BADCHARSET (UTF-8 US-ASCII)", "Unknown charset"));
    }
    let selected = session.selected()?;
    let view = selected.view;
    selected.mode.condstore |= search.by_modseq;
    let ground = Ground {
        access: view.access.clone(),
        snapshot: view.snapshot.clone(),
        saved: view.saved.clone(),
        now: selected.room.now(),
    };
    let places = ground.find(&search.key).await?;
    // The turn ends with the sort: a peer that reads slowly keeps nobody waiting.
    let turn = match places.len() >= limits::LARGE_SORT {
        true => LARGE_SORTS.acquire().await.ok(),
        false => None,
    };
    let places = sorted(&ground, places, without_repeats(criteria)).await?;
    drop(turn);
    let hits = places.into_iter().filter_map(|place| {
        let row = ground.snapshot.rows.get(place)?;
        Some(Hit {
            told: match search.uid {
                true => row.uid,
                false => u32::try_from(place + 1).ok()?,
            },
            uid: row.uid,
            modseq: u64::try_from(row.modseq).unwrap_or(0),
        })
    });
    let hits: Vec<Hit> = hits.collect();
    if let Some(returns) = search.returns.filter(|returns| returns.save) {
        view.saved = saved(&hits, returns);
    }
    match search.returns {
        None => plain(selected.wire, &hits, search.by_modseq).await?,
        Some(returns) => {
            let tag = tag.replace('\\', "\\\\").replace('"', "\\\"");
            let mut start = format!("* ESEARCH (TAG \"{tag}\")");
            if search.uid {
                start.push_str(" UID");
            }
            extended(selected.wire, &start, &hits, returns, search.by_modseq).await?;
        }
    }
    Ok(Reply::ok("Done"))
}

/// What one message is put in order by: the beginning of its key, where most comparisons end, the key, its place.
type Keyed = (u128, Box<[u8]>, usize);

/// The places in the order asked for; equal ones stay in that of the mailbox (RFC 5256 §3).
async fn sorted(
    ground: &Ground,
    places: Vec<usize>,
    criteria: Vec<Criterion>,
) -> Result<Vec<usize>, Error> {
    let mut keyed: Vec<Keyed> = Vec::with_capacity(places.len());
    let broken = |cause: tokio::task::JoinError| mailroom::Error::Broken(cause.to_string());
    let criteria: Arc<[Criterion]> = criteria.into();
    // Tasks of their own, so that several processors read and make keys.
    let mut pieces = places.chunks(limits::SORT_ROWS);
    let mut running = VecDeque::new();
    loop {
        while running.len() < limits::SORT_READERS
            && let Some(some) = pieces.next()
        {
            let (access, snapshot) = (ground.access.clone(), Arc::clone(&ground.snapshot));
            let (some, criteria) = (some.to_vec(), Arc::clone(&criteria));
            let keys = async move { keys(&access, &snapshot, &some, &criteria).await };
            running.push_back(tokio::spawn(keys));
        }
        match running.pop_front() {
            Some(first) => keyed.append(&mut first.await.map_err(broken)??),
            None => break,
        }
    }
    let order = move || {
        keyed.sort_unstable();
        keyed.into_iter().map(|(_, _, place)| place).collect()
    };
    match places.len() >= limits::LARGE_SORT {
        // Off the executor: comparing 100,000 keys takes as long as hundreds of small commands.
        true => Ok(tokio::task::spawn_blocking(order).await.map_err(broken)?),
        false => Ok(order()),
    }
}

/// The keys of some places, read at once.
async fn keys(
    access: &Access,
    snapshot: &Snapshot,
    places: &[usize],
    criteria: &[Criterion],
) -> Result<Vec<Keyed>, mailroom::Error> {
    let rows: Vec<(usize, &IndexRow)> = places
        .iter()
        .filter_map(|place| Some((*place, snapshot.rows.get(*place)?)))
        .collect();
    let words = match needed(criteria) {
        Some(what) => {
            let uids: Vec<u32> = rows.iter().map(|(_, row)| row.uid).collect();
            access.words(snapshot.mailbox.id, &uids, what).await?
        }
        None => Vec::new(),
    };
    // What is gone meanwhile sorts by what the snapshot knows of it.
    let gone = LetterWords::default();
    let mut words = words.iter().peekable();
    let keyed = rows.into_iter().map(|(place, row)| {
        while words.next_if(|words| words.uid < row.uid).is_some() {}
        let words = words.next_if(|words| words.uid == row.uid);
        let key = key(criteria, row, words.unwrap_or(&gone));
        (beginning(&key), key, place)
    });
    Ok(keyed.collect())
}

/// The first bytes of a key as a number that compares as they do.
fn beginning(key: &[u8]) -> u128 {
    let mut first = [0; 16];
    first.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    u128::from_be_bytes(first)
}

/// What "$" will mean: with MIN or MAX alone only those (RFC 5182 §2.4).
fn saved(hits: &[Hit], returns: SearchReturn) -> Ranges {
    let mut uids: Vec<u32> = match returns.all || returns.count || !(returns.min || returns.max) {
        true => hits.iter().map(|hit| hit.uid).collect(),
        false => ends(hits, returns).map(|hit| hit.uid).collect(),
    };
    uids.sort_unstable();
    uids.dedup();
    Ranges::from_sorted(uids)
}

/// The lowest and the highest sorted, where asked for.
fn ends(hits: &[Hit], returns: SearchReturn) -> impl Iterator<Item = &Hit> {
    let first = hits.first().filter(|_| returns.min);
    let last = hits.last().filter(|_| returns.max);
    first.into_iter().chain(last)
}

async fn plain(wire: &mut Wire, hits: &[Hit], by_modseq: bool) -> Result<(), Error> {
    text(&mut wire.out, "* SORT");
    for hit in hits {
        wire.out.push(b' ');
        number(&mut wire.out, u64::from(hit.told));
        if wire.out.len() >= limits::OUT_BYTES_MAX {
            wire.room().await?;
        }
    }
    // RFC 7162 §7, sort-data
    if let Some(highest) = hits
        .iter()
        .map(|hit| hit.modseq)
        .max()
        .filter(|_| by_modseq)
    {
        text(&mut wire.out, " (MODSEQ ");
        number(&mut wire.out, highest);
        text(&mut wire.out, ")");
    }
    text(&mut wire.out, "\r\n");
    Ok(())
}

async fn extended(
    wire: &mut Wire,
    start: &str,
    hits: &[Hit],
    returns: SearchReturn,
    by_modseq: bool,
) -> Result<(), Error> {
    let SearchReturn {
        min,
        max,
        count,
        all,
        save,
    } = returns;
    if save && !(min || max || count || all) {
        return Ok(());
    }
    let out = &mut wire.out;
    text(out, start);
    let mut named = |name: &str, value: u64| {
        text(out, name);
        number(out, value);
    };
    if let Some(hit) = hits.first().filter(|_| min) {
        named(" MIN ", u64::from(hit.told));
    }
    if let Some(hit) = hits.last().filter(|_| max) {
        named(" MAX ", u64::from(hit.told));
    }
    if count {
        named(" COUNT ", u64::try_from(hits.len()).unwrap_or(u64::MAX));
    }
    if all && !hits.is_empty() {
        text(&mut wire.out, " ALL ");
        in_order(wire, hits).await?;
    }
    if by_modseq {
        // Of those told, where only the ends are (RFC 4731 §3.2).
        let highest = match all || count {
            true => hits.iter().map(|hit| hit.modseq).max(),
            false => ends(hits, returns).map(|hit| hit.modseq).max(),
        };
        if let Some(highest) = highest {
            text(&mut wire.out, " MODSEQ ");
            number(&mut wire.out, highest);
        }
    }
    text(&mut wire.out, "\r\n");
    Ok(())
}

/// A sequence set that keeps the order: ranges only where it rises (RFC 5267 §3.2).
async fn in_order(wire: &mut Wire, hits: &[Hit]) -> Result<(), Error> {
    let runs = hits.chunk_by(|before, next| before.told.checked_add(1) == Some(next.told));
    for (at, run) in runs.enumerate() {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            continue;
        };
        if at > 0 {
            wire.out.push(b',');
        }
        number(&mut wire.out, u64::from(first.told));
        if run.len() > 1 {
            wire.out.push(b':');
            number(&mut wire.out, u64::from(last.told));
        }
        if wire.out.len() >= limits::OUT_BYTES_MAX {
            wire.room().await?;
        }
    }
    Ok(())
}
