//! Where the copies of one letter go: accounts once each, outside addresses once each, and what the trace says of it.
//! Pure: the recipients were resolved before.

use std::collections::HashSet;

use store::*;

use super::{RcptTo, Verdict};
use crate::directory::Recipient;
use crate::{Mailroom, address, unsubscribe};

/// Accounts looked at before a letter to many is taken to have room somewhere.
pub(crate) const QUOTA_LOOKS_MAX: usize = 20;

/// How the detail of a forwarded copy's event begins.
pub(crate) const FORWARDED: &str = "chuyển tiếp từ ";

struct Outside {
    address: String,
    notify: Option<String>,
    orcpt: Option<String>,
    list: Option<String>,
}

#[derive(Default)]
pub(crate) struct Places {
    /// (account, the envelope recipient it was for)
    copies: Vec<(AccountId, String)>,
    outside: Vec<Outside>,
    sunk: Vec<String>,
    /// Copies that an account forwards: (target, for whom the letter was, whether it leaves).
    forwarded: Vec<(String, String, bool)>,
    /// Lists: (address, copies), told as one event.
    lists: Vec<(String, usize)>,
    pub(super) verdict: Verdict,
}

impl Places {
    /// Of recipients that passed RCPT. A person in two lists gets one copy; the address written to directly counts first.
    pub(crate) fn of(recipients: &[RcptTo], verdict: Verdict) -> Places {
        let mut places = Places {
            verdict,
            ..Places::default()
        };
        let (mut accounts, mut outside) = (HashSet::new(), HashSet::new());
        let single = |one: &&RcptTo| !matches!(&one.resolved, Recipient::Local { accounts, outside } if accounts.len() + outside.len() > 1);
        let (singles, lists): (Vec<&RcptTo>, Vec<&RcptTo>) = recipients.iter().partition(single);
        for one in singles.into_iter().chain(lists) {
            let (locals, others): (&[AccountId], Vec<(&str, bool)>) = match &one.resolved {
                Recipient::Local { accounts, outside } => (
                    accounts,
                    outside.iter().map(|to| (to.as_str(), false)).collect(),
                ),
                Recipient::Full(account) => (std::slice::from_ref(account), Vec::new()),
                Recipient::Elsewhere { .. } => (&[], vec![(one.address.as_str(), true)]),
                Recipient::Returns { to } => (&[], vec![(to.as_str(), false)]),
                Recipient::Unknown | Recipient::Disabled => (&[], Vec::new()),
            };
            for account in locals {
                if accounts.insert(*account) {
                    places.copies.push((*account, one.address.clone()));
                }
            }
            if locals.len() > 1 {
                places.lists.push((one.address.clone(), locals.len()));
            }
            for (to, direct) in others {
                if outside.insert(to.to_lowercase()) {
                    let (notify, orcpt) = if direct {
                        (one.notify.clone(), one.orcpt.clone())
                    } else {
                        (None, None)
                    };
                    places.outside.push(Outside {
                        address: to.to_owned(),
                        notify,
                        orcpt,
                        list: match &one.resolved {
                            Recipient::Local { .. } => unsubscribe::list_of(&one.address),
                            _ => None,
                        },
                    });
                }
            }
        }
        places
    }

