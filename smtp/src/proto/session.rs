//! The session: bytes in, replies out, questions to the world between. Owns its counters and its state and nothing else;
//! the driver reads, flushes, asks, and tells it about TLS and the end of time.

use super::address::Path;
use super::body::{Body, Budget, Whole};
use super::line::{LineFault, LineReader};
use super::params::Offers;
use super::reply::{self, Reply, Script};
use super::sasl::Secret;
use super::state::{Chunk, Mail, Pending, State};
use crate::cmd;
use crate::limits::{
    AUTH_LINE_BYTES_MAX, COMMAND_BYTES_MAX, FAULTS_MAX, IDLE_COMMANDS_MAX, REPLIES_BYTES_MAX,
    UNKNOWN_RECIPIENTS_MAX,
};
use crate::{Door, Limits};
use bytes::{Buf, BytesMut};
use mailroom::directory::Recipient;
use mailroom::signin::{NoEntry, Scram};
use mailroom::{Actor, receive};
use std::sync::Arc;
use store::TraceId;

/// Bytes that tie an exchange to its TLS connection (RFC 9266 §2).
pub const EXPORTER_BYTES: usize = 32;

/// What holds for every session of a listener.
#[derive(Clone, Debug)]
pub struct Rules {
    pub host_name: String,
    pub door: Door,
    pub limits: Limits,
    /// A certificate is there.
    pub tls: bool,
    pub auth_in_clear: bool,
    /// SCRAM-SHA-256 is offered: mail programs use app passwords here.
    pub scram: bool,
    pub budget: Arc<Budget>,
}

/// Who is at the other end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peer {
    pub ip: String,
    /// False where a handshake with this address failed lately.
    pub offer_tls: bool,
}

/// We failed; the peer is to try later. The cause has been logged where it happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trouble;

/// A refusal to write down in the trace.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub peer: receive::Peer,
    pub mail_from: String,
    pub rcpt_to: Vec<String>,
    pub code: u16,
    pub reason: String,
}

/// A whole message for the mailroom.
pub struct Letter {
    pub peer: receive::Peer,
    /// Who signed in, on a submission door.
    pub actor: Option<Actor>,
    pub mail: Mail,
    pub body: Whole,
}

/// A question to the world.
pub enum Ask {
    /// May this person send as this address?
    Sender {
        actor: Actor,
        address: String,
    },
    /// Who is this? (`postmaster` without a domain is ours.)
    Recipient {
        address: String,
    },
    SignIn {
        user: String,
        secret: Secret,
    },
    /// The first half of SCRAM.
    ScramBegin {
        said: String,
        plus: bool,
        exporter: Option<[u8; EXPORTER_BYTES]>,
    },
    /// Its second half.
    ScramFinish {
        exchange: Box<Scram>,
        said: String,
    },
    Message(Box<Letter>),
    Record(Refusal),
}

/// Its answer.
pub enum Answer {
    Sender(Result<bool, Trouble>),
    Recipient(Result<Recipient, Trouble>),
    SignIn(Result<Result<Actor, NoEntry>, Trouble>),
    /// The exchange so far, and what we say.
    Challenge(Result<Result<(Box<Scram>, String), NoEntry>, Trouble>),
    /// Who it is, and what we say before the 235.
    Proven(Result<Result<(Actor, String), NoEntry>, Trouble>),
    Message(Fate),
    Recorded(TraceId),
}

/// What became of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    Taken(TraceId),
    Refused(Rejection, TraceId),
}

/// Why a message was not taken after its last byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rejection {
    Loop,
    OverQuota,
    /// The account or its unit sent as much as it may on a day.
    SendingLimit,
    /// Our disk is below its reserve.
    DiskFull,
    Unreadable,
    Dmarc,
    Spam,
    Malware,
    Later,
    NotYourSender,
    UnknownRecipient,
    BadRecipient,
    TooLarge,
    TooManyRecipients,
    /// Its release is further away than letters are kept.
    TooLate,
}

/// What the driver does next.
pub enum Step {
    /// Flush, then read.
    Read,
    /// Flush, then go on.
    Flush,
    Ask(Ask),
    /// Wait this many milliseconds, then go on; replies wait too.
    Pause(u64),
    /// Flush, then do the handshake and call `secured`.
    StartTls,
    /// Flush, then close.
    Close,
}

/// Counters that end a session.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Counts {
    pub faults: u32,
    pub idle: u32,
    pub unknown: u32,
    pub sign_in_failures: u32,
    pub messages: u32,
}

/// All of a session that is not its state: what commands may look at and add to.
pub struct Cx {
    pub rules: Arc<Rules>,
    pub peer: Peer,
    /// TLS version and cipher; None in clear text.
    pub tls: Option<String>,
    pub actor: Option<Actor>,
    /// What the TLS connection is known by, where it has such a thing.
    pub exporter: Option<[u8; EXPORTER_BYTES]>,
    /// Unix ms, where the driver has a clock: only then can letters wait for a time.
    pub opened_at: Option<i64>,
    pub counts: Counts,
    /// More bytes came in the same breath as the command being run.
    pub pipelined: bool,
    pub script: Script,
    out: BytesMut,
    step: Option<Step>,
    pause_ms: u64,
}

