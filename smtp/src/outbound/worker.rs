//! The dispatcher: leases due rows, sorts them by destination, gives each destination as many connections as it bears, and
//! stops in order. One task owns all queues; a dead destination costs one connection and slows nobody.

use super::attempt::{self, Destination};
use super::line::{self, Batch, Done, Tools};
use super::pace::{Lesson, Pace};
use super::reply::Reason;
use super::settle;
use super::{Config, limits};
use mailroom::Mailroom;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::{Asked, Leased, OutboxId, SubmissionId};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Lines may finish what they are saying for this long after the stop.
const LAST_WORDS: Duration = Duration::from_secs(7);
/// After an empty or failed lease.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_BROKEN: Duration = Duration::from_secs(1);
/// Places that must be free before rows are asked for.
const ROWS_WORTH_ASKING: u32 = 50;

/// Runs until `shutdown`: then finishes what is being said, gives the rest back and returns.
pub async fn run(config: Config, room: Mailroom, shutdown: CancellationToken) {
    // What an earlier run held when it died is due again now, not when its lease ends.
    match room.release_outbox(&config.worker).await {
        Ok(0) => {}
        Ok(rows) => tracing::info!(rows, "took up letters an earlier run had in hand"),
        Err(cause) => tracing::warn!(%cause, "leases of an earlier run stay until they end"),
    }
    let worker = config.worker.clone();
    let hand = Arc::new(Semaphore::new(limits::ROWS_IN_HAND_MAX));
    let (conclusions, heard) = mpsc::channel(limits::SETTLE_BATCH);
    let again = Arc::new(Notify::new());
    let writer = settle::write_down(room.clone(), heard, hand.clone(), again.clone());
    let writer = tokio::spawn(writer);
    let (leased, rows) = mpsc::channel(1);
    let asking = shutdown.clone();
    let full: Full = Arc::default();
    let asker = (room.clone(), worker.clone(), again);
    let leaser = tokio::spawn(lease(asker, hand.clone(), full.clone(), leased, asking));

    let tools = Arc::new(Tools::new(config, room.clone(), conclusions));
    let desk = Desk::new(tools, hand, full);
    desk.run(rows, &shutdown).await;

    leaser.abort();
    // The desk and its lines are gone, so the channel ends and the writer with it.
    if let Err(cause) = writer.await {
        tracing::error!(%cause, "the outbound writer ended badly");
    }
    if let Err(cause) = room.release_outbox(&worker).await {
        tracing::warn!(%cause, "leases stay until they end");
    }
}

/// Domains of which enough is in hand: a flood to one of them waits in the table.
type Full = Arc<Mutex<HashSet<String>>>;

/// Asks for due rows as long as there is room in the hand.
async fn lease(
    (room, worker, again): (Mailroom, String, Arc<Notify>),
    hand: Arc<Semaphore>,
    full: Full,
    leased: mpsc::Sender<Vec<Leased>>,
    shutdown: CancellationToken,
) {
    let mut not_before = Instant::now();
    loop {
        let Ok(places) = hand.acquire_many(ROWS_WORTH_ASKING).await else {
            return;
        };
        places.forget();
        let more = (limits::LEASE_ROWS - ROWS_WORTH_ASKING as usize).min(hand.available_permits());
        let more = match hand.try_acquire_many(u32::try_from(more).unwrap_or(0)) {
            Ok(places) => {
                places.forget();
                more
            }
            Err(_) => 0,
        };
        let places = more + ROWS_WORTH_ASKING as usize;
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = room.outbox_ready() => {}
            // Rows were put off: the next due time may be nearer now.
            () = again.notified() => {}
        }
        tokio::time::sleep_until(not_before).await;
        let except = full.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let rows = match room
            .lease_outbox(&worker, places, limits::LEASE_SECS, &except)
            .await
        {
            Ok(rows) => rows,
            Err(cause) => {
                tracing::warn!(%cause, "cannot lease letters to send");
                hand.add_permits(places);
                tokio::time::sleep(PAUSE_BROKEN).await;
                continue;
            }
        };
        hand.add_permits(places.saturating_sub(rows.len()));
        if rows.len() < ROWS_WORTH_ASKING as usize {
            not_before = Instant::now() + limits::LEASE_GAP;
        }
        if rows.is_empty() {
            tokio::time::sleep(PAUSE).await;
        } else if leased.send(rows).await.is_err() {
            return;
        }
    }
}

