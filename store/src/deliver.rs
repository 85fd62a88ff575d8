//! Deliveries: all that one `250` stands for, written with a few multi-row statements. Decides nothing: which mailbox,
//! which flags and which recipients come from above.

mod numbers;
mod roles;

pub(crate) use roles::Roles;

use std::path::PathBuf;

use crate::Error;
use crate::answer::AnswerDue;
use crate::attached;
use crate::body::{self, Packed};
use crate::clock::now_ms;
use crate::db::{Conn, Value, values};
use crate::id::*;
use crate::limits::SEARCH_TEXT_BYTES;
use crate::listed::{Listed, Rows, insert, insert_all, listed_rows};
use crate::met::Met;
use crate::noun::*;
use crate::outbox::{AWAIT, await_values, line_place};
use crate::quarantine;
use crate::sending::Counted;
use crate::writer::Txn;

pub(crate) const INSERT_BODY: Listed = Listed::new(
    "iiiitb",
    "INSERT INTO body (id, size_bytes, codec, created_at, file, data) VALUES {}",
);
pub(crate) const INSERT_DERIVED: Listed = Listed::new(
    "iittttititiitrbbb",
    "INSERT INTO derived (body_id, version, subject, from_name, from_address, \
     to_text, date_at, message_id, thread_key, preview, attachments, urgency, coding, confidence, envelope, structure, \
     search_text) VALUES {}",
);
pub(crate) const INSERT_EMAIL: Listed = Listed::new(
    "iiiiiiiitiiii",
    "INSERT INTO email (id, account_id, mailbox_id, uid, body_id, thread_id, modseq, \
     flags, keywords, received_at, saved_at, size_bytes, trace_id) VALUES {}",
);
pub(crate) const INSERT_CHANGE: Listed = Listed::new(
    "iiiiiii",
    "INSERT INTO change (account_id, modseq, email_id, kind, mailbox_id, uid, at) VALUES {}",
);
pub(crate) const INSERT_QUEUE: Listed = Listed::new(
    "iiii",
    "INSERT INTO index_queue (email_id, account_id, body_id, gone) VALUES {}",
);
const INSERT_TRACE: Listed = Listed::new(
    "ititttittttiti",
    "INSERT INTO trace (id, direction, at, peer_ip, helo, tls, principal_id, mail_from, \
     from_address, subject, message_id, size_bytes, auth_results, body_id) VALUES {}",
);
pub(crate) const INSERT_EVENT: Listed = Listed::new(
    "iiittit",
    "INSERT INTO trace_event (id, trace_id, at, recipient, event, code, detail) VALUES {}",
);
const INSERT_SUBMISSION: Listed = Listed::new(
    "iiiitttiii",
    "INSERT INTO submission (id, account_id, body_id, trace_id, mail_from, envid, ret, \
     priority, requiretls, created_at) VALUES {}",
);
const INSERT_OUTBOX: Listed = Listed::new(
    "iiiitttttiitiiiit",
    "INSERT INTO outbox (id, submission_id, trace_id, body_id, mail_from, recipient, domain, \
     notify, orcpt, smtputf8, priority, state, attempts, next_at, expires_at, created_at, list) VALUES {}",
);
const BUMP_ACCOUNTS: Listed = Listed::new(
    "iii",
    "WITH v(k, n, b) AS (VALUES {}) UPDATE account SET modseq = modseq + v.n, \
     used_bytes = used_bytes + v.b FROM v WHERE account.id = v.k RETURNING id, modseq",
);
const BUMP_MAILBOXES: Listed = Listed::new(
    "iiiii",
    "WITH v(k, n, u, b, m) AS (VALUES {}) UPDATE mailbox SET uid_next = uid_next + v.n, \
     total = total + v.n, unseen = unseen + v.u, bytes = bytes + v.b, modseq = v.m \
     FROM v WHERE mailbox.id = v.k RETURNING id, account_id, uid_next, uid_validity",
);
/// Statements around a list with their columns: i number, t text, or dots where the database knows the types itself.
pub(crate) const LISTED: &[&Listed] = &[
    &INSERT_BODY,
    &INSERT_DERIVED,
    &INSERT_EMAIL,
    &INSERT_CHANGE,
    &INSERT_QUEUE,
    &INSERT_TRACE,
    &INSERT_EVENT,
    &INSERT_SUBMISSION,
    &INSERT_OUTBOX,
    &BUMP_ACCOUNTS,
    &BUMP_MAILBOXES,
    &roles::ROLES,
];

