//! Every bound of the pages and the HTTP API, with unit and reason.

use std::time::Duration;

/// Bytes of an ordinary form or JSON body: longer than any form of ours, shorter than an attack.
pub const FORM_BYTES_MAX: usize = 256 * 1024;
/// Bytes of the text part of a composed letter: 1 MB is about 300 pages.
pub const COMPOSE_TEXT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes beyond the attachments themselves that a multipart compose form may take (fields, boundaries).
pub const COMPOSE_OVERHEAD_BYTES: usize = 2 * 1024 * 1024;
/// Attached files of one letter.
pub const FILES_MAX: usize = 50;
/// Composed letters read into memory at the same time; each may be as large as the upload limit.
pub const UPLOADS_AT_ONCE_MAX: usize = 8;
/// Time a whole upload may take: 50 MB over a 750 kbit/s mobile link is 9 minutes.
pub const UPLOAD_TIME_MAX: Duration = Duration::from_secs(30 * 60);
/// Time any other answer may take.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// Letters on one list page: 50 rows are about 1,250 nodes, which a cheap phone lays out at once.
pub const LIST_ROWS: usize = 50;
/// Hits on one page of search results.
pub const SEARCH_ROWS: usize = 50;
/// Characters of a search that are looked at.
pub const SEARCH_CHARS_MAX: usize = 200;
/// Documents on one page of "Văn bản được giao".
pub const ASSIGNED_ROWS: usize = 200;
/// People a search of an administrator lists.
pub const PEOPLE_ROWS: usize = 50;
/// Letters whose history one look-up shows.
pub const TRACE_ROWS: usize = 20;
/// Letters one search of an administrator shows.
pub const TRAIL_ROWS: usize = 50;
/// Days one search of an administrator looks back where no day is named: the trace of a year is long.
pub const TRAIL_DAYS: i64 = 30;
/// Destinations on the queue page.
pub const QUEUE_GROUPS: usize = 50;
/// Rows of one destination on the queue page.
pub const QUEUE_ROWS: usize = 100;
/// Rows of the audit log on a page.
pub const AUDIT_ROWS: usize = 200;
/// Proposals under an address field.
pub const SUGGEST_ROWS: usize = 10;

/// Event streams one session may hold open: several tabs on a shared office PC.
pub const STREAMS_PER_SESSION_MAX: usize = 6;
/// Event streams of the whole program.
pub const STREAMS_MAX: usize = 30_000;
/// Silence on an event stream before a comment is sent, so that proxies and phones keep it.
pub const STREAM_HEARTBEAT: Duration = Duration::from_secs(25);
/// Life of one event stream; the browser comes back by itself and proves its session again.
pub const STREAM_LIFE_MAX: Duration = Duration::from_secs(15 * 60);
/// Wake-ups closer together than this are told once.
pub const STREAM_PAUSE: Duration = Duration::from_millis(300);

/// Sign-in attempts per address range: a burst for a meeting room behind one address, then one every 2 s.
pub const SIGN_IN_BURST: u32 = 60;
pub const SIGN_IN_EVERY: Duration = Duration::from_secs(2);
/// Slip codes tried per address range.
pub const SLIP_BURST: u32 = 20;
pub const SLIP_EVERY: Duration = Duration::from_secs(6);
/// API calls per source and address range: 500-item batches make more of it.
pub const API_BURST: u32 = 200;
pub const API_EVERY: Duration = Duration::from_millis(20);
/// Keys a limiter keeps before it forgets those that are full again.
pub const LIMITER_KEYS_MAX: usize = 100_000;

/// Items of one batch call.
pub const BATCH_ITEMS_MAX: usize = 500;
/// Bytes of one assignment; a batch may be that times its items, up to `BATCH_BYTES_MAX`.
pub const ASSIGNMENT_BYTES_MAX: usize = 64 * 1024;
pub const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Events of one answer and the time a long poll waits.
pub const EVENT_ROWS_MAX: usize = 500;
pub const LONG_POLL_MAX: Duration = Duration::from_secs(25);
/// Pause between two looks at the table while a long poll waits.
pub const LONG_POLL_STEP: Duration = Duration::from_millis(500);

/// Bytes of HTML that the sanitiser takes: larger letters are shown as text.
pub const HTML_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Open elements inside one another: html5ever is quadratic in depth, and no official nests 512 tables.
pub const HTML_DEPTH_MAX: usize = 512;
/// Nodes the parser would make, counted with the formatting elements it re-opens.
pub const HTML_NODES_MAX: usize = 100_000;
/// Bytes of `<style>` that are moved into the elements for "Xem nguyên bản".
pub const STYLE_BYTES_MAX: usize = 64 * 1024;
/// Elements beyond which style sheets are not moved in (selectors times elements is the cost).
pub const STYLED_NODES_MAX: usize = 5_000;
/// Time the sanitiser may take before the letter is shown as text.
pub const HTML_TIME_MAX: Duration = Duration::from_secs(5);
/// Sanitisers at work at the same time.
pub const SANITISERS_AT_ONCE_MAX: usize = 4;
/// Bytes of pictures written into the original view.
pub const INLINE_IMAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of letter text put on a page; the rest is behind a download.
pub const TEXT_SHOWN_BYTES_MAX: usize = 512 * 1024;
/// How far back the page of other systems' reports looks, milliseconds: 30 days.
pub const REPORTS_SHOWN_MS: i64 = 30 * 86_400_000;
