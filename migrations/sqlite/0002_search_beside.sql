-- The full-text index has always stood in a file of its own here: nothing to change.
SELECT 1;
