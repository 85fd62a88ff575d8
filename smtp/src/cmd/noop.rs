//! NOOP: nothing, politely; its argument is ignored.  (RFC 5321 §4.1.1.9)

use crate::proto::reply;
use crate::proto::{Cx, State};

pub(super) fn run(state: State, cx: &mut Cx, _args: &str) -> State {
    cx.reply(&reply::OK);
    state
}
