//! Bounds of the outbound side: every time, count and size, with its unit and its reason. No code.

use std::time::Duration;

/// Rows held in memory by the worker; what is beyond stays in the table, where it costs nothing.
/// About 600 bytes each; room for 200 destinations that say nothing, and for what others wait for beside them.
pub const ROWS_IN_HAND_MAX: usize = 10_000;
/// Rows of one destination in memory: a flood to one domain may not fill the hand.
pub const ROWS_PER_DESTINATION_MAX: usize = 500;
/// The same of a destination that has not taken a letter yet: it may be dead.
pub const ROWS_UNPROVEN_MAX: usize = 50;
/// Rows asked for at once.
pub const LEASE_ROWS: usize = 500;
/// After a lease of a few rows the next one waits this long: letters that come one after another share a lease and a commit.
/// A letter that comes alone waits for nothing.
pub const LEASE_GAP: Duration = Duration::from_millis(10);
/// A lease outlives the longest attempt (`ATTEMPT_MAX`) with room for the wait in the queue.
pub const LEASE_SECS: u64 = 30 * 60;
/// Nobody starts an attempt whose lease might end before it does.
pub const ATTEMPT_MAX: Duration = Duration::from_secs(20 * 60);
/// Recipients in one transaction; every server must take 100 (RFC 5321 §4.5.3.1.8).
pub const RECIPIENTS_PER_TRANSACTION: usize = 100;
/// Transactions on one connection before it is given up: some servers count, and load balancers want to balance.
pub const TRANSACTIONS_PER_CONNECTION: u32 = 100;
/// An idle connection waits this long for another letter to the same destination.
pub const IDLE_REUSE: Duration = Duration::from_millis(800);
/// Addresses tried in one attempt (RFC 5321 §5.1 wants at least two).
pub const ADDRESSES_PER_ATTEMPT: usize = 6;
/// Servers that answered and then said 4xx, in one attempt; the rest waits for the next.
pub const ANSWERS_PER_ATTEMPT: usize = 2;
/// MX records looked at; a longer answer is somebody's game.
pub const MX_MAX: usize = 20;
/// Addresses taken of one MX host.
pub const ADDRESSES_PER_HOST: usize = 4;
/// Servers whose way with BDAT is remembered, and for how long: half a day, then it is tried again.
pub const MANNERS_MAX: usize = 10_000;
pub const MANNERS_MS: i64 = 12 * 3_600 * 1_000;
/// Letters up to this size go with their envelope in one write; a larger one waits until somebody is accepted, because it
/// would be carried in vain (and RFC 2920 §3.1 warns of writes larger than the other side's window).
pub const ONE_WRITE_BYTES: usize = 64 * 1024;
/// Connections at once to everybody, and to one destination, and to start with (Postfix: 20 and 5).
pub const CONNECTIONS_MAX: usize = 100;
pub const CONNECTIONS_PER_DESTINATION: usize = 20;
pub const CONNECTIONS_FIRST: usize = 5;
/// Destinations remembered (their pace); idle ones are forgotten first.
pub const DESTINATIONS_MAX: usize = 20_000;
/// A destination none of whose servers answered is left alone as long as the first retry delay, doubled up to this.
pub const REST_MAX: Duration = Duration::from_secs(30 * 60);

/// How long each step may take. The defaults are the protocol's; a test may be less patient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// One address: shorter than a kernel's two minutes, so that the next address gets its turn.
    pub connect: Duration,
    /// RFC 5321 §4.5.3.2.1
    pub greeting: Duration,
    pub hello: Duration,
    pub handshake: Duration,
    /// MAIL and RCPT (RFC 5321 §4.5.3.2.2, .3)
    pub envelope: Duration,
    /// DATA to 354 (RFC 5321 §4.5.3.2.4)
    pub data: Duration,
    /// No byte moves while the letter is written, or the final dot stays unanswered (RFC 5321 §4.5.3.2.6).
    pub final_dot: Duration,
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            greeting: Duration::from_secs(5 * 60),
            hello: Duration::from_secs(2 * 60),
            handshake: Duration::from_secs(60),
            envelope: Duration::from_secs(5 * 60),
            data: Duration::from_secs(2 * 60),
            final_dot: Duration::from_secs(10 * 60),
            quit: Duration::from_secs(5),
        }
    }
}
/// DNS answers for one destination.
pub const RESOLVE: Duration = Duration::from_secs(30);

/// One reply line as sent; RFC 5321 §4.5.3.1.5 says 512, real servers exceed it.
pub const REPLY_LINE_BYTES: usize = 4 * 1024;
/// Lines of one reply kept; an EHLO answer has about 15.
pub const REPLY_LINES: usize = 128;
/// Reply text kept in the recipient's history.
pub const REPLY_TEXT_CHARS: usize = 500;

/// Settlements written in one go.
pub const SETTLE_BATCH: usize = 200;
/// Header bytes of the original returned in a DSN; a whole letter (RET=FULL) up to the second value.
pub const DSN_HEADER_BYTES: usize = 64 * 1024;
pub const DSN_FULL_BYTES: usize = 2 * 1024 * 1024;
/// A delay is told to the sender after this (urgent letters: the second), once (DOMAIN: 4 h, 15 min).
pub const DELAY_NOTICE: Duration = Duration::from_secs(4 * 3600);
pub const DELAY_NOTICE_URGENT: Duration = Duration::from_secs(15 * 60);

/// MTA-STS (RFC 8461 §3.2, §3.3): bytes and lines of a policy, its longest life, time to fetch it, pause after a failed fetch.
pub const STS_BYTES: usize = 64 * 1024;
pub const STS_LINES: usize = 1_000;
pub const STS_AGE_SECS_MAX: u64 = 31_557_600;
pub const STS_FETCH: Duration = Duration::from_secs(20);
pub const STS_PAUSE_MS: i64 = 5 * 60 * 1_000;
/// Bytes of an answer to something handed in over HTTPS that are read.
pub const HTTPS_ANSWER_BYTES: usize = 64 * 1024;
