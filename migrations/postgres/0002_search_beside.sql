-- The full-text index stands in a file of the data folder on both databases (docs/decisions/0002).
DROP TABLE search_doc;
