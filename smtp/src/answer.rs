//! Answers a session's questions from the mailroom and the checks. Knows no socket and no protocol line; failures are logged
//! here once and become "later".

use crate::check::{Checks, Envelope, Judged};
use crate::cmd::data::code_and_reason;
use crate::delivered::Wanted;
use crate::limits::{HOLD_SECS_MAX, REFUSALS_RECORDED_MAX};
use crate::proto::params::Hold;
use crate::proto::{Answer, Ask, Fate, Letter, Refusal, Rejection, Trouble};
use crate::report::Reader;
use mailroom::directory::Recipient;
use mailroom::receive::{Incoming, Onward, Peer, Refused, Verdict};
use mailroom::submit::{Outgoing, Unsendable};
use mailroom::{Actor, Denied, Error, Mailroom, mask, signin};
use std::net::IpAddr;
use std::sync::Arc;
use store::TraceId;

/// What a listener asks.
pub(crate) struct World {
    pub(crate) room: Mailroom,
    pub(crate) checks: Option<Arc<Checks>>,
    pub(crate) reports: Reader,
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
            Ask::Recipient { address } => Answer::Recipient(self.recipient(&address).await),
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
            Ask::ScramBegin {
                said,
                plus,
                exporter,
            } => {
                let exporter = exporter.as_ref().map(|bytes| bytes.as_slice());
                let channel = signin::Channel { plus, exporter };
                let door = signin::Door::Submission;
                let entry = self
                    .room
                    .scram_begin(door, &said, channel, &ip.to_string())
                    .await;
                note_refusal(&entry, ip);
                let boxed = entry.map(|begun| begun.map(|(scram, said)| (Box::new(scram), said)));
                Answer::Challenge(boxed.map_err(|cause| trouble("sign-in", &cause)))
            }
            Ask::ScramFinish { exchange, said } => {
                let entry = self.room.scram_finish(*exchange, &said).await;
                note_refusal(&entry, ip);
                Answer::Proven(entry.map_err(|cause| trouble("sign-in", &cause)))
            }
            Ask::Record(refusal) => Answer::Recorded(self.record(&refusal)),
            Ask::Message(letter) => Answer::Message(self.message(*letter, ip).await),
        }
    }

    /// Who this is; a domain in A-labels is also looked up as people write it.
    async fn recipient(&self, address: &str) -> Result<Recipient, Trouble> {
        let resolve = async |address: &str| {
            self.room
                .resolve(address)
                .await
                .map_err(|cause| trouble("recipient", &cause))
        };
        let found = resolve(address).await?;
        match (&found, address.rsplit_once('@')) {
            (Recipient::Elsewhere { .. }, Some((local, domain))) if domain.contains("xn--") => {
                let (shown, read) = idna::domain_to_unicode(domain);
                match (read, resolve(&format!("{local}@{shown}")).await?) {
                    (Ok(()), Recipient::Elsewhere { .. }) | (Err(_), _) => Ok(found),
                    (Ok(()), ours) => Ok(ours),
                }
            }
            _ => Ok(found),
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
                Fate::Taken(trace)
            }
            Err(Declined {
                why,
                traced: Some(trace),
                ..
            }) => Fate::Refused(why, trace),
            Err(Declined {
                why,
                words,
                traced: None,
            }) => {
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
    async fn receive(&self, letter: Letter, ip: IpAddr) -> Result<TraceId, Declined> {
        let Letter {
            peer, mail, body, ..
        } = letter;
        let judged = match &self.checks {
            Some(checks) => {
                let rcpt_to: Vec<String> = mail
                    .recipients
                    .iter()
                    .map(|to| to.address.clone())
                    .collect();
                let envelope = Envelope {
                    ip,
                    helo: &peer.helo,
                    mail_from: &mail.sender,
                    rcpt_to: &rcpt_to,
                };
                let known = self.room.acquaintance(&mail.recipients, &body.bytes);
                let known = known.await.unwrap_or_else(|cause| {
                    // No opinion costs nobody a letter.
                    tracing::warn!(%cause, "cannot see whether the author is known");
                    None
                });
                checks.judge_met(&envelope, &body.bytes, known).await
            }
            None => Judged::unchecked(),
        };
        let verdict = judged.verdict.map_err(|why| Declined {
            why,
            words: judged.reasons.join("; "),
            traced: None,
        })?;
        if verdict == Verdict::Junk {
            metrics::counter!("smtp_junk_total").increment(1);
        }
        let onward = onward(mail.params.requiretls);
        let trace = self.room.new_trace();
        let sender = if judged.sender_proven {
            mail.sender.as_str()
        } else {
            ""
        };
        let asked = (&mail.params.envid, &mail.params.ret);
        let now = self.room.now();
        let wanted = Wanted::of(sender, &mail.recipients, asked, &body.bytes, now);
        let to: Vec<String> = mail
            .recipients
            .iter()
            .map(|to| to.address.clone())
            .collect();
        let (raw, auth_results) = (body.bytes.clone(), judged.auth_results.clone());
        let incoming = Incoming {
            trace,
            peer,
            mail_from: mail.sender,
            recipients: mail.recipients,
            raw: body.bytes.clone(),
            smtputf8: mail.params.smtputf8,
            auth_results: judged.auth_results,
            proven: judged.author_proven,
            verdict,
            reasons: judged.reasons,
            envid: mail.params.envid,
            ret: mail.params.ret,
        };
        // The mailroom writes its own refusals down under the same trace.
        let refused = |why| Declined {
            why,
            words: String::new(),
            traced: Some(trace),
        };
        match self.room.receive_for(incoming, onward).await {
            Ok(Ok(trace)) => {
                self.reports.delivered(&to, &raw, &auth_results);
                if let Some(wanted) = wanted {
                    wanted.tell(&self.room, trace).await;
                }
                Ok(trace)
            }
            Ok(Err(Refused::Loop)) => Err(refused(Rejection::Loop)),
            Ok(Err(Refused::OverQuota)) => Err(refused(Rejection::OverQuota)),
            Ok(Err(Refused::DiskFull)) => Err(refused(Rejection::DiskFull)),
            Ok(Err(Refused::Harmful)) => Err(refused(Rejection::Malware)),
            Ok(Err(Refused::Unreadable)) => Err(refused(Rejection::Unreadable)),
            Err(cause) => Err(failed("receive", &cause)),
        }
    }

    /// A letter from one of us.
    async fn submit(&self, actor: &Actor, letter: Letter) -> Result<TraceId, Declined> {
        let Letter {
            peer, mail, body, ..
        } = letter;
        let onward = onward(mail.params.requiretls);
        let asked = (&mail.params.envid, &mail.params.ret);
        let now = self.room.now();
        let release = match mail.params.hold.map(|hold| release_at(hold, now)) {
            None => None,
            Some(Some(at)) => Some(at),
            Some(None) => {
                return Err(Declined {
                    why: Rejection::TooLate,
                    words: String::new(),
                    traced: None,
                });
            }
        };
        let wanted = match release {
            // Nobody has it yet.
            Some(_) => None,
            None => Wanted::of(&mail.sender, &mail.recipients, asked, &body.bytes, now),
        };
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
        match self.room.submit_at(actor, outgoing, onward, release).await {
            Ok(Ok(trace)) => {
                if let Some(wanted) = wanted {
                    wanted.tell(&self.room, trace).await;
                }
                Ok(trace)
            }
            Ok(Err(why)) => Err(Declined {
                why: unsendable(&why),
                words: String::new(),
                traced: None,
            }),
            Err(cause) => Err(failed("submit", &cause)),
        }
    }
}

/// A message that was not taken.
struct Declined {
    why: Rejection,
    /// More for the trace than the reply says.
    words: String,
    /// Where the mailroom has written it down already.
    traced: Option<TraceId>,
}

/// Unix ms; None when it is further away than we keep letters (RFC 4865 §4).
fn release_at(hold: Hold, now: i64) -> Option<i64> {
    let ms = |secs: u64| i64::try_from(secs).ok()?.checked_mul(1_000);
    let at = match hold {
        Hold::For(secs) => now.checked_add(ms(secs)?)?,
        Hold::Until(secs) => ms(secs)?,
    };
    (at <= now.checked_add(ms(HOLD_SECS_MAX)?)?).then_some(at)
}

fn onward(requiretls: bool) -> Onward {
    if requiretls {
        Onward::OnlyTls
    } else {
        Onward::AnyWay
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
        Unsendable::SendingLimit => Rejection::SendingLimit,
        Unsendable::DiskFull => Rejection::DiskFull,
    }
}

/// An error of the mailroom at the end of data: over quota is a refusal, everything else is ours and comes later.
fn failed(what: &'static str, cause: &Error) -> Declined {
    let why = match cause {
        Error::Denied(Denied::OverLimit) => Rejection::OverQuota,
        _ => {
            let Trouble = trouble(what, cause);
            Rejection::Later
        }
    };
    Declined {
        why,
        words: String::new(),
        traced: None,
    }
}

fn note_refusal<T>(entry: &Result<Result<T, signin::NoEntry>, Error>, ip: IpAddr) {
    if let Ok(Err(why)) = entry {
        metrics::counter!("smtp_sign_in_failures_total").increment(1);
        tracing::info!(%ip, ?why, "SCRAM sign-in refused");
    }
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
