-- Which list a recipient elsewhere gets a letter through: its copy carries the fields of RFC 2919, RFC 2369 and RFC 8058.
ALTER TABLE outbox ADD COLUMN list TEXT;       -- the list's address as written to; NULL: written to directly