    /// Of a letter that leaves later: everybody waits in the outbox, people here too, and lists are read when it leaves.
    pub(crate) fn waiting(recipients: &[RcptTo]) -> Places {
        let mut seen = HashSet::new();
        let outside = recipients
            .iter()
            .filter(|one| {
                !matches!(
                    one.resolved,
                    Recipient::Unknown | Recipient::Disabled | Recipient::Returns { .. }
                )
            })
            .filter(|one| seen.insert(one.address.to_lowercase()))
            .map(|one| Outside {
                address: one.address.clone(),
                notify: one.notify.clone(),
                orcpt: one.orcpt.clone(),
                list: None,
            });
        Places {
            outside: outside.collect(),
            ..Places::default()
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.copies.is_empty() && self.outside.is_empty() && self.sunk.is_empty()
    }

    pub(crate) fn nothing_outside(&self) -> bool {
        self.outside.is_empty()
    }

    /// Addresses elsewhere.
    pub(crate) fn outside(&self) -> Vec<String> {
        self.outside.iter().map(|one| one.address.clone()).collect()
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.copies.iter().map(|(account, _)| *account)
    }

    /// Nothing leaves: all outside addresses become one copy in this account.
    pub(crate) fn sink_into(&mut self, sink: AccountId) {
        self.sunk
            .extend(self.outside.drain(..).map(|one| one.address));
        if !self.copies.iter().any(|(account, _)| *account == sink) {
            self.copies
                .push((sink, self.sunk.first().cloned().unwrap_or_default()));
        }
    }

    /// A copy for another mailbox here; false where it gets the letter anyway.
    pub(crate) fn forward_here(&mut self, from: AccountId, to: AccountId, target: &str) -> bool {
        if self.copies.iter().any(|(account, _)| *account == to) {
            return false;
        }
        self.note_forward(from, target, false);
        self.copies.push((to, target.to_owned()));
        true
    }

    /// A copy for an address elsewhere. Whoever wrote is not told what becomes of it: the letter has arrived.
    pub(crate) fn forward_outside(&mut self, from: AccountId, target: &str) {
        let known = |one: &Outside| one.address.eq_ignore_ascii_case(target);
        if self.outside.iter().any(known) {
            return;
        }
        self.note_forward(from, target, true);
        self.outside.push(Outside {
            address: target.to_owned(),
            notify: Some("NEVER".into()),
            orcpt: None,
            list: None,
        });
    }

    fn note_forward(&mut self, from: AccountId, target: &str, leaves: bool) {
        let written_to = self.copies.iter().find(|(account, _)| *account == from);
        let written_to = written_to.map_or_else(String::new, |(_, to)| to.clone());
        self.forwarded.push((target.to_owned(), written_to, leaves));
    }

    pub(crate) fn copies(&self, now: i64) -> Vec<LocalCopy> {
        let target = match self.verdict {
            Verdict::Inbox => Target::Role(Role::Inbox),
            Verdict::Junk => Target::Role(Role::Junk),
            Verdict::Quarantine => Target::Quarantine,
        };
        self.copies
            .iter()
            .map(|(account, recipient)| LocalCopy {
                account: *account,
                target,
                flags: 0,
                keywords: Vec::new(),
                received_at: now,
                recipient: recipient.clone(),
            })
            .collect()
    }

    /// What the store would not say by itself: reasons, lists as one line, the demo's sink.
    pub(crate) fn events(&self, reasons: &str) -> Vec<NewEvent> {
        let word = match self.verdict {
            Verdict::Inbox => "delivered",
            Verdict::Junk => "junk",
            Verdict::Quarantine => "quarantined",
        };
        let mut events: Vec<NewEvent> = Vec::new();
        for (list, members) in &self.lists {
            let detail = format!(
                "{members} hộp thư{}{reasons}",
                if reasons.is_empty() { "" } else { "; " }
            );
            events.push(NewEvent {
                recipient: list.clone(),
                event: word,
                code: Some(250),
                detail,
            });
        }
        for (target, written_to, leaves) in &self.forwarded {
            let leaves = *leaves && !self.sunk.contains(target);
            events.push(NewEvent {
                recipient: target.clone(),
                event: if leaves { "queued" } else { "delivered" },
                code: (!leaves).then_some(250),
                detail: format!("{FORWARDED}{written_to}"),
            });
        }
        for address in &self.sunk {
            let detail = "bản dùng thử: giữ lại trong hộp thư ra ngoài".to_owned();
            events.push(NewEvent {
                recipient: address.clone(),
                event: "delivered",
                code: Some(250),
                detail,
            });
        }
        if !reasons.is_empty() {
            for (_, recipient) in &self.copies {
                if !events.iter().any(|event| event.recipient == *recipient) {
                    events.push(NewEvent {
                        recipient: recipient.clone(),
                        event: word,
                        code: Some(250),
                        detail: reasons.to_owned(),
                    });
                }
            }
        }
        events
    }

    /// One submission with a row for each outside address; `None` when there is none.
    #[allow(clippy::too_many_arguments)] // The envelope's own words, passed on once.
    pub(crate) fn submission(
        &self,
        room: &Mailroom,
        account: AccountId,
        mail_from: String,
        envid: &Option<String>,
        ret: &Option<String>,
        smtputf8: bool,
        now: i64,
    ) -> Option<NewSubmission> {
        if self.outside.is_empty() {
            return None;
        }
        let life_ms = i64::try_from(room.policy().give_up_after_secs)
            .unwrap_or(i64::MAX / 1000)
            .saturating_mul(1000);
        let recipients: Vec<NewOutbox> = self
            .outside
            .iter()
            .map(|one| NewOutbox {
                recipient: one.address.clone(),
                domain: address::domain_of(&one.address),
                notify: one.notify.clone(),
                orcpt: one.orcpt.clone(),
                list: one.list.clone(),
            })
            .collect();
        // SMTPUTF8 only when an address needs it: most servers still refuse it (RFC 6531 §3.4).
        let needed = smtputf8
            || !mail_from.is_ascii()
            || recipients.iter().any(|one| !one.recipient.is_ascii());
        Some(NewSubmission {
            id: SubmissionId(room.store().next_id(now)),
            account,
            mail_from,
            envid: envid.clone(),
            ret: ret.clone(),
            smtputf8: needed,
            requiretls: false,
            priority: 0,
            due_at: now,
            expires_at: now.saturating_add(life_ms),
            recipients,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rcpt(address: &str, resolved: Recipient) -> RcptTo {
        RcptTo {
            address: address.into(),
            notify: Some("NEVER".into()),
            orcpt: None,
            resolved,
        }
    }

    fn local(accounts: &[i64], outside: &[&str]) -> Recipient {
        Recipient::Local {
            accounts: accounts.iter().copied().map(AccountId).collect(),
            outside: outside.iter().map(|one| (*one).to_owned()).collect(),
        }
    }

    #[test]
    fn everybody_gets_one_copy() {
        let places = Places::of(
            &[
                rcpt("list@a.b", local(&[1, 2, 3], &["x@out", "y@out"])),
                rcpt("more@a.b", local(&[2, 4], &["X@out"])),
                rcpt("one@a.b", local(&[1], &[])),
                rcpt(
                    "z@out",
                    Recipient::Elsewhere {
                        domain: "out".into(),
                    },
                ),
                rcpt("none@a.b", Recipient::Unknown),
            ],
            Verdict::Inbox,
        );
        let copies: Vec<(i64, &str)> = places
            .copies
            .iter()
            .map(|(account, to)| (account.0, to.as_str()))
            .collect();
        assert_eq!(
            copies,
            [
                (1, "one@a.b"),
                (2, "list@a.b"),
                (3, "list@a.b"),
                (4, "more@a.b")
            ]
        );
        let outside: Vec<(&str, bool)> = places
            .outside
            .iter()
            .map(|one| (one.address.as_str(), one.notify.is_some()))
            .collect();
        assert_eq!(
            outside,
            [("z@out", true), ("x@out", false), ("y@out", false)]
        );
        assert_eq!(places.events("").len(), 2);
        assert_eq!(places.events("spf fail").len(), 3);
    }

    #[test]
    fn a_demo_keeps_everything_inside() {
        let mut places = Places::of(
            &[rcpt(
                "z@out",
                Recipient::Elsewhere {
                    domain: "out".into(),
                },
            )],
            Verdict::Inbox,
        );
        places.sink_into(AccountId(9));
        assert!(places.nothing_outside() && !places.is_empty());
        assert_eq!(places.accounts().collect::<Vec<_>>(), [AccountId(9)]);
        let events = places.events("");
        assert!(
            events
                .iter()
                .any(|event| event.recipient == "z@out" && event.event == "delivered")
        );
    }
}
