//! RCPT: one more recipient. The directory says who it is; nobody who has not signed in sends through us to others, in
//! whatever spelling.  (RFC 5321 §4.1.1.3, §3.6.1)

use crate::limits::{UNKNOWN_RECIPIENT_DELAY_MS, UNKNOWN_RECIPIENTS_FREE};
use crate::proto::address::{Address, Host, Path, parse_path};
use crate::proto::params::{self, BodyKind, ParamFault, RcptParams};
use crate::proto::reply::{self, Reply};
use crate::proto::{Ask, Cx, Hello, Mail, Pending, State, Trouble};
use mailroom::directory::Recipient;
use mailroom::receive::RcptTo;

pub(super) fn run(state: State, cx: &mut Cx, args: &str) -> State {
    let State::Mail(hello, mail) = state else {
        return state;
    };
    let Some(to) = args
        .get(..3)
        .filter(|word| word.eq_ignore_ascii_case("TO:"))
    else {
        cx.fault(&reply::SYNTAX.saying("RCPT TO:<address> [parameters]".into()));
        return State::Mail(hello, mail);
    };
    let (path, rest) = match parse_path(args.get(to.len()..).unwrap_or_default()) {
        Ok((Path::Null, _)) | Err(_) => {
            cx.fault(&reply::BAD_RECIPIENT);
            return State::Mail(hello, mail);
        }
        Ok(read) => read,
    };
    let params = match params::rcpt(rest) {
        Ok(params) => params,
        Err(fault) => {
            cx.fault(&param_fault(fault));
            return State::Mail(hello, mail);
        }
    };
    if !args.is_ascii() && !mail.params.smtputf8 {
        cx.fault(&reply::NEEDS_SMTPUTF8);
        return State::Mail(hello, mail);
    }
    match path {
        Path::Mailbox(address) => mailbox(hello, mail, address, params, cx),
        Path::Null | Path::Postmaster => look_up(hello, mail, "postmaster".into(), params, cx),
    }
}

fn mailbox(hello: Hello, mail: Mail, address: Address, params: RcptParams, cx: &mut Cx) -> State {
    let spelled = address.spelled();
    if let Host::Literal(_) = address.host {
        // Any literal that reaches us is us, but only postmaster is known that way (RFC 5321 §4.5.1).
        if address.local.eq_ignore_ascii_case("postmaster") {
            return look_up(hello, mail, "postmaster".into(), params, cx);
        }
        return refuse(hello, mail, spelled, reply::ODD_RECIPIENT, cx);
    }
    if address.smells_of_routing() && cx.actor.is_none() {
        return refuse(hello, mail, spelled, reply::ODD_RECIPIENT, cx);
    }
    look_up(hello, mail, spelled, params, cx)
}

fn look_up(
    hello: Hello,
    mut mail: Mail,
    address: String,
    params: RcptParams,
    cx: &mut Cx,
) -> State {
    if mail.recipients.len() >= cx.rules.limits.recipients_max {
        // RFC 5321 §4.5.3.1.10: the sender sends the rest in another transaction. Written down once.
        if std::mem::replace(&mut mail.overflow_told, true) {
            cx.reply(&reply::TOO_MANY_RECIPIENTS);
            return State::Mail(hello, mail);
        }
        let sender = mail.sender.clone();
        return cx.refuse(
            State::Mail(hello, mail),
            reply::TOO_MANY_RECIPIENTS,
            &sender,
            vec![address],
        );
    }
    let ask = Ask::Recipient {
        address: address.clone(),
    };
    cx.ask(ask, Pending::Recipient(hello, mail, address, params))
}

/// The directory's answer.
pub(crate) fn answered(
    hello: Hello,
    mail: Mail,
    address: String,
    params: RcptParams,
    who: Result<Recipient, Trouble>,
    cx: &mut Cx,
) -> State {
    let binary = mail.params.body == BodyKind::Binary;
    let resolved = match who {
        Ok(Recipient::Local { outside, .. }) if binary && !outside.is_empty() => {
            return refuse(hello, mail, address, reply::BINARY_OUTSIDE, cx);
        }
        Ok(Recipient::Elsewhere { .. }) if cx.actor.is_none() => {
            cx.counts.faults += 1;
            return refuse(hello, mail, address, reply::NO_RELAY, cx);
        }
        // Return paths take bounces, which have no sender (RFC 5321 §4.5.5); anybody else has found them in a header.
        Ok(Recipient::Returns { .. }) if !mail.sender.is_empty() => {
            cx.counts.faults += 1;
            return refuse(hello, mail, address, reply::NO_RELAY, cx);
        }
        Ok(Recipient::Unknown) => {
            cx.counts.unknown += 1;
            if cx.counts.unknown > UNKNOWN_RECIPIENTS_FREE {
                cx.pause(UNKNOWN_RECIPIENT_DELAY_MS);
            }
            return refuse(hello, mail, address, reply::NO_SUCH_RECIPIENT, cx);
        }
        Ok(Recipient::Disabled) => {
            return refuse(hello, mail, address, reply::RECIPIENT_DISABLED, cx);
        }
        Ok(Recipient::Full(_)) => return refuse(hello, mail, address, reply::OVER_QUOTA, cx),
        Err(Trouble) => return refuse(hello, mail, address, reply::TRY_LATER, cx),
        Ok(resolved) => resolved,
    };
    cx.reply(&reply::RECIPIENT_OK);
    let mut mail = mail;
    if !mail.recipients.iter().any(|known| known.address == address) {
        let RcptParams { notify, orcpt } = params;
        mail.recipients.push(RcptTo {
            address,
            notify,
            orcpt,
            resolved,
        });
    }
    State::Mail(hello, mail)
}

fn refuse(hello: Hello, mail: Mail, address: String, reply: Reply, cx: &mut Cx) -> State {
    let sender = mail.sender.clone();
    cx.refuse(State::Mail(hello, mail), reply, &sender, vec![address])
}

/// The reply to a parameter that does not fit, naming it.
pub(super) fn param_fault(fault: ParamFault) -> Reply {
    match fault {
        ParamFault::Unknown(name) => {
            reply::PARAMETER_UNKNOWN.saying(format!("parameter {name} not recognised"))
        }
        ParamFault::Bad(name) => {
            reply::PARAMETER_BAD.saying(format!("bad value for parameter {name}"))
        }
    }
}
