//! What a SEARCH key means. Keys that the snapshot answers come first, then the full-text index, and only what is left is
//! read: ENVELOPEs, and headers for fields that no ENVELOPE holds. (RFC 9051 §6.4.4)

use crate::error::Error;
use crate::limits;
use crate::proto::date::{Day, day_of, day_of_field};
use crate::proto::{Key, Ranges, When, Where};
use futures_util::future::BoxFuture;
use mailroom::Access;
use mailroom::letter_imap::{EnvelopeField, envelope_text, field_values};
use mailroom::mail::Snapshot;
use mailroom::search::{Field, Words};
use std::sync::Arc;
use store::IndexRow;

/// Where is searched.
pub struct Ground {
    pub access: Access,
    pub snapshot: Arc<Snapshot>,
    pub saved: Ranges,
    /// Unix milliseconds.
    pub now: i64,
}

/// How much work a key is; cheaper ones go first and leave less to the others.
fn cost(key: &Key) -> u8 {
    match key {
        Key::Text(Where::Cc | Where::Bcc, _) | Key::Sent(..) => 2,
        Key::Text(..) => 1,
        Key::Header(name, _) if indexed(name).is_some() => 1,
        Key::Header(name, _) if EnvelopeField::named(name).is_some() => 2,
        Key::Header(..) => 3,
        Key::Not(key) => cost(key),
        Key::Or(first, second) => cost(first).max(cost(second)),
        Key::And(keys) => keys.iter().map(cost).max().unwrap_or(0),
        _ => 0,
    }
}

/// Header fields that the full-text index knows as such.
fn indexed(name: &str) -> Option<Field> {
    let known = [("subject", Field::Subject), ("from", Field::From)];
    known
        .into_iter()
        .find(|(have, _)| have.eq_ignore_ascii_case(name))
        .map(|(_, field)| field)
}

/// Where a text key looks: a field of the index, or a header field by name.
fn looks(place: Where) -> Result<Field, &'static str> {
    match place {
        Where::Text => Ok(Field::Any),
        Where::Body => Ok(Field::Body),
        Where::Subject => Ok(Field::Subject),
        Where::From => Ok(Field::From),
        Where::To => Ok(Field::To),
        Where::Cc => Err("cc"),
        Where::Bcc => Err("bcc"),
    }
}

impl Ground {
    /// Places of the messages for which the key holds, ascending.
    pub async fn find(&self, key: &Key) -> Result<Vec<usize>, Error> {
        self.narrow(key, (0..self.snapshot.rows.len()).collect())
            .await
    }

