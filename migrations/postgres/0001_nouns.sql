-- The nouns of congthu (docs/ARCHITECTURE.md). Ids are made by the program (time-ordered, 63 bits);
-- times are unix milliseconds; flags are 0/1. Only BIGINT, TEXT, DOUBLE PRECISION and BYTEA columns.

-- Directory ------------------------------------------------------------------------------------------
CREATE TABLE domain (
  id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE,
  alias_of TEXT,                               -- another local domain this one is an older name of
  created_at BIGINT NOT NULL);
CREATE TABLE unit (
  id BIGINT PRIMARY KEY, parent_id BIGINT, code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL, name_fold TEXT NOT NULL,
  path TEXT NOT NULL,                          -- '/1/5/12/': ids from the root down to this unit; a subtree is a prefix
  kind TEXT NOT NULL, phone TEXT NOT NULL, status TEXT NOT NULL,   -- status: active | closed
  records_account_id BIGINT,                   -- the unit mailbox kept by the records clerk
  valid_from BIGINT, valid_until BIGINT, created_at BIGINT NOT NULL);
CREATE TABLE unit_code (                       -- agency codes with their validity and predecessors (Decision 20/2020, 09/2025)
  code TEXT PRIMARY KEY, unit_id BIGINT NOT NULL, valid_from BIGINT, valid_until BIGINT);
CREATE TABLE principal (
  id BIGINT PRIMARY KEY, kind TEXT NOT NULL,   -- individual | unit | post | list | service
  unit_id BIGINT, name TEXT NOT NULL, title TEXT NOT NULL,
  name_fold TEXT NOT NULL,                     -- findable words without diacritics, each with a blank in front: name, title, staff number, addresses
  staff_no TEXT, phone TEXT, status TEXT NOT NULL,                 -- active | disabled | dormant
  sensitive BIGINT NOT NULL,                   -- leader, clerk or administrator: recovery needs a second approver
  last_seen_at BIGINT, created_at BIGINT NOT NULL);
CREATE INDEX principal_unit ON principal (unit_id);
CREATE TABLE address (
  address TEXT PRIMARY KEY,                    -- lower case, NFC
  principal_id BIGINT NOT NULL, kind TEXT NOT NULL,                -- primary | alias
  valid_until BIGINT, created_at BIGINT NOT NULL);
CREATE INDEX address_principal ON address (principal_id);
CREATE TABLE list_member (
  list_id BIGINT NOT NULL, address TEXT NOT NULL, PRIMARY KEY (list_id, address));
CREATE TABLE membership (                      -- who may read / send as / keep another account, from when until when
  principal_id BIGINT NOT NULL, account_id BIGINT NOT NULL,
  rights TEXT NOT NULL,                        -- words of: read write send_as clerk owner
  from_at BIGINT NOT NULL, until_at BIGINT, PRIMARY KEY (principal_id, account_id));
CREATE TABLE unit_admin (
  principal_id BIGINT NOT NULL, unit_id BIGINT NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (principal_id, unit_id));

-- Mail -----------------------------------------------------------------------------------------------
CREATE TABLE account (                         -- the mail of a principal; id = principal.id
  id BIGINT PRIMARY KEY, modseq BIGINT NOT NULL, used_bytes BIGINT NOT NULL, quota_bytes BIGINT NOT NULL,
  uid_validity BIGINT NOT NULL,                -- the highest given to a mailbox of this account: a new one gets a higher one
  settings TEXT NOT NULL, created_at BIGINT NOT NULL);
CREATE TABLE mailbox (
  id BIGINT PRIMARY KEY, account_id BIGINT NOT NULL,
  name TEXT NOT NULL,                          -- full path, NFC, '/' between levels
  role TEXT,                                   -- inbox | drafts | sent | junk | trash | archive (RFC 8621, RFC 6154)
  uid_validity BIGINT NOT NULL, uid_next BIGINT NOT NULL, modseq BIGINT NOT NULL,
  total BIGINT NOT NULL, unseen BIGINT NOT NULL, bytes BIGINT NOT NULL,
  subscribed BIGINT NOT NULL, created_at BIGINT NOT NULL, UNIQUE (account_id, name));
