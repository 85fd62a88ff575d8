//! The text inside attached files, for the search: which files of a letter can be read, the queue of letters waiting for
//! it, and what becomes of the text. Reads no file itself: whoever takes a letter from here does that in a process that
//! can be killed.

use std::time::Duration;

use extract::Kind;
use store::BodyId;

use crate::letter::{self, Attachment, Letter};
use crate::{Error, Mailroom, limits};

/// One attached file to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub kind: Kind,
    /// What the letter says a plain text is in.
    pub charset: Option<String>,
    pub bytes: Vec<u8>,
}

/// A letter whose attached files are to be read.
#[derive(Debug)]
pub struct Due {
    body: BodyId,
    tries: u32,
    pub files: Vec<File>,
}

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Text(String),
    /// It cannot be read, now or ever.
    Never(String),
    /// It might be read another time: the reader was killed.
    Later(String),
}

/// The files of a letter whose text can be read.
pub(crate) fn files(letter: &Letter) -> impl Iterator<Item = (&Attachment, Kind)> {
    letter
        .attachments
        .iter()
        .filter(|file| file.size > 0 && file.size <= extract::FILE_BYTES_MAX)
        .filter_map(|file| Some((file, Kind::of(&file.name, &file.media_type)?)))
        .take(limits::ATTACHED_FILES_MAX)
}

impl Mailroom {
    /// The next letter whose files wait to be read, with their bytes. Letters that turn out to have none, or that nobody
    /// holds any more, leave the queue on the way.
    pub async fn attached_next(&self) -> Result<Option<Due>, Error> {
        while let Some(due) = self
            .store()
            .attached_claim(limits::ATTACHED_LEASE_MS)
            .await?
        {
            if due.tries > limits::ATTACHED_TRIES_MAX {
                tracing::warn!(
                    body = due.body.0,
                    "attached files could not be read: given up"
                );
            } else if self.store().body_is_held(due.body).await? {
                let raw = match self.store().body(due.body).await {
                    Err(store::Error::Missing(_)) => Default::default(),
                    other => other?,
                };
                let files = tokio::task::spawn_blocking(move || files_of(&raw))
                    .await
                    .map_err(|cause| Error::Broken(cause.to_string()))?;
                if !files.is_empty() {
                    return Ok(Some(Due {
                        body: due.body,
                        tries: due.tries,
                        files,
                    }));
                }
            }
            self.store().attached_forget(due.body).await?;
        }
        Ok(None)
    }

    /// Takes what became of a letter's files, in their order: their text can be found from now on. Files that may be read
    /// another time put the letter back into the queue, a few times.
    pub async fn attached_done(&self, due: Due, outcomes: &[Outcome]) -> Result<(), Error> {
        let mut text = String::new();
        let mut again = false;
        for (file, outcome) in due.files.iter().zip(outcomes) {
            match outcome {
                Outcome::Text(read) => add(&mut text, &file.name, read),
                Outcome::Never(cause) => {
                    tracing::info!(body = due.body.0, kind = file.kind.as_str(), %cause, "an attached file has no readable text");
                }
                Outcome::Later(cause) => {
                    again = true;
                    tracing::warn!(body = due.body.0, kind = file.kind.as_str(), tries = due.tries, %cause, "an attached file was not read");
                }
            }
        }
        let again =
            (again && due.tries < limits::ATTACHED_TRIES_MAX).then_some(limits::ATTACHED_RETRY_MS);
        let mut waits = 0;
        while !self
            .store()
            .attached_put(due.body, text.clone(), again)
            .await?
        {
            waits += 1;
            if waits > limits::ATTACHED_WAITS_MAX {
                let after = limits::ATTACHED_RETRY_MS;
                return Ok(self.store().attached_later(due.body, after).await?);
            }
            tokio::time::sleep(Duration::from_millis(limits::ATTACHED_WAIT_MS)).await;
        }
        Ok(())
    }

    /// Letters whose files are still to be read.
    pub async fn attached_left(&self) -> Result<i64, Error> {
        Ok(self.store().attached_left().await?)
    }
}

fn files_of(raw: &[u8]) -> Vec<File> {
    let letter = letter::read(raw);
    files(&letter)
        .filter_map(|(file, kind)| {
            Some(File {
                name: file.name.clone(),
                kind,
                charset: file.charset.clone(),
                bytes: letter::attachment(raw, &file.part)?,
            })
        })
        .collect()
}

/// Mark, name, line end, text; whole or, when there is no room for all, its beginning.
fn add(all: &mut String, name: &str, text: &str) {
    let room = limits::ATTACHED_TEXT_BYTES_MAX.saturating_sub(all.len() + name.len() + 2);
    let text = text
        .get(..text.floor_char_boundary(room.min(text.len())))
        .unwrap_or_default();
    if text.trim().is_empty() {
        return;
    }
    let clean = |text: &str| text.replace(store::FILE_MARK, " ");
    all.push(store::FILE_MARK);
    all.push_str(&clean(name).replace('\n', " "));
    all.push('\n');
    all.push_str(&clean(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_files_are_bounded_together() {
        let mut all = String::new();
        for _ in 0..5 {
            add(&mut all, "tờ\ntrình.pdf", &"đê ".repeat(100_000));
        }
        add(&mut all, "trống.pdf", " \n");
        assert!(all.len() <= limits::ATTACHED_TEXT_BYTES_MAX);
        assert!(store::file_texts(&all).all(|(name, _)| name == "tờ trình.pdf"));
    }
}
