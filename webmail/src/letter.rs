//! Opens one letter for a page: its row, its bytes, what they say. Parsing runs off the network threads.

use crate::fault::Fault;
use bytes::Bytes;
use mailroom::Access;
use mailroom::letter::Letter;
use std::sync::Arc;
use store::{EmailId, EmailRow};

/// A letter, opened and read.
pub struct Opened {
    pub row: EmailRow,
    pub raw: Bytes,
    pub letter: Arc<Letter>,
}

pub async fn open(access: &Access, email: EmailId) -> Result<Opened, Fault> {
    let row = access.email(email).await?;
    let raw = access.body(row.mailbox, row.uid).await?;
    let letter = read(raw.clone()).await?;
    Ok(Opened {
        row,
        raw,
        letter: Arc::new(letter),
    })
}

async fn read(raw: Bytes) -> Result<Letter, Fault> {
    tokio::task::spawn_blocking(move || mailroom::letter::read(&raw))
        .await
        .map_err(|cause| {
            tracing::error!(%cause, "a letter could not be read");
            Fault::Broken
        })
}

/// The decoded bytes of one part.
pub async fn part(raw: Bytes, section: String) -> Result<Vec<u8>, Fault> {
    tokio::task::spawn_blocking(move || mailroom::letter::attachment(&raw, &section))
        .await
        .map_err(|cause| {
            tracing::error!(%cause, "an attachment could not be read");
            Fault::Broken
        })?
        .ok_or(Fault::NotFound)
}
