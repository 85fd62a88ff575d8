//! Every bound of an examination, with unit and reason.

use std::time::Duration;

/// One check; the slowest of them bounds the whole, since all run at once.
pub const CHECK: Duration = Duration::from_secs(25);
/// One DNS question; a resolver that takes longer delays mail too.
pub const DNS: Duration = Duration::from_secs(4);
/// One connection to a port.
pub const CONNECT: Duration = Duration::from_secs(5);
/// One reply of an SMTP or IMAP dialogue, TLS handshake included.
pub const REPLY: Duration = Duration::from_secs(6);
/// The answer of a time server.
pub const NTP: Duration = Duration::from_secs(3);
/// The self-test letter must be in the mailbox within this, and the push handed over.
pub const LETTER: Duration = Duration::from_secs(10);
/// The letter to the outside box, there and back.
pub const ROUND_TRIP: Duration = Duration::from_secs(20);
/// Bytes of one reply line of a dialogue.
pub const LINE_BYTES: usize = 4_096;
/// Lines of one reply.
pub const REPLY_LINES: usize = 100;
/// Domains examined one by one; a province has a handful, a merged one some dozens.
pub const DOMAINS_MAX: usize = 200;
/// Addresses of our own.
pub const ADDRESSES_MAX: usize = 16;
/// Addresses of `[[source]]` looked at: one or two for each domain.
pub const SOURCES_MAX: usize = 64;
/// Questions at the same time.
pub const AT_ONCE: usize = 16;
/// Days a certificate must still be good for.
pub const CERTIFICATE_DAYS: i64 = 21;
/// TLSA records of one host looked at; a roll-over has two or three.
pub const TLSA_MAX: usize = 8;
/// Look-ups an SPF record may cause. (RFC 7208 §4.6.4)
pub const SPF_LOOKUPS: usize = 10;
/// SPF records followed before giving up, whatever they say.
pub const SPF_RECORDS: usize = 30;
/// Files looked at in the folder of backups.
pub const BACKUP_FILES: usize = 10_000;
