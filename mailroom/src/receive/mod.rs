//! A letter from outside (or from one of us to one of us) becomes one Delivery. Parses once, repairs once, decides the target
//! mailbox per recipient, and returns only after the commit (promise 1).

pub(crate) mod fields;
pub(crate) mod places;
pub(crate) mod returns;
pub(crate) mod srs;

use bytes::Bytes;
use store::*;

use crate::answering::Accepted;
use crate::{Denied, Error, Mailroom, derive, header, mask};
use fields::Arrival;
use places::Places;

/// The peer as the SMTP session knows it.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    pub ip: String,
    pub helo: String,
    pub tls: String,
}

/// One accepted envelope recipient.
#[derive(Clone, Debug)]
pub struct RcptTo {
    pub address: String,
    pub notify: Option<String>,
    pub orcpt: Option<String>,
    pub resolved: crate::directory::Recipient,
}

/// What checks/* said about where this belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verdict {
    #[default]
    Inbox,
    Junk,
    /// Kept apart until the owner decides (`quarantine`).
    Quarantine,
}

#[derive(Clone, Debug)]
pub struct Incoming {
    pub trace: TraceId,
    pub peer: Peer,
    /// "" for the null sender.
    pub mail_from: String,
    pub recipients: Vec<RcptTo>,
    /// As received after dot-unstuffing, CRLF lines; without our trace fields.
    pub raw: Bytes,
    pub smtputf8: bool,
    /// The Authentication-Results value without the field name; "" when not checked.
    pub auth_results: String,
    /// SPF, DKIM or DMARC prove that the author's own domain sent it.
    pub proven: bool,
    pub verdict: Verdict,
    /// Why (for the trace), in short words.
    pub reasons: Vec<String>,
    pub envid: Option<String>,
    pub ret: Option<String>,
}

/// How a letter may travel on from here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Onward {
    /// TLS where it is offered.
    AnyWay,
    /// Over TLS with a trusted certificate or not at all (REQUIRETLS, RFC 8689).
    OnlyTls,
}

/// Refusals at the end of data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// 554 5.4.6
    Loop,
    /// 452 4.2.2, for every recipient
    OverQuota,
    /// 452 4.3.1
    DiskFull,
    /// 554 5.6.0
    Unreadable,
    /// 554 5.7.1: it may do harm and was to go on to somebody elsewhere
    Harmful,
}

impl Mailroom {
    pub fn new_trace(&self) -> TraceId {
        TraceId(self.store().next_id(self.now()))
    }

    /// Writes Return-Path, Received (with the trace id) and Authentication-Results in front, stores, commits.
    pub async fn receive(&self, incoming: Incoming) -> Result<Result<TraceId, Refused>, Error> {
        self.receive_for(incoming, Onward::AnyWay).await
    }

