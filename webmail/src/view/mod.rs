//! View models: what a page shows, made of what the mailroom gave. Pure: no I/O, no clock, no access.

pub mod address;
pub mod answer;
pub mod coding;
pub mod mark;
pub mod names;
pub mod row;
pub mod subject;
pub mod text;
pub mod wait;
