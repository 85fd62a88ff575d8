//! Bodies: the raw bytes of messages. Small ones live in the row, compressed where it pays; larger ones are files,
//! written and fsynced before the commit that names them. Never changes a byte of what it was given (promise 3).

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::Error;
use crate::db::{Row, values};
use crate::id::BodyId;
use crate::limits::{
    BODY_BYTES_MAX, BODY_ROW_BYTES, COMPRESS_LEVEL, COMPRESS_MIN_BYTES, SWEEP_AGE_MS,
};
use crate::listed::{Listed, listed_rows};
use crate::store::Store;

const BODY: &str = "SELECT codec, data, file, size_bytes FROM body WHERE id = $1";
const BODIES_OF: Listed = Listed::new(
    "i",
    "WITH v(k) AS (VALUES {}) SELECT body.codec, body.data, body.file, body.size_bytes, body.id \
     FROM v CROSS JOIN body WHERE body.id = v.k",
);
const BODY_EXISTS: &str = "SELECT id FROM body WHERE id = $1";
const WINDOW: &str =
    "SELECT MAX(id) FROM (SELECT id FROM body WHERE id > $1 ORDER BY id LIMIT 5000) AS piece";
/// No email has it and nothing that waits to be sent.
macro_rules! unused_body {
    ($start:literal, $end:literal) => {
        concat!(
            $start,
            " AND created_at < $2 AND NOT EXISTS (SELECT email.id FROM email WHERE email.body_id = body.id) \
             AND NOT EXISTS (SELECT quarantine.id FROM quarantine WHERE quarantine.body_id = body.id) \
             AND NOT EXISTS (SELECT outbox.id FROM submission JOIN outbox ON outbox.trace_id = submission.trace_id \
             AND outbox.submission_id = submission.id WHERE submission.body_id = body.id AND outbox.ended_at IS NULL)",
            $end
        )
    };
}
const UNUSED: &str = unused_body!(
    "SELECT id FROM body WHERE id > $1 AND id <= $3",
    " ORDER BY id"
);
const DELETE_UNUSED: &str = unused_body!("DELETE FROM body WHERE id = $1", " RETURNING file");
const DELETE_DERIVED: &str = "DELETE FROM derived WHERE body_id = $1";
pub(crate) const SQL: &[&str] = &[
    BODY,
    BODY_EXISTS,
    WINDOW,
    UNUSED,
    DELETE_UNUSED,
    DELETE_DERIVED,
];

pub(crate) const LISTED: &[&Listed] = &[&BODIES_OF];

const CODEC_PLAIN: i64 = 0;
const CODEC_ZSTD: i64 = 1;

/// A body as it goes into its row.
pub(crate) struct Packed {
    pub size: i64,
    pub codec: i64,
    pub data: Option<Vec<u8>>,
    pub file: Option<String>,
}

/// Packs a body; a large one is on disk (file and folder fsynced) when this returns.
pub(crate) async fn pack(id: BodyId, raw: Bytes, bodies: PathBuf) -> Result<Packed, Error> {
    if raw.len() <= BODY_ROW_BYTES {
        let size = length(raw.len());
        let (codec, data) = squeeze(&raw)?;
        return Ok(Packed {
            size,
            codec,
            data: Some(data),
            file: None,
        });
    }
    tokio::task::spawn_blocking(move || pack_file(id, &raw, &bodies))
        .await
        .map_err(|cause| Error::Broken(cause.to_string()))?
}

fn pack_file(id: BodyId, raw: &[u8], bodies: &Path) -> Result<Packed, Error> {
    let (codec, data) = squeeze(raw)?;
    let folder = format!("{:02x}", (id.0 >> 6) & 0xff);
    let file = format!("{folder}/{}", id.0);
    let within = bodies.join(&folder);
    if !within.is_dir() {
        std::fs::create_dir_all(&within).map_err(disk)?;
        sync_folder(bodies)?;
    }
    let mut out = File::create(bodies.join(&file)).map_err(disk)?;
    out.write_all(&data).map_err(disk)?;
    out.sync_all().map_err(disk)?;
    sync_folder(&within)?;
    Ok(Packed {
        size: length(raw.len()),
        codec,
        data: None,
        file: Some(file),
    })
}

fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(disk)
}

fn squeeze(raw: &[u8]) -> Result<(i64, Vec<u8>), Error> {
    if raw.len() >= COMPRESS_MIN_BYTES {
        let packed = zstd::bulk::compress(raw, COMPRESS_LEVEL).map_err(disk)?;
        if packed.len() < raw.len() - raw.len() / 16 {
            return Ok((CODEC_ZSTD, packed));
        }
    }
    Ok((CODEC_PLAIN, raw.to_vec()))
}