impl Cx {
    pub fn reply(&mut self, reply: &Reply) {
        reply.write(&mut self.out, self.script);
    }
    pub fn reply_lines(&mut self, code: u16, lines: &[String]) {
        reply::write_lines(&mut self.out, code, lines);
    }
    /// A reply to a command that made no sense here.
    pub fn fault(&mut self, reply: &Reply) {
        self.counts.faults += 1;
        self.reply(reply);
    }
    pub fn ask(&mut self, ask: Ask, pending: Pending) -> State {
        self.step = Some(Step::Ask(ask));
        State::Asked(pending)
    }
    pub fn pause(&mut self, ms: u64) {
        self.pause_ms = ms;
    }
    pub fn start_tls(&mut self) -> State {
        self.step = Some(Step::StartTls);
        State::Silent
    }
    /// What the trace knows of the peer; `helo` is empty before EHLO.
    pub fn known(&self, helo: &str) -> receive::Peer {
        receive::Peer {
            ip: self.peer.ip.clone(),
            helo: helo.to_owned(),
            tls: self.tls.clone().unwrap_or_default(),
        }
    }
    /// Says no for a reason that belongs into the trace: it is written down first, then told with its trace id.
    pub fn refuse(
        &mut self,
        then: State,
        reply: Reply,
        mail_from: &str,
        rcpt_to: Vec<String>,
    ) -> State {
        let helo = match &then {
            State::Greeted(hello) | State::Mail(hello, _) => hello.name.clone(),
            _ => String::new(),
        };
        let refusal = Refusal {
            peer: self.known(&helo),
            mail_from: mail_from.to_owned(),
            rcpt_to,
            code: reply.code,
            reason: format!("{} {}", reply.enhanced, reply.en),
        };
        self.ask(Ask::Record(refusal), Pending::Record(Box::new(then), reply))
    }
    pub fn offers(&self) -> Offers {
        let signed_door = self.rules.door.is_submission();
        Offers {
            starttls: self.rules.tls && self.tls.is_none() && (self.peer.offer_tls || signed_door),
            auth: signed_door && (self.tls.is_some() || self.rules.auth_in_clear),
            requiretls: self.tls.is_some(),
            binarymime: !signed_door,
            mt_priority: signed_door,
            future_release: signed_door && self.opened_at.is_some(),
        }
    }
    pub fn new_body(&self, announced: usize) -> Body {
        Body::new(
            &self.rules.budget,
            self.rules.limits.message_bytes_max,
            announced,
        )
    }
}

/// One session.
pub struct Session {
    cx: Cx,
    state: State,
    lines: LineReader,
}

impl Session {
    /// A new session with its greeting waiting to be written. `tls` for a door that begins with TLS.
    pub fn new(rules: Arc<Rules>, peer: Peer, tls: Option<String>) -> Self {
        let mut out = BytesMut::with_capacity(512);
        reply::write_lines(
            &mut out,
            220,
            &[format!("{} ESMTP congthu", rules.host_name)],
        );
        let cx = Cx {
            rules,
            peer,
            tls,
            actor: None,
            exporter: None,
            opened_at: None,
            counts: Counts::default(),
            pipelined: false,
            script: Script::Ascii,
            out,
            step: None,
            pause_ms: 0,
        };
        Self {
            cx,
            state: State::Silent,
            lines: LineReader::default(),
        }
    }

    /// Works through `input` until something else is needed. Call again after doing what it says.
    pub fn next(&mut self, input: &mut BytesMut) -> Step {
        loop {
            if let Some(step) = self.cx.step.take() {
                return step;
            }
            if self.cx.pause_ms > 0 {
                return Step::Pause(std::mem::take(&mut self.cx.pause_ms));
            }
            if self.cx.out.len() > REPLIES_BYTES_MAX {
                return Step::Flush;
            }
            let state = std::mem::replace(&mut self.state, State::Closed);
            let (state, wait) = self.step(state, input);
            self.state = state;
            if let Some(step) = wait {
                return step;
            }
            self.check_counts();
        }
    }

    /// One step; Some where more is needed than the bytes at hand.
    fn step(&mut self, state: State, input: &mut BytesMut) -> (State, Option<Step>) {
        match state {
            State::Closed => (State::Closed, Some(Step::Close)),
            State::Asked(pending) => (State::Asked(pending), Some(Step::Close)),
            State::Data(hello, mail, mut receiver) => {
                if receiver.receive(input) {
                    let body = receiver.into_body();
                    return (
                        cmd::data::end_of_message(hello, mail, body, &mut self.cx),
                        None,
                    );
                }
                (State::Data(hello, mail, receiver), Some(Step::Read))
            }
            State::Chunk(hello, mail, mut body, chunk) => {
                let left = cmd::bdat::receive(&mail, &mut body, chunk.left, input);
                if left == 0 {
                    return (
                        cmd::bdat::end_of_chunk(hello, mail, body, chunk.last, &mut self.cx),
                        None,
                    );
                }
                (
                    State::Chunk(hello, mail, body, Chunk { left, ..chunk }),
                    Some(Step::Read),
                )
            }
            State::Swallow { left, then, reply } => {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                input.advance(here);
                let left = left - here as u64;
                if left == 0 {
                    self.cx.fault(&reply);
                    return (*then, None);
                }
                (State::Swallow { left, then, reply }, Some(Step::Read))
            }
            state => self.command(state, input),
        }
    }

