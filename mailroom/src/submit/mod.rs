//! A letter from one of us: Sent copy where asked, local copies and outbox rows in one transaction. (RFC 6409)

mod complete;
mod draft;
mod fate;
mod held;
mod material;

use bytes::Bytes;
use store::*;

use crate::answering::Accepted;
use crate::directory::Recipient;
use crate::receive::places::Places;
use crate::receive::{Onward, Peer, RcptTo, Verdict, fields};
use crate::{Actor, Error, Mailroom, derive, mask};

pub use draft::{Draft, DraftFile};

#[derive(Clone, Debug)]
pub struct Outgoing {
    pub trace: TraceId,
    pub peer: Peer,
    pub mail_from: String,
    pub recipients: Vec<RcptTo>,
    pub raw: Bytes,
    pub smtputf8: bool,
    pub envid: Option<String>,
    pub ret: Option<String>,
    pub priority: i8,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unsendable {
    NoRecipient,
    /// These addresses do not exist here (or are closed).
    Unknown(Vec<String>),
    Malformed(Vec<String>),
    /// These mailboxes of ours are full.
    Full(Vec<String>),
    TooLarge,
    TooMany,
    MayNotSendAs,
    /// The account or its unit has sent as much as it may on a day.
    SendingLimit,
    /// Our disk is below its reserve.
    DiskFull,
}

/// One letter on its way out, however it was handed in.
pub(crate) struct Handed {
    pub trace: TraceId,
    pub peer: Peer,
    pub mail_from: String,
    pub recipients: Vec<RcptTo>,
    /// Complete, without our trace fields.
    pub raw: Bytes,
    pub smtputf8: bool,
    pub envid: Option<String>,
    pub ret: Option<String>,
    pub priority: i8,
    pub onward: Onward,
    /// Whose letter it is.
    pub account: AccountId,
    /// The Sent copy, for letters composed here.
    pub own_copy: Option<LocalCopy>,
    pub replaces: Vec<(MailboxId, u32)>,
    /// When it is to leave; None is now.
    pub release: Option<i64>,
}

impl Mailroom {
    /// Submission by SMTP: completes Date/Message-ID, removes Bcc, checks ownership again. No Sent copy (clients APPEND).
    pub async fn submit(
        &self,
        actor: &Actor,
        outgoing: Outgoing,
    ) -> Result<Result<TraceId, Unsendable>, Error> {
        self.submit_for(actor, outgoing, Onward::AnyWay).await
    }

    /// As `submit`, saying how the letter may travel.
    pub async fn submit_for(
        &self,
        actor: &Actor,
        outgoing: Outgoing,
        onward: Onward,
    ) -> Result<Result<TraceId, Unsendable>, Error> {
        self.submit_at(actor, outgoing, onward, None).await
    }

    /// As `submit_for`, for letters that are to wait until `release` (RFC 4865), for recipients here too.
    pub async fn submit_at(
        &self,
        actor: &Actor,
        outgoing: Outgoing,
        onward: Onward,
        release: Option<i64>,
    ) -> Result<Result<TraceId, Unsendable>, Error> {
        let senders = complete::from_addresses(&outgoing.raw);
        let Some(account) = self.owner(actor, &outgoing.mail_from, &senders).await? else {
            return Ok(Err(Unsendable::MayNotSendAs));
        };
        let now = self.now();
        let missing = complete::Missing {
            from: (
                actor.name.as_str(),
                if outgoing.mail_from.is_empty() {
                    &actor.address
                } else {
                    &outgoing.mail_from
                },
            ),
            message_id: &self.new_message_id(&actor.address, now),
            at: now,
        };
        let raw = complete::completed(&outgoing.raw, &missing);
        self.hand_in(
            actor,
            Handed {
                trace: outgoing.trace,
                peer: outgoing.peer,
                mail_from: outgoing.mail_from,
                recipients: outgoing.recipients,
                raw: raw.into(),
                smtputf8: outgoing.smtputf8,
                envid: outgoing.envid,
                ret: outgoing.ret,
                priority: outgoing.priority,
                onward,
                account,
                own_copy: None,
                replaces: Vec::new(),
                // A demo keeps everything inside, at once.
                release: release.filter(|at| *at > now && self.policy().sink_address.is_none()),
            },
        )
        .await
        .map(|handed| handed.map(|(trace, _)| trace))
    }

    /// Whose letter it is: the unit's own account when sent in the unit's name, because there its fate is looked for. `None`:
    /// the envelope sender or a From address is not the actor's to use (RFC 6409 §6.1). A null sender is allowed: receipts
    /// and automatic answers have it.
    async fn owner(
        &self,
        actor: &Actor,
        mail_from: &str,
        senders: &[String],
    ) -> Result<Option<AccountId>, Error> {
        let owner = if mail_from.is_empty() {
            let active = self.is_active(actor.principal).await?;
            active.then_some(actor.principal)
        } else {
            let owner = self.owner_to_send_as(actor, mail_from).await?;
            owner.map(|owner| owner.id)
        };
        let Some(owner) = owner else {
            return Ok(None);
        };
        let envelope = crate::address::normal(mail_from);
        let others =
            |address: &&String| envelope.is_none() || crate::address::normal(address) != envelope;
        for address in senders.iter().filter(others) {
            if !self.may_send_as(actor, address).await? {
                return Ok(None);
            }
        }
        Ok(Some(AccountId::from(owner)))
    }

