//! The pages over a real mailroom on SQLite: what a person without scripts can do, and what nobody can.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod allowance;
mod api;
mod doors;
mod letters;
mod people;
mod quarantine;
mod queue;
mod records;
mod town;
