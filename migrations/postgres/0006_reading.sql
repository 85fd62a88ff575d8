-- Letters whose attached files are still to be read for the search: taken one by one in the background.
CREATE TABLE attached_queue (
  body_id BIGINT PRIMARY KEY,
  tries BIGINT NOT NULL,                       -- begun so far; given up after a few
  next_at BIGINT NOT NULL);                    -- not before; a letter being read is not due for others
CREATE INDEX attached_queue_next ON attached_queue (next_at);
INSERT INTO attached_queue (body_id, tries, next_at) SELECT body_id, 0, 0 FROM derived WHERE attachments > 0;

-- The coding in which a mailbox reads a correspondent's letters, by a reader's choice.
CREATE TABLE coding_choice (
  account_id BIGINT NOT NULL, address TEXT NOT NULL,               -- address: lower case
  coding TEXT NOT NULL, chosen_by BIGINT NOT NULL, chosen_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, address));
-- A letter as one mailbox reads it, in place of what `derived` says.
CREATE TABLE reread (
  account_id BIGINT NOT NULL, body_id BIGINT NOT NULL, coding TEXT NOT NULL,
  subject TEXT NOT NULL, from_name TEXT NOT NULL, to_text TEXT NOT NULL, preview TEXT NOT NULL,
  search_text BYTEA NOT NULL,                   -- zstd of the findable text
  PRIMARY KEY (account_id, body_id));
CREATE INDEX reread_body ON reread (body_id);
