//! MAIL: a transaction begins. Checks the sender's form and size here and, on a submission door, asks whether it is the
//! person's own.  (RFC 5321 §4.1.1.2, RFC 6409 §6.1)

use super::rcpt::param_fault;
use crate::proto::address::parse_path;
use crate::proto::reply::{self, Script};
use crate::proto::session::sender_of;
use crate::proto::{Ask, Cx, Hello, Mail, Pending, State, Trouble, params};

pub(super) fn run(state: State, cx: &mut Cx, args: &str) -> State {
    let State::Greeted(hello) = state else {
        return state;
    };
    if cx.counts.messages >= cx.rules.limits.messages_max {
        cx.reply(&reply::TOO_MANY_MESSAGES);
        return State::Closed;
    }
    let Some(from) = args
        .get(..5)
        .filter(|word| word.eq_ignore_ascii_case("FROM:"))
    else {
        cx.fault(&reply::SYNTAX.saying("MAIL FROM:<address> [parameters]".into()));
        return State::Greeted(hello);
    };
    let path = parse_path(args.get(from.len()..).unwrap_or_default());
    let Some((sender, rest)) = path
        .ok()
        .and_then(|(path, rest)| Some((sender_of(path)?, rest)))
    else {
        cx.fault(&reply::BAD_SENDER);
        return State::Greeted(hello);
    };
    let params = match params::mail(rest, cx.offers()) {
        Ok(params) => params,
        Err(fault) => {
            cx.fault(&param_fault(fault));
            return State::Greeted(hello);
        }
    };
    if !args.is_ascii() && !params.smtputf8 {
        cx.fault(&reply::NEEDS_SMTPUTF8);
        return State::Greeted(hello);
    }
    if params.size > cx.rules.limits.message_bytes_max {
        return cx.refuse(State::Greeted(hello), reply::TOO_LARGE, &sender, Vec::new());
    }
    let mail = Mail {
        sender,
        params,
        recipients: Vec::new(),
        overflow_told: false,
    };
    match (&cx.actor, mail.sender.is_empty()) {
        (Some(actor), false) => {
            let ask = Ask::Sender {
                actor: actor.clone(),
                address: mail.sender.clone(),
            };
            cx.ask(ask, Pending::Sender(hello, mail))
        }
        _ => begun(hello, mail, cx),
    }
}

/// The answer to whether the sender is the person's own.
pub(crate) fn answered(hello: Hello, mail: Mail, may: Result<bool, Trouble>, cx: &mut Cx) -> State {
    match may {
        Ok(true) => begun(hello, mail, cx),
        Ok(false) => cx.refuse(
            State::Greeted(hello),
            reply::NOT_YOUR_SENDER,
            &mail.sender,
            Vec::new(),
        ),
        Err(Trouble) => cx.refuse(
            State::Greeted(hello),
            reply::TRY_LATER,
            &mail.sender,
            Vec::new(),
        ),
    }
}

fn begun(hello: Hello, mail: Mail, cx: &mut Cx) -> State {
    cx.script = if mail.params.smtputf8 {
        Script::Utf8
    } else {
        Script::Ascii
    };
    cx.reply(&reply::SENDER_OK);
    State::Mail(hello, mail)
}
