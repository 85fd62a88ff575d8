//! DATA and what follows every whole message, however it came: refuse a body at fault, hand the rest to the mailroom, tell
//! its fate with the trace id.  (RFC 5321 §4.1.1.4)

use super::no_arguments;
use crate::proto::body::{Body, BodyFault};
use crate::proto::data::Receiver;
use crate::proto::params::BodyKind;
use crate::proto::reply::{self, Reply, Script};
use crate::proto::{Ask, Cx, Fate, Hello, Letter, Mail, Pending, Rejection, State};

pub(super) fn run(state: State, cx: &mut Cx, args: &str) -> State {
    let State::Mail(hello, mail) = state else {
        return state;
    };
    if !no_arguments(args, cx) {
        return State::Mail(hello, mail);
    }
    if mail.recipients.is_empty() {
        cx.fault(&reply::RCPT_FIRST);
        return State::Mail(hello, mail);
    }
    if mail.params.body == BodyKind::Binary {
        cx.fault(&reply::DATA_AND_BINARY);
        return State::Mail(hello, mail);
    }
    let body = cx.new_body(mail.params.size);
    cx.reply(&reply::GO_AHEAD);
    State::Data(hello, mail, Receiver::new(body))
}

/// The last byte has come.
pub(crate) fn end_of_message(hello: Hello, mail: Mail, body: Body, cx: &mut Cx) -> State {
    cx.counts.messages += 1;
    cx.counts.idle = 0;
    let body = match body.finish() {
        Ok(body) => body,
        Err(fault) => return refuse_body(hello, mail, fault, cx),
    };
    let letter = Letter {
        peer: cx.known(&hello.name),
        actor: cx.actor.clone(),
        mail,
        body,
    };
    cx.ask(Ask::Message(Box::new(letter)), Pending::Message(hello))
}

/// Refuses the whole message for its body; the transaction is over.
pub(super) fn refuse_body(hello: Hello, mail: Mail, fault: BodyFault, cx: &mut Cx) -> State {
    let reply = match fault {
        BodyFault::BareCr => reply::BARE_CR_IN_BODY,
        BodyFault::BareLf => reply::BARE_LF_IN_BODY,
        BodyFault::TooLarge => reply::TOO_LARGE,
        BodyFault::NoRoom => reply::NO_ROOM,
    };
    let addresses = mail.recipients.into_iter().map(|to| to.address).collect();
    cx.refuse(State::Greeted(hello), reply, &mail.sender, addresses)
}

/// The mailroom's word.
pub(crate) fn answered(hello: Hello, fate: Fate, cx: &mut Cx) -> State {
    match fate {
        Fate::Taken(trace) => cx.reply(&reply::TAKEN.with_trace(trace)),
        Fate::Refused(why, trace) => cx.reply(&words_for(why).with_trace(trace)),
    }
    cx.script = Script::Ascii;
    State::Greeted(hello)
}

fn words_for(why: Rejection) -> Reply {
    match why {
        Rejection::Loop => reply::LOOP,
        Rejection::OverQuota => reply::OVER_QUOTA,
        Rejection::SendingLimit => reply::SENDING_LIMIT,
        Rejection::DiskFull => reply::NO_ROOM,
        Rejection::Unreadable => reply::UNREADABLE,
        Rejection::Dmarc => reply::DMARC_REJECT,
        Rejection::Spam => reply::SPAM,
        Rejection::Malware => reply::MALWARE,
        Rejection::Later => reply::TRY_LATER,
        Rejection::NotYourSender => reply::NOT_YOUR_SENDER,
        Rejection::UnknownRecipient => reply::NO_SUCH_RECIPIENT,
        Rejection::BadRecipient => reply::BAD_RECIPIENT,
        Rejection::TooLarge => reply::TOO_LARGE,
        Rejection::TooManyRecipients => reply::TOO_MANY_RECIPIENTS,
        Rejection::TooLate => reply::RELEASE_TOO_LATE,
    }
}

/// Code and words of a rejection, for the trace.
pub(crate) fn code_and_reason(why: Rejection) -> (u16, String) {
    let reply = words_for(why);
    (reply.code, format!("{} {}", reply.enhanced, reply.en))
}
