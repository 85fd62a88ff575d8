//! Answers a session's questions from the mailroom and the checks. Knows no socket and no protocol line; failures are logged
//! here once and become "later".

use crate::check::{Checks, Judged};
use crate::cmd::data::code_and_reason;
use crate::limits::REFUSALS_RECORDED_MAX;
use crate::proto::{Answer, Ask, Fate, Letter, Refusal, Rejection, Trouble};
use mailroom::receive::{Incoming, Peer, Refused, Verdict};
use mailroom::submit::{Outgoing, Unsendable};
use mailroom::{Actor, Denied, Error, Mailroom, mask, signin};
use std::net::IpAddr;
use std::sync::Arc;
use store::TraceId;

/// What a listener asks.
pub(crate) struct World {
    pub(crate) room: Mailroom,
    pub(crate) checks: Option<Arc<Checks>>,
}

impl World {
    pub(crate) async fn answer(&self, ask: Ask, ip: IpAddr) -> Answer {
        match ask {
            Ask::Sender { actor, address } => Answer::Sender(
                self.room
                    .may_send_as(&actor, &address)
                    .await
                    .map_err(|cause| trouble("sender", &cause)),
            ),
            Ask::Recipient { address } => Answer::Recipient(
                self.room
                    .resolve(&address)
                    .await
                    .map_err(|cause| trouble("recipient", &cause)),
            ),
            Ask::SignIn { user, secret } => {
                let entry = self
                    .room
                    .sign_in(
                        signin::Door::Submission,
                        &user,
                        secret.expose(),
                        &ip.to_string(),
                    )
                    .await;
                if let Ok(Err(why)) = &entry {
                    metrics::counter!("smtp_sign_in_failures_total").increment(1);
                    tracing::info!(user = %mask(&user), %ip, ?why, "sign-in refused");
                }
                Answer::SignIn(entry.map_err(|cause| trouble("sign-in", &cause)))
            }
            Ask::Record(refusal) => Answer::Recorded(self.record(&refusal)),
            Ask::Message(letter) => Answer::Message(self.message(*letter, ip).await),
        }
    }

    /// Writes a refusal down, once per recipient, and returns the first trace id.
    fn record(&self, refusal: &Refusal) -> TraceId {
        let Refusal {
            peer,
            mail_from,
            rcpt_to,
            code,
            reason,
        } = refusal;
        metrics::counter!("smtp_refusals_total", "code" => code.to_string()).increment(1);
        tracing::info!(ip = %peer.ip, from = %mask(mail_from), code, reason, "refused");
        let first = rcpt_to.first().map_or("", String::as_str);
        let trace = self.room.refused(peer, mail_from, first, *code, reason);
        for other in rcpt_to.iter().take(REFUSALS_RECORDED_MAX).skip(1) {
            self.room.refused(peer, mail_from, other, *code, reason);
        }
        trace
    }

    async fn message(&self, letter: Letter, ip: IpAddr) -> Fate {
        let peer = letter.peer.clone();
        let mail_from = letter.mail.sender.clone();
        let rcpt_to: Vec<String> = letter
            .mail
            .recipients
            .iter()
            .map(|to| to.address.clone())
            .collect();
        let bytes = letter.body.bytes.len();
        let taken = match letter.actor.clone() {
            Some(actor) => self.submit(&actor, letter).await,
            None => self.receive(letter, ip).await,
        };
        match taken {
            Ok(trace) => {
                metrics::counter!("smtp_messages_total").increment(1);
                metrics::counter!("smtp_message_bytes_total").increment(bytes as u64);
                tracing::info!(%trace, %ip, from = %mask(&mail_from), recipients = rcpt_to.len(), bytes, "taken");
                Fate::Taken(trace)
            }
            Err((why, words)) => {
                let (code, mut reason) = code_and_reason(why);
                if !words.is_empty() {
                    reason = format!("{reason}: {words}");
                }
                let refusal = Refusal {
                    peer,
                    mail_from,
                    rcpt_to,
                    code,
                    reason,
                };
                Fate::Refused(why, self.record(&refusal))
            }
        }
    }

