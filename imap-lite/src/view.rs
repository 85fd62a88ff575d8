//! What a client believes of the mailbox it selected: an older snapshot. The difference to the newest one is what it still
//! has to be told; NOOP, IDLE and late EXPUNGE are this one mechanism. (RFC 9051 §5.2, §7.5.1, RFC 7162)

use crate::error::Error;
use crate::proto::write::{counted, flags, number};
use crate::proto::{Ranges, SequenceSet};
use crate::reply::Reply;
use crate::wire::Wire;
use mailroom::Access;
use mailroom::mail::Snapshot;
use std::ops::Range;
use std::sync::Arc;
use store::{IndexRow, MailboxId};

/// How much a client may be told now (RFC 9051 §7.5.1: no EXPUNGE in answer to FETCH, STORE and SEARCH by number).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Telling {
    Nothing,
    AllButExpunge,
    Everything,
}

/// In which words: extensions the client enabled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Words {
    pub condstore: bool,
    pub qresync: bool,
}

pub struct View {
    pub access: Access,
    pub read_only: bool,
    pub snapshot: Arc<Snapshot>,
    /// UIDs of the last SEARCH that saved its result (RFC 5182).
    pub saved: Ranges,
}

/// What stands between two snapshots. Places count from 0.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Places in the old one that are no more.
    pub gone: Vec<usize>,
    /// Places in the new one whose flags are other than they were.
    pub changed: Vec<usize>,
    pub added: usize,
}

/// Walks both once; rows are sorted by UID.
pub fn difference(old: &[IndexRow], new: &[IndexRow]) -> Difference {
    let mut found = Difference::default();
    let mut fresh = new.iter().enumerate().peekable();
    for (place, before) in old.iter().enumerate() {
        while fresh.next_if(|(_, row)| row.uid < before.uid).is_some() {
            found.added += 1;
        }
        match fresh.next_if(|(_, row)| row.uid == before.uid) {
            None => found.gone.push(place),
            Some((at, row)) => {
                let same = row.flags == before.flags
                    && row.modseq == before.modseq
                    && (Arc::ptr_eq(&row.keywords, &before.keywords)
                        || row.keywords == before.keywords);
                if !same {
                    found.changed.push(at);
                }
            }
        }
    }
    found.added += fresh.count();
    found
}

/// The new snapshot with the rows that are gone but must not be told yet left in.
fn with_ghosts(old: &Snapshot, new: &Snapshot) -> Snapshot {
    let mut rows = Vec::with_capacity(old.rows.len().max(new.rows.len()));
    let mut fresh = new.rows.iter().peekable();
    for before in &old.rows {
        while let Some(row) = fresh.next_if(|row| row.uid < before.uid) {
            rows.push(row.clone());
        }
        let row = fresh.next_if(|row| row.uid == before.uid).unwrap_or(before);
        rows.push(row.clone());
    }
    rows.extend(fresh.cloned());
    Snapshot {
        mailbox: new.mailbox.clone(),
        rows,
    }
}

/// "* 12 FETCH (UID 4 FLAGS (\Seen) MODSEQ (7))".
pub fn write_flags(out: &mut Vec<u8>, place: usize, row: &IndexRow, words: Words) {
    out.extend_from_slice(b"* ");
    number(out, u64::try_from(place + 1).unwrap_or(u64::MAX));
    out.extend_from_slice(b" FETCH (UID ");
    number(out, u64::from(row.uid));
    out.extend_from_slice(b" FLAGS ");
    flags(out, row.flags, &row.keywords);
    if words.condstore {
        out.extend_from_slice(b" MODSEQ (");
        number(out, u64::try_from(row.modseq).unwrap_or(0));
        out.push(b')');
    }
    out.extend_from_slice(b")\r\n");
}

impl View {
    pub fn mailbox(&self) -> MailboxId {
        self.snapshot.mailbox.id
    }

