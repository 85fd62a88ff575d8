//! One file per page or action. A handler asks the mailroom, makes a view model and renders it; it decides no access.

pub mod act;
pub mod admin;
pub mod assigned;
pub mod compose;
pub mod devices;
pub mod fate;
pub mod fault;
pub mod file;
pub mod folders;
pub mod install;
pub mod list;
pub mod message;
pub mod more;
pub mod notify;
pub mod original;
pub mod password;
pub mod programs;
pub mod recover;
pub mod reports;
pub mod search;
pub mod send;
pub mod sign_in;
pub mod slip;
pub mod suggest;
pub mod trace;