CREATE TABLE body (                            -- raw bytes, once for all recipients of a transaction
  id BIGINT PRIMARY KEY, size_bytes BIGINT NOT NULL, codec BIGINT NOT NULL,   -- 0 as is, 1 zstd
  created_at BIGINT NOT NULL, file TEXT,       -- larger bodies: file below <data>/bodies
  data BYTEA);
CREATE TABLE derived (                         -- what is computed from a body once, and again when the rules improve
  body_id BIGINT PRIMARY KEY, version BIGINT NOT NULL,
  subject TEXT NOT NULL, from_name TEXT NOT NULL, from_address TEXT NOT NULL, to_text TEXT NOT NULL,
  date_at BIGINT, message_id TEXT, thread_key BIGINT NOT NULL, preview TEXT NOT NULL,
  attachments BIGINT NOT NULL, urgency BIGINT NOT NULL, coding TEXT NOT NULL, confidence DOUBLE PRECISION NOT NULL,
  envelope BYTEA NOT NULL, structure BYTEA NOT NULL,                 -- RFC 9051 ENVELOPE and BODYSTRUCTURE, ready to send
  search_text BYTEA NOT NULL);                  -- zstd of the findable text
CREATE INDEX derived_message_id ON derived (message_id);
CREATE TABLE email (                           -- one message in one mailbox of one account
  id BIGINT PRIMARY KEY, account_id BIGINT NOT NULL, mailbox_id BIGINT NOT NULL, uid BIGINT NOT NULL,
  body_id BIGINT NOT NULL, thread_id BIGINT NOT NULL, modseq BIGINT NOT NULL,
  flags BIGINT NOT NULL,                       -- bits: 1 seen 2 answered 4 flagged 8 deleted 16 draft 32 recent-at-delivery
  keywords TEXT NOT NULL,                      -- space separated, sorted
  received_at BIGINT NOT NULL, saved_at BIGINT NOT NULL, size_bytes BIGINT NOT NULL, trace_id BIGINT,
  UNIQUE (mailbox_id, uid));
CREATE INDEX email_thread ON email (account_id, thread_id);
CREATE INDEX email_body ON email (body_id);
CREATE TABLE change (                          -- append-only, per account; gives MODSEQ; listeners read it after their cursor
  account_id BIGINT NOT NULL, modseq BIGINT NOT NULL, email_id BIGINT NOT NULL,
  kind BIGINT NOT NULL,                        -- 1 created 2 flags 3 destroyed 4 mailbox created 5 mailbox changed 6 mailbox destroyed 7 assignment
  mailbox_id BIGINT NOT NULL, uid BIGINT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (account_id, modseq, email_id));
CREATE INDEX change_mailbox ON change (mailbox_id, modseq);
CREATE TABLE index_queue (                     -- emails the full-text index has not taken yet
  email_id BIGINT PRIMARY KEY, account_id BIGINT NOT NULL, body_id BIGINT NOT NULL, gone BIGINT NOT NULL);
CREATE INDEX index_queue_account ON index_queue (account_id);
-- The full-text index of this database; SQLite keeps its own in a file beside it. Terms carry their account.
CREATE TABLE search_doc (
  email_id BIGINT PRIMARY KEY, terms tsvector NOT NULL);
CREATE INDEX search_doc_terms ON search_doc USING gin (terms);

-- Sending --------------------------------------------------------------------------------------------
CREATE TABLE submission (
  id BIGINT PRIMARY KEY, account_id BIGINT NOT NULL, body_id BIGINT NOT NULL, trace_id BIGINT NOT NULL,
  mail_from TEXT NOT NULL, envid TEXT, ret TEXT, priority BIGINT NOT NULL, requiretls BIGINT NOT NULL,
  created_at BIGINT NOT NULL);
