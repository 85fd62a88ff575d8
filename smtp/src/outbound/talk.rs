//! One connection's SMTP dialogue as a client (RFC 5321, 2920, 3207, 3461, 6531, 8689): opens, encrypts, signs in, sends
//! letters, and says for every recipient what became of it. lettre speaks the commands and frames replies and data over our
//! `Wire`; what lettre does not know (second EHLO, more extensions, timeouts, HELO) is here. Chooses no server and no retry.

mod chunks;
mod data;
mod lines;
mod opening;
mod waiting;

use waiting::{heard, moving};

use super::body::Prepared;
use super::limits::{self, Timeouts};
use super::manners::Manner;
use super::offers::Offers;
use super::reply::{Blame, Outcome, Reply, Stage, later, never, outcome};
use super::trust::{Need, Verifier};
use super::wire::Wire;
use super::{Credentials, RouteTls};
use crate::dkim::Keys;
use lettre::transport::smtp::authentication::{Credentials as LettreCredentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream as _};
use lettre::transport::smtp::commands::Auth;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use rustls::RootCertStore;
use rustls_pki_types::ServerName;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::Evidence;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// 334 challenges answered before we stop believing in this server.
const CHALLENGES_MAX: usize = 4;

/// One letter for several recipients at one destination.
pub struct Letter<'a> {
    pub mail_from: &'a str,
    pub recipients: Vec<Recipient<'a>>,
    pub body: &'a Prepared,
    pub envid: Option<&'a str>,
    pub ret: Option<&'a str>,
    /// The sender needs SMTPUTF8 for the header section.
    pub smtputf8: bool,
    pub requiretls: bool,
    pub priority: i8,
}

#[derive(Clone)]
pub struct Recipient<'a> {
    pub address: &'a str,
    pub notify: Option<&'a str>,
    pub orcpt: Option<&'a str>,
}

/// How to open the dialogue.
pub struct Opening<'a> {
    pub own_name: &'a str,
    /// The server's name: SNI and what its certificate must say.
    pub host: &'a str,
    pub need: Need,
    pub implicit_tls: bool,
    pub roots: Arc<RootCertStore>,
    pub credentials: Option<&'a Credentials>,
    pub helo: bool,
    pub timeouts: Timeouts,
}

impl Opening<'_> {
    /// What a route's word means, given the authorities to believe.
    pub fn need_of(tls: RouteTls, roots: &Arc<RootCertStore>) -> Need {
        match tls {
            RouteTls::Clear => Need::Clear,
            RouteTls::Opportunistic => Need::Opportunistic,
            RouteTls::Required | RouteTls::Implicit => Need::Valid(roots.clone()),
        }
    }
}

/// Why there is no dialogue, and whether the same server may be asked in another manner.
pub struct Failure {
    pub outcome: Outcome,
    pub again: Again,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Again {
    No,
    /// The handshake failed and nothing forbids clear text.
    InClear,
    /// EHLO is unknown there.
    WithHelo,
}

/// An open dialogue, ready for MAIL.
pub struct Talk {
    connection: AsyncSmtpConnection,
    wire: Wire,
    pub offers: Offers,
    evidence: Evidence,
    encrypted: bool,
    trusted: bool,
    transactions: u32,
    broken: bool,
    /// What is known about its way with BDAT, also after this dialogue.
    manner: Manner,
    /// BDAT failed here before anything was taken.
    turned: bool,
    timeouts: Timeouts,
}

/// No usable reply: the words for the history.
struct Silence(String);

impl Talk {
    pub async fn open(stream: TcpStream, opening: &Opening<'_>) -> Result<Talk, Failure> {
        let ip = stream
            .peer_addr()
            .map(|peer| peer.ip().to_string())
            .unwrap_or_default();
        let mut evidence = Evidence {
            host: opening.host.to_string(),
            ip,
            ..Evidence::default()
        };
        let opened = opening::open(stream, opening, &mut evidence).await;
        opened.map_err(|mut failure| {
            note(&evidence, &mut failure.outcome);
            failure
        })
    }

