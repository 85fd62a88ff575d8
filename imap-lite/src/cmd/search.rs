//! SEARCH: evaluates the keys and tells, or saves, what was found. (RFC 9051 §6.4.4, RFC 5182, RFC 7162 §3.1.5)

use super::search_keys::Ground;
use crate::error::Error;
use crate::proto::write::{number, text};
use crate::proto::{Ranges, Search, SearchReturn};
use crate::reply::Reply;
use crate::session::Session;
use store::IndexRow;

/// One message found: what is told of it (number or UID), its UID and its modseq.
struct Hit {
    told: u32,
    uid: u32,
    modseq: i64,
}

pub async fn run(session: &mut Session, search: Search, tag: &str) -> Result<Reply, Error> {
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
    let hit = |place: usize| -> Option<Hit> {
        let row: &IndexRow = ground.snapshot.rows.get(place)?;
        Some(Hit {
            told: if search.uid {
                row.uid
            } else {
                u32::try_from(place + 1).ok()?
            },
            uid: row.uid,
            modseq: row.modseq,
        })
    };
    let hits: Vec<Hit> = places.into_iter().filter_map(hit).collect();
    if let Some(returns) = search.returns.filter(|returns| returns.save) {
        view.saved = saved(&hits, returns);
    }
    let out = &mut selected.wire.out;
    match search.returns {
        None if !selected.mode.rev2 => plain(out, &hits, search.by_modseq),
        returns => {
            let all = SearchReturn {
                all: true,
                ..SearchReturn::default()
            };
            extended(out, &hits, &search, returns.unwrap_or(all), tag);
        }
    }
    Ok(Reply::ok("Done"))
}

/// What "$" will mean: with MIN or MAX alone only those (RFC 5182 §2.4).
fn saved(hits: &[Hit], returns: SearchReturn) -> Ranges {
    if returns.all || returns.count || !(returns.min || returns.max) {
        return Ranges::from_sorted(hits.iter().map(|hit| hit.uid));
    }
    let first = hits.first().filter(|_| returns.min);
    let last = hits.last().filter(|_| returns.max);
    Ranges::from_sorted(first.into_iter().chain(last).map(|hit| hit.uid))
}

fn plain(out: &mut Vec<u8>, hits: &[Hit], by_modseq: bool) {
    text(out, "* SEARCH");
    for hit in hits {
        out.push(b' ');
        number(out, u64::from(hit.told));
    }
    if by_modseq && let Some(highest) = highest_modseq(hits) {
        text(out, " (MODSEQ ");
        number(out, highest);
        text(out, ")");
    }
    text(out, "\r\n");
}

fn highest_modseq(hits: &[Hit]) -> Option<u64> {
    hits.iter()
        .map(|hit| u64::try_from(hit.modseq).unwrap_or(0))
        .max()
}

fn extended(out: &mut Vec<u8>, hits: &[Hit], search: &Search, returns: SearchReturn, tag: &str) {
    let SearchReturn {
        min,
        max,
        count,
        all,
        save,
    } = returns;
    if save && !(min || max || count || all) {
        return;
    }
    text(
        out,
        &format!(
            "* ESEARCH (TAG \"{}\")",
            tag.replace('\\', "\\\\").replace('"', "\\\"")
        ),
    );
    if search.uid {
        text(out, " UID");
    }
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
        text(out, " ALL ");
        Ranges::from_sorted(hits.iter().map(|hit| hit.told)).write(out);
    }
    if let Some(highest) = highest_modseq(hits).filter(|_| search.by_modseq) {
        text(out, " MODSEQ ");
        number(out, highest);
    }
    text(out, "\r\n");
}
