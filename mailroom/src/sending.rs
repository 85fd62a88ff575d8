//! The outbox as the outbound worker uses it: lease, read the body, settle; DSNs. The worker decides nothing about mailboxes.

use std::collections::HashSet;

use bytes::Bytes;
use store::*;

use crate::directory::Recipient;
use crate::receive::places::Places;
use crate::receive::{Peer, RcptTo, Verdict, fields};
use crate::{Error, Mailroom, derive, header, limits};

impl Mailroom {
    /// Due rows for this worker, fair across domains; their leases end by themselves after `lease_secs`. Domains in
    /// `except` are passed over: the worker has enough of them in hand.
    pub async fn lease_outbox(
        &self,
        worker: &str,
        rows: usize,
        lease_secs: u64,
        except: &HashSet<String>,
    ) -> Result<Vec<Leased>, Error> {
        let lease_ms = i64::try_from(lease_secs)
            .unwrap_or(i64::MAX / 1000)
            .saturating_mul(1000);
        let per_domain = rows.div_ceil(4).min(limits::LEASE_PER_DOMAIN_MAX);
        let now = self.now();
        let leased = self
            .store()
            .outbox_lease_except(worker, now, lease_ms, (rows, per_domain), except)
            .await?;
        self.deliver_released(leased).await
    }

    pub async fn settle_outbox(&self, settlements: Vec<Settlement>) -> Result<(), Error> {
        Ok(self.store().outbox_settle(settlements).await?)
    }

    /// Gives back what this worker had leased before it stopped or crashed.
    pub async fn release_outbox(&self, worker: &str) -> Result<usize, Error> {
        Ok(self.store().outbox_release_leases(worker).await?)
    }

    /// The bytes to send: without Return-Path, which only the last server writes (RFC 5321 §4.4).
    pub async fn outbox_body(&self, body: BodyId) -> Result<Bytes, Error> {
        let raw = self.store().body(body).await?;
        let first = header::fields(&raw)
            .next()
            .filter(|field| field.is("Return-Path"))
            .map(|field| field.whole);
        Ok(match first {
            Some(whole) if whole.start == 0 => raw.slice(whole.end..),
            _ => raw,
        })
    }

    /// Returns when rows may be due: a submission was committed, or the next due time has come.
    pub async fn outbox_ready(&self) {
        let wait_ms = match self.store().outbox_next_due().await {
            Ok(Some(at)) => u64::try_from(at - self.now())
                .unwrap_or(0)
                .min(limits::OUTBOX_LOOK_EVERY_MS),
            Ok(None) => limits::OUTBOX_LOOK_EVERY_MS,
            Err(cause) => {
                tracing::warn!(%cause, "cannot see when the outbox is due");
                1_000
            }
        };
        let due = tokio::time::sleep(std::time::Duration::from_millis(wait_ms));
        tokio::select! {
            () = self.0.feed.outbox_woken() => {}
            () = due => {}
        }
    }

    /// A report from us (null sender) to one address, local or elsewhere (RFC 3464, RFC 5321 §4.5.5). `about` is the
    /// letter it reports on; its trace says that a report was sent.
    pub async fn send_report(
        &self,
        to: &str,
        raw: Bytes,
        about: TraceId,
    ) -> Result<TraceId, Error> {
        self.send_from_us(to, raw, &format!("báo cáo về {about}"))
            .await
    }

    /// A letter of the system's own with the null sender; `note` stands in its trace.
    pub(crate) async fn send_from_us(
        &self,
        to: &str,
        raw: Bytes,
        note: &str,
    ) -> Result<TraceId, Error> {
        let resolved = self.resolve(to).await?;
        if matches!(resolved, Recipient::Unknown | Recipient::Disabled) {
            return Err(Error::Missing);
        }
        let now = self.now();
        let trace = self.new_trace();
        let recipients = [RcptTo {
            address: to.to_owned(),
            notify: Some("NEVER".into()),
            orcpt: None,
            resolved,
        }];
        let mut places = Places::of(&recipients, Verdict::Inbox);
        self.outside_to_sink(&mut places).await?;
        let peer = Peer {
            ip: String::new(),
            helo: self.policy().host_name.clone(),
            tls: String::new(),
        };
        let front = fields::front(&fields::Arrival {
            host_name: &self.policy().host_name,
            peer: &peer,
            trace,
            mail_from: "",
            only_recipient: Some(to),
            smtputf8: !to.is_ascii(),
            authenticated: false,
            auth_results: "",
            at: now,
        });
        let delivery = Delivery {
            trace: Some(NewTrace {
                id: trace,
                direction: "local",
                at: now,
                peer_ip: String::new(),
                helo: String::new(),
                tls: String::new(),
                principal: None,
                mail_from: String::new(),
                auth_results: String::new(),
                events: places.events(note),
            }),
            body: derive::body(
                self.store(),
                now,
                header::rewritten(front.as_bytes(), &raw, &[]).into(),
            )
            .await?,
            copies: places.copies(now),
            submission: places.submission(
                self,
                AccountId(0),
                String::new(),
                &None,
                &None,
                false,
                now,
            ),
            replaces: Vec::new(),
        };
        self.placed(delivery).await?;
        Ok(trace)
    }
}
