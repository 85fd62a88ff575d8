//! Success told where it was asked for: NOTIFY=SUCCESS for recipients in a mailbox here. One letter for all of them, after
//! the commit; never to a sender nobody has proven, who may be somebody else's address.  (RFC 3461 §4.1, §5.2.3, RFC 3464)

use crate::dsn::{self, Action, Report, Told};
use bytes::Bytes;
use mailroom::directory::Recipient;
use mailroom::receive::RcptTo;
use mailroom::{Mailroom, mask};
use store::TraceId;

/// What of a letter a report needs, kept while the letter itself is handed over.
pub(crate) struct Wanted {
    mail_from: String,
    envid: Option<String>,
    ret: Option<String>,
    told: Vec<Told>,
    raw: Bytes,
}

impl Wanted {
    /// None where nobody asked, or there is nobody to tell.
    pub(crate) fn of(
        mail_from: &str,
        recipients: &[RcptTo],
        (envid, ret): (&Option<String>, &Option<String>),
        raw: &Bytes,
        now: i64,
    ) -> Option<Wanted> {
        let told: Vec<Told> = recipients
            .iter()
            .filter_map(|to| Some((to, action(&to.resolved)?)))
            .filter(|(to, action)| action.is_wanted(to.notify.as_deref()))
            .map(|(to, action)| Told {
                recipient: to.address.clone(),
                orcpt: to.orcpt.clone(),
                action,
                status: dsn::status_of(action, None, None),
                host: String::new(),
                said: String::new(),
                at: now,
                until: None,
            })
            .collect();
        (!mail_from.is_empty() && !told.is_empty()).then(|| Wanted {
            mail_from: mail_from.to_owned(),
            envid: envid.clone(),
            ret: ret.clone(),
            told,
            raw: raw.clone(),
        })
    }

    /// The letter is on disk; a report that cannot be sent is logged and costs nobody the letter.
    pub(crate) async fn tell(self, room: &Mailroom, trace: TraceId) {
        let domain = match room.domains().await {
            Ok(domains) => domains.into_iter().next().unwrap_or_default(),
            Err(cause) => return failed(trace, &cause),
        };
        let now = room.now();
        let raw = dsn::build(&Report {
            host_name: &room.policy().host_name,
            postmaster: &format!("postmaster@{domain}"),
            to: &self.mail_from,
            now,
            arrived_at: now,
            trace: trace.0,
            envid: self.envid.as_deref(),
            ret: self.ret.as_deref(),
            told: &self.told,
            original: &self.raw,
        });
        match room.send_report(&self.mail_from, raw.into(), trace).await {
            Ok(_) => {
                metrics::counter!("smtp_success_reports_total").increment(1);
                tracing::debug!(%trace, to = %mask(&self.mail_from), "success reported");
            }
            Err(cause) => failed(trace, &cause),
        }
    }
}

/// What arrival here means for a recipient; None where the letter goes on to somewhere else.
fn action(resolved: &Recipient) -> Option<Action> {
    match resolved {
        Recipient::Local { accounts, outside } if accounts.len() + outside.len() > 1 => {
            Some(Action::Expanded)
        }
        Recipient::Local { accounts, .. } if !accounts.is_empty() => Some(Action::Delivered),
        // A list with one member elsewhere.
        Recipient::Local { .. } => Some(Action::Expanded),
        Recipient::Full(_) => Some(Action::Delivered),
        _ => None,
    }
}

fn failed(trace: TraceId, cause: &mailroom::Error) {
    metrics::counter!("smtp_success_reports_failed_total").increment(1);
    tracing::warn!(%trace, %cause, "a success report was not sent");
}
