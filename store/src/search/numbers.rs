//! The numbers that letters have in the index. An account gets them in blocks of successive ones: small to write, and a
//! search walks the newest block first, or several at the same time. Knows no words.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::Error;
use crate::db::{Conn, Row, Value, values};
use crate::id::*;
use crate::listed::{Listed, insert, listed_rows};

/// Letters of a block.
pub(super) const BLOCK: i64 = 16_000;
/// Letters whose ids stand in one row: what fits in a page of the file.
const CHUNK: i64 = 500;
/// Bytes of an id there.
const ID_BYTES: usize = size_of::<i64>();

/// `given`: numbers given of a block; `held`: letters still in it. A block's numbers begin at `number * BLOCK`.
/// `chunk` holds the ids of the letters in the order of their numbers.
pub(super) const TABLES: &str = "CREATE TABLE IF NOT EXISTS block (number INTEGER PRIMARY KEY AUTOINCREMENT, \
     account BIGINT NOT NULL, given BIGINT NOT NULL, held BIGINT NOT NULL); \
     CREATE INDEX IF NOT EXISTS block_account ON block (account, number); \
     CREATE TABLE IF NOT EXISTS place (email INTEGER PRIMARY KEY, number BIGINT NOT NULL); \
     CREATE TABLE IF NOT EXISTS chunk (number INTEGER PRIMARY KEY, emails BLOB NOT NULL);";
pub(super) const EMPTY: &str =
    "DROP TABLE IF EXISTS block; DROP TABLE IF EXISTS place; DROP TABLE IF EXISTS chunk;";
const BLOCKS: &str = "SELECT number FROM block WHERE account = $1 ORDER BY number DESC";
const NEWEST: &str =
    "SELECT number, given, held FROM block WHERE account = $1 ORDER BY number DESC LIMIT 1";
const BLOCK_ADD: &str =
    "INSERT INTO block (account, given, held) VALUES ($1, 0, 0) RETURNING number";
const BLOCK_SET: &str = "UPDATE block SET given = $2, held = $3 WHERE number = $1";
const LEAVE: &str = "UPDATE block SET held = held - 1 WHERE number = $1 RETURNING given, held";
const BLOCK_DELETE: &str = "DELETE FROM block WHERE number = $1";
const CHUNKS: &str =
    "SELECT number, emails FROM chunk WHERE number >= $1 AND number <= $2 ORDER BY number";
const CHUNK_SET: &str = "INSERT OR REPLACE INTO chunk (number, emails) VALUES ($1, $2)";
const CHUNKS_DELETE: &str = "DELETE FROM chunk WHERE number >= $1 AND number < $2";
const PLACES: Listed = Listed::new(
    "i",
    "SELECT email, number FROM place WHERE email IN (VALUES {})",
);
const PLACE_ADD: Listed = Listed::new("ii", "INSERT INTO place (email, number) VALUES {}");
const PLACES_DELETE: Listed = Listed::new("i", "DELETE FROM place WHERE email IN (VALUES {})");

/// The block of a number.
pub(super) fn block_of(number: i64) -> i64 {
    number.div_euclid(BLOCK)
}

