//! Every bound of the program itself, with unit and reason. The protocols' bounds stand in their own crates.

use std::time::Duration;

/// From SIGTERM to the end of the process: sessions are told to go, what is left is cut.
pub const DRAIN: Duration = Duration::from_secs(7);
/// Web connections at once on one listener: 15,000 people with one live stream each, and room for pages.
pub const WEB_CONNECTIONS_MAX: usize = 20_000;
/// Web connections at once from one address: a whole office behind one NAT address.
pub const WEB_CONNECTIONS_PER_PEER_MAX: usize = 2_000;
/// A TLS handshake that takes longer than this on any network is not a person.
pub const TLS_HANDSHAKE: Duration = Duration::from_secs(15);
/// Request line and header fields must be here within this time (slow-header attacks).
pub const HEADER_READ: Duration = Duration::from_secs(20);
/// Streams one HTTP/2 connection may have open.
pub const HTTP2_STREAMS_MAX: u32 = 128;
/// Bytes of the header list of one HTTP/2 request.
pub const HTTP2_HEADER_BYTES_MAX: u32 = 32 * 1024;
/// How often a silent HTTP/2 connection is asked whether it is still there: phones vanish without a word.
pub const HTTP2_PING: Duration = Duration::from_secs(30);
/// How often certificate files are looked at for a newer one.
pub const CERTIFICATE_LOOK: Duration = Duration::from_secs(5);
/// Letters whose attached files are read at the same time.
pub const READERS: usize = 2;
/// How often letters with attached files are looked for when there was none.
pub const READER_LOOK: Duration = Duration::from_secs(1);
/// A file that is not read within this time is given up: the longest honest PDF takes a few seconds.
pub const READER_TIME: Duration = Duration::from_secs(30);
/// Processor seconds of the process that reads a file, kept by the kernel.
pub const READER_CPU_SECS: u64 = 20;
/// Bytes of memory of that process, its program included, kept by the kernel.
pub const READER_MEMORY_BYTES: u64 = 1 << 30;
/// Bytes of stack in which a file is read: deep nesting ends the process, not the server.
pub const READER_STACK_BYTES: usize = 64 << 20;
/// Bytes of what that process says when it fails.
pub const READER_WORDS_MAX: usize = 500;
/// `/healthz` answers within this time or says no.
pub const HEALTH: Duration = Duration::from_secs(3);
/// Bytes of a configuration file; a larger one is not ours.
pub const CONFIG_BYTES_MAX: u64 = 1024 * 1024;
/// Bytes of a passphrase line on standard input.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// Bytes of a CSV of accounts: 15,000 people need about 2 MB.
pub const IMPORT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Work that takes longer than this shows its progress.
pub const PROGRESS_AFTER: Duration = Duration::from_secs(1);
/// Pause after an accept that failed for want of descriptors, so that the loop does not spin.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often DKIM keys and their records are looked at.
pub const DKIM_LOOK: Duration = Duration::from_secs(3_600);
/// From the first sight of a new DKIM record to its first use: slower name servers of the zone follow within it.
pub const DKIM_SETTLE_MS: i64 = 2 * 3_600_000;
/// What DNS said of a domain's records is shown for so long before it is asked again behind the page, ms.
pub const RECORDS_FRESH_MS: i64 = 15 * 60_000;
/// Asked for anew, DNS is asked at most this often, ms.
pub const RECORDS_AGAIN_MS: i64 = 5_000;
/// A look-up of all records of a domain ends within this; what has no answer by then is not known.
pub const RECORDS_LOOK: Duration = Duration::from_secs(20);
/// The page waits this long for a look-up, then shows what is known; most name servers answer sooner.
pub const RECORDS_WAIT: Duration = Duration::from_secs(2);
/// Domains looked up at the same time.
pub const RECORD_LOOKS_AT_ONCE: usize = 2;
/// With `outbound.ipv6 = "auto"` the addresses mail leaves from are looked at this often.
pub const IPV6_LOOK: Duration = Duration::from_secs(3_600);
/// Names of one address followed back to it.
pub const PTR_NAMES_MAX: usize = 16;
/// SMTP connections to other servers at once.
pub const OUTBOUND_CONNECTIONS_MAX: usize = 200;
