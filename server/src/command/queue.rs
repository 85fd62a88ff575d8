//! `congthu queue`: mail that waits to leave, why, and what administrators do about it. Works while the server runs: what
//! it is sending at that moment is left alone and counted.

use crate::command::trace::{local_time, why_waiting};
use crate::fault::Fault;
use crate::office::{Office, Place};
use clap::Subcommand;
use mailroom::Actor;
use mailroom::queue::QueueStory;
use store::{Asked, OutboxState, QueueAct, QueueCount, QueueFilter, QueueRow, TraceId};

/// Rows one listing shows.
const ROWS_MAX: usize = 1_000;

#[derive(Subcommand)]
pub enum Queue {
    /// Liệt kê thư đang chờ gửi và lý do. / List what waits and why
    List {
        #[command(flatten)]
        which: Which,
        /// Một dòng JSON mỗi người nhận. / One JSON line per recipient
        #[arg(long)]
        json: bool,
    },
    /// Mọi lần thử của một thư. / Every attempt of a message
    Show {
        #[command(flatten)]
        which: Which,
        /// Một đối tượng JSON mỗi người nhận. / One JSON object per recipient
        #[arg(long)]
        json: bool,
    },
    /// Gửi lại ngay. / Try again now
    Retry(Act),
    /// Giữ lại cho đến khi cho gửi tiếp. / Keep back until released
    Hold(Act),
    /// Cho gửi tiếp thư đang giữ. / Let held mail go on
    Release(Act),
    /// Hủy, không gửi nữa. / End it unsent
    Drop {
        #[command(flatten)]
        act: Act,
        /// Báo lại cho người gửi. / Tell the sender with a report
        #[arg(long)]
        notify: bool,
    },
}

/// Which letters; what is left out takes all.
#[derive(clap::Args, Clone, Default)]
pub struct Which {
    /// Mã hành trình của thư. / The message's trace id
    #[arg(value_name = "TRACE_ID")]
    id: Option<i64>,
    /// Địa chỉ người nhận. / Recipient
    #[arg(long, default_value = "")]
    recipient: String,
    /// Miền nhận. / Destination domain
    #[arg(long, default_value = "")]
    domain: String,
    /// Địa chỉ người gửi. / Sender
    #[arg(long, default_value = "")]
    sender: String,
    /// Chỉ thư đang giữ. / Held mail only
    #[arg(long)]
    held: bool,
}

#[derive(clap::Args)]
pub struct Act {
    #[command(flatten)]
    which: Which,
    /// Tất cả thư đang chờ. / Everything that waits
    #[arg(long)]
    all: bool,
    /// Đồng ý khi có nhiều hơn một người nhận. / Agreed, for more than one recipient
    #[arg(long)]
    yes: bool,
}

impl Which {
    fn is_empty(&self) -> bool {
        self.id.is_none()
            && self.recipient.is_empty()
            && self.domain.is_empty()
            && self.sender.is_empty()
            && !self.held
    }

    fn filter(&self) -> QueueFilter {
        QueueFilter {
            state: self.held.then_some(OutboxState::Held),
            domain: self.domain.clone(),
            sender: self.sender.clone(),
            recipient: self.recipient.clone(),
            trace: self.id.map(TraceId),
            ..QueueFilter::default()
        }
    }
}

impl Queue {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let office = Office::visit(place).await?;
        let outcome = self.act(&office).await;
        office.close().await;
        outcome
    }

    async fn act(self, office: &Office) -> Result<(), Fault> {
        match self {
            Queue::List { which, json } => list(office, &which, json).await,
            Queue::Show { which, json } => show(office, &which, json).await,
            Queue::Retry(act) => act.run(office, QueueAct::Retry).await,
            Queue::Hold(act) => act.run(office, QueueAct::Hold).await,
            Queue::Release(act) => act.run(office, QueueAct::Release).await,
            Queue::Drop { act, notify: true } => act.run(office, QueueAct::DropTelling).await,
            Queue::Drop { act, notify: false } => act.run(office, QueueAct::Drop).await,
        }
    }
}

/// The console, with the name of who is at it: the audit log shows both.
fn at_the_console(office: &Office) -> Actor {
    let mut console = office.room.console();
    let who = ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|who| !who.is_empty()));
    if let Some(who) = who {
        console.name = format!("{} ({who})", console.name);
    }
    console
}

impl Act {
    async fn run(self, office: &Office, act: QueueAct) -> Result<(), Fault> {
        if self.which.is_empty() && !self.all {
            return Err(Fault::failed(
                "chưa nói thư nào".to_owned(),
                "which mail is meant?".to_owned(),
            )
            .remedy(
                "thêm mã hành trình, --recipient, --domain, --sender, hoặc --all",
                "name a trace id, --recipient, --domain, --sender, or --all",
            ));
        }
        let room = &office.room;
        let (actor, filter) = (at_the_console(office), self.which.filter());
        let count = room.queue_count(&actor, &filter).await?;
        let touched = touched(act, count);
        let what = words(act);
        if touched > 1 && !self.yes {
            return Err(Fault::failed(
                format!("sẽ {what} {touched} người nhận; chưa làm gì"),
                format!("this concerns {touched} recipients; nothing was done"),
            )
            .remedy("thêm --yes để làm", "add --yes to do it"));
        }
        let done = room.queue_act(&actor, &filter, act).await?;
        println!("Đã {what}: {} người nhận", done.done);
        if done.sending > 0 {
            println!(
                "Đang gửi, không đụng đến: {} người nhận. Chạy lại lệnh sau ít phút nếu cần.",
                done.sending
            );
        }
        if done.done == 0 && done.sending == 0 {
            println!("Không có thư nào như vậy trong hàng đợi.");
        }
        Ok(())
    }
}

