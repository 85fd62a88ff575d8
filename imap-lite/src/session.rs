//! One IMAP session: which state it is in, what it enabled, and the loop from command to answer. Knows no socket; the
//! commands themselves stand in `cmd`. (RFC 9051 §3)

use crate::cmd;
use crate::error::{Error, reply_to};
use crate::limits;
use crate::names::Owner;
use crate::proto::input::{Caps, Step};
use crate::proto::{self, Language};
use crate::reply::{Reply, Status};
use crate::serve::Config;
use crate::view::{Telling, View, Words};
use crate::wire::Wire;
use mailroom::Mailroom;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use store::IndexRow;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Where the connection comes from.
#[derive(Clone, Debug)]
pub struct Peer {
    pub ip: String,
}

/// The state owns what belongs to it (RFC 9051 §3).
pub enum State {
    Stranger,
    Known(Box<Owner>),
    Selected(Box<Owner>, Box<View>),
}

/// What the client enabled or showed that it knows (RFC 5161, RFC 7162 §3.1).
#[derive(Clone, Copy, Default, Debug)]
pub struct Mode {
    pub rev2: bool,
    pub utf8: bool,
    pub condstore: bool,
    pub qresync: bool,
}

impl Mode {
    pub fn words(self) -> Words {
        Words {
            condstore: self.condstore,
            qresync: self.qresync,
        }
    }
    fn language(self) -> Language {
        Language { utf8: self.utf8 }
    }
}

pub struct Session {
    pub(crate) room: Mailroom,
    pub(crate) config: Arc<Config>,
    pub(crate) wire: Wire,
    pub(crate) peer: Peer,
    pub(crate) state: State,
    pub(crate) mode: Mode,
    /// Rows whose flags the running command told already.
    pub(crate) told: Vec<IndexRow>,
    pub(crate) sign_in_failures: u32,
    /// The peer said LOGOUT, or is to be sent away.
    pub(crate) over: bool,
    faults: u32,
    opened_at: Instant,
    pub(crate) shutdown: CancellationToken,
}

/// What a command of the selected state works with.
pub(crate) struct Selected<'s> {
    pub view: &'s mut View,
    pub owner: &'s Owner,
    pub wire: &'s mut Wire,
    pub room: &'s Mailroom,
    pub mode: &'s mut Mode,
    pub told: &'s mut Vec<IndexRow>,
}

/// What came from the peer.
pub(crate) enum Heard {
    Raw(proto::RawCommand),
    /// Was refused and answered already.
    Refused,
    End,
    Silent,
    Closing,
}

impl Session {
    pub fn new(
        room: Mailroom,
        config: Arc<Config>,
        wire: Wire,
        peer: Peer,
        shutdown: CancellationToken,
    ) -> Session {
        Session {
            room,
            config,
            wire,
            peer,
            state: State::Stranger,
            mode: Mode::default(),
            told: Vec::new(),
            sign_in_failures: 0,
            over: false,
            faults: 0,
            opened_at: Instant::now(),
            shutdown,
        }
    }

    /// Greets, answers commands until the end, says good-bye. Err: the peer was gone.
    pub async fn run(mut self) -> io::Result<()> {
        let capabilities = cmd::capabilities(&self);
        let greeting = format!(
            "* OK [CAPABILITY {capabilities}] {} ready\r\n",
            self.config.host_name
        );
        self.wire.out.extend_from_slice(greeting.as_bytes());
        let ended = self.commands().await;
        self.wire.close().await;
        ended
    }

    async fn commands(&mut self) -> io::Result<()> {
        while !self.over {
            match self.hear().await? {
                Heard::Raw(raw) => self.answer(&raw).await?,
                Heard::Refused => {}
                Heard::End => return Ok(()),
                Heard::Silent => return self.bye("Too long silent").await,
                Heard::Closing => return self.bye("The server closes").await,
            }
            if self.faults > limits::FAULTS_MAX {
                return self.bye("Too many wrong commands").await;
            }
        }
        Ok(())
    }

    async fn bye(&mut self, text: &str) -> io::Result<()> {
        self.wire
            .out
            .extend_from_slice(format!("* BYE {text}\r\n").as_bytes());
        self.wire.flush().await
    }

    fn caps(&self) -> Caps {
        match self.state {
            State::Stranger => Caps::stranger(),
            _ => Caps::known(self.config.message_bytes_max),
        }
    }

    /// How long the peer may still be silent.
    pub(crate) fn patience(&self) -> Duration {
        match self.state {
            State::Stranger => limits::STRANGER_TIME_MAX.saturating_sub(self.opened_at.elapsed()),
            _ => limits::SILENCE_MAX,
        }
    }

    /// The next whole command (or line of a dialogue inside one).
    pub(crate) async fn hear(&mut self) -> io::Result<Heard> {
        loop {
            match self.wire.input.step(self.caps()) {
                Step::Command(raw) => return Ok(Heard::Raw(raw)),
                Step::Continue => self.wire.out.extend_from_slice(b"+ OK\r\n"),
                Step::More => {
                    self.wire.flush().await?;
                    self.wire.rest();
                    let patience = self.patience();
                    tokio::select! {
                        biased;
                        () = self.shutdown.cancelled() => return Ok(Heard::Closing),
                        read = tokio::time::timeout(patience, self.wire.read()) => match read {
                            Err(_) => return Ok(Heard::Silent),
                            Ok(bytes) => if bytes? == 0 { return Ok(Heard::End) },
                        }
                    }
                }
                refused => {
                    self.refuse_input(refused);
                    return Ok(Heard::Refused);
                }
            }
        }
    }

