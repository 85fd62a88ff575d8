-- Letters kept apart from their mailbox until the owner says what becomes of them.
CREATE TABLE quarantine (
  id BIGINT PRIMARY KEY,
  account_id BIGINT NOT NULL, body_id BIGINT NOT NULL, trace_id BIGINT,
  recipient TEXT NOT NULL,                     -- the envelope recipient it was for
  reason TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  told BIGINT NOT NULL);                       -- 1: the owner was told by a digest
CREATE INDEX quarantine_account ON quarantine (account_id, id);
CREATE INDEX quarantine_body ON quarantine (body_id);
CREATE INDEX quarantine_told ON quarantine (told, account_id);