/// One destination's queue.
struct Spot {
    destination: Arc<Destination>,
    queue: VecDeque<Batch>,
    /// Rows in the queue, and the domains they are for (several behind a smart host).
    queued: usize,
    domains: HashSet<String>,
    /// Enough is in hand: its domains are asked for again when fewer than half of this many are left.
    full_at: Option<usize>,
    pace: Pace,
    lines: Vec<Handle>,
    /// Why it rests.
    why: Option<Reason>,
}

impl Spot {
    fn push(&mut self, batch: Batch, full: &Full) {
        self.queued += batch.rows.len();
        self.domains
            .extend(batch.rows.first().map(|row| row.domain.clone()));
        self.queue.push_back(batch);
        let most = self.pace.rows_max();
        if self.queued >= most {
            self.full_at = Some(most);
            let mut full = full.lock().unwrap_or_else(PoisonError::into_inner);
            full.extend(self.domains.iter().cloned());
        }
    }

    /// Rows left the queue; below half of its bound its domains are asked for again.
    fn took(&mut self, rows: usize, full: &Full) {
        self.queued = self.queued.saturating_sub(rows);
        if self
            .full_at
            .is_some_and(|most| self.queued < most.max(self.pace.rows_max()) / 2)
        {
            self.full_at = None;
            let mut full = full.lock().unwrap_or_else(PoisonError::into_inner);
            for domain in self.domains.drain() {
                full.remove(&domain);
            }
        }
    }
}

/// The dispatcher's end of a line.
struct Handle {
    id: u64,
    desk: mpsc::Sender<Batch>,
    /// Rows it is delivering now; 0: idle.
    busy: usize,
}

struct Desk {
    tools: Arc<Tools>,
    hand: Arc<Semaphore>,
    full: Full,
    spots: HashMap<String, Spot>,
    /// Destinations with letters that may be given to a line.
    waiting: VecDeque<String>,
    listed: HashSet<String>,
    lines: JoinSet<()>,
    /// Which line a task is; postponing tasks are in none.
    tasks: HashMap<Id, (String, u64)>,
    next_line: u64,
    done: mpsc::Sender<Done>,
    heard: mpsc::Receiver<Done>,
}

impl Desk {
    fn new(tools: Arc<Tools>, hand: Arc<Semaphore>, full: Full) -> Desk {
        let (done, heard) = mpsc::channel(limits::CONNECTIONS_MAX);
        Desk {
            tools,
            hand,
            full,
            spots: HashMap::new(),
            waiting: VecDeque::new(),
            listed: HashSet::new(),
            lines: JoinSet::new(),
            tasks: HashMap::new(),
            next_line: 0,
            done,
            heard,
        }
    }

