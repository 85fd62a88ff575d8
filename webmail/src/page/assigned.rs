//! "Văn bản được giao": documents that a document system gave to this person or unit, the late ones first.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::lang::Lang;
use crate::limits;
use crate::session::{Posted, Signed};
use crate::shell::{self, Here, Shell, go};
use crate::time;
use crate::view::subject::urgency_key;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use mailroom::Access;
use mailroom::assign::{AssignedFilter, AssignedRow};
use store::{AccountId, AssigneeId};

#[derive(Template)]
#[template(path = "assigned_list.html")]
struct List {
    s: Shell,
    tabs: Vec<(String, String, bool)>,
    rows: Vec<Row>,
    accounts: Vec<(i64, String, bool)>,
    live: String,
}

#[derive(Template)]
#[template(path = "assigned.html")]
struct One {
    s: Shell,
    row: Row,
    account: i64,
    may_acknowledge: bool,
}

/// A document as the pages show it.
struct Row {
    href: String,
    urgency: &'static str,
    number: String,
    subject: String,
    issuer: String,
    issued_on: String,
    assigned_by: String,
    assigned_at: String,
    instruction: String,
    note: String,
    role: String,
    due: String,
    /// "QUÁ HẠN 2 ngày", "CÒN 1 NGÀY"; "" where there is no deadline or it is done.
    standing: String,
    standing_class: &'static str,
    state: String,
    link_url: String,
    link_label: String,
    source: String,
    acknowledged_at: String,
}

fn filter(word: &str) -> AssignedFilter {
    match word {
        "qua-han" => AssignedFilter::Overdue,
        "sap-den-han" => AssignedFilter::DueSoon,
        "tat-ca" => AssignedFilter::All,
        _ => AssignedFilter::Open,
    }
}

/// `GET /duoc-giao?loc=…&hop=account`
pub async fn list(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let own = me.actor().principal.0;
    let account = asked.number("hop").unwrap_or(own);
    let access = app.room.open(me.actor(), AccountId(account)).await?;
    let wanted = filter(asked.get("loc"));
    let mut found = access.assigned(wanted, limits::ASSIGNED_ROWS).await?;
    // The late ones first, then by deadline; what has none comes last, the newest first.
    found.sort_by_key(|row| {
        (
            !row.overdue,
            row.due_at.is_none(),
            row.due_at,
            -row.assigned_at,
        )
    });
    let now = app.now();
    let rows = found
        .into_iter()
        .map(|row| show_row(me.lang, account, row, now))
        .collect();
    let hop = if account == own {
        String::new()
    } else {
        format!("&hop={account}")
    };
    let tabs = [
        ("dang-cho", "assigned-open", AssignedFilter::Open),
        ("qua-han", "assigned-overdue", AssignedFilter::Overdue),
        ("sap-den-han", "assigned-due-soon", AssignedFilter::DueSoon),
        ("tat-ca", "filter-all", AssignedFilter::All),
    ]
    .into_iter()
    .map(|(word, key, which)| {
        (
            format!("/duoc-giao?loc={word}{hop}"),
            me.lang.t(key),
            which == wanted,
        )
    })
    .collect();
    let accounts: Vec<_> = app
        .room
        .accounts_of(me.actor())
        .await?
        .into_iter()
        .map(|(id, address, name, _)| {
            let name = if name.is_empty() { address } else { name };
            (id.0, name, id.0 == account)
        })
        .collect();
    let s = Shell::of(&app, &me, Here::Assigned, me.lang.t("assigned"))
        .await
        .flash(Flash::of(&asked, me.lang));
    Ok(shell::html(&List {
        s,
        tabs,
        rows,
        accounts,
        live: format!("/su-kien?hop={account}"),
    }))
}

/// `GET /duoc-giao/{account}/{id}`: opening it is seeing it.
pub async fn show(
    State(app): State<App>,
    me: Signed,
    Path((account, id)): Path<(i64, i64)>,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let access = app.room.open(me.actor(), AccountId(account)).await?;
    let row = access.assigned_open(AssigneeId(id)).await?;
    let may_acknowledge = may_acknowledge(&access, &row);
    let row = show_row(me.lang, account, row, app.now());
    let s = Shell::of(&app, &me, Here::Assigned, me.lang.t("assigned-one"))
        .await
        .flash(Flash::of(&asked, me.lang));
    Ok(shell::html(&One {
        s,
        row,
        account,
        may_acknowledge,
    }))
}

fn may_acknowledge(access: &Access, row: &AssignedRow) -> bool {
    access.rights().write
        && row.acknowledged_at.is_none()
        && matches!(
            row.status.as_str(),
            "" | "active" | "assigned" | "open" | "in_progress"
        )
}

/// `POST /duoc-giao/{account}/{id}/xac-nhan`
pub async fn acknowledge(
    State(app): State<App>,
    Path((account, id)): Path<(i64, i64)>,
    posted: Posted,
) -> Result<Response, Fault> {
    let access = app.room.open(posted.me.actor(), AccountId(account)).await?;
    access.acknowledge(AssigneeId(id)).await?;
    Ok(go(&format!("/duoc-giao/{account}/{id}?tb=da-nhan")))
}

