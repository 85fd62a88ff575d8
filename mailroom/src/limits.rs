//! Every bound of the mailroom, with unit and reason.

/// Accounts and outside addresses one recipient may expand to (lists in lists included): a province-wide list of 15,000.
pub const EXPANSION_MAX: usize = 20_000;
/// Depth of lists in lists; deeper is a loop in disguise.
pub const EXPANSION_DEPTH_MAX: usize = 8;
/// Received fields in a message before it is a loop (RFC 5321 §6.3 suggests at least 100).
pub const RECEIVED_FIELDS_MAX: usize = 100;
/// Received fields of our own in a message before it is a loop: forwarded out and back a few times is odd, more is a circle.
pub const OWN_RECEIVED_FIELDS_MAX: usize = 10;
/// Bytes of a mailbox name (UTF-8): long enough for Vietnamese paths, short enough for every client.
pub const MAILBOX_NAME_BYTES_MAX: usize = 500;
/// Mailboxes an account may have.
pub const MAILBOXES_MAX: usize = 1_000;
/// Mailbox indexes kept in memory for sessions that selected them, across accounts.
pub const INDEXES_KEPT_MAX: usize = 10_000;
/// Index rows kept in memory for all mailboxes together: about 120 bytes each, 240 MB at most, shared by all sessions.
pub const INDEX_ROWS_KEPT_MAX: usize = 2_000_000;
/// Days for which a correspondent who was answered automatically is not answered again (RFC 5230 §4.1 takes seven).
pub const ANSWER_AGAIN_DAYS: i64 = 7;
/// Characters of the subject and of the text of an automatic answer: a page of writing.
pub const ANSWER_SUBJECT_CHARS_MAX: usize = 200;
pub const ANSWER_TEXT_CHARS_MAX: usize = 4_000;
/// Addresses in To and Cc among which an account's own is looked for.
pub const ANSWER_NAMED_MAX: usize = 200;
/// Letters of a thread named in an answer, and octets of one's id.
pub const ANSWER_REFERENCES_MAX: usize = 30;
pub const ANSWER_ID_BYTES_MAX: usize = 300;
/// Answers written in one round, and tries of one that fails on our side, this long apart and longer each time, ms.
pub const ANSWERS_AT_ONCE: usize = 100;
pub const ANSWER_TRIES_MAX: u32 = 10;
pub const ANSWER_RETRY_MS: i64 = 60_000;
/// Owed answers are looked for this often even when nothing wakes, seconds: what a crash left is found.
pub const ANSWERS_LOOK_EVERY_SECS: u64 = 30;
/// Mailboxes here that forward to one another in a row before it is taken for a mistake.
pub const FORWARD_DEPTH_MAX: usize = 8;
/// After a recovery no forwarding is turned on for this long, ms: whoever got in by a false slip is found out first.
pub const FORWARD_LOCK_MS: i64 = 86_400_000;
/// A confirmation code lives this long, ms; it is sent at most this often, ms, and typed at most so many times.
pub const FORWARD_CODE_MS: i64 = 3 * 86_400_000;
pub const FORWARD_CODE_EVERY_MS: i64 = 10 * 60_000;
pub const FORWARD_GUESSES_MAX: u32 = 10;
/// Lists in lists that are looked through when a member leaves.
pub const LISTS_IN_LISTS_MAX: usize = 1_000;
/// Mailboxes of one letter, and addresses it is written to, that are remembered as acquainted.
pub const MET_ACCOUNTS_MAX: usize = 50;
pub const MET_WRITTEN_MAX: usize = 100;
/// Correspondents are forgotten after so long a silence, ms, and the longest silent ones beyond so many (some 100 bytes each).
pub const MET_KEPT_MS: i64 = 400 * 86_400_000;
pub const MET_ROWS_MAX: i64 = 2_000_000;
/// Rows a list page may ask for.
pub const LIST_ROWS_MAX: usize = 200;
/// Words of one condition of a search.
pub const SEARCH_WORDS_MAX: usize = 32;
/// Bytes of letters looked through for the places of one page of results; rows beyond are shown without.
pub const HIT_BYTES_MAX: usize = 1 << 20;
/// Places looked at in one letter.
pub const HIT_PLACES_MAX: usize = 2_000;
/// Bytes shown before and after a place: two lines on a phone.
pub const HIT_BEFORE_BYTES: usize = 60;
pub const HIT_AFTER_BYTES: usize = 160;
/// Files of one letter whose text is read for the search.
pub const ATTACHED_FILES_MAX: usize = 20;
/// Bytes of text of all attached files of one letter: with its own text it stays below what is kept for the search.
pub const ATTACHED_TEXT_BYTES_MAX: usize = 512 << 10;
/// A letter is begun this often: the second and third time in case the first was bad luck (memory, a restart).
pub const ATTACHED_TRIES_MAX: u32 = 3;
/// A letter being read is not due for others for so long, ms: all its files at their longest.
pub const ATTACHED_LEASE_MS: i64 = 15 * 60_000;
/// Between two tries of a letter, ms.
pub const ATTACHED_RETRY_MS: i64 = 10 * 60_000;
/// While the index takes the letter itself its files' text waits so long, ms, and so often, before it is left for later.
pub const ATTACHED_WAIT_MS: u64 = 100;
pub const ATTACHED_WAITS_MAX: u32 = 100;
/// Hits whose rows are read at once when a search is filtered.
pub const SEARCH_READ_ROWS: usize = 500;
/// Hits a search returns.
pub const SEARCH_HITS_MAX: usize = 10_000;
/// Rows of one domain in one lease, so that a flood to one destination never fills a worker.
pub const LEASE_PER_DOMAIN_MAX: usize = 50;
/// The outbox is looked at this often even when nothing wakes, ms: what another process left is found.
pub const OUTBOX_LOOK_EVERY_MS: u64 = 30_000;
/// Characters of a document system's own id.
pub const EXTERNAL_ID_CHARS_MAX: usize = 200;
/// Assignees of one document: every unit and commune of a merged province.
pub const ASSIGNEES_MAX: usize = 500;
/// Rows of one page of people for administrators and the command line.
pub const ADMIN_ROWS_MAX: usize = 1_000;
/// Characters of a name of a person or a unit.
pub const NAME_CHARS_MAX: usize = 200;
/// Characters of a device's or program's name.
pub const DEVICE_NAME_CHARS_MAX: usize = 100;
/// App passwords of one account: more programs than anybody has.
pub const APP_PASSWORDS_MAX: usize = 50;
/// Devices of one account that are pushed to.
pub const SUBSCRIPTIONS_MAX: usize = 20;
/// Devices are looked at this often even when nothing wakes, ms.
pub const OWED_LOOK_EVERY_MS: u64 = 10_000;
/// Levels of units above a unit.
pub const UNIT_DEPTH_MAX: usize = 16;
/// Characters of the reason of a recall.
pub const REASON_CHARS_MAX: usize = 1_000;
/// Events a source reads at once.
pub const EVENT_ROWS_MAX: usize = 500;
/// Letters kept apart for one account; further ones are put off (452) until the owner has looked: they count against no quota.
pub const QUARANTINE_MAX: u64 = 200;
/// Automatic answers of one account in 24 hours: more than an absent person's correspondents, too few for a flood.
pub const ANSWERS_DAY_MAX: i64 = 200;
/// Letters kept apart that one page or one digest shows.
pub const QUARANTINE_ROWS: usize = 50;
/// Owners told of letters kept apart in one round of the daily digest; the rest follows a minute later.
pub const QUARANTINE_TOLD_AT_ONCE: usize = 500;
/// Minutes after midnight in Viet Nam when the digest leaves: 7:15, before the office opens.
pub const QUARANTINE_TOLD_MINUTE: i64 = 7 * 60 + 15;
/// Tidying comes this often, seconds.
pub const TIDY_EVERY_SECS: u64 = 3_600;
/// Ended sessions are kept this long for the person's own list, ms.
pub const SESSIONS_KEPT_MS: i64 = 90 * 86_400_000;
/// Recovery slips are kept this long after they ran out, ms: the audit log says for good who gave which.
pub const SLIPS_KEPT_MS: i64 = 90 * 86_400_000;
/// Changes are kept this long, ms: a mail program away for longer is told everything that is gone, not only what is new.
pub const CHANGES_KEPT_MS: i64 = 30 * 86_400_000;
/// ... and at most this long where a device has not been told of them yet, ms.
pub const CHANGES_KEPT_AT_MOST_MS: i64 = 180 * 86_400_000;
/// Change logs and traces are looked through this often, in tidyings: once a day.
pub const TRIM_EVERY: u64 = 24;
/// Letters derived again in one step.
pub const REDERIVE_ROWS_MAX: usize = 500;
/// Slips open at the same time that are looked through for those waiting: they live minutes to a day.
pub const SLIPS_OPEN_MAX: usize = 5_000;
/// Indexes nobody has selected any more are dropped this often, seconds.
pub const INDEXES_SWEEP_SECS: u64 = 60;
/// After a push a device is left in peace this long, ms; urgent letters and assigned documents end the peace.
pub const PUSH_QUIET_MS: i64 = 120_000;
/// Senders named on a lock screen: what two lines of a notification hold.
pub const SENDERS_MAX: usize = 3;
/// The newest letters looked through for them.
pub const SENDERS_LOOKED_AT: usize = 20;
/// Characters of a sender's name on a lock screen.
pub const SENDER_CHARS_MAX: usize = 60;
/// Bytes of a letter that is opened to see whether it carries a mark of secrecy; a larger one is counted only.
pub const MARK_LOOK_BYTES_MAX: u32 = 8 << 20;
/// Events of one letter looked at for an administrator of a part: a province-wide list and its retries.
pub const TRACE_EVENTS_MAX: usize = 20_000;
/// Rows of the outbox that one transaction of an administrator's act changes: mail that comes in meanwhile waits little.
pub const QUEUE_PIECE_ROWS: usize = 500;
/// Domains told in one round of daily reports; the rest waits for the next round.
pub const REPORTS_AT_ONCE: i64 = 500;
/// Rows of one report: the greatest counts. Receivers cut at 10 MB.
pub const REPORT_ROWS_MAX: i64 = 5_000;
/// How long reports of others are kept, milliseconds: 400 days, a year and its comparison.
pub const REPORTS_SEEN_MS: i64 = 400 * 86_400_000;
/// Letters to other servers one account may send on a day: a busy records clerk sends a few hundred.
pub const ACCOUNT_MESSAGES_A_DAY: i64 = 1_000;
/// Recipients at other servers of one account on a day: an invitation to every enterprise of a district.
pub const ACCOUNT_RECIPIENTS_A_DAY: i64 = 5_000;
/// Of them never written to before: a stolen account writes to strangers only, a person to few.
pub const ACCOUNT_STRANGERS_A_DAY: i64 = 1_000;
/// The same for everybody of one unit together: the largest department has some hundred people.
pub const UNIT_MESSAGES_A_DAY: i64 = 10_000;
pub const UNIT_RECIPIENTS_A_DAY: i64 = 50_000;
pub const UNIT_STRANGERS_A_DAY: i64 = 10_000;
/// Days for which it is kept what an account sent on each.
pub const SENT_DAYS_KEPT: i64 = 400;
/// The disk is looked at this often, ms.
pub const DISK_LOOK_EVERY_MS: i64 = 1_000;
/// Free per cent of the disk below which no letter is taken: 5 % of a small disk are still some gigabytes for what runs.
pub const DISK_RESERVE_PERCENT: u8 = 5;
/// The most an administrator may give one account on a day: every household of a commune, and no more.
pub const ALLOWANCE_A_DAY_MAX: i64 = 50_000;
/// Days for which other limits may be given: a campaign, not a habit.
pub const ALLOWANCE_DAYS_MAX: i64 = 92;
/// Characters of the reason.
pub const ALLOWANCE_REASON_CHARS_MAX: usize = 300;
/// What was given is kept this long after its end, ms: colleagues see what was.
pub const ALLOWANCE_KEPT_MS: i64 = 90 * 86_400_000;