    /// The places a set names. A number beyond the last message is an error, a UID is not (RFC 9051 §9, seq-number).
    pub fn places(&self, uid: bool, set: &SequenceSet) -> Result<Vec<Range<usize>>, Reply> {
        let rows = &self.snapshot.rows;
        if uid || *set == SequenceSet::Saved {
            let largest = rows.last().map_or(0, |row| row.uid);
            return Ok(set
                .resolve(largest, &self.saved)
                .places_by_uid(rows, |row| row.uid));
        }
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        if set.largest_named() > count && !(count == 0 && set.largest_named() == 1) {
            return Err(Reply::bad("No message with that number"));
        }
        Ok(set.resolve(count, &self.saved).places_by_number(rows.len()))
    }

    /// Copies of the rows a set names, with their places, in ascending order.
    pub fn rows(&self, places: &[Range<usize>]) -> Vec<(usize, IndexRow)> {
        let rows = &self.snapshot.rows;
        places
            .iter()
            .flat_map(|range| range.clone())
            .filter_map(|place| Some((place, rows.get(place)?.clone())))
            .collect()
    }

    /// Takes the newest snapshot and tells the difference, but not what `told` (by UID) says the client knows already.
    pub async fn tell(
        &mut self,
        wire: &mut Wire,
        telling: Telling,
        told: &[IndexRow],
        words: Words,
    ) -> Result<(), Error> {
        if telling == Telling::Nothing {
            return Ok(());
        }
        let newest = self.access.snapshot(self.mailbox()).await?;
        tell_snapshot(&mut self.snapshot, newest, wire, telling, told, words).await
    }
}

/// Tells the difference from what is believed to the newest, as far as may be, and believes it.
async fn tell_snapshot(
    believed: &mut Arc<Snapshot>,
    mut newest: Arc<Snapshot>,
    wire: &mut Wire,
    telling: Telling,
    told: &[IndexRow],
    words: Words,
) -> Result<(), Error> {
    if Arc::ptr_eq(&newest, believed) {
        return Ok(());
    }
    let mut found = difference(&believed.rows, &newest.rows);
    if telling == Telling::AllButExpunge && !found.gone.is_empty() {
        newest = Arc::new(with_ghosts(believed, &newest));
        found = difference(&believed.rows, &newest.rows);
    }
    let old = std::mem::replace(believed, newest);
    write_gone(wire, &old.rows, &found.gone, words).await?;
    if found.added > 0 {
        counted(&mut wire.out, believed.rows.len(), "EXISTS");
    }
    for place in found.changed {
        let Some(row) = believed.rows.get(place) else {
            continue;
        };
        if !told
            .iter()
            .any(|known| known.uid == row.uid && known.modseq == row.modseq)
        {
            write_flags(&mut wire.out, place, row, words);
            wire.room().await?;
        }
    }
    Ok(())
}

