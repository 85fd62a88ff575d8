//! From the text of a command to its value: every command but FETCH, SEARCH, SORT and LIST, which have files of their own.
//! (RFC 9051 §9)

use super::command::*;
use super::cursor::{Cursor, Fault, Parsed};
use super::input::RawCommand;
use super::{date, parse_fetch, parse_list, parse_search, parse_sort, utf7};
use crate::limits;
use base64::Engine;

/// How names are written: the client enabled UTF-8 (RFC 9051 §6.3.1, RFC 6855).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Language {
    pub utf8: bool,
}

/// Reads a command. A fault comes with the tag, where there was one.
pub fn parse(raw: &RawCommand, language: Language) -> Result<Request, (Option<String>, Fault)> {
    let mut cursor = Cursor::new(raw);
    let tag = cursor.tag().map_err(|fault| (None, fault))?;
    let tag = String::from_utf8_lossy(tag).into_owned();
    match command(&mut cursor, language) {
        Ok(command) => Ok(Request { tag, command }),
        Err(fault) => Err((Some(tag), fault)),
    }
}

fn command(cursor: &mut Cursor, language: Language) -> Parsed<Command> {
    cursor.space()?;
    let mut name = cursor.word()?;
    if name == "UID" {
        cursor.space()?;
        name = format!("UID {}", cursor.word()?);
    }
    let command = match name.as_str() {
        "CAPABILITY" => Command::Capability,
        "NOOP" => Command::Noop,
        "LOGOUT" => Command::Logout,
        "STARTTLS" => Command::StartTls,
        "NAMESPACE" => Command::Namespace,
        "IDLE" => Command::Idle,
        "CHECK" => Command::Check,
        "CLOSE" => Command::Close,
        "UNSELECT" => Command::Unselect,
        "EXPUNGE" => Command::Expunge(None),
        _ => {
            if !crate::cmd::is_known(&name) {
                return Err(Fault("unknown command"));
            }
            cursor.space()?;
            with_arguments(&name, cursor, language)?
        }
    };
    cursor.end()?;
    Ok(command)
}

fn with_arguments(name: &str, cursor: &mut Cursor, language: Language) -> Parsed<Command> {
    let uid = name.starts_with("UID ");
    Ok(match name {
        "ID" => Command::Id(id(cursor)?),
        "LOGIN" => {
            let user = cursor.text_astring()?;
            cursor.space()?;
            let password = Secret(cursor.text_astring()?);
            Command::Login { user, password }
        }
        "AUTHENTICATE" => authenticate(cursor)?,
        "ENABLE" => Command::Enable(words(cursor)?),
        "SELECT" | "EXAMINE" => Command::Select(select(cursor, language, name == "EXAMINE")?),
        "CREATE" => Command::Create {
            mailbox: mailbox(cursor, language)?,
        },
        "DELETE" => Command::Delete {
            mailbox: mailbox(cursor, language)?,
        },
        "RENAME" => {
            let from = mailbox(cursor, language)?;
            cursor.space()?;
            let to = mailbox(cursor, language)?;
            Command::Rename { from, to }
        }
        "SUBSCRIBE" => Command::Subscribe {
            mailbox: mailbox(cursor, language)?,
        },
        "UNSUBSCRIBE" => Command::Unsubscribe {
            mailbox: mailbox(cursor, language)?,
        },
        "LIST" => Command::List(parse_list::list(cursor, language)?),
        "LSUB" => {
            let reference = mailbox(cursor, language)?;
            cursor.space()?;
            let pattern = pattern(cursor, language)?;
            Command::Lsub { reference, pattern }
        }
        "STATUS" => {
            let mailbox = mailbox(cursor, language)?;
            cursor.space()?;
            let items = parse_list::status_items(cursor)?;
            Command::Status { mailbox, items }
        }
        "APPEND" => append(cursor, language)?,
        "UID EXPUNGE" => Command::Expunge(Some(cursor.sequence_set()?)),
        "SEARCH" | "UID SEARCH" => Command::Search(parse_search::search(cursor, uid)?),
        "SORT" | "UID SORT" => Command::Sort(parse_sort::sort(cursor, uid)?),
        "FETCH" | "UID FETCH" => Command::Fetch(parse_fetch::fetch(cursor, uid)?),
        "STORE" | "UID STORE" => Command::Store(store(cursor, uid)?),
        "COPY" | "UID COPY" => Command::Copy(transfer(cursor, language, uid)?),
        "MOVE" | "UID MOVE" => Command::Move(transfer(cursor, language, uid)?),
        "GETQUOTA" => Command::GetQuota {
            root: cursor.text_astring()?,
        },
        "GETQUOTAROOT" => Command::GetQuotaRoot {
            mailbox: mailbox(cursor, language)?,
        },
        _ => return Err(Fault("unknown command")),
    })
}