fn unsqueeze(codec: i64, data: Vec<u8>, size: i64) -> Result<Bytes, Error> {
    let size = usize::try_from(size)
        .ok()
        .filter(|size| *size <= BODY_BYTES_MAX);
    let size = size.ok_or_else(|| Error::Broken("a body's size is out of range".to_owned()))?;
    let raw = match codec {
        CODEC_PLAIN => data,
        CODEC_ZSTD => zstd::bulk::decompress(&data, size).map_err(disk)?,
        other => {
            return Err(Error::Broken(format!(
                "a body has the unknown codec {other}"
            )));
        }
    };
    if raw.len() != size {
        return Err(Error::Broken(format!(
            "a body has {} bytes instead of {size}",
            raw.len()
        )));
    }
    Ok(Bytes::from(raw))
}

/// The longest whole-character beginning of at most `bytes` bytes.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes))
        .unwrap_or_default()
}

/// Compresses findable text for its row; the length stands in front.
pub(crate) fn pack_text(text: &str) -> Result<Vec<u8>, Error> {
    zstd::bulk::compress(text.as_bytes(), COMPRESS_LEVEL).map_err(disk)
}

pub(crate) fn unpack_text(packed: &[u8]) -> Result<String, Error> {
    if packed.is_empty() {
        return Ok(String::new());
    }
    let text =
        zstd::bulk::decompress(packed, crate::limits::SEARCH_TEXT_BYTES + 4).map_err(disk)?;
    String::from_utf8(text).map_err(|cause| Error::Broken(cause.to_string()))
}

fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// A full or failing disk is "later"; anything else about a file is "broken".
fn disk(cause: std::io::Error) -> Error {
    match cause.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Error::Later(cause.to_string())
        }
        _ => Error::Broken(cause.to_string()),
    }
}

impl Store {
    /// The raw bytes of a body.
    pub async fn body(&self, id: BodyId) -> Result<Bytes, Error> {
        if let Some(raw) = self.0.bodies.get(id) {
            return Ok(raw);
        }
        let row = self.read().await?.row(BODY, values![id]).await?;
        let row = row.ok_or_else(|| Error::Missing(format!("body {id}")))?;
        let raw = self.opened(&row).await?;
        self.0.bodies.put(id, &raw);
        Ok(raw)
    }

    /// The raw bytes of several bodies; those that are gone are left out. The caller bounds how much that is.
    pub async fn bodies(&self, ids: &[BodyId]) -> Result<HashMap<BodyId, Bytes>, Error> {
        let mut found = HashMap::with_capacity(ids.len());
        let mut missing = Vec::new();
        for id in ids {
            match self.0.bodies.get(*id) {
                Some(raw) => {
                    found.insert(*id, raw);
                }
                None => missing.push(values![*id]),
            }
        }
        if !missing.is_empty() {
            let rows = listed_rows(&mut self.read().await?, &BODIES_OF, missing).await?;
            for row in &rows {
                let raw = self.opened(row).await?;
                let id = BodyId(row.int(4)?);
                self.0.bodies.put(id, &raw);
                found.insert(id, raw);
            }
        }
        Ok(found)
    }

    /// The bytes a row of `body` stands for (codec, data, file, size).
    async fn opened(&self, row: &Row) -> Result<Bytes, Error> {
        let (codec, size) = (row.int(0)?, row.int(3)?);
        match (row.opt_blob(1)?, row.opt_text(2)?) {
            (Some(data), _) => unsqueeze(codec, data, size),
            (None, Some(file)) => {
                let path = self.bodies_folder().join(file);
                tokio::task::spawn_blocking(move || {
                    let mut data = Vec::new();
                    File::open(path)
                        .and_then(|file| {
                            file.take(length(BODY_BYTES_MAX) as u64)
                                .read_to_end(&mut data)
                        })
                        .map_err(disk)?;
                    unsqueeze(codec, data, size)
                })
                .await
                .map_err(|cause| Error::Broken(cause.to_string()))?
            }
            (None, None) => Err(Error::Broken("a body has no bytes".to_owned())),
        }
    }

    pub(crate) fn bodies_folder(&self) -> PathBuf {
        self.0.data.join("bodies")
    }

