//! SEARCH: return options, charset, keys with NOT, OR and parentheses to a bounded depth. (RFC 9051 §6.4.4)

use super::command::*;
use super::cursor::{Cursor, Fault, Parsed};
use super::date;
use crate::limits;
use store::flag;

pub fn search(cursor: &mut Cursor, uid: bool) -> Parsed<Search> {
    let mut returns = None;
    if cursor.skip_word("RETURN") {
        cursor.space()?;
        returns = Some(search_return(cursor)?);
        cursor.space()?;
    }
    let mut bad_charset = false;
    if cursor.skip_word("CHARSET") {
        cursor.space()?;
        bad_charset = !charset(cursor)?;
        cursor.space()?;
    }
    keys(cursor, uid, returns, bad_charset)
}

/// A charset; false for one that is not known here.
pub(super) fn charset(cursor: &mut Cursor) -> Parsed<bool> {
    let charset = cursor.astring()?;
    Ok(charset.eq_ignore_ascii_case(b"UTF-8") || charset.eq_ignore_ascii_case(b"US-ASCII"))
}

/// The keys up to the end of the command.
pub(super) fn keys(
    cursor: &mut Cursor,
    uid: bool,
    returns: Option<SearchReturn>,
    bad_charset: bool,
) -> Parsed<Search> {
    let mut keys = Keys {
        left: limits::SEARCH_KEYS_MAX,
        by_modseq: false,
        bad_charset,
    };
    let mut all = vec![keys.key(cursor, 0)?];
    while cursor.skip(b' ') {
        all.push(keys.key(cursor, 0)?);
    }
    Ok(Search {
        uid,
        returns,
        key: one_or_and(all),
        bad_charset,
        by_modseq: keys.by_modseq,
    })
}

pub(super) fn search_return(cursor: &mut Cursor) -> Parsed<SearchReturn> {
    let mut returns = SearchReturn::default();
    cursor.list_or_empty(|cursor| {
        match cursor.word()?.as_str() {
            "MIN" => returns.min = true,
            "MAX" => returns.max = true,
            "COUNT" => returns.count = true,
            "ALL" => returns.all = true,
            "SAVE" => returns.save = true,
            _ => return Err(Fault("unknown return option")),
        }
        Ok(())
    })?;
    // "()" asks for ALL (RFC 9051 §6.4.4); SAVE alone asks for nothing to be told (RFC 5182 §2.1).
    if returns == SearchReturn::default() {
        returns.all = true;
    }
    Ok(returns)
}

fn one_or_and(mut keys: Vec<Key>) -> Key {
    match (keys.len(), keys.pop()) {
        (1, Some(key)) => key,
        (_, Some(last)) => {
            keys.push(last);
            Key::And(keys)
        }
        (_, None) => Key::All,
    }
}

/// What is counted while keys are read.
struct Keys {
    left: usize,
    by_modseq: bool,
    bad_charset: bool,
}

