-- Daily reports between mail systems: TLS (RFC 8460) and DMARC (RFC 9990).

CREATE TABLE report_count (                    -- what we shall tell a domain about one day; gone once it is told
  day BIGINT NOT NULL,                         -- days since 1970-01-01, UTC
  kind TEXT NOT NULL,                          -- tls | dmarc
  domain TEXT NOT NULL,
  digest TEXT NOT NULL,                        -- SHA-256 of detail: a short key
  detail TEXT NOT NULL,                        -- JSON: everything but the number
  count BIGINT NOT NULL,
  PRIMARY KEY (day, kind, domain, digest));
CREATE TABLE report_seen (                     -- what others told us about our domains
  digest TEXT PRIMARY KEY,                     -- SHA-256 of kind, submitter and their report id: a report counts once
  kind TEXT NOT NULL, submitter TEXT NOT NULL, domain TEXT NOT NULL,
  begins_at BIGINT NOT NULL, ends_at BIGINT NOT NULL,
  good BIGINT NOT NULL, bad BIGINT NOT NULL,   -- sessions (tls) or letters (dmarc)
  proven BIGINT NOT NULL,                      -- 1: the letter that brought it was authenticated
  detail TEXT NOT NULL,                        -- what went wrong, one line each
  received_at BIGINT NOT NULL);
CREATE INDEX report_seen_at ON report_seen (received_at);
