//! What an engine outside the program says of a letter's content. An engine that is down or slow says nothing: the letter
//! passes and is marked unscanned. Each engine has its time limit, and none may lose or hold mail.

use super::{Envelope, clamav, rspamd};
use crate::limits::ENGINE_MS;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Engines of a site; None is not asked.
#[derive(Clone, Copy, Default, Debug)]
pub struct Engines {
    /// Rspamd's normal worker (HTTP, port 11333).
    pub rspamd: Option<SocketAddr>,
    /// clamd's TCP socket (port 3310).
    pub clamav: Option<SocketAddr>,
}

/// One engine's word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Word {
    Clean,
    /// Looks like junk; why.
    Junk(String),
    /// May do harm, is to be kept apart; why.
    Suspicious(String),
    /// Must not come in: spam beyond doubt; why.
    Spam(String),
    /// Must not come in: malware; which.
    Malware(String),
    /// Could not be asked; why.
    Unscanned(String),
}

impl Engines {
    /// Asks all at once.
    pub(super) async fn ask(&self, envelope: &Envelope<'_>, raw: &[u8]) -> Vec<Word> {
        let spam = async {
            match self.rspamd {
                Some(at) => Some(limited("rspamd", rspamd::ask(at, envelope, raw)).await),
                None => None,
            }
        };
        let malware = async {
            match self.clamav {
                Some(at) => Some(limited("clamav", clamav::ask(at, raw)).await),
                None => None,
            }
        };
        let (spam, malware) = tokio::join!(spam, malware);
        malware.into_iter().chain(spam).collect()
    }
}

async fn limited(name: &'static str, asked: impl Future<Output = io::Result<Word>>) -> Word {
    let why = match tokio::time::timeout(Duration::from_millis(ENGINE_MS), asked).await {
        Ok(Ok(word)) => return word,
        Ok(Err(cause)) => cause.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    metrics::counter!("smtp_unscanned_total", "engine" => name).increment(1);
    tracing::warn!(engine = name, why, "letter passes unscanned");
    Word::Unscanned(format!("unscanned by {name}"))
}
