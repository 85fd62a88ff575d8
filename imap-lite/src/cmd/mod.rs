//! One file per command, and the one table of what each needs and may disturb. A new command is a file, a row, a line in
//! `run` and a transcript. (RFC 9051 §6)

mod append;
mod authenticate;
mod capability;
mod close;
mod copy;
mod create;
mod delete;
mod enable;
mod expunge;
mod fetch;
mod fetch_bodies;
mod fetch_section;
mod id;
mod idle;
mod list;
mod login;
mod lsub;
mod namespace;
mod quota;
mod rename;
mod search;
mod search_keys;
mod select;
mod sort;
mod sort_keys;
mod starttls;
mod status;
mod store;
mod subscribe;

use crate::error::Error;
use crate::proto::Command;
use crate::reply::Reply;
use crate::session::{Session, State};
use crate::view::Telling;
use futures_util::future::BoxFuture;

pub use capability::capabilities;

/// In which state a command may come (RFC 9051 §3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    Any,
    Stranger,
    /// Signed in, with or without a selected mailbox.
    Known,
    Selected,
}

impl Needs {
    /// Why a command may not come in this state; None where it may.
    pub(crate) fn missing(self, state: &State) -> Option<Reply> {
        match (self, state) {
            (Needs::Stranger, State::Known(_) | State::Selected(..)) => {
                Some(Reply::bad("Already signed in"))
            }
            (Needs::Known | Needs::Selected, State::Stranger) => Some(Reply::bad("Sign in first")),
            (Needs::Selected, State::Known(_)) => Some(Reply::bad("Select a mailbox first")),
            _ => None,
        }
    }
}

/// A command and its rules.
pub struct Row {
    pub name: &'static str,
    pub needs: Needs,
    /// What may be told of the selected mailbox in its answer (RFC 9051 §7.5.1).
    pub tells: Telling,
    pub rfc: &'static str,
}

const fn command(name: &'static str, needs: Needs, tells: Telling, rfc: &'static str) -> Row {
    Row {
        name,
        needs,
        tells,
        rfc,
    }
}

use Needs::{Any, Known, Selected, Stranger};
use Telling::{AllButExpunge, Everything, Nothing};

/// Every command there is.
pub static TABLE: &[Row] = &[
    command("CAPABILITY", Any, Everything, "RFC 9051 §6.1.1"),
    command("NOOP", Any, Everything, "RFC 9051 §6.1.2"),
    command("LOGOUT", Any, Nothing, "RFC 9051 §6.1.3"),
    command("ID", Any, Everything, "RFC 2971"),
    command("STARTTLS", Stranger, Nothing, "RFC 9051 §6.2.1"),
    command("AUTHENTICATE", Stranger, Nothing, "RFC 9051 §6.2.2"),
    command("LOGIN", Stranger, Nothing, "RFC 9051 §6.2.3"),
    command("ENABLE", Known, Nothing, "RFC 9051 §6.3.1"),
    command("SELECT", Known, Nothing, "RFC 9051 §6.3.2"),
    command("EXAMINE", Known, Nothing, "RFC 9051 §6.3.3"),
    command("CREATE", Known, Everything, "RFC 9051 §6.3.4"),
    command("DELETE", Known, Everything, "RFC 9051 §6.3.5"),
    command("RENAME", Known, Everything, "RFC 9051 §6.3.6"),
    command("SUBSCRIBE", Known, Everything, "RFC 9051 §6.3.7"),
    command("UNSUBSCRIBE", Known, Everything, "RFC 9051 §6.3.8"),
    command("LIST", Known, Everything, "RFC 9051 §6.3.9"),
    command("LSUB", Known, Everything, "RFC 3501 §6.3.9"),
    command("NAMESPACE", Known, Everything, "RFC 9051 §6.3.10"),
    command("STATUS", Known, Everything, "RFC 9051 §6.3.11"),
    command("APPEND", Known, Everything, "RFC 9051 §6.3.12"),
    command("IDLE", Known, Everything, "RFC 9051 §6.3.13"),
    command("GETQUOTA", Known, Everything, "RFC 9208 §4.1.2"),
    command("GETQUOTAROOT", Known, Everything, "RFC 9208 §4.1.3"),
    command("CHECK", Selected, Everything, "RFC 3501 §6.4.1"),
    command("CLOSE", Selected, Nothing, "RFC 9051 §6.4.1"),
    command("UNSELECT", Selected, Nothing, "RFC 9051 §6.4.2"),
    command("EXPUNGE", Selected, Everything, "RFC 9051 §6.4.3"),
    command("UID EXPUNGE", Selected, Everything, "RFC 9051 §6.4.9"),
    command("SEARCH", Selected, AllButExpunge, "RFC 9051 §6.4.4"),
    command("UID SEARCH", Selected, Everything, "RFC 9051 §6.4.9"),
    command("SORT", Selected, AllButExpunge, "RFC 5256 §3"),
    command("UID SORT", Selected, Everything, "RFC 5256 §3"),
    command("FETCH", Selected, AllButExpunge, "RFC 9051 §6.4.5"),
    command("UID FETCH", Selected, Everything, "RFC 9051 §6.4.9"),
    command("STORE", Selected, AllButExpunge, "RFC 9051 §6.4.6"),
    command("UID STORE", Selected, Everything, "RFC 9051 §6.4.9"),
    command("COPY", Selected, Everything, "RFC 9051 §6.4.7"),
    command("UID COPY", Selected, Everything, "RFC 9051 §6.4.9"),
    command("MOVE", Selected, Everything, "RFC 9051 §6.4.8"),
    command("UID MOVE", Selected, Everything, "RFC 9051 §6.4.9"),
];