/// A mailbox name as UTF-8. Eight-bit names from clients that enabled nothing are taken as they are.
pub(super) fn mailbox(cursor: &mut Cursor, language: Language) -> Parsed<String> {
    decoded(cursor.astring()?, language)
}

pub(super) fn pattern(cursor: &mut Cursor, language: Language) -> Parsed<String> {
    decoded(cursor.list_mailbox()?, language)
}

fn decoded(name: Vec<u8>, language: Language) -> Parsed<String> {
    let name = String::from_utf8(name).map_err(|_| Fault("mailbox name is not UTF-8"))?;
    // INBOX in any case is INBOX (RFC 9051 §5.1).
    if name.eq_ignore_ascii_case("INBOX") {
        return Ok("INBOX".to_owned());
    }
    if language.utf8 || !name.is_ascii() || !name.contains('&') {
        return Ok(name);
    }
    utf7::decode(&name).ok_or(Fault("mailbox name is not modified UTF-7"))
}

fn words(cursor: &mut Cursor) -> Parsed<Vec<String>> {
    let mut words = vec![cursor.word()?];
    while cursor.skip(b' ') {
        words.push(cursor.word()?);
    }
    Ok(words)
}

/// At most 30 pairs (RFC 2971 §3.3).
fn id(cursor: &mut Cursor) -> Parsed<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    if cursor.skip_word("NIL") {
        return Ok(pairs);
    }
    cursor.list_or_empty(|cursor| {
        let name = cursor.string()?;
        cursor.space()?;
        let value = cursor.nstring()?.unwrap_or_default();
        if pairs.len() < 30 {
            pairs.push((
                String::from_utf8_lossy(&name).to_ascii_lowercase(),
                String::from_utf8_lossy(&value).into_owned(),
            ));
        }
        Ok(())
    })?;
    Ok(pairs)
}

fn authenticate(cursor: &mut Cursor) -> Parsed<Command> {
    let mechanism = cursor.word()?;
    let mut initial = None;
    if cursor.skip(b' ') {
        // "=" is an empty initial response (RFC 9051 §6.2.2).
        let text = cursor.astring()?;
        initial = Some(match text.as_slice() {
            b"=" => Secret(String::new()),
            text => secret(text)?,
        });
    }
    Ok(Command::Authenticate { mechanism, initial })
}

/// A SASL response line: base64 of UTF-8 (RFC 4616 §2).
pub fn secret(line: &[u8]) -> Parsed<Secret> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(line)
        .map_err(|_| Fault("not base64"))?;
    Ok(Secret(
        String::from_utf8(bytes).map_err(|_| Fault("not UTF-8"))?,
    ))
}

fn select(cursor: &mut Cursor, language: Language, read_only: bool) -> Parsed<Select> {
    let mut select = Select {
        mailbox: mailbox(cursor, language)?,
        read_only,
        condstore: false,
        qresync: None,
    };
    if cursor.skip(b' ') {
        cursor.list(|cursor| {
            match cursor.word()?.as_str() {
                "CONDSTORE" => select.condstore = true,
                "QRESYNC" => {
                    cursor.space()?;
                    select.qresync = Some(qresync(cursor)?);
                }
                _ => return Err(Fault("unknown SELECT parameter")),
            }
            Ok(())
        })?;
    }
    Ok(select)
}

/// "(uidvalidity modseq [known-uids [(seqs uids)]])" (RFC 7162 §3.2.5).
fn qresync(cursor: &mut Cursor) -> Parsed<Qresync> {
    cursor.want(b'(')?;
    let uid_validity = cursor.number32()?;
    cursor.space()?;
    let modseq = cursor.number()?;
    let mut known = None;
    if cursor.skip(b' ') {
        if cursor.peek() != Some(b'(') {
            known = Some(cursor.sequence_set()?);
        }
        if cursor.peek() == Some(b'(') || cursor.skip(b' ') {
            // The sequence match only shortens the answer: read and left aside.
            cursor.want(b'(')?;
            cursor.sequence_set()?;
            cursor.space()?;
            cursor.sequence_set()?;
            cursor.want(b')')?;
        }
    }
    cursor.want(b')')?;
    Ok(Qresync {
        uid_validity,
        modseq,
        known,
    })
}

