//! "Thư của tôi đâu?": what happened to a letter, for the person it concerns, in plain words. The mailroom decides whose
//! history may be seen.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::lang::Lang;
use crate::limits;
use crate::session::Signed;
use crate::shell::{self, Here, Shell};
use crate::time;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use store::{TraceEvent, TraceFilter};

#[derive(Template)]
#[template(path = "trace.html")]
struct Page {
    s: Shell,
    typed: String,
    asked: bool,
    rows: Vec<Row>,
}

struct Row {
    at: String,
    from: String,
    subject: String,
    events: Vec<(String, String, String)>,
}

/// `GET /tra-cuu?ai=`: letters from or to an address.
pub async fn show(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let typed: String = asked
        .get("ai")
        .trim()
        .chars()
        .take(limits::SEARCH_CHARS_MAX)
        .collect();
    let mut found = Vec::new();
    if !typed.is_empty() {
        let own = me.actor().address.clone();
        // What this address sent to me, and what I sent to it.
        for (sender, recipient) in [(typed.clone(), own), (String::new(), typed.clone())] {
            let filter = TraceFilter {
                sender,
                recipient,
                ..TraceFilter::default()
            };
            found.extend(
                app.room
                    .trace_find(me.actor(), &filter, limits::TRACE_ROWS)
                    .await?,
            );
        }
        found.sort_by_key(|trace| std::cmp::Reverse(trace.at));
        found.dedup_by_key(|trace| trace.id);
        found.truncate(limits::TRACE_ROWS);
    }
    let mut rows = Vec::new();
    for trace in found {
        let events = match app.room.trace(me.actor(), trace.id).await {
            Ok((_, events)) => events,
            Err(mailroom::Error::Denied(_) | mailroom::Error::Missing) => continue,
            Err(cause) => return Err(cause.into()),
        };
        rows.push(Row {
            at: time::full(trace.at),
            from: match trace.from_address.is_empty() {
                true => trace.mail_from,
                false => trace.from_address,
            },
            subject: trace.subject,
            events: events
                .into_iter()
                .map(|event| line(me.lang, event))
                .collect(),
        });
    }
    let s = Shell::of(&app, &me, Here::More, me.lang.t("trace")).await;
    Ok(shell::html(&Page {
        s,
        asked: !typed.is_empty(),
        typed,
        rows,
    }))
}

/// (time, recipient, words)
pub fn line(lang: Lang, event: TraceEvent) -> (String, String, String) {
    let words = lang.t(match event.event.as_str() {
        "delivered" => "fate-delivered",
        "junk" => "fate-junk",
        "quarantined" => "trace-quarantined",
        "released" => "trace-released",
        "removed" => "trace-removed",
        "queued" | "held" => "fate-queued",
        "sent" => "fate-accepted",
        "deferred" => "fate-deferred",
        "bounced" => "fate-bounced",
        "refused" => "fate-rejected",
        "dropped" => "trace-dropped",
        _ => "fate-unknown",
    });
    let told = matches!(
        event.event.as_str(),
        "deferred" | "bounced" | "refused" | "junk" | "dropped"
    );
    let words = match told && !event.detail.is_empty() {
        true => format!("{words}: {}", event.detail),
        false => words,
    };
    (time::full(event.at), event.recipient, words)
}
