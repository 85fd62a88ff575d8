//! APPEND: on disk before the answer (promise 1). (RFC 9051 §6.3.12, RFC 4315)

use crate::error::Error;
use crate::proto::{Message, sequence};
use crate::reply::Reply;
use crate::session::Session;
use mailroom::mail::Append;

pub async fn run(
    session: &mut Session,
    name: String,
    messages: Vec<Message>,
) -> Result<Reply, Error> {
    // MULTIAPPEND is all or nothing (RFC 3502), which is not offered.
    let [message] =
        <[Message; 1]>::try_from(messages).map_err(|_| Reply::bad("One message at a time"))?;
    if message.raw.is_empty() {
        return Ok(Reply::no("CANNOT", "An empty message is no message"));
    }
    let found = session.owner()?.find(&session.room, &name).await?;
    let mailbox = match found.access.mailbox(&found.inner).await {
        Err(mailroom::Error::Missing | mailroom::Error::Denied(mailroom::Denied::NotYours)) => {
            return Ok(Reply::no("TRYCREATE", "No such mailbox"));
        }
        mailbox => mailbox?,
    };
    let append = Append {
        raw: message.raw,
        flags: message.flags.system,
        keywords: message.flags.keywords,
        received_at: message.received_at,
    };
    let placed = found.access.append(mailbox.id, append).await?;
    let mut code = format!("APPENDUID {} ", placed.uid_validity).into_bytes();
    sequence::write_in_order(&mut code, &[placed.uid]);
    Ok(Reply::ok_with(
        String::from_utf8_lossy(&code).into_owned(),
        "Stored",
    ))
}
