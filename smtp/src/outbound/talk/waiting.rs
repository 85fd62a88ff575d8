//! Waiting for the peer: what was heard, and how long silence may last.

use super::*;

pub(super) fn heard<T, E: std::error::Error>(
    wire: &Wire,
    said: Result<Result<T, E>, impl Sized>,
) -> Result<Reply, Silence> {
    if let Some(reply) = wire.reply() {
        return Ok(reply);
    }
    Err(Silence(match said {
        Err(_) => "no answer in time".to_string(),
        Ok(Ok(_)) => "no reply was read".to_string(),
        Ok(Err(cause)) => match cause.source() {
            Some(source) => format!("connection lost: {source}"),
            None => format!("connection lost: {cause}"),
        },
    }))
}

/// Waits for `work` as long as bytes keep moving: gives up when none moved for `still`, or after the longest attempt.
pub(super) async fn moving<F: Future>(
    wire: &Wire,
    still: Duration,
    work: F,
) -> Result<F::Output, ()> {
    let end = tokio::time::Instant::now() + limits::ATTEMPT_MAX;
    tokio::pin!(work);
    loop {
        let pause = tokio::time::Instant::from_std(wire.moved_at()) + still;
        let until = pause.min(end);
        match tokio::time::timeout_at(until, &mut work).await {
            Ok(done) => return Ok(done),
            Err(_)
                if until < end
                    && tokio::time::Instant::from_std(wire.moved_at()) + still > until => {}
            Err(_) => return Err(()),
        }
    }
}
