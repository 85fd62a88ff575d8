//! One letter: who, when, what it says, what is attached, what can be done with it. Opening marks it read.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::letter::{self, Opened};
use crate::limits;
use crate::sanitise;
use crate::session::Signed;
use crate::shell::{self, Here, Shell};
use crate::time;
use crate::view::coding::CodingLine;
use crate::view::names;
use crate::view::subject::Subject;
use crate::view::text::{self, Block, Piece};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use mailroom::Access;
use mailroom::letter::Letter;
use store::{AccountId, EmailId, FlagChange, Mailbox, Role, flag};

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    s: Shell,
    /// "account.email" as other pages take it.
    thing: String,
    here: String,
    back: String,
    back_words: String,
    subject: Subject,
    from_name: String,
    from_address: String,
    to: People,
    cc: People,
    time: String,
    machine_time: String,
    body: Body,
    blocked: usize,
    too_much: bool,
    has_html: bool,
    frame: bool,
    cut: bool,
    files: Vec<FileLine>,
    may_write: bool,
    may_send: bool,
    sent: bool,
    /// The first letter of somebody outside.
    first_contact: bool,
    in_trash: bool,
    in_junk: bool,
    flagged: bool,
    folders: Vec<(i64, String)>,
    odd_coding: bool,
    coding: CodingLine,
}

/// Recipients: the first few by name, the number of the others.
struct People {
    shown: String,
    rest: String,
    more: usize,
}

/// What the letter says.
enum Body {
    Text(Vec<Block>),
    /// Clean already: `sanitise::reader` made it.
    Html(String),
}

struct FileLine {
    name: String,
    size: String,
    href: String,
}

pub async fn show(
    State(app): State<App>,
    me: Signed,
    Path((account, email)): Path<(i64, i64)>,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let access = app.room.open(me.actor(), AccountId(account)).await?;
    let opened = letter::open(&access, EmailId(email)).await?;
    mark_read(&access, &opened).await?;
    let mailboxes = access.mailboxes().await?;
    let mailbox = mailboxes
        .iter()
        .find(|m| m.id == opened.row.mailbox)
        .cloned();
    let role = mailbox.as_ref().and_then(|m| m.role);
    let place = format!("/thu/{account}/{email}");
    let frame = asked.get("xem") == "nguyen-ban" && opened.letter.html.is_some();
    let (body, blocked, too_much) = body(&app, &opened, &place, frame).await;
    let letter = &opened.letter;
    let rights = access.rights();
    let subject = subject(&me, letter, opened.row.urgency);
    let title = match letter.subject.trim() {
        "" => me.lang.t("no-subject"),
        text => text.to_owned(),
    };
    let (from_name, from_address) = sender(&me, letter, &opened);
    let shell = Shell::of(&app, &me, Here::Mail, title)
        .await
        .flash(Flash::of(&asked, me.lang));
    let back = back(&me, account, mailbox.as_ref());
    Ok(shell::html(&Message {
        here: place.clone(),
        back,
        back_words: mailbox
            .as_ref()
            .map_or_else(|| me.lang.t("nav-mail"), |m| names::mailbox(me.lang, m)),
        subject,
        from_name,
        from_address,
        to: people(&letter.to),
        cc: people(&letter.cc),
        time: time::full(opened.row.received_at),
        machine_time: time::machine(opened.row.received_at),
        body,
        blocked,
        too_much,
        has_html: letter.html.is_some() && !too_much,
        frame: frame && !too_much,
        cut: letter.text.len() > limits::TEXT_SHOWN_BYTES_MAX,
        files: files(&me, letter, &place),
        may_write: rights.write,
        may_send: rights.send_as,
        sent: role == Some(Role::Sent),
        first_contact: access.is_first_contact(opened.row.email).await?,
        in_trash: role == Some(Role::Trash),
        in_junk: role == Some(Role::Junk),
        flagged: opened.row.flags & flag::FLAGGED != 0,
        folders: folders(&me, mailboxes, opened.row.mailbox.0),
        odd_coding: letter.confidence < 0.5 && !letter.text.is_empty(),
        coding: CodingLine::of(me.lang, letter, opened.followed),
        thing: format!("{account}.{email}"),
        s: shell,
    }))
}