    /// Answers what the reader refused (RFC 7888 §4: TOOBIG for a message).
    fn refuse_input(&mut self, step: Step) {
        self.faults += 1;
        let (tag, reply) = match step {
            Step::LineTooLong { tag } => (tag, Reply::bad("Command line too long")),
            Step::LiteralRefused {
                tag,
                message,
                fatal,
            } => {
                self.over |= fatal;
                let reply = match message {
                    true => Reply::no("TOOBIG", "Message too large"),
                    false => Reply::bad("Literal too large"),
                };
                (tag, reply)
            }
            Step::More | Step::Continue | Step::Command(_) => return,
        };
        reply.write(&mut self.wire.out, &String::from_utf8_lossy(&tag));
        if self.over {
            self.wire
                .out
                .extend_from_slice(b"* BYE Literal too large\r\n");
        }
    }

    /// Parses, carries out, tells what changed, and answers.
    async fn answer(&mut self, raw: &proto::RawCommand) -> io::Result<()> {
        if raw.text.is_empty() {
            self.faults += 1;
            self.wire.out.extend_from_slice(b"* BAD Empty line\r\n");
            return Ok(());
        }
        let request = match proto::parse(raw, self.mode.language()) {
            Ok(request) => request,
            Err((tag, fault)) => {
                self.faults += 1;
                Reply {
                    status: Status::Bad,
                    code: "".into(),
                    text: fault.0.into(),
                }
                .write(&mut self.wire.out, tag.as_deref().unwrap_or("*"));
                return Ok(());
            }
        };
        let row = cmd::row(&request.command);
        metrics::counter!("imap_commands_total", "command" => row.name).increment(1);
        let tag = request.tag;
        let carried_out = match row.needs.missing(&self.state) {
            Some(reply) => Err(Error::Refused(reply)),
            None => cmd::run(self, request.command, &tag).await,
        };
        let reply = self.reply(row.name, carried_out)?;
        let Some(reply) = reply else { return Ok(()) };
        if reply.status == Status::Bad {
            self.faults += 1;
        } else {
            self.faults = 0;
        }
        self.tell_or_leave(row.tells).await?;
        reply.write(&mut self.wire.out, &tag);
        Ok(())
    }

    /// Turns a failure into an answer; None: the command answered for itself.
    fn reply(
        &self,
        name: &'static str,
        outcome: Result<Option<Reply>, Error>,
    ) -> io::Result<Option<Reply>> {
        match outcome {
            Ok(reply) => Ok(reply),
            Err(Error::Refused(reply)) => Ok(Some(reply)),
            Err(Error::Gone(gone)) => Err(gone),
            Err(Error::Room(cause)) => {
                match &cause {
                    mailroom::Error::Broken(text) | mailroom::Error::Later(text) => {
                        tracing::error!(command = name, peer = %self.peer.ip, cause = %text, "command failed");
                    }
                    _ => tracing::debug!(command = name, cause = %cause, "command refused"),
                }
                Ok(Some(reply_to(&cause)))
            }
        }
    }

    /// Tells what changed. Where the mailbox is no more, or no longer for this principal, the session ends: its numbers
    /// mean nothing now (RFC 2180 §3.4). After other failures the view is as old as it was; the next command tells again.
    pub(crate) async fn tell_or_leave(&mut self, telling: Telling) -> io::Result<()> {
        use mailroom::Error::{Denied, Missing};
        match self.tell(telling).await {
            Err(Error::Room(Missing | Denied(_))) => {
                self.over = true;
                self.wire
                    .out
                    .extend_from_slice(b"* BYE The selected mailbox is gone\r\n");
                Ok(())
            }
            told => self.reply("sync", told.map(|()| None)).map(|_logged| ()),
        }
    }

    /// Tells what changed in the selected mailbox.
    pub(crate) async fn tell(&mut self, telling: Telling) -> Result<(), Error> {
        let mut told = std::mem::take(&mut self.told);
        told.sort_unstable_by_key(|row| row.uid);
        let words = self.mode.words();
        match &mut self.state {
            State::Selected(_, view) => view.tell(&mut self.wire, telling, &told, words).await,
            _ => Ok(()),
        }
    }

    pub(crate) fn owner(&self) -> Result<&Owner, Error> {
        match &self.state {
            State::Known(owner) | State::Selected(owner, _) => Ok(owner),
            State::Stranger => Err(Reply::bad("Sign in first").into()),
        }
    }

    pub(crate) fn selected(&mut self) -> Result<Selected<'_>, Error> {
        match &mut self.state {
            State::Selected(owner, view) => Ok(Selected {
                view,
                owner,
                wire: &mut self.wire,
                room: &self.room,
                mode: &mut self.mode,
                told: &mut self.told,
            }),
            _ => Err(Reply::bad("No mailbox selected").into()),
        }
    }

    /// Leaves the selected mailbox, if there is one.
    pub(crate) fn deselect(&mut self) -> Option<Box<View>> {
        match std::mem::replace(&mut self.state, State::Stranger) {
            State::Selected(owner, view) => {
                self.state = State::Known(owner);
                Some(view)
            }
            state => {
                self.state = state;
                None
            }
        }
    }
}
