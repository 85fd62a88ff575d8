//! "Hàng đợi thư đi": letters that wait to leave, for administrators: by destination, why, and retry, hold, release, drop.
//! The mailroom decides whose letters are seen; no subject and no text is shown.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::form::{Fields, query};
use crate::lang::Lang;
use crate::limits;
use crate::page::admin;
use crate::session::{Posted, Signed};
use crate::shell::{self, Here, Shell, go};
use crate::time;
use crate::view::wait;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use mailroom::queue::QueueOutcome;
use store::{
    Attempt, OutboxId, OutboxState, QueueAct, QueueCount, QueueFilter, QueueGroup, QueueRow,
};

const PLACE: &str = "/quan-tri/hang-doi";

#[derive(Template)]
#[template(path = "queue.html")]
struct Overview {
    s: Shell,
    count: QueueCount,
    typed: String,
    groups: Vec<Group>,
}

struct Group {
    domain: String,
    href: String,
    number: u64,
    held: u64,
    why: String,
    said: String,
    since: String,
    may_retry: bool,
}

#[derive(Template)]
#[template(path = "queue_rows.html")]
struct Rows {
    s: Shell,
    title: String,
    /// The filter, for the forms.
    domain: String,
    sender: String,
    recipient: String,
    drop: String,
    count: QueueCount,
    rows: Vec<Line>,
}

struct Line {
    href: String,
    from: String,
    to: String,
    why: String,
    tries: u32,
}

#[derive(Template)]
#[template(path = "queue_row.html")]
struct OneRow {
    s: Shell,
    id: i64,
    trace: String,
    line: Line,
    since: String,
    until: String,
    back: String,
    drop: String,
    held: bool,
    sending: bool,
    history: Vec<Tried>,
}

pub struct Tried {
    pub at: String,
    pub words: String,
    pub place: String,
    pub said: String,
}

#[derive(Template)]
#[template(path = "queue_drop.html")]
struct Drop {
    s: Shell,
    domain: String,
    sender: String,
    recipient: String,
    row: String,
    back: String,
    number: u64,
}

/// The filter of a page or form: `mien`, `gui`, `nhan`, `dong`.
fn filter_of(fields: &Fields) -> QueueFilter {
    let word = |name: &str| -> String {
        let typed = fields.get(name).trim().chars();
        typed.take(limits::SEARCH_CHARS_MAX).collect()
    };
    QueueFilter {
        domain: word("mien"),
        sender: word("gui"),
        recipient: word("nhan"),
        row: fields.number("dong").map(OutboxId),
        ..QueueFilter::default()
    }
}

/// The same as a query; "" where nothing is named.
fn asking(filter: &QueueFilter) -> String {
    let mut parts = Vec::new();
    for (name, value) in [
        ("mien", &filter.domain),
        ("gui", &filter.sender),
        ("nhan", &filter.recipient),
    ] {
        if !value.is_empty() {
            parts.push(format!("{name}={}", query(value)));
        }
    }
    parts.extend(filter.row.map(|row| format!("dong={row}")));
    match parts.is_empty() {
        true => String::new(),
        false => format!("?{}", parts.join("&")),
    }
}

fn line(lang: Lang, now: i64, one: &QueueRow) -> Line {
    Line {
        href: format!("{PLACE}/{}", one.row.id),
        from: one.row.mail_from.clone(),
        to: one.row.recipient.clone(),
        why: wait::of_row(lang, now, one),
        tries: one.row.attempts,
    }
}

fn group(lang: Lang, now: i64, one: QueueGroup) -> Group {
    let row = &one.worst.row;
    Group {
        href: format!("{PLACE}?mien={}", query(&row.domain)),
        why: wait::of_row(lang, now, &one.worst),
        said: row.last_text.clone().unwrap_or_default(),
        since: time::full(one.oldest_at),
        may_retry: one.number > one.held + one.leased,
        number: one.number,
        held: one.held,
        domain: row.domain.clone(),
    }
}

/// `GET /quan-tri/hang-doi?mien=&gui=&nhan=`
pub async fn show(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    admin::units_of(&app, &me).await?;
    let typed = asked.get("tim").trim();
    // One field for people: an address is a recipient, a word is a domain.
    if !typed.is_empty() {
        let name = if typed.contains('@') { "nhan" } else { "mien" };
        return Ok(go(&format!("{PLACE}?{name}={}", query(typed))));
    }
    let filter = filter_of(&asked);
    let (room, lang, now) = (&app.room, me.lang, app.now());
    let count = room.queue_count(me.actor(), &filter).await?;
    let s = Shell::of(&app, &me, Here::More, lang.t("queue"))
        .await
        .flash(Flash::of(&asked, lang));
    if asking(&filter).is_empty() {
        let groups = room
            .queue_groups(me.actor(), &filter, limits::QUEUE_GROUPS)
            .await?;
        return Ok(shell::html(&Overview {
            s,
            count,
            typed: String::new(),
            groups: groups
                .into_iter()
                .map(|one| group(lang, now, one))
                .collect(),
        }));
    }
    let rows = room
        .queue_list(me.actor(), &filter, limits::QUEUE_ROWS)
        .await?;
    let title = [&filter.domain, &filter.sender, &filter.recipient]
        .into_iter()
        .find(|one| !one.is_empty())
        .cloned()
        .unwrap_or_else(|| lang.t("queue"));
    Ok(shell::html(&Rows {
        s,
        title,
        drop: format!("{PLACE}/huy{}", asking(&filter)),
        domain: filter.domain,
        sender: filter.sender,
        recipient: filter.recipient,
        count,
        rows: rows.iter().map(|one| line(lang, now, one)).collect(),
    }))
}