/// An account's blocks, newest first.
pub(super) async fn blocks(conn: &mut Conn, account: AccountId) -> Result<Vec<i64>, Error> {
    let rows = conn.rows(BLOCKS, values![account]).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// The letters of a block with these numbers counted from its beginning, ascending; in the same order.
pub(super) async fn emails(
    conn: &mut Conn,
    block: i64,
    numbers: &[u32],
) -> Result<Vec<EmailId>, Error> {
    let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else {
        return Ok(Vec::new());
    };
    let begin = block * BLOCK;
    let chunk_of = |number: u32| (begin + i64::from(number)).div_euclid(CHUNK);
    let rows = conn
        .rows(CHUNKS, values![chunk_of(*first), chunk_of(*last)])
        .await?;
    let mut found = Vec::with_capacity(numbers.len());
    let mut left = numbers.iter().copied().peekable();
    for row in &rows {
        let (chunk, ids) = (row.int(0)?, row.blob(1)?);
        let skip = chunk * CHUNK - begin;
        let (ids, _) = ids.as_chunks::<ID_BYTES>();
        while let Some(number) = left.next_if(|number| chunk_of(*number) <= chunk) {
            let at = usize::try_from(i64::from(number) - skip).ok();
            // A number without an id is of a letter that left while this was read.
            let id = at.and_then(|at| ids.get(at));
            found.extend(id.map(|id| EmailId(i64::from_le_bytes(*id))));
        }
    }
    Ok(found)
}

/// The block that an account is given numbers of, and the ids of its last row.
struct Open {
    number: i64,
    given: i64,
    held: i64,
    ids: Vec<u8>,
}

/// Gives and takes back numbers within one transaction.
pub(super) struct Numbers {
    /// What the letters of this transaction had before it.
    places: HashMap<i64, i64>,
    open: HashMap<AccountId, Open>,
    added: Vec<Value>,
    left: Vec<Value>,
}

impl Numbers {
    pub async fn of(
        conn: &mut Conn,
        emails: impl Iterator<Item = EmailId>,
    ) -> Result<Numbers, Error> {
        let values = emails.map(|email| values![email]).collect();
        let rows = listed_rows(conn, &PLACES, values).await?;
        let place = |row: &Row| Ok((row.int(0)?, row.int(1)?));
        Ok(Numbers {
            places: rows.iter().map(place).collect::<Result<_, Error>>()?,
            open: HashMap::new(),
            added: Vec::new(),
            left: Vec::new(),
        })
    }

    /// The number of a letter; a new one where it has none.
    pub async fn number(
        &mut self,
        conn: &mut Conn,
        account: AccountId,
        email: EmailId,
    ) -> Result<i64, Error> {
        if let Some(number) = self.places.get(&email.0) {
            return Ok(*number);
        }
        let open = match self.open.entry(account) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => {
                place.insert(match conn.row(NEWEST, values![account]).await? {
                    Some(row) => continued(conn, &row).await?,
                    None => begun(conn, account).await?,
                })
            }
        };
        if open.given == BLOCK {
            close(conn, open).await?;
            *open = begun(conn, account).await?;
        } else if open.given % CHUNK == 0 {
            close(conn, open).await?;
            open.ids.clear();
        }
        let number = open.number * BLOCK + open.given;
        open.given += 1;
        open.held += 1;
        open.ids.extend(email.0.to_le_bytes());
        self.places.insert(email.0, number);
        self.added.extend(values![email, number]);
        Ok(number)
    }

    /// Takes back the number of a letter that is gone; `None` where it had none.
    pub async fn forget(&mut self, conn: &mut Conn, email: EmailId) -> Result<Option<i64>, Error> {
        let Some(number) = self.places.remove(&email.0) else {
            return Ok(None);
        };
        self.left.extend(values![email]);
        let block = block_of(number);
        if let Some(open) = self.open.values_mut().find(|open| open.number == block) {
            open.held -= 1;
            return Ok(Some(number));
        }
        if let Some(row) = conn.row(LEAVE, values![block]).await?
            && (row.int(0)?, row.int(1)?) == (BLOCK, 0)
        {
            // Nothing is left of it, and nothing comes.
            let chunks = values![block * BLOCK / CHUNK, (block + 1) * BLOCK / CHUNK];
            conn.run(CHUNKS_DELETE, chunks).await?;
            conn.run(BLOCK_DELETE, values![block]).await?;
        }
        Ok(Some(number))
    }

    /// Writes what was given and taken.
    pub async fn keep(self, conn: &mut Conn) -> Result<(), Error> {
        for open in self.open.values() {
            close(conn, open).await?;
        }
        insert(conn, &PLACE_ADD, self.added).await?;
        insert(conn, &PLACES_DELETE, self.left).await
    }
}

async fn begun(conn: &mut Conn, account: AccountId) -> Result<Open, Error> {
    let row = conn.row(BLOCK_ADD, values![account]).await?;
    let row = row.ok_or_else(|| Error::Broken("an account got no block".to_owned()))?;
    Ok(Open {
        number: row.int(0)?,
        given: 0,
        held: 0,
        ids: Vec::new(),
    })
}

async fn continued(conn: &mut Conn, row: &Row) -> Result<Open, Error> {
    let mut open = Open {
        number: row.int(0)?,
        given: row.int(1)?,
        held: row.int(2)?,
        ids: Vec::new(),
    };
    if open.given % CHUNK != 0 {
        let chunk = (open.number * BLOCK + open.given) / CHUNK;
        let rows = conn.rows(CHUNKS, values![chunk, chunk]).await?;
        for row in rows {
            open.ids = row.blob(1)?;
        }
    }
    Ok(open)
}

/// Writes a block's counts and the row of ids that is full, or is left for now.
async fn close(conn: &mut Conn, open: &Open) -> Result<(), Error> {
    let values = values![open.number, open.given, open.held];
    conn.run(BLOCK_SET, values).await?;
    if open.ids.is_empty() {
        return Ok(());
    }
    let chunk = (open.number * BLOCK + open.given - 1) / CHUNK;
    let values = values![chunk, open.ids.clone()];
    conn.run(CHUNK_SET, values).await.map(drop)
}
