-- What administrators ask of a waiting letter, what accounts and units sent on a day, how full a mailbox was told to be.
ALTER TABLE outbox ADD COLUMN asked TEXT;      -- retry: now, though the destination rests | drop: end it and tell the sender
CREATE TABLE sent_day (                        -- what left for other servers on a day, counted in the accepting transaction
  holder_id BIGINT NOT NULL,                   -- an account or a unit
  day BIGINT NOT NULL,                         -- days since 1970 in Viet Nam
  messages BIGINT NOT NULL, recipients BIGINT NOT NULL,
  strangers BIGINT NOT NULL,                   -- recipients this account had never written to before
  alarmed_at BIGINT, PRIMARY KEY (holder_id, day));
CREATE INDEX sent_day_day ON sent_day (day);
CREATE TABLE written_to (                      -- whom an account has written to before
  account_id BIGINT NOT NULL, address TEXT NOT NULL, first_at BIGINT NOT NULL, PRIMARY KEY (account_id, address));
ALTER TABLE account ADD COLUMN quota_told BIGINT NOT NULL DEFAULT 0;   -- per cent of the quota the owner was last told of: 0 | 80 | 90
