//! EXPN, ETRN, TURN: known and not offered; lists are nobody's business outside, and mail is not fetched this way.
//! (RFC 5321 §7.3, RFC 1985, RFC 5321 appendix F.1)

use crate::proto::reply;
use crate::proto::{Cx, State};

pub(super) fn run(state: State, cx: &mut Cx, _args: &str) -> State {
    cx.fault(&reply::NOT_OFFERED);
    state
}
