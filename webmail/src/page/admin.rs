//! Administrators of a unit: find a person of the own subtree, see the account's state, read the audit log. Never the mail.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::lang::Lang;
use crate::limits;
use crate::page::allowance::Sending;
use crate::session::Signed;
use crate::shell::{self, Here, Shell};
use crate::time;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use store::{Principal, Status, Unit};

#[derive(Template)]
#[template(path = "admin.html")]
struct Find {
    s: Shell,
    units: String,
    typed: String,
    asked: bool,
    people: Vec<Person>,
    waiting: usize,
    /// Administers the whole installation.
    whole: bool,
    /// Administers a whole mail domain.
    domains: bool,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    s: Shell,
    p: Person,
    sending: Sending,
    /// Nobody changes the own limits.
    own: bool,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Audit {
    s: Shell,
    rows: Vec<[String; 5]>,
}

/// A person as administrators see one.
pub struct Person {
    pub id: i64,
    pub href: String,
    pub name: String,
    pub address: String,
    pub title: String,
    pub unit: String,
    pub staff_no: String,
    pub phone: String,
    pub last_seen: String,
    pub state: &'static str,
    pub sensitive: bool,
}

impl Person {
    fn of((who, unit): (Principal, Option<Unit>)) -> Person {
        Person {
            id: who.id.0,
            href: format!(
                "/quan-tri/nguoi/{}",
                crate::form::query(&who.address).replace('+', "%20")
            ),
            name: who.name,
            address: who.address,
            title: who.title,
            unit: unit.map_or_else(String::new, |unit| unit.name),
            staff_no: who.staff_no.unwrap_or_default(),
            phone: who.phone.unwrap_or_default(),
            last_seen: who.last_seen_at.map_or_else(String::new, time::full),
            state: match who.status {
                Status::Active => "",
                Status::Disabled => "person-disabled",
                Status::Dormant => "person-dormant",
            },
            sensitive: who.sensitive,
        }
    }
}

/// Refuses everybody who administers nothing, with the words for "not there".
pub async fn units_of(app: &App, me: &Signed) -> Result<Vec<Unit>, Fault> {
    let units = app.room.administers(me.actor()).await?;
    if units.is_empty() {
        Err(Fault::NotFound)
    } else {
        Ok(units)
    }
}

/// `GET /quan-tri?ten=`
pub async fn find(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let units = units_of(&app, &me).await?;
    let typed: String = asked
        .get("ten")
        .trim()
        .chars()
        .take(limits::SEARCH_CHARS_MAX)
        .collect();
    let people = match typed.is_empty() {
        true => Vec::new(),
        false => {
            app.room
                .find_people(me.actor(), &typed, limits::PEOPLE_ROWS)
                .await?
        }
    };
    let waiting = app.room.slips_waiting(me.actor()).await?.len();
    let whole = units.iter().any(|unit| unit.parent.is_none());
    let domains = !app.room.domains_of(me.actor()).await?.is_empty();
    let names: Vec<_> = units.into_iter().map(|unit| unit.name).collect();
    let s = Shell::of(&app, &me, Here::More, me.lang.t("admin"))
        .await
        .flash(Flash::of(&asked, me.lang));
    Ok(shell::html(&Find {
        s,
        units: names.join(", "),
        asked: !typed.is_empty(),
        typed,
        people: people.into_iter().map(Person::of).collect(),
        waiting,
        whole,
        domains,
    }))
}

/// The person with this very address in the own subtree.
pub async fn person_of(app: &App, me: &Signed, address: &str) -> Result<Person, Fault> {
    units_of(app, me).await?;
    let found = app
        .room
        .find_people(me.actor(), address, limits::PEOPLE_ROWS)
        .await?;
    found
        .into_iter()
        .find(|(who, _)| who.address.eq_ignore_ascii_case(address))
        .map(Person::of)
        .ok_or(Fault::NotFound)
}

/// `GET /quan-tri/nguoi/{address}`
pub async fn person(
    State(app): State<App>,
    me: Signed,
    Path(address): Path<String>,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let p = person_of(&app, &me, &address).await?;
    let sending = Sending::of(&app, &me, &p.address).await?;
    let flash = Flash::of(&asked, me.lang);
    let page = page_of(&app, &me, p, sending).await;
    Ok(shell::html(&PersonPage {
        s: page.s.flash(flash),
        ..page
    }))
}

async fn page_of(app: &App, me: &Signed, p: Person, sending: Sending) -> PersonPage {
    PersonPage {
        s: Shell::of(app, me, Here::More, p.name.clone()).await,
        own: p.id == me.actor().principal.0,
        p,
        sending,
    }
}

/// The page once more, with what was wrong in a form of it.
pub async fn refused(app: &App, me: &Signed, p: Person, sending: Sending) -> Response {
    let mut answer = shell::html(&page_of(app, me, p, sending).await);
    *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    answer
}

/// `GET /quan-tri/nhat-ky`
pub async fn audit(State(app): State<App>, me: Signed) -> Result<Response, Fault> {
    units_of(&app, &me).await?;
    let rows = app.room.audit_of(me.actor(), limits::AUDIT_ROWS).await?;
    let rows = rows
        .into_iter()
        .map(|(at, who, action, target, detail)| {
            // Who did something with the own account is not named twice.
            let target = if target == who { String::new() } else { target };
            [
                time::full(at),
                self::who(me.lang, who),
                action_words(me.lang, &action),
                target,
                detail_words(me.lang, &action, detail),
            ]
        })
        .collect();
    let s = Shell::of(&app, &me, Here::More, me.lang.t("audit")).await;
    Ok(shell::html(&Audit { s, rows }))
}

/// Acts by their name in the log.
const ACTS: [(&str, &str); 38] = [
    ("slip.make", "audit-slip-make"),
    ("slip.approve", "audit-slip-approve"),
    ("slip.use", "audit-slip-use"),
    ("password.change", "audit-password"),
    ("account.disable", "audit-disable"),
    ("account.enable", "audit-enable"),
    ("account.add", "audit-add"),
    ("queue.retry", "audit-queue-retry"),
    ("queue.hold", "audit-queue-hold"),
    ("queue.release", "audit-queue-release"),
    ("queue.drop", "audit-queue-drop"),
    ("queue.drop-notify", "audit-queue-drop-notify"),
    ("limits.set", "audit-limits-set"),
    ("limits.usual", "audit-limits-usual"),
    ("limits.reset", "audit-limits-reset"),
    ("sending.limit", "audit-sending-limit"),
    ("account.quota", "audit-quota"),
    ("alias.add", "audit-alias"),
    ("membership.set", "audit-membership"),
    ("admin.add", "audit-admin-add"),
    ("admin.remove", "audit-admin-remove"),
    ("list.set", "audit-list"),
    ("unit.add", "audit-unit-add"),
    ("domain.add", "audit-domain-add"),
    ("account.update", "audit-account-update"),
    ("forward.ask", "audit-forward-ask"),
    ("forward.set", "audit-forward-set"),
    ("forward.end", "audit-forward-end"),
    ("list.leave", "audit-list-leave"),
    ("answer.set", "audit-answer"),
    ("sign_in", "audit-sign-in"),
    ("sign_in.paused", "audit-sign-in-paused"),
    ("session.end", "audit-session-end"),
    ("session.end_all", "audit-session-end-all"),
    ("app_password.add", "audit-app-password-add"),
    ("app_password.revoke", "audit-app-password-revoke"),
    ("assignment.recall", "audit-assignment-recall"),
    ("source.add", "audit-source-add"),
];

fn action_words(lang: Lang, action: &str) -> String {
    let known = ACTS.iter().find(|(name, _)| *name == action);
    known.map_or_else(|| action.to_owned(), |(_, key)| lang.t(key))
}

/// The console is nobody's address.
pub fn who(lang: Lang, name: String) -> String {
    match name.as_str() {
        "console" => lang.t("audit-console"),
        _ => name,
    }
}

/// By which door somebody signed in and bytes, in words; other details are words already.
fn detail_words(lang: Lang, action: &str, detail: String) -> String {
    if action == "account.quota"
        && let Ok(bytes) = detail.parse()
    {
        return lang.bytes(bytes);
    }
    if action != "sign_in" {
        return detail;
    }
    let (door, rest) = match detail.split_once(' ') {
        Some((door, rest)) => (door, rest),
        None => (detail.as_str(), ""),
    };
    let door = match door {
        "Web" => lang.t("audit-by-web"),
        _ => lang.t("audit-by-program"),
    };
    format!("{door} {rest}").trim_end().to_owned()
}
