//! APPEND: on disk before the answer (promise 1); several messages all or none. (RFC 9051 §6.3.12, RFC 3502, RFC 4315)

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
    if messages.iter().any(|message| message.raw.is_empty()) {
        return Ok(Reply::no("CANNOT", "An empty message is no message"));
    }
    let found = session.owner()?.find(&session.room, &name).await?;
    let mailbox = match found.access.mailbox(&found.inner).await {
        Err(mailroom::Error::Missing | mailroom::Error::Denied(mailroom::Denied::NotYours)) => {
            return Ok(Reply::no("TRYCREATE", "No such mailbox"));
        }
        mailbox => mailbox?,
    };
    let mut all: Vec<Append> = messages.into_iter().map(appended).collect();
    let placed = match all.pop() {
        Some(only) if all.is_empty() => vec![found.access.append(mailbox.id, only).await?],
        last => {
            all.extend(last);
            found.access.append_all(mailbox.id, all).await?
        }
    };
    let validity = placed.first().map_or(0, |one| one.uid_validity);
    let mut code = format!("APPENDUID {validity} ").into_bytes();
    let uids: Vec<u32> = placed.iter().map(|one| one.uid).collect();
    sequence::write_in_order(&mut code, &uids);
    Ok(Reply::ok_with(
        String::from_utf8_lossy(&code).into_owned(),
        "Stored",
    ))
}

fn appended(message: Message) -> Append {
    Append {
        raw: message.raw,
        flags: message.flags.system,
        keywords: message.flags.keywords,
        received_at: message.received_at,
    }
}
