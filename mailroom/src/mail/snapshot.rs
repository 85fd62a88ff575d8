//! The index of a mailbox as all sessions share it. Replaced when the mailbox changes, by reading only what changed; what
//! was committed before a call is in what the call returns. Kept in bounded memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use store::*;
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

use crate::{Denied, Error, limits};

/// A mailbox as all sessions that selected it share it: one immutable snapshot, replaced when the mailbox changes.
/// A session's view is an older snapshot; the difference of the two is what it still has to be told.
#[derive(Debug)]
pub struct Snapshot {
    pub mailbox: Mailbox,
    /// Sorted by UID: the sequence number of a message is its place here, from 1.
    pub rows: Vec<IndexRow>,
}

impl Snapshot {
    /// The row of a UID.
    #[must_use]
    pub fn row(&self, uid: u32) -> Option<&IndexRow> {
        self.rows
            .binary_search_by_key(&uid, |row| row.uid)
            .ok()
            .and_then(|place| self.rows.get(place))
    }
}

pub(crate) struct Snapshots(Mutex<Kept>);

/// A mailbox as somebody with access to this account asked for it: a wrong pair never gets a snapshot.
type Key = (AccountId, MailboxId);

struct Kept {
    /// Drained at each look: the store sends a wake before it answers whoever wrote, so that a look after an answer
    /// finds the mark. No task stands between.
    wakes: Receiver<Wake>,
    mailboxes: HashMap<Key, Entry>,
    of_account: HashMap<AccountId, Vec<MailboxId>>,
    looks: u64,
    swept_at: u64,
    rows: usize,
}

struct Entry {
    snapshot: Option<Arc<Snapshot>>,
    /// Counts the wakes of the account; `read_at` is the count before the last read began. Equal: up to date.
    marked: u64,
    read_at: u64,
    used: u64,
    refresh: Arc<tokio::sync::Mutex<()>>,
}

/// What a look found.
enum Look {
    Fresh(Arc<Snapshot>),
    Stale {
        old: Option<Arc<Snapshot>>,
        marked: u64,
        refresh: Arc<tokio::sync::Mutex<()>>,
    },
}

impl Snapshots {
    pub(crate) fn new(wakes: Receiver<Wake>) -> Self {
        let kept = Kept {
            wakes,
            mailboxes: HashMap::new(),
            of_account: HashMap::new(),
            looks: 0,
            swept_at: 0,
            rows: 0,
        };
        Snapshots(Mutex::new(kept))
    }

    /// The snapshot with every commit before this call.
    pub(crate) async fn get(
        &self,
        store: &Store,
        account: AccountId,
        mailbox: MailboxId,
    ) -> Result<Arc<Snapshot>, Error> {
        let key = (account, mailbox);
        let refresh = match self.look(key) {
            Look::Fresh(snapshot) => return Ok(snapshot),
            Look::Stale { refresh, .. } => refresh,
        };
        let _turn = refresh.lock().await;
        let (old, marked) = match self.look(key) {
            Look::Fresh(snapshot) => return Ok(snapshot),
            Look::Stale { old, marked, .. } => (old, marked),
        };
        let read = match old {
            Some(old) => advance(store, &old).await,
            None => first(store, account, mailbox).await,
        };
        match read {
            Ok(Some(snapshot)) => {
                self.keep(key, marked, &snapshot);
                Ok(snapshot)
            }
            Ok(None) => {
                self.forget(key);
                Err(Error::Missing)
            }
            Err(cause) => {
                self.forget(key);
                Err(cause)
            }
        }
    }

