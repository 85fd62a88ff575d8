//! The page for whatever went wrong, and for addresses that lead nowhere.

use crate::fault::Fault;
use crate::shell::Shell;
use askama::Template;

#[derive(Template)]
#[template(path = "fault.html")]
pub struct FaultPage {
    s: Shell,
    what: String,
    did: String,
    todo: String,
    said: String,
}

impl FaultPage {
    pub fn new(s: Shell, fault: &Fault) -> FaultPage {
        let [what, did, todo] = fault.words(s.lang);
        let said = match fault {
            Fault::Bad(text) => text.clone(),
            _ => String::new(),
        };
        FaultPage {
            s,
            what,
            did,
            todo,
            said,
        }
    }
}

pub async fn missing() -> Fault {
    Fault::NotFound
}