CREATE INDEX submission_body ON submission (body_id);
CREATE TABLE outbox (                          -- one row per recipient elsewhere
  id BIGINT PRIMARY KEY, submission_id BIGINT NOT NULL, trace_id BIGINT NOT NULL, body_id BIGINT NOT NULL,
  mail_from TEXT NOT NULL, recipient TEXT NOT NULL, domain TEXT NOT NULL,
  notify TEXT, orcpt TEXT, smtputf8 BIGINT NOT NULL, priority BIGINT NOT NULL,
  state TEXT NOT NULL,                         -- due | leased | held | sent | never
  attempts BIGINT NOT NULL, next_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
  leased_by TEXT, lease_until BIGINT, delay_noticed_at BIGINT,
  last_code BIGINT, last_text TEXT, created_at BIGINT NOT NULL, ended_at BIGINT);
CREATE INDEX outbox_ready ON outbox (domain, next_at) WHERE state = 'due';
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state = 'leased';
CREATE INDEX outbox_pending ON outbox (state, next_at) WHERE ended_at IS NULL;
CREATE INDEX outbox_trace ON outbox (trace_id);
CREATE TABLE destination (                     -- domains with due rows, in the order they will be served: one dead domain starves nobody
  domain TEXT PRIMARY KEY, next_at BIGINT NOT NULL);
CREATE INDEX destination_next ON destination (next_at);
CREATE TABLE attempt (
  id BIGINT PRIMARY KEY, outbox_id BIGINT NOT NULL, at BIGINT NOT NULL, outcome TEXT NOT NULL,   -- sent | later | never
  host TEXT NOT NULL, ip TEXT NOT NULL, tls TEXT NOT NULL, certificate TEXT NOT NULL,
  code BIGINT, enhanced TEXT, text TEXT NOT NULL);
CREATE INDEX attempt_outbox ON attempt (outbox_id);

-- Trace ----------------------------------------------------------------------------------------------
CREATE TABLE trace (                           -- one per message offered to us or made here
  id BIGINT PRIMARY KEY, direction TEXT NOT NULL,                  -- in | submit | local
  at BIGINT NOT NULL, peer_ip TEXT NOT NULL, helo TEXT NOT NULL, tls TEXT NOT NULL, principal_id BIGINT,
  mail_from TEXT NOT NULL, from_address TEXT NOT NULL, subject TEXT NOT NULL, message_id TEXT, size_bytes BIGINT NOT NULL,
  auth_results TEXT NOT NULL, body_id BIGINT);
CREATE INDEX trace_at ON trace (at);
CREATE TABLE trace_event (                     -- what happened to it, per recipient
  id BIGINT PRIMARY KEY, trace_id BIGINT NOT NULL, at BIGINT NOT NULL, recipient TEXT NOT NULL,
  event TEXT NOT NULL,                         -- delivered | junk | quarantined | queued | sent | deferred | bounced | refused | dropped
  code BIGINT, detail TEXT NOT NULL);
CREATE INDEX trace_event_trace ON trace_event (trace_id);
CREATE INDEX trace_event_recipient ON trace_event (recipient, at);

-- People's keys --------------------------------------------------------------------------------------
CREATE TABLE credential (
  id BIGINT PRIMARY KEY, principal_id BIGINT NOT NULL, kind TEXT NOT NULL,   -- password | app_password | recovery | totp | passkey
  name TEXT NOT NULL, secret_hash TEXT NOT NULL, lookup TEXT UNIQUE,         -- lookup: hash that finds a one-time link
  created_by BIGINT, created_at BIGINT NOT NULL, expires_at BIGINT, last_used_at BIGINT, used_at BIGINT, revoked_at BIGINT);
CREATE INDEX credential_principal ON credential (principal_id, kind);
CREATE TABLE session (
  token_hash TEXT PRIMARY KEY, principal_id BIGINT NOT NULL, csrf TEXT NOT NULL, device TEXT NOT NULL, ip TEXT NOT NULL,
  created_at BIGINT NOT NULL, last_seen_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, revoked_at BIGINT);
