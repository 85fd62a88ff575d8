//! Bounds of Web Push: every size, time and count with its unit and reason. No code.

use std::time::Duration;

/// The text before encryption, padded with spaces to exactly this: whoever carries it learns nothing from its length.
/// Push services take 4,096 bytes encrypted; ours stays far below.
pub const PAYLOAD_BYTES: usize = 768;
/// A sender's name, bytes as JSON writes them: three of them leave room for the other words and the address to open.
pub const NAME_BYTES_MAX: usize = 120;
pub const NAMES_MAX: usize = 3;
/// An endpoint address; the longest in use (Windows) have about 600.
pub const ENDPOINT_BYTES_MAX: usize = 2_000;
/// From dialling to the end of the answer.
pub const POST: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read: only its status matters.
pub const ANSWER_BYTES: usize = 4 * 1024;
/// Devices looked at in one go.
pub const OWED_ROWS: usize = 1_000;
/// New mail waits this long for a phone that is off (DOMAIN: a day).
pub const LETTER_TTL_SECS: u32 = 24 * 3_600;
/// Assigned documents wait until their deadline, within these.
pub const ASSIGNED_TTL_MIN_SECS: u32 = 3_600;
pub const ASSIGNED_TTL_MAX_SECS: u32 = 28 * 24 * 3_600;
/// A pause after 5xx or no answer; `Retry-After` is obeyed up to the second value.
pub const RETRY_SECS: i64 = 60;
pub const RETRY_AFTER_SECS_MAX: i64 = 24 * 3_600;
/// A VAPID signature is used for many posts to one service (RFC 8292 §2 allows a day).
pub const VAPID_LIFE_SECS: i64 = 12 * 3_600;
/// Signatures kept, one per push service.
pub const SIGNATURES_MAX: usize = 1_000;
/// A stop waits this long for posts under way.
pub const LAST_WORDS: Duration = Duration::from_secs(5);
/// A trial push is looked at now or not at all (seconds).
pub const TRIAL_TTL_SECS: u32 = 300;