static UNKNOWN: Row = command("?", Any, Nothing, "");

/// Is there such a command?
pub fn is_known(name: &str) -> bool {
    TABLE.iter().any(|row| row.name == name)
}

/// The rules of a command.
pub(crate) fn row(command: &Command) -> &'static Row {
    let name = name(command);
    TABLE
        .iter()
        .find(|row| row.name == name)
        .unwrap_or(&UNKNOWN)
}

fn name(command: &Command) -> &'static str {
    let by_uid =
        |uid: bool, with: &'static str, without: &'static str| if uid { with } else { without };
    match command {
        Command::Capability => "CAPABILITY",
        Command::Noop => "NOOP",
        Command::Logout => "LOGOUT",
        Command::Id(_) => "ID",
        Command::StartTls => "STARTTLS",
        Command::Login { .. } => "LOGIN",
        Command::Authenticate { .. } => "AUTHENTICATE",
        Command::Enable(_) => "ENABLE",
        Command::Select(select) => by_uid(select.read_only, "EXAMINE", "SELECT"),
        Command::Create { .. } => "CREATE",
        Command::Delete { .. } => "DELETE",
        Command::Rename { .. } => "RENAME",
        Command::Subscribe { .. } => "SUBSCRIBE",
        Command::Unsubscribe { .. } => "UNSUBSCRIBE",
        Command::List(_) => "LIST",
        Command::Lsub { .. } => "LSUB",
        Command::Namespace => "NAMESPACE",
        Command::Status { .. } => "STATUS",
        Command::Append { .. } => "APPEND",
        Command::Idle => "IDLE",
        Command::Check => "CHECK",
        Command::Close => "CLOSE",
        Command::Unselect => "UNSELECT",
        Command::Expunge(uids) => by_uid(uids.is_some(), "UID EXPUNGE", "EXPUNGE"),
        Command::Search(search) => by_uid(search.uid, "UID SEARCH", "SEARCH"),
        Command::Sort(sort) => by_uid(sort.search.uid, "UID SORT", "SORT"),
        Command::Fetch(fetch) => by_uid(fetch.uid, "UID FETCH", "FETCH"),
        Command::Store(store) => by_uid(store.uid, "UID STORE", "STORE"),
        Command::Copy(copy) => by_uid(copy.uid, "UID COPY", "COPY"),
        Command::Move(copy) => by_uid(copy.uid, "UID MOVE", "MOVE"),
        Command::GetQuota { .. } => "GETQUOTA",
        Command::GetQuotaRoot { .. } => "GETQUOTAROOT",
    }
}