CREATE INDEX session_principal ON session (principal_id);
CREATE TABLE audit (
  id BIGINT PRIMARY KEY, at BIGINT NOT NULL, actor_id BIGINT, actor TEXT NOT NULL, action TEXT NOT NULL,
  target TEXT NOT NULL, unit_id BIGINT, detail TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL UNIQUE);
CREATE INDEX audit_at ON audit (at);

-- Assigned documents ---------------------------------------------------------------------------------
CREATE TABLE source (                          -- a document system that may assign (DOMAIN 3.4)
  id BIGINT PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, unit_id BIGINT,
  token_hash TEXT NOT NULL, token_expires_at BIGINT NOT NULL, next_token_hash TEXT, next_token_expires_at BIGINT,
  scopes TEXT NOT NULL, link_hosts TEXT NOT NULL, peer_nets TEXT NOT NULL,
  webhook_url TEXT, webhook_secret TEXT, status TEXT NOT NULL, created_at BIGINT NOT NULL);
CREATE TABLE assignment (
  id BIGINT PRIMARY KEY, source_id BIGINT NOT NULL, external_id TEXT NOT NULL,
  revision BIGINT NOT NULL, content_hash TEXT NOT NULL, action TEXT NOT NULL,
  number TEXT NOT NULL, notation TEXT NOT NULL, type_code TEXT NOT NULL, type_name TEXT NOT NULL,
  issued_on TEXT NOT NULL, issuer_code TEXT NOT NULL, issuer_name TEXT NOT NULL,
  subject TEXT NOT NULL, subject_fold TEXT NOT NULL, urgency BIGINT NOT NULL, document TEXT NOT NULL,   -- document: the whole JSON as accepted
  assigned_by TEXT NOT NULL, assigned_at BIGINT NOT NULL, instruction TEXT NOT NULL,
  link_url TEXT NOT NULL, link_label TEXT NOT NULL, notify TEXT NOT NULL,
  status TEXT NOT NULL,                        -- open | in_progress | completed | recalled | reassigned | superseded
  status_reason TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
  UNIQUE (source_id, external_id));
CREATE TABLE assignee (
  id BIGINT PRIMARY KEY, assignment_id BIGINT NOT NULL, account_id BIGINT NOT NULL,   -- the person, or the unit's records mailbox
  asked TEXT NOT NULL, resolved BIGINT NOT NULL,                                      -- asked: the selector as sent; resolved 0: went to the records mailbox
  role TEXT NOT NULL,                          -- lead | coordinate | inform | oversee
  due_at BIGINT, note TEXT NOT NULL,
  state TEXT NOT NULL,                         -- accepted | delivered | notified | seen | acknowledged (forward only)
  delivered_at BIGINT, notified_at BIGINT, seen_at BIGINT, seen_by BIGINT, acknowledged_at BIGINT, acknowledged_by BIGINT,
  next_remind_at BIGINT, reminded BIGINT NOT NULL, ended_at BIGINT);
CREATE INDEX assignee_account ON assignee (account_id, state);
CREATE INDEX assignee_assignment ON assignee (assignment_id);
CREATE INDEX assignee_remind ON assignee (next_remind_at) WHERE next_remind_at IS NOT NULL;
CREATE TABLE assignment_event (
  id BIGINT PRIMARY KEY, source_id BIGINT NOT NULL, assignment_id BIGINT NOT NULL, assignee_id BIGINT,
  at BIGINT NOT NULL, revision BIGINT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX assignment_event_source ON assignment_event (source_id, id);

-- Devices --------------------------------------------------------------------------------------------
CREATE TABLE subscription (
  id BIGINT PRIMARY KEY, principal_id BIGINT NOT NULL, endpoint TEXT NOT NULL UNIQUE, p256dh TEXT NOT NULL, auth TEXT NOT NULL,
  device TEXT NOT NULL, session_hash TEXT, created_at BIGINT NOT NULL, cursor_modseq BIGINT NOT NULL,   -- durable cursor into change
  next_at BIGINT NOT NULL, last_push_at BIGINT, last_code BIGINT, failures BIGINT NOT NULL);
CREATE INDEX subscription_principal ON subscription (principal_id);

CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL);
