//! "Tìm kiếm": with or without diacritics, by sender, by number, by date. Says how many letters it found, and marks why.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::form;
use crate::limits;
use crate::session::Signed;
use crate::shell::{self, Here, Shell};
use crate::view::mark::Wanted;
use crate::view::names;
use crate::view::row::Row;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use mailroom::search::Query;
use store::{AccountId, Mailbox};

#[derive(Template)]
#[template(path = "search.html")]
struct Search {
    s: Shell,
    typed: String,
    account: i64,
    own: bool,
    found: String,
    rows: Vec<Row>,
    next: String,
    previous: String,
}

pub async fn show(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let typed: String = asked
        .get("q")
        .trim()
        .chars()
        .take(limits::SEARCH_CHARS_MAX)
        .collect();
    let own = me.actor().principal.0;
    let account = asked.number("hop").unwrap_or(own);
    let page = asked
        .number("trang")
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(0)
        .min(1_000);
    let s = Shell::of(&app, &me, Here::Mail, me.lang.t("search")).await;
    if typed.is_empty() {
        return Ok(shell::html(&Search {
            s,
            typed,
            account,
            own: account == own,
            found: String::new(),
            rows: Vec::new(),
            next: String::new(),
            previous: String::new(),
        }));
    }
    let access = app.room.open(me.actor(), AccountId(account)).await?;
    let query = Query::parse(&typed);
    let (total, emails) = access
        .search(&query, page * limits::SEARCH_ROWS, limits::SEARCH_ROWS)
        .await?;
    let mailboxes = access.mailboxes().await?;
    let wanted = wanted(&query);
    let hits = access.hits(&query, &emails).await?;
    let rows = emails
        .iter()
        .zip(hits)
        .map(|(email, hit)| {
            let place = mailboxes.iter().find(|m| m.id == email.mailbox);
            let mut row = Row::of(
                email,
                place.and_then(|m: &Mailbox| m.role),
                me.lang,
                &wanted,
            );
            if let Some(hit) = hit {
                row.found_at(&hit, &wanted);
            }
            row.place = place.map_or_else(String::new, |m| names::mailbox(me.lang, m));
            row
        })
        .collect();
    let turn = |page: usize| {
        let hop = if account == own {
            String::new()
        } else {
            format!("&hop={account}")
        };
        format!("/tim?q={}{hop}&trang={page}", form::query(&typed))
    };
    let next = match (page + 1) * limits::SEARCH_ROWS < total {
        true => turn(page + 1),
        false => String::new(),
    };
    let previous = if page > 0 {
        turn(page - 1)
    } else {
        String::new()
    };
    Ok(shell::html(&Search {
        found: me
            .lang
            .tny("found", i64::try_from(total).unwrap_or(i64::MAX), &typed),
        s,
        typed,
        account,
        own: account == own,
        rows,
        next,
        previous,
    }))
}

/// What is marked in the rows; the last word may still be being typed.
fn wanted(query: &Query) -> Wanted {
    let wanted = Wanted::of(query.words.iter().map(|words| words.text.as_str()));
    match query.words.last() {
        Some(last) if !last.phrase => wanted.going_on(&last.text),
        _ => wanted,
    }
}
