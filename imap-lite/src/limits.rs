//! Every bound of the IMAP server, with unit and reason.

use std::time::Duration;

/// Bytes of a command without its literals (RFC 7162 §4 recommends at least 8192; UID sets of phones are long).
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a command without its literals before the peer has proven who it is.
pub const LINE_BYTES_MAX_STRANGER: usize = 8 * 1024;
/// Bytes of a literal that is no message: names, search words, passwords.
pub const LITERAL_BYTES_MAX: usize = 64 * 1024;
/// The same before the peer has proven who it is.
pub const LITERAL_BYTES_MAX_STRANGER: usize = 4 * 1024;
/// Literals in one command.
pub const LITERALS_MAX: usize = 256;
/// Bytes of a refused non-synchronising literal that are read and thrown away; for more the connection ends (RFC 7888 §4).
pub const DISCARD_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of a tag.
pub const TAG_BYTES_MAX: usize = 256;
/// Depth of parentheses, NOT and OR in SEARCH.
pub const SEARCH_DEPTH_MAX: usize = 32;
/// Keys in one SEARCH: the line bounds them too, this bounds the work.
pub const SEARCH_KEYS_MAX: usize = 1_000;
/// Criteria in one SORT: there are nine kinds.
pub const SORT_CRITERIA_MAX: usize = 32;
/// Characters of a subject, name or address that a SORT compares: what differs only behind them counts as equal.
pub const SORT_CHARS_MAX: usize = 250;
/// Letters whose words are read at once for a SORT.
pub const SORT_ROWS: usize = 2_048;
/// Such readings at the same time for one SORT.
pub const SORT_READERS: usize = 4;
/// Letters from which a SORT waits for its turn and is put in order off the executor.
pub const LARGE_SORT: usize = 5_000;
/// Large sorts of all sessions at the same time: each holds a key of some hundred bytes for each letter.
pub const LARGE_SORTS_MAX: usize = 2;
/// Items in one FETCH.
pub const FETCH_ITEMS_MAX: usize = 200;
/// Numbers in a section path: deeper parts are never opened.
pub const SECTION_DEPTH_MAX: usize = 64;
/// Keywords in one STORE or APPEND.
pub const KEYWORDS_MAX: usize = 64;
/// Bytes of a keyword.
pub const KEYWORD_BYTES_MAX: usize = 128;
/// Patterns in one LIST.
pub const LIST_PATTERNS_MAX: usize = 32;
/// Bytes of answer kept before they are written to the peer.
pub const OUT_BYTES_MAX: usize = 64 * 1024;
/// Bytes of buffers a waiting connection may keep.
pub const REST_BYTES_MAX: usize = 1_024;
/// Rows read from the mailroom at once while a FETCH is answered.
pub const FETCH_ROWS: usize = 500;
/// Wrong commands in a row before the connection ends.
pub const FAULTS_MAX: u32 = 20;
/// Failed sign-ins on one connection before it ends.
pub const SIGN_IN_FAILURES_MAX: u32 = 5;
/// Delay before a failed sign-in is answered, times the number of failures: guessing must be slow.
pub const SIGN_IN_DELAY: Duration = Duration::from_millis(500);
/// From connect to signed in.
pub const STRANGER_TIME_MAX: Duration = Duration::from_secs(60);
/// Silence of a signed-in peer, also in IDLE (RFC 9051 §5.4 asks for at least 30 minutes).
pub const SILENCE_MAX: Duration = Duration::from_secs(31 * 60);
/// A peer that does not take our answer for this long is gone.
pub const WRITE_TIME_MAX: Duration = Duration::from_secs(120);
/// How often an idling session looks by itself, should a wake-up be lost (promise 4).
pub const LOOK_AGAIN: Duration = Duration::from_secs(300);
/// How long a closing server waits for its sessions.
pub const GOODBYE_TIME_MAX: Duration = Duration::from_secs(5);
/// Bytes of bodies held at once while a FETCH is answered (a larger body is held alone).
pub const BODIES_GROUP_BYTES: usize = 1024 * 1024;
/// Pause after a failed accept.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
