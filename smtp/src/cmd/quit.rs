//! QUIT: the last reply, then the connection closes; an open transaction is dropped.  (RFC 5321 §4.1.1.10)

use super::no_arguments;
use crate::proto::reply;
use crate::proto::{Cx, State};

pub(super) fn run(state: State, cx: &mut Cx, args: &str) -> State {
    if !no_arguments(args, cx) {
        return state;
    }
    cx.reply(&reply::BYE);
    State::Closed
}
