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
    let first = page * limits::SEARCH_ROWS;
    let results = access.results(&query, first, limits::SEARCH_ROWS).await?;
    let (total, emails) = (results.total, results.rows);
    let mailboxes = access.mailboxes().await?;
    let wanted = wanted(&query);
    let hits = access.hits(&query, &emails).await?;
    let rows = emails
        .iter()
        .zip(hits)
        .enumerate()
        .map(|(number, (email, hit))| {
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
            if let Some(key) = heading(first, number, total, results.exact) {
                row.heading = me.lang.t(key);
            }
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

/// Which words stand over a row: where letters with the typed tones begin, and where those that only sound alike do. Nothing
/// where all are of one kind because no mark was typed, or every letter has the tones.
fn heading(
    first: usize,
    number: usize,
    total: usize,
    exact: Option<usize>,
) -> Option<&'static str> {
    let exact = exact.filter(|exact| *exact < total)?;
    let place = first + number;
    if place == exact || (number == 0 && place > exact) {
        return Some("found-alike");
    }
    (number == 0).then_some("found-exact")
}

/// What is marked in the rows; the last word may still be being typed.
fn wanted(query: &Query) -> Wanted {
    let wanted = Wanted::of(query.words.iter().map(|words| words.text.as_str()));
    match query.words.last() {
        Some(last) if !last.phrase => wanted.going_on(&last.text),
        _ => wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_stand_where_a_kind_begins_on_each_page() {
        let shown = |first, rows, total, exact| -> Vec<(usize, &str)> {
            (0..rows)
                .filter_map(|number| Some((number, heading(first, number, total, exact)?)))
                .collect()
        };
        let (exact, alike) = ("found-exact", "found-alike");
        assert_eq!(shown(0, 20, 50, Some(5)), [(0, exact), (5, alike)]);
        assert_eq!(shown(20, 20, 50, Some(5)), [(0, alike)]);
        assert_eq!(shown(0, 20, 50, Some(30)), [(0, exact)]);
        assert_eq!(shown(20, 20, 50, Some(30)), [(0, exact), (10, alike)]);
        assert_eq!(shown(20, 20, 50, Some(20)), [(0, alike)]);
        assert_eq!(shown(0, 20, 50, Some(0)), [(0, alike)]);
        assert_eq!(shown(0, 20, 50, Some(50)), []);
        assert_eq!(shown(0, 20, 50, None), []);
        assert_eq!(shown(0, 0, 0, Some(0)), []);
    }
}