    /// As `receive`, saying how copies for addresses elsewhere may travel.
    pub async fn receive_for(
        &self,
        incoming: Incoming,
        onward: Onward,
    ) -> Result<Result<TraceId, Refused>, Error> {
        if incoming.recipients.is_empty() {
            return Err(Error::Bad("a letter without recipients".into()));
        }
        if fields::is_loop(&incoming.raw, &self.policy().host_name) {
            return Ok(Err(self.refused_at_end(
                &incoming,
                Refused::Loop,
                554,
                "it came through here too often",
            )));
        }
        if self.is_disk_full() {
            return Ok(Err(self.refused_at_end(
                &incoming,
                Refused::DiskFull,
                452,
                "disk below its reserve",
            )));
        }
        let mut places = Places::of(&incoming.recipients, incoming.verdict);
        if places.is_empty() {
            // Nobody of ours, and nobody may be relayed for: RCPT should have refused it.
            return Err(Denied::NotAllowed.into());
        }
        if places.nothing_outside() && self.all_over_quota(&places, incoming.raw.len()).await? {
            return Ok(Err(self.refused_at_end(
                &incoming,
                Refused::OverQuota,
                452,
                "mailbox full",
            )));
        }
        let now = self.now();
        self.outside_to_sink(&mut places).await?;
        let raw = self.with_front(&incoming, now);
        let body = derive::body(self.store(), now, raw).await?;
        let sender = self.forwarding_sender(&incoming.mail_from).await?;
        let mut reasons = incoming.reasons.clone();
        if let Some(name) = &body.derived.program {
            places.verdict = Verdict::Quarantine;
            reasons.push(format!("an attached program: {name}"));
        }
        if places.verdict == Verdict::Quarantine
            && let Some((how, code, why)) = self.no_quarantine(&places).await?
        {
            return Ok(Err(self.refused_at_end(&incoming, how, code, why)));
        }
        if places.verdict == Verdict::Inbox {
            self.forwards_into(&mut places, &incoming.raw).await?;
            self.outside_to_sink(&mut places).await?;
        }
        let submission = places.submission(
            self,
            AccountId(0),
            sender,
            &incoming.envid,
            &incoming.ret,
            incoming.smtputf8,
            now,
        );
        let submission = submission.map(|submission| NewSubmission {
            requiretls: onward == Onward::OnlyTls,
            ..submission
        });
        let delivery = Delivery {
            trace: Some(NewTrace {
                id: incoming.trace,
                direction: "in",
                at: now,
                peer_ip: incoming.peer.ip.clone(),
                helo: incoming.peer.helo.clone(),
                tls: incoming.peer.tls.clone(),
                principal: None,
                mail_from: incoming.mail_from.clone(),
                auth_results: incoming.auth_results.clone(),
                events: places.events(&reasons.join("; ")),
            }),
            body,
            copies: places.copies(now),
            submission,
            replaces: Vec::new(),
        };
        // The answer goes to the return path: only where that is the proven author's own address, or it would hit a stranger.
        let author = &delivery.body.derived.from_address;
        let returns = incoming.proven && incoming.mail_from.eq_ignore_ascii_case(author);
        let owed = if returns && places.verdict == Verdict::Inbox {
            let letter = Accepted {
                raw: &incoming.raw,
                mail_from: &incoming.mail_from,
                trace: incoming.trace,
            };
            self.answers_owed(&letter, places.accounts()).await?
        } else {
            Vec::new()
        };
        let open = crate::reading::is_open(&delivery.body.derived)
            .then(|| (delivery.body.derived.from_address.clone(), delivery.body.id));
        let met = if incoming.proven && places.verdict == Verdict::Inbox {
            self.heard(&incoming.recipients, &incoming.raw).await?
        } else {
            Vec::new()
        };
        let placed = self.placed_with(delivery, None, owed, met).await?;
        if let Some((sender, body)) = open {
            let accounts = placed.iter().map(|one| one.account).collect();
            self.reread_by_choice(&sender, body, accounts);
        }
        tracing::info!(
            trace = %incoming.trace,
            from = %mask(&incoming.mail_from),
            copies = placed.len(),
            bytes = incoming.raw.len(),
            verdict = ?places.verdict,
            "letter received"
        );
        Ok(Ok(incoming.trace))
    }

    /// Why a letter for quarantine is refused instead: nobody elsewhere is to get it from us, and what is kept apart is bounded.
    async fn no_quarantine(
        &self,
        places: &Places,
    ) -> Result<Option<(Refused, u16, &'static str)>, Error> {
        if !places.nothing_outside() {
            let why = "a harmful letter is not handed on";
            return Ok(Some((Refused::Harmful, 554, why)));
        }
        for account in places.accounts().take(places::QUOTA_LOOKS_MAX) {
            if self.store().quarantine_count(account).await? >= crate::limits::QUARANTINE_MAX {
                return Ok(Some((Refused::OverQuota, 452, "quarantine full")));
            }
        }
        Ok(None)
    }

    /// Hands a delivery to the writer and remembers how the accounts grew.
    pub(crate) async fn placed(&self, delivery: Delivery) -> Result<Vec<Placed>, Error> {
        self.placed_with(delivery, None, Vec::new(), Vec::new())
            .await
    }

    /// The same, counting it against the sender's day, with the automatic answers owed to it and who met
    /// whom by it.
    pub(crate) async fn placed_with(
        &self,
        delivery: Delivery,
        counted: Option<Counted>,
        owed: Vec<AnswerDue>,
        met: Vec<Met>,
    ) -> Result<Vec<Placed>, Error> {
        let bytes = delivery.body.raw.len();
        let owes = !owed.is_empty();
        let placed = self
            .store()
            .deliver_beside(delivery, counted, owed, met)
            .await?;
        if owes {
            self.0.answers_owed.notify_one();
        }
        self.0
            .sizes
            .grew(placed.iter().map(|one| one.account), bytes);
        Ok(placed)
    }

