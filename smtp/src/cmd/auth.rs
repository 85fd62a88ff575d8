//! AUTH SCRAM-SHA-256(-PLUS), PLAIN and LOGIN, on submission doors only and only under TLS (unless a loopback demonstration says otherwise).
//! Tells wrong from later and nothing finer; three failures close the session.  (RFC 4954)

use crate::limits::SIGN_IN_FAILURES_MAX;
use crate::proto::reply::{self, Reply};
use crate::proto::sasl::{ASK_USER, Exchange, Progress};
use crate::proto::{Ask, Cx, Hello, Pending, State, Trouble};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailroom::Actor;
use mailroom::signin::{NoEntry, Scram};

pub(super) fn run(state: State, cx: &mut Cx, args: &str) -> State {
    let State::Greeted(hello) = state else {
        return state;
    };
    let refused = if cx.actor.is_some() {
        Some(reply::AUTH_ALREADY)
    } else if !cx.offers().auth {
        Some(reply::TLS_FIRST)
    } else {
        None
    };
    if let Some(refused) = refused {
        cx.fault(&refused);
        return State::Greeted(hello);
    }
    let (mechanism, initial) = match args.trim_matches(' ').split_once(' ') {
        Some((mechanism, initial)) => (mechanism, Some(initial.trim_start_matches(' '))),
        None => (args.trim_matches(' '), None),
    };
    let (exchange, ask) = match mechanism.to_ascii_uppercase().as_str() {
        "PLAIN" => (Exchange::Plain, ""),
        "LOGIN" => (Exchange::LoginUser, ASK_USER),
        "SCRAM-SHA-256" if cx.rules.scram => (Exchange::ScramFirst { plus: false }, ""),
        "SCRAM-SHA-256-PLUS" if cx.rules.scram && cx.exporter.is_some() => {
            (Exchange::ScramFirst { plus: true }, "")
        }
        // Prepared and not announced: nobody issues tokens for us yet.
        "OAUTHBEARER" => (Exchange::Bearer, ""),
        "" => {
            cx.fault(&reply::SYNTAX.saying("AUTH mechanism [initial-response]".into()));
            return State::Greeted(hello);
        }
        _ => {
            cx.fault(&reply::AUTH_MECHANISM);
            return State::Greeted(hello);
        }
    };
    match initial {
        Some(initial) => line(hello, exchange, cx, initial),
        None => more(hello, exchange, ask, cx),
    }
}

/// A line of the exchange; `*` alone ends it (RFC 4954 §4).
pub(super) fn line(hello: Hello, exchange: Exchange, cx: &mut Cx, line: &str) -> State {
    if line == "*" {
        cx.fault(&reply::AUTH_CANCELLED);
        return State::Greeted(hello);
    }
    match exchange.line(line) {
        Progress::More(exchange, ask) => more(hello, exchange, ask, cx),
        Progress::Claim { user, secret } => {
            cx.ask(Ask::SignIn { user, secret }, Pending::SignIn(hello))
        }
        Progress::Begin { said, plus } => {
            let exporter = cx.exporter;
            let ask = Ask::ScramBegin {
                said,
                plus,
                exporter,
            };
            cx.ask(ask, Pending::SignIn(hello))
        }
        Progress::Finish { exchange, said } => {
            cx.ask(Ask::ScramFinish { exchange, said }, Pending::SignIn(hello))
        }
        Progress::Enter(actor) => answered(hello, Ok(Ok(*actor)), cx),
        Progress::No => answered(hello, Ok(Err(NoEntry::Wrong)), cx),
        Progress::Undecodable => {
            cx.fault(&reply::AUTH_SYNTAX);
            State::Greeted(hello)
        }
    }
}

fn more(hello: Hello, exchange: Exchange, ask: &'static str, cx: &mut Cx) -> State {
    cx.reply(&Reply::new(334, "", "", ask));
    State::Signing(hello, exchange)
}

/// SCRAM's first answer: the salt.
pub(crate) fn challenged(
    hello: Hello,
    entry: Result<Result<(Box<Scram>, String), NoEntry>, Trouble>,
    cx: &mut Cx,
) -> State {
    match entry {
        Ok(Ok((exchange, said))) => {
            cx.reply_lines(334, &[STANDARD.encode(said)]);
            State::Signing(hello, Exchange::ScramLast(exchange))
        }
        Ok(Err(why)) => answered(hello, Ok(Err(why)), cx),
        Err(trouble) => answered(hello, Err(trouble), cx),
    }
}

/// SCRAM's last: our own proof goes before the 235, as a line that asks for an empty one.
pub(crate) fn proven(
    hello: Hello,
    entry: Result<Result<(Actor, String), NoEntry>, Trouble>,
    cx: &mut Cx,
) -> State {
    match entry {
        Ok(Ok((actor, said))) => {
            cx.reply_lines(334, &[STANDARD.encode(said)]);
            State::Signing(hello, Exchange::ScramNod(Box::new(actor)))
        }
        Ok(Err(why)) => answered(hello, Ok(Err(why)), cx),
        Err(trouble) => answered(hello, Err(trouble), cx),
    }
}

/// The mailroom's word.
pub(crate) fn answered(
    hello: Hello,
    entry: Result<Result<Actor, NoEntry>, Trouble>,
    cx: &mut Cx,
) -> State {
    let reply = match entry {
        Ok(Ok(actor)) => {
            cx.actor = Some(actor);
            cx.counts.sign_in_failures = 0;
            cx.reply(&reply::SIGNED_IN);
            return State::Greeted(hello);
        }
        Ok(Err(NoEntry::Later(_))) => reply::AUTH_LATER,
        Ok(Err(NoEntry::Wrong | NoEntry::AppPasswordOnly | NoEntry::Disabled)) => reply::AUTH_WRONG,
        Err(Trouble) => reply::AUTH_BROKEN,
    };
    cx.counts.sign_in_failures += 1;
    if cx.counts.sign_in_failures >= SIGN_IN_FAILURES_MAX {
        cx.reply(&reply);
        cx.reply(&reply::TOO_MANY_FAULTS);
        return State::Closed;
    }
    cx.fault(&reply);
    State::Greeted(hello)
}
