//! STARTTLS: whatever was sent in clear text behind it ends the session, so that nothing said before TLS can speak after it
//! (the class of CVE-2011-0411); everything learned before is forgotten.  (RFC 3207 §4)

use super::no_arguments;
use crate::proto::reply;
use crate::proto::{Cx, State};

pub(super) fn run(state: State, cx: &mut Cx, args: &str) -> State {
    if !no_arguments(args, cx) {
        return state;
    }
    if cx.tls.is_some() {
        cx.fault(&reply::TLS_ALREADY);
        return state;
    }
    if !cx.offers().starttls {
        cx.fault(&reply::TLS_NONE);
        return state;
    }
    if cx.pipelined {
        let refused = cx.refuse(State::Closed, reply::TLS_PIPELINED, "", Vec::new());
        return refused;
    }
    cx.reply(&reply::READY_FOR_TLS);
    cx.start_tls()
}