/// A delivery made ready in its caller's task: compressed, files on disk.
pub(crate) struct Prepared {
    delivery: Delivery,
    packed: Packed,
    search_text: Vec<u8>,
    pub trace_id: Option<TraceId>,
    /// What it counts against the day's limits.
    pub counted: Option<Counted>,
    /// Automatic answers owed to it.
    pub answers: Vec<AnswerDue>,
    /// Who met whom by it.
    pub met: Vec<Met>,
}

impl Prepared {
    pub fn rows(&self) -> usize {
        let outside = self
            .delivery
            .submission
            .as_ref()
            .map_or(0, |sub| sub.recipients.len());
        self.delivery.copies.len() + outside
    }
    pub fn body(&self) -> BodyId {
        self.delivery.body.id
    }
    pub fn bytes(&self) -> usize {
        self.packed.data.as_ref().map_or(0, Vec::len) + self.search_text.len() + 1024
    }
}

/// Does everything that needs no database, so that the writer only writes.
pub(crate) async fn prepare(delivery: Delivery, bodies: PathBuf) -> Result<Prepared, Error> {
    let text = body::cut(&delivery.body.derived.search_text, SEARCH_TEXT_BYTES);
    let search_text = body::pack_text(text)?;
    let packed = body::pack(delivery.body.id, delivery.body.raw.clone(), bodies).await?;
    let trace_id = delivery.trace.as_ref().map(|trace| trace.id);
    Ok(Prepared {
        delivery,
        packed,
        search_text,
        trace_id,
        counted: None,
        answers: Vec::new(),
        met: Vec::new(),
    })
}

/// A copy on its way into the tables.
struct Place<'d> {
    of: usize,
    copy: &'d LocalCopy,
    mailbox: MailboxId,
    email: EmailId,
    modseq: i64,
    uid: u32,
    uid_validity: u32,
}

/// Writes deliveries in the running transaction; an error means that none of them may be committed.
pub(crate) async fn write(txn: &mut Txn, all: &[&Prepared]) -> Result<Vec<Vec<Placed>>, Error> {
    let now = now_ms();
    for one in all {
        for (mailbox, uid) in &one.delivery.replaces {
            crate::flags::remove(txn, *mailbox, vec![*uid]).await?;
        }
    }
    let mut places = targets(txn, all).await?;
    numbers::changes(txn, all, &mut places).await?;
    numbers::uids(txn, all, &mut places).await?;
    let mut rows = Vec::new();
    body_rows(all, now, &mut rows);
    email_rows(all, &places, now, &mut rows);
    trace_rows(txn, all, &places, &mut rows);
    outbox_rows(txn, all, now, &mut rows);
    rows.push((&quarantine::INSERT, quarantine_rows(txn, all)));
    let counted = all.iter().filter_map(|one| one.counted.as_ref());
    crate::sending::rows(counted, now, &mut rows);
    crate::answer::rows(all.iter().flat_map(|one| &one.answers), &mut rows);
    crate::met::rows(all.iter().flat_map(|one| &one.met), &mut rows);
    insert_all(&mut txn.conn, rows).await?;

    let mut placed: Vec<Vec<Placed>> = all
        .iter()
        .map(|one| Vec::with_capacity(one.delivery.copies.len()))
        .collect();
    for place in &places {
        txn.wakes.accounts.insert(place.copy.account);
        let urgent = all
            .get(place.of)
            .is_some_and(|one| one.delivery.body.derived.urgency > 0);
        if urgent && place.copy.target == Target::Role(Role::Inbox) {
            crate::device::hurry(txn, place.copy.account, place.modseq).await?;
        }
        if let Some(list) = placed.get_mut(place.of) {
            list.push(Placed {
                account: place.copy.account,
                mailbox: place.mailbox,
                email: place.email,
                uid: place.uid,
                uid_validity: place.uid_validity,
                modseq: place.modseq,
            });
        }
    }
    txn.wakes.index |= !places.is_empty();
    txn.wakes.outbox |= all.iter().any(|one| one.delivery.submission.is_some());
    Ok(placed)
}

