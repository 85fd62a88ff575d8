//! Keeping the index: takes what the queue holds, again and again, in the background. Never delays a delivery.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use super::Entry;
use super::words::Document;
use crate::Error;
use crate::db::values;
use crate::id::*;
use crate::limits::INDEX_BATCH;
use crate::listed::{Listed, insert, listed_rows};
use crate::listing::derived_row;
use crate::store::{Inner, Store};

pub(super) const QUEUE: &str =
    "SELECT email_id, account_id, body_id, gone FROM index_queue ORDER BY email_id LIMIT $1";
pub(super) const QUEUE_ALL: &str = "INSERT INTO index_queue (email_id, account_id, body_id, gone) \
     SELECT id, account_id, body_id, 0 FROM email WHERE true ON CONFLICT (email_id) DO NOTHING";
pub(super) const DOCUMENTS: Listed = Listed::new(
    "i",
    "SELECT version, subject, from_name, from_address, to_text, date_at, message_id, \
     thread_key, preview, attachments, urgency, coding, confidence, envelope, structure, search_text, body_id \
     FROM derived WHERE body_id IN (VALUES {})",
);
/// The column of the body there.
pub(super) const DOCUMENT_BODY: usize = 16;
/// Only as it was read: an email expunged meanwhile stays in the queue as gone.
pub(super) const TAKEN: Listed = Listed::new(
    "ii",
    "WITH v(k, g) AS (VALUES {}) DELETE FROM index_queue \
     WHERE email_id IN (SELECT k FROM v) AND (email_id, gone) IN (SELECT k, g FROM v)",
);
const GENERATION: &str = "search_generation";
const BATCH: &str = "search_batch";

/// When the index file is lost, of another database or behind it, everything is queued again.
pub(crate) async fn queue_if_lost(store: &Store) -> Result<(), Error> {
    let index = &store.0.search;
    let number = |text: Option<String>| text.and_then(|text| text.parse::<i64>().ok());
    let generation = number(store.setting(GENERATION).await?);
    let batch = number(store.setting(BATCH).await?).unwrap_or(0);
    let (has_generation, has_batch) = index.marks().await?;
    if generation == Some(has_generation) && has_batch >= batch {
        return Ok(());
    }
    tracing::info!("the search index is filled again");
    let fresh = store.next_id(crate::clock::now_ms());
    index.empty(fresh).await?;
    store
        .write(move |txn| {
            Box::pin(async move {
                txn.conn.run(QUEUE_ALL, values![]).await?;
                for (key, value) in [(GENERATION, fresh), (BATCH, 0)] {
                    txn.conn
                        .run(crate::setting::SET, values![key, value.to_string()])
                        .await?;
                }
                txn.wakes.index = true;
                Ok(())
            })
        })
        .await
}

/// Fills the index until the store is gone.
pub(crate) async fn keep_index(store: Weak<Inner>, came: Arc<Notify>) {
    loop {
        let Some(inner) = store.upgrade() else { return };
        let more = match step(&Store(inner)).await {
            Ok(taken) => taken >= INDEX_BATCH,
            Err(cause) => {
                tracing::warn!(%cause, "the search index could not be filled");
                tokio::time::sleep(Duration::from_secs(1)).await;
                false
            }
        };
        if !more {
            // A moment's patience makes one transaction of a burst; fresh letters are found without the index.
            let _ = tokio::time::timeout(Duration::from_secs(5), came.notified()).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Takes one batch; how many emails it had.
pub(crate) async fn step(store: &Store) -> Result<usize, Error> {
    let mut conn = store.read().await?;
    let limit = i64::try_from(INDEX_BATCH).unwrap_or(i64::MAX);
    let queue = conn.rows(QUEUE, values![limit]).await?;
    if queue.is_empty() {
        return Ok(0);
    }
    let (mut bodies, mut letters) = (Vec::new(), Vec::new());
    for row in &queue {
        if !row.flag(3)? {
            bodies.push(row.int(2)?);
            letters.push((AccountId(row.int(1)?), BodyId(row.int(2)?)));
        }
    }
    bodies.sort_unstable();
    bodies.dedup();
    let values = bodies.into_iter().map(|body| values![body]).collect();
    let rows = listed_rows(&mut conn, &DOCUMENTS, values).await?;
    drop(conn);
    let documents = tokio::task::spawn_blocking(move || {
        rows.iter()
            .map(|row| {
                Ok((
                    row.int(DOCUMENT_BODY)?,
                    Arc::new(Document::of(&derived_row(row)?)),
                ))
            })
            .collect::<Result<HashMap<i64, Arc<Document>>, Error>>()
    })
    .await
    .map_err(|cause| Error::Broken(cause.to_string()))??;
    let rereads = store.rereads(&letters).await?;
    let (mut entries, mut taken) = (Vec::with_capacity(queue.len()), Vec::new());
    for row in &queue {
        let gone = row.flag(3)?;
        taken.extend(values![row.int(0)?, row.int(3)?]);
        let (account, body) = (AccountId(row.int(1)?), BodyId(row.int(2)?));
        let document = match rereads.get(&(account, body)) {
            _ if gone => None,
            // Few: letters in a coding their reader chose.
            Some(reread) => {
                let derived = store.derived_as_read(body, Some(reread)).await?;
                Some(Arc::new(Document::of(&derived)))
            }
            None => documents.get(&body.0).map(Arc::clone),
        };
        entries.push(Entry {
            email: EmailId(row.int(0)?),
            account,
            document,
        });
    }
    // First the index is on disk, then the queue forgets: after a crash between the two they are taken again.
    let index = &store.0.search;
    let batch = index.marks().await?.1 + 1;
    index.take(&entries, batch).await?;
    store
        .write(move |txn| {
            Box::pin(async move {
                insert(&mut txn.conn, &TAKEN, taken).await?;
                let values = values![BATCH, batch.to_string()];
                txn.conn.run(crate::setting::SET, values).await.map(drop)
            })
        })
        .await?;
    Ok(entries.len())
}
