//! RSET: the transaction is forgotten, nothing else.  (RFC 5321 §4.1.1.5)

use super::no_arguments;
use crate::proto::reply::{self, Script};
use crate::proto::{Cx, State};

pub(super) fn run(state: State, cx: &mut Cx, args: &str) -> State {
    if !no_arguments(args, cx) {
        return state;
    }
    cx.script = Script::Ascii;
    cx.reply(&reply::RESET);
    state.reset()
}