async fn targets<'d>(txn: &mut Txn, all: &[&'d Prepared]) -> Result<Vec<Place<'d>>, Error> {
    let copies = || {
        all.iter()
            .enumerate()
            .flat_map(|(of, one)| one.delivery.copies.iter().map(move |copy| (of, copy)))
            .filter(|(_, copy)| copy.target != Target::Quarantine)
    };
    let mut unknown: Vec<AccountId> = copies()
        .filter_map(|(_, copy)| match copy.target {
            Target::Role(role) if !txn.roles.known.contains_key(&(copy.account, role)) => {
                Some(copy.account)
            }
            _ => None,
        })
        .collect();
    if !unknown.is_empty() {
        unknown.sort_unstable();
        unknown.dedup();
        txn.roles.learn(&mut txn.conn, unknown).await?;
    }
    copies()
        .map(|(of, copy)| {
            let mailbox = match copy.target {
                Target::Mailbox(mailbox) => mailbox,
                Target::Role(role) => {
                    *txn.roles.known.get(&(copy.account, role)).ok_or_else(|| {
                        Error::Missing(format!("{} of account {}", role.as_str(), copy.account))
                    })?
                }
                Target::Quarantine => {
                    return Err(Error::Broken("a letter kept apart has no mailbox".into()));
                }
            };
            let email = EmailId(txn.next_id());
            Ok(Place {
                of,
                copy,
                mailbox,
                email,
                modseq: 0,
                uid: 0,
                uid_validity: 0,
            })
        })
        .collect()
}

fn size_of(all: &[&Prepared], place: &Place) -> i64 {
    all.get(place.of).map_or(0, |one| one.packed.size)
}

fn body_rows(all: &[&Prepared], now: i64, rows: &mut Vec<Rows>) {
    let mut bodies = Vec::with_capacity(all.len() * 6);
    let mut derived = Vec::with_capacity(all.len() * 17);
    let mut waiting = Vec::new();
    for one in all {
        let packed = &one.packed;
        bodies.extend(values![
            one.delivery.body.id,
            packed.size,
            packed.codec,
            now,
            packed.file.clone(),
            packed.data.clone(),
        ]);
        derived.extend(derived_values(
            one.delivery.body.id,
            &one.delivery.body.derived,
            one.search_text.clone(),
        ));
        let (body, derived) = (one.delivery.body.id, &one.delivery.body.derived);
        waiting.extend(attached::row(body, derived, now));
    }
    rows.extend([
        (&INSERT_BODY, bodies),
        (&INSERT_DERIVED, derived),
        (&attached::INSERT_ATTACHED, waiting),
    ]);
}

pub(crate) fn derived_values(body: BodyId, derived: &Derived, search_text: Vec<u8>) -> Vec<Value> {
    values![
        body,
        derived.version,
        &derived.subject,
        &derived.from_name,
        &derived.from_address,
        &derived.to_text,
        derived.date_at,
        derived.message_id.as_deref(),
        derived.thread_key,
        &derived.preview,
        derived.attachments,
        derived.urgency,
        &derived.coding,
        derived.confidence,
        derived.envelope.clone(),
        derived.structure.clone(),
        search_text,
    ]
}

