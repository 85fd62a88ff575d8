//! A mailbox as a list, newest first, 50 letters a page; the switcher of mailboxes above it.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::form::Fields;
use crate::guard;
use crate::limits;
use crate::page::sign_in;
use crate::session::Signed;
use crate::shell::{self, Here, Shell};
use crate::view::names;
use crate::view::row::{self, Row};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use mailroom::Access;
use store::{AccountId, Mailbox, MailboxId, Role};

#[derive(Template)]
#[template(path = "list.html")]
struct List {
    s: Shell,
    name: String,
    unseen: u32,
    account: AccountId,
    account_name: String,
    own: bool,
    accounts: Vec<AccountMenu>,
    base: String,
    unread_only: bool,
    /// Words about a mailbox that is nearly full; "" while it is not.
    filling: String,
    /// Letters in quarantine.
    kept_apart: u64,
    rows: Vec<Row>,
    empty: &'static str,
    older: String,
    newest: String,
    live: String,
}

/// One account in the switcher.
pub struct AccountMenu {
    pub name: String,
    pub mailboxes: Vec<MailboxLink>,
}

pub struct MailboxLink {
    pub name: String,
    pub href: String,
    pub unseen: u32,
    pub total: u32,
    pub current: bool,
}

/// `/`: the own inbox, or the sign-in page for somebody without a session.
pub async fn home(
    State(app): State<App>,
    me: Option<Signed>,
    Asked(asked): Asked,
    head: HeaderMap,
) -> Result<Response, Fault> {
    match me {
        Some(me) => own(&app, &me, &asked, "").await,
        None => Ok(sign_in::page(&app, guard::lang_of(&head), &asked, "/").await),
    }
}

/// The own inbox in answer to a form; `place` (path and query) is the address the page takes.
pub async fn at(app: &App, me: &Signed, place: &str) -> Result<Response, Fault> {
    let query = place.split_once('?').map_or("", |(_, query)| query);
    own(app, me, &Fields::parse(query.as_bytes()), place).await
}

async fn own(app: &App, me: &Signed, asked: &Fields, place: &str) -> Result<Response, Fault> {
    list(app, me, me.actor().principal.into(), None, asked, place).await
}

/// `/hop-thu/{account}`: that account's inbox.
pub async fn inbox(
    State(app): State<App>,
    me: Signed,
    Path(account): Path<i64>,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    list(&app, &me, AccountId(account), None, &asked, "").await
}

/// `/hop-thu/{account}/{mailbox}`
pub async fn mailbox(
    State(app): State<App>,
    me: Signed,
    Path((account, mailbox)): Path<(i64, i64)>,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    list(
        &app,
        &me,
        AccountId(account),
        Some(MailboxId(mailbox)),
        &asked,
        "",
    )
    .await
}

async fn list(
    app: &App,
    me: &Signed,
    account: AccountId,
    mailbox: Option<MailboxId>,
    asked: &Fields,
    place: &str,
) -> Result<Response, Fault> {
    let access = app.room.open(me.actor(), account).await?;
    let mailboxes = access.mailboxes().await?;
    let shown = find(&mailboxes, mailbox).ok_or(Fault::NotFound)?;
    let unread_only = asked.get("loc") == "chua-doc";
    let before = asked
        .number("truoc")
        .and_then(|uid| u32::try_from(uid).ok());
    let emails = access
        .list(shown.id, before, limits::LIST_ROWS + 1, unread_only)
        .await?;
    let base = match (account == me.actor().principal.into(), shown.role) {
        (true, Some(Role::Inbox)) => "/".to_owned(),
        _ => format!("/hop-thu/{account}/{}", shown.id),
    };
    let (older, newest) = turn(&base, unread_only, before, &emails);
    let page: Vec<_> = emails.into_iter().take(limits::LIST_ROWS).collect();
    let name = names::mailbox(me.lang, &shown);
    let shell = Shell {
        place: place.to_owned(),
        ..Shell::of(app, me, Here::Mail, name.clone()).await
    }
    .flash(Flash::of(asked, me.lang));
    let (used, quota) = access.quota().await?;
    let filling = match quota > 0 && used / 8 >= quota / 10 {
        true => me.lang.txy(
            "quota-80",
            me.lang.bytes(u64::try_from(used).unwrap_or(0)),
            me.lang.bytes(u64::try_from(quota).unwrap_or(0)),
        ),
        false => String::new(),
    };
    let accounts = accounts(app, me, Some(&access), Some(shown.id)).await?;
    let account_name = account_name(app, me, account).await?;
    Ok(shell::html(&List {
        s: shell,
        name,
        unseen: shown.unseen,
        account,
        account_name,
        own: account == me.actor().principal.into(),
        accounts,
        base,
        unread_only,
        filling,
        kept_apart: match shown.role {
            Some(Role::Inbox) => access.quarantine_count().await?,
            _ => 0,
        },
        rows: row::plain(&page, shown.role, me.lang),
        empty: if unread_only {
            "empty-unread"
        } else {
            "empty-mailbox"
        },
        older,
        newest,
        live: match before {
            None => format!("/su-kien?hop={account}"),
            Some(_) => String::new(),
        },
    }))
}

