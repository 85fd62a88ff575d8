//! Letters that waited for their release: what is for people here is put into their mailboxes when its time has come. The
//! outbound worker never sees these rows, unless the mailbox cannot take the letter: then it goes the way of any letter, which
//! answers, tries again and reports.  (RFC 4865 §4)

use store::*;

use crate::answering::Accepted;
use crate::directory::Recipient;
use crate::receive::places::Places;
use crate::receive::{RcptTo, Verdict};
use crate::{Error, Mailroom, derive};

impl Mailroom {
    /// Delivers rows that are for here and returns the others.
    pub(crate) async fn deliver_released(&self, rows: Vec<Leased>) -> Result<Vec<Leased>, Error> {
        let mut others = Vec::with_capacity(rows.len());
        for row in rows {
            // Success is reported by the door that takes the letter, so it goes through the door.
            let asked = row
                .notify
                .as_deref()
                .is_some_and(|notify| notify.contains("SUCCESS"));
            if asked || !self.is_local_domain(&row.domain).await? {
                others.push(row);
                continue;
            }
            // One that cannot be delivered here goes the way of all others: it holds up nobody and is tried again.
            match self.released_here(&row).await {
                Ok(true) => {}
                Ok(false) => others.push(row),
                Err(cause) => {
                    tracing::warn!(trace = %row.trace, %cause, "a letter for later was not delivered here");
                    others.push(row);
                }
            }
        }
        Ok(others)
    }

    async fn released_here(&self, row: &Leased) -> Result<bool, Error> {
        match self.resolve(&row.recipient).await? {
            resolved @ Recipient::Local { .. } => {
                self.release(row, resolved).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// A crash between the two commits delivers twice rather than never.
    async fn release(&self, row: &Leased, resolved: Recipient) -> Result<(), Error> {
        let now = self.now();
        let trace = self.new_trace();
        let to = [RcptTo {
            address: row.recipient.clone(),
            notify: None,
            orcpt: None,
            resolved,
        }];
        let mut places = Places::of(&to, Verdict::Inbox);
        let raw = self.store().body(row.body).await?;
        self.forwards_into(&mut places, &raw).await?;
        self.outside_to_sink(&mut places).await?;
        let from = row.mail_from.clone();
        let submission = places.submission(
            self,
            row.account,
            from.clone(),
            &row.envid,
            &row.ret,
            row.smtputf8,
            now,
        );
        let letter = Accepted {
            raw: &raw,
            mail_from: &row.mail_from,
            trace,
        };
        let owed = self.answers_owed(&letter, places.accounts()).await?;
        let delivery = Delivery {
            trace: Some(NewTrace {
                id: trace,
                direction: "local",
                at: now,
                peer_ip: String::new(),
                helo: String::new(),
                tls: String::new(),
                principal: None,
                mail_from: from,
                auth_results: String::new(),
                events: places.events(&format!("thư hẹn giờ {}", row.trace)),
            }),
            body: derive::body(self.store(), now, raw).await?,
            copies: places.copies(now),
            submission: submission.map(|submission| NewSubmission {
                requiretls: row.requiretls,
                priority: row.priority,
                ..submission
            }),
            replaces: Vec::new(),
        };
        self.placed_with(delivery, None, owed, Vec::new()).await?;
        self.settle_outbox(vec![Settlement {
            outbox: row.id,
            at: now,
            settled: Settled::Sent,
            evidence: Evidence {
                host: self.policy().host_name.clone(),
                ip: String::new(),
                tls: String::new(),
                certificate: String::new(),
                code: Some(250),
                enhanced: Some("2.0.0".into()),
                text: format!("delivered here, trace {trace}"),
            },
            delay_noticed: false,
        }])
        .await
    }
}