/// On the heap, so that a waiting session is small.
fn boxed<'f, T>(future: impl Future<Output = T> + Send + 'f) -> BoxFuture<'f, T> {
    Box::pin(future)
}

/// Carries a command out. None: it answered for itself.
pub(crate) async fn run(
    session: &mut Session,
    command: Command,
    tag: &str,
) -> Result<Option<Reply>, Error> {
    let reply = match command {
        Command::Capability => capability::run(session),
        Command::Noop => Reply::ok("Done"),
        Command::Check => Reply::ok("Done"),
        Command::Logout => {
            session.wire.out.extend_from_slice(b"* BYE Good-bye\r\n");
            session.over = true;
            Reply::ok("Signed out")
        }
        Command::Id(pairs) => id::run(session, pairs),
        Command::StartTls => return boxed(starttls::run(session, tag)).await,
        Command::Login { user, password } => boxed(login::run(session, user, password)).await?,
        Command::Authenticate { mechanism, initial } => {
            boxed(authenticate::run(session, mechanism, initial)).await?
        }
        Command::Enable(words) => enable::run(session, words),
        Command::Select(select) => boxed(select::run(session, select)).await?,
        Command::Create { mailbox } => boxed(create::run(session, mailbox)).await?,
        Command::Delete { mailbox } => boxed(delete::run(session, mailbox)).await?,
        Command::Rename { from, to } => boxed(rename::run(session, from, to)).await?,
        Command::Subscribe { mailbox } => boxed(subscribe::run(session, mailbox, true)).await?,
        Command::Unsubscribe { mailbox } => boxed(subscribe::run(session, mailbox, false)).await?,
        Command::List(list) => boxed(list::run(session, list)).await?,
        Command::Lsub { reference, pattern } => {
            boxed(lsub::run(session, reference, pattern)).await?
        }
        Command::Namespace => boxed(namespace::run(session)).await?,
        Command::Status { mailbox, items } => boxed(status::run(session, mailbox, items)).await?,
        Command::Append { mailbox, messages } => {
            boxed(append::run(session, mailbox, messages)).await?
        }
        Command::Idle => return boxed(idle::run(session)).await,
        Command::GetQuota { root } => boxed(quota::root(session, root)).await?,
        Command::GetQuotaRoot { mailbox } => boxed(quota::of_mailbox(session, mailbox)).await?,
        Command::Close => boxed(close::run(session)).await?,
        Command::Unselect => {
            session.deselect();
            Reply::ok("Done")
        }
        Command::Expunge(uids) => boxed(expunge::run(session, uids)).await?,
        Command::Search(search) => boxed(search::run(session, search, tag)).await?,
        Command::Sort(sort) => boxed(sort::run(session, sort, tag)).await?,
        Command::Fetch(fetch) => boxed(fetch::run(session, fetch)).await?,
        Command::Store(store) => boxed(store::run(session, store)).await?,
        Command::Copy(copy) => boxed(copy::run(session, copy, copy::How::Copy)).await?,
        Command::Move(copy) => boxed(copy::run(session, copy, copy::How::Move)).await?,
    };
    Ok(Some(reply))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_there_once_and_cites_its_rfc() {
        for (place, row) in TABLE.iter().enumerate() {
            assert!(
                !TABLE
                    .iter()
                    .take(place)
                    .any(|before| before.name == row.name),
                "{} twice",
                row.name
            );
            assert!(row.rfc.starts_with("RFC "), "{}", row.name);
        }
    }

    #[test]
    fn expunge_is_never_told_where_numbers_would_move() {
        for name in ["FETCH", "STORE", "SEARCH", "SORT"] {
            let row = TABLE.iter().find(|row| row.name == name);
            assert_eq!(row.map(|row| row.tells), Some(AllButExpunge));
        }
    }
}
