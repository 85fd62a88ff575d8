//! The verbs: one file each, and one table of what each needs. A new verb is a file, a row and a transcript.
//! Commands change the session's state and queue replies; they do no I/O and look up nothing.

pub(crate) mod auth;
pub(crate) mod bdat;
pub(crate) mod data;
mod ehlo;
mod expn;
mod help;
pub(crate) mod mail;
mod noop;
mod quit;
pub(crate) mod rcpt;
mod rset;
mod starttls;
mod vrfy;

use crate::proto::reply::{self, Reply};
use crate::proto::{Cx, State};

/// What must have been said before a verb makes sense.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Needs {
    Nothing,
    /// EHLO or HELO.
    Hello,
    /// EHLO or HELO, and no transaction open.
    NoMail,
    /// A transaction that has not begun its body.
    Mail,
    /// The verb judges for itself: octets of a refused BDAT must still be swallowed.
    Itself,
}

/// Behind which doors a verb is offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Doors {
    All,
    Submission,
}

struct Verb {
    name: &'static str,
    needs: Needs,
    doors: Doors,
    /// Behind a submission door, only for people who have signed in (RFC 6409 §4.3).
    signed: bool,
    /// Brings no message nearer: counted against `IDLE_COMMANDS_MAX`.
    idle: bool,
    run: fn(State, &mut Cx, &str) -> State,
}

const fn verb(
    name: &'static str,
    needs: Needs,
    doors: Doors,
    signed: bool,
    idle: bool,
    run: fn(State, &mut Cx, &str) -> State,
) -> Verb {
    Verb {
        name,
        needs,
        doors,
        signed,
        idle,
        run,
    }
}

#[rustfmt::skip]
static VERBS: [Verb; 16] = [
    //   name        needs           doors              signed idle   run
    verb("MAIL",     Needs::NoMail,  Doors::All,        true,  false, mail::run),
    verb("RCPT",     Needs::Mail,    Doors::All,        true,  false, rcpt::run),
    verb("DATA",     Needs::Mail,    Doors::All,        true,  false, data::run),
    verb("BDAT",     Needs::Itself,  Doors::All,        false, false, bdat::run),
    verb("EHLO",     Needs::Nothing, Doors::All,        false, true,  ehlo::ehlo),
    verb("HELO",     Needs::Nothing, Doors::All,        false, true,  ehlo::helo),
    verb("RSET",     Needs::Nothing, Doors::All,        false, true,  rset::run),
    verb("NOOP",     Needs::Nothing, Doors::All,        false, true,  noop::run),
    verb("QUIT",     Needs::Nothing, Doors::All,        false, false, quit::run),
    verb("STARTTLS", Needs::NoMail,  Doors::All,        false, true,  starttls::run),
    verb("AUTH",     Needs::NoMail,  Doors::Submission, false, false, auth::run),
    verb("VRFY",     Needs::Hello,   Doors::All,        true,  true,  vrfy::run),
    verb("HELP",     Needs::Nothing, Doors::All,        false, true,  help::run),
    verb("EXPN",     Needs::Nothing, Doors::All,        false, true,  expn::run),
    verb("ETRN",     Needs::Nothing, Doors::All,        false, true,  expn::run),
    verb("TURN",     Needs::Nothing, Doors::All,        false, true,  expn::run),
];

/// Runs one command line.
pub(crate) fn run(state: State, cx: &mut Cx, line: &str) -> State {
    if let State::Signing(hello, exchange) = state {
        return auth::line(hello, exchange, cx, line);
    }
    let (word, args) = line.split_once(' ').unwrap_or((line, ""));
    let Some(verb) = VERBS
        .iter()
        .find(|verb| verb.name.eq_ignore_ascii_case(word))
    else {
        cx.fault(&reply::UNKNOWN);
        return state;
    };
    if verb.idle {
        cx.counts.idle += 1;
    }
    match missing(verb, &state, cx) {
        Some(missing) => {
            cx.fault(&missing);
            state
        }
        None => (verb.run)(state, cx, args),
    }
}

/// What is missing before this verb may run here.
fn missing(verb: &Verb, state: &State, cx: &Cx) -> Option<Reply> {
    let submission = cx.rules.door.is_submission();
    if verb.doors == Doors::Submission && !submission {
        return Some(reply::NOT_OFFERED);
    }
    let greeted = !matches!(state, State::Silent);
    if verb.needs != Needs::Nothing && verb.needs != Needs::Itself && !greeted {
        return Some(reply::HELLO_FIRST);
    }
    if verb.signed && submission && cx.actor.is_none() {
        return Some(reply::AUTH_FIRST);
    }
    match (verb.needs, state) {
        (Needs::NoMail, State::Mail(..) | State::Chunks(..)) => Some(reply::NESTED_MAIL),
        (Needs::Mail, State::Chunks(..)) => Some(reply::DATA_AND_BDAT),
        (Needs::Mail, State::Mail(..)) => None,
        (Needs::Mail, _) => Some(reply::MAIL_FIRST),
        _ => None,
    }
}

/// Arguments where none may stand (RFC 5321 §4.3.2); trailing spaces are forgiven (§4.1.1).
fn no_arguments(args: &str, cx: &mut Cx) -> bool {
    let none = args.trim_matches([' ', '\t']).is_empty();
    if !none {
        cx.fault(&reply::SYNTAX);
    }
    none
}