    pub fn is_usable(&self) -> bool {
        !self.broken && self.transactions < limits::TRANSACTIONS_PER_CONNECTION
    }

    /// Where this dialogue is held and how it is protected.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Whether TLS protects this dialogue.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Remembers why this connection is in clear text although TLS was offered.
    pub fn note_clear(&mut self, why: &str) {
        if !why.is_empty() {
            self.evidence.certificate = format!("clear text: {why}");
        }
    }

    /// What is known about this server's way with BDAT.
    pub fn manner(&self) -> Manner {
        self.manner
    }

    /// The server's address; `None` where the connection is gone already.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.wire.peer_addr().ok()
    }

    pub fn set_manner(&mut self, manner: Manner) {
        self.manner = manner;
    }

    /// BDAT failed before anything was taken: the same server may be asked again at once, with DATA.
    pub fn turned_to_data(&self) -> bool {
        self.turned
    }

    /// Sends one letter to the recipients at `pick` (indexes); one outcome per pick, in order. Recipients beyond what the
    /// server takes in one transaction follow in the next.
    pub async fn send(
        &mut self,
        letter: &Letter<'_>,
        pick: &[usize],
        keys: &Keys,
    ) -> Vec<(usize, Outcome)> {
        let mut fates = Vec::with_capacity(pick.len());
        let most = self
            .offers
            .rcpt_max
            .unwrap_or(limits::RECIPIENTS_PER_TRANSACTION);
        let mut waiting: Vec<usize> = pick.to_vec();
        while !waiting.is_empty() {
            let rest = waiting.split_off(
                waiting
                    .len()
                    .min(most.min(limits::RECIPIENTS_PER_TRANSACTION)),
            );
            if self.broken {
                let lost = later(
                    Blame::Server,
                    "4.4.2",
                    "connection ended before this recipient's turn",
                );
                fates.extend(
                    waiting
                        .iter()
                        .chain(&rest)
                        .map(|index| (*index, lost.clone())),
                );
                break;
            }
            let round = self.transaction(letter, &waiting, keys).await;
            let sent = round
                .iter()
                .any(|(_, fate)| matches!(fate, Outcome::Sent(_)));
            waiting = rest;
            for (index, fate) in round {
                // "Too many recipients" after some were taken: a new transaction, at once (RFC 5321 §4.5.3.1.10).
                if sent && !self.broken && is_too_many(&fate) {
                    waiting.push(index);
                } else {
                    fates.push((index, fate));
                }
            }
        }
        for (_, fate) in &mut fates {
            note(&self.evidence, fate);
            fate.reason_mut().peer_reports = self.offers.dsn;
        }
        fates
    }

    /// QUIT, politely but briefly.
    pub async fn quit(mut self) {
        if !self.broken {
            self.wire.expect();
            // The answer decides nothing any more.
            let _ = timeout(self.timeouts.quit, self.connection.quit()).await;
        }
    }

    async fn transaction(
        &mut self,
        letter: &Letter<'_>,
        pick: &[usize],
        keys: &Keys,
    ) -> Vec<(usize, Outcome)> {
        self.transactions += 1;
        let mut turn = Turn {
            fates: Vec::new(),
            accepted: Vec::new(),
        };
        let planned: Vec<(usize, String)> = pick
            .iter()
            .filter_map(|index| {
                let line = letter.recipients.get(*index).ok_or_else(lost_recipient);
                match line.and_then(|recipient| self.rcpt_line(recipient)) {
                    Ok(line) => Some((*index, line)),
                    Err(fate) => {
                        turn.fates.push((*index, fate));
                        None
                    }
                }
            })
            .collect();
        let checked = self
            .fits(letter, keys)
            .and_then(|form| self.mail_line(letter, form.len()).map(|line| (form, line)));
        match checked {
            Err(fate) => turn.all(planned.iter().map(|(index, _)| *index), &fate),
            Ok(_) if planned.is_empty() => {}
            Ok((form, mail)) => {
                if self.offers.pipelining {
                    self.pipelined(&mail, &planned, form, &mut turn).await;
                } else {
                    self.step_by_step(&mail, &planned, form, &mut turn).await;
                }
            }
        }
        turn.fates
    }