    /// Keeps of `among` the places for which the key holds.
    fn narrow<'f>(
        &'f self,
        key: &'f Key,
        among: Vec<usize>,
    ) -> BoxFuture<'f, Result<Vec<usize>, Error>> {
        Box::pin(async move {
            if among.is_empty() {
                return Ok(among);
            }
            match key {
                Key::And(keys) => {
                    let mut ordered: Vec<&Key> = keys.iter().collect();
                    ordered.sort_by_key(|key| cost(key));
                    let mut left = among;
                    for key in ordered {
                        left = self.narrow(key, left).await?;
                    }
                    Ok(left)
                }
                Key::Or(first, second) => {
                    let found = self.narrow(first, among.clone()).await?;
                    let more = self.narrow(second, without(among, &found)).await?;
                    let mut both = [found, more].concat();
                    both.sort_unstable();
                    Ok(both)
                }
                Key::Not(key) => {
                    let found = self.narrow(key, among.clone()).await?;
                    Ok(without(among, &found))
                }
                Key::Text(place, words) => match looks(*place) {
                    Ok(field) => self.words(field, words, among).await,
                    Err(name) => self.header(name, words, among).await,
                },
                Key::Header(name, value) => self.header(name, value, among).await,
                Key::Sent(when, day) => {
                    let good = |value: Vec<u8>| {
                        day_of_field(&value).is_some_and(|sent| compare(*when, sent, *day))
                    };
                    self.by_envelope(EnvelopeField::Date, good, among).await
                }
                plain => Ok(self.by_row(plain, among)),
            }
        })
    }

    fn by_row(&self, key: &Key, mut among: Vec<usize>) -> Vec<usize> {
        let rows = &self.snapshot.rows;
        // Sets are resolved once, not for every row.
        let set = match key {
            Key::Numbers(set) => {
                let by_uid = *set == crate::proto::SequenceSet::Saved;
                let largest = u32::try_from(rows.len()).unwrap_or(u32::MAX);
                Some((set.resolve(largest, &self.saved), by_uid))
            }
            Key::Uids(set) => Some((
                set.resolve(rows.last().map_or(0, |row| row.uid), &self.saved),
                true,
            )),
            _ => None,
        };
        among.retain(|place| {
            let Some(row) = rows.get(*place) else {
                return false;
            };
            match &set {
                Some((ranges, true)) => ranges.contains(row.uid),
                Some((ranges, false)) => {
                    u32::try_from(place + 1).is_ok_and(|number| ranges.contains(number))
                }
                None => self.holds(key, row),
            }
        });
        among
    }

    fn holds(&self, key: &Key, row: &IndexRow) -> bool {
        let number = |number: i64| u64::try_from(number).unwrap_or(0);
        let age_secs = number(self.now - row.received_at) / 1_000;
        match key {
            Key::All => true,
            Key::Flag(bit, set) => (row.flags & bit != 0) == *set,
            Key::Keyword(keyword, set) => {
                row.keywords
                    .iter()
                    .any(|have| have.eq_ignore_ascii_case(keyword))
                    == *set
            }
            Key::Received(when, day) => compare(*when, day_of(row.received_at), *day),
            Key::Saved(when, day) => compare(*when, day_of(row.saved_at), *day),
            Key::Larger(bytes) => u64::from(row.size) > *bytes,
            Key::Smaller(bytes) => u64::from(row.size) < *bytes,
            Key::ModSeq(modseq) => number(row.modseq) >= *modseq,
            Key::Older(secs) => age_secs >= *secs,
            Key::Younger(secs) => age_secs <= *secs,
            Key::EmailId(id) => id
                .strip_prefix('E')
                .is_some_and(|id| id == row.body.to_string()),
            Key::ThreadId(id) => id
                .strip_prefix('T')
                .is_some_and(|id| id == row.thread.to_string()),
            _ => false,
        }
    }

    /// Asks the full-text index; nothing asked for is everywhere.
    async fn words(
        &self,
        field: Field,
        text: &str,
        among: Vec<usize>,
    ) -> Result<Vec<usize>, Error> {
        if text.trim().is_empty() {
            return Ok(among);
        }
        let words = Words {
            field,
            text: text.to_owned(),
            phrase: true,
        };
        let uids = self
            .access
            .search_uids(self.snapshot.mailbox.id, &words)
            .await?;
        // Both ascend: what was found is walked along.
        let mut found = uids.into_iter().peekable();
        Ok(self.keep(among, |row| {
            while found.next_if(|uid| *uid < row.uid).is_some() {}
            found.peek() == Some(&row.uid)
        }))
    }

    fn keep(&self, mut among: Vec<usize>, mut good: impl FnMut(&IndexRow) -> bool) -> Vec<usize> {
        among.retain(|place| self.snapshot.rows.get(*place).is_some_and(&mut good));
        among
    }

    async fn header(
        &self,
        name: &str,
        value: &str,
        among: Vec<usize>,
    ) -> Result<Vec<usize>, Error> {
        if let Some(field) = indexed(name).filter(|_| !value.trim().is_empty()) {
            return self.words(field, value, among).await;
        }
        let wanted = value.to_lowercase();
        let contains = move |text: Vec<u8>| {
            String::from_utf8_lossy(&text)
                .to_lowercase()
                .contains(&wanted)
        };
        match EnvelopeField::named(name) {
            // An empty value asks whether the field is there: the ENVELOPE fills some in (RFC 9051 §6.4.4).
            Some(field) if !value.is_empty() => self.by_envelope(field, contains, among).await,
            _ => self.by_letter(name, contains, among).await,
        }
    }

    async fn by_envelope(
        &self,
        field: EnvelopeField,
        good: impl Fn(Vec<u8>) -> bool + Send,
        among: Vec<usize>,
    ) -> Result<Vec<usize>, Error> {
        let mut found = Vec::new();
        for places in among.chunks(limits::FETCH_ROWS) {
            let uids: Vec<u32> = places
                .iter()
                .filter_map(|place| self.snapshot.rows.get(*place))
                .map(|row| row.uid)
                .collect();
            let read = self
                .access
                .envelopes(self.snapshot.mailbox.id, &uids)
                .await?;
            for place in places {
                let row = self.snapshot.rows.get(*place);
                let at =
                    row.and_then(|row| read.binary_search_by_key(&row.uid, |(uid, ..)| *uid).ok());
                if let Some((_, envelope, _)) = at.and_then(|at| read.get(at))
                    && envelope_text(envelope, field).is_some_and(&good)
                {
                    found.push(*place);
                }
            }
        }
        Ok(found)
    }

    /// The slow way, for fields nobody searches often: reads the letters.
    async fn by_letter(
        &self,
        name: &str,
        good: impl Fn(Vec<u8>) -> bool + Send,
        among: Vec<usize>,
    ) -> Result<Vec<usize>, Error> {
        let mut found = Vec::new();
        for place in among {
            let Some(row) = self.snapshot.rows.get(place) else {
                continue;
            };
            let letter = match self.access.body(self.snapshot.mailbox.id, row.uid).await {
                Err(mailroom::Error::Missing) => continue,
                letter => letter?,
            };
            if field_values(&letter, name).into_iter().any(&good) {
                found.push(place);
            }
        }
        Ok(found)
    }
}

/// Both ascending.
fn without(among: Vec<usize>, found: &[usize]) -> Vec<usize> {
    among
        .into_iter()
        .filter(|place| found.binary_search(place).is_err())
        .collect()
}

fn compare(when: When, have: Day, wanted: Day) -> bool {
    match when {
        When::Before => have < wanted,
        When::On => have == wanted,
        When::Since => have >= wanted,
    }
}