    fn command(&mut self, state: State, input: &mut BytesMut) -> (State, Option<Step>) {
        let signing = matches!(state, State::Signing(..));
        let max = if signing {
            AUTH_LINE_BYTES_MAX
        } else {
            COMMAND_BYTES_MAX
        };
        let Some(line) = self.lines.next(input, max) else {
            return (state, Some(Step::Read));
        };
        self.cx.pipelined = !input.is_empty();
        let fault = match line {
            Ok(line) => match std::str::from_utf8(&line) {
                Ok(text) => return (cmd::run(state, &mut self.cx, text), None),
                Err(_) => reply::NOT_UTF8,
            },
            Err(LineFault::TooLong) if signing => reply::AUTH_TOO_LONG,
            Err(LineFault::TooLong) => reply::LINE_TOO_LONG,
            Err(LineFault::BareLf) => reply::BARE_LF,
            Err(LineFault::Control) => reply::CONTROL,
        };
        self.cx.fault(&fault);
        (if signing { state.reset() } else { state }, None)
    }

    /// Gives the session what it asked for.
    pub fn answer(&mut self, answer: Answer) {
        let State::Asked(pending) = std::mem::replace(&mut self.state, State::Closed) else {
            return;
        };
        let cx = &mut self.cx;
        self.state = match (pending, answer) {
            (Pending::Sender(hello, mail), Answer::Sender(may)) => {
                cmd::mail::answered(hello, mail, may, cx)
            }
            (Pending::Recipient(hello, mail, address, params), Answer::Recipient(who)) => {
                cmd::rcpt::answered(hello, mail, address, params, who, cx)
            }
            (Pending::SignIn(hello), Answer::SignIn(entry)) => {
                cmd::auth::answered(hello, entry, cx)
            }
            (Pending::SignIn(hello), Answer::Challenge(entry)) => {
                cmd::auth::challenged(hello, entry, cx)
            }
            (Pending::SignIn(hello), Answer::Proven(entry)) => cmd::auth::proven(hello, entry, cx),
            (Pending::Message(hello), Answer::Message(fate)) => {
                cmd::data::answered(hello, fate, cx)
            }
            (Pending::Record(then, reply), Answer::Recorded(trace)) => {
                cx.reply(&reply.with_trace(trace));
                *then
            }
            _ => {
                cx.reply(&reply::CONFUSED);
                State::Closed
            }
        };
        self.check_counts();
    }

    /// Ends a session that has been asked for too much patience.
    fn check_counts(&mut self) {
        if matches!(self.state, State::Closed | State::Asked(_)) {
            return;
        }
        let counts = self.cx.counts;
        let over = if counts.unknown >= UNKNOWN_RECIPIENTS_MAX {
            reply::TOO_MANY_UNKNOWN
        } else if counts.faults >= FAULTS_MAX {
            reply::TOO_MANY_FAULTS
        } else if counts.idle >= IDLE_COMMANDS_MAX {
            reply::TOO_MANY_COMMANDS
        } else {
            return;
        };
        self.stop(&over);
    }

    /// Says a last reply and closes.
    pub fn stop(&mut self, reply: &Reply) {
        if !matches!(self.state, State::Closed) {
            self.cx.reply(reply);
            self.state = State::Closed;
        }
    }

    /// TLS is up: everything learned in clear text is forgotten (RFC 3207 §4.2).
    pub fn secured(&mut self, tls: String) {
        self.cx.tls = Some(tls);
        self.cx.actor = None;
        self.state = State::Silent;
        self.lines = LineReader::default();
    }

    /// When the session began, unix ms.
    pub fn opened(&mut self, at: i64) {
        self.cx.opened_at = Some(at);
    }

    /// What the TLS connection is known by, for channel binding (RFC 9266).
    pub fn bind(&mut self, exporter: Option<[u8; EXPORTER_BYTES]>) {
        self.cx.exporter = exporter;
    }

    /// Replies waiting to be written.
    pub fn output(&mut self) -> &mut BytesMut {
        &mut self.cx.out
    }
    pub fn state(&self) -> &State {
        &self.state
    }
    pub fn cx(&self) -> &Cx {
        &self.cx
    }
}

/// The spelling of a reverse-path; None for forms that are no sender.
pub(crate) fn sender_of(path: Path) -> Option<String> {
    match path {
        Path::Null => Some(String::new()),
        Path::Postmaster => None,
        Path::Mailbox(address) => Some(address.spelled()),
    }
}
