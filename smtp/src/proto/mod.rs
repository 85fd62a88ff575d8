//! The SMTP protocol without I/O: bytes in, replies and questions out. No socket, no clock, no directory, no tokio; whatever
//! must be asked of the world is an `Ask`, and the session waits in a state of its own for the `Answer`.

pub mod address;
pub mod body;
pub mod data;
pub mod line;
pub mod params;
pub mod proxy;
pub mod reply;
pub mod sasl;
pub mod session;
pub mod state;
pub mod xtext;

pub use session::{
    Answer, Ask, Cx, Fate, Letter, Peer, Refusal, Rejection, Rules, Session, Step, Trouble,
};
pub use state::{Hello, Mail, Pending, State};
