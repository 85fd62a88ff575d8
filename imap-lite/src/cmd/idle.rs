//! IDLE: tells what changes until the client says DONE. Holds the shared snapshot and almost nothing else.
//! (RFC 9051 §6.3.13)

use crate::error::Error;
use crate::limits;
use crate::proto::input::{Caps, Step};
use crate::reply::Reply;
use crate::session::{Session, State};
use crate::view::Telling;
use mailroom::feed::Listener;
use tokio::time::Instant;

/// Why the waiting ended.
enum Woken {
    Changed,
    Spoken(usize),
    Silent,
    Closing,
}

pub async fn run(session: &mut Session) -> Result<Option<Reply>, Error> {
    // The listener first: what is committed from now on wakes us.
    let mut listener = match &session.state {
        State::Selected(_, view) => Some(view.access.listen()),
        _ => None,
    };
    session.wire.out.extend_from_slice(b"+ idling\r\n");
    let until = Instant::now() + limits::SILENCE_MAX;
    loop {
        if listener.is_some() {
            session.tell_or_leave(Telling::Everything).await?;
        }
        if session.over {
            return Ok(None);
        }
        session.wire.flush().await?;
        match session.wire.input.step(Caps::stranger()) {
            Step::More => {}
            Step::Command(raw) if raw.text.eq_ignore_ascii_case(b"DONE") => {
                return Ok(Some(Reply::ok("Done")));
            }
            _ => return Ok(Some(Reply::bad("DONE expected"))),
        }
        session.wire.rest();
        match wait(session, listener.as_mut(), until).await? {
            Woken::Changed => {}
            Woken::Spoken(0) => {
                session.over = true;
                return Ok(None);
            }
            Woken::Spoken(_) => {}
            Woken::Silent => return Ok(Some(goodbye(session, "* BYE Too long silent\r\n"))),
            Woken::Closing => return Ok(Some(goodbye(session, "* BYE The server closes\r\n"))),
        }
    }
}

async fn wait(
    session: &mut Session,
    listener: Option<&mut Listener>,
    until: Instant,
) -> Result<Woken, Error> {
    let look_again = (Instant::now() + limits::LOOK_AGAIN).min(until);
    let changed = async {
        match listener {
            Some(listener) => listener.changed().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = session.shutdown.cancelled() => Ok(Woken::Closing),
        () = changed => Ok(Woken::Changed),
        read = session.wire.read() => Ok(Woken::Spoken(read?)),
        () = tokio::time::sleep_until(look_again) => Ok(match Instant::now() >= until {
            true => Woken::Silent,
            false => Woken::Changed,
        }),
    }
}

fn goodbye(session: &mut Session, line: &str) -> Reply {
    session.wire.out.extend_from_slice(line.as_bytes());
    session.over = true;
    Reply::ok("Done")
}