fn email_rows(all: &[&Prepared], places: &[Place<'_>], now: i64, rows: &mut Vec<Rows>) {
    let mut emails = Vec::with_capacity(places.len() * 13);
    let mut changes = Vec::with_capacity(places.len() * 7);
    let mut queue = Vec::with_capacity(places.len() * 4);
    for place in places {
        let Some(one) = all.get(place.of) else {
            continue;
        };
        let (copy, body) = (place.copy, one.delivery.body.id);
        emails.extend(values![
            place.email,
            copy.account,
            place.mailbox,
            place.uid,
            body,
            one.delivery.body.derived.thread_key,
            place.modseq,
            copy.flags,
            crate::flags::joined(&copy.keywords),
            copy.received_at,
            now,
            one.packed.size,
            one.trace_id,
        ]);
        let created = ChangeKind::Created.number();
        changes.extend(values![
            copy.account,
            place.modseq,
            place.email,
            created,
            place.mailbox,
            place.uid,
            now
        ]);
        queue.extend(values![place.email, copy.account, body, 0i64]);
    }
    rows.extend([
        (&INSERT_EMAIL, emails),
        (&INSERT_CHANGE, changes),
        (&INSERT_QUEUE, queue),
    ]);
}

fn trace_rows(txn: &Txn, all: &[&Prepared], places: &[Place<'_>], rows: &mut Vec<Rows>) {
    let (mut traces, mut events) = (Vec::new(), Vec::new());
    for one in all {
        let Some(trace) = &one.delivery.trace else {
            continue;
        };
        let derived = &one.delivery.body.derived;
        let body = Some(one.delivery.body.id);
        traces.extend(trace_values(trace, derived, one.packed.size, body));
        for event in &trace.events {
            events.extend(event_values(txn, trace.id, trace.at, event));
        }
        let told = |recipient: &str| {
            trace
                .events
                .iter()
                .any(|event| event.recipient == recipient)
        };
        for row in one
            .delivery
            .submission
            .iter()
            .flat_map(|sub| &sub.recipients)
        {
            if !told(&row.recipient) {
                let event = NewEvent {
                    recipient: row.recipient.clone(),
                    event: "queued",
                    code: None,
                    detail: String::new(),
                };
                events.extend(event_values(txn, trace.id, trace.at, &event));
            }
        }
    }
    for place in places {
        let Some(one) = all.get(place.of) else {
            continue;
        };
        let Some(trace) = &one.delivery.trace else {
            continue;
        };
        let recipient = &place.copy.recipient;
        if recipient.is_empty()
            || trace
                .events
                .iter()
                .any(|event| &event.recipient == recipient)
        {
            continue;
        }
        let junk = place.copy.target == Target::Role(Role::Junk);
        let event = NewEvent {
            recipient: recipient.clone(),
            event: if junk { "junk" } else { "delivered" },
            code: Some(250),
            detail: String::new(),
        };
        events.extend(event_values(txn, trace.id, trace.at, &event));
    }
    rows.extend([(&INSERT_TRACE, traces), (&INSERT_EVENT, events)]);
}

pub(crate) fn trace_values(
    trace: &NewTrace,
    derived: &Derived,
    size: i64,
    body: Option<BodyId>,
) -> Vec<Value> {
    values![
        trace.id,
        trace.direction,
        trace.at,
        &trace.peer_ip,
        &trace.helo,
        &trace.tls,
        trace.principal,
        &trace.mail_from,
        &derived.from_address,
        &derived.subject,
        derived.message_id.as_deref(),
        size,
        &trace.auth_results,
        body,
    ]
}

pub(crate) fn event_values(txn: &Txn, trace: TraceId, at: i64, event: &NewEvent) -> Vec<Value> {
    values![
        txn.next_id(),
        trace,
        at,
        &event.recipient,
        event.event,
        event.code,
        &event.detail
    ]
}

pub(crate) async fn insert_traces(
    conn: &mut Conn,
    traces: Vec<Value>,
    events: Vec<Value>,
) -> Result<(), Error> {
    insert(conn, &INSERT_TRACE, traces).await?;
    insert(conn, &INSERT_EVENT, events).await
}

/// Copies that go to no mailbox.
fn quarantine_rows(txn: &Txn, all: &[&Prepared]) -> Vec<Value> {
    let mut rows = Vec::new();
    for one in all {
        let delivery = &one.delivery;
        for copy in &delivery.copies {
            if copy.target == Target::Quarantine {
                let (body, trace) = (delivery.body.id, delivery.trace.as_ref());
                rows.extend(quarantine::row(txn.next_id(), copy, body, trace));
            }
        }
    }
    rows
}

fn outbox_rows(txn: &Txn, all: &[&Prepared], now: i64, rows: &mut Vec<Rows>) {
    let (mut submissions, mut outbox, mut due) = (Vec::new(), Vec::new(), Vec::new());
    for one in all {
        let Some(sub) = &one.delivery.submission else {
            continue;
        };
        let (body, trace) = (one.delivery.body.id, one.trace_id.unwrap_or(TraceId(0)));
        submissions.extend(values![
            sub.id,
            sub.account,
            body,
            trace,
            &sub.mail_from,
            sub.envid.as_deref(),
            sub.ret.as_deref(),
            sub.priority,
            sub.requiretls,
            now,
        ]);
        let came_at = one.delivery.trace.as_ref().map_or(now, |trace| trace.at);
        let next_at = line_place(sub.due_at, sub.priority, came_at);
        for row in &sub.recipients {
            outbox.extend(values![
                txn.next_id(),
                sub.id,
                trace,
                body,
                &sub.mail_from,
                &row.recipient,
                &row.domain,
                row.notify.as_deref(),
                row.orcpt.as_deref(),
                sub.smtputf8,
                sub.priority,
                "due",
                0i64,
                next_at,
                sub.expires_at,
                now,
                row.list.as_deref(),
            ]);
            due.push((row.domain.clone(), next_at));
        }
    }
    rows.extend([
        (&INSERT_SUBMISSION, submissions),
        (&INSERT_OUTBOX, outbox),
        (&AWAIT, await_values(due)),
    ]);
}
