//! EXPUNGE and UID EXPUNGE: removes; the view tells what is gone. (RFC 9051 §6.4.3, §6.4.9)

use crate::error::Error;
use crate::proto::SequenceSet;
use crate::reply::Reply;
use crate::session::Session;

pub async fn run(session: &mut Session, set: Option<SequenceSet>) -> Result<Reply, Error> {
    let selected = session.selected()?;
    let view = selected.view;
    if view.read_only {
        return Ok(Reply::no("READ-ONLY", "Opened for reading"));
    }
    match set {
        None => view.access.expunge(view.mailbox(), None).await?,
        Some(set) => {
            let places = view.places(true, &set)?;
            let uids: Vec<u32> = view.rows(&places).iter().map(|(_, row)| row.uid).collect();
            view.access.expunge(view.mailbox(), Some(&uids)).await?
        }
    };
    Ok(Reply::ok("Done"))
}