/// One flag: "\Seen" or a keyword. Flags of the system that clients cannot set are refused (RFC 9051 §2.3.2).
fn flag(cursor: &mut Cursor, flags: &mut Flags) -> Parsed<()> {
    if cursor.skip(b'\\') {
        let name = cursor.word()?;
        let known = super::write::FLAGS.iter().find(|(_, flag)| {
            flag.get(1..)
                .is_some_and(|flag| flag.eq_ignore_ascii_case(&name))
        });
        return match known {
            Some((bit, _)) => {
                flags.system |= bit;
                Ok(())
            }
            None if name == "RECENT" => Ok(()),
            None => Err(Fault("unknown system flag")),
        };
    }
    let keyword = String::from_utf8_lossy(cursor.atom()?).into_owned();
    if keyword.len() > limits::KEYWORD_BYTES_MAX || flags.keywords.len() >= limits::KEYWORDS_MAX {
        return Err(Fault("too many or too long keywords"));
    }
    if !flags
        .keywords
        .iter()
        .any(|have| have.eq_ignore_ascii_case(&keyword))
    {
        flags.keywords.push(keyword);
    }
    Ok(())
}

fn flag_list(cursor: &mut Cursor) -> Parsed<Flags> {
    let mut flags = Flags::default();
    cursor.list_or_empty(|cursor| flag(cursor, &mut flags))?;
    Ok(flags)
}

/// One message, or several (MULTIAPPEND, RFC 3502).
fn append(cursor: &mut Cursor, language: Language) -> Parsed<Command> {
    let mailbox = mailbox(cursor, language)?;
    let mut messages = Vec::new();
    while cursor.skip(b' ') {
        messages.push(message(cursor)?);
    }
    match messages.is_empty() {
        true => Err(Fault("message expected")),
        false => Ok(Command::Append { mailbox, messages }),
    }
}

fn message(cursor: &mut Cursor) -> Parsed<Message> {
    let mut flags = Flags::default();
    if cursor.peek() == Some(b'(') {
        flags = flag_list(cursor)?;
        cursor.space()?;
    }
    let mut received_at = None;
    if cursor.peek() == Some(b'"') {
        let text = cursor.string()?;
        received_at = Some(date::parse_date_time(&text).ok_or(Fault("bad date-time"))?);
        cursor.space()?;
    }
    let raw = if cursor.skip_word("UTF8") {
        // UTF8 (~{n}...) (RFC 6855 §4)
        cursor.space()?;
        cursor.want(b'(')?;
        let raw = cursor.literal()?;
        cursor.want(b')')?;
        raw
    } else if cursor.at_literal() {
        cursor.literal()?
    } else {
        return Err(Fault("literal expected"));
    };
    Ok(Message {
        flags,
        received_at,
        raw,
    })
}

fn store(cursor: &mut Cursor, uid: bool) -> Parsed<Store> {
    let set = cursor.sequence_set()?;
    cursor.space()?;
    let mut unchanged_since = None;
    if cursor.peek() == Some(b'(') {
        cursor.list(|cursor| match cursor.word()?.as_str() {
            "UNCHANGEDSINCE" => {
                cursor.space()?;
                unchanged_since = Some(cursor.number()?);
                Ok(())
            }
            _ => Err(Fault("unknown STORE modifier")),
        })?;
        cursor.space()?;
    }
    let how = match cursor.peek() {
        Some(b'+') => StoreHow::Add,
        Some(b'-') => StoreHow::Remove,
        _ => StoreHow::Set,
    };
    if how != StoreHow::Set {
        cursor.skip(b'+');
        cursor.skip(b'-');
    }
    let silent = match cursor.word()?.as_str() {
        "FLAGS" => false,
        "FLAGS.SILENT" => true,
        _ => return Err(Fault("FLAGS expected")),
    };
    cursor.space()?;
    let flags = match cursor.peek() {
        Some(b'(') => flag_list(cursor)?,
        _ => {
            let mut flags = Flags::default();
            flag(cursor, &mut flags)?;
            while cursor.skip(b' ') {
                flag(cursor, &mut flags)?;
            }
            flags
        }
    };
    Ok(Store {
        uid,
        set,
        unchanged_since,
        how,
        silent,
        flags,
    })
}

fn transfer(cursor: &mut Cursor, language: Language, uid: bool) -> Parsed<Transfer> {
    let set = cursor.sequence_set()?;
    cursor.space()?;
    let mailbox = mailbox(cursor, language)?;
    Ok(Transfer { uid, set, mailbox })
}
