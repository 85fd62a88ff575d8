-- What an account may send to other servers on a day instead of the usual, until a day: invitations to 500 citizens.
CREATE TABLE sending_allowance (
  account_id INTEGER PRIMARY KEY,
  messages BIGINT NOT NULL, recipients BIGINT NOT NULL, strangers BIGINT NOT NULL,
  until_at BIGINT NOT NULL,                    -- counts before this moment
  reason TEXT NOT NULL, set_by TEXT NOT NULL, set_at BIGINT NOT NULL);