    /// What is kept of a mailbox, however old; for facts that never change (which body a UID has).
    pub(crate) fn peek(&self, account: AccountId, mailbox: MailboxId) -> Option<Arc<Snapshot>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.mailboxes
            .get(&(account, mailbox))
            .and_then(|entry| entry.snapshot.clone())
    }

    fn look(&self, key: Key) -> Look {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.drain();
        kept.looks += 1;
        let looks = kept.looks;
        if !kept.mailboxes.contains_key(&key) {
            kept.make_room();
            kept.of_account.entry(key.0).or_default().push(key.1);
        }
        let entry = kept.mailboxes.entry(key).or_insert_with(|| Entry {
            snapshot: None,
            marked: 1,
            read_at: 0,
            used: looks,
            refresh: Arc::default(),
        });
        entry.used = looks;
        match &entry.snapshot {
            Some(snapshot) if entry.read_at == entry.marked => Look::Fresh(Arc::clone(snapshot)),
            old => Look::Stale {
                old: old.clone(),
                marked: entry.marked,
                refresh: Arc::clone(&entry.refresh),
            },
        }
    }

    fn keep(&self, key: Key, marked: u64, snapshot: &Arc<Snapshot>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = kept.mailboxes.get_mut(&key) else {
            return;
        };
        let before = entry.snapshot.as_ref().map_or(0, |old| old.rows.len());
        entry.snapshot = Some(Arc::clone(snapshot));
        entry.read_at = entry.read_at.max(marked);
        kept.rows = kept.rows.saturating_sub(before) + snapshot.rows.len();
    }

    fn forget(&self, key: Key) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
    }

    /// Drops what nobody holds and nobody has asked for since the last time.
    pub(crate) fn drop_unused(&self) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, looks) = (kept.swept_at, kept.looks);
        kept.swept_at = looks;
        let unused: Vec<Key> = kept
            .mailboxes
            .iter()
            .filter(|(_, entry)| entry.used <= since && is_unused(entry))
            .map(|(key, _)| *key)
            .collect();
        for key in unused {
            kept.remove(key);
        }
    }

    /// (mailboxes, rows) kept, for metrics.
    pub(crate) fn size(&self) -> (usize, usize) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.mailboxes.len(), kept.rows)
    }
}

impl Kept {
    /// Marks what the wakes since the last look concern.
    fn drain(&mut self) {
        loop {
            match self.wakes.try_recv() {
                Ok(wake) if wake.all => self.mark_all(),
                Ok(wake) => {
                    for account in wake.accounts.iter() {
                        for mailbox in self.of_account.get(account).into_iter().flatten() {
                            if let Some(entry) = self.mailboxes.get_mut(&(*account, *mailbox)) {
                                entry.marked += 1;
                            }
                        }
                    }
                }
                Err(TryRecvError::Lagged(_)) => self.mark_all(),
                Err(TryRecvError::Empty) => return,
                // No wake will come any more: believe nothing that is kept.
                Err(TryRecvError::Closed) => return self.mark_all(),
            }
        }
    }

    fn mark_all(&mut self) {
        for entry in self.mailboxes.values_mut() {
            entry.marked += 1;
        }
    }