    /// Removes bodies that no email has and nothing to be sent needs, and body files that no row names (a delivery
    /// that was cut off before its commit). Young ones are left: they may be on their way. Returns how many.
    pub async fn sweep_bodies(&self, now: i64) -> Result<u64, Error> {
        let mut removed = 0;
        let mut after = 0;
        while let Some(until) = self.window(after).await? {
            let before = now - SWEEP_AGE_MS;
            let unused = self.rows(UNUSED, values![after, before, until]).await?;
            let unused = unused
                .iter()
                .map(|row| row.int(0))
                .collect::<Result<Vec<_>, _>>()?;
            if !unused.is_empty() {
                let gone = self.delete_unused(unused, before).await?;
                removed += gone;
            }
            after = until;
        }
        let folder = self.bodies_folder();
        let old = tokio::task::spawn_blocking(move || old_files(&folder, now))
            .await
            .map_err(|cause| Error::Broken(cause.to_string()))??;
        for (id, path) in old {
            if self.row(BODY_EXISTS, values![id]).await?.is_none() {
                std::fs::remove_file(&path).map_err(disk)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    async fn window(&self, after: i64) -> Result<Option<i64>, Error> {
        Ok(self
            .row(WINDOW, values![after])
            .await?
            .map(|row| row.opt_int(0))
            .transpose()?
            .flatten())
    }

    /// The rows go first; a file left behind by a crash between the two is swept next time.
    async fn delete_unused(&self, ids: Vec<i64>, before: i64) -> Result<u64, Error> {
        let (number, files) = self
            .write(move |txn| {
                Box::pin(async move {
                    let (mut number, mut files) = (0, Vec::new());
                    for id in ids {
                        let Some(row) = txn.conn.row(DELETE_UNUSED, values![id, before]).await?
                        else {
                            continue;
                        };
                        txn.conn.run(DELETE_DERIVED, values![id]).await?;
                        let rereads = crate::reread::DELETE_OF_BODY;
                        txn.conn.run(rereads, values![id]).await?;
                        number += 1;
                        files.extend(row.opt_text(0)?);
                    }
                    Ok((number, files))
                })
            })
            .await?;
        for file in files {
            std::fs::remove_file(self.bodies_folder().join(file)).map_err(disk)?;
        }
        Ok(number)
    }
}

fn old_files(bodies: &Path, now: i64) -> Result<Vec<(BodyId, PathBuf)>, Error> {
    let mut old = Vec::new();
    for folder in std::fs::read_dir(bodies).map_err(disk)? {
        let folder = folder.map_err(disk)?.path();
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(folder).map_err(disk)? {
            let entry = entry.map_err(disk)?;
            let id = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
                .map(BodyId);
            let changed_at = entry
                .metadata()
                .and_then(|meta| meta.modified())
                .map_err(disk)?;
            let age = changed_at
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| {
                    now.saturating_sub(length(since.as_millis() as usize))
                });
            if let (Some(id), true) = (id, age > SWEEP_AGE_MS) {
                old.push((id, entry.path()));
            }
        }
    }
    Ok(old)
}

/// Recently used bodies, bounded in bytes; the one unused longest goes first.
pub(crate) struct BodyCache {
    bytes_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    bytes: usize,
    tick: u64,
    by_id: HashMap<BodyId, (u64, Bytes)>,
    by_tick: BTreeMap<u64, BodyId>,
}

impl BodyCache {
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            kept: Mutex::default(),
        }
    }

    pub fn get(&self, id: BodyId) -> Option<Bytes> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &mut *kept;
        kept.tick += 1;
        let tick = kept.tick;
        let (at, raw) = kept.by_id.get_mut(&id)?;
        kept.by_tick.remove(at);
        kept.by_tick.insert(tick, id);
        *at = tick;
        Some(raw.clone())
    }

    pub fn put(&self, id: BodyId, raw: &Bytes) {
        if raw.len() > self.bytes_max / 8 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.tick += 1;
        let tick = kept.tick;
        if let Some((at, old)) = kept.by_id.insert(id, (tick, raw.clone())) {
            kept.by_tick.remove(&at);
            kept.bytes -= old.len();
        }
        kept.by_tick.insert(tick, id);
        kept.bytes += raw.len();
        while kept.bytes > self.bytes_max {
            let Some((_, oldest)) = kept.by_tick.pop_first() else {
                break;
            };
            if let Some((_, gone)) = kept.by_id.remove(&oldest) {
                kept.bytes -= gone.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_body_comes_back_byte_for_byte() {
        for raw in [&b""[..], b"a", &[0, 255, 13, 10], &b"abc\r\n".repeat(1000)] {
            let (codec, data) = squeeze(raw).unwrap();
            assert_eq!(unsqueeze(codec, data, length(raw.len())).unwrap(), raw);
        }
        assert!(unsqueeze(CODEC_ZSTD, vec![1, 2, 3], 10).is_err());
        assert!(unsqueeze(CODEC_PLAIN, vec![1, 2, 3], 10).is_err());
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_used() {
        let cache = BodyCache::new(800);
        for id in 0..20 {
            cache.put(BodyId(id), &Bytes::from(vec![0; 100]));
            cache.get(BodyId(0));
        }
        assert!(cache.get(BodyId(0)).is_some(), "used all the time");
        assert!(cache.get(BodyId(1)).is_none(), "pushed out");
        assert!(cache.kept.lock().unwrap().bytes <= 800);
    }
}
