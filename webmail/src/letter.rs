//! Opens one letter for a page: its row, its bytes, what they say. Parsing runs off the network threads.

use crate::fault::Fault;
use bytes::Bytes;
use mailroom::Access;
use mailroom::letter::Letter;
use mailroom::reading::Chosen;
use std::sync::Arc;
use store::{EmailId, EmailRow};
use viet::Coding;

/// A letter, opened and read.
pub struct Opened {
    pub row: EmailRow,
    pub raw: Bytes,
    pub letter: Arc<Letter>,
    /// The reader's choice of coding that was followed.
    pub followed: Option<Coding>,
}

pub async fn open(access: &Access, email: EmailId) -> Result<Opened, Fault> {
    let row = access.email(email).await?;
    let raw = access.body(row.mailbox, row.uid).await?;
    let chosen = access.chosen_coding(&row).await?;
    let (letter, followed) = read(raw.clone(), chosen).await?;
    Ok(Opened {
        row,
        raw,
        letter: Arc::new(letter),
        followed,
    })
}

async fn read(raw: Bytes, chosen: Chosen) -> Result<(Letter, Option<Coding>), Fault> {
    let reading = tokio::task::spawn_blocking(move || {
        mailroom::letter::read_as_chosen(&raw, chosen.own, chosen.correspondent)
    });
    reading.await.map_err(|cause| {
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
