//! imap-lite
