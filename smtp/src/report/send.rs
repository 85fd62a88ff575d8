//! Sends yesterday's reports to those who ask for them in DNS: mail for both kinds, HTTPS too for TLS. A report is handed in
//! before its counts are dropped: after a crash it goes twice, under the same id.

use super::tally::{DAY_MS, Tally};
use super::{dmarc, tls};
use crate::limits::{REPORT_FLUSH_SECS, REPORT_OLD_DAYS, REPORT_ROUND_SECS};
use crate::outbound::https;
use bytes::Bytes;
use mail_auth::common::cache::NoCache;
use mail_auth::mta_sts::{ReportUri, TlsRpt};
use mail_auth::{MessageAuthenticator, Txt};
use mailroom::{Error, Mailroom};
use std::sync::Arc;
use std::time::Duration;
use store::{ReportDay, ReportKind};
use tokio_util::sync::CancellationToken;

/// Who reports.
#[derive(Clone)]
pub struct Config {
    /// Our main domain: the submitter.
    pub domain: String,
    /// The name of the organisation.
    pub organisation: String,
    /// From, and whom to ask, e.g. `postmaster@tinh.example`.
    pub contact: String,
    /// Names, sockets, authorities as for outgoing mail.
    pub outbound: crate::outbound::Config,
}

/// Writes counts down and sends what is due until the word to stop.
pub async fn run(config: Config, room: Mailroom, tally: Arc<Tally>, shutdown: CancellationToken) {
    let mut flush = tokio::time::interval(Duration::from_secs(REPORT_FLUSH_SECS));
    let mut round = tokio::time::interval(Duration::from_secs(REPORT_ROUND_SECS));
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            _ = flush.tick() => note(tally.write_down(&room).await),
            _ = round.tick() => match send_due(&config, &room).await {
                Ok(0) => {}
                Ok(sent) => tracing::info!(sent, "daily reports sent"),
                Err(cause) => tracing::warn!(%cause, "daily reports wait"),
            },
        }
    }
    note(tally.write_down(&room).await);
}

fn note(written: Result<(), Error>) {
    if let Err(cause) = written {
        tracing::warn!(%cause, "counts for reports wait");
    }
}

/// Sends reports about the days before today; how many went.
pub async fn send_due(config: &Config, room: &Mailroom) -> Result<usize, Error> {
    let today = room.now().div_euclid(DAY_MS);
    let mut sent = 0;
    for of in room.report_due(today).await? {
        let counts = room.report_of(&of).await?;
        let told = match of.kind {
            ReportKind::Tls => tls_report(config, room, &of, &counts).await,
            ReportKind::Dmarc => dmarc_report(config, room, &of, &counts).await,
        };
        match told {
            Told::Sent => sent += 1,
            Told::Unwanted => {}
            // DNS or the other side may be better tomorrow; counts this old interest nobody.
            Told::Later if today - of.day < REPORT_OLD_DAYS => continue,
            Told::Later => {}
        }
        room.report_told(&of).await?;
    }
    Ok(sent)
}

enum Told {
    Sent,
    Unwanted,
    Later,
}

impl Config {
    fn id(&self, of: &ReportDay) -> String {
        format!(
            "{}.{}.{}@{}",
            of.kind.as_str(),
            of.day,
            of.domain,
            self.domain
        )
    }
}

async fn tls_report(
    config: &Config,
    room: &Mailroom,
    of: &ReportDay,
    counts: &[(String, i64)],
) -> Told {
    let dns = MessageAuthenticator(config.outbound.resolver.clone());
    let name = format!("_smtp._tls.{}.", of.domain);
    let record = match dns
        .txt_lookup::<TlsRpt>(name, None::<&NoCache<Box<str>, Txt>>)
        .await
    {
        Ok(record) => record,
        Err(cause) if is_silence(&cause) => return Told::Later,
        Err(_) => return Told::Unwanted,
    };
    let begin = of.day * DAY_MS / 1_000;
    let Some(mut report) = tls::build(counts, begin) else {
        return Told::Unwanted;
    };
    report.organization_name = Some(config.organisation.clone());
    report.contact_info = Some(config.contact.clone());
    report.report_id = config.id(of);
    let mut told = Told::Unwanted;
    for rua in record.rua.iter().take(RUA_MAX) {
        let went = match rua {
            ReportUri::Mail(to) => {
                let from = config.contact.as_str();
                let raw =
                    report.to_rfc5322(&of.domain, &config.domain, from, [to.as_str()].into_iter());
                mail(room, to, raw).await
            }
            ReportUri::Http(url) => {
                let json = Bytes::from(report.to_json());
                match https::post(&config.outbound, url, "application/tlsrpt+json", json).await {
                    Ok(()) => true,
                    Err(why) => {
                        tracing::info!(domain = %of.domain, why, "TLS report not taken over HTTPS");
                        false
                    }
                }
            }
        };
        // One taker is enough; the same report is not for all addresses to fail or none.
        told = match (told, went) {
            (Told::Sent, _) | (_, true) => Told::Sent,
            _ => Told::Later,
        };
    }
    told
}

async fn dmarc_report(
    config: &Config,
    room: &Mailroom,
    of: &ReportDay,
    counts: &[(String, i64)],
) -> Told {
    let begin = u64::try_from(of.day * DAY_MS / 1_000).unwrap_or(0);
    let Some((report, rua)) = dmarc::build(counts, begin) else {
        return Told::Unwanted;
    };
    let report = report
        .with_org_name(&config.organisation)
        .with_email(&config.contact)
        .with_report_id(config.id(of));
    let dns = MessageAuthenticator(config.outbound.resolver.clone());
    // An address elsewhere must say that it wants them (RFC 9990 §4): nobody is flooded by a stranger's record.
    let wanted = dns
        .verify_dmarc_report_address(&of.domain, &rua, None::<&NoCache<Box<str>, Txt>>)
        .await;
    let Some(wanted) = wanted else {
        return Told::Later;
    };
    let mut told = Told::Unwanted;
    for to in wanted.into_iter().take(RUA_MAX) {
        let from = config.contact.as_str();
        let raw = report.to_rfc5322(&config.domain, from, [to.as_str()].into_iter());
        if mail(room, to, raw).await {
            told = Told::Sent;
        } else if !matches!(told, Told::Sent) {
            told = Told::Later;
        }
    }
    told
}

/// Addresses of one record that are told.
const RUA_MAX: usize = 4;

/// Hands a report in like any letter of ours: queued, signed, traced.
async fn mail(room: &Mailroom, to: &str, raw: std::io::Result<String>) -> bool {
    let raw = match raw {
        Ok(raw) => raw,
        Err(cause) => {
            tracing::warn!(%cause, "a report cannot be written");
            return false;
        }
    };
    match room.report_send(to, Bytes::from(raw)).await {
        Ok(_) => true,
        Err(cause) => {
            tracing::warn!(to = %mailroom::mask(to), %cause, "a report is not handed in");
            false
        }
    }
}

/// No answer, as against an answer that there is none.
fn is_silence(cause: &mail_auth::Error) -> bool {
    matches!(
        cause,
        mail_auth::Error::Dns(mail_auth::DnsError::Resolver(_))
    )
}