/// How many of what waits an act would change.
fn touched(act: QueueAct, count: QueueCount) -> u64 {
    let mut touched = 0;
    for (state, number) in [
        (OutboxState::Due, count.due),
        (OutboxState::Held, count.held),
    ] {
        if act.takes(state) {
            touched += number;
        }
    }
    touched
}

fn words(act: QueueAct) -> &'static str {
    match act {
        QueueAct::Retry => "cho gửi lại ngay",
        QueueAct::Hold => "giữ lại",
        QueueAct::Release => "cho gửi tiếp",
        QueueAct::Drop => "hủy, không báo người gửi",
        QueueAct::DropTelling => "hủy và báo người gửi",
    }
}

async fn list(office: &Office, which: &Which, json: bool) -> Result<(), Fault> {
    let (room, actor, filter) = (&office.room, office.room.console(), which.filter());
    let rows = room.queue_list(&actor, &filter, ROWS_MAX).await?;
    for one in &rows {
        if json {
            println!("{}", as_json(one));
        } else {
            print(one);
        }
    }
    if !json {
        let count = room.queue_count(&actor, &filter).await?;
        println!(
            "{} đang chờ, {} đang giữ, {} đang gửi",
            count.due, count.held, count.leased
        );
        if rows.len() == ROWS_MAX {
            println!("(chỉ hiện {ROWS_MAX} dòng đầu)");
        }
    }
    Ok(())
}

fn print(one: &QueueRow) {
    let row = &one.row;
    println!(
        "{}\t{} → {}\tđã thử {} lần\t{}",
        row.trace,
        row.mail_from,
        row.recipient,
        row.attempts,
        why(one)
    );
    println!(
        "\tnhận lúc {}, hạn gửi {}",
        local_time(row.created_at),
        local_time(row.expires_at)
    );
}

/// Why it waits, in a sentence.
fn why(one: &QueueRow) -> String {
    let row = &one.row;
    match (row.state, one.asked) {
        (OutboxState::Leased, _) => "đang gửi".to_owned(),
        (OutboxState::Due, Some(Asked::Drop)) => {
            "sắp hủy và báo người gửi, theo lệnh của quản trị viên".to_owned()
        }
        (OutboxState::Due, Some(Asked::Retry)) => {
            "sắp gửi lại, theo lệnh của quản trị viên".to_owned()
        }
        (OutboxState::Due, None) if row.attempts == 0 => "mới nhận, chờ đến lượt gửi".to_owned(),
        (state, _) => why_waiting(state, row.next_at, row.last_text.as_deref()),
    }
}

fn as_json(one: &QueueRow) -> serde_json::Value {
    let row = &one.row;
    serde_json::json!({"id": row.id, "trace": row.trace, "from": row.mail_from, "to": row.recipient,
        "domain": row.domain, "state": row.state.as_str(), "asked": one.asked.map(Asked::as_str),
        "attempts": row.attempts, "next_at": row.next_at, "created_at": row.created_at, "expires_at": row.expires_at,
        "last_code": row.last_code, "last_text": row.last_text, "why": why(one)})
}

async fn show(office: &Office, which: &Which, json: bool) -> Result<(), Fault> {
    let (room, actor) = (&office.room, office.room.console());
    let rows = room.queue_list(&actor, &which.filter(), ROWS_MAX).await?;
    if rows.is_empty() && !json {
        println!("Không có thư nào như vậy trong hàng đợi. Thư đã gửi xong: congthu trace MÃ");
    }
    for one in rows {
        // It may have left the queue since.
        let story = match room.queue_show(&actor, one.row.id).await {
            Ok(story) => story,
            Err(mailroom::Error::Denied(_)) => continue,
            Err(cause) => return Err(cause.into()),
        };
        tell(&story, json);
    }
    Ok(())
}

fn tell(story: &QueueStory, json: bool) {
    if json {
        let mut object = as_json(&story.row);
        let attempts: Vec<_> = story
            .attempts
            .iter()
            .map(crate::command::trace::attempt_json)
            .collect();
        if let Some(object) = object.as_object_mut() {
            object.insert("history".into(), attempts.into());
        }
        println!("{object}");
        return;
    }
    print(&story.row);
    for attempt in &story.attempts {
        println!("\t{}", crate::command::trace::attempt_words(attempt));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_says_what_it_will_touch() {
        let count = QueueCount {
            due: 3,
            held: 2,
            leased: 1,
        };
        for (act, rows) in [
            (QueueAct::Retry, 3),
            (QueueAct::Hold, 3),
            (QueueAct::Release, 2),
            (QueueAct::Drop, 5),
            (QueueAct::DropTelling, 5),
        ] {
            assert_eq!(touched(act, count), rows, "{act:?}");
        }
    }
}
