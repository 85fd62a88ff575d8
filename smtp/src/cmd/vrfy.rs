//! VRFY: never says whether an address exists; harvesters would ask nothing else.  (RFC 5321 §3.5.3, §7.3)

use crate::proto::reply;
use crate::proto::{Cx, State};

pub(super) fn run(state: State, cx: &mut Cx, args: &str) -> State {
    if args.trim_matches(' ').is_empty() {
        cx.fault(&reply::SYNTAX);
    } else {
        cx.reply(&reply::CANNOT_VRFY);
    }
    state
}