impl Keys {
    fn key(&mut self, cursor: &mut Cursor, depth: usize) -> Parsed<Key> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or(Fault("too many search keys"))?;
        if depth > limits::SEARCH_DEPTH_MAX {
            return Err(Fault("search nested too deep"));
        }
        match cursor.peek() {
            Some(b'(') => {
                let mut keys = Vec::new();
                cursor.list(|cursor| {
                    keys.push(self.key(cursor, depth + 1)?);
                    Ok(())
                })?;
                return Ok(one_or_and(keys));
            }
            Some(b'0'..=b'9' | b'*' | b'$') => return Ok(Key::Numbers(cursor.sequence_set()?)),
            _ => {}
        }
        let word = cursor.word()?;
        if let Some(key) = simple(&word) {
            return Ok(key);
        }
        cursor.space()?;
        self.with_argument(&word, cursor, depth)
    }

    fn with_argument(&mut self, word: &str, cursor: &mut Cursor, depth: usize) -> Parsed<Key> {
        Ok(match word {
            "NOT" => Key::Not(Box::new(self.key(cursor, depth + 1)?)),
            "OR" => {
                let first = self.key(cursor, depth + 1)?;
                cursor.space()?;
                let second = self.key(cursor, depth + 1)?;
                Key::Or(Box::new(first), Box::new(second))
            }
            "KEYWORD" | "UNKEYWORD" => {
                let keyword = String::from_utf8_lossy(cursor.atom()?).into_owned();
                Key::Keyword(keyword, word == "KEYWORD")
            }
            "BEFORE" => Key::Received(When::Before, day(cursor)?),
            "ON" => Key::Received(When::On, day(cursor)?),
            "SINCE" => Key::Received(When::Since, day(cursor)?),
            "SENTBEFORE" => Key::Sent(When::Before, day(cursor)?),
            "SENTON" => Key::Sent(When::On, day(cursor)?),
            "SENTSINCE" => Key::Sent(When::Since, day(cursor)?),
            "SAVEDBEFORE" => Key::Saved(When::Before, day(cursor)?),
            "SAVEDON" => Key::Saved(When::On, day(cursor)?),
            "SAVEDSINCE" => Key::Saved(When::Since, day(cursor)?),
            "LARGER" => Key::Larger(cursor.number()?),
            "SMALLER" => Key::Smaller(cursor.number()?),
            "OLDER" => Key::Older(cursor.number()?),
            "YOUNGER" => Key::Younger(cursor.number()?),
            "UID" => Key::Uids(cursor.sequence_set()?),
            "MODSEQ" => self.modseq(cursor)?,
            "HEADER" => {
                let name = self.text(cursor)?;
                cursor.space()?;
                Key::Header(name, self.text(cursor)?)
            }
            "TEXT" => Key::Text(Where::Text, self.text(cursor)?),
            "BODY" => Key::Text(Where::Body, self.text(cursor)?),
            "SUBJECT" => Key::Text(Where::Subject, self.text(cursor)?),
            "FROM" => Key::Text(Where::From, self.text(cursor)?),
            "TO" => Key::Text(Where::To, self.text(cursor)?),
            "CC" => Key::Text(Where::Cc, self.text(cursor)?),
            "BCC" => Key::Text(Where::Bcc, self.text(cursor)?),
            "EMAILID" => Key::EmailId(self.text(cursor)?),
            "THREADID" => Key::ThreadId(self.text(cursor)?),
            _ => return Err(Fault("unknown search key")),
        })
    }

    /// Text in the named charset; in one we do not know it is not looked at, the answer is BADCHARSET.
    fn text(&self, cursor: &mut Cursor) -> Parsed<String> {
        let text = cursor.astring()?;
        match self.bad_charset {
            true => Ok(String::new()),
            false => String::from_utf8(text).map_err(|_| Fault("not UTF-8")),
        }
    }

    /// MODSEQ, perhaps with the name of an entry, which changes nothing here (RFC 7162 §3.1.5).
    fn modseq(&mut self, cursor: &mut Cursor) -> Parsed<Key> {
        self.by_modseq = true;
        if cursor.peek() == Some(b'"') {
            cursor.string()?;
            cursor.space()?;
            cursor.word()?;
            cursor.space()?;
        }
        Ok(Key::ModSeq(cursor.number()?))
    }
}

/// Keys without argument.
fn simple(word: &str) -> Option<Key> {
    Some(match word {
        "ALL" => Key::All,
        "ANSWERED" => Key::Flag(flag::ANSWERED, true),
        "DELETED" => Key::Flag(flag::DELETED, true),
        "DRAFT" => Key::Flag(flag::DRAFT, true),
        "FLAGGED" => Key::Flag(flag::FLAGGED, true),
        "SEEN" => Key::Flag(flag::SEEN, true),
        "UNANSWERED" => Key::Flag(flag::ANSWERED, false),
        "UNDELETED" => Key::Flag(flag::DELETED, false),
        "UNDRAFT" => Key::Flag(flag::DRAFT, false),
        "UNFLAGGED" => Key::Flag(flag::FLAGGED, false),
        "UNSEEN" => Key::Flag(flag::SEEN, false),
        // \Recent is gone (RFC 9051 App. E): nothing is recent here, everything is old.
        "RECENT" | "NEW" => Key::Never,
        "OLD" | "SAVEDATESUPPORTED" => Key::All,
        _ => return None,
    })
}

fn day(cursor: &mut Cursor) -> Parsed<date::Day> {
    let text = match cursor.peek() {
        Some(b'"') => cursor.string()?,
        _ => cursor.atom()?.to_vec(),
    };
    date::parse_day(&text).ok_or(Fault("bad date"))
}
