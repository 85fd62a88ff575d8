//! LOGIN, and what both ways of signing in share: never in the clear, wrong tries slowed and counted. (RFC 9051 §6.2.3)

use super::capabilities;
use crate::error::Error;
use crate::limits;
use crate::names::Owner;
use crate::proto::Secret;
use crate::reply::Reply;
use crate::session::{Session, State};
use mailroom::Actor;
use mailroom::signin::{Door, NoEntry};

pub async fn run(session: &mut Session, user: String, password: Secret) -> Result<Reply, Error> {
    if !session.may_sign_in() {
        return Ok(Reply::no("PRIVACYREQUIRED", "Use TLS first"));
    }
    sign_in(session, &user, password).await
}

impl Session {
    /// Passwords only under TLS, except where the installation said otherwise.
    pub(crate) fn may_sign_in(&self) -> bool {
        self.wire.is_secure() || self.config.clear_sign_in
    }
}

/// Asks the mailroom and changes the state.
pub async fn sign_in(session: &mut Session, user: &str, password: Secret) -> Result<Reply, Error> {
    let ip = session.peer.ip.clone();
    let answer = session
        .room
        .sign_in(Door::Imap, user, &password.0, &ip)
        .await?;
    match answer {
        Ok(actor) => enter(session, actor).await,
        Err(no_entry) => refuse(session, no_entry).await,
    }
}

/// Who has proven who it is comes in.
pub async fn enter(session: &mut Session, actor: Actor) -> Result<Reply, Error> {
    let ip = session.peer.ip.clone();
    let own = session.room.open(&actor, actor.principal.into()).await?;
    tracing::info!(peer = %ip, account = %own.account(), "signed in");
    metrics::counter!("imap_sign_ins_total", "result" => "ok").increment(1);
    session.state = State::Known(Box::new(Owner { actor, own }));
    session.sign_in_failures = 0;
    Ok(Reply::ok_with(
        format!("CAPABILITY {}", capabilities(session)),
        "Signed in",
    ))
}

/// Slower each time, and in the end no more.
pub async fn refuse(session: &mut Session, no_entry: NoEntry) -> Result<Reply, Error> {
    session.sign_in_failures += 1;
    tracing::info!(peer = %session.peer.ip, why = ?no_entry, failures = session.sign_in_failures, "sign-in refused");
    metrics::counter!("imap_sign_ins_total", "result" => "refused").increment(1);
    tokio::time::sleep(limits::SIGN_IN_DELAY * session.sign_in_failures).await;
    if session.sign_in_failures >= limits::SIGN_IN_FAILURES_MAX {
        session
            .wire
            .out
            .extend_from_slice(b"* BYE Too many failed sign-ins\r\n");
        session.over = true;
    }
    // Response codes: RFC 5530 §3.
    Ok(match no_entry {
        NoEntry::Wrong | NoEntry::Disabled => {
            Reply::no("AUTHENTICATIONFAILED", "Wrong address or password")
        }
        NoEntry::Later(_) => Reply::no("UNAVAILABLE", "Too many failed sign-ins, try again later"),
        NoEntry::AppPasswordOnly => Reply::no(
            "ALERT",
            "Mail programs need an app password: make one on the mail page (Can mat khau ung dung, tao tren trang thu)",
        ),
    })
}