async fn mark_read(access: &Access, opened: &Opened) -> Result<(), Fault> {
    if opened.row.flags & flag::SEEN != 0 || !access.rights().write {
        return Ok(());
    }
    let seen = FlagChange::Add {
        flags: flag::SEEN,
        keywords: Vec::new(),
    };
    access
        .flags(opened.row.mailbox, &[opened.row.uid], seen, None)
        .await?;
    Ok(())
}

fn subject(me: &Signed, letter: &Letter, urgency: u8) -> Subject {
    let mut subject = Subject::parse(&letter.subject, urgency);
    if subject.is_empty() {
        subject.lead = me.lang.t("no-subject");
    }
    subject
}

fn sender(me: &Signed, letter: &Letter, opened: &Opened) -> (String, String) {
    let (name, address) = match letter.from.first() {
        Some(from) => (from.name.clone(), from.address.clone()),
        None => (
            opened.row.from_name.clone(),
            opened.row.from_address.clone(),
        ),
    };
    let shown = names::person(me.lang, &name, &address);
    let behind = if shown == address {
        String::new()
    } else {
        address
    };
    (shown, behind)
}

fn back(me: &Signed, account: i64, mailbox: Option<&Mailbox>) -> String {
    match mailbox {
        Some(m) if m.role == Some(Role::Inbox) && me.actor().principal.0 == account => "/".into(),
        Some(m) => format!("/hop-thu/{account}/{}", m.id),
        None => "/".into(),
    }
}

/// Mailboxes a letter can be moved to by hand.
fn folders(me: &Signed, mut mailboxes: Vec<Mailbox>, here: i64) -> Vec<(i64, String)> {
    names::sort(&mut mailboxes);
    mailboxes
        .iter()
        .filter(|m| m.id.0 != here && !matches!(m.role, Some(Role::Drafts | Role::Sent)))
        .map(|m| (m.id.0, names::mailbox(me.lang, m)))
        .collect()
}

fn people(list: &[mailroom::letter::Mailbox]) -> People {
    let words = |m: &mailroom::letter::Mailbox| match m.name.trim() {
        "" => m.address.clone(),
        name => name.to_owned(),
    };
    let full = |m: &mailroom::letter::Mailbox| match m.name.trim() {
        "" => m.address.clone(),
        name => format!("{name} <{}>", m.address),
    };
    let first: Vec<String> = list.iter().take(2).map(words).collect();
    let all: Vec<String> = list.iter().map(full).collect();
    People {
        shown: first.join(", "),
        rest: all.join(", "),
        more: list.len().saturating_sub(2),
    }
}

async fn body(app: &App, opened: &Opened, place: &str, frame: bool) -> (Body, usize, bool) {
    let letter = &opened.letter;
    if let (Some(html), false) = (&letter.html, frame) {
        let pictures = pictures(letter, place);
        match sanitise::reader(app, html.clone(), pictures).await {
            Ok(reader) => return (Body::Html(reader.html), reader.blocked, false),
            Err(why) => {
                tracing::info!(?why, "an HTML letter is shown as text");
                return (Body::Text(text::blocks(&letter.text)), 0, true);
            }
        }
    }
    (Body::Text(text::blocks(&letter.text)), 0, false)
}

/// Addresses of the pictures that came with the letter.
fn pictures(letter: &Letter, place: &str) -> sanitise::Pictures {
    letter
        .attachments
        .iter()
        .filter(|file| sanitise::is_picture(&file.media_type))
        .filter_map(|file| {
            let id = file.content_id.clone()?;
            Some((id, format!("{place}/tep/{}?xem=1", file.part)))
        })
        .collect()
}

fn files(me: &Signed, letter: &Letter, place: &str) -> Vec<FileLine> {
    letter
        .attachments
        .iter()
        .filter(|file| !is_shown_inside(letter, file))
        .map(|file| FileLine {
            name: file.name.clone(),
            size: me.lang.bytes(file.size as u64),
            href: format!("{place}/tep/{}", file.part),
        })
        .collect()
}

/// A picture that the HTML shows itself needs no line of its own.
fn is_shown_inside(letter: &Letter, file: &mailroom::letter::Attachment) -> bool {
    match (&file.content_id, &letter.html) {
        (Some(id), Some(html)) => file.inline && html.contains(id.as_str()),
        _ => false,
    }
}
