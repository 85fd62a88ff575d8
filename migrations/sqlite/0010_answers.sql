-- Automatic answers (RFC 3834), forwarding, and who has met whom.

CREATE TABLE auto_answer (                     -- what an account answers by itself, and when
  account_id INTEGER PRIMARY KEY, is_on BIGINT NOT NULL, from_at BIGINT, until_at BIGINT,
  subject TEXT NOT NULL, text TEXT NOT NULL, set_by BIGINT NOT NULL, set_at BIGINT NOT NULL);
CREATE TABLE answer_due (                      -- answers owed, written with the letter they answer
  id INTEGER PRIMARY KEY, account_id BIGINT NOT NULL,
  recipient TEXT NOT NULL,                     -- the return path, where the answer goes (RFC 3834 section 4)
  sender TEXT NOT NULL,                        -- the author as people see it, lower case: answered once in a while
  subject TEXT NOT NULL, message_id TEXT, refs TEXT NOT NULL,     -- refs: space separated
  trace_id BIGINT NOT NULL, tries BIGINT NOT NULL, next_at BIGINT NOT NULL);
CREATE INDEX answer_due_next ON answer_due (next_at);
CREATE TABLE answered (                        -- whom an account has answered by itself, last
  account_id BIGINT NOT NULL, sender TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (account_id, sender));
CREATE INDEX answered_at ON answered (at);

CREATE TABLE forwarding (                      -- where copies of an account's letters go; the letter itself stays
  account_id INTEGER PRIMARY KEY, target TEXT NOT NULL,           -- target: lower case
  code_hash TEXT,                              -- waits for the code that was sent there; NULL once confirmed
  code_until BIGINT, wrong BIGINT NOT NULL,    -- wrong: codes typed wrongly
  set_by BIGINT NOT NULL, set_at BIGINT NOT NULL, active_at BIGINT);

CREATE TABLE met (                             -- correspondents outside, forgotten when long silent
  account_id BIGINT NOT NULL,                  -- 0: anybody here
  who TEXT NOT NULL,                           -- address, or '@domain' (under account 0 only); lower case
  heard_at BIGINT,                             -- they wrote last, proven by SPF, DKIM or DMARC
  written_at BIGINT,                           -- somebody here wrote to them last
  seen_at BIGINT NOT NULL,                     -- the later of both
  PRIMARY KEY (account_id, who));
CREATE INDEX met_seen ON met (seen_at);
