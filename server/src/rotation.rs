//! The hourly look after DKIM keys: makes successors ahead, switches when DNS shows them, and says aloud what waits to be
//! published. Knows no key itself.

use crate::config::Config;
use crate::fault::Fault;
use crate::{limits, wire};
use mailroom::Mailroom;
use smtp::dkim::ring::Rules;
use smtp::dkim::{Keys, Tender, Waiting};
use std::collections::HashSet;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const DAY_MS: i64 = 86_400_000;

/// How long keys live here.
pub fn rules(config: &Config) -> Rules {
    let days = |days: u32| i64::from(days) * DAY_MS;
    Rules {
        renew_after: (config.dkim.renew_days > 0).then(|| days(config.dkim.renew_days)),
        settle: limits::DKIM_SETTLE_MS,
        keep: days(config.dkim.keep_days),
    }
}

/// What looks after the keys; `None` where nothing leaves, so that nothing is asked either.
pub fn tender(config: &Config) -> Result<Option<Tender>, Fault> {
    if !config.mail.sink.is_empty() {
        return Ok(None);
    }
    Ok(Some(Tender {
        folder: config.keys().join("dkim"),
        resolver: wire::resolver(&config.outbound.dns, false)?,
        rules: rules(config),
    }))
}

/// Names new selectors.
pub fn tag(now: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
    at.strftime("%Y%m%d").to_string()
}

/// Looks now and every hour until the stop.
pub async fn run(tender: Tender, room: Mailroom, keys: Arc<Keys>, shutdown: CancellationToken) {
    let mut told = HashSet::new();
    loop {
        match look(&tender, &room, &keys).await {
            Ok(waiting) => tell(&waiting, &mut told),
            Err(cause) => {
                tracing::warn!(cause, "cannot look after the DKIM keys");
                metrics::counter!("congthu_dkim_looks_failed_total").increment(1);
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(limits::DKIM_LOOK) => {}
        }
    }
}

async fn look(tender: &Tender, room: &Mailroom, keys: &Keys) -> Result<Vec<Waiting>, String> {
    let domains = room.domains().await.map_err(|cause| cause.to_string())?;
    let now = room.now();
    let looked = tender.look(&domains, keys, &tag(now), now).await;
    looked.map_err(|cause| cause.to_string())
}

/// Each waiting record is said once a run; the gauge goes on saying it.
fn tell(waiting: &[Waiting], told: &mut HashSet<String>) {
    metrics::gauge!("congthu_dkim_records_waiting").set(waiting.len() as f64);
    for one in waiting {
        if told.insert(one.name.clone()) {
            let Waiting { domain, name, text } = one;
            tracing::warn!(%domain, %name, %text, "a DKIM record waits to be published");
        }
    }
}
