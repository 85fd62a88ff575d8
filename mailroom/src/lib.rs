//! The rules of congthu: who may do what, where a letter goes, what is owed to whom. Sits on the store and under every
//! protocol; knows no socket and no SQL. Every read and write of mail passes `Mailroom::open`, the one access check.

pub mod access;
pub mod actor;
pub mod address;
mod admin;
pub mod allowance;
pub mod answering;
pub mod assign;
pub mod attached;
pub mod clock;
mod compose;
mod derive;
pub mod device;
pub mod directory;
pub mod error;
pub mod feed;
pub mod forwarding;
mod header;
mod kept;
pub mod letter;
pub mod letter_imap;
pub mod limits;
pub mod lock_screen;
pub mod mail;
mod mask;
pub mod met;
mod notice;
pub mod outgoing;
pub mod people;
pub mod policy;
pub mod published;
pub mod quarantine;
pub mod queue;
mod quota;
pub mod reading;
pub mod receive;
pub mod recover;
pub mod report;
mod room;
pub mod search;
mod secret;
pub mod sending;
pub mod signin;
pub mod submit;
pub mod time;
pub mod trace;
pub mod unsubscribe;

use std::sync::Arc;

pub use access::{Access, Right, Rights};
pub use actor::{Actor, Means};
pub use clock::Clock;
pub use error::{Denied, Error};
pub use mask::mask;
pub use policy::Policy;

/// The mailroom of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Mailroom(pub(crate) Arc<room::Room>);