    /// One transaction for everything that the letter becomes. Sender and recipients were checked by the caller.
    pub(crate) async fn hand_in(
        &self,
        actor: &Actor,
        handed: Handed,
    ) -> Result<Result<(TraceId, Vec<Placed>), Unsendable>, Error> {
        if let Some(fault) = self.unsendable(&handed) {
            return Ok(Err(fault));
        }
        if self.is_disk_full() {
            return Ok(Err(Unsendable::DiskFull));
        }
        let now = self.now();
        let mut places = match handed.release {
            Some(_) => Places::waiting(&handed.recipients),
            None => Places::of(&handed.recipients, Verdict::Inbox),
        };
        if places.is_empty() {
            return Ok(Err(Unsendable::NoRecipient));
        }
        self.outside_to_sink(&mut places).await?;
        let (counted, _place) = match self.may_send(actor, &places.outside()).await? {
            Some(place) => place.unzip(),
            None => return Ok(Err(Unsendable::SendingLimit)),
        };
        let met = self.written(handed.account, &places.outside()).await?;
        // Whoever writes does not pay for where the letter is forwarded.
        if handed.release.is_none() {
            self.forwards_into(&mut places, &handed.raw).await?;
            self.outside_to_sink(&mut places).await?;
        }
        let host_name = &self.policy().host_name;
        // The trace knows the address a letter was handed in from; the recipients need not.
        let peer = Peer {
            ip: String::new(),
            helo: "authenticated".into(),
            tls: handed.peer.tls.clone(),
        };
        let arrival = fields::Arrival {
            host_name,
            peer: &peer,
            trace: handed.trace,
            mail_from: &handed.mail_from,
            only_recipient: None,
            smtputf8: handed.smtputf8,
            authenticated: true,
            auth_results: "",
            at: now,
        };
        let front = fields::front(&arrival);
        let raw = crate::header::rewritten(
            front.as_bytes(),
            &handed.raw,
            &fields::forged(&handed.raw, host_name),
        );
        let body = derive::body(self.store(), now, raw.into()).await?;
        let submission = places
            .submission(
                self,
                handed.account,
                handed.mail_from.clone(),
                &handed.envid,
                &handed.ret,
                handed.smtputf8,
                now,
            )
            .map(|submission| NewSubmission {
                due_at: handed.release.unwrap_or(submission.due_at),
                // The time to try begins with the release.
                expires_at: submission.expires_at + handed.release.map_or(0, |at| at - now),
                priority: handed.priority,
                requiretls: handed.onward == Onward::OnlyTls,
                ..submission
            });
        let mut copies = places.copies(now);
        copies.extend(handed.own_copy);
        let letter = Accepted {
            raw: &handed.raw,
            mail_from: &handed.mail_from,
            trace: handed.trace,
        };
        let owed = self.answers_owed(&letter, places.accounts()).await?;
        let delivery = Delivery {
            trace: Some(NewTrace {
                id: handed.trace,
                direction: "submit",
                at: now,
                peer_ip: handed.peer.ip,
                helo: handed.peer.helo,
                tls: handed.peer.tls,
                principal: Some(actor.principal),
                mail_from: handed.mail_from.clone(),
                auth_results: String::new(),
                events: places.events(""),
            }),
            body,
            copies,
            submission,
            replaces: handed.replaces,
        };
        let placed = self.placed_with(delivery, counted, owed, met).await?;
        tracing::info!(trace = %handed.trace, from = %mask(&handed.mail_from), copies = placed.len(), "letter handed in");
        Ok(Ok((handed.trace, placed)))
    }

    fn unsendable(&self, handed: &Handed) -> Option<Unsendable> {
        if handed.recipients.is_empty() {
            return Some(Unsendable::NoRecipient);
        }
        if handed.recipients.len() > self.policy().recipients_max {
            return Some(Unsendable::TooMany);
        }
        if handed.raw.len() > self.policy().message_bytes_max {
            return Some(Unsendable::TooLarge);
        }
        let with = |wanted: fn(&Recipient) -> bool| -> Vec<String> {
            handed
                .recipients
                .iter()
                .filter(|one| wanted(&one.resolved))
                .map(|one| one.address.clone())
                .collect()
        };
        let unknown = with(|to| {
            matches!(
                to,
                Recipient::Unknown | Recipient::Disabled | Recipient::Returns { .. }
            )
        });
        if !unknown.is_empty() {
            return Some(Unsendable::Unknown(unknown));
        }
        let full = with(|to| matches!(to, Recipient::Full(_)));
        (!full.is_empty()).then_some(Unsendable::Full(full))
    }

    /// Unique, and says nothing but our domain.
    pub(crate) fn new_message_id(&self, address: &str, now: i64) -> String {
        let domain = crate::address::domain_of(address);
        let domain = if domain.is_empty() {
            self.policy().host_name.clone()
        } else {
            domain
        };
        format!("{:x}.congthu@{domain}", self.store().next_id(now))
    }
}