/// `GET /quan-tri/hang-doi/{row}`: every attempt of one recipient.
pub async fn row(
    State(app): State<App>,
    me: Signed,
    Path(id): Path<i64>,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    admin::units_of(&app, &me).await?;
    let story = app.room.queue_show(me.actor(), OutboxId(id)).await?;
    let lang = me.lang;
    let row = &story.row.row;
    let s = Shell::of(&app, &me, Here::More, lang.t("queue"))
        .await
        .flash(Flash::of(&asked, lang));
    Ok(shell::html(&OneRow {
        s,
        id,
        trace: row.trace.to_string(),
        line: line(lang, app.now(), &story.row),
        since: time::full(row.created_at),
        until: time::full(row.expires_at),
        back: format!("{PLACE}?mien={}", query(&row.domain)),
        drop: format!("{PLACE}/huy?dong={id}"),
        held: row.state == OutboxState::Held,
        sending: row.state == OutboxState::Leased,
        history: story.attempts.iter().map(|one| tried(lang, one)).collect(),
    }))
}

/// One attempt in words.
pub fn tried(lang: Lang, one: &Attempt) -> Tried {
    let saw = &one.evidence;
    let words = lang.t(match one.outcome.as_str() {
        "sent" => "fate-accepted",
        "later" => "fate-deferred",
        _ => "fate-bounced",
    });
    let tls = match saw.tls.is_empty() {
        true if saw.ip.is_empty() => String::new(),
        true => lang.t("not-encrypted"),
        false => format!("{} {}", saw.tls, saw.certificate),
    };
    let place = [saw.host.as_str(), saw.ip.as_str(), tls.trim()];
    let place: Vec<&str> = place.into_iter().filter(|one| !one.is_empty()).collect();
    let code = saw.code.map(|code| code.to_string()).unwrap_or_default();
    let enhanced = saw.enhanced.as_deref().unwrap_or_default();
    let said: Vec<&str> = [code.as_str(), enhanced, saw.text.as_str()]
        .into_iter()
        .filter(|one| !one.is_empty())
        .collect();
    Tried {
        at: time::full(one.at),
        words,
        place: place.join(" · "),
        said: said.join(" "),
    }
}

/// `GET /quan-tri/hang-doi/huy`: what would be dropped, before it is.
pub async fn ask_drop(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    admin::units_of(&app, &me).await?;
    let filter = filter_of(&asked);
    let count = app.room.queue_count(me.actor(), &filter).await?;
    let s = Shell::of(&app, &me, Here::More, me.lang.t("queue-drop")).await;
    Ok(shell::html(&Drop {
        s,
        back: back_of(&filter),
        row: filter.row.map(|row| row.to_string()).unwrap_or_default(),
        domain: filter.domain,
        sender: filter.sender,
        recipient: filter.recipient,
        number: count.due + count.held,
    }))
}

fn back_of(filter: &QueueFilter) -> String {
    match filter.row {
        Some(row) => format!("{PLACE}/{row}"),
        None => format!("{PLACE}{}", asking(filter)),
    }
}

/// `POST /quan-tri/hang-doi`
pub async fn act(State(app): State<App>, posted: Posted) -> Result<Response, Fault> {
    admin::units_of(&app, &posted.me).await?;
    let fields = &posted.fields;
    let (act, word) = match fields.get("viec") {
        "gui-lai" => (QueueAct::Retry, "hd-gui-lai"),
        "giu" => (QueueAct::Hold, "hd-giu"),
        "tha" => (QueueAct::Release, "hd-tha"),
        "huy" if fields.get("bao") == "khong" => (QueueAct::Drop, "hd-huy"),
        "huy" => (QueueAct::DropTelling, "hd-huy"),
        _ => return Err(Fault::Bad(String::new())),
    };
    let filter = filter_of(fields);
    // A form of this page always names something: everything at once is for the command line.
    if asking(&filter).is_empty() {
        return Err(Fault::Bad(String::new()));
    }
    let outcome = app.room.queue_act(posted.me.actor(), &filter, act).await?;
    let word = match outcome {
        QueueOutcome { sending: 1.., .. } => "hd-dang-gui",
        QueueOutcome { done: 0, .. } => "hd-khong-co",
        _ => word,
    };
    let gone = matches!(act, QueueAct::Drop | QueueAct::DropTelling);
    let place = match (gone && filter.row.is_some(), back_of(&filter)) {
        (true, _) => PLACE.to_owned(),
        (false, place) => place,
    };
    let joint = if place.contains('?') { '&' } else { '?' };
    Ok(go(&format!("{place}{joint}tb={word}")))
}