/// Addresses of the next older page and of the newest one; "" where there is none.
fn turn(
    base: &str,
    unread_only: bool,
    before: Option<u32>,
    emails: &[store::EmailRow],
) -> (String, String) {
    let filter = if unread_only { "loc=chua-doc&" } else { "" };
    let older = match emails.get(limits::LIST_ROWS - 1) {
        Some(last) if emails.len() > limits::LIST_ROWS => {
            format!("{base}?{filter}truoc={}", last.uid)
        }
        _ => String::new(),
    };
    let newest = match (before, unread_only) {
        (None, _) => String::new(),
        (Some(_), true) => format!("{base}?loc=chua-doc"),
        (Some(_), false) => base.to_owned(),
    };
    (older, newest)
}

fn find(mailboxes: &[Mailbox], wanted: Option<MailboxId>) -> Option<Mailbox> {
    mailboxes
        .iter()
        .find(|m| match wanted {
            Some(id) => m.id == id,
            None => m.role == Some(Role::Inbox),
        })
        .cloned()
}

async fn account_name(app: &App, me: &Signed, account: AccountId) -> Result<String, Fault> {
    if account == me.actor().principal.into() {
        return Ok(me.actor().name.clone());
    }
    let all = app.room.accounts_of(me.actor()).await?;
    Ok(all
        .into_iter()
        .find(|(id, ..)| *id == account)
        .map_or_else(String::new, |(_, _, name, _)| name))
}

/// Every account of this person with its mailboxes. `open` is the account that is open already.
pub async fn accounts(
    app: &App,
    me: &Signed,
    open: Option<&Access>,
    current: Option<MailboxId>,
) -> Result<Vec<AccountMenu>, Fault> {
    let mut out = Vec::new();
    for (id, address, name, _) in app.room.accounts_of(me.actor()).await? {
        let own = id == me.actor().principal.into();
        let mut mailboxes = match open {
            Some(access) if access.account() == id => access.mailboxes().await?,
            _ => app.room.open(me.actor(), id).await?.mailboxes().await?,
        };
        names::sort(&mut mailboxes);
        let links = mailboxes
            .iter()
            .map(|m| MailboxLink {
                name: names::mailbox(me.lang, m),
                href: match (own, m.role) {
                    (true, Some(Role::Inbox)) => "/".to_owned(),
                    _ => format!("/hop-thu/{id}/{}", m.id),
                },
                // A count of unread sent letters would only confuse.
                unseen: match m.role {
                    Some(Role::Sent | Role::Trash | Role::Drafts) => 0,
                    _ => m.unseen,
                },
                total: m.total,
                current: Some(m.id) == current,
            })
            .collect();
        out.push(AccountMenu {
            name: names::person(me.lang, &name, &address),
            mailboxes: links,
        });
    }
    Ok(out)
}