/// EXPUNGE from the last to the first, so that no number moves before it is told; VANISHED for those who know it
/// (RFC 9051 §7.5.1, RFC 7162 §3.2.10).
async fn write_gone(
    wire: &mut Wire,
    old: &[IndexRow],
    gone: &[usize],
    words: Words,
) -> Result<(), Error> {
    if gone.is_empty() {
        return Ok(());
    }
    if words.qresync {
        let uids = gone
            .iter()
            .filter_map(|place| old.get(*place))
            .map(|row| row.uid);
        wire.out.extend_from_slice(b"* VANISHED ");
        Ranges::from_sorted(uids).write(&mut wire.out);
        wire.out.extend_from_slice(b"\r\n");
        return Ok(());
    }
    for place in gone.iter().rev() {
        counted(&mut wire.out, place + 1, "EXPUNGE");
        wire.room().await?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use store::*;

    /// Rows from "uid:modseq" words.
    fn snapshot(words: &str) -> Arc<Snapshot> {
        let rows = words.split_whitespace().map(|word| {
            let (uid, modseq) = word.split_once(':').unwrap_or((word, "1"));
            let modseq: i64 = modseq.parse().unwrap();
            IndexRow {
                uid: uid.parse().unwrap(),
                flags: u32::from(modseq > 1) * flag::SEEN,
                keywords: Arc::from([]),
                modseq,
                email: EmailId(1),
                body: BodyId(1),
                size: 1,
                received_at: 0,
                saved_at: 0,
                thread: ThreadId(1),
            }
        });
        let mailbox = Mailbox {
            id: MailboxId(1),
            account: AccountId(1),
            name: "INBOX".into(),
            role: Some(Role::Inbox),
            uid_validity: 1,
            uid_next: 100,
            modseq: 9,
            total: 0,
            unseen: 0,
            bytes: 0,
            subscribed: true,
        };
        Arc::new(Snapshot {
            mailbox,
            rows: rows.collect(),
        })
    }

    /// The one table: what a client believes, what is, what may be told; what it is told and believes then.
    #[tokio::test]
    async fn a_view_follows_its_mailbox() {
        use Telling::{AllButExpunge, Everything};
        let plain = Words::default();
        let condstore = Words {
            condstore: true,
            qresync: false,
        };
        let qresync = Words {
            condstore: true,
            qresync: true,
        };
        for (view, newest, telling, told, words, lines, then) in [
            ("1 2 3", "1 2 3", Everything, "", plain, "", "1 2 3"),
            ("", "5 6", Everything, "", plain, "* 2 EXISTS|", "5 6"),
            (
                "1 2",
                "1 2 3 4",
                Everything,
                "",
                plain,
                "* 4 EXISTS|",
                "1 2 3 4",
            ),
            (
                "1 2",
                "1 2 3",
                AllButExpunge,
                "",
                plain,
                "* 3 EXISTS|",
                "1 2 3",
            ),
            (
                "1 2 3 4",
                "2 4",
                Everything,
                "",
                plain,
                "* 3 EXPUNGE|* 1 EXPUNGE|",
                "2 4",
            ),
            (
                "1 2 3 4",
                "2 4",
                Everything,
                "",
                qresync,
                "* VANISHED 1,3|",
                "2 4",
            ),
            (
                "1 2 3",
                "",
                Everything,
                "",
                plain,
                "* 3 EXPUNGE|* 2 EXPUNGE|* 1 EXPUNGE|",
                "",
            ),
            // gone, come and changed at once: numbers are those after the EXPUNGE
            (
                "1 2 3",
                "2:5 3 4",
                Everything,
                "",
                plain,
                "* 1 EXPUNGE|* 3 EXISTS|* 1 FETCH (UID 2 FLAGS (\\Seen))|",
                "2 3 4",
            ),
            (
                "1 2 3",
                "1 2:5 3",
                Everything,
                "",
                condstore,
                "* 2 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (5))|",
                "1 2 3",
            ),
            // what may not be told yet stays as a ghost, the rest is told with numbers that count it
            (
                "1 2 3",
                "2 3:7 4",
                AllButExpunge,
                "",
                plain,
                "* 4 EXISTS|* 3 FETCH (UID 3 FLAGS (\\Seen))|",
                "1 2 3 4",
            ),
            ("1 2 3", "3", AllButExpunge, "", plain, "", "1 2 3"),
            // what the command told itself is not told again
            (
                "1 2 3",
                "1:5 2:5 3",
                AllButExpunge,
                "1:5",
                plain,
                "* 2 FETCH (UID 2 FLAGS (\\Seen))|",
                "1 2 3",
            ),
            (
                "1 2",
                "1:6 2",
                Everything,
                "1:5",
                plain,
                "* 1 FETCH (UID 1 FLAGS (\\Seen))|",
                "1 2",
            ),
        ] {
            let mut wire = Wire::new(Box::new(tokio::io::empty()), false);
            let mut believed = snapshot(view);
            let told = &snapshot(told).rows;
            tell_snapshot(
                &mut believed,
                snapshot(newest),
                &mut wire,
                telling,
                told,
                words,
            )
            .await
            .unwrap();
            let said = String::from_utf8_lossy(&wire.out).replace("\r\n", "|");
            assert_eq!(said, lines, "{view} to {newest}");
            let uids: Vec<String> = believed
                .rows
                .iter()
                .map(|row| row.uid.to_string())
                .collect();
            assert_eq!(uids.join(" "), then, "{view} to {newest}");
            // a ghost goes with the next answer that may tell it, whatever came between
            wire.out.clear();
            tell_snapshot(
                &mut believed,
                snapshot(newest),
                &mut wire,
                Everything,
                &[],
                words,
            )
            .await
            .unwrap();
            assert_eq!(believed.rows, snapshot(newest).rows);
        }
    }
}
