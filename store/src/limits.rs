//! Every bound of the store, with its unit and its reason. Nothing here decides policy.

/// What one installation may change; the rest below is fixed.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections that read. Each is a thread on SQLite, a server process on PostgreSQL.
    pub readers: u32,
    /// Bytes of recently used bodies kept in memory.
    pub body_cache_bytes: usize,
    /// Memory mapped reads of the database file, bytes (SQLite).
    pub mmap_bytes: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            readers: 8,
            body_cache_bytes: 16 << 20,
            mmap_bytes: 1 << 30,
        }
    }
}

/// Pages that SQLite keeps of its own for the writer and for each reader, KiB. Pages of the database file are read where they are
/// mapped; these hold what is changed or still in the write-ahead log.
pub const WRITER_CACHE_KIB: usize = 32 << 10;
pub const READER_CACHE_KIB: usize = 4 << 10;
/// Requests waiting for the writer. Beyond it callers wait, so memory is bounded by the sessions above.
pub const WRITER_QUEUE: usize = 1024;
/// Requests in one transaction: what is answered together waits together.
pub const BATCH_REQUESTS: usize = 256;
/// Copies in one transaction; a transaction of 10,000 rows still commits within about 100 ms.
pub const BATCH_COPIES: usize = 4096;
/// Body bytes in one transaction: bounds the write-ahead log's growth and the writer's memory.
pub const BATCH_BYTES: usize = 32 << 20;
/// A transaction this slow, ms, makes waiting for its callers worth while.
pub const SLOW_COMMIT_MS: u64 = 4;
/// The longest a batch waits for the callers of the last one, ms.
pub const PATIENCE_MS: u64 = 3;
/// How long the writer asks whether a commit stands whose answer was lost, and the pause between, ms (PostgreSQL). A server
/// that restarts is back within seconds; the callers wait meanwhile.
pub const LOST_COMMIT_MS: u64 = 15_000;
pub const LOST_COMMIT_PAUSE_MS: u64 = 200;
/// Bodies up to this many bytes (raw) live in the row, larger ones in a file (measured: docs/decisions).
pub const BODY_ROW_BYTES: usize = 64 << 10;
/// Below this a body is not worth compressing, bytes.
pub const COMPRESS_MIN_BYTES: usize = 256;
/// zstd level: 1 costs about 10 us for a 2 KB letter and reaches nearly the ratio of 3.
pub const COMPRESS_LEVEL: i32 = 1;
/// A body file is never unpacked beyond this, bytes: a damaged or planted file cannot fill the memory.
pub const BODY_BYTES_MAX: usize = 256 << 20;
/// Findable text kept per body, bytes.
pub const SEARCH_TEXT_BYTES: usize = 1 << 20;
/// A letter that came is read for the text of its files after this, ms: drafts written anew meanwhile need not be read.
pub const ATTACHED_DELAY_MS: i64 = 1_000;
/// Wake-ups a slow listener may lag behind before it is told to read everything (promise 4: nothing is lost).
pub const WAKES: usize = 4096;
/// Accounts named in one PostgreSQL notification (payload limit 8,000 bytes); more means "all".
pub const NOTIFY_ACCOUNTS: usize = 300;
/// How often other processes' writes to the SQLite file are looked for, ms.
pub const FOREIGN_POLL_MS: u64 = 500;
/// How long SQLite waits for another process's write, ms.
pub const BUSY_TIMEOUT_MS: u64 = 10_000;
/// Prepared statements kept per connection.
pub const STATEMENTS: usize = 600;
/// Rows of one statement on PostgreSQL at most: bounds one message to the server.
pub const LISTED_ROWS: usize = 4096;
/// Mailboxes the writer remembers by account and role.
pub const ROLE_CACHE: usize = 100_000;
/// Rows read in one piece when a mailbox is listed.
pub const LIST_CHUNK: usize = 4096;
/// Emails the indexer takes in one transaction.
pub const INDEX_BATCH: usize = 512;
/// Terms indexed of one field of one email.
pub const INDEX_TERMS: usize = 50_000;
/// Characters from which the beginning of a word finds the word: shorter ones begin words of nearly every letter (0.1 s
/// in 100,000 letters), and in Vietnamese are words themselves.
pub const PREFIX_CHARS_MIN: usize = 3;
/// Blocks of the index, or pieces of what it has not taken yet, that one search walks at the same time.
pub const SEARCH_BLOCKS: usize = 4;
/// Emails still in the queue that one search reads itself, the newest of them.
pub const SEARCH_FRESH: usize = 2_000;
/// Of these in one piece, `SEARCH_BLOCKS` pieces at the same time.
pub const SEARCH_FRESH_PART: usize = 64;
/// Refusals waiting to be written; beyond it they are counted and dropped, never the mail.
pub const REFUSALS: usize = 10_000;
/// Refusals written in one transaction.
pub const REFUSAL_BATCH: usize = 500;
/// How often the write-ahead log is copied back into the database file beside the writer, ms (SQLite).
pub const CHECKPOINT_MS: u64 = 250;
/// Log pages (4 KiB each) from which a second copy catches up with what was written during the first.
pub const CHECKPOINT_PAGES: i64 = 2_000;
/// Log pages from which the log is made to begin again, at the price of a short wait for the writer.
pub const CHECKPOINT_RESTART_PAGES: i64 = 8_000;
/// How long that may wait for readers while the writer waits too, ms.
pub const CHECKPOINT_WAIT_MS: u64 = 20;
/// Log pages after which the writer itself copies the log back: only if the above could not, for 128 MB.
pub const WAL_CHECKPOINT_PAGES: i64 = 32_000;
/// Emails in a mailbox from which its index is read in several parts at the same time.
pub const INDEX_PARALLEL: u32 = 4_096;
/// Parts read at the same time.
pub const INDEX_PARTS: u32 = 4;
/// Accounts whose change logs are looked at in one read.
pub const TRIM_ACCOUNTS: i64 = 500;
/// Steps of MODSEQ forgotten in one transaction.
pub const TRIM_STEPS: i64 = 5_000;
/// Traces forgotten in one transaction.
pub const SWEEP_TRACES: usize = 500;
/// Orphaned body files younger than this may belong to a delivery under way, ms.
pub const SWEEP_AGE_MS: i64 = 3_600_000;