    fn with_front(&self, incoming: &Incoming, now: i64) -> Bytes {
        let host_name = &self.policy().host_name;
        let only = match incoming.recipients.as_slice() {
            [only] => Some(only.address.as_str()),
            _ => None,
        };
        let front = fields::front(&Arrival {
            host_name,
            peer: &incoming.peer,
            trace: incoming.trace,
            mail_from: &incoming.mail_from,
            only_recipient: only,
            smtputf8: incoming.smtputf8,
            authenticated: false,
            auth_results: &incoming.auth_results,
            at: now,
        });
        header::rewritten(
            front.as_bytes(),
            &incoming.raw,
            &fields::forged(&incoming.raw, host_name),
        )
        .into()
    }

    /// Accepts to 110 %: only when nobody has that room is the letter sent back; one who is full never costs the others
    /// theirs, and a letter that others get is given to the full one too rather than lost.
    async fn all_over_quota(&self, places: &Places, bytes: usize) -> Result<bool, Error> {
        for account in places.accounts().take(places::QUOTA_LOOKS_MAX) {
            if !self.is_full(account, bytes).await? {
                return Ok(false);
            }
        }
        Ok(places.accounts().count() <= places::QUOTA_LOOKS_MAX)
    }

    /// Whether an account has no room for this many bytes, at 110 % of its quota.
    pub(crate) async fn is_full(&self, account: AccountId, bytes: usize) -> Result<bool, Error> {
        let now = self.now();
        let (used, quota) = match self.0.sizes.find(account, now) {
            Some(known) => known,
            None => match self.store().account(account).await {
                Ok(found) => {
                    self.0
                        .sizes
                        .keep(account, now, found.used_bytes, found.quota_bytes);
                    (found.used_bytes, found.quota_bytes)
                }
                // Gone since it was resolved: not full, and the delivery will say so.
                Err(store::Error::Missing(_)) => return Ok(false),
                Err(cause) => return Err(cause.into()),
            },
        };
        let after = used.saturating_add(i64::try_from(bytes).unwrap_or(i64::MAX));
        Ok(after > quota.saturating_add(quota / 10))
    }

    /// In a demo nothing leaves: what would go elsewhere lands in the sink mailbox, and the trace says so.
    pub(crate) async fn outside_to_sink(&self, places: &mut Places) -> Result<(), Error> {
        let Some(sink) = &self.policy().sink_address else {
            return Ok(());
        };
        if places.nothing_outside() {
            return Ok(());
        }
        let wanted = crate::address::normal(sink).unwrap_or_default();
        match self.principal_at(&wanted).await? {
            Some(owner) => places.sink_into(AccountId::from(owner.id)),
            None => return Err(Error::Broken("the sink mailbox does not exist".into())),
        }
        Ok(())
    }

    fn refused_at_end(
        &self,
        incoming: &Incoming,
        how: Refused,
        code: u16,
        reason: &str,
    ) -> Refused {
        for recipient in &incoming.recipients {
            self.note_refusal(
                incoming.trace,
                &incoming.peer,
                &incoming.mail_from,
                &recipient.address,
                code,
                reason,
            );
        }
        how
    }

    /// Records that mail was refused in the dialogue (promise 2). Never waits for the writer.
    pub fn refused(
        &self,
        peer: &Peer,
        mail_from: &str,
        rcpt_to: &str,
        code: u16,
        reason: &str,
    ) -> TraceId {
        let trace = self.new_trace();
        self.note_refusal(trace, peer, mail_from, rcpt_to, code, reason);
        trace
    }

    fn note_refusal(
        &self,
        trace: TraceId,
        peer: &Peer,
        mail_from: &str,
        rcpt_to: &str,
        code: u16,
        reason: &str,
    ) {
        let event = NewEvent {
            recipient: rcpt_to.to_owned(),
            event: "refused",
            code: Some(code),
            detail: reason.to_owned(),
        };
        let kept = self.store().trace_refusal(NewTrace {
            id: trace,
            direction: "in",
            at: self.now(),
            peer_ip: peer.ip.clone(),
            helo: peer.helo.clone(),
            tls: peer.tls.clone(),
            principal: None,
            mail_from: mail_from.to_owned(),
            auth_results: String::new(),
            events: vec![event],
        });
        if !kept {
            tracing::warn!(%trace, from = %mask(mail_from), to = %mask(rcpt_to), code, "too many refusals to write down");
        }
    }
}