    /// Drops what nobody holds, the longest unused half of it, when there is too much.
    fn make_room(&mut self) {
        if self.mailboxes.len() < limits::INDEXES_KEPT_MAX
            && self.rows < limits::INDEX_ROWS_KEPT_MAX
        {
            return;
        }
        let mut old: Vec<(u64, Key)> = self
            .mailboxes
            .iter()
            .filter(|(_, entry)| is_unused(entry))
            .map(|(id, entry)| (entry.used, *id))
            .collect();
        old.sort_unstable();
        old.truncate(old.len().div_ceil(2));
        for (_, key) in old {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: Key) {
        let Some(entry) = self.mailboxes.remove(&key) else {
            return;
        };
        self.rows = self
            .rows
            .saturating_sub(entry.snapshot.map_or(0, |one| one.rows.len()));
        if let Some(siblings) = self.of_account.get_mut(&key.0) {
            siblings.retain(|one| *one != key.1);
            if siblings.is_empty() {
                self.of_account.remove(&key.0);
            }
        }
    }
}

/// No session holds it and nobody is reading it.
fn is_unused(entry: &Entry) -> bool {
    Arc::strong_count(&entry.refresh) == 1
        && entry
            .snapshot
            .as_ref()
            .is_none_or(|one| Arc::strong_count(one) == 1)
}

/// A snapshot from nothing; `None` when there is no such mailbox.
async fn first(
    store: &Store,
    account: AccountId,
    id: MailboxId,
) -> Result<Option<Arc<Snapshot>>, Error> {
    let Some(row) = store.mailbox(id).await? else {
        return Ok(None);
    };
    if row.account != account {
        return Err(Denied::NotYours.into());
    }
    let rows = store.index(id).await?;
    Ok(Some(Arc::new(Snapshot {
        mailbox: fitted(row, &rows),
        rows,
    })))
}

/// The next snapshot from the last one and the change log; `None` when the mailbox is gone. The log is read first and is the
/// cursor: what the rows show beyond it is read once more the next time.
async fn advance(store: &Store, old: &Arc<Snapshot>) -> Result<Option<Arc<Snapshot>>, Error> {
    let id = old.mailbox.id;
    let changes = store.changes_since(id, old.mailbox.modseq).await?;
    let Some(modseq) = changes.iter().map(|change| change.modseq).max() else {
        return Ok(Some(Arc::clone(old)));
    };
    let has = |kinds: &[ChangeKind]| changes.iter().any(|change| kinds.contains(&change.kind));
    let mut mailbox = old.mailbox.clone();
    if has(&[
        ChangeKind::MailboxCreated,
        ChangeKind::MailboxChanged,
        ChangeKind::MailboxDestroyed,
    ]) {
        match store.mailbox(id).await? {
            Some(row) => mailbox = row,
            None => return Ok(None),
        }
    }
    let of = |kind: ChangeKind| {
        changes
            .iter()
            .filter(move |change| change.kind == kind)
            .map(|change| change.uid)
    };
    let mut gone: Vec<u32> = of(ChangeKind::Destroyed).collect();
    gone.sort_unstable();
    let changed = if has(&[ChangeKind::Created, ChangeKind::Flags]) {
        store.index_rows_changed(id, old.mailbox.modseq).await?
    } else {
        Vec::new()
    };
    mailbox.modseq = modseq;
    mailbox.uid_next = mailbox.uid_next.max(
        of(ChangeKind::Created)
            .max()
            .map_or(1, |uid| uid.saturating_add(1)),
    );
    let rows = merge(&old.rows, changed, &gone);
    Ok(Some(Arc::new(Snapshot {
        mailbox: fitted(mailbox, &rows),
        rows,
    })))
}

/// Both sorted by UID; a changed row takes the place of the old one; what is gone is left out.
fn merge(old: &[IndexRow], changed: Vec<IndexRow>, gone: &[u32]) -> Vec<IndexRow> {
    let mut rows = Vec::with_capacity(old.len() + changed.len());
    let mut changed = changed.into_iter().peekable();
    for row in old {
        while let Some(earlier) = changed.next_if(|one| one.uid < row.uid) {
            rows.push(earlier);
        }
        match changed.next_if(|one| one.uid == row.uid) {
            Some(newer) => rows.push(newer),
            None if gone.binary_search(&row.uid).is_ok() => {}
            None => rows.push(row.clone()),
        }
    }
    rows.extend(changed);
    rows
}

/// Counters that agree with the rows, which may be a commit newer.
fn fitted(mut mailbox: Mailbox, rows: &[IndexRow]) -> Mailbox {
    mailbox.total = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    mailbox.unseen = u32::try_from(
        rows.iter()
            .filter(|row| row.flags & flag::SEEN == 0)
            .count(),
    )
    .unwrap_or(u32::MAX);
    mailbox.uid_next = mailbox
        .uid_next
        .max(rows.last().map_or(1, |row| row.uid.saturating_add(1)));
    mailbox
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(uid: u32, modseq: i64) -> IndexRow {
        IndexRow {
            uid,
            flags: 0,
            keywords: Arc::from([]),
            modseq,
            email: EmailId(i64::from(uid)),
            body: BodyId(1),
            size: 1,
            received_at: 0,
            saved_at: 0,
            thread: ThreadId(1),
        }
    }

    #[test]
    fn rows_are_merged_by_uid() {
        type Pairs = &'static [(u32, i64)];
        let rows: [(Pairs, Pairs, &[u32], Pairs); 5] = [
            (&[], &[], &[], &[]),
            (&[], &[(1, 1), (2, 2)], &[], &[(1, 1), (2, 2)]),
            (&[(1, 1), (2, 2)], &[(3, 3)], &[], &[(1, 1), (2, 2), (3, 3)]),
            (
                &[(1, 1), (2, 2), (4, 4)],
                &[(2, 5), (3, 6)],
                &[4],
                &[(1, 1), (2, 5), (3, 6)],
            ),
            (&[(1, 1), (2, 2)], &[], &[1, 2, 9], &[]),
        ];
        for (old, changed, gone, expected) in rows {
            let made = |pairs: Pairs| {
                pairs
                    .iter()
                    .map(|(uid, modseq)| row(*uid, *modseq))
                    .collect::<Vec<_>>()
            };
            let merged = merge(&made(old), made(changed), gone);
            assert_eq!(
                merged
                    .iter()
                    .map(|row| (row.uid, row.modseq))
                    .collect::<Vec<_>>(),
                expected
            );
        }
    }
}