fn show_row(lang: Lang, account: i64, row: AssignedRow, now: i64) -> Row {
    let number = match (row.number.is_empty(), row.notation.is_empty()) {
        (true, _) => row.notation.clone(),
        (false, true) => row.number.clone(),
        (false, false) if row.notation.starts_with('/') => {
            format!("{}{}", row.number, row.notation)
        }
        (false, false) => format!("{}/{}", row.number, row.notation),
    };
    let (standing, standing_class) = standing(lang, &row, now);
    let safe_link = ["https://", "http://"]
        .iter()
        .any(|scheme| row.link_url.starts_with(scheme));
    Row {
        href: format!("/duoc-giao/{account}/{}", row.id),
        urgency: urgency_key(row.urgency),
        number,
        subject: row.subject,
        issuer: row.issuer,
        issued_on: time::iso_date(&row.issued_on),
        assigned_by: row.assigned_by,
        assigned_at: time::full(row.assigned_at),
        instruction: row.instruction,
        note: row.note,
        role: role(lang, &row.role),
        due: row.due_at.map_or_else(String::new, time::full),
        standing,
        standing_class,
        state: state(lang, &row.state, &row.status),
        link_label: match row.link_label.trim() {
            "" => lang.t("open-document"),
            label => label.to_owned(),
        },
        link_url: if safe_link {
            row.link_url
        } else {
            String::new()
        },
        source: row.source_name,
        acknowledged_at: row.acknowledged_at.map_or_else(String::new, time::full),
    }
}

/// How near the deadline is, in words a person acts on.
fn standing(lang: Lang, row: &AssignedRow, now: i64) -> (String, &'static str) {
    if matches!(
        row.status.as_str(),
        "completed" | "recalled" | "superseded" | "reassigned"
    ) {
        return (String::new(), "");
    }
    let Some(due) = row.due_at else {
        return (String::new(), "");
    };
    let days = time::days_between(now, due);
    match (row.overdue || due < now, days) {
        (true, 0) => (lang.t("overdue-today"), "late"),
        (true, days) => (lang.tn("overdue-days", -days), "late"),
        (false, 0) => (lang.tx("due-today", time::hour(due)), "soon"),
        (false, days @ 1..=3) => (lang.tn("due-days", days), "soon"),
        (false, days) => (lang.tn("due-days", days), ""),
    }
}

fn role(lang: Lang, word: &str) -> String {
    match word {
        "lead" => lang.t("role-lead"),
        "coordinate" => lang.t("role-coordinate"),
        "inform" => lang.t("role-inform"),
        "oversee" => lang.t("role-oversee"),
        _ => String::new(),
    }
}

fn state(lang: Lang, state: &str, status: &str) -> String {
    let key = match (status, state) {
        ("recalled", _) => "state-recalled",
        ("completed", _) => "state-completed",
        ("superseded", _) => "state-superseded",
        ("reassigned", _) => "state-reassigned",
        (_, "acknowledged") => "state-acknowledged",
        (_, "seen") => "state-seen",
        _ => "state-new",
    };
    lang.t(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(due_at: Option<i64>) -> AssignedRow {
        AssignedRow {
            id: AssigneeId(4),
            number: "118".into(),
            notation: "UBND-NC".into(),
            subject: "x".into(),
            urgency: 3,
            issuer: String::new(),
            issued_on: "2026-11-10".into(),
            assigned_by: String::new(),
            assigned_at: 0,
            instruction: String::new(),
            note: String::new(),
            role: "lead".into(),
            due_at,
            overdue: false,
            state: "seen".into(),
            status: "active".into(),
            link_url: "javascript:x".into(),
            link_label: String::new(),
            source_name: String::new(),
            acknowledged_at: None,
        }
    }

    #[test]
    fn deadlines_are_said_in_days() {
        const DAY: i64 = 86_400_000;
        let now = 1_795_138_990_000; // 20/11/2026 08:43
        for (due, words, class) in [
            (
                Some(now - 2 * DAY),
                Lang::Vi.tn("overdue-days", 2_i64),
                "late",
            ),
            (Some(now - 60_000), Lang::Vi.t("overdue-today"), "late"),
            (
                Some(now + 3_600_000),
                Lang::Vi.tx("due-today", "09:43"),
                "soon",
            ),
            (Some(now + DAY), Lang::Vi.tn("due-days", 1_i64), "soon"),
            (Some(now + 9 * DAY), Lang::Vi.tn("due-days", 9_i64), ""),
            (None, String::new(), ""),
        ] {
            assert_eq!(standing(Lang::Vi, &row(due), now), (words, class));
        }
    }

    #[test]
    fn links_lead_to_pages_only() {
        let shown = show_row(Lang::Vi, 3, row(None), 0);
        assert_eq!(shown.link_url, "");
        assert_eq!(shown.number, "118/UBND-NC");
        assert_eq!(shown.href, "/duoc-giao/3/4");
        assert_eq!(shown.issued_on, "10/11/2026");
    }
}