    /// Marks the connection as lost and gives the words a fate.
    fn lost(&mut self, blame: Blame, words: String) -> Outcome {
        self.broken = true;
        later(blame, "4.4.2", words)
    }

    /// Writes bytes as they are; waits as long as they keep moving.
    async fn put(&mut self, bytes: &[u8], still: Duration) -> Result<(), Silence> {
        self.wire.expect();
        let mut wire = self.wire.clone();
        let write = async {
            wire.write_all(bytes).await?;
            wire.flush().await
        };
        match moving(&self.wire, still, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(cause)) => Err(Silence(format!("connection lost: {cause}"))),
            Err(()) => Err(Silence("the letter was not taken in time".to_string())),
        }
    }

    async fn say(&mut self, text: &str, limit: Duration) -> Result<Reply, Silence> {
        self.wire.expect();
        let said = timeout(limit, self.connection.command(text)).await;
        self.heard(said)
    }

    async fn hear(&mut self, limit: Duration) -> Result<Reply, Silence> {
        self.wire.expect();
        let said = timeout(limit, self.connection.read_response()).await;
        self.heard(said)
    }

    /// The wire knows the reply in full; lettre's verdict tells only whether one was framed.
    fn heard<T, E: std::error::Error>(
        &mut self,
        said: Result<Result<T, E>, impl Sized>,
    ) -> Result<Reply, Silence> {
        let reply = heard(&self.wire, said);
        // 421 announces the end of the connection (RFC 5321 §3.8).
        if reply.as_ref().is_ok_and(|reply| reply.code == 421) {
            self.broken = true;
        }
        reply
    }
}

/// One transaction's bookkeeping.
struct Turn {
    fates: Vec<(usize, Outcome)>,
    accepted: Vec<usize>,
}

impl Turn {
    fn rcpt(&mut self, index: usize, refused: Option<Outcome>, reply: &Reply) {
        match refused.or_else(|| outcome(Stage::Rcpt, reply)) {
            Some(fate) => self.fates.push((index, fate)),
            None => self.accepted.push(index),
        }
    }

    fn all(&mut self, indexes: impl Iterator<Item = usize>, fate: &Outcome) {
        self.fates
            .extend(indexes.map(|index| (index, fate.clone())));
    }

    fn all_accepted(&mut self, fate: &Outcome) {
        let accepted = std::mem::take(&mut self.accepted);
        self.all(accepted.into_iter(), fate);
    }
}

/// MAIL and every RCPT, to be written at once.
fn envelope(mail: &str, planned: &[(usize, String)]) -> String {
    let mut group = String::from(mail);
    for (_, line) in planned {
        group.push_str(line);
    }
    group
}

fn lost_recipient() -> Outcome {
    never(Blame::Letter, "5.5.4", "no such recipient in this letter")
}

fn is_too_many(fate: &Outcome) -> bool {
    match fate {
        Outcome::Later(reason) => {
            let evidence = &reason.evidence;
            matches!(evidence.code, Some(452 | 552))
                && matches!(evidence.enhanced.as_deref(), None | Some("4.5.3"))
        }
        _ => false,
    }
}

/// Writes where it happened into the fate's evidence.
fn note(evidence: &Evidence, fate: &mut Outcome) {
    let own = &mut fate.reason_mut().evidence;
    own.host.clone_from(&evidence.host);
    own.ip.clone_from(&evidence.ip);
    own.tls.clone_from(&evidence.tls);
    own.certificate.clone_from(&evidence.certificate);
}
