//! Every bound of an SMTP session, with unit and reason. What a site may change is in `config::Limits`; these are the rest
//! and the defaults.

/// Octets of a command line with its CRLF: 512 by RFC 5321 §4.5.3.1.4, more with every extension (RFC 1870, 3461, 4954, 6531).
pub const COMMAND_BYTES_MAX: usize = 4_096;
/// Octets of a line in an AUTH exchange (RFC 4954 §4 asks for 12,288).
pub const AUTH_LINE_BYTES_MAX: usize = 12_288;
/// Octets of one reply line's text: 512 with code and CRLF (RFC 5321 §4.5.3.1.5).
pub const REPLY_TEXT_BYTES_MAX: usize = 480;
/// Octets of a path with its angle brackets (RFC 5321 §4.5.3.1.3).
pub const PATH_BYTES_MAX: usize = 256;
/// Octets of a domain (RFC 5321 §4.5.3.1.2).
pub const DOMAIN_BYTES_MAX: usize = 255;
/// Octets of an ENVID after decoding (RFC 3461 §4.4).
pub const ENVID_BYTES_MAX: usize = 100;
/// Octets of an ORCPT value as sent (RFC 3461 §4.2 allows 500).
pub const ORCPT_BYTES_MAX: usize = 500;
/// Seconds a letter may wait for its release: a month ahead is planning, more is forgotten (RFC 4865 §4).
pub const HOLD_SECS_MAX: u64 = 30 * 86_400;
/// ESMTP parameters of one command: every known one, twice.
pub const PARAMETERS_MAX: usize = 16;
/// Bytes read from a socket at once; also the most that waits unparsed.
pub const READ_BYTES_MAX: usize = 64 * 1024;
/// Bytes the read buffer starts with: an idle connection should cost little.
pub const READ_BYTES_FIRST: usize = 4 * 1024;
/// Bytes of replies that wait before they are written even if more commands are in the buffer.
pub const REPLIES_BYTES_MAX: usize = 16 * 1024;
/// Refused or unknown commands in a session before 421 (RFC 5321 §4.3.2 allows closing on abuse).
pub const FAULTS_MAX: u32 = 20;
/// Commands in a session that bring no message nearer (NOOP, RSET, VRFY, EHLO …) before 421.
pub const IDLE_COMMANDS_MAX: u32 = 1_000;
/// Failed sign-ins in a session before 421 (RFC 4954 §4).
pub const SIGN_IN_FAILURES_MAX: u32 = 3;
/// Unknown recipients in a session before each further one is answered late.
pub const UNKNOWN_RECIPIENTS_FREE: u32 = 5;
/// How late, in milliseconds: makes guessing addresses slow without holding memory for long.
pub const UNKNOWN_RECIPIENT_DELAY_MS: u64 = 1_000;
/// Unknown recipients in a session before 421: a harvester, not a typing error.
pub const UNKNOWN_RECIPIENTS_MAX: u32 = 25;
/// Bytes of a message held before it asks the common body budget for more.
pub const BODY_STEP_BYTES: usize = 256 * 1024;
/// Bytes of message bodies in the making, over all sessions of the program.
pub const BODIES_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Addresses remembered by the door (connection counts, refused handshakes) before the oldest are forgotten.
pub const ADDRESSES_REMEMBERED_MAX: usize = 20_000;
/// Seconds for which a sender whose TLS handshake failed is offered no STARTTLS on the MX door, where the site says nothing.
pub const NO_STARTTLS_SECS: u64 = 3_600;
/// Seconds for a TLS handshake.
pub const HANDSHAKE_SECS: u64 = 30;
/// Seconds for the PROXY protocol header from a listed balancer.
pub const PROXY_HEADER_SECS: u64 = 5;
/// Seconds for which sessions in a transaction may finish after a stop was asked for (the program stops within 10 s).
pub const DRAIN_SECS: u64 = 8;
/// Seconds to wait for a peer to take our replies.
pub const WRITE_SECS: u64 = 60;
/// Milliseconds each check's look at DNS may take (one signature's key, SPF, a list; DMARC's policy after them); what has not
/// answered by then has no opinion, and the others keep theirs.
pub const CHECKS_MS: u64 = 5_000;
/// Milliseconds a content engine may take; after that the letter passes unscanned.
pub const ENGINE_MS: u64 = 10_000;
/// Bytes of one piece of a letter for ClamAV.
pub const ENGINE_PIECE_BYTES: usize = 64 * 1024;
/// Bytes of an engine's answer that are read.
pub const ENGINE_REPLY_BYTES_MAX: u64 = 1024 * 1024;
/// DKIM signatures of a message that are looked at: more is an attack on our DNS.
pub const DKIM_SIGNATURES_MAX: usize = 10;
/// Entries in each cache of DNS answers kept by the checks.
pub const DNS_CACHE_ENTRIES: usize = 4_096;
/// Connections beyond the bound that are still told why they are turned away.
pub const REFUSALS_AT_ONCE_MAX: usize = 256;
/// Recipients of one refused message whose refusal is written down one by one.
pub const REFUSALS_RECORDED_MAX: usize = 50;
/// Different things counted for daily reports between two writings: what is beyond is dropped and counted as dropped.
pub const TALLY_KEYS_MAX: usize = 20_000;
/// Seconds between writings of those counts.
pub const REPORT_FLUSH_SECS: u64 = 60;
/// Seconds between rounds that send what is due.
pub const REPORT_ROUND_SECS: u64 = 3_600;
/// Days after which a report that cannot be handed in is given up.
pub const REPORT_OLD_DAYS: i64 = 3;
/// Bytes of a received report after decompression.
pub const REPORT_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Received reports read at a time.
pub const REPORTS_READ_AT_ONCE: usize = 2;
