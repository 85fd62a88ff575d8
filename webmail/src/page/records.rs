//! "Bản ghi DNS": what a mail domain must publish, to copy from, and how each record stands in DNS now. For administrators whose
//! rights cover the domain. Publishes nothing and asks no name server: the mailroom passes on what the program knows.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::form::query;
use crate::lang::Lang;
use crate::page::admin;
use crate::session::{Posted, Signed};
use crate::shell::{self, Here, Shell, go};
use crate::time;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use mailroom::published::{DomainRecord, Note, RecordState};

const PLACE: &str = "/quan-tri/dns";
/// Characters of a value in one line of its field on a narrow phone.
const LINE_CHARS: usize = 30;

#[derive(Template)]
#[template(path = "records_of.html")]
struct Domains {
    s: Shell,
    domains: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "records.html")]
struct Page {
    s: Shell,
    /// Where "back" leads: the list of domains, or the start where there is one only.
    back: (&'static str, String),
    domain: String,
    href: String,
    checked: String,
    checking: bool,
    /// DNS may be asked again from here.
    asks: bool,
    counts: Vec<(&'static str, usize)>,
    notes: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    what: String,
    name: String,
    kind: &'static str,
    value: String,
    name_lines: usize,
    value_lines: usize,
    must: bool,
    class: &'static str,
    state: &'static str,
    found: String,
}

/// Class and words of a state, in the order they are counted.
const STATES: [(&str, &str); 5] = [
    ("good", "record-right"),
    ("late", "record-missing"),
    ("late", "record-other"),
    ("wait", "record-unknown"),
    ("wait", "record-unasked"),
];

/// What a record is for: the mailroom's word, and ours.
const WHAT: [(&str, &str); 13] = [
    ("address", "record-is-address"),
    ("mx", "record-is-mx"),
    ("spf", "record-is-spf"),
    ("dkim", "record-is-dkim"),
    ("dkim-next", "record-is-dkim-next"),
    ("dkim-old", "record-is-dkim-old"),
    ("dmarc", "record-is-dmarc"),
    ("mta-sts", "record-is-mta-sts"),
    ("mta-sts-host", "record-is-mta-sts-host"),
    ("tls-rpt", "record-is-tls-rpt"),
    ("service", "record-is-service"),
    ("autoconfig", "record-is-autoconfig"),
    ("tlsa", "record-is-tlsa"),
];

fn what(lang: Lang, word: &str) -> String {
    let known = WHAT.iter().find(|(known, _)| *known == word);
    known.map_or_else(|| word.to_owned(), |(_, key)| lang.t(key))
}

fn place_of(state: &RecordState) -> usize {
    match state {
        RecordState::Right => 0,
        RecordState::Missing => 1,
        RecordState::Other(_) => 2,
        RecordState::Unknown(_) => 3,
        RecordState::Unasked => 4,
    }
}

impl Row {
    fn of(lang: Lang, one: DomainRecord) -> Row {
        let (class, state) = STATES
            .get(place_of(&one.state))
            .copied()
            .unwrap_or(("wait", "record-unasked"));
        Row {
            what: what(lang, one.what),
            name_lines: lines(&one.name),
            value_lines: lines(&one.value),
            name: one.name,
            kind: one.kind,
            value: one.value,
            must: one.must,
            class,
            state,
            found: match one.state {
                RecordState::Other(found) => lang.tx("record-found", found),
                RecordState::Unknown(why) => why,
                _ => String::new(),
            },
        }
    }
}

fn lines(text: &str) -> usize {
    text.chars().count().div_ceil(LINE_CHARS).max(1)
}

fn note(lang: Lang, domain: &str, note: Note) -> String {
    match note {
        Note::Sink => lang.t("records-sink"),
        Note::Addresses(host) => lang.tx("records-addresses", host),
        Note::Unsigned => lang.tx("records-unsigned", domain),
        Note::Dnssec => lang.t("records-dnssec"),
    }
}

/// `GET /quan-tri/dns`
pub async fn domains(State(app): State<App>, me: Signed) -> Result<Response, Fault> {
    admin::units_of(&app, &me).await?;
    let domains = app.room.domains_of(me.actor()).await?;
    if let [only] = domains.as_slice() {
        return Ok(go(&place(only)));
    }
    let domains = domains.into_iter().map(|name| (place(&name), name));
    let s = Shell::of(&app, &me, Here::More, me.lang.t("records")).await;
    Ok(shell::html(&Domains {
        s,
        domains: domains.collect(),
    }))
}

fn place(domain: &str) -> String {
    format!("{PLACE}/{}", query(domain))
}

/// `GET /quan-tri/dns/{domain}`
pub async fn show(
    State(app): State<App>,
    me: Signed,
    Path(domain): Path<String>,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let domains = app.room.domains_of(me.actor()).await?;
    let told = app.room.domain_records(me.actor(), &domain, false).await?;
    let counts = STATES.iter().enumerate().map(|(place, (_, words))| {
        let same = |one: &&DomainRecord| place_of(&one.state) == place;
        (*words, told.records.iter().filter(same).count())
    });
    let counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
    // What wants doing first; otherwise in the order one publishes.
    let mut records = told.records;
    records.sort_by_key(|one| match one.state {
        RecordState::Missing | RecordState::Other(_) if one.must => 0,
        RecordState::Missing | RecordState::Other(_) => 1,
        RecordState::Unknown(_) | RecordState::Unasked => 2,
        RecordState::Right => 3,
    });
    let lang = me.lang;
    let s = Shell::of(&app, &me, Here::More, lang.t("records"))
        .await
        .flash(Flash::of(&asked, lang))
        .module("copy.js");
    Ok(shell::html(&Page {
        s,
        back: match domains.len() {
            2.. => (PLACE, lang.t("records")),
            _ => ("/quan-tri", lang.t("admin")),
        },
        href: place(&domain),
        checked: told.checked_at.map_or_else(String::new, time::full),
        checking: told.checking,
        asks: !told.notes.contains(&Note::Sink),
        counts,
        notes: told
            .notes
            .into_iter()
            .map(|one| note(lang, &domain, one))
            .collect(),
        rows: records.into_iter().map(|one| Row::of(lang, one)).collect(),
        domain,
    }))
}

/// `POST /quan-tri/dns/{domain}`: asks DNS anew, waits a moment and shows what is known then.
pub async fn again(
    State(app): State<App>,
    Path(domain): Path<String>,
    posted: Posted,
) -> Result<Response, Fault> {
    let told = app
        .room
        .domain_records(posted.me.actor(), &domain, true)
        .await?;
    let word = match (told.checking, told.checked_at) {
        (true, _) => "dns-dang-hoi",
        (false, Some(_)) => "dns-da-hoi",
        (false, None) => "dns-khong-hoi",
    };
    Ok(go(&format!("{}?tb={word}", place(&domain))))
}