    /// A letter from outside: checked, then received.
    async fn receive(&self, letter: Letter, ip: IpAddr) -> Result<TraceId, (Rejection, String)> {
        let Letter {
            peer, mail, body, ..
        } = letter;
        let judged = match &self.checks {
            Some(checks) => {
                checks
                    .judge(ip, &peer.helo, &mail.sender, &body.bytes)
                    .await
            }
            None => Judged::unchecked(),
        };
        let (verdict, reasons) = match judged.verdict {
            Ok(verdict) => (verdict, judged.reasons),
            Err(why) => return Err((why, judged.reasons.join("; "))),
        };
        if verdict == Verdict::Junk {
            metrics::counter!("smtp_junk_total").increment(1);
        }
        let incoming = Incoming {
            trace: self.room.new_trace(),
            peer,
            mail_from: mail.sender,
            recipients: mail.recipients,
            raw: body.bytes.clone(),
            smtputf8: mail.params.smtputf8,
            auth_results: judged.auth_results,
            verdict,
            reasons,
            envid: mail.params.envid,
            ret: mail.params.ret,
        };
        match self.room.receive(incoming).await {
            Ok(Ok(trace)) => Ok(trace),
            Ok(Err(Refused::Loop)) => Err((Rejection::Loop, String::new())),
            Ok(Err(Refused::OverQuota)) => Err((Rejection::OverQuota, String::new())),
            Ok(Err(Refused::Unreadable)) => Err((Rejection::Unreadable, String::new())),
            Err(cause) => Err(failed("receive", &cause)),
        }
    }

    /// A letter from one of us.
    async fn submit(&self, actor: &Actor, letter: Letter) -> Result<TraceId, (Rejection, String)> {
        let Letter {
            peer, mail, body, ..
        } = letter;
        let outgoing = Outgoing {
            trace: self.room.new_trace(),
            peer,
            mail_from: mail.sender,
            recipients: mail.recipients,
            raw: body.bytes.clone(),
            smtputf8: mail.params.smtputf8,
            envid: mail.params.envid,
            ret: mail.params.ret,
            priority: mail.params.priority,
        };
        match self.room.submit(actor, outgoing).await {
            Ok(Ok(trace)) => Ok(trace),
            Ok(Err(why)) => Err((unsendable(&why), String::new())),
            Err(cause) => Err(failed("submit", &cause)),
        }
    }
}

fn unsendable(why: &Unsendable) -> Rejection {
    match why {
        Unsendable::NoRecipient | Unsendable::Malformed(_) => Rejection::BadRecipient,
        Unsendable::Unknown(_) => Rejection::UnknownRecipient,
        Unsendable::Full(_) => Rejection::OverQuota,
        Unsendable::TooLarge => Rejection::TooLarge,
        Unsendable::TooMany => Rejection::TooManyRecipients,
        Unsendable::MayNotSendAs => Rejection::NotYourSender,
    }
}

/// An error of the mailroom at the end of data: over quota is a refusal, everything else is ours and comes later.
fn failed(what: &'static str, cause: &Error) -> (Rejection, String) {
    if let Error::Denied(Denied::OverLimit) = cause {
        return (Rejection::OverQuota, String::new());
    }
    let Trouble = trouble(what, cause);
    (Rejection::Later, String::new())
}

fn trouble(what: &'static str, cause: &Error) -> Trouble {
    metrics::counter!("smtp_troubles_total", "what" => what).increment(1);
    match cause {
        Error::Later(_) => tracing::warn!(what, %cause, "mailroom says later"),
        _ => tracing::error!(what, %cause, "mailroom failed"),
    }
    Trouble
}

/// Writes down that a handshake failed.
pub(crate) fn record_handshake(room: &Mailroom, ip: IpAddr, cause: &str) {
    metrics::counter!("smtp_tls_failures_total").increment(1);
    let peer = Peer {
        ip: ip.to_string(),
        helo: String::new(),
        tls: String::new(),
    };
    let trace = room.refused(
        &peer,
        "",
        "",
        454,
        &format!("4.7.0 TLS handshake failed: {cause}"),
    );
    tracing::info!(%ip, %trace, cause, "TLS handshake failed");
}