    async fn run(mut self, mut rows: mpsc::Receiver<Vec<Leased>>, shutdown: &CancellationToken) {
        loop {
            self.assign();
            metrics::gauge!("congthu_outbound_connections").set(self.tasks.len() as f64);
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(done) = self.heard.recv() => self.learn(done),
                Some(ended) = self.lines.join_next_with_id(), if !self.lines.is_empty() => {
                    let id = match ended {
                        Ok((id, ())) => id,
                        Err(cause) => {
                            tracing::error!(%cause, "an outgoing connection's task failed");
                            metrics::counter!("congthu_panics_total", "where" => "outbound").increment(1);
                            cause.id()
                        }
                    };
                    self.forget(id);
                }
                Some(rows) = rows.recv() => self.take(rows),
            }
        }
        self.stop().await;
    }

    fn now(&self) -> i64 {
        self.tools.config.clock.now()
    }

    /// Sorts leased rows by destination and submission.
    fn take(&mut self, rows: Vec<Leased>) {
        let now = self.now();
        let leased_until = now + i64::try_from(limits::LEASE_SECS * 1_000).unwrap_or(i64::MAX);
        let mut batches: Vec<(Destination, Batch)> = Vec::new();
        let mut places: HashMap<(String, SubmissionId, Option<OutboxId>), usize> = HashMap::new();
        let (dropped, rows): (Vec<Leased>, Vec<Leased>) = rows
            .into_iter()
            .partition(|row| row.asked == Some(Asked::Drop));
        self.end(dropped, leased_until);
        for row in rows {
            let destination =
                attempt::destination_from(&self.tools.config, &row.domain, &row.mail_from);
            // A copy through a list is its recipient's alone.
            let alone = row.list.as_ref().map(|_| row.id);
            let place = (destination.key.clone(), row.submission, alone);
            match places.get(&place).and_then(|at| batches.get_mut(*at)) {
                Some((_, batch)) => batch.rows.push(row),
                None => {
                    places.insert(place, batches.len());
                    batches.push((
                        destination,
                        Batch {
                            rows: vec![row],
                            leased_until,
                        },
                    ));
                }
            }
        }
        let first = self.tools.config.retry_delays_secs.first();
        let rest_first = Duration::from_secs(first.copied().unwrap_or(60));
        for (destination, batch) in batches {
            let key = destination.key.clone();
            let spot = self.spots.entry(key.clone()).or_insert_with(|| Spot {
                destination: Arc::new(destination),
                queue: VecDeque::new(),
                queued: 0,
                domains: HashSet::new(),
                full_at: None,
                pace: Pace::new(rest_first),
                lines: Vec::new(),
                why: None,
            });
            // Somebody looks at it and wants it tried: the rest is over.
            if batch.rows.iter().any(|row| row.asked == Some(Asked::Retry)) {
                spot.pace.wake();
            }
            match spot.why.clone().filter(|_| spot.pace.is_resting(now)) {
                Some(why) => self.postpone(batch, why),
                None => {
                    spot.push(batch, &self.full);
                    self.list(key);
                }
            }
        }
        self.tidy(now);
    }

    fn list(&mut self, key: String) {
        if self.listed.insert(key.clone()) {
            self.waiting.push_back(key);
        }
    }

    fn postpone(&mut self, batch: Batch, why: Reason) {
        let tools = self.tools.clone();
        self.lines
            .spawn(async move { tools.postpone(batch, why).await });
    }

    /// Ends what an administrator dropped, with a report to each sender.
    fn end(&mut self, rows: Vec<Leased>, leased_until: i64) {
        let mut letters: HashMap<SubmissionId, Vec<Leased>> = HashMap::new();
        for row in rows {
            letters.entry(row.submission).or_default().push(row);
        }
        for rows in letters.into_values() {
            let (tools, batch) = (self.tools.clone(), Batch { rows, leased_until });
            self.lines.spawn(async move { tools.end(batch).await });
        }
    }

    /// What a line learned: the destination's pace, and those that wait behind a dead one.
    fn learn(&mut self, done: Done) {
        let now = self.now();
        let Some(spot) = self.spots.get_mut(&done.key) else {
            return;
        };
        if let Some(line) = spot.lines.iter_mut().find(|line| line.id == done.line) {
            line.busy = 0;
        }
        spot.pace.learn(done.lesson, now);
        let mut left = VecDeque::new();
        if done.lesson == Lesson::Dead {
            if let Some(why) = &done.why {
                spot.why = Some(why.clone());
                left = std::mem::take(&mut spot.queue);
                spot.took(spot.queued, &self.full);
            }
        } else {
            spot.why = None;
        }
        let more = !spot.queue.is_empty();
        for batch in left {
            if let Some(why) = done.why.clone() {
                self.postpone(batch, why);
            }
        }
        if more {
            self.list(done.key);
        }
    }

    /// A task ended: its line is gone; what it held when it failed comes again when its lease ends.
    fn forget(&mut self, id: Id) {
        let Some((key, line)) = self.tasks.remove(&id) else {
            return;
        };
        if let Some(spot) = self.spots.get_mut(&key) {
            let busy: usize = spot
                .lines
                .iter()
                .filter(|one| one.id == line)
                .map(|one| one.busy)
                .sum();
            self.hand.add_permits(busy);
            spot.lines.retain(|one| one.id != line);
            if !spot.queue.is_empty() {
                self.list(key);
            }
        }
    }

    /// Gives waiting letters to lines, destination after destination in turn.
    fn assign(&mut self) {
        for _ in 0..self.waiting.len() {
            let Some(key) = self.waiting.pop_front() else {
                break;
            };
            self.listed.remove(&key);
            match self.give(&key) {
                // Its lines are all busy or it has nothing more: it is listed again when something changes.
                Given::Enough => {}
                Given::More => self.list(key),
                Given::NoLine => {
                    self.free_a_line();
                    self.listed.insert(key.clone());
                    self.waiting.push_front(key);
                    break;
                }
            }
        }
    }

    /// One letter of one destination to one line.
    fn give(&mut self, key: &str) -> Given {
        let now = self.now();
        let (used, most) = (self.tasks.len(), self.tools.config.connections_max.max(1));
        let (free, next) = (used < most, self.next_line);
        let Some(spot) = self.spots.get_mut(key) else {
            return Given::Enough;
        };
        let busy = spot.lines.iter().filter(|line| line.busy > 0).count();
        let crowded = used >= most.div_ceil(2);
        let bearable = if crowded {
            spot.pace.limit_in_a_crowd()
        } else {
            spot.pace.limit()
        };
        if busy >= bearable {
            return Given::Enough;
        }
        let idle = spot.lines.iter().position(|line| line.busy == 0);
        if idle.is_none() && !free {
            return Given::NoLine;
        }
        let Some(batch) = spot.queue.pop_front() else {
            return Given::Enough;
        };
        spot.took(batch.rows.len(), &self.full);
        let longest = i64::try_from(limits::ATTEMPT_MAX.as_millis()).unwrap_or(i64::MAX);
        if batch.leased_until - now < longest {
            // Its lease may end before the attempt does: it comes again by itself.
            self.hand.add_permits(batch.rows.len());
            return Given::More;
        }
        let rows = batch.rows.len();
        if let Some(line) = idle.and_then(|at| spot.lines.get_mut(at)) {
            match line.desk.try_send(batch) {
                Ok(()) => line.busy = rows,
                Err(
                    mpsc::error::TrySendError::Closed(batch)
                    | mpsc::error::TrySendError::Full(batch),
                ) => {
                    // It is just going home.
                    let gone = line.id;
                    spot.lines.retain(|line| line.id != gone);
                    spot.queued += batch.rows.len();
                    spot.queue.push_front(batch);
                }
            }
            return Given::More;
        }
        let (desk, letters) = mpsc::channel(1);
        // The channel is empty and open: it takes one.
        if desk.try_send(batch).is_err() {
            self.hand.add_permits(rows);
            return Given::More;
        }
        self.next_line += 1;
        spot.lines.push(Handle {
            id: next,
            desk,
            busy: rows,
        });
        let line = line::run(
            self.tools.clone(),
            spot.destination.clone(),
            next,
            letters,
            self.done.clone(),
        );
        let task = self.lines.spawn(line);
        self.tasks.insert(task.id(), (key.to_string(), next));
        Given::More
    }

    /// Sends one idle line home, so that another destination gets its connection.
    fn free_a_line(&mut self) {
        for spot in self.spots.values_mut() {
            if let Some(at) = spot.lines.iter().position(|line| line.busy == 0) {
                spot.lines.swap_remove(at);
                return;
            }
        }
    }

    /// Forgets destinations about which there is nothing to remember.
    fn tidy(&mut self, now: i64) {
        if self.spots.len() > limits::DESTINATIONS_MAX {
            self.spots.retain(|_, spot| {
                !spot.queue.is_empty() || !spot.lines.is_empty() || spot.pace.is_resting(now)
            });
        }
    }

    /// No new letters; lines finish theirs, then everything is let go.
    async fn stop(mut self) {
        self.spots.clear();
        let tasks = async { while self.lines.join_next().await.is_some() {} };
        let drain = async { while self.heard.recv().await.is_some() {} };
        tokio::select! {
            () = tasks => {}
            () = drain => {}
            () = tokio::time::sleep(LAST_WORDS) => tracing::info!("outgoing connections cut off at the stop"),
        }
        self.lines.shutdown().await;
    }
}

enum Given {
    /// Something moved; there may be more to give.
    More,
    /// Nothing more can be given to this destination now.
    Enough,
    /// All connections are in use.
    NoLine,
}
