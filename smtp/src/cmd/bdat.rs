//! BDAT: a message in counted chunks. The octets of a refused chunk are swallowed, never read as commands.  (RFC 3030)

use super::data::{end_of_message, refuse_body};
use crate::proto::body::Body;
use crate::proto::params::BodyKind;
use crate::proto::reply::{self, Reply};
use crate::proto::state::Chunk;
use crate::proto::{Cx, Hello, Mail, State};
use bytes::{Buf, BytesMut};

pub(super) fn run(state: State, cx: &mut Cx, args: &str) -> State {
    let Some((size, last)) = parse(args) else {
        cx.fault(&reply::SYNTAX.saying("BDAT size [LAST]".into()));
        return state;
    };
    // Swallowing what nobody wants has an end: far beyond the limit the connection is closed instead.
    if size > 4 * cx.rules.limits.message_bytes_max as u64 {
        cx.reply(&reply::CHUNK_ABSURD);
        return State::Closed;
    }
    let (hello, mail, body) = match (wrong(&state, cx), state) {
        (None, State::Mail(hello, mail)) => {
            let expected = usize::try_from(size).unwrap_or(0).max(mail.params.size);
            let body = cx.new_body(expected);
            (hello, mail, body)
        }
        (None, State::Chunks(hello, mail, body)) => (hello, mail, body),
        (wrong, state) => {
            let reply = wrong.unwrap_or(reply::MAIL_FIRST);
            if size == 0 {
                cx.fault(&reply);
                return state;
            }
            return State::Swallow {
                left: size,
                then: Box::new(state),
                reply,
            };
        }
    };
    if size == 0 {
        return end_of_chunk(hello, mail, body, last, cx);
    }
    State::Chunk(hello, mail, body, Chunk { left: size, last })
}

/// Why a chunk is out of place here.
fn wrong(state: &State, cx: &Cx) -> Option<Reply> {
    match state {
        State::Silent => Some(reply::HELLO_FIRST),
        _ if cx.rules.door.is_submission() && cx.actor.is_none() => Some(reply::AUTH_FIRST),
        State::Mail(_, mail) if mail.recipients.is_empty() => Some(reply::RCPT_FIRST),
        State::Mail(..) | State::Chunks(..) => None,
        _ => Some(reply::MAIL_FIRST),
    }
}

/// `chunk-size [SP "LAST"]`; a number beyond all counting is the greatest: it must close the connection, or what follows it
/// would be read as commands.
fn parse(args: &str) -> Option<(u64, bool)> {
    let (size, last) = match args.trim_end_matches(' ').split_once(' ') {
        Some((size, word)) if word.eq_ignore_ascii_case("LAST") => (size, true),
        Some(_) => return None,
        None => (args.trim_end_matches(' '), false),
    };
    let digits = !size.is_empty() && size.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| (size.parse().unwrap_or(u64::MAX), last))
}

/// Takes what belongs to the chunk out of `input`; returns how many octets are still to come.
pub(crate) fn receive(mail: &Mail, body: &mut Body, left: u64, input: &mut BytesMut) -> u64 {
    let here = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
    let piece = input.get(..here).unwrap_or_default();
    match mail.params.body {
        BodyKind::Binary => body.push(piece),
        BodyKind::Text => body.push_lines(piece),
    }
    input.advance(here);
    left - here as u64
}

pub(crate) fn end_of_chunk(hello: Hello, mail: Mail, body: Body, last: bool, cx: &mut Cx) -> State {
    match (last, body.fault()) {
        (true, _) => end_of_message(hello, mail, body, cx),
        (false, None) => {
            cx.reply(&reply::CHUNK_OK);
            State::Chunks(hello, mail, body)
        }
        (false, Some(fault)) => refuse_body(hello, mail, fault, cx),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes() {
        let rows = [
            ("0", Some((0, false))),
            ("86 LAST", Some((86, true))),
            ("86 last ", Some((86, true))),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1 LAS", None),
            ("1 LAST x", None),
            ("0x10", None),
            ("18446744073709551616", Some((u64::MAX, false))),
            ("99999999999999999999 LAST", Some((u64::MAX, true))),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
