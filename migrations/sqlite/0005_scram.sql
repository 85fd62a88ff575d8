-- SCRAM verifiers of app passwords (RFC 5803): "SCRAM-SHA-256$iterations:salt$stored:server" and further pairs for the other
-- ways of typing the same secret; NULL where the secret was made before.
ALTER TABLE credential ADD COLUMN scram TEXT;
