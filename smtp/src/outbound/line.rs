//! The task behind one connection: takes letters from the dispatcher one by one, delivers, and passes on the conclusions.
//! Ends when it has nothing to do for a moment. Decides nothing about other destinations.

use super::attempt::{Destination, Line};
use super::body::Prepared;
use super::pace::Lesson;
use super::reply::{Blame, Outcome, Reason, later, never};
use super::settle::{self, Conclusion};
use super::talk::{Letter, Recipient};
use super::{Config, limits};
use mailroom::Mailroom;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use store::{BodyId, Leased};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Rows of one submission to one destination: one letter, one body.
pub struct Batch {
    pub rows: Vec<Leased>,
    pub leased_until: i64,
}

/// What a line tells the dispatcher after each letter.
pub struct Done {
    pub key: String,
    pub line: u64,
    pub lesson: Lesson,
    /// With `Lesson::Dead`: why, for those that wait behind.
    pub why: Option<Reason>,
}

/// What every line uses.
pub struct Tools {
    pub config: Config,
    pub room: Mailroom,
    pub conclusions: mpsc::Sender<Conclusion>,
    bodies: Mutex<HashMap<BodyId, Weak<Prepared>>>,
}

impl Tools {
    pub fn new(config: Config, room: Mailroom, conclusions: mpsc::Sender<Conclusion>) -> Tools {
        Tools {
            config,
            room,
            conclusions,
            bodies: Mutex::default(),
        }
    }

    /// The letter's bytes for a row: through a list with the list's fields, made for this recipient.
    async fn body_for(&self, row: &Leased) -> Result<Arc<Prepared>, mailroom::Error> {
        let body = self.body(row.body).await?;
        match &row.list {
            Some(list) => {
                let fields = self.room.list_fields(list, &row.recipient).await?;
                Ok(Arc::new(body.through_list(fields)))
            }
            None => Ok(body),
        }
    }

    /// The letter's bytes, shared by all lines that send it at the same time.
    async fn body(&self, id: BodyId) -> Result<Arc<Prepared>, mailroom::Error> {
        let known =
            |bodies: &HashMap<BodyId, Weak<Prepared>>| bodies.get(&id).and_then(Weak::upgrade);
        if let Some(body) = known(&self.bodies.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(body);
        }
        let raw = self.room.outbox_body(id).await?;
        let body = Arc::new(Prepared::new(raw));
        let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        bodies.retain(|_, body| body.strong_count() > 0);
        bodies.insert(id, Arc::downgrade(&body));
        Ok(body)
    }

    /// Settles a batch without contacting anybody: its destination is known to be dead.
    pub async fn postpone(&self, batch: Batch, why: Reason) {
        let fates = vec![Outcome::Later(why); batch.rows.len()];
        self.conclude(&batch.rows, fates, None).await;
    }

    /// Ends a batch that an administrator dropped: nothing is sent but the report.
    pub async fn end(&self, batch: Batch) {
        let fate = never(
            Blame::Letter,
            "5.3.0",
            "quản trị viên đã hủy thư này khỏi hàng đợi / removed from the queue by an administrator",
        );
        self.conclude(&batch.rows, vec![fate; batch.rows.len()], None)
            .await;
    }

    /// Hands the outcomes over to be written; what is returned ends when they are.
    async fn conclude(
        &self,
        rows: &[Leased],
        fates: Vec<Outcome>,
        body: Option<&Prepared>,
    ) -> oneshot::Receiver<()> {
        let now = self.config.clock.now();
        let (settlements, tellings) = settle::decide(&self.config, rows, fates, now);
        let (written, on_disk) = oneshot::channel();
        let mut conclusion = Conclusion {
            settlements,
            notices: Vec::new(),
            written: Some(written),
        };
        if let Some(first) = rows.first().filter(|_| !tellings.is_empty()) {
            let loaded = match body {
                Some(_) => None,
                None => self.body(first.body).await.ok(),
            };
            // A report without the original's header is better than none.
            let original = body
                .or(loaded.as_deref())
                .map(|body| body.raw().clone())
                .unwrap_or_default();
            conclusion.notices = settle::notices(&self.config, first, &tellings, &original, now);
        }
        if self.conclusions.send(conclusion).await.is_err() {
            tracing::error!("nobody writes conclusions down any more");
        }
        on_disk
    }

    /// Delivers a batch once the letter before it on this line is settled on disk: what a crash can send twice is one letter
    /// for each connection.
    async fn deliver(
        &self,
        line: &mut Line<'_>,
        batch: &Batch,
        before: Option<oneshot::Receiver<()>>,
    ) -> (Learned, Option<oneshot::Receiver<()>>) {
        let Some(first) = batch.rows.first() else {
            return ((Lesson::Went, None), before);
        };
        let body = match self.body_for(first).await {
            Ok(body) => body,
            Err(cause) => {
                tracing::error!(trace = %first.trace, %cause, "a letter to be sent cannot be read");
                let fate = later(
                    Blame::Letter,
                    "4.3.0",
                    "the letter could not be read from the store; trying again",
                );
                let on_disk = self.conclude(&batch.rows, vec![fate; batch.rows.len()], None);
                return ((Lesson::Went, None), Some(on_disk.await));
            }
        };
        let recipient = |row: &'_ Leased| -> (String, Option<String>, Option<String>) {
            (row.recipient.clone(), row.notify.clone(), row.orcpt.clone())
        };
        let owned: Vec<_> = batch.rows.iter().map(recipient).collect();
        let letter = Letter {
            mail_from: &first.mail_from,
            recipients: owned
                .iter()
                .map(|(address, notify, orcpt)| Recipient {
                    address,
                    notify: notify.as_deref(),
                    orcpt: orcpt.as_deref(),
                })
                .collect(),
            body: &body,
            envid: first.envid.as_deref(),
            ret: first.ret.as_deref(),
            smtputf8: first.smtputf8,
            requiretls: first.requiretls,
            priority: first.priority,
        };
        if let Some(before) = before {
            // It ends by being dropped: there is nothing to hear.
            let _ = before.await;
        }
        let (fates, lesson) = line.deliver(&letter).await;
        let why = match (lesson, fates.first()) {
            (Lesson::Dead, Some(Outcome::Later(why))) => Some(why.clone()),
            _ => None,
        };
        let on_disk = self.conclude(&batch.rows, fates, Some(&body)).await;
        ((lesson, why), Some(on_disk))
    }
}

/// What one letter taught about the destination, and why it is dead.
type Learned = (Lesson, Option<Reason>);

/// Runs one line until it has been idle for a moment or the dispatcher lets go of it.
pub async fn run(
    tools: Arc<Tools>,
    destination: Arc<Destination>,
    id: u64,
    mut desk: mpsc::Receiver<Batch>,
    done: mpsc::Sender<Done>,
) {
    let mut line = Line::new(&tools.config, &destination);
    let mut before = None;
    loop {
        let batch = match timeout(limits::IDLE_REUSE, desk.recv()).await {
            Ok(batch) => batch,
            Err(_) => {
                // What was handed over in this very moment is still delivered.
                desk.close();
                desk.recv().await
            }
        };
        let Some(batch) = batch else { break };
        let ((lesson, why), on_disk) = tools.deliver(&mut line, &batch, before.take()).await;
        before = on_disk;
        let told = done
            .send(Done {
                key: destination.key.clone(),
                line: id,
                lesson,
                why,
            })
            .await;
        if told.is_err() {
            break;
        }
    }
    line.close().await;
}
