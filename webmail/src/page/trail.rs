//! "Tra cứu thư": an administrator finds any letter of the own people and sees its whole way, from the connection to the
//! mailbox or to the other server's words. The mailroom decides whose letters and whether subjects are shown; never the text.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::form::Fields;
use crate::lang::Lang;
use crate::limits;
use crate::page::queue::{Tried, tried};
use crate::page::{admin, trace};
use crate::session::Signed;
use crate::shell::{self, Here, Shell, go};
use crate::time;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use mailroom::trace::TraceStory;
use store::{Trace, TraceFilter, TraceId};

const DAY_MS: i64 = 86_400_000;

#[derive(Template)]
#[template(path = "trail.html")]
struct Find {
    s: Shell,
    typed: Typed,
    subjects: bool,
    asked: bool,
    most: usize,
    rows: Vec<Row>,
}

/// What stands in the fields.
struct Typed {
    sender: String,
    recipient: String,
    since: String,
    until: String,
    subject: String,
    id: String,
}

struct Row {
    href: String,
    at: String,
    way: String,
    from: String,
    subject: String,
}

#[derive(Template)]
#[template(path = "trail_one.html")]
struct One {
    s: Shell,
    row: Row,
    id: String,
    message_id: String,
    host: String,
    checks: String,
    size: String,
    /// (time, recipient, words)
    events: Vec<(String, String, String)>,
    /// (recipient, attempts)
    recipients: Vec<(String, Vec<Tried>)>,
}

impl Typed {
    fn of(asked: &Fields) -> Typed {
        let word = |name: &str| -> String {
            let typed = asked.get(name).trim().chars();
            typed.take(limits::SEARCH_CHARS_MAX).collect()
        };
        Typed {
            sender: word("gui"),
            recipient: word("nhan"),
            since: word("tu"),
            until: word("den"),
            subject: word("trich-yeu"),
            id: word("ma"),
        }
    }

    fn is_empty(&self) -> bool {
        [
            &self.sender,
            &self.recipient,
            &self.since,
            &self.until,
            &self.subject,
            &self.id,
        ]
        .iter()
        .all(|one| one.is_empty())
    }

    fn filter(&self, now: i64) -> TraceFilter {
        let named = time::day_start(&self.since);
        // A Message-ID names one letter, whenever it was.
        let from_at = match (named, self.id.is_empty()) {
            (None, false) => None,
            (named, _) => Some(named.unwrap_or(now - limits::TRAIL_DAYS * DAY_MS)),
        };
        TraceFilter {
            sender: self.sender.clone(),
            recipient: self.recipient.clone(),
            from_at,
            until_at: time::day_start(&self.until).map(|day| day + DAY_MS),
            subject: self.subject.clone(),
            message_id: self.id.trim_matches(['<', '>']).to_owned(),
            ..TraceFilter::default()
        }
    }
}

fn row(lang: Lang, trace: &Trace, subjects: bool) -> Row {
    let way = match trace.direction.as_str() {
        "in" => "trail-in",
        "submit" => "trail-out",
        _ => "trail-local",
    };
    Row {
        href: format!("/quan-tri/tra-cuu/{}", trace.id),
        at: time::full(trace.at),
        way: lang.t(way),
        from: match trace.mail_from.is_empty() {
            true => trace.from_address.clone(),
            false => trace.mail_from.clone(),
        },
        subject: match trace.subject.is_empty() && !subjects {
            true => lang.t("trail-no-subject"),
            false => trace.subject.clone(),
        },
    }
}

/// `GET /quan-tri/tra-cuu?gui=&nhan=&tu=&den=&trich-yeu=&ma=`
pub async fn find(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    admin::units_of(&app, &me).await?;
    let typed = Typed::of(&asked);
    if let Ok(id) = typed.id.parse::<i64>() {
        return Ok(go(&format!("/quan-tri/tra-cuu/{id}")));
    }
    let subjects = app.room.sees_subjects(me.actor()).await?;
    let found = match typed.is_empty() {
        true => Vec::new(),
        false => {
            let filter = typed.filter(app.now());
            app.room
                .trace_find_administered(me.actor(), &filter, limits::TRAIL_ROWS)
                .await?
        }
    };
    let s = Shell::of(&app, &me, Here::More, me.lang.t("trail")).await;
    Ok(shell::html(&Find {
        s,
        asked: !typed.is_empty(),
        typed,
        subjects,
        most: limits::TRAIL_ROWS,
        rows: found
            .iter()
            .map(|trace| row(me.lang, trace, subjects))
            .collect(),
    }))
}

/// `GET /quan-tri/tra-cuu/{trace}`
pub async fn show(
    State(app): State<App>,
    me: Signed,
    Path(id): Path<i64>,
) -> Result<Response, Fault> {
    admin::units_of(&app, &me).await?;
    let subjects = app.room.sees_subjects(me.actor()).await?;
    let story = app.room.trace_story(me.actor(), TraceId(id)).await?;
    let s = Shell::of(&app, &me, Here::More, me.lang.t("trail")).await;
    Ok(shell::html(&page(s, me.lang, story, subjects)))
}

fn page(s: Shell, lang: Lang, story: TraceStory, subjects: bool) -> One {
    let TraceStory {
        trace,
        events,
        recipients,
    } = story;
    let tls = match trace.tls.is_empty() {
        true if trace.peer_ip.is_empty() => String::new(),
        true => lang.t("not-encrypted"),
        false => trace.tls.clone(),
    };
    let host = [trace.helo.as_str(), trace.peer_ip.as_str(), tls.as_str()];
    let host: Vec<&str> = host.into_iter().filter(|one| !one.is_empty()).collect();
    One {
        s,
        row: row(lang, &trace, subjects),
        id: trace.id.to_string(),
        host: host.join(" · "),
        message_id: trace.message_id.unwrap_or_default(),
        checks: trace.auth_results,
        size: lang.bytes(trace.size),
        events: events
            .into_iter()
            .map(|event| trace::line(lang, event))
            .collect(),
        recipients: recipients
            .into_iter()
            .map(|(row, attempts)| {
                let tries = attempts.iter().map(|one| tried(lang, one)).collect();
                (row.recipient, tries)
            })
            .collect(),
    }
}
