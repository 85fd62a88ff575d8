//! SELECT and EXAMINE: takes the mailbox's snapshot as the client's view and tells what is needed to begin.
//! (RFC 9051 §6.3.2, RFC 7162 §3.1.2, §3.2.5)

use crate::error::Error;
use crate::proto::write::{self, FLAGS, counted, number, text};
use crate::proto::{Qresync, Ranges, Select};
use crate::reply::Reply;
use crate::session::{Session, State};
use crate::view::{View, write_flags};
use mailroom::mail::Snapshot;
use std::collections::BTreeSet;
use store::{IndexRow, flag};

/// Keywords told in FLAGS; a mailbox may hold more.
const KEYWORDS_TOLD_MAX: usize = 200;

pub async fn run(session: &mut Session, select: Select) -> Result<Reply, Error> {
    // A failed SELECT leaves no mailbox selected (RFC 9051 §6.3.2).
    if session.deselect().is_some() {
        session
            .wire
            .out
            .extend_from_slice(b"* OK [CLOSED] Previous mailbox closed\r\n");
    }
    if select.qresync.is_some() && !session.mode.qresync {
        return Ok(Reply::bad("ENABLE QRESYNC first"));
    }
    session.mode.condstore |= select.condstore;
    let found = session
        .owner()?
        .find(&session.room, &select.mailbox)
        .await?;
    let mailbox = found.access.mailbox(&found.inner).await?;
    let snapshot = found.access.snapshot(mailbox.id).await?;
    let read_only = select.read_only || !found.access.rights().write;
    let view = View {
        access: found.access,
        read_only,
        snapshot,
        saved: Ranges::default(),
    };
    tell_mailbox(&mut session.wire.out, &view.snapshot, read_only);
    if session.mode.rev2 {
        text(&mut session.wire.out, "* LIST () \"/\" ");
        let name = format!("{}{}", found.prefix, view.snapshot.mailbox.name);
        write::mailbox(&mut session.wire.out, &name, true);
        text(&mut session.wire.out, "\r\n");
    } else {
        text(&mut session.wire.out, "* 0 RECENT\r\n");
    }
    if let Some(known) = &select.qresync {
        resync(session, &view, known).await?;
    }
    match std::mem::replace(&mut session.state, State::Stranger) {
        State::Known(owner) => session.state = State::Selected(owner, Box::new(view)),
        other => session.state = other,
    }
    Ok(match read_only {
        true => Reply::ok_with("READ-ONLY", "Opened for reading"),
        false => Reply::ok_with("READ-WRITE", "Opened"),
    })
}

fn tell_mailbox(out: &mut Vec<u8>, snapshot: &Snapshot, read_only: bool) {
    let mailbox = &snapshot.mailbox;
    let known = FLAGS.map(|(_, name)| name).join(" ");
    let keywords = keywords(&snapshot.rows);
    text(out, &format!("* FLAGS ({known}{keywords})\r\n"));
    counted(out, snapshot.rows.len(), "EXISTS");
    if let Some(place) = snapshot
        .rows
        .iter()
        .position(|row| row.flags & flag::SEEN == 0)
    {
        text(
            out,
            &format!("* OK [UNSEEN {}] First unseen\r\n", place + 1),
        );
    }
    match read_only {
        true => text(out, "* OK [PERMANENTFLAGS ()] Read only\r\n"),
        false => text(
            out,
            &format!("* OK [PERMANENTFLAGS ({known}{keywords} \\*)] New keywords welcome\r\n"),
        ),
    }
    for (name, value) in [
        ("UIDVALIDITY", i64::from(mailbox.uid_validity)),
        ("UIDNEXT", i64::from(mailbox.uid_next)),
        ("HIGHESTMODSEQ", mailbox.modseq.max(1)),
    ] {
        text(out, &format!("* OK [{name} "));
        number(out, u64::try_from(value).unwrap_or(0));
        text(out, "] Ok\r\n");
    }
    text(out, &format!("* OK [MAILBOXID (M{})] Ok\r\n", mailbox.id));
}

fn keywords(rows: &[IndexRow]) -> String {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for keyword in rows.iter().flat_map(|row| row.keywords.iter()) {
        if found.len() < KEYWORDS_TOLD_MAX {
            found.insert(keyword);
        }
    }
    found
        .into_iter()
        .flat_map(|keyword| [" ", keyword])
        .collect()
}

/// What happened since the client was last here: VANISHED (EARLIER) and changed flags (RFC 7162 §3.2.5).
async fn resync(session: &mut Session, view: &View, known: &Qresync) -> Result<(), Error> {
    if known.uid_validity != view.snapshot.mailbox.uid_validity {
        return Ok(());
    }
    let since = i64::try_from(known.modseq).unwrap_or(i64::MAX);
    let largest = view.snapshot.rows.last().map_or(0, |row| row.uid);
    let asked = known
        .known
        .as_ref()
        .map(|set| set.resolve(largest, &Ranges::default()));
    let wanted = |uid: u32| asked.as_ref().is_none_or(|asked| asked.contains(uid));
    let mut gone = view.access.vanished(view.mailbox(), since).await?;
    gone.sort_unstable();
    write_vanished_earlier(
        &mut session.wire.out,
        gone.into_iter().filter(|uid| wanted(*uid)),
    );
    let words = session.mode.words();
    for (place, row) in view.snapshot.rows.iter().enumerate() {
        if row.modseq > since && wanted(row.uid) {
            write_flags(&mut session.wire.out, place, row, words);
            session.wire.room().await?;
        }
    }
    Ok(())
}

/// "* VANISHED (EARLIER) 1:3" for UIDs in ascending order; nothing for none.
pub fn write_vanished_earlier(out: &mut Vec<u8>, uids: impl Iterator<Item = u32>) {
    let ranges = Ranges::from_sorted(uids);
    if !ranges.is_empty() {
        text(out, "* VANISHED (EARLIER) ");
        ranges.write(out);
        text(out, "\r\n");
    }
}
